//! The gRPC door in this process, in front of a scripted upstream.

use std::net::SocketAddr;
use std::time::Duration;

use peerassist_gateway::fallback;
use peerassist_gateway::gateway;
use peerassist_gateway::gateway::Gateway;
use peerassist_gateway::grpc;
use peerassist_gateway::grpc::v1::auth_service_client::AuthServiceClient;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::fwo_service_client::FwoServiceClient;
use peerassist_gateway::upstream;
use peerassist_gateway::upstream::Upstream;
use peerassist_gateway::upstream::profile::Profile;
use prometheus_client::registry::Registry;
use prost::Message;
use tokio::net::TcpListener;
use tonic::Code;
use tonic::Request;
use tonic::Status;
use tonic::transport::Channel;
use tonic::transport::Endpoint;
use tonic_types::StatusExt;

use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::written;

/// A token that the stub never looks at.
pub(crate) const TOKEN: &str = "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A";

/// A running door.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) stub: StubUpstream,
    pub(crate) health: grpc::Health,
    registry: Registry,
    channel: Channel,
}

impl Door {
    /// A door before an upstream that answers as `script` says.
    pub(crate) async fn open(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Door::open_with(grpc::Settings::default(), script).await
    }

    pub(crate) async fn open_with(
        settings: grpc::Settings,
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        written::in_this_process();
        written::secret(TOKEN);
        // Whoever came first has installed it; the client refuses to be made without.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let stub = StubUpstream::start(script).await;
        let mut registry = Registry::default();
        let upstream = Upstream::new(upstream_settings(stub.address), &mut registry).unwrap();
        let gateway = Gateway::new(gateway::Settings::default(), upstream).unwrap();
        let (router, health) = grpc::router(gateway, settings, &mut registry);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router.fallback(fallback::unknown);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
        Door {
            address,
            stub,
            health,
            registry,
            channel: channel.connect_lazy(),
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel())
    }

    pub(crate) fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel())
    }

    pub(crate) fn fwos(&self) -> FwoServiceClient<Channel> {
        FwoServiceClient::new(self.channel())
    }

    /// A unary call by hand over HTTP/2, with the headers of `change` on top of those of a good call.
    pub(crate) async fn post(
        &self,
        path: &str,
        message: &impl Message,
        change: &[(&'static str, &str)],
    ) -> reqwest::Response {
        let request = http2_client()
            .post(format!("http://{}{path}", self.address))
            .header("te", "trailers")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(framed(message));
        send(request, "application/grpc", change).await
    }

    /// The same over HTTP/1.1, as gRPC-Web.
    pub(crate) async fn post_web(
        &self,
        path: &str,
        body: Vec<u8>,
        change: &[(&'static str, &str)],
    ) -> reqwest::Response {
        let request = http_client()
            .post(format!("http://{}{path}", self.address))
            .body(body);
        send(request, "application/grpc-web+proto", change).await
    }

    /// All metrics as text.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

/// A client that speaks HTTP/2 from the first byte, as gRPC clients do.
pub(crate) fn http2_client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.http2_prior_knowledge().build().unwrap()
}

async fn send(
    request: reqwest::RequestBuilder,
    content_type: &str,
    change: &[(&'static str, &str)],
) -> reqwest::Response {
    let request = if change.iter().any(|(name, _)| *name == "content-type") {
        request
    } else {
        request.header("content-type", content_type)
    };
    let with = |request: reqwest::RequestBuilder, (name, value): &(&'static str, &str)| {
        request.header(*name, *value)
    };
    change.iter().fold(request, with).send().await.unwrap()
}

fn upstream_settings(address: SocketAddr) -> upstream::Settings {
    upstream::Settings {
        base_url: format!("http://{address}").parse().unwrap(),
        client_key: Some("key".into()),
        allow_plain_http: false,
        connect_timeout: Duration::from_secs(1),
        attempt_timeout: Duration::from_secs(5),
        operation_timeout: Duration::from_secs(10),
        load: upstream::Load::default(),
        body_bytes_max: 4 * 1024 * 1024,
        page_size_max: 200,
        profile: Profile::default(),
        cache: upstream::cache::Settings {
            bytes_max: 16 * 1024 * 1024,
            caller_bytes_max: 4 * 1024 * 1024,
            customer_ttl: Duration::from_secs(30),
            fwo_ttl: Duration::from_secs(30),
            list_ttl: Duration::from_secs(30),
            stale_while_revalidate: Duration::from_secs(30),
            stale_if_error: Duration::from_secs(300),
            not_found_ttl: Duration::from_secs(5),
            obey_headers: true,
        },
        shared: upstream::shared::Settings {
            redis_url: None,
            redis_timeout: Duration::from_millis(20),
            secret: None,
        },
    }
}

/// A request with a bearer token.
pub(crate) fn asked<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = format!("Bearer {TOKEN}").parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    request
}

/// A message behind its flag and its length.
pub(crate) fn framed(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &bytes].concat()
}

/// The reason of a failure; there must be exactly one, and it must be ours.
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "peerassist-gateway");
    let infos = status.get_error_details_vec();
    let is_info = |detail: &&tonic_types::ErrorDetail| {
        matches!(detail, tonic_types::ErrorDetail::ErrorInfo(_))
    };
    assert_eq!(infos.iter().filter(is_info).count(), 1);
    info.reason
}

/// The fields that a failure names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let request = status.get_details_bad_request().unwrap();
    let fields = request.field_violations.into_iter();
    fields.map(|violation| violation.field).collect()
}

/// What breaks a rule, as each field and its rule.
pub(crate) fn violations(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(reason(status), "INVALID_INPUT");
    let request = status.get_details_bad_request().unwrap();
    let violations = request.field_violations.into_iter();
    violations.map(|v| (v.field, v.description)).collect()
}

/// The same as it is expected.
pub(crate) fn told(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let expected = expected.iter();
    expected
        .map(|(field, rule)| ((*field).to_owned(), (*rule).to_owned()))
        .collect()
}

/// The status in the head of an answer that was got by hand.
pub(crate) fn status(response: &reqwest::Response) -> Status {
    Status::from_header_map(response.headers()).unwrap()
}
