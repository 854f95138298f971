//! Callers and logins: who asks, and until when their token lives.

use std::time::Duration;

use chrono::Utc;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::caller::Standing;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Account;
use crate::gateway::Gateway;
use crate::upstream::Credentials;
use crate::upstream::Session;

/// How long a token lives that somebody else obtained: "these tokens expire after 60 minutes" (guide).
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// So much may our clock and that of a token's issuer differ: inside it the upstream decides.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Tokens remembered at once; 300 bytes each, their budgets included.
const TOKENS_MAX: u64 = 100_000;

/// Longest text of a login in bytes.
const LOGIN_TEXT_MAX: usize = 1024;

/// A login that was granted.
pub type Login = Session;

/// What is known of tokens, by fingerprint.
pub(super) struct KnownTokens(moka::sync::Cache<Fingerprint, KnownToken>);

#[derive(Clone)]
struct KnownToken {
    standing: Standing,
    /// From when on the upstream need not be asked, where the upstream or the token itself told us its end.
    refused_from: Option<Instant>,
}

impl KnownToken {
    /// A token that somebody else obtained.
    fn seen(token: &BearerToken, now: Instant) -> Self {
        match left(token) {
            Some(left) => KnownToken {
                standing: Standing::new(now + left.saturating_sub(CLOCK_SKEW)),
                refused_from: Some(now + left),
            },
            None => KnownToken {
                standing: Standing::new(now + TOKEN_LIFE),
                refused_from: None,
            },
        }
    }
}

/// How long a token may still be sent by its own word, where that is shorter than any token lives.
fn left(token: &BearerToken) -> Option<Duration> {
    let now = Utc::now().timestamp_millis() as f64 / 1000.0;
    let left = token.claimed_end()? - now + CLOCK_SKEW.as_secs_f64();
    // What lies beyond all clocks is no end.
    let left = Duration::try_from_secs_f64(left.max(0.0)).ok()?;
    Some(left).filter(|left| *left < TOKEN_LIFE)
}

impl KnownTokens {
    pub(super) fn new() -> Self {
        // Twice a token's life: an ended token stays known for as long again, and is refused without a call.
        let tokens = moka::sync::Cache::builder()
            .max_capacity(TOKENS_MAX)
            .time_to_live(TOKEN_LIFE * 2)
            .build();
        KnownTokens(tokens)
    }

    fn told(&self, fingerprint: Fingerprint, token_end: Instant) {
        // An upstream may give the same token to a second login, which must not make its budget whole.
        self.0.entry(fingerprint).and_upsert_with(|known| {
            let standing = match known {
                Some(known) => Standing {
                    token_end,
                    ..known.into_value().standing
                },
                None => Standing::new(token_end),
            };
            KnownToken {
                standing,
                refused_from: Some(token_end),
            }
        });
    }

    fn known(&self, fingerprint: Fingerprint, token: &BearerToken, now: Instant) -> KnownToken {
        self.0
            .get_with(fingerprint, || KnownToken::seen(token, now))
    }
}

impl Gateway {
    /// The caller who brings `token` and waits for at most `patience`.
    ///
    /// Fails with `TokenExpired` where the token is known to have ended, before anything is asked upstream.
    pub fn caller(&self, token: BearerToken, patience: Option<Duration>) -> Result<Caller, Error> {
        let now = Instant::now();
        let longest = self.operation_timeout();
        let deadline = now + patience.unwrap_or(longest).min(longest);
        let seen = token.clone();
        let standing = |fingerprint| {
            let KnownToken {
                standing,
                refused_from,
            } = self.0.tokens.known(fingerprint, &seen, now);
            if refused_from.is_some_and(|from| from <= now) {
                return Err(Error::new(ErrorKind::TokenExpired, "the token has expired"));
            }
            Ok(standing)
        };
        Caller::new(&self.0.fingerprints, token, standing, deadline)
    }

    /// Logs a user in at the upstream, once.
    ///
    /// Fails with `InvalidInput` for an empty or endless text and with `CredentialsInvalid` where the
    /// upstream refuses the user name, the password or the client key; it does not say which.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        account: &Account,
    ) -> Result<Login, Error> {
        let texts = [
            ("userName", Some(credentials.user_name.as_str())),
            ("password", Some(credentials.password.expose_secret())),
            (
                "clientKey",
                credentials
                    .client_key
                    .as_ref()
                    .map(|key| key.expose_secret()),
            ),
        ];
        for (field, text) in texts {
            match text {
                Some("") => return Err(Error::invalid(field, "must not be empty")),
                Some(text) if text.len() > LOGIN_TEXT_MAX => {
                    return Err(Error::invalid(
                        field,
                        format!("at most {LOGIN_TEXT_MAX} bytes"),
                    ));
                }
                _ => {}
            }
        }
        let asked = Instant::now();
        let login = self.0.upstream.log_in(credentials, account).await?;
        let minutes = u64::try_from(login.expires_in_minutes).unwrap_or(0);
        let fingerprint = self.0.fingerprints.fingerprint(&login.token);
        self.0
            .tokens
            .told(fingerprint, asked + Duration::from_secs(minutes * 60));
        Ok(login)
    }
}

#[cfg(test)]
mod tests {
    use super::CLOCK_SKEW;
    use super::KnownToken;
    use super::TOKEN_LIFE;
    use crate::domain::caller::BearerToken;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::Utc;
    use std::time::Duration;
    use tokio::time::Instant;

    /// How long a token with such a claim is good for the cache, and how long for the upstream.
    fn lives(exp: &str) -> (Duration, Option<Duration>) {
        let claims = URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{exp}}}"));
        let token = BearerToken::parse(&format!("a.{claims}.b")).expect("a token");
        let now = Instant::now();
        let KnownToken {
            standing,
            refused_from,
        } = KnownToken::seen(&token, now);
        (
            standing.token_end - now,
            refused_from.map(|from| from - now),
        )
    }

    #[test]
    fn a_claimed_end_shortens_the_life_of_a_token_and_lengthens_none() {
        let now = Utc::now().timestamp();
        let (cached, sent) = lives(&(now + 30).to_string());
        assert!((28..=30).contains(&cached.as_secs()), "{cached:?}");
        assert_eq!(sent, Some(cached + CLOCK_SKEW));
        let (cached, sent) = lives(&(now - 30).to_string());
        assert_eq!(cached, Duration::ZERO);
        assert!(sent.is_some_and(|sent| (28..=30).contains(&sent.as_secs())));
        for past in ["0", "-1e300", &(now - 61).to_string()] {
            assert_eq!(
                lives(past),
                (Duration::ZERO, Some(Duration::ZERO)),
                "{past}"
            );
        }
        for beyond in ["4102444800", "1e300", "\"soon\"", "null"] {
            assert_eq!(lives(beyond), (TOKEN_LIFE, None), "{beyond}");
        }
    }
}
