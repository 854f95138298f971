//! What is written to the lines of an FWO: four lists, each replacing the one that is there.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::sandbox::billing::AdditionalItem;
use crate::sandbox::billing::Calc;
use crate::sandbox::billing::EquipmentLine;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Quantity;
use crate::sandbox::number::Number;
use crate::sandbox::time_and_material::LaborLine;
use crate::sandbox::time_and_material::MaterialLine;
use crate::sandbox::time_and_material::PricingUnit;
use crate::sandbox::validation::Bounds;
use crate::sandbox::validation::MONEY_DIGITS;
use crate::sandbox::validation::TEXT_MAX;
use crate::sandbox::validation::Validation;

/// With these, no product of a line leaves 128 bits.
const MONEY: Bounds = Bounds::digits(MONEY_DIGITS);
const QUANTITY: Bounds = Bounds::digits(8);
const FACTOR: Bounds = Bounds::digits(4);
const HOURS: Bounds = Bounds::digits(2).at_least(0).at_most(24);

/// The hours of an employee on a day, as they are written. Amounts are computed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LaborLineWrite {
    /// A line of this FWO, which keeps its id; 0 or absent for a new one.
    id: Option<i64>,
    #[schema(max_length = 255)]
    employee_number: Option<String>,
    #[schema(required, nullable = false, max_length = 255)]
    employee_name: Option<String>,
    #[schema(required, nullable = false, max_length = 255, example = "Drywall")]
    trade: Option<String>,
    #[schema(required, nullable = false, max_length = 255, example = "Journeyman")]
    trade_class: Option<String>,
    /// The day at the project's place.
    #[schema(required, nullable = false, value_type = String, format = Date, example = "2026-05-14")]
    work_date: Option<NaiveDate>,
    /// 0..24, and 0 with premium time; 0 where absent.
    regular_hours: Option<Number<2>>,
    /// 0..24; 0 where absent.
    overtime_hours: Option<Number<2>>,
    /// 0..24; 0 where absent.
    double_time_hours: Option<Number<2>>,
    regular_rate: Option<Number<2>>,
    overtime_rate: Option<Number<2>>,
    double_time_rate: Option<Number<2>>,
}

/// Material used, as it is written. Amounts are computed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MaterialLineWrite {
    /// A line of this FWO, which keeps its id; 0 or absent for a new one.
    id: Option<i64>,
    #[schema(max_length = 255)]
    item_code: Option<String>,
    #[schema(required, nullable = false, max_length = 255)]
    description: Option<String>,
    #[schema(required, nullable = false)]
    quantity: Option<Number<4>>,
    #[schema(required, nullable = false, max_length = 255, example = "SF")]
    unit_type: Option<String>,
    #[schema(required, nullable = false)]
    pricing_unit: Option<PricingUnit>,
    /// 1 where absent.
    factor: Option<Number<4>>,
    unit_price: Option<Number<2>>,
}

/// Equipment owned or rented, as it is written. Amounts are computed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EquipmentLineWrite {
    /// A line of this FWO, which keeps its id; 0 or absent for a new one.
    id: Option<i64>,
    #[schema(max_length = 255)]
    item_code: Option<String>,
    #[schema(required, nullable = false, max_length = 255)]
    description: Option<String>,
    #[schema(required, nullable = false)]
    quantity: Option<Number<4>>,
    #[schema(required, nullable = false, max_length = 255, example = "Days")]
    unit_type: Option<String>,
    #[schema(required, nullable = false)]
    rate: Option<Number<2>>,
}

/// An additional billing item, as it is written. Amounts are computed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdditionalItemWrite {
    /// A line of this FWO, which keeps its id; 0 or absent for a new one.
    id: Option<i64>,
    #[schema(required, nullable = false, max_length = 255, example = "Supervision")]
    category: Option<String>,
    #[schema(max_length = 255)]
    item_number: Option<String>,
    #[schema(required, nullable = false, max_length = 255)]
    description: Option<String>,
    #[schema(required, nullable = false)]
    calc: Option<Calc>,
    /// Greater than 0; required for `HOURS`.
    hours_per: Option<Number<4>>,
    /// Required for `AMOUNT`; for `HOURS` it is computed from the labor hours.
    quantity: Option<Number<4>>,
    #[schema(required, nullable = false)]
    rate: Option<Number<2>>,
}

