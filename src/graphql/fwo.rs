//! Field work orders in GraphQL.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::ID;
use async_graphql::InputObject;
use async_graphql::Object;
use async_graphql::OneofObject;
use tokio::sync::OnceCell;

use crate::domain::customer::filter_text;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::fwo;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::FwosFilter as DomainFilter;
use crate::domain::fwo::FwosQuery;
use crate::domain::fwo_filter::FwosFilterMember;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::domain::id::ProjectId;
use crate::domain::order::Order;
use crate::domain::term::Term;
use crate::graphql::connection::Arguments;
use crate::graphql::connection::Connection;
use crate::graphql::customer::Customer;
use crate::graphql::error::Failure;
use crate::graphql::error::found;
use crate::graphql::filter;
use crate::graphql::line::AdditionalItem;
use crate::graphql::line::EquipmentLine;
use crate::graphql::line::LaborLine;
use crate::graphql::line::MaterialLine;
use crate::graphql::line::Pricing;
use crate::graphql::line::Signature;
use crate::graphql::loader::Loaders;
use crate::graphql::node::NodeId;
use crate::graphql::query::OrderDirection;
use crate::graphql::query::asking;
use crate::graphql::scalar::DateTime;
use crate::graphql::scalar::Decimal;
use crate::graphql::scalar::Int64;
use crate::graphql::vocabulary::FwoOrderField;
use crate::graphql::vocabulary::FwoStatus;
use crate::graphql::vocabulary::FwoType;

/// A field work order (FWO), today also called T&M ticket: extra work billed on time and material.
#[derive(Clone)]
pub(super) struct Fwo {
    summary: Arc<FwoSummary>,
    /// The whole order, read when a field of it is first selected, and then never again.
    full: Arc<OnceCell<Result<Arc<fwo::Fwo>, Error>>>,
}

impl Fwo {
    /// An order of which only a list has told.
    pub(super) fn listed(summary: Arc<FwoSummary>) -> Self {
        Fwo {
            summary,
            full: Arc::default(),
        }
    }

    /// An order that was read as a whole.
    pub(super) fn full(fwo: Arc<fwo::Fwo>) -> Self {
        let summary = fwo.summary.clone();
        Fwo {
            summary,
            full: Arc::new(OnceCell::from(Ok(fwo))),
        }
    }

    async fn detail(&self, ctx: &Context<'_>) -> Result<&fwo::FwoDetail, Failure> {
        self.whole(ctx).await.map(|fwo| &fwo.detail)
    }

    async fn whole(&self, ctx: &Context<'_>) -> Result<&fwo::Fwo, Failure> {
        let full = self.full.get_or_init(|| Loaders::fwo(ctx, self.summary.id));
        match full.await {
            Ok(fwo) => Ok(fwo),
            Err(error) => Err(Failure(error.clone())),
        }
    }
}

/// A field work order (FWO), today also called T&M ticket: extra work billed on time and material.
///
/// Fields from `description` on are no part of lists: selecting any of them costs one call of the upstream
/// for each order.
#[Object]
impl Fwo {
    /// The global id: opaque, and the same for the same order always.
    pub(super) async fn id(&self) -> ID {
        NodeId::Fwo(self.summary.id).to_id()
    }

    /// The upstream's id.
    async fn database_id(&self) -> Int64 {
        Int64(self.summary.id.get())
    }

    /// The number within the project, given by the upstream: `000123`.
    async fn number(&self) -> Option<&str> {
        self.summary.number.as_deref()
    }

    /// The project that the work belongs to.
    async fn project_id(&self) -> Option<Int64> {
        self.summary.project_id.map(|id| Int64(id.get()))
    }

    /// A copy of the project's number.
    async fn project_number(&self) -> Option<&str> {
        self.summary.project_number.as_deref()
    }

    /// A copy of the project's name.
    async fn project_name(&self) -> Option<&str> {
        self.summary.project_name.as_deref()
    }

    /// The upstream's id of the project's customer.
    async fn customer_id(&self) -> Option<Int64> {
        self.summary.customer_id.map(|id| Int64(id.get()))
    }

    /// A copy of the customer's name.
    async fn customer_name(&self) -> Option<&str> {
        self.summary.customer_name.as_deref()
    }

    /// The step that the order stands in.
    async fn status(&self) -> Option<FwoStatus> {
        self.summary.status.as_ref().map(FwoStatus::from)
    }

    /// The status in the upstream's own word, whether this API knows it or not.
    async fn raw_status(&self) -> Option<&str> {
        self.summary.status.as_ref().map(Term::as_str)
    }

    /// The work in at most 100 characters.
    async fn summary(&self) -> Option<&str> {
        self.summary.summary.as_deref()
    }

    /// The company's own reference.
    async fn reference_number(&self) -> Option<&str> {
        self.summary.reference_number.as_deref()
    }

