//! When the process must end or look again: signals, and a closed stdin where a test holds the other end.

use std::io;
use std::thread;

use tokio::sync::oneshot;
use tokio::sync::watch;
use tracing::info;

/// SIGTERM and SIGINT, counted from the moment this exists.
#[derive(Clone)]
pub(crate) struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Starts to count; from here on a signal no longer kills.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut next = signals()?;
        let (count, seen) = watch::channel(0);
        tokio::spawn(async move {
            while next.recv().await.is_some() {
                count.send_modify(|count| *count += 1);
            }
        });
        Ok(Signals(seen))
    }

    /// Ends with the first signal: stop in good order.
    pub(crate) async fn first(mut self) {
        self.at_least(1).await;
        info!("a signal came; a second one ends the process at once");
    }

    /// Ends with the second signal: stop now.
    pub(crate) async fn second(mut self) {
        self.at_least(2).await;
    }

    async fn at_least(&mut self, wanted: u32) {
        // It fails when nobody counts any more, which is the end of the runtime.
        let _end = self.0.wait_for(|count| *count >= wanted).await;
    }
}

#[cfg(unix)]
fn signals() -> io::Result<tokio::sync::mpsc::Receiver<()>> {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

#[cfg(not(unix))]
fn signals() -> io::Result<tokio::sync::mpsc::Receiver<()>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {}
    });
    Ok(receiver)
}

/// SIGHUP, which no longer ends the process once this exists.
pub(crate) struct Hangups(#[cfg(unix)] tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    /// Starts to listen.
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::SignalKind;
        use tokio::signal::unix::signal;
        signal(SignalKind::hangup()).map(Hangups)
    }

    /// Waits for the next one; false when there can be none any more.
    pub(crate) async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

#[cfg(not(unix))]
impl Hangups {
    /// There is no such signal here.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Hangups())
    }

    /// There can be none.
    pub(crate) async fn next(&mut self) -> bool {
        false
    }
}

/// Ends when stdin does.
pub(crate) async fn stdin_closed() {
    let (closed, wait) = oneshot::channel();
    // A thread of its own: a read of stdin cannot be cancelled, and the runtime would wait for it.
    thread::spawn(move || {
        let _bytes = io::copy(&mut io::stdin(), &mut io::sink());
        let _nobody_waits = closed.send(());
    });
    let _closed = wait.await;
}
