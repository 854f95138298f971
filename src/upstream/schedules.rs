//! What the models have in common: who and what there is in them, how calls fare, and how their schedules are run.

use std::iter::Sum;
use std::thread;
use std::time::Duration;

use fastrand::Rng;

use crate::domain::customer::CustomersQuery;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::domain::page::UpstreamPage;
use crate::upstream::question::CustomersPage;

pub(super) const USERS: usize = 3;
pub(super) const CUSTOMERS: usize = 2;

/// A version of each customer.
pub(super) type Versions = [u64; CUSTOMERS];

/// How long one call of the upstream takes on its way there and back, and whether its answer is lost.
#[derive(Clone, Copy)]
pub(super) struct Weather {
    pub(super) there: Duration,
    pub(super) back: Duration,
    pub(super) lost: bool,
    /// A write whose answer is lost takes effect so much later.
    pub(super) late: Duration,
}

impl Weather {
    pub(super) fn random(rng: &mut Rng) -> Self {
        let mut upto = |ms| Duration::from_millis(rng.u64(0..ms));
        Weather {
            there: upto(60),
            back: upto(60),
            late: upto(250),
            lost: rng.u8(0..10) == 0,
        }
    }
}

pub(super) fn customer(index: usize) -> CustomerId {
    CustomerId::new(index as i64 + 1).expect("a positive number")
}

pub(super) fn list() -> CustomersPage {
    CustomersPage {
        query: CustomersQuery::default(),
        page: UpstreamPage { page: 0, size: 20 },
    }
}

/// How long a reader waits: 15 of 100 hang up soon.
pub(super) fn patience(rng: &mut Rng) -> Duration {
    match rng.u8(0..100) {
        0..15 => Duration::from_millis(rng.u64(0..80)),
        _ => Duration::from_secs(60),
    }
}

pub(super) async fn within(patience: Duration, read: impl Future<Output = ()>) {
    let _hung_up = tokio::time::timeout(patience, read).await;
}

/// Runs one schedule on a clock of its own, which stands still while anybody has something to do.
pub(super) fn paused<T>(schedule: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(schedule)
}

/// Runs the schedules of all seeds below `schedules` on two threads, and adds up how much happened; panics at the
/// first that breaks a promise.
pub(super) fn all<F: Sum + Send + 'static>(
    schedules: u64,
    run: impl Fn(u64) -> Result<F, String> + Copy + Send + 'static,
) -> F {
    let half = |first| {
        thread::spawn(move || {
            let seeds = (first..schedules).step_by(2);
            let runs = seeds.map(|seed| match run(seed) {
                Ok(figures) => figures,
                Err(broken) => panic!("schedule {seed}: {broken}"),
            });
            runs.sum::<F>()
        })
    };
    let halves = [half(0), half(1)].map(|half| half.join().expect("no promise is broken"));
    halves.into_iter().sum()
}
