//! What a GraphQL client may keep: `Cache-Control`, `Age`, `ETag` and 304, `Vary`.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::kept::CUSTOMER;
use crate::support::kept::CUSTOMER_TTL;
use crate::support::kept::LIST_TTL;
use crate::support::kept::NEW;
use crate::support::kept::Scene;
use crate::support::kept::about;
use crate::support::kept::customer;
use crate::support::kept::header;
use crate::support::kept::lifetime;
use crate::support::kept::remains;
use crate::support::stack::http_client;

const OLD: &str = "application/json";
const LIST: &str = "{ customers(first: 2) { edges { cursor node { name } } } }";
const BOTH: &str = "{ customer(by: { databaseId: 2 }) { name } fwos(first: 2) { totalCount } }";

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
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let again = scene.ask(CUSTOMER).await;
    assert!(remains(&again) < remains(&first) && lifetime(&again).1 >= 2);
    let both = scene.ask(BOTH).await;
    let (max_age, age) = lifetime(&both);
    assert!((2..60).contains(&age), "{age}");
    about(max_age - age, LIST_TTL);
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
async fn a_stale_answer_is_told_as_one_and_serves_who_takes_it() {
    let scene = Scene::open().await;
    let stale = customer(4);
    assert_eq!(remains(&scene.ask(&stale).await), 0);
    assert_eq!(remains(&scene.ask(&stale).await), 0);
    let etag = header(&scene.ask(&stale).await, "etag").to_owned();
    let known = scene.with(&stale, "if-none-match", &etag).await;
    assert_eq!((known.status().as_u16(), remains(&known)), (304, 0));
    for (cache_control, serves) in [
        ("", true),
        ("max-stale", true),
        ("max-stale=600", true),
        ("max-age=600, max-stale", true),
        ("min-fresh=1", false),
        ("max-age=600", false),
        ("max-age=600, max-stale=0", false),
        ("no-cache", false),
    ] {
        let request = scene.get(&stale).header("cache-control", cache_control);
        let answer = request.header("x-explain", "2").send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let cost = &answer["extensions"]["cost"];
        let outcome = cost["questions"][0]["outcome"].as_str().unwrap();
        // What refreshes it behind a stale one may be under way, and joined.
        let wanted: &[&str] = if serves {
            &["STALE"]
        } else {
            &["MISS", "COALESCED"]
        };
        assert!(wanted.contains(&outcome), "{cache_control}: {outcome}");
        assert_eq!(cost["stale"], u64::from(serves), "{cost}");
    }
}

#[tokio::test]
async fn an_answer_that_the_upstream_confirms_is_new_again() {
    let scene = Scene::open().await;
    let confirmed = customer(5);
    scene.ask(&confirmed).await;
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    let again = scene.ask(&confirmed).await;
    let (max_age, age) = lifetime(&again);
    assert!(max_age == age && age < 3, "{max_age} {age}");
    let explained = scene.with(&confirmed, "x-explain", "2").await;
    let explained: Value = explained.json().await.unwrap();
    let cost = &explained["extensions"]["cost"];
    let totals = ["bound", "actual", "revalidated", "cached", "stale"].map(|name| &cost[name]);
    assert_eq!(totals, [1, 1, 1, 0, 0]);
    let question = &cost["questions"][0];
    assert_eq!(question["outcome"], "REVALIDATED");
    assert_eq!(question["freshForMs"], 0);
}

#[tokio::test]
async fn that_there_is_nothing_is_fresh_for_a_moment() {
    let scene = Scene::open().await;
    for _ in 0..2 {
        let nothing = scene.ask(&customer(6)).await;
        assert!(remains(&nothing) <= 5, "upstream.cache.not_found_ttl");
        let body: Value = nothing.json().await.unwrap();
        assert_eq!(body, json!({ "data": { "customer": null } }));
    }
    assert_eq!(scene.stub.calls(), 1);
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
