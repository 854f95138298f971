//! A gateway whose kept answers differ in how long they are fresh, and a client who reads the heads of its answers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use reqwest::RequestBuilder;
use reqwest::Response;
use serde_json::json;

use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;
use crate::support::stub::fwos;

pub(crate) const NEW: &str = "application/graphql-response+json";
pub(crate) const CUSTOMER: &str = "{ customer(by: { databaseId: 2 }) { name } }";

/// Lifetimes in seconds, so far apart that no busy machine mistakes one for the other, and below that of a token.
pub(crate) const CUSTOMER_TTL: u64 = 3_000;
pub(crate) const LIST_TTL: u64 = 600;

/// A gateway before some customers, of whom number 3 cannot be read and number 2 is renamed on request.
pub(crate) struct Scene {
    pub(crate) stub: StubUpstream,
    pub(crate) user: User,
    renamings: Arc<AtomicU64>,
    _gateway: Process,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        let renamings: Arc<AtomicU64> = Arc::default();
        let named = renamings.clone();
        let stub = StubUpstream::start(move |asked| script(asked, named.load(Ordering::SeqCst)));
        let stub = stub.await;
        let seconds = |ttl: u64| format!("{ttl}s");
        let (gateway, base) = gateway(
            &format!("http://{}", stub.address),
            &[
                (
                    "PEERASSIST_UPSTREAM__CACHE__CUSTOMER_TTL",
                    &seconds(CUSTOMER_TTL),
                ),
                ("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", &seconds(LIST_TTL)),
                ("PEERASSIST_UPSTREAM__CLIENT_KEY", "key"),
            ],
        );
        Scene {
            stub,
            user: User::new(&base, "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A"),
            renamings,
            _gateway: gateway,
        }
    }

    pub(crate) fn get(&self, query: &str) -> RequestBuilder {
        http_client()
            .get(format!("{}/graphql", self.user.base))
            .query(&[("query", query)])
            .header("accept", NEW)
            .bearer_auth(&self.user.token)
    }

    /// The answer to a GET with one more header.
    pub(crate) async fn with(&self, query: &str, name: &str, value: &str) -> Response {
        self.get(query).header(name, value).send().await.unwrap()
    }

    pub(crate) async fn ask(&self, query: &str) -> Response {
        self.get(query).send().await.unwrap()
    }

    /// How often the upstream is asked while an operation runs with this header.
    pub(crate) async fn calls(&self, query: &str, name: &str, value: &str) -> usize {
        let before = self.stub.calls();
        assert_eq!(self.with(query, name, value).await.status(), 200);
        self.stub.calls() - before
    }

    pub(crate) fn rename(&self) {
        self.renamings.fetch_add(1, Ordering::SeqCst);
    }
}

/// Customer 4 is stale at once and serves all the same; customer 5 is asked for anew each time, and unchanged; nobody
/// knows of customer 6.
fn script(asked: &Asked, renamings: u64) -> Answer {
    let mut rows = customers(5);
    rows[1]["name"] = json!(format!("Name {renamings}"));
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/auth") => Answer::json(json!({
            "token": "short-lived", "tokenType": "Bearer", "expiresIn": 1,
        })),
        ("GET", "/customer") => asked.page_of(&rows),
        ("GET", "/fwo") => asked.page_of(&fwos(3)),
        ("GET", "/customer/3") => Answer::status(500),
        ("GET", "/customer/4") => Answer::json(rows[3].clone())
            .header("cache-control", "max-age=0, stale-while-revalidate=600"),
        ("GET", "/customer/5") => match asked.if_none_match {
            Some(_) => Answer::status(304),
            None => Answer::json(rows[4].clone()),
        }
        .header("cache-control", "no-cache")
        .header("etag", "\"five\""),
        ("GET", "/customer/6") => Answer::status(404),
        ("GET", _) => Answer::json(rows[asked.id() as usize - 1].clone()),
        _ => Answer::status(500),
    }
}

pub(crate) fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// `max-age` and `Age` of an answer that its client may keep.
pub(crate) fn lifetime(response: &Response) -> (u64, u64) {
    let keeping = header(response, "cache-control");
    let max_age = keeping.strip_prefix("private, max-age=");
    let max_age = max_age.and_then(|rest| rest.strip_suffix(", must-revalidate"));
    let max_age = max_age.unwrap_or_else(|| panic!("{keeping}"));
    let age = header(response, "age");
    (max_age.parse().unwrap(), age.parse().unwrap())
}

/// How long a client takes an answer for fresh.
pub(crate) fn remains(response: &Response) -> u64 {
    let (max_age, age) = lifetime(response);
    max_age - age
}

/// That a lifetime is this one, but for what a busy machine took of it.
pub(crate) fn about(found: u64, ttl: u64) {
    assert!(found < ttl && found + 60 > ttl, "{found} s of {ttl} s");
}

pub(crate) fn customer(id: u64) -> String {
    format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}")
}
