//! The browser console under `/graphiql/`: static files out of the executable, nothing from elsewhere.
//! Never sees a query or a token; the page talks to `/graphql` like any other client.

use std::io::Read;
use std::sync::LazyLock;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::Path;
use axum::extract::RawQuery;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::HeaderMap;
use http::StatusCode;
use http::header;

/// One embedded file: its name below `/graphiql/`, its media type, its gzipped bytes.
type File = (&'static str, &'static str, &'static [u8]);

/// What the build embedded, sorted by name. The basic page is always there, GraphiQL
/// (`index.html` and `assets/`) only where npm was at hand: see `build/console.rs`.
static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// Scripts come from here only and none of them inline, so that an injected text never runs
/// beside a token. Monaco, GraphiQL's editor, needs inline styles, data: fonts and workers.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; \
    connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const GRAPHIQL: &str = "index.html";
const BASIC: &str = "fallback.html";

/// Serves the page at `/graphiql/` and its files below it.
///
/// `/graphiql/basic` and `/graphiql/?fallback` show the basic page even where GraphiQL is embedded.
pub(crate) fn router() -> Router {
    Router::new()
        .route(
            "/graphiql",
            get(|| async { Redirect::permanent("/graphiql/") }),
        )
        .route("/graphiql/", get(page))
        .route(
            "/graphiql/basic",
            get(|headers: HeaderMap| async move { file(BASIC, &headers) }),
        )
        .route(
            "/graphiql/{*name}",
            get(
                |Path(name): Path<String>, headers: HeaderMap| async move { file(&name, &headers) },
            ),
        )
}

async fn page(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let wants_basic =
        query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("fallback")));
    if wants_basic || find(GRAPHIQL).is_none() {
        file(BASIC, &headers)
    } else {
        file(GRAPHIQL, &headers)
    }
}

/// Each file as clients without gzip get it, from when one first asks. Unpacked for each request, the largest would
/// cost whoever asks often 60 ms and several MiB of ours, and a client that does not read would keep those.
static UNPACKED: LazyLock<Vec<OnceLock<Bytes>>> =
    LazyLock::new(|| FILES.iter().map(|_| OnceLock::new()).collect());

fn find(name: &str) -> Option<(usize, &'static File)> {
    let place = FILES.binary_search_by_key(&name, |(name, ..)| name).ok()?;
    Some((place, &FILES[place]))
}

fn file(name: &str, request: &HeaderMap) -> Response {
    let Some((place, &(name, media_type, packed))) = find(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, cache_control(name)),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    if accepts_gzip(request) {
        (
            headers,
            [(header::CONTENT_ENCODING, "gzip")],
            Bytes::from_static(packed),
        )
            .into_response()
    } else {
        let unpacked = UNPACKED[place].get_or_init(|| unpacked(packed).into());
        (headers, unpacked.clone()).into_response()
    }
}

/// The bundler puts a hash of the content into every name below `assets/`: such a file never changes.
fn cache_control(name: &str) -> &'static str {
    if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// Whether `Accept-Encoding` names gzip, other than with `q=0`.
fn accepts_gzip(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|q| q.parse::<f32>().ok())
                == Some(0.0);
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .expect("the build script packed this file");
    bytes
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn answer(path: &str, accept_encoding: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).header(header::ACCEPT_ENCODING, accept_encoding);
        let request = request.body(Body::empty()).expect("a well-formed request");
        let (head, body) = router()
            .oneshot(request)
            .await
            .expect("routers do not fail")
            .into_parts();
        let body = body
            .collect()
            .await
            .expect("the body is in memory")
            .to_bytes();
        (head.status, head.headers, body.to_vec())
    }

    #[test]
    fn files_are_sorted_so_that_binary_search_finds_them() {
        assert!(FILES.is_sorted_by_key(|(name, ..)| name));
        assert!(FILES.iter().all(|(name, ..)| find(name).is_some()));
    }

    #[tokio::test]
    async fn the_page_is_served_with_its_security_headers_and_revalidated() {
        let (status, headers, body) = answer("/graphiql/", "identity").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            CONTENT_SECURITY_POLICY
        );
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
        assert!(
            String::from_utf8(body)
                .unwrap()
                .starts_with("<!doctype html>")
        );
    }

    #[tokio::test]
    async fn pages_have_no_inline_scripts_which_the_policy_would_refuse() {
        for path in ["/graphiql/", "/graphiql/basic"] {
            let (.., body) = answer(path, "identity").await;
            for tag in String::from_utf8(body).unwrap().split("<script").skip(1) {
                assert!(
                    tag.contains(" src=") && tag.contains("></script>"),
                    "{path}: <script{tag}"
                );
            }
        }
    }

    #[tokio::test]
    async fn the_basic_page_is_there_whatever_was_embedded() {
        let (.., basic) = answer("/graphiql/basic", "identity").await;
        let (.., by_query) = answer("/graphiql/?fallback", "identity").await;
        assert!(String::from_utf8_lossy(&basic).contains("fallback.js"));
        assert_eq!(basic, by_query);
    }

    #[tokio::test]
    async fn every_file_is_the_same_packed_and_unpacked() {
        for (name, ..) in FILES {
            let path = format!("/graphiql/{name}");
            let (_, plain_headers, plain) = answer(&path, "gzip;q=0").await;
            let (_, packed_headers, packed) = answer(&path, "br, GZIP").await;
            assert!(
                plain_headers.get(header::CONTENT_ENCODING).is_none(),
                "{name}"
            );
            assert_eq!(packed_headers[header::CONTENT_ENCODING], "gzip", "{name}");
            assert_eq!(unpacked(&packed), plain, "{name}");
        }
    }

    #[tokio::test]
    async fn hashed_assets_are_cached_for_good() {
        assert!(cache_control("assets/index-1a2b.js").ends_with("immutable"));
        assert_eq!(cache_control("fallback.js"), "no-cache");
    }

    #[tokio::test]
    async fn unknown_names_are_not_found() {
        for path in [
            "/graphiql/nothing.js",
            "/graphiql/assets/",
            "/graphiql/../Cargo.toml",
        ] {
            assert_eq!(
                answer(path, "gzip").await.0,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }
}
