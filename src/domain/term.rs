//! Words of a closed vocabulary that the upstream may extend without telling us.

/// A set of words that this gateway knows.
pub trait Vocabulary: Copy + Eq + 'static {
    /// Each member with its word on the upstream's wire.
    const WORDS: &'static [(Self, &'static str)];

    /// The word on the upstream's wire.
    fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(member, _)| *member == self);
        known.map_or("", |(_, word)| word)
    }

    /// The member of a word in the exact spelling of the wire.
    fn of_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(member, _)| *member)
    }
}

/// The rule of a word that is written: what this gateway does not know can be read, and not be written.
pub const WRITABLE: &str = "must be a value of its enum other than UNKNOWN";

/// A word as the upstream gave it: one that we know, or its raw text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term<V> {
    /// A word of the vocabulary.
    Known(V),
    /// Something newer than this gateway; kept to the letter, so that it survives a round trip.
    Unknown(Box<str>),
}

impl<V: Vocabulary> Term<V> {
    /// Reads a word; case, spaces and hyphens do not matter (`Pending Signature` = `PENDING_SIGNATURE`).
    pub fn parse(text: &str) -> Self {
        let is = |word: &str| {
            let folded = text.bytes().map(|b| {
                if b == b' ' || b == b'-' {
                    b'_'
                } else {
                    b.to_ascii_uppercase()
                }
            });
            folded.eq(word.bytes())
        };
        match V::WORDS.iter().find(|(_, word)| is(word)) {
            Some((member, _)) => Term::Known(*member),
            None => Term::Unknown(text.into()),
        }
    }

    /// The member, where it is one that we know.
    pub fn known(&self) -> Option<V> {
        match self {
            Term::Known(member) => Some(*member),
            Term::Unknown(_) => None,
        }
    }

    /// The word: the vocabulary's spelling where known, the upstream's text where not.
    pub fn as_str(&self) -> &str {
        match self {
            Term::Known(member) => member.word(),
            Term::Unknown(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Term;
    use crate::domain::fwo::FwoStatus;

    #[test]
    fn spelling_does_not_hide_a_known_word() {
        for text in [
            "PENDING_SIGNATURE",
            "Pending Signature",
            "pending-signature",
        ] {
            assert_eq!(
                Term::parse(text),
                Term::Known(FwoStatus::PendingSignature),
                "{text}"
            );
        }
    }

    #[test]
    fn a_new_word_keeps_its_letters() {
        let term: Term<FwoStatus> = Term::parse("Archived 2");
        assert_eq!(term.known(), None);
        assert_eq!(term.as_str(), "Archived 2");
    }
}
