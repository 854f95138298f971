//! Filters as rows obey them: the upstream is asked to choose, and each row that comes is judged once more.
//!
//! A judgement is `None` where the row does not tell (an absent member, an unknown word, an unreadable moment), so
//! `Some(false)` is proof that whoever chose the row did not choose by this filter.

use std::fmt::Debug;
use std::hash::Hash;

use crate::domain::term::Term;
use crate::domain::term::Vocabulary;

/// Which rows of a list: those that obey each member that is set.
pub trait Filter: Clone {
    /// What is chosen.
    type Row;
    /// What tells a row from all others.
    type Id: Eq + Hash;
    /// What can be set; its words are the upstream's parameters.
    type Member: Vocabulary + Debug;
    /// What the list is called where its filters are named: `customers` in `customers.name`.
    const LIST: &'static str;

    /// The members that are set.
    fn members(&self) -> Vec<Self::Member>;

    /// Whether `row` obeys `member`; every row does where it is not set.
    fn obeys(&self, row: &Self::Row, member: Self::Member) -> Option<bool>;

    /// The same filter without `member`.
    #[must_use]
    fn without(self, member: Self::Member) -> Self;

    /// The row's id.
    fn id(row: &Self::Row) -> Self::Id;

    /// Whether `row` obeys every member.
    fn matches(&self, row: &Self::Row) -> Option<bool> {
        let mut judgement = Some(true);
        for member in self.members() {
            judgement = both(judgement, self.obeys(row, member));
        }
        judgement
    }

    /// The filter in two: without the members of `apart`, and those alone.
    fn split(&self, apart: &[Self::Member]) -> (Self, Self) {
        let (mut others, mut alone) = (self.clone(), self.clone());
        for member in self.members() {
            if apart.contains(&member) {
                others = others.without(member);
            } else {
                alone = alone.without(member);
            }
        }
        (others, alone)
    }
}

fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    }
}

pub(super) fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    both(one.map(|is| !is), other.map(|is| !is)).map(|neither| !neither)
}

/// A member that is not set is obeyed.
pub(super) fn where_set<T>(
    wanted: Option<T>,
    judge: impl FnOnce(T) -> Option<bool>,
) -> Option<bool> {
    wanted.map_or(Some(true), judge)
}

/// Whether a term is one of `wanted`; a word that we do not know may be any.
pub(super) fn is_any_of<V: Vocabulary>(term: Option<&Term<V>>, wanted: &[V]) -> Option<bool> {
    let known = term?.known()?;
    Some(wanted.contains(&known))
}

/// Whether a text contains `part`, whatever the case.
///
/// What the upstream makes of letters outside ASCII is its collation's business (`é` may be found as `e`, `ß` as
/// `ss`): `Some(false)` is said only where no such reading can find `part`.
pub(super) fn contains(text: Option<&str>, part: &str) -> Option<bool> {
    let (text, part) = (text?.to_lowercase(), part.to_lowercase());
    if text.contains(&part) {
        return Some(true);
    }
    let certain = (text.is_ascii() && part.is_ascii()) || !may_contain(&text, &part);
    certain.then_some(false)
}

/// A letter as another collation may read it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    Ascii(char),
    /// Any letter, or none.
    Any,
}

/// Longest reading of one letter outside ASCII: the ligature `ﬃ` is `ffi`.
const READING_MAX: usize = 3;

fn readings(text: &str) -> Vec<Letter> {
    let letters = text.chars().flat_map(|letter| {
        let (reading, times) = match letter.is_ascii() {
            true => (Letter::Ascii(letter), 1),
            false => (Letter::Any, READING_MAX),
        };
        std::iter::repeat_n(reading, times)
    });
    letters.collect()
}

