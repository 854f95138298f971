//! Which field work orders: the members of the filter, each judged on a row as upstream contract 3.3 has it.

use crate::domain::filter::Filter;
use crate::domain::filter::contains;
use crate::domain::filter::either;
use crate::domain::filter::is_any_of;
use crate::domain::filter::where_set;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::FwosFilter;
use crate::domain::id::FwoId;
use crate::domain::term::Vocabulary;

/// A member of [`FwosFilter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each names the member of `FwosFilter` of the same name"
)]
pub enum FwosFilterMember {
    ProjectId,
    CustomerId,
    Status,
    Type,
    Number,
    Search,
    CreatedFrom,
    CreatedTo,
    UpdatedFrom,
    UpdatedTo,
}

impl Vocabulary for FwosFilterMember {
    const WORDS: &'static [(Self, &'static str)] = &[
        (FwosFilterMember::ProjectId, "projectId"),
        (FwosFilterMember::CustomerId, "customerId"),
        (FwosFilterMember::Status, "status"),
        (FwosFilterMember::Type, "type"),
        (FwosFilterMember::Number, "number"),
        (FwosFilterMember::Search, "search"),
        (FwosFilterMember::CreatedFrom, "createdFrom"),
        (FwosFilterMember::CreatedTo, "createdTo"),
        (FwosFilterMember::UpdatedFrom, "updatedFrom"),
        (FwosFilterMember::UpdatedTo, "updatedTo"),
    ];
}

impl Filter for FwosFilter {
    type Row = FwoSummary;
    type Id = FwoId;
    type Member = FwosFilterMember;
    const LIST: &'static str = "fwos";

    fn members(&self) -> Vec<FwosFilterMember> {
        let FwosFilter {
            project_id,
            customer_id,
            status,
            kind,
            number,
            search,
            created_from,
            created_to,
            updated_from,
            updated_to,
        } = self;
        let members = [
            (FwosFilterMember::ProjectId, project_id.is_some()),
            (FwosFilterMember::CustomerId, customer_id.is_some()),
            (FwosFilterMember::Status, !status.is_empty()),
            (FwosFilterMember::Type, !kind.is_empty()),
            (FwosFilterMember::Number, number.is_some()),
            (FwosFilterMember::Search, search.is_some()),
            (FwosFilterMember::CreatedFrom, created_from.is_some()),
            (FwosFilterMember::CreatedTo, created_to.is_some()),
            (FwosFilterMember::UpdatedFrom, updated_from.is_some()),
            (FwosFilterMember::UpdatedTo, updated_to.is_some()),
        ];
        let set = members.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(member, _)| member).collect()
    }

    fn obeys(&self, row: &FwoSummary, member: FwosFilterMember) -> Option<bool> {
        match member {
            FwosFilterMember::ProjectId => {
                where_set(self.project_id, |wanted| Some(row.project_id? == wanted))
            }
            FwosFilterMember::CustomerId => {
                where_set(self.customer_id, |wanted| Some(row.customer_id? == wanted))
            }
            FwosFilterMember::Status => where_set(some(&self.status), |wanted| {
                is_any_of(row.status.as_ref(), wanted)
            }),
            FwosFilterMember::Type => where_set(some(&self.kind), |wanted| {
                is_any_of(row.kind.as_ref(), wanted)
            }),
            FwosFilterMember::Number => where_set(self.number.as_deref(), |wanted| {
                Some(row.number.as_deref()? == wanted)
            }),
            FwosFilterMember::Search => where_set(self.search.as_deref(), |part| {
                either(
                    contains(row.number.as_deref(), part),
                    contains(row.summary.as_deref(), part),
                )
            }),
            FwosFilterMember::CreatedFrom => {
                where_set(self.created_from, |from| Some(row.created_date? >= from))
            }
            FwosFilterMember::CreatedTo => {
                where_set(self.created_to, |to| Some(row.created_date? < to))
            }
            FwosFilterMember::UpdatedFrom => {
                where_set(self.updated_from, |from| Some(row.updated_date? >= from))
            }
            FwosFilterMember::UpdatedTo => {
                where_set(self.updated_to, |to| Some(row.updated_date? < to))
            }
        }
    }

    fn without(mut self, member: FwosFilterMember) -> Self {
        match member {
            FwosFilterMember::ProjectId => self.project_id = None,
            FwosFilterMember::CustomerId => self.customer_id = None,
            FwosFilterMember::Status => self.status.clear(),
            FwosFilterMember::Type => self.kind.clear(),
            FwosFilterMember::Number => self.number = None,
            FwosFilterMember::Search => self.search = None,
            FwosFilterMember::CreatedFrom => self.created_from = None,
            FwosFilterMember::CreatedTo => self.created_to = None,
            FwosFilterMember::UpdatedFrom => self.updated_from = None,
            FwosFilterMember::UpdatedTo => self.updated_to = None,
        }
        self
    }

    fn id(row: &FwoSummary) -> FwoId {
        row.id
    }
}

