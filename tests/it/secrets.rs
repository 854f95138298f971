//! No secret in anything that the program writes, at whatever level it logs.
//!
//! Every secret here is a marker. Requests of all kinds bring them to both doors, and what the process wrote to either
//! stream, its metrics, its readiness and every answer are searched for them.

use std::process::Command;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::auth_service_client::AuthServiceClient;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use peerassist_gateway::telemetry;
use serde_json::json;
use tonic::Request;

use crate::support::grpc::channel;
use crate::support::process::Process;
use crate::support::raw;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;

const TOKEN: &str = "marker-token-of-a-caller";
const BAD_TOKEN: &str = "marker-token,not-one";
const GIVEN_TOKEN: &str = "marker-token-of-a-login";
const CLIENT_KEY: &str = "marker-client-key-of-the-gateway";
const OTHER_KEY: &str = "marker-client-key-of-a-caller";
const PASSWORD: &str = "marker-password";
const SECRET: &str = "marker-secret-of-the-gateway-0123456789";
const LITERAL: &str = "marker-literal";

/// What all of them have in common.
const MARKER: &str = "marker-";

/// An upstream with a fault for each customer, which tells the token in all that it says.
fn upstream(asked: &Asked) -> Answer {
    let given = json!({ "token": GIVEN_TOKEN, "tokenType": "Bearer", "expiresIn": 60 });
    let told = asked.authorization.clone().unwrap_or_default();
    match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/auth") if asked.body.contains("wrong") => {
            Answer::status(401).body(json!({ "message": asked.body }))
        }
        ("POST", "/auth") => Answer::json(given),
        ("GET", "/customer") => asked.page_of(&customers(3)),
        ("GET", "/customer/1") => Answer::json(customers(1).pop().unwrap()),
        ("GET", "/customer/2") => {
            Answer::status(302).header("location", "https://marker-host.example/")
        }
        ("GET", "/customer/3") => Answer::status(500).body(json!({ "message": told })),
        ("GET", "/customer/4") => Answer::text(&format!("{{\"id\":\"{told}\"}}")),
        ("GET", "/customer/5") => Answer::status(401).body(json!({ "error": told })),
        ("GET", "/customer/6") => Answer::status(429).header("retry-after", "marker-wait"),
        ("GET", "/customer/7") => Answer::text(&told),
        ("GET", "/customer/8") => Answer::status(200).header("content-encoding", "gzip"),
        _ => Answer::status(400)
            .body(json!({ "errors": [{ "field": told, "defaultMessage": told }] })),
    }
}

struct Scene {
    process: Process,
    base: String,
    admin: std::net::SocketAddr,
    /// Everything that clients heard, but for the tokens that a login is for.
    heard: String,
    _upstream: StubUpstream,
}

impl Scene {
    async fn open(format: &str) -> Self {
        let stub = StubUpstream::start(upstream).await;
        let base = format!("http://{}", stub.address);
        let everywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let arguments = [&["serve", "--upstream", &base], &everywhere[..]].concat();
        let settings = [
            ("PEERASSIST_LOG__FILTER", "trace"),
            ("PEERASSIST_LOG__FORMAT", format),
            ("PEERASSIST_UPSTREAM__CLIENT_KEY", CLIENT_KEY),
            ("PEERASSIST_GATEWAY__SECRET", SECRET),
        ];
        let mut process = Process::start(&arguments, &settings);
        let (base, admin) = (process.line("gateway: "), process.address("admin"));
        Scene {
            process,
            base,
            admin,
            heard: String::new(),
            _upstream: stub,
        }
    }

    async fn post(&mut self, authorization: &str, body: String) -> String {
        let request = http_client().post(format!("{}/graphql", self.base));
        let request = request
            .header("content-type", "application/json")
            .header("authorization", authorization)
            .header("x-explain", "2")
            .header("cookie", "session=marker-cookie")
            .header("x-request-id", "marker id");
        let answer = request.body(body).send().await.unwrap();
        let headers = format!("{:?}", answer.headers());
        let text = answer.text().await.unwrap();
        self.heard.push_str(&headers);
        text
    }

