//! From a page request to the rows of a window and back: cursors are opened, the list is walked, cursors are sealed.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::domain::caller::Caller;
use crate::domain::collation::Collations;
use crate::domain::cursor::Cursor;
use crate::domain::cursor::CursorSeal;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::error::Violation;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::page::End;
use crate::domain::page::PageRequest;
use crate::domain::page::SealedCursor;
use crate::domain::page::UpstreamPage;
use crate::gateway::view::View;
use crate::gateway::view::Way;
use crate::gateway::walk::Edge;
use crate::gateway::walk::Gathered;
use crate::gateway::walk::Pages;
use crate::gateway::walk::Walk;
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
    indices: Vec<u64>,
    place: Place<F>,
    /// What the upstream pages have shown of how rows are compared; found out when a cursor is sealed.
    collations: OnceLock<Collations>,
    collations_before: Collations,
    views: Vec<View<F::Row>>,
}

impl<F: SortField> Page<F> {
    fn new(gathered: Gathered<F::Row>, place: Place<F>) -> Self {
        let (indices, rows) = gathered.rows.into_iter().unzip();
        Page {
            rows,
            total: gathered.total,
            has_next: gathered.has_next,
            has_previous: gathered.has_previous,
            indices,
            place,
            collations: OnceLock::new(),
            collations_before: gathered.collations,
            views: gathered.views,
        }
    }

    /// The cursor of the row at `place` in `rows`.
    pub fn cursor(&self, place: usize) -> String {
        self.place.seal(&self.unsealed(place))
    }

    /// A cursor with something wrong about it.
    #[cfg(test)]
    pub(super) fn spoilt_cursor(&self, place: usize, spoil: impl Fn(Cursor) -> Cursor) -> String {
        self.place.seal(&spoil(self.unsealed(place)))
    }

    fn unsealed(&self, place: usize) -> Cursor {
        let row = self.rows.get(place).and_then(|row| row.as_ref().ok());
        Cursor {
            index: self.indices.get(place).copied().unwrap_or(0),
            anchor: row.map(|row| self.place.order.anchor(row)),
            collations: *self.collations.get_or_init(|| self.narrowed()),
        }
    }

    /// The page token of what follows: the cursor of the last row, unless it is the end.
    pub fn next_token(&self) -> Option<String> {
        let last = self.rows.len().checked_sub(1)?;
        self.has_next.then(|| self.cursor(last))
    }

    fn narrowed(&self) -> Collations {
        let views = self.views.iter();
        views.fold(self.collations_before, |left, view| {
            view.narrow(&self.place.order, left)
        })
    }
}

/// In which list a cursor is a place: that of one caller, one filter and one order.
struct Place<F> {
    seal: Arc<CursorSeal>,
    context: Arc<[u8]>,
    order: Order<F>,
}

impl<F: SortField> Place<F> {
    fn seal(&self, cursor: &Cursor) -> String {
        self.seal.seal(&self.context, cursor)
    }

    fn open(&self, sealed: Option<&SealedCursor>) -> Result<Option<Cursor>, Error> {
        let Some(SealedCursor { field, text }) = sealed else {
            return Ok(None);
        };
        let cursor = self.seal.open(&self.context, text);
        let refused = || {
            let violation = Violation {
                field: (*field).to_owned(),
                rule: "is not a cursor of this list".to_owned(),
            };
            Error::of_fields(ErrorKind::InvalidCursor, vec![violation])
        };
        cursor.map(Some).ok_or_else(refused)
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
    /// The page that `request` asks for.
    ///
    /// Fails with `InvalidCursor` for a cursor that is not of this list, before anything is fetched; with `Conflict`
    /// where so many rows come and go that its place is not found within [`PageRequest::calls_max`]; with
    /// `UpstreamInvalid` where its row is gone and the rows do not show in which order they stand.
    pub(super) async fn page<Fetch, Fut, Forget>(
        self,
        request: &PageRequest,
        pages: Pages<Fetch, Forget>,
    ) -> Result<Page<F>, Error>
    where
        Fetch: Fn(UpstreamPage) -> Fut,
        Fut: Future<Output = Result<Arc<Listing<F::Row>>, Error>>,
        Forget: Fn(),
    {
        let place = Place {
            seal: self.seal.clone(),
            context: self.context(),
            order: self.order.clone(),
        };
        let after = place.open(request.after.as_ref())?;
        let before = place.open(request.before.as_ref())?;
        let cursors = after.iter().chain(&before);
        let collations = cursors.fold(Collations::UNSEEN, |seen, c| seen.and(c.collations));
        let (after, before) = (
            after.map(|cursor| edge(cursor, 1)),
            before.map(|cursor| edge(cursor, 0)),
        );
        let (way, start, skip, limit) = match request.end {
            End::Front => {
                let start = after.unwrap_or(Edge::Boundary(0));
                (Way::Forward, start, request.skip, before)
            }
            End::Back => {
                let start = before.unwrap_or(Edge::ListEnd);
                (Way::Backward, start, 0, after)
            }
        };
        let walk = Walk {
            order: self.order,
            way,
            limit,
            collations,
            page_size_max: self.page_size_max,
            calls_left: request.calls_max(self.page_size_max),
            pages,
            views: Vec::new(),
            has_moved: false,
        };
        let gathered = walk.gather(start, skip, request.count).await?;
        Ok(Page::new(gathered, place))
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

/// The edge that a cursor is. A row that could not be read cannot be recognised, so its index must do, `beyond` it.
fn edge(cursor: Cursor, beyond: u64) -> Edge {
    match cursor.anchor {
        Some(anchor) => Edge::Anchor(cursor.index, anchor),
        None => Edge::Boundary(cursor.index.saturating_add(beyond)),
    }
}
