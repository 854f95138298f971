//! G40 to G48 and G51: documents that ask for too much, and how much of that is told.

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;

pub(super) const IDS: &[&str] = &[
    "G40", "G41", "G42", "G43", "G44", "G45", "G46", "G47", "G48", "G51",
];

const COMPLEX: &str = "QUERY_TOO_COMPLEX";
const LARGE: &str = "QUERY_TOO_LARGE";
const VALIDATION: &str = "GRAPHQL_VALIDATION_FAILED";

fn query(id: &'static str, what: &str, text: impl AsRef<str>) -> Case {
    case(id, what, Request::query(text.as_ref()))
}

fn nested() -> Vec<Case> {
    let lists = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let objects = |n: usize| format!("{}1{}", "{a:".repeat(n), "}".repeat(n));
    let of = |value: String| format!("{{ customer(by: {value}) {{ id }} }}");
    let default = |value: String| format!("query($a: X = {value}) {{ __typename }}");
    let fields = |n: usize| format!("{}{}", "{ a ".repeat(n), "} ".repeat(n));
    let refused = [
        ("41 brackets", format!("{{ a(b: {}) }}", lists(39))),
        ("3,000 lists", of(lists(3_000))),
        ("3,000 objects", of(objects(3_000))),
        ("3,000 lists by default", default(lists(3_000))),
        ("3,000 objects by default", default(objects(3_000))),
        (
            "lists behind an escaped quote",
            format!(r#"{{ a(b: "\"", c: {}) }}"#, lists(3_000)),
        ),
        (
            "lists behind a block string",
            format!(r#"{{ a(b: """\"""[""", c: {}) }}"#, lists(3_000)),
        ),
        (
            "lists behind a comment",
            format!("{{ a # {{\n(b: {}) }}", lists(3_000)),
        ),
        ("brackets that never close", "[{(".repeat(1_000)),
        (
            "types of lists",
            format!(
                "query($a: {}Int{}) {{ a }}",
                "[".repeat(3_000),
                "]".repeat(3_000)
            ),
        ),
        (
            "values of directives",
            format!("{{ a @b(c: {}) }}", lists(3_000)),
        ),
        ("41 levels of fields", fields(41)),
    ];
    // Where a block string has no end, the parser takes its first two quotes for an empty string.
    let unended = ["\"\"\"\"", "\"\"\"", "\"", "\"\\\n"].map(|quotes| {
        let text = format!("{{ a(b: [{quotes}{}]) }}", lists(500));
        query("G40", quotes, text).refused([400, 200, 400], "GRAPHQL_PARSE_FAILED")
    });
    let mut cases: Vec<Case> = refused
        .iter()
        .map(|(what, text)| query("G40", what, text).invalid(COMPLEX))
        .collect();
    cases.extend(unended);
    // As deep as the text may nest; that there is no such argument is another matter.
    cases.push(
        query("G40", "40 brackets", format!("{{ a(b: {}) }}", lists(38))).invalid(VALIDATION),
    );
    cases.push(query("G41", "16 levels", fields(16)).invalid(COMPLEX));
    cases.push(query("G41", "15 levels", fields(15)).invalid(VALIDATION));
    let chain = format!(
        "{{ ...f0 }} {}",
        (0..16)
            .map(|n| format!("fragment f{n} on Query {{ a {{ ...f{} }} }} ", n + 1))
            .collect::<String>()
    );
    let chain = format!("{chain} fragment f16 on Query {{ a }}");
    cases.push(query("G41", "16 levels through fragments", chain).invalid(COMPLEX));
    cases
}

/// `levels` fragments, each of which spreads the next one `fan` times.
pub(super) fn bomb(fan: usize, levels: usize) -> String {
    let fragment = |n| {
        let spreads = format!("...f{} ", n + 1).repeat(fan);
        format!("fragment f{n} on Customer {{ {spreads} }} ")
    };
    let fragments: String = (0..levels).map(fragment).collect();
    let root = "customer(by: { databaseId: 1 }) { ...f0 }";
    format!("{{ {root} }} {fragments} fragment f{levels} on Customer {{ id }}")
}

/// 10,000 fragments of the shortest form are 180 KB, so G48 speaks before G43.
fn fragments() -> Vec<Case> {
    let of = |n: usize| {
        (0..n)
            .map(|n| format!("fragment f{n} on Query{{a}}"))
            .collect::<String>()
    };
    let used = |n: usize| format!("{{ __typename }} {}", of(n));
    let mut cases: Vec<Case> = [(100, 4), (2, 40), (300, 3), (1_000, 2)]
        .into_iter()
        .map(|(fan, levels)| {
            query("G42", &format!("{fan} x {levels}"), bomb(fan, levels)).invalid(COMPLEX)
        })
        .collect();
    let unused = bomb(2, 40).replace("...f0", "id");
    cases.push(query("G42", "unused", unused).invalid(COMPLEX));
    cases.extend([
        query("G43", "itself", "{ ...a } fragment a on Query { ...a }").invalid(COMPLEX),
        query(
            "G43",
            "circle",
            "{ ...a } fragment a on Query { ...b } fragment b on Query { x { ...a } }",
        )
        .invalid(COMPLEX),
        query(
            "G43",
            "unused circle",
            "{ __typename } fragment a on Query { ...b } fragment b on Query { ...a }",
        )
        .invalid(COMPLEX),
        query("G43", "50 unused", used(50)).invalid(COMPLEX),
        query("G43", "49 unused", used(49)).invalid(VALIDATION),
        query("G43", "10,000 unused", used(10_000)).invalid(LARGE),
    ]);
    cases
}

fn counted() -> Vec<Case> {
    let aliases = |n: usize| (0..n).map(|n| format!("a{n}: id ")).collect::<String>();
    let of_customer =
        |fields: &str| format!("{{ customer(by: {{ databaseId: 1 }}) {{ {fields} }} }}");
    let doubled = format!(
        "{{ customer(by: {{ databaseId: 1 }}) {{ ...f }} again: customer(by: {{ databaseId: 1 }}) {{ ...f }} }} \
         fragment f on Customer {{ {} }}",
        aliases(15)
    );
    let roots = |n: usize| format!("{{ {} }}", "__typename ".repeat(n));
    let login = r#"login(input: { userName: "zebra", password: "zebra" }) { token }"#;
    let deletions = |n: usize| {
        let one = |n| format!("a{n}: deleteFwo(input: {{ id: \"zebra\" }}) {{ deletedFwoId }} ");
        format!("mutation {{ {} }}", (0..n).map(one).collect::<String>())
    };
    let directives = |n: usize| format!("{{ __typename {} }}", "@skip(if: false) ".repeat(n));
    vec![
        query("G44", "30", of_customer(&aliases(30))).costs(1),
        query("G44", "31", of_customer(&aliases(31))).invalid(COMPLEX),
        query("G44", "31 through a fragment", doubled).invalid(COMPLEX),
        query("G45", "20 roots", roots(20)),
        query("G45", "21 roots", roots(21)).invalid(COMPLEX),
        query("G45", "6 mutations", deletions(6)).invalid(COMPLEX),
        query(
            "G45",
            "2 logins",
            format!("mutation {{ a: {login} b: {login} }}"),
        )
        .invalid(COMPLEX),
        query(
            "G45",
            "2 logins by a fragment",
            format!("mutation {{ {login} ...f }} fragment f on Mutation {{ b: {login} }}"),
        )
        .invalid(COMPLEX),
        query("G46", "51", directives(51)).invalid(COMPLEX),
        query(
            "G46",
            "50,000 unknown",
            format!("{{ __typename {} }}", "@a ".repeat(50_000)),
        )
        .invalid(LARGE),
        query(
            "G46",
            "50 unknown",
            of_customer(&format!("id {}", "@a ".repeat(50))),
        )
        .invalid(VALIDATION)
        .and(tells_few),
        query(
            "G47",
            "900 unknown",
            of_customer(&(0..900).map(|n| format!("u{n} ")).collect::<String>()),
        )
        .invalid(VALIDATION)
        .and(tells_few),
        query(
            "G48",
            "32 KiB",
            format!("{{ __typename }} #{}", "x".repeat(32 * 1024 - 16)),
        ),
        query(
            "G48",
            "32 KiB and a byte",
            format!("{{ __typename }} #{}", "x".repeat(32 * 1024 - 15)),
        )
        .invalid(LARGE),
        query("G48", "4,001 tokens", "a ".repeat(4_001)).invalid(LARGE),
        query(
            "G48",
            "30 KB of comments",
            format!("{{ __typename }}{}", "\n#x".repeat(10_000)),
        ),
        query(
            "G48",
            "one text of 33 KiB",
            format!(
                "{{ customer(by: {{ number: \"{}\" }}) {{ id }} }}",
                "x".repeat(33 * 1024)
            ),
        )
        .invalid(LARGE),
    ]
}

/// At most 20 errors and how many more there are, and an answer that is not much larger than the request.
fn tells_few(answer: &Answer) -> Result<(), String> {
    let errors = answer.json()["errors"].clone();
    let errors = errors.as_array().cloned().unwrap_or_default();
    let last = errors
        .last()
        .and_then(|error| error["message"].as_str().map(str::to_owned));
    let told = last.is_some_and(|last| last.starts_with("and ") && last.ends_with(" more errors"));
    (errors.len() == 21 && told && answer.body.len() < 8 * 1024)
        .then_some(())
        .ok_or(format!(
            "{} errors in {} bytes",
            errors.len(),
            answer.body.len()
        ))
}

/// The design's own page on the ledger gives what is too dear a word of its own, `BUDGET_EXCEEDED`, at both doors, and
/// goes before the matrix.
fn products() -> Vec<Case> {
    let lists = |depth: usize| {
        let open = "customers(first: 100) { edges { node { ";
        let inner = "fwos(first: 101) { edges { node { id ".to_owned();
        let body = format!("{}{inner}", open.repeat(depth));
        format!("{{ {body} {} }}", "} } } ".repeat(depth + 1))
    };
    vec![query("G51", "100 x 101", lists(1)).invalid("BUDGET_EXCEEDED")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_asks_for_too_much_is_refused_by_its_measure() {
    let profiles = Profiles::start(&[]).await;
    profiles.run(nested()).await;
    profiles.run(fragments()).await;
    profiles.run(counted()).await;
    profiles.run(products()).await;
}