/// The words, if there are any.
fn some<V>(words: &[V]) -> Option<&[V]> {
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::FwosFilterMember;
    use crate::domain::filter::Filter;
    use crate::domain::fwo::FwoStatus;
    use crate::domain::fwo::FwoSummary;
    use crate::domain::fwo::FwoType;
    use crate::domain::fwo::FwosFilter;
    use crate::domain::id::CustomerId;
    use crate::domain::id::FwoId;
    use crate::domain::id::Id;
    use crate::domain::id::ProjectId;
    use crate::domain::term::Term;
    use crate::domain::term::Vocabulary;
    use chrono::DateTime;
    use chrono::Utc;
    use proptest::prelude::*;

    /// What a list says of an order of which nothing is known but the id.
    pub(crate) fn summary(id: i64) -> FwoSummary {
        FwoSummary {
            id: FwoId::new(id).expect("a positive id"),
            number: None,
            project_id: None,
            project_number: None,
            project_name: None,
            customer_id: None,
            customer_name: None,
            kind: None,
            status: None,
            summary: None,
            categories: None,
            reference_number: None,
            gc_reference: None,
            premium_time: None,
            rom_amount: None,
            amount: None,
            labor_hours: None,
            group_name: None,
            change_order_number: None,
            invoice_number: None,
            created_by: None,
            created_date: None,
            updated_date: None,
        }
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).expect("a moment")
    }

    /// A filter with every member, and a row that obeys it.
    fn whole() -> (FwosFilter, FwoSummary) {
        let filter = FwosFilter {
            project_id: ProjectId::new(7),
            customer_id: CustomerId::new(3),
            status: vec![FwoStatus::Entry, FwoStatus::Pricing],
            kind: vec![FwoType::FieldWork],
            number: Some("000123".into()),
            search: Some("soffit".into()),
            created_from: Some(at(1000)),
            created_to: Some(at(2000)),
            updated_from: Some(at(3000)),
            updated_to: Some(at(4000)),
        };
        let row = FwoSummary {
            project_id: ProjectId::new(7),
            customer_id: CustomerId::new(3),
            status: Some(Term::Known(FwoStatus::Pricing)),
            kind: Some(Term::Known(FwoType::FieldWork)),
            number: Some("000123".into()),
            summary: Some("Demo of SOFFIT 234".into()),
            created_date: Some(at(1000)),
            updated_date: Some(at(3999)),
            ..summary(1)
        };
        (filter, row)
    }

    #[test]
    fn each_member_is_judged_by_itself() {
        let (filter, row) = whole();
        assert_eq!(filter.members().len(), FwosFilterMember::WORDS.len());
        assert_eq!(filter.matches(&row), Some(true));
        let other = FwoSummary {
            project_id: ProjectId::new(8),
            customer_id: CustomerId::new(4),
            status: Some(Term::Known(FwoStatus::Executed)),
            kind: Some(Term::Known(FwoType::ServiceWork)),
            number: Some("000124".into()),
            summary: Some("Patch and paint".into()),
            created_date: Some(at(999)),
            updated_date: Some(at(4000)),
            ..summary(1)
        };
        let later = FwoSummary {
            created_date: Some(at(2000)),
            updated_date: Some(at(2999)),
            ..other.clone()
        };
        for (member, word) in FwosFilterMember::WORDS {
            assert_eq!(filter.obeys(&row, *member), Some(true), "{word}");
            assert_eq!(filter.obeys(&summary(1), *member), None, "{word}");
            let without = filter.clone().without(*member);
            assert!(!without.members().contains(member), "{word}");
            assert_eq!(without.obeys(&other, *member), Some(true), "{word}");
            let judged = [&other, &later].map(|row| filter.obeys(row, *member));
            assert!(judged.contains(&Some(false)), "{word}: {judged:?}");
        }
    }

    #[test]
    fn a_search_is_found_in_the_number_or_in_the_summary() {
        let filter = FwosFilter {
            search: Some("12".into()),
            ..FwosFilter::default()
        };
        let judged = |number: Option<&str>, text: Option<&str>| {
            filter.matches(&FwoSummary {
                number: number.map(Into::into),
                summary: text.map(Into::into),
                ..summary(1)
            })
        };
        assert_eq!(judged(Some("000123"), Some("paint")), Some(true));
        assert_eq!(judged(None, Some("soffit 12")), Some(true));
        assert_eq!(judged(None, Some("paint")), None);
        assert_eq!(judged(Some("000130"), Some("paint")), Some(false));
    }

    #[test]
    fn a_step_that_we_do_not_know_proves_nothing() {
        let (filter, row) = whole();
        let row = FwoSummary {
            status: Some(Term::parse("Archived 2")),
            ..row
        };
        assert_eq!(filter.matches(&row), None);
    }

    proptest! {
        #[test]
        fn intervals_that_touch_share_no_row_and_lose_none(
            mut bounds: [i32; 3], row: i32,
        ) {
            bounds.sort_unstable();
            let [first, middle, last] = bounds.map(|bound| at(bound.into()));
            let row = FwoSummary { created_date: Some(at(row.into())), updated_date: Some(at(row.into())), ..summary(1) };
            let within = |from, to| {
                let created = FwosFilter { created_from: Some(from), created_to: Some(to), ..FwosFilter::default() };
                let updated = FwosFilter { updated_from: Some(from), updated_to: Some(to), ..FwosFilter::default() };
                assert_eq!(created.matches(&row), updated.matches(&row));
                created.matches(&row) == Some(true)
            };
            let parts = u8::from(within(first, middle)) + u8::from(within(middle, last));
            prop_assert_eq!(parts, u8::from(within(first, last)));
        }
    }
}
