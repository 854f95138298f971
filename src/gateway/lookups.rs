//! Many objects by their ids, with the fewest upstream calls: one by one, or the pages of the list that holds them.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::domain::caller::Caller;
use crate::domain::customer::Customer;
use crate::domain::customer::CustomersQuery;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::fwo::Fwo;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::ledger::Outcome;
use crate::domain::page::UpstreamPage;
use crate::gateway::Gateway;

/// Lookups under way at the same time for one batch: half of what one caller may have under way at all.
const LOOKUPS_AT_ONCE: usize = 16;

/// An id that is needed, and for whom: the caller at the field that needed it first.
pub type Wanted<K> = (Caller, K);

/// What was found for each id that was needed.
pub type Found<K, V> = HashMap<K, Result<Arc<V>, Error>>;

/// The lookups of the customers of one request's orders: how they are done is settled before the first one, and so
/// is what they cost at most.
#[derive(Debug)]
pub struct CustomerLookups {
    /// How many pages hold all customers, where a list has told lately.
    pages: Option<u64>,
    /// Customers that were missing so far.
    asked: AtomicU64,
    /// Calls made for them.
    made: AtomicU64,
}

impl CustomerLookups {
    /// How many upstream calls the lookups of so many customers cost at most.
    pub fn calls_max(&self, ids: u64) -> u64 {
        // One by one as long as that is no more than the pages, and then, once, the pages.
        self.pages
            .map_or(ids, |pages| ids.min(pages.saturating_mul(2)))
    }

    /// The pages to be read for so many further customers, where that is less than to look them up.
    fn pages_for(&self, ids: u64) -> Option<u64> {
        let asked = self.asked.fetch_add(ids, Ordering::Relaxed) + ids;
        self.pages.filter(|pages| ids > 0 && asked > *pages)
    }

    /// Takes so many calls from what is left, or as many as there are; gives how many.
    fn take(&self, calls: u64) -> u64 {
        let most = self.calls_max(self.asked.load(Ordering::Relaxed));
        let left = most.saturating_sub(self.made.load(Ordering::Relaxed));
        let taken = calls.min(left);
        self.made.fetch_add(taken, Ordering::Relaxed);
        taken
    }
}

impl Gateway {
    /// How the customers of a request's orders are looked up, as far as is known before the first one.
    pub fn customer_lookups(&self, caller: Option<&Caller>) -> CustomerLookups {
        CustomerLookups {
            pages: caller.and_then(|caller| self.customer_pages(caller)),
            asked: AtomicU64::new(0),
            made: AtomicU64::new(0),
        }
    }

    /// The customers with these ids, none of which comes twice, one by one; each fails by itself.
    pub async fn customers_by_id(
        &self,
        wanted: Vec<Wanted<CustomerId>>,
    ) -> Found<CustomerId, Customer> {
        let look_up = |caller: Caller, id| {
            let upstream = self.0.upstream.clone();
            async move { upstream.customer(&caller, id).await }
        };
        one_by_one(wanted, look_up).await
    }

    /// The customers of orders by their ids, none of which comes twice; each fails by itself.
    ///
    /// Where the request asks for more than the list of all customers has pages, the pages are read instead. How
    /// long the list is must be known before the request: nobody asks for that alone. Fails with `BudgetExceeded`
    /// for customers whom that list hides although orders name them, once the request has made the calls that it
    /// was admitted with; the next request knows, and looks each one up.
    pub async fn customers_of_orders(
        &self,
        wanted: Vec<Wanted<CustomerId>>,
        lookups: &CustomerLookups,
    ) -> Found<CustomerId, Customer> {
        let upstream = &self.0.upstream;
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for (caller, id) in wanted {
            match upstream.known_customer(&caller, id).await {
                Some(customer) => drop(found.insert(id, Ok(customer))),
                None => missing.push((caller, id)),
            }
        }
        if let Some(pages) = lookups.pages_for(missing.len() as u64) {
            lookups.take(pages);
            missing = self.customers_by_page(pages, missing, &mut found).await;
            if let Some((caller, _)) = missing.first() {
                upstream.customers_are_hidden(caller);
            }
        }
        // No more than there are missing, which is a length.
        let taken = lookups.take(missing.len() as u64) as usize;
        let too_many = missing.split_off(taken);
        found.extend(too_many.into_iter().map(|(_, id)| (id, Err(hidden()))));
        found.extend(self.customers_by_id(missing).await);
        found
    }

    /// The orders with these ids as a whole, none of which comes twice; each fails by itself.
    pub async fn fwos_by_id(&self, wanted: Vec<Wanted<FwoId>>) -> Found<FwoId, Fwo> {
        let look_up = |caller: Caller, id| {
            let upstream = self.0.upstream.clone();
            async move { upstream.fwo(&caller, id).await }
        };
        one_by_one(wanted, look_up).await
    }

    /// How many pages hold all customers, where that is known.
    fn customer_pages(&self, caller: &Caller) -> Option<u64> {
        let total = self.0.upstream.customers_total(caller)?;
        let size = u64::from(self.0.upstream.page_size_max());
        Some(total.div_ceil(size).max(1))
    }

    /// Reads so many pages of all customers and takes from them those that are missing; gives those that are not
    /// on them, which a list may hide from who may read them all the same.
    async fn customers_by_page(
        &self,
        pages: u64,
        missing: Vec<Wanted<CustomerId>>,
        found: &mut Found<CustomerId, Customer>,
    ) -> Vec<Wanted<CustomerId>> {
        let Some((reader, _)) = missing.first().cloned() else {
            return missing;
        };
        let (query, size) = (CustomersQuery::default(), self.0.upstream.page_size_max());
        let pages = (0..pages).map(|page| UpstreamPage { page, size });
        let reads = pages.map(|page| self.0.upstream.customers(&reader, &query, page));
        let read: Vec<_> = stream::iter(reads)
            .buffered(LOOKUPS_AT_ONCE)
            .collect()
            .await;
        let mut listed = HashMap::new();
        for listing in read.iter().flatten() {
            let rows = listing.rows.iter().flatten();
            listed.extend(rows.map(|row| (row.id, row.clone())));
        }
        // Whoever is on a page that failed cannot be told from whoever is on none.
        let failure = read.into_iter().find_map(Result::err);
        let mut left = Vec::new();
        for (place, (caller, id)) in missing.into_iter().enumerate() {
            let answer = match (listed.remove(&id), &failure) {
                (Some(customer), _) => Ok(customer),
                (None, Some(failure)) => Err(failure.clone()),
                (None, None) => {
                    left.push((caller, id));
                    continue;
                }
            };
            // The first one has read the pages, for the others too.
            if place > 0 {
                let call = || format!("GET /customer/{id}");
                caller
                    .account()
                    .enter(Outcome::Coalesced, call, None, Duration::ZERO);
            }
            found.insert(id, answer);
        }
        left
    }
}

fn hidden() -> Error {
    let message = "the list of customers hides this one, and the request has made the calls that were expected of it: \
                   ask again";
    Error::new(ErrorKind::BudgetExceeded, message)
}

async fn one_by_one<K, V, F>(
    wanted: Vec<Wanted<K>>,
    look_up: impl Fn(Caller, K) -> F,
) -> Found<K, V>
where
    K: Copy + Eq + Hash + Display,
    F: Future<Output = Result<Arc<V>, Error>>,
{
    let lookups = wanted.into_iter().map(|(caller, id)| {
        let answer = look_up(caller, id);
        async move { (id, answer.await) }
    });
    stream::iter(lookups)
        .buffer_unordered(LOOKUPS_AT_ONCE)
        .collect()
        .await
}
