//! Other spellings of decimals, and their ways back.

use rust_decimal::Decimal;

use super::tree::Tree;

/// Most places of a decimal that the API keeps.
const PLACES_MAX: u32 = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
/// How amounts, hours, quantities and percentages are written.
pub(super) enum Decimals {
    #[default]
    Plain,
    Text,
    Exponents,
    Doubles,
    Cents,
}

/// Hours, quantities and percentages are decimals, too, and have no cents.
fn is_money(name: &str) -> bool {
    let name = name.to_lowercase();
    ["amount", "rate", "price", "total"]
        .iter()
        .any(|last| name.ends_with(last))
}

impl Decimals {
    pub(super) fn show(self, name: &str, plain: &str) -> Option<Tree> {
        match self {
            Self::Plain => None,
            Self::Text => Some(Tree::text(plain)),
            Self::Exponents => Some(Tree::plain(exponent(plain))),
            Self::Doubles => Some(Tree::plain(double(plain))),
            Self::Cents => is_money(name).then(|| Tree::plain(cents(plain))),
        }
    }

    pub(super) fn take(self, name: &str, theirs: &Tree) -> Option<Tree> {
        let text = theirs.as_text().unwrap_or_else(|| theirs.to_string());
        let number = Decimal::from_str_exact(&text)
            .or_else(|_| Decimal::from_scientific(&text))
            .ok()?;
        match self {
            Self::Plain => None,
            Self::Text => Some(Tree::plain(text)),
            Self::Exponents | Self::Doubles => Some(Tree::plain(number.round_dp(PLACES_MAX))),
            Self::Cents => is_money(name).then(|| Tree::plain(number * Decimal::new(1, 2))),
        }
    }
}

/// `1250.50` as `1.25050E3`: the same digits.
fn exponent(plain: &str) -> String {
    let (sign, magnitude) = match plain.strip_prefix('-') {
        Some(magnitude) => ("-", magnitude),
        None => ("", plain),
    };
    let point = magnitude.find('.').unwrap_or(magnitude.len());
    let digits = magnitude.replace('.', "");
    let significant = digits.trim_start_matches('0');
    let Some(first) = significant.get(..1) else {
        return format!("0E-{}", digits.len() - point);
    };
    let zeros = digits.len() - significant.len();
    let power = point as i64 - zeros as i64 - 1;
    match &significant[1..] {
        "" => format!("{sign}{first}E{power}"),
        rest => format!("{sign}{first}.{rest}E{power}"),
    }
}

/// A double that is off by its last bit, as after some sums; from ten million on with an exponent, as Java writes them.
fn double(plain: &str) -> String {
    let exact: f64 = plain.parse().unwrap_or_default();
    let near = if exact == 0.0 { exact } else { exact.next_up() };
    if near == 0.0 || (1e-3..1e7).contains(&near.abs()) {
        return format!("{near:?}");
    }
    format!("{near:E}")
}

/// Money always has two places, so its cents are its digits.
fn cents(plain: &str) -> String {
    let cents: i64 = plain.replace('.', "").parse().unwrap_or_default();
    cents.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(decimals: Decimals, name: &str, ours: &str, theirs: &str) {
        let shown = decimals.show(name, ours).expect("another spelling");
        assert_eq!(shown.to_string(), theirs);
        let taken = decimals.take(name, &shown).expect("a way back").to_string();
        let value = |text: &str| text.parse::<Decimal>().expect("a plain decimal");
        assert_eq!(value(&taken), value(ours));
    }

    #[test]
    fn exponents_and_quotes_keep_every_digit() {
        for (ours, theirs) in [
            ("1250.50", "1.25050E3"),
            ("-0.07", "-7E-2"),
            ("0.00", "0E-2"),
            ("12.00", "1.200E1"),
            ("0.125", "1.25E-1"),
            ("98765432109876.54", "9.876543210987654E13"),
        ] {
            check(Decimals::Exponents, "amount", ours, theirs);
            check(Decimals::Text, "amount", ours, &format!("\"{ours}\""));
        }
    }

    #[test]
    fn money_has_cents_and_hours_have_none() {
        for (ours, theirs) in [
            ("1250.50", "125050"),
            ("0.07", "7"),
            ("-0.07", "-7"),
            ("0.00", "0"),
        ] {
            check(Decimals::Cents, "unitPrice", ours, theirs);
        }
        assert_eq!(Decimals::Cents.show("laborHours", "7.50"), None);
        assert_eq!(
            Decimals::Cents.take("laborHours", &Tree::plain("7.50")),
            None
        );
    }

    #[test]
    fn doubles_are_off_by_their_last_bit_and_mean_the_same() {
        for (ours, theirs) in [
            ("0.3", "0.30000000000000004"),
            ("1250.5", "1250.5000000000002"),
            ("12345678", "1.2345678000000002E7"),
            ("0.0005", "5.000000000000001E-4"),
            ("0.00", "0.0"),
        ] {
            check(Decimals::Doubles, "amount", ours, theirs);
        }
    }

    #[test]
    fn what_is_no_number_stays() {
        for text in ["\"much\"", "[1]", "{}", "true"] {
            let tree = Tree::parse(text.as_bytes()).expect("JSON");
            assert_eq!(Decimals::Text.take("amount", &tree), None, "{text}");
        }
    }
}
