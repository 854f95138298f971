//! The parts of a field work order as mutations take them: lines, percentages and the signature.

use async_graphql::InputObject;
use async_graphql::MaybeUndefined;

use crate::domain::change::Change;
use crate::domain::fwo_write::AdditionalItemWrite;
use crate::domain::fwo_write::EquipmentLineWrite;
use crate::domain::fwo_write::LaborLineWrite;
use crate::domain::fwo_write::MaterialLineWrite;
use crate::domain::fwo_write::PricingWrite;
use crate::domain::fwo_write::SignatureWrite;
use crate::domain::money;
use crate::graphql::reading::Reading;
use crate::graphql::reading::change;
use crate::graphql::scalar::Date;
use crate::graphql::scalar::DateTime;
use crate::graphql::scalar::Decimal;
use crate::graphql::scalar::Int64;
use crate::graphql::vocabulary::Calc;
use crate::graphql::vocabulary::PricingUnit;

/// Hours of one employee on one day.
#[derive(InputObject)]
pub(super) struct LaborLineInput {
    /// The line that it changes: what is absent stays as that line has it. A line without one is new.
    database_id: Option<Int64>,
    /// The employee's number.
    employee_number: MaybeUndefined<String>,
    /// The employee's name.
    employee_name: MaybeUndefined<String>,
    /// The trade.
    trade: MaybeUndefined<String>,
    /// The class within the trade.
    trade_class: MaybeUndefined<String>,
    /// The day, local to the project.
    work_date: MaybeUndefined<Date>,
    /// Regular hours, 0 to 24; 0 where only overtime may be logged.
    regular_hours: MaybeUndefined<Decimal>,
    /// Overtime hours, 0 to 24.
    overtime_hours: MaybeUndefined<Decimal>,
    /// Double time hours, 0 to 24.
    double_time_hours: MaybeUndefined<Decimal>,
    /// US dollars an hour.
    regular_rate: MaybeUndefined<Decimal>,
    /// US dollars an hour of overtime.
    overtime_rate: MaybeUndefined<Decimal>,
    /// US dollars an hour of double time.
    double_time_rate: MaybeUndefined<Decimal>,
}

