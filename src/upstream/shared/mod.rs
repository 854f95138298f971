//! What several instances share: a log of what ends kept answers, and a store of answers, both in Redis or Valkey.
//!
//! Without it each process keeps answers by itself, and a write through one is seen through another when the answers
//! kept there have grown old. With it the promise of one process holds for all of them: **a read that begins after a
//! write was acknowledged, through whichever instance, does not see what was before the write.** The argument:
//!
//! 1. A write appends a notice to the log before it is sent, and another one after the upstream's answer and *before*
//!    the client's. Each names the places of what it touches in the table of epochs. So whatever was acknowledged is
//!    in the log.
//! 2. A request reads the log to its end before it trusts anything kept: one round trip, begun after the request
//!    began, shared by all who wait for one (`log`). What it reads bumps the local epochs, so an answer kept here that
//!    was asked for earlier is not used. Where it cannot be read within `patience`, the request asks the upstream,
//!    joins nobody's question, and nothing of it is kept. After that nobody waits until reading is quick again.
//! 3. An answer in the store carries the position of the log that was in sight before it was asked for. It is used
//!    only if none of its places has been bumped in the log since then (`journal`): so it is as good as one kept here.
//! 4. Between its two notices a write keeps its places closed, because the second one may never come. It does so for
//!    at most as long as a write may take, including one whose outcome is unknown.
//! 5. The last entry that was read must still be there when reading goes on. If it is not, or the server runs under
//!    another identity, or the log lost its name, then entries may be missing: all that is kept here ends, and of the
//!    store nothing of before is used. The same after every loss of the connection; and
//!    then nothing is trusted for as long as any other instance may need to find its way back and tell what it owes.
//!    Entries are read by a command that only a server which takes writes answers, so no replica that lags is believed.
//! 6. What an instance could not tell is owed: it trusts nothing until it has told all others that everything has
//!    ended. A server that refuses to append (it is full) is made to forget the log's name instead, which ends the
//!    trust of all.
//! 7. A refused token is told by a mark of its caller, not by a place: there are few places, and whoever brought wrong
//!    tokens could end everybody's answers. What is kept for a caller whose last request is longer ago than refusals
//!    are remembered is not used.
//!
//! **What is left.** An instance that cannot reach the server at all for the whole of a write (neither notice arrives
//! within `patience` each) answers its client all the same; `shared_cache_notices{result="untold"}` or `"late"` counts
//! it. Another instance that *can* reach the server may then go on to use what was kept before that write: until the
//! first one reaches the server again, or until that answer's time is over, whichever is sooner. With the default
//! settings that is 30 s, 30 s more for the one reader behind whom it is refreshed, and 5 min only while the upstream
//! fails as well. Whoever asks through the writing instance never sees it. The same holds where a
//! server acknowledges a notice and loses it without being started anew: a primary that was cut off from its replicas
//! and is replaced while an instance still talks to it. `min-replicas-to-write` keeps a primary from that.
//!
//! **Whose it is.** A value is sealed with a key of the caller's token and the gateway's secret, under a name that is a
//! keyed hash of caller and question (`seal`). Who has the store alone, or the store and the secret, reads nothing,
//! neither data nor who asked what; who swaps values or replies gets them refused (`values`). Notices are
//! authenticated and name hashes of a few bits. A gateway with another secret shares nothing, and its notices, which
//! cannot be read, end everybody's trust while they come: so a change of the secret is safe at any pace.

#[cfg(feature = "redis")]
mod client;
#[cfg(test)]
mod fake;
mod journal;
mod link;
mod log;
mod metrics;
#[cfg(test)]
mod model;
mod notice;
mod position;
mod seal;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::registry::Registry;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub(super) use crate::upstream::shared::journal::Sight;
pub(super) use crate::upstream::shared::values::Found;
pub(super) use crate::upstream::shared::values::Question;

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Tag;
use crate::upstream::shared::journal::Journal;
use crate::upstream::shared::link::Connector;
use crate::upstream::shared::log::Log;
use crate::upstream::shared::metrics::Metrics;
use crate::upstream::shared::notice::Notice;
use crate::upstream::shared::notice::WriteId;
use crate::upstream::shared::seal::Keys;
use crate::upstream::shared::values::Clock;
use crate::upstream::shared::values::Values;

/// How instances share what they keep.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Redis or Valkey is, a secret because it may hold a password; without one nothing is shared.
    pub redis_url: Option<SecretString>,
    /// How long a request waits for it before it does without.
    pub redis_timeout: Duration,
    /// The gateway's secret, which all instances have in common; needed where anything is shared.
    pub secret: Option<SecretString>,
}

/// Whether a URL is one of a server that this program can speak to.
pub fn is_url(url: &SecretString) -> bool {
    server(url).is_some()
}

#[cfg(feature = "redis")]
fn server(url: &SecretString) -> Option<Arc<dyn Connector>> {
    let server = client::Server::parse(url)?;
    Some(Arc::new(server))
}

#[cfg(not(feature = "redis"))]
fn server(_url: &SecretString) -> Option<Arc<dyn Connector>> {
    None
}

/// What is shared with other instances: nothing, where there are none.
pub(super) struct Shared(Option<Level>);

struct Level {
    log: Arc<Log>,
    keys: Arc<Keys>,
    values: Values,
    epochs: Arc<Epochs>,
    /// How long a write without an end keeps things closed.
    hold: Duration,
    tasks: [AbortHandle; 2],
}

