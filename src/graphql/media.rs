//! Media types of GraphQL over HTTP: which one the client takes, and which one it sent.

use http::HeaderMap;
use http::header;

/// The media types of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status code says what became of the request.
    GraphqlResponse,
    /// `application/json`: for clients from before that; 200 for every request that is well formed.
    Json,
    /// `text/event-stream`: one event for each result, as in the distinct connections mode of GraphQL over SSE.
    EventStream,
}

impl Media {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Media::Json => "application/json; charset=utf-8",
            Media::EventStream => "text/event-stream; charset=utf-8",
        }
    }

    /// The type that the client likes best, by RFC 9110 section 12.5.1; `None` where it takes none.
    ///
    /// Without `Accept`, and for ranges such as `*/*`, the older type (GraphQL over HTTP, "Legacy"). A stream only for
    /// those who take nothing else: one that takes JSON, too, has no use for a stream of one result.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::ACCEPT).iter();
        let ranges: Vec<&str> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter(|range| !range.trim().is_empty())
            .collect();
        if ranges.is_empty() {
            return Some(Media::Json);
        }
        let ranges: Vec<Range> = ranges.into_iter().filter_map(Range::parse).collect();
        let graphql = quality(&ranges, ("application", "graphql-response+json"));
        let json = quality(&ranges, ("application", "json"));
        match (graphql, json) {
            (Some(graphql), Some(json)) if graphql.quality == json.quality => {
                // Named outright beats a range; both by a range means that the client does not know the newer one.
                Some(if graphql.exactness >= Exactness::Full {
                    Media::GraphqlResponse
                } else {
                    Media::Json
                })
            }
            (Some(graphql), Some(json)) if graphql.quality < json.quality => Some(Media::Json),
            (Some(_), _) => Some(Media::GraphqlResponse),
            (None, Some(_)) => Some(Media::Json),
            (None, None) => quality(&ranges, ("text", "event-stream")).map(|_| Media::EventStream),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    Any,
    Kind,
    Full,
}

#[derive(Clone, Copy)]
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths.
    quality: u16,
    exactness: Exactness,
}

impl<'a> Range<'a> {
    /// A range whose weight cannot be read is none.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight =
            parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let exactness = match (kind, subtype) {
            ("*", "*") => Exactness::Any,
            (_, "*") => Exactness::Kind,
            _ => Exactness::Full,
        };
        Some(Range {
            kind,
            subtype,
            quality: weight.map_or(Some(1000), thousandths)?,
            exactness,
        })
    }

    fn covers(&self, (kind, subtype): (&str, &str)) -> bool {
        match self.exactness {
            Exactness::Any => true,
            Exactness::Kind => self.kind.eq_ignore_ascii_case(kind),
            Exactness::Full => {
                self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
            }
        }
    }
}

/// A weight of RFC 9110, section 12.4.2: 0 to 1 with at most three digits behind the point.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    if part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1000),
        _ => None,
    }
}

/// The most exact range that covers a type, unless it refuses it (`q=0`).
fn quality<'a>(ranges: &[Range<'a>], media: (&str, &str)) -> Option<Range<'a>> {
    let covering = ranges.iter().filter(|range| range.covers(media));
    covering
        .max_by_key(|range| range.exactness)
        .copied()
        .filter(|range| range.quality > 0)
}

/// Whether a browser asks for a page.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let mut values = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.any(|value| value.contains("text/html"))
}

/// Whether the body is JSON in UTF-8, by its content type.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or("");
    let charset = parts.find_map(|part| {
        part.to_ascii_lowercase()
            .strip_prefix("charset=")
            .map(str::to_owned)
    });
    let utf8 = charset.is_none_or(|charset| charset.trim_matches('"') == "utf-8");
    essence.eq_ignore_ascii_case("application/json") && utf8
}

#[cfg(test)]
mod tests {
    use super::Media;
    use super::is_json;
    use http::HeaderMap;
    use http::HeaderValue;
    use http::header;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_client_gets_the_type_that_it_likes_best() {
        let table = [
            (
                "application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            ("application/json", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("application/*", Some(Media::Json)),
            (
                "application/graphql-response+json,application/json;q=0.9",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/json, application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/graphql-response+json;q=0, application/json",
                Some(Media::Json),
            ),
            (
                "application/graphql-response+json;q=0.5, application/json",
                Some(Media::Json),
            ),
            (
                "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
                Some(Media::GraphqlResponse),
            ),
            ("text/event-stream, */*;q=0.1", Some(Media::Json)),
            ("text/event-stream", Some(Media::EventStream)),
            (
                "text/html, text/event-stream;q=0.1",
                Some(Media::EventStream),
            ),
            ("text/event-stream;q=0", None),
            ("text/*", Some(Media::EventStream)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=0.000", None),
            ("application/json;q=0.001", Some(Media::Json)),
            ("application/json;q=1.000", Some(Media::Json)),
            (
                "application/json;q=0.9, application/graphql-response+json;q=0.901",
                Some(Media::GraphqlResponse),
            ),
            // Weights that are none: such a range does not count.
            ("application/json;q=1.001", None),
            ("application/json;q=0.0001", None),
            ("application/json;q=1e-1", None),
            ("application/json;q=+1", None),
            ("application/json;q=NaN", None),
            ("application/json;q=", None),
            ("json", None),
            ("", Some(Media::Json)),
            (" , ", Some(Media::Json)),
        ];
        for (accept, media) in table {
            assert_eq!(
                Media::negotiate(&headers(header::ACCEPT, accept)),
                media,
                "{accept}"
            );
        }
        assert_eq!(Media::negotiate(&HeaderMap::new()), Some(Media::Json));
    }

    #[test]
    fn only_json_in_utf8_is_a_request() {
        for good in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=\"UTF-8\"",
        ] {
            assert!(is_json(&headers(header::CONTENT_TYPE, good)), "{good}");
        }
        for bad in [
            "text/plain",
            "application/json; charset=utf-16",
            "multipart/form-data",
            "application/graphql",
        ] {
            assert!(!is_json(&headers(header::CONTENT_TYPE, bad)), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
