//! Personalities on the command line, several at once, and none.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::support::personality::several;
use crate::support::process::Process;
use crate::support::process::run;
use crate::support::sandbox::ADMIN;

/// The files with a test for each personality.
const TESTS: [&str; 5] = [
    include_str!("sandbox_personality_failures.rs"),
    include_str!("sandbox_personality_lists.rs"),
    include_str!("sandbox_personality_objects.rs"),
    include_str!("sandbox_personality_transport.rs"),
    include_str!("sandbox_personality_writes.rs"),
];

/// The names in the help: what stands first in the lines below the groups.
fn listed() -> BTreeSet<String> {
    let help = run(&["sandbox", "--help"], &[]).stdout;
    let (_, list) = help.split_once("\nPersonalities, ").expect("a list");
    let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
    let name = |line: &str| {
        line.split([' ', '=', '['])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    lines.map(name).collect()
}

/// The names that a test starts a sandbox with, alone.
fn tested() -> BTreeSet<String> {
    let calls = TESTS.iter().flat_map(|text| text.split("alone(\"").skip(1));
    let name = |rest: &str| rest.split(['"', '=']).next().unwrap_or_default().to_owned();
    calls.map(name).collect()
}

#[test]
fn every_personality_that_is_listed_has_a_test_and_no_other() {
    let listed = listed();
    assert!(listed.len() > 60 && listed.contains("hal"), "{listed:?}");
    assert_eq!(tested(), listed);
}

#[test]
fn the_list_has_one_line_each_and_fits_a_terminal() {
    let help = run(&["sandbox", "--help"], &[]).stdout;
    let (_, list) = help.split_once("\nPersonalities, ").expect("a list");
    for line in list.lines() {
        assert!(line.len() <= 80, "{line}");
    }
}

/// Wrong usage, said with these words.
fn check_wrong(arguments: &[&str], words: &[&str]) {
    let ended = run(arguments, &[]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(2), ""),
        "{arguments:?}"
    );
    for word in words {
        assert!(
            ended.stderr.contains(word),
            "no {word:?} in {}",
            ended.stderr
        );
    }
}

#[test]
fn a_wrong_name_is_answered_with_the_right_ones() {
    let names: Vec<_> = listed().into_iter().collect();
    let mut words = vec!["did you mean bare-array?"];
    words.extend(names.iter().map(String::as_str));
    check_wrong(&["sandbox", "--personality", "bare-aray"], &words);
    let ended = run(&["sandbox", "--personality", "zzz"], &[]);
    assert!(!ended.stderr.contains("did you mean"), "{}", ended.stderr);
}

#[test]
fn a_wrong_value_is_answered_with_a_right_form() {
    for (personality, words) in [
        ("slow", "slow needs a value: slow=MS"),
        (
            "slow=soon",
            "slow=MS: write a whole number from 0 to 600000",
        ),
        ("slow=-1", "slow=MS: write a whole number"),
        ("hal=yes", "hal takes no value"),
        (
            "fail=200",
            "fail=STATUS[:N]: write a status from 400 to 599",
        ),
        ("fail=503:0", "fail=STATUS[:N]: write a whole number from 1"),
        (
            "lost-answer=perhaps",
            "write close, hang or a status from 500 to 599",
        ),
        (
            "lost-answer=404",
            "write close, hang or a status from 500 to 599",
        ),
        ("no-delete=403", "no-delete[=404|405]: write 404 or 405"),
        ("size-cap=0", "write a whole number from 1 to"),
        (
            "page-names=page",
            "write two names such as pageNumber,pageSize",
        ),
        ("page-names=a,a", "write two names that differ"),
        ("content-name=a b", "write a name of letters, digits and _"),
        (
            "redirect=example",
            "write a scheme and a host such as http://127.0.0.1:9091",
        ),
        ("client-key-header=a b", "write the name of a header"),
    ] {
        check_wrong(&["sandbox", "--personality", personality], &[words]);
    }
}

#[test]
fn personalities_that_contradict_each_other_are_refused() {
    let both = |one, other| ["sandbox", "--personality", one, "--personality", other];
    for (one, other, matter) in [
        ("hal", "paged-model", "how a list is wrapped"),
        ("bare-array", "one-based", "how a page is counted"),
        ("hal", "content-name=items", "what holds the rows of a list"),
        ("body-put", "path-put", "where the id of a PUT stands"),
        ("empty-204", "only-id", "what a write is answered with"),
        ("created-201", "empty-204", "the status of a create"),
        ("decimal-text", "money-cents", "how decimals are written"),
        ("date-millis", "date-arrays", "how dates are written"),
        ("html-errors", "text-errors", "how a failure is told"),
        ("no-delete", "soft-delete", "what a delete does"),
    ] {
        let words =
            format!("personalities {one} and {other} contradict each other: both say {matter}");
        check_wrong(
            &both(one, other),
            &[&words, "Usage: peerassist-gateway sandbox"],
        );
    }
    check_wrong(
        &both("slow=1", "slow=2"),
        &["personality slow is given twice"],
    );
    let serve = [
        "serve",
        "--sandbox",
        "--personality",
        "hal",
        "--personality",
        "slice",
    ];
    check_wrong(&serve, &["contradict", "Usage: peerassist-gateway serve"]);
    check_wrong(
        &[
            "serve",
            "--upstream",
            "https://a.example",
            "--personality",
            "hal",
        ],
        &["--upstream"],
    );
}

