//! Relay connections, once for all lists.

use std::sync::Arc;

use async_graphql::Object;
use async_graphql::OutputType;
use async_graphql::SimpleObject;

use crate::domain::error::Error;
use crate::domain::order::SortField;
use crate::domain::page;
use crate::domain::page::End;
use crate::domain::page::PageRequest;
use crate::domain::page::SealedCursor;
use crate::gateway::Page;
use crate::graphql::customer::Customer;
use crate::graphql::error::Failure;
use crate::graphql::fwo::Fwo;

/// The arguments of a connection as they came in.
pub(super) struct Arguments {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
    pub(super) offset: Option<i32>,
}

impl Arguments {
    /// The page request; fails with `InvalidInput` for `first` or `offset` with `last` and for a number out of range.
    pub(super) fn request(self) -> Result<PageRequest, Error> {
        let Arguments {
            first,
            after,
            last,
            before,
            offset,
        } = self;
        let (count, end) = match (first, last) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid("last", "must not be given with `first`"));
            }
            (None, Some(last)) => (page::row_count("last", last.into())?, End::Back),
            (Some(first), None) => (page::row_count("first", first.into())?, End::Front),
            (None, None) => (page::ROWS_DEFAULT, End::Front),
        };
        let skip = match (offset, end) {
            (None, _) => 0,
            (Some(_), End::Back) => {
                return Err(Error::invalid("offset", "must not be given with `last`"));
            }
            (Some(offset), End::Front) => u64::try_from(offset)
                .map_err(|_| Error::invalid("offset", "must not be negative"))?,
        };
        let sealed = |field, text: Option<String>| text.map(|text| SealedCursor { field, text });
        Ok(PageRequest {
            count,
            end,
            after: sealed("after", after),
            before: sealed("before", before),
            skip,
        })
    }
}

/// Where a page says its cursors: sealing costs, so only those asked for are made.
type Cursors = Arc<dyn Fn(usize) -> String + Send + Sync>;

/// A page of a list, as Relay's cursor connections have it.
pub(super) struct Connection<N> {
    nodes: Vec<Result<N, Error>>,
    cursors: Cursors,
    total: Option<u64>,
    has_next: bool,
    has_previous: bool,
}

impl<N> Connection<N> {
    /// The connection of a page; `node` wraps a row.
    pub(super) fn new<F>(mut page: Page<F>, node: impl Fn(Arc<F::Row>) -> N) -> Self
    where
        F: SortField + Send + Sync + 'static,
        F::Row: Send + Sync,
    {
        let nodes = page.rows.iter().map(|row| row.clone().map(&node)).collect();
        let (total, has_next, has_previous) = (page.total.take(), page.has_next, page.has_previous);
        Connection {
            nodes,
            cursors: Arc::new(move |place| page.cursor(place)),
            total,
            has_next,
            has_previous,
        }
    }
}

/// A page of a list, as Relay's cursor connections have it.
#[Object(
    concrete(name = "CustomerConnection", params(Customer)),
    concrete(name = "FwoConnection", params(Fwo))
)]
impl<N> Connection<N>
where
    N: OutputType + Clone,
    Edge<N>: OutputType,
{
    /// The rows of the page, each with its cursor.
    async fn edges(&self) -> Option<Vec<Option<Edge<N>>>> {
        let edges = self.nodes.iter().enumerate().map(|(place, node)| {
            let (node, cursors) = (node.clone().map_err(Failure), self.cursors.clone());
            Some(Edge {
                node,
                place,
                cursors,
            })
        });
        Some(edges.collect())
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        let last = self.nodes.len().checked_sub(1);
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: last.map(|_| (self.cursors)(0)),
            end_cursor: last.map(|last| (self.cursors)(last)),
        }
    }

    /// How many rows the list has in all, where the upstream says so.
    async fn total_count(&self) -> Option<i32> {
        self.total
            .map(|total| i32::try_from(total).unwrap_or(i32::MAX))
    }
}

/// A row of a list with its cursor.
pub(super) struct Edge<N> {
    node: Result<N, Failure>,
    place: usize,
    cursors: Cursors,
}

/// A row of a list with its cursor.
#[Object(
    concrete(name = "CustomerEdge", params(Customer)),
    concrete(name = "FwoEdge", params(Fwo))
)]
impl<N: OutputType + Clone> Edge<N> {
    /// The row.
    async fn node(&self) -> Option<Result<N, Failure>> {
        Some(self.node.clone())
    }

    /// The row's place: opaque, good for `after` and `before` under the same filter and order, and as a
    /// page token of the gRPC API.
    async fn cursor(&self) -> String {
        (self.cursors)(self.place)
    }
}

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub(super) struct PageInfo {
    /// Whether rows follow the page.
    has_next_page: bool,
    /// Whether rows precede the page.
    has_previous_page: bool,
    /// The cursor of the first row.
    start_cursor: Option<String>,
    /// The cursor of the last row.
    end_cursor: Option<String>,
}
