//! More requests than there are places: those beyond are refused at once, those within are answered all the same.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::support::door::TOKEN;
use crate::support::door::asked;
use crate::support::door::reason;
use crate::support::grpc::channel;
use crate::support::process::Process;
use crate::support::raw;
use crate::support::raw::Raw;
use crate::support::stack::User;

/// Places of the gateway under test; both doors get half of them.
const PLACES: usize = 16;

/// An upstream that lets nobody have an answer until it is told to.
struct Holding {
    address: SocketAddr,
    came: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

impl Holding {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (came, open) = (Arc::<AtomicUsize>::default(), Arc::new(Semaphore::new(0)));
        let (arrivals, gate) = (came.clone(), open.clone());
        let customer = async move |Path(id): Path<i64>| {
            arrivals.fetch_add(1, Ordering::SeqCst);
            let _passed = gate.acquire().await.unwrap();
            Json(json!({ "id": id, "name": format!("Customer {id}") }))
        };
        let app = Router::new().route("/customer/{id}", get(customer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Holding {
            address,
            came,
            open,
        }
    }

    /// Waits until so many questions have come.
    async fn has(&self, questions: usize) {
        while self.came.load(Ordering::SeqCst) < questions {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn let_all_pass(&self) {
        self.open.add_permits(1);
    }
}

struct Gateway {
    process: Process,
    user: User,
    admin: SocketAddr,
    channel: Channel,
}

async fn gateway(upstream: &Holding, places: usize) -> Gateway {
    let upstream = format!("http://{}", upstream.address);
    let arguments = ["serve", "--upstream", &upstream];
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let places = places.to_string();
    let variables = [
        ("PEERASSIST_LIMITS__REQUESTS_IN_FLIGHT", places.as_str()),
        ("PEERASSIST_UPSTREAM__ATTEMPT_TIMEOUT", "1m"),
        ("PEERASSIST_UPSTREAM__OPERATION_TIMEOUT", "1m"),
    ];
    let mut process = Process::start(&[&arguments[..], &anywhere].concat(), &variables);
    let base = process.line("gateway: ");
    let admin = process.address("admin");
    Gateway {
        process,
        user: User::new(&base, TOKEN),
        admin,
        channel: channel(&base).await,
    }
}

impl Gateway {
    async fn over_graphql(&self, id: usize) -> reqwest::Response {
        let query = format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}");
        self.user.send(&query, json!({})).await
    }

    async fn over_grpc(&self, id: usize) -> Result<v1::Customer, tonic::Status> {
        let by = Some(By::Id(i64::try_from(id).unwrap()));
        let mut client = CustomerServiceClient::new(self.channel.clone());
        let found = client.get_customer(asked(v1::GetCustomerRequest { by }));
        Ok(found.await?.into_inner())
    }

    /// One question that is one too many, at each door.
    async fn refuses(&self, id: usize) {
        let answer = self.over_graphql(id).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        let media = "application/graphql-response+json; charset=utf-8";
        assert_eq!(answer.headers()["content-type"], media);
        let answer: Value = answer.json().await.unwrap();
        let extensions =
            json!({ "code": "OVERLOADED", "reason": "OVERLOADED", "retryAfterMs": 1000 });
        assert_eq!(answer["errors"][0]["extensions"], extensions);
        assert_eq!(answer.get("data"), None);

        let status = self.over_grpc(id).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(reason(&status), "OVERLOADED");
        let retry = status.get_details_retry_info().unwrap();
        assert_eq!(retry.retry_delay, Some(Duration::from_secs(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_one_too_many_is_refused_and_who_has_a_place_is_answered() {
    let upstream = Holding::start().await;
    let gateway = gateway(&upstream, PLACES).await;
    let half = PLACES / 2;
    let answered = async {
        let graphql = join_all((1..=half).map(|id| gateway.over_graphql(id)));
        let grpc = join_all((half + 1..=PLACES).map(|id| gateway.over_grpc(id)));
        tokio::join!(graphql, grpc)
    };
    let meanwhile = async {
        upstream.has(PLACES).await;
        for id in 101..=110 {
            gateway.refuses(id).await;
        }
        // What says how the process is, is said.
        let mut health = HealthClient::new(gateway.channel.clone());
        let check = health.check(HealthCheckRequest::default()).await;
        assert_eq!(check.unwrap().into_inner().status, 1);
        let admin = gateway.admin;
        let metrics = tokio::task::spawn_blocking(move || raw::get(admin, "/metrics", ""));
        let metrics = metrics.await.unwrap();
        let counted = [
            "http_server_shed_requests_total 20",
            "http_server_active_requests 16",
        ];
        for line in counted {
            assert!(metrics.contains(line), "no {line} in {metrics}");
        }
        assert_eq!(
            upstream.came.load(Ordering::SeqCst),
            PLACES,
            "nobody asked for them"
        );
        upstream.let_all_pass();
    };
    let ((graphql, grpc), ()) = tokio::join!(answered, meanwhile);
    assert!(graphql.iter().all(|answer| answer.status() == 200));
    for found in grpc {
        assert!(found.unwrap().name().starts_with("Customer "));
    }
    assert_eq!(gateway.over_graphql(201).await.status(), 200);
    gateway.over_grpc(202).await.unwrap();
    drop(gateway.process);
}

/// Bodies that do not come would otherwise take all places without any work in them.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_keep_their_bodies_back_take_no_place() {
    let upstream = Holding::start().await;
    upstream.let_all_pass();
    let gateway = gateway(&upstream, 2).await;
    let address = gateway.user.base.trim_start_matches("http://");
    let address: SocketAddr = address.parse().unwrap();
    let slow = tokio::task::spawn_blocking(move || {
        let begin = || {
            let mut raw = Raw::connect(address);
            raw.send(
                "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                 content-length: 27\r\nexpect: 100-continue\r\n\r\n",
            );
            // The gateway asks for the body, so it has begun with the request.
            assert!(raw.try_read_until("\r\n\r\n").is_some());
            raw
        };
        (0..10).map(|_| begin()).collect::<Vec<_>>()
    });
    let mut slow = slow.await.unwrap();
    for id in 1..=5 {
        assert_eq!(gateway.over_graphql(id).await.status(), 200);
    }
    let last = tokio::task::spawn_blocking(move || {
        let mut raw = slow.pop().unwrap();
        raw.send(r#"{"query":"{ __typename }" }"#);
        raw.read_until("}}")
    });
    assert!(last.await.unwrap().contains("Query"));
}
