//! Where a walk can go on: the page that shows the place beside its edge, read if it must be, and searched if it has moved.

use std::sync::Arc;

use futures_util::future::try_join_all;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::order::Anchor;
use crate::domain::order::SortField;
use crate::domain::page::LIST_END_SLACK;
use crate::domain::page::UpstreamPage;
use crate::domain::page::Window;
use crate::gateway::search::Search;
use crate::gateway::view::Stand;
use crate::gateway::view::View;
use crate::gateway::view::Way;
use crate::gateway::walk::Edge;
use crate::gateway::walk::Walk;
use crate::upstream::Listing;

/// What is asked of a page that does not show the row of an anchor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// Its place must be certain: the row may be on another page, which would say more.
    Needed,
    /// The row was looked for: what is most likely must do.
    NotToBeHad,
}

/// A page on which a walk can go on, and where.
pub(super) struct Footing<R> {
    pub(super) view: View<R>,
    pub(super) boundary: u64,
}

impl<F, Fetch, Fut, Forget> Walk<'_, F, Fetch, Forget>
where
    F: SortField,
    Fetch: Fn(UpstreamPage) -> Fut,
    Fut: Future<Output = Result<Arc<Listing<F::Row>>, Error>>,
    Forget: Fn(),
{
    /// A page on which the walk goes on from `edge`, of the pages read so far or new; of those that are read it shows
    /// `needed` rows, at least one, if it can.
    pub(super) async fn footing(
        &mut self,
        edge: &Edge,
        needed: u64,
    ) -> Result<Footing<F::Row>, Error> {
        match edge {
            Edge::Boundary(index) => {
                if let Some(footing) = self.at_boundary(*index) {
                    return Ok(footing);
                }
                let start = match self.way {
                    Way::Forward => *index,
                    Way::Backward => index.saturating_sub(needed),
                };
                self.read_window(Window {
                    start,
                    count: rows(needed),
                })
                .await?;
                self.at_boundary(*index).ok_or_else(contradictory)
            }
            Edge::Anchor(index, anchor) => self.beside(*index, anchor, needed).await,
            Edge::ListEnd => self.at_list_end(needed).await,
        }
    }

    fn at_boundary(&self, index: u64) -> Option<Footing<F::Row>> {
        self.most_ahead(
            |view| match view.start() <= index && view.ends_before(index) {
                true => Some(view.end()),
                false => Some(index),
            },
        )
    }

    /// Beside the row of `anchor`, wherever it is by now.
    async fn beside(
        &mut self,
        mut index: u64,
        anchor: &Anchor,
        needed: u64,
    ) -> Result<Footing<F::Row>, Error> {
        let mut certainty = Certainty::Needed;
        loop {
            if let Some(footing) = self.beside_in_views(anchor, certainty) {
                return Ok(footing);
            }
            let window = self.window(index, needed);
            self.read_window(window).await?;
            if let Some(footing) = self.beside_in_views(anchor, certainty) {
                return Ok(footing);
            }
            certainty = Certainty::NotToBeHad;
            self.forget();
            index = self.search(index, anchor).await?;
        }
    }

    /// Beside the row itself where one of the pages shows it, and else beside its place.
    fn beside_in_views(&self, anchor: &Anchor, certainty: Certainty) -> Option<Footing<F::Row>> {
        let (order, way) = (self.order, self.way);
        let shown = self.most_ahead(|view| view.beside(order, anchor, way));
        shown.or_else(|| {
            self.most_ahead(
                |view| match view.stand(order, anchor, way, self.collations) {
                    Stand::At(boundary) => Some(boundary),
                    Stand::Perhaps(boundary) if certainty == Certainty::NotToBeHad => {
                        Some(boundary)
                    }
                    Stand::Perhaps(_) | Stand::Earlier | Stand::Later | Stand::Unknown => None,
                },
            )
        })
    }

    /// Of the pages on which a walk can go on, the one that shows the most.
    fn most_ahead(
        &self,
        boundary: impl Fn(&View<F::Row>) -> Option<u64>,
    ) -> Option<Footing<F::Row>> {
        let footings = self.views.iter().filter_map(|view| {
            let boundary = boundary(view)?;
            let ahead = view.ahead(self.way, boundary)?;
            Some((
                ahead,
                Footing {
                    view: view.clone(),
                    boundary,
                },
            ))
        });
        let most = footings.max_by_key(|(ahead, _)| *ahead);
        most.map(|(_, footing)| footing)
    }

    /// The index of the anchor, or of the row that stands in for it beside its place.
    async fn search(&mut self, old: u64, anchor: &Anchor) -> Result<u64, Error> {
        let mut search = Search::around(old, self.page_size_max);
        let mut total = None;
        loop {
            self.read(vec![search.next(total)]).await?;
            let Some(view) = self.views.last() else {
                continue;
            };
            let (start, end) = (view.start(), view.end());
            total = view.total();
            let agrees = match view.stand(self.order, anchor, self.way, self.collations) {
                Stand::At(boundary) | Stand::Perhaps(boundary) => {
                    return Ok(match self.way {
                        Way::Forward => boundary.saturating_sub(1),
                        Way::Backward => boundary,
                    });
                }
                Stand::Earlier => search.is_before(start),
                Stand::Later => search.is_behind(end),
                Stand::Unknown => return Err(unordered()),
            };
            self.collations = view.narrow(self.order, self.collations);
            if !agrees {
                self.forget();
                search = Search::around(start, self.page_size_max);
            }
        }
    }

    /// The end of the list, of whose place only the total tells.
    async fn at_list_end(&mut self, needed: u64) -> Result<Footing<F::Row>, Error> {
        let size = rows(needed).clamp(1, self.page_size_max);
        self.read(vec![UpstreamPage { page: 0, size }]).await?;
        let mut counted = None;
        loop {
            if let Some(footing) = self.most_ahead(View::list_end) {
                return Ok(footing);
            }
            let total = self.views.last().and_then(View::total);
            let total = total.ok_or_else(uncounted)?;
            match counted.replace(total) {
                None => {}
                Some(earlier) if earlier == total => return Err(contradictory()),
                Some(_) => self.forget(),
            }
            let start = total.saturating_sub(needed);
            let exact = Window {
                start,
                count: rows(total - start),
            };
            let start = start.saturating_sub(LIST_END_SLACK.into());
            let loose = Window {
                start,
                count: rows(total + u64::from(LIST_END_SLACK) - start),
            };
            match loose.page(self.page_size_max) {
                Some(page) => self.read(vec![page]).await?,
                None => self.read_window(exact).await?,
            }
        }
    }

    /// Ends what was read until now: the rows were seen to have moved.
    fn forget(&mut self) {
        (self.pages.forget)();
        self.views.clear();
        self.has_moved = true;
    }

    /// The rows that are wanted with the row at `index`, which shows that they are beside it.
    pub(super) fn window(&self, index: u64, needed: u64) -> Window {
        let start = match self.way {
            Way::Forward => index,
            Way::Backward => index.saturating_sub(needed),
        };
        let end = match self.way {
            Way::Forward => index.saturating_add(needed),
            Way::Backward => index,
        };
        Window {
            start,
            count: rows((end - start).saturating_add(1)),
        }
    }

    async fn read_window(&mut self, window: Window) -> Result<(), Error> {
        self.read(window.cover(self.page_size_max)).await
    }

    async fn read(&mut self, pages: Vec<UpstreamPage>) -> Result<(), Error> {
        let left = self.calls_left.checked_sub(pages.len() as u64);
        self.calls_left = left.ok_or_else(restless)?;
        let listings = try_join_all(pages.iter().map(|page| (self.pages.fetch)(*page))).await?;
        let views = pages.into_iter().zip(listings);
        self.views
            .extend(views.map(|(page, listing)| View::new(page, listing)));
        Ok(())
    }
}

/// As many rows as can be asked for.
fn rows(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn restless() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "so many rows came or went that the place in the list was not found again: begin the list anew",
    )
}

pub(super) fn unordered() -> Error {
    Error::new(
        ErrorKind::UpstreamInvalid,
        "the row of the cursor is gone, and the upstream's rows are in no order in which its place could be found",
    )
}

fn contradictory() -> Error {
    Error::new(
        ErrorKind::UpstreamInvalid,
        "the upstream's pages end before its total says that they do",
    )
}

fn uncounted() -> Error {
    Error::new(
        ErrorKind::Unimplemented,
        "the upstream does not say how many rows there are, so none can be counted from the end",
    )
}
