//! A client that behaves: a request now and then over either door, whatever the answers take.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;
use tokio::time::interval;
use tokio::time::timeout;

use crate::ask::Connection;
use crate::ask::Door;
use crate::ask::Outcome;
use crate::tally::Tally;

/// After so long an answer is no longer waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Steady {
    pub(crate) url: String,
    pub(crate) from: Ipv4Addr,
    pub(crate) token: String,
    pub(crate) rate: u32,
    pub(crate) seconds: u32,
}

impl Steady {
    /// Prints what became of its requests in one line.
    pub(crate) async fn run(self) {
        let Steady {
            url,
            from,
            token,
            rate,
            seconds,
        } = self;
        let address: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let connection = Connection::open(address, from).await.unwrap();
        let token: Rc<str> = token.into();
        let tally = Rc::new(RefCell::new(Tally::default()));
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let tasks = LocalSet::new();
        let asked = async {
            for number in 0..rate * seconds {
                let due = ticks.tick().await.into_std();
                let door = if number % 2 == 0 {
                    Door::Graphql
                } else {
                    Door::Grpc
                };
                let (connection, token, tally) = (connection.clone(), token.clone(), tally.clone());
                tokio::task::spawn_local(async move {
                    let customer = i64::from(number % 50) + 1;
                    let asked = timeout(PATIENCE, connection.ask(door, &token, customer)).await;
                    let no_answer = || (due, Outcome::Failed("no answer".into()));
                    let (_, outcome) = asked.unwrap_or_else(|_| no_answer());
                    tally.borrow_mut().count(outcome, due.elapsed());
                });
            }
        };
        tasks.run_until(asked).await;
        tasks.await;
        let tally = tally.borrow();
        println!(
            "{} answered, {} refused, {} failed: {}",
            tally.good.len(),
            tally.refused.len(),
            tally.failures(),
            tally.good
        );
        for (why, times) in &tally.failed {
            println!("{times} times: {why}");
        }
        if tally.good.len() as u32 != rate * seconds {
            std::process::exit(1);
        }
    }
}
