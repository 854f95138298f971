//! What was acknowledged is seen: by everybody who reads the object, and in the lists of whoever wrote it, at both
//! doors and from the cache.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::json;

use crate::support::grpc::GrpcUser;
use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::writer::Writer;
use crate::support::writer::global_id;

const WRITES: u64 = 400;
const READERS: usize = 32;

/// What the writer has been told, and whether there is more to come.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    is_over: AtomicBool,
    reads: AtomicU64,
    /// Reads whose answer is the version that was acknowledged already when they began.
    settled: AtomicU64,
}

/// A reader of one door: of the object, or of a list, which only the writer's own may count on.
enum Reader {
    /// By a query and where the city stands in its data.
    Graphql(User, &'static str, &'static str),
    Grpc(GrpcUser),
    GrpcList(GrpcUser),
}

impl Reader {
    async fn new(place: usize, writer: User, other: User) -> Self {
        let object = "{ customer(by: { databaseId: 3 }) { city } }";
        let list = "{ customers(first: 3) { edges { node { city } } } }";
        match place % 8 {
            0 => Reader::Graphql(other, object, "/customer/city"),
            1 | 2 => Reader::Graphql(writer, object, "/customer/city"),
            3 => Reader::Graphql(writer, list, "/customers/edges/2/node/city"),
            4 => Reader::Grpc(GrpcUser::new(&other).await),
            5 | 6 => Reader::Grpc(GrpcUser::new(&writer).await),
            _ => Reader::GrpcList(GrpcUser::new(&writer).await),
        }
    }

    async fn city(&mut self) -> String {
        let customer = match self {
            Reader::Graphql(user, query, pointer) => {
                let data = user.data(query).await;
                return data.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            }
            Reader::Grpc(user) => {
                let by = Some(By::Id(3));
                let request = user.request(v1::GetCustomerRequest { by });
                let customer = user.customers.get_customer(request).await;
                customer.unwrap().into_inner()
            }
            Reader::GrpcList(user) => {
                let message = v1::ListCustomersRequest {
                    filter: "number = \"200-000\"".into(),
                    ..Default::default()
                };
                let request = user.request(message);
                let page = user.customers.list_customers(request).await;
                page.unwrap().into_inner().customers.remove(0)
            }
        };
        customer.city.unwrap()
    }

    /// Reads until the writer has ended; each answer must be as new as what was acknowledged when it was asked for.
    async fn watch(mut self, progress: Arc<Progress>) {
        while !progress.is_over.load(Ordering::SeqCst) {
            let promised = progress.acknowledged.load(Ordering::SeqCst);
            let city = self.city().await;
            let version: u64 = city.trim_start_matches('v').parse().unwrap_or(0);
            assert!(version >= promised, "{city} after v{promised}");
            let settled = u64::from(version == promised);
            progress.reads.fetch_add(1, Ordering::SeqCst);
            progress.settled.fetch_add(settled, Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_what_was_before_an_acknowledged_write() {
    let stack = Stack::start("docs");
    let (writer, other) = (stack.user("admin").await, stack.user("pm").await);
    let progress = Arc::new(Progress::default());
    let mut readers = Vec::new();
    for place in 0..READERS {
        let reader = Reader::new(place, writer.clone(), other.clone()).await;
        readers.push(tokio::spawn(reader.watch(progress.clone())));
    }
    let mut doors = Writer::both(&writer).await;
    for (version, door) in (1..=WRITES).zip([0, 1].into_iter().cycle()) {
        let city = format!("v{version}");
        let input = json!({ "id": global_id("Customer", 3), "city": city });
        let written = doors[door].update_customer(input).await.done();
        assert_eq!(written["city"], city);
        progress.acknowledged.store(version, Ordering::SeqCst);
    }
    progress.is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    let (reads, settled) = (
        progress.reads.load(Ordering::SeqCst),
        progress.settled.load(Ordering::SeqCst),
    );
    println!(
        "{WRITES} writes under {reads} reads of {READERS} readers, {settled} of the version acknowledged before"
    );
    let calls = stack.sandbox.calls().await;
    println!("{calls}");
    assert!(
        settled > WRITES,
        "the readers must really run beside the writer"
    );
}
