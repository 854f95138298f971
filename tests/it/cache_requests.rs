//! What a GraphQL client may ask of kept answers: `Cache-Control` and `Pragma` of its requests.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::held::HeldUpstream;
use crate::support::kept::CUSTOMER;
use crate::support::kept::NEW;
use crate::support::kept::Scene;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;

#[tokio::test]
async fn who_wants_no_kept_answer_gets_none_that_was_asked_for_before() {
    let mut upstream = HeldUpstream::start().await;
    let (_gateway, base) = gateway(&upstream.base, &[]);
    let ask = |cache_control: &'static str| {
        let request = http_client()
            .get(format!("{base}/graphql"))
            .query(&[("query", CUSTOMER)])
            .header("cache-control", cache_control)
            .bearer_auth("Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A");
        tokio::spawn(async move {
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            answer["data"]["customer"]["name"].clone()
        })
    };
    let named = |name: &str| Answer::json(json!({"id": 2, "name": name, "status": "ACTIVE"}));
    let earlier = ask("");
    let first = upstream.next().await;
    let later = ask("no-cache");
    let second = upstream.next().await;
    second.answer(named("New"));
    assert_eq!(later.await.unwrap(), "New");
    first.answer(named("Old"));
    assert_eq!(earlier.await.unwrap(), "Old");
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
