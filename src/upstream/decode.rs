//! Customers and field work orders out of the upstream's JSON (contract 3.2 and 3.3).

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::domain::customer::Customer;
use crate::domain::fwo::AdditionalItem;
use crate::domain::fwo::EquipmentLine;
use crate::domain::fwo::Fwo;
use crate::domain::fwo::FwoDetail;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::LaborLine;
use crate::domain::fwo::MaterialLine;
use crate::domain::fwo::Pricing;
use crate::domain::fwo::Signature;
use crate::upstream::wire::Invalid;
use crate::upstream::wire::Members;
use crate::upstream::wire::ROWS_MAX;

/// One page of rows; a row that is not as the contract says is an error of its own.
pub(super) struct Rows<T> {
    pub(super) rows: Vec<Result<Weighed<T>, Invalid>>,
    pub(super) total: Option<u64>,
    pub(super) last: Option<bool>,
}

/// A row with the length of its JSON.
pub(super) struct Weighed<T> {
    pub(super) item: Arc<T>,
    pub(super) bytes: usize,
}

impl<T> Weighed<T> {
    pub(super) fn new(item: T, raw: &RawValue) -> Self {
        Weighed {
            item: Arc::new(item),
            bytes: raw.get().len(),
        }
    }
}

/// The page in Spring's envelope; only `content` must be there.
pub(super) fn page<T>(
    body: &RawValue,
    row: impl Fn(Members<'_>) -> Result<T, Invalid>,
) -> Result<Rows<T>, Invalid> {
    let mut envelope = object(body)?;
    let missing = Invalid {
        member: "content".into(),
        expected: "a list",
    };
    let content = envelope.elements("content")?.ok_or(missing)?;
    if content.len() > ROWS_MAX {
        return Err(Invalid {
            member: "content".into(),
            expected: "a page",
        });
    }
    let total = envelope
        .number("totalElements")?
        .and_then(|total| u64::try_from(total).ok());
    let last = envelope.flag("last")?;
    let rows = content.into_iter().map(|raw| {
        let row = row(object(raw)?)?;
        Ok(Weighed::new(row, raw))
    });
    Ok(Rows {
        rows: rows.collect(),
        total,
        last,
    })
}

/// The object in `raw`.
pub(super) fn object(raw: &RawValue) -> Result<Members<'_>, Invalid> {
    Members::of(raw).map_err(|_| Invalid {
        member: "".into(),
        expected: "an object",
    })
}

pub(super) fn customer(mut m: Members<'_>) -> Result<Customer, Invalid> {
    let etag = m.etag();
    Ok(Customer {
        id: m.own_id()?,
        name: m.text("name")?,
        number: m.text("number")?,
        address1: m.text("address1")?,
        address2: m.text("address2")?,
        city: m.text("city")?,
        state: m.text("state")?,
        zip_code: m.text("zipCode")?,
        contact_name: m.text("contactName")?,
        contact_email: m.text("contactEmail")?,
        contact_phone: m.text("contactPhone")?,
        billing_contact: m.text("billingContact")?,
        billing_contact_email: m.text("billingContactEmail")?,
        billing_contact_phone: m.text("billingContactPhone")?,
        status: m.term("status")?,
        extra: m.rest(),
        etag,
    })
}

pub(super) fn fwo_summary(mut m: Members<'_>) -> Result<FwoSummary, Invalid> {
    summary(&mut m)
}

fn summary(m: &mut Members<'_>) -> Result<FwoSummary, Invalid> {
    Ok(FwoSummary {
        id: m.own_id()?,
        number: m.text("number")?,
        project_id: m.id("projectId")?,
        project_number: m.text("projectNumber")?,
        project_name: m.text("projectName")?,
        customer_id: m.id("customerId")?,
        customer_name: m.text("customerName")?,
        kind: m.term("type")?,
        status: m.term("status")?,
        summary: m.text("summary")?,
        categories: m.texts("categories")?,
        reference_number: m.text("referenceNumber")?,
        gc_reference: m.text("gcReference")?,
        premium_time: m.flag("premiumTime")?,
        rom_amount: m.decimal("romAmount")?,
        amount: m.decimal("amount")?,
        labor_hours: m.decimal("laborHours")?,
        group_name: m.text("groupName")?,
        change_order_number: m.text("changeOrderNumber")?,
        invoice_number: m.text("invoiceNumber")?,
        created_by: m.text("createdBy")?,
        created_date: m.time("createdDate"),
        updated_date: m.time("updatedDate"),
    })
}

