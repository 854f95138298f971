//! The one thing that is believed of a JWT unseen: when it ends. Whoever forges that can only make their own token end
//! sooner.

use std::time::Duration;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::domain::caller::BearerToken;

/// When a token ends that is a JWT (RFC 7519, 4.1.4); none where it is not one, or does not say.
pub fn expires_at(token: &BearerToken) -> Option<SystemTime> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let mut parts = token.expose().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    let since_1970 = Duration::try_from_secs_f64(exp).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since_1970)
}

/// A token with these claims, unsigned.
#[cfg(test)]
pub(crate) fn token_with(claims: &str) -> BearerToken {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let text = format!(
        "{}.{}.c2lnbmF0dXJl",
        part(r#"{"alg":"RS256"}"#),
        part(claims)
    );
    BearerToken::parse(&text).expect("base64url and dots are token68")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::time::SystemTime;

    use super::expires_at;
    use super::token_with;
    use crate::domain::caller::BearerToken;

    #[test]
    fn only_a_jwt_that_says_its_end_has_one() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(
            expires_at(&token_with(r#"{"exp":1795564800}"#)),
            at(1_795_564_800)
        );
        assert_eq!(expires_at(&token_with(r#"{"sub":"a","exp":5.0}"#)), at(5));
        for claims in [
            "{}",
            "[]",
            "",
            r#"{"exp":"5"}"#,
            r#"{"exp":-5}"#,
            r#"{"exp":1e300}"#,
        ] {
            assert_eq!(expires_at(&token_with(claims)), None, "{claims}");
        }
        for text in [
            "a",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            "..",
            "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A",
        ] {
            let token = BearerToken::parse(text).expect("a token");
            assert_eq!(expires_at(&token), None, "{text}");
        }
    }
}
