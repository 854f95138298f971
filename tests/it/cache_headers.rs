//! What a GraphQL client may keep, and what it may ask of kept answers: `Cache-Control`, `Age`, `ETag`, `Vary`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::Response;
use serde_json::Value;
use serde_json::json;

use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";
const CUSTOMER: &str = "{ customer(by: { databaseId: 2 }) { name } }";
const LIST: &str = "{ customers(first: 2) { edges { cursor node { name } } } }";
const BOTH: &str =
    "{ customer(by: { databaseId: 2 }) { name } customers(first: 2) { totalCount } }";

/// Lifetimes in seconds, so far apart that no busy machine mistakes one for the other, and below that of a token.
const CUSTOMER_TTL: u64 = 3_000;
const LIST_TTL: u64 = 600;

/// A gateway before three customers, of whom number 3 cannot be read and number 1 is renamed on request.
struct Scene {
    stub: StubUpstream,
    user: User,
    renamings: Arc<AtomicU64>,
    _gateway: Process,
}

impl Scene {
    async fn open() -> Self {
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

    fn get(&self, query: &str) -> RequestBuilder {
        http_client()
            .get(format!("{}/graphql", self.user.base))
            .query(&[("query", query)])
            .header("accept", NEW)
            .bearer_auth(&self.user.token)
    }

    /// The answer to a GET with one more header.
    async fn with(&self, query: &str, name: &str, value: &str) -> Response {
        self.get(query).header(name, value).send().await.unwrap()
    }

    async fn ask(&self, query: &str) -> Response {
        self.get(query).send().await.unwrap()
    }

    /// How often the upstream is asked while an operation runs with this header.
    async fn calls(&self, query: &str, name: &str, value: &str) -> usize {
        let before = self.stub.calls();
        assert_eq!(self.with(query, name, value).await.status(), 200);
        self.stub.calls() - before
    }

    fn rename(&self) {
        self.renamings.fetch_add(1, Ordering::SeqCst);
    }
}

fn script(asked: &Asked, renamings: u64) -> Answer {
    let mut rows = customers(3);
    rows[1]["name"] = json!(format!("Name {renamings}"));
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/auth") => Answer::json(json!({
            "token": "short-lived", "tokenType": "Bearer", "expiresIn": 1,
        })),
        ("GET", "/customer") => asked.page_of(&rows),
        ("GET", "/customer/3") => Answer::status(500),
        ("GET", _) => Answer::json(rows[asked.id() as usize - 1].clone()),
        _ => Answer::status(500),
    }
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// `max-age` and `Age` of an answer that its client may keep.
fn lifetime(response: &Response) -> (u64, u64) {
    let keeping = header(response, "cache-control");
    let max_age = keeping.strip_prefix("private, max-age=");
    let max_age = max_age.and_then(|rest| rest.strip_suffix(", must-revalidate"));
    let max_age = max_age.unwrap_or_else(|| panic!("{keeping}"));
    let age = header(response, "age");
    (max_age.parse().unwrap(), age.parse().unwrap())
}

/// How long a client takes an answer for fresh.
fn remains(response: &Response) -> u64 {
    let (max_age, age) = lifetime(response);
    max_age - age
}

/// That a lifetime is this one, but for what a busy machine took of it.
fn about(found: u64, ttl: u64) {
    assert!(found < ttl && found + 60 > ttl, "{found} s of {ttl} s");
}

#[tokio::test]
async fn an_answer_is_fresh_as_long_as_the_first_of_its_parts_to_go_stale() {
    let scene = Scene::open().await;
    about(remains(&scene.ask(CUSTOMER).await), CUSTOMER_TTL);
    about(remains(&scene.ask(LIST).await), LIST_TTL);
    about(remains(&scene.ask(BOTH).await), LIST_TTL);
}

#[tokio::test]
async fn an_answer_is_as_old_as_the_oldest_of_its_parts() {
    let scene = Scene::open().await;
    let first = scene.ask(CUSTOMER).await;
    assert_eq!(lifetime(&first).1, 0);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let again = scene.ask(CUSTOMER).await;
    assert!(remains(&again) < remains(&first) && lifetime(&again).1 >= 2);
    let both = scene.ask(BOTH).await;
    let (max_age, age) = lifetime(&both);
    assert!((2..60).contains(&age), "{age}");
    about(max_age - age, LIST_TTL);
    let list = scene.ask(LIST).await;
    assert!(lifetime(&list).1 < age, "its part came later");
    let renewed = scene.ask(CUSTOMER).await;
    assert!(lifetime(&renewed).1 < age, "a list renews whom it lists");
}

#[tokio::test]
async fn no_answer_outlives_the_token() {
    let scene = Scene::open().await;
    let login = r#"mutation { login(input: { userName: "a", password: "b" }) { token } }"#;
    let answer = scene.user.send(login, json!({})).await;
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let answer: Value = answer.json().await.unwrap();
    let token = answer["data"]["login"]["token"].as_str().unwrap();
    let request = http_client().get(format!("{}/graphql", scene.user.base));
    let request = request.query(&[("query", CUSTOMER)]).bearer_auth(token);
    let remains = remains(&request.send().await.unwrap());
    assert!(remains < 60, "{remains} s of a token of one minute");
}

