//! Load for a gateway: a client that behaves, and an overload that is kept up. Prints figures.
//!
//! `cargo build --example load`, then `target/debug/examples/load --help`; `tests/abuse/run` uses it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool that measures: it prints figures, and what cannot be measured ends it"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "time on the clock of the wall is what it measures"
)]

mod ask;
mod gateway;
mod overload;
mod steady;
mod tally;
mod upstream;

use std::path::PathBuf;

use clap::Parser;
use clap::Subcommand;

use crate::ask::Door;
use crate::overload::Overload;
use crate::steady::Steady;

/// Load for a gateway.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One client that behaves: so many requests a second over both doors, and how long they took
    Steady {
        /// The gateway
        #[arg(long)]
        url: String,
        /// The address of this machine to come from
        #[arg(long, default_value = "127.0.0.1")]
        from: std::net::Ipv4Addr,
        /// A bearer token
        #[arg(long)]
        token: String,
        /// Requests in a second
        #[arg(long, default_value_t = 100)]
        rate: u32,
        /// How long
        #[arg(long, default_value_t = 5)]
        seconds: u32,
    },
    /// Find the peak of a gateway that this starts, then offer a multiple of it
    Overload {
        /// The program; it gets the first core and this the second, where `taskset` is at hand
        #[arg(long)]
        gateway: PathBuf,
        /// Which door
        #[arg(long, value_enum, default_value = "graphql")]
        door: Door,
        /// Ask for what is cached, not for something new each time
        #[arg(long)]
        cached: bool,
        /// The multiple of the peak that is offered
        #[arg(long, default_value_t = 3)]
        times: u32,
        /// How long each phase lasts
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    match Cli::parse().command {
        Command::Steady {
            url,
            from,
            token,
            rate,
            seconds,
        } => {
            let steady = Steady {
                url,
                from,
                token,
                rate,
                seconds,
            };
            steady.run().await;
        }
        Command::Overload {
            gateway,
            door,
            cached,
            times,
            seconds,
        } => {
            let overload = Overload {
                gateway,
                door,
                cached,
                times,
                seconds,
            };
            overload.run().await;
        }
    }
}
