//! Field work orders, today also called T&M tickets: extra work billed on time and material.
//!
//! Members and their meaning: upstream contract 3.3. All but the id may be absent. Lists carry the
//! [`FwoSummary`]; the rest, [`FwoDetail`], costs a call for each order.

use std::sync::Arc;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::domain::customer::Extra;
use crate::domain::customer::Text;
use crate::domain::etag::Etag;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::domain::id::ProjectId;
use crate::domain::moment::whole_millisecond;
use crate::domain::money::Decimal;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::order::SortValue;
use crate::domain::term::Term;
use crate::domain::term::Vocabulary;

/// What a list says of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct FwoSummary {
    /// The upstream's id.
    pub id: FwoId,
    /// The number within the project, given by the upstream: `000123`.
    pub number: Text,
    /// The project that the work belongs to.
    pub project_id: Option<ProjectId>,
    /// A copy of the project's number.
    pub project_number: Text,
    /// A copy of the project's name.
    pub project_name: Text,
    /// The project's customer.
    pub customer_id: Option<CustomerId>,
    /// A copy of the customer's name.
    pub customer_name: Text,
    /// What becomes of the order once it is priced.
    pub kind: Option<Term<FwoType>>,
    /// The step that the order stands in.
    pub status: Option<Term<FwoStatus>>,
    /// The work in at most 100 characters.
    pub summary: Text,
    /// Categories of the company.
    pub categories: Option<Vec<Box<str>>>,
    /// The company's own reference.
    pub reference_number: Text,
    /// The general contractor's reference: a PCO or change event number.
    pub gc_reference: Text,
    /// Whether only overtime may be logged.
    pub premium_time: Option<bool>,
    /// A rough amount given before pricing, in US dollars.
    pub rom_amount: Option<Decimal>,
    /// The amount, in US dollars.
    pub amount: Option<Decimal>,
    /// All labor hours.
    pub labor_hours: Option<Decimal>,
    /// The group under which orders are sent together.
    pub group_name: Text,
    /// The general contractor's change order number.
    pub change_order_number: Text,
    /// The invoice number, for service work.
    pub invoice_number: Text,
    /// Who created the order, by e-mail address.
    pub created_by: Text,
    /// When it was created.
    pub created_date: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_date: Option<DateTime<Utc>>,
}

/// An order with all of its lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Fwo {
    /// What lists say, too.
    pub summary: Arc<FwoSummary>,
    /// What only the order itself says.
    pub detail: FwoDetail,
    /// What stands for all of it when somebody wants to write.
    pub etag: Etag,
}

/// What only the order itself says.
#[derive(Clone, Debug, PartialEq)]
pub struct FwoDetail {
    /// The work in full, up to 10,000 characters.
    pub description: Text,
    /// The general contractor's document.
    pub gc_document_reference: Text,
    /// What kind of document that is.
    pub gc_document_reference_type: Text,
    /// Hours worked.
    pub labor: Option<Vec<LaborLine>>,
    /// Material used.
    pub materials: Option<Vec<MaterialLine>>,
    /// Equipment used.
    pub equipment: Option<Vec<EquipmentLine>>,
    /// Further billing items.
    pub additional_items: Option<Vec<AdditionalItem>>,
    /// Totals, overhead and profit.
    pub pricing: Option<Pricing>,
    /// Who signed, once signed.
    pub signature: Option<Signature>,
    /// The authorization that the order grew from.
    pub authorization_id: Option<i64>,
    /// What the upstream says beyond that.
    pub extra: Extra,
}

/// Hours of one employee on one day.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct LaborLine {
    pub id: Option<i64>,
    pub employee_number: Text,
    pub employee_name: Text,
    pub trade: Text,
    pub trade_class: Text,
    pub work_date: Option<NaiveDate>,
    pub regular_hours: Option<Decimal>,
    pub overtime_hours: Option<Decimal>,
    pub double_time_hours: Option<Decimal>,
    pub regular_rate: Option<Decimal>,
    pub overtime_rate: Option<Decimal>,
    pub double_time_rate: Option<Decimal>,
    pub amount: Option<Decimal>,
}

/// One material: amount = quantity x factor x unit price / (1, 100, 1000, 1 for E, C, M, P).
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct MaterialLine {
    pub id: Option<i64>,
    pub item_code: Text,
    pub description: Text,
    pub quantity: Option<Decimal>,
    pub unit_type: Text,
    pub pricing_unit: Option<Term<PricingUnit>>,
    pub factor: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    pub amount: Option<Decimal>,
}

