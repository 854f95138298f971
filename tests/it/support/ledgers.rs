//! What the ledgers of all users of a stack say that they cost upstream, to be compared with what the sandbox counts.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::HeaderMap;
use http::HeaderValue;
use http_body_util::BodyExt;
use peerassist_gateway::grpc::v1;
use prost::Message;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;

/// The sum of what was heard.
#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    actual: AtomicU64,
}

impl Ledgers {
    /// Adds the calls of one request, which may not be more than was known before the first one.
    pub(crate) fn add(&self, bound: u64, actual: u64) {
        assert!(
            actual <= bound,
            "{actual} calls, and at most {bound} were expected"
        );
        self.actual.fetch_add(actual, Ordering::SeqCst);
    }

    /// All calls until now.
    pub(crate) fn actual(&self) -> u64 {
        self.actual.load(Ordering::SeqCst)
    }
}

/// A channel that asks for a ledger with each call, and adds up what it says.
#[derive(Clone)]
pub(crate) struct Explained {
    channel: Channel,
    ledgers: Option<Arc<Ledgers>>,
}

impl Explained {
    pub(crate) fn new(channel: Channel, ledgers: Option<Arc<Ledgers>>) -> Self {
        Explained { channel, ledgers }
    }
}

type Answer = Result<http::Response<Body>, tonic::transport::Error>;

impl Service<http::Request<Body>> for Explained {
    type Response = http::Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let ledgers = self.ledgers.clone();
        if ledgers.is_some() {
            let headers = request.headers_mut();
            headers
                .entry("x-explain")
                .or_insert(HeaderValue::from_static("1"));
        }
        let answer = self.channel.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            let Some(ledgers) = ledgers else {
                return Ok(answer);
            };
            hear(&ledgers, answer.headers());
            Ok(answer.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    if let Some(trailers) = frame.trailers_ref() {
                        hear(&ledgers, trailers);
                    }
                    frame
                }))
            }))
        })
    }
}

fn hear(ledgers: &Ledgers, headers: &HeaderMap) {
    if let Some(explanation) = explanation(headers) {
        let [bound, actual] = [explanation.bound, explanation.actual];
        ledgers.add(
            u64::try_from(bound).unwrap(),
            u64::try_from(actual).unwrap(),
        );
    }
}

/// What `explain-bin` says.
pub(crate) fn explanation(headers: &HeaderMap) -> Option<v1::Explanation> {
    let bytes = STANDARD_NO_PAD.decode(headers.get("explain-bin")?).unwrap();
    Some(v1::Explanation::decode(&*bytes).unwrap())
}
