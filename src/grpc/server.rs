//! All services on one router, each behind the same layers.

use axum::Router;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use futures_util::FutureExt;
use prometheus_client::registry::Registry;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_health::server::health_reporter;
use tonic_web::GrpcWebLayer;

use crate::gateway::Gateway;
use crate::grpc::DESCRIPTOR;
use crate::grpc::Settings;
use crate::grpc::auth::Auth;
use crate::grpc::call;
use crate::grpc::call::Calls;
use crate::grpc::customers::Customers;
use crate::grpc::fwos::Fwos;
use crate::grpc::gate;
use crate::grpc::metrics::Metrics;
use crate::grpc::v1::auth_service_server::AuthServiceServer;
use crate::grpc::v1::customer_service_server::CustomerServiceServer;
use crate::grpc::v1::fwo_service_server::FwoServiceServer;

/// The services whose health is told, "" being the whole server.
const SERVICES: [&str; 4] = [
    "",
    <AuthServiceServer<Auth> as NamedService>::NAME,
    <CustomerServiceServer<Customers> as NamedService>::NAME,
    <FwoServiceServer<Fwos> as NamedService>::NAME,
];

/// What `grpc.health.v1` says.
#[derive(Clone, Debug)]
pub struct Health(HealthReporter);

impl Health {
    /// Says from now on that nothing is served here: the first thing to do on shutdown.
    pub async fn draining(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        for service in SERVICES {
            self.0.set_service_status(service, status).await;
        }
    }
}

/// The routes of all gRPC services, and the handle of their health. There is no fallback: paths of no
/// service are the outer router's, which has [`refusal`](crate::grpc::refusal) for them.
pub fn router(gateway: Gateway, settings: Settings, registry: &mut Registry) -> (Router, Health) {
    let Settings {
        reflection,
        message_bytes_max,
    } = settings;
    let (reporter, health_server) = health_reporter();
    let health = Health(reporter);
    tokio::task::unconstrained(health.set(ServingStatus::Serving))
        .now_or_never()
        .expect("nobody else holds a reporter that was just made");
    let auth = Auth {
        gateway: gateway.clone(),
    };
    let customers = Customers {
        gateway: gateway.clone(),
    };
    let fwos = Fwos { gateway };
    let mut routes = Routes::from(Router::new())
        .add_service(
            AuthServiceServer::new(auth)
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
                .max_decoding_message_size(message_bytes_max),
        )
        .add_service(
            CustomerServiceServer::new(customers)
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
                .max_decoding_message_size(message_bytes_max),
        )
        .add_service(
            FwoServiceServer::new(fwos)
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
                .max_decoding_message_size(message_bytes_max),
        )
        .add_service(
            health_server
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
                .max_decoding_message_size(message_bytes_max),
        );
    if reflection {
        routes = with_reflection(routes, message_bytes_max);
    }
    // A request meets the last layer first.
    let calls = Calls {
        metrics: Metrics::new(registry),
        message_bytes_max,
    };
    let router = routes
        .into_axum_router()
        .route_layer(from_fn_with_state(calls, call::run))
        .route_layer(GrpcWebLayer::new())
        .route_layer(from_fn(gate::admit));
    (router, health)
}

/// Reflection in both versions: older tools know only v1alpha.
fn with_reflection(routes: Routes, message_bytes_max: usize) -> Routes {
    let describe = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTOR)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = describe()
        .build_v1()
        .expect("the build wrote a descriptor set");
    let v1alpha = describe()
        .build_v1alpha()
        .expect("the build wrote a descriptor set");
    routes
        .add_service(
            v1.accept_compressed(Gzip)
                .send_compressed(Gzip)
                .max_decoding_message_size(message_bytes_max),
        )
        .add_service(
            v1alpha
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
                .max_decoding_message_size(message_bytes_max),
        )
}
