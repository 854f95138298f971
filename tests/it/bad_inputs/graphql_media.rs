//! G1 to G11: the types that a client takes, and the types that it sends.

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::GRAPHQL;
use crate::bad_inputs::row::JSON;
use crate::bad_inputs::row::MARKER;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;

pub(super) const IDS: &[&str] = &[
    "G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G11",
];

const UNSUPPORTED: &str = "UNSUPPORTED_MEDIA_TYPE";

/// What Apollo Client 4 sends.
const APOLLO: &str = "application/graphql-response+json,application/json;q=0.9";

/// What urql 5 sends.
const URQL: &str = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed";

fn accepting(accept: &str) -> Request {
    Request::query("{ __typename }").header("accept", accept)
}

fn is(answer: &Answer, kind: &str) -> Result<(), String> {
    let wanted = format!("{kind}; charset=utf-8");
    let found = answer.header("content-type");
    (found == wanted)
        .then_some(())
        .ok_or(format!("{found} is not {wanted}"))
}

fn mutation() -> String {
    let mutation = format!(
        r#"mutation {{ login(input: {{ userName: "{MARKER}", password: "{MARKER}" }}) {{ token }} }}"#
    );
    serde_json::json!({ "query": mutation }).to_string()
}

fn sent_as(content_type: &str) -> Request {
    Request::post(mutation()).set("content-type", content_type)
}

fn accepted() -> Vec<Case> {
    let in_newer = |answer: &Answer| is(answer, GRAPHQL);
    let in_older = |answer: &Answer| is(answer, JSON);
    let mut cases = vec![
        case("G1", "the newer type", accepting(GRAPHQL)).and(in_newer),
        case("G2", "the older type", accepting(JSON)).and(in_older),
        case("G3", "anything", accepting("*/*")).and(in_older),
        case("G3", "no Accept", accepting("")).and(in_older),
        case("G4", "Apollo Client", accepting(APOLLO)).and(in_newer),
        case("G4", "urql", accepting(URQL)).and(in_newer),
        case(
            "G6",
            "the newer type refused",
            accepting("application/graphql-response+json;q=0, application/json"),
        )
        .and(in_older),
        case(
            "G6",
            "the newer type less liked",
            accepting("application/graphql-response+json;q=0.8, application/json;q=0.801"),
        )
        .and(in_older),
    ];
    for kind in [
        "text/html",
        "application/xml;q=0.9, image/*",
        "application/json;q=0",
    ] {
        cases.push(case("G5", kind, accepting(kind)).always(406, "NOT_ACCEPTABLE"));
    }
    for charset in ["utf-8", "UTF-8", "\"utf-8\""] {
        let kind = format!("application/graphql-response+json; charset={charset}");
        cases.push(case("G7", charset, accepting(&kind)).and(in_newer));
    }
    cases
}

fn sent() -> Vec<Case> {
    let of = |id, kind: &'static str| case(id, kind, sent_as(kind)).always(415, UNSUPPORTED);
    let mut cases = vec![of("G8", "")];
    for kind in [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
    ] {
        cases.push(of("G9", kind));
    }
    for kind in [
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
        "application/json; charset=",
    ] {
        cases.push(of("G10", kind));
    }
    for coding in ["gzip", "br", "identity, gzip"] {
        let request = Request::post(mutation()).header("content-encoding", coding);
        cases.push(case("G11", coding, request).always(415, UNSUPPORTED));
    }
    let gzip = [&b"\x1f\x8b\x08\0\0\0\0\0"[..], &[7; 40]].concat();
    let truly = Request::post(gzip).header("content-encoding", "gzip");
    cases.push(case("G11", "gzip in truth", truly).always(415, UNSUPPORTED));
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_answered_in_what_it_takes_and_heard_in_json_alone() {
    let profiles = Profiles::start(&[]).await;
    profiles.run(accepted()).await;
    profiles.run(sent()).await;
}
