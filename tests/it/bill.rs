//! The bill before the meal: what an operation may cost is known before it is asked, and holds.

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::FwoView;
use serde_json::Value;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::door::reason;
use crate::support::endless;
use crate::support::grpc::GrpcUser;
use crate::support::operations::Draw;
use crate::support::operations::Operation;
use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::writer::global_id;

const CALLS: &str = "PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_REQUEST";
const ROWS: &str = "PEERASSIST_LIMITS__ROWS_PER_REQUEST";
const MINUTE: &str = "PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE";
const FREE: [(&str, &str); 2] = [(CALLS, "1000000"), (ROWS, "1000000")];
const FORGETFUL: [(&str, &str); 5] = [
    (CALLS, "1000000"),
    (ROWS, "1000000"),
    ("PEERASSIST_UPSTREAM__CACHE__CUSTOMER_TTL", "0s"),
    ("PEERASSIST_UPSTREAM__CACHE__FWO_TTL", "0s"),
    ("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", "0s"),
];

/// One upstream, and gateways before it that differ in their settings.
struct World {
    stub: StubUpstream,
    gateways: Vec<(Process, User)>,
}

impl World {
    async fn new(
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
        settings: &[&[(&str, &str)]],
    ) -> Self {
        let stub = StubUpstream::start(script).await;
        let base = format!("http://{}", stub.address);
        let gateways = settings.iter().map(|settings| {
            let (process, base) = gateway(&base, settings);
            (process, User::new(&base, ""))
        });
        World {
            gateways: gateways.collect(),
            stub,
        }
    }

    fn user(&self, gateway: usize, token: &str) -> User {
        let mut user = self.gateways[gateway].1.clone();
        token.clone_into(&mut user.token);
        user
    }

    /// How often the upstream was asked for each token.
    fn calls(&self) -> HashMap<String, u64> {
        let mut calls = HashMap::new();
        for asked in self.stub.asked() {
            let token = asked.authorization.unwrap_or_default();
            *calls
                .entry(token.trim_start_matches("Bearer ").to_owned())
                .or_default() += 1;
        }
        calls
    }
}

/// What a gateway that allows nothing says that an operation may take; nothing where it lets it through.
async fn bound(user: &User, quota: &str, operation: &Operation) -> u64 {
    let answer = user.ask(&operation.text, operation.variables.clone()).await;
    let details = &answer["errors"][0]["extensions"];
    if details["code"] != "BUDGET_EXCEEDED" {
        assert!(answer["data"].is_object(), "{answer}: {operation:?}");
        return 0;
    }
    assert_eq!(answer.get("data"), None);
    assert_eq!(
        (&details["quota"], &details["limit"]),
        (&json!(quota), &json!(0))
    );
    details["bound"].as_u64().unwrap()
}

