//! A gateway before its own sandbox, both as processes, and users who speak GraphQL to it.

use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;

use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::Response;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::sync::MutexGuard;

use crate::support::ledgers::Ledgers;
use crate::support::process::Process;
use crate::support::sandbox::PASSWORD;
use crate::support::sandbox::Sandbox;
use crate::support::written;

/// A gateway and the sandbox behind it.
pub(crate) struct Stack {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
    /// What its users hear that they cost.
    pub(crate) ledgers: Arc<Ledgers>,
    /// Kept for its end; a lock, because what reads its lines cannot be shared.
    _gateway: std::sync::Mutex<Process>,
}

impl Stack {
    /// A stack of its own over a data set of the sandbox.
    pub(crate) fn start(set: &str) -> Self {
        Stack::before(Sandbox::start(set), &[])
    }

    /// A gateway with further settings before a sandbox.
    pub(crate) fn before(sandbox: Sandbox, variables: &[(&str, &str)]) -> Self {
        let variables: Vec<_> = [("PEERASSIST_UPSTREAM__CLIENT_KEY", "demo-key")]
            .into_iter()
            .chain(variables.iter().copied())
            .collect();
        let arguments = [
            "serve",
            "--upstream",
            &sandbox.base,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ];
        let mut gateway = Process::start(&arguments, &variables);
        let base = gateway.line("gateway: ");
        Stack {
            sandbox,
            base,
            ledgers: Arc::default(),
            _gateway: gateway.into(),
        }
    }

    /// One stack over the demo set for all tests that only read.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: std::sync::OnceLock<Stack> = std::sync::OnceLock::new();
        SHARED.get_or_init(|| Stack::start("demo"))
    }

    /// A user with a token of their own: a caller of whom nothing is cached yet.
    pub(crate) async fn user(&self, name: &str) -> User {
        let stranger = User {
            ledgers: Some(self.ledgers.clone()),
            ..User::new(&self.base, "")
        };
        let mutation = "mutation($input: LoginInput!) { login(input: $input) { token userErrors { message } } }";
        let input = json!({ "userName": format!("{name}@lakeline.example"), "password": PASSWORD });
        let answer = stranger.ask(mutation, json!({ "input": input })).await;
        let token = answer["data"]["login"]["token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"));
        written::secret(token);
        written::secret(PASSWORD);
        User {
            token: token.to_owned(),
            ..stranger
        }
    }

    /// A second stack over the demo set, for one test at a time: nobody else's calls are counted.
    pub(crate) async fn counted() -> Counted {
        static COUNTED: std::sync::OnceLock<Stack> = std::sync::OnceLock::new();
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let stack = COUNTED.get_or_init(|| Stack::start("demo"));
        Counted {
            stack,
            before: stack.calls().await,
            accounted: stack.accounted(),
            _turn: turn,
        }
    }

    async fn calls(&self) -> BTreeMap<String, u64> {
        let calls = self.sandbox.calls().await;
        serde_json::from_value(calls["routes"].clone()).unwrap()
    }

    /// The calls that somebody accounts for: the ledgers of its users, and the tests themselves.
    fn accounted(&self) -> u64 {
        self.ledgers.actual() + self.sandbox.asked_directly()
    }
}

/// At its end each stack is audited: the ledgers say exactly what the sandbox counts.
impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let counted = counted_by(&self.sandbox.base);
        assert_eq!(self.accounted(), counted, "the ledgers and the sandbox");
    }
}

/// What the sandbox has counted, asked without a runtime: a value is dropped wherever its test is.
fn counted_by(base: &str) -> u64 {
    let address = base.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET /__calls HTTP/1.0\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let calls: Value = serde_json::from_str(body).unwrap();
    calls["total"].as_u64().unwrap()
}

/// A stack whose upstream calls are counted.
pub(crate) struct Counted {
    pub(crate) stack: &'static Stack,
    before: BTreeMap<String, u64>,
    accounted: u64,
    _turn: MutexGuard<'static, ()>,
}

impl Counted {
    /// The calls since the last look but for logins, by route. The ledgers must account for all of them.
    pub(crate) async fn calls(&mut self) -> BTreeMap<String, u64> {
        let calls = self.all_calls().await;
        let accounted = std::mem::replace(&mut self.accounted, self.stack.accounted());
        let since = self.accounted - accounted;
        assert_eq!(since, calls.values().sum::<u64>(), "the ledgers: {calls:?}");
        without_logins(calls)
    }

    /// The calls since the last look, where somebody has hung up and so not seen the ledger.
    pub(crate) async fn calls_of_some(&mut self) -> BTreeMap<String, u64> {
        without_logins(self.all_calls().await)
    }

