//! What a filter of the core is called in `filter`.

use crate::domain::customer_filter::CustomersFilterMember;
use crate::domain::error::Error;
use crate::domain::error::Violation;
use crate::domain::fwo_filter::FwosFilterMember;
use crate::domain::term::Vocabulary;
use crate::grpc::filter::ARGUMENT;

/// A member of a filter that can be written as a restriction.
pub(super) trait Restriction: Vocabulary {
    /// The field and the operator.
    fn restriction(self) -> &'static str;
}

impl Restriction for CustomersFilterMember {
    fn restriction(self) -> &'static str {
        match self {
            CustomersFilterMember::Status => "status =",
            CustomersFilterMember::Number => "number =",
            CustomersFilterMember::Name => "name :",
        }
    }
}

impl Restriction for FwosFilterMember {
    fn restriction(self) -> &'static str {
        match self {
            FwosFilterMember::ProjectId => "project_id =",
            FwosFilterMember::CustomerId => "customer_id =",
            FwosFilterMember::Status => "status =",
            FwosFilterMember::Type => "type =",
            FwosFilterMember::Number => "number =",
            FwosFilterMember::Search => "search :",
            FwosFilterMember::CreatedFrom => "created_date >=",
            FwosFilterMember::CreatedTo => "created_date <",
            FwosFilterMember::UpdatedFrom => "updated_date >=",
            FwosFilterMember::UpdatedTo => "updated_date <",
        }
    }
}

/// The same failure of a list, with the members of its filter as they stand in the request.
pub(super) fn told<M: Restriction>(error: Error) -> Error {
    error.reworded(|violation| match M::of_word(&violation.field) {
        Some(member) => Violation {
            field: ARGUMENT.to_owned(),
            rule: format!("`{}`: {}", member.restriction(), violation.rule),
        },
        None => violation.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::Restriction;
    use super::told;
    use crate::domain::customer_filter::CustomersFilterMember;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use crate::domain::filter::Filter;
    use crate::domain::fwo_filter::FwosFilterMember;
    use crate::domain::term::Vocabulary;
    use crate::grpc::filter;

    /// The filter of one member, with the first of these values that it takes.
    fn parsed<F>(member: impl Restriction, parse: impl Fn(&str) -> Result<F, Error>) -> Option<F> {
        let values = [
            "ACTIVE",
            "ENTRY",
            "FIELD_WORK",
            "7",
            "\"2024-05-14T00:00:00Z\"",
        ];
        let texts = values.map(|value| format!("{} {value}", member.restriction()));
        texts.iter().find_map(|text| parse(text).ok())
    }

    #[test]
    fn each_is_what_the_filter_reads() {
        for (member, word) in CustomersFilterMember::WORDS {
            let read = parsed(*member, filter::customers).map(|filter| filter.members());
            assert_eq!(read, Some(vec![*member]), "{word}");
        }
        for (member, word) in FwosFilterMember::WORDS {
            let read = parsed(*member, filter::fwos).map(|filter| filter.members());
            assert_eq!(read, Some(vec![*member]), "{word}");
        }
    }

    #[test]
    fn only_filters_are_renamed_in_a_failure() {
        let error = told::<FwosFilterMember>(Error::invalid("createdTo", "no"));
        assert_eq!(error.violations()[0].field, "filter");
        assert_eq!(error.message(), "filter: `created_date <`: no");
        let error = told::<FwosFilterMember>(Error::invalid("page_token", "no"));
        assert_eq!(error.violations()[0].field, "page_token");
        let error = told::<FwosFilterMember>(Error::new(ErrorKind::NotFound, "status"));
        assert_eq!(error.message(), "status");
    }
}
