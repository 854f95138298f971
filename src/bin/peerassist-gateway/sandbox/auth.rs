//! Logging in, and the guard that asks every other call for a token before anything else is looked at.

use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::sandbox::error::Answer;
use crate::sandbox::error::ErrorBody;
use crate::sandbox::error::Problem;
use crate::sandbox::json::Json;
use crate::sandbox::passwords;
use crate::sandbox::query::Query;
use crate::sandbox::store::Store;
use crate::sandbox::tokens;
use crate::sandbox::validation::Validation;

/// Each verification takes 19 MiB and a core; more than four at once would only slow each other down.
static TURNS: Semaphore = Semaphore::const_new(4);

/// Who wants a token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    /// The registered e-mail address.
    #[schema(example = "admin@lakeline.example")]
    #[serde(default)]
    user_name: String,
    #[schema(example = "demo-password", format = Password)]
    #[serde(default)]
    password: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Token {
    /// Opaque; 43 characters.
    #[schema(example = "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A")]
    token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Minutes.
    #[schema(example = 60)]
    expires_in: i64,
}

pub(crate) fn router() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(log_in))
}

/// Log in
///
/// Gives an access token for a user of the company that the API key belongs to. Tokens live for 60 minutes; a new one does
/// not revoke the others.
#[utoipa::path(
    post,
    path = "/auth",
    tag = "Authentication Controller",
    params(("clientKey" = String, Query, description = "The API key", example = "demo-key")),
    request_body = Credentials,
    security(()),
    responses(
        (status = 200, description = "An access token", body = Token),
        (status = 400, description = "Malformed JSON, or a missing key, user name or password", body = ErrorBody),
        (status = 401, description = "Wrong key, user name or password; the answer does not say which", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
async fn log_in(
    State(store): State<Store>,
    query: Query,
    Json(credentials): Json<Credentials>,
) -> Answer<Json<Token>> {
    let Some(client_key) = query.text("clientKey") else {
        return Err(Problem::bad_request(
            "Required request parameter 'clientKey' is not present",
        ));
    };
    let mut rules = Validation::default();
    for (name, value) in [
        ("userName", &credentials.user_name),
        ("password", &credentials.password),
    ] {
        if value.trim().is_empty() {
            rules.refuse(name, "must not be blank");
        }
    }
    rules.finish()?;
    let client_key_hash = tokens::hash(client_key);
    let _turn = TURNS
        .acquire()
        .await
        .expect("the semaphore is never closed");
    let user_id = store
        .read(move |database| authenticate(database, &client_key_hash, &credentials))
        .await?;
    let token = store
        .write(move |database| tokens::issue(database, user_id))
        .await?;
    Ok(Json(Token {
        token,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME_MINUTES,
    }))
}

fn authenticate(
    database: &Connection,
    client_key_hash: &[u8],
    credentials: &Credentials,
) -> Answer<i64> {
    let sql = "SELECT u.id, u.password_hash FROM users u JOIN companies c ON c.id = u.company_id
               WHERE c.client_key_hash = ? AND u.user_name = ?";
    let found: Option<(i64, String)> = database
        .prepare_cached(sql)?
        .query_row((client_key_hash, &credentials.user_name), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let stored = found
        .as_ref()
        .map(|(_, password_hash)| password_hash.as_str());
    let known = passwords::matches(&credentials.password, stored);
    match found {
        Some((user_id, _)) if known => Ok(user_id),
        _ => Err(Problem::unauthorized("Error Authenticating")),
    }
}

/// Middleware: lets a request pass only with a live token, and remembers whom it speaks for.
pub(crate) async fn require_token(
    State(store): State<Store>,
    mut request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let Some(token) = header.and_then(bearer_token).map(str::to_owned) else {
        return Problem::unauthorized("Full authentication is required to access this resource")
            .into_response();
    };
    match store
        .read(move |database| tokens::caller(database, &token))
        .await
    {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => Problem::unauthorized("Invalid or expired token").into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The token in an `Authorization` header.
pub(crate) fn bearer_token(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then_some(token.trim())
}
