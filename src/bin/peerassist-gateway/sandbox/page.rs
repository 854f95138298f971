//! Pages: Spring Data's rules for `page`, `size` and `sort`, and its `PageImpl` envelope.

use rusqlite::Connection;
use rusqlite::Row;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::filter::Filter;
use crate::sandbox::query::Query;

pub(crate) const SIZE_DEFAULT: i64 = 20;
/// Larger sizes are cut to this one without a word, as Spring Data does.
pub(crate) const SIZE_MAX: i64 = 2000;

/// Which page of a list; all three are read leniently.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters in the OpenAPI document; PageRequest reads them"
)]
pub(crate) struct PageParams {
    /// Page number from 0. What is not a 32-bit number or is negative counts as 0.
    #[param(default = 0, minimum = 0)]
    page: Option<i32>,
    /// Items on a page. Less than 1 or not a number counts as 20; more than 2000 as 2000.
    #[param(default = 20, minimum = 1, maximum = 2000)]
    size: Option<i32>,
    /// `property`, `property,asc` or `property,desc`; repeatable, the first decides. `id,asc` is always the last tiebreak.
    /// Text sorts by code point, absent values sort as the smallest. An unknown property is refused with 400.
    #[param(example = json!(["id,asc"]))]
    sort: Option<Vec<String>>,
}

/// A page number, a size and an order that is total.
#[derive(Debug, PartialEq)]
pub(crate) struct PageRequest {
    number: i64,
    size: i64,
    order_by: String,
}

impl PageRequest {
    /// `sortable` pairs each property with the SQL expression it sorts by; `id` must be among them.
    pub(crate) fn read(query: &Query, sortable: &[(&str, &str)]) -> Answer<Self> {
        let parsed = |name| {
            query
                .text(name)
                .and_then(|text| text.parse::<i32>().ok())
                .map(i64::from)
        };
        Ok(Self {
            number: parsed("page").unwrap_or(0).max(0),
            size: parsed("size")
                .filter(|size| *size >= 1)
                .unwrap_or(SIZE_DEFAULT)
                .min(SIZE_MAX),
            order_by: order_by(query, sortable)?,
        })
    }

    /// Made of known expressions only, never of the caller's text; wants `limit_and_offset` after the filter's values.
    fn sql(&self) -> String {
        format!("ORDER BY {} LIMIT ? OFFSET ?", self.order_by)
    }

    fn limit_and_offset(&self) -> [i64; 2] {
        [self.size, self.offset()]
    }

    fn offset(&self) -> i64 {
        self.number * self.size
    }
}

fn order_by(query: &Query, sortable: &[(&str, &str)]) -> Answer<String> {
    let expression = |property: &str| {
        let known = sortable.iter().find(|(name, _)| *name == property);
        known.map(|(_, expression)| *expression).ok_or_else(|| {
            Problem::bad_request(format!("No property '{property}' found to sort by"))
        })
    };
    let mut terms = Vec::new();
    for order in query.values("sort") {
        let mut properties: Vec<&str> = order.split(',').filter(|part| !part.is_empty()).collect();
        let direction = properties.pop_if(|last| is_direction(last));
        let descending = direction.is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        for property in properties {
            let direction = if descending { "DESC" } else { "ASC" };
            terms.push(format!("{} {direction}", expression(property)?));
        }
    }
    terms.push(format!("{} ASC", expression("id")?));
    Ok(terms.join(", "))
}

fn is_direction(word: &str) -> bool {
    word.eq_ignore_ascii_case("asc") || word.eq_ignore_ascii_case("desc")
}

/// Spring Data's page. Always sorted, because `id` breaks every tie.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    content: Vec<T>,
    pageable: Pageable,
    total_elements: i64,
    total_pages: i64,
    last: bool,
    first: bool,
    size: i64,
    number: i64,
    number_of_elements: usize,
    sort: Sort,
    empty: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pageable {
    sort: Sort,
    offset: i64,
    page_number: i64,
    page_size: i64,
    paged: bool,
    unpaged: bool,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Sort {
    sorted: bool,
    unsorted: bool,
    empty: bool,
}

const SORTED: Sort = Sort {
    sorted: true,
    unsorted: false,
    empty: false,
};

/// What a list shows one of in each row.
pub(crate) trait Listed: Sized {
    /// The table that filters name the columns of. Counting it needs no join, which would cost more than the page.
    const TABLE: &'static str;
    /// The table with those that rows copy from.
    const TABLES: &'static str;
    /// In the order in which `read` takes them.
    const COLUMNS: &'static str;

    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;
}

impl<T: Listed> Page<T> {
    /// The page that is asked for of what matches.
    pub(crate) fn list(
        database: &Connection,
        filter: &Filter,
        request: &PageRequest,
    ) -> Answer<Self> {
        let (matching, page) = (filter.sql(), request.sql());
        let (table, tables, columns) = (T::TABLE, T::TABLES, T::COLUMNS);
        let total = database
            .prepare_cached(&format!("SELECT count(*) FROM {table} {matching}"))?
            .query_row(filter.values(), |row| row.get(0))?;
        let content = database
            .prepare_cached(&format!("SELECT {columns} FROM {tables} {matching} {page}"))?
            .query_map(filter.values_then(request.limit_and_offset()), T::read)?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self::new(request, content, total))
    }
}

impl<T> Page<T> {
    fn new(request: &PageRequest, content: Vec<T>, total_elements: i64) -> Self {
        let PageRequest { number, size, .. } = *request;
        let total_pages = (total_elements + size - 1) / size;
        Self {
            pageable: Pageable {
                sort: SORTED,
                offset: request.offset(),
                page_number: number,
                page_size: size,
                paged: true,
                unpaged: false,
            },
            total_elements,
            total_pages,
            last: number + 1 >= total_pages,
            first: number == 0,
            size,
            number,
            number_of_elements: content.len(),
            sort: SORTED,
            empty: content.is_empty(),
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SORTABLE: &[(&str, &str)] = &[("id", "c.id"), ("name", "c.name"), ("city", "c.city")];

    #[track_caller]
    fn check(query: &str, number: i64, size: i64, order_by: &str) {
        let read = PageRequest::read(&Query::from(query), SORTABLE).expect("accepted");
        assert_eq!(
            read,
            PageRequest {
                number,
                size,
                order_by: order_by.to_owned()
            }
        );
    }

    #[test]
    fn nothing_asked_means_the_first_twenty_by_id() {
        check("", 0, 20, "c.id ASC");
        check("page=&size=&sort=", 0, 20, "c.id ASC");
    }

    #[test]
    fn nonsense_counts_as_the_default() {
        check("page=-1&size=0", 0, 20, "c.id ASC");
        check("page=one&size=-5", 0, 20, "c.id ASC");
        check("page=99999999999&size=99999999999", 0, 20, "c.id ASC");
    }

    #[test]
    fn a_large_size_is_cut() {
        check("page=2147483647&size=2001", 2_147_483_647, 2000, "c.id ASC");
    }

    #[test]
    fn sorts_repeat_and_share_a_direction() {
        check(
            "sort=name&sort=city,DESC",
            0,
            20,
            "c.name ASC, c.city DESC, c.id ASC",
        );
        check(
            "sort=name,city,desc",
            0,
            20,
            "c.name DESC, c.city DESC, c.id ASC",
        );
    }

    #[test]
    fn an_unknown_property_is_refused() {
        assert!(PageRequest::read(&Query::from("sort=name;--"), SORTABLE).is_err());
    }
}
