//! What a client says of kept answers with `Cache-Control`: a header of HTTP, or metadata of gRPC.
//!
//! `no-cache`, `no-store`, `max-age`, `max-stale` and `min-fresh` are honoured (RFC 9111, 5.2.1). `only-if-cached` is
//! not: the directives are advisory, an operation is made of many questions, and one that is answered by half would
//! help nobody. What is unknown or malformed is ignored (5.2), a directive by itself.

use std::time::Duration;

use crate::domain::caller::CachePolicy;

/// The name of the header.
pub const HEADER: &str = "cache-control";

/// Longest time that is told apart from a longer one (RFC 9111, 1.2.2).
const SECONDS_MAX: u64 = 1 << 31;

/// Which kept answers do for a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// Whether any do.
    pub policy: CachePolicy,
    /// None that are older than this.
    pub age_max: Option<Duration>,
    /// None that will not be fresh for so long.
    pub fresh_min: Duration,
    /// None that have been stale for longer; where absent, as long as the gateway thinks fit.
    pub stale_max: Option<Duration>,
}

impl CacheControl {
    /// Reads the values of all `Cache-Control` headers of one request, and those of `Pragma`, which count where there
    /// are none of the others (RFC 9111, 5.4).
    pub fn from_headers<'a>(
        cache_control: impl Iterator<Item = &'a [u8]>,
        mut pragma: impl Iterator<Item = &'a [u8]>,
    ) -> Self {
        let mut cache_control = cache_control.peekable();
        let mut asked = CacheControl::default();
        if cache_control.peek().is_none() {
            if pragma.any(|value| Directives(value).any(|(name, _)| is(name, "no-cache"))) {
                asked.policy = CachePolicy::NoCache;
            }
            return asked;
        }
        let mut allows_stale = false;
        for (name, argument) in cache_control.flat_map(Directives) {
            let time = argument.and_then(seconds);
            if is(name, "no-store") {
                asked.policy = CachePolicy::NoStore;
            } else if is(name, "no-cache") {
                asked.policy = asked.policy.max(CachePolicy::NoCache);
            } else if is(name, "max-age") {
                // Of two, what is asked of an answer is asked by both.
                asked.age_max = least(asked.age_max, time);
            } else if is(name, "min-fresh") {
                asked.fresh_min = asked.fresh_min.max(time.unwrap_or_default());
            } else if is(name, "max-stale") && (argument.is_none() || time.is_some()) {
                allows_stale = true;
                asked.stale_max = least(asked.stale_max, time);
            }
        }
        // Whoever says how old an answer may be wants no stale one, unless that is said, too (5.2.1.1).
        if asked.age_max.is_some() && !allows_stale {
            asked.stale_max = Some(Duration::ZERO);
        }
        if asked.age_max == Some(Duration::ZERO) {
            asked.policy = asked.policy.max(CachePolicy::NoCache);
        }
        asked
    }
}

fn is(name: &[u8], known: &str) -> bool {
    name.eq_ignore_ascii_case(known.as_bytes())
}

fn least(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// A number of seconds: digits and nothing else, and as many as one likes.
pub fn seconds(text: &[u8]) -> Option<Duration> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = text.iter().fold(0u64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
            .min(SECONDS_MAX)
    });
    Some(Duration::from_secs(number))
}

/// The directives of one header: names with their arguments, quoted ones without their quotes. One that is malformed
/// is passed over up to the next comma; a quote that is never closed swallows the rest.
pub struct Directives<'a>(pub &'a [u8]);

impl<'a> Iterator for Directives<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            let (part, rest) = split_at_comma(self.0);
            self.0 = rest;
            if let Some(directive) = directive(part) {
                return Some(directive);
            }
        }
        None
    }
}

/// What stands before the first comma outside of quotes, and what stands after it.
fn split_at_comma(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut quoted, mut escaped) = (false, false);
    for (place, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return (&text[..place], &text[place + 1..]),
            _ => {}
        }
    }
    (text, &[])
}

fn directive(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let text = text.trim_ascii();
    let (name, argument) = match text.iter().position(|byte| *byte == b'=') {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    };
    let is_name = !name.is_empty() && name.iter().copied().all(is_token);
    let argument = match argument {
        None => None,
        Some([b'"', inner @ .., b'"']) => Some(inner),
        Some(argument) if argument.iter().copied().all(is_token) => Some(argument),
        Some(_) => return None,
    };
    is_name.then_some((name, argument))
}

