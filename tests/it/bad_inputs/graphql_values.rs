//! G49, G50 and G52 to G54: numbers of rows, cursors, ids and texts that reach the upstream.

use serde_json::json;

use crate::bad_inputs::http1::Request;
use crate::bad_inputs::http1::ask;
use crate::bad_inputs::process::Gateway;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;
use crate::support::door::TOKEN;
use crate::support::stub::Asked;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(super) const IDS: &[&str] = &["G49", "G50", "G52", "G53", "G54"];

const INPUT: &str = "BAD_USER_INPUT";

/// Paths and pieces of URLs that an id must not be, from the matrix.
pub(super) const HOSTILE: [&str; 21] = [
    ".",
    "..",
    "%2e%2e",
    "..%2f",
    "a/b",
    "a?x=1",
    "a#f",
    "@evil",
    "//evil",
    "\\evil",
    "a\tb",
    "a\nb",
    "a\rb",
    "",
    " ",
    "..;",
    "%00",
    "\u{ff0e}\u{ff0e}",
    "\u{2025}",
    "1 OR 1=1",
    "-1",
];

fn list(arguments: &str) -> Request {
    Request::query(&format!(
        "{{ customers({arguments}) {{ edges {{ cursor }} totalCount }} }}"
    ))
}

/// At most 200 rows a page, as the schema says, so that 201 is the first that is too many; and 2³¹ is no `Int` at all
/// (GraphQL, "Int": "must raise a request error"), so that nothing runs.
fn counts() -> Vec<Case> {
    let of = |what: &'static str| case("G49", what, list(what));
    vec![
        of("first: 0").costs(1),
        of("first: 101").costs(1),
        of("first: 200").costs(1),
        of("offset: 0").costs(1),
        of("first: -1").field_error(INPUT),
        of("first: 201").field_error(INPUT),
        of("last: -1").field_error(INPUT),
        of("first: 1, last: 1").field_error(INPUT),
        of("offset: -1").field_error(INPUT),
        of("last: 1, offset: 1").field_error(INPUT),
        of("first: 2147483648").invalid(INPUT),
    ]
}

fn cursors() -> Vec<Case> {
    let long = "A".repeat(10 * 1024);
    let sealed = URL_SAFE_NO_PAD.encode([7; 60]);
    let texts = [
        "zebra",
        "not base64!",
        "",
        "../../customers",
        "Li4vLi4v",
        &sealed,
        &long,
        "\u{0}",
        "MQ==",
    ];
    let mut cases = Vec::new();
    for text in texts {
        for end in ["after", "before"] {
            let query = format!("query($c: String) {{ customers({end}: $c) {{ totalCount }} }}");
            let request = Request::query_with(&query, json!({ "c": text }));
            cases.push(case("G50", text, request).field_error("INVALID_CURSOR"));
        }
    }
    cases
}

