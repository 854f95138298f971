//! What anybody may send, as functions of bytes: for the fuzzers of `fuzz/`, and for the same checks in `cargo test`.
//!
//! Each reads its input as the gateway does and panics where the result breaks its promise; that it comes back at all is
//! the first of them.

use url::Url;

use crate::domain::cursor::CURSOR_BYTES_MAX;
use crate::domain::cursor::CursorSeal;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::graphql;
use crate::grpc;
use crate::upstream;

/// The text of a GraphQL document, through everything that happens to it before anybody is asked.
pub fn document(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        graphql::fuzzing::document(text);
    }
}

/// The body of a POST to the GraphQL door.
pub fn json_body(bytes: &[u8]) {
    graphql::fuzzing::json_body(bytes);
}

/// The query string of a GET to the GraphQL door.
pub fn query_string(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        graphql::fuzzing::query_string(text);
    }
}

/// A cursor or page token: the first byte says how much of the rest is the context that it is opened in.
pub fn cursor(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let (context, text) = rest.split_at(usize::from(*first).min(rest.len()));
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let seal = CursorSeal::new(&[7; 64]);
    if let Some(cursor) = seal.open(context, text) {
        // Nobody can invent one, but a fuzzer may be given one that this seal made.
        assert!(text.len() <= CURSOR_BYTES_MAX);
        assert_eq!(seal.seal(context, &cursor), text);
    }
}

/// A global id.
pub fn global_id(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        graphql::fuzzing::global_id(text);
    }
}

/// An id on its way into a path of the upstream.
pub fn path_segment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some(id) = CustomerId::parse(text) else {
        return;
    };
    assert_eq!(id.to_string(), text, "each id has one spelling");
    let mut url = Url::parse("https://upstream.example/v1").expect("a URL");
    url.set_path(&format!("/v1/customer/{id}"));
    let segments: Vec<&str> = url.path_segments().expect("a path").collect();
    assert_eq!(segments, ["v1", "customer", text]);
    assert_eq!((url.query(), url.fragment()), (None, None));
    assert_eq!(url.host_str(), Some("upstream.example"));
}

/// `grpc-timeout`.
pub fn grpc_timeout(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        grpc::fuzzing::timeout(text);
    }
}

/// JSON of the upstream: what is understood of it is shown at the gRPC door, and sent back as it came.
pub fn upstream_json(bytes: &[u8]) {
    let upstream::fuzzing::Understood { customers, fwos } = upstream::fuzzing::answer(bytes);
    customers.iter().for_each(grpc::fuzzing::customer);
    fwos.iter().for_each(grpc::fuzzing::fwo);
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    /// Texts of these pieces, in any order.
    fn pieces(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<u8>> {
        let picked = prop::collection::vec(prop::sample::select(pieces), 0..most);
        picked.prop_map(|picked| picked.concat().into_bytes())
    }

    const GRAPHQL: &[&str] = &[
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "\"\"\"",
        "\\",
        "\\\"",
        "\\u{1F600}",
        "\\uD83D\\uDE00",
        "#",
        "\n",
        "...",
        "... on Query ",
        "...f ",
        "fragment f on Customer ",
        "query q",
        "mutation ",
        "subscription ",
        "$a: Int = ",
        "$a",
        "@skip(if: $a) ",
        "@defer ",
        "customer(by: {databaseId: 1}) ",
        "customers(first: ",
        "edges ",
        "node ",
        "id ",
        "__typename ",
        "__schema ",
        "a: ",
        "2147483648",
        "1e9",
        "null",
        "true",
        ",",
        "\u{feff}",
        "\u{1F600}",
        "!",
        "=",
    ];

    const JSON: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"query\":",
        "\"{__typename}\"",
        "\"variables\":",
        "\"operationName\":",
        "\"extensions\":",
        "\"persistedQuery\":",
        "\"version\":1",
        "\"sha256Hash\":\"a\"",
        "\"documentId\":\"a\"",
        "null",
        "true",
        "-1",
        "1e400",
        "1.5",
        "\"\\ud800\"",
        "\"a\"",
        "\"a\":1",
        " ",
        "\u{feff}",
        "\0",
    ];

    const URL: &[&str] = &[
        "query=",
        "variables=",
        "operationName=",
        "extensions=",
        "documentId=",
        "&",
        "=",
        "+",
        "%",
        "%7B",
        "%7D",
        "%22a%22",
        "%3A1",
        "%",
        "%ff",
        "%00",
        "{__typename}",
        "null",
        "{\"a\":1}",
        ";",
        "#",
    ];

    const UPSTREAM: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"content\":[",
        "\"totalElements\":",
        "\"id\":7",
        "\"id\":-1",
        "\"name\":\"a\"",
        "\"status\":\"ENTRY\"",
        "\"status\":\"x\"",
        "\"customerId\":3",
        "\"number\":\"1\"",
        "\"labor\":[",
        "\"materials\":[",
        "\"pricing\":{",
        "\"signature\":{",
        "\"amount\":\"1.50\"",
        "\"amount\":1e400",
        "\"createdDate\":\"2024-05-14T17:03:11Z\"",
        "\"type\":\"FIELD_WORK\"",
        "null",
        "true",
        "\"a\":[[[",
        "\"errors\":[",
        "\"field\":\"labor[0].amount\"",
        "\"token\":\"a\"",
        "\"expiresIn\":60",
        "\\u0000",
        "\"\\ud800\"",
        " ",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn arbitrary_bytes_harm_nobody(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for target in [
                document, json_body, query_string, cursor, global_id, path_segment, grpc_timeout, upstream_json,
            ] {
                target(&bytes);
            }
        }

        #[test]
        fn documents_of_pieces_harm_nobody(bytes in pieces(GRAPHQL, 60)) {
            document(&bytes);
        }

        #[test]
        fn bodies_of_pieces_harm_nobody(bytes in pieces(JSON, 30)) {
            json_body(&bytes);
        }

        #[test]
        fn query_strings_of_pieces_harm_nobody(bytes in pieces(URL, 20)) {
            query_string(&bytes);
        }

        #[test]
        fn answers_of_pieces_harm_nobody(bytes in pieces(UPSTREAM, 40)) {
            upstream_json(&bytes);
        }

        #[test]
        fn cursors_that_were_made_here_and_changed_harm_nobody(
            context in prop::collection::vec(any::<u8>(), 0..40),
            index: u64,
            place: prop::sample::Index,
            byte in 0x20u8..0x7f,
        ) {
            let made = crate::domain::cursor::Cursor {
                index,
                anchor: None,
                collations: crate::domain::collation::Collations::UNSEEN,
            };
            let mut text = CursorSeal::new(&[7; 64]).seal(&context, &made).into_bytes();
            let place = place.index(text.len());
            text[place] = byte;
            let first = u8::try_from(context.len()).expect("short");
            cursor(&[&[first][..], &context, &text].concat());
        }

        #[test]
        fn global_ids_of_any_text_harm_nobody(text in "(Customer|Fwo|Invoice|):?[-+0-9a-z./%]{0,24}") {
            global_id(URL_SAFE_NO_PAD.encode(&text).as_bytes());
            path_segment(text.trim_start_matches(|c: char| !c.is_ascii_digit()).as_bytes());
        }

        #[test]
        fn timeouts_of_any_form_harm_nobody(text in "[-+]?[0-9]{0,10} ?[HMSmunhs]?") {
            grpc_timeout(text.as_bytes());
        }
    }
}
