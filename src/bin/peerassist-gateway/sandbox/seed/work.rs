//! Lines of work for a total that is drawn first: labor takes what people can do in a day, material the rest.

use chrono::Days;
use chrono::NaiveDate;
use fastrand::Rng;

use super::words::CLASSES;
use super::words::EQUIPMENT;
use super::words::FIRST_NAMES;
use super::words::FIXED_ITEMS;
use super::words::HOURLY_ITEMS;
use super::words::LAST_NAMES;
use super::words::MATERIALS;
use super::words::TRADE_BASES;
use super::words::TRADES;
use crate::sandbox::billing::AdditionalItem;
use crate::sandbox::billing::Calc;
use crate::sandbox::billing::EquipmentLine;
use crate::sandbox::decimal::Decimal;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Quantity;
use crate::sandbox::decimal::half_up;
use crate::sandbox::fwo_draft::Lines;
use crate::sandbox::time_and_material::LaborLine;
use crate::sandbox::time_and_material::MaterialLine;
use crate::sandbox::time_and_material::PricingUnit;

/// A log-normal distribution (median 2,400, 95th percentile 28,000, cut at 240,000) as dollars at per mille points.
/// A table, because logarithms may differ in their last digit from machine to machine.
const TOTALS: [(i64, i64); 11] = [
    (0, 40),
    (10, 74),
    (50, 206),
    (100, 354),
    (250, 876),
    (500, 2_400),
    (750, 6_574),
    (900, 16_286),
    (950, 28_000),
    (990, 77_500),
    (1_000, 240_000),
];
/// Total over subtotal: 10 % overhead and about 8 % profit.
const MARKUP_PERCENT: i64 = 119;
/// What one person costs on an ordinary day.
const DAY_OF_WORK_CENTS: i64 = 68_000;
const LABOR_LINES_MAX: i64 = 12;
const EMPLOYEES: usize = 44;
const QUARTER_HOUR: i64 = 25;

pub(super) fn any_lines(day: NaiveDate, premium_time: bool, rng: &mut Rng) -> Lines {
    let subtotal = any_total(rng) * 100 / MARKUP_PERCENT;
    let labor = labor_lines(day, premium_time, subtotal * rng.i64(45..=75) / 100, rng);
    let mut lines = Lines {
        labor,
        ..Lines::default()
    };
    lines.equipment = (0..few(&[66, 27, 7], rng))
        .map(|_| equipment_line(rng))
        .collect();
    lines.additional_items = additional_items(lines.labor_hours(), few(&[55, 28, 12, 5], rng), rng);
    let so_far = lines.totals();
    let left = subtotal - so_far.labor.0 - so_far.equipment.0 - so_far.additional.0;
    lines.materials = material_lines(left, rng);
    lines
}

/// Cents.
fn any_total(rng: &mut Rng) -> i64 {
    // Tenths of a per mille, so that the long tail is not made of a few steps.
    let at = rng.i64(0..10_000);
    let upper = TOTALS
        .iter()
        .position(|(point, _)| point * 10 > at)
        .unwrap_or(TOTALS.len() - 1);
    let ((from, low), (to, high)) = (TOTALS[upper - 1], TOTALS[upper]);
    let (from, to) = (from * 10, to * 10);
    (low * 100) + (high - low) * 100 * (at - from) / (to - from)
}

/// A small number: `shares[n]` percent of the time `n`.
fn few(shares: &[u32], rng: &mut Rng) -> usize {
    let mut drawn = rng.u32(0..100);
    for (number, share) in shares.iter().enumerate() {
        if drawn < *share {
            return number;
        }
        drawn -= share;
    }
    shares.len() - 1
}

fn labor_lines(day: NaiveDate, premium_time: bool, cents: i64, rng: &mut Rng) -> Vec<LaborLine> {
    let count = (cents / DAY_OF_WORK_CENTS + 1).min(LABOR_LINES_MAX);
    let crew = rng.usize(0..EMPLOYEES);
    (0..count as usize)
        .map(|index| {
            let worker = employee((crew + index) % EMPLOYEES, rng);
            let rate = worker.regular_rate.unwrap_or(Money::ZERO).0;
            let hours = (cents / count * 100 / rate / QUARTER_HOUR * QUARTER_HOUR)
                .clamp(2 * QUARTER_HOUR, 1_600);
            let work_date = day + Days::new(index as u64 / 4);
            with_hours(
                LaborLine {
                    work_date,
                    ..worker
                },
                hours,
                premium_time,
            )
            .priced()
        })
        .collect()
}

/// An employee without hours yet.
pub(super) fn employee(number: usize, rng: &mut Rng) -> LaborLine {
    let trade = number % TRADES.len();
    let (class, above_base) = CLASSES[number % CLASSES.len()];
    let rate = TRADE_BASES[trade] + above_base;
    LaborLine {
        id: 0,
        // Now and then somebody is written down by name only.
        employee_number: (rng.u32(0..20) > 0).then(|| format!("E{:04}", 1_001 + number)),
        employee_name: format!(
            "{} {}",
            FIRST_NAMES[number % FIRST_NAMES.len()],
            LAST_NAMES[number % LAST_NAMES.len()]
        ),
        trade: TRADES[trade].to_owned(),
        trade_class: class.to_owned(),
        work_date: NaiveDate::default(),
        regular_hours: Hours::ZERO,
        overtime_hours: Hours::ZERO,
        double_time_hours: Hours::ZERO,
        regular_rate: Some(Money::from_cents(rate)),
        overtime_rate: Some(Money::from_cents(half_up(i128::from(rate) * 3, 2))),
        double_time_rate: Some(Money::from_cents(rate * 2)),
        amount: Money::ZERO,
    }
}