/// The rows that lists in an answer have; only what an argument refused may have failed.
fn rows(answer: &Value) -> u64 {
    match answer {
        Value::Object(members) => {
            let edges = members.get("edges").and_then(Value::as_array);
            let own = edges.map_or(0, Vec::len) as u64;
            own + members.values().map(rows).sum::<u64>()
        }
        Value::Array(items) => items.iter().map(rows).sum(),
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_of_2_000_costs_more_than_its_bill_and_most_cost_exactly_that() {
    let settings: [&[_]; 4] = [
        &[(CALLS, "0")],
        &[(CALLS, "1000000"), (ROWS, "0")],
        &FREE,
        &FORGETFUL,
    ];
    let world = World::new(endless::answer, &settings).await;
    let runs = stream::iter(0..2_000_u64).map(|seed| {
        let world = &world;
        async move {
            let operation = Draw::new(seed).operation();
            let calls = bound(
                &world.user(0, &format!("bound{seed}")),
                "UPSTREAM_CALLS_PER_REQUEST",
                &operation,
            )
            .await;
            let rows_bound = bound(
                &world.user(1, &format!("rows{seed}")),
                "ROWS_PER_REQUEST",
                &operation,
            )
            .await;
            for (gateway, name) in [(2, "cached"), (3, "forgetful")] {
                let user = world.user(gateway, &format!("{name}{seed}"));
                let answer = user.ask(&operation.text, operation.variables.clone()).await;
                assert!(answer["data"].is_object(), "{answer}: {operation:?}");
                for error in answer["errors"].as_array().into_iter().flatten() {
                    assert_eq!(
                        error["extensions"]["code"], "BAD_USER_INPUT",
                        "{error} {operation:?}"
                    );
                }
                let rows = rows(&answer["data"]);
                assert!(
                    rows <= rows_bound,
                    "{rows} of {rows_bound} rows: {operation:?}"
                );
            }
            (seed, operation, calls)
        }
    });
    let runs: Vec<_> = runs.buffer_unordered(8).collect().await;
    let calls = world.calls();
    let (mut exact, mut bounds, mut actual, mut dearest) = (0, 0, 0, 0);
    for (seed, operation, bound) in &runs {
        let of = |name| calls.get(&format!("{name}{seed}")).copied().unwrap_or(0);
        let (cached, forgetful) = (of("cached"), of("forgetful"));
        assert!(
            cached <= *bound && forgetful <= *bound,
            "{cached} and {forgetful} of {bound}: {operation:?}"
        );
        if operation.is_exact {
            assert_eq!((cached, forgetful), (*bound, *bound), "{operation:?}");
            exact += 1;
        }
        (bounds, actual, dearest) = (bounds + bound, actual + cached, dearest.max(*bound));
        assert_eq!(of("bound"), 0, "{operation:?}");
    }
    println!(
        "{} operations: bills {bounds}, calls {actual} (the dearest {dearest}); {exact} exact to the call",
        runs.len()
    );
    assert!(exact * 2 > runs.len() && dearest > 50);
}

/// What an operation by itself may cost, and what it does cost a caller of whom nothing is cached.
async fn bound_and_calls(world: &World, text: &str, token: &str) -> (u64, u64) {
    let operation = Operation {
        text: text.to_owned(),
        variables: json!({}),
        is_exact: true,
    };
    let asker = world.user(0, "bound");
    let bound = bound(&asker, "UPSTREAM_CALLS_PER_REQUEST", &operation).await;
    world.user(1, token).data(text).await;
    (bound, world.calls().get(token).copied().unwrap_or(0))
}

#[tokio::test]
async fn every_field_of_an_order_and_of_a_customer_costs_what_its_bill_says() {
    let world = World::new(endless::answer, &[&[(CALLS, "0")], &FREE]).await;
    let sdl = peerassist_gateway::graphql::sdl();
    for (list, object) in [("fwos", "type Fwo "), ("customers", "type Customer ")] {
        let block = sdl.split("\n\n").find(|block| block.contains(object));
        let lines = block.unwrap().lines();
        let lines = lines
            .filter(|line| line.starts_with("  ") && line[2..].starts_with(char::is_alphabetic));
        for line in lines {
            let field = line[2..].split(['(', ':']).next().unwrap();
            let scalars = [
                ": String",
                ": Int64",
                ": ID",
                ": Decimal",
                ": Boolean",
                ": DateTime",
                ": [String",
                "Status",
                "FwoType",
            ];
            let selection = if scalars.iter().any(|kind| line.contains(kind)) {
                field.to_owned()
            } else {
                format!("{field} {{ __typename }}")
            };
            let text = format!("{{ {list}(first: 3) {{ edges {{ node {{ {selection} }} }} }} }}");
            let (bound, calls) = bound_and_calls(&world, &text, &format!("{list}-{field}")).await;
            assert_eq!(calls, bound, "{text}");
        }
    }
}

#[tokio::test]
async fn a_window_behind_or_before_a_cursor_or_at_the_end_costs_no_more_than_its_bill() {
    let world = World::new(endless::answer, &[&[(CALLS, "0")], &FORGETFUL]).await;
    let (mut bounds, mut actual) = (0, 0);
    for seed in 0..200_usize {
        let token = format!("walker{seed}");
        let user = world.user(1, &token);
        let page = user
            .data("{ customers(first: 200) { edges { cursor } } }")
            .await;
        let cursor = |place: usize| page["customers"]["edges"][place % 200]["cursor"].clone();
        let count = [0, 1, 7, 25, 50, 101, 150, 200][seed % 8];
        let (after, before) = (cursor(seed * 7), cursor(100 + seed * 13));
        let arguments = match seed % 7 {
            0 => format!("first: {count}, after: {after}"),
            1 => format!("first: {count}, before: {before}"),
            2 => format!("first: {count}, after: {after}, before: {before}"),
            3 => format!("last: {count}"),
            4 => format!("last: {count}, before: {before}"),
            5 => format!("last: {count}, after: {after}"),
            _ => format!("last: {count}, after: {after}, before: {before}"),
        };
        let operation = Operation {
            text: format!("{{ customers({arguments}) {{ edges {{ node {{ id }} }} }} }}"),
            variables: json!({}),
            is_exact: false,
        };
        let bound = bound(
            &world.user(0, &token),
            "UPSTREAM_CALLS_PER_REQUEST",
            &operation,
        )
        .await;
        user.data(&operation.text).await;
        let calls = world.calls()[&token] - 1;
        assert!(calls <= bound, "{calls} of {bound}: {operation:?}");
        (bounds, actual) = (bounds + bound, actual + calls);
    }
    println!("200 windows by cursors and from the end: bills {bounds}, calls {actual}");
}

#[tokio::test]
async fn a_write_costs_no_more_than_its_bill_however_the_upstream_answers_it() {
    // Each answer to a create, and how many calls it takes to show what was made.
    let made = json!({ "id": 9, "name": "n", "number": "9", "status": "ACTIVE", "contactName": "c", "contactEmail": "c@x.example", "contactPhone": "1" });
    let creates = [
        (Answer::json(made.clone()), 1),
        (Answer::json(json!({ "id": 9 })), 2),
        (Answer::text("9"), 2),
        (Answer::text("").header("location", "/customer/9"), 2),
        (Answer::text(""), 2),
    ];
    let input = "name: \"n\", number: \"9\", contactName: \"c\", contactEmail: \"c@x.example\", contactPhone: \"1\"";
    for (place, (answer, calls)) in creates.into_iter().enumerate() {
        let made = made.clone();
        let script = move |asked: &Asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", _) | ("PUT", _) => answer.clone(),
            ("DELETE", _) => Answer::status(204),
            (_, "/customer") => asked.page_of(std::slice::from_ref(&made)),
            _ => Answer::json(made.clone()),
        };
        let world = World::new(script, &[&[(CALLS, "0")], &FREE]).await;
        let mutation = format!(
            "mutation {{ createCustomer(input: {{ {input} }}) {{ customer {{ id }} userErrors {{ message }} }} }}"
        );
        let cost = bound_and_calls(&world, &mutation, "creates").await;
        assert_eq!(cost, (2, calls), "answer {place}");
        let id = global_id("Customer", 9);
        let mutation = format!(
            "mutation {{ updateCustomer(input: {{ id: \"{id}\", city: \"X\" }}) {{ customer {{ etag }} userErrors {{ message }} }} }}"
        );
        let cost = bound_and_calls(&world, &mutation, "updates").await;
        assert_eq!(cost, (3, if place == 0 { 2 } else { 3 }), "answer {place}");
        let etag = world
            .user(1, "reads")
            .data(&format!(
                "{{ customer(by: {{ id: \"{id}\" }}) {{ etag }} }}"
            ))
            .await;
        let etag = &etag["customer"]["etag"];
        for (condition, calls) in [(String::new(), 1), (format!(", ifMatch: {etag}"), 2)] {
            let mutation = format!(
                "mutation {{ deleteCustomer(input: {{ id: \"{id}\"{condition} }}) {{ deletedCustomerId userErrors {{ message }} }} }}"
            );
            let cost = bound_and_calls(&world, &mutation, &format!("deletes{calls}")).await;
            assert_eq!(cost, (calls, calls), "{mutation}");
        }
    }
}

#[tokio::test]
async fn what_may_take_too_many_calls_is_refused_before_the_first_at_both_doors() {
    let world = World::new(endless::answer, &[&[]]).await;
    let user = world.user(0, "user");
    let dear = "{ fwos(first: 200) { edges { node { description } } } }";
    let answer = user.send(dear, json!({})).await;
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    let refusal = json!({
        "message": "the request may take 201 calls of the upstream: at most 100 are allowed",
        "extensions": {
            "code": "BUDGET_EXCEEDED", "reason": "BUDGET_EXCEEDED",
            "quota": "UPSTREAM_CALLS_PER_REQUEST", "bound": 201, "limit": 100,
        },
    });
    assert_eq!(body, json!({ "errors": [refusal] }));
    let old = http_client().post(format!("{}/graphql", user.base));
    let old = old
        .bearer_auth(&user.token)
        .header("accept", "application/json");
    let old = old.json(&json!({ "query": dear })).send().await.unwrap();
    assert_eq!(old.status(), 200);
    assert_eq!(
        old.json::<Value>().await.unwrap(),
        json!({ "errors": [refusal] })
    );

    let grpc = GrpcUser::new(&user).await;
    let full = v1::ListFwosRequest {
        page_size: 200,
        view: FwoView::Full.into(),
        ..Default::default()
    };
    let refused = grpc.fwos.clone().list_fwos(grpc.request(full)).await;
    let status = refused.expect_err("201 calls");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "BUDGET_EXCEEDED")
    );
    let metadata = status.get_details_error_info().unwrap().metadata;
    assert_eq!(
        (metadata["bound"].as_str(), metadata["limit"].as_str()),
        ("201", "100")
    );
    let quota = status.get_details_quota_failure().unwrap();
    assert_eq!(
        quota.violations[0].description,
        "the request may take 201 calls of the upstream: at most 100 are allowed"
    );
    assert!(status.get_details_retry_info().is_none());

    let rows = "{ customers(first: 60) { edges { node { fwos(first: 200) { edges { node { id } } } } } } }";
    let answer = user.ask(rows, json!({})).await;
    let details = &answer["errors"][0]["extensions"];
    assert_eq!(
        (&details["quota"], &details["bound"]),
        (&json!("ROWS_PER_REQUEST"), &json!(12_060))
    );

    let many: String = (0..1_000)
        .map(|at| format!("a{at}: customer(by: {{ databaseId: {at} }}) {{ id }} "))
        .collect();
    let answer = user.ask(&format!("{{ {many} }}"), json!({})).await;
    assert!(
        answer["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap()
            .starts_with("QUERY_TOO_"),
        "{answer}"
    );
    let wrong = user
        .ask(&dear.replace("description", "descriptoin"), json!({}))
        .await;
    assert_eq!(
        wrong["errors"][0]["extensions"]["code"],
        "GRAPHQL_VALIDATION_FAILED"
    );
    assert_eq!(world.stub.calls(), 0);
}