impl LaborLineInput {
    pub(super) fn read(self) -> LaborLineWrite {
        let LaborLineInput {
            database_id,
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
        LaborLineWrite {
            id: database_id.map(|Int64(id)| id),
            employee_number: change(employee_number),
            employee_name: change(employee_name),
            trade: change(trade),
            trade_class: change(trade_class),
            work_date: change(work_date).map(|Date(date)| date),
            regular_hours: decimal(regular_hours),
            overtime_hours: decimal(overtime_hours),
            double_time_hours: decimal(double_time_hours),
            regular_rate: decimal(regular_rate),
            overtime_rate: decimal(overtime_rate),
            double_time_rate: decimal(double_time_rate),
        }
    }
}

/// One material: amount = quantity x factor x unit price / (1, 100, 1000, 1 for E, C, M, P).
#[derive(InputObject)]
pub(super) struct MaterialLineInput {
    /// The line that it changes: what is absent stays as that line has it. A line without one is new.
    database_id: Option<Int64>,
    /// The company's code for the material.
    item_code: MaybeUndefined<String>,
    /// What it is.
    description: MaybeUndefined<String>,
    /// How much, with at most four decimal places.
    quantity: MaybeUndefined<Decimal>,
    /// What is counted: EA, LF, SF, SY, Boxes, Gallon.
    unit_type: MaybeUndefined<String>,
    /// What the unit price is for.
    pricing_unit: MaybeUndefined<PricingUnit>,
    /// What the quantity is multiplied by, usually 1.
    factor: MaybeUndefined<Decimal>,
    /// US dollars for a unit.
    unit_price: MaybeUndefined<Decimal>,
}

impl MaterialLineInput {
    /// `path` is where the line stands: `materials[1]`.
    pub(super) fn read(self, path: &str, reading: &mut Reading) -> MaterialLineWrite {
        let MaterialLineInput {
            database_id,
            item_code,
            description,
            quantity,
            unit_type,
            pricing_unit,
            factor,
            unit_price,
        } = self;
        MaterialLineWrite {
            id: database_id.map(|Int64(id)| id),
            item_code: change(item_code),
            description: change(description),
            quantity: decimal(quantity),
            unit_type: change(unit_type),
            pricing_unit: reading.change(pricing_unit, |unit| {
                unit.writable(&format!("{path}.pricingUnit"))
            }),
            factor: decimal(factor),
            unit_price: decimal(unit_price),
        }
    }
}

/// One piece of equipment: amount = quantity x rate.
#[derive(InputObject)]
pub(super) struct EquipmentLineInput {
    /// The line that it changes: what is absent stays as that line has it. A line without one is new.
    database_id: Option<Int64>,
    /// The company's code for the equipment.
    item_code: MaybeUndefined<String>,
    /// What it is.
    description: MaybeUndefined<String>,
    /// How much, with at most four decimal places.
    quantity: MaybeUndefined<Decimal>,
    /// What is counted: HRs, Days.
    unit_type: MaybeUndefined<String>,
    /// US dollars for a unit.
    rate: MaybeUndefined<Decimal>,
}

impl EquipmentLineInput {
    pub(super) fn read(self) -> EquipmentLineWrite {
        let EquipmentLineInput {
            database_id,
            item_code,
            description,
            quantity,
            unit_type,
            rate,
        } = self;
        EquipmentLineWrite {
            id: database_id.map(|Int64(id)| id),
            item_code: change(item_code),
            description: change(description),
            quantity: decimal(quantity),
            unit_type: change(unit_type),
            rate: decimal(rate),
        }
    }
}

/// One further billing item, counted by labor hours or by quantity.
#[derive(InputObject)]
pub(super) struct AdditionalItemInput {
    /// The item that it changes: what is absent stays as that item has it. One without it is new.
    database_id: Option<Int64>,
    /// The category within the billing template.
    category: MaybeUndefined<String>,
    /// The item's number.
    item_number: MaybeUndefined<String>,
    /// What it is.
    description: MaybeUndefined<String>,
    /// How it is counted.
    calc: MaybeUndefined<Calc>,
    /// One hour for each so many labor hours.
    hours_per: MaybeUndefined<Decimal>,
    /// How much, with at most four decimal places.
    quantity: MaybeUndefined<Decimal>,
    /// US dollars for a unit.
    rate: MaybeUndefined<Decimal>,
}

impl AdditionalItemInput {
    /// `path` is where the item stands: `additionalItems[1]`.
    pub(super) fn read(self, path: &str, reading: &mut Reading) -> AdditionalItemWrite {
        let AdditionalItemInput {
            database_id,
            category,
            item_number,
            description,
            calc,
            hours_per,
            quantity,
            rate,
        } = self;
        AdditionalItemWrite {
            id: database_id.map(|Int64(id)| id),
            category: change(category),
            item_number: change(item_number),
            description: change(description),
            calc: reading.change(calc, |calc| calc.writable(&format!("{path}.calc"))),
            hours_per: decimal(hours_per),
            quantity: decimal(quantity),
            rate: decimal(rate),
        }
    }
}

/// The percentages between subtotal and total; the amounts follow from them and from the lines.
#[derive(InputObject)]
pub(super) struct PricingInput {
    /// Overhead on the subtotal, in percent.
    overhead_percent: MaybeUndefined<Decimal>,
    /// Profit on the subtotal with its overhead, in percent.
    profit_percent: MaybeUndefined<Decimal>,
}

/// Clearing the pricing clears both percentages.
pub(super) fn pricing(given: MaybeUndefined<PricingInput>) -> PricingWrite {
    match given {
        MaybeUndefined::Undefined => PricingWrite::default(),
        MaybeUndefined::Null => PricingWrite {
            overhead_percent: Change::Clear,
            profit_percent: Change::Clear,
        },
        MaybeUndefined::Value(PricingInput {
            overhead_percent,
            profit_percent,
        }) => PricingWrite {
            overhead_percent: decimal(overhead_percent),
            profit_percent: decimal(profit_percent),
        },
    }
}

/// The general contractor's signature.
#[derive(InputObject)]
pub(super) struct SignatureInput {
    /// Who signed.
    signer_name: MaybeUndefined<String>,
    /// Their e-mail address.
    signer_email: MaybeUndefined<String>,
    /// What they noted.
    note: MaybeUndefined<String>,
    /// When they signed; the upstream says when where absent.
    signed_date: MaybeUndefined<DateTime>,
}

impl SignatureInput {
    pub(super) fn read(self) -> SignatureWrite {
        let SignatureInput {
            signer_name,
            signer_email,
            note,
            signed_date,
        } = self;
        SignatureWrite {
            signer_name: change(signer_name),
            signer_email: change(signer_email),
            note: change(note),
            signed_date: change(signed_date).map(|DateTime(moment)| moment),
        }
    }
}

/// The lines of a list that was given, each read with its path: `labor[1]`.
pub(super) fn lines<L, W>(
    name: &str,
    given: MaybeUndefined<Vec<L>>,
    mut read: impl FnMut(L, &str) -> W,
) -> Change<Vec<W>> {
    change(given).map(|lines| {
        let lines = lines.into_iter().enumerate();
        lines
            .map(|(place, line)| read(line, &format!("{name}[{place}]")))
            .collect()
    })
}

fn decimal(given: MaybeUndefined<Decimal>) -> Change<money::Decimal> {
    change(given).map(|Decimal(number)| number)
}
