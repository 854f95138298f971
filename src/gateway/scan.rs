//! A list whose filter holds, whatever the upstream makes of it.
//!
//! Filters that the upstream heeds are sent, and each row that comes is judged by them once more: one that is wrong
//! fails the list. For those that it ignores, as its profile says, the list without them is read whole and its rows
//! are chosen here; a row that does not tell is not chosen. Either way the pages are those of an upstream that heeds
//! everything, so paging need not know, and a wrong row or half a list is never one of them.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use tokio::sync::OnceCell;
use tracing::warn;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::error::Violation;
use crate::domain::filter::Filter;
use crate::domain::page::UpstreamPage;
use crate::domain::term::Vocabulary;
use crate::upstream::Listing;

/// Pages of one list read at the same time: ten pages, the default bound, come in four rounds.
const PAGES_AT_ONCE: usize = 3;

/// What a scan may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanBounds {
    /// Longest list that is read whole.
    pub(super) rows_max: u64,
    /// Rows of each page of it.
    pub(super) page_size: u32,
}

impl ScanBounds {
    /// Most upstream calls of one scan, which may have to read its list twice.
    pub(super) fn calls_max(self) -> u64 {
        let pages = |size: u32| self.rows_max.div_ceil(size.into());
        pages(self.page_size) + pages(self.other_page_size())
    }

    /// Rows of each page where those of the other size did not add up.
    fn other_page_size(self) -> u32 {
        (self.page_size - 1).max(1)
    }
}

/// A list of the upstream and the filter that its rows obey.
pub(super) struct FilteredList<F: Filter, Read> {
    /// What `read` sends.
    heeded: F,
    /// What it does not.
    ignored: F,
    bounds: ScanBounds,
    read: Read,
    /// Of one time for the whole request: whatever has moved, a walk finds its anchor's place among them.
    chosen: OnceCell<Vec<Arc<F::Row>>>,
}

impl<F, Read, Fut> FilteredList<F, Read>
where
    F: Filter,
    Read: Fn(UpstreamPage) -> Fut,
    Fut: Future<Output = Result<Arc<Listing<F::Row>>, Error>>,
{
    /// A list whose pages `read` brings, with `heeded` sent and `ignored` not.
    pub(super) fn new(heeded: F, ignored: F, bounds: ScanBounds, read: Read) -> Self {
        FilteredList {
            heeded,
            ignored,
            bounds,
            read,
            chosen: OnceCell::new(),
        }
    }

    /// One page of the rows that obey the whole filter.
    ///
    /// Fails with `UpstreamInvalid` where a row shows that the upstream does not heed what was sent, and with
    /// `Unimplemented` where rows must be chosen here out of more than the bound allows; both name the members of
    /// the filter by the upstream's words.
    pub(super) async fn page(&self, page: UpstreamPage) -> Result<Arc<Listing<F::Row>>, Error> {
        if self.ignored.members().is_empty() {
            return self.read_and_check(page).await;
        }
        let chosen = self.chosen.get_or_try_init(|| self.choose()).await?;
        Ok(Arc::new(slice(chosen, page)))
    }

    async fn read_and_check(&self, page: UpstreamPage) -> Result<Arc<Listing<F::Row>>, Error> {
        let listing = (self.read)(page).await?;
        let members = self.heeded.members();
        for row in listing.rows.iter().flatten() {
            let disobeyed = |member: &&F::Member| self.heeded.obeys(row, **member) == Some(false);
            if let Some(member) = members.iter().find(disobeyed) {
                return Err(not_heeded::<F>(*member));
            }
        }
        Ok(listing)
    }

    /// The rows of the whole list that obey what the upstream ignores, in its order.
    async fn choose(&self) -> Result<Vec<Arc<F::Row>>, Error> {
        let size = self.bounds.page_size;
        let mut pages = self.pages(size).await?;
        if !add_up::<F>(&pages, size) {
            // The list changed while it was read, or some of the pages are older than others. Pages of another
            // size are other questions, which no old answer out of the cache meets.
            let other_size = self.bounds.other_page_size();
            pages = self.pages(other_size).await?;
            if !add_up::<F>(&pages, other_size) {
                return Err(Error::new(
                    ErrorKind::UpstreamInvalid,
                    "the upstream's pages do not add up to its list",
                ));
            }
        }
        let rows = pages.iter().flat_map(|page| page.rows.iter().flatten());
        let chosen = rows.filter(|row| self.ignored.matches(row) == Some(true));
        Ok(chosen.cloned().collect())
    }

    /// All pages of this size.
    async fn pages(&self, size: u32) -> Result<Vec<Arc<Listing<F::Row>>>, Error> {
        let read = |page| self.read_and_check(UpstreamPage { page, size });
        let first = read(0).await?;
        let Some(total) = first.total else {
            return self.pages_until_one_is_the_last(first, size).await;
        };
        if total > self.bounds.rows_max {
            return Err(self.too_long());
        }
        let reads: Vec<_> = (1..total.div_ceil(size.into())).map(read).collect();
        let mut rest = stream::iter(reads).buffered(PAGES_AT_ONCE);
        let mut pages = vec![first];
        while let Some(page) = rest.try_next().await? {
            pages.push(page);
        }
        Ok(pages)
    }

    /// The same of an upstream that does not say how many rows there are.
    async fn pages_until_one_is_the_last(
        &self,
        first: Arc<Listing<F::Row>>,
        size: u32,
    ) -> Result<Vec<Arc<Listing<F::Row>>>, Error> {
        let mut pages = vec![first];
        while pages.last().is_some_and(|page| !is_last(page, size)) {
            let next = UpstreamPage {
                page: pages.len() as u64,
                size,
            };
            if next.start() >= self.bounds.rows_max {
                return Err(self.too_long());
            }
            pages.push(self.read_and_check(next).await?);
        }
        Ok(pages)
    }

    fn too_long(&self) -> Error {
        let rows_max = self.bounds.rows_max;
        let members = self.ignored.members().into_iter();
        let fields = members.map(|member| Violation {
            field: member.word().to_owned(),
            rule: format!(
                "the upstream does not filter by this, and its list is longer than the {rows_max} rows that are searched here"
            ),
        });
        Error::of_fields(ErrorKind::Unimplemented, fields.collect())
    }
}

