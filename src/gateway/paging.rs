//! From a page request to upstream pages and back: one window, the fewest calls, sealed cursors.

use std::sync::Arc;

use futures_util::future::try_join_all;

use crate::domain::caller::Caller;
use crate::domain::cursor::Cursor;
use crate::domain::cursor::CursorSeal;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::page::End;
use crate::domain::page::PageRequest;
use crate::domain::page::SealedCursor;
use crate::domain::page::UpstreamPage;
use crate::domain::page::Window;
use crate::upstream::Listing;

/// The rows of a window, in order.
pub struct Page<F: SortField> {
    /// The rows; one that the upstream garbled is an error by itself.
    pub rows: Vec<Result<Arc<F::Row>, Error>>,
    /// How many rows the query has in all, where the upstream says so.
    pub total: Option<u64>,
    /// Whether rows follow.
    pub has_next: bool,
    /// Whether rows precede.
    pub has_previous: bool,
    start: u64,
    place: Place<F>,
}

impl<F: SortField> Page<F> {
    /// The cursor of the row at `place` in `rows`.
    pub fn cursor(&self, place: usize) -> String {
        self.place.seal(
            self.start + place as u64,
            self.rows.get(place).and_then(|row| row.as_deref().ok()),
        )
    }

    /// The page token of what follows: the cursor of the last row, unless it is the end.
    pub fn next_token(&self) -> Option<String> {
        let last = self.rows.len().checked_sub(1)?;
        self.has_next.then(|| self.cursor(last))
    }
}

/// In which list a cursor is a place: that of one caller, one filter and one order.
struct Place<F> {
    seal: Arc<CursorSeal>,
    context: Arc<[u8]>,
    order: Order<F>,
}

impl<F: SortField> Place<F> {
    fn seal(&self, index: u64, row: Option<&F::Row>) -> String {
        let id = row.map(|row| F::ID.value(row)).and_then(|id| match id {
            crate::domain::order::SortValue::Number(id) => i64::try_from(id).ok(),
            _ => None,
        });
        let keys = row.map_or(Vec::new(), |row| self.order.values(row));
        self.seal.seal(&self.context, &Cursor { index, id, keys })
    }

    fn open(&self, sealed: Option<&SealedCursor>) -> Result<Option<u64>, Error> {
        let Some(SealedCursor { field, text }) = sealed else {
            return Ok(None);
        };
        let cursor = self.seal.open(&self.context, text);
        let cursor =
            cursor.ok_or_else(|| Error::invalid(*field, "is not a cursor of this list"))?;
        Ok(Some(cursor.index))
    }
}

/// A list that can be paged.
pub(super) struct List<'q, F> {
    pub(super) caller: &'q Caller,
    pub(super) seal: Arc<CursorSeal>,
    /// The kind of row and the parameters of the query: what a cursor is bound to.
    pub(super) name: &'static str,
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) order: &'q Order<F>,
    pub(super) page_size_max: u32,
}

impl<F: SortField> List<'_, F> {
    /// The page that `request` asks for; `fetch` reads one upstream page.
    ///
    /// Fails with `InvalidInput` for a cursor that is not of this list, before anything is fetched.
    pub(super) async fn page<Fut>(
        self,
        request: &PageRequest,
        fetch: impl Fn(UpstreamPage) -> Fut,
    ) -> Result<Page<F>, Error>
    where
        Fut: Future<Output = Result<Arc<Listing<F::Row>>, Error>>,
    {
        let place = Place {
            seal: self.seal.clone(),
            context: self.context(),
            order: self.order.clone(),
        };
        let after = place.open(request.after.as_ref())?;
        let before = place.open(request.before.as_ref())?;
        let lower = after
            .map_or(0, |index| index.saturating_add(1))
            .saturating_add(request.skip);
        let window = match Window::between(lower, before, request.count, request.end) {
            Some(window) => window,
            None => {
                let total = self.count_rows(request.count, &fetch).await?;
                let window = Window::between(lower, Some(total), request.count, End::Back);
                window
                    .ok_or_else(|| Error::new(ErrorKind::Internal, "a known end gives a window"))?
            }
        };
        let pages = window.cover(self.page_size_max);
        let listings = try_join_all(pages.iter().map(|page| fetch(*page))).await?;
        Ok(cut(window, &pages, &listings, place))
    }

    /// How many rows there are, learnt from the first page of the size that is wanted anyway.
    async fn count_rows<Fut>(
        &self,
        count: u32,
        fetch: &impl Fn(UpstreamPage) -> Fut,
    ) -> Result<u64, Error>
    where
        Fut: Future<Output = Result<Arc<Listing<F::Row>>, Error>>,
    {
        let size = count.clamp(1, self.page_size_max);
        let first = fetch(UpstreamPage { page: 0, size }).await?;
        first.total.ok_or_else(|| {
            Error::new(ErrorKind::Unimplemented, "the upstream does not say how many rows there are, so none can be counted from the end")
        })
    }

    fn context(&self) -> Arc<[u8]> {
        let mut context = self.caller.fingerprint().as_bytes().to_vec();
        context.extend_from_slice(self.name.as_bytes());
        for (name, value) in &self.parameters {
            // Lengths between the parts, so that no two queries give the same bytes.
            for part in [*name, value] {
                context.extend_from_slice(&(part.len() as u64).to_le_bytes());
                context.extend_from_slice(part.as_bytes());
            }
        }
        context.into()
    }
}

/// The window's rows out of the pages that cover it.
fn cut<F: SortField>(
    window: Window,
    pages: &[UpstreamPage],
    listings: &[Arc<Listing<F::Row>>],
    place: Place<F>,
) -> Page<F> {
    let mut rows = Vec::with_capacity(window.count as usize);
    let (mut next, mut beyond) = (window.start, false);
    for (page, listing) in pages.iter().zip(listings) {
        for (index, row) in (page.start()..).zip(&listing.rows) {
            if index >= window.end() {
                beyond = true;
            } else if index >= next {
                rows.push(row.clone());
                next = index + 1;
            }
        }
    }
    let last = listings.last();
    let total = last.and_then(|listing| listing.total);
    let ended = last.and_then(|listing| listing.last);
    let has_next = match total {
        Some(total) => {
            window.start + (rows.len() as u64) < total && (!rows.is_empty() || window.count == 0)
        }
        None => beyond || ended == Some(false),
    };
    Page {
        has_next,
        has_previous: window.start > 0 && total != Some(0),
        rows,
        total,
        start: window.start,
        place,
    }
}
