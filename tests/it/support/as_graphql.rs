//! Messages of the gRPC door as the JSON that the GraphQL door gives for the same object.

use peerassist_gateway::grpc::v1;
use serde_json::Value;
use serde_json::json;

/// A customer as both doors say it.
pub(crate) fn customer_json(customer: &v1::Customer) -> Value {
    json!({
        "databaseId": customer.id.to_string(), "name": customer.name, "number": customer.number,
        "address1": customer.address1, "address2": customer.address2, "city": customer.city, "state": customer.state,
        "zipCode": customer.zip_code, "contactName": customer.contact_name, "contactEmail": customer.contact_email,
        "contactPhone": customer.contact_phone, "billingContact": customer.billing_contact,
        "billingContactEmail": customer.billing_contact_email, "billingContactPhone": customer.billing_contact_phone,
        "status": customer.status().as_str_name().trim_start_matches("CUSTOMER_STATUS_"), "rawStatus": customer.raw_status,
        "etag": customer.etag,
    })
}

pub(crate) const CUSTOMER: &str = "databaseId name number address1 address2 city state zipCode contactName contactEmail contactPhone \
                        billingContact billingContactEmail billingContactPhone status rawStatus etag";

fn time(time: &Option<prost_types::Timestamp>) -> Value {
    let time = time
        .and_then(|time| chrono::DateTime::from_timestamp(time.seconds, time.nanos.unsigned_abs()));
    json!(time.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)))
}

/// A repeated field cannot tell an empty list from an absent one.
fn list(rows: Vec<Value>) -> Value {
    json!(rows)
}

fn id(id: Option<i64>) -> Value {
    json!(id.map(|id| id.to_string()))
}

pub(crate) fn fwo_json(fwo: &v1::Fwo) -> Value {
    let d = fwo.detail.clone().unwrap_or_default();
    let labor = d.labor.iter().map(|l| json!({
        "id": id(l.id), "employeeNumber": l.employee_number, "employeeName": l.employee_name, "trade": l.trade,
        "tradeClass": l.trade_class, "workDate": l.work_date, "regularHours": l.regular_hours,
        "overtimeHours": l.overtime_hours, "doubleTimeHours": l.double_time_hours, "regularRate": l.regular_rate,
        "overtimeRate": l.overtime_rate, "doubleTimeRate": l.double_time_rate, "amount": l.amount,
    }));
    let materials = d.materials.iter().map(|m| json!({
        "id": id(m.id), "itemCode": m.item_code, "description": m.description, "quantity": m.quantity, "unitType": m.unit_type,
        "pricingUnit": m.pricing_unit().as_str_name().trim_start_matches("PRICING_UNIT_"), "rawPricingUnit": m.raw_pricing_unit,
        "factor": m.factor, "unitPrice": m.unit_price, "amount": m.amount,
    }));
    let equipment = d.equipment.iter().map(|e| json!({
        "id": id(e.id), "itemCode": e.item_code, "description": e.description, "quantity": e.quantity, "unitType": e.unit_type,
        "rate": e.rate, "amount": e.amount,
    }));
    let additional = d.additional_items.iter().map(|a| json!({
        "id": id(a.id), "category": a.category, "itemNumber": a.item_number, "description": a.description,
        "calc": a.calc().as_str_name().trim_start_matches("CALC_"), "rawCalc": a.raw_calc, "hoursPer": a.hours_per,
        "quantity": a.quantity, "rate": a.rate, "amount": a.amount,
    }));
    let pricing = d.pricing.as_ref().map(|p| json!({
        "laborTotal": p.labor_total, "materialTotal": p.material_total, "equipmentTotal": p.equipment_total,
        "additionalTotal": p.additional_total, "subtotal": p.subtotal, "overheadPercent": p.overhead_percent,
        "profitPercent": p.profit_percent, "overheadAmount": p.overhead_amount, "profitAmount": p.profit_amount, "total": p.total,
    }));
    let signature = d.signature.as_ref().map(|s| json!({
        "signerName": s.signer_name, "signerEmail": s.signer_email, "note": s.note, "signedDate": time(&s.signed_date),
    }));
    json!({
        "databaseId": fwo.id.to_string(), "number": fwo.number, "projectId": id(fwo.project_id),
        "projectNumber": fwo.project_number, "projectName": fwo.project_name, "customerId": id(fwo.customer_id),
        "customerName": fwo.customer_name, "type": fwo.r#type().as_str_name().trim_start_matches("FWO_TYPE_"),
        "rawType": fwo.raw_type, "status": fwo.status().as_str_name().trim_start_matches("FWO_STATUS_"),
        "rawStatus": fwo.raw_status, "summary": fwo.summary, "categories": fwo.categories,
        "referenceNumber": fwo.reference_number, "gcReference": fwo.gc_reference, "premiumTime": fwo.premium_time,
        "romAmount": fwo.rom_amount, "amount": fwo.amount, "laborHours": fwo.labor_hours, "groupName": fwo.group_name,
        "changeOrderNumber": fwo.change_order_number, "invoiceNumber": fwo.invoice_number, "createdBy": fwo.created_by,
        "createdDate": time(&fwo.created_date), "updatedDate": time(&fwo.updated_date), "description": d.description,
        "gcDocumentReference": d.gc_document_reference, "gcDocumentReferenceType": d.gc_document_reference_type,
        "labor": list(labor.collect()), "materials": list(materials.collect()), "equipment": list(equipment.collect()),
        "additionalItems": list(additional.collect()), "pricing": pricing, "signature": signature,
        "authorizationId": id(d.authorization_id), "etag": fwo.etag,
    })
}

pub(crate) const FWO: &str = "databaseId number projectId projectNumber projectName customerId customerName type rawType status rawStatus \
    summary categories referenceNumber gcReference premiumTime romAmount amount laborHours groupName changeOrderNumber \
    invoiceNumber createdBy createdDate updatedDate description gcDocumentReference gcDocumentReferenceType authorizationId etag \
    labor { id: databaseId employeeNumber employeeName trade tradeClass workDate regularHours overtimeHours doubleTimeHours regularRate overtimeRate doubleTimeRate amount } \
    materials { id: databaseId itemCode description quantity unitType pricingUnit rawPricingUnit factor unitPrice amount } \
    equipment { id: databaseId itemCode description quantity unitType rate amount } \
    additionalItems { id: databaseId category itemNumber description calc rawCalc hoursPer quantity rate amount } \
    pricing { laborTotal materialTotal equipmentTotal additionalTotal subtotal overheadPercent profitPercent overheadAmount profitAmount total } \
    signature { signerName signerEmail note signedDate }";

/// GraphQL tells an absent list from an empty one; for the comparison they are the same.
pub(crate) fn without_absent_lists(mut fwo: Value) -> Value {
    for name in [
        "categories",
        "labor",
        "materials",
        "equipment",
        "additionalItems",
    ] {
        if fwo[name].is_null() {
            fwo[name] = json!([]);
        }
    }
    fwo
}
