//! Gateways that are restarted one after the other behind a balancer, while clients of both doors go on asking.
//!
//! `PEERASSIST_LOAD=full` runs what the figures are quoted for, with the default delay of a drain:
//! `PEERASSIST_LOAD=full cargo test --release --test it -- restarts --nocapture`.

use std::error::Error;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;

use crate::support::balancer::Balancer;
use crate::support::door::asked;
use crate::support::fault::FaultyUpstream;
use crate::support::fault::Reply;
use crate::support::fault::json as json_answer;
use crate::support::grpc::channel;
use crate::support::load::is_full;
use crate::support::process::Process;
use crate::support::stack::User;

/// How often each instance is started anew.
const ROUNDS: usize = 5;

/// Every so many reads one takes longer than a drain's delay, so that every drain meets some.
const SLOW_EVERY: usize = 50;

/// Two gateways before one upstream, and a balancer before them.
struct Fleet {
    upstream: FaultyUpstream,
    balancer: Balancer,
    delay: &'static str,
    running: Vec<Process>,
}

impl Fleet {
    async fn start(delay: &'static str, slow: Duration) -> Self {
        let upstream = FaultyUpstream::start(move |asked| {
            // What is no customer is a question whether anybody is there.
            let id: usize = asked
                .target
                .rsplit('/')
                .next()
                .unwrap()
                .parse()
                .unwrap_or(1);
            let body = format!(r#"{{"id":{id},"name":"Customer {id}","status":"ACTIVE"}}"#);
            let takes = match id.is_multiple_of(SLOW_EVERY) {
                true => slow,
                false => Duration::from_millis(5),
            };
            Reply::Later(takes, json_answer(200, "", &body))
        })
        .await;
        let balancer = Balancer::start().await;
        let mut fleet = Fleet {
            upstream,
            balancer,
            delay,
            running: Vec::new(),
        };
        for _ in 0..2 {
            fleet.add().await;
        }
        fleet
    }

    async fn add(&mut self) {
        let arguments = ["serve", "--upstream", &self.upstream.base];
        let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        // All of the load comes from one address and in a few tokens.
        let settings = [
            ("PEERASSIST_DRAIN_DELAY", self.delay),
            ("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000"),
            ("PEERASSIST_CONNECTIONS_PER_ADDRESS_MAX", "2000"),
        ];
        let mut process = Process::start(&[&arguments[..], &anywhere].concat(), &settings);
        let (address, admin) = (process.address("gateway"), process.address("admin"));
        self.balancer.add(address, admin).await;
        self.running.push(process);
    }

    /// Ends the oldest instance in the way that an operator does, and starts another in its place.
    async fn restart(&mut self) {
        let leaving = self.running.remove(0);
        leaving.signal("TERM");
        let ended = tokio::task::spawn_blocking(|| leaving.ended()).await;
        let ended = ended.unwrap();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        self.add().await;
    }
}

/// Clients of both doors that ask at a steady rate, whatever becomes of what they asked.
struct Clients {
    users: Vec<User>,
    channels: Vec<Channel>,
    asked: AtomicUsize,
    /// Calls of gRPC that were sent once more, because they had never left.
    resent: AtomicUsize,
    failed: Mutex<Vec<String>>,
}

impl Clients {
    async fn of(address: SocketAddr) -> Arc<Self> {
        let base = format!("http://{address}");
        let users = (0..8).map(|caller| User::new(&base, &format!("caller-{caller}")));
        Arc::new(Clients {
            users: users.collect(),
            channels: join_all((0..4).map(|_| channel(&base))).await,
            asked: AtomicUsize::new(0),
            resent: AtomicUsize::new(0),
            failed: Mutex::default(),
        })
    }

    async fn ask(&self) {
        let id = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        // In pairs, so that slow reads come through both doors.
        let outcome = match (id / 2).is_multiple_of(2) {
            true => self.over_graphql(id).await,
            false => self.over_grpc(id).await,
        };
        match outcome {
            Ok(name) => assert_eq!(name, format!("Customer {id}")),
            Err(why) => self.failed.lock().unwrap().push(format!("{id}: {why}")),
        }
    }

    async fn over_graphql(&self, id: usize) -> Result<String, String> {
        let query = format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}");
        let user = &self.users[id % self.users.len()];
        let answer = user.try_ask(&query, json!({})).await?;
        let name = answer["data"]["customer"]["name"].as_str();
        name.map(str::to_owned).ok_or_else(|| answer.to_string())
    }

    async fn over_grpc(&self, id: usize) -> Result<String, String> {
        let mut found = self.get(id).await;
        // The transparent retry of gRFC A6, which every client of the gRPC project makes and tonic does not.
        while found.as_ref().is_err_and(never_left) {
            self.resent.fetch_add(1, Ordering::SeqCst);
            found = self.get(id).await;
        }
        let found = found.map_err(|status| format!("{status:?}"))?;
        Ok(found.name().to_owned())
    }

    async fn get(&self, id: usize) -> Result<v1::Customer, Status> {
        let channel = self.channels[id % self.channels.len()].clone();
        let by = Some(By::Id(i64::try_from(id).unwrap()));
        let mut client = CustomerServiceClient::new(channel);
        let found = client.get_customer(asked(v1::GetCustomerRequest { by }));
        Ok(found.await?.into_inner())
    }

    /// Asks so often in a second until it is told to stop, and waits for the last answer.
    async fn go_on(self: &Arc<Self>, rate: u32, stop: CancellationToken) {
        let begun = Instant::now();
        let mut asked = Vec::new();
        for place in 0.. {
            let due = begun + Duration::from_secs(1) * place / rate;
            if stop.run_until_cancelled(sleep_until(due)).await.is_none() {
                break;
            }
            let clients = self.clone();
            asked.push(tokio::spawn(async move { clients.ask().await }));
        }
        for asked in asked {
            asked.await.unwrap();
        }
    }
}

/// Whether a call was given up on this side, because its connection closed before anything of it was sent.
fn never_left(status: &Status) -> bool {
    let first = status.source();
    let mut causes = iter::successors(first, |cause: &&(dyn Error + 'static)| (*cause).source());
    causes.any(|cause| {
        let hyper = cause.downcast_ref::<hyper::Error>();
        hyper.is_some_and(hyper::Error::is_canceled)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_rolling_restarts_under_load_fail_no_request() {
    let (rate, delay, slow) = match is_full() {
        true => (500, "5s", Duration::from_millis(5_500)),
        false => (100, "300ms", Duration::from_millis(500)),
    };
    let mut fleet = Fleet::start(delay, slow).await;
    let clients = Clients::of(fleet.balancer.address).await;
    let stop = CancellationToken::new();
    let asking = tokio::spawn({
        let (clients, stop) = (clients.clone(), stop.clone());
        async move { clients.go_on(rate, stop).await }
    });
    let begun = Instant::now();
    for _ in 0..ROUNDS * fleet.running.len() {
        fleet.restart().await;
    }
    let took = begun.elapsed();
    stop.cancel();
    asking.await.unwrap();
    let failed = clients.failed.lock().unwrap();
    println!(
        "{} restarts in {took:.1?} at {rate} requests a second: {} requests, {} failed, {} of gRPC resent",
        ROUNDS * 2,
        clients.asked.load(Ordering::SeqCst),
        failed.len(),
        clients.resent.load(Ordering::SeqCst),
    );
    assert!(failed.is_empty(), "{:#?}", &failed[..failed.len().min(10)]);
}
