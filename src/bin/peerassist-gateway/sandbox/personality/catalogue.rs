//! Every personality by its name: what it is called, what it says, and which step of the layer does it.

use std::time::Duration;

use axum::http::Method;
use axum::http::StatusCode;

use self::Aspect as A;
use super::Personalities;
use super::call::Call;
use super::dates::Dates;
use super::decimals::Decimals;
use super::envelope::Envelope;
use super::failures::NotFound;
use super::failures::Told;
use super::gate;
use super::gate::Refusal;
use super::lists::Window;
use super::objects;
use super::values;
use super::writes::Reply;

/// A personality that can be asked for.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// How its value is written: `=MS`, or `[=STATUS]` where it may be left out.
    pub(super) form: &'static str,
    /// Rows of section 4 of the upstream contract; none for what its section 3.0 leaves open.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tells the tests that no row is left out")
    )]
    pub(super) rows: &'static [u8],
    /// What it decides; two that decide the same contradict each other.
    pub(super) decides: &'static [Aspect],
    pub(super) help: &'static str,
    pub(super) set: Set,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Set {
    Plain(fn(&mut Personalities)),
    Valued {
        /// Stands in for a value that is left out.
        default: Option<&'static str>,
        set: fn(&mut Personalities, &str) -> Result<(), String>,
    },
}

/// What can be so or otherwise, but not both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    CreateStatus,
    WriteReply,
    PutStyle,
    Delete,
    FwoWrites,
    CustomerList,
    Envelope,
    Content,
    PageNumber,
    PageNames,
    Rows,
    Sizes,
    Decimals,
    Dates,
    FailureBody,
    Unauthorized,
    NotFound,
    ExpiresIn,
}

impl Aspect {
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::CreateStatus => "the status of a create",
            Self::WriteReply => "what a write is answered with",
            Self::PutStyle => "where the id of a PUT stands",
            Self::Delete => "what a delete does",
            Self::FwoWrites => "what becomes of a new FWO",
            Self::CustomerList => "how customers are listed",
            Self::Envelope => "how a list is wrapped",
            Self::Content => "what holds the rows of a list",
            Self::PageNumber => "how a page is counted",
            Self::PageNames => "what the page parameters are called",
            Self::Rows => "which rows are on a page",
            Self::Sizes => "how large a page may be",
            Self::Decimals => "how decimals are written",
            Self::Dates => "how dates are written",
            Self::FailureBody => "how a failure is told",
            Self::Unauthorized => "how a token is refused",
            Self::NotFound => "what an unknown id is answered with",
            Self::ExpiresIn => "how long a token is said to live",
        }
    }
}

const fn plain(
    name: &'static str,
    rows: &'static [u8],
    decides: &'static [Aspect],
    help: &'static str,
    set: fn(&mut Personalities),
) -> Entry {
    Entry {
        name,
        form: "",
        rows,
        decides,
        help,
        set: Set::Plain(set),
    }
}

/// A value must be given.
const fn valued(
    (name, form): (&'static str, &'static str),
    rows: &'static [u8],
    decides: &'static [Aspect],
    help: &'static str,
    set: fn(&mut Personalities, &str) -> Result<(), String>,
) -> Entry {
    Entry {
        name,
        form,
        rows,
        decides,
        help,
        set: Set::Valued { default: None, set },
    }
}