#[tokio::test]
async fn several_hold_at_once_in_their_order() {
    let sandbox = several(&[
        "one-based",
        "paged-model",
        "content-name=items",
        "fwo-renamed",
        "fwo-nested",
        "explicit-nulls",
        "string-ids",
        "decimal-exponents",
        "date-no-zone",
        "unknown-status",
        "spaced-words",
    ]);
    let page = sandbox.read("/fwo?page=2&size=1").await.body;
    let expected = concat!(
        r#"{"items":[{"id":"2","fwoNumber":"000002","ticketType":"Field Work","step":"Owner Review","#,
        r#""summary":"Overtime to recover schedule, area 349","categories":["Owner Change","Premium Time"],"#,
        r#""referenceNumber":"WO-12765","gcReference":null,"premiumTime":true,"romAmount":1.920000E4,"#,
        r#""amount":2.004528E4,"laborHours":1.1100E2,"groupName":null,"changeOrderNumber":null,"#,
        r#""invoiceNumber":null,"createdBy":"foreman@lakeline.example","createdDate":"2025-03-20T11:51:31.745","#,
        r#""updatedDate":"2025-05-03T22:34:02.639","project":{"id":"1","number":"24-0137","name":"Clinic Wing B"},"#,
        r#""customer":{"id":"3","name":"USA General Contractors, Inc."}}],"#,
        r#""page":{"size":1,"number":1,"totalElements":4,"totalPages":4}}"#
    );
    assert_eq!(page, expected);
}

#[tokio::test]
async fn a_status_is_chosen_before_its_shape() {
    let sandbox = several(&[
        "not-found-status=500",
        "expired-403",
        "text-errors",
        "created-201",
        "only-id",
    ]);
    let unknown = sandbox.read("/customer/99").await;
    assert_eq!(unknown.told(), (500, "Customer 99 not found"));
    let refused = sandbox
        .call_with("unknown", Method::GET, "/customer/3", "")
        .await;
    assert_eq!(refused.told(), (403, "Invalid or expired token"));
}

#[tokio::test]
async fn neither_the_counter_nor_the_document_has_a_personality() {
    let sandbox = several(&["html-errors", "no-fwo-details", "fail=503:2", "date-millis"]);
    sandbox.login(ADMIN).await;
    assert_eq!(sandbox.read("/fwo/1").await.status, 404);
    assert_eq!(sandbox.read("/fwo").await.status, 503);
    let counted =
        json!({"total": 3, "routes": {"GET /fwo": 1, "GET /fwo/{id}": 1, "POST /auth": 1}});
    assert_eq!(sandbox.calls().await, counted);
    let refused = sandbox
        .request(Method::POST, "/__calls")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            refused.status().as_u16(),
            &refused.headers()["content-type"]
        ),
        (405, &"application/json; charset=UTF-8".parse().unwrap())
    );
    let document = sandbox
        .request(Method::GET, "/v3/api-docs")
        .send()
        .await
        .unwrap();
    let document: serde_json::Value = document.json().await.unwrap();
    let committed = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schema/upstream.openapi.json"
    ));
    assert_eq!(
        document,
        serde_json::from_str::<serde_json::Value>(&committed.unwrap()).unwrap()
    );
}

#[tokio::test]
async fn a_head_has_the_length_of_its_get() {
    let sandbox = several(&["hal", "explicit-nulls"]);
    for path in ["/fwo?size=2", "/customer/3"] {
        let whole = sandbox.read(path).await.body;
        let head = sandbox.call(Method::HEAD, path, "").await;
        assert_eq!(
            (
                head.status,
                head.header("content-length"),
                head.body.as_str()
            ),
            (200, whole.len().to_string().as_str(), "")
        );
    }
}

#[test]
fn the_sandbox_of_the_gateway_has_them_too() {
    let arguments = [
        "serve",
        "--sandbox",
        "--set",
        "docs",
        "--personality",
        "fail=503",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    let mut gateway = Process::start(&arguments, &[]);
    let sandbox = gateway.address("sandbox");
    let answer = crate::support::raw::get(sandbox, "/customer/3", "");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}
