//! The parts of a field work order: lines, totals and the signature. Each borrows from the order that was read.
//!
//! Never a field `id` that is no global id: Relay's store keys every object by `id` alone, so that labor line 1
//! and material line 1 would become one object there.

use async_graphql::Object;

use crate::domain::fwo;
use crate::domain::term::Term;
use crate::graphql::scalar::Date;
use crate::graphql::scalar::DateTime;
use crate::graphql::scalar::Decimal;
use crate::graphql::scalar::Int64;
use crate::graphql::vocabulary::Calc;
use crate::graphql::vocabulary::PricingUnit;

/// Hours of one employee on one day.
pub(super) struct LaborLine<'a>(pub(super) &'a fwo::LaborLine);

/// Hours of one employee on one day.
#[Object]
impl<'a> LaborLine<'a> {
    /// The line's id within the upstream.
    async fn database_id(&self) -> Option<Int64> {
        self.0.id.map(Int64)
    }

    /// The employee's number.
    async fn employee_number(&self) -> Option<&str> {
        self.0.employee_number.as_deref()
    }

    /// The employee's name.
    async fn employee_name(&self) -> Option<&str> {
        self.0.employee_name.as_deref()
    }

    /// The trade.
    async fn trade(&self) -> Option<&str> {
        self.0.trade.as_deref()
    }

    /// The class within the trade.
    async fn trade_class(&self) -> Option<&str> {
        self.0.trade_class.as_deref()
    }

    /// The day, local to the project.
    async fn work_date(&self) -> Option<Date> {
        self.0.work_date.map(Date)
    }

    /// Regular hours, 0 to 24.
    async fn regular_hours(&self) -> Option<Decimal> {
        self.0.regular_hours.map(Decimal)
    }

    /// Overtime hours, 0 to 24.
    async fn overtime_hours(&self) -> Option<Decimal> {
        self.0.overtime_hours.map(Decimal)
    }

    /// Double time hours, 0 to 24.
    async fn double_time_hours(&self) -> Option<Decimal> {
        self.0.double_time_hours.map(Decimal)
    }

    /// US dollars an hour.
    async fn regular_rate(&self) -> Option<Decimal> {
        self.0.regular_rate.map(Decimal)
    }

    /// US dollars an hour of overtime.
    async fn overtime_rate(&self) -> Option<Decimal> {
        self.0.overtime_rate.map(Decimal)
    }

    /// US dollars an hour of double time.
    async fn double_time_rate(&self) -> Option<Decimal> {
        self.0.double_time_rate.map(Decimal)
    }

    /// US dollars in all.
    async fn amount(&self) -> Option<Decimal> {
        self.0.amount.map(Decimal)
    }
}

/// One material: amount = quantity x factor x unit price / (1, 100, 1000, 1 for E, C, M, P).
pub(super) struct MaterialLine<'a>(pub(super) &'a fwo::MaterialLine);

/// One material: amount = quantity x factor x unit price / (1, 100, 1000, 1 for E, C, M, P).
#[Object]
impl<'a> MaterialLine<'a> {
    /// The line's id within the upstream.
    async fn database_id(&self) -> Option<Int64> {
        self.0.id.map(Int64)
    }

    /// The item's code.
    async fn item_code(&self) -> Option<&str> {
        self.0.item_code.as_deref()
    }

    /// What it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// How much.
    async fn quantity(&self) -> Option<Decimal> {
        self.0.quantity.map(Decimal)
    }

    /// Of what: EA, LF, SF, SY, Boxes, Gallon.
    async fn unit_type(&self) -> Option<&str> {
        self.0.unit_type.as_deref()
    }

    /// What the unit price is for.
    async fn pricing_unit(&self) -> Option<PricingUnit> {
        self.0.pricing_unit.as_ref().map(PricingUnit::from)
    }

    /// The pricing unit in the upstream's own word.
    async fn raw_pricing_unit(&self) -> Option<&str> {
        self.0.pricing_unit.as_ref().map(Term::as_str)
    }

    /// A multiplier, usually 1.
    async fn factor(&self) -> Option<Decimal> {
        self.0.factor.map(Decimal)
    }

    /// US dollars.
    async fn unit_price(&self) -> Option<Decimal> {
        self.0.unit_price.map(Decimal)
    }

    /// US dollars in all.
    async fn amount(&self) -> Option<Decimal> {
        self.0.amount.map(Decimal)
    }
}

/// One piece of equipment: amount = quantity x rate.
pub(super) struct EquipmentLine<'a>(pub(super) &'a fwo::EquipmentLine);

