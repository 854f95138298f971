//! Lookups of one operation, gathered: fields that are resolved together ask together, each id once.
//!
//! A field says what it needs and lets the others say it, too; whoever goes on first asks for all of them. The answers
//! stay for the operation, unless it is a mutation, whose later fields must see what the earlier ones have done.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use async_graphql::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use tokio::time::Instant;

use crate::domain::caller::Caller;
use crate::domain::customer::Customer;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::fwo::Fwo;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::ledger::Outcome;
use crate::gateway::CustomerLookups;
use crate::gateway::Found;
use crate::gateway::Wanted;
use crate::graphql::query::asking;

/// The loaders of one operation.
pub(super) struct Loaders {
    customers: Loader<CustomerId, Customer>,
    /// Apart from the others, because they may come by whole pages.
    customers_of_orders: Loader<CustomerId, Customer>,
    customer_lookups: Arc<CustomerLookups>,
    fwos: Loader<FwoId, Fwo>,
}

impl Loaders {
    /// Loaders that keep their answers or not, and that look up customers as was settled.
    pub(super) fn new(keep: bool, customer_lookups: CustomerLookups) -> Self {
        Loaders {
            customers: Loader::new("/customer", keep),
            customers_of_orders: Loader::new("/customer", keep),
            customer_lookups: Arc::new(customer_lookups),
            fwos: Loader::new("/fwo", keep),
        }
    }

    /// The customer with this id.
    pub(super) async fn customer(
        ctx: &Context<'_>,
        id: CustomerId,
    ) -> Result<Arc<Customer>, Error> {
        let (gateway, caller) = asking(ctx)?;
        let loader = &ctx.data_unchecked::<Loaders>().customers;
        let gateway = gateway.clone();
        let look_up = |wanted| async move { gateway.customers_by_id(wanted).await };
        loader.load(&caller, id, look_up).await
    }

    /// The customer with this id, of an order.
    pub(super) async fn customer_of_order(
        ctx: &Context<'_>,
        id: CustomerId,
    ) -> Result<Arc<Customer>, Error> {
        let (gateway, caller) = asking(ctx)?;
        let loaders = ctx.data_unchecked::<Loaders>();
        let (gateway, lookups) = (gateway.clone(), loaders.customer_lookups.clone());
        let look_up = |wanted| async move { gateway.customers_of_orders(wanted, &lookups).await };
        let loader = &loaders.customers_of_orders;
        loader.load(&caller, id, look_up).await
    }

    /// The order with this id, as a whole.
    pub(super) async fn fwo(ctx: &Context<'_>, id: FwoId) -> Result<Arc<Fwo>, Error> {
        let (gateway, caller) = asking(ctx)?;
        let loader = &ctx.data_unchecked::<Loaders>().fwos;
        let gateway = gateway.clone();
        let look_up = |wanted| async move { gateway.fwos_by_id(wanted).await };
        loader.load(&caller, id, look_up).await
    }
}

type Batch<K, V> = Shared<BoxFuture<'static, Arc<Found<K, V>>>>;

struct Loader<K, V> {
    /// Where each of the objects is, for the ledger: `/customer`.
    route: &'static str,
    table: Mutex<Table<K, V>>,
    keep: bool,
}

struct Table<K, V> {
    /// What is going to be asked for, each with the caller at the field that needed it first.
    waiting: BTreeMap<K, Caller>,
    /// What was asked for, and with which others.
    batches: HashMap<K, Batch<K, V>>,
}

impl<K, V> Loader<K, V>
where
    K: Copy + Ord + Hash + Display + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn new(route: &'static str, keep: bool) -> Self {
        let table = Table {
            waiting: BTreeMap::new(),
            batches: HashMap::new(),
        };
        Loader {
            route,
            table: Mutex::new(table),
            keep,
        }
    }

    /// The object with this id, out of a batch that `look_up` asks for.
    async fn load<F>(
        &self,
        caller: &Caller,
        id: K,
        look_up: impl FnOnce(Vec<Wanted<K>>) -> F,
    ) -> Result<Arc<V>, Error>
    where
        F: Future<Output = Found<K, V>> + Send + 'static,
    {
        let begun = Instant::now();
        let joined = self.want(caller, id);
        // The fields beside this one are polled before it goes on.
        tokio::task::yield_now().await;
        let batch = self.batch(caller, id, look_up);
        let found = batch.await;
        if !self.keep {
            self.lock().batches.remove(&id);
        }
        let lost = || {
            Error::new(
                ErrorKind::Internal,
                "a batch has an answer for each of its ids",
            )
        };
        if joined {
            let call = || format!("GET {}/{id}", self.route);
            caller
                .account()
                .enter(Outcome::Coalesced, call, None, begun.elapsed());
        }
        found.get(&id).cloned().unwrap_or_else(|| Err(lost()))
    }

    /// Says that the id is needed, and tells whether somebody else has said so before.
    fn want(&self, caller: &Caller, id: K) -> bool {
        let mut table = self.lock();
        let is_known = table.batches.contains_key(&id) || table.waiting.contains_key(&id);
        if !is_known {
            table.waiting.insert(id, caller.clone());
        }
        is_known
    }

    fn batch<F>(
        &self,
        caller: &Caller,
        id: K,
        look_up: impl FnOnce(Vec<Wanted<K>>) -> F,
    ) -> Batch<K, V>
    where
        F: Future<Output = Found<K, V>> + Send + 'static,
    {
        let mut table = self.lock();
        if let Some(batch) = table.batches.get(&id) {
            return batch.clone();
        }
        // A batch that was forgotten in between does not answer any more.
        table.waiting.entry(id).or_insert_with(|| caller.clone());
        let waiting = std::mem::take(&mut table.waiting);
        let ids: Vec<K> = waiting.keys().copied().collect();
        let wanted = waiting.into_iter().map(|(id, caller)| (caller, id));
        let batch = look_up(wanted.collect()).map(Arc::new).boxed().shared();
        let batches = ids.into_iter().map(|id| (id, batch.clone()));
        table.batches.extend(batches);
        batch
    }

    /// A panic elsewhere does not make the table wrong: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, Table<K, V>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
