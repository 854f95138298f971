//! Writes in the upstream's JSON (contract 3.2 and 3.3), merged into the object that they change.

use chrono::DateTime;
use chrono::Utc;

use crate::domain::change::Change;
use crate::domain::customer_write::CustomerWrite;
use crate::domain::fwo_write::AdditionalItemWrite;
use crate::domain::fwo_write::EquipmentLineWrite;
use crate::domain::fwo_write::FwoWrite;
use crate::domain::fwo_write::LaborLineWrite;
use crate::domain::fwo_write::MaterialLineWrite;
use crate::domain::fwo_write::PricingWrite;
use crate::domain::fwo_write::SignatureWrite;
use crate::domain::id::Id;
use crate::domain::term::Vocabulary;
use crate::upstream::document;
use crate::upstream::document::Document;
use crate::upstream::wire::Invalid;

/// What a write puts into its object.
pub(super) trait Merge {
    /// Fails where the object that came cannot take it: a list of lines that is no list.
    fn merge(&self, into: &mut Document<'_>) -> Result<(), Invalid>;
}

/// A line of a list: the one that it changes is found by its id.
trait Line {
    fn id(&self) -> Option<i64>;
    fn put(&self, into: &mut Document<'_>);
}

impl Merge for CustomerWrite {
    fn merge(&self, into: &mut Document<'_>) -> Result<(), Invalid> {
        let CustomerWrite {
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
            billing_template_id,
            trade_template_id,
            update_projects,
            update_fwos,
        } = self;
        into.change("name", text(name));
        into.change("number", text(number));
        into.change("address1", text(address1));
        into.change("address2", text(address2));
        into.change("city", text(city));
        into.change("state", text(state));
        into.change("zipCode", text(zip_code));
        into.change("contactName", text(contact_name));
        into.change("contactEmail", text(contact_email));
        into.change("contactPhone", text(contact_phone));
        into.change("billingContact", text(billing_contact));
        into.change("billingContactEmail", text(billing_contact_email));
        into.change("billingContactPhone", text(billing_contact_phone));
        into.change("status", word(status));
        into.change("billingTemplateId", plain(billing_template_id));
        into.change("tradeTemplateId", plain(trade_template_id));
        into.change("updateProjects", plain(update_projects));
        into.change("updateFWOs", plain(update_fwos));
        Ok(())
    }
}

impl Merge for FwoWrite {
    fn merge(&self, into: &mut Document<'_>) -> Result<(), Invalid> {
        let FwoWrite {
            project_id,
            kind,
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
            labor,
            materials,
            equipment,
            additional_items,
            pricing,
            group_name,
            change_order_number,
            invoice_number,
            signature,
        } = self;
        into.change("projectId", project_id.map(|id| id.get().to_string()));
        into.change("type", word(kind));
        into.change("status", word(status));
        into.change("summary", text(summary));
        into.change("description", text(description));
        let texts = |texts: &Vec<String>| list(texts.iter().map(|text| document::text(text)));
        into.change("categories", categories.as_ref().map(texts));
        into.change("referenceNumber", text(reference_number));
        into.change("gcReference", text(gc_reference));
        into.change("gcDocumentReference", text(gc_document_reference));
        into.change("gcDocumentReferenceType", text(gc_document_reference_type));
        into.change("premiumTime", plain(premium_time));
        into.change("romAmount", plain(rom_amount));
        lines(into, "labor", labor)?;
        lines(into, "materials", materials)?;
        lines(into, "equipment", equipment)?;
        lines(into, "additionalItems", additional_items)?;
        put_pricing(into, pricing)?;
        into.change("groupName", text(group_name));
        into.change("changeOrderNumber", text(change_order_number));
        into.change("invoiceNumber", text(invoice_number));
        put_signature(into, signature)
    }
}

fn put_pricing(into: &mut Document<'_>, pricing: &PricingWrite) -> Result<(), Invalid> {
    let PricingWrite {
        overhead_percent,
        profit_percent,
    } = pricing;
    if *pricing == PricingWrite::default() {
        return Ok(());
    }
    let mut object = into.object("pricing")?;
    object.change("overheadPercent", plain(overhead_percent));
    object.change("profitPercent", plain(profit_percent));
    let json = object.print();
    put_part(into, "pricing", json);
    Ok(())
}

/// Puts an object inside of another back; an empty one makes none where none was.
fn put_part(into: &mut Document<'_>, name: &'static str, json: String) {
    let was_there = into.get(name).is_some_and(|json| json != "null");
    if was_there || json != Document::new().print() {
        into.change(name, Change::Set(json));
    }
}

fn put_signature(
    into: &mut Document<'_>,
    signature: &Change<SignatureWrite>,
) -> Result<(), Invalid> {
    match signature {
        Change::Keep => {}
        Change::Clear => into.change("signature", Change::Clear),
        Change::Set(SignatureWrite {
            signer_name,
            signer_email,
            note,
            signed_date,
        }) => {
            // Somebody else's signature has another day and another note.
            let mut object = match signer_name {
                Change::Set(_) => Document::new(),
                Change::Keep | Change::Clear => into.object("signature")?,
            };
            object.change("signerName", text(signer_name));
            object.change("signerEmail", text(signer_email));
            object.change("note", text(note));
            object.change("signedDate", signed_date.as_ref().map(moment));
            let json = object.print();
            put_part(into, "signature", json);
        }
    }
    Ok(())
}

/// A list of lines replaces the list; a line that has an id begins as the line of that id.
fn lines<L: Line>(
    into: &mut Document<'_>,
    name: &'static str,
    lines: &Change<Vec<L>>,
) -> Result<(), Invalid> {
    let Change::Set(lines) = lines else {
        into.change(name, lines.as_ref().map(|_| String::new()));
        return Ok(());
    };
    let present = into.objects(name)?;
    let printed = lines.iter().map(|line| {
        let id = line.id().map(|id| id.to_string());
        let same = |object: &&Document<'_>| {
            let number = object.get("id").map(|json| json.trim_matches('"'));
            number.is_some() && number == id.as_deref()
        };
        let mut object = present.iter().find(same).cloned().unwrap_or_else(|| {
            let mut object = Document::new();
            object.change("id", id.clone().map_or(Change::Keep, Change::Set));
            object
        });
        line.put(&mut object);
        object.print()
    });
    let json = list(printed);
    into.change(name, Change::Set(json));
    Ok(())
}

impl Line for LaborLineWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }

    fn put(&self, into: &mut Document<'_>) {
        let LaborLineWrite {
            id: _,
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
        } = self;
        into.change("employeeNumber", text(employee_number));
        into.change("employeeName", text(employee_name));
        into.change("trade", text(trade));
        into.change("tradeClass", text(trade_class));
        let date = work_date.map(|date| document::text(&date.to_string()));
        into.change("workDate", date);
        into.change("regularHours", plain(regular_hours));
        into.change("overtimeHours", plain(overtime_hours));
        into.change("doubleTimeHours", plain(double_time_hours));
        into.change("regularRate", plain(regular_rate));
        into.change("overtimeRate", plain(overtime_rate));
        into.change("doubleTimeRate", plain(double_time_rate));
    }
}

