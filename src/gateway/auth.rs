//! Callers and logins: who asks, and until when their token lives.

use std::time::Duration;
use std::time::SystemTime;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::caller::Standing;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::jwt;
use crate::domain::ledger::Account;
use crate::gateway::Gateway;
use crate::upstream::Credentials;
use crate::upstream::Session;

/// How long a token lives that somebody else obtained: "these tokens expire after 60 minutes" (guide).
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// How far apart the clocks of the issuer and of this machine may be: within that the upstream decides whether a token
/// has ended that says so of itself.
const SKEW_MAX: Duration = Duration::from_secs(60);

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
    /// From when on it is refused without a call; never, where its end is only a guess.
    refused_from: Option<Instant>,
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
        self.0.get_with(fingerprint, || first_seen(token, now))
    }
}

/// A token that somebody else obtained. One that is a JWT says its end, which can only shorten how long it is trusted:
/// nobody has checked its signature.
fn first_seen(token: &BearerToken, now: Instant) -> KnownToken {
    let guess = now + TOKEN_LIFE;
    // Counted from now on this machine's steady clock: a clock that is set back later lengthens nothing.
    let end = jwt::expires_at(token).map(|end| end.duration_since(SystemTime::now()));
    let (token_end, refused_from) = match end {
        None => (guess, None),
        Some(Ok(left)) => {
            let end = now.checked_add(left).unwrap_or(guess);
            (end.min(guess), end.checked_add(SKEW_MAX))
        }
        Some(Err(past)) => (now, Some(now + SKEW_MAX.saturating_sub(past.duration()))),
    };
    KnownToken {
        standing: Standing::new(token_end),
        refused_from,
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
        let bearer = token.clone();
        let standing = |fingerprint| {
            let known = self.0.tokens.known(fingerprint, &bearer, now);
            if known.refused_from.is_some_and(|from| from <= now) {
                return Err(Error::new(ErrorKind::TokenExpired, "the token has expired"));
            }
            Ok(known.standing)
        };
        Caller::new(&self.0.fingerprints, token, standing, deadline)
    }

    /// Logs a user in at the upstream, once, for somebody who waits for at most `patience`.
    ///
    /// Fails with `InvalidInput` for an empty or endless text and with `CredentialsInvalid` where the
    /// upstream refuses the user name, the password or the client key; it does not say which.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        patience: Option<Duration>,
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
        let longest = self.operation_timeout();
        let patience = patience.unwrap_or(longest).min(longest);
        let login = self.0.upstream.log_in(credentials, account);
        let late = |_| {
            let message = "the upstream did not answer before the deadline";
            Error::new(ErrorKind::UpstreamTimeout, message)
        };
        let login = tokio::time::timeout(patience, login).await;
        let login = login.map_err(late)??;
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
    use std::time::Duration;
    use std::time::SystemTime;

    use tokio::time::Instant;

    use super::first_seen;
    use crate::domain::jwt::token_with;

    /// How long a token is trusted and until when it is let through, in seconds from now, for one that says that it ends
    /// so many seconds from now.
    fn seen(ends_in: i64) -> (u64, Option<u64>) {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = unix.expect("after 1970").as_secs() as i64;
        let token = token_with(&format!(r#"{{"exp":{}}}"#, now + ends_in));
        let known = first_seen(&token, Instant::now());
        let from_now = |instant: Instant| {
            let left: Duration = instant.duration_since(Instant::now());
            left.as_secs_f64().round() as u64
        };
        let trusted = from_now(known.standing.token_end);
        (trusted, known.refused_from.map(from_now))
    }

    #[tokio::test(start_paused = true)]
    async fn a_jwt_can_shorten_its_hour_and_is_let_through_for_a_minute_after_its_end() {
        let near = |(trusted, refused): (u64, Option<u64>), expected: (u64, u64)| {
            let refused = refused.expect("it says its end");
            assert!(
                trusted.abs_diff(expected.0) <= 1,
                "{trusted} for {expected:?}"
            );
            assert!(
                refused.abs_diff(expected.1) <= 1,
                "{refused} for {expected:?}"
            );
        };
        near(seen(600), (600, 660));
        near(seen(100_000), (3600, 100_060));
        near(seen(-10), (0, 50));
        near(seen(-100), (0, 0));
    }
}
