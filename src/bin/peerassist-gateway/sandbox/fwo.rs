//! A field work order: its whole record.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox::billing::AdditionalItem;
use crate::sandbox::billing::EquipmentLine;
use crate::sandbox::columns::Columns;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::error::Answer;
use crate::sandbox::filter::Filter;
use crate::sandbox::fwo_draft::FwoDraft;
use crate::sandbox::fwo_draft::Lines;
use crate::sandbox::instant::Instant;
use crate::sandbox::pricing::LineTotals;
use crate::sandbox::pricing::Pricing;
use crate::sandbox::texts::Texts;
use crate::sandbox::time_and_material::LaborLine;
use crate::sandbox::time_and_material::MaterialLine;
use crate::sandbox::word::vocabulary;

vocabulary! {
    /// What the work is billed as: a change order, an invoice, or not at all.
    FwoType {
        FieldWork = "FIELD_WORK",
        ServiceWork = "SERVICE_WORK",
        TrackingOnly = "TRACKING_ONLY",
    }
}

vocabulary! {
    /// The step an FWO has reached.
    FwoStatus {
        Entry = "ENTRY",
        PendingSignature = "PENDING_SIGNATURE",
        PendingChanges = "PENDING_CHANGES",
        Pricing = "PRICING",
        WaitingForApproval = "WAITING_FOR_APPROVAL",
        Executed = "EXECUTED",
        GcRework = "GC_REWORK",
        ChangeOrderIssued = "CHANGE_ORDER_ISSUED",
        InvoiceIssued = "INVOICE_ISSUED",
        InvoicePaid = "INVOICE_PAID",
    }
}

/// The general contractor's signature; there from PRICING on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Signature {
    pub(crate) signer_name: String,
    pub(crate) signer_email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) note: Option<String>,
    pub(crate) signed_date: Instant,
}

impl Signature {
    fn read(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<Self>> {
        let signer_name: Option<String> = columns.next()?;
        let signer_email: Option<String> = columns.next()?;
        let note = columns.next()?;
        let signed_date: Option<Instant> = columns.next()?;
        let signed = signer_name.zip(signer_email).zip(signed_date);
        Ok(
            signed.map(|((signer_name, signer_email), signed_date)| Self {
                signer_name,
                signer_email,
                note,
                signed_date,
            }),
        )
    }
}

/// A field work order. Absent values are left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fwo {
    id: i64,
    /// Counts up in the project.
    #[schema(example = "000123")]
    number: String,
    project_id: i64,
    #[schema(example = "24-0137")]
    project_number: String,
    project_name: String,
    customer_id: i64,
    customer_name: String,
    r#type: FwoType,
    pub(crate) status: FwoStatus,
    #[schema(min_length = 1, max_length = 100)]
    summary: String,
    #[schema(min_length = 1, max_length = 10000)]
    description: String,
    #[schema(value_type = Vec<String>, example = json!(["Owner Change"]))]
    categories: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reference_number: Option<String>,
    /// The general contractor's PCO or change event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "PCO-041")]
    gc_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    gc_document_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "RFI")]
    gc_document_reference_type: Option<String>,
    /// Overtime and double time only: no line has regular hours.
    premium_time: bool,
    /// A rough amount given beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rom_amount: Option<Money>,
    /// `pricing.total`.
    amount: Money,
    /// All hours of all labor lines.
    labor_hours: Hours,
    labor: Vec<LaborLine>,
    materials: Vec<MaterialLine>,
    equipment: Vec<EquipmentLine>,
    additional_items: Vec<AdditionalItem>,
    pricing: Pricing,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "COR 012")]
    group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    change_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invoice_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signature: Option<Signature>,
    /// The authorization request the work began as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    authorization_id: Option<i64>,
    created_by: String,
    created_date: Instant,
    updated_date: Instant,
}

