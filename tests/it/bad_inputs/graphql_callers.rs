//! G55 to G57, G63 and G64: who asks, from which page, and what a browser is given.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::http1::ask;
use crate::bad_inputs::process::Gateway;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;
use crate::support::door::TOKEN;

pub(super) const IDS: &[&str] = &["G55", "G56", "G57", "G63", "G64"];

fn asked() -> Request {
    Request::query("{ customer(by: { databaseId: 1 }) { id } }")
}

fn unknown() -> Vec<Case> {
    let refused = |id, what: &str, request: Request| {
        let refused = case(id, what, request).always(401, "UNAUTHENTICATED");
        refused.with("www-authenticate", "Bearer")
    };
    let bearer = format!("Bearer {TOKEN}");
    let twice = asked()
        .header("authorization", bearer.clone())
        .header("authorization", bearer.clone());
    let mut cases = vec![
        refused("G55", "no token", asked().header("authorization", "")),
        refused("G56", "two headers", twice),
        case(
            "G56",
            "in lower case",
            asked().header("authorization", format!("bearer {TOKEN}")),
        )
        .costs(1),
    ];
    let long = format!("Bearer {}", "a".repeat(8 * 1024 + 1));
    let list = format!("{bearer}, {bearer}");
    for value in [
        &b"Basic emVicmE6emVicmE="[..],
        b"Bearer ",
        b"Bearer",
        b"zebra",
        b"Bearer z\xc3\xa9bra",
        b"Bearer zebra zebra",
        b"Bearer zebra\x01",
        list.as_bytes(),
        long.as_bytes(),
    ] {
        if value.contains(&1) {
            // No header may hold a control character; hyper says so by itself.
            cases.push(
                case(
                    "G56",
                    "control character",
                    asked().header("authorization", value),
                )
                .status(400),
            );
            continue;
        }
        let what = String::from_utf8_lossy(value).into_owned();
        cases.push(refused(
            "G56",
            &what,
            asked().header("authorization", value),
        ));
    }
    cases
}

/// A token of the form of a JWT with these claims; nobody has signed it.
fn jwt(head: &str, claims: &str) -> String {
    let parts = [head, claims, "zebra"].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("Bearer {}", parts.join("."))
}

fn tokens() -> Vec<Case> {
    let (rs256, none) = (r#"{"alg":"RS256"}"#, r#"{"alg":"none"}"#);
    let with = |value: String| asked().header("authorization", value);
    let expired = |claims: &str| {
        let refused = case("G57", claims, with(jwt(rs256, claims)));
        refused.always(401, "UNAUTHENTICATED")
    };
    let passed = |what: &str, value: String| case("G57", what, with(value)).costs(1);
    vec![
        expired(r#"{"exp":1}"#),
        expired(r#"{"exp":1700000000,"sub":"zebra"}"#),
        expired(r#"{"exp":1700000000.5}"#),
        passed("a JWT that lives", jwt(rs256, r#"{"exp":4102444800}"#)),
        passed("beyond all clocks", jwt(rs256, r#"{"exp":1e300}"#)),
        passed("alg none", jwt(none, r#"{"sub":"a"}"#)),
        passed("no end", jwt(rs256, "{}")),
        passed("an end that is no number", jwt(rs256, r#"{"exp":"1"}"#)),
        passed("no JSON", jwt(rs256, "zebra")),
        passed("two parts", "Bearer a.b".into()),
        passed("no JWT", "Bearer opaque".into()),
    ]
}

fn no_cors(answer: &Answer) -> Result<(), String> {
    let allowed = answer
        .headers
        .iter()
        .find(|(name, _)| name.starts_with("access-control"));
    allowed.map_or(Ok(()), |(name, value)| Err(format!("{name}: {value}")))
}

fn origins() -> Vec<Case> {
    let mut cases = Vec::new();
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        let preflight = Request::query("")
            .method("OPTIONS")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization, content-type",
            );
        let preflight = case("G63", origin, preflight).always(405, "METHOD_NOT_ALLOWED");
        cases.push(preflight.and(no_cors));
        let plain = asked().header("origin", origin);
        cases.push(case("G63", origin, plain).costs(1).and(no_cors));
    }
    cases
}

/// Whoever asks for the page: off, there is none; on, it takes nothing from elsewhere and keeps no token in a URL.
async fn console() {
    let page = |target: &str| Request {
        target: target.into(),
        ..Request::get("").header("accept", "text/html")
    };
    let off = Gateway::start(&[("PEERASSIST_GRAPHQL__GRAPHIQL", "false")]).await;
    for target in [
        "/graphiql",
        "/graphiql/",
        "/graphiql/basic",
        "/graphiql/assets/x.js",
    ] {
        assert_eq!(
            ask(off.address, &page(target)).await.status,
            404,
            "{target}"
        );
    }
    let on = Gateway::start(&[]).await;
    for target in ["/graphiql/", "/graphiql/basic"] {
        let answer = ask(on.address, &page(target)).await;
        assert_eq!(answer.status, 200, "{target}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let text = answer.text();
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{text}"
        );
    }
    for gateway in [&off, &on] {
        gateway.is_well("G64").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_served_without_one_token_that_may_live() {
    let profiles = Profiles::start(&[]).await;
    profiles.run(unknown()).await;
    profiles.run(tokens()).await;
    profiles.run(origins()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_off_or_takes_nothing_from_elsewhere() {
    console().await;
}
