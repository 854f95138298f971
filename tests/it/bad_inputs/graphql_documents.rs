//! G34 to G39 and G58 to G62: documents that do not parse, are not valid, or ask for what is not offered.

use serde_json::json;

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::MARKER;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;
use peerassist_gateway::graphql::sdl;

pub(super) const IDS: &[&str] = &[
    "G34", "G35", "G36", "G37", "G38", "G39", "G58", "G59", "G60", "G61", "G62",
];

const PARSE: &str = "GRAPHQL_PARSE_FAILED";
const VALIDATION: &str = "GRAPHQL_VALIDATION_FAILED";
const INPUT: &str = "BAD_USER_INPUT";

fn unparsable() -> Vec<Case> {
    let texts = [
        ("G34", "{".to_owned()),
        (
            "G34",
            format!("{{ customer(by: {{ number: \"{MARKER}\" }} {{ }}"),
        ),
        ("G34", format!("{{ a(b: \"{MARKER}\n\") }}")),
        ("G34", format!("\"{MARKER}\" {{ __typename }}")),
        ("G34", "{ a ".repeat(20)),
        ("G34", "type Query { a: Int }".to_owned()),
        ("G35", String::new()),
        ("G35", " \n\t,, ".to_owned()),
        ("G35", format!("# {MARKER}")),
        (
            "G61",
            r#"{ customer(by: { number: "\uD800" }) { id } }"#.to_owned(),
        ),
        (
            "G61",
            r#"{ customer(by: { number: "\uDC00\uD800" }) { id } }"#.to_owned(),
        ),
        ("G61", "{ \u{202e}customer }".to_owned()),
        // No number of 64 bits is so large, and the parser makes one of each (GraphQL, "Float": "a request error must be
        // raised" for what "is not representable by finite IEEE 754").
        (
            "G38",
            "{ customers(first: 1e400) { totalCount } }".to_owned(),
        ),
    ];
    let texts = texts.into_iter();
    texts
        .map(|(id, text)| {
            case(id, text.clone(), Request::query(&text)).refused([400, 200, 400], PARSE)
        })
        .collect()
}

fn invalid() -> Vec<Case> {
    let texts = [
        ("G36", "{ nope }"),
        ("G36", "{ customer { id } }"),
        ("G36", "{ customer(by: { databaseId: 1 }, more: 1) { id } }"),
        ("G36", "query($a: Nope) { customer(by: $a) { id } }"),
        (
            "G36",
            "{ customer(by: { databaseId: 1 }) { ... on Nope { id } } }",
        ),
        ("G36", "{ customer(by: { databaseId: 1 }) }"),
        ("G36", "{ ...nope }"),
        ("G38", "query($unused: Int) { __typename }"),
        ("G60", "{ __typename @skip }"),
        ("G60", "{ __typename @skip(if: \"zebra\") }"),
        ("G60", "{ __typename @include(if: 1) }"),
        ("G60", "{ __typename @include(unless: true) }"),
        ("G60", "{ __typename @nope }"),
    ];
    let mut cases: Vec<Case> = texts
        .into_iter()
        .map(|(id, text)| case(id, text, Request::query(text)).invalid(VALIDATION))
        .collect();
    for (id, text) in [
        ("G60", "{ ... @defer { __typename } }"),
        (
            "G60",
            "{ customer(by: { databaseId: 1 }) { ...F @defer(label: \"zebra\") } } fragment F on Customer { id }",
        ),
        (
            "G60",
            "{ customers { edges @stream(initialCount: 1) { cursor } } }",
        ),
        (
            "G60",
            "{ __typename ...F } fragment F on Query { ... @defer { __typename } }",
        ),
    ] {
        cases.push(
            case(id, text, Request::query(text))
                .invalid(VALIDATION)
                .and(tells_of_delivery),
        );
    }
    cases
}

fn tells_of_delivery(answer: &Answer) -> Result<(), String> {
    let message = "incremental delivery is not offered: @defer and @stream";
    let found = &answer.json()["errors"];
    (found[0]["message"] == message && found.as_array().is_some_and(|all| all.len() == 1))
        .then_some(())
        .ok_or(format!("{found} does not say {message:?}"))
}

/// 2³¹ is no value of `Int` (GraphQL, "Int": "a request error must be raised"), in the document and in a variable.
fn values() -> Vec<Case> {
    let needed = "query($n: Int!) { customers(first: $n) { totalCount } }";
    let filtered = "query($f: CustomersFilter) { customers(filter: $f) { totalCount } }";
    let by_variables = [
        ("missing", needed, json!({})),
        ("null", needed, json!({ "n": null })),
        ("a text", needed, json!({ "n": MARKER })),
        ("a list", needed, json!({ "n": [1] })),
        ("an object", needed, json!({ "n": { "a": 1 } })),
        ("a fraction", needed, json!({ "n": 1.5 })),
        ("2^31", needed, json!({ "n": 2_147_483_648_i64 })),
        (
            "2^64",
            needed,
            json!({ "n": 18_446_744_073_709_551_615_u64 }),
        ),
        (
            "an unknown member",
            filtered,
            json!({ "f": { "nope": MARKER } }),
        ),
        (
            "an unknown value",
            filtered,
            json!({ "f": { "status": ["ZEBRA"] } }),
        ),
    ];
    let mut cases: Vec<Case> = by_variables
        .into_iter()
        .map(|(what, text, variables)| {
            case("G38", what, Request::query_with(text, variables)).invalid(INPUT)
        })
        .collect();
    for argument in [
        "customers(first: 2147483648)",
        "customers(first: \"zebra\")",
        "customers(filter: { status: [ZEBRA] })",
        "customers(orderBy: { field: ZEBRA })",
        "customers(filter: { nope: \"zebra\" })",
    ] {
        let text = format!("{{ {argument} {{ totalCount }} }}");
        cases.push(case("G38", argument, Request::query(&text)).invalid(INPUT));
    }
    cases
}

