//! How long an answer serves, as the clients of both doors see it: fresh, stale while it is renewed, stale while the
//! upstream is down, and never beyond a refusal.
//!
//! Nothing here waits for time to pass: the upstream says `max-age=0`, and what it may be served for after that.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;

use crate::support::grpc::GrpcUser;
use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::StubUpstream;

const CUSTOMER: &str = "{ customer(by: { databaseId: 1 }) { name } }";

/// A customer that is stale at once, and is served for so long all the same.
fn stale_at_once(version: usize, and_then: &'static str) -> Answer {
    let customer = json!({"id": 1, "name": format!("Version {version}"), "status": "ACTIVE"});
    Answer::json(customer).header("cache-control", and_then)
}

type Script = Box<dyn Fn(usize) -> Answer + Send + Sync>;

/// A gateway before an upstream with one customer; the script gets the number of the call.
struct Scene {
    user: User,
    client: reqwest::Client,
    stub: StubUpstream,
    script: Arc<Mutex<Script>>,
    _gateway: Process,
}

impl Scene {
    async fn open(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let (calls, scripted) = (AtomicUsize::new(0), script.clone());
        let stub = StubUpstream::start(move |_| {
            let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
            (scripted.lock().unwrap())(call)
        });
        let stub = stub.await;
        let settings = [("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000")];
        let (process, base) = gateway(&format!("http://{}", stub.address), &settings);
        Scene {
            client: http_client(),
            user: User::new(&base, "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A"),
            stub,
            script,
            _gateway: process,
        }
    }

