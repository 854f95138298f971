//! Cursors: places in a list, sealed so that only the gateway that made one can read it.
//!
//! The same text is the GraphQL cursor and the gRPC page token. It is bound to the caller, the filter and
//! the order that it was made under: opened anywhere else it is refused like a forged one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead;
use ring::hmac;
use serde::Deserialize;
use serde::Serialize;

use crate::domain::collation::Collations;
use crate::domain::order::Anchor;

/// Longest accepted cursor text in bytes: three sort keys of 255 four-byte characters fit.
pub const CURSOR_BYTES_MAX: usize = 8 * 1024;

/// A place in a list: that of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// Index of the row when it was read.
    #[serde(rename = "n")]
    pub index: u64,
    /// What the row is known by when it is not there any more; absent where it could not be read.
    #[serde(rename = "a")]
    pub anchor: Option<Anchor>,
    /// How the upstream may compare, after all rows of the walk until this one.
    #[serde(rename = "c")]
    pub collations: Collations,
}

/// The keys that seal and open cursors.
pub struct CursorSeal {
    cipher: aead::LessSafeKey,
    nonces: hmac::Key,
}

impl CursorSeal {
    /// Seals from 64 bytes of secret.
    pub fn new(secret: &[u8; 64]) -> Self {
        let (cipher, nonces) = secret.split_at(32);
        let cipher = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, cipher)
            .expect("32 bytes are a ChaCha20 key");
        CursorSeal {
            cipher: aead::LessSafeKey::new(cipher),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, nonces),
        }
    }

    /// The sealed text of a cursor. The same cursor in the same context gives the same text.
    pub fn seal(&self, context: &[u8], cursor: &Cursor) -> String {
        let mut sealed = serde_json::to_vec(cursor).expect("a cursor has no map with strange keys");
        let nonce = self.nonce(context, &sealed);
        self.cipher
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(context),
                &mut sealed,
            )
            .expect("a cursor is far below the cipher's limit");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// The cursor of a sealed text; `None` unless this seal made it in the same context.
    pub fn open(&self, context: &[u8], text: &str) -> Option<Cursor> {
        if text.len() > CURSOR_BYTES_MAX {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self
            .cipher
            .open_in_place(nonce, aead::Aad::from(context), sealed)
            .ok()?;
        serde_json::from_slice(plain).ok()
    }

    /// A nonce out of what is sealed: equal nonces then mean equal contents, which reveals nothing more.
    fn nonce(&self, context: &[u8], plain: &[u8]) -> [u8; aead::NONCE_LEN] {
        let mut hash = hmac::Context::with_key(&self.nonces);
        hash.update(&(context.len() as u64).to_le_bytes());
        hash.update(context);
        hash.update(plain);
        let mut nonce = [0; aead::NONCE_LEN];
        nonce.copy_from_slice(&hash.sign().as_ref()[..aead::NONCE_LEN]);
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use super::CursorSeal;
    use crate::domain::collation::Collations;
    use crate::domain::order::Anchor;
    use crate::domain::order::SortValue;
    use proptest::prelude::*;

    fn cursor(index: u64, name: &str) -> Cursor {
        let keys = vec![SortValue::Text(name.to_owned()), SortValue::Absent];
        Cursor {
            index,
            anchor: Some(Anchor { id: 3, keys }),
            collations: Collations::UNSEEN,
        }
    }

    #[test]
    fn a_cursor_opens_only_where_it_was_made() {
        let seal = CursorSeal::new(&[7; 64]);
        let text = seal.seal(b"customers of A", &cursor(41, "Old Mill"));
        assert_eq!(
            seal.open(b"customers of A", &text),
            Some(cursor(41, "Old Mill"))
        );
        assert_eq!(seal.open(b"customers of B", &text), None);
        assert_eq!(
            CursorSeal::new(&[8; 64]).open(b"customers of A", &text),
            None
        );
    }

    #[test]
    fn a_cursor_shows_nothing_of_its_row() {
        let seal = CursorSeal::new(&[7; 64]);
        let text = seal.seal(b"", &cursor(41, "marker-marker-marker"));
        assert!(!text.contains("bWFya2Vy"), "base64 of `marker` in {text}");
    }

    proptest! {
        #[test]
        fn every_cursor_is_read_back(index: u64, name in ".{0,40}", context: Vec<u8>) {
            let seal = CursorSeal::new(&[7; 64]);
            let text = seal.seal(&context, &cursor(index, &name));
            prop_assert_eq!(&text, &seal.seal(&context, &cursor(index, &name)));
            prop_assert_eq!(seal.open(&context, &text), Some(cursor(index, &name)));
        }

        #[test]
        fn no_changed_cursor_opens(place in 0usize..60, flip in 1u8..=255) {
            let seal = CursorSeal::new(&[7; 64]);
            let mut text = seal.seal(b"c", &cursor(41, "Old Mill")).into_bytes();
            let place = place % text.len();
            text[place] ^= flip;
            // The last character of base64 may hold bits that decode to nothing; then the text is refused as well.
            let opened = std::str::from_utf8(&text).ok().and_then(|text| seal.open(b"c", text));
            prop_assert_eq!(opened, None);
        }

        #[test]
        fn no_invented_text_opens(text in "\\PC{0,200}") {
            prop_assert_eq!(CursorSeal::new(&[7; 64]).open(b"c", &text), None);
        }
    }
}
