//! The other lines of an FWO: equipment, and the billing template's additional items.

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox::columns::Columns;
use crate::sandbox::decimal::Decimal;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Quantity;
use crate::sandbox::decimal::half_up;
use crate::sandbox::word::vocabulary;

vocabulary! {
    /// Whether an item's quantity follows from the labor hours or is given.
    Calc {
        Hours = "HOURS",
        Amount = "AMOUNT",
    }
}

/// Equipment owned or rented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EquipmentLine {
    pub(crate) id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) item_code: Option<String>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    #[schema(example = "Days")]
    pub(crate) unit_type: String,
    pub(crate) rate: Money,
    /// Quantity × rate.
    pub(crate) amount: Money,
}

impl EquipmentLine {
    pub(crate) fn priced(mut self) -> Self {
        self.amount = product(self.quantity, self.rate);
        self
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            item_code: columns.next()?,
            description: columns.next()?,
            quantity: columns.next()?,
            unit_type: columns.next()?,
            rate: columns.next()?,
            amount: columns.next()?,
        })
    }

    pub(crate) fn of_fwo(database: &Connection, fwo_id: i64) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT id, item_code, description, quantity, unit_type, rate, amount
                   FROM equipment_lines WHERE fwo_id = ? ORDER BY id";
        database
            .prepare_cached(sql)?
            .query_map([fwo_id], Self::read)?
            .collect()
    }

    /// A line without an id gets one.
    pub(crate) fn insert(&self, database: &Connection, fwo_id: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO equipment_lines (id, fwo_id, item_code, description, quantity, unit_type, rate, amount)
                   VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?)";
        database.prepare_cached(sql)?.execute(params![
            self.id,
            fwo_id,
            self.item_code,
            self.description,
            self.quantity,
            self.unit_type,
            self.rate,
            self.amount,
        ])?;
        Ok(())
    }
}

/// An additional billing item, such as supervision or a permit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdditionalItem {
    pub(crate) id: i64,
    #[schema(example = "Supervision")]
    pub(crate) category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) item_number: Option<String>,
    pub(crate) description: String,
    pub(crate) calc: Calc,
    /// For `HOURS`: one hour of this item for so many labor hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) hours_per: Option<Quantity>,
    /// For `HOURS`: all labor hours, divided by `hoursPer`.
    pub(crate) quantity: Quantity,
    pub(crate) rate: Money,
    /// Quantity × rate.
    pub(crate) amount: Money,
}

impl AdditionalItem {
    /// The amount, and before it the quantity where that follows from the hours of all labor lines.
    pub(crate) fn priced(mut self, labor_hours: Hours) -> Self {
        if self.calc == Calc::Hours {
            let per = |hours_per| quotient(labor_hours, hours_per);
            self.quantity = self.hours_per.map_or(Quantity::ZERO, per);
        }
        self.amount = product(self.quantity, self.rate);
        self
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            category: columns.next()?,
            item_number: columns.next()?,
            description: columns.next()?,
            calc: columns.next()?,
            hours_per: columns.next()?,
            quantity: columns.next()?,
            rate: columns.next()?,
            amount: columns.next()?,
        })
    }

    pub(crate) fn of_fwo(database: &Connection, fwo_id: i64) -> rusqlite::Result<Vec<Self>> {
        let sql =
            "SELECT id, category, item_number, description, calc, hours_per, quantity, rate, amount
                   FROM additional_items WHERE fwo_id = ? ORDER BY id";
        database
            .prepare_cached(sql)?
            .query_map([fwo_id], Self::read)?
            .collect()
    }

    /// A line without an id gets one.
    pub(crate) fn insert(&self, database: &Connection, fwo_id: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO additional_items (id, fwo_id, category, item_number, description, calc, hours_per,
                       quantity, rate, amount)
                   VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        database.prepare_cached(sql)?.execute(params![
            self.id,
            fwo_id,
            self.category,
            self.item_number,
            self.description,
            self.calc,
            self.hours_per,
            self.quantity,
            self.rate,
            self.amount,
        ])?;
        Ok(())
    }
}

fn product(quantity: Quantity, rate: Money) -> Money {
    Money::from_cents(half_up(i128::from(quantity.0) * i128::from(rate.0), 10_000))
}

/// `hours_per` is positive.
fn quotient(hours: Hours, hours_per: Quantity) -> Quantity {
    Decimal(half_up(
        i128::from(hours.0) * 1_000_000,
        i128::from(hours_per.0),
    ))
}
