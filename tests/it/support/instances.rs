//! Two gateways that share a Redis, before one sandbox.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::json;

use crate::support::grpc::GrpcUser;
use crate::support::ledgers::Ledgers;
use crate::support::process::Process;
use crate::support::sandbox::PASSWORD;
use crate::support::sandbox::Sandbox;
use crate::support::stack::User;
use crate::support::stack::http_client;
use crate::support::writer::Writer;
use crate::support::writer::global_id;

/// Longer than any instance needs to find its server and to trust it, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of them.
pub(crate) struct Instance {
    pub(crate) base: String,
    admin: String,
    /// Kept for its end; a lock, because what reads its lines cannot be shared.
    _process: Mutex<Process>,
}

impl Instance {
    /// A gateway before the sandbox, beside others at the same Redis.
    pub(crate) fn start(sandbox: &str, redis: &str, variables: &[(&str, &str)]) -> Self {
        let variables: Vec<_> = [
            ("PEERASSIST_UPSTREAM__CLIENT_KEY", "demo-key"),
            ("PEERASSIST_UPSTREAM__CACHE__REDIS_URL", redis),
            (
                "PEERASSIST_GATEWAY__SECRET",
                "the-same-secret-for-both-of-them",
            ),
            ("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000"),
            // Nothing is refreshed on nobody's account while the tests count calls.
            ("PEERASSIST_UPSTREAM__CACHE__CUSTOMER_TTL", "10m"),
            ("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", "10m"),
        ]
        .into_iter()
        .chain(variables.iter().copied())
        .collect();
        let arguments = [
            "serve",
            "--upstream",
            sandbox,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ];
        let mut process = Process::start(&arguments, &variables);
        Instance {
            base: process.line("gateway: "),
            admin: process.line("admin: "),
            _process: process.into(),
        }
    }

    /// What a metric says; its labels are part of the name.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let url = format!("{}/metrics", self.admin);
        let answer = http_client().get(url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
        values
            .find_map(|rest| rest.trim().parse().ok())
            .unwrap_or(0.0)
    }

    /// Waits until it trusts what is kept, or does not.
    pub(crate) async fn trusts(&self, expected: bool) {
        let wait = async {
            while (self.metric("shared_cache_usable").await > 0.0) != expected {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("{} never came to {expected}", self.base));
    }
}

/// Both of them.
pub(crate) struct Instances {
    pub(crate) sandbox: Sandbox,
    pub(crate) both: [Instance; 2],
    ledgers: Arc<Ledgers>,
}

impl Instances {
    /// Two gateways before a sandbox, who trust what they keep.
    pub(crate) async fn start(set: &str, redis: &str, variables: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::start(set);
        let start = || Instance::start(&sandbox.base, redis, variables);
        let instances = Instances {
            both: [start(), start()],
            sandbox,
            ledgers: Arc::default(),
        };
        instances.trust().await;
        instances
    }

    /// Waits until both trust what they keep.
    pub(crate) async fn trust(&self) {
        for instance in &self.both {
            instance.trusts(true).await;
        }
    }

    /// Somebody with one token for both.
    pub(crate) async fn user(&self, name: &str) -> Somebody {
        let of = |instance: &Instance, token: &str| {
            let mut user = User::new(&instance.base, token);
            user.ledgers = Some(self.ledgers.clone());
            user
        };
        let mutation = "mutation($input: LoginInput!) { login(input: $input) { token } }";
        let input = json!({ "userName": format!("{name}@lakeline.example"), "password": PASSWORD });
        let stranger = of(&self.both[0], "");
        let answer = stranger.ask(mutation, json!({ "input": input })).await;
        let token = answer["data"]["login"]["token"].as_str().unwrap();
        let mut at = Vec::new();
        for instance in &self.both {
            let user = of(instance, token);
            at.push((user.clone(), GrpcUser::new(&user).await));
        }
        Somebody(at)
    }

    /// The sum of a counter of both.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        self.both[0].metric(name).await + self.both[1].metric(name).await
    }

    /// The ledgers of the users must say exactly what the sandbox counts.
    pub(crate) async fn audit(&self) {
        let calls = self.sandbox.calls().await;
        let told = self.ledgers.actual() + self.sandbox.asked_directly();
        assert_eq!(calls["total"], told, "{calls}");
    }
}

/// One user at both gateways, at both doors of each.
pub(crate) struct Somebody(pub(crate) Vec<(User, GrpcUser)>);

impl Somebody {
    pub(crate) fn token(&self) -> &str {
        &self.0[0].0.token
    }
}

/// At which gateway, and by which way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) at: usize,
    /// GraphQL or gRPC.
    pub(crate) door: usize,
}

impl Somebody {
    /// Changes the city of a customer.
    pub(crate) async fn write(&self, way: Way, id: i64, city: &str) {
        let (user, grpc) = &self.0[way.at];
        let mut writer = match way.door {
            0 => Writer::Graphql(user.clone()),
            _ => Writer::Grpc(Box::new(grpc.clone())),
        };
        let input = json!({ "id": global_id("Customer", id), "city": city });
        let written = writer.update_customer(input).await.done();
        assert_eq!(written["city"], city, "{way:?}");
    }

    /// The city of a customer as the object tells it.
    pub(crate) async fn city(&self, way: Way, id: i64) -> String {
        let (user, grpc) = &self.0[way.at];
        if way.door == 0 {
            let query = format!("{{ customer(by: {{ databaseId: {id} }}) {{ city }} }}");
            let data = user.data(&query).await;
            return data["customer"]["city"].as_str().unwrap().to_owned();
        }
        let request = grpc.request(v1::GetCustomerRequest {
            by: Some(By::Id(id)),
        });
        let customer = grpc.customers.clone().get_customer(request).await;
        customer.unwrap().into_inner().city.unwrap()
    }

    /// The city of a customer as a list tells it.
    pub(crate) async fn listed_city(&self, way: Way, id: i64) -> String {
        let (user, grpc) = &self.0[way.at];
        if way.door == 0 {
            let query = "{ customers(first: 8) { edges { node { databaseId city } } } }";
            let data = user.data(query).await;
            let edges = data["customers"]["edges"].as_array().unwrap();
            let number = id.to_string();
            let mut rows = edges.iter().map(|edge| &edge["node"]);
            let row = rows.find(|row| row["databaseId"] == *number).unwrap();
            return row["city"].as_str().unwrap().to_owned();
        }
        let request = grpc.request(v1::ListCustomersRequest {
            page_size: 8,
            ..Default::default()
        });
        let page = grpc.customers.clone().list_customers(request).await;
        let mut rows = page.unwrap().into_inner().customers.into_iter();
        rows.find(|row| row.id == id).unwrap().city.unwrap()
    }
}
