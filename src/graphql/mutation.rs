//! Root fields of mutations.

use async_graphql::Context;
use async_graphql::InputObject;
use async_graphql::MergedObject;
use async_graphql::Object;
use async_graphql::SimpleObject;
use secrecy::SecretString;

use crate::gateway::Credentials;
use crate::gateway::Gateway;
use crate::graphql::customer_mutation::CustomerMutation;
use crate::graphql::error::Failure;
use crate::graphql::fwo_mutation::FwoMutation;
use crate::graphql::query::Asker;
use crate::graphql::scalar::DateTime;
use crate::graphql::user_error::UserError;
use crate::graphql::user_error::told_of_new;

/// What can be done.
#[derive(MergedObject, Default)]
pub(super) struct Mutation(LoginMutation, CustomerMutation, FwoMutation);

/// What can be done without a token.
#[derive(Default)]
pub(super) struct LoginMutation;

/// What can be done without a token.
#[Object]
impl LoginMutation {
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
        let asker = ctx.data_unchecked::<Asker>();
        let path = ctx.path_node.as_ref();
        let account = asker
            .account
            .at(|| path.map_or_else(String::new, ToString::to_string).into());
        let gateway = ctx.data_unchecked::<Gateway>();
        let login = gateway.log_in(credentials, asker.patience, &account).await;
        let payload = told_of_new(login).map(|(login, user_errors)| match login {
            None => LoginPayload {
                user_errors,
                ..LoginPayload::default()
            },
            Some(login) => LoginPayload {
                token: Some(login.token.expose().to_owned()),
                token_type: Some(login.token_type),
                expires_in_minutes: i32::try_from(login.expires_in_minutes).ok(),
                expires_at: Some(DateTime(login.expires_at)),
                user_errors,
            },
        });
        Some(payload)
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
