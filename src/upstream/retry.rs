//! Another try: bounded, jittered, inside the deadline. Reads only; a write is never sent twice.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::error::Error;

/// How many more tries a failure deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// None: the same would happen again.
    Never,
    /// At most this many, each after a jittered pause.
    Times(u32),
    /// One, after exactly the pause that the upstream asked for.
    After(Duration),
}

/// A failed attempt: the error, and whether another try is worth while.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) again: Again,
    /// Whether there was not even a connection.
    pub(super) is_unreached: bool,
}

impl Failure {
    /// A failure that no repetition mends.
    pub(super) fn lasting(error: Error) -> Self {
        Failure {
            error,
            again: Again::Never,
            is_unreached: false,
        }
    }

    /// A failure worth up to `tries` further tries.
    pub(super) fn passing(error: Error, tries: u32) -> Self {
        Failure {
            error,
            again: Again::Times(tries),
            is_unreached: false,
        }
    }

    /// The same where there was not even a connection.
    pub(super) fn unreached(self) -> Self {
        Failure {
            is_unreached: true,
            ..self
        }
    }
}

/// The pauses between tries: full jitter between `pause_min` and a bound that doubles up to `pause_max`.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    pub(super) pause_min: Duration,
    pub(super) pause_max: Duration,
    /// Longest pause that the upstream may ask for before we rather pass the failure on.
    pub(super) wait_max: Duration,
}

/// 25 to 250 ms, as promised in the reliability targets: two retries stay well inside a 15 s operation.
pub(super) const POLICY: RetryPolicy = RetryPolicy {
    pause_min: Duration::from_millis(25),
    pause_max: Duration::from_millis(250),
    wait_max: Duration::from_secs(1),
};

impl RetryPolicy {
    /// The pause before the next try, or `None` where there should be none.
    fn pause(&self, tried: u32, again: Again) -> Option<Duration> {
        match again {
            Again::Never => None,
            Again::Times(more) if tried > more => None,
            Again::Times(_) => {
                let bound = (self.pause_min * 2u32.saturating_pow(tried)).min(self.pause_max);
                let span = bound.saturating_sub(self.pause_min);
                Some(self.pause_min + span.mul_f64(fastrand::f64()))
            }
            Again::After(wait) => (tried == 1 && wait <= self.wait_max).then_some(wait),
        }
    }
}

/// Runs `attempt` until it succeeds, is not worth repeating, or the deadline would pass during the pause.
///
/// `may_repeat` is asked of each failure that would be tried again. The last failure is the caller's to see, and
/// nobody sleeps after it.
pub(super) async fn retry<T, F>(
    policy: &RetryPolicy,
    deadline: Instant,
    may_repeat: impl Fn(&Error) -> bool,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut tried = 0;
    loop {
        let failure = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        tried += 1;
        let pause = policy.pause(tried, failure.again);
        match pause.filter(|pause| Instant::now() + *pause < deadline) {
            Some(pause) if may_repeat(&failure.error) => tokio::time::sleep(pause).await,
            Some(_) | None => return Err(failure.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Again;
    use super::Failure;
    use super::POLICY;
    use super::retry;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;

    /// How many attempts are made, and in what time, when each fails with `again`.
    async fn attempts(again: Again, deadline_after: Duration) -> (u32, Duration) {
        attempts_within(again, deadline_after, u32::MAX).await
    }

    /// The same where the budget ends with so many attempts.
    async fn attempts_within(
        again: Again,
        deadline_after: Duration,
        budget: u32,
    ) -> (u32, Duration) {
        let made = Cell::new(0);
        let begun = Instant::now();
        let outcome: Result<(), Error> = retry(
            &POLICY,
            begun + deadline_after,
            |_| made.get() < budget,
            || {
                made.set(made.get() + 1);
                async move {
                    Err(Failure {
                        error: Error::new(ErrorKind::UpstreamUnavailable, "down"),
                        again,
                        is_unreached: false,
                    })
                }
            },
        )
        .await;
        assert!(outcome.is_err());
        (made.get(), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_tried_again_as_often_as_it_deserves() {
        let minute = Duration::from_secs(60);
        assert_eq!(attempts(Again::Never, minute).await.0, 1);
        assert_eq!(attempts(Again::Times(1), minute).await.0, 2);
        let (made, took) = attempts(Again::Times(2), minute).await;
        assert_eq!(made, 3);
        assert!(
            took >= Duration::from_millis(50) && took <= Duration::from_millis(152),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_upstream_may_ask_for_a_short_pause_but_not_for_a_long_one() {
        let minute = Duration::from_secs(60);
        let (made, took) = attempts(Again::After(Duration::from_millis(900)), minute).await;
        assert_eq!((made, took.as_millis()), (2, 900));
        assert_eq!(
            attempts(Again::After(Duration::from_secs(2)), minute).await,
            (1, Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_tries_beyond_the_budget_nor_sleeps_in_vain() {
        let minute = Duration::from_secs(60);
        let (made, took) = attempts_within(Again::Times(2), minute, 1).await;
        assert_eq!((made, took), (1, Duration::ZERO));
        assert_eq!(attempts_within(Again::Times(2), minute, 2).await.0, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_sleeps_past_the_deadline() {
        let (made, took) = attempts(Again::Times(2), Duration::from_millis(10)).await;
        assert_eq!((made, took), (1, Duration::ZERO));
    }
}
