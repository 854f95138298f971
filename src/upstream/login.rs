//! Logins: the one call that is made without a token.

use chrono::DateTime;
use chrono::Utc;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::value::RawValue;

use crate::domain::caller::BearerToken;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Account;
use crate::upstream::breakers::Route;
use crate::upstream::call::verdict;
use crate::upstream::decode;
use crate::upstream::road::Road;
use crate::upstream::road::json;
use crate::upstream::road::unreadable;
use crate::upstream::wire::Invalid;

const ROUTE: Route = Route {
    method: "POST",
    path: "/auth",
};

/// A login as the upstream wants it.
pub struct Credentials {
    /// The user's registered e-mail address.
    pub user_name: String,
    /// The password.
    pub password: SecretString,
    /// The client key; the configured one where absent.
    pub client_key: Option<SecretString>,
}

/// A login as the upstream granted it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The token.
    pub token: BearerToken,
    /// The kind of token; the guide knows `Bearer`.
    pub token_type: String,
    /// How long the token lives, in minutes.
    pub expires_in_minutes: i64,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

impl Road {
    /// `POST /auth`, once: a login that is refused is not tried again.
    pub(super) async fn log_in(
        &self,
        credentials: Credentials,
        account: &Account,
    ) -> Result<Session, Error> {
        let Some(client_key) = credentials.client_key.as_ref().or(self.client_key.as_ref()) else {
            return Err(Error::invalid(
                "clientKey",
                "is needed: this gateway has none of its own",
            ));
        };
        let body = serde_json::json!({
            "userName": credentials.user_name,
            "password": credentials.password.expose_secret(),
        });
        let asked = Utc::now();
        let who = self.breakers.user(credentials.user_name.as_bytes());
        self.breakers.check(ROUTE, who)?;
        let _lane = self.lanes.take_stranger().await?;
        let pass = self.breakers.enter(ROUTE, who)?;
        let exchange = self
            .exchange
            .log_in(client_key.expose_secret(), &body, &self.metrics);
        let answer = account.asked(|| "POST /auth".into(), exchange).await;
        pass.settle(verdict(&answer));
        let answer = answer.map_err(|failure| match failure.error.kind() {
            ErrorKind::TokenInvalid | ErrorKind::Forbidden => Error::new(
                ErrorKind::CredentialsInvalid,
                "the user name, the password or the client key is wrong",
            ),
            _ => failure.error,
        })?;
        let body = answer.body.unwrap_or_default();
        let body = json(&body).map_err(|failure| failure.error)?;
        session(body, asked).map_err(|invalid| unreadable("login", invalid))
    }
}

/// `expiresIn` counts minutes (contract 3.1).
pub(super) fn session(body: &RawValue, asked: DateTime<Utc>) -> Result<Session, Invalid> {
    let mut members = decode::object(body)?;
    let missing = |member: &'static str, expected| Invalid {
        member: member.into(),
        expected,
    };
    let token = members
        .text("token")?
        .and_then(|token| BearerToken::parse(&token));
    let token = token.ok_or(missing("token", "a bearer token"))?;
    let token_type = members
        .text("tokenType")?
        .unwrap_or_else(|| "Bearer".into())
        .into();
    let minutes = members
        .number("expiresIn")?
        .filter(|minutes| (1..=525_600).contains(minutes));
    let expires_in_minutes = minutes.ok_or(missing("expiresIn", "a number of minutes"))?;
    let expires_at = asked + chrono::TimeDelta::minutes(expires_in_minutes);
    Ok(Session {
        token,
        token_type,
        expires_in_minutes,
        expires_at,
    })
}
