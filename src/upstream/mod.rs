//! The road out: the PeerAssist REST API, one method for each of its endpoints.
//!
//! A call meets the files in this order: `cache` (is it known?) with `question` as its key, `epochs` and
//! `flight`; `road`, which joins `retry` and `hedge` (within budgets of `extra` calls), `breakers` (is the upstream worth
//! asking?), `lanes`, `attempt` (one HTTP exchange of a `call`, or its `breakage`), `wire` and `decode` (its JSON). Logins
//! go by `login`. A write goes by `writes`, which knows each kind of object from `resources`: `turns`, a fresh
//! read, `document` and `encode` (what changes, and all else to the letter), `writing` (what it ends, here and at the
//! other instances, with which `shared` shares what is kept), `departure`, one `attempt`, and `refusal` where the
//! upstream says no. `profile` says where the live service is not as its contract has it.

mod attempt;
mod breakage;
mod breaker;
mod breakers;
pub mod cache;
mod caching;
mod call;
mod decode;
mod departure;
mod document;
mod encode;
mod epochs;
mod extra;
mod flight;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod hedge;
#[cfg(test)]
mod interleavings;
mod lanes;
mod login;
mod metrics;
pub mod profile;
mod question;
mod refusal;
mod resources;
mod retry;
mod road;
#[cfg(test)]
mod schedules;
pub mod shared;
mod status;
mod turns;
mod wire;
mod writes;
mod writing;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use secrecy::SecretString;
use serde_json::value::RawValue;
use url::Url;

pub use crate::upstream::departure::Departure;
pub use crate::upstream::login::Credentials;
pub use crate::upstream::login::Session;

use crate::domain::caller::Caller;
use crate::domain::customer::Customer;
use crate::domain::customer::CustomersFilter;
use crate::domain::customer::CustomersQuery;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::fwo::Fwo;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::FwosQuery;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::ledger::Account;
use crate::domain::page::UpstreamPage;
use crate::upstream::attempt::Exchange;
use crate::upstream::breakers::Breakers;
use crate::upstream::cache::AnswerCache;
use crate::upstream::cache::Known;
use crate::upstream::cache::Lifetimes;
use crate::upstream::cache::Part;
use crate::upstream::cache::Store;
use crate::upstream::caching::Caching;
use crate::upstream::call::Read;
use crate::upstream::decode::Weighed;
use crate::upstream::epochs::Kind;
use crate::upstream::epochs::Tag;
use crate::upstream::extra::ExtraCalls;
use crate::upstream::hedge::Hedging;
use crate::upstream::lanes::Lanes;
use crate::upstream::metrics::Metrics;
use crate::upstream::profile::Profile;
use crate::upstream::question::CustomersHidden;
use crate::upstream::question::CustomersPage;
use crate::upstream::question::CustomersTotal;
use crate::upstream::question::FwosPage;
use crate::upstream::question::Subject;
use crate::upstream::question::Summary;
use crate::upstream::road::Road;
use crate::upstream::road::one;
use crate::upstream::shared::Shared;
use crate::upstream::shared::Times;
use crate::upstream::turns::Turns;
use crate::upstream::writes::Resource;

/// How often memory is given back that nobody asks about any more.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// How the upstream is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the REST API is.
    pub base_url: Url,
    /// The client key (API key) for logins that bring none.
    pub client_key: Option<SecretString>,
    /// Whether tokens may travel over plain HTTP to another machine.
    pub allow_plain_http: bool,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// How long one attempt may take, from its start to the last byte of the answer.
    pub attempt_timeout: Duration,
    /// How long one question may take, its retries included.
    pub operation_timeout: Duration,
    /// What the upstream is spared.
    pub load: Load,
    /// Largest accepted answer in bytes, decompressed.
    pub body_bytes_max: usize,
    /// Largest page asked for, in rows.
    pub page_size_max: u32,
    /// Where the upstream differs from its contract.
    pub profile: Profile,
    /// How long and how much is remembered.
    pub cache: cache::Settings,
    /// What other instances are told, and keep.
    pub shared: shared::Settings,
}

/// What the upstream is spared, whatever is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Calls of all callers together that are under way at the same time.
    pub calls_max: usize,
    /// Retries for each hundred calls that are made anyway.
    pub retry_percent: u32,
    /// Retries each second besides.
    pub retries_per_second: u32,
    /// Second calls for reads that take long, for each hundred reads; none where zero.
    pub hedge_percent: u32,
}

impl Default for Load {
    fn default() -> Self {
        Load {
            calls_max: 256,
            retry_percent: 20,
            retries_per_second: 10,
            hedge_percent: 0,
        }
    }
}

/// One page of a list as the upstream gave it.
pub struct Listing<T> {
    /// The rows; one that is not as the contract says is an error by itself.
    pub rows: Vec<Result<Arc<T>, Error>>,
    /// How many rows there are in all, where the upstream says so.
    pub total: Option<u64>,
    /// Whether this is the last page, where the upstream says so.
    pub last: Option<bool>,
}

