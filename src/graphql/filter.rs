//! Filters that cannot be answered, in the words of this door.

use crate::domain::error::Error;
use crate::domain::error::Violation;
use crate::domain::term::Vocabulary;

/// The same failure of a list, with the members of its filter by their paths in the arguments.
pub(super) fn told<M: Vocabulary>(error: Error) -> Error {
    error.reworded(|violation| match M::of_word(&violation.field) {
        Some(member) => at(&format!("filter.{}", member.word()), violation),
        None => violation.clone(),
    })
}

/// The same failure of a lookup, whose key is the filter.
pub(super) fn told_of_key(field: &str, error: Error) -> Error {
    error.reworded(|violation| at(field, violation))
}

fn at(field: &str, violation: &Violation) -> Violation {
    Violation {
        field: field.to_owned(),
        rule: violation.rule.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::told;
    use super::told_of_key;
    use crate::domain::customer_filter::CustomersFilterMember;
    use crate::domain::error::Error;
    use crate::domain::fwo_filter::FwosFilterMember;
    use crate::domain::term::Vocabulary;

    /// The fields of an input object in the schema, which sorts them.
    fn fields(sdl: &str, input: &str) -> Vec<String> {
        let (_, body) = sdl
            .split_once(&format!("input {input} {{"))
            .expect("an input");
        let (body, _) = body.split_once("\n}").expect("its end");
        let lines = body.lines().filter(|line| !line.contains('"'));
        let names = lines.filter_map(|line| line.split_once(':'));
        names.map(|(name, _)| name.trim().to_owned()).collect()
    }

    fn words<M: Vocabulary>() -> Vec<&'static str> {
        let mut words: Vec<_> = M::WORDS.iter().map(|(_, word)| *word).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn each_member_has_the_same_name_in_the_schema() {
        let sdl = crate::graphql::sdl();
        let customers = fields(&sdl, "CustomersFilter");
        assert_eq!(customers, words::<CustomersFilterMember>());
        assert_eq!(fields(&sdl, "FwosFilter"), words::<FwosFilterMember>());
    }

    #[test]
    fn only_filters_are_renamed_in_a_failure() {
        let error = told::<FwosFilterMember>(Error::invalid("createdTo", "no"));
        assert_eq!(error.message(), "filter.createdTo: no");
        let error = told::<FwosFilterMember>(Error::invalid("after", "no"));
        assert_eq!(error.message(), "after: no");
        let error = told_of_key("by.number", Error::invalid("number", "no"));
        assert_eq!(error.message(), "by.number: no");
    }
}