/// The cursor of the first customer in the list with these arguments, as this token's bearer sees it.
async fn cursor(gateway: &Gateway, arguments: &str, token: &str) -> String {
    let text = format!("{{ customers({arguments}) {{ edges {{ cursor }} }} }}");
    let request = Request::query(&text).header("authorization", format!("Bearer {token}"));
    let answer = ask(gateway.address, &request).await.json();
    let cursor = &answer["data"]["customers"]["edges"][0]["cursor"];
    cursor
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// A cursor is good in its own list for its own caller, and nowhere else.
async fn foreign_cursors(profiles: &Profiles) {
    let (own, other) = (TOKEN, "b3RoZXItdG9rZW4");
    let gateway = profiles.audits();
    let (all, one) = ("first: 1", "first: 1, orderBy: { field: NAME }");
    let good = cursor(gateway, all, own).await;
    let after = |list: &str, cursor: &str| {
        let query = format!("query($c: String) {{ {list}, after: $c) {{ totalCount }} }}");
        Request::query_with(&query, json!({ "c": cursor }))
    };
    let refused = |what, request| case("G50", what, request).field_error("INVALID_CURSOR");
    let list = "customers(first: 1";
    profiles
        .run_audits(vec![
            case("G50", "its own", after(list, &good)).costs(1),
            refused(
                "another user's",
                after(list, &cursor(gateway, all, other).await),
            ),
            refused(
                "of another order",
                after(list, &cursor(gateway, one, own).await),
            ),
            refused(
                "of another filter",
                after("customers(filter: { name: \"a\" }", &good),
            ),
            refused("of another list", after("fwos(first: 1", &good)),
            refused("cut short", after(list, &good[1..])),
        ])
        .await;
}

fn node(id: &str) -> Request {
    Request::query_with(
        "query($id: ID!) { node(id: $id) { id } }",
        json!({ "id": id }),
    )
}

fn ids() -> Vec<Case> {
    let sealed = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let long = "A".repeat(10 * 1024);
    let mut cases = vec![
        case(
            "G52",
            "a type that is not there",
            node(&sealed("Invoice:3")),
        ),
        case("G52", "a type that is no node", node(&sealed("PageInfo:3"))),
    ];
    for text in [
        "",
        "zebra!",
        "not base64",
        &long,
        &sealed("Customer"),
        &sealed(":3"),
    ] {
        cases.push(case("G52", text, node(text)).field_error(INPUT));
    }
    for hostile in HOSTILE.into_iter().chain([&*"9".repeat(300)]) {
        for kind in ["Customer", "Fwo"] {
            let id = sealed(&format!("{kind}:{hostile}"));
            cases.push(case("G53", hostile, node(&id)).field_error(INPUT));
        }
        let by = "query($id: ID) { customer(by: { id: $id }) { id } }";
        let request = Request::query_with(by, json!({ "id": hostile }));
        cases.push(case("G53", hostile, request).field_error(INPUT));
    }
    let number = "query($id: Int64) { customer(by: { databaseId: $id }) { id } }";
    for hostile in HOSTILE {
        let request = Request::query_with(number, json!({ "id": hostile }));
        // A text that is no number is no Int64 at all; one that is none of an id is told at its field.
        let case = case("G53", hostile, request);
        cases.push(match hostile {
            "-1" => case.field_error(INPUT),
            _ => case.invalid(INPUT),
        });
    }
    cases
}

fn texts() -> Vec<Case> {
    let lookup = "query($n: String) { customer(by: { number: $n }) { id } }";
    let search = "query($n: String) { customers(filter: { name: $n }) { totalCount } }";
    let mut cases = Vec::new();
    for text in [
        "a\r\nx-evil: 1",
        "a\r\n\r\nGET /evil HTTP/1.1",
        "a&number=b",
        "a#b",
        "a?b=c",
        "../evil",
        "a b",
        "\u{1f600}",
    ] {
        for query in [lookup, search] {
            let case = case(
                "G54",
                text,
                Request::query_with(query, json!({ "n": text })),
            );
            cases.push(match text.contains(char::is_control) {
                true => case.field_error(INPUT),
                false => case.costs(1),
            });
        }
    }
    cases
}

/// However a text is made, it is one parameter of one request that the upstream saw.
fn is_one_parameter(asked: &Asked) -> bool {
    let names = ["number", "name", "page", "size", "sort"];
    let known = asked
        .query
        .iter()
        .all(|(name, _)| names.contains(&name.as_str()));
    known && !asked.headers.contains_key("x-evil")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_meant_costs_no_upstream_call() {
    let profiles = Profiles::start(&[]).await;
    profiles.run(counts()).await;
    profiles.run(cursors()).await;
    foreign_cursors(&profiles).await;
    profiles.run(ids()).await;
    profiles.run(texts()).await;
    for asked in profiles.asked() {
        assert!(is_one_parameter(&asked), "{asked:?}");
        let paths = ["/customer", "/customer/1"];
        assert!(paths.contains(&asked.path.as_str()), "{asked:?}");
    }
}