/// The upstream gave a row that `member` does not name. One line in the log for each answer that is refused.
fn not_heeded<F: Filter>(member: F::Member) -> Error {
    let name = format!("{}.{}", F::LIST, member.word());
    warn!(
        filter = name,
        "the upstream does not heed the filter {name}, so that its list was refused; \
         with the setting upstream.profile.ignored_filters the gateway filters by itself"
    );
    let field = Violation {
        field: member.word().to_owned(),
        rule: "the upstream gave rows that this does not name".to_owned(),
    };
    Error::of_fields(ErrorKind::UpstreamInvalid, vec![field])
}

/// Whether the pages are the list, each row once and none left out, as far as they tell.
fn add_up<F: Filter>(pages: &[Arc<Listing<F::Row>>], size: u32) -> bool {
    let rows = || pages.iter().flat_map(|page| &page.rows);
    let (mut ids, count) = (HashSet::new(), rows().count() as u64);
    let no_row_twice = rows().flatten().all(|row| ids.insert(F::id(row)));
    let totals_agree = pages.iter().all(|page| match page.total {
        Some(total) => total == count,
        None => true,
    });
    // A shorter page in the middle would be the end of a list without a total.
    let full = |page: &Arc<Listing<F::Row>>| page.rows.len() == size as usize;
    let middle_is_full = pages.split_last().is_none_or(|(last, others)| {
        others.iter().all(full) && (full(last) || last.last != Some(false))
    });
    no_row_twice && totals_agree && middle_is_full
}

/// Whether no page follows, by what the page says or else by its length.
fn is_last<T>(page: &Listing<T>, size: u32) -> bool {
    page.last.unwrap_or(false) || page.rows.len() < size as usize
}

