//! What the text of a setting must look like, and what it then means.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::upstream::shared;

/// Longest duration that makes sense for any setting.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Most bytes that make sense for any setting: 1 TiB.
const BYTES_MAX: u64 = 1 << 40;

const DURATION_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

const BYTES_UNITS: [(&str, u64); 5] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("B", 1),
    ("", 1),
];

/// What the text of a setting must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An IP address and a port.
    Address,
    /// An absolute `https` or `http` URL without credentials, query and fragment.
    Url,
    /// A duration above zero.
    Timeout,
    /// A duration; zero turns the thing off.
    Duration,
    /// A size of at least so many bytes.
    Bytes(u64),
    /// A whole number from the first to the second.
    Count(u64, u64),
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any of these words, with commas between them; in the file a list of texts, too.
    Words(&'static [&'static str]),
    /// Directives of a log filter, as in `RUST_LOG`.
    Filter,
    /// The path of a file.
    Path,
    /// At least so many characters that are never shown.
    Secret(usize),
    /// The URL of a Redis, never shown because it may hold a password.
    RedisUrl,
}

/// What a text meant.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Address(SocketAddr),
    Url(Url),
    Duration(Duration),
    Number(u64),
    Switch(bool),
    Text(String),
    Words(Vec<String>),
    Secret(SecretString),
}

impl Form {
    /// What to write: completes "write …".
    pub fn hint(self) -> String {
        match self {
            Form::Address => {
                "an address and a port such as 127.0.0.1:8080 or [::1]:8080".to_owned()
            }
            Form::Url => "a URL such as https://api.example.com".to_owned(),
            Form::Timeout => "a duration above zero such as 500ms, 15s or 2m".to_owned(),
            Form::Duration => "a duration such as 0s, 500ms, 15s or 2m".to_owned(),
            Form::Bytes(0) => "a size such as 0, 65536, 256KiB or 64MiB".to_owned(),
            Form::Bytes(min) => {
                format!("a size such as 65536, 256KiB or 64MiB, at least {min} bytes")
            }
            Form::Count(min, max) => format!("a number from {min} to {max}"),
            Form::Switch => "true or false".to_owned(),
            Form::Choice(words) => format!("one of {}", words.join(", ")),
            Form::Words(known) => format!("any of {}, with commas between", known.join(", ")),
            Form::Filter => {
                "log directives such as info or info,peerassist_gateway=debug".to_owned()
            }
            Form::Path => "the path of a file such as /etc/peerassist/documents.json".to_owned(),
            Form::Secret(min) => format!("at least {min} characters"),
            Form::RedisUrl => {
                "a URL such as rediss://user:password@redis.example.com:6380/0".to_owned()
            }
        }
    }

    /// The text as a mistake may show it; a URL may hide a password or a key where none belongs.
    pub(super) fn shown(self, text: &str) -> String {
        match self {
            Form::Secret(_) | Form::RedisUrl => "***".to_owned(),
            Form::Url if text.contains(['@', '?', '#']) => "***".to_owned(),
            _ => text.to_owned(),
        }
    }

    /// What the text means, or what is wrong with it: completes "… is wrong: it".
    pub(super) fn read(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Form::Address => text
                .parse()
                .map(Value::Address)
                .map_err(|_| "is not an address with a port"),
            Form::Url => url(text).map(Value::Url),
            Form::Timeout => match duration(text)? {
                Duration::ZERO => Err("is zero"),
                above => Ok(Value::Duration(above)),
            },
            Form::Duration => duration(text).map(Value::Duration),
            Form::Bytes(min) => match bytes(text)? {
                few if few < min => Err("is too small"),
                enough => Ok(Value::Number(enough)),
            },
            Form::Count(min, max) => match text.parse() {
                Ok(number) if (min..=max).contains(&number) => Ok(Value::Number(number)),
                Ok(_) => Err("is out of range"),
                Err(_) => Err("is not a whole number"),
            },
            Form::Switch => text
                .parse()
                .map(Value::Switch)
                .map_err(|_| "is neither true nor false"),
            Form::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            Form::Choice(_) => Err("is not a known word"),
            Form::Words(known) => {
                let said: Vec<String> = words(text).map(str::to_owned).collect();
                match said.iter().all(|word| known.contains(&word.as_str())) {
                    true => Ok(Value::Words(said)),
                    false => Err("is not a known word"),
                }
            }
            Form::Filter => match EnvFilter::try_new(text) {
                Ok(_) => Ok(Value::Text(text.to_owned())),
                Err(_) => Err("is not a log filter"),
            },
            Form::Path => Ok(Value::Text(text.to_owned())),
            Form::Secret(min) if text.chars().count() < min => Err("is too short"),
            Form::Secret(_) => Ok(Value::Secret(SecretString::from(text))),
            Form::RedisUrl => redis_url(text).map(Value::Secret),
        }
    }
}

/// The words of a text with commas between them.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an absolute URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("is not an http or https URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains credentials");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment");
    }
    Ok(url)
}

fn redis_url(text: &str) -> Result<SecretString, &'static str> {
    let url = SecretString::from(text);
    if cfg!(not(feature = "redis")) {
        return Err("needs a program that was built with the feature redis");
    }
    shared::is_url(&url)
        .then_some(url)
        .ok_or("is not the URL of a Redis")
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let millis = scaled(text, &DURATION_UNITS).ok_or("is not a number with a unit of time")?;
    let duration = Duration::from_millis(millis);
    if duration > DURATION_MAX {
        Err("is longer than a day")
    } else {
        Ok(duration)
    }
}

fn bytes(text: &str) -> Result<u64, &'static str> {
    let bytes = scaled(text, &BYTES_UNITS).ok_or("is not a size")?;
    if bytes > BYTES_MAX {
        Err("is more than a tebibyte")
    } else {
        Ok(bytes)
    }
}

/// A whole number times its unit; saturates, because every caller has an upper bound.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    match number.parse::<u64>() {
        Ok(number) => Some(number.saturating_mul(*factor)),
        Err(_) if digits > 0 => Some(u64::MAX),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_bounds() {
        let millis = |text| duration(text).map(|duration| duration.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("15s"), Ok(15_000));
        assert_eq!(millis("2m"), Ok(120_000));
        assert_eq!(millis("24h"), Ok(86_400_000));
        assert_eq!(millis("1 s"), Ok(1_000));
        assert_eq!(millis("0s"), Ok(0));
        for wrong in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "1d",
            "1S",
            "25h",
            "99999999999999999999999h",
        ] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_binary_multiples() {
        assert_eq!(bytes("65536"), Ok(65_536));
        assert_eq!(bytes("256KiB"), Ok(262_144));
        assert_eq!(bytes("64 MiB"), Ok(67_108_864));
        assert_eq!(bytes("2GiB"), Ok(2_147_483_648));
        for wrong in [
            "",
            "KiB",
            "1kb",
            "1MB",
            "-1",
            "1.5MiB",
            "9999GiB",
            "99999999999999999999999",
        ] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn urls_carry_nothing_but_the_place() {
        assert!(url("https://api.example.com/v1").is_ok());
        for wrong in [
            "",
            "api.example.com",
            "/x",
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a?k=1",
            "https://a#f",
        ] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Form::Url.shown("https://u:p@a"), "***");
        assert_eq!(Form::Url.shown("https//a"), "https//a");
    }
}
