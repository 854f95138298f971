//! Callers and logins: who asks, and until when their token lives.

use std::time::Duration;

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
    /// Whether the upstream told us its end; otherwise it is 60 minutes after we first saw the token.
    told: bool,
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
                told: true,
            }
        });
    }

    fn known(&self, fingerprint: Fingerprint) -> KnownToken {
        let first_seen = || KnownToken {
            standing: Standing::new(Instant::now() + TOKEN_LIFE),
            told: false,
        };
        self.0.get_with(fingerprint, first_seen)
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
        let standing = |fingerprint| {
            let KnownToken { standing, told } = self.0.tokens.known(fingerprint);
            if told && standing.token_end <= now {
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
