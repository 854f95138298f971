//! All routes, and what every request passes on its way to one of them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::http::Method;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::response::Response;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::sandbox::auth;
use crate::sandbox::calls;
use crate::sandbox::calls::Calls;
use crate::sandbox::customers;
use crate::sandbox::error;
use crate::sandbox::error::Problem;
use crate::sandbox::fwos;
use crate::sandbox::openapi;
use crate::sandbox::personality;
use crate::sandbox::personality::Personalities;
use crate::sandbox::projects;
use crate::sandbox::store::Store;

/// An FWO with the longest description and hundreds of lines is well below this.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What anybody may call.
fn open() -> OpenApiRouter<Store> {
    OpenApiRouter::with_openapi(openapi::Document::openapi()).merge(auth::router())
}

/// What needs a token.
fn guarded() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .merge(customers::router())
        .merge(fwos::router())
        .merge(projects::router())
}

pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = open().merge(guarded()).into_openapi();
    openapi::refer_to_items(&mut document);
    document
}

pub(crate) fn router(store: Store, personalities: Personalities) -> Router {
    let calls = Calls::default();
    // The guard wraps the fallback too: an unknown path without a token is 401, not 404.
    let guarded = Router::from(guarded())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(store.clone(), auth::require_token));
    let open = Router::from(open()).method_not_allowed_fallback(method_not_allowed);
    // Layers run from the last to the first.
    let api = open
        .merge(guarded)
        .with_state(store)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(error::describe_failures));
    let document = document();
    personality::around(api, personalities, &document)
        .layer(from_fn_with_state(calls.clone(), calls::count))
        .merge(
            calls
                .router()
                .method_not_allowed_fallback(method_not_allowed),
        )
        .merge(openapi::router(document))
        .layer(from_fn(error::describe_failures))
}

async fn not_found(request: Request) -> Problem {
    Problem::no_resource(request.uri().path())
}

/// axum adds `Allow`. Spring answers OPTIONS with that header and nothing else.
async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::OK.into_response();
    }
    Problem::method_not_allowed(&method).into_response()
}
