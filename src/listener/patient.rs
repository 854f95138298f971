//! A socket whose client is waited for, but not for ever. Knows bytes, no messages.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::time::Instant;
use tokio::time::Sleep;
use tokio::time::sleep;
use tokio::time::sleep_until;

/// What an HTTP/2 client begins with; whoever begins otherwise speaks HTTP/1.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// So much at least must a client take within one `write_timeout` while more is there for it: 270 bytes in a second by
/// default. Somebody who takes a byte now and then takes nothing, as far as this goes.
const TAKEN_MIN: usize = 8 * 1024;

/// A stream that fails with `TimedOut` when its client stalls.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    opening: Option<Opening>,
    write_timeout: Duration,
    blocked: Option<Blocked>,
    stalled: Counter,
}

/// The time until it is clear which protocol the client speaks. HTTP/1 has a timer of its own from there on.
#[derive(Debug)]
struct Opening {
    seen: usize,
    until: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

/// The time since the client takes less than there is for it.
#[derive(Debug)]
struct Blocked {
    taken: usize,
    timer: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Waits until then for the client to say what it speaks, and `write_timeout` for it to take what it asked for.
    /// Counts those who do not.
    pub(super) fn new(
        stream: S,
        opened_until: Instant,
        write_timeout: Duration,
        stalled: Counter,
    ) -> Self {
        let opening = Opening {
            seen: 0,
            until: opened_until,
            timer: None,
        };
        Patient {
            stream,
            opening: Some(opening),
            write_timeout,
            blocked: None,
            stalled,
        }
    }

    /// Looks at what the client began with.
    fn heard(&mut self, bytes: &[u8]) {
        let Some(opening) = &mut self.opening else {
            return;
        };
        let missing = &HTTP2_PREFACE[opening.seen..];
        if bytes.is_empty() || bytes.len() >= missing.len() || !missing.starts_with(bytes) {
            self.opening = None;
        } else {
            opening.seen += bytes.len();
        }
    }

    /// What becomes of an attempt to give the client more, of which it took so much.
    fn taken(&mut self, bytes: usize, all: bool) {
        match &mut self.blocked {
            _ if all => self.blocked = None,
            Some(blocked) => blocked.taken += bytes,
            None => {}
        }
    }

    /// Waits for a client that takes nothing now; fails when it has taken too little for too long.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let write_timeout = self.write_timeout;
        let blocked = self.blocked.get_or_insert_with(|| Blocked {
            taken: 0,
            timer: Box::pin(sleep(write_timeout)),
        });
        loop {
            ready!(blocked.timer.as_mut().poll(context));
            if blocked.taken < TAKEN_MIN {
                self.stalled.inc();
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            blocked.taken = 0;
            let end = Instant::now() + write_timeout;
            blocked.timer.as_mut().reset(end);
        }
    }

    /// The outcome of an attempt to write so many bytes, or the end of patience.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        length: usize,
        attempt: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match attempt {
            Poll::Ready(Ok(bytes)) => {
                self.taken(bytes, bytes == length);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.wait(context).map(Err),
        }
    }

    /// The same for an attempt that is done or not.
    fn settled(
        &mut self,
        context: &mut Context<'_>,
        attempt: Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        self.wrote(context, 0, attempt.map_ok(|()| 0))
            .map_ok(|_| ())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.opening.is_none() {
            return read;
        }
        if read.is_ready() {
            self.heard(&buffer.filled()[before..]);
        } else if let Some(opening) = &mut self.opening {
            let timer = || Box::pin(sleep_until(opening.until));
            let timer = opening.timer.get_or_insert_with(timer);
            ready!(timer.as_mut().poll(context));
            self.stalled.inc();
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, bytes.len(), attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, length, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.stream).poll_flush(context);
        self.settled(context, attempt)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.stream).poll_shutdown(context);
        self.settled(context, attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::HTTP2_PREFACE;
    use super::Patient;
    use super::TAKEN_MIN;
    use prometheus_client::metrics::counter::Counter;
    use std::io::ErrorKind;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::io::DuplexStream;
    use tokio::io::duplex;
    use tokio::time::Instant;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    /// A client, and our side of the connection: 10 s to begin, 30 s to take.
    fn connected(buffer: usize) -> (DuplexStream, Patient<DuplexStream>, Counter) {
        let (client, ours) = duplex(buffer);
        let stalled = Counter::default();
        let until = Instant::now() + 10 * SECOND;
        let patient = Patient::new(ours, until, 30 * SECOND, stalled.clone());
        (client, patient, stalled)
    }

    async fn read_some(patient: &mut Patient<DuplexStream>) -> std::io::Result<usize> {
        patient.read(&mut [0; 64]).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_says_what_it_speaks_is_not_waited_for() {
        let (mut client, mut patient, stalled) = connected(64);
        let begun = Instant::now();
        let drip = async {
            for byte in HTTP2_PREFACE {
                client.write_all(&[*byte]).await.expect("an open pipe");
                sleep(2 * SECOND).await;
            }
        };
        let read = async { while read_some(&mut patient).await.is_ok() {} };
        tokio::select! {
            () = drip => panic!("it was waited for"),
            () = read => {}
        }
        assert_eq!(begun.elapsed().as_secs(), 10);
        assert_eq!(stalled.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn once_it_is_clear_what_a_client_speaks_it_may_be_silent() {
        for beginning in [
            HTTP2_PREFACE,
            b"GET / HTTP/1.1\r\n",
            b"PRO",
            b"PRI * HTTP/2.1",
        ] {
            let (mut client, mut patient, stalled) = connected(64);
            client.write_all(beginning).await.expect("an open pipe");
            let length = read_some(&mut patient).await.expect("what was sent");
            assert_eq!(length, beginning.len());
            let silence = tokio::time::timeout(3600 * SECOND, read_some(&mut patient));
            assert!(silence.await.is_err(), "{beginning:?}");
            assert_eq!(stalled.get(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_after_the_write_timeout() {
        let (_client, mut patient, stalled) = connected(1024);
        let begun = Instant::now();
        let error = patient.write_all(&[0; 4096]).await.expect_err("no reader");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!((begun.elapsed().as_secs(), stalled.get()), (30, 1));
    }

    /// Writes without end to a client that takes so many bytes in each second; how long that goes well, up to an hour.
    async fn tolerated(bytes_per_second: usize) -> Duration {
        let (mut client, mut patient, _) = connected(1024);
        let begun = Instant::now();
        let take = async {
            let mut bytes = vec![0; bytes_per_second];
            loop {
                sleep(SECOND).await;
                client.read_exact(&mut bytes).await.expect("more to read");
            }
        };
        let give = async { while patient.write_all(&[0; 64 * 1024]).await.is_ok() {} };
        tokio::select! {
            () = give => {}
            () = take => {}
            () = sleep(3600 * SECOND) => {}
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_byte_now_and_then_takes_nothing_and_who_is_slow_is_served() {
        assert_eq!(tolerated(1).await.as_secs(), 30);
        assert_eq!(tolerated(TAKEN_MIN / 30 - 20).await.as_secs(), 30);
        assert_eq!(tolerated(TAKEN_MIN / 30 + 20).await.as_secs(), 3600);
    }
}
