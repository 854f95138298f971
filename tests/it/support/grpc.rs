//! A user who speaks gRPC to a gateway.

use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::fwo_service_client::FwoServiceClient;
use tonic::Request;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::support::stack::User;

/// The clients of one user.
pub(crate) struct GrpcUser {
    pub(crate) customers: CustomerServiceClient<Channel>,
    pub(crate) fwos: FwoServiceClient<Channel>,
    token: String,
}

impl GrpcUser {
    /// The same user at the other door of the same gateway.
    pub(crate) async fn new(user: &User) -> Self {
        let channel = channel(&user.base).await;
        GrpcUser {
            customers: CustomerServiceClient::new(channel.clone()),
            fwos: FwoServiceClient::new(channel),
            token: user.token.clone(),
        }
    }

    /// A message with the user's token.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if !self.token.is_empty() {
            let bearer = format!("Bearer {}", self.token).parse().unwrap();
            request.metadata_mut().insert("authorization", bearer);
        }
        request
    }
}

/// A connection to a gateway, plain HTTP/2.
pub(crate) async fn channel(base: &str) -> Channel {
    tonic::transport::Endpoint::new(base.to_owned())
        .unwrap()
        .connect()
        .await
        .unwrap()
}

/// The reason of a failure, and the first field at fault.
pub(crate) fn reason(status: &Status) -> (String, String) {
    let details = status.get_error_details();
    let reason = details
        .error_info()
        .map_or(String::new(), |info| info.reason.clone());
    let field = details
        .bad_request()
        .and_then(|bad| bad.field_violations.first())
        .map(|v| v.field.clone());
    (reason, field.unwrap_or_default())
}
