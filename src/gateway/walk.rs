//! The reading of one window: from its anchor on, page by page, each joined to the one before by a row that both show.
//!
//! Rows come and go between two upstream calls, so an index alone says nothing. Three rules make the rows of a walk
//! follow one another without a gap and without a repetition:
//!
//! - A window is read together with its anchor, the row of its cursor, and counts from where the anchor stands on the
//!   page that was read, not from where it stood. So does each further page of a window, whose anchor is the last row
//!   of the page before.
//! - What a page says of the rows beside an anchor held at one moment, whichever: a page out of the cache does as
//!   well as a new one, and shows the rows as they were up to the cache's time to live ago.
//! - An anchor that is not on its page has moved, or the page is of another time. Then everything that is kept of this
//!   caller's lists of the kind is forgotten (their epoch ends), the anchor is searched (`search`) with
//!   new pages, and the window is read anew around its place; each new page is kept as always.
//!
//! A walk never takes the next page from the reply, and its calls are counted: it fails when it has made
//! [`PageRequest::calls_max`](crate::domain::page::PageRequest::calls_max) of them.

use std::sync::Arc;

use crate::domain::collation::Collations;
use crate::domain::error::Error;
use crate::domain::order::Anchor;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::page::UpstreamPage;
use crate::gateway::footing::Footing;
use crate::gateway::footing::unordered;
use crate::gateway::view::Stand;
use crate::gateway::view::View;
use crate::gateway::view::Way;
use crate::upstream::Listing;

/// From where a window is counted.
#[derive(Clone, Debug)]
pub(super) enum Edge {
    /// From the row at this index on, or back from the one before it.
    Boundary(u64),
    /// From beside a row, which was at this index.
    Anchor(u64, Anchor),
    /// Back from the end of the list.
    ListEnd,
}

/// The list to be walked: its pages, and what to do when its rows turn out to have moved.
pub(super) struct Pages<Fetch, Forget> {
    pub(super) fetch: Fetch,
    pub(super) forget: Forget,
}

/// A row with its index on the page that it was taken from.
pub(super) type Taken<R> = (u64, Result<Arc<R>, Error>);

/// What a walk brings.
pub(super) struct Gathered<R> {
    /// The rows in the order of the list.
    pub(super) rows: Vec<Taken<R>>,
    /// How many rows there are in all, where the upstream says so.
    pub(super) total: Option<u64>,
    /// Whether rows follow.
    pub(super) has_next: bool,
    /// Whether rows precede.
    pub(super) has_previous: bool,
    /// The pages that the rows were taken from.
    pub(super) views: Vec<View<R>>,
    /// The ways in which the upstream may compare, before these pages were seen.
    pub(super) collations: Collations,
}

/// A walk under way.
pub(super) struct Walk<'w, F: SortField, Fetch, Forget> {
    pub(super) order: &'w Order<F>,
    pub(super) way: Way,
    /// Where the walk stops in any case.
    pub(super) limit: Option<Edge>,
    pub(super) collations: Collations,
    pub(super) page_size_max: u32,
    pub(super) calls_left: u64,
    pub(super) pages: Pages<Fetch, Forget>,
    /// The pages read so far; none of a time before the rows were noticed to have moved.
    pub(super) views: Vec<View<F::Row>>,
    /// Whether that was noticed.
    pub(super) has_moved: bool,
}

/// What a window takes of one page.
struct Part<R> {
    /// The nearest first.
    rows: Vec<Taken<R>>,
    /// Whether nothing more is to be read.
    is_last: bool,
}

