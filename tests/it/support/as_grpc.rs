//! Inputs of GraphQL mutations as the messages of the gRPC door that mean the same.

use peerassist_gateway::grpc::v1;
use prost_types::FieldMask;
use prost_types::Timestamp;
use serde_json::Value;

/// Members of an input that are no members of the object.
const ABOUT: [&str; 3] = ["id", "ifMatch", "clientMutationId"];

/// Members of an order that its message keeps in `detail`.
const DETAIL: [&str; 9] = [
    "description",
    "gcDocumentReference",
    "gcDocumentReferenceType",
    "labor",
    "materials",
    "equipment",
    "additionalItems",
    "pricing",
    "signature",
];

/// The paths of all that an input names.
pub(crate) fn mask(input: &Value) -> FieldMask {
    let names = input.as_object().unwrap().keys();
    let names = names.filter(|name| !ABOUT.contains(&name.as_str()));
    let mut paths = Vec::new();
    for name in names {
        let path = match DETAIL.contains(&name.as_str()) {
            true => format!("detail.{}", snake_case(name)),
            false => snake_case(name),
        };
        match &input[name] {
            // What an object names is changed, and the rest of it is left alone.
            Value::Object(members) => {
                let members = members.keys().map(|member| snake_case(member));
                paths.extend(members.map(|member| format!("{path}.{member}")));
            }
            _ => paths.push(path),
        }
    }
    FieldMask { paths }
}

/// `updateFWOs` is `update_fwos`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.replace("FWO", "Fwo").chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// A path of the gRPC door in GraphQL's words: `fwo.detail.labor[1].work_date` is `labor.1.workDate`.
pub(crate) fn graphql_path(path: &str) -> String {
    let inner = ["customer.", "fwo.", "detail."]
        .iter()
        .fold(path, |path, prefix| {
            path.strip_prefix(prefix).unwrap_or(path)
        });
    match inner {
        "request_id" => return "clientMutationId".to_owned(),
        "etag" => return "ifMatch".to_owned(),
        "update_fwos" => return "updateFWOs".to_owned(),
        _ => {}
    }
    let steps = inner.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let steps = steps.enumerate().map(|(depth, step)| match step {
        "id" if depth > 0 => "databaseId".to_owned(),
        step => camel_case(step),
    });
    steps.collect::<Vec<_>>().join(".")
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let (head, rest) = word.split_at(1);
        camel + &head.to_ascii_uppercase() + rest
    })
}

fn text(of: &Value, name: &str) -> Option<String> {
    of[name].as_str().map(str::to_owned)
}