/// The value may be left out.
const fn defaulted(
    (name, form, default): (&'static str, &'static str, &'static str),
    rows: &'static [u8],
    decides: &'static [Aspect],
    help: &'static str,
    set: fn(&mut Personalities, &str) -> Result<(), String>,
) -> Entry {
    Entry {
        name,
        form,
        rows,
        decides,
        help,
        set: Set::Valued {
            default: Some(default),
            set,
        },
    }
}

// A table is read by its columns.
#[rustfmt::skip]
pub(super) const CATALOGUE: &[(&str, &[Entry])] = &[
    ("Answers to writes", &[
        plain("created-201", &[7], &[A::CreateStatus], "a create answers 201 with a Location", |p| p.writes.created_is_201 = true),
        plain("empty-204", &[7], &[A::CreateStatus, A::WriteReply], "POST and PUT answer 204", |p| p.writes.reply = Reply::NoContent),
        plain("empty-body", &[7], &[A::WriteReply], "POST and PUT answer with no body", |p| p.writes.reply = Reply::Empty),
        plain("only-id", &[7], &[A::WriteReply], "POST and PUT answer with the id alone", |p| p.writes.reply = Reply::Id),
        plain("only-true", &[7], &[A::WriteReply], "POST and PUT answer with a bare true", |p| p.writes.reply = Reply::True),
        plain("only-message", &[7], &[A::WriteReply], "POST and PUT answer with a message alone", |p| p.writes.reply = Reply::Message),
        plain("deleted-200", &[7], &[], "a delete answers 200 with a bare true", |p| p.writes.deleted_is_200 = true),
        plain("soft-delete", &[12], &[A::Delete], "a deleted customer stays and is INACTIVE", |p| p.writes.delete_is_soft = true),
        valued(("lost-answer", "=HOW[:N]"), &[18], &[], "every Nth write is done, then close, hang or 5xx", values::lost_answer),
    ]),
    ("Routes", &[
        plain("body-put", &[2], &[A::PutStyle], "PUT takes the id in the body; /x/{id} gives 405", |p| p.refuse(gate::put_by_path, NO_METHOD)),
        plain("path-put", &[2], &[A::PutStyle], "PUT takes the id in the path; /x gives 405", |p| p.refuse(gate::put_by_body, NO_METHOD)),
        defaulted(("no-customer-list", "[=404|405]", "405"), &[11], &[A::CustomerList], "there is no list of customers", |p, value| p.miss(gate::customer_list, value)),
        defaulted(("no-fwo-details", "[=404|405]", "404"), &[11], &[], "there is no GET /fwo/{id}", |p, value| p.miss(gate::fwo_details, value)),
        defaulted(("no-fwo-writes", "[=404|405]", "405"), &[11], &[A::FwoWrites], "FWOs can only be read", |p, value| p.miss(gate::fwo_writes, value)),
        defaulted(("no-delete", "[=404|405]", "405"), &[11], &[A::Delete], "nothing can be deleted", |p, value| p.miss(gate::deletes, value)),
        defaulted(("no-projects", "[=404|405]", "404"), &[11], &[], "there is no /project", |p, value| p.miss(gate::projects, value)),
        defaulted(("no-credits", "[=STATUS]", "402"), &[19], &[A::FwoWrites], "POST /fwo is refused: no credits left", values::no_credits),
        plain("search-by-post", &[5], &[A::CustomerList], "lists are asked for by POST /x/search", |p| {
            p.lists.are_searched_by_post = true;
            p.refuse(gate::any_list, NO_METHOD);
        }),
    ]),
    ("Lists", &[
        plain("bare-array", &[5], &[A::Envelope, A::Content, A::PageNumber, A::PageNames, A::Rows, A::Sizes], "the whole list as an array; there are no pages", |p| {
            p.lists.envelope = Envelope::Array;
            p.lists.window = Window::Whole;
        }),
        plain("array-pages", &[5], &[A::Envelope, A::Content], "a page is an array of its rows, without totals", |p| p.lists.envelope = Envelope::Array),
        plain("paged-model", &[5], &[A::Envelope], "Spring's PagedModel: {content, page{}}", |p| p.lists.envelope = Envelope::PagedModel),
        plain("hal", &[5], &[A::Envelope, A::Content], "HAL: {_embedded, _links, page{}}", |p| p.lists.envelope = Envelope::Hal),
        plain("slice", &[5], &[A::Envelope], "Spring's Slice: no totals", |p| p.lists.envelope = Envelope::Slice),
        valued(("content-name", "=NAME"), &[5], &[A::Content], "rows stand in NAME, not in content", |p, value| values::identifier(value).map(|name| p.lists.content = name)),
        plain("one-based", &[5], &[A::PageNumber], "pages are asked for from 1, and told from 0", |p| p.lists.first_number = 1),
        defaulted(("page-names", "[=PAGE,SIZE]", "pageNumber,pageSize"), &[5], &[A::PageNames], "pageNumber and pageSize, not page and size", values::page_names),
        plain("offset-limit", &[5], &[A::PageNumber, A::PageNames], "offset and limit, not page and size", |p| p.lists.window = Window::OffsetAndLimit),
        valued(("size-cap", "=N"), &[5], &[A::Sizes], "no page is larger than N", |p, value| values::number(value, 1, i32::MAX).map(|size| p.lists.size_max = size)),
        plain("no-size-cap", &[21], &[A::Sizes], "a page is as large as was asked for", |p| p.lists.size_max = i64::from(i32::MAX)),
        plain("ignored-filters", &[4], &[], "filters change nothing", |p| p.lists.filters_are_ignored = true),
        plain("ignored-sort", &[5], &[], "sort changes nothing", |p| p.lists.sort_is_ignored = true),
        plain("unstable-order", &[16], &[], "ties change their order, unless sorted by id", |p| p.lists.ties_alternate = true),
        plain("drifting-pages", &[16], &[A::Rows], "a row comes in before the second page is read", |p| p.lists.pages_drift = true),
    ]),
    ("Objects (bodies that are sent back are understood)", &[
        plain("fwo-renamed", &[1], &[], "fwoNumber, step, ticketType of an FWO", |p| p.objects.fwo_is_renamed = true),
        plain("fwo-nested", &[1], &[], "project{} and customer{} within an FWO", |p| p.objects.fwo_nests.extend([&objects::PROJECT, &objects::CUSTOMER])),
        plain("fwo-totals", &[1], &[], "amount and laborHours in totals{}", |p| p.objects.fwo_nests.push(&objects::TOTALS)),
        plain("extra-members", &[1, 3], &[], "12 members more; a PUT without them wipes them", |p| p.objects.has_extras = true),
        plain("explicit-nulls", &[17], &[], "null in place of absent members", |p| p.objects.nulls_are_written = true),
        plain("string-ids", &[17], &[], "ids are quoted", |p| p.objects.spelling.ids_are_text = true),
        plain("unknown-status", &[6], &[], "ARCHIVED for INACTIVE, OWNER_REVIEW for EXECUTED", |p| p.objects.spelling.unknown_statuses = true),
        plain("spaced-words", &[6], &[], "\"Pending Signature\" for PENDING_SIGNATURE", |p| p.objects.spelling.words_have_spaces = true),
        plain("decimal-text", &[13, 17], &[A::Decimals], "decimals are quoted", |p| p.objects.spelling.decimals = Decimals::Text),
        plain("decimal-exponents", &[13], &[A::Decimals], "1.25050E3 for 1250.50", |p| p.objects.spelling.decimals = Decimals::Exponents),
        plain("decimal-doubles", &[13], &[A::Decimals], "0.30000000000000004 for 0.30", |p| p.objects.spelling.decimals = Decimals::Doubles),
        plain("money-cents", &[13], &[A::Decimals], "125050 for 1250.50; hours stay as they are", |p| p.objects.spelling.decimals = Decimals::Cents),
        plain("date-millis", &[14], &[A::Dates], "dates are milliseconds since 1970", |p| p.objects.spelling.dates = Dates::Millis),
        plain("date-no-zone", &[14], &[A::Dates], "2026-05-14T17:03:11.482", |p| p.objects.spelling.dates = Dates::WithoutZone),
        plain("date-offset", &[14], &[A::Dates], "2026-05-14T17:03:11.482+0000", |p| p.objects.spelling.dates = Dates::OffsetWithoutColon),
        plain("date-arrays", &[14], &[A::Dates], "[2026,5,14,17,3,11,482000000]", |p| p.objects.spelling.dates = Dates::Arrays),
        plain("date-month-first", &[14], &[A::Dates], "05/14/2026 17:03:11", |p| p.objects.spelling.dates = Dates::MonthFirst),
    ]),
    ("Failures", &[
        plain("html-errors", &[8], &[A::FailureBody], "a page of HTML", |p| p.failures.told = Told::Html),
        plain("oauth-errors", &[8], &[A::FailureBody], "{error, error_description}", |p| p.failures.told = Told::Oauth),
        plain("problem-errors", &[8], &[A::FailureBody], "RFC 7807: {type, title, status, detail, instance}", |p| p.failures.told = Told::ProblemDetails),
        plain("text-errors", &[8], &[A::FailureBody], "the message as plain text", |p| p.failures.told = Told::Text),
        plain("no-message", &[8], &[A::FailureBody], "neither message nor errors", |p| p.failures.told = Told::WithoutMessage),
        plain("empty-message", &[8], &[A::FailureBody], "an empty message and no errors", |p| p.failures.told = Told::WithEmptyMessage),
        plain("empty-401", &[8], &[A::Unauthorized], "a 401 has no body", |p| p.failures.unauthorized_is_empty = true),
        plain("expired-403", &[9], &[A::Unauthorized], "403 for a missing, unknown or expired token", |p| p.failures.unauthorized_is_403 = true),
        plain("not-found-null", &[9], &[A::NotFound], "200 with null for an unknown id", |p| p.failures.not_found = NotFound::Null),
        plain("not-found-empty", &[9], &[A::NotFound], "200 with no body for an unknown id", |p| p.failures.not_found = NotFound::Empty),
        valued(("not-found-status", "=STATUS"), &[9], &[A::NotFound], "400 or 500, say, for an unknown id", |p, value| values::failure(value).map(|status| p.failures.not_found = NotFound::Status(status))),
        valued(("conflict-status", "=STATUS"), &[9, 12], &[], "400 or 500, say, where it would be 409", |p, value| values::failure(value).map(|status| p.failures.conflict = Some(status))),
        plain("unknown-sort-500", &[9], &[], "500 for an unknown sort property", |p| p.failures.unknown_sort_is_500 = true),
    ]),
    ("Logins", &[
        plain("expires-in-seconds", &[10], &[A::ExpiresIn], "expiresIn is 3600", |p| p.login.expires_in = Some(3600)),
        valued(("expires-in", "=N"), &[10], &[A::ExpiresIn], "expiresIn is N, whatever it means", |p, value| values::number(value, 0, i32::MAX).map(|told| p.login.expires_in = Some(told as u64))),
        plain("expires-in-text", &[10], &[], "expiresIn is quoted", |p| p.login.expires_in_is_text = true),
        valued(("token-lifetime", "=SECONDS"), &[10], &[], "tokens really live so long, whatever is said", |p, value| values::number(value, 0, 3600).map(|seconds| p.login.lifetime = Some(Duration::from_secs(seconds as u64)))),
        defaulted(("client-key-header", "[=NAME]", "X-Client-Key"), &[20], &[], "the key travels in a header, X-Client-Key", values::client_key_header),
    ]),
    ("Transport", &[
        valued(("slow", "=MS"), &[21], &[], "every call waits first", |p, value| values::number(value, 0, 600_000).map(|wait| p.gate.wait = Duration::from_millis(wait as u64))),
        valued(("fail", "=STATUS[:N]"), &[9, 21], &[], "every Nth call but logins fails, and does nothing", values::fail),
        valued(("retry-after", "=SECONDS"), &[], &[], "429 and 503 of fail say Retry-After", |p, value| values::number(value, 0, 86_400).map(|seconds| p.gate.retry_after_seconds = Some(seconds as u32))),
        valued(("redirect", "=URL"), &[20], &[], "307 to the same path at URL, logins too", values::redirect),
    ]),
];

const NO_METHOD: StatusCode = StatusCode::METHOD_NOT_ALLOWED;

impl Personalities {
    fn refuse(&mut self, covers: fn(&Method, &Call) -> bool, status: StatusCode) {
        self.gate.refusals.push(Refusal {
            covers,
            status,
            message: None,
        });
    }

    fn miss(&mut self, covers: fn(&Method, &Call) -> bool, value: &str) -> Result<(), String> {
        let status = match value {
            "404" => StatusCode::NOT_FOUND,
            "405" => NO_METHOD,
            _ => return Err("write 404 or 405".to_owned()),
        };
        self.refuse(covers, status);
        Ok(())
    }
}

/// All of them, in the order of the table.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    CATALOGUE.iter().flat_map(|(_, entries)| *entries)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ROWS: std::ops::RangeInclusive<u8> = 1..=21;
    /// Narrower lists for some users need no switch: the sandbox's foreman has them.
    const WITHOUT_A_SWITCH: u8 = 15;

    #[test]
    fn no_row_of_the_contract_is_left_out() {
        let shown: BTreeSet<u8> = entries().flat_map(|entry| entry.rows).copied().collect();
        let wanted: BTreeSet<u8> = ROWS.filter(|row| *row != WITHOUT_A_SWITCH).collect();
        assert_eq!(shown, wanted);
    }

    #[test]
    fn a_name_stands_once() {
        let names: BTreeSet<_> = entries().map(|entry| entry.name).collect();
        assert_eq!(names.len(), entries().count());
    }
}
