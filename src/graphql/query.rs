//! Root fields of queries: parse, call one operation of the gateway, wrap.

use std::borrow::Cow;
use std::time::Duration;

use async_graphql::Context;
use async_graphql::Enum;
use async_graphql::ID;
use async_graphql::Object;
use futures_util::future::join_all;

use crate::domain::caller::Caller;
use crate::domain::customer::CustomersQuery;
use crate::domain::customer::filter_text;
use crate::domain::customer_filter::CustomersFilterMember;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::domain::ledger::Account;
use crate::domain::order::Direction;
use crate::gateway::Gateway;
use crate::graphql::connection::Arguments;
use crate::graphql::connection::Connection;
use crate::graphql::customer;
use crate::graphql::customer::Customer;
use crate::graphql::customer::CustomerBy;
use crate::graphql::customer::CustomerOrder;
use crate::graphql::customer::CustomersFilter;
use crate::graphql::error::Failure;
use crate::graphql::error::found;
use crate::graphql::filter;
use crate::graphql::fwo;
use crate::graphql::fwo::Fwo;
use crate::graphql::fwo::FwoBy;
use crate::graphql::fwo::FwoOrder;
use crate::graphql::fwo::FwosFilter;
use crate::graphql::loader::Loaders;
use crate::graphql::node::Node;
use crate::graphql::node::NodeId;

/// A lookup: absent, found or failed.
type Found<T> = Option<Result<T, Failure>>;

/// Most ids that one `nodes` field takes.
pub(super) const NODES_MAX: usize = 100;

/// Who asks, as the endpoint found out; nobody where the operation needs nobody.
pub(super) struct Asker {
    pub(super) caller: Option<Caller>,
    /// Where questions are entered that nobody asks whom we know: logins.
    pub(super) account: Account,
    /// How long they wait.
    pub(super) patience: Option<Duration>,
}

/// The gateway and the caller of the request that is being executed, who says which field asks where a ledger wants
/// to know.
pub(super) fn asking<'c>(ctx: &Context<'c>) -> Result<(&'c Gateway, Cow<'c, Caller>), Error> {
    let asker = ctx
        .data_opt::<Asker>()
        .and_then(|asker| asker.caller.as_ref());
    let caller =
        asker.ok_or_else(|| Error::new(ErrorKind::TokenMissing, "a bearer token is needed"))?;
    let caller = match &ctx.path_node {
        Some(path) if caller.account().has_questions() => {
            let account = caller.account().at(|| path.to_string().into());
            Cow::Owned(caller.clone().with_account(account))
        }
        _ => Cow::Borrowed(caller),
    };
    Ok((ctx.data_unchecked::<Gateway>(), caller))
}

/// Which end of an order comes first.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderDirection {
    /// The least first.
    Asc,
    /// The greatest first.
    Desc,
}

impl From<OrderDirection> for Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Direction::Ascending,
            OrderDirection::Desc => Direction::Descending,
        }
    }
}

/// What can be read.
pub(super) struct Query;

