//! Other spellings of ids, words, decimals and dates, each with its way back: what a client was shown it may send.

use super::dates::Dates;
use super::decimals::Decimals;
use super::shape::Leaf;
use super::tree::Tree;

/// Words that no client knows, each in the place of one of ours.
const UNKNOWN: &[(&str, &str)] = &[("INACTIVE", "ARCHIVED"), ("EXECUTED", "OWNER_REVIEW")];

/// How scalars are spelt.
#[derive(Clone, Debug, Default)]
pub(super) struct Spelling {
    pub(super) ids_are_text: bool,
    pub(super) unknown_statuses: bool,
    pub(super) words_have_spaces: bool,
    pub(super) decimals: Decimals,
    pub(super) dates: Dates,
}

impl Spelling {
    /// Ours in their spelling.
    pub(super) fn show(&self, name: &str, leaf: Leaf, ours: &Tree) -> Option<Tree> {
        match leaf {
            Leaf::Id => self.ids_are_text.then(|| Tree::text(&ours.to_string())),
            Leaf::Word => ours
                .as_text()
                .map(|word| Tree::text(&self.word(name, word))),
            Leaf::Decimal => self.decimals.show(name, &ours.to_string()),
            Leaf::Instant => self.dates.show_instant(&ours.as_text()?),
            Leaf::Day => self.dates.show_day(&ours.as_text()?),
            Leaf::Other => None,
        }
    }

    /// Theirs in our spelling; what cannot be read stays, for the handler to refuse.
    pub(super) fn take(&self, name: &str, leaf: Leaf, theirs: &Tree) -> Option<Tree> {
        match leaf {
            Leaf::Id => theirs.as_text()?.parse::<i64>().ok().map(Tree::plain),
            Leaf::Word => theirs
                .as_text()
                .map(|word| Tree::text(&self.our_word(name, &word))),
            Leaf::Decimal => self.decimals.take(name, theirs),
            Leaf::Instant => self.dates.take_instant(theirs),
            Leaf::Day => self.dates.take_day(theirs),
            Leaf::Other => None,
        }
    }

    fn word(&self, name: &str, mut word: String) -> String {
        let unknown = UNKNOWN.iter().find(|(ours, _)| *ours == word);
        if let (true, "status", Some((_, theirs))) = (self.unknown_statuses, name, unknown) {
            word = (*theirs).to_owned();
        }
        match self.words_have_spaces {
            true => word
                .split('_')
                .map(capitalised)
                .collect::<Vec<_>>()
                .join(" "),
            false => word,
        }
    }

    /// Our word for theirs; of a filter, too.
    pub(super) fn our_word(&self, name: &str, word: &str) -> String {
        let word = match self.words_have_spaces {
            true => word.to_uppercase().replace(' ', "_"),
            false => word.to_owned(),
        };
        let unknown = UNKNOWN.iter().find(|(_, theirs)| *theirs == word);
        match (self.unknown_statuses, name, unknown) {
            (true, "status", Some((ours, _))) => (*ours).to_owned(),
            _ => word,
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters.map(|letter| letter.to_ascii_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_ours_again() {
        let spelling = Spelling {
            unknown_statuses: true,
            words_have_spaces: true,
            ..Spelling::default()
        };
        for (name, ours, theirs) in [
            ("status", "PENDING_SIGNATURE", "Pending Signature"),
            ("status", "EXECUTED", "Owner Review"),
            ("type", "FIELD_WORK", "Field Work"),
        ] {
            let shown = spelling
                .show(name, Leaf::Word, &Tree::text(ours))
                .expect("another word");
            assert_eq!(shown, Tree::text(theirs));
            assert_eq!(
                spelling.take(name, Leaf::Word, &shown),
                Some(Tree::text(ours))
            );
        }
    }
}