/// A line of a request body, which may name the line that it replaces.
pub(crate) trait LineWrite {
    fn id(&self) -> Option<i64>;
}

/// The lines of one list, in the order in which they will be read back: those that keep their ids, then the new ones.
/// `check` makes a line with its amount and tells whatever breaks a rule.
pub(crate) fn check<W: LineWrite, L>(
    rules: &mut Validation,
    list: &'static str,
    written: Option<Vec<W>>,
    present: impl Iterator<Item = i64>,
    check: impl Fn(W, i64, &mut LineRules<'_>) -> L,
) -> Vec<L> {
    let mut present: HashSet<i64> = present.collect();
    let mut kept = HashSet::new();
    let mut lines = Vec::new();
    for (place, line) in written.into_iter().flatten().enumerate() {
        let id = line.id().unwrap_or(0);
        let path = format!("{list}[{place}]");
        if id != 0 {
            if present.remove(&id) {
                kept.insert(id);
            } else if kept.contains(&id) {
                rules.refuse(format!("{path}.id"), "must be unique");
            } else {
                rules.refuse(format!("{path}.id"), "does not exist");
            }
        }
        lines.push((id, check(line, id, &mut LineRules { path, rules })));
    }
    lines.sort_by_key(|(id, _)| (*id == 0, *id));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The rules of one line's members.
pub(crate) struct LineRules<'rules> {
    path: String,
    rules: &'rules mut Validation,
}

impl LineRules<'_> {
    fn field(&self, member: &str) -> String {
        format!("{}.{member}", self.path)
    }

    fn needed(&mut self, member: &str, text: Option<String>) -> String {
        self.rules.needed(self.field(member), text, TEXT_MAX)
    }

    fn optional(&mut self, member: &str, text: Option<String>) -> Option<String> {
        self.rules.optional(self.field(member), text, TEXT_MAX)
    }

    fn given<T>(&mut self, member: &str, value: Option<T>) -> Option<T> {
        self.rules.given(self.field(member), value)
    }

    fn hours(&mut self, member: &str, hours: Option<Number<2>>) -> Hours {
        let hours = self.rules.number(self.field(member), hours, HOURS);
        hours.unwrap_or_default()
    }

    fn money(&mut self, member: &str, money: Option<Number<2>>) -> Option<Money> {
        self.rules.number(self.field(member), money, MONEY)
    }

    fn quantity(&mut self, member: &str, quantity: Option<Number<4>>) -> Option<Quantity> {
        self.rules.number(self.field(member), quantity, QUANTITY)
    }

    fn factor(&mut self, factor: Option<Number<4>>) -> Quantity {
        let factor = self.rules.number(self.field("factor"), factor, FACTOR);
        factor.unwrap_or(Quantity::whole(1))
    }

    fn hours_per(&mut self, hours_per: Option<Number<4>>) -> Option<Quantity> {
        let hours_per = self.quantity("hoursPer", hours_per)?;
        if hours_per <= Quantity::ZERO {
            self.rules
                .refuse(self.field("hoursPer"), "must be greater than 0");
            return None;
        }
        Some(hours_per)
    }

    fn amount(&mut self, amount: Money) -> Money {
        self.rules
            .computed(self.field("amount"), amount, MONEY_DIGITS)
    }
}

impl LineWrite for LaborLineWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }
}

