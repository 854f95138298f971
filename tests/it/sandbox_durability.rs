//! What the sandbox has acknowledged is there after a kill, and nothing is there by half.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Notify;

use crate::sandbox_totals::check_totals;
use crate::support::fwo;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

const WRITERS: usize = 8;
const WRITES_OF_EACH: usize = 125;

/// A write and, where it was acknowledged, its answer.
struct Write {
    method: Method,
    path: String,
    body: Value,
}

/// One client, which writes one after the other and remembers what it was told.
struct Writer {
    name: usize,
    token: String,
    acknowledged: usize,
    /// How many writes there were, those included that got no answer: no name is used twice.
    begun: usize,
    /// What each object was when last acknowledged; none for one that was deleted.
    ledger: BTreeMap<String, Option<Value>>,
    /// The write that got no answer.
    unanswered: Option<Write>,
}

impl Writer {
    /// Writes until it has written enough or gets no answer.
    async fn work(&mut self, sandbox: &Sandbox, tally: &Tally) {
        while self.acknowledged < WRITES_OF_EACH {
            let write = self.next();
            self.begun += 1;
            let Some(now) = self.send(sandbox, &write).await else {
                self.unanswered = Some(write);
                return;
            };
            self.acknowledged += 1;
            let kind = write.path.split('/').nth(1).unwrap();
            let path = match &now {
                Some(object) => format!("/{kind}/{}", object["id"]),
                None => write.path,
            };
            self.ledger.insert(path, now);
            tally.count();
        }
    }

    /// The object that an acknowledged write gave, none for a deletion; nothing at all without an answer.
    async fn send(&self, sandbox: &Sandbox, write: &Write) -> Option<Option<Value>> {
        let request = sandbox.request(write.method.clone(), &write.path);
        let request = request.bearer_auth(&self.token).json(&write.body);
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        assert!(
            status.is_success(),
            "{} {}: {status} {text}",
            write.method,
            write.path
        );
        Some(serde_json::from_str(&text).ok())
    }

    /// Customers and FWOs in turn, made, replaced and deleted.
    fn next(&self) -> Write {
        let round = self.acknowledged;
        let name = format!("W{}-{}", self.name, self.begun);
        let latest = |prefix: &str| {
            let mut there = self
                .ledger
                .iter()
                .rev()
                .filter_map(|(path, object)| Some((path, object.as_ref()?)));
            there.find(|(path, _)| path.starts_with(prefix))
        };
        let write = |method, path: &str, body| Write {
            method,
            path: path.to_owned(),
            body,
        };
        match (round % 5, latest("/fwo/"), latest("/customer/")) {
            (1, Some((path, fwo)), _) => {
                let mut body = with(fwo.clone(), "summary", json!(name));
                body["labor"] = (0..round % 7).map(|_| fwo::labor()).collect();
                write(Method::PUT, path, body)
            }
            (2, _, Some((path, customer))) => write(
                Method::PUT,
                path,
                with(customer.clone(), "name", json!(name)),
            ),
            (4, Some((path, _)), _) if round.is_multiple_of(2) => {
                write(Method::DELETE, path, json!({}))
            }
            (3, ..) => write(
                Method::POST,
                "/customer",
                json!({
                    "name": name, "number": name, "contactName": "Ann", "contactEmail": "ann@mill.example",
                    "contactPhone": "6145550100",
                }),
            ),
            _ => write(
                Method::POST,
                "/fwo",
                with(fwo::full(1), "summary", json!(name)),
            ),
        }
    }