pub(super) fn fwo(mut m: Members<'_>) -> Result<Fwo, Invalid> {
    let etag = m.etag();
    let summary = Arc::new(summary(&mut m)?);
    let detail = FwoDetail {
        description: m.text("description")?,
        gc_document_reference: m.text("gcDocumentReference")?,
        gc_document_reference_type: m.text("gcDocumentReferenceType")?,
        labor: m.objects("labor", labor_line)?,
        materials: m.objects("materials", material_line)?,
        equipment: m.objects("equipment", equipment_line)?,
        additional_items: m.objects("additionalItems", additional_item)?,
        pricing: m.object("pricing", pricing)?,
        signature: m.object("signature", signature)?,
        authorization_id: m.number("authorizationId")?,
        extra: m.rest(),
    };
    Ok(Fwo {
        summary,
        detail,
        etag,
    })
}

fn labor_line(m: &mut Members<'_>) -> Result<LaborLine, Invalid> {
    Ok(LaborLine {
        id: m.number("id")?,
        employee_number: m.text("employeeNumber")?,
        employee_name: m.text("employeeName")?,
        trade: m.text("trade")?,
        trade_class: m.text("tradeClass")?,
        work_date: m.date("workDate"),
        regular_hours: m.decimal("regularHours")?,
        overtime_hours: m.decimal("overtimeHours")?,
        double_time_hours: m.decimal("doubleTimeHours")?,
        regular_rate: m.decimal("regularRate")?,
        overtime_rate: m.decimal("overtimeRate")?,
        double_time_rate: m.decimal("doubleTimeRate")?,
        amount: m.decimal("amount")?,
    })
}

fn material_line(m: &mut Members<'_>) -> Result<MaterialLine, Invalid> {
    Ok(MaterialLine {
        id: m.number("id")?,
        item_code: m.text("itemCode")?,
        description: m.text("description")?,
        quantity: m.decimal("quantity")?,
        unit_type: m.text("unitType")?,
        pricing_unit: m.term("pricingUnit")?,
        factor: m.decimal("factor")?,
        unit_price: m.decimal("unitPrice")?,
        amount: m.decimal("amount")?,
    })
}

fn equipment_line(m: &mut Members<'_>) -> Result<EquipmentLine, Invalid> {
    Ok(EquipmentLine {
        id: m.number("id")?,
        item_code: m.text("itemCode")?,
        description: m.text("description")?,
        quantity: m.decimal("quantity")?,
        unit_type: m.text("unitType")?,
        rate: m.decimal("rate")?,
        amount: m.decimal("amount")?,
    })
}

fn additional_item(m: &mut Members<'_>) -> Result<AdditionalItem, Invalid> {
    Ok(AdditionalItem {
        id: m.number("id")?,
        category: m.text("category")?,
        item_number: m.text("itemNumber")?,
        description: m.text("description")?,
        calc: m.term("calc")?,
        hours_per: m.decimal("hoursPer")?,
        quantity: m.decimal("quantity")?,
        rate: m.decimal("rate")?,
        amount: m.decimal("amount")?,
    })
}

fn pricing(m: &mut Members<'_>) -> Result<Pricing, Invalid> {
    Ok(Pricing {
        labor_total: m.decimal("laborTotal")?,
        material_total: m.decimal("materialTotal")?,
        equipment_total: m.decimal("equipmentTotal")?,
        additional_total: m.decimal("additionalTotal")?,
        subtotal: m.decimal("subtotal")?,
        overhead_percent: m.decimal("overheadPercent")?,
        profit_percent: m.decimal("profitPercent")?,
        overhead_amount: m.decimal("overheadAmount")?,
        profit_amount: m.decimal("profitAmount")?,
        total: m.decimal("total")?,
    })
}

fn signature(m: &mut Members<'_>) -> Result<Signature, Invalid> {
    Ok(Signature {
        signer_name: m.text("signerName")?,
        signer_email: m.text("signerEmail")?,
        note: m.text("note")?,
        signed_date: m.time("signedDate"),
    })
}
