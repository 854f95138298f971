//! Numbers of request bodies, exactly as they were written: how many places one may have is a rule to be told, not a
//! reason to round. Never a float.

use std::borrow::Cow;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde_json::value::RawValue;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::sandbox::decimal::Decimal;

/// More digits than any number here may have; with less, whole arithmetic stays far from its end.
const DIGITS_MAX: i64 = 18;

/// A JSON number for a member that has `PLACES` places.
pub(crate) struct Number<const PLACES: u32>(String);

impl<const PLACES: u32> Number<PLACES> {
    /// The number in units of its last place, and whether that is all of it. What lies beyond the last place is rounded
    /// away from zero, and what is too great becomes the greatest: either stays on its side of every bound.
    pub(crate) fn units(&self) -> (Decimal<PLACES>, bool) {
        let (text, sign) = match self.0.strip_prefix('-') {
            Some(text) => (text, -1),
            None => (self.0.as_str(), 1),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written = format!("{whole}{fraction}");
        let digits = written.trim_end_matches('0');
        let trailing = written.len() - digits.len();
        let digits = digits.trim_start_matches('0');
        let shift =
            exponent_of(exponent) + trailing as i64 - fraction.len() as i64 + i64::from(PLACES);
        let (magnitude, is_exact) = shifted(digits, shift);
        (Decimal(sign * magnitude), is_exact)
    }
}

/// An exponent beyond what any text of digits could make up for counts as a thousand million.
fn exponent_of(text: &str) -> i64 {
    const EXTREME: i64 = 1_000_000_000;
    let extreme = if text.starts_with('-') {
        -EXTREME
    } else {
        EXTREME
    };
    text.parse()
        .map_or(extreme, |exponent: i64| exponent.clamp(-EXTREME, EXTREME))
}

/// `digits` × 10^`shift`, rounded up, and whether it was whole. The digits neither begin nor end with 0.
fn shifted(digits: &str, shift: i64) -> (i64, bool) {
    if digits.is_empty() {
        return (0, true);
    }
    let length = digits.len() as i64 + shift;
    if length > DIGITS_MAX {
        return (i64::MAX, shift >= 0);
    }
    let read = |digits: &str| digits.parse().unwrap_or(0);
    match u32::try_from(shift) {
        Ok(shift) => (read(digits) * 10_i64.pow(shift), true),
        Err(_) => (read(&digits[..length.max(0) as usize]) + 1, false),
    }
}

impl<'de, const PLACES: u32> Deserialize<'de> for Number<PLACES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(D::Error::custom("a number is due"))
    }
}

impl<const PLACES: u32> PartialSchema for Number<PLACES> {
    fn schema() -> RefOr<Schema> {
        Decimal::<PLACES>::schema()
    }
}

impl<const PLACES: u32> ToSchema for Number<PLACES> {
    fn name() -> Cow<'static, str> {
        Decimal::<PLACES>::name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, units: i64, is_exact: bool) {
        let number: Number<2> = serde_json::from_str(json).expect("a number");
        assert_eq!(number.units(), (Decimal(units), is_exact), "{json}");
    }

    #[test]
    fn a_number_is_worth_the_same_however_it_is_written() {
        for json in ["12.5", "12.50", "12.500000", "1.25e1", "125E-1", "0.125e+2"] {
            check(json, 1_250, true);
        }
        check("-0.07", -7, true);
        check("0", 0, true);
        check("-0.00e99999999999999999999", 0, true);
        check("9999999999999999.99", 999_999_999_999_999_999, true);
    }

    #[test]
    fn what_does_not_fit_stays_on_its_side_of_every_bound() {
        check("24.001", 2_401, false);
        check("-0.001", -1, false);
        check("1e-99999999999999999999", 1, false);
        check("0.005", 1, false);
        check("1e17", i64::MAX, true);
        check("-1e99999999999999999999", -i64::MAX, true);
        check("12345678901234567890.125", i64::MAX, false);
    }

    #[test]
    fn only_numbers_are_numbers() {
        for json in ["\"1\"", "true", "[1]", "{}", "null"] {
            assert!(serde_json::from_str::<Number<2>>(json).is_err(), "{json}");
        }
    }
}
