//! Windows onto a list, and the upstream pages that cover them.
//!
//! `first`/`after`, `last`/`before`, `page_size`/`page_token` and `skip` all become one [`PageRequest`],
//! and that one [`Window`]: rows `start .. start + count` of one query.

use crate::domain::error::Error;

/// Most rows that one request may ask for.
pub const ROWS_MAX: u32 = 200;

/// Rows where the request does not say how many.
pub const ROWS_DEFAULT: u32 = 25;

/// The least largest page that the settings permit: with it any two neighbours below row 232,792,559 are on one page.
pub const PAGE_SIZE_MAX_LEAST: u32 = 20;

/// Most calls that a window may take beyond [`PageRequest::calls_without_drift`], because rows moved: to find its
/// anchor again and to read it once more. With pages of 200 rows they find an anchor that moved by 3,000,000 rows.
pub const DRIFT_CALLS_MAX: u64 = 24;

/// Rows read beyond both ends of the last window of a list: so many may come or go between the call that says how
/// many rows there are and the one that reads them.
pub const LIST_END_SLACK: u32 = 8;

/// Most calls that the last window of a list may take beyond [`PageRequest::calls_without_drift`], because its end
/// moved farther than that.
pub const LIST_END_CALLS_MAX: u64 = 2;

/// A cursor or page token as it came in, with the name of its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCursor {
    /// What the door calls the argument.
    pub field: &'static str,
    /// The sealed text.
    pub text: String,
}

/// From which end the rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// From the front: `first`, `page_size`.
    Front,
    /// From the back: `last`.
    Back,
}

/// What a caller asked to see of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many rows, `0 ..= ROWS_MAX`.
    pub count: u32,
    /// Counted from this end.
    pub end: End,
    /// Only rows behind this one.
    pub after: Option<SealedCursor>,
    /// Only rows before this one.
    pub before: Option<SealedCursor>,
    /// So many further rows are passed over at the front.
    pub skip: u64,
}

impl PageRequest {
    /// The first row alone.
    pub const FIRST_ROW: PageRequest = PageRequest {
        count: 1,
        end: End::Front,
        after: None,
        before: None,
        skip: 0,
    };
}

impl Default for PageRequest {
    fn default() -> Self {
        PageRequest {
            count: ROWS_DEFAULT,
            ..PageRequest::FIRST_ROW
        }
    }
}

impl PageRequest {
    /// Most upstream calls that the request can take with pages of at most `page_size_max` rows, whatever the rows
    /// do meanwhile: one that would need more fails.
    ///
    /// For a window at a known place that one page holds it is what the request costs on a cold cache.
    pub fn calls_max(&self, page_size_max: u32) -> u64 {
        let calls = self.calls_without_drift(page_size_max);
        let is_anchored = self.after.is_some() || self.before.is_some();
        match self.end {
            End::Front if !is_anchored && calls == 1 => calls,
            End::Back if !is_anchored && self.has_room(page_size_max) => calls + LIST_END_CALLS_MAX,
            End::Front | End::Back => calls + DRIFT_CALLS_MAX,
        }
    }

    /// Whether one page holds the last window of any list, with the rows that are read beyond it.
    fn has_room(&self, page_size_max: u32) -> bool {
        let rows = u64::from(self.count) + 2 * u64::from(LIST_END_SLACK);
        pages_anywhere(rows, page_size_max) == 1
    }

    /// Upstream calls on a cold cache while the rows stay where they are.
    ///
    /// Exact where the window's place is in the request (`first` and `skip` without `after`); fewer are made where
    /// the list ends before its window does. Elsewhere the most for any place below 4,000,000, with pages of at
    /// least 100 rows. `last` without `before` takes one more to learn how many rows there are.
    pub fn calls_without_drift(&self, page_size_max: u32) -> u64 {
        let rows = u64::from(self.count.max(1));
        match (self.end, &self.after, &self.before) {
            (End::Front, None, _) => {
                let (start, count) = (self.skip, self.count);
                Window { start, count }.cover(page_size_max).len() as u64
            }
            (End::Front, Some(_), _) => {
                let together = rows.saturating_add(self.skip).saturating_add(1);
                match pages_anywhere(together, page_size_max) {
                    calls if calls == 1 || self.skip == 0 => calls,
                    _ => 1 + pages_anywhere(rows, page_size_max),
                }
            }
            (End::Back, _, None) => 1 + pages_anywhere(rows, page_size_max),
            (End::Back, _, Some(_)) => pages_anywhere(rows + 1, page_size_max),
        }
    }
}