    async fn all_calls(&mut self) -> BTreeMap<String, u64> {
        let after = self.stack.calls().await;
        let before = std::mem::replace(&mut self.before, after.clone());
        let since = after.into_iter().map(|(route, calls)| {
            let earlier = before.get(&route).copied().unwrap_or(0);
            (route, calls - earlier)
        });
        since.filter(|(_, calls)| *calls > 0).collect()
    }

    /// How many calls there were since the last look.
    pub(crate) async fn total(&mut self) -> u64 {
        self.calls().await.values().sum()
    }
}

/// What a test is about: its users log in whenever it needs one.
fn without_logins(mut calls: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    calls.remove("POST /auth");
    calls
}

/// Somebody who asks the gateway.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) base: String,
    pub(crate) token: String,
    /// Where what each request costs is added up, of a stack's users.
    pub(crate) ledgers: Option<Arc<Ledgers>>,
    client: Client,
}

impl User {
    /// Somebody with this token, who asks the gateway at `base`.
    pub(crate) fn new(base: &str, token: &str) -> Self {
        if !token.is_empty() {
            written::secret(token);
        }
        User {
            base: base.to_owned(),
            token: token.to_owned(),
            ledgers: None,
            client: http_client(),
        }
    }

    /// The same asker without a token.
    pub(crate) fn nobody(&self) -> Self {
        User {
            token: String::new(),
            ..self.clone()
        }
    }

    /// The whole answer to an operation.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let request = self.request(query, variables);
        let Some(ledgers) = &self.ledgers else {
            return request.send().await.unwrap().json().await.unwrap();
        };
        let answer = request.header("x-explain", "1").send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        let extensions = answer.as_object_mut().unwrap().remove("extensions");
        if let Some(extensions) = extensions {
            let total = |name: &str| extensions["cost"][name].as_u64().unwrap();
            ledgers.add(total("bound"), total("actual"));
        }
        answer
    }

    /// The data of an operation that must not fail.
    pub(crate) async fn data(&self, query: &str) -> Value {
        let mut answer = self.ask(query, json!({})).await;
        assert_eq!(answer["errors"], Value::Null, "{query}");
        answer["data"].take()
    }

    /// The errors of an operation, each as its path, code, reason and first field at fault.
    pub(crate) async fn errors(&self, query: &str) -> Vec<[String; 4]> {
        let answer = self.ask(query, json!({})).await;
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let errors = errors.iter().map(|error| {
            let path = error["path"].as_array().cloned().unwrap_or_default();
            let path: Vec<String> = path
                .iter()
                .map(|part| part.as_str().map_or(part.to_string(), str::to_owned))
                .collect();
            let details = &error["extensions"];
            [
                path.join("."),
                text(&details["code"]),
                text(&details["reason"]),
                text(&details["fields"][0]["field"]),
            ]
        });
        errors.collect()
    }

    /// The raw answer to an operation.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> Response {
        self.request(query, variables).send().await.unwrap()
    }

    /// The whole answer to an operation, or how it was lost.
    pub(crate) async fn try_ask(&self, query: &str, variables: Value) -> Result<Value, String> {
        let lost = |error: reqwest::Error| format!("{error:?}");
        let answer = self.request(query, variables).send().await.map_err(lost)?;
        answer.json().await.map_err(lost)
    }

    /// The answer to an operation for which the client waits so many milliseconds.
    pub(crate) async fn ask_within(&self, query: &str, variables: Value, timeout: &str) -> Value {
        let request = self.request(query, variables);
        let answer = request.header("x-timeout-ms", timeout).send().await;
        answer.unwrap().json().await.unwrap()
    }

    fn request(&self, query: &str, variables: Value) -> RequestBuilder {
        let request = self.client.post(format!("{}/graphql", self.base));
        let request = request.header("accept", "application/graphql-response+json");
        let request = if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        };
        request.json(&json!({ "query": query, "variables": variables }))
    }
}

/// A gateway of its own before an upstream, with attempts of 300 ms, and somebody who may ask it without end.
pub(crate) fn impatient_gateway(base: &str) -> (Process, User) {
    let settings = [
        ("PEERASSIST_UPSTREAM__ATTEMPT_TIMEOUT", "300ms"),
        // Everybody comes from one address here.
        ("PEERASSIST_CONNECTIONS_PER_ADDRESS_MAX", "1000"),
        ("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000"),
    ];
    let (process, gateway) = gateway(base, &settings);
    let token = "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A";
    (process, User::new(&gateway, token))
}

/// A gateway of its own before an upstream, and its address.
pub(crate) fn gateway(base: &str, variables: &[(&str, &str)]) -> (Process, String) {
    let arguments = [
        "serve",
        "--upstream",
        base,
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    let mut process = Process::start(&arguments, variables);
    let base = process.line("gateway: ");
    (process, base)
}

/// A client of one's own: connections belong to the runtime of one test.
pub(crate) fn http_client() -> Client {
    let _there = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
