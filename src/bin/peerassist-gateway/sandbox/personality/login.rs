//! Other ways to log in: where the key travels, what is said of a token's life, and how long it really is.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderName;
use axum::response::Response;
use tokio::time::Instant;
use url::form_urlencoded;

use super::call::Call;
use super::call::body;
use super::call::with_json;
use super::tree::Tree;
use crate::sandbox::error::Problem;
use crate::sandbox::error::describe;
use crate::sandbox::tokens;

const CLIENT_KEY: &str = "clientKey";

/// How users log in.
#[derive(Clone, Debug, Default)]
pub(super) struct Login {
    pub(super) key_header: Option<HeaderName>,
    pub(super) expires_in: Option<u64>,
    pub(super) expires_in_is_text: bool,
    pub(super) lifetime: Option<Duration>,
}

/// When the tokens of this process were given, by their hash.
#[derive(Debug, Default)]
pub(super) struct Given(Mutex<HashMap<Vec<u8>, Instant>>);

impl Login {
    /// The request as the handler wants it: the key in the query.
    pub(super) fn with_key(&self, call: &Call, mut request: Request) -> Request {
        let Some(header) = &self.key_header else {
            return request;
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(
            call.parameters
                .iter()
                .filter(|(name, _)| name != CLIENT_KEY),
        );
        if let Some(key) = request
            .headers()
            .get(header)
            .and_then(|key| key.to_str().ok())
        {
            query.append_pair(CLIENT_KEY, key);
        }
        let target = format!("{}?{}", call.path, query.finish());
        *request.uri_mut() = target
            .parse()
            .expect("a path of ours and an encoded query are an address");
        request
    }

    /// What the service says to a login that succeeded.
    pub(super) async fn answered(&self, answer: Response, given: &Given) -> Response {
        let (answer, mut said) = body(answer).await;
        if let Some(token) = said.member("token").and_then(Tree::as_text) {
            given.remember(&token);
        }
        if let Some(expires_in) = self.expires_in {
            said.set("expiresIn", Tree::plain(expires_in));
        }
        if let (true, Some(expires_in)) = (self.expires_in_is_text, said.member("expiresIn")) {
            let text = Tree::text(&expires_in.to_string());
            said.set("expiresIn", text);
        }
        with_json(answer, &said)
    }

    /// The refusal of a token that has lived long enough. One from an earlier process keeps the life it was given.
    pub(super) fn refused(&self, call: &Call, given: &Given) -> Option<Response> {
        let (lifetime, token) = (self.lifetime?, call.bearer_token()?);
        let is_over = given.age(token)? >= lifetime && !call.is_login();
        let problem = || Problem::unauthorized("Invalid or expired token");
        is_over.then(|| describe(problem(), call.path.clone()))
    }
}

impl Given {
    fn remember(&self, token: &str) {
        let now = Instant::now();
        let life_max = Duration::from_secs(60 * tokens::LIFETIME_MINUTES as u64);
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|_, since| now.duration_since(*since) <= life_max);
        given.insert(tokens::hash(token), now);
    }

    fn age(&self, token: &str) -> Option<Duration> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.get(&tokens::hash(token)).map(Instant::elapsed)
    }
}
