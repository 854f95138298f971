//! Shedding load: what is beyond the number of places is refused at once, so that what is within is done in time.
//!
//! A layer around everything else, because a refusal is worth as much as it is cheap. Never refuses what tells
//! operators and clients how the process is, and never what has begun.

mod held;
mod places;
mod refusals;
mod turns;

use std::convert::Infallible;
use std::future::poll_fn;
use std::future::ready;
use std::pin::Pin;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::response::Response;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use tower::Service;
use tracing::debug;

use crate::fallback::Dialect;
use crate::shed::held::Arriving;
use crate::shed::held::Held;
use crate::shed::places::Places;
use crate::shed::refusals::Refusals;
use crate::shed::turns::Turn;
use crate::shed::turns::Turns;
use crate::shed::turns::Waiting;

/// The services of gRPC that are never refused.
const VITAL: [&str; 2] = ["/grpc.health.", "/grpc.reflection."];

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// A service that refuses what is too much for it. Its clones share the places.
#[derive(Clone, Debug)]
pub struct Shed<S> {
    inner: S,
    places: Arc<Places>,
    turns: Arc<Turns>,
    refusals: Arc<Refusals>,
    refused: Counter,
}

impl<S> Shed<S> {
    /// At most `max` requests under way at once in `inner`, and no more than its threads can begin with in time.
    pub fn new(inner: S, max: usize, registry: &mut Registry) -> Self {
        let threads = Handle::try_current().map_or(1, |handle| handle.metrics().num_workers());
        let shed = Shed {
            inner,
            places: Arc::new(Places::new(max)),
            turns: Arc::new(Turns::new(threads)),
            refusals: Arc::default(),
            refused: Counter::default(),
        };
        shed.places.register(registry);
        shed.turns.register(registry);
        registry.register(
            "http_server_shed_requests",
            "requests refused because there were too many",
            shed.refused.clone(),
        );
        shed
    }

    /// A place and a turn for one more request; nothing where either is not to be had.
    fn admit(&self) -> Option<(Held, Waiting)> {
        Some((Held::take(&self.places)?, self.turns.queue()?))
    }
}

impl<S> Service<Request> for Shed<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answering {
        let path = request.uri().path();
        if VITAL.iter().any(|vital| path.starts_with(vital)) {
            return Box::pin(self.inner.call(request));
        }
        let dialect = Dialect::of(&request);
        let Some((held, waiting)) = self.admit() else {
            self.refused.inc();
            debug!("refused: too many requests are under way");
            return Box::pin(ready(Ok(self.refusals.of(&dialect))));
        };
        let request = match request.body().is_end_stream() {
            true => request,
            false => request.map(|body| Body::new(Arriving::new(body, held.handle()))),
        };
        let answering = self.inner.call(request);
        let (refusals, refused) = (Arc::clone(&self.refusals), self.refused.clone());
        let under_way = self.places.taken();
        Box::pin(async move {
            let turn = waiting.turn(under_way).await;
            let answer = beginning(turn, answering).await;
            if held.lost() {
                refused.inc();
                return Ok(refusals.of(&dialect));
            }
            answer
        })
    }
}

/// Runs `answering`; the turn is over as soon as that has to wait for something.
async fn beginning<F: Future>(turn: Turn, answering: F) -> F::Output {
    let mut answering = pin!(answering);
    let mut turn = Some(turn);
    poll_fn(|context| {
        let answer = answering.as_mut().poll(context);
        turn = None;
        answer
    })
    .await
}
