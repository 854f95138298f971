//! What an upstream that refuses a write says about its fields (contract 3.0: Spring's `errors[]`).
//!
//! Neither its texts nor names that we do not know are passed on: the texts of a foreign server may hold
//! anything. A rule that we recognise is told in our own words, any other as a refusal of the field.

use serde::Deserialize;

use crate::domain::error::Violation;

/// Most violations that are looked at.
const VIOLATIONS_MAX: usize = 100;

/// Names of members that a write may hold; a path of others is not passed on.
const MEMBERS: &[&str] = &[
    // Customer.
    "id",
    "name",
    "number",
    "address1",
    "address2",
    "city",
    "state",
    "zipCode",
    "contactName",
    "contactEmail",
    "contactPhone",
    "billingContact",
    "billingContactEmail",
    "billingContactPhone",
    "status",
    "billingTemplateId",
    "tradeTemplateId",
    "updateProjects",
    "updateFWOs",
    // Field work order.
    "projectId",
    "type",
    "summary",
    "description",
    "categories",
    "referenceNumber",
    "gcReference",
    "gcDocumentReference",
    "gcDocumentReferenceType",
    "premiumTime",
    "romAmount",
    "labor",
    "materials",
    "equipment",
    "additionalItems",
    "pricing",
    "groupName",
    "changeOrderNumber",
    "invoiceNumber",
    "signature",
    // Inside of it; an amount that is computed may come out too large.
    "amount",
    "employeeNumber",
    "employeeName",
    "trade",
    "tradeClass",
    "workDate",
    "regularHours",
    "overtimeHours",
    "doubleTimeHours",
    "regularRate",
    "overtimeRate",
    "doubleTimeRate",
    "itemCode",
    "quantity",
    "unitType",
    "pricingUnit",
    "factor",
    "unitPrice",
    "rate",
    "category",
    "itemNumber",
    "calc",
    "hoursPer",
    "overheadPercent",
    "profitPercent",
    "signerName",
    "signerEmail",
    "note",
    "signedDate",
];

/// Parts of Bean Validation's texts, and what we say instead. The first that is found counts.
const RULES: &[(&str, &str)] = &[
    ("must not be blank", "must not be blank"),
    ("must not be empty", "must not be blank"),
    ("must not be null", "is required"),
    ("required", "is required"),
    ("size must be", "is too short or too long"),
    ("length", "is too short or too long"),
    ("email", "must be an e-mail address"),
    ("e-mail", "must be an e-mail address"),
    ("numeric value out of bounds", "has too many digits"),
    ("must be greater than", "is too small"),
    ("must be less than", "is too large"),
    ("must be 0", "must be 0"),
    ("exist", "names nothing that exists"),
    ("unknown", "names nothing that exists"),
    ("not found", "names nothing that exists"),
    ("must be unique", "must be unique"),
];

const REFUSED: &str = "is not accepted by the upstream";

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldError {
    #[serde(default)]
    field: String,
    #[serde(default)]
    default_message: String,
}

/// The violations that a refusal names, in the upstream's words for the fields and our own for the rules.
pub(super) fn violations(body: &[u8]) -> Vec<Violation> {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return Vec::new();
    };
    let told = refusal.errors.into_iter().take(VIOLATIONS_MAX);
    let known = told.filter(|error| is_known(&error.field));
    known
        .map(|error| Violation {
            rule: rule(&error.default_message).to_owned(),
            field: error.field,
        })
        .collect()
}

/// `labor[0].regularHours`: names that we know, with places in lists.
fn is_known(path: &str) -> bool {
    path.split('.').all(|part| {
        let (name, place) = part.split_once('[').unwrap_or((part, "0]"));
        let place = place.strip_suffix(']');
        let is_place = |place: &str| {
            (1..=6).contains(&place.len()) && place.bytes().all(|b| b.is_ascii_digit())
        };
        MEMBERS.contains(&name) && place.is_some_and(is_place)
    })
}

fn rule(message: &str) -> &'static str {
    let message = message.to_lowercase();
    let found = RULES.iter().find(|(part, _)| message.contains(part));
    found.map_or(REFUSED, |(_, rule)| rule)
}

#[cfg(test)]
mod tests {
    use super::violations;

    fn told(body: &str) -> Vec<(String, String)> {
        let violations = violations(body.as_bytes()).into_iter();
        violations.map(|v| (v.field, v.rule)).collect()
    }

    #[test]
    fn springs_errors_become_violations_in_our_words() {
        let body = r#"{"status":400,"errors":[
            {"field":"name","defaultMessage":"must not be blank"},
            {"field":"labor[12].regularHours","defaultMessage":"must be less than or equal to 24"},
            {"field":"projectId","defaultMessage":"project 99 does not exist at /srv/db"},
            {"field":"labor[0].amount","defaultMessage":"numeric value out of bounds (<12 digits>.<2 digits> expected)"},
            {"field":"categories[0]","defaultMessage":"weird"}]}"#;
        let expected = [
            ("name", "must not be blank"),
            ("labor[12].regularHours", "is too large"),
            ("projectId", "names nothing that exists"),
            ("labor[0].amount", "has too many digits"),
            ("categories[0]", "is not accepted by the upstream"),
        ];
        assert_eq!(
            told(body),
            expected.map(|(f, r)| (f.to_owned(), r.to_owned()))
        );
    }

    #[test]
    fn foreign_names_and_foreign_bodies_are_not_passed_on() {
        for body in [
            r#"{"errors":[{"field":"customer_tbl.name","defaultMessage":"x"}]}"#,
            r#"{"errors":[{"field":"labor[x].trade","defaultMessage":"x"}]}"#,
            r#"{"errors":[{"defaultMessage":"x"}]}"#,
            r#"{"errors":"no"}"#,
            "<html>",
            "",
        ] {
            assert_eq!(told(body), [], "{body}");
        }
    }
}