/// Eight regular hours, four of overtime, the rest double; premium time has no regular ones.
pub(super) fn with_hours(mut line: LaborLine, hundredths: i64, premium_time: bool) -> LaborLine {
    let regular = if premium_time { 0 } else { hundredths.min(800) };
    let overtime_max = if premium_time { 800 } else { 400 };
    let overtime = (hundredths - regular).min(overtime_max);
    line.regular_hours = Hours::from_cents(regular);
    line.overtime_hours = Hours::from_cents(overtime);
    line.double_time_hours = Hours::from_cents(hundredths - regular - overtime);
    line
}

fn material_lines(cents: i64, rng: &mut Rng) -> Vec<MaterialLine> {
    let drawn = few(&[22, 22, 19, 13, 9, 6, 4, 3, 2], rng);
    // What no crew can bill in labor must be material.
    let needed = (cents / 1_500_000 + i64::from(cents > 50_000)).clamp(0, 8) as usize;
    let count = drawn.max(needed);
    (0..count)
        .map(|_| material_line(cents.max(1_000) / count as i64, rng))
        .collect()
}

fn material_line(cents: i64, rng: &mut Rng) -> MaterialLine {
    let material = &MATERIALS[rng.usize(0..MATERIALS.len())];
    let per = match material.pricing_unit {
        PricingUnit::Each | PricingUnit::Pound => 1,
        PricingUnit::Hundred => 100,
        PricingUnit::Thousand => 1_000,
    };
    let whole = (cents * per / material.price).max(1);
    // Pounds are weighed, the rest is counted or measured.
    let part = if material.pricing_unit == PricingUnit::Pound {
        rng.i64(0..4) * 2_500
    } else {
        0
    };
    MaterialLine {
        id: 0,
        item_code: (rng.u32(0..12) > 0).then(|| material.code.to_owned()),
        description: material.description.to_owned(),
        quantity: Quantity::whole(whole) + Decimal(part),
        unit_type: material.unit_type.to_owned(),
        pricing_unit: material.pricing_unit,
        factor: if rng.u32(0..15) == 0 {
            Quantity::from_cents(110)
        } else {
            Quantity::whole(1)
        },
        unit_price: Some(Money::from_cents(material.price)),
        amount: Money::ZERO,
    }
    .priced()
}

fn equipment_line(rng: &mut Rng) -> EquipmentLine {
    let (code, description, unit_type, rate) = EQUIPMENT[rng.usize(0..EQUIPMENT.len())];
    EquipmentLine {
        id: 0,
        item_code: (rng.u32(0..8) > 0).then(|| code.to_owned()),
        description: description.to_owned(),
        quantity: Quantity::whole(rng.i64(1..=4)),
        unit_type: unit_type.to_owned(),
        rate: Money::from_cents(rate),
        amount: Money::ZERO,
    }
    .priced()
}

fn additional_items(labor_hours: Hours, count: usize, rng: &mut Rng) -> Vec<AdditionalItem> {
    let first = rng.usize(0..3);
    (first..first + count)
        .map(|index| {
            if index % 2 == 0 {
                hourly_item(index % 3)
            } else {
                fixed_item(index % 3)
            }
            .priced(labor_hours)
        })
        .collect()
}

fn hourly_item(index: usize) -> AdditionalItem {
    let (category, description, hours_per, rate) = HOURLY_ITEMS[index];
    AdditionalItem {
        id: 0,
        category: category.to_owned(),
        item_number: None,
        description: description.to_owned(),
        calc: Calc::Hours,
        hours_per: Some(Quantity::whole(hours_per)),
        quantity: Quantity::ZERO,
        rate: Money::from_cents(rate),
        amount: Money::ZERO,
    }
}

fn fixed_item(index: usize) -> AdditionalItem {
    let (category, description, rate) = FIXED_ITEMS[index];
    AdditionalItem {
        id: 0,
        category: category.to_owned(),
        item_number: Some(format!("AI-{:02}", index + 1)),
        description: description.to_owned(),
        calc: Calc::Amount,
        hours_per: None,
        quantity: Quantity::whole(1),
        rate: Money::from_cents(rate),
        amount: Money::ZERO,
    }
}

/// The foreman has logged the work, the office has not priced it yet.
pub(super) fn take_prices_off(lines: &mut Lines) {
    for line in &mut lines.labor {
        (line.regular_rate, line.overtime_rate, line.double_time_rate) = (None, None, None);
        line.amount = Money::ZERO;
    }
    for line in &mut lines.materials {
        (line.unit_price, line.amount) = (None, Money::ZERO);
    }
    lines.equipment.clear();
    lines.additional_items.clear();
}
