//! A soak: hundreds of users at both doors of the real program for as long as is wished, and every answer judged.
//!
//! Every row of the upstream says whose it is. Nobody may see a row of anybody else, nor anything older than what they
//! were told was written; every failure must be one that the upstream was made to have; and the process must not grow.
//! Before that, defects are planted at the upstream, to see that the judge finds each of them.
//!
//! `tests/soak/run` runs it for a minute, `SOAK_SECONDS=600 tests/soak/run` for ten. `SOAK_USERS` (500) and `SOAK_RATE`
//! (requests a second, 200) say how many, and `SOAK_GATEWAY` which program, for example one of a release build.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's own exception for tests leaves out their helpers"
)]
#![allow(clippy::print_stdout, reason = "its figures are what it is run for")]

mod books;
mod doors;
mod judge;
mod plants;
#[path = "../it/support/process.rs"]
#[allow(dead_code, reason = "the integration tests use the rest of it")]
mod process;
mod question;
mod rows;
mod soak;
mod upstream;
mod user;
mod watch;
mod weather;
#[path = "../it/support/written.rs"]
#[allow(dead_code, reason = "the integration tests use the rest of it")]
mod written;

use std::process::ExitCode;
use std::time::Duration;

use crate::soak::Plan;

fn main() -> ExitCode {
    let plan = Plan {
        users: number("SOAK_USERS", 500),
        rate: number("SOAK_RATE", 200) as f64,
        lasts: Duration::from_secs(number("SOAK_SECONDS", 60) as u64),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let is_good = runtime.block_on(async { plants::are_found().await && soak::run(plan).await });
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn number(name: &str, otherwise: usize) -> usize {
    match variable(name) {
        Some(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
        None => otherwise,
    }
}

/// What somebody says who starts this.
#[allow(
    clippy::disallowed_methods,
    reason = "the lint is about the settings of the gateway, and these are not"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