/// How long things take that the shared level must wait out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// The longest life of an answer.
    pub(super) life: Duration,
    /// The longest time from a write's beginning to its effect.
    pub(super) write: Duration,
}

impl Shared {
    /// A process by itself.
    pub(super) fn alone() -> (Arc<Epochs>, Arc<Self>) {
        (Arc::new(Epochs::new()), Arc::new(Shared(None)))
    }

    /// A process as its settings have it. Fails with `Internal` where they name something that cannot be shared over.
    pub(super) fn new(
        settings: &Settings,
        times: Times,
        registry: &mut Registry,
    ) -> Result<(Arc<Epochs>, Arc<Self>), Error> {
        let Some(url) = &settings.redis_url else {
            return Ok(Shared::alone());
        };
        let wrong = || Error::new(ErrorKind::Internal, "instances cannot share what they keep");
        let (connector, secret) = server(url)
            .zip(settings.secret.as_ref())
            .ok_or_else(wrong)?;
        Ok(Shared::over(
            connector,
            secret.expose_secret().as_bytes(),
            settings.redis_timeout,
            times,
            values::millis_since_1970,
            Metrics::new(registry),
        ))
    }

    fn over(
        connector: Arc<dyn Connector>,
        secret: &[u8],
        patience: Duration,
        times: Times,
        clock: Clock,
        metrics: Metrics,
    ) -> (Arc<Epochs>, Arc<Self>) {
        let (keys, metrics) = (Arc::new(Keys::new(secret)), Arc::new(metrics));
        let epochs = Arc::new(Epochs::shared(keys.places.clone()));
        let hold = times.write.max(times.life);
        let journal = Journal::new(keys.notices.clone(), epochs.clone(), hold);
        let log = Log::new(
            connector,
            keys.notices.clone(),
            journal,
            patience,
            hold,
            metrics.clone(),
        );
        let (values, deposit) = Values::new(
            log.clone(),
            keys.clone(),
            epochs.clone(),
            patience,
            clock,
            metrics,
        );
        let tasks = [
            tokio::spawn(log.clone().drive()).abort_handle(),
            tokio::spawn(deposit).abort_handle(),
        ];
        let level = Level {
            log,
            keys,
            values,
            epochs: epochs.clone(),
            hold,
            tasks,
        };
        (epochs, Arc::new(Shared(Some(level))))
    }

    /// Whether there are no other instances.
    pub(super) fn is_alone(&self) -> bool {
        self.0.is_none()
    }

    /// Whether what is kept may answer this caller's request. Settled once for each request, by its first question,
    /// which waits for it.
    pub(super) async fn trusts(&self, caller: &Caller) -> bool {
        match &self.0 {
            None => true,
            Some(level) => *caller.trust().get_or_init(|| level.log.catch_up()).await,
        }
    }

    /// How far the log has been read: to be called before the upstream is asked for what will be kept.
    pub(super) fn sight(&self) -> Option<Sight> {
        self.0.as_ref()?.log.sight()
    }

    /// What another instance keeps as the answer to a question, if it is still good.
    pub(super) async fn find(&self, question: &Question<'_>) -> Option<Found> {
        self.0.as_ref()?.values.find(question).await
    }

    /// Whether a part of what was found, about which these tags tell, is as good as the whole.
    pub(super) fn permits(&self, caller: Fingerprint, tags: &[Tag], sight: Sight) -> bool {
        let level = self.0.as_ref();
        level.is_none_or(|level| level.values.permits(caller, tags, sight))
    }

    /// Whether the caller may have been refused at another instance since this one looked last.
    pub(super) fn refused_since(&self, caller: Fingerprint, looked: Instant) -> bool {
        self.0.as_ref().is_some_and(|level| {
            let mark = level.keys.mark(caller);
            level.log.journal().refused_since(mark, looked)
        })
    }

    /// Keeps the upstream's answer for the other instances; `sight` is what it was before the upstream was asked.
    pub(super) fn keep(
        &self,
        question: &Question<'_>,
        sight: Option<Sight>,
        asked_at: Instant,
        good_until: Instant,
        body: Bytes,
    ) {
        if let (Some(level), Some(sight)) = (&self.0, sight) {
            level
                .values
                .keep(question, sight, asked_at, good_until, body);
        }
    }

    /// Tells the others that a write is about to be sent, and gives whether they have been told.
    pub(super) async fn begin(&self, write: WriteId, tags: &[Tag]) -> bool {
        let Some(level) = &self.0 else { return true };
        let notice = Notice::Begun {
            write,
            places: level.epochs.places(tags),
            within: level.hold,
        };
        level.log.tell(&notice).await
    }

    /// Tells the others that a write has ended, and that it may take effect `within` a time where nobody knows
    /// whether it did; gives whether they have been told.
    pub(super) async fn end(&self, write: WriteId, tags: &[Tag], within: Option<Duration>) -> bool {
        let Some(level) = &self.0 else { return true };
        let places = level.epochs.places(tags);
        let notice = match within {
            None => Notice::Ended { write, places },
            Some(within) => Notice::MayLand {
                write,
                places,
                within,
            },
        };
        level.log.tell(&notice).await
    }

    /// Tells the others that the upstream refused this caller's token.
    pub(super) async fn refused(&self, caller: Fingerprint) {
        if let Some(level) = &self.0 {
            let caller = level.keys.mark(caller);
            level.log.tell(&Notice::Refused { caller }).await;
        }
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
