//! Who asks: known only by a bearer token, and never shown.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::domain::budget::Budget;
use crate::domain::cache_control::CacheControl;
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

/// What the client says of kept answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CachePolicy {
    /// They do for it.
    #[default]
    Any,
    /// They do not do: the upstream is asked again, and what it says is kept.
    NoCache,
    /// They do not do, and nothing of the answers is kept.
    NoStore,
}

/// One caller during one request.
#[derive(Clone, Debug)]
pub struct Caller {
    token: BearerToken,
    fingerprint: Fingerprint,
    standing: Standing,
    deadline: Instant,
    account: Account,
    cache_control: CacheControl,
    /// When the request began, as far as that matters for kept answers.
    begun: Instant,
    trust: Arc<OnceCell<bool>>,
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
            cache_control: CacheControl::default(),
            begun: Instant::now(),
            trust: Arc::default(),
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

    /// The same caller, who says this of kept answers, and no more.
    #[must_use]
    pub fn with_cache_policy(self, policy: CachePolicy) -> Self {
        self.with_cache_control(CacheControl {
            policy,
            ..CacheControl::default()
        })
    }

    /// The same caller, for whom these kept answers do.
    #[must_use]
    pub fn with_cache_control(self, cache_control: CacheControl) -> Self {
        Caller {
            cache_control,
            begun: Instant::now(),
            ..self
        }
    }

    /// What the caller says of kept answers.
    pub fn cache_policy(&self) -> CachePolicy {
        self.cache_control.policy
    }

    /// Whether an answer does that was asked for then, and that was new.
    ///
    /// One that was asked for since the request began always does: a field may use what another one has brought.
    pub fn takes(&self, asked_at: Instant) -> bool {
        let age = Instant::now().saturating_duration_since(asked_at);
        asked_at >= self.begun || self.takes_of_age(age)
    }

    /// Whether a kept answer does that was asked for then, is so old by now and fresh until then.
    pub fn takes_kept(&self, asked_at: Instant, age: Duration, fresh_until: Instant) -> bool {
        if asked_at >= self.begun {
            return true;
        }
        let CacheControl {
            fresh_min,
            stale_max,
            ..
        } = self.cache_control;
        let now = Instant::now();
        let fresh_for = fresh_until.saturating_duration_since(now);
        let stale_for = now.saturating_duration_since(fresh_until);
        self.takes_of_age(age)
            && fresh_for >= fresh_min
            && stale_max.is_none_or(|most| stale_for <= most)
    }

    fn takes_of_age(&self, age: Duration) -> bool {
        let CacheControl {
            policy, age_max, ..
        } = self.cache_control;
        policy == CachePolicy::Any && age_max.is_none_or(|most| age <= most)
    }

    /// Whether answers that were kept before this request began may be given to it, once that is settled: another
    /// instance may have ended them without this one having heard of it.
    pub fn trust(&self) -> &OnceCell<bool> {
        &self.trust
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
    use std::time::Duration;

    use tokio::time::Instant;

    use super::BearerToken;
    use super::Caller;
    use super::FingerprintKey;
    use super::Standing;
    use crate::domain::cache_control::CacheControl;
    use crate::domain::error::ErrorKind;

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

    #[tokio::test(start_paused = true)]
    async fn a_kept_answer_does_as_the_client_says() {
        let caller = |cache_control: &[u8]| {
            let values = [cache_control].into_iter();
            let asked = CacheControl::from_headers(values, std::iter::empty());
            let token = BearerToken::parse("a").expect("a token");
            let far = Instant::now() + Duration::from_secs(3600);
            let standing = |_| Ok(Standing::new(far));
            let caller = Caller::new(&FingerprintKey::new(b"k"), token, standing, far);
            caller.expect("a caller").with_cache_control(asked)
        };
        let seconds = Duration::from_secs;
        let start = Instant::now();
        tokio::time::advance(seconds(100)).await;
        let now = Instant::now();
        // Asked 10 s ago and fresh for another 20 s; and one that has been stale for 5 s.
        let fresh = (now - seconds(10), now + seconds(20));
        let stale = (start, now - seconds(5));
        for (cache_control, takes) in [
            ("", [true, true]),
            ("no-cache", [false, false]),
            ("no-store", [false, false]),
            ("max-age=10", [true, false]),
            ("max-age=9", [false, false]),
            ("max-age=200", [true, false]),
            ("max-age=200, max-stale=5", [true, true]),
            ("max-stale=4", [true, false]),
            ("min-fresh=20", [true, false]),
            ("min-fresh=21", [false, false]),
        ] {
            let caller = caller(cache_control.as_bytes());
            let found = [fresh, stale].map(|(asked_at, fresh_until)| {
                caller.takes_kept(asked_at, now - asked_at, fresh_until)
            });
            assert_eq!(found, takes, "{cache_control}");
            // What the request brought.
            assert!(caller.takes(now) && caller.takes_kept(now, seconds(99), now - seconds(5)));
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let token = BearerToken::parse("marker").map(|t| format!("{t:?}"));
        assert_eq!(token.as_deref(), Some("BearerToken(***)"));
    }
}
