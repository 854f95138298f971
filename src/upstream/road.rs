//! The road itself: one question on its way out and back, with its retries, its metrics and its decoding.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::page::UpstreamPage;
use crate::upstream::Listing;
use crate::upstream::attempt::Exchange;
use crate::upstream::attempt::Read;
use crate::upstream::cache::Fetched;
use crate::upstream::decode;
use crate::upstream::decode::Rows;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Tag;
use crate::upstream::lanes::Lanes;
use crate::upstream::metrics::Metrics;
use crate::upstream::retry;
use crate::upstream::retry::Failure;
use crate::upstream::turns::Turns;
use crate::upstream::wire::Invalid;
use crate::upstream::wire::Members;

/// What every call needs.
pub(super) struct Road {
    pub(super) exchange: Exchange,
    pub(super) epochs: Arc<Epochs>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) client_key: Option<SecretString>,
    pub(super) operation_timeout: Duration,
    /// How long a write of unknown outcome may still take effect: nothing that it touches is kept meanwhile.
    pub(super) unknown_pause: Duration,
    pub(super) lanes: Lanes,
    pub(super) turns: Turns,
    pub(super) page_size_max: u32,
}

impl Road {
    /// Reads a resource: attempts, judges and decodes, and tries again where that is worth while.
    pub(super) async fn read<T>(
        &self,
        caller: &Caller,
        read: &Read,
        decode: impl Fn(&RawValue) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        caller.budget().charge();
        let deadline = Instant::now() + self.operation_timeout;
        let repeated = |error: &Error| self.metrics.retry(error.kind());
        let attempt = || async {
            // Held for the exchange alone: nobody sleeps between two tries with it.
            let lane = self.lanes.take(caller, deadline).await;
            let _lane = lane.map_err(Failure::lasting)?;
            let exchange = self.exchange.get(caller.token(), read, &self.metrics);
            let answer = caller.account().asked(|| read.call(), exchange).await?;
            decode(json(&answer.body)?)
        };
        let outcome = retry::retry(&retry::POLICY, deadline, repeated, attempt).await;
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

    pub(super) async fn read_page<T>(
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
}

/// The body as JSON. One that ends too soon may have been cut off, which a second try can mend.
pub(super) fn json(body: &[u8]) -> Result<&RawValue, Failure> {
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
pub(super) fn one<T>(
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

pub(super) fn unreadable(noun: &str, why: impl Display) -> Error {
    Error::new(
        ErrorKind::UpstreamInvalid,
        format!("the upstream's {noun} is not as its contract says: {why}"),
    )
}

/// The listing of a page; `feed` gets each good row. A page with a bad row is not kept, so the next reader asks again.
pub(super) fn listing<T>(
    noun: &str,
    page: Rows<T>,
    feed: impl Fn(&Fetched<T>),
) -> Fetched<Listing<T>> {
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
