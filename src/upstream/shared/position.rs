//! Positions in the log: the ids that Redis gives to the entries of a stream.

use std::fmt;
use std::time::Duration;

/// The place of an entry in the log: the server's clock in milliseconds, and a number within one. A later entry has
/// a greater one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    millis: u64,
    number: u64,
}

impl Position {
    /// Reads `1732500000000-0`.
    #[cfg(any(feature = "redis", test))]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Position {
            millis: millis.parse().ok()?,
            number: number.parse().ok()?,
        })
    }

    /// The first one that an entry so much older can have.
    pub(crate) fn before(self, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Position {
            millis: self.millis.saturating_sub(millis),
            number: 0,
        }
    }

    /// The next one within the same millisecond.
    pub(super) fn next(self) -> Self {
        Position {
            number: self.number + 1,
            ..self
        }
    }

    pub(super) fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.millis) << 64 | u128::from(self.number)).to_be_bytes()
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        // Each half is a u64 by construction.
        Position {
            millis: (both >> 64) as u64,
            number: both as u64,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Position;

    #[test]
    fn positions_are_in_the_order_of_their_entries() {
        let at = |text| Position::parse(text).expect("a position");
        assert!(at("9-0") < at("10-0") && at("10-2") < at("10-10"));
        assert_eq!(at("5000-3").before(Duration::from_secs(2)), at("3000-0"));
        assert_eq!(at("5000-3").before(Duration::from_secs(9)), at("0-0"));
        for wrong in ["", "-", "5", "5-", "-5", "a-0", "5-0-0", "-1-0"] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_position_is_read_back(millis: u64, number: u64) {
            let position = Position { millis, number };
            prop_assert_eq!(Position::parse(&position.to_string()), Some(position));
            prop_assert_eq!(Position::from_bytes(position.to_bytes()), position);
        }
    }
}
