//! JSON of the upstream, read tolerantly: an object is a list of raw members, of which we take what we know.
//!
//! `null` and an absent member are the same. A number may come quoted. A word or a moment that we cannot
//! read is left among the unread members, to the letter. A member of a wrong type makes its object invalid.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::de;
use serde_json::value::RawValue;

use crate::domain::customer::Extra;
use crate::domain::customer::Text;
use crate::domain::etag::Etag;
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::money::Decimal;
use crate::domain::term::Term;
use crate::domain::term::Vocabulary;

/// Deepest nesting accepted; real objects nest 3 deep.
const NESTING_MAX: usize = 64;

/// Most rows accepted in one page; the upstream caps pages at 2,000 (contract 3.0).
pub(super) const ROWS_MAX: usize = 10_000;

/// A member that is not of its type, or missing.
#[derive(Debug)]
pub(super) struct Invalid {
    /// The member's name in the upstream's words.
    pub(super) member: Cow<'static, str>,
    /// What it should have been.
    pub(super) expected: &'static str,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member `{}` is not {}", self.member, self.expected)
    }
}

impl std::error::Error for Invalid {}

/// The members of one JSON object that nobody has taken yet.
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of the object in `raw`; an object that has one name twice is refused.
    pub(super) fn of(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(raw.get())
    }

    /// The etag of the whole object: to be asked for before anything is taken.
    pub(super) fn etag(&self) -> Etag {
        let told = self.0.iter().filter(|(_, raw)| raw.get() != "null");
        Etag::of(told.map(|(name, raw)| (&**name, raw.get())))
    }

    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let place = self.0.iter().position(|(member, _)| member == name)?;
        Some(self.0.remove(place).1).filter(|raw| raw.get() != "null")
    }

    /// Takes a member with `read`, which gives `None` for a wrong type.
    fn read<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(raw) => read(raw.get()).map(Some).ok_or(Invalid {
                member: name.into(),
                expected,
            }),
        }
    }

    /// Takes a member with `read`, or leaves it unread where its text says nothing to us.
    fn read_or_leave<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        let place = self.0.iter().position(|(member, _)| member == name)?;
        if self.0[place].1.get() == "null" {
            self.0.remove(place);
            return None;
        }
        let value = read(self.0[place].1.get())?;
        self.0.remove(place);
        Some(value)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Text, Invalid> {
        self.read(name, "a text", |raw| string(raw).map(|text| text.into()))
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<Box<str>>>, Invalid> {
        self.read(name, "a list of texts", |raw| {
            serde_json::from_str(raw).ok()
        })
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Invalid> {
        self.read(name, "true or false", |raw| raw.parse().ok())
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<i64>, Invalid> {
        self.read(name, "an int64", |raw| unquoted(raw).parse().ok())
    }

    pub(super) fn id<I: Id>(&mut self, name: &'static str) -> Result<Option<I>, Invalid> {
        // 0 stands for "none" where another object is referred to.
        let id = self.read(name, "an id", |raw| {
            unquoted(raw).parse::<i64>().ok().filter(|id| *id >= 0)
        })?;
        Ok(id.and_then(I::new))
    }

    pub(super) fn own_id<I: Id>(&mut self) -> Result<I, Invalid> {
        self.id("id")?.ok_or(Invalid {
            member: "id".into(),
            expected: "an id",
        })
    }

    pub(super) fn decimal(&mut self, name: &'static str) -> Result<Option<Decimal>, Invalid> {
        self.read(name, "a decimal", |raw| money::parse(unquoted(raw)))
    }

    pub(super) fn term<V: Vocabulary>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Term<V>>, Invalid> {
        self.read(name, "a word", |raw| {
            string(raw).map(|word| Term::parse(&word))
        })
    }

    pub(super) fn time(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        self.read_or_leave(name, time)
    }

    pub(super) fn date(&mut self, name: &'static str) -> Option<NaiveDate> {
        self.read_or_leave(name, date)
    }

    pub(super) fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Members<'a>) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(raw) => {
                let mut members = Members::of(raw).map_err(|_| Invalid {
                    member: name.into(),
                    expected: "an object",
                })?;
                read(&mut members)
                    .map(Some)
                    .map_err(|inner| inner.within(name, None))
            }
        }
    }

    pub(super) fn objects<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Members<'a>) -> Result<T, Invalid>,
    ) -> Result<Option<Vec<T>>, Invalid> {
        let Some(raw) = self.take(name) else {
            return Ok(None);
        };
        let wrong = |_| Invalid {
            member: name.into(),
            expected: "a list of objects",
        };
        let list: Vec<&'a RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
        let rows = list.into_iter().enumerate().map(|(place, raw)| {
            let mut members = Members::of(raw).map_err(wrong)?;
            read(&mut members).map_err(|inner| inner.within(name, Some(place)))
        });
        rows.collect::<Result<Vec<T>, Invalid>>().map(Some)
    }

    /// Takes a list without looking into its elements.
    pub(super) fn elements(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<&'a RawValue>>, Invalid> {
        self.read(name, "a list", |raw| serde_json::from_str(raw).ok())
    }

    /// All that nobody took, as it came, nulls included.
    pub(super) fn into_raw(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.0.into_iter()
    }

    /// What nobody took.
    pub(super) fn rest(self) -> Extra {
        self.0
            .into_iter()
            .map(|(name, raw)| (name.into(), raw.get().into()))
            .collect()
    }
}

