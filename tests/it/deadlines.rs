//! How long a client waits bounds what is done for it: at both doors, up to the upstream's socket. Writes go on.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use crate::support::admin::Admin;
use crate::support::door::TOKEN;
use crate::support::door::framed;
use crate::support::door::http2_client;
use crate::support::grpc::GrpcUser;
use crate::support::held::HeldUpstream;
use crate::support::held::UNTIMED;
use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::writer::global_id;

/// A gateway before an upstream that holds its answers, and a user who asks it.
struct Scene {
    upstream: HeldUpstream,
    user: User,
    admin: Admin,
    _gateway: Process,
}

impl Scene {
    async fn start() -> Self {
        let upstream = HeldUpstream::start().await;
        // Only the client's own deadline ends anything here.
        let [attempt, operation] = UNTIMED;
        let settings = [
            attempt,
            operation,
            ("PEERASSIST_UPSTREAM__CLIENT_KEY", "key"),
        ];
        let (mut gateway, base) = gateway(&upstream.base, &settings);
        Scene {
            upstream,
            user: User::new(&base, TOKEN),
            admin: Admin::of(&mut gateway),
            _gateway: gateway,
        }
    }

    fn in_flight(admin: Admin) -> u64 {
        admin.metric("upstream_calls_in_flight", "")
    }

    /// Ends when no call of the upstream is under way; how long that took.
    async fn until_idle(&self) -> Duration {
        let begun = Instant::now();
        self.admin.until(|admin| Scene::in_flight(admin) == 0).await;
        begun.elapsed()
    }
}

fn customer(id: i64) -> Answer {
    Answer::json(json!({ "id": id, "name": format!("Mill {id}") }))
}

/// The paths of the errors of an answer, with their codes.
fn errors(answer: &Value) -> Vec<(Value, Value)> {
    let errors = answer["errors"].as_array().unwrap().iter();
    errors
        .map(|error| (error["path"].clone(), error["extensions"]["code"].clone()))
        .collect()
}

#[tokio::test]
async fn what_is_there_at_the_deadline_is_told_and_the_rest_is_null_with_its_reason() {
    let mut scene = Scene::start().await;
    let user = scene.user.clone();
    let asked = tokio::spawn(async move {
        let query = "{ here: customer(by: { databaseId: 1 }) { name } gone: customer(by: { databaseId: 2 }) { name } \
                     fwos(first: 2) { edges { node { databaseId customer { name } } } } }";
        let begun = Instant::now();
        let answer = user.ask_within(query, json!({}), "3000").await;
        (answer, begun.elapsed())
    });
    let mut hang = Vec::new();
    for _ in 0..4 {
        let held = scene.upstream.next().await;
        match held.asked.path.as_str() {
            "/customer/1" => held.answer(customer(1)),
            "/fwo" => held.answer(Answer::text(
                r#"{"content":[{"id":7,"customerId":1},{"id":8,"customerId":3}],"totalElements":2,"last":true}"#,
            )),
            _ => hang.push(held),
        }
    }
    let (answer, took) = asked.await.unwrap();
    let data = json!({
        "here": { "name": "Mill 1" }, "gone": null,
        "fwos": { "edges": [
            { "node": { "databaseId": "7", "customer": { "name": "Mill 1" } } },
            { "node": { "databaseId": "8", "customer": null } },
        ] },
    });
    assert_eq!(answer["data"], data, "{answer}");
    let late = json!("UPSTREAM_TIMEOUT");
    let expected = [
        (json!(["gone"]), late.clone()),
        (json!(["fwos", "edges", 1, "node", "customer"]), late),
    ];
    let mut told = errors(&answer);
    told.sort_by_key(|(path, _)| path.as_array().unwrap().len());
    assert_eq!(told, expected);
    println!("partial data after {took:?} of 3 s");
    // The calls that hang were given up, up to their sockets.
    for held in &mut hang {
        held.hung_up().await;
    }
    assert_eq!(hang.len(), 2);
    scene.until_idle().await;
}