/// One piece of equipment: amount = quantity x rate.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct EquipmentLine {
    pub id: Option<i64>,
    pub item_code: Text,
    pub description: Text,
    pub quantity: Option<Decimal>,
    pub unit_type: Text,
    pub rate: Option<Decimal>,
    pub amount: Option<Decimal>,
}

/// One further billing item, counted by labor hours or by quantity.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct AdditionalItem {
    pub id: Option<i64>,
    pub category: Text,
    pub item_number: Text,
    pub description: Text,
    pub calc: Option<Term<Calc>>,
    pub hours_per: Option<Decimal>,
    pub quantity: Option<Decimal>,
    pub rate: Option<Decimal>,
    pub amount: Option<Decimal>,
}

/// Totals in US dollars, and the percentages between subtotal and total.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct Pricing {
    pub labor_total: Option<Decimal>,
    pub material_total: Option<Decimal>,
    pub equipment_total: Option<Decimal>,
    pub additional_total: Option<Decimal>,
    pub subtotal: Option<Decimal>,
    pub overhead_percent: Option<Decimal>,
    pub profit_percent: Option<Decimal>,
    pub overhead_amount: Option<Decimal>,
    pub profit_amount: Option<Decimal>,
    pub total: Option<Decimal>,
}

/// The general contractor's signature.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct Signature {
    pub signer_name: Text,
    pub signer_email: Text,
    pub note: Text,
    pub signed_date: Option<DateTime<Utc>>,
}

/// What becomes of an order once it is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FwoType {
    /// A change order request.
    FieldWork,
    /// An invoice.
    ServiceWork,
    /// Nothing: an internal record.
    TrackingOnly,
}

impl Vocabulary for FwoType {
    const WORDS: &'static [(Self, &'static str)] = &[
        (FwoType::FieldWork, "FIELD_WORK"),
        (FwoType::ServiceWork, "SERVICE_WORK"),
        (FwoType::TrackingOnly, "TRACKING_ONLY"),
    ];
}

/// The step that an order stands in. The legal moves between steps are the upstream's business alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FwoStatus {
    /// The foreman logs labor and material.
    Entry,
    /// Sent to the general contractor for a signature.
    PendingSignature,
    /// The signature was refused.
    PendingChanges,
    /// Signed; the office prices it.
    Pricing,
    /// Priced and locked, waiting for a change order request.
    WaitingForApproval,
    /// The general contractor refused the change order request.
    GcRework,
    /// The change order request was sent.
    Executed,
    /// The general contractor approved.
    ChangeOrderIssued,
    /// Service work: invoiced.
    InvoiceIssued,
    /// Service work: paid.
    InvoicePaid,
}

impl Vocabulary for FwoStatus {
    const WORDS: &'static [(Self, &'static str)] = &[
        (FwoStatus::Entry, "ENTRY"),
        (FwoStatus::PendingSignature, "PENDING_SIGNATURE"),
        (FwoStatus::PendingChanges, "PENDING_CHANGES"),
        (FwoStatus::Pricing, "PRICING"),
        (FwoStatus::WaitingForApproval, "WAITING_FOR_APPROVAL"),
        (FwoStatus::GcRework, "GC_REWORK"),
        (FwoStatus::Executed, "EXECUTED"),
        (FwoStatus::ChangeOrderIssued, "CHANGE_ORDER_ISSUED"),
        (FwoStatus::InvoiceIssued, "INVOICE_ISSUED"),
        (FwoStatus::InvoicePaid, "INVOICE_PAID"),
    ];
}

/// What a unit price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PricingUnit {
    /// Each.
    E,
    /// A hundred.
    C,
    /// A thousand.
    M,
    /// A pound.
    P,
}

impl Vocabulary for PricingUnit {
    const WORDS: &'static [(Self, &'static str)] = &[
        (PricingUnit::E, "E"),
        (PricingUnit::C, "C"),
        (PricingUnit::M, "M"),
        (PricingUnit::P, "P"),
    ];
}

/// How an additional item is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calc {
    /// One hour for each `hoursPer` labor hours.
    Hours,
    /// Quantity times rate.
    Amount,
}

impl Vocabulary for Calc {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Calc::Hours, "HOURS"), (Calc::Amount, "AMOUNT")];
}

/// What the upstream sorts orders by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each names the member of `FwoSummary` of the same name"
)]
pub enum FwoField {
    Id,
    Number,
    Summary,
    Status,
    Type,
    Amount,
    RomAmount,
    CreatedDate,
    UpdatedDate,
    ProjectNumber,
}

