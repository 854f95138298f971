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
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;

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
