//! A field work order as lists show it.

use rusqlite::Row;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox::columns::Columns;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;
use crate::sandbox::fwo::TABLES;
use crate::sandbox::instant::Instant;
use crate::sandbox::page::Listed;
use crate::sandbox::texts::Texts;

/// The row of an FWO in a list. Absent values are left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FwoSummary {
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
    status: FwoStatus,
    #[schema(min_length = 1, max_length = 100)]
    summary: String,
    #[schema(value_type = Vec<String>, example = json!(["Owner Change"]))]
    categories: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reference_number: Option<String>,
    /// The general contractor's PCO or change event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "PCO-041")]
    gc_reference: Option<String>,
    premium_time: bool,
    /// A rough amount given beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rom_amount: Option<Money>,
    amount: Money,
    labor_hours: Hours,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "COR 012")]
    group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    change_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invoice_number: Option<String>,
    created_by: String,
    created_date: Instant,
    updated_date: Instant,
}

impl Listed for FwoSummary {
    const TABLE: &'static str = "fwos f";
    const TABLES: &'static str = TABLES;
    const COLUMNS: &'static str = "f.id, f.number, f.project_id, p.number, p.name, p.customer_id, c.name, f.type, \
        f.status, f.summary, f.categories, f.reference_number, f.gc_reference, f.premium_time, f.rom_amount, f.amount, \
        f.labor_hours, f.group_name, f.change_order_number, f.invoice_number, f.created_by, f.created_at, f.updated_at";

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
            categories: columns.next()?,
            reference_number: columns.next()?,
            gc_reference: columns.next()?,
            premium_time: columns.next()?,
            rom_amount: columns.next()?,
            amount: columns.next()?,
            labor_hours: columns.next()?,
            group_name: columns.next()?,
            change_order_number: columns.next()?,
            invoice_number: columns.next()?,
            created_by: columns.next()?,
            created_date: columns.next()?,
            updated_date: columns.next()?,
        })
    }
}
