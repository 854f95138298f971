//! A model of two instances over the real caches, log and store: random schedules under a paused clock.
//!
//! Three users read two customers and their list, and write them, now through one instance and now through the other.
//! Upstream answers are lost, writes land late, readers hang up and tokens end; and the server between the instances
//! is slow, refuses, loses notices before or after it took them, mixes up its answers, stands still, is started anew
//! with what it held a while ago, forgets some of the log or all of it, and is full of other people's values. Each
//! answer is judged: whose is it, is it older than what the reader was promised, older than it may be, or served after
//! its token's end? The same schedules over broken designs must be found out, or the judge is worth nothing.

mod instance;
mod world;

use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;

use crate::upstream::schedules;
use crate::upstream::schedules::CUSTOMERS;
use crate::upstream::schedules::USERS;
use crate::upstream::schedules::Weather;
use crate::upstream::schedules::patience;
use crate::upstream::schedules::paused;
use crate::upstream::schedules::within;
use crate::upstream::shared::model::world::Figures;
use crate::upstream::shared::model::world::INSTANCES;
use crate::upstream::shared::model::world::World;

/// Operations between two mishaps of the server.
const OPERATIONS: usize = 40;

/// Until instances trust a server that they have found.
const JOINING: Duration = Duration::from_secs(6);

/// A design that must be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// An instance hears nothing of the others.
    EpochsPerInstance,
    /// A request trusts what is kept, whether it has caught up or not.
    CatchingUpIsIgnored,
    /// An answer is given to the others as if it had been asked for when it came.
    ValuesAreDatedLate,
    /// The callers share one token's keys.
    OneKeyForAll,
    /// Answers outlive the token that they were read with.
    TokensNeverEnd,
}

/// One schedule.
fn run(flaw: Option<Flaw>, seed: u64) -> Result<Figures, String> {
    paused(async {
        let (world, mut rng) = (World::new(flaw, seed), Rng::with_seed(seed));
        let mut tasks = Vec::new();
        for _ in 0..2 {
            sleep(JOINING).await;
            let mishap = rng.usize(0..OPERATIONS);
            for operation in 0..OPERATIONS {
                if operation == mishap {
                    world.mishap(&mut rng);
                }
                let (at, user) = (rng.usize(0..INSTANCES), rng.usize(0..USERS));
                let (index, weather) = (rng.usize(0..CUSTOMERS), Weather::random(&mut rng));
                let world = world.clone();
                match rng.u8(0..10) {
                    // A write is a task of its own that nobody stops.
                    0..2 => tasks.push(tokio::spawn(world.write(at, user, index, weather))),
                    2..8 => {
                        let read = world.read_customer(at, user, index, weather);
                        tasks.push(tokio::spawn(within(patience(&mut rng), read)));
                    }
                    _ => {
                        let read = world.read_list(at, user, weather);
                        tasks.push(tokio::spawn(within(patience(&mut rng), read)));
                    }
                }
                sleep(Duration::from_millis(rng.u64(0..25))).await;
            }
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
        (Flaw::EpochsPerInstance, "OLDER THAN A WRITE"),
        (Flaw::CatchingUpIsIgnored, "OLDER THAN A WRITE"),
        (Flaw::ValuesAreDatedLate, "OLDER THAN A WRITE"),
        (Flaw::OneKeyForAll, "ANOTHER USER'S"),
        (Flaw::TokensNeverEnd, "AFTER THE TOKEN'S END"),
    ] {
        let told = first_broken(flaw, 1000).unwrap_or_default();
        assert!(told.starts_with(wrong), "{flaw:?}: {told}");
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs it with --nocapture"
)]
fn no_answer_breaks_a_promise_in_20_000_schedules_of_two_instances() {
    const SCHEDULES: u64 = 20_000;
    let figures = schedules::all(SCHEDULES, |seed| run(None, seed));
    println!("{SCHEDULES} schedules: {figures:?}");
    for often in [
        figures.hits,
        figures.shared,
        figures.untold,
        figures.bypassed,
    ] {
        assert!(
            often > SCHEDULES / 10,
            "each must really happen: {figures:?}"
        );
    }
}
