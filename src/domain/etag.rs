//! Entity tags: what an object, or a whole answer, looked like when it was read, in 128 bits.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use crate::domain::error::Error;

/// A hash of a representation, printed as a quoted text (RFC 9110, 8.8.3).
///
/// The upstream has no versions. A write that names an etag is refused where the object, freshly read, has
/// another one; between that read and the write somebody else may still slip in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Etag([u8; 16]);

impl Etag {
    /// The etag of an object with these members: their names and JSON, in the upstream's order.
    pub fn of<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let parts = members.into_iter().flat_map(|(name, json)| [name, json]);
        hash(parts.map(str::as_bytes))
    }

    /// The etag of a whole answer in this media type, or of this kind: equal where each byte is.
    pub fn of_answer(kind: &str, bytes: &[u8]) -> Self {
        hash([kind.as_bytes(), bytes].into_iter())
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

/// Whether the values of all `If-None-Match` headers of one request name this etag as it was printed, or any by `*`
/// (RFC 9110, 13.1.2: a weak one names the strong one, too). Behind what is malformed nothing is named.
pub fn is_named<'a>(etag: &[u8], mut values: impl Iterator<Item = &'a [u8]>) -> bool {
    values.any(|value| value.trim_ascii() == b"*" || Tags(value).any(|tag| tag == etag))
}

fn hash<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Etag {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        // Lengths between the parts, so that no two objects give the same bytes.
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finish().as_ref()[..16]);
    Etag(bytes)
}

/// The entity tags of a list with their quotes, whether they are weak or not.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b',');
        let begin = self.0.iter().position(|byte| !is_between(byte))?;
        let text = &self.0[begin..];
        let text = text.strip_prefix(b"W/").unwrap_or(text);
        let inner = text.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let (tag, rest) = text.split_at(end + 2);
        self.0 = match rest.trim_ascii_start() {
            [] | [b',', ..] => rest,
            // Two tags without a comma between them.
            _ => &[],
        };
        Some(tag)
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
    use super::is_named;

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
    fn a_condition_names_an_etag_among_others_weak_or_strong() {
        let etag = Etag::of_answer("application/json", b"{}");
        let (text, other) = (etag.to_string(), "\"a,b\"");
        for (values, named) in [
            (vec![text.as_str()], true),
            (vec![&format!("W/{text}")], true),
            (vec![&format!(" {other} ,, W/{other},\t{text}")], true),
            (vec![other, &text], true),
            (vec!["*"], true),
            (vec![" * "], true),
            (vec![], false),
            (vec![""], false),
            (vec![other], false),
            (vec![&format!("*, {other}")], false),
            (vec![text.trim_matches('"')], false),
            (vec![text.trim_end_matches('"')], false),
            (vec![&format!("w/{text}")], false),
            (vec![&format!("W/ {text}")], false),
            (vec![&format!("x, {text}")], false),
            (vec![&format!("{other} {text}")], false),
            (vec![&format!("\"{text}\"")], false),
        ] {
            let found = is_named(text.as_bytes(), values.iter().map(|value| value.as_bytes()));
            assert_eq!(found, named, "{values:?}");
        }
    }

    #[test]
    fn an_answer_in_another_type_is_another_answer() {
        assert_ne!(Etag::of_answer("a", b"{}"), Etag::of_answer("b", b"{}"));
        assert_ne!(Etag::of_answer("a", b"{}"), Etag::of_answer("a", b"{ }"));
    }

    #[test]
    fn any_difference_gives_another_etag() {
        let etag = |members: &[(&str, &str)]| Etag::of(members.iter().copied());
        assert_ne!(etag(&[("a", "1")]), etag(&[("a", "2")]));
        assert_ne!(etag(&[("a", "1")]), etag(&[("a1", "")]));
        assert_ne!(etag(&[("a", "1"), ("b", "2")]), etag(&[("a", "1b2")]));
    }
}
