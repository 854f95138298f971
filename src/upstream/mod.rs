//! The road out: the PeerAssist REST API, one method for each of its endpoints.
//!
//! A call meets the files in this order: `cache` (is it known?) with `question` as its key, `epochs` and
//! `flight`; `retry`; `attempt` (one HTTP exchange); `wire` and `decode` (its JSON).

mod attempt;
pub mod cache;
mod decode;
mod epochs;
mod flight;
mod metrics;
mod question;
mod retry;
mod wire;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use prometheus_client::registry::Registry;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::value::RawValue;
use tokio::time::Instant;
use url::Url;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::customer::Customer;
use crate::domain::customer::CustomersQuery;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::fwo::Fwo;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::FwosQuery;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::page::UpstreamPage;
use crate::upstream::attempt::Exchange;
use crate::upstream::attempt::Read;
use crate::upstream::cache::AnswerCache;
use crate::upstream::cache::Fetched;
use crate::upstream::decode::Rows;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Tag;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::CustomersPage;
use crate::upstream::question::FwosPage;
use crate::upstream::retry::Failure;
use crate::upstream::retry::retry;
use crate::upstream::wire::Invalid;
use crate::upstream::wire::Members;

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
    /// Largest accepted answer in bytes, decompressed.
    pub body_bytes_max: usize,
    /// Largest page asked for, in rows.
    pub page_size_max: u32,
    /// How long and how much is remembered.
    pub cache: cache::Settings,
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

/// A login as the upstream wants it.
pub struct Credentials {
    /// The user's registered e-mail address.
    pub user_name: String,
    /// The password.
    pub password: SecretString,
    /// The client key; the configured one where absent.
    pub client_key: Option<SecretString>,
}

/// A login as the upstream granted it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The token.
    pub token: BearerToken,
    /// The kind of token; the guide knows `Bearer`.
    pub token_type: String,
    /// How long the token lives, in minutes.
    pub expires_in_minutes: i64,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// The upstream. A clone is the same upstream.
#[derive(Clone)]
pub struct Upstream {
    road: Arc<Road>,
    customers: Arc<AnswerCache<CustomerId, Customer>>,
    customer_pages: Arc<AnswerCache<CustomersPage, Listing<Customer>>>,
    summaries: Arc<AnswerCache<FwoId, FwoSummary>>,
    fwos: Arc<AnswerCache<FwoId, Fwo>>,
    fwo_pages: Arc<AnswerCache<FwosPage, Listing<FwoSummary>>>,
}

/// What every call needs.
struct Road {
    exchange: Exchange,
    epochs: Arc<Epochs>,
    metrics: Arc<Metrics>,
    client_key: Option<SecretString>,
    operation_timeout: Duration,
    page_size_max: u32,
}

impl Upstream {
    /// An upstream that nobody has called yet.
    pub fn new(settings: Settings, registry: &mut Registry) -> Result<Self, Error> {
        let exchange = Exchange::new(&settings).map_err(|error| {
            Error::new(ErrorKind::Internal, "the HTTP client cannot be made").because(error)
        })?;
        let (epochs, metrics) = (Arc::new(Epochs::new()), Arc::new(Metrics::new(registry)));
        let cache::Settings {
            bytes_max,
            customer_ttl,
            fwo_ttl,
            list_ttl,
        } = settings.cache;
        // Pages are the heaviest and share their rows with the other parts; customers are few and small.
        let eighths = |parts| bytes_max / 8 * parts;
        Ok(Upstream {
            customers: part("customer", eighths(1), customer_ttl, &epochs, &metrics),
            customer_pages: part("customers", eighths(1), list_ttl, &epochs, &metrics),
            summaries: part("fwo_summary", eighths(2), fwo_ttl, &epochs, &metrics),
            fwos: part("fwo", eighths(2), fwo_ttl, &epochs, &metrics),
            fwo_pages: part("fwos", eighths(2), list_ttl, &epochs, &metrics),
            road: Arc::new(Road {
                exchange,
                epochs,
                metrics,
                client_key: settings.client_key,
                operation_timeout: settings.operation_timeout,
                page_size_max: settings.page_size_max,
            }),
        })
    }