#[tokio::test]
async fn only_an_answer_without_errors_to_a_get_may_be_kept() {
    let scene = Scene::open().await;
    let get = |query: &str| scene.get(query);
    let bare = |query: &str| {
        let request = http_client().get(format!("{}/graphql", scene.user.base));
        request.query(&[("query", query)]).header("accept", NEW)
    };
    let post = |query: &str| {
        let request = http_client().post(format!("{}/graphql", scene.user.base));
        let request = request.header("accept", NEW).bearer_auth(&scene.user.token);
        request.json(&json!({ "query": query }))
    };
    let half = "{ a: customer(by: { databaseId: 1 }) { name } b: customer(by: { databaseId: 3 }) { name } }";
    let requests = [
        ("a POST", 200, post(CUSTOMER)),
        ("a failed field", 200, get(half)),
        ("a refusal", 400, get("{ nope }")),
        ("an unreadable document", 400, get("{")),
        (
            "nobody",
            401,
            bare(CUSTOMER).header("graphql-require-preflight", "1"),
        ),
        ("a simple request", 403, bare(CUSTOMER)),
        (
            "a mutation",
            405,
            get("mutation { login(input: { userName: \"a\", password: \"b\" }) { token } }"),
        ),
        (
            "an explained answer",
            200,
            get(CUSTOMER).header("x-explain", "1"),
        ),
        (
            "an explained answer with a condition",
            200,
            get(CUSTOMER)
                .header("x-explain", "1")
                .header("if-none-match", "*"),
        ),
        (
            "an answer that is not kept here",
            200,
            get(CUSTOMER).header("cache-control", "no-store"),
        ),
        (
            "a type that we do not have",
            406,
            get(CUSTOMER).header("accept", "image/png"),
        ),
    ];
    for (name, status, request) in requests {
        let request = match status {
            406 => {
                let mut request = request.build().unwrap();
                request
                    .headers_mut()
                    .insert("accept", "image/png".parse().unwrap());
                request
            }
            _ => request.build().unwrap(),
        };
        let answer = http_client().execute(request).await.unwrap();
        assert_eq!(answer.status(), status, "{name}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{name}");
        let told = ["age", "etag", "expires"].map(|other| header(&answer, other));
        assert_eq!(told, ["", "", ""], "{name}");
        assert_eq!(
            header(&answer, "vary"),
            "Authorization, Accept, X-Explain",
            "{name}"
        );
    }
    let answer = scene.ask(CUSTOMER).await;
    assert_eq!(header(&answer, "vary"), "Authorization, Accept, X-Explain");
    let browser = http_client()
        .get(format!("{}/graphql", scene.user.base))
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(browser.status(), 307);
    assert_eq!(header(&browser, "vary"), "Authorization, Accept, X-Explain");
}