impl Line for MaterialLineWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }

    fn put(&self, into: &mut Document<'_>) {
        let MaterialLineWrite {
            id: _,
            item_code,
            description,
            quantity,
            unit_type,
            pricing_unit,
            factor,
            unit_price,
        } = self;
        into.change("itemCode", text(item_code));
        into.change("description", text(description));
        into.change("quantity", plain(quantity));
        into.change("unitType", text(unit_type));
        into.change("pricingUnit", word(pricing_unit));
        into.change("factor", plain(factor));
        into.change("unitPrice", plain(unit_price));
    }
}

impl Line for EquipmentLineWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }

    fn put(&self, into: &mut Document<'_>) {
        let EquipmentLineWrite {
            id: _,
            item_code,
            description,
            quantity,
            unit_type,
            rate,
        } = self;
        into.change("itemCode", text(item_code));
        into.change("description", text(description));
        into.change("quantity", plain(quantity));
        into.change("unitType", text(unit_type));
        into.change("rate", plain(rate));
    }
}

impl Line for AdditionalItemWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }

    fn put(&self, into: &mut Document<'_>) {
        let AdditionalItemWrite {
            id: _,
            category,
            item_number,
            description,
            calc,
            hours_per,
            quantity,
            rate,
        } = self;
        into.change("category", text(category));
        into.change("itemNumber", text(item_number));
        into.change("description", text(description));
        into.change("calc", word(calc));
        into.change("hoursPer", plain(hours_per));
        into.change("quantity", plain(quantity));
        into.change("rate", plain(rate));
    }
}

fn text(change: &Change<String>) -> Change<String> {
    change.as_ref().map(|text| document::text(text))
}

fn word<V: Vocabulary>(change: &Change<V>) -> Change<String> {
    change.map(|member| document::text(member.word()))
}

