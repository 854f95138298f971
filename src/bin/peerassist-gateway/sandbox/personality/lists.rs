//! Other ways to ask for a list: names and bases of the page parameters, sizes, filters and orders that are not heeded,
//! searches by POST. Whatever was asked becomes a range of rows, which is put together from pages of the handlers.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use axum::http::Method;
use axum::response::Response;
use url::form_urlencoded;

use super::call::Api;
use super::call::Call;
use super::call::body;
use super::envelope::Envelope;
use super::envelope::Page;
use super::tree::Tree;
use crate::sandbox::error::Problem;
use crate::sandbox::error::describe;
use crate::sandbox::page::SIZE_DEFAULT;
use crate::sandbox::page::SIZE_MAX;

/// How lists are asked for and answered.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    pub(super) envelope: Envelope,
    pub(super) content: String,
    pub(super) window: Window,
    pub(super) page_name: String,
    pub(super) size_name: String,
    /// The number of the first page in a request; answers count from 0 whatever it is.
    pub(super) first_number: i64,
    pub(super) size_max: i64,
    pub(super) filters_are_ignored: bool,
    pub(super) sort_is_ignored: bool,
    pub(super) ties_alternate: bool,
    pub(super) pages_drift: bool,
    pub(super) are_searched_by_post: bool,
}

/// What says which rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    Pages,
    OffsetAndLimit,
    /// Nothing: there is only the whole.
    Whole,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            envelope: Envelope::Spring,
            content: "content".to_owned(),
            window: Window::Pages,
            page_name: "page".to_owned(),
            size_name: "size".to_owned(),
            first_number: 0,
            size_max: SIZE_MAX,
            filters_are_ignored: false,
            sort_is_ignored: false,
            ties_alternate: false,
            pages_drift: false,
            are_searched_by_post: false,
        }
    }
}

/// The decoded parameters of a question.
pub(super) type Parameters = Vec<(String, String)>;

/// The rows that are wanted.
#[derive(Debug, PartialEq)]
struct Range {
    start: i64,
    size: i64,
    number: i64,
}

impl Lists {
    /// The page that was asked for, its rows as the handlers write them; or their refusal.
    pub(super) async fn page(
        &self,
        api: &Api,
        call: &Call,
        parameters: &Parameters,
        asked_before: &AtomicU64,
    ) -> Result<Page, Response> {
        let Range {
            start,
            size,
            number,
        } = self.range(parameters);
        let mut question = self.question(parameters);
        if self.ties_alternate && !orders_by_id(&question) {
            let is_odd = asked_before.fetch_add(1, Ordering::Relaxed) % 2 == 1;
            question.extend(is_odd.then(|| ("sort".to_owned(), "id,desc".to_owned())));
        }
        // As if a row had come in at the front after the first page was read.
        let drift = i64::from(self.pages_drift && start > 0);
        let wanted = start - drift..start.saturating_add(size) - drift;
        let Gathered { rows, total, sort } = gather(api, call, &question, wanted).await?;
        Ok(Page {
            rows,
            start,
            number,
            size,
            total: total + drift,
            sort,
        })
    }

    fn range(&self, parameters: &Parameters) -> Range {
        let number = |wanted: &str| {
            let found = parameters.iter().find(|(name, _)| name == wanted);
            found
                .and_then(|(_, text)| text.parse::<i32>().ok())
                .map(i64::from)
        };
        let sized = |name| {
            number(name)
                .filter(|size| *size >= 1)
                .unwrap_or(SIZE_DEFAULT)
                .min(self.size_max)
        };
        match self.window {
            Window::Pages => {
                let size = sized(&self.size_name);
                let asked = number(&self.page_name).unwrap_or(self.first_number);
                let number = (asked - self.first_number).max(0);
                Range {
                    start: number * size,
                    size,
                    number,
                }
            }
            Window::OffsetAndLimit => {
                let size = sized("limit");
                let start = number("offset").unwrap_or(0).max(0);
                Range {
                    start,
                    size,
                    number: start / size,
                }
            }
            Window::Whole => Range {
                start: 0,
                size: i64::from(i32::MAX),
                number: 0,
            },
        }
    }

    /// What is left to ask the handlers, but for the rows.
    fn question(&self, parameters: &Parameters) -> Parameters {
        let heeded = |name: &str| match name {
            "page" | "size" => false,
            "sort" => !self.sort_is_ignored,
            _ => !self.filters_are_ignored,
        };
        let heeded = parameters.iter().filter(|(name, _)| heeded(name));
        heeded.cloned().collect()
    }

