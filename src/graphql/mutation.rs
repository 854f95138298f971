//! Root fields of mutations.

use async_graphql::Context;
use async_graphql::InputObject;
use async_graphql::Object;
use async_graphql::SimpleObject;
use secrecy::SecretString;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::gateway::Credentials;
use crate::gateway::Gateway;
use crate::graphql::error;
use crate::graphql::error::Failure;
use crate::graphql::scalar::DateTime;

/// What can be done.
pub(super) struct Mutation;

/// What can be done.
#[Object]
impl Mutation {
    /// Logs a user in. Needs no token itself; send the one that it gives as `Authorization: Bearer <token>`.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who logs in.")] input: LoginInput,
    ) -> Option<Result<LoginPayload, Failure>> {
        let LoginInput {
            user_name,
            password,
            client_key,
        } = input;
        let credentials = Credentials {
            user_name,
            password: SecretString::from(password),
            client_key: client_key.map(SecretString::from),
        };
        let login = match ctx.data_unchecked::<Gateway>().log_in(credentials).await {
            Ok(login) => login,
            Err(error) => return Some(LoginPayload::refused(&error).ok_or(Failure(error))),
        };
        Some(Ok(LoginPayload {
            token: Some(login.token.expose().to_owned()),
            token_type: Some(login.token_type),
            expires_in_minutes: i32::try_from(login.expires_in_minutes).ok(),
            expires_at: Some(DateTime(login.expires_at)),
            user_errors: Vec::new(),
        }))
    }
}

/// Who logs in.
#[derive(InputObject)]
pub(super) struct LoginInput {
    /// The user's registered e-mail address.
    user_name: String,
    /// The password.
    password: String,
    /// The client key (API key) of the company; the gateway's own where absent.
    client_key: Option<String>,
}

/// What a login gives.
#[derive(SimpleObject, Default)]
pub(super) struct LoginPayload {
    /// The token; null where the login was refused.
    token: Option<String>,
    /// The kind of token: `Bearer`.
    token_type: Option<String>,
    /// How long the token lives, in minutes.
    expires_in_minutes: Option<i32>,
    /// When the token ends.
    expires_at: Option<DateTime>,
    /// What the user can mend; empty where the login was granted.
    user_errors: Vec<UserError>,
}

impl LoginPayload {
    /// The payload for what the user can mend; `None` for all else.
    fn refused(error: &Error) -> Option<Self> {
        let mendable = matches!(
            error.kind(),
            ErrorKind::InvalidInput | ErrorKind::CredentialsInvalid
        );
        mendable.then(|| LoginPayload {
            user_errors: user_errors(error),
            ..LoginPayload::default()
        })
    }
}

/// Something that the user can mend.
#[derive(SimpleObject)]
pub(super) struct UserError {
    /// What is wrong, for people.
    message: String,
    /// What is wrong, for programs: the codes of `errors[].extensions.code`.
    code: String,
    /// The path of the field in the mutation's input; null where no single field is at fault.
    field: Option<Vec<String>>,
}

fn user_errors(error: &Error) -> Vec<UserError> {
    let code = || error::code(error.kind()).to_owned();
    if error.violations().is_empty() {
        return vec![UserError {
            message: error.message().to_owned(),
            code: code(),
            field: None,
        }];
    }
    let path = |field: &str| {
        std::iter::once("input")
            .chain(field.split('.'))
            .map(str::to_owned)
            .collect()
    };
    let violations = error.violations().iter();
    violations
        .map(|v| UserError {
            message: v.rule.clone(),
            code: code(),
            field: Some(path(&v.field)),
        })
        .collect()
}
