//! G12 to G21: GET, and the methods that are neither GET nor POST.

use url::form_urlencoded::byte_serialize;

use crate::bad_inputs::http1::Request;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::MARKER;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;

pub(super) const IDS: &[&str] = &[
    "G12", "G13", "G14", "G15", "G16", "G17", "G18", "G19", "G20", "G21",
];

const METHOD: &str = "METHOD_NOT_ALLOWED";

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn get(query: &str) -> Request {
    Request::get(&format!("query={}", encoded(query)))
}

fn without_token(request: Request) -> Request {
    request.header("authorization", "")
}

fn runs_queries_alone() -> Vec<Case> {
    let query = || get("query($n: Int) { customers(first: $n) { totalCount } }");
    let with = |name: &'static str| without_token(get("{ __typename }")).header(name, "1");
    let mutation = format!(
        r#"mutation {{ login(input: {{ userName: "{MARKER}", password: "x" }}) {{ token }} }}"#
    );
    let named = format!(
        "query a {{ __typename }} {}",
        mutation.replace("mutation", "mutation b")
    );
    let named = Request::get(&format!("query={}&operationName=b", encoded(&named)));
    let mut cases = vec![
        case("G12", "a query", query()).costs(1),
        case(
            "G12",
            "with JSON's type",
            query().header("content-type", "application/json"),
        ),
        case("G13", "no token", without_token(get("{ __typename }"))).always(403, "CSRF_PREVENTED"),
        case("G13", "asked before", with("graphql-require-preflight")),
        case(
            "G13",
            "asked before, Apollo",
            with("apollo-require-preflight"),
        ),
        case("G13", "only a custom name", with("x-anything")).always(403, "CSRF_PREVENTED"),
        case("G15", "a mutation", get(&mutation))
            .always(405, METHOD)
            .with("allow", "POST"),
        case("G15", "one of two", named)
            .always(405, METHOD)
            .with("allow", "POST"),
        case("G16", "a subscription", get("subscription { x }"))
            .always(405, METHOD)
            .with("allow", "POST"),
    ];
    for kind in [
        "text/plain",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
    ] {
        let request = get("{ __typename }").header("content-type", kind);
        cases.push(case("G14", kind, request).always(415, "UNSUPPORTED_MEDIA_TYPE"));
    }
    for method in [
        "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "QUERY", "ZEBRA",
    ] {
        let request = Request::query("{ __typename }").method(method);
        let refused = case("G17", method, request).always(405, METHOD);
        cases.push(refused.with("allow", "GET, POST"));
    }
    cases
}

/// `1e999` is JSON by its grammar; that no number is so large is as far as the standard lets a reader go (RFC 8259,
/// section 6).
fn parameters() -> Vec<Case> {
    let typename = encoded("{ __typename }");
    let with = |more: &str| Request::get(&format!("query={typename}&{more}"));
    let long = |bytes: usize| {
        let comment = "#".repeat(bytes - "query=&x=".len() - typename.len());
        with(&format!("x={}", comment.replace('#', "a")))
    };
    let mut cases = vec![
        case("G19", "an empty name", with("operationName=")),
        case("G19", "empty variables", with("variables=&extensions=")),
        case("G21", "16 KiB", long(16 * 1024)),
        case("G21", "16 KiB and a byte", long(16 * 1024 + 1)).always(414, "URI_TOO_LONG"),
        case("G21", "60 KiB", long(60 * 1024)).always(414, "URI_TOO_LONG"),
    ];
    for (name, bad) in [
        ("variables", "{bad json"),
        ("extensions", "}"),
        ("variables", "1e999"),
        ("variables", "\0"),
        ("variables", "{\"a\":1}{}"),
    ] {
        let bad = format!("{name}={}", encoded(bad));
        cases.push(case("G18", &*bad, with(&bad)).always(400, "BAD_REQUEST"));
    }
    for (name, bad) in [
        ("variables", "[1]"),
        ("variables", "1"),
        ("variables", "\"x\""),
        ("variables", "{\"a\":1,\"a\":1}"),
        ("extensions", "1"),
    ] {
        let bad = format!("{name}={}", encoded(bad));
        cases.push(case("G18", &*bad, with(&bad)).refused([400, 400, 422], "BAD_REQUEST"));
    }
    for twice in [
        format!("query={typename}"),
        "operationName=a&operationName=a".into(),
        "variables={}&variables={}".into(),
    ] {
        cases.push(case("G20", &*twice, with(&twice)).refused([400, 400, 422], "BAD_REQUEST"));
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_runs_queries_that_no_other_site_could_send() {
    let profiles = Profiles::start(&[]).await;
    profiles.run(runs_queries_alone()).await;
    profiles.run(parameters()).await;
}
