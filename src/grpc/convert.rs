//! Values of the domain as messages of the contract.
//!
//! Every value is taken apart without `..`: a new member does not compile here until somebody decides.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use prost_types::Timestamp;

use crate::domain::customer::Customer;
use crate::domain::customer::CustomerStatus;
use crate::domain::customer::Text;
use crate::domain::fwo::AdditionalItem;
use crate::domain::fwo::Calc;
use crate::domain::fwo::EquipmentLine;
use crate::domain::fwo::Fwo;
use crate::domain::fwo::FwoDetail;
use crate::domain::fwo::FwoStatus;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::FwoType;
use crate::domain::fwo::LaborLine;
use crate::domain::fwo::MaterialLine;
use crate::domain::fwo::Pricing;
use crate::domain::fwo::PricingUnit;
use crate::domain::fwo::Signature;
use crate::domain::id::Id;
use crate::domain::money::Decimal;
use crate::domain::term::Term;
use crate::domain::term::Vocabulary;
use crate::gateway::Login;
use crate::grpc::v1;

impl From<&Login> for v1::LoginResponse {
    fn from(login: &Login) -> Self {
        let Login {
            token,
            token_type,
            expires_in_minutes,
            expires_at,
        } = login;
        v1::LoginResponse {
            token: token.expose().to_owned(),
            token_type: token_type.clone(),
            expires_in_minutes: *expires_in_minutes,
            expires_at: Some(moment(expires_at)),
        }
    }
}

impl From<&Customer> for v1::Customer {
    fn from(customer: &Customer) -> Self {
        let Customer {
            id,
            name,
            number,
            address1,
            address2,
            city,
            state,
            zip_code,
            contact_name,
            contact_email,
            contact_phone,
            billing_contact,
            billing_contact_email,
            billing_contact_phone,
            status,
            // Members that nobody has modelled have no place in a typed contract; GraphQL does not show them either.
            extra: _,
            etag,
        } = customer;
        v1::Customer {
            id: id.get(),
            name: text(name),
            number: text(number),
            address1: text(address1),
            address2: text(address2),
            city: text(city),
            state: text(state),
            zip_code: text(zip_code),
            contact_name: text(contact_name),
            contact_email: text(contact_email),
            contact_phone: text(contact_phone),
            billing_contact: text(billing_contact),
            billing_contact_email: text(billing_contact_email),
            billing_contact_phone: text(billing_contact_phone),
            status: term(status, v1::CustomerStatus::Unknown, customer_status),
            raw_status: raw(status),
            etag: etag.to_string(),
            // Never read back: the upstream shows none of them.
            billing_template_id: None,
            trade_template_id: None,
            update_projects: None,
            update_fwos: None,
        }
    }
}

impl From<&FwoSummary> for v1::Fwo {
    fn from(summary: &FwoSummary) -> Self {
        let FwoSummary {
            id,
            number,
            project_id,
            project_number,
            project_name,
            customer_id,
            customer_name,
            kind,
            status,
            summary,
            categories,
            reference_number,
            gc_reference,
            premium_time,
            rom_amount,
            amount,
            labor_hours,
            group_name,
            change_order_number,
            invoice_number,
            created_by,
            created_date,
            updated_date,
        } = summary;
        v1::Fwo {
            id: id.get(),
            number: text(number),
            project_id: project_id.map(Id::get),
            project_number: text(project_number),
            project_name: text(project_name),
            customer_id: customer_id.map(Id::get),
            customer_name: text(customer_name),
            r#type: term(kind, v1::FwoType::Unknown, fwo_type),
            raw_type: raw(kind),
            status: term(status, v1::FwoStatus::Unknown, fwo_status),
            raw_status: raw(status),
            summary: text(summary),
            categories: categories
                .iter()
                .flatten()
                .map(|category| category.to_string())
                .collect(),
            reference_number: text(reference_number),
            gc_reference: text(gc_reference),
            premium_time: *premium_time,
            rom_amount: decimal(rom_amount),
            amount: decimal(amount),
            labor_hours: decimal(labor_hours),
            group_name: text(group_name),
            change_order_number: text(change_order_number),
            invoice_number: text(invoice_number),
            created_by: text(created_by),
            created_date: created_date.as_ref().map(moment),
            updated_date: updated_date.as_ref().map(moment),
            detail: None,
            // An etag stands for the whole order.
            etag: String::new(),
        }
    }
}

impl From<&Fwo> for v1::Fwo {
    fn from(fwo: &Fwo) -> Self {
        let Fwo {
            summary,
            detail,
            etag,
        } = fwo;
        v1::Fwo {
            detail: Some(v1::FwoDetail::from(detail)),
            etag: etag.to_string(),
            ..v1::Fwo::from(&**summary)
        }
    }
}