    /// The general contractor's reference: a PCO or change event number.
    async fn gc_reference(&self) -> Option<&str> {
        self.summary.gc_reference.as_deref()
    }

    /// Whether only overtime may be logged.
    async fn premium_time(&self) -> Option<bool> {
        self.summary.premium_time
    }

    /// A rough amount given before pricing.
    async fn rom_amount(&self) -> Option<Decimal> {
        self.summary.rom_amount.map(Decimal)
    }

    /// The amount.
    async fn amount(&self) -> Option<Decimal> {
        self.summary.amount.map(Decimal)
    }

    /// All labor hours.
    async fn labor_hours(&self) -> Option<Decimal> {
        self.summary.labor_hours.map(Decimal)
    }

    /// The group under which orders are sent together.
    async fn group_name(&self) -> Option<&str> {
        self.summary.group_name.as_deref()
    }

    /// The general contractor's change order number.
    async fn change_order_number(&self) -> Option<&str> {
        self.summary.change_order_number.as_deref()
    }

    /// The invoice number, for service work.
    async fn invoice_number(&self) -> Option<&str> {
        self.summary.invoice_number.as_deref()
    }

    /// Who created the order, by e-mail address.
    async fn created_by(&self) -> Option<&str> {
        self.summary.created_by.as_deref()
    }

    /// When the order was created.
    async fn created_date(&self) -> Option<DateTime> {
        self.summary.created_date.map(DateTime)
    }

    /// When the order was last changed.
    async fn updated_date(&self) -> Option<DateTime> {
        self.summary.updated_date.map(DateTime)
    }

    /// Categories of the company.
    async fn categories(&self) -> Option<&[Box<str>]> {
        self.summary.categories.as_deref()
    }

    /// What becomes of the order once it is priced.
    #[graphql(name = "type")]
    async fn kind(&self) -> Option<FwoType> {
        self.summary.kind.as_ref().map(FwoType::from)
    }

    /// The type in the upstream's own word, whether this API knows it or not.
    async fn raw_type(&self) -> Option<&str> {
        self.summary.kind.as_ref().map(Term::as_str)
    }

