//! What is written to a field work order, and the rules that can be known before (upstream contract 3.3).
//!
//! Which step allows what is the upstream's business alone, and nothing of it is here.

use std::collections::HashSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::domain::change::Change;
use crate::domain::check::Checks;
use crate::domain::check::TextRule;
use crate::domain::error::Error;
use crate::domain::fwo::Calc;
use crate::domain::fwo::Fwo;
use crate::domain::fwo::FwoDetail;
use crate::domain::fwo::FwoStatus;
use crate::domain::fwo::FwoType;
use crate::domain::fwo::PricingUnit;
use crate::domain::id::POSITIVE;
use crate::domain::id::ProjectId;
use crate::domain::money::Decimal;

/// Changes to an order, or the members of a new one. The words are the upstream's.
///
/// A list of lines that is set replaces the whole list. A line that names the id of a line of the order
/// changes that line; one without an id is new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each names the member of `FwoSummary` or `FwoDetail` of the same name"
)]
pub struct FwoWrite {
    /// Set once, when the order is made; in changes it can only be the one that it is already.
    pub project_id: Change<ProjectId>,
    pub kind: Change<FwoType>,
    /// The step to move to; an order is never without one.
    pub status: Change<FwoStatus>,
    pub summary: Change<String>,
    pub description: Change<String>,
    pub categories: Change<Vec<String>>,
    pub reference_number: Change<String>,
    pub gc_reference: Change<String>,
    pub gc_document_reference: Change<String>,
    pub gc_document_reference_type: Change<String>,
    pub premium_time: Change<bool>,
    pub rom_amount: Change<Decimal>,
    pub labor: Change<Vec<LaborLineWrite>>,
    pub materials: Change<Vec<MaterialLineWrite>>,
    pub equipment: Change<Vec<EquipmentLineWrite>>,
    pub additional_items: Change<Vec<AdditionalItemWrite>>,
    pub pricing: PricingWrite,
    pub group_name: Change<String>,
    pub change_order_number: Change<String>,
    pub invoice_number: Change<String>,
    pub signature: Change<SignatureWrite>,
}

/// The percentages; everything else of [`Pricing`](crate::domain::fwo::Pricing) is computed by the upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct PricingWrite {
    pub overhead_percent: Change<Decimal>,
    pub profit_percent: Change<Decimal>,
}

/// Hours of one employee on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct LaborLineWrite {
    pub id: Option<i64>,
    pub employee_number: Change<String>,
    pub employee_name: Change<String>,
    pub trade: Change<String>,
    pub trade_class: Change<String>,
    pub work_date: Change<NaiveDate>,
    pub regular_hours: Change<Decimal>,
    pub overtime_hours: Change<Decimal>,
    pub double_time_hours: Change<Decimal>,
    pub regular_rate: Change<Decimal>,
    pub overtime_rate: Change<Decimal>,
    pub double_time_rate: Change<Decimal>,
}

/// One material.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct MaterialLineWrite {
    pub id: Option<i64>,
    pub item_code: Change<String>,
    pub description: Change<String>,
    pub quantity: Change<Decimal>,
    pub unit_type: Change<String>,
    pub pricing_unit: Change<PricingUnit>,
    pub factor: Change<Decimal>,
    pub unit_price: Change<Decimal>,
}

/// One piece of equipment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct EquipmentLineWrite {
    pub id: Option<i64>,
    pub item_code: Change<String>,
    pub description: Change<String>,
    pub quantity: Change<Decimal>,
    pub unit_type: Change<String>,
    pub rate: Change<Decimal>,
}

/// One further billing item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct AdditionalItemWrite {
    pub id: Option<i64>,
    pub category: Change<String>,
    pub item_number: Change<String>,
    pub description: Change<String>,
    pub calc: Change<Calc>,
    pub hours_per: Change<Decimal>,
    pub quantity: Change<Decimal>,
    pub rate: Change<Decimal>,
}

/// The general contractor's signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the members are named by the upstream's words")]
pub struct SignatureWrite {
    pub signer_name: Change<String>,
    pub signer_email: Change<String>,
    pub note: Change<String>,
    pub signed_date: Change<DateTime<Utc>>,
}

impl FwoWrite {
    /// Checks the members of a new order; fails with `InvalidInput` and every violation.
    pub fn check_new(&self) -> Result<(), Error> {
        let mut checks = Checks::of_new();
        checks.needed("projectId", &self.project_id);
        self.check_known_lines(&mut checks, None);
        self.check(checks)
    }

    /// Checks changes to an order; fails with `InvalidInput` and every violation.
    pub fn check_changes(&self) -> Result<(), Error> {
        let mut checks = Checks::of_changes();
        checks.needed("projectId", &self.project_id);
        checks.needed("status", &self.status);
        self.check(checks)
    }

    /// Checks changes beside the order that they are made to; fails with `InvalidInput`.
    pub fn check_beside(&self, present: &Fwo) -> Result<(), Error> {
        let mut checks = Checks::of_changes();
        if let Some(project) = self.project_id.value()
            && present.summary.project_id != Some(*project)
        {
            let rule = "is set when the order is made, and never again";
            checks.violate("projectId", rule);
        }
        self.check_known_lines(&mut checks, Some(&present.detail));
        checks.finish()
    }