#[tokio::test]
async fn a_read_that_its_client_cancels_leaves_nothing_under_way() {
    let mut scene = Scene::start().await;
    let user = scene.user.clone();
    let graphql = tokio::spawn(async move {
        user.ask("{ customer(by: { databaseId: 1 }) { name } }", json!({}))
            .await
    });
    let mut held = scene.upstream.next().await;
    assert_eq!(Scene::in_flight(scene.admin), 1);
    graphql.abort();
    println!(
        "GraphQL: idle {:?} after the cancel",
        scene.until_idle().await
    );
    held.hung_up().await;

    let mut user = GrpcUser::new(&scene.user).await;
    let grpc = tokio::spawn(async move { user.get_customer(2).await });
    let mut held = scene.upstream.next().await;
    assert_eq!(Scene::in_flight(scene.admin), 1);
    grpc.abort();
    println!("gRPC: idle {:?} after the cancel", scene.until_idle().await);
    held.hung_up().await;
    assert!(scene.upstream.is_quiet());
}

#[tokio::test]
async fn a_grpc_deadline_ends_the_upstream_call_too() {
    let mut scene = Scene::start().await;
    let by = Some(By::Id(1));
    let call = http2_client()
        .post(format!(
            "{}/peerassist.v1.CustomerService/GetCustomer",
            scene.user.base
        ))
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("grpc-timeout", "400m")
        .body(framed(&v1::GetCustomerRequest { by }))
        .send();
    let call = tokio::spawn(call);
    let mut held = scene.upstream.next().await;
    held.hung_up().await;
    let response = call.await.unwrap().unwrap();
    assert_eq!(response.headers()["grpc-status"], "4");
    scene.until_idle().await;
}

#[tokio::test]
async fn a_login_ends_at_the_clients_deadline() {
    let mut scene = Scene::start().await;
    let stranger = scene.user.nobody();
    let login = tokio::spawn(async move {
        let mutation =
            r#"mutation { login(input: { userName: "pat", password: "secret" }) { token } }"#;
        stranger.ask_within(mutation, json!({}), "400").await
    });
    let mut held = scene.upstream.next().await;
    held.hung_up().await;
    let answer = login.await.unwrap();
    let late = (json!(["login"]), json!("UPSTREAM_TIMEOUT"));
    assert_eq!(errors(&answer), [late]);
}

#[tokio::test]
async fn a_write_goes_on_behind_its_clients_deadline() {
    let mut scene = Scene::start().await;
    let user = scene.user.clone();
    let write = tokio::spawn(async move {
        let id = global_id("Customer", 4);
        let mutation =
            "mutation($id: ID!) { deleteCustomer(input: { id: $id }) { deletedCustomerId } }";
        user.ask_within(mutation, json!({ "id": id }), "400").await
    });
    let held = scene.upstream.next().await;
    let answer = write.await.unwrap();
    let unknown = (json!(["deleteCustomer"]), json!("WRITE_OUTCOME_UNKNOWN"));
    assert_eq!(errors(&answer), [unknown]);
    assert!(held.is_awaited());
    assert_eq!(Scene::in_flight(scene.admin), 1);
    held.answer(Answer::status(204));
    scene.until_idle().await;
}

#[tokio::test]
async fn a_malformed_timeout_is_refused_and_asks_nobody() {
    let mut scene = Scene::start().await;
    let query = "{ customer(by: { databaseId: 1 }) { name } }";
    for timeout in ["", "abc", "-5", "1.5", "5s", "123456789"] {
        let answer = scene.user.ask_within(query, json!({}), timeout).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(*code, "BAD_REQUEST", "{timeout}: {answer}");
        assert_eq!(answer["data"], Value::Null);
    }
    let twice = http_client()
        .get(format!("{}/graphql?query={query}", scene.user.base))
        .header("accept", "application/graphql-response+json")
        .header("x-timeout-ms", "100")
        .header("x-timeout-ms", "100")
        .bearer_auth(TOKEN);
    assert_eq!(twice.send().await.unwrap().status(), 400);
    let passed = scene.user.ask_within(query, json!({}), "0").await;
    assert_eq!(
        passed["errors"][0]["extensions"]["code"],
        "UPSTREAM_TIMEOUT"
    );
    assert!(scene.upstream.is_quiet());
}