/// The upstream. A clone is the same upstream.
#[derive(Clone)]
pub struct Upstream {
    road: Arc<Road>,
    profile: Arc<Profile>,
    customers: Arc<AnswerCache<CustomerId, Customer>>,
    customer_pages: Arc<AnswerCache<CustomersPage, Listing<Customer>>>,
    customers_total: Arc<AnswerCache<CustomersTotal, u64>>,
    customers_hidden: Arc<AnswerCache<CustomersHidden, ()>>,
    summaries: Arc<AnswerCache<Summary, FwoSummary>>,
    fwos: Arc<AnswerCache<FwoId, Fwo>>,
    fwo_pages: Arc<AnswerCache<FwosPage, Listing<FwoSummary>>>,
}

impl Upstream {
    /// An upstream that nobody has called yet.
    pub fn new(settings: Settings, registry: &mut Registry) -> Result<Self, Error> {
        let exchange = Exchange::new(&settings).map_err(|error| {
            Error::new(ErrorKind::Internal, "the HTTP client cannot be made").because(error)
        })?;
        let metrics = Arc::new(Metrics::new(registry));
        let kept = settings.cache;
        let life = kept.customer_ttl.max(kept.fwo_ttl).max(kept.list_ttl);
        let times = Times {
            life,
            write: settings.operation_timeout + life,
        };
        let (epochs, shared) = Shared::new(&settings.shared, times, registry)?;
        let store = kept.store(epochs.clone(), shared.clone(), metrics.clone());
        let (customer, fwo, list) = (
            kept.lifetimes(kept.customer_ttl),
            kept.lifetimes(kept.fwo_ttl),
            kept.lifetimes(kept.list_ttl),
        );
        Ok(Upstream {
            customers: part("customer", customer, &store),
            customer_pages: part("customers", list, &store),
            customers_total: part("customers_total", list, &store),
            customers_hidden: part("customers_hidden", list, &store),
            summaries: part("fwo_summary", fwo, &store),
            fwos: part("fwo", fwo, &store),
            fwo_pages: part("fwos", list, &store),
            profile: Arc::new(settings.profile),
            road: Arc::new(Road {
                exchange,
                epochs,
                shared,
                store,
                metrics: metrics.clone(),
                obey_headers: kept.obey_headers,
                client_key: settings.client_key,
                operation_timeout: settings.operation_timeout,
                unknown_pause: life,
                lanes: Lanes::new(settings.load.calls_max),
                breakers: Breakers::new(metrics.clone()),
                retries: ExtraCalls::new(
                    settings.load.retry_percent,
                    settings.load.retries_per_second,
                ),
                hedging: Hedging::new(settings.load.hedge_percent),
                turns: Turns::new(),
                page_size_max: settings.page_size_max,
            }),
        })
    }

    /// Gives the memory back of answers that are of no use any more, and of callers who have gone, again and again.
    /// Never ends.
    pub async fn keep_tidy(&self) -> Infallible {
        loop {
            tokio::time::sleep(TIDY_EVERY).await;
            self.road.store.tidy();
        }
    }

    /// Largest page to ask for, in rows.
    pub fn page_size_max(&self) -> u32 {
        self.road.page_size_max
    }

    /// Where it differs from its contract.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// How long one question may take.
    pub fn operation_timeout(&self) -> Duration {
        self.road.operation_timeout
    }

    /// Whether anything answers at the upstream's address.
    pub async fn reachable(&self) -> bool {
        self.road.exchange.reachable().await
    }

