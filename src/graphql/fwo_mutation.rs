//! Mutations of field work orders: read, call one operation of the gateway, say what the user can mend.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::ID;
use async_graphql::Object;
use async_graphql::SimpleObject;

use crate::domain::error::Error;
use crate::domain::fwo;
use crate::domain::fwo_write::FwoWrite;
use crate::domain::id::FwoId;
use crate::graphql::error::Failure;
use crate::graphql::fwo::Fwo;
use crate::graphql::fwo_input::CreateFwoInput;
use crate::graphql::fwo_input::DeleteFwoInput;
use crate::graphql::fwo_input::MoveFwoInput;
use crate::graphql::fwo_input::UpdateFwoInput;
use crate::graphql::query::Query;
use crate::graphql::query::asking;
use crate::graphql::reading::Deletion;
use crate::graphql::reading::Update;
use crate::graphql::user_error::UserError;
use crate::graphql::user_error::told;
use crate::graphql::user_error::told_of_new;

/// What can be done to field work orders.
#[derive(Default)]
pub(super) struct FwoMutation;

/// What can be done to field work orders.
#[Object]
impl FwoMutation {
    /// Makes an order. It begins in the step ENTRY.
    async fn create_fwo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new order.")] input: CreateFwoInput,
    ) -> Option<Result<CreateFwoPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let outcome = async {
            let (gateway, caller) = asking(ctx)?;
            let (fwo, request) = input.read()?;
            gateway.create_fwo(&caller, fwo, request).await
        };
        let payload = told_of_new(outcome.await).map(|(fwo, user_errors)| CreateFwoPayload {
            fwo: fwo.map(Fwo::full),
            user_errors,
            query: Query,
            client_mutation_id,
        });
        Some(payload)
    }

    /// Changes an order: what is absent in the input stays as it is, what is null is emptied. Its step decides
    /// what may be changed.
    async fn update_fwo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order, and the changes.")] input: UpdateFwoInput,
    ) -> Option<Result<UpdateFwoPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let outcome = changed(ctx, input.read());
        let payload = told(outcome.await).map(|(fwo, user_errors)| UpdateFwoPayload {
            fwo: fwo.map(Fwo::full),
            user_errors,
            query: Query,
            client_mutation_id,
        });
        Some(payload)
    }

    /// Moves an order to another step.
    async fn move_fwo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order, the step, and what the step needs.")] input: MoveFwoInput,
    ) -> Option<Result<MoveFwoPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let outcome = changed(ctx, input.read());
        let payload = told(outcome.await).map(|(fwo, user_errors)| MoveFwoPayload {
            fwo: fwo.map(Fwo::full),
            user_errors,
            query: Query,
            client_mutation_id,
        });
        Some(payload)
    }

    /// Deletes an order. One whose change order request was sent, or that was invoiced, is refused.
    async fn delete_fwo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: DeleteFwoInput,
    ) -> Option<Result<DeleteFwoPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let id = input.id.clone();
        let outcome = async {
            let (gateway, caller) = asking(ctx)?;
            let Deletion {
                id,
                if_match,
                request,
            } = input.read()?;
            gateway.delete_fwo(&caller, id, if_match, request).await
        };
        let payload = told(outcome.await).map(|(deleted, user_errors)| DeleteFwoPayload {
            deleted_fwo_id: deleted.map(|()| id),
            user_errors,
            query: Query,
            client_mutation_id,
        });
        Some(payload)
    }
}

/// The order with the changes that were read, its step among them or not.
async fn changed(
    ctx: &Context<'_>,
    read: Result<Update<FwoId, FwoWrite>, Error>,
) -> Result<Arc<fwo::Fwo>, Error> {
    let (gateway, caller) = asking(ctx)?;
    let Update {
        id,
        changes,
        if_match,
        request,
    } = read?;
    gateway
        .update_fwo(&caller, id, changes, if_match, request)
        .await
}

/// What `createFwo` gives.
#[derive(SimpleObject)]
pub(super) struct CreateFwoPayload {
    /// The order as it was made; null where `userErrors` say why not.
    fwo: Option<Fwo>,
    /// What the user can mend; empty where the order was made.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}

/// What `updateFwo` gives.
#[derive(SimpleObject)]
pub(super) struct UpdateFwoPayload {
    /// The order as it is now; null where `userErrors` say why it was not changed.
    fwo: Option<Fwo>,
    /// What the user can mend; empty where the order was changed.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}

/// What `moveFwo` gives.
#[derive(SimpleObject)]
pub(super) struct MoveFwoPayload {
    /// The order as it is now; null where `userErrors` say why it was not moved.
    fwo: Option<Fwo>,
    /// What the user can mend; empty where the order was moved.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}

/// What `deleteFwo` gives.
#[derive(SimpleObject)]
pub(super) struct DeleteFwoPayload {
    /// The global id of the order that is gone; null where `userErrors` say why it is not.
    deleted_fwo_id: Option<ID>,
    /// What the user can mend; empty where the order is gone.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}
