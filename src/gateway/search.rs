//! The search for an anchor that moved: which upstream page to look at next.
//!
//! First the neighbourhood of its old place, then ever longer strides to the side on which it must be, and once it is
//! hemmed in, the middle. Each page narrows what is left, so the calls grow with the logarithm of the drift. Rows may
//! move while they are searched; then a page contradicts an earlier one, and the search begins anew around it.

use crate::domain::page::UpstreamPage;
use crate::domain::page::Window;

/// By how much a stride is longer than the one before.
const GROWTH: u64 = 4;

/// What is known of the place of an anchor.
pub(super) struct Search {
    size_max: u32,
    /// The index that it had.
    old: u64,
    /// The place is here or behind.
    lower: Option<u64>,
    /// The place is here or before.
    upper: Option<u64>,
    stride: u64,
}

impl Search {
    /// A search that begins where the anchor was, with pages of at most `size_max` rows.
    pub(super) fn around(old: u64, size_max: u32) -> Self {
        Search {
            size_max,
            old,
            lower: None,
            upper: None,
            stride: u64::from(size_max),
        }
    }

    /// It is before the page that starts here; gives whether that can be.
    pub(super) fn is_before(&mut self, start: u64) -> bool {
        self.upper = Some(start);
        self.lower.is_none_or(|lower| lower <= start)
    }

    /// It is behind the page that ends here; gives whether that can be.
    pub(super) fn is_behind(&mut self, end: u64) -> bool {
        self.lower = Some(end);
        self.upper.is_none_or(|upper| end <= upper)
    }

    /// The page to look at; `total` is how many rows there are, where that is known.
    pub(super) fn next(&mut self, total: Option<u64>) -> UpstreamPage {
        match (self.lower, self.upper) {
            (None, None) => self.neighbourhood(),
            (Some(lower), Some(upper)) => self.between(lower, upper),
            (Some(lower), None) => {
                let far = lower.saturating_add(self.stride());
                match total.filter(|total| *total > lower && *total <= far) {
                    Some(total) => self.between(lower, total),
                    None => UpstreamPage::of_row(far, self.size_max),
                }
            }
            (None, Some(upper)) => match upper.checked_sub(self.stride()) {
                None | Some(0) => self.between(0, upper),
                Some(far) => UpstreamPage::of_row(far, self.size_max),
            },
        }
    }

    /// The page that shows the most on both sides of the old place.
    fn neighbourhood(&self) -> UpstreamPage {
        let sizes = (self.size_max / 2).max(1)..=self.size_max;
        let pages = sizes.map(|size| UpstreamPage::of_row(self.old, size));
        let shown = |page: &UpstreamPage| {
            let before = match page.start() {
                0 => u64::MAX,
                start => self.old - start,
            };
            before.min(page.end() - self.old)
        };
        let best = pages.max_by_key(shown);
        best.unwrap_or_else(|| UpstreamPage::of_row(self.old, self.size_max))
    }

    /// The page that shows both bounds with their neighbours, or else the middle one.
    fn between(&self, lower: u64, upper: u64) -> UpstreamPage {
        let start = lower.saturating_sub(1);
        let rows = upper.saturating_sub(start).saturating_add(1);
        let middle = lower + upper.saturating_sub(lower) / 2;
        let whole = u32::try_from(rows)
            .ok()
            .filter(|count| *count <= self.size_max);
        let whole = whole.and_then(|count| Window { start, count }.page(self.size_max));
        whole.unwrap_or_else(|| UpstreamPage::of_row(middle, self.size_max))
    }

    fn stride(&mut self) -> u64 {
        let stride = self.stride;
        self.stride = stride.saturating_mul(GROWTH);
        stride
    }
}

#[cfg(test)]
mod tests {
    use super::Search;
    use proptest::prelude::*;

    /// Looks for `place` in a list of `rows` that stands still; gives the calls.
    fn calls(rows: u64, old: u64, place: u64, size_max: u32, says_total: bool) -> u32 {
        let mut search = Search::around(old, size_max);
        for calls in 1..100 {
            let page = search.next(says_total.then_some(rows));
            let (start, end) = (page.start(), page.end().min(rows));
            let agrees = if start >= end || (place <= start && start > 0) {
                search.is_before(start)
            } else if place >= end && end < rows {
                search.is_behind(end)
            } else {
                return calls;
            };
            assert!(agrees, "nothing moves");
        }
        panic!("{place} of {rows} is never found from {old}")
    }

    #[test]
    fn the_farthest_place_of_three_million_is_found_within_the_calls_that_a_bill_allows() {
        for says_total in [false, true] {
            for size_max in [200, 1000] {
                let behind = calls(3_000_000, 0, 3_000_000, size_max, says_total);
                let before = calls(3_000_000, 3_000_000, 0, size_max, says_total);
                assert!(behind.max(before) <= 22, "{behind} {before}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_place_is_found(
            rows in 1u64..20_000, old in 0u64..25_000, place in 0u64..20_000, size_max in 20u32..=200, says_total: bool,
        ) {
            let calls = calls(rows, old, place.min(rows), size_max, says_total);
            prop_assert!(calls <= 20, "{calls} calls");
        }
    }
}