    /// The project's customer.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Failure>> {
        let id = self.summary.customer_id?;
        found(Loaders::customer_of_order(ctx, id).await.map(Customer))
    }

    /// The work in full, up to 10,000 characters.
    async fn description(&self, ctx: &Context<'_>) -> Option<Result<&str, Failure>> {
        let detail = self.detail(ctx).await;
        detail
            .map(|detail| detail.description.as_deref())
            .transpose()
    }

    /// The general contractor's document.
    async fn gc_document_reference(&self, ctx: &Context<'_>) -> Option<Result<&str, Failure>> {
        let detail = self.detail(ctx).await;
        detail
            .map(|detail| detail.gc_document_reference.as_deref())
            .transpose()
    }

    /// What kind of document the general contractor's is.
    async fn gc_document_reference_type(&self, ctx: &Context<'_>) -> Option<Result<&str, Failure>> {
        let detail = self.detail(ctx).await;
        detail
            .map(|detail| detail.gc_document_reference_type.as_deref())
            .transpose()
    }

    /// Hours worked.
    async fn labor(&self, ctx: &Context<'_>) -> Option<Result<Vec<LaborLine<'_>>, Failure>> {
        let lines = self.detail(ctx).await.map(|detail| detail.labor.as_ref());
        lines
            .transpose()
            .map(|lines| lines.map(|lines| lines.iter().map(LaborLine).collect()))
    }

    /// Material used.
    async fn materials(&self, ctx: &Context<'_>) -> Option<Result<Vec<MaterialLine<'_>>, Failure>> {
        let lines = self
            .detail(ctx)
            .await
            .map(|detail| detail.materials.as_ref());
        lines
            .transpose()
            .map(|lines| lines.map(|lines| lines.iter().map(MaterialLine).collect()))
    }

    /// Equipment used.
    async fn equipment(
        &self,
        ctx: &Context<'_>,
    ) -> Option<Result<Vec<EquipmentLine<'_>>, Failure>> {
        let lines = self
            .detail(ctx)
            .await
            .map(|detail| detail.equipment.as_ref());
        lines
            .transpose()
            .map(|lines| lines.map(|lines| lines.iter().map(EquipmentLine).collect()))
    }

    /// Further billing items.
    async fn additional_items(
        &self,
        ctx: &Context<'_>,
    ) -> Option<Result<Vec<AdditionalItem<'_>>, Failure>> {
        let lines = self
            .detail(ctx)
            .await
            .map(|detail| detail.additional_items.as_ref());
        lines
            .transpose()
            .map(|lines| lines.map(|lines| lines.iter().map(AdditionalItem).collect()))
    }

    /// Totals, overhead and profit.
    async fn pricing(&self, ctx: &Context<'_>) -> Option<Result<Pricing<'_>, Failure>> {
        let pricing = self.detail(ctx).await.map(|detail| detail.pricing.as_ref());
        pricing.transpose().map(|pricing| pricing.map(Pricing))
    }

    /// Who signed, once signed.
    async fn signature(&self, ctx: &Context<'_>) -> Option<Result<Signature<'_>, Failure>> {
        let signature = self
            .detail(ctx)
            .await
            .map(|detail| detail.signature.as_ref());
        signature
            .transpose()
            .map(|signature| signature.map(Signature))
    }

    /// A hash of the order, for `ifMatch` of a mutation. Fails where the list that its row is from is older.
    async fn etag(&self, ctx: &Context<'_>) -> Option<Result<String, Failure>> {
        let etag = self.whole(ctx).await.and_then(|whole| {
            // An etag that does not stand for what is shown would let a change be lost.
            if whole.summary != self.summary {
                let message = "the order was changed since the list was read";
                return Err(Error::new(ErrorKind::Conflict, message).into());
            }
            Ok(whole.etag.to_string())
        });
        Some(etag)
    }

    /// The authorization that the order grew from.
    async fn authorization_id(&self, ctx: &Context<'_>) -> Option<Result<Int64, Failure>> {
        let detail = self.detail(ctx).await;
        detail
            .map(|detail| detail.authorization_id.map(Int64))
            .transpose()
    }
}

/// Which field work order: exactly one of these.
#[derive(OneofObject)]
pub(super) enum FwoBy {
    /// The one with this global id.
    Id(ID),
    /// The one with this id of the upstream.
    DatabaseId(Int64),
}

/// Which field work orders; all where nothing is set.
#[derive(InputObject, Default)]
pub(super) struct FwosFilter {
    /// Those of this project.
    project_id: Option<Int64>,
    /// Those of the projects of the customer with this id of the upstream.
    customer_id: Option<Int64>,
    /// Those in any of these steps.
    status: Option<Vec<FwoStatus>>,
    /// Those of any of these types.
    #[graphql(name = "type")]
    kind: Option<Vec<FwoType>>,
    /// Those with exactly this number.
    number: Option<String>,
    /// Those whose number or summary contains this.
    search: Option<String>,
    /// Those created then or later.
    created_from: Option<DateTime>,
    /// Those created before.
    created_to: Option<DateTime>,
    /// Those last changed then or later.
    updated_from: Option<DateTime>,
    /// Those last changed before.
    updated_to: Option<DateTime>,
}

impl FwosFilter {
    pub(super) fn into_domain(self) -> Result<DomainFilter, Error> {
        let status = self.status.unwrap_or_default().into_iter();
        let kind = self.kind.unwrap_or_default().into_iter();
        Ok(DomainFilter {
            project_id: self
                .project_id
                .map(|n| ProjectId::read("filter.projectId", n.0))
                .transpose()?,
            customer_id: self
                .customer_id
                .map(|n| CustomerId::read("filter.customerId", n.0))
                .transpose()?,
            status: status
                .map(|status| status.known("filter.status"))
                .collect::<Result<_, _>>()?,
            kind: kind
                .map(|kind| kind.known("filter.type"))
                .collect::<Result<_, _>>()?,
            number: self
                .number
                .map(|number| filter_text("filter.number", number))
                .transpose()?,
            search: self
                .search
                .map(|search| filter_text("filter.search", search))
                .transpose()?,
            created_from: self.created_from.map(|moment| moment.0),
            created_to: self.created_to.map(|moment| moment.0),
            updated_from: self.updated_from.map(|moment| moment.0),
            updated_to: self.updated_to.map(|moment| moment.0),
        })
    }
}

/// One sort key of field work orders.
#[derive(InputObject)]
pub(super) struct FwoOrder {
    /// By what.
    field: FwoOrderField,
    /// Which end first.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// A page of orders: of all that the caller sees, or of one customer's.
pub(super) async fn connection(
    ctx: &Context<'_>,
    arguments: Arguments,
    filter: Option<FwosFilter>,
    customer: Option<CustomerId>,
    order_by: Option<Vec<FwoOrder>>,
) -> Result<Connection<Fwo>, Failure> {
    let request = arguments.request()?;
    let mut filter = filter.unwrap_or_default().into_domain()?;
    if customer.is_some() {
        if filter.customer_id.is_some() {
            return Err(
                Error::invalid("filter.customerId", "is given by the customer already").into(),
            );
        }
        filter.customer_id = customer;
    }
    let keys = order_by
        .unwrap_or_default()
        .into_iter()
        .map(|key| (key.field.into(), key.direction.into()));
    let query = FwosQuery::new(filter, Order::new("orderBy", keys.collect())?);
    let (gateway, caller) = asking(ctx)?;
    let page = gateway.fwos(&caller, &query, &request).await;
    let page = page.map_err(filter::told::<FwosFilterMember>)?;
    Ok(Connection::new(page, Fwo::listed))
}