#[tokio::test]
async fn a_token_that_has_used_up_its_minute_is_told_when_to_come_again_at_both_doors() {
    let world = World::new(endless::answer, &[&[(MINUTE, "3")]]).await;
    let user = world.user(0, "one");
    let customer = |id| format!("{{ customer(by: {{ databaseId: {id} }}) {{ id }} }}");
    for _ in 0..20 {
        user.data(&customer(7)).await;
    }
    assert_eq!(world.stub.calls(), 1, "what is cached costs nothing");
    user.data(&customer(8)).await;
    let answer = user
        .ask("{ fwos(first: 1) { edges { node { etag } } } }", json!({}))
        .await;
    let details = &answer["errors"][0]["extensions"];
    let told = (
        &details["code"],
        &details["quota"],
        &details["bound"],
        &details["limit"],
    );
    assert_eq!(
        told,
        (
            &json!("BUDGET_EXCEEDED"),
            &json!("UPSTREAM_CALLS_PER_MINUTE"),
            &json!(2),
            &json!(3)
        )
    );
    let wait = details["retryAfterMs"].as_u64().unwrap();
    assert!((1..=60_000).contains(&wait), "{wait}");
    user.data(&customer(9)).await;
    assert_eq!(world.stub.calls(), 3);

    let mut grpc = GrpcUser::new(&user).await;
    let status = grpc.get_customer(10).await.expect_err("none is left");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "BUDGET_EXCEEDED")
    );
    let wait = status
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert!(!wait.is_zero() && wait.as_secs() <= 60, "{wait:?}");
    assert_eq!(
        status.get_details_quota_failure().unwrap().violations[0].subject,
        "the caller's token"
    );
    assert_eq!(world.stub.calls(), 3);

    world.user(0, "another").data(&customer(10)).await;
    assert_eq!(world.stub.calls(), 4);
}