impl From<&FwoDetail> for v1::FwoDetail {
    fn from(detail: &FwoDetail) -> Self {
        let FwoDetail {
            description,
            gc_document_reference,
            gc_document_reference_type,
            labor,
            materials,
            equipment,
            additional_items,
            pricing,
            signature,
            authorization_id,
            // As with customers: a typed contract has no place for what nobody has modelled.
            extra: _,
        } = detail;
        v1::FwoDetail {
            description: text(description),
            gc_document_reference: text(gc_document_reference),
            gc_document_reference_type: text(gc_document_reference_type),
            labor: labor.iter().flatten().map(Into::into).collect(),
            materials: materials.iter().flatten().map(Into::into).collect(),
            equipment: equipment.iter().flatten().map(Into::into).collect(),
            additional_items: additional_items.iter().flatten().map(Into::into).collect(),
            pricing: pricing.as_ref().map(Into::into),
            signature: signature.as_ref().map(Into::into),
            authorization_id: *authorization_id,
        }
    }
}

impl From<&LaborLine> for v1::LaborLine {
    fn from(line: &LaborLine) -> Self {
        let LaborLine {
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
            amount,
        } = line;
        v1::LaborLine {
            id: *id,
            employee_number: text(employee_number),
            employee_name: text(employee_name),
            trade: text(trade),
            trade_class: text(trade_class),
            work_date: work_date.map(day),
            regular_hours: decimal(regular_hours),
            overtime_hours: decimal(overtime_hours),
            double_time_hours: decimal(double_time_hours),
            regular_rate: decimal(regular_rate),
            overtime_rate: decimal(overtime_rate),
            double_time_rate: decimal(double_time_rate),
            amount: decimal(amount),
        }
    }
}

impl From<&MaterialLine> for v1::MaterialLine {
    fn from(line: &MaterialLine) -> Self {
        let MaterialLine {
            id,
            item_code,
            description,
            quantity,
            unit_type,
            pricing_unit: unit,
            factor,
            unit_price,
            amount,
        } = line;
        v1::MaterialLine {
            id: *id,
            item_code: text(item_code),
            description: text(description),
            quantity: decimal(quantity),
            unit_type: text(unit_type),
            pricing_unit: term(unit, v1::PricingUnit::Unknown, pricing_unit),
            raw_pricing_unit: raw(unit),
            factor: decimal(factor),
            unit_price: decimal(unit_price),
            amount: decimal(amount),
        }
    }
}

impl From<&EquipmentLine> for v1::EquipmentLine {
    fn from(line: &EquipmentLine) -> Self {
        let EquipmentLine {
            id,
            item_code,
            description,
            quantity,
            unit_type,
            rate,
            amount,
        } = line;
        v1::EquipmentLine {
            id: *id,
            item_code: text(item_code),
            description: text(description),
            quantity: decimal(quantity),
            unit_type: text(unit_type),
            rate: decimal(rate),
            amount: decimal(amount),
        }
    }
}

impl From<&AdditionalItem> for v1::AdditionalItem {
    fn from(item: &AdditionalItem) -> Self {
        let AdditionalItem {
            id,
            category,
            item_number,
            description,
            calc: way,
            hours_per,
            quantity,
            rate,
            amount,
        } = item;
        v1::AdditionalItem {
            id: *id,
            category: text(category),
            item_number: text(item_number),
            description: text(description),
            calc: term(way, v1::Calc::Unknown, calc),
            raw_calc: raw(way),
            hours_per: decimal(hours_per),
            quantity: decimal(quantity),
            rate: decimal(rate),
            amount: decimal(amount),
        }
    }
}

impl From<&Pricing> for v1::Pricing {
    fn from(pricing: &Pricing) -> Self {
        let Pricing {
            labor_total,
            material_total,
            equipment_total,
            additional_total,
            subtotal,
            overhead_percent,
            profit_percent,
            overhead_amount,
            profit_amount,
            total,
        } = pricing;
        v1::Pricing {
            labor_total: decimal(labor_total),
            material_total: decimal(material_total),
            equipment_total: decimal(equipment_total),
            additional_total: decimal(additional_total),
            subtotal: decimal(subtotal),
            overhead_percent: decimal(overhead_percent),
            profit_percent: decimal(profit_percent),
            overhead_amount: decimal(overhead_amount),
            profit_amount: decimal(profit_amount),
            total: decimal(total),
        }
    }
}

impl From<&Signature> for v1::Signature {
    fn from(signature: &Signature) -> Self {
        let Signature {
            signer_name,
            signer_email,
            note,
            signed_date,
        } = signature;
        v1::Signature {
            signer_name: text(signer_name),
            signer_email: text(signer_email),
            note: text(note),
            signed_date: signed_date.as_ref().map(moment),
        }
    }
}

pub(super) fn customer_status(status: CustomerStatus) -> v1::CustomerStatus {
    match status {
        CustomerStatus::Active => v1::CustomerStatus::Active,
        CustomerStatus::Inactive => v1::CustomerStatus::Inactive,
    }
}

