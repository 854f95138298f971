//! Where the live service differs from its contract, as its operator found out.
//!
//! Data only: what a difference means is decided where it matters.

use crate::domain::customer_filter::CustomersFilterMember;
use crate::domain::fwo_filter::FwosFilterMember;
use crate::domain::term::Vocabulary;

/// The differences; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Filters that change nothing.
    pub ignored_filters: IgnoredFilters,
}

/// Filters that the upstream does not heed: it answers as if they were not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredFilters {
    /// Of the list of customers.
    pub customers: Vec<CustomersFilterMember>,
    /// Of the list of field work orders.
    pub fwos: Vec<FwosFilterMember>,
}

/// Every name that [`IgnoredFilters::named`] knows: the list and the upstream's parameter.
pub const FILTER_NAMES: &[&str] = &[
    "customers.status",
    "customers.number",
    "customers.name",
    "fwos.projectId",
    "fwos.customerId",
    "fwos.status",
    "fwos.type",
    "fwos.number",
    "fwos.search",
    "fwos.createdFrom",
    "fwos.createdTo",
    "fwos.updatedFrom",
    "fwos.updatedTo",
];

impl IgnoredFilters {
    /// The filters of these names, which stand in [`FILTER_NAMES`]; any other name is none.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut ignored = IgnoredFilters::default();
        for name in names {
            match name.split_once('.') {
                Some(("customers", word)) => {
                    ignored
                        .customers
                        .extend(CustomersFilterMember::of_word(word));
                }
                Some(("fwos", word)) => ignored.fwos.extend(FwosFilterMember::of_word(word)),
                Some(_) | None => {}
            }
        }
        ignored
    }
}

#[cfg(test)]
mod tests {
    use super::FILTER_NAMES;
    use super::IgnoredFilters;
    use crate::domain::customer::CustomersFilter;
    use crate::domain::filter::Filter;
    use crate::domain::fwo::FwosFilter;
    use crate::domain::term::Vocabulary;

    fn names<F: Filter>() -> impl Iterator<Item = String> {
        let words = F::Member::WORDS.iter();
        words.map(|(_, word)| format!("{}.{word}", F::LIST))
    }

    #[test]
    fn every_filter_has_its_name() {
        let all: Vec<String> = names::<CustomersFilter>()
            .chain(names::<FwosFilter>())
            .collect();
        assert_eq!(FILTER_NAMES, all);
        let ignored = IgnoredFilters::named(FILTER_NAMES.iter().copied());
        assert_eq!(ignored.customers.len() + ignored.fwos.len(), all.len());
    }

    #[test]
    fn other_names_are_none() {
        let ignored = IgnoredFilters::named(["", "name", "customers.", "customers.search", "a.b"]);
        assert_eq!(ignored, IgnoredFilters::default());
    }
}
