//! What a sandbox with personalities shows of an FWO can be sent back, and then says the same.

use reqwest::Method;
use serde_json::Value;

use crate::support::personality::several;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

const LISTS: [&str; 4] = ["labor", "materials", "equipment", "additionalItems"];

/// An FWO but for the time that each write gives anew.
fn lasting(mut fwo: Value) -> Value {
    fwo.as_object_mut().unwrap().remove("updatedDate");
    fwo
}

/// The body of a new FWO with these lines: the text as it is but for the ids of lines, which are another FWO's.
fn as_new(shown: &str) -> String {
    let fwo: Value = serde_json::from_str(shown).unwrap();
    // All lines stand before the prices, and no other object does that could have the id of one.
    let (lists, rest) = shown.split_once(r#","pricing":"#).unwrap();
    let lines = LISTS.iter().flat_map(|list| fwo[list].as_array().unwrap());
    let lists = lines.fold(lists.to_owned(), |body, line| {
        body.replace(&format!(r#"{{"id":{},"#, line["id"]), "{")
    });
    format!(r#"{lists},"pricing":{rest}"#)
}

/// The lines but for their ids, and what was computed from them.
fn priced(mut fwo: Value) -> Vec<Value> {
    for list in LISTS {
        for line in fwo[list].as_array_mut().unwrap() {
            line.as_object_mut().unwrap().remove("id");
        }
    }
    let members = LISTS.iter().chain(&["pricing", "summary"]);
    members.map(|member| fwo[member].clone()).collect()
}

async fn send(sandbox: &Sandbox, method: Method, path: &str, body: &str) -> Value {
    let answer = sandbox.call(method, path, body).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}, sent {body}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The open FWO of the docs set goes there and back, in both styles of PUT and as a new one.
async fn check(personalities: &[&str]) {
    let sandbox = several(personalities);
    let shown = sandbox.read("/fwo/4").await.body;
    let before = lasting(serde_json::from_str(&shown).unwrap());
    assert_ne!(before["labor"].as_array().unwrap().len(), 0);
    for path in ["/fwo/4", "/fwo"] {
        let after = send(&sandbox, Method::PUT, path, &shown).await;
        assert_eq!(lasting(after), before, "{personalities:?} {path}");
    }
    let made = send(&sandbox, Method::POST, "/fwo", &as_new(&shown)).await;
    assert_ne!(made["id"], before["id"]);
    assert_eq!(priced(made), priced(before.clone()), "{personalities:?}");
    assert_eq!(lasting(sandbox.json(ADMIN, "/fwo/4").await), before);
}

#[tokio::test]
async fn an_fwo_with_other_names_is_understood() {
    check(&["fwo-renamed", "fwo-nested", "fwo-totals"]).await;
    check(&[
        "fwo-nested",
        "string-ids",
        "explicit-nulls",
        "extra-members",
    ])
    .await;
}

#[tokio::test]
async fn an_fwo_with_other_words_and_dates_is_understood() {
    check(&["unknown-status", "spaced-words", "date-arrays"]).await;
    check(&["date-millis"]).await;
    check(&["date-month-first", "fwo-renamed", "spaced-words"]).await;
}

#[tokio::test]
async fn an_fwo_with_other_decimals_is_understood() {
    check(&["decimal-text"]).await;
    check(&["decimal-exponents"]).await;
    check(&["decimal-doubles"]).await;
    check(&["money-cents"]).await;
}

#[tokio::test]
async fn a_move_can_be_asked_for_in_other_words() {
    let sandbox = several(&["fwo-renamed", "spaced-words"]);
    let shown = sandbox.read("/fwo/4").await.body;
    let moved = shown.replacen(r#""step":"Entry""#, r#""step":"Pending Signature""#, 1);
    assert_ne!(moved, shown);
    let after = send(&sandbox, Method::PUT, "/fwo/4", &moved).await;
    assert_eq!(after["step"], "Pending Signature");
}
