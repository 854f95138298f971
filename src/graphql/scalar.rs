//! Scalars: exact numbers, moments and days.
//!
//! Each says in `is_valid` whether it can be read, so that the validator refuses what cannot before anything runs.

use async_graphql::InputValueError;
use async_graphql::InputValueResult;
use async_graphql::Scalar;
use async_graphql::ScalarType;
use async_graphql::Value;
use chrono::NaiveDate;
use chrono::SecondsFormat;
use chrono::Utc;

use crate::domain::money;

/// A whole number of 64 bits: a string in answers, because JavaScript's numbers have 53 bits; a string or a number in arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Int64(pub(super) i64);

/// A whole number of 64 bits: a string in answers, because JavaScript's numbers have 53 bits; a string or a number in arguments.
#[Scalar(name = "Int64")]
impl ScalarType for Int64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number
            .map(Int64)
            .ok_or_else(|| InputValueError::custom("is no whole number of 64 bits"))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An exact decimal number as text, such as "1250.50"; in arguments a whole number, too. Amounts are US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal(pub(super) money::Decimal);

/// An exact decimal number as text, such as "1250.50"; in arguments a whole number, too. Amounts are US dollars.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            // A fraction that is written as a number has been a float on its way here, and may have lost digits.
            Value::Number(number) if number.is_f64() => {
                let message = "is no exact number: write a fraction as text, such as \"1250.50\"";
                return Err(InputValueError::custom(message));
            }
            Value::Number(number) => money::parse(&number.to_string()),
            Value::String(text) => money::parse(text),
            _ => None,
        };
        number
            .map(Decimal)
            .ok_or_else(|| InputValueError::custom("is no decimal number"))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A moment in RFC 3339, always in UTC: "2024-05-14T17:03:11.482Z".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DateTime(pub(super) chrono::DateTime<Utc>);

/// A moment in RFC 3339, always in UTC: "2024-05-14T17:03:11.482Z".
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let moment = chrono::DateTime::parse_from_rfc3339(text);
        let moment = moment.map_err(|_| InputValueError::custom("is no moment as in RFC 3339"))?;
        Ok(DateTime(moment.with_timezone(&Utc)))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// A day without a time zone: "2024-05-14".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date(pub(super) NaiveDate);

/// A day without a time zone: "2024-05-14".
#[Scalar(
    name = "Date",
    specified_by_url = "https://scalars.graphql.org/andimarek/local-date"
)]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
        day.map(Date)
            .map_err(|_| InputValueError::custom("is no day such as 2024-05-14"))
    }

    fn is_valid(value: &Value) -> bool {
        Self::parse(value.clone()).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
