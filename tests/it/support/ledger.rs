//! An upstream that keeps books: every write that it does is counted, whatever becomes of the answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;

use crate::support::fault::FaultyUpstream;
use crate::support::fault::Received;
use crate::support::fault::Reply;
use crate::support::fault::json;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// It is done and answered.
    Good,
    /// The connection is reset before anything is done.
    ResetBefore,
    /// It is done, and the connection is reset in the middle of the answer.
    ResetDuring,
    /// It is done and answered, and then the connection is reset.
    ResetAfter,
    /// It is done, and the answer ends too soon.
    CutShort,
    /// It is answered with this status, and done all the same or not.
    Fails { status: u16, done: bool },
    /// Nothing is ever answered, and it is done or not.
    Silence { done: bool },
}

impl Fate {
    /// Mostly good.
    pub(crate) fn random() -> Self {
        let done = fastrand::bool();
        match fastrand::u8(0..100) {
            0..5 => Fate::ResetBefore,
            5..10 => Fate::ResetDuring,
            10..15 => Fate::ResetAfter,
            15..18 => Fate::CutShort,
            18..26 => Fate::Fails {
                status: *fastrand::choice(&[500, 502, 503, 504]).unwrap(),
                done,
            },
            26..28 => Fate::Fails {
                status: 429,
                done: false,
            },
            28..31 => Fate::Silence { done },
            _ => Fate::Good,
        }
    }

    fn is_done(self) -> bool {
        match self {
            Fate::Good | Fate::ResetDuring | Fate::ResetAfter | Fate::CutShort => true,
            Fate::ResetBefore => false,
            Fate::Fails { done, .. } | Fate::Silence { done } => done,
        }
    }

    fn reply(self, status: u16, body: &str) -> Reply {
        let answer = json(status, "", body);
        let half = || answer[..answer.len() - body.len() / 2 - 1].to_vec();
        match self {
            Fate::Good => Reply::Whole(answer),
            Fate::ResetBefore => Reply::ThenReset(vec![]),
            Fate::ResetDuring => Reply::ThenReset(half()),
            Fate::ResetAfter => Reply::ThenReset(answer),
            Fate::CutShort => Reply::ThenClose(half()),
            Fate::Fails { status, .. } => Reply::Whole(json(status, "", "{}")),
            Fate::Silence { .. } => Reply::ThenSilence(vec![]),
        }
    }
}

/// The books.
#[derive(Default)]
pub(crate) struct Ledger {
    /// The customers that are there.
    pub(crate) customers: HashMap<i64, Value>,
    /// How often each write was done: a create by its `number`, an update by its `city`, a deletion by its path.
    pub(crate) done: HashMap<String, u32>,
    /// How often each fate befell a write.
    pub(crate) fates: HashMap<Fate, u32>,
    last_id: i64,
}

impl Ledger {
    /// How often the write with this mark was done.
    pub(crate) fn times(&self, mark: &str) -> u32 {
        self.done.get(mark).copied().unwrap_or(0)
    }

    /// Does the write, and gives its answer.
    fn write(&mut self, received: &Received) -> (u16, String) {
        let id = id(received);
        let given: Value = serde_json::from_str(&received.body).unwrap_or_default();
        let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
        let (mark, answer) = match received.method.as_str() {
            "POST" => {
                self.last_id += 1;
                (text("number"), Some(self.put(self.last_id, given.clone())))
            }
            "PUT" if self.customers.contains_key(&id) => {
                (text("city"), Some(self.put(id, given.clone())))
            }
            "DELETE" => {
                let was = self.customers.remove(&id).map(|_| String::new());
                (received.target.clone(), was)
            }
            _ => (String::new(), None),
        };
        match answer {
            None => (404, "{}".to_owned()),
            Some(body) => {
                *self.done.entry(mark).or_default() += 1;
                let status = if body.is_empty() { 204 } else { 200 };
                (status, body)
            }
        }
    }

    fn put(&mut self, id: i64, mut customer: Value) -> String {
        customer["id"] = id.into();
        let text = customer.to_string();
        self.customers.insert(id, customer);
        text
    }

    fn read(&self, received: &Received) -> (u16, String) {
        match self.customers.get(&id(received)) {
            Some(customer) => (200, customer.to_string()),
            None => (404, "{}".to_owned()),
        }
    }
}

fn id(received: &Received) -> i64 {
    let id = received.target.trim_start_matches("/customer/");
    id.parse().unwrap_or(0)
}

/// An upstream of customers whose every call meets a random fate.
pub(crate) async fn start() -> (FaultyUpstream, Arc<Mutex<Ledger>>) {
    let ledger: Arc<Mutex<Ledger>> = Arc::default();
    let books = ledger.clone();
    let upstream = FaultyUpstream::start(move |received| {
        let (mut books, fate) = (books.lock().unwrap(), Fate::random());
        if received.method == "GET" {
            let (status, body) = books.read(received);
            return fate.reply(status, &body);
        }
        *books.fates.entry(fate).or_default() += 1;
        let (status, body) = if fate.is_done() {
            books.write(received)
        } else {
            (200, String::new())
        };
        fate.reply(status, &body)
    })
    .await;
    (upstream, ledger)
}