/// Whether some reading of `text` contains some reading of `part`.
fn may_contain(text: &str, part: &str) -> bool {
    let (text, part) = (readings(text), readings(part));
    // Whether what is left of `part` fits at each place of `text`: nothing fits everywhere, and from its end on
    // one letter more is looked at in each round.
    let mut rest_fits = vec![true; text.len() + 1];
    for letter in part.into_iter().rev() {
        let mut fits = vec![false; text.len() + 1];
        for place in (0..=text.len()).rev() {
            let skips_letter = letter == Letter::Any && rest_fits[place];
            let met = text.get(place).is_some_and(|found| {
                let same = letter == Letter::Any || *found == Letter::Any || *found == letter;
                let skips_found = *found == Letter::Any && fits[place + 1];
                (same && rest_fits[place + 1]) || skips_found
            });
            fits[place] = skips_letter || met;
        }
        rest_fits = fits;
    }
    rest_fits.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::contains;
    use super::either;
    use proptest::prelude::*;
    use std::ops::RangeInclusive;

    #[test]
    fn case_does_not_matter() {
        assert_eq!(contains(Some("Old MILL Builders"), "mill b"), Some(true));
        assert_eq!(contains(Some("Ø'Brien & SØN"), "ø'brien & søn"), Some(true));
        assert_eq!(contains(Some("Old Mill"), "mild"), Some(false));
        assert_eq!(contains(Some(""), "a"), Some(false));
        assert_eq!(contains(None, "a"), None);
    }

    #[test]
    fn letters_that_another_collation_may_read_differently_prove_nothing() {
        for (text, part) in [
            ("Cafe", "café"),
            ("Café", "cafe"),
            ("Strasse 4", "straße"),
            ("STRAßE 4", "strasse"),
            ("O'Brien & Son", "søn"),
            ("Søn", "soen"),
        ] {
            assert_eq!(contains(Some(text), part), None, "{part} in {text}");
        }
    }

    #[test]
    fn the_letters_around_them_prove_a_lot() {
        for (text, part) in [
            ("Old Mill Builders", "café"),
            ("Construcción", "mill"),
            ("Søn", "builders"),
            ("Cafe", "é cafe"),
        ] {
            assert_eq!(contains(Some(text), part), Some(false), "{part} in {text}");
        }
    }

    #[test]
    fn one_judgement_that_is_good_is_enough_for_either() {
        assert_eq!(either(Some(false), Some(true)), Some(true));
        assert_eq!(either(None, Some(true)), Some(true));
        assert_eq!(either(None, Some(false)), None);
        assert_eq!(either(Some(false), Some(false)), Some(false));
    }

    /// A collation that knows no accents.
    fn folded(text: &str) -> String {
        let plain = text.chars().map(|letter| match letter {
            'é' | 'É' => "e".to_owned(),
            'ß' => "ss".to_owned(),
            'Æ' | 'æ' => "ae".to_owned(),
            'ﬃ' => "ffi".to_owned(),
            '\u{301}' => String::new(),
            letter => letter.to_lowercase().to_string(),
        });
        plain.collect()
    }

    /// Few letters, so that what may be found often is.
    fn texts(length: RangeInclusive<usize>) -> impl Strategy<Value = String> {
        let letters: Vec<char> = "aesfiAESFI éÉßÆæﬃ\u{301}".chars().collect();
        let letters = proptest::collection::vec(proptest::sample::select(letters), length);
        letters.prop_map(|letters| letters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn no_row_that_such_a_collation_finds_is_called_wrong(text in texts(0..=12), part in texts(1..=3)) {
            if folded(&text).contains(&folded(&part)) {
                prop_assert_ne!(contains(Some(&text), &part), Some(false));
            }
        }

        #[test]
        fn every_piece_of_a_text_is_found_in_it(
            before in "\\PC{0,8}", part in "\\PC{1,8}", after in "\\PC{0,8}",
        ) {
            let text = format!("{before}{part}{after}");
            prop_assert_ne!(contains(Some(&text), &part), Some(false));
        }

        #[test]
        fn plain_texts_are_always_judged(text in "[ -~]{0,12}", part in "[ -~]{1,3}") {
            let found = text.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
            prop_assert_eq!(contains(Some(&text), &part), Some(found));
        }
    }
}