/// RFC 9110, 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::CacheControl;
    use crate::domain::caller::CachePolicy;

    fn of(cache_control: &[&str], pragma: &[&str]) -> CacheControl {
        let bytes = |values: &[&str]| -> Vec<Vec<u8>> {
            values.iter().map(|v| v.as_bytes().to_vec()).collect()
        };
        let (cache_control, pragma) = (bytes(cache_control), bytes(pragma));
        CacheControl::from_headers(
            cache_control.iter().map(Vec::as_slice),
            pragma.iter().map(Vec::as_slice),
        )
    }

    #[test]
    fn each_header_says_which_kept_answers_do() {
        use CachePolicy::Any;
        use CachePolicy::NoCache;
        use CachePolicy::NoStore;
        // The policy, and in seconds: max-age, min-fresh, max-stale.
        let table = [
            ("", (Any, None, 0, None)),
            ("no-cache", (NoCache, None, 0, None)),
            ("NO-CACHE", (NoCache, None, 0, None)),
            ("no-store", (NoStore, None, 0, None)),
            ("no-store, no-cache", (NoStore, None, 0, None)),
            ("no-cache,no-store", (NoStore, None, 0, None)),
            ("max-age=0", (NoCache, Some(0), 0, Some(0))),
            ("max-age=10", (Any, Some(10), 0, Some(0))),
            ("Max-Age=\"10\"", (Any, Some(10), 0, Some(0))),
            ("max-age=10, max-age=5", (Any, Some(5), 0, Some(0))),
            ("max-age=10, max-stale", (Any, Some(10), 0, None)),
            ("max-age=10, max-stale=7", (Any, Some(10), 0, Some(7))),
            ("max-stale=7", (Any, None, 0, Some(7))),
            ("max-stale", (Any, None, 0, None)),
            ("min-fresh=4", (Any, None, 4, None)),
            ("\t no-transform ,, no-cache ", (NoCache, None, 0, None)),
            ("only-if-cached", (Any, None, 0, None)),
            (
                "max-age=99999999999999999999",
                (Any, Some(1 << 31), 0, Some(0)),
            ),
            // Malformed or unknown: as if it were not there.
            ("max-age", (Any, None, 0, None)),
            ("max-age=", (Any, None, 0, None)),
            ("max-age=-1", (Any, None, 0, None)),
            ("max-age=1.5", (Any, None, 0, None)),
            ("max-age=10s", (Any, None, 0, None)),
            ("max-age = 10", (Any, None, 0, None)),
            ("max-age=10, max-stale=x", (Any, Some(10), 0, Some(0))),
            ("no cache", (Any, None, 0, None)),
            ("no-cach\u{e9}", (Any, None, 0, None)),
            ("x=\"no-store, max-age=0\"", (Any, None, 0, None)),
            ("x=\"\\\", no-store\", no-cache", (NoCache, None, 0, None)),
            ("x=\"no-store, no-cache", (Any, None, 0, None)),
            ("no-cache, x=\"", (NoCache, None, 0, None)),
            ("=, no-cache", (NoCache, None, 0, None)),
        ];
        for (value, (policy, age_max, fresh_min, stale_max)) in table {
            let wanted = CacheControl {
                policy,
                age_max: age_max.map(Duration::from_secs),
                fresh_min: Duration::from_secs(fresh_min),
                stale_max: stale_max.map(Duration::from_secs),
            };
            assert_eq!(of(&[value], &[]), wanted, "{value}");
        }
    }

    #[test]
    fn several_headers_are_one_list_and_pragma_counts_only_alone() {
        assert_eq!(
            of(&["max-age=9", "no-cache"], &[]).policy,
            CachePolicy::NoCache
        );
        assert_eq!(of(&[], &["x, No-Cache"]).policy, CachePolicy::NoCache);
        assert_eq!(of(&[], &["no-store"]).policy, CachePolicy::Any);
        assert_eq!(of(&["max-age=9"], &["no-cache"]).policy, CachePolicy::Any);
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(value: Vec<u8>) {
            let strange = [value.as_slice()];
            let asked = CacheControl::from_headers(strange.into_iter(), std::iter::empty());
            let with = [value.as_slice(), b"no-store"];
            let with = CacheControl::from_headers(with.into_iter(), std::iter::empty());
            // A header cannot take back what another one says.
            prop_assert_eq!(with, CacheControl { policy: CachePolicy::NoStore, ..asked });
        }
    }
}