    async fn graphql(&mut self) {
        let bearer = format!("Bearer {TOKEN}");
        let query = |text: &str| json!({ "query": text }).to_string();
        let reads: String = (1..=9)
            .map(|id| format!("a{id}: customer(by: {{ databaseId: {id} }}) {{ name }} "))
            .collect();
        let create =
            r#"mutation { createCustomer(input: { name: "n" }) { userErrors { message } } }"#;
        let literal = format!("{{ customer(by: {{ number: \"{LITERAL}\" }} {{ id }}");
        let hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": "marker-hash" } });
        for body in [
            query(&format!("{{ {reads} customers {{ totalCount }} }}")),
            query(create),
            query(&literal),
            query(&format!("{{ nodes(ids: [\"{LITERAL}\"]) {{ id }} }}")),
            query("{ nope }"),
            json!({ "extensions": hash }).to_string(),
            format!("{{\"query\":\"{LITERAL}"),
            "[".repeat(9_000),
        ] {
            let told = self.post(&bearer, body).await;
            self.heard.push_str(&told);
        }
        for authorization in [
            &format!("Bearer {BAD_TOKEN}"),
            "Basic bWFya2VyLQ==",
            PASSWORD,
        ] {
            let told = self
                .post(authorization, query("{ customers { totalCount } }"))
                .await;
            self.heard.push_str(&told);
        }
        let login =
            "mutation($i: LoginInput!) { login(input: $i) { token userErrors { message } } }";
        for (password, key) in [
            (PASSWORD, None),
            ("marker-wrong", Some(OTHER_KEY)),
            ("", Some(OTHER_KEY)),
        ] {
            let input = json!({ "userName": "u", "password": password, "clientKey": key });
            let body = json!({ "query": login, "variables": { "i": input } }).to_string();
            let told = self.post(&bearer, body).await;
            self.heard.push_str(&told.replace(GIVEN_TOKEN, ""));
        }
        let inline = format!(
            "mutation {{ login(input: {{ userName: \"u\", password: \"{PASSWORD}\" }}) {{ token }} }}"
        );
        let told = self.post(&bearer, query(&inline)).await;
        assert!(told.contains(GIVEN_TOKEN), "{told}");
        let get = http_client()
            .get(format!(
                "{}/graphql?query={{customers{{totalCount}}}}&x={LITERAL}",
                self.base
            ))
            .bearer_auth(TOKEN);
        let answer = get.send().await.unwrap();
        self.heard.push_str(&format!("{:?}", answer.headers()));
        self.heard.push_str(&answer.text().await.unwrap());
    }

    async fn grpc(&mut self) {
        let mut customers = CustomerServiceClient::new(channel(&self.base).await);
        for id in 0..=9 {
            for token in [TOKEN, BAD_TOKEN] {
                let mut request = Request::new(v1::GetCustomerRequest {
                    by: Some(By::Id(id)),
                });
                let metadata = request.metadata_mut();
                metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
                metadata.insert("x-explain", "2".parse().unwrap());
                metadata.insert("x-api-key", "marker-api-key".parse().unwrap());
                let told = customers.get_customer(request).await;
                self.heard.push_str(&format!("{told:?}"));
            }
        }
        let mut auth = AuthServiceClient::new(channel(&self.base).await);
        for (password, key) in [(PASSWORD, None), ("marker-wrong", Some(OTHER_KEY))] {
            let login = v1::LoginRequest {
                user_name: "u".into(),
                password: password.into(),
                client_key: key.map(str::to_owned),
            };
            let told = auth.login(login).await;
            self.heard.push_str(&format!("{told:?}"));
        }
    }

    /// The lines of everything that was written that show a marker.
    fn told(self) -> Vec<String> {
        let mut written = self.heard;
        for path in ["/metrics", "/readyz", "/livez"] {
            written.push_str(&raw::get(self.admin, path, ""));
        }
        self.process.signal("TERM");
        let ended = self.process.ended();
        // Every level is on, or this would prove nothing; but libraries stay above the one where they quote.
        let says = |text: &str| ended.stderr.contains(text);
        assert!(
            says("DEBUG") && says("answered") && says("received"),
            "{}",
            ended.stderr
        );
        assert!(!says("TRACE"), "{}", ended.stderr);
        written.push_str(&ended.stdout);
        written.push_str(&ended.stderr);
        let told = written.lines().filter(|line| line.contains(MARKER));
        told.map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_trace_level_nothing_that_is_written_shows_a_secret() {
    for format in ["text", "json"] {
        let mut scene = Scene::open(format).await;
        scene.graphql().await;
        scene.grpc().await;
        let told = scene.told();
        assert!(
            told.is_empty(),
            "{} lines:\n{}",
            told.len(),
            told.join("\n")
        );
    }
}

/// A panic says where it was; what its text was made of may be anything.
#[test]
fn a_panic_does_not_tell_what_its_text_was_made_of() {
    let test = std::env::current_exe().unwrap();
    let ended = Command::new(test)
        .args([
            "--exact",
            "secrets::panics_where_it_is_told_to",
            "--nocapture",
        ])
        .env(PANIC_WITH, format!("{MARKER}text"))
        .output()
        .unwrap();
    let written = [ended.stdout, ended.stderr].concat();
    let written = String::from_utf8_lossy(&written).into_owned();
    assert!(
        written.contains("the formatted text is withheld"),
        "{written}"
    );
    assert!(!written.contains(MARKER), "{written}");
}

const PANIC_WITH: &str = "PEERASSIST_TEST_PANIC_WITH";

/// The child of the test above; by itself it has nothing to do.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what the parent says to its child"
)]
fn panics_where_it_is_told_to() {
    let Ok(text) = std::env::var(PANIC_WITH) else {
        return;
    };
    telemetry::init(&telemetry::Settings {
        filter: "trace".into(),
        format: telemetry::Format::Json,
        colours: false,
    });
    panic!("{text}");
}