impl LaborLineWrite {
    pub(crate) fn check(self, id: i64, premium_time: bool, rules: &mut LineRules<'_>) -> LaborLine {
        let line = LaborLine {
            id,
            employee_number: rules.optional("employeeNumber", self.employee_number),
            employee_name: rules.needed("employeeName", self.employee_name),
            trade: rules.needed("trade", self.trade),
            trade_class: rules.needed("tradeClass", self.trade_class),
            work_date: rules.given("workDate", self.work_date).unwrap_or_default(),
            regular_hours: rules.hours("regularHours", self.regular_hours),
            overtime_hours: rules.hours("overtimeHours", self.overtime_hours),
            double_time_hours: rules.hours("doubleTimeHours", self.double_time_hours),
            regular_rate: rules.money("regularRate", self.regular_rate),
            overtime_rate: rules.money("overtimeRate", self.overtime_rate),
            double_time_rate: rules.money("doubleTimeRate", self.double_time_rate),
            amount: Money::ZERO,
        };
        if premium_time && line.regular_hours != Hours::ZERO {
            let told = "must be 0 where premiumTime is set";
            rules.rules.refuse(rules.field("regularHours"), told);
        }
        let line = line.priced();
        LaborLine {
            amount: rules.amount(line.amount),
            ..line
        }
    }
}

impl LineWrite for MaterialLineWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }
}

impl MaterialLineWrite {
    pub(crate) fn check(self, id: i64, rules: &mut LineRules<'_>) -> MaterialLine {
        let quantity = rules.given("quantity", self.quantity);
        let pricing_unit = rules.given("pricingUnit", self.pricing_unit);
        let line = MaterialLine {
            id,
            item_code: rules.optional("itemCode", self.item_code),
            description: rules.needed("description", self.description),
            quantity: rules.quantity("quantity", quantity).unwrap_or_default(),
            unit_type: rules.needed("unitType", self.unit_type),
            pricing_unit: pricing_unit.unwrap_or(PricingUnit::Each),
            factor: rules.factor(self.factor),
            unit_price: rules.money("unitPrice", self.unit_price),
            amount: Money::ZERO,
        };
        let line = line.priced();
        MaterialLine {
            amount: rules.amount(line.amount),
            ..line
        }
    }
}

impl LineWrite for EquipmentLineWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }
}

impl EquipmentLineWrite {
    pub(crate) fn check(self, id: i64, rules: &mut LineRules<'_>) -> EquipmentLine {
        let quantity = rules.given("quantity", self.quantity);
        let rate = rules.given("rate", self.rate);
        let line = EquipmentLine {
            id,
            item_code: rules.optional("itemCode", self.item_code),
            description: rules.needed("description", self.description),
            quantity: rules.quantity("quantity", quantity).unwrap_or_default(),
            unit_type: rules.needed("unitType", self.unit_type),
            rate: rules.money("rate", rate).unwrap_or_default(),
            amount: Money::ZERO,
        };
        let line = line.priced();
        EquipmentLine {
            amount: rules.amount(line.amount),
            ..line
        }
    }
}

impl LineWrite for AdditionalItemWrite {
    fn id(&self) -> Option<i64> {
        self.id
    }
}

impl AdditionalItemWrite {
    pub(crate) fn check(
        self,
        id: i64,
        labor_hours: Hours,
        rules: &mut LineRules<'_>,
    ) -> AdditionalItem {
        let calc = rules.given("calc", self.calc);
        let (hours_per, quantity) = match calc {
            Some(Calc::Hours) => (rules.given("hoursPer", self.hours_per), None),
            Some(Calc::Amount) => (self.hours_per, rules.given("quantity", self.quantity)),
            None => (self.hours_per, self.quantity),
        };
        let rate = rules.given("rate", self.rate);
        let item = AdditionalItem {
            id,
            category: rules.needed("category", self.category),
            item_number: rules.optional("itemNumber", self.item_number),
            description: rules.needed("description", self.description),
            calc: calc.unwrap_or(Calc::Amount),
            hours_per: rules.hours_per(hours_per),
            quantity: rules.quantity("quantity", quantity).unwrap_or_default(),
            rate: rules.money("rate", rate).unwrap_or_default(),
            amount: Money::ZERO,
        };
        let item = item.priced(labor_hours);
        AdditionalItem {
            amount: rules.amount(item.amount),
            ..item
        }
    }
}
