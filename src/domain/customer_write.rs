//! What is written to a customer, and the rules that can be known before (upstream contract 3.2).

use crate::domain::change::Change;
use crate::domain::check::Checks;
use crate::domain::check::TextRule;
use crate::domain::customer::CustomerStatus;
use crate::domain::error::Error;

/// Changes to a customer, or the members of a new one. The words are the upstream's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each names the member of `Customer` of the same name"
)]
pub struct CustomerWrite {
    pub name: Change<String>,
    pub number: Change<String>,
    pub address1: Change<String>,
    pub address2: Change<String>,
    pub city: Change<String>,
    pub state: Change<String>,
    pub zip_code: Change<String>,
    pub contact_name: Change<String>,
    pub contact_email: Change<String>,
    pub contact_phone: Change<String>,
    pub billing_contact: Change<String>,
    pub billing_contact_email: Change<String>,
    pub billing_contact_phone: Change<String>,
    pub status: Change<CustomerStatus>,
    /// Never read back: the template of billing items for the customer's new projects.
    pub billing_template_id: Change<i64>,
    /// Never read back: the template of trades for the customer's new projects.
    pub trade_template_id: Change<i64>,
    /// Never read back: whether the templates are applied to existing projects, too.
    pub update_projects: Change<bool>,
    /// Never read back: whether the templates are applied to open orders, too.
    pub update_fwos: Change<bool>,
}

const TEXT: TextRule = TextRule::optional(255);
const PHONE: TextRule = TextRule::optional(32);

impl CustomerWrite {
    /// Checks the members of a new customer; fails with `InvalidInput` and every violation.
    pub fn check_new(&self) -> Result<(), Error> {
        self.check(Checks::of_new())
    }

    /// Checks changes to a customer; fails with `InvalidInput` and every violation.
    pub fn check_changes(&self) -> Result<(), Error> {
        let mut checks = Checks::of_changes();
        // What is never read back is no member that could be emptied.
        checks.lasting("billingTemplateId", &self.billing_template_id);
        checks.lasting("tradeTemplateId", &self.trade_template_id);
        checks.lasting("updateProjects", &self.update_projects);
        checks.lasting("updateFWOs", &self.update_fwos);
        self.check(checks)
    }

    fn check(&self, mut checks: Checks) -> Result<(), Error> {
        checks.text("name", &self.name, TextRule::required(255));
        checks.text("number", &self.number, TextRule::required(32));
        checks.text("address1", &self.address1, TEXT);
        checks.text("address2", &self.address2, TEXT);
        checks.text("city", &self.city, TEXT);
        checks.text("state", &self.state, TextRule::optional(32));
        checks.text("zipCode", &self.zip_code, TextRule::optional(16));
        let contact = TextRule::required(255);
        checks.text("contactName", &self.contact_name, contact);
        checks.text("contactEmail", &self.contact_email, contact.email());
        checks.text("contactPhone", &self.contact_phone, TextRule::required(32));
        checks.text("billingContact", &self.billing_contact, TEXT);
        checks.text(
            "billingContactEmail",
            &self.billing_contact_email,
            TEXT.email(),
        );
        checks.text("billingContactPhone", &self.billing_contact_phone, PHONE);
        for (field, id) in [
            ("billingTemplateId", &self.billing_template_id),
            ("tradeTemplateId", &self.trade_template_id),
        ] {
            if id.value().is_some_and(|id| *id < 0) {
                checks.violate(field, "must not be negative");
            }
        }
        checks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::CustomerWrite;
    use crate::domain::change::Change;
    use crate::domain::error::Error;

    fn fields(outcome: Result<(), Error>) -> Vec<(String, String)> {
        let violations = outcome.err().map(|error| error.violations().to_vec());
        let violations = violations.unwrap_or_default().into_iter();
        violations.map(|v| (v.field, v.rule)).collect()
    }

    #[test]
    fn a_new_customer_needs_five_members() {
        let missing = fields(CustomerWrite::default().check_new());
        let names: Vec<_> = missing.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            names,
            [
                "name",
                "number",
                "contactName",
                "contactEmail",
                "contactPhone"
            ]
        );
        assert!(CustomerWrite::default().check_changes().is_ok());
    }

    #[test]
    fn every_rule_that_is_broken_is_told() {
        let text = |text: &str| Change::Set(text.to_owned());
        let write = CustomerWrite {
            name: Change::Clear,
            number: text(&"9".repeat(33)),
            state: text(&"x".repeat(33)),
            zip_code: text(&"1".repeat(17)),
            contact_name: text(" \t"),
            contact_email: text("nobody"),
            billing_contact_email: text(""),
            billing_contact_phone: text(&"5".repeat(33)),
            billing_template_id: Change::Set(-1),
            ..CustomerWrite::default()
        };
        let told = fields(write.check_changes());
        let told: Vec<_> = told.iter().map(|(f, r)| (f.as_str(), r.as_str())).collect();
        let expected = [
            ("name", "is required"),
            ("number", "at most 32 characters"),
            ("state", "at most 32 characters"),
            ("zipCode", "at most 16 characters"),
            ("contactName", "must not be blank"),
            ("contactEmail", "must be an e-mail address"),
            ("billingContactPhone", "at most 32 characters"),
            ("billingTemplateId", "must not be negative"),
        ];
        assert_eq!(told, expected);
    }
}
