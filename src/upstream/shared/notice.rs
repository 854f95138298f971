//! Notices: what instances tell each other in the log.
//!
//! A notice names places of the table of epochs, which are keyed hashes of a few bits, and the random number of a
//! write. It is authenticated with a key of the gateway's secret: nobody else's word ends anything in particular.

use std::time::Duration;

use ring::hmac;

use crate::upstream::epochs::Place;

/// The form of what follows. Another one is unreadable, which is safe: see `journal`.
const VERSION: u8 = 1;

/// Bytes before the places: version, kind, write, time.
const HEAD_BYTES: usize = 1 + 1 + 16 + 4;

/// Bytes of the authentication behind them.
const TAG_BYTES: usize = 32;

/// The number of a write, by which its end finds its beginning.
pub(super) type WriteId = u128;

/// A keyed hash of a caller's fingerprint: tells callers apart for who has the key, and nobody from it.
pub(super) type CallerMark = u128;

/// What one instance tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// An instance begins to read the log here.
    Joined,
    /// A write is about to be sent: nothing about these places is good until its end, or `within` at the latest.
    Begun {
        write: WriteId,
        places: Vec<Place>,
        within: Duration,
    },
    /// A write has ended: what was asked about these places until now has ended.
    Ended { write: WriteId, places: Vec<Place> },
    /// A write has ended, and nobody knows whether it takes effect `within` this time.
    MayLand {
        write: WriteId,
        places: Vec<Place>,
        within: Duration,
    },
    /// The upstream refused this caller's token. It has no place: of those there are few, and whoever brought wrong
    /// tokens could end what is kept for others.
    Refused { caller: CallerMark },
    /// All has ended: something could not be told when it happened.
    Everything,
}

/// A notice in the form of the log.
struct Form<'a> {
    kind: u8,
    /// Which write, or which caller.
    write: WriteId,
    within: Duration,
    places: &'a [Place],
}

impl Notice {
    /// The notice as bytes of the log.
    pub(super) fn print(&self, key: &hmac::Key) -> Vec<u8> {
        let form = self.form();
        let millis = u32::try_from(form.within.as_millis()).unwrap_or(u32::MAX);
        let mut bytes = vec![VERSION, form.kind];
        bytes.extend(form.write.to_be_bytes());
        bytes.extend(millis.to_be_bytes());
        bytes.extend(
            form.places
                .iter()
                .flat_map(|place| place.number().to_be_bytes()),
        );
        let tag = hmac::sign(key, &bytes);
        bytes.extend(tag.as_ref());
        bytes
    }

    /// The notice that these bytes are; `None` unless somebody with the key wrote them in this form.
    pub(super) fn read(bytes: &[u8], key: &hmac::Key) -> Option<Self> {
        let (told, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        hmac::verify(key, told, tag).ok()?;
        let (head, places) = told.split_first_chunk::<HEAD_BYTES>()?;
        let ([version, kind], head) = head.split_first_chunk::<2>()?;
        let (write, millis) = head.split_first_chunk::<16>()?;
        let write = WriteId::from_be_bytes(*write);
        let within = Duration::from_millis(u32::from_be_bytes(millis.try_into().ok()?).into());
        let (places, []) = places.as_chunks::<2>() else {
            return None;
        };
        let places = places.iter().map(|place| u16::from_be_bytes(*place));
        let places = places.map(Place::new).collect::<Option<Vec<_>>>()?;
        let notice = match (*version, *kind) {
            (VERSION, 0) => Notice::Joined,
            (VERSION, 1) => Notice::Begun {
                write,
                places,
                within,
            },
            (VERSION, 2) => Notice::Ended { write, places },
            (VERSION, 3) => Notice::MayLand {
                write,
                places,
                within,
            },
            (VERSION, 4) => Notice::Refused { caller: write },
            (VERSION, 5) => Notice::Everything,
            _ => return None,
        };
        Some(notice)
    }

    fn form(&self) -> Form<'_> {
        let form = |kind, write: &WriteId, within: &Duration, places| Form {
            kind,
            write: *write,
            within: *within,
            places,
        };
        match self {
            Notice::Joined => form(0, &0, &Duration::ZERO, &[]),
            Notice::Begun {
                write,
                places,
                within,
            } => form(1, write, within, places),
            Notice::Ended { write, places } => form(2, write, &Duration::ZERO, places),
            Notice::MayLand {
                write,
                places,
                within,
            } => form(3, write, within, places),
            Notice::Refused { caller } => form(4, caller, &Duration::ZERO, &[]),
            Notice::Everything => form(5, &0, &Duration::ZERO, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use ring::hmac;

    use super::Notice;
    use crate::upstream::epochs::Place;
    use crate::upstream::epochs::SLOTS;

    fn key(secret: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[secret; 32])
    }

    fn notices() -> impl Strategy<Value = Notice> {
        let places = proptest::collection::vec(0..SLOTS as u16, 0..6);
        let places = places.prop_map(|places| places.into_iter().filter_map(Place::new).collect());
        (any::<u128>(), places, any::<u32>(), 0..6u8).prop_map(|(write, places, millis, kind)| {
            let within = Duration::from_millis(millis.into());
            let places: Vec<Place> = places;
            match kind {
                0 => Notice::Joined,
                1 => Notice::Begun {
                    write,
                    places,
                    within,
                },
                2 => Notice::Ended { write, places },
                3 => Notice::MayLand {
                    write,
                    places,
                    within,
                },
                4 => Notice::Refused { caller: write },
                _ => Notice::Everything,
            }
        })
    }

    proptest! {
        #[test]
        fn every_notice_is_read_back_and_by_nobody_else(notice in notices()) {
            let bytes = notice.print(&key(1));
            prop_assert_eq!(Notice::read(&bytes, &key(1)), Some(notice));
            prop_assert_eq!(Notice::read(&bytes, &key(2)), None);
        }

        #[test]
        fn no_changed_notice_is_read(notice in notices(), place: usize, flip in 1u8..=255) {
            let mut bytes = notice.print(&key(1));
            let place = place % bytes.len();
            bytes[place] ^= flip;
            prop_assert_eq!(Notice::read(&bytes, &key(1)), None);
        }

        #[test]
        fn no_invented_notice_is_read(bytes: Vec<u8>) {
            prop_assert_eq!(Notice::read(&bytes, &key(1)), None);
        }
    }
}