impl<F, Fetch, Fut, Forget> Walk<'_, F, Fetch, Forget>
where
    F: SortField,
    Fetch: Fn(UpstreamPage) -> Fut,
    Fut: Future<Output = Result<Arc<Listing<F::Row>>, Error>>,
    Forget: Fn(),
{
    /// The first `count` rows beyond `edge` and `skip` further ones.
    pub(super) async fn gather(
        mut self,
        edge: Edge,
        skip: u64,
        count: u32,
    ) -> Result<Gathered<F::Row>, Error> {
        let mut edge = self.passing(edge, skip, count).await?;
        let count = count as usize;
        let mut rows: Vec<Taken<F::Row>> = Vec::with_capacity(count);
        let mut views = Vec::new();
        // A window of no rows, too, has a place, which the row ahead of it shows.
        let first = self.footing(&edge, count.max(1) as u64).await?;
        let mut footing = Footing {
            view: first.view.clone(),
            ..first
        };
        let last_boundary = loop {
            let Part {
                rows: mut part,
                is_last,
            } = self.part(&footing, count - rows.len())?;
            views.push(footing.view.clone());
            if !is_last {
                // What cannot be read cannot be recognised on the next page: it is taken from there.
                let readable = part.iter().rposition(|(_, row)| row.is_ok());
                part.truncate(readable.map_or(part.len(), |place| place + 1));
                self.collations = footing.view.narrow(self.order, self.collations);
            }
            let boundary = part
                .last()
                .map_or(footing.boundary, |(index, _)| match self.way {
                    Way::Forward => index + 1,
                    Way::Backward => *index,
                });
            edge = match part.last() {
                Some((index, Ok(row))) => Edge::Anchor(*index, self.order.anchor(row)),
                Some((_, Err(_))) | None => Edge::Boundary(boundary),
            };
            rows.append(&mut part);
            if is_last {
                break boundary;
            }
            footing = self.footing(&edge, (count - rows.len()) as u64).await?;
        };
        Ok(self.gathered(rows, views, (&first, &footing.view, last_boundary)))
    }

    fn gathered(
        self,
        mut rows: Vec<Taken<F::Row>>,
        views: Vec<View<F::Row>>,
        (first, last, last_boundary): (&Footing<F::Row>, &View<F::Row>, u64),
    ) -> Gathered<F::Row> {
        let goes_on = |view: &View<_>, index| index < view.end() || !view.ends_before(index);
        let is_empty = last.total() == Some(0);
        let (has_previous, has_next) = match self.way {
            Way::Forward => (first.boundary > 0, goes_on(last, last_boundary)),
            Way::Backward => (last_boundary > 0, goes_on(&first.view, first.boundary)),
        };
        if self.way == Way::Backward {
            rows.reverse();
        }
        Gathered {
            rows,
            total: last.total(),
            has_next,
            has_previous: has_previous && !is_empty,
            views,
            collations: self.collations,
        }
    }

    /// The edge `skip` rows farther on. A row that is passed over is no anchor: what is skipped is a number, not rows.
    async fn passing(&mut self, edge: Edge, skip: u64, count: u32) -> Result<Edge, Error> {
        match &edge {
            Edge::Boundary(index) => Ok(Edge::Boundary(index.saturating_add(skip))),
            Edge::ListEnd => Ok(edge),
            Edge::Anchor(..) if skip == 0 => Ok(edge),
            Edge::Anchor(index, _) => {
                let together = skip.saturating_add(count.max(1).into());
                let window = self.window(*index, together);
                let needed = match window.page(self.page_size_max) {
                    Some(_) => together,
                    None => 1,
                };
                let boundary = self.footing(&edge, needed).await?.boundary;
                Ok(Edge::Boundary(boundary.saturating_add(skip)))
            }
        }
    }

    /// What the window takes of a footing's page, which is `needed` rows at most.
    fn part(&self, footing: &Footing<F::Row>, needed: usize) -> Result<Part<F::Row>, Error> {
        let Footing { view, boundary } = footing;
        let limit = self.limit_in(view)?;
        let (range, is_list_over) = match self.way {
            Way::Forward => (
                *boundary..limit.unwrap_or(view.end()),
                view.list_end().is_some() || view.ends_before(*boundary),
            ),
            Way::Backward => (limit.unwrap_or(view.start())..*boundary, view.start() == 0),
        };
        let rows = view.rows().filter(|(index, _)| range.contains(index));
        let rows = rows.map(|(index, row)| (index, row.clone()));
        let rows: Vec<_> = match self.way {
            Way::Forward => rows.take(needed).collect(),
            Way::Backward => rows.rev().take(needed).collect(),
        };
        let is_last = rows.len() == needed || limit.is_some() || is_list_over;
        Ok(Part { rows, is_last })
    }

    /// The index at which the walk must stop, where that is on this page or behind the walker.
    fn limit_in(&self, view: &View<F::Row>) -> Result<Option<u64>, Error> {
        let (index, anchor) = match (&self.limit, self.way) {
            (None | Some(Edge::ListEnd), _) => return Ok(None),
            (Some(Edge::Boundary(index)), _) => (*index, None),
            (Some(Edge::Anchor(index, anchor)), Way::Forward) => (*index, Some(anchor)),
            (Some(Edge::Anchor(index, anchor)), Way::Backward) => (*index + 1, Some(anchor)),
        };
        // The limit is the cursor of the other end, and so is what counts as seen beside it.
        let other = match self.way {
            Way::Forward => Way::Backward,
            Way::Backward => Way::Forward,
        };
        let stand = anchor.map(|anchor| view.stand(self.order, anchor, other, self.collations));
        let by_index = match index {
            index if index < view.start() => Stand::Earlier,
            index if index > view.end() => Stand::Later,
            index => Stand::At(index),
        };
        let stand = match stand {
            // Where no row was seen to have moved the index is as good as it was.
            Some(Stand::Unknown) if !self.has_moved => by_index,
            stand => stand.unwrap_or(by_index),
        };
        match (stand, self.way) {
            (Stand::At(index) | Stand::Perhaps(index), _) => Ok(Some(index)),
            (Stand::Earlier, Way::Forward) => Ok(Some(view.start())),
            (Stand::Later, Way::Backward) => Ok(Some(view.end())),
            (Stand::Earlier, Way::Backward) | (Stand::Later, Way::Forward) => Ok(None),
            (Stand::Unknown, _) => Err(unordered()),
        }
    }
}
