//! The only place where the parts meet.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::warn;

use crate::admin;
use crate::admin::Readiness;
use crate::config::Config;
use crate::domain::error::Error;
use crate::fallback;
use crate::gateway::Gateway;
use crate::graphql;
use crate::grpc;
use crate::listener;
use crate::listener::Metrics;
use crate::listener::Stopped;
use crate::listener::Unbound;
use crate::listener::tls::Tls;
use crate::observe::Observe;
use crate::shed::Shed;
use crate::telemetry;
use crate::upstream::Upstream;

/// The two sockets, bound before anything else starts.
#[derive(Debug)]
pub struct Listeners {
    /// For clients.
    pub gateway: TcpListener,
    /// For the operator.
    pub admin: TcpListener,
}

impl Listeners {
    /// Binds the addresses of the settings.
    pub async fn bind(config: &Config) -> Result<Listeners, Unbound> {
        let gateway = listener::bind(config.listen, "--listen").await?;
        let admin = listener::bind(config.admin_listen, "--admin-listen").await?;
        Ok(Listeners { gateway, admin })
    }
}

/// Serves both doors, over TLS where there is one, and the admin routes until `shutdown`, then drains.
///
/// Fails before the first request if a part refuses its settings. After `shutdown` readiness turns false at once, the
/// door stays open for `drain_delay`, and requests in flight get `drain_timeout`; what is cut then is in the result.
pub async fn serve(
    config: Config,
    listeners: Listeners,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()>,
) -> Result<Stopped, Error> {
    let Config {
        listen: _,
        admin_listen: _,
        log: _,
        listener: bounds,
        requests_in_flight,
        ..
    } = config;
    let mut registry = telemetry::registry();
    let upstream = Upstream::new(config.upstream, &mut registry)?;
    let readiness = readiness(upstream.clone());
    let tidying = upstream.clone();
    let gateway = Gateway::new(config.gateway, upstream)?;
    let graphiql = config.graphql.graphiql;
    let graphql = graphql::router(gateway.clone(), config.graphql, &mut registry);
    let (grpc, health) = grpc::router(gateway.clone(), config.grpc, &mut registry);
    let doors = doors(graphql, grpc, graphiql, &mut registry);
    let doors = Shed::new(doors, requests_in_flight, &mut registry);
    let metrics = Metrics::registered(&mut registry);

    let admin_stop = CancellationToken::new();
    let admin = admin::router(readiness.clone(), Arc::new(registry));
    // It outlives the doors: a drain is what an operator wants to watch.
    let admin = tokio::spawn(serve_admin(listeners.admin, admin, admin_stop.clone()));
    let stop = async {
        shutdown.await;
        info!("stopping: no longer ready");
        readiness.drain();
        health.draining().await;
    };
    let stopped = tokio::select! {
        stopped = listener::serve(listeners.gateway, tls, doors, bounds, metrics, stop) => stopped,
        never = tidying.keep_tidy() => match never {},
    };
    // Writes whose callers have hung up are nobody's request any more, and are finished all the same.
    if timeout(bounds.drain_timeout, gateway.writes_ended())
        .await
        .is_err()
    {
        warn!("stopped: the drain time was over before every write was finished");
    }
    admin_stop.cancel();
    // A panic there was logged by the hook, and nothing depends on it any more.
    let _ended = admin.await;
    match stopped.cut {
        0 => info!("stopped: every request was finished"),
        cut => warn!(
            cut,
            "stopped: the drain time was over before every request was finished"
        ),
    }
    Ok(stopped)
}

fn readiness(upstream: Upstream) -> Readiness {
    Readiness::new(move || {
        let upstream = upstream.clone();
        async move { upstream.reachable().await }
    })
}

/// Both doors on one port, and our own answer to what neither knows.
fn doors(graphql: Router, grpc: Router, graphiql: bool, registry: &mut Registry) -> Router {
    let doors = graphql.merge(grpc).fallback(fallback::unknown);
    let doors = if graphiql {
        doors.route("/", any(fallback::front_page))
    } else {
        doors
    };
    doors.layer(Observe::registered(registry))
}

async fn serve_admin(tcp: TcpListener, admin: Router, stop: CancellationToken) {
    let settings = listener::Settings {
        connections_max: 100,
        drain_timeout: Duration::from_secs(1),
        ..listener::Settings::default()
    };
    listener::serve(
        tcp,
        None,
        admin,
        settings,
        Metrics::default(),
        stop.cancelled_owned(),
    )
    .await;
}
