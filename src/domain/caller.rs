//! Who asks: known only by a bearer token, and never shown.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use crate::domain::budget::Budget;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Account;

/// Longest accepted token in bytes; the guide's are 43, large JWTs stay under 4 KiB.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// A bearer token. It has no `Display`, and its `Debug` is blind.
#[derive(Clone)]
pub struct BearerToken(Arc<SecretString>);

impl BearerToken {
    /// Reads the values of all `Authorization` headers of one request (RFC 6750: one, `Bearer`, token68).
    pub fn from_headers<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Self, Error> {
        let Some(value) = values.next() else {
            return Err(Error::new(
                ErrorKind::TokenMissing,
                "a bearer token is needed",
            ));
        };
        if values.next().is_some() {
            return Err(Error::new(
                ErrorKind::TokenInvalid,
                "more than one authorization header",
            ));
        }
        let (scheme, token) = value.split_at_checked(7).unwrap_or((value, b""));
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return Err(Error::new(
                ErrorKind::TokenInvalid,
                "the authorization scheme is not bearer",
            ));
        }
        std::str::from_utf8(token.trim_ascii())
            .ok()
            .and_then(BearerToken::parse)
            .ok_or_else(|| Error::new(ErrorKind::TokenInvalid, "the bearer token is malformed"))
    }

    /// A token by itself; `None` unless it is a token68 of bounded length.
    pub fn parse(token: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        let good =
            !token.is_empty() && token.len() <= TOKEN_BYTES_MAX && token.bytes().all(allowed);
        good.then(|| BearerToken(Arc::new(SecretString::from(token))))
    }

    /// When the token says that it ends, in seconds of Unix time: the claim `exp` of a token of the form of a JWT.
    ///
    /// Nobody has verified that. Whoever forges it shortens the life of their own token, and can lengthen none.
    pub fn claimed_end(&self) -> Option<f64> {
        #[derive(Deserialize)]
        struct Claims {
            exp: f64,
        }
        let mut parts = self.expose().split('.');
        let (Some(_), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Claims = serde_json::from_slice(&claims).ok()?;
        Some(claims.exp)
    }

    /// The token's text, for the upstream's `Authorization` header and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(***)")
    }
}

/// A keyed hash of a token: tells callers apart without telling who they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// All 32 bytes, to bind a seal to the caller.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(***)")
    }
}

/// The key of all fingerprints; whoever lacks it cannot test guesses of a token against a fingerprint.
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// A key from the gateway's secret.
    pub fn new(secret: &[u8]) -> Self {
        FingerprintKey(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The fingerprint of a token: over its exact bytes, never over claims that anyone could forge.
    pub fn fingerprint(&self, token: &BearerToken) -> Fingerprint {
        let tag = hmac::sign(&self.0, token.expose().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Fingerprint(bytes)
    }
}

/// What is known of a token from one request to the next.
#[derive(Clone, Debug)]
pub struct Standing {
    /// When the token ends.
    pub token_end: Instant,
    /// What its bearer has cost the upstream lately.
    pub budget: Arc<Budget>,
}

impl Standing {
    /// A token that ends then and has cost nothing.
    pub fn new(token_end: Instant) -> Self {
        Standing {
            token_end,
            budget: Arc::default(),
        }
    }
}

/// One caller during one request.
#[derive(Clone, Debug)]
pub struct Caller {
    token: BearerToken,
    fingerprint: Fingerprint,
    standing: Standing,
    deadline: Instant,
    account: Account,
}

impl Caller {
    /// A caller of whose fingerprint `standing` knows more, and who waits until `deadline`.
    ///
    /// Fails as `standing` does.
    pub fn new(
        key: &FingerprintKey,
        token: BearerToken,
        standing: impl FnOnce(Fingerprint) -> Result<Standing, Error>,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let fingerprint = key.fingerprint(&token);
        let standing = standing(fingerprint)?;
        Ok(Caller {
            token,
            fingerprint,
            standing,
            deadline,
            account: Account::default(),
        })
    }

    /// The same caller, whose questions are entered there.
    #[must_use]
    pub fn with_account(self, account: Account) -> Self {
        Caller { account, ..self }
    }

    /// Where this caller's questions are entered.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The token, to be passed on.
    pub fn token(&self) -> &BearerToken {
        &self.token
    }

    /// What stands for the caller in every cache key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// When the token ends as far as we know; nothing read with it is served later.
    pub fn token_end(&self) -> Instant {
        self.standing.token_end
    }

    /// What the caller has cost the upstream lately; each call made for them is charged to it.
    pub fn budget(&self) -> &Budget {
        &self.standing.budget
    }

    /// When the caller stops waiting.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::BearerToken;
    use crate::domain::error::ErrorKind;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn kind(values: &[&[u8]]) -> Option<ErrorKind> {
        BearerToken::from_headers(values.iter().copied())
            .err()
            .map(|e| e.kind())
    }

    #[test]
    fn one_bearer_header_is_a_token_whatever_the_case_of_its_scheme() {
        assert_eq!(
            kind(&[b"Bearer Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A"]),
            None
        );
        assert_eq!(kind(&[b"bearer abc"]), None);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(kind(&[]), Some(ErrorKind::TokenMissing));
        let long = [b"Bearer ".as_slice(), &[b'a'; super::TOKEN_BYTES_MAX + 1]].concat();
        let bad: [&[&[u8]]; 7] = [
            &[b"Bearer a", b"Bearer a"],
            &[b"Basic YTpi"],
            &[b"Bearer "],
            &[b"Bearer a,Bearer b"],
            &[b"Bearer \xc3\xa9"],
            &[b"Bearer a\tb"],
            &[&long],
        ];
        for values in bad {
            assert_eq!(kind(values), Some(ErrorKind::TokenInvalid), "{values:?}");
        }
    }

    #[test]
    fn a_token_of_the_form_of_a_jwt_tells_its_end() {
        let end = |claims: &str| {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            BearerToken::parse(&format!("a.{claims}.b")).and_then(|token| token.claimed_end())
        };
        assert_eq!(end(r#"{"sub":"x","exp":1700000000}"#), Some(1.7e9));
        assert_eq!(end(r#"{"exp":-1.5}"#), Some(-1.5));
        for claims in ["{}", r#"{"exp":"1"}"#, r#"{"exp":null}"#, "[]", "x", ""] {
            assert_eq!(end(claims), None, "{claims}");
        }
        for token in ["opaque", "a.b", "a.b.c", "a.e30.b.c", "..", "a..b"] {
            let token = BearerToken::parse(token).expect("a token");
            assert_eq!(token.claimed_end(), None, "{token:?}");
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let token = BearerToken::parse("marker").map(|t| format!("{t:?}"));
        assert_eq!(token.as_deref(), Some("BearerToken(***)"));
    }
}
