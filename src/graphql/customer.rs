//! Customers in GraphQL.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::Enum;
use async_graphql::ID;
use async_graphql::InputObject;
use async_graphql::Object;
use async_graphql::OneofObject;

use crate::domain::customer;
use crate::domain::customer::CustomersFilter as DomainFilter;
use crate::domain::customer::filter_text;
use crate::domain::error::Error;
use crate::domain::id::Id;
use crate::domain::order::Order;
use crate::domain::term::Term;
use crate::graphql::connection::Arguments;
use crate::graphql::connection::Connection;
use crate::graphql::error::Failure;
use crate::graphql::fwo;
use crate::graphql::fwo::Fwo;
use crate::graphql::node::NodeId;
use crate::graphql::query::OrderDirection;
use crate::graphql::scalar::Int64;
use crate::graphql::vocabulary::unwritable;

/// A customer: the general contractor or owner whom the subcontractor bills.
#[derive(Clone)]
pub(super) struct Customer(pub(super) Arc<customer::Customer>);

/// A customer: the general contractor or owner whom the subcontractor bills.
#[Object]
impl Customer {
    /// The global id: opaque, and the same for the same customer always.
    pub(super) async fn id(&self) -> ID {
        NodeId::Customer(self.0.id).to_id()
    }

    /// The upstream's id.
    async fn database_id(&self) -> Int64 {
        Int64(self.0.id.get())
    }

    /// The company's name.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The company's own number for the customer, unique per company; leading zeros and hyphens count.
    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// First line of the address.
    #[graphql(name = "address1")]
    async fn address1(&self) -> Option<&str> {
        self.0.address1.as_deref()
    }

    /// Second line of the address.
    #[graphql(name = "address2")]
    async fn address2(&self) -> Option<&str> {
        self.0.address2.as_deref()
    }

    /// City.
    async fn city(&self) -> Option<&str> {
        self.0.city.as_deref()
    }

    /// State, usually two letters.
    async fn state(&self) -> Option<&str> {
        self.0.state.as_deref()
    }

    /// Postal code.
    async fn zip_code(&self) -> Option<&str> {
        self.0.zip_code.as_deref()
    }

    /// Who is called about the work.
    async fn contact_name(&self) -> Option<&str> {
        self.0.contact_name.as_deref()
    }

    /// The e-mail address of the contact.
    async fn contact_email(&self) -> Option<&str> {
        self.0.contact_email.as_deref()
    }

    /// The telephone number of the contact, free text.
    async fn contact_phone(&self) -> Option<&str> {
        self.0.contact_phone.as_deref()
    }

    /// Who is called about the bill.
    async fn billing_contact(&self) -> Option<&str> {
        self.0.billing_contact.as_deref()
    }

    /// The e-mail address of the billing contact.
    async fn billing_contact_email(&self) -> Option<&str> {
        self.0.billing_contact_email.as_deref()
    }

    /// The telephone number of the billing contact, free text.
    async fn billing_contact_phone(&self) -> Option<&str> {
        self.0.billing_contact_phone.as_deref()
    }

    /// Whether work is done for the customer.
    async fn status(&self) -> Option<CustomerStatus> {
        self.0.status.as_ref().map(CustomerStatus::from)
    }

    /// The status in the upstream's own word, whether this API knows it or not.
    async fn raw_status(&self) -> Option<&str> {
        self.0.status.as_ref().map(Term::as_str)
    }

    /// A hash of the customer as it was read, for `ifMatch` of a mutation.
    async fn etag(&self) -> String {
        self.0.etag.to_string()
    }

    /// The field work orders of the customer's projects, in order of their ids unless said otherwise.
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
        #[graphql(desc = "Which orders of the customer; `customerId` is given already.")]
        filter: Option<fwo::FwosFilter>,
        #[graphql(desc = "In which order, at most three keys; the id comes last in any case.")]
        order_by: Option<Vec<fwo::FwoOrder>>,
    ) -> Option<Result<Connection<Fwo>, Failure>> {
        let arguments = Arguments {
            first,
            after,
            last,
            before,
            offset,
        };
        Some(fwo::connection(ctx, arguments, filter, Some(self.0.id), order_by).await)
    }
}

/// Whether work is done for a customer.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum CustomerStatus {
    /// Work is done.
    Active,
    /// Kept for the record.
    Inactive,
    /// A word that this API does not know yet; see `rawStatus`.
    Unknown,
}

impl From<&Term<customer::CustomerStatus>> for CustomerStatus {
    fn from(term: &Term<customer::CustomerStatus>) -> Self {
        match term {
            Term::Known(customer::CustomerStatus::Active) => CustomerStatus::Active,
            Term::Known(customer::CustomerStatus::Inactive) => CustomerStatus::Inactive,
            Term::Unknown(_) => CustomerStatus::Unknown,
        }
    }
}

impl CustomerStatus {
    fn known(self, field: &str) -> Result<customer::CustomerStatus, Error> {
        self.word()
            .ok_or_else(|| Error::invalid(field, "cannot be UNKNOWN in a filter"))
    }

    /// The word to write; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn writable(self, field: &str) -> Result<customer::CustomerStatus, Error> {
        self.word().ok_or_else(|| unwritable(field))
    }

    fn word(self) -> Option<customer::CustomerStatus> {
        match self {
            CustomerStatus::Active => Some(customer::CustomerStatus::Active),
            CustomerStatus::Inactive => Some(customer::CustomerStatus::Inactive),
            CustomerStatus::Unknown => None,
        }
    }
}

/// Which customer: exactly one of these.
#[derive(OneofObject)]
pub(super) enum CustomerBy {
    /// The one with this global id.
    Id(ID),
    /// The one with this id of the upstream.
    DatabaseId(Int64),
    /// The one with this number.
    Number(String),
}

/// Which customers; all where nothing is set.
#[derive(InputObject, Default)]
pub(super) struct CustomersFilter {
    /// Those of this status.
    status: Option<CustomerStatus>,
    /// The one with exactly this number.
    number: Option<String>,
    /// Those whose name contains this, whatever the case.
    name: Option<String>,
}

impl CustomersFilter {
    pub(super) fn into_domain(self) -> Result<DomainFilter, Error> {
        let CustomersFilter {
            status,
            number,
            name,
        } = self;
        Ok(DomainFilter {
            status: status
                .map(|status| status.known("filter.status"))
                .transpose()?,
            number: number
                .map(|number| filter_text("filter.number", number))
                .transpose()?,
            name: name
                .map(|name| filter_text("filter.name", name))
                .transpose()?,
        })
    }
}

/// One sort key of customers.
#[derive(InputObject)]
pub(super) struct CustomerOrder {
    /// By what.
    field: CustomerOrderField,
    /// Which end first.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// What customers can be sorted by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "customer::CustomerField")]
pub(super) enum CustomerOrderField {
    /// The upstream's id.
    Id,
    /// The name.
    Name,
    /// The number.
    Number,
    /// The city.
    City,
    /// The state.
    State,
    /// The status.
    Status,
}

/// The order of customers that `orderBy` describes.
pub(super) fn order(
    keys: Option<Vec<CustomerOrder>>,
) -> Result<Order<customer::CustomerField>, Error> {
    let keys = keys
        .unwrap_or_default()
        .into_iter()
        .map(|key| (key.field.into(), key.direction.into()));
    Order::new("orderBy", keys.collect())
}