    /// `POST /auth`: a token for a user. Asked once; nothing of it is kept here.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        account: &Account,
    ) -> Result<Session, Error> {
        self.road.log_in(credentials, account).await
    }

    /// `GET /customer/{id}`.
    pub async fn customer(&self, caller: &Caller, id: CustomerId) -> Result<Arc<Customer>, Error> {
        self.item(&self.customers, caller, id).await
    }

    /// One object of a kind.
    async fn item<R>(
        &self,
        cache: &Arc<AnswerCache<R::Id, R>>,
        caller: &Caller,
        id: R::Id,
    ) -> Result<Arc<R>, Error>
    where
        R: Resource + 'static,
        R::Id: Subject,
    {
        let road = self.road.clone();
        let fetch = |asker: Caller, asked, known: Option<Known<R>>| async move {
            let read = Read::item::<R>(id);
            let decode = |body: &RawValue| Ok(Weighed::new(one::<R>(body, id)?, body));
            let validator = known.as_ref().and_then(Known::validator);
            let reply = road.ask(&asker, &asked, &read, validator, decode).await?;
            reply.fetched(known)
        };
        cache.get_or_fetch(caller, id, fetch).await
    }

    /// `GET /customer`: one page of the customers of a query. The page feeds the customers on it.
    pub async fn customers(
        &self,
        caller: &Caller,
        query: &CustomersQuery,
        page: UpstreamPage,
    ) -> Result<Arc<Listing<Customer>>, Error> {
        let (road, customers) = (self.road.clone(), self.customers.clone());
        let is_of_all = query.filter == CustomersFilter::default();
        let totals = is_of_all.then(|| self.customers_total.clone());
        let read = Read::page("/customer", query.parameters(), page);
        let fetch = |asker: Caller, asked, known: Option<Known<Listing<Customer>>>| async move {
            let decode = |body: &RawValue| decode::page(body, decode::customer);
            let validator = known.as_ref().and_then(Known::validator);
            let reply = road
                .ask_page(&asker, &asked, &read, validator, page, decode)
                .await?;
            let fetched = reply.listed("customer", known, |row| {
                customers.feed(&asker, row.answer.id, &asked, row)
            })?;
            if let (Some(totals), Some(total)) = (totals, fetched.answer.total) {
                let total = Part::small(total, &fetched.caching);
                totals.feed(&asker, CustomersTotal, &asked, total);
            }
            Ok(fetched)
        };
        let subject = CustomersPage {
            query: query.clone(),
            page,
        };
        self.customer_pages
            .get_or_fetch(caller, subject, fetch)
            .await
    }

    /// Ends what the caller's lists of customers said until now: their rows were seen to have moved since.
    pub fn forget_customers_lists(&self, caller: &Caller) {
        let lists = Tag::Lists(caller.fingerprint(), Kind::Customers);
        self.road.epochs.bump(lists);
    }

    /// The customer as it was read lately, by itself or in a list. Asks nobody.
    pub async fn known_customer(&self, caller: &Caller, id: CustomerId) -> Option<Arc<Customer>> {
        self.customers.get(caller, &id).await
    }

    /// Remembers that the list of all customers hides some of them.
    pub fn customers_are_hidden(&self, caller: &Caller) {
        let tags = CustomersHidden.tags(caller.fingerprint());
        let asked = self.road.store.ask(caller, tags);
        let hidden = Part::small((), &Caching::default());
        self.customers_hidden
            .feed(caller, CustomersHidden, &asked, hidden);
    }

    /// How many customers there are for the caller, as a list said lately that hides none. Asks nobody.
    pub fn customers_total(&self, caller: &Caller) -> Option<u64> {
        let hidden = self.customers_hidden.peek(caller, &CustomersHidden);
        if hidden.is_some() {
            return None;
        }
        let total = self.customers_total.peek(caller, &CustomersTotal);
        total.as_deref().copied()
    }

    /// `GET /fwo/{id}`: an order with its lines.
    pub async fn fwo(&self, caller: &Caller, id: FwoId) -> Result<Arc<Fwo>, Error> {
        self.item(&self.fwos, caller, id).await
    }

    /// What a list said of an order lately, if one did. Asks nobody.
    pub async fn listed_fwo(&self, caller: &Caller, id: FwoId) -> Option<Arc<FwoSummary>> {
        self.summaries.get(caller, &Summary(id)).await
    }

    /// `GET /fwo`: one page of the orders of a query. The page feeds the summaries on it.
    pub async fn fwos(
        &self,
        caller: &Caller,
        query: &FwosQuery,
        page: UpstreamPage,
    ) -> Result<Arc<Listing<FwoSummary>>, Error> {
        let (road, summaries) = (self.road.clone(), self.summaries.clone());
        let read = Read::page("/fwo", query.parameters(), page);
        let fetch = |asker: Caller, asked, known: Option<Known<Listing<FwoSummary>>>| async move {
            let decode = |body: &RawValue| decode::page(body, decode::fwo_summary);
            let validator = known.as_ref().and_then(Known::validator);
            let reply = road
                .ask_page(&asker, &asked, &read, validator, page, decode)
                .await?;
            reply.listed("field work order", known, |row| {
                summaries.feed(&asker, Summary(row.answer.id), &asked, row)
            })
        };
        let subject = FwosPage {
            query: query.clone(),
            page,
        };
        self.fwo_pages.get_or_fetch(caller, subject, fetch).await
    }

    /// Ends what the caller's lists of orders said until now: their rows were seen to have moved since.
    pub fn forget_fwos_lists(&self, caller: &Caller) {
        let lists = Tag::Lists(caller.fingerprint(), Kind::Fwos);
        self.road.epochs.bump(lists);
    }
}

fn part<T, A>(
    name: &'static str,
    lifetimes: Lifetimes,
    store: &Arc<Store>,
) -> Arc<AnswerCache<T, A>>
where
    T: Subject,
    A: Send + Sync + 'static,
{
    Arc::new(AnswerCache::new(name, lifetimes, store.clone()))
}