/// Most pages of a [`Window::cover`] of so many rows, wherever it starts: of any place at least half a page follows on
/// one page, and its last row is read again with the next.
fn pages_anywhere(rows: u64, page_size_max: u32) -> u64 {
    let half = u64::from(page_size_max / 2).max(2);
    if rows <= half {
        return 1;
    }
    (rows - 1).div_ceil(half - 1)
}

/// Checks a number of rows; `field` is what the door calls it.
///
/// Fails with `InvalidInput` outside `0 ..= ROWS_MAX`.
pub fn row_count(field: &str, rows: i64) -> Result<u32, Error> {
    let count = u32::try_from(rows).ok().filter(|count| *count <= ROWS_MAX);
    count.ok_or_else(|| Error::invalid(field, format!("must be from 0 to {ROWS_MAX}")))
}

/// Rows `start .. start + count` of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Index of the first row.
    pub start: u64,
    /// How many rows.
    pub count: u32,
}

/// One page of the upstream: rows `page * size .. (page + 1) * size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpstreamPage {
    /// The page's number, the first being 0.
    pub page: u64,
    /// Rows a page.
    pub size: u32,
}

impl Window {
    /// The window of the rows between the bounds `lower ..` and `.. upper`, `count` of them from one end.
    ///
    /// `upper` is the index of the `before` row, or the number of rows; from the back it must be known.
    pub fn between(lower: u64, upper: Option<u64>, count: u32, end: End) -> Option<Self> {
        let upper = match end {
            End::Front => upper.unwrap_or(u64::MAX),
            End::Back => upper?,
        };
        let room = upper.saturating_sub(lower);
        let count = u32::try_from(room).unwrap_or(u32::MAX).min(count);
        let start = match end {
            End::Front => lower,
            End::Back => (upper - u64::from(count).min(upper)).max(lower),
        };
        Some(Window { start, count })
    }

    /// One behind the last row.
    pub fn end(self) -> u64 {
        self.start.saturating_add(u64::from(self.count))
    }

    /// The least upstream page of at most `size_max` rows that holds the whole window, if there is one.
    ///
    /// There is one for every window with `count <= 100` that starts below 4,000,000 where `size_max` is 200; a page
    /// that starts elsewhere than its window reads some rows more.
    pub fn page(self, size_max: u32) -> Option<UpstreamPage> {
        let count = self.count.max(1);
        let last = self.start.saturating_add(u64::from(count) - 1);
        let holds = |size: &u32| self.start / u64::from(*size) == last / u64::from(*size);
        let size = (count..=size_max).find(holds)?;
        Some(UpstreamPage::of_row(self.start, size))
    }

    /// The upstream pages of at most `size_max` rows that hold the whole window: one where one can, and else pages
    /// of which each begins with the last row of the one before, so that rows that move between them are noticed.
    ///
    /// Below [`PAGE_SIZE_MAX_LEAST`] there are places where no page holds two neighbours; there nothing overlaps.
    pub fn cover(self, size_max: u32) -> Vec<UpstreamPage> {
        let (mut pages, mut left) = (Vec::new(), self);
        loop {
            if let Some(page) = left.page(size_max) {
                pages.push(page);
                return pages;
            }
            let page = UpstreamPage::furthest(left.start, size_max);
            pages.push(page);
            let overlap = page.end() - 1;
            let start = match UpstreamPage::furthest(overlap, size_max).end() > page.end() {
                true => overlap,
                false => page.end(),
            };
            let count = u32::try_from(self.end().saturating_sub(start)).unwrap_or(u32::MAX);
            left = Window { start, count };
        }
    }
}

impl UpstreamPage {
    /// The page of this size that holds the row at `index`.
    pub fn of_row(index: u64, size: u32) -> Self {
        let page = index / u64::from(size);
        UpstreamPage { page, size }
    }

    /// The page that holds the row at `index` and the most rows behind it.
    fn furthest(index: u64, size_max: u32) -> Self {
        let sizes = (2..=size_max).map(|size| UpstreamPage::of_row(index, size));
        let single = UpstreamPage::of_row(index, 1);
        sizes.fold(single, |best, page| match page.end() > best.end() {
            true => page,
            false => best,
        })
    }

    /// One behind the page's last row.
    pub fn end(self) -> u64 {
        self.start().saturating_add(u64::from(self.size))
    }

