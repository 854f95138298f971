//! What the head of an upstream answer says of keeping it (RFC 9111). It can only shorten what the settings allow.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;

use crate::domain::cache_control::Directives;
use crate::domain::cache_control::seconds;
use crate::upstream::shared::Sight;

/// Longest entity tag that is remembered, in bytes: nobody's need be longer, and each entry has one.
const VALIDATOR_BYTES_MAX: usize = 256;

/// The entity tag of an answer, to ask whether it is still right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validator(Arc<str>);

impl Validator {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let tag = headers.get(header::ETAG)?.to_str().ok()?;
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        let is_tag = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
        (is_tag && tag.len() <= VALIDATOR_BYTES_MAX).then(|| Validator(tag.into()))
    }

    /// `If-None-Match`, which compares weakly: a page whose meaning is the same need not be sent again.
    pub(super) fn if_none_match(&self) -> (HeaderName, HeaderValue) {
        let value = HeaderValue::from_str(&self.0).expect("it came as a header's value");
        (header::IF_NONE_MATCH, value)
    }
}

/// What may be done with an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Caching {
    /// Why it may not be kept at all.
    pub(super) forbidden: Option<&'static str>,
    /// How old it was when it came.
    pub(super) age: Duration,
    pub(super) validator: Option<Validator>,
    /// How far the log of the instances had been read when one of them asked for it, where another one did.
    pub(super) shared: Option<Sight>,
    /// Whether the upstream says anything of how long.
    has_directives: bool,
    fresh_max: Option<Duration>,
    stale_while_revalidate_max: Option<Duration>,
    stale_if_error_max: Option<Duration>,
}

impl Caching {
    /// Reads the head of an answer. What cannot be read counts as not there, but an unreadable `max-age` as zero
    /// (RFC 9111, 4.2.1).
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut caching = Caching {
            age: headers
                .get(header::AGE)
                .and_then(|age| seconds(age.as_bytes()))
                .unwrap_or_default(),
            validator: Validator::of(headers),
            has_directives: headers.contains_key(header::CACHE_CONTROL),
            ..Caching::default()
        };
        if headers.contains_key(header::SET_COOKIE) {
            caching.forbidden = Some("the upstream sets a cookie with it");
        }
        let mut varies = headers.get_all(header::VARY).iter();
        if varies.any(|value| value.as_bytes().contains(&b'*')) {
            caching.forbidden = Some("the upstream says Vary: *");
        }
        let values = headers.get_all(header::CACHE_CONTROL).iter();
        for (name, argument) in values.flat_map(|value| Directives(value.as_bytes())) {
            caching.heed(name, argument);
        }
        caching
    }

    /// An answer for which another instance asked so long ago, with that in sight, and which is fresh for so much longer
    /// and no more.
    pub(super) fn shared(sight: Sight, age: Duration, fresh_for: Duration) -> Self {
        Caching {
            age,
            shared: Some(sight),
            fresh_max: Some(age + fresh_for),
            stale_while_revalidate_max: Some(Duration::ZERO),
            stale_if_error_max: Some(Duration::ZERO),
            ..Caching::default()
        }
    }

    /// An answer of which only the entity tag is known.
    #[cfg(test)]
    pub(super) fn tagged(tag: &str) -> Self {
        Caching {
            validator: Some(Validator(tag.into())),
            ..Caching::default()
        }
    }

    /// The same for an answer that it confirms: what it does not say anew is as it was (RFC 9111, 3.2).
    pub(super) fn confirming(self, known: &Caching) -> Self {
        let validator = self.validator.clone().or_else(|| known.validator.clone());
        let directives = if self.has_directives { &self } else { known };
        Caching {
            validator,
            age: self.age,
            forbidden: self.forbidden,
            ..directives.clone()
        }
    }

    /// The same for a part of the answer, of which the entity tag says nothing.
    pub(super) fn of_a_part(&self) -> Self {
        Caching {
            validator: None,
            ..self.clone()
        }
    }

    /// The same where only the entity tag is heeded.
    pub(super) fn only_validator(self) -> Self {
        Caching {
            validator: self.validator,
            ..Caching::default()
        }
    }

    fn heed(&mut self, name: &[u8], argument: Option<&[u8]>) {
        let most = argument.and_then(seconds).unwrap_or_default();
        match name.to_ascii_lowercase().as_slice() {
            b"no-store" => self.forbidden = Some("the upstream says no-store"),
            // With names of fields it is about those fields, and to take it for the whole is safe.
            b"no-cache" => {
                shorten(&mut self.fresh_max, Duration::ZERO);
                self.must_revalidate();
            }
            b"must-revalidate" => self.must_revalidate(),
            b"max-age" => shorten(&mut self.fresh_max, most),
            b"stale-while-revalidate" => shorten(&mut self.stale_while_revalidate_max, most),
            b"stale-if-error" => shorten(&mut self.stale_if_error_max, most),
            _ => {}
        }
    }

    fn must_revalidate(&mut self) {
        shorten(&mut self.stale_while_revalidate_max, Duration::ZERO);
        shorten(&mut self.stale_if_error_max, Duration::ZERO);
    }

    /// How long it is fresh, counted from when it was right, where the settings say so much.
    pub(super) fn fresh(&self, set: Duration) -> Duration {
        // The settings count from when it was asked for, `max-age` from when it was made.
        self.fresh_max
            .map_or(set + self.age, |most| most.min(set + self.age))
    }

    /// How long it may be served afterwards while the upstream is asked again.
    pub(super) fn stale_while_revalidate(&self, set: Duration) -> Duration {
        self.stale_while_revalidate_max
            .map_or(set, |most| most.min(set))
    }

    /// How long it may be served after that where the upstream fails.
    pub(super) fn stale_if_error(&self, set: Duration) -> Duration {
        self.stale_if_error_max.map_or(set, |most| most.min(set))
    }
}