    /// Largest page to ask for, in rows.
    pub fn page_size_max(&self) -> u32 {
        self.road.page_size_max
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
    pub async fn log_in(&self, credentials: Credentials) -> Result<Session, Error> {
        self.road.log_in(credentials).await
    }

    /// `GET /customer/{id}`.
    pub async fn customer(&self, caller: &Caller, id: CustomerId) -> Result<Arc<Customer>, Error> {
        let (road, asker) = (self.road.clone(), caller.clone());
        let fetch = |_| async move {
            let read = Read {
                route: "/customer/{id}",
                path: format!("/customer/{id}"),
                parameters: vec![],
            };
            road.read(&asker, &read, |body| {
                one("customer", body, decode::customer, |customer| {
                    customer.id == id
                })
            })
            .await
        };
        self.customers.get_or_fetch(caller, id, fetch).await
    }

    /// `GET /customer`: one page of the customers of a query. The page feeds the customers on it.
    pub async fn customers(
        &self,
        caller: &Caller,
        query: &CustomersQuery,
        page: UpstreamPage,
    ) -> Result<Arc<Listing<Customer>>, Error> {
        let (road, asker, customers) = (self.road.clone(), caller.clone(), self.customers.clone());
        let read = Read {
            route: "/customer",
            path: "/customer".into(),
            parameters: paged(query.parameters(), page),
        };
        let fetch = |asked| async move {
            let decode = |body: &RawValue| decode::page(body, decode::customer);
            let rows = road.read_page(&asker, &read, page, decode).await?;
            Ok(listing("customer", rows, |row| {
                customers.feed(&asker, row.answer.id, asked, row)
            }))
        };
        let subject = CustomersPage {
            query: query.clone(),
            page,
        };
        self.customer_pages
            .get_or_fetch(caller, subject, fetch)
            .await
    }

    /// `GET /fwo/{id}`: an order with its lines.
    pub async fn fwo(&self, caller: &Caller, id: FwoId) -> Result<Arc<Fwo>, Error> {
        let (road, asker) = (self.road.clone(), caller.clone());
        let fetch = |_| async move {
            let read = Read {
                route: "/fwo/{id}",
                path: format!("/fwo/{id}"),
                parameters: vec![],
            };
            road.read(&asker, &read, |body| {
                one("field work order", body, decode::fwo, |fwo| {
                    fwo.summary.id == id
                })
            })
            .await
        };
        self.fwos.get_or_fetch(caller, id, fetch).await
    }

    /// What a list said of an order lately, if one did. Asks nobody.
    pub fn listed_fwo(&self, caller: &Caller, id: FwoId) -> Option<Arc<FwoSummary>> {
        self.summaries.get(caller, &id)
    }

    /// `GET /fwo`: one page of the orders of a query. The page feeds the summaries on it.
    pub async fn fwos(
        &self,
        caller: &Caller,
        query: &FwosQuery,
        page: UpstreamPage,
    ) -> Result<Arc<Listing<FwoSummary>>, Error> {
        let (road, asker, summaries) = (self.road.clone(), caller.clone(), self.summaries.clone());
        let read = Read {
            route: "/fwo",
            path: "/fwo".into(),
            parameters: paged(query.parameters(), page),
        };
        let fetch = |asked| async move {
            let decode = |body: &RawValue| decode::page(body, decode::fwo_summary);
            let rows = road.read_page(&asker, &read, page, decode).await?;
            Ok(listing("field work order", rows, |row| {
                summaries.feed(&asker, row.answer.id, asked, row)
            }))
        };
        let subject = FwosPage {
            query: query.clone(),
            page,
        };
        self.fwo_pages.get_or_fetch(caller, subject, fetch).await
    }
}

fn part<T, A>(
    name: &'static str,
    bytes_max: u64,
    ttl: Duration,
    epochs: &Arc<Epochs>,
    metrics: &Arc<Metrics>,
) -> Arc<AnswerCache<T, A>>
where
    T: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
    A: Send + Sync + 'static,
{
    Arc::new(AnswerCache::new(
        name,
        bytes_max,
        ttl,
        epochs.clone(),
        metrics.clone(),
    ))
}

impl Road {
    /// Reads a resource: attempts, judges and decodes, and tries again where that is worth while.
    async fn read<T>(
        &self,
        caller: &Caller,
        read: &Read,
        decode: impl Fn(&RawValue) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + self.operation_timeout;
        let repeated = |error: &Error| self.metrics.retry(error.kind());
        let attempt = || async {
            let answer = self
                .exchange
                .get(caller.token(), read, &self.metrics)
                .await?;
            decode(json(&answer.body)?)
        };
        let outcome = retry(&retry::POLICY, deadline, repeated, attempt).await;
        if let Err(error) = &outcome {
            if error.kind() == ErrorKind::TokenInvalid {
                self.epochs.bump(Tag::Everything(caller.fingerprint()));
            }
            tracing::debug!(
                route = read.route,
                reason = error.kind().reason(),
                ?error,
                "the upstream was asked in vain"
            );
        }
        outcome
    }

    async fn read_page<T>(
        &self,
        caller: &Caller,
        read: &Read,
        page: UpstreamPage,
        decode: impl Fn(&RawValue) -> Result<Rows<T>, Invalid>,
    ) -> Result<Rows<T>, Error> {
        self.read(caller, read, |body| {
            let rows =
                decode(body).map_err(|invalid| Failure::lasting(unreadable("page", invalid)))?;
            if rows.rows.len() > page.size as usize {
                let error = Error::new(
                    ErrorKind::UpstreamInvalid,
                    "the upstream's page is longer than was asked for",
                );
                return Err(Failure::lasting(error));
            }
            Ok(rows)
        })
        .await
    }

