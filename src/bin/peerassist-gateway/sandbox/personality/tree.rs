//! JSON as it stands: members in their order, scalars to the letter. No number here passes through a float.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

/// Deepest nesting read; real objects nest 3 deep.
const NESTING_MAX: usize = 64;

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    /// A text with its quotes, a number, `true`, `false` or `null`.
    Scalar(String),
}

impl Tree {
    /// Nothing where the bytes are not JSON, or nested too deep.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        Self::read(serde_json::from_slice(bytes).ok()?, NESTING_MAX)
    }

    fn read(raw: &RawValue, deeper: usize) -> Option<Self> {
        let deeper = deeper.checked_sub(1)?;
        match raw.get().as_bytes().first()? {
            b'{' => {
                let Members(members) = serde_json::from_str(raw.get()).ok()?;
                let read = |(name, raw)| Some((name, Self::read(raw, deeper)?));
                members
                    .into_iter()
                    .map(read)
                    .collect::<Option<_>>()
                    .map(Self::Object)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
                let read = |raw| Self::read(raw, deeper);
                items
                    .into_iter()
                    .map(read)
                    .collect::<Option<_>>()
                    .map(Self::Array)
            }
            _ => Some(Self::Scalar(raw.get().to_owned())),
        }
    }

    pub(super) fn null() -> Self {
        Self::Scalar("null".to_owned())
    }

    /// A number, `true` or `false`.
    pub(super) fn plain(value: impl fmt::Display) -> Self {
        Self::Scalar(value.to_string())
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Scalar(quoted(text))
    }

    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        let named = members.map(|(name, value)| (name.to_owned(), value));
        Self::Object(named.into())
    }

    /// The text of a text; nothing of anything else.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Scalar(scalar) => serde_json::from_str(scalar).ok(),
            Self::Object(_) | Self::Array(_) => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<i64> {
        match self {
            Self::Scalar(scalar) => scalar.parse().ok(),
            Self::Object(_) | Self::Array(_) => None,
        }
    }

    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value),
            Self::Array(_) | Self::Scalar(_) => None,
        }
    }

    /// Takes a member out of an object.
    pub(super) fn take(&mut self, name: &str) -> Option<Self> {
        match self {
            Self::Object(members) => {
                let place = members.iter().position(|(known, _)| known == name)?;
                Some(members.remove(place).1)
            }
            Self::Array(_) | Self::Scalar(_) => None,
        }
    }

    /// Sets a member of an object, in its place if it is there.
    pub(super) fn set(&mut self, name: &str, value: Self) {
        if let Self::Object(members) = self {
            match members.iter_mut().find(|(known, _)| known == name) {
                Some((_, place)) => *place = value,
                None => members.push((name.to_owned(), value)),
            }
        }
    }
}

/// The text as JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar),
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "[" } else { "," })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    let open = if index == 0 { "{" } else { "," };
                    write!(f, "{open}{}:{value}", quoted(name))?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// The members of one object; a `Value` would lose the text of its numbers.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_to_the_letter() {
        let text = r#"{"z":1250.50,"a":[1E+400,-0.0,[],{}],"é\"":{"b":"\u00e9","b":null}}"#;
        let tree = Tree::parse(text.as_bytes()).expect("JSON");
        assert_eq!(tree.to_string(), text);
    }

    #[test]
    fn nothing_that_is_nested_without_end_is_read() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(Tree::parse(deep.as_bytes()), None);
        assert_eq!(Tree::parse(b"{\"a\":}"), None);
    }
}