/// Of two bounds the lower one counts.
fn shorten(bound: &mut Option<Duration>, most: Duration) {
    *bound = Some(bound.map_or(most, |bound| bound.min(most)));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;
    use http::HeaderName;
    use http::HeaderValue;

    use super::Caching;

    fn caching(head: &[(&'static str, &'static str)]) -> Caching {
        let head = head.iter().map(|(name, value)| {
            let (name, value) = (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            (name, value)
        });
        Caching::of(&head.collect::<HeaderMap>())
    }

    /// Seconds fresh, then stale while revalidating, then stale where the upstream fails, of 30, 30 and 300.
    fn lives(head: &[(&'static str, &'static str)]) -> [u64; 3] {
        let caching = caching(head);
        let set = Duration::from_secs;
        [
            caching.fresh(set(30)),
            caching.stale_while_revalidate(set(30)),
            caching.stale_if_error(set(300)),
        ]
        .map(|life| life.as_secs())
    }

    #[test]
    fn the_upstream_can_shorten_each_life_and_lengthen_none() {
        for (value, expected) in [
            ("", [30, 30, 300]),
            ("private", [30, 30, 300]),
            ("max-age=10", [10, 30, 300]),
            ("private, MAX-AGE=\"10\"", [10, 30, 300]),
            (
                "max-age=3600, stale-while-revalidate=60, stale-if-error=86400",
                [30, 30, 300],
            ),
            (
                "max-age=20, stale-while-revalidate=5, stale-if-error=6",
                [20, 5, 6],
            ),
            ("max-age=20, max-age=10", [10, 30, 300]),
            ("no-cache", [0, 0, 0]),
            ("no-cache=\"set-cookie\"", [0, 0, 0]),
            ("must-revalidate, max-age=20", [20, 0, 0]),
            ("max-age=-1", [0, 30, 300]),
            ("max-age=soon", [0, 30, 300]),
            ("max-age", [0, 30, 300]),
            ("max-age=99999999999999999999999", [30, 30, 300]),
            ("immutable, s-maxage=1", [30, 30, 300]),
        ] {
            assert_eq!(lives(&[("cache-control", value)]), expected, "{value}");
        }
    }

    #[test]
    fn age_is_part_of_max_age_and_not_of_the_settings() {
        assert_eq!(lives(&[("age", "12")]), [42, 30, 300]);
        assert_eq!(
            lives(&[("age", "12"), ("cache-control", "max-age=20")]),
            [20, 30, 300]
        );
        assert_eq!(caching(&[("age", "-3")]).age, Duration::ZERO);
    }

    #[test]
    fn what_a_confirmation_does_not_say_is_as_it_was() {
        let known = caching(&[
            ("etag", "\"1\""),
            ("cache-control", "max-age=5"),
            ("age", "2"),
        ]);
        let silent = caching(&[]).confirming(&known);
        assert_eq!(
            silent.fresh(Duration::from_secs(30)),
            Duration::from_secs(5)
        );
        assert_eq!(
            (silent.age, &silent.validator),
            (Duration::ZERO, &known.validator)
        );
        let other = caching(&[("etag", "\"2\""), ("cache-control", "no-store")]);
        assert_eq!(other.clone().confirming(&known), other);
    }

    #[test]
    fn what_may_not_be_kept_says_why() {
        for head in [
            [("cache-control", "max-age=5, no-store")],
            [("vary", "accept, *")],
            [("set-cookie", "a=b")],
        ] {
            assert!(caching(&head).forbidden.is_some(), "{head:?}");
        }
        assert_eq!(caching(&[("vary", "authorization")]).forbidden, None);
    }

    #[test]
    fn only_an_entity_tag_is_a_validator() {
        let tag = |value| {
            caching(&[("etag", value)])
                .validator
                .map(|v| v.if_none_match().1)
        };
        assert_eq!(tag("\"a\""), Some(HeaderValue::from_static("\"a\"")));
        assert_eq!(tag("W/\"a\""), Some(HeaderValue::from_static("W/\"a\"")));
        for other in ["a", "\"", "W/a", ""] {
            assert_eq!(tag(other), None, "{other}");
        }
    }
}