/// What can be read. All of it needs `Authorization: Bearer <token>`.
#[Object]
impl Query {
    /// The customer with this id or number; null where the user can see none.
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which customer.")] by: CustomerBy,
    ) -> Option<Result<Customer, Failure>> {
        let outcome = async {
            let key = customer_key(by)?;
            match key {
                CustomerKey::Id(id) => Loaders::customer(ctx, id).await,
                CustomerKey::Number(number) => {
                    let (gateway, caller) = asking(ctx)?;
                    let found = gateway.customer_by_number(&caller, number).await;
                    found.map_err(|error| filter::told_of_key("by.number", error))
                }
            }
        };
        found(outcome.await.map(Customer))
    }

    /// The customers that the user can see, in order of their ids unless said otherwise.
    #[expect(
        clippy::too_many_arguments,
        reason = "the arguments of a Relay connection, and three of ours"
    )]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "At most this many from the front, 0 to 200; 25 where neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the back, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "So many further rows are passed over, counted from the front or from `after`; not with `last`."
        )]
        offset: Option<i32>,
        #[graphql(desc = "Which customers.")] filter: Option<CustomersFilter>,
        #[graphql(desc = "In which order, at most three keys; the id comes last in any case.")]
        order_by: Option<Vec<CustomerOrder>>,
    ) -> Option<Result<Connection<Customer>, Failure>> {
        let outcome = async {
            let request = Arguments {
                first,
                after,
                last,
                before,
                offset,
            }
            .request()?;
            let filter = filter.unwrap_or_default().into_domain()?;
            let query = CustomersQuery {
                filter,
                order: customer::order(order_by)?,
            };
            let (gateway, caller) = asking(ctx)?;
            let page = gateway.customers(&caller, &query, &request).await;
            let page = page.map_err(filter::told::<CustomersFilterMember>)?;
            Ok(Connection::new(page, Customer))
        };
        Some(outcome.await)
    }

    /// The field work order with this id; null where the user can see none.
    async fn fwo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] by: FwoBy,
    ) -> Option<Result<Fwo, Failure>> {
        let outcome = async {
            let id = match by {
                FwoBy::Id(id) => NodeId::fwo("by.id", &id)?,
                FwoBy::DatabaseId(id) => FwoId::read("by.databaseId", id.0)?,
            };
            read_fwo(ctx, id).await
        };
        found(outcome.await)
    }

    /// The field work orders that the user can see, in order of their ids unless said otherwise.
    #[expect(
        clippy::too_many_arguments,
        reason = "the arguments of a Relay connection, and three of ours"
    )]
    async fn fwos(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "At most this many from the front, 0 to 200; 25 where neither `first` nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the back, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "So many further rows are passed over, counted from the front or from `after`; not with `last`."
        )]
        offset: Option<i32>,
        #[graphql(desc = "Which orders.")] filter: Option<FwosFilter>,
        #[graphql(desc = "In which order, at most three keys; the id comes last in any case.")]
        order_by: Option<Vec<FwoOrder>>,
    ) -> Option<Result<Connection<Fwo>, Failure>> {
        let arguments = Arguments {
            first,
            after,
            last,
            before,
            offset,
        };
        Some(fwo::connection(ctx, arguments, filter, None, order_by).await)
    }

    /// The object with this global id; null where the user can see none.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Option<Result<Node, Failure>> {
        read_node(ctx, "id", &id).await
    }

    /// The objects with these global ids, in their order; null for each that the user cannot see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids, at most 100.")] ids: Vec<ID>,
    ) -> Option<Result<Vec<Found<Node>>, Failure>> {
        if ids.len() > NODES_MAX {
            return Some(Err(Error::invalid(
                "ids",
                format!("at most {NODES_MAX} ids"),
            )
            .into()));
        }
        let reads = ids
            .iter()
            .enumerate()
            .map(|(place, id)| async move { read_node(ctx, &format!("ids.{place}"), id).await });
        Some(Ok(join_all(reads).await))
    }
}

enum CustomerKey {
    Id(CustomerId),
    Number(String),
}

fn customer_key(by: CustomerBy) -> Result<CustomerKey, Error> {
    match by {
        CustomerBy::Id(id) => NodeId::customer("by.id", &id).map(CustomerKey::Id),
        CustomerBy::DatabaseId(id) => CustomerId::read("by.databaseId", id.0).map(CustomerKey::Id),
        CustomerBy::Number(number) => filter_text("by.number", number).map(CustomerKey::Number),
    }
}

/// The order: by its summary where a list was read lately, so that nothing is asked before it must be.
async fn read_fwo(ctx: &Context<'_>, id: FwoId) -> Result<Fwo, Error> {
    // An etag stands for all that is shown with it.
    if ctx.look_ahead().field("etag").exists() {
        return Loaders::fwo(ctx, id).await.map(Fwo::full);
    }
    let (gateway, caller) = asking(ctx)?;
    match gateway.listed_fwo(&caller, id).await {
        Some(summary) => Ok(Fwo::listed(summary)),
        None => Loaders::fwo(ctx, id).await.map(Fwo::full),
    }
}

async fn read_node(ctx: &Context<'_>, field: &str, id: &ID) -> Option<Result<Node, Failure>> {
    let outcome = async {
        let Some(id) = NodeId::parse(field, id)? else {
            return Err(Error::new(ErrorKind::NotFound, "no such type"));
        };
        match id {
            NodeId::Customer(id) => {
                let row = Loaders::customer(ctx, id).await?;
                Ok(Node::Customer(Customer(row)))
            }
            NodeId::Fwo(id) => read_fwo(ctx, id).await.map(Node::Fwo),
        }
    };
    found(outcome.await)
}