    /// Index of the page's first row.
    pub fn start(self) -> u64 {
        self.page.saturating_mul(u64::from(self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::DRIFT_CALLS_MAX;
    use super::End;
    use super::LIST_END_CALLS_MAX;
    use super::PAGE_SIZE_MAX_LEAST;
    use super::PageRequest;
    use super::SealedCursor;
    use super::Window;
    use proptest::prelude::*;

    fn cursor() -> SealedCursor {
        SealedCursor {
            field: "after",
            text: String::new(),
        }
    }

    #[test]
    fn a_bill_counts_the_call_for_the_total_and_the_search_for_an_anchor() {
        let front = PageRequest::default();
        let last = PageRequest {
            end: End::Back,
            ..front.clone()
        };
        let after = PageRequest {
            after: Some(cursor()),
            ..front.clone()
        };
        let far = PageRequest {
            skip: 1_000,
            ..after.clone()
        };
        let before = PageRequest {
            before: Some(cursor()),
            ..last.clone()
        };
        for (request, calm, most) in [
            (&front, 1, 1),
            (&last, 2, 2 + LIST_END_CALLS_MAX),
            (&after, 1, 1 + DRIFT_CALLS_MAX),
            (&far, 2, 2 + DRIFT_CALLS_MAX),
            (&before, 1, 1 + DRIFT_CALLS_MAX),
        ] {
            assert_eq!(request.calls_without_drift(200), calm, "{request:?}");
            assert_eq!(request.calls_max(200), most, "{request:?}");
        }
        let wide = PageRequest {
            count: 200,
            skip: 7,
            ..front
        };
        assert_eq!(wide.calls_without_drift(200), 2);
        assert_eq!(wide.calls_max(200), 2 + DRIFT_CALLS_MAX);
    }

    #[test]
    fn every_small_window_is_one_upstream_page() {
        let mut read = 0;
        let mut wanted = 0;
        for start in 0..500 {
            for count in 1..=50 {
                let pages = Window { start, count }.cover(200);
                assert_eq!(pages.len(), 1, "start {start} count {count}");
                read += pages[0].size;
                wanted += count;
            }
        }
        let overfetch = f64::from(read) / f64::from(wanted);
        assert!(overfetch < 1.25, "mean over-fetch {overfetch}");
    }

    proptest! {
        #[test]
        fn a_cover_holds_its_window(start in 0u64..1_000_000, count in 1u32..=200, size_max in 1u32..=200) {
            let window = Window { start, count };
            let pages = window.cover(size_max);
            prop_assert!(pages.iter().all(|p| p.size <= size_max));
            prop_assert!(pages[0].start() <= window.start);
            let overlap = u64::from(size_max >= PAGE_SIZE_MAX_LEAST);
            prop_assert!(pages.windows(2).all(|two| two[1].start() + overlap <= two[0].end()));
            prop_assert!(pages.windows(2).all(|two| two[0].end() < two[1].end()));
            prop_assert!(pages.last().map(|p| p.end()) >= Some(window.end()));
        }

        #[test]
        fn a_bill_is_right_about_places_that_it_does_not_know(
            start in 0u64..1_000_000, count in 0u32..=200, size_max in 100u32..=400,
        ) {
            let request = PageRequest { count, end: End::Back, before: Some(cursor()), ..PageRequest::default() };
            let pages = Window { start, count: count.max(1) + 1 }.cover(size_max).len() as u64;
            prop_assert!(pages <= request.calls_without_drift(size_max));
            let request = PageRequest { count, skip: start, ..PageRequest::default() };
            let pages = Window { start, count }.cover(size_max).len() as u64;
            prop_assert_eq!(pages, request.calls_without_drift(size_max));
        }

        #[test]
        fn a_window_is_the_slice_that_the_arguments_describe(
            rows in 0u64..300, after in proptest::option::of(0u64..300), before in proptest::option::of(0u64..300),
            count in 0u32..=200, back: bool,
        ) {
            let end = if back { End::Back } else { End::Front };
            let lower = after.map_or(0, |index| index + 1);
            let upper = before.map_or(rows, |index| index.min(rows));
            let all: Vec<u64> = (lower..upper.max(lower)).collect();
            let wanted = match end {
                End::Front => &all[..all.len().min(count as usize)],
                End::Back => &all[all.len().saturating_sub(count as usize)..],
            };
            let window = Window::between(lower, Some(upper), count, end);
            let got: Vec<u64> = window.map_or(vec![], |w| (w.start..w.end()).collect());
            prop_assert_eq!(got, wanted);
        }
    }
}
