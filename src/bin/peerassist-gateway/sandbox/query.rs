//! The query string: repeated names, typed values, and Spring's habit of not minding what it does not know.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::instant::Instant;

/// The decoded pairs of a query string, in their order.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a name; an empty one counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(name).next().filter(|value| !value.is_empty())
    }

    pub(crate) fn id(&self, name: &str) -> Answer<Option<i64>> {
        self.read(name, |text| text.parse().ok())
    }

    pub(crate) fn instant(&self, name: &str) -> Answer<Option<Instant>> {
        self.read(name, Instant::parse)
    }

    fn read<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Answer<Option<T>> {
        self.text(name)
            .map(|text| parse(text).ok_or_else(|| refused(name, text)))
            .transpose()
    }

    /// All words of a repeatable parameter. Spring also splits at commas, so this does.
    pub(crate) fn words<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Answer<Vec<T>> {
        self.values(name)
            .flat_map(|value| value.split(','))
            .filter(|word| !word.is_empty())
            .map(|word| parse(word).ok_or_else(|| refused(name, word)))
            .collect()
    }
}

fn refused(name: &str, text: &str) -> Problem {
    Problem::bad_request(format!(
        "Failed to convert value '{text}' of parameter '{name}'"
    ))
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
impl From<&str> for Query {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}
