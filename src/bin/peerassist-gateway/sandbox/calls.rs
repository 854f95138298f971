//! `/__calls`: how often each route was called, for whoever checks what a client really sends. Loopback only, no token;
//! neither counted nor part of the API.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::json::Json;

/// Calls since the start or the last reset, by method and route template.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Tally>>);

#[derive(Clone, Default, Serialize)]
struct Tally {
    total: u64,
    routes: BTreeMap<String, u64>,
}

impl Calls {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/__calls", get(show).delete(reset))
            .with_state(self.clone())
    }
}

/// Middleware: counts every request, also those that are refused.
pub(crate) async fn count(State(calls): State<Calls>, request: Request, next: Next) -> Response {
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => format!("{} {}", request.method(), path.as_str()),
        None => "unmatched".to_owned(),
    };
    {
        let mut tally = calls.tally();
        tally.total += 1;
        *tally.routes.entry(route.clone()).or_default() += 1;
    }
    let response = next.run(request).await;
    // The template, not the address: queries hold client keys.
    tracing::debug!(status = response.status().as_u16(), "{route}");
    response
}

async fn show(
    State(calls): State<Calls>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Answer<Json<Tally>> {
    only_loopback(peer)?;
    let tally = calls.tally().clone();
    Ok(Json(tally))
}

async fn reset(
    State(calls): State<Calls>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
) -> Answer<StatusCode> {
    only_loopback(peer)?;
    *calls.tally() = Tally::default();
    Ok(StatusCode::NO_CONTENT)
}

/// To everybody else the page does not exist.
fn only_loopback(peer: SocketAddr) -> Answer<()> {
    if peer.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Problem::not_found("No resource /__calls"))
}
