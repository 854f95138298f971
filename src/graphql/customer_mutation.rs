//! Mutations of customers: read, call one operation of the gateway, say what the user can mend.

use async_graphql::Context;
use async_graphql::ID;
use async_graphql::Object;
use async_graphql::SimpleObject;

use crate::graphql::customer::Customer;
use crate::graphql::customer_input::CreateCustomerInput;
use crate::graphql::customer_input::DeleteCustomerInput;
use crate::graphql::customer_input::UpdateCustomerInput;
use crate::graphql::error::Failure;
use crate::graphql::query::Query;
use crate::graphql::query::asking;
use crate::graphql::reading::Deletion;
use crate::graphql::reading::Update;
use crate::graphql::user_error::UserError;
use crate::graphql::user_error::told;
use crate::graphql::user_error::told_of_new;

/// What can be done to customers.
#[derive(Default)]
pub(super) struct CustomerMutation;

/// What can be done to customers.
#[Object]
impl CustomerMutation {
    /// Makes a customer.
    async fn create_customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new customer.")] input: CreateCustomerInput,
    ) -> Option<Result<CreateCustomerPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let outcome = async {
            let (gateway, caller) = asking(ctx)?;
            let (customer, request) = input.read()?;
            gateway.create_customer(&caller, customer, request).await
        };
        let payload =
            told_of_new(outcome.await).map(|(customer, user_errors)| CreateCustomerPayload {
                customer: customer.map(Customer),
                user_errors,
                query: Query,
                client_mutation_id,
            });
        Some(payload)
    }

    /// Changes a customer: what is absent in the input stays as it is, what is null is emptied.
    async fn update_customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which customer, and the changes.")] input: UpdateCustomerInput,
    ) -> Option<Result<UpdateCustomerPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let outcome = async {
            let (gateway, caller) = asking(ctx)?;
            let Update {
                id,
                changes,
                if_match,
                request,
            } = input.read()?;
            gateway
                .update_customer(&caller, id, changes, if_match, request)
                .await
        };
        let payload = told(outcome.await).map(|(customer, user_errors)| UpdateCustomerPayload {
            customer: customer.map(Customer),
            user_errors,
            query: Query,
            client_mutation_id,
        });
        Some(payload)
    }

    /// Deletes a customer. One that projects refer to is refused: make it inactive instead.
    async fn delete_customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which customer.")] input: DeleteCustomerInput,
    ) -> Option<Result<DeleteCustomerPayload, Failure>> {
        let client_mutation_id = input.client_mutation_id.clone();
        let id = input.id.clone();
        let outcome = async {
            let (gateway, caller) = asking(ctx)?;
            let Deletion {
                id,
                if_match,
                request,
            } = input.read()?;
            gateway
                .delete_customer(&caller, id, if_match, request)
                .await
        };
        let payload = told(outcome.await).map(|(deleted, user_errors)| DeleteCustomerPayload {
            deleted_customer_id: deleted.map(|()| id),
            user_errors,
            query: Query,
            client_mutation_id,
        });
        Some(payload)
    }
}

/// What `createCustomer` gives.
#[derive(SimpleObject)]
pub(super) struct CreateCustomerPayload {
    /// The customer as it was made; null where `userErrors` say why not.
    customer: Option<Customer>,
    /// What the user can mend; empty where the customer was made.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}

/// What `updateCustomer` gives.
#[derive(SimpleObject)]
pub(super) struct UpdateCustomerPayload {
    /// The customer as it is now; null where `userErrors` say why it was not changed.
    customer: Option<Customer>,
    /// What the user can mend; empty where the customer was changed.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}

/// What `deleteCustomer` gives.
#[derive(SimpleObject)]
pub(super) struct DeleteCustomerPayload {
    /// The global id of the customer that is gone; null where `userErrors` say why it is not.
    deleted_customer_id: Option<ID>,
    /// What the user can mend; empty where the customer is gone.
    user_errors: Vec<UserError>,
    /// Whatever is to be read after the mutation.
    query: Query,
    /// As it was in the input.
    client_mutation_id: Option<String>,
}