/// An Int64, which GraphQL takes as a text and as a number.
fn number(of: &Value, name: &str) -> Option<i64> {
    let value = &of[name];
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// The number of an enum's word; `unknown` where the enum does not have it.
fn word<E>(of: &Value, name: &str, prefix: &str, read: impl Fn(&str) -> Option<E>) -> i32
where
    E: Into<i32>,
{
    let Some(word) = of[name].as_str() else {
        return 0;
    };
    read(&format!("{prefix}_{word}")).unwrap().into()
}

fn list<T>(of: &Value, name: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    of[name]
        .as_array()
        .into_iter()
        .flatten()
        .map(read)
        .collect()
}

/// A customer with the members that the input names.
pub(crate) fn customer(input: &Value) -> v1::Customer {
    let text = |name: &str| text(input, name);
    v1::Customer {
        name: text("name"),
        number: text("number"),
        address1: text("address1"),
        address2: text("address2"),
        city: text("city"),
        state: text("state"),
        zip_code: text("zipCode"),
        contact_name: text("contactName"),
        contact_email: text("contactEmail"),
        contact_phone: text("contactPhone"),
        billing_contact: text("billingContact"),
        billing_contact_email: text("billingContactEmail"),
        billing_contact_phone: text("billingContactPhone"),
        status: word(
            input,
            "status",
            "CUSTOMER_STATUS",
            v1::CustomerStatus::from_str_name,
        ),
        billing_template_id: number(input, "billingTemplateId"),
        trade_template_id: number(input, "tradeTemplateId"),
        update_projects: input["updateProjects"].as_bool(),
        update_fwos: input["updateFWOs"].as_bool(),
        ..v1::Customer::default()
    }
}

/// An order with the members that the input names.
pub(crate) fn fwo(input: &Value) -> v1::Fwo {
    let text = |name: &str| text(input, name);
    let detail = v1::FwoDetail {
        description: text("description"),
        gc_document_reference: text("gcDocumentReference"),
        gc_document_reference_type: text("gcDocumentReferenceType"),
        labor: list(input, "labor", labor),
        materials: list(input, "materials", material),
        equipment: list(input, "equipment", equipment),
        additional_items: list(input, "additionalItems", additional_item),
        pricing: input["pricing"]
            .is_object()
            .then(|| pricing(&input["pricing"])),
        signature: input["signature"]
            .is_object()
            .then(|| signature(&input["signature"])),
        authorization_id: None,
    };
    v1::Fwo {
        project_id: number(input, "projectId"),
        r#type: word(input, "type", "FWO_TYPE", v1::FwoType::from_str_name),
        status: word(input, "status", "FWO_STATUS", v1::FwoStatus::from_str_name),
        summary: text("summary"),
        categories: list(input, "categories", |text| {
            text.as_str().unwrap().to_owned()
        }),
        reference_number: text("referenceNumber"),
        gc_reference: text("gcReference"),
        premium_time: input["premiumTime"].as_bool(),
        rom_amount: text("romAmount"),
        group_name: text("groupName"),
        change_order_number: text("changeOrderNumber"),
        invoice_number: text("invoiceNumber"),
        detail: Some(detail),
        ..v1::Fwo::default()
    }
}

fn labor(line: &Value) -> v1::LaborLine {
    let text = |name: &str| text(line, name);
    v1::LaborLine {
        id: number(line, "databaseId"),
        employee_number: text("employeeNumber"),
        employee_name: text("employeeName"),
        trade: text("trade"),
        trade_class: text("tradeClass"),
        work_date: text("workDate"),
        regular_hours: text("regularHours"),
        overtime_hours: text("overtimeHours"),
        double_time_hours: text("doubleTimeHours"),
        regular_rate: text("regularRate"),
        overtime_rate: text("overtimeRate"),
        double_time_rate: text("doubleTimeRate"),
        amount: None,
    }
}

fn material(line: &Value) -> v1::MaterialLine {
    let text = |name: &str| text(line, name);
    v1::MaterialLine {
        id: number(line, "databaseId"),
        item_code: text("itemCode"),
        description: text("description"),
        quantity: text("quantity"),
        unit_type: text("unitType"),
        pricing_unit: word(
            line,
            "pricingUnit",
            "PRICING_UNIT",
            v1::PricingUnit::from_str_name,
        ),
        factor: text("factor"),
        unit_price: text("unitPrice"),
        ..v1::MaterialLine::default()
    }
}

fn equipment(line: &Value) -> v1::EquipmentLine {
    let text = |name: &str| text(line, name);
    v1::EquipmentLine {
        id: number(line, "databaseId"),
        item_code: text("itemCode"),
        description: text("description"),
        quantity: text("quantity"),
        unit_type: text("unitType"),
        rate: text("rate"),
        amount: None,
    }
}

fn additional_item(item: &Value) -> v1::AdditionalItem {
    let text = |name: &str| text(item, name);
    v1::AdditionalItem {
        id: number(item, "databaseId"),
        category: text("category"),
        item_number: text("itemNumber"),
        description: text("description"),
        calc: word(item, "calc", "CALC", v1::Calc::from_str_name),
        hours_per: text("hoursPer"),
        quantity: text("quantity"),
        rate: text("rate"),
        ..v1::AdditionalItem::default()
    }
}

fn pricing(pricing: &Value) -> v1::Pricing {
    v1::Pricing {
        overhead_percent: text(pricing, "overheadPercent"),
        profit_percent: text(pricing, "profitPercent"),
        ..v1::Pricing::default()
    }
}

fn signature(signature: &Value) -> v1::Signature {
    let moment = text(signature, "signedDate").map(|text| {
        let moment = chrono::DateTime::parse_from_rfc3339(&text).unwrap();
        Timestamp {
            seconds: moment.timestamp(),
            nanos: i32::try_from(moment.timestamp_subsec_nanos()).unwrap(),
        }
    });
    v1::Signature {
        signer_name: text(signature, "signerName"),
        signer_email: text(signature, "signerEmail"),
        note: text(signature, "note"),
        signed_date: moment,
    }
}