    async fn log_in(&self, credentials: Credentials) -> Result<Session, Error> {
        let Some(client_key) = credentials.client_key.as_ref().or(self.client_key.as_ref()) else {
            return Err(Error::invalid(
                "clientKey",
                "is needed: this gateway has none of its own",
            ));
        };
        let body = serde_json::json!({
            "userName": credentials.user_name,
            "password": credentials.password.expose_secret(),
        });
        let asked = Utc::now();
        let answer = self
            .exchange
            .log_in(client_key.expose_secret(), &body, &self.metrics)
            .await;
        let answer = answer.map_err(|failure| match failure.error.kind() {
            ErrorKind::TokenInvalid | ErrorKind::Forbidden => Error::new(
                ErrorKind::CredentialsInvalid,
                "the user name, the password or the client key is wrong",
            ),
            _ => failure.error,
        })?;
        let body = json(&answer.body).map_err(|failure| failure.error)?;
        session(body, asked).map_err(|invalid| unreadable("login", invalid))
    }
}

/// `expiresIn` counts minutes (contract 3.1).
fn session(body: &RawValue, asked: DateTime<Utc>) -> Result<Session, Invalid> {
    let mut members = decode::object(body)?;
    let missing = |member: &'static str, expected| Invalid {
        member: member.into(),
        expected,
    };
    let token = members
        .text("token")?
        .and_then(|token| BearerToken::parse(&token));
    let token = token.ok_or(missing("token", "a bearer token"))?;
    let token_type = members
        .text("tokenType")?
        .unwrap_or_else(|| "Bearer".into())
        .into();
    let minutes = members
        .number("expiresIn")?
        .filter(|minutes| (1..=525_600).contains(minutes));
    let expires_in_minutes = minutes.ok_or(missing("expiresIn", "a number of minutes"))?;
    let expires_at = asked + chrono::TimeDelta::minutes(expires_in_minutes);
    Ok(Session {
        token,
        token_type,
        expires_in_minutes,
        expires_at,
    })
}

/// The body as JSON. One that ends too soon may have been cut off, which a second try can mend.
fn json(body: &[u8]) -> Result<&RawValue, Failure> {
    serde_json::from_slice(body).map_err(|error: serde_json::Error| {
        let again = if error.is_eof() {
            retry::Again::Times(1)
        } else {
            retry::Again::Never
        };
        let error = Error::new(
            ErrorKind::UpstreamInvalid,
            "the upstream's answer is not well-formed JSON",
        )
        .because(error);
        Failure { error, again }
    })
}

/// One object; another one than was asked for is no answer.
fn one<T>(
    noun: &str,
    body: &RawValue,
    decode: impl Fn(Members<'_>) -> Result<T, Invalid>,
    is_asked_for: impl Fn(&T) -> bool,
) -> Result<Fetched<T>, Failure> {
    let decoded = decode::object(body).and_then(decode);
    let item = decoded.map_err(|invalid| Failure::lasting(unreadable(noun, invalid)))?;
    if !is_asked_for(&item) {
        return Err(Failure::lasting(unreadable(
            noun,
            "it is not the one asked for",
        )));
    }
    Ok(Fetched {
        answer: Arc::new(item),
        bytes: body.get().len(),
        keep: true,
    })
}

fn unreadable(noun: &str, why: impl Display) -> Error {
    Error::new(
        ErrorKind::UpstreamInvalid,
        format!("the upstream's {noun} is not as its contract says: {why}"),
    )
}

/// The page's own parameters behind those of its query.
fn paged(
    mut parameters: Vec<(&'static str, String)>,
    page: UpstreamPage,
) -> Vec<(&'static str, String)> {
    parameters.push(("page", page.page.to_string()));
    parameters.push(("size", page.size.to_string()));
    parameters
}

/// The listing of a page; `feed` gets each good row. A page with a bad row is not kept, so the next reader asks again.
fn listing<T>(noun: &str, page: Rows<T>, feed: impl Fn(&Fetched<T>)) -> Fetched<Listing<T>> {
    let (mut bytes, mut keep) = (0, true);
    let rows = page.rows.into_iter().map(|row| match row {
        Ok(row) => {
            bytes += row.bytes;
            feed(&Fetched {
                answer: row.item.clone(),
                bytes: row.bytes,
                keep: true,
            });
            Ok(row.item)
        }
        Err(invalid) => {
            keep = false;
            Err(unreadable(noun, invalid))
        }
    });
    let rows = rows.collect();
    let answer = Arc::new(Listing {
        rows,
        total: page.total,
        last: page.last,
    });
    Fetched {
        answer,
        bytes,
        keep,
    }
}
