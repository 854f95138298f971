//! An upstream that holds each answer until it is told what to say, and sees who hangs up meanwhile.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::stub::Answer;
use crate::support::stub::Asked;

/// Longer than anything here should take, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A request that waits for its answer.
pub(crate) struct Held {
    pub(crate) asked: Asked,
    reply: oneshot::Sender<Answer>,
}

impl Held {
    /// Lets the answer go; whoever has hung up does not hear it.
    pub(crate) fn answer(self, answer: Answer) {
        let _hung_up = self.reply.send(answer);
    }

    /// Ends when the other side has closed its connection, which must be soon.
    pub(crate) async fn hung_up(&mut self) {
        let closed = timeout(PATIENCE, self.reply.closed()).await;
        closed.unwrap_or_else(|_| panic!("still waiting: {:?}", self.asked));
    }

    /// Whether the other side still waits.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }
}

/// Settings of a gateway before it: nothing ends by the clock.
pub(crate) const UNTIMED: [(&str, &str); 2] = [
    ("PEERASSIST_UPSTREAM__ATTEMPT_TIMEOUT", "60s"),
    ("PEERASSIST_UPSTREAM__OPERATION_TIMEOUT", "60s"),
];

/// The upstream; it ends with the test's runtime.
pub(crate) struct HeldUpstream {
    pub(crate) base: String,
    held: mpsc::UnboundedReceiver<Held>,
}

impl HeldUpstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (requests, held) = mpsc::unbounded_channel();
        let router = Router::new().fallback(move |request: Request| {
            let requests = requests.clone();
            async move {
                let asked = Asked::read(request).await;
                let (reply, answer) = oneshot::channel();
                requests.send(Held { asked, reply }).unwrap();
                answer.await.unwrap().into_response()
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        HeldUpstream { base, held }
    }

    /// The next request; there must be one soon.
    pub(crate) async fn next(&mut self) -> Held {
        let next = timeout(PATIENCE, self.held.recv()).await;
        next.expect("nobody asks").unwrap()
    }

    /// Whether nobody has asked beyond those who were received.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.held.is_empty()
    }
}