/// Numbers and flags: their own text is JSON, a decimal's without an exponent.
fn plain<T: ToString>(change: &Change<T>) -> Change<String> {
    change.as_ref().map(T::to_string)
}

fn list(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

/// Jackson's spelling of a moment (contract 3.0).
fn moment(time: &DateTime<Utc>) -> String {
    document::text(&time.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::Merge;
    use crate::domain::change::Change;
    use crate::domain::customer_write::CustomerWrite;
    use crate::domain::fwo_write::FwoWrite;
    use crate::domain::fwo_write::LaborLineWrite;
    use crate::domain::fwo_write::PricingWrite;
    use crate::domain::fwo_write::SignatureWrite;
    use crate::domain::money::Decimal;
    use crate::upstream::document::Document;

    fn merged(json: &str, write: &impl Merge) -> String {
        let raw = RawValue::from_string(json.to_owned()).expect("JSON");
        let mut object = Document::of(&raw).expect("an object");
        write.merge(&mut object).expect("it can be merged");
        object.print()
    }

    #[test]
    fn a_signature_by_somebody_else_keeps_nothing_of_the_one_before() {
        let write = FwoWrite {
            signature: Change::Set(SignatureWrite {
                signer_name: Change::Set("Sam".into()),
                ..SignatureWrite::default()
            }),
            ..FwoWrite::default()
        };
        let before =
            r#"{"signature":{"signerName":"Pat","note":"as agreed","signedDate":"2024-05-15"}}"#;
        assert_eq!(
            merged(before, &write),
            r#"{"signature":{"signerName":"Sam"}}"#
        );
    }

    #[test]
    fn a_customer_gets_its_changes_and_write_only_members_only_when_set() {
        let write = CustomerWrite {
            city: Change::Set("Dayton".into()),
            address2: Change::Clear,
            ..CustomerWrite::default()
        };
        let before = r#"{"id":3,"name":"Mill","address2":"x","city":"","creditLimit":1.0}"#;
        assert_eq!(
            merged(before, &write),
            r#"{"id":3,"name":"Mill","address2":null,"city":"Dayton","creditLimit":1.0}"#
        );
        let write = CustomerWrite {
            billing_template_id: Change::Set(7),
            update_fwos: Change::Set(true),
            ..CustomerWrite::default()
        };
        assert_eq!(
            merged(r#"{"id":3}"#, &write),
            r#"{"id":3,"billingTemplateId":7,"updateFWOs":true}"#
        );
    }

    #[test]
    fn a_line_keeps_what_nobody_modelled_and_a_new_one_has_no_id() {
        let write = FwoWrite {
            labor: Change::Set(vec![
                LaborLineWrite {
                    id: Some(2),
                    regular_hours: Change::Set(Decimal::new(750, 2)),
                    ..LaborLineWrite::default()
                },
                LaborLineWrite {
                    trade: Change::Set("Drywall".into()),
                    ..LaborLineWrite::default()
                },
            ]),
            ..FwoWrite::default()
        };
        let before = r#"{"id":1,"labor":[{"id":1},{"id":2,"badge":"B7","regularHours":1}]}"#;
        assert_eq!(
            merged(before, &write),
            r#"{"id":1,"labor":[{"id":2,"badge":"B7","regularHours":7.50},{"trade":"Drywall"}]}"#
        );
    }

    #[test]
    fn clearing_a_part_of_what_is_not_there_makes_nothing() {
        let write = FwoWrite {
            pricing: PricingWrite {
                profit_percent: Change::Clear,
                ..PricingWrite::default()
            },
            signature: Change::Set(SignatureWrite {
                note: Change::Clear,
                ..SignatureWrite::default()
            }),
            ..FwoWrite::default()
        };
        let before = r#"{"id":1,"signature":null}"#;
        assert_eq!(merged(before, &write), before);
    }

    #[test]
    fn percentages_and_signatures_are_merged_into_their_objects() {
        let write = FwoWrite {
            pricing: PricingWrite {
                profit_percent: Change::Set(Decimal::from(8)),
                ..PricingWrite::default()
            },
            signature: Change::Set(SignatureWrite {
                signer_name: Change::Set("Ø. \"B\"".into()),
                ..SignatureWrite::default()
            }),
            ..FwoWrite::default()
        };
        let before = r#"{"pricing":{"total":9.00,"profitPercent":5,"tax":1},"signature":null}"#;
        assert_eq!(
            merged(before, &write),
            r#"{"pricing":{"total":9.00,"profitPercent":8,"tax":1},"signature":{"signerName":"Ø. \"B\""}}"#
        );
    }
}
