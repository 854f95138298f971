//! What the writes of field work orders take.

use crate::domain::error::Error;
use crate::domain::fwo_write::AdditionalItemWrite;
use crate::domain::fwo_write::EquipmentLineWrite;
use crate::domain::fwo_write::FwoWrite;
use crate::domain::fwo_write::LaborLineWrite;
use crate::domain::fwo_write::MaterialLineWrite;
use crate::domain::fwo_write::PricingWrite;
use crate::domain::fwo_write::SignatureWrite;
use crate::domain::id::FwoId;
use crate::domain::request_id::RequestId;
use crate::grpc::convert::calc;
use crate::grpc::convert::fwo_status;
use crate::grpc::convert::fwo_type;
use crate::grpc::convert::pricing_unit;
use crate::grpc::field_path::Object;
use crate::grpc::mask::Mask;
use crate::grpc::reading::Deletion;
use crate::grpc::reading::Members;
use crate::grpc::reading::Reading;
use crate::grpc::reading::Update;
use crate::grpc::v1;

/// Fails with `InvalidInput` and every violation.
pub(super) fn create(
    request: v1::CreateFwoRequest,
) -> Result<(FwoWrite, Option<RequestId>), Error> {
    let v1::CreateFwoRequest { fwo, request_id } = request;
    let mut reading = Reading::of(Object::Fwo);
    let fwo = reading.required(fwo)?;
    let request_id = reading.request_id(&request_id);
    let write = write(fwo, &mut reading.members(&Mask::Present));
    reading.finish(write.check_new())?;
    Ok((write, request_id))
}

/// Fails with `InvalidInput` and every violation.
pub(super) fn update(request: v1::UpdateFwoRequest) -> Result<Update<FwoId, FwoWrite>, Error> {
    let v1::UpdateFwoRequest { fwo, update_mask } = request;
    let mut reading = Reading::of(Object::Fwo);
    let fwo = reading.required(fwo)?;
    let id = reading.id("fwo.id", fwo.id);
    let if_match = reading.etag("fwo.etag", &fwo.etag);
    let mask = reading.mask(update_mask);
    let changes = write(fwo, &mut reading.members(&mask));
    let id = reading.finish_with(id, changes.check_changes())?;
    Ok(Update {
        id,
        changes,
        if_match,
    })
}

/// Fails with `InvalidInput` and every violation.
pub(super) fn delete(request: v1::DeleteFwoRequest) -> Result<Deletion<FwoId>, Error> {
    let v1::DeleteFwoRequest { id, etag } = request;
    let mut reading = Reading::of(Object::Fwo);
    let id = reading.id("id", id);
    let if_match = reading.etag("etag", &etag);
    let id = reading.finish_with(id, Ok(()))?;
    Ok(Deletion { id, if_match })
}