pub(super) fn fwo_type(kind: FwoType) -> v1::FwoType {
    match kind {
        FwoType::FieldWork => v1::FwoType::FieldWork,
        FwoType::ServiceWork => v1::FwoType::ServiceWork,
        FwoType::TrackingOnly => v1::FwoType::TrackingOnly,
    }
}

pub(super) fn fwo_status(status: FwoStatus) -> v1::FwoStatus {
    match status {
        FwoStatus::Entry => v1::FwoStatus::Entry,
        FwoStatus::PendingSignature => v1::FwoStatus::PendingSignature,
        FwoStatus::PendingChanges => v1::FwoStatus::PendingChanges,
        FwoStatus::Pricing => v1::FwoStatus::Pricing,
        FwoStatus::WaitingForApproval => v1::FwoStatus::WaitingForApproval,
        FwoStatus::GcRework => v1::FwoStatus::GcRework,
        FwoStatus::Executed => v1::FwoStatus::Executed,
        FwoStatus::ChangeOrderIssued => v1::FwoStatus::ChangeOrderIssued,
        FwoStatus::InvoiceIssued => v1::FwoStatus::InvoiceIssued,
        FwoStatus::InvoicePaid => v1::FwoStatus::InvoicePaid,
    }
}

pub(super) fn pricing_unit(unit: PricingUnit) -> v1::PricingUnit {
    match unit {
        PricingUnit::E => v1::PricingUnit::E,
        PricingUnit::C => v1::PricingUnit::C,
        PricingUnit::M => v1::PricingUnit::M,
        PricingUnit::P => v1::PricingUnit::P,
    }
}

pub(super) fn calc(calc: Calc) -> v1::Calc {
    match calc {
        Calc::Hours => v1::Calc::Hours,
        Calc::Amount => v1::Calc::Amount,
    }
}

/// The number of a word in the contract: unspecified where absent, `unknown` where it is newer than we are.
fn term<V: Vocabulary, E: Default + Into<i32>>(
    term: &Option<Term<V>>,
    unknown: E,
    known: impl Fn(V) -> E,
) -> i32 {
    match term {
        None => E::default().into(),
        Some(Term::Known(member)) => known(*member).into(),
        Some(Term::Unknown(_)) => unknown.into(),
    }
}

fn raw<V: Vocabulary>(term: &Option<Term<V>>) -> Option<String> {
    term.as_ref().map(|term| term.as_str().to_owned())
}

fn text(text: &Text) -> Option<String> {
    text.as_deref().map(str::to_owned)
}

/// The digits as they came, trailing zeros included.
fn decimal(amount: &Option<Decimal>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}

fn day(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

fn moment(time: &DateTime<Utc>) -> Timestamp {
    // A leap second counts on to two seconds of nanoseconds in chrono; a Timestamp has no room for it.
    let nanos = time.timestamp_subsec_nanos().min(999_999_999);
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(nanos).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::customer_status;
    use super::fwo_status;
    use super::fwo_type;
    use super::moment;
    use super::raw;
    use super::term;
    use crate::domain::customer::CustomerStatus;
    use crate::domain::fwo::FwoStatus;
    use crate::domain::fwo::FwoType;
    use crate::domain::term::Term;
    use crate::domain::term::Vocabulary;
    use crate::grpc::v1;
    use chrono::DateTime;

    #[test]
    fn each_known_word_is_the_one_of_the_contract() {
        for (status, word) in FwoStatus::WORDS {
            let shown = fwo_status(*status).as_str_name();
            assert_eq!(shown, format!("FWO_STATUS_{word}"));
        }
        for (kind, word) in FwoType::WORDS {
            assert_eq!(fwo_type(*kind).as_str_name(), format!("FWO_TYPE_{word}"));
        }
        for (status, word) in CustomerStatus::WORDS {
            let shown = customer_status(*status).as_str_name();
            assert_eq!(shown, format!("CUSTOMER_STATUS_{word}"));
        }
    }

    #[test]
    fn a_word_is_absent_known_or_new() {
        let number =
            |status: &Option<Term<FwoStatus>>| term(status, v1::FwoStatus::Unknown, fwo_status);
        assert_eq!(number(&None), 0);
        assert_eq!(number(&Some(Term::parse("Entry"))), 1);
        let new = Some(Term::parse("Archived 2"));
        assert_eq!(number(&new), 11);
        assert_eq!(raw(&new).as_deref(), Some("Archived 2"));
    }

    #[test]
    fn moments_before_1970_keep_their_nanoseconds_positive() {
        let time = DateTime::from_timestamp(-2, 500_000_000).expect("a moment");
        let shown = moment(&time);
        assert_eq!((shown.seconds, shown.nanos), (-2, 500_000_000));
    }
}