    /// The address of another page of the same question.
    pub(super) fn link(&self, call: &Call, parameters: &Parameters, number: i64) -> String {
        let size = self.range(parameters).size;
        let (page_name, page, size_name) = match self.window {
            Window::Pages | Window::Whole => (
                &*self.page_name,
                number + self.first_number,
                &*self.size_name,
            ),
            Window::OffsetAndLimit => ("offset", number * size, "limit"),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        let others = parameters
            .iter()
            .filter(|(name, _)| name != page_name && name != size_name);
        query.extend_pairs(others);
        query.append_pair(page_name, &page.to_string());
        query.append_pair(size_name, &size.to_string());
        format!("{}{}?{}", call.origin(), call.list(), query.finish())
    }
}

/// Rows of the handlers' pages, and what the last of these said.
struct Gathered {
    rows: Vec<Tree>,
    total: i64,
    sort: Tree,
}

/// The rows in these places, from one page where that is possible and else from the largest ones.
async fn gather(
    api: &Api,
    call: &Call,
    question: &Parameters,
    wanted: std::ops::Range<i64>,
) -> Result<Gathered, Response> {
    let count = wanted.end - wanted.start;
    let size = match count <= SIZE_MAX && wanted.start % count == 0 {
        true => count,
        false => SIZE_MAX,
    };
    let (mut rows, mut number) = (Vec::new(), wanted.start / size);
    loop {
        let target = format!("{}?{}", call.list(), query(question, number, size));
        let answer = api.ask(call, Method::GET, &target, None).await;
        if !answer.status().is_success() {
            return Err(answer);
        }
        let (_, mut page) = body(answer).await;
        let total = page.member("totalElements").and_then(Tree::as_number);
        let (Some(total), Some(Tree::Array(found))) = (total, page.take("content")) else {
            let cause = "a page has neither rows nor a total";
            return Err(describe(Problem::internal(&cause), call.path.clone()));
        };
        let placed = (number * size..).zip(found);
        let wanted_ones = placed.filter(|(place, _)| wanted.contains(place));
        rows.extend(wanted_ones.map(|(_, row)| row));
        number += 1;
        if number * size >= wanted.end.min(total) {
            let sort = page.take("sort").unwrap_or_else(Tree::null);
            return Ok(Gathered { rows, total, sort });
        }
    }
}

/// Whether nothing is left to chance.
fn orders_by_id(question: &Parameters) -> bool {
    let sorts = question.iter().filter(|(name, _)| name == "sort");
    sorts
        .flat_map(|(_, order)| order.split(','))
        .any(|property| property == "id")
}

fn query(question: &Parameters, number: i64, size: i64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(question);
    query.append_pair("page", &number.to_string());
    query.append_pair("size", &size.to_string());
    query.finish()
}

/// The members of a search, as if they had been written into the address.
pub(super) fn searched(body: Tree) -> Parameters {
    let Tree::Object(members) = body else {
        return Parameters::new();
    };
    let values = |(name, value): (String, Tree)| {
        let values = match value {
            Tree::Array(values) => values,
            value => vec![value],
        };
        let text = |value: Tree| value.as_text().unwrap_or_else(|| value.to_string());
        values
            .into_iter()
            .map(move |value| (name.clone(), text(value)))
    };
    members.into_iter().flat_map(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lists: &Lists, query: &str, start: i64, size: i64, number: i64) {
        let parameters: Parameters = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        assert_eq!(
            lists.range(&parameters),
            Range {
                start,
                size,
                number
            }
        );
    }

    #[test]
    fn pages_are_read_as_leniently_as_by_the_handlers() {
        let lists = Lists::default();
        check(&lists, "", 0, 20, 0);
        check(&lists, "page=2&size=30", 60, 30, 2);
        check(&lists, "page=-1&size=0", 0, 20, 0);
        check(&lists, "page=1&size=99999", 2000, 2000, 1);
    }

    #[test]
    fn a_first_page_of_one_is_also_the_one_before_it() {
        let lists = Lists {
            first_number: 1,
            ..Lists::default()
        };
        check(&lists, "", 0, 20, 0);
        check(&lists, "page=0", 0, 20, 0);
        check(&lists, "page=1", 0, 20, 0);
        check(&lists, "page=3&size=5", 10, 5, 2);
    }

    #[test]
    fn offsets_need_not_be_whole_pages() {
        let lists = Lists {
            window: Window::OffsetAndLimit,
            ..Lists::default()
        };
        check(&lists, "offset=7&limit=3&page=9", 7, 3, 2);
    }
}