/// One piece of equipment: amount = quantity x rate.
#[Object]
impl<'a> EquipmentLine<'a> {
    /// The line's id within the upstream.
    async fn database_id(&self) -> Option<Int64> {
        self.0.id.map(Int64)
    }

    /// The item's code.
    async fn item_code(&self) -> Option<&str> {
        self.0.item_code.as_deref()
    }

    /// What it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// How much.
    async fn quantity(&self) -> Option<Decimal> {
        self.0.quantity.map(Decimal)
    }

    /// Of what: HRs, Days.
    async fn unit_type(&self) -> Option<&str> {
        self.0.unit_type.as_deref()
    }

    /// US dollars a unit.
    async fn rate(&self) -> Option<Decimal> {
        self.0.rate.map(Decimal)
    }

    /// US dollars in all.
    async fn amount(&self) -> Option<Decimal> {
        self.0.amount.map(Decimal)
    }
}

/// One further billing item, counted by labor hours or by quantity.
pub(super) struct AdditionalItem<'a>(pub(super) &'a fwo::AdditionalItem);

/// One further billing item, counted by labor hours or by quantity.
#[Object]
impl<'a> AdditionalItem<'a> {
    /// The item's id within the upstream.
    async fn database_id(&self) -> Option<Int64> {
        self.0.id.map(Int64)
    }

    /// The category of the billing template.
    async fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }

    /// The item's number.
    async fn item_number(&self) -> Option<&str> {
        self.0.item_number.as_deref()
    }

    /// What it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// How it is counted.
    async fn calc(&self) -> Option<Calc> {
        self.0.calc.as_ref().map(Calc::from)
    }

    /// The way of counting in the upstream's own word.
    async fn raw_calc(&self) -> Option<&str> {
        self.0.calc.as_ref().map(Term::as_str)
    }

    /// One hour for each so many labor hours.
    async fn hours_per(&self) -> Option<Decimal> {
        self.0.hours_per.map(Decimal)
    }

    /// How much.
    async fn quantity(&self) -> Option<Decimal> {
        self.0.quantity.map(Decimal)
    }

    /// US dollars a unit.
    async fn rate(&self) -> Option<Decimal> {
        self.0.rate.map(Decimal)
    }

    /// US dollars in all.
    async fn amount(&self) -> Option<Decimal> {
        self.0.amount.map(Decimal)
    }
}

/// Totals in US dollars, and the percentages between subtotal and total.
pub(super) struct Pricing<'a>(pub(super) &'a fwo::Pricing);

/// Totals in US dollars, and the percentages between subtotal and total.
#[Object]
impl<'a> Pricing<'a> {
    /// All labor.
    async fn labor_total(&self) -> Option<Decimal> {
        self.0.labor_total.map(Decimal)
    }

    /// All material.
    async fn material_total(&self) -> Option<Decimal> {
        self.0.material_total.map(Decimal)
    }

    /// All equipment.
    async fn equipment_total(&self) -> Option<Decimal> {
        self.0.equipment_total.map(Decimal)
    }

    /// All additional items.
    async fn additional_total(&self) -> Option<Decimal> {
        self.0.additional_total.map(Decimal)
    }

    /// The four together.
    async fn subtotal(&self) -> Option<Decimal> {
        self.0.subtotal.map(Decimal)
    }

    /// Overhead in percent of the subtotal.
    async fn overhead_percent(&self) -> Option<Decimal> {
        self.0.overhead_percent.map(Decimal)
    }

    /// Profit in percent of subtotal and overhead.
    async fn profit_percent(&self) -> Option<Decimal> {
        self.0.profit_percent.map(Decimal)
    }

    /// Overhead.
    async fn overhead_amount(&self) -> Option<Decimal> {
        self.0.overhead_amount.map(Decimal)
    }

    /// Profit.
    async fn profit_amount(&self) -> Option<Decimal> {
        self.0.profit_amount.map(Decimal)
    }

    /// All of it.
    async fn total(&self) -> Option<Decimal> {
        self.0.total.map(Decimal)
    }
}

/// The general contractor's signature.
pub(super) struct Signature<'a>(pub(super) &'a fwo::Signature);

/// The general contractor's signature.
#[Object]
impl<'a> Signature<'a> {
    /// Who signed.
    async fn signer_name(&self) -> Option<&str> {
        self.0.signer_name.as_deref()
    }

    /// Their e-mail address.
    async fn signer_email(&self) -> Option<&str> {
        self.0.signer_email.as_deref()
    }

    /// What they noted.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// When they signed.
    async fn signed_date(&self) -> Option<DateTime> {
        self.0.signed_date.map(DateTime)
    }
}
