//! Money, hours and quantities: exact decimals from the wire to both doors, never a float on the way.

pub use rust_decimal::Decimal;

/// Reads a JSON number or the inside of a quoted one, plain (`1250.50`) or with an exponent (`1.25050E3`).
///
/// `None` where it is no number or does not fit 28 digits: better an absent amount than a rounded one.
pub fn parse(text: &str) -> Option<Decimal> {
    let plain = Decimal::from_str_exact(text).ok();
    plain.or_else(|| Decimal::from_scientific(text).ok())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn digits_survive_as_written() {
        for (text, shown) in [
            ("1250.50", "1250.50"),
            ("0.00", "0.00"),
            ("-3", "-3"),
            ("1.2345678E7", "12345678"),
            ("1e-2", "0.01"),
        ] {
            assert_eq!(
                parse(text).map(|d| d.to_string()).as_deref(),
                Some(shown),
                "{text}"
            );
        }
    }

    #[test]
    fn a_double_keeps_its_noise_instead_of_being_rounded_here() {
        assert_eq!(
            parse("0.30000000000000004")
                .map(|d| d.to_string())
                .as_deref(),
            Some("0.30000000000000004")
        );
    }

    #[test]
    fn what_is_no_number_is_absent() {
        for text in ["", "NaN", "1,5", "twelve", "1e400"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
