//! Exact decimals: whole numbers of a small unit, written to JSON in plain notation. Never a float, never an exponent.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::FromSql;
use rusqlite::types::FromSqlResult;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde::Serializer;
use serde::ser::Error;
use serde_json::value::RawValue;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::schema::Type;

/// A decimal with `PLACES` places, held as a whole number of its last place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal<const PLACES: u32>(pub(crate) i64);

/// US dollars, in cents.
pub(crate) type Money = Decimal<2>;
/// Hours of work, in hundredths.
pub(crate) type Hours = Decimal<2>;
/// A percentage such as 7.50, in hundredths.
pub(crate) type Percent = Decimal<2>;
/// A quantity or a factor, in ten-thousandths.
pub(crate) type Quantity = Decimal<4>;

impl<const PLACES: u32> Decimal<PLACES> {
    pub(crate) const ZERO: Self = Self(0);

    /// A whole number of hundredths, whatever the places kept.
    pub(crate) const fn from_cents(cents: i64) -> Self {
        Self(cents * 10_i64.pow(PLACES - 2))
    }

    /// `whole` units, without places.
    pub(crate) const fn whole(whole: i64) -> Self {
        Self(whole * 10_i64.pow(PLACES))
    }

    /// Whether its whole part, whatever the sign, is no longer than so many digits.
    pub(crate) const fn has_at_most(self, whole_digits: u32) -> bool {
        self.0.unsigned_abs() < 10_u64.pow(whole_digits + PLACES)
    }

    /// Two places always (`1250.50`), more only when they say something (`0.125`).
    pub(crate) fn plain(self) -> String {
        let unit = 10_u64.pow(PLACES);
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let places = PLACES as usize;
        let mut text = format!("{sign}{}.{:0places$}", magnitude / unit, magnitude % unit);
        let kept = text.len() - places + places.min(2);
        while text.len() > kept && text.ends_with('0') {
            text.pop();
        }
        text
    }
}

/// `numerator / denominator` rounded to a whole number, halves away from zero. The denominator is positive.
///
/// What does not fit becomes the greatest number there is, and so breaks every bound that an amount is held to.
pub(crate) fn half_up(numerator: i128, denominator: i128) -> i64 {
    let twice = 2 * numerator.abs() + denominator;
    let rounded = twice / (2 * denominator) * numerator.signum();
    rounded.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

impl<const PLACES: u32> std::ops::Add for Decimal<PLACES> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl<const PLACES: u32> std::iter::Sum for Decimal<PLACES> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, |sum, term| sum + term)
    }
}

impl<const PLACES: u32> Serialize for Decimal<PLACES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A raw value, because a JSON number made by serde_json would pass through a float.
        RawValue::from_string(self.plain())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl<const PLACES: u32> ToSql for Decimal<PLACES> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl<const PLACES: u32> FromSql for Decimal<PLACES> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

impl<const PLACES: u32> PartialSchema for Decimal<PLACES> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(format!(
                "Exact decimal with at most {PLACES} places, in plain notation. Read it as a decimal, not as a float."
            )))
            .into()
    }
}

impl<const PLACES: u32> ToSchema for Decimal<PLACES> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Decimal{PLACES}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_its_two_places() {
        assert_eq!(Money::whole(1250).plain(), "1250.00");
        assert_eq!(Decimal::<2>(125_050).plain(), "1250.50");
        assert_eq!(Decimal::<2>(-7).plain(), "-0.07");
    }

    #[test]
    fn quantities_drop_places_that_say_nothing() {
        assert_eq!(Quantity::whole(12).plain(), "12.00");
        assert_eq!(Decimal::<4>(1_250).plain(), "0.125");
        assert_eq!(Decimal::<4>(1).plain(), "0.0001");
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(half_up(125, 10), 13);
        assert_eq!(half_up(124, 10), 12);
        assert_eq!(half_up(-125, 10), -13);
        assert_eq!(half_up(0, 10), 0);
        assert_eq!(half_up(i128::MAX / 4, 1), i64::MAX);
    }

    #[test]
    fn the_digits_of_the_whole_part_are_counted_whatever_the_sign() {
        assert!(Money::from_cents(999_999).has_at_most(4));
        assert!(!Money::from_cents(1_000_000).has_at_most(4));
        assert!(!Money::from_cents(-1_000_000).has_at_most(4));
        assert!(!Quantity::from_cents(i64::MIN / 100).has_at_most(12));
    }

    #[test]
    fn large_money_is_written_without_an_exponent() {
        let json = serde_json::to_string(&Decimal::<2>(1_234_567_890_123)).expect("plain");
        assert_eq!(json, "12345678901.23");
    }
}
