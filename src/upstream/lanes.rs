//! Lanes: how many calls are under way at the same time, of one caller and of all together. Nobody can take the road
//! from the others, and all together do not run the upstream over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;

/// Calls of one caller under way at the same time (reliability targets, 1b).
pub(super) const LANES: usize = 32;

/// Callers whose lanes are remembered; some 200 bytes each.
const CALLERS_MAX: u64 = 100_000;

/// How long the lanes of a caller are remembered who asks nothing: longer than any call takes.
const IDLE: Duration = Duration::from_secs(60);

/// Longest wait for a lane that is not taken by the caller's own calls: beyond it there is more to do than can be done.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// When to come again then.
const COME_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Lanes {
    callers: moka::sync::Cache<Fingerprint, Arc<Semaphore>>,
    all: Arc<Semaphore>,
}

/// A lane that is taken; it is free again when this is dropped.
pub(super) struct Lane {
    _own: Option<OwnedSemaphorePermit>,
    _of_all: OwnedSemaphorePermit,
}

impl Lanes {
    /// Lanes for so many calls of all callers together.
    pub(super) fn new(all: usize) -> Self {
        let callers = moka::sync::Cache::builder()
            .max_capacity(CALLERS_MAX)
            .time_to_idle(IDLE)
            .build();
        Lanes {
            callers,
            all: Arc::new(Semaphore::new(all)),
        }
    }

    /// Waits for a free lane of the caller.
    ///
    /// Fails with `UpstreamTimeout` where the caller's own are all taken until the deadline, and with `Overloaded` where
    /// those of all are for long.
    pub(super) async fn take(&self, caller: &Caller, deadline: Instant) -> Result<Lane, Error> {
        let own = self.own(caller).acquire_owned();
        let own = match tokio::time::timeout_at(deadline, own).await {
            Ok(lane) => lane.map_err(closed)?,
            Err(_) => {
                return Err(Error::new(
                    ErrorKind::UpstreamTimeout,
                    "the caller's other calls did not end in time",
                ));
            }
        };
        Ok(Lane {
            _own: Some(own),
            _of_all: self.take_of_all().await?,
        })
    }

    /// Waits for a free lane for somebody who is no caller yet.
    ///
    /// Fails with `Overloaded` where those of all are taken for long.
    pub(super) async fn take_stranger(&self) -> Result<Lane, Error> {
        Ok(Lane {
            _own: None,
            _of_all: self.take_of_all().await?,
        })
    }

    /// A lane of the caller that is free now.
    pub(super) fn try_take(&self, caller: &Caller) -> Option<Lane> {
        Some(Lane {
            _own: Some(self.own(caller).try_acquire_owned().ok()?),
            _of_all: self.all.clone().try_acquire_owned().ok()?,
        })
    }

    fn own(&self, caller: &Caller) -> Arc<Semaphore> {
        let lanes = || Arc::new(Semaphore::new(LANES));
        self.callers.get_with(caller.fingerprint(), lanes)
    }

    async fn take_of_all(&self) -> Result<OwnedSemaphorePermit, Error> {
        let lane = self.all.clone().acquire_owned();
        match tokio::time::timeout(WAIT_MAX, lane).await {
            Ok(lane) => lane.map_err(closed),
            Err(_) => {
                let message = "too many calls of the upstream are under way: nothing was done";
                Err(Error::new(ErrorKind::Overloaded, message).retry_after(COME_AGAIN))
            }
        }
    }
}

fn closed(error: tokio::sync::AcquireError) -> Error {
    Error::new(ErrorKind::Internal, "a lane was closed").because(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::LANES;
    use super::Lanes;
    use crate::domain::caller::BearerToken;
    use crate::domain::caller::Caller;
    use crate::domain::caller::FingerprintKey;
    use crate::domain::caller::Standing;
    use crate::domain::error::ErrorKind;

    fn caller(token: &str) -> Caller {
        let token = BearerToken::parse(token).expect("a token");
        let end = Instant::now() + Duration::from_secs(60);
        let standing = |_| Ok(Standing::new(end));
        Caller::new(&FingerprintKey::new(b"key"), token, standing, end).expect("a caller")
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_waits_for_a_lane_of_their_own_and_no_longer_than_the_deadline() {
        let (lanes, one, other) = (Lanes::new(100), caller("one"), caller("other"));
        let soon = || Instant::now() + Duration::from_secs(1);
        let mut taken = Vec::new();
        for _ in 0..LANES {
            taken.push(lanes.take(&one, soon()).await.expect("a free lane"));
        }
        let late = lanes.take(&one, soon()).await.map_err(|error| error.kind());
        assert_eq!(late.err(), Some(ErrorKind::UpstreamTimeout));
        assert!(lanes.take(&other, soon()).await.is_ok());
        taken.pop();
        assert!(lanes.take(&one, soon()).await.is_ok());
    }
    #[tokio::test(start_paused = true)]
    async fn all_together_have_their_bound_and_wait_a_second_at_most() {
        let (lanes, one, other) = (Lanes::new(2), caller("one"), caller("other"));
        let late = || Instant::now() + Duration::from_secs(60);
        let first = lanes.take(&one, late()).await.expect("a free lane");
        let _stranger = lanes.take_stranger().await.expect("a free lane");
        let begun = Instant::now();
        let refused = lanes
            .take(&other, late())
            .await
            .map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(ErrorKind::Overloaded));
        assert_eq!(begun.elapsed(), Duration::from_secs(1));
        assert!(lanes.try_take(&other).is_none());
        drop(first);
        assert!(lanes.try_take(&other).is_some());
    }
}
