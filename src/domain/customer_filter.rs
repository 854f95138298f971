//! Which customers: the members of the filter, each judged on a row as upstream contract 3.2 has it.

use crate::domain::customer::Customer;
use crate::domain::customer::CustomersFilter;
use crate::domain::filter::Filter;
use crate::domain::filter::contains;
use crate::domain::filter::is_any_of;
use crate::domain::filter::where_set;
use crate::domain::id::CustomerId;
use crate::domain::term::Vocabulary;

/// A member of [`CustomersFilter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each names the member of `CustomersFilter` of the same name"
)]
pub enum CustomersFilterMember {
    Status,
    Number,
    Name,
}

impl Vocabulary for CustomersFilterMember {
    const WORDS: &'static [(Self, &'static str)] = &[
        (CustomersFilterMember::Status, "status"),
        (CustomersFilterMember::Number, "number"),
        (CustomersFilterMember::Name, "name"),
    ];
}

impl Filter for CustomersFilter {
    type Row = Customer;
    type Id = CustomerId;
    type Member = CustomersFilterMember;
    const LIST: &'static str = "customers";

    fn members(&self) -> Vec<CustomersFilterMember> {
        let CustomersFilter {
            status,
            number,
            name,
        } = self;
        let members = [
            (CustomersFilterMember::Status, status.is_some()),
            (CustomersFilterMember::Number, number.is_some()),
            (CustomersFilterMember::Name, name.is_some()),
        ];
        let set = members.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(member, _)| member).collect()
    }

    fn obeys(&self, row: &Customer, member: CustomersFilterMember) -> Option<bool> {
        match member {
            CustomersFilterMember::Status => where_set(self.status, |wanted| {
                is_any_of(row.status.as_ref(), &[wanted])
            }),
            CustomersFilterMember::Number => where_set(self.number.as_deref(), |wanted| {
                Some(row.number.as_deref()? == wanted)
            }),
            CustomersFilterMember::Name => where_set(self.name.as_deref(), |part| {
                contains(row.name.as_deref(), part)
            }),
        }
    }

    fn without(mut self, member: CustomersFilterMember) -> Self {
        match member {
            CustomersFilterMember::Status => self.status = None,
            CustomersFilterMember::Number => self.number = None,
            CustomersFilterMember::Name => self.name = None,
        }
        self
    }

    fn id(row: &Customer) -> CustomerId {
        row.id
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::CustomersFilterMember;
    use crate::domain::customer::Customer;
    use crate::domain::customer::CustomerStatus;
    use crate::domain::customer::CustomersFilter;
    use crate::domain::etag::Etag;
    use crate::domain::filter::Filter;
    use crate::domain::id::CustomerId;
    use crate::domain::id::Id;
    use crate::domain::term::Term;
    use crate::domain::term::Vocabulary;
    use proptest::prelude::*;

    /// A customer of whom nothing is known but the id.
    pub(crate) fn customer(id: i64) -> Customer {
        Customer {
            id: CustomerId::new(id).expect("a positive id"),
            name: None,
            number: None,
            address1: None,
            address2: None,
            city: None,
            state: None,
            zip_code: None,
            contact_name: None,
            contact_email: None,
            contact_phone: None,
            billing_contact: None,
            billing_contact_email: None,
            billing_contact_phone: None,
            status: None,
            extra: vec![],
            etag: Etag::of([]),
        }
    }

    #[test]
    fn a_number_is_compared_to_the_letter() {
        let filter = CustomersFilter {
            number: Some("HARB".into()),
            ..CustomersFilter::default()
        };
        for (number, judgement) in [
            (Some("HARB"), Some(true)),
            (Some("harb"), Some(false)),
            (Some("HARB "), Some(false)),
            (Some(""), Some(false)),
            (None, None),
        ] {
            let row = Customer {
                number: number.map(Into::into),
                ..customer(1)
            };
            assert_eq!(filter.matches(&row), judgement, "{number:?}");
        }
    }

    #[test]
    fn a_status_that_we_do_not_know_proves_nothing() {
        let filter = CustomersFilter {
            status: Some(CustomerStatus::Active),
            ..CustomersFilter::default()
        };
        for (status, judgement) in [
            (Some("active"), Some(true)),
            (Some("INACTIVE"), Some(false)),
            (Some("ARCHIVED"), None),
            (None, None),
        ] {
            let row = Customer {
                status: status.map(Term::parse),
                ..customer(1)
            };
            assert_eq!(filter.matches(&row), judgement, "{status:?}");
        }
    }

    #[test]
    fn one_member_that_is_disobeyed_is_proof_whatever_the_others_say() {
        let filter = CustomersFilter {
            status: Some(CustomerStatus::Active),
            number: Some("1".into()),
            name: Some("mill".into()),
        };
        let row = Customer {
            name: Some("Harbor".into()),
            ..customer(1)
        };
        assert_eq!(filter.matches(&row), Some(false));
        assert_eq!(
            filter
                .clone()
                .without(CustomersFilterMember::Name)
                .matches(&row),
            None
        );
        assert_eq!(CustomersFilter::default().matches(&row), Some(true));
    }

    fn filters() -> impl Strategy<Value = CustomersFilter> {
        let status = proptest::option::of(proptest::sample::select(&[
            CustomerStatus::Active,
            CustomerStatus::Inactive,
        ]));
        let text = || proptest::option::of("[ab]{1,2}");
        (status, text(), text()).prop_map(|(status, number, name)| CustomersFilter {
            status,
            number,
            name,
        })
    }

    fn rows() -> impl Strategy<Value = Customer> {
        let text = || proptest::option::of("[abAB]{0,4}".prop_map(Into::into));
        let status = proptest::option::of("ACTIVE|INACTIVE|ARCHIVED");
        (text(), text(), status).prop_map(|(name, number, status)| Customer {
            name,
            number,
            status: status.as_deref().map(Term::parse),
            ..customer(1)
        })
    }

    proptest! {
        #[test]
        fn both_parts_of_a_split_filter_say_together_what_the_whole_says(
            filter in filters(), row in rows(),
            apart in proptest::sample::subsequence(
                CustomersFilterMember::WORDS.iter().map(|(member, _)| *member).collect::<Vec<_>>(), 0..=3,
            ),
        ) {
            let (others, alone) = filter.split(&apart);
            prop_assert!(alone.members().iter().all(|member| apart.contains(member)));
            prop_assert!(!others.members().iter().any(|member| apart.contains(member)));
            let whole = match (others.matches(&row), alone.matches(&row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                (None, _) | (_, None) => None,
            };
            prop_assert_eq!(filter.matches(&row), whole);
        }

        #[test]
        fn a_row_that_tells_everything_is_judged_plainly(filter in filters(), row in rows()) {
            let (Some(name), Some(number), Some(Term::Known(status))) = (&row.name, &row.number, &row.status) else {
                return Ok(());
            };
            let plain = filter.status.is_none_or(|wanted| wanted == *status)
                && filter.number.as_ref().is_none_or(|wanted| **wanted == **number)
                && filter.name.as_ref().is_none_or(|part| name.to_lowercase().contains(part));
            prop_assert_eq!(filter.matches(&row), Some(plain));
        }
    }
}
