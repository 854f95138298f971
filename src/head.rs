//! What the head of a request must be like, whichever door it is for, and what of it no door ever sees.

use axum::extract::Request;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Version;
use http::header;
use http::uri::Authority;

/// Checks whom the request is for, and takes out what nobody may read.
///
/// Fails with what is wrong: in HTTP/1.1 there must be exactly one `Host`, and wherever there is one it must be an
/// authority (RFC 9112, section 3.2), in HTTP/2 the one that `:authority` names (RFC 9113, section 8.3.1). What it
/// names is of no further interest: no URL is ever built from it.
pub fn admit(request: &mut Request) -> Result<(), &'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (request.version(), hosts.next(), hosts.next()) {
        (_, _, Some(_)) => return Err("there is more than one host"),
        (Version::HTTP_11, None, _) => return Err("there is no host"),
        (_, None, _) => {}
        (version, Some(host), None) => {
            if !is_authority(host) {
                return Err("the host is none");
            }
            let named = request.uri().authority().map(Authority::as_str);
            let other =
                named.is_some_and(|named| !named.as_bytes().eq_ignore_ascii_case(host.as_bytes()));
            if version == Version::HTTP_2 && other {
                return Err("the host is not the authority");
            }
        }
    }
    drop_ambiguous(request.headers_mut());
    Ok(())
}

/// A host with or without a port; nothing, where the target has no authority.
fn is_authority(host: &HeaderValue) -> bool {
    let authority = |host: &[u8]| Authority::try_from(host).is_ok() && !host.contains(&b'@');
    host.is_empty() || authority(host.as_bytes())
}

/// Takes out names with an underscore: to many a server `x_forwarded_for` is `x-forwarded-for`, and a proxy that
/// sets the one lets the other pass.
fn drop_ambiguous(headers: &mut HeaderMap) {
    let is_ambiguous = |name: &&HeaderName| name.as_str().contains('_');
    let ambiguous: Vec<HeaderName> = headers.keys().filter(is_ambiguous).cloned().collect();
    for name in ambiguous {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::admit;
    use axum::body::Body;
    use http::Request;
    use http::Version;

    fn outcome(version: Version, uri: &str, hosts: &[&str]) -> Result<(), &'static str> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        admit(&mut request.body(Body::empty()).expect("a request"))
    }

    #[test]
    fn http_1_1_has_one_host() {
        for host in ["a", "a:1", "[::1]:8080", "127.0.0.1", ""] {
            assert_eq!(outcome(Version::HTTP_11, "/", &[host]), Ok(()), "{host}");
        }
        assert!(outcome(Version::HTTP_11, "/", &[]).is_err());
        assert!(outcome(Version::HTTP_11, "/", &["a", "a"]).is_err());
        for host in ["a b", "a/b", "u@a", "http://a", "[::1"] {
            assert!(outcome(Version::HTTP_11, "/", &[host]).is_err(), "{host}");
        }
    }

    #[test]
    fn others_may_have_none() {
        assert_eq!(outcome(Version::HTTP_10, "/", &[]), Ok(()));
        assert_eq!(outcome(Version::HTTP_2, "http://a/", &[]), Ok(()));
        assert_eq!(outcome(Version::HTTP_2, "http://a/", &["A"]), Ok(()));
        assert!(outcome(Version::HTTP_2, "http://a/", &["b"]).is_err());
        assert!(outcome(Version::HTTP_10, "/", &["a", "b"]).is_err());
    }

    #[test]
    fn names_with_an_underscore_are_not_seen() {
        let request = Request::builder()
            .header("x_forwarded_for", "1")
            .header("x-forwarded-for", "2")
            .header("x_a", "3")
            .header("x_a", "4");
        let mut request = request.body(Body::empty()).expect("a request");
        *request.version_mut() = Version::HTTP_2;
        admit(&mut request).expect("a good head");
        let names: Vec<_> = request.headers().keys().collect();
        assert_eq!(names, ["x-forwarded-for"]);
    }
}
