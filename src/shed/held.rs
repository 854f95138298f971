//! One place from when it is taken until the answer begins. It is free meanwhile while the client keeps its body back:
//! clients that are slow on purpose would otherwise hold all places, doing nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::Ordering::Acquire;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Frame;
use hyper::body::SizeHint;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::shed::places::Places;

/// It has its place.
const IN: u8 = 0;
/// The client is waited for; somebody else may have the place.
const OUT: u8 = 1;
/// There was none left when the client went on.
const LOST: u8 = 2;
/// It needs none any more.
const DONE: u8 = 3;

/// The place of one request, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Held(Handle);

/// The same place as the body of the request sees it.
#[derive(Clone, Debug)]
pub(super) struct Handle(Arc<State>);

#[derive(Debug)]
struct State {
    places: Arc<Places>,
    now: AtomicU8,
}

impl Held {
    /// Takes a place, where there is one.
    pub(super) fn take(places: &Arc<Places>) -> Option<Self> {
        places.take().then(|| {
            Held(Handle(Arc::new(State {
                places: Arc::clone(places),
                now: AtomicU8::new(IN),
            })))
        })
    }

    /// The handle for the body.
    pub(super) fn handle(&self) -> Handle {
        self.0.clone()
    }

    /// Whether the place was lost while the client was waited for. The body has failed then, and nothing was done.
    pub(super) fn lost(&self) -> bool {
        self.0.0.now.load(Acquire) == LOST
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let State { places, now } = &*self.0.0;
        if now.swap(DONE, AcqRel) == IN {
            places.give_back();
        }
    }
}

impl Handle {
    /// The client is to be waited for.
    fn step_out(&self) {
        let State { places, now } = &*self.0;
        if now.compare_exchange(IN, OUT, AcqRel, Acquire).is_ok() {
            places.give_back();
        }
    }

    /// The client has gone on; false where nothing is to be done for it any more.
    fn step_in(&self) -> bool {
        let State { places, now } = &*self.0;
        if now.load(Acquire) != OUT {
            return now.load(Acquire) != LOST;
        }
        let taken = places.take();
        let next = if taken { IN } else { LOST };
        let went = now.compare_exchange(OUT, next, AcqRel, Acquire).is_ok();
        if taken && !went {
            places.give_back();
        }
        taken || !went
    }
}

/// A body on its way.
#[derive(Debug)]
pub(super) struct Arriving {
    body: Body,
    place: Handle,
}

impl Arriving {
    /// The body of the request that has the place.
    pub(super) fn new(body: Body, place: Handle) -> Self {
        Arriving { body, place }
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() {
            self.place.step_out();
        } else if !self.place.step_in() {
            let error = Error::new(ErrorKind::Overloaded, "the place is taken");
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::Arriving;
    use super::Held;
    use crate::shed::places::Places;
    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use http_body_util::BodyExt;
    use std::convert::Infallible;
    use std::sync::Arc;
    use tokio::sync::oneshot;

    /// A body that begins, and goes on when it is told to.
    fn slow(held: &Held) -> (oneshot::Sender<Bytes>, Arriving) {
        let (go_on, rest) = oneshot::channel();
        let beginning = futures_util::stream::iter([Bytes::from_static(b"begun")]);
        let rest = futures_util::stream::once(async { rest.await.unwrap_or_default() });
        let frames = beginning.chain(rest).map(Ok::<_, Infallible>);
        let body = Body::from_stream(frames);
        (go_on, Arriving::new(body, held.handle()))
    }

    #[tokio::test]
    async fn who_keeps_a_body_back_has_no_place_until_it_goes_on() {
        let places = Arc::new(Places::new(1));
        let held = Held::take(&places).expect("a place");
        let (go_on, mut body) = slow(&held);
        body.frame().await.expect("the beginning").expect("good");
        assert!(!places.take());
        assert!(futures_util::poll!(body.frame()).is_pending());
        assert!(places.take(), "the place is free");
        places.give_back();
        go_on.send(Bytes::from_static(b"rest")).expect("a listener");
        body.frame().await.expect("the rest").expect("good");
        assert!(!places.take(), "and taken again");
        assert!(!held.lost());
        drop(held);
        assert!(places.take());
    }

    #[tokio::test]
    async fn who_comes_back_too_late_has_lost_it() {
        let places = Arc::new(Places::new(1));
        let held = Held::take(&places).expect("a place");
        let (go_on, mut body) = slow(&held);
        body.frame().await.expect("the beginning").expect("good");
        assert!(futures_util::poll!(body.frame()).is_pending());
        let other = Held::take(&places).expect("the place");
        go_on.send(Bytes::from_static(b"rest")).expect("a listener");
        assert!(body.frame().await.expect("an end").is_err());
        assert!(held.lost());
        drop(held);
        assert!(!places.take(), "it was not given back twice");
        drop(other);
        assert!(places.take());
    }

    #[tokio::test]
    async fn a_request_that_is_answered_before_its_body_has_come_needs_no_place() {
        let places = Arc::new(Places::new(1));
        let held = Held::take(&places).expect("a place");
        let (go_on, mut body) = slow(&held);
        drop(held);
        go_on.send(Bytes::new()).expect("a listener");
        while body.frame().await.is_some() {}
        assert!(places.take(), "taken by nobody");
        assert!(!places.take(), "and there once");
    }
}