    /// A line that is changed must be there; of a new order there is none.
    fn check_known_lines(&self, checks: &mut Checks, present: Option<&FwoDetail>) {
        let labor = present.and_then(|fwo| fwo.labor.as_deref());
        known_ids(checks, "labor", (&self.labor, |l| l.id), (labor, |l| l.id));
        let materials = present.and_then(|fwo| fwo.materials.as_deref());
        known_ids(
            checks,
            "materials",
            (&self.materials, |l| l.id),
            (materials, |l| l.id),
        );
        let equipment = present.and_then(|fwo| fwo.equipment.as_deref());
        known_ids(
            checks,
            "equipment",
            (&self.equipment, |l| l.id),
            (equipment, |l| l.id),
        );
        let items = present.and_then(|fwo| fwo.additional_items.as_deref());
        known_ids(
            checks,
            "additionalItems",
            (&self.additional_items, |i| i.id),
            (items, |i| i.id),
        );
    }

    fn check(&self, mut checks: Checks) -> Result<(), Error> {
        checks.text("summary", &self.summary, TextRule::required(100));
        checks.text("description", &self.description, TextRule::required(10_000));
        checks.not_negative("romAmount", &self.rom_amount);
        self.check_line_ids(&mut checks);
        self.check_labor(&mut checks);
        if let Some(signature) = self.signature.value() {
            let rule = TextRule::optional(usize::MAX).email();
            checks.text("signature.signerEmail", &signature.signer_email, rule);
        }
        checks.finish()
    }

    fn check_line_ids(&self, checks: &mut Checks) {
        line_ids(checks, "labor", &self.labor, |line| line.id);
        line_ids(checks, "materials", &self.materials, |line| line.id);
        line_ids(checks, "equipment", &self.equipment, |line| line.id);
        line_ids(checks, "additionalItems", &self.additional_items, |item| {
            item.id
        });
    }

    fn check_labor(&self, checks: &mut Checks) {
        let overtime_only = self.premium_time == Change::Set(true);
        for (place, line) in self.labor.value().into_iter().flatten().enumerate() {
            let field = |name: &str| format!("labor[{place}].{name}");
            checks.hours(&field("regularHours"), &line.regular_hours);
            checks.hours(&field("overtimeHours"), &line.overtime_hours);
            checks.hours(&field("doubleTimeHours"), &line.double_time_hours);
            let works_regular = line
                .regular_hours
                .value()
                .is_some_and(|hours| !hours.is_zero());
            if overtime_only && works_regular {
                checks.violate(
                    field("regularHours"),
                    "must be 0 where only overtime may be logged",
                );
            }
        }
    }
}

/// The ids that lines name are those of lines that are there.
fn known_ids<W, L>(
    checks: &mut Checks,
    list: &str,
    (lines, named): (&Change<Vec<W>>, impl Fn(&W) -> Option<i64>),
    (present, id): (Option<&[L]>, impl Fn(&L) -> Option<i64>),
) {
    let known: HashSet<i64> = present.unwrap_or_default().iter().filter_map(id).collect();
    for (place, line) in lines.value().into_iter().flatten().enumerate() {
        if named(line).is_some_and(|id| id > 0 && !known.contains(&id)) {
            checks.violate(format!("{list}[{place}].id"), "names no line of the order");
        }
    }
}

/// The ids that lines name: two lines that begin as one line of the order would both be that line.
fn line_ids<L>(
    checks: &mut Checks,
    list: &str,
    lines: &Change<Vec<L>>,
    id: impl Fn(&L) -> Option<i64>,
) {
    let mut named = HashSet::new();
    for (place, line) in lines.value().into_iter().flatten().enumerate() {
        let Some(id) = id(line) else { continue };
        let field = format!("{list}[{place}].id");
        if id <= 0 {
            checks.violate(field, POSITIVE);
        } else if !named.insert(id) {
            checks.violate(field, "names a line that another line names already");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AdditionalItemWrite;
    use super::FwoWrite;
    use super::LaborLineWrite;
    use crate::domain::change::Change;
    use crate::domain::money::Decimal;

    #[test]
    fn every_rule_that_is_broken_is_told_with_its_path() {
        let write = FwoWrite {
            project_id: Change::Clear,
            status: Change::Clear,
            summary: Change::Set("x".repeat(101)),
            description: Change::Set(String::new()),
            premium_time: Change::Set(true),
            rom_amount: Change::Set(Decimal::NEGATIVE_ONE),
            labor: Change::Set(vec![
                LaborLineWrite {
                    id: Some(5),
                    ..LaborLineWrite::default()
                },
                LaborLineWrite {
                    id: Some(5),
                    regular_hours: Change::Set(Decimal::ONE),
                    overtime_hours: Change::Set(Decimal::from(25)),
                    ..LaborLineWrite::default()
                },
            ]),
            additional_items: Change::Set(vec![AdditionalItemWrite {
                id: Some(0),
                ..AdditionalItemWrite::default()
            }]),
            ..FwoWrite::default()
        };
        let told = write.check_changes().expect_err("many rules are broken");
        let told: Vec<_> = told.violations().iter().map(|v| v.field.as_str()).collect();
        let expected = [
            "projectId",
            "status",
            "summary",
            "description",
            "romAmount",
            "labor[1].id",
            "additionalItems[0].id",
            "labor[1].overtimeHours",
            "labor[1].regularHours",
        ];
        assert_eq!(told, expected);
    }
}