/// In the order in which `Fwo::read` takes them.
const COLUMNS: &str = "f.id, f.number, f.project_id, p.number, p.name, p.customer_id, c.name, f.type, f.status, \
    f.summary, f.description, f.categories, f.reference_number, f.gc_reference, f.gc_document_reference, \
    f.gc_document_reference_type, f.premium_time, f.rom_amount, f.amount, f.labor_hours, f.labor_total, \
    f.material_total, f.equipment_total, f.additional_total, f.overhead_percent, f.profit_percent, f.group_name, \
    f.change_order_number, f.invoice_number, f.signer_name, f.signer_email, f.signature_note, f.signed_at, \
    f.authorization_id, f.created_by, f.created_at, f.updated_at";

/// What both records are read from.
pub(crate) const TABLES: &str =
    "fwos f JOIN projects p ON p.id = f.project_id JOIN customers c ON c.id = p.customer_id";

impl Fwo {
    /// The one FWO that matches, with its lines.
    pub(crate) fn find(database: &Connection, filter: &Filter) -> Answer<Option<Self>> {
        let found = database
            .prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} {}", filter.sql()))?
            .query_row(filter.values(), Self::read)
            .optional()?;
        let Some(mut fwo) = found else {
            return Ok(None);
        };
        fwo.labor = LaborLine::of_fwo(database, fwo.id)?;
        fwo.materials = MaterialLine::of_fwo(database, fwo.id)?;
        fwo.equipment = EquipmentLine::of_fwo(database, fwo.id)?;
        fwo.additional_items = AdditionalItem::of_fwo(database, fwo.id)?;
        Ok(Some(fwo))
    }

    /// What was given, without what was copied or computed: the FWO as a change begins with it.
    pub(crate) fn into_draft(self, company_id: i64) -> FwoDraft {
        let Self {
            id: _,
            number,
            project_id,
            project_number: _,
            project_name: _,
            customer_id: _,
            customer_name: _,
            r#type,
            status,
            summary,
            description,
            categories,
            reference_number,
            gc_reference,
            gc_document_reference,
            gc_document_reference_type,
            premium_time,
            rom_amount,
            amount: _,
            labor_hours: _,
            labor,
            materials,
            equipment,
            additional_items,
            pricing,
            group_name,
            change_order_number,
            invoice_number,
            signature,
            authorization_id,
            created_by,
            created_date,
            updated_date,
        } = self;
        FwoDraft {
            company_id,
            project_id,
            number,
            r#type,
            status,
            summary,
            description,
            categories,
            reference_number,
            gc_reference,
            gc_document_reference,
            gc_document_reference_type,
            premium_time,
            rom_amount,
            lines: Lines {
                labor,
                materials,
                equipment,
                additional_items,
            },
            overhead_percent: pricing.overhead_percent,
            profit_percent: pricing.profit_percent,
            group_name,
            change_order_number,
            invoice_number,
            signature,
            authorization_id,
            created_by,
            created_at: created_date,
            updated_at: updated_date,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            number: columns.next()?,
            project_id: columns.next()?,
            project_number: columns.next()?,
            project_name: columns.next()?,
            customer_id: columns.next()?,
            customer_name: columns.next()?,
            r#type: columns.next()?,
            status: columns.next()?,
            summary: columns.next()?,
            description: columns.next()?,
            categories: columns.next()?,
            reference_number: columns.next()?,
            gc_reference: columns.next()?,
            gc_document_reference: columns.next()?,
            gc_document_reference_type: columns.next()?,
            premium_time: columns.next()?,
            rom_amount: columns.next()?,
            amount: columns.next()?,
            labor_hours: columns.next()?,
            labor: Vec::new(),
            materials: Vec::new(),
            equipment: Vec::new(),
            additional_items: Vec::new(),
            pricing: read_pricing(&mut columns)?,
            group_name: columns.next()?,
            change_order_number: columns.next()?,
            invoice_number: columns.next()?,
            signature: Signature::read(&mut columns)?,
            authorization_id: columns.next()?,
            created_by: columns.next()?,
            created_date: columns.next()?,
            updated_date: columns.next()?,
        })
    }
}

fn read_pricing(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Pricing> {
    let lines = LineTotals {
        labor: columns.next()?,
        material: columns.next()?,
        equipment: columns.next()?,
        additional: columns.next()?,
    };
    Ok(Pricing::new(lines, columns.next()?, columns.next()?))
}