fn operations() -> Vec<Case> {
    let two = "query a { __typename } query b { __typename }";
    let named = |text: &str, name: &str| {
        Request::post(json!({ "query": text, "operationName": name }).to_string())
    };
    let unresolved = [
        ("two, no name", Request::query(two)),
        ("no such name", named(two, MARKER)),
        ("one, another name", named("query a { __typename }", MARKER)),
        (
            "one without a name, a name",
            named("{ __typename }", MARKER),
        ),
        (
            "fragments only",
            Request::query("fragment f on Query { __typename }"),
        ),
    ];
    let unresolved = unresolved.into_iter();
    let mut cases: Vec<Case> = unresolved
        .map(|(what, request)| case("G39", what, request).invalid("OPERATION_RESOLUTION_FAILURE"))
        .collect();
    cases.push(case("G39", "a known name", named(two, "b")));
    cases
}

/// GraphQL's strings take any Unicode scalar value; control characters below U+0020 but for tab and line ends are none
/// of its source characters before the edition of September 2025, and are in it.
fn unicode() -> Vec<Case> {
    let number = |text: &str| {
        let text = format!("{{ customer(by: {{ number: \"{text}\" }}) {{ id }} }}");
        Request::query(&text)
    };
    let marks = "a\u{300}".repeat(85_000);
    let variable = "query($n: String) { customers(filter: { name: $n }) { totalCount } }";
    vec![
        case("G61", "emoji", number("\u{1f600}")).costs(1),
        case("G61", "escaped emoji", number("\\uD83D\\uDE00")).costs(1),
        case("G61", "an emoji by its braces", number("\\u{1F600}")).costs(1),
        case(
            "G61",
            "combining marks",
            Request::query_with(variable, json!({ "n": marks })),
        )
        .field_error(INPUT),
    ]
}

fn depth() -> Vec<Case> {
    let circle = format!(
        "{{ __schema {{ types {{ {} name {} }} }} }}",
        "fields { type { ".repeat(8),
        "} } ".repeat(8)
    );
    vec![case("G59", "8 deep", Request::query(&circle)).invalid("QUERY_TOO_COMPLEX")]
}

/// The names of the schema that `__typename` does not tell anyhow.
fn tells_no_name(answer: &Answer) -> Result<(), String> {
    let text = answer.text();
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let names = words(&sdl());
    let ours = [
        "customer",
        "customers",
        "fwo",
        "fwos",
        "node",
        "Customer",
        "CustomersFilter",
    ];
    assert!(
        ours.iter()
            .all(|name| names.iter().any(|known| known == name))
    );
    let told = words(&text)
        .into_iter()
        .find(|word| ours.contains(&word.as_str()));
    told.map_or(Ok(()), |name| Err(format!("{name} is told")))
}

fn secretive() -> Vec<Case> {
    let introspection = [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ ...F } fragment F on Query { __schema { queryType { name } } }",
        "{ ... { a: __schema { queryType { name } } } }",
    ];
    let mut cases: Vec<Case> = introspection
        .into_iter()
        .map(|text| case("G58", text, Request::query(text)).invalid("INTROSPECTION_DISABLED"))
        .collect();
    let get = Request::get("query={__schema{queryType{name}}}");
    cases.push(case("G58", "by GET", get).invalid("INTROSPECTION_DISABLED"));
    cases.push(case(
        "G58",
        "the type's name",
        Request::query("{ __typename }"),
    ));
    for text in [
        "{ custmer { id } }",
        "{ customerz }",
        "{ nods(ids: []) { id } }",
        "{ fw }",
    ] {
        let misspelt = case("G37", text, Request::query(text)).invalid(VALIDATION);
        cases.push(misspelt.and(tells_no_name));
    }
    cases
}

fn hashed(request: serde_json::Value) -> Request {
    Request::post(request.to_string())
}

fn unpersisted() -> Vec<Case> {
    let hash = "0".repeat(64);
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let of = |body| {
        case("G62", "off", hashed(body)).refused([400, 200, 400], "PERSISTED_QUERY_NOT_SUPPORTED")
    };
    vec![
        of(json!({ "extensions": persisted })).and(says_so),
        of(json!({ "documentId": format!("sha256:{hash}") })).and(says_so),
    ]
}

/// Apollo's clients compare the text.
fn says_so(answer: &Answer) -> Result<(), String> {
    let message = &answer.json()["errors"][0]["message"];
    (message == "PersistedQueryNotSupported")
        .then_some(())
        .ok_or(format!("{message}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_run_is_told_without_its_text() {
    let profiles = Profiles::start(&[("PEERASSIST_GRAPHQL__PERSISTED_BYTES_MAX", "0")]).await;
    profiles.run(unparsable()).await;
    profiles.run(invalid()).await;
    profiles.run(values()).await;
    profiles.run(operations()).await;
    profiles.run(unicode()).await;
    profiles.run(depth()).await;
    profiles.run(unpersisted()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_may_not_be_asked_for_is_not_told() {
    let profiles = Profiles::start(&[("PEERASSIST_GRAPHQL__INTROSPECTION", "false")]).await;
    profiles.run(secretive()).await;
}
