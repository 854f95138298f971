//! A model of readers and writers over the real cache, flights and epochs: random schedules under a paused clock.
//!
//! Three users read two customers and their list, and change, delete and make them, while answers are lost, writes
//! land late, readers hang up and tokens end. Some readers want no kept answers, and the upstream confirms what has not
//! changed. Each answer is judged: whose is it, is it older than what was acknowledged when its read began, older than it
//! may be, or served after its token's end? The same schedules over broken designs must be found out, or the judge is
//! worth nothing.

mod world;

use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;

use crate::domain::caller::CachePolicy;
use crate::upstream::interleavings::world::Figures;
use crate::upstream::interleavings::world::Reader;
use crate::upstream::interleavings::world::World;
use crate::upstream::schedules;
use crate::upstream::schedules::CUSTOMERS;
use crate::upstream::schedules::USERS;
use crate::upstream::schedules::Weather;
use crate::upstream::schedules::patience;
use crate::upstream::schedules::paused;
use crate::upstream::schedules::within;

const OPERATIONS: usize = 60;

/// A design that must be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A write bumps nothing.
    NoBump,
    /// A write takes what is kept off the shelves, instead of ending what was asked for.
    InvalidatesInsteadOfBumping,
    /// A write bumps when it begins, and not when it ends.
    NoBumpAfterwards,
    /// To make an object does not end the answer that there is none.
    AbsencesOutliveCreates,
    /// Rows of a list are kept as if they had been asked for when they came.
    RowsAreDatedLate,
    /// A write of unknown outcome leaves its tags open.
    LateWritesAreForgotten,
    /// The callers share one fingerprint.
    OneKeyForAll,
    /// Answers outlive the token that they were read with.
    TokensNeverEnd,
}

/// What a reader says of kept answers: 6 of 100 want none.
fn policy(rng: &mut Rng) -> CachePolicy {
    match rng.u8(0..100) {
        0..3 => CachePolicy::NoCache,
        3..6 => CachePolicy::NoStore,
        _ => CachePolicy::Any,
    }
}

/// One schedule.
fn run(flaw: Option<Flaw>, seed: u64) -> Result<Figures, String> {
    paused(async {
        let (world, mut rng) = (World::new(flaw), Rng::with_seed(seed));
        let mut tasks = Vec::new();
        for _ in 0..OPERATIONS {
            let (user, index) = (rng.usize(0..USERS), rng.usize(0..CUSTOMERS));
            let weather = Weather::random(&mut rng);
            let policy = policy(&mut rng);
            let reader = Reader {
                user,
                policy,
                weather,
            };
            let world = world.clone();
            match rng.u8(0..10) {
                // A write is a task of its own that nobody stops.
                0..3 => tasks.push(tokio::spawn(world.write(user, index, weather))),
                3..8 => {
                    let read = world.read_customer(reader, index);
                    tasks.push(tokio::spawn(within(patience(&mut rng), read)));
                }
                _ => {
                    let read = world.read_list(reader);
                    tasks.push(tokio::spawn(within(patience(&mut rng), read)));
                }
            }
            sleep(Duration::from_millis(rng.u64(0..25))).await;
        }
        for task in tasks {
            task.await.expect("nothing panics");
        }
        world.end()
    })
}

/// What is wrong in the first of these schedules that breaks a promise.
fn first_broken(flaw: Flaw, schedules: u64) -> Option<String> {
    (0..schedules).find_map(|seed| run(Some(flaw), seed).err())
}

#[test]
fn broken_designs_are_found_out() {
    for (flaw, wrong) in [
        (Flaw::NoBump, "OLDER THAN A WRITE"),
        (Flaw::InvalidatesInsteadOfBumping, "OLDER THAN A WRITE"),
        (Flaw::NoBumpAfterwards, "OLDER THAN A WRITE"),
        (Flaw::AbsencesOutliveCreates, "OLDER THAN A WRITE"),
        (Flaw::RowsAreDatedLate, "OLDER THAN A WRITE"),
        (Flaw::LateWritesAreForgotten, "OLDER THAN A WRITE"),
        (Flaw::OneKeyForAll, "ANOTHER USER'S"),
        (Flaw::TokensNeverEnd, "AFTER THE TOKEN'S END"),
    ] {
        let told = first_broken(flaw, 500).unwrap_or_default();
        assert!(told.starts_with(wrong), "{flaw:?}: {told}");
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs it with --nocapture"
)]
fn no_answer_breaks_a_promise_in_20_000_schedules() {
    const SCHEDULES: u64 = 20_000;
    let figures = schedules::all(SCHEDULES, |seed| run(None, seed));
    println!("{SCHEDULES} schedules: {figures:?}");
    let rare = [
        figures.hits,
        figures.stale,
        figures.absent,
        figures.confirmed,
    ];
    for often in rare {
        assert!(
            often > SCHEDULES / 10,
            "each must really happen: {figures:?}"
        );
    }
}
