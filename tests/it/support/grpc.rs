//! A user who speaks gRPC to a gateway.

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::fwo_service_client::FwoServiceClient;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use prost_types::FieldMask;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::support::ledgers::Explained;
use crate::support::stack::Stack;
use crate::support::stack::User;

/// The clients of one user.
#[derive(Clone)]
pub(crate) struct GrpcUser {
    pub(crate) customers: CustomerServiceClient<Explained>,
    pub(crate) fwos: FwoServiceClient<Explained>,
    token: String,
}

impl GrpcUser {
    /// The same user at the other door of the same gateway.
    pub(crate) async fn new(user: &User) -> Self {
        let channel = Explained::new(channel(&user.base).await, user.ledgers.clone());
        GrpcUser {
            customers: CustomerServiceClient::new(channel.clone()),
            fwos: FwoServiceClient::new(channel),
            token: user.token.clone(),
        }
    }

    /// A user of a stack, with a login of their own.
    pub(crate) async fn of(stack: &Stack, name: &str) -> Self {
        GrpcUser::new(&stack.user(name).await).await
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

/// Writes, and the reads beside them: the object, or why not. No paths are no mask, and empty texts are absent.
impl GrpcUser {
    pub(crate) async fn create_customer(
        &mut self,
        customer: v1::Customer,
        request_id: &str,
    ) -> Result<v1::Customer, Status> {
        let request = self.request(v1::CreateCustomerRequest {
            customer: Some(customer),
            request_id: request_id.into(),
        });
        let made = self.customers.create_customer(request).await;
        made.map(Response::into_inner)
    }

    pub(crate) async fn update_customer(
        &mut self,
        customer: v1::Customer,
        paths: &[&str],
    ) -> Result<v1::Customer, Status> {
        let request = self.request(v1::UpdateCustomerRequest {
            customer: Some(customer),
            update_mask: mask(paths),
        });
        let changed = self.customers.update_customer(request).await;
        changed.map(Response::into_inner)
    }

    pub(crate) async fn delete_customer(&mut self, id: i64, etag: &str) -> Result<(), Status> {
        let request = self.request(v1::DeleteCustomerRequest {
            id,
            etag: etag.into(),
        });
        let deleted = self.customers.delete_customer(request).await;
        deleted.map(Response::into_inner)
    }

    pub(crate) async fn create_fwo(
        &mut self,
        fwo: v1::Fwo,
        request_id: &str,
    ) -> Result<v1::Fwo, Status> {
        let request = self.request(v1::CreateFwoRequest {
            fwo: Some(fwo),
            request_id: request_id.into(),
        });
        let made = self.fwos.create_fwo(request).await;
        made.map(Response::into_inner)
    }

    pub(crate) async fn update_fwo(
        &mut self,
        fwo: v1::Fwo,
        paths: &[&str],
    ) -> Result<v1::Fwo, Status> {
        let request = self.request(v1::UpdateFwoRequest {
            fwo: Some(fwo),
            update_mask: mask(paths),
        });
        let changed = self.fwos.update_fwo(request).await;
        changed.map(Response::into_inner)
    }

    pub(crate) async fn delete_fwo(&mut self, id: i64, etag: &str) -> Result<(), Status> {
        let request = self.request(v1::DeleteFwoRequest {
            id,
            etag: etag.into(),
        });
        let deleted = self.fwos.delete_fwo(request).await;
        deleted.map(Response::into_inner)
    }

    pub(crate) async fn get_customer(&mut self, id: i64) -> Result<v1::Customer, Status> {
        let by = Some(By::Id(id));
        let request = self.request(v1::GetCustomerRequest { by });
        let found = self.customers.get_customer(request).await;
        found.map(Response::into_inner)
    }

    pub(crate) async fn get_fwo(&mut self, id: i64, view: v1::FwoView) -> Result<v1::Fwo, Status> {
        let view = view.into();
        let request = self.request(v1::GetFwoRequest { id, view });
        let found = self.fwos.get_fwo(request).await;
        found.map(Response::into_inner)
    }
}

/// A mask of these paths; none where there are none.
pub(crate) fn mask(paths: &[&str]) -> Option<FieldMask> {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    Some(FieldMask { paths }).filter(|mask| !mask.paths.is_empty())
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
