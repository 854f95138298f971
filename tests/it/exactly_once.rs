//! Thousands of writes over an upstream that fails in every way: each is done at most once, and what is said of it
//! is true.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::ledger;
use crate::support::ledger::Ledger;
use crate::support::stack::User;
use crate::support::stack::impatient_gateway;
use crate::support::writer::Outcome;
use crate::support::writer::Writer;
use crate::support::writer::global_id;

const WRITES: usize = 10_000;
const WRITERS: usize = 48;

/// What a writer was told of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// That it was done.
    Done,
    /// That it was not.
    Refused,
    /// That nobody knows.
    Unknown,
    /// Nothing: the writer hung up.
    HungUp,
}

/// One write, by what the upstream's books call it, and what its writer was told.
struct Entry {
    kind: &'static str,
    mark: String,
    told: Told,
}

/// Somebody who makes, changes and deletes customers of their own, each time at one of the doors.
struct Owner {
    doors: [Writer; 2],
    mine: Vec<i64>,
    entries: Vec<Entry>,
}

impl Owner {
    async fn write(&mut self, number: usize) {
        match fastrand::u8(0..10) {
            6..8 if !self.mine.is_empty() => self.update(number).await,
            8..10 if !self.mine.is_empty() => self.delete().await,
            _ => self.create(number).await,
        }
    }

    async fn create(&mut self, number: usize) {
        let mark = format!("C-{number}");
        let input = json!({
            "name": "Mill", "number": mark, "city": "", "contactName": "Ann", "contactEmail": "ann@mill.example",
            "contactPhone": "1", "clientMutationId": uuid::Uuid::now_v7().to_string(),
        });
        let door = self.door();
        let mut told = patiently(door.create_customer(input.clone())).await;
        // Whoever does not know may ask again by the same name, and nothing is done twice.
        if matches!(told, (Told::Unknown | Told::HungUp, _)) && fastrand::bool() {
            told = patiently(door.create_customer(input)).await;
        }
        let made = told
            .1
            .and_then(|customer| customer["databaseId"].as_str()?.parse().ok());
        self.mine.extend::<Option<i64>>(made);
        self.enter("create", mark, told.0);
    }

    async fn update(&mut self, number: usize) {
        let mark = format!("U-{number}");
        let id = global_id("Customer", *fastrand::choice(&self.mine).unwrap());
        let input = json!({ "id": id, "city": mark });
        let (told, _) = patiently(self.door().update_customer(input)).await;
        self.enter("update", mark, told);
    }

    async fn delete(&mut self) {
        let id = self.mine.swap_remove(fastrand::usize(0..self.mine.len()));
        let input = json!({ "id": global_id("Customer", id) });
        let (told, _) = patiently(self.door().delete_customer(input)).await;
        self.enter("delete", format!("/customer/{id}"), told);
    }

    fn door(&mut self) -> &mut Writer {
        &mut self.doors[fastrand::usize(0..2)]
    }

    fn enter(&mut self, kind: &'static str, mark: String, told: Told) {
        self.entries.push(Entry { kind, mark, told });
    }
}

/// What the writer hears, and the object where it was done; one in twenty hangs up soon.
async fn patiently(write: impl Future<Output = Outcome>) -> (Told, Option<Value>) {
    let patience = match fastrand::u8(0..20) {
        0 => Duration::from_millis(fastrand::u64(0..40)),
        _ => Duration::from_secs(60),
    };
    match tokio::time::timeout(patience, write).await {
        Err(_) => (Told::HungUp, None),
        Ok(Outcome::Done(object)) => (Told::Done, Some(object)),
        Ok(Outcome::Told(refusal)) => match refusal.reason.as_str() {
            "WRITE_OUTCOME_UNKNOWN" => (Told::Unknown, None),
            "RATE_LIMITED"
            | "UPSTREAM_UNAVAILABLE"
            | "UPSTREAM_TIMEOUT"
            | "UPSTREAM_ERROR"
            | "NOT_FOUND" => (Told::Refused, None),
            _ => panic!("no fault of this upstream is told so: {refusal:?}"),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_done_twice_and_none_that_was_acknowledged_is_missing() {
    let (upstream, ledger) = ledger::start().await;
    let (gateway, user) = impatient_gateway(&upstream.base);
    let next = Arc::new(AtomicUsize::new(0));
    let writers = (0..WRITERS).map(|place| {
        // Each a caller of their own: together they ask for more than one may in a minute.
        let user = User::new(&user.base, &format!("{}{place}", user.token));
        let next = next.clone();
        tokio::spawn(async move {
            let mut owner = Owner {
                doors: Writer::both(&user).await,
                mine: Vec::new(),
                entries: Vec::new(),
            };
            while let number @ ..WRITES = next.fetch_add(1, Ordering::SeqCst) {
                owner.write(number).await;
            }
            owner.entries
        })
    });
    let mut entries = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        entries.extend(writer.await.unwrap());
    }
    // Its end waits for the writes whose writers have hung up.
    gateway.signal("TERM");
    assert_eq!(gateway.ended().code, Some(0));
    audit(&entries, &ledger);
}

fn audit(entries: &[Entry], ledger: &Mutex<Ledger>) {
    let ledger = ledger.lock().unwrap();
    assert_eq!(entries.len(), WRITES);
    let mut figures = BTreeMap::new();
    for Entry { kind, mark, told } in entries {
        let times = ledger.times(mark);
        let is_true = match told {
            Told::Done => times == 1,
            Told::Refused => times == 0,
            Told::Unknown | Told::HungUp => times <= 1,
        };
        assert!(is_true, "{kind} {mark}: {told:?}, and done {times} times");
        *figures.entry((kind, told, times)).or_insert(0) += 1;
    }
    let in_books: u32 = ledger.done.values().sum();
    let accounted: u32 = figures
        .iter()
        .map(|((.., times), count)| times * count)
        .sum();
    assert_eq!(in_books, accounted, "nothing is done that nobody asked for");
    for ((kind, told, times), count) in &figures {
        println!("{kind}, told {told:?}, done {times} times: {count}");
    }
    println!(
        "in the upstream's books: {in_books}; fates: {:?}",
        ledger.fates
    );
    for told in [Told::Done, Told::Refused, Told::Unknown, Told::HungUp] {
        let any = figures.keys().any(|(_, heard, _)| **heard == told);
        assert!(any, "nobody was told {told:?}: this upstream is too kind");
    }
}