impl Vocabulary for FwoField {
    const WORDS: &'static [(Self, &'static str)] = &[
        (FwoField::Id, "id"),
        (FwoField::Number, "number"),
        (FwoField::Summary, "summary"),
        (FwoField::Status, "status"),
        (FwoField::Type, "type"),
        (FwoField::Amount, "amount"),
        (FwoField::RomAmount, "romAmount"),
        (FwoField::CreatedDate, "createdDate"),
        (FwoField::UpdatedDate, "updatedDate"),
        (FwoField::ProjectNumber, "projectNumber"),
    ];
}

impl SortField for FwoField {
    type Row = FwoSummary;
    const ID: Self = FwoField::Id;

    fn id(row: &FwoSummary) -> i64 {
        row.id.get()
    }

    fn value(self, row: &FwoSummary) -> SortValue {
        let number = |amount: Option<Decimal>| amount.map_or(SortValue::Absent, SortValue::Number);
        let time =
            |moment: Option<DateTime<Utc>>| moment.map_or(SortValue::Absent, SortValue::Time);
        match self {
            FwoField::Id => SortValue::Number(row.id.get().into()),
            FwoField::Number => SortValue::text(row.number.as_deref()),
            FwoField::Summary => SortValue::text(row.summary.as_deref()),
            FwoField::Status => SortValue::text(row.status.as_ref().map(Term::as_str)),
            FwoField::Type => SortValue::text(row.kind.as_ref().map(Term::as_str)),
            FwoField::Amount => number(row.amount),
            FwoField::RomAmount => number(row.rom_amount),
            FwoField::CreatedDate => time(row.created_date),
            FwoField::UpdatedDate => time(row.updated_date),
            FwoField::ProjectNumber => SortValue::text(row.project_number.as_deref()),
        }
    }
}

/// Which orders; all where nothing is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FwosFilter {
    /// Those of this project.
    pub project_id: Option<ProjectId>,
    /// Those of this customer's projects.
    pub customer_id: Option<CustomerId>,
    /// Those in any of these steps; any step where empty.
    pub status: Vec<FwoStatus>,
    /// Those of any of these types; any type where empty.
    pub kind: Vec<FwoType>,
    /// Those with exactly this number.
    pub number: Option<String>,
    /// Those whose number or summary contains this.
    pub search: Option<String>,
    /// Those created then or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Those created before.
    pub created_to: Option<DateTime<Utc>>,
    /// Those last changed then or later.
    pub updated_from: Option<DateTime<Utc>>,
    /// Those last changed before.
    pub updated_to: Option<DateTime<Utc>>,
}

/// Which orders, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FwosQuery {
    /// Which.
    pub filter: FwosFilter,
    /// In which order.
    pub order: Order<FwoField>,
}

impl FwosQuery {
    /// A query whose lists of words are in one order and whose moments are the upstream's, so that equal
    /// questions are one question.
    pub fn new(mut filter: FwosFilter, order: Order<FwoField>) -> Self {
        filter.status.sort_unstable();
        filter.status.dedup();
        filter.kind.sort_unstable();
        filter.kind.dedup();
        for moment in [
            &mut filter.created_from,
            &mut filter.created_to,
            &mut filter.updated_from,
            &mut filter.updated_to,
        ] {
            *moment = moment.map(whole_millisecond);
        }
        FwosQuery { filter, order }
    }

    /// The query as parameters of `GET /fwo`, always in the same order.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let FwosFilter {
            project_id,
            customer_id,
            status,
            kind,
            number,
            search,
            created_from,
            created_to,
            updated_from,
            updated_to,
        } = &self.filter;
        let time = |moment: &Option<DateTime<Utc>>| {
            moment.map(|t| t.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string())
        };
        let mut parameters = Vec::new();
        parameters.extend(project_id.map(|id| ("projectId", id.to_string())));
        parameters.extend(customer_id.map(|id| ("customerId", id.to_string())));
        parameters.extend(
            status
                .iter()
                .map(|status| ("status", status.word().to_owned())),
        );
        parameters.extend(kind.iter().map(|kind| ("type", kind.word().to_owned())));
        parameters.extend(number.clone().map(|number| ("number", number)));
        parameters.extend(search.clone().map(|search| ("search", search)));
        parameters.extend(time(created_from).map(|t| ("createdFrom", t)));
        parameters.extend(time(created_to).map(|t| ("createdTo", t)));
        parameters.extend(time(updated_from).map(|t| ("updatedFrom", t)));
        parameters.extend(time(updated_to).map(|t| ("updatedTo", t)));
        parameters.extend(self.order.terms().map(|term| ("sort", term)));
        parameters
    }
}
