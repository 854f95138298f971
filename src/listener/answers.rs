//! The answers that one connection still owes, and which of them its client does not take.
//!
//! A socket that takes no more tells of itself (`patient`). An HTTP/2 client can hold up a single answer while the
//! socket is idle, by never widening the window of its stream; that is seen here alone.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Frame;
use hyper::body::SizeHint;
use tokio::time::Instant;
use tokio::time::sleep_until;

/// An answer leaves in pieces of so many bytes: what HTTP/2 lets its clients take at a time unless they say otherwise.
const PIECE: usize = 16 * 1024;

/// All answers of one connection.
#[derive(Debug)]
pub(super) struct Answers(Mutex<Book>);

#[derive(Debug)]
struct Book {
    next: u64,
    /// Each answer that is owed, and since when a piece of it waits for its client.
    owed: HashMap<u64, Option<Instant>>,
    /// When the last answer ended.
    quiet_since: Instant,
}

/// Why a connection is no longer worth its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has asked nothing for too long.
    Idle,
    /// It has not taken what it asked for.
    Stalled,
}

impl Answers {
    /// None yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Answers(Mutex::new(Book {
            next: 0,
            owed: HashMap::new(),
            quiet_since: Instant::now(),
        })))
    }

    /// A request has come, and its answer is owed until this is dropped.
    pub(super) fn owe(self: &Arc<Self>) -> Owed {
        let mut book = self.lock();
        let number = book.next;
        book.next += 1;
        book.owed.insert(number, None);
        Owed {
            answers: Arc::clone(self),
            number,
        }
    }

    /// Ends when the connection is no longer worth its place.
    pub(super) async fn watch(&self, write_timeout: Duration, idle_timeout: Duration) -> Verdict {
        loop {
            let now = Instant::now();
            // What begins now, unseen from here, cannot be over before that.
            let unseen = now + write_timeout.min(idle_timeout);
            let next_look = match self.end(write_timeout, idle_timeout) {
                Some((verdict, end)) if end <= now => return verdict,
                Some((_, end)) => end.min(unseen),
                None => unseen,
            };
            sleep_until(next_look).await;
        }
    }

    /// What is to be said of the connection if nothing happens until then; nothing while answers are being made.
    fn end(&self, write_timeout: Duration, idle_timeout: Duration) -> Option<(Verdict, Instant)> {
        let book = self.lock();
        if book.owed.is_empty() {
            return Some((Verdict::Idle, book.quiet_since + idle_timeout));
        }
        let oldest = book.owed.values().flatten().min();
        oldest.map(|since| (Verdict::Stalled, *since + write_timeout))
    }

    /// A panic elsewhere does not make the book wrong: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answer that is owed.
#[derive(Debug)]
pub(super) struct Owed {
    answers: Arc<Answers>,
    number: u64,
}

impl Owed {
    fn waits_since(&self, since: Option<Instant>) {
        self.answers.lock().owed.insert(self.number, since);
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let mut book = self.answers.lock();
        book.owed.remove(&self.number);
        book.quiet_since = Instant::now();
    }
}

/// The body of an answer, which notes when its client takes a piece of it.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    rest: Bytes,
    owed: Owed,
}

impl Answer {
    /// The body of the answer that is owed.
    pub(super) fn new(body: Body, owed: Owed) -> Self {
        Answer {
            body,
            rest: Bytes::new(),
            owed,
        }
    }

    /// The next piece of what the body has already given.
    fn piece(&mut self) -> Frame<Bytes> {
        let length = self.rest.len().min(PIECE);
        Frame::data(self.rest.split_to(length))
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Whoever asks has room: from here on it is the answer that is waited for.
        self.owed.waits_since(None);
        let frame = if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            }
        } else {
            self.piece()
        };
        let frame = match frame.into_data() {
            Ok(data) if data.len() > PIECE => {
                self.rest = data;
                self.piece()
            }
            Ok(data) => Frame::data(data),
            Err(trailers) => trailers,
        };
        self.owed.waits_since(Some(Instant::now()));
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, of_body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use super::Answers;
    use super::PIECE;
    use super::Verdict;
    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use http_body_util::BodyExt;
    use hyper::body::Body as _;
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::Instant;
    use tokio::time::advance;

    const WRITE: Duration = Duration::from_secs(30);
    const IDLE: Duration = Duration::from_secs(300);

    /// What is said of the connection, and after how many seconds.
    async fn verdict(answers: &Answers) -> (Verdict, u64) {
        let begun = Instant::now();
        let verdict = answers.watch(WRITE, IDLE).await;
        (verdict, begun.elapsed().as_secs())
    }

    fn answer(answers: &Arc<Answers>, length: usize) -> Answer {
        Answer::new(Body::from(vec![7; length]), answers.owe())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle_after_a_while() {
        let answers = Answers::new();
        assert_eq!(verdict(&answers).await, (Verdict::Idle, 300));
        let owed = answers.owe();
        advance(Duration::from_secs(1000)).await;
        drop(owed);
        assert_eq!(verdict(&answers).await, (Verdict::Idle, 300));
    }

    #[tokio::test(start_paused = true)]
    async fn what_begins_while_nobody_looks_is_seen_in_time() {
        let answers = Answers::new();
        let stall = async {
            tokio::time::sleep(Duration::from_secs(100)).await;
            let mut stuck = answer(&answers, 3 * PIECE);
            stuck.frame().await.expect("a piece").expect("no failure");
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stall => unreachable!("it has no end"),
            said = verdict(&answers) => assert_eq!(said, (Verdict::Stalled, 130)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_be_long_in_the_making() {
        let answers = Answers::new();
        let beats = futures_util::stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_secs(100)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"beat"))
        });
        let mut answer = Answer::new(Body::from_stream(beats), answers.owe());
        let take = async { while answer.frame().await.is_some() {} };
        tokio::select! {
            () = take => panic!("the stream has no end"),
            said = answers.watch(WRITE, IDLE) => panic!("{said:?}"),
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_that_nobody_takes_is_a_stall_whatever_other_answers_do() {
        let answers = Answers::new();
        let mut stuck = answer(&answers, 3 * PIECE);
        stuck.frame().await.expect("a piece").expect("no failure");
        let others = async {
            loop {
                answer(&answers, 10).collect().await.expect("no failure");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = others => unreachable!("it has no end"),
            said = verdict(&answers) => assert_eq!(said, (Verdict::Stalled, 30)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_whose_pieces_are_taken_is_no_stall() {
        let answers = Answers::new();
        let mut slow = answer(&answers, 100 * PIECE);
        let take = async {
            while slow.frame().await.is_some() {
                tokio::time::sleep(Duration::from_secs(29)).await;
            }
        };
        tokio::select! {
            () = take => {}
            said = answers.watch(WRITE, IDLE) => panic!("{said:?}"),
        }
    }

    #[tokio::test]
    async fn a_body_is_the_same_in_pieces_and_says_how_long_it_is() {
        let answers = Answers::new();
        for length in [0, 1, PIECE, PIECE + 1, 3 * PIECE + 5] {
            let mut answer = answer(&answers, length);
            let mut given = 0;
            while let Some(frame) = answer.frame().await {
                let data = frame.expect("no failure").into_data().expect("data");
                assert!(data.len() <= PIECE);
                given += data.len();
                let left = (length - given) as u64;
                assert_eq!(answer.size_hint().exact(), Some(left));
                assert_eq!(answer.is_end_stream(), left == 0);
            }
            assert_eq!(given, length);
        }
    }
}
