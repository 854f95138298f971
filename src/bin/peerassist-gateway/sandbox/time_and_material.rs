//! Time and material: the labor and material lines of an FWO, each with its own price rule.

use chrono::NaiveDate;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox::columns::Columns;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Quantity;
use crate::sandbox::decimal::half_up;
use crate::sandbox::word::vocabulary;

vocabulary! {
    /// What a material's price is for: each, a hundred, a thousand, or a pound.
    PricingUnit {
        Each = "E",
        Hundred = "C",
        Thousand = "M",
        Pound = "P",
    }
}

/// The work of one employee on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LaborLine {
    pub(crate) id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) employee_number: Option<String>,
    pub(crate) employee_name: String,
    pub(crate) trade: String,
    pub(crate) trade_class: String,
    /// The day at the project's place.
    #[schema(value_type = String, format = Date, example = "2026-05-14")]
    pub(crate) work_date: NaiveDate,
    /// 0..24
    pub(crate) regular_hours: Hours,
    /// 0..24
    pub(crate) overtime_hours: Hours,
    /// 0..24
    pub(crate) double_time_hours: Hours,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) regular_rate: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) overtime_rate: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) double_time_rate: Option<Money>,
    /// Hours × rates; 0 while there are no rates.
    pub(crate) amount: Money,
}

impl LaborLine {
    pub(crate) fn hours(&self) -> Hours {
        self.regular_hours + self.overtime_hours + self.double_time_hours
    }

    pub(crate) fn priced(mut self) -> Self {
        let cost = |hours: Hours, rate: Option<Money>| {
            i128::from(hours.0) * i128::from(rate.unwrap_or(Money::ZERO).0)
        };
        let exact = cost(self.regular_hours, self.regular_rate)
            + cost(self.overtime_hours, self.overtime_rate)
            + cost(self.double_time_hours, self.double_time_rate);
        self.amount = Money::from_cents(half_up(exact, 100));
        self
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            employee_number: columns.next()?,
            employee_name: columns.next()?,
            trade: columns.next()?,
            trade_class: columns.next()?,
            work_date: day(&columns.next::<String>()?)?,
            regular_hours: columns.next()?,
            overtime_hours: columns.next()?,
            double_time_hours: columns.next()?,
            regular_rate: columns.next()?,
            overtime_rate: columns.next()?,
            double_time_rate: columns.next()?,
            amount: columns.next()?,
        })
    }

    pub(crate) fn of_fwo(database: &Connection, fwo_id: i64) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT id, employee_number, employee_name, trade, trade_class, work_date, regular_hours,
                          overtime_hours, double_time_hours, regular_rate, overtime_rate, double_time_rate, amount
                   FROM labor_lines WHERE fwo_id = ? ORDER BY id";
        database
            .prepare_cached(sql)?
            .query_map([fwo_id], Self::read)?
            .collect()
    }

    /// A line without an id gets one.
    pub(crate) fn insert(&self, database: &Connection, fwo_id: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO labor_lines (id, fwo_id, employee_number, employee_name, trade, trade_class, work_date,
                       regular_hours, overtime_hours, double_time_hours, regular_rate, overtime_rate,
                       double_time_rate, amount)
                   VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        database.prepare_cached(sql)?.execute(params![
            self.id,
            fwo_id,
            self.employee_number,
            self.employee_name,
            self.trade,
            self.trade_class,
            self.work_date.to_string(),
            self.regular_hours,
            self.overtime_hours,
            self.double_time_hours,
            self.regular_rate,
            self.overtime_rate,
            self.double_time_rate,
            self.amount,
        ])?;
        Ok(())
    }
}

fn day(text: &str) -> rusqlite::Result<NaiveDate> {
    text.parse().map_err(|cause| {
        rusqlite::Error::FromSqlConversionFailure(5, rusqlite::types::Type::Text, Box::new(cause))
    })
}

/// Material used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MaterialLine {
    pub(crate) id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) item_code: Option<String>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    #[schema(example = "SF")]
    pub(crate) unit_type: String,
    pub(crate) pricing_unit: PricingUnit,
    /// Multiplies the quantity; 1 as a rule.
    pub(crate) factor: Quantity,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) unit_price: Option<Money>,
    /// Quantity × factor × unit price, divided by 100 for `C` and by 1000 for `M`.
    pub(crate) amount: Money,
}

impl MaterialLine {
    pub(crate) fn priced(mut self) -> Self {
        let per = match self.pricing_unit {
            PricingUnit::Each | PricingUnit::Pound => 1,
            PricingUnit::Hundred => 100,
            PricingUnit::Thousand => 1000,
        };
        let unit_price = self.unit_price.unwrap_or(Money::ZERO);
        let exact =
            i128::from(self.quantity.0) * i128::from(self.factor.0) * i128::from(unit_price.0);
        self.amount = Money::from_cents(half_up(exact, 100_000_000 * per));
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
            pricing_unit: columns.next()?,
            factor: columns.next()?,
            unit_price: columns.next()?,
            amount: columns.next()?,
        })
    }

    pub(crate) fn of_fwo(database: &Connection, fwo_id: i64) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT id, item_code, description, quantity, unit_type, pricing_unit, factor, unit_price, amount
                   FROM material_lines WHERE fwo_id = ? ORDER BY id";
        database
            .prepare_cached(sql)?
            .query_map([fwo_id], Self::read)?
            .collect()
    }

    /// A line without an id gets one.
    pub(crate) fn insert(&self, database: &Connection, fwo_id: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO material_lines (id, fwo_id, item_code, description, quantity, unit_type, pricing_unit,
                       factor, unit_price, amount)
                   VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        database.prepare_cached(sql)?.execute(params![
            self.id,
            fwo_id,
            self.item_code,
            self.description,
            self.quantity,
            self.unit_type,
            self.pricing_unit,
            self.factor,
            self.unit_price,
            self.amount,
        ])?;
        Ok(())
    }
}
