//! What an FWO costs. Every line and every amount is rounded half-up to the cent, then added up.

use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Percent;
use crate::sandbox::decimal::half_up;

/// Totals of an FWO: overhead on the subtotal, profit on the subtotal with its overhead.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pricing {
    pub(crate) labor_total: Money,
    pub(crate) material_total: Money,
    pub(crate) equipment_total: Money,
    pub(crate) additional_total: Money,
    subtotal: Money,
    pub(crate) overhead_percent: Percent,
    pub(crate) profit_percent: Percent,
    pub(crate) overhead_amount: Money,
    pub(crate) profit_amount: Money,
    pub(crate) total: Money,
}

/// The sums of an FWO's lines, kind by kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineTotals {
    pub(crate) labor: Money,
    pub(crate) material: Money,
    pub(crate) equipment: Money,
    pub(crate) additional: Money,
}

impl Pricing {
    pub(crate) fn new(
        lines: LineTotals,
        overhead_percent: Percent,
        profit_percent: Percent,
    ) -> Self {
        let LineTotals {
            labor,
            material,
            equipment,
            additional,
        } = lines;
        let subtotal = labor + material + equipment + additional;
        let overhead_amount = share(subtotal, overhead_percent);
        let profit_amount = share(subtotal + overhead_amount, profit_percent);
        Self {
            labor_total: labor,
            material_total: material,
            equipment_total: equipment,
            additional_total: additional,
            subtotal,
            overhead_percent,
            profit_percent,
            overhead_amount,
            profit_amount,
            total: subtotal + overhead_amount + profit_amount,
        }
    }
}

fn share(of: Money, percent: Percent) -> Money {
    Money::from_cents(half_up(i128::from(of.0) * i128::from(percent.0), 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profit_is_taken_on_the_subtotal_with_its_overhead() {
        let lines = LineTotals {
            labor: Money::from_cents(100_005),
            material: Money::ZERO,
            equipment: Money::ZERO,
            additional: Money::ZERO,
        };
        let pricing = Pricing::new(lines, Percent::whole(10), Percent::from_cents(750));
        assert_eq!(
            pricing.overhead_amount,
            Money::from_cents(10_001),
            "100.005 is rounded up"
        );
        assert_eq!(
            pricing.profit_amount,
            Money::from_cents(8_250),
            "7.5 % of 1100.06 is 82.5045"
        );
        assert_eq!(pricing.total, Money::from_cents(118_256));
    }
}
