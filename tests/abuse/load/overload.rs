//! Overload at a multiple of the peak, in an open loop: requests come when they are due, whatever became of others.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use std::time::Instant;

use tokio::task::LocalSet;
use tokio::time::sleep;
use tokio::time::timeout;

use crate::ask::Connection;
use crate::ask::Door;
use crate::gateway::Gateway;
use crate::tally::Tally;
use crate::upstream;

/// Connections; over each of them a hundred requests can be under way.
const CONNECTIONS: usize = 64;

/// Callers, so that none of them is held back by a bound of its own.
const CALLERS: usize = 64;

/// An answer that takes longer than this counts as hung.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many requests are under way at once where the peak is looked for.
const CONCURRENCIES: [usize; 4] = [8, 16, 32, 64];

#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) gateway: PathBuf,
    pub(crate) door: Door,
    pub(crate) cached: bool,
    pub(crate) times: u32,
    pub(crate) seconds: u32,
}

/// Who asks for what.
struct Crowd {
    door: Door,
    cached: bool,
    connections: Vec<Connection>,
    tokens: Vec<String>,
    asked: RefCell<usize>,
    tally: RefCell<Tally>,
}

impl Crowd {
    async fn ask(&self, due: Instant) {
        let number = self.asked.replace_with(|asked| *asked + 1);
        let connection = &self.connections[number % self.connections.len()];
        let token = &self.tokens[number % self.tokens.len()];
        let customer = if self.cached { 1 } else { number as i64 + 1 };
        let asked = connection.ask(self.door, token, customer);
        match timeout(PATIENCE, asked).await {
            Ok((left, outcome)) => {
                let mut tally = self.tally.borrow_mut();
                tally.count(outcome, left.elapsed());
                tally.late.push(left - due);
            }
            Err(_) => self.tally.borrow_mut().hung += 1,
        }
    }

    /// The best rate of a closed loop, in answers in a second.
    async fn peak(self: &Rc<Self>, gateway: &Gateway, seconds: u32) -> f64 {
        let mut peak: f64 = 0.0;
        for concurrency in CONCURRENCIES {
            let (begun, cpu) = (Instant::now(), gateway.cpu());
            let end = begun + Duration::from_secs(seconds.into());
            let tasks = LocalSet::new();
            for _ in 0..concurrency {
                let crowd = Rc::clone(self);
                tasks.spawn_local(async move {
                    while Instant::now() < end {
                        crowd.ask(Instant::now()).await;
                    }
                });
            }
            tasks.await;
            let tally = self.tally.take();
            let rate = tally.good.rate(begun.elapsed());
            let busy = gateway.cpu() - cpu;
            println!(
                "closed loop, {concurrency} at once: {rate:.0}/s, {} refused, {} failed, {}; {:.0} % of a core, {:.2} ms each",
                tally.refused.len(),
                tally.failures(),
                tally.good,
                100.0 * busy / begun.elapsed().as_secs_f64(),
                1e3 * busy / tally.good.len() as f64,
            );
            peak = peak.max(rate);
        }
        peak
    }

    /// Offers so many requests in a second, each at its time.
    async fn offer(self: &Rc<Self>, rate: f64, seconds: u32) -> (Tally, Duration) {
        let total = (rate * f64::from(seconds)) as u64;
        let tasks = LocalSet::new();
        let begun = Instant::now();
        let offered = async {
            let mut offered = 0;
            while offered < total {
                let due = (begun.elapsed().as_secs_f64() * rate) as u64;
                while offered < due.min(total) {
                    let at = begun + Duration::from_secs_f64(offered as f64 / rate);
                    let crowd = Rc::clone(self);
                    tokio::task::spawn_local(async move { crowd.ask(at).await });
                    offered += 1;
                }
                sleep(Duration::from_millis(1)).await;
            }
        };
        tasks.run_until(offered).await;
        let offering = begun.elapsed();
        tasks.await;
        (self.tally.take(), offering)
    }
}

impl Overload {
    /// Prints the figures, and ends the process with 1 where they are not as promised.
    pub(crate) async fn run(self) {
        let Overload {
            gateway,
            door,
            cached,
            times,
            seconds,
        } = self;
        let gateway = Gateway::start(&gateway, upstream::start().await);
        let local = std::net::Ipv4Addr::LOCALHOST;
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(gateway.address, local).await.unwrap());
        }
        let crowd = Rc::new(Crowd {
            door,
            cached,
            connections,
            tokens: (0..CALLERS).map(|n| format!("token-{n}")).collect(),
            asked: RefCell::default(),
            tally: RefCell::default(),
        });
        let peak = crowd.peak(&gateway, seconds / 2).await;
        let at_peak = gateway.memory();
        let offered = peak * f64::from(times);
        println!("peak: {peak:.0}/s, {at_peak} MiB; now {times} times that: {offered:.0}/s");
        let (begun, cpu, own) = (
            Instant::now(),
            gateway.cpu(),
            crate::gateway::cpu(std::process::id()),
        );
        let (tally, offering) = crowd.offer(offered, seconds).await;
        let busy = gateway.cpu() - cpu;
        let goodput = tally.good.rate(offering);
        let share = 100.0 * goodput / peak;
        println!(
            "goodput: {goodput:.0}/s, {share:.0} % of the peak; {}",
            tally.good
        );
        println!("refused: {}; {}", tally.refused.len(), tally.refused);
        println!("hung: {}; failed: {}", tally.hung, tally.failures());
        println!("this generator itself was late: {}", tally.late);
        println!(
            "own cpu {:.0} %",
            100.0 * (crate::gateway::cpu(std::process::id()) - own) / begun.elapsed().as_secs_f64()
        );
        for (why, times) in &tally.failed {
            println!("  {times} times: {why}");
        }
        println!(
            "memory: {} MiB; {:.0} % of a core for {:.1} s",
            gateway.memory(),
            100.0 * busy / begun.elapsed().as_secs_f64(),
            begun.elapsed().as_secs_f64()
        );
        let after = crowd.offer(peak / 4.0, 2).await.0;
        println!(
            "afterwards, at a quarter of the peak: {} good, {} refused; {}",
            after.good.len(),
            after.refused.len(),
            after.good
        );
    }
}