fn write(fwo: v1::Fwo, members: &mut Members<'_>) -> FwoWrite {
    let v1::Fwo {
        // Says which order, and is no member of it that could be written.
        id: _,
        number: _,
        project_id,
        project_number: _,
        project_name: _,
        customer_id: _,
        customer_name: _,
        r#type,
        raw_type: _,
        status,
        raw_status: _,
        summary,
        categories,
        reference_number,
        gc_reference,
        premium_time,
        rom_amount,
        amount: _,
        labor_hours: _,
        group_name,
        change_order_number,
        invoice_number,
        created_by: _,
        created_date: _,
        updated_date: _,
        detail,
        etag: _,
    } = fwo;
    FwoWrite {
        project_id: members.lasting_id("project_id", project_id),
        kind: members.word("type", r#type, fwo_type),
        status: members.lasting_word("status", status, fwo_status),
        summary: members.plain("summary", summary),
        categories: members.list("categories", categories),
        reference_number: members.plain("reference_number", reference_number),
        gc_reference: members.plain("gc_reference", gc_reference),
        premium_time: members.plain("premium_time", premium_time),
        rom_amount: members.decimal("rom_amount", rom_amount),
        group_name: members.plain("group_name", group_name),
        change_order_number: members.plain("change_order_number", change_order_number),
        invoice_number: members.plain("invoice_number", invoice_number),
        ..detailed(detail.unwrap_or_default(), &mut members.inside("detail"))
    }
}

/// The members that the contract keeps in `detail`.
fn detailed(detail: v1::FwoDetail, members: &mut Members<'_>) -> FwoWrite {
    let v1::FwoDetail {
        description,
        gc_document_reference,
        gc_document_reference_type,
        labor,
        materials,
        equipment,
        additional_items,
        pricing,
        signature,
        authorization_id: _,
    } = detail;
    FwoWrite {
        description: members.plain("description", description),
        gc_document_reference: members.plain("gc_document_reference", gc_document_reference),
        gc_document_reference_type: members
            .plain("gc_document_reference_type", gc_document_reference_type),
        labor: members.lines("labor", labor, labor_line),
        materials: members.lines("materials", materials, material_line),
        equipment: members.lines("equipment", equipment, equipment_line),
        additional_items: members.lines("additional_items", additional_items, additional_item),
        pricing: percentages(pricing.unwrap_or_default(), &mut members.inside("pricing")),
        signature: members.part("signature", signature, signed),
        ..FwoWrite::default()
    }
}

fn labor_line(line: v1::LaborLine, members: &mut Members<'_>) -> LaborLineWrite {
    let v1::LaborLine {
        id,
        employee_number,
        employee_name,
        trade,
        trade_class,
        work_date,
        regular_hours,
        overtime_hours,
        double_time_hours,
        regular_rate,
        overtime_rate,
        double_time_rate,
        amount: _,
    } = line;
    LaborLineWrite {
        id,
        employee_number: members.plain("employee_number", employee_number),
        employee_name: members.plain("employee_name", employee_name),
        trade: members.plain("trade", trade),
        trade_class: members.plain("trade_class", trade_class),
        work_date: members.day("work_date", work_date),
        regular_hours: members.decimal("regular_hours", regular_hours),
        overtime_hours: members.decimal("overtime_hours", overtime_hours),
        double_time_hours: members.decimal("double_time_hours", double_time_hours),
        regular_rate: members.decimal("regular_rate", regular_rate),
        overtime_rate: members.decimal("overtime_rate", overtime_rate),
        double_time_rate: members.decimal("double_time_rate", double_time_rate),
    }
}

fn material_line(line: v1::MaterialLine, members: &mut Members<'_>) -> MaterialLineWrite {
    let v1::MaterialLine {
        id,
        item_code,
        description,
        quantity,
        unit_type,
        pricing_unit: unit,
        raw_pricing_unit: _,
        factor,
        unit_price,
        amount: _,
    } = line;
    MaterialLineWrite {
        id,
        item_code: members.plain("item_code", item_code),
        description: members.plain("description", description),
        quantity: members.decimal("quantity", quantity),
        unit_type: members.plain("unit_type", unit_type),
        pricing_unit: members.word("pricing_unit", unit, pricing_unit),
        factor: members.decimal("factor", factor),
        unit_price: members.decimal("unit_price", unit_price),
    }
}

fn equipment_line(line: v1::EquipmentLine, members: &mut Members<'_>) -> EquipmentLineWrite {
    let v1::EquipmentLine {
        id,
        item_code,
        description,
        quantity,
        unit_type,
        rate,
        amount: _,
    } = line;
    EquipmentLineWrite {
        id,
        item_code: members.plain("item_code", item_code),
        description: members.plain("description", description),
        quantity: members.decimal("quantity", quantity),
        unit_type: members.plain("unit_type", unit_type),
        rate: members.decimal("rate", rate),
    }
}

fn additional_item(item: v1::AdditionalItem, members: &mut Members<'_>) -> AdditionalItemWrite {
    let v1::AdditionalItem {
        id,
        category,
        item_number,
        description,
        calc: way,
        raw_calc: _,
        hours_per,
        quantity,
        rate,
        amount: _,
    } = item;
    AdditionalItemWrite {
        id,
        category: members.plain("category", category),
        item_number: members.plain("item_number", item_number),
        description: members.plain("description", description),
        calc: members.word("calc", way, calc),
        hours_per: members.decimal("hours_per", hours_per),
        quantity: members.decimal("quantity", quantity),
        rate: members.decimal("rate", rate),
    }
}

fn percentages(pricing: v1::Pricing, members: &mut Members<'_>) -> PricingWrite {
    let v1::Pricing {
        labor_total: _,
        material_total: _,
        equipment_total: _,
        additional_total: _,
        subtotal: _,
        overhead_percent,
        profit_percent,
        overhead_amount: _,
        profit_amount: _,
        total: _,
    } = pricing;
    PricingWrite {
        overhead_percent: members.decimal("overhead_percent", overhead_percent),
        profit_percent: members.decimal("profit_percent", profit_percent),
    }
}

fn signed(signature: v1::Signature, members: &mut Members<'_>) -> SignatureWrite {
    let v1::Signature {
        signer_name,
        signer_email,
        note,
        signed_date,
    } = signature;
    SignatureWrite {
        signer_name: members.plain("signer_name", signer_name),
        signer_email: members.plain("signer_email", signer_email),
        note: members.plain("note", note),
        signed_date: members.moment("signed_date", signed_date),
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::domain::fwo_write::FwoWrite;
    use crate::grpc::field_path::Object;
    use crate::grpc::mask::tests::fields;
    use crate::grpc::mask::tests::naming;
    use crate::grpc::reading::Reading;
    use crate::grpc::v1;

    #[test]
    fn a_mask_writes_what_the_contract_lets_be_written_and_nothing_else() {
        for field in fields(Object::Fwo).iter().filter(|field| !field.in_list) {
            let mask = naming(Object::Fwo, &field.path);
            let mut reading = Reading::of(Object::Fwo);
            let cleared = write(v1::Fwo::default(), &mut reading.members(&mask));
            let is_written = cleared != FwoWrite::default();
            assert_eq!(is_written, field.is_written, "{}", field.path);
        }
    }
}