impl Invalid {
    fn within(self, outer: &str, place: Option<usize>) -> Self {
        let member = match place {
            Some(place) => format!("{outer}[{place}].{}", self.member),
            None => format!("{outer}.{}", self.member),
        };
        Invalid {
            member: member.into(),
            ..self
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: de::MapAccess<'de>>(
                self,
                mut map: M,
            ) -> Result<Members<'de>, M::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(24);
                while let Some((Name(name), raw)) = map.next_entry()? {
                    if members.iter().any(|(earlier, _)| *earlier == name) {
                        return Err(de::Error::custom("a member comes twice"));
                    }
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A member's name, borrowed wherever it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text of a JSON string, borrowed wherever it has no escapes.
fn string(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw).ok().map(|Name(text)| text)
}

/// A number as it stands, or the inside of a quoted one.
fn unquoted(raw: &str) -> &str {
    raw.strip_prefix('"')
        .and_then(|raw| raw.strip_suffix('"'))
        .unwrap_or(raw)
}

/// A moment: ISO 8601 with any spelling of the zone, without one (then UTC), or milliseconds since 1970.
fn time(raw: &str) -> Option<DateTime<Utc>> {
    if let Ok(millis) = raw.parse::<i64>() {
        return DateTime::from_timestamp_millis(millis);
    }
    let text = string(raw)?;
    let zoned = DateTime::parse_from_rfc3339(&text)
        .or_else(|_| DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    let zoned = zoned.map(|time| time.with_timezone(&Utc));
    let zoneless =
        || NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc());
    zoned.or_else(|_| zoneless()).ok()
}

/// A day: `2024-05-14`, or Jackson's `[2024,5,14]`.
fn date(raw: &str) -> Option<NaiveDate> {
    if let Ok((year, month, day)) = serde_json::from_str::<(i32, u32, u32)>(raw) {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    NaiveDate::parse_from_str(&string(raw)?, "%Y-%m-%d").ok()
}

/// Whether brackets nest no deeper than any honest answer. Linear, and it cannot overflow a stack.
pub(super) fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > NESTING_MAX {
                    return false;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Members;
    use super::is_shallow;
    use crate::domain::fwo::FwoStatus;
    use crate::domain::id::CustomerId;
    use crate::domain::id::Id;
    use crate::domain::term::Term;
    use serde_json::value::RawValue;

    fn members(json: &str) -> Members<'_> {
        serde_json::from_str(json).expect("an object")
    }

    #[test]
    fn absent_and_null_are_the_same_and_empty_is_not() {
        let mut object = members(r#"{"a":null,"b":""}"#);
        assert_eq!(object.text("a").ok(), Some(None));
        assert_eq!(object.text("b").ok().flatten().as_deref(), Some(""));
        assert_eq!(object.text("c").ok(), Some(None));
    }

    #[test]
    fn numbers_may_be_quoted_and_stay_exact() {
        let mut object = members(r#"{"id":"7","amount":12345678901234567.89,"hours":"7.50"}"#);
        assert_eq!(object.own_id::<CustomerId>().ok(), CustomerId::new(7));
        assert_eq!(
            object
                .decimal("amount")
                .ok()
                .flatten()
                .map(|d| d.to_string())
                .as_deref(),
            Some("12345678901234567.89")
        );
        assert_eq!(
            object
                .decimal("hours")
                .ok()
                .flatten()
                .map(|d| d.to_string())
                .as_deref(),
            Some("7.50")
        );
    }

    #[test]
    fn a_wrong_type_names_its_member_and_a_missing_id_too() {
        let mut object = members(r#"{"name":7,"labor":[{"id":1},{"id":"x"}]}"#);
        assert_eq!(
            object.text("name").err().map(|e| e.to_string()).as_deref(),
            Some("member `name` is not a text")
        );
        let lines = object.objects("labor", |line| line.own_id::<CustomerId>());
        assert_eq!(
            lines.err().map(|e| e.to_string()).as_deref(),
            Some("member `labor[1].id` is not an id")
        );
        assert!(object.own_id::<CustomerId>().is_err());
    }

    #[test]
    fn what_is_not_taken_is_kept_to_the_letter() {
        let mut object = members(r#"{"id":1,"step":{"a": [1, 2.50]},"createdDate":"yesterday"}"#);
        assert!(object.own_id::<CustomerId>().is_ok());
        assert_eq!(object.time("createdDate"), None);
        let rest: Vec<(String, String)> = object
            .rest()
            .into_iter()
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        let kept = [
            ("step", r#"{"a": [1, 2.50]}"#),
            ("createdDate", r#""yesterday""#),
        ];
        assert_eq!(rest, kept.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn moments_are_read_in_every_spelling_that_jackson_has() {
        let spellings = [
            r#""2024-05-14T17:03:11.482+00:00""#,
            r#""2024-05-14T17:03:11.482+0000""#,
            r#""2024-05-14T17:03:11.482Z""#,
            r#""2024-05-14T17:03:11.482""#,
            "1715706191482",
        ];
        for text in spellings {
            let json = format!(r#"{{"t":{text}}}"#);
            let mut object = members(&json);
            assert_eq!(
                object.time("t").map(|t| t.timestamp_millis()),
                Some(1_715_706_191_482),
                "{text}"
            );
        }
        let mut object = members(r#"{"a":"2024-05-14","b":[2024,5,14]}"#);
        assert_eq!(object.date("a"), object.date("b"));
    }

    #[test]
    fn a_new_word_is_kept_as_unknown() {
        let mut object = members(r#"{"status":"ARCHIVED"}"#);
        let status = object.term::<FwoStatus>("status").ok().flatten();
        assert_eq!(status, Some(Term::Unknown("ARCHIVED".into())));
    }

    #[test]
    fn an_object_with_one_name_twice_is_refused() {
        assert!(serde_json::from_str::<Members<'_>>(r#"{"id":1,"id":2}"#).is_err());
    }

    #[test]
    fn depth_is_measured_outside_strings_only() {
        assert!(is_shallow(
            format!(r#"["{}\"{}"]"#, "[".repeat(900), "{".repeat(900)).as_bytes()
        ));
        assert!(!is_shallow("[".repeat(65).as_bytes()));
    }

    #[test]
    fn a_deep_member_that_nobody_takes_does_not_overflow() {
        let json = format!(
            r#"{{"id":1,"x":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let raw: &RawValue = serde_json::from_str(&json).expect("json");
        assert!(Members::of(raw).is_ok());
    }
}
