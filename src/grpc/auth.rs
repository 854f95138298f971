//! Who calls, and the service that logs users in.

use std::fmt;
use std::sync::Arc;

use http::header;
use secrecy::SecretString;
use tonic::Request;
use tonic::Response;
use tonic::Status;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::ledger::Account;
use crate::domain::ledger::Ledger;
use crate::gateway::Bill;
use crate::gateway::Credentials;
use crate::gateway::Gateway;
use crate::gateway::bill;
use crate::grpc::caching;
use crate::grpc::deadline;
use crate::grpc::v1;
use crate::grpc::v1::auth_service_server::AuthService;

/// The caller of a request, who waits as long as its deadline says. The token is never logged.
pub(super) fn caller<T>(gateway: &Gateway, request: &Request<T>) -> Result<Caller, Error> {
    let metadata: &http::HeaderMap = request.metadata().as_ref();
    let values = metadata.get_all(header::AUTHORIZATION).iter();
    let token = BearerToken::from_headers(values.map(|value| value.as_bytes()))?;
    let caller = gateway.caller(token, deadline::patience(request.extensions()))?;
    let cache_control = caching::asked(metadata);
    Ok(caller
        .with_account(account(request))
        .with_cache_control(cache_control))
}

/// Where the questions of a request are entered.
fn account<T>(request: &Request<T>) -> Account {
    Account::new(request.extensions().get::<Arc<Ledger>>().cloned())
}

/// `peerassist.v1.AuthService`.
pub(super) struct Auth {
    pub(super) gateway: Gateway,
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn login(
        &self,
        request: Request<v1::LoginRequest>,
    ) -> Result<Response<v1::LoginResponse>, Status> {
        let account = account(&request);
        let patience = deadline::patience(request.extensions());
        let v1::LoginRequest {
            user_name,
            password,
            client_key,
        } = request.into_inner();
        let credentials = Credentials {
            user_name,
            password: SecretString::from(password),
            client_key: client_key.map(SecretString::from),
        };
        let bill = Bill::calls(bill::LOGIN);
        self.gateway.admit_stranger(&account, bill)?;
        let login = self.gateway.log_in(credentials, patience, &account).await?;
        Ok(Response::new(v1::LoginResponse::from(&login)))
    }
}

// The build leaves out the `Debug` of these two, so that no log and no panic can show what they hold.

impl fmt::Debug for v1::LoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginRequest(***)")
    }
}

impl fmt::Debug for v1::LoginResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginResponse(***)")
    }
}

#[cfg(test)]
mod tests {
    use crate::grpc::v1;

    #[test]
    fn a_printed_login_shows_no_secret() {
        let request = v1::LoginRequest {
            user_name: "marker".into(),
            password: "marker".into(),
            client_key: Some("marker".into()),
        };
        let response = v1::LoginResponse {
            token: "marker".into(),
            ..v1::LoginResponse::default()
        };
        assert!(!format!("{request:?} {response:?}").contains("marker"));
    }
}
