//! Ids: positive int64 numbers given by the upstream.

use std::fmt;

use crate::domain::error::Error;

/// A customer's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(i64);

/// A field work order's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FwoId(i64);

/// A project's id. Projects themselves are not read; orders carry copies of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(i64);

/// The rule of an id, wherever it stands.
pub const POSITIVE: &str = "must be a positive number";

/// An id: made only from a positive number, so that no path is ever built from anything else.
pub trait Id: Copy + Sized {
    /// `None` for zero and below: 0 means "assign one" in the upstream's create calls.
    fn new(number: i64) -> Option<Self>;

    /// The number.
    fn get(self) -> i64;

    /// The id that stands in a field of a request; fails with `InvalidInput` where `new` gives none.
    fn read(field: &str, number: i64) -> Result<Self, Error> {
        Self::new(number).ok_or_else(|| Error::invalid(field, POSITIVE))
    }

    /// Reads decimal digits: no sign, no space, no leading zero, so that each id has one spelling.
    fn parse(text: &str) -> Option<Self> {
        let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        canonical
            .then(|| text.parse().ok())
            .flatten()
            .and_then(Self::new)
    }
}

impl Id for CustomerId {
    fn new(number: i64) -> Option<Self> {
        (number > 0).then_some(CustomerId(number))
    }
    fn get(self) -> i64 {
        self.0
    }
}

impl Id for FwoId {
    fn new(number: i64) -> Option<Self> {
        (number > 0).then_some(FwoId(number))
    }
    fn get(self) -> i64 {
        self.0
    }
}

impl Id for ProjectId {
    fn new(number: i64) -> Option<Self> {
        (number > 0).then_some(ProjectId(number))
    }
    fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for FwoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::CustomerId;
    use super::Id;
    use proptest::prelude::*;

    #[test]
    fn what_could_leave_a_path_is_no_id() {
        for text in [
            "",
            "0",
            "-1",
            "+1",
            "01",
            " 1",
            "1 ",
            ".",
            "..",
            "%2e%2e",
            "1/2",
            "a?x=1",
            "１",
            "9223372036854775808",
        ] {
            assert!(CustomerId::parse(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_positive_number_is_read_back(number in 1..=i64::MAX) {
            prop_assert_eq!(CustomerId::parse(&number.to_string()).map(Id::get), Some(number));
        }
    }
}