    fn now(&self, script: impl Fn(usize) -> Answer + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// The name and what became of the question.
    async fn ask(&self) -> (Value, Value) {
        let answer = self
            .client
            .post(format!("{}/graphql", self.user.base))
            .header("x-explain", "2")
            .bearer_auth(&self.user.token)
            .json(&json!({"query": CUSTOMER}))
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        let question = &answer["extensions"]["cost"]["questions"][0];
        let name = match &answer["errors"][0]["extensions"]["reason"] {
            Value::Null => &answer["data"]["customer"]["name"],
            reason => reason,
        };
        (name.clone(), question["outcome"].clone())
    }

    /// Waits until the upstream was asked so often.
    async fn called(&self, times: usize) {
        let called = async {
            while self.stub.calls() < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), called)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_thousand_reads_of_a_stale_answer_are_one_call_of_the_upstream() {
    let scene = Scene::open(|call| match call {
        1 => stale_at_once(1, "max-age=0, stale-while-revalidate=30"),
        call => stale_at_once(call, "max-age=30").after(Duration::from_secs(2)),
    });
    let scene = scene.await;
    assert_eq!(scene.ask().await, (json!("Version 1"), json!("MISS")));
    let mut stale = 0;
    for _ in 0..20 {
        for answer in join_all((0..50).map(|_| scene.ask())).await {
            let is_stale = answer == (json!("Version 1"), json!("STALE"));
            // A slow machine is still at it when the new one comes.
            let is_new = answer == (json!("Version 2"), json!("HIT"));
            assert!(is_stale || is_new, "{answer:?}");
            stale += usize::from(is_stale);
        }
    }
    assert!(stale >= 50, "{stale}");
    scene.called(2).await;
    assert_eq!(scene.stub.calls(), 2);
}

#[tokio::test]
async fn an_upstream_that_is_down_leaves_what_is_kept_and_both_doors_say_so() {
    let kept = "max-age=0, stale-while-revalidate=0";
    let mut scene = Scene::open(move |call| stale_at_once(call, kept)).await;
    assert_eq!(scene.ask().await, (json!("Version 1"), json!("MISS")));
    // An upstream that answers is asked each time.
    assert_eq!(scene.ask().await, (json!("Version 2"), json!("MISS")));
    scene.stub.stop().await;
    for _ in 0..3 {
        assert_eq!(scene.ask().await.0, json!("Version 2"));
    }
    let answer = http_client()
        .get(format!("{}/graphql", scene.user.base))
        .query(&[("query", CUSTOMER)])
        .bearer_auth(&scene.user.token)
        .send()
        .await
        .unwrap();
    let header = |name: &str| {
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    assert!(header("age").is_some(), "{:?}", answer.headers());
    let cache_control = header("cache-control").unwrap();
    let age: u64 = header("age").unwrap().parse().unwrap();
    assert!(
        cache_control.contains(&format!("max-age={age}")) || cache_control.contains("no-cache"),
        "it is not fresh: {cache_control}, {age}"
    );

    let mut grpc = GrpcUser::new(&scene.user).await;
    let request = grpc.request(v1::GetCustomerRequest {
        by: Some(By::Id(1)),
    });
    let answer = grpc.customers.get_customer(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-cache").unwrap(), "stale");
    assert_eq!(answer.get_ref().name.as_deref(), Some("Version 2"));
}

#[tokio::test]
async fn failures_are_covered_and_refusals_are_not() {
    for (status, expected) in [
        (500, json!("Version 1")),
        (502, json!("Version 1")),
        (503, json!("Version 1")),
        (504, json!("Version 1")),
        (401, json!("TOKEN_INVALID")),
        (403, json!("FORBIDDEN")),
        (404, Value::Null),
    ] {
        let kept = "max-age=0, stale-while-revalidate=0";
        let scene = Scene::open(move |call| stale_at_once(call, kept)).await;
        scene.ask().await;
        scene.now(move |_| Answer::status(status));
        assert_eq!(scene.ask().await.0, expected, "{status}");
    }
}

#[tokio::test]
async fn nothing_is_served_after_the_upstream_has_refused_the_token() {
    let scene = Scene::open(|call| match call {
        1 => stale_at_once(1, "max-age=60"),
        2 => Answer::status(401),
        call => stale_at_once(call, "max-age=60"),
    });
    let scene = scene.await;
    assert_eq!(scene.ask().await, (json!("Version 1"), json!("MISS")));
    assert_eq!(scene.ask().await, (json!("Version 1"), json!("HIT")));
    // Another question meets the refusal.
    let other = "{ customer(by: { databaseId: 2 }) { name } }";
    let refused = scene.user.errors(other).await;
    assert_eq!(refused[0][2], "TOKEN_INVALID", "{refused:?}");
    assert_eq!(scene.ask().await, (json!("Version 3"), json!("MISS")));
}

#[tokio::test]
async fn an_answer_with_an_entity_tag_is_confirmed_and_not_sent_again() {
    let scene = Scene::open(|call| match call {
        1 => stale_at_once(1, "no-cache").header("etag", "\"v1\""),
        2 => Answer::status(304).header("etag", "\"v1\""),
        call => stale_at_once(call, "no-cache"),
    });
    let scene = scene.await;
    assert_eq!(scene.ask().await, (json!("Version 1"), json!("MISS")));
    assert_eq!(
        scene.ask().await,
        (json!("Version 1"), json!("REVALIDATED"))
    );
    assert_eq!(
        scene.stub.asked()[1].if_none_match.as_deref(),
        Some("\"v1\"")
    );
    assert_eq!(scene.ask().await, (json!("Version 3"), json!("MISS")));
}

#[tokio::test]
async fn that_there_is_none_is_known_until_the_caller_makes_one() {
    let scene = Scene::open(|call| match call {
        1 => Answer::status(404),
        2 => Answer::json(json!({"id": 1, "name": "Made", "number": "1", "status": "ACTIVE"})),
        call => stale_at_once(call, ""),
    });
    let scene = scene.await;
    assert_eq!(scene.ask().await, (Value::Null, json!("MISS")));
    assert_eq!(scene.ask().await, (Value::Null, json!("HIT")));
    let made = scene
        .user
        .data(r#"mutation { createCustomer(input: { name: "Made", number: "1", contactName: "C", contactEmail: "c@example.com", contactPhone: "1" }) { customer { name } userErrors { code } } }"#)
        .await;
    assert_eq!(made["createCustomer"]["customer"]["name"], "Made", "{made}");
    assert_eq!(scene.ask().await, (json!("Version 3"), json!("MISS")));
}
