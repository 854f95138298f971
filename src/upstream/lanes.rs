//! Lanes: how many calls of one caller are under way at the same time. Nobody can take the road from the others.

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

pub(super) struct Lanes(moka::sync::Cache<Fingerprint, Arc<Semaphore>>);

impl Lanes {
    pub(super) fn new() -> Self {
        let lanes = moka::sync::Cache::builder()
            .max_capacity(CALLERS_MAX)
            .time_to_idle(IDLE)
            .build();
        Lanes(lanes)
    }

    /// Waits for a free lane of the caller; it is free again when what is given is dropped.
    ///
    /// Fails with `UpstreamTimeout` where none is free before the deadline.
    pub(super) async fn take(
        &self,
        caller: &Caller,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, Error> {
        let lanes = self
            .0
            .get_with(caller.fingerprint(), || Arc::new(Semaphore::new(LANES)));
        match tokio::time::timeout_at(deadline, lanes.acquire_owned()).await {
            Ok(Ok(lane)) => Ok(lane),
            Ok(Err(closed)) => {
                Err(Error::new(ErrorKind::Internal, "a lane was closed").because(closed))
            }
            Err(_) => Err(Error::new(
                ErrorKind::UpstreamTimeout,
                "the caller's other calls did not end in time",
            )),
        }
    }
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
        let (lanes, one, other) = (Lanes::new(), caller("one"), caller("other"));
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
}