/// The page that an upstream would give whose list is `rows`.
fn slice<T>(rows: &[Arc<T>], page: UpstreamPage) -> Listing<T> {
    let start = usize::try_from(page.start()).unwrap_or(usize::MAX);
    let start = start.min(rows.len());
    let end = start.saturating_add(page.size as usize).min(rows.len());
    Listing {
        rows: rows[start..end].iter().cloned().map(Ok).collect(),
        total: Some(rows.len() as u64),
        last: Some(end == rows.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::FilteredList;
    use super::ScanBounds;
    use crate::domain::customer::Customer;
    use crate::domain::customer::CustomerStatus;
    use crate::domain::customer::CustomersFilter;
    use crate::domain::customer_filter::tests::customer;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use crate::domain::id::Id;
    use crate::domain::page::UpstreamPage;
    use crate::domain::term::Term;
    use crate::upstream::Listing;
    use futures_util::FutureExt;
    use futures_util::future::try_join_all;
    use proptest::prelude::*;
    use std::future::ready;
    use std::sync::Arc;
    use std::sync::Mutex;

    /// An upstream that ignores every filter and remembers what it was asked.
    struct Deaf {
        rows: Vec<Result<Arc<Customer>, Error>>,
        tells_total: bool,
        asked: Mutex<Vec<UpstreamPage>>,
    }

    impl Deaf {
        /// Customers 1, 2, … of whom those with `true` are active.
        fn of(active: &[bool]) -> Self {
            let row = |(id, active): (i64, &bool)| {
                let status = match active {
                    true => CustomerStatus::Active,
                    false => CustomerStatus::Inactive,
                };
                Ok(Arc::new(Customer {
                    status: Some(Term::Known(status)),
                    ..customer(id)
                }))
            };
            Deaf {
                rows: (1..).zip(active).map(row).collect(),
                tells_total: true,
                asked: Mutex::default(),
            }
        }

        fn page(&self, page: UpstreamPage) -> Result<Arc<Listing<Customer>>, Error> {
            self.asked.lock().expect("no panic").push(page);
            let rows = self.rows.iter().skip(page.start() as usize);
            Ok(Arc::new(Listing {
                rows: rows.take(page.size as usize).cloned().collect(),
                total: self.tells_total.then_some(self.rows.len() as u64),
                last: None,
            }))
        }

        fn calls(&self) -> usize {
            self.asked.lock().expect("no panic").len()
        }
    }

    fn active() -> CustomersFilter {
        CustomersFilter {
            status: Some(CustomerStatus::Active),
            ..CustomersFilter::default()
        }
    }

    const BOUNDS: ScanBounds = ScanBounds {
        rows_max: 12,
        page_size: 4,
    };

    /// A page of the active ones out of what `read` brings, where the upstream is known to ignore the status.
    fn scan(
        bounds: ScanBounds,
        read: impl Fn(UpstreamPage) -> Result<Arc<Listing<Customer>>, Error>,
        pages: &[UpstreamPage],
    ) -> Result<Vec<Arc<Listing<Customer>>>, Error> {
        let read = |page| ready(read(page));
        let list = FilteredList::new(CustomersFilter::default(), active(), bounds, read);
        let pages = try_join_all(pages.iter().map(|page| list.page(*page)));
        pages.now_or_never().expect("nothing waits")
    }

    fn ids(listing: &Listing<Customer>) -> Vec<i64> {
        let rows = listing.rows.iter().flatten();
        rows.map(|row| row.id.get()).collect()
    }

    const FIRST: UpstreamPage = UpstreamPage { page: 0, size: 100 };

    #[test]
    fn the_list_is_read_once_for_all_pages_of_one_request() {
        let deaf = Deaf::of(&[true; 9]);
        let pages = [0, 1].map(|page| UpstreamPage { page, size: 5 });
        let listings = scan(BOUNDS, |page| deaf.page(page), &pages).expect("pages");
        assert_eq!(ids(&listings[0]), [1, 2, 3, 4, 5]);
        assert_eq!(ids(&listings[1]), [6, 7, 8, 9]);
        assert_eq!(deaf.calls(), 3);
    }

    #[test]
    fn a_list_as_long_as_the_bound_is_searched_and_a_longer_one_is_refused() {
        for tells_total in [true, false] {
            let upstream = |rows| Deaf {
                tells_total,
                ..Deaf::of(&vec![true; rows])
            };
            // Where nobody says how many there are, the end shows itself in a page that is not full.
            let longest = if tells_total { 12 } else { 11 };
            let deaf = upstream(longest);
            let found = scan(BOUNDS, |page| deaf.page(page), &[FIRST]).expect("a page");
            assert_eq!(found[0].rows.len(), longest);
            assert_eq!(deaf.calls(), 3);

            let deaf = upstream(13);
            let error = scan(BOUNDS, |page| deaf.page(page), &[FIRST]).err();
            let error = error.expect("too long");
            assert_eq!(error.kind(), ErrorKind::Unimplemented);
            assert_eq!(error.violations()[0].field, "status");
            assert!(error.message().contains("12 rows"), "{error}");
            assert_eq!(deaf.calls(), if tells_total { 1 } else { 3 });
        }
    }

    #[test]
    fn rows_that_do_not_tell_are_not_chosen() {
        let mut deaf = Deaf::of(&[true, false]);
        deaf.rows.push(Ok(Arc::new(customer(3))));
        let garbled = Error::new(ErrorKind::UpstreamInvalid, "garbled");
        deaf.rows.push(Err(garbled));
        let found = scan(BOUNDS, |page| deaf.page(page), &[FIRST]).expect("a page");
        assert_eq!(ids(&found[0]), [1]);
        assert_eq!((found[0].rows.len(), found[0].total), (1, Some(1)));
    }

    #[test]
    fn a_list_that_changed_while_it_was_read_is_read_once_more_in_other_pages() {
        let (before, after) = (Deaf::of(&[true; 9]), Deaf::of(&[true; 8]));
        // The cache still has the first page as it was before somebody deleted a row.
        let read = |page: UpstreamPage| match page {
            UpstreamPage { page: 0, size: 4 } => before.page(page),
            UpstreamPage { .. } => after.page(page),
        };
        let found = scan(BOUNDS, read, &[FIRST]).expect("a page");
        assert_eq!(ids(&found[0]), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((before.calls(), after.calls()), (1, 2 + 3));
    }

    #[test]
    fn pages_that_never_make_up_a_list_are_no_answer() {
        let deaf = Deaf::of(&[true; 9]);
        // At most two rows a page, whatever is asked, and not a word about it.
        let capped = |page: UpstreamPage| {
            let size = page.size.min(2);
            deaf.page(UpstreamPage { size, ..page })
        };
        let repeating = |page: UpstreamPage| {
            let first = deaf.page(UpstreamPage { page: 0, ..page })?;
            Ok(Arc::new(Listing {
                rows: first.rows.clone(),
                total: None,
                last: Some(page.page == 2),
            }))
        };
        let wrong = [
            scan(BOUNDS, capped, &[FIRST]),
            scan(BOUNDS, repeating, &[FIRST]),
        ];
        for outcome in wrong {
            let error = outcome.err().expect("no list");
            assert_eq!(error.kind(), ErrorKind::UpstreamInvalid, "{error}");
            assert!(error.message().contains("do not add up"), "{error}");
        }
    }

    #[test]
    fn a_wrong_row_is_proof_that_the_upstream_does_not_heed_what_was_sent() {
        let deaf = Deaf::of(&[true, true, false, false]);
        let page = |size| {
            let read = |page| ready(deaf.page(page));
            let list = FilteredList::new(active(), CustomersFilter::default(), BOUNDS, read);
            let page = list.page(UpstreamPage { page: 0, size });
            page.now_or_never().expect("nothing waits")
        };
        assert_eq!(page(2).map(|listing| ids(&listing)).ok(), Some(vec![1, 2]));
        let error = page(3).err().expect("a wrong row");
        assert_eq!(error.kind(), ErrorKind::UpstreamInvalid);
        assert_eq!(error.violations()[0].field, "status");
    }

    proptest! {
        #[test]
        fn pages_are_those_of_an_upstream_that_heeds_the_filter(
            flags in proptest::collection::vec(any::<bool>(), 0..40), tells_total: bool,
            page in 0u64..5, size in 1u32..12, page_size in 1u32..50,
        ) {
            let deaf = Deaf { tells_total, ..Deaf::of(&flags) };
            let (page, bounds) = (UpstreamPage { page, size }, ScanBounds { rows_max: 41, page_size });
            let found = scan(bounds, |page| deaf.page(page), &[page]).expect("a page");
            let rows = deaf.rows.iter().zip(&flags).filter(|(_, active)| **active);
            let rows = rows.map(|(row, _)| row.clone()).collect();
            let heeding = Deaf { rows, ..Deaf::of(&[]) };
            let wanted = heeding.page(page).expect("a page");
            prop_assert_eq!(ids(&found[0]), ids(&wanted));
            prop_assert_eq!(found[0].total, wanted.total);
            let ends = page.start() + u64::from(size) >= heeding.rows.len() as u64;
            prop_assert_eq!(found[0].last, Some(ends));
            prop_assert!(deaf.calls() as u64 <= bounds.calls_max());
        }
    }
}