#[tokio::test]
async fn who_has_the_answer_already_is_told_so_and_nothing_else() {
    let scene = Scene::open().await;
    for query in [CUSTOMER, LIST] {
        let first = scene.ask(query).await;
        let etag = header(&first, "etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() == 24, "{etag}");
        for condition in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"other\", {etag}"),
            "*".into(),
        ] {
            let again = scene.with(query, "if-none-match", &condition).await;
            assert_eq!(again.status(), 304, "{condition}");
            assert_eq!(header(&again, "etag"), etag);
            assert!(remains(&again) > 0);
            assert_eq!(header(&again, "vary"), header(&first, "vary"));
            let told = ["content-type", "content-length"].map(|name| header(&again, name));
            assert_eq!(told, ["", ""]);
            assert_eq!(again.bytes().await.unwrap(), "");
        }
        for condition in ["\"other\"", "", "nonsense", etag.trim_matches('"')] {
            let again = scene.with(query, "if-none-match", condition).await;
            assert_eq!(again.status(), 200, "{condition}");
            let body = again.text().await.unwrap();
            assert!(body.contains("\"name\""), "{body}");
        }
    }
    let two = scene
        .get(CUSTOMER)
        .header("if-none-match", "\"other\"")
        .header("if-none-match", "*");
    assert_eq!(two.send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn another_answer_or_another_type_has_another_etag() {
    let scene = Scene::open().await;
    let etag = header(&scene.ask(CUSTOMER).await, "etag").to_owned();
    let old = http_client()
        .get(format!("{}/graphql", scene.user.base))
        .query(&[("query", CUSTOMER)])
        .header("accept", OLD)
        .header("if-none-match", &etag)
        .bearer_auth(&scene.user.token)
        .send()
        .await
        .unwrap();
    assert_eq!(old.status(), 200);
    assert_ne!(header(&old, "etag"), etag);
    scene.rename();
    let kept = scene.with(CUSTOMER, "if-none-match", &etag).await;
    assert_eq!(kept.status(), 304, "it is fresh here, too");
    let renewed = scene
        .get(CUSTOMER)
        .header("if-none-match", &etag)
        .header("cache-control", "no-cache")
        .send()
        .await
        .unwrap();
    assert_eq!(renewed.status(), 200);
    assert_ne!(header(&renewed, "etag"), etag);
    assert!(renewed.text().await.unwrap().contains("Name 1"));
}

#[tokio::test]
async fn head_is_told_what_get_is_told() {
    let scene = Scene::open().await;
    let get = scene.ask(CUSTOMER).await;
    let head = |condition: &str| {
        http_client()
            .head(format!("{}/graphql", scene.user.base))
            .query(&[("query", CUSTOMER)])
            .header("accept", NEW)
            .header("if-none-match", condition)
            .bearer_auth(&scene.user.token)
            .send()
    };
    let other = head("\"other\"").await.unwrap();
    assert_eq!(
        (other.status().as_u16(), header(&other, "etag")),
        (200, header(&get, "etag"))
    );
    assert_eq!(head(header(&get, "etag")).await.unwrap().status(), 304);
}

#[tokio::test]
async fn what_is_made_of_no_answer_of_the_upstream_may_be_kept_and_must_be_asked_for_again() {
    let scene = Scene::open().await;
    let schema = "{ __schema { queryType { name } } }";
    let answer = scene.ask(schema).await;
    assert_eq!(lifetime(&answer), (0, 0));
    let etag = header(&answer, "etag").to_owned();
    assert_eq!(
        scene.with(schema, "if-none-match", &etag).await.status(),
        304
    );
    assert_eq!(scene.stub.calls(), 0);
}

#[tokio::test]
async fn a_client_says_which_kept_answers_do_for_it() {
    let scene = Scene::open().await;
    assert_eq!(scene.calls(CUSTOMER, "accept", NEW).await, 1);
    for (name, value, calls) in [
        ("cache-control", "max-age=2000", 0),
        ("cache-control", "no-cache", 1),
        ("cache-control", "NO-CACHE", 1),
        ("cache-control", "max-age=0", 1),
        ("cache-control", "min-fresh=999999", 1),
        ("cache-control", "no-store", 1),
        ("pragma", "no-cache", 1),
        // What is not known, not whole or not honoured.
        ("cache-control", "only-if-cached", 0),
        ("cache-control", "max-age=-1", 0),
        ("cache-control", "max-age", 0),
        ("cache-control", "x=\"no-cache\"", 0),
        ("cache-control", "nocache", 0),
    ] {
        assert_eq!(
            scene.calls(CUSTOMER, name, value).await,
            calls,
            "{name}: {value}"
        );
    }
    let both = scene.get(CUSTOMER).header("pragma", "no-cache");
    let before = scene.stub.calls();
    both.header("cache-control", "max-stale")
        .send()
        .await
        .unwrap();
    assert_eq!(scene.stub.calls(), before, "pragma counts only alone");
}

#[tokio::test]
async fn an_answer_that_is_older_than_the_client_wants_is_asked_for_again() {
    let scene = Scene::open().await;
    scene.ask(CUSTOMER).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(
        scene.calls(CUSTOMER, "cache-control", "max-age=500").await,
        0
    );
    assert_eq!(scene.calls(CUSTOMER, "cache-control", "max-age=1").await, 1);
}

#[tokio::test]
async fn no_cache_renews_what_is_kept_and_no_store_keeps_nothing() {
    let scene = Scene::open().await;
    let name = async |header: &str, value: &str| {
        let answer = scene.with(CUSTOMER, header, value).await;
        let answer: Value = answer.json().await.unwrap();
        answer["data"]["customer"]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(name("cache-control", "no-store").await, "Name 0");
    scene.rename();
    assert_eq!(name("accept", NEW).await, "Name 1", "nothing was kept");
    scene.rename();
    assert_eq!(name("accept", NEW).await, "Name 1", "this was");
    assert_eq!(name("cache-control", "no-cache").await, "Name 2");
    scene.rename();
    assert_eq!(name("accept", NEW).await, "Name 2", "it was renewed");
    assert_eq!(name("cache-control", "no-store").await, "Name 3");
    assert_eq!(name("accept", NEW).await, "Name 2", "what is kept stays");
}

#[tokio::test]
async fn no_cache_counts_for_a_post_and_one_operation_asks_once() {
    let scene = Scene::open().await;
    scene.ask(CUSTOMER).await;
    let twice = "{ a: customer(by: { databaseId: 2 }) { name } b: customer(by: { databaseId: 2 }) { city } }";
    let before = scene.stub.calls();
    let request = http_client()
        .post(format!("{}/graphql", scene.user.base))
        .bearer_auth(&scene.user.token)
        .header("cache-control", "no-cache")
        .json(&json!({ "query": twice }));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(scene.stub.calls() - before, 1);
}