    /// Everything that was acknowledged is there to the letter. An unanswered write took place in full or not at all, and
    /// what became of it is taken down.
    async fn check(&mut self, sandbox: &Sandbox) {
        let unanswered = self.unanswered.take();
        for (path, expected) in &mut self.ledger {
            let request = sandbox.request(Method::GET, path).bearer_auth(&self.token);
            let answer = request.send().await.unwrap();
            let found = match answer.status().as_u16() {
                200 => Some(answer.json::<Value>().await.unwrap()),
                status => {
                    assert_eq!(status, 404, "{path}: the token still works");
                    None
                }
            };
            if found == *expected {
                continue;
            }
            let write = unanswered.as_ref().filter(|write| write.path == *path);
            let write = write
                .unwrap_or_else(|| panic!("{path} is {found:?}, was acknowledged as {expected:?}"));
            match &found {
                Some(found) => {
                    let text = ["summary", "name"].map(|member| &found[member]);
                    assert_eq!(text, ["summary", "name"].map(|member| &write.body[member]));
                    let lines = |fwo: &Value| fwo["labor"].as_array().map(Vec::len);
                    assert_eq!(lines(found), lines(&write.body));
                }
                None => assert_eq!(write.method, Method::DELETE),
            }
            *expected = found;
        }
    }
}

/// Counts what was acknowledged by all, and tells when that is half of it.
#[derive(Default)]
struct Tally {
    acknowledged: AtomicUsize,
    half: Notify,
}

impl Tally {
    fn count(&self) {
        let before = self.acknowledged.fetch_add(1, Ordering::Relaxed);
        if before + 1 == WRITERS * WRITES_OF_EACH / 2 {
            self.half.notify_one();
        }
    }

    fn so_far(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }
}

/// Every FWO's totals follow from its lines, and no line belongs to nothing.
async fn check_whole(sandbox: &Sandbox, file: &Path, writers: &[Writer]) {
    let rows = sandbox.all(ADMIN, "/fwo").await;
    for row in &rows {
        let fwo = sandbox.json(ADMIN, &format!("/fwo/{}", row["id"])).await;
        check_totals(&fwo);
        assert_eq!(fwo["amount"], row["amount"]);
    }
    let known: BTreeSet<_> = writers
        .iter()
        .flat_map(|writer| writer.ledger.keys().cloned())
        .collect();
    let ours = rows
        .iter()
        .filter(|row| row["summary"].as_str().unwrap().starts_with('W'));
    let strays = ours
        .filter(|row| !known.contains(&format!("/fwo/{}", row["id"])))
        .count();
    assert!(strays <= WRITERS, "{strays} FWOs that nobody was told of");
    let database = Connection::open(file).unwrap();
    let mode: String = database
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    let sound: String = database
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!((mode.as_str(), sound.as_str()), ("wal", "ok"));
    for table in [
        "labor_lines",
        "material_lines",
        "equipment_lines",
        "additional_items",
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE fwo_id NOT IN (SELECT id FROM fwos)");
        let orphans: i64 = database.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(orphans, 0, "{table}");
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    let sandbox = Sandbox::start_on("docs", &file);
    let mut writers = Vec::new();
    for name in 0..WRITERS {
        let answer = sandbox.try_login(ADMIN.client_key, ADMIN.user_name, "demo-password");
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        writers.push(Writer {
            name,
            token: answer["token"].as_str().unwrap().to_owned(),
            acknowledged: 0,
            begun: 0,
            ledger: BTreeMap::new(),
            unanswered: None,
        });
    }
    let tally = Tally::default();
    let working = join_all(
        writers
            .iter_mut()
            .map(|writer| writer.work(&sandbox, &tally)),
    );
    let killing = async {
        tally.half.notified().await;
        sandbox.kill();
    };
    tokio::join!(working, killing);
    drop(sandbox);
    assert!(writers.iter().any(|writer| writer.unanswered.is_some()));
    assert!(tally.so_far() < WRITERS * WRITES_OF_EACH);

    let sandbox = Sandbox::start_on("docs", &file);
    for writer in &mut writers {
        writer.check(&sandbox).await;
    }
    check_whole(&sandbox, &file, &writers).await;
    join_all(
        writers
            .iter_mut()
            .map(|writer| writer.work(&sandbox, &tally)),
    )
    .await;
    assert_eq!(tally.so_far(), WRITERS * WRITES_OF_EACH);
    sandbox.kill();
    drop(sandbox);

    let sandbox = Sandbox::start_on("docs", &file);
    for writer in &mut writers {
        writer.check(&sandbox).await;
    }
    check_whole(&sandbox, &file, &writers).await;
}
