//! Windows onto a list, and the upstream pages that cover them.
//!
//! `first`/`after`, `last`/`before`, `page_size`/`page_token` and `skip` all become one [`PageRequest`],
//! and that one [`Window`]: rows `start .. start + count` of one query.

use crate::domain::error::Error;

/// Most rows that one request may ask for.
pub const ROWS_MAX: u32 = 200;

/// Rows where the request does not say how many.
pub const ROWS_DEFAULT: u32 = 25;

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

    /// The fewest upstream pages of at most `size_max` rows that hold the whole window.
    ///
    /// One page of the least size will do for every window with `count <= 50` and `start < 500` where
    /// `size_max` is 200; a page that starts elsewhere than its window reads some rows more.
    pub fn cover(self, size_max: u32) -> Vec<UpstreamPage> {
        let count = self.count.max(1);
        let last = self.start.saturating_add(u64::from(count) - 1);
        let holds = |size: &u32| self.start / u64::from(*size) == last / u64::from(*size);
        if let Some(size) = (count..=size_max).find(holds) {
            return vec![UpstreamPage {
                page: self.start / u64::from(size),
                size,
            }];
        }
        let size = count.min(size_max);
        let pages = self.start / u64::from(size)..=last / u64::from(size);
        pages.map(|page| UpstreamPage { page, size }).collect()
    }
}

impl UpstreamPage {
    /// Index of the page's first row.
    pub fn start(self) -> u64 {
        self.page.saturating_mul(u64::from(self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::End;
    use super::Window;
    use proptest::prelude::*;

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
            prop_assert!(pages.windows(2).all(|two| two[0].page + 1 == two[1].page));
            let end = pages.last().map(|p| p.start() + u64::from(p.size));
            prop_assert!(end >= Some(window.end()));
            prop_assert!(pages.len() <= 2 || count > size_max);
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
