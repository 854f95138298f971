//! Entity tags: what an object looked like when it was read, in 128 bits.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use crate::domain::error::Error;

/// A hash of an object's representation, printed as a quoted text (RFC 9110, 8.8.3).
///
/// The upstream has no versions. A write that names an etag is refused where the object, freshly read, has
/// another one; between that read and the write somebody else may still slip in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Etag([u8; 16]);

impl Etag {
    /// The etag of an object with these members: their names and JSON, in the upstream's order.
    pub fn of<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        for (name, json) in members {
            // Lengths between the parts, so that no two objects give the same bytes.
            for part in [name, json] {
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finish().as_ref()[..16]);
        Etag(bytes)
    }

    /// Reads an etag as it was printed, with its quotes; `field` is what the door calls it.
    ///
    /// Fails with `InvalidInput` where it is no etag of this gateway.
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        let inner = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let bytes = inner.and_then(|inner| URL_SAFE_NO_PAD.decode(inner).ok());
        let bytes = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        bytes
            .map(Etag)
            .ok_or_else(|| Error::invalid(field, "is not an etag of this API"))
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Etag;

    #[test]
    fn an_etag_is_read_back_with_its_quotes_only() {
        let etag = Etag::of([("id", "3"), ("name", "\"Mill\"")]);
        let text = etag.to_string();
        assert_eq!(Etag::parse("ifMatch", &text).ok(), Some(etag));
        let bare = text.trim_matches('"');
        for wrong in [bare, "", "\"\"", "*", "W/\"x\"", "\"é\""] {
            assert!(Etag::parse("ifMatch", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_difference_gives_another_etag() {
        let etag = |members: &[(&str, &str)]| Etag::of(members.iter().copied());
        assert_ne!(etag(&[("a", "1")]), etag(&[("a", "2")]));
        assert_ne!(etag(&[("a", "1")]), etag(&[("a1", "")]));
        assert_ne!(etag(&[("a", "1"), ("b", "2")]), etag(&[("a", "1b2")]));
    }
}
