//! Documents that need not be sent: automatic persisted queries, and the trusted documents of a manifest.

use std::fs;

use peerassist_gateway::grpc::v1;
use ring::digest;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::support::door::TOKEN;
use crate::support::process::Process;
use crate::support::stack::gateway;
use crate::support::stack::http_client;
use crate::support::stub::Answer;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;

const TEXT: &str = "query Name($id: Int64) { customer(by: { databaseId: $id }) { name } }";

struct Client {
    base: String,
    upstream: StubUpstream,
    _process: Process,
}

impl Client {
    async fn before(settings: &[(&str, &str)]) -> Self {
        let upstream = StubUpstream::start(|asked| match asked.path.as_str() {
            "/auth" => Answer::json(json!({ "token": "dG9rZW4", "expiresIn": 60 })),
            _ => Answer::json(customers(asked.id()).pop().unwrap()),
        })
        .await;
        let settings = [settings, &[("PEERASSIST_UPSTREAM__CLIENT_KEY", "key")]].concat();
        let (process, base) = gateway(&format!("http://{}", upstream.address), &settings);
        Client {
            base,
            upstream,
            _process: process,
        }
    }

    async fn post(&self, body: Value) -> (u16, Value) {
        let request = http_client()
            .post(format!("{}/graphql", self.base))
            .header("accept", "application/graphql-response+json")
            .bearer_auth(TOKEN)
            .json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, parameters: &[(&str, &str)]) -> (u16, Value) {
        let request = http_client()
            .get(format!("{}/graphql", self.base))
            .query(parameters)
            .header("accept", "application/graphql-response+json")
            .bearer_auth(TOKEN);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn sha256(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn hashed(text: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256(text) } })
}

fn told(answer: &Value) -> [&str; 2] {
    let error = &answer["errors"][0];
    let texts = [&error["extensions"]["code"], &error["message"]];
    texts.map(|text| text.as_str().unwrap_or(""))
}

const NOT_FOUND: [&str; 2] = ["PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"];

#[tokio::test]
async fn a_hash_will_do_once_its_document_has_run() {
    let client = Client::before(&[]).await;
    let name = |n| json!({ "data": { "customer": { "name": format!("Customer {n}") } } });
    let by_hash = |id| json!({ "variables": { "id": id }, "extensions": hashed(TEXT) });
    let (status, unknown) = client.post(by_hash("1")).await;
    assert_eq!((status, told(&unknown)), (400, NOT_FOUND));
    assert_eq!(unknown.get("data"), None);
    let mut with_text = by_hash("1");
    with_text["query"] = TEXT.into();
    assert_eq!(client.post(with_text).await, (200, name(1)));
    assert_eq!(client.post(by_hash("2")).await, (200, name(2)));
    let extensions = hashed(TEXT).to_string();
    let parameters = [("variables", r#"{"id":"3"}"#), ("extensions", &extensions)];
    assert_eq!(client.get(&parameters).await, (200, name(3)));
}

#[tokio::test]
async fn only_what_is_what_its_hash_says_and_has_run_is_kept() {
    let client = Client::before(&[]).await;
    let login = r#"mutation { login(input: { userName: "a", password: "marker" }) { token } }"#;
    let lie = json!({ "query": "{ __typename }", "extensions": hashed(TEXT) });
    let (status, answer) = client.post(lie).await;
    assert_eq!((status, told(&answer)[0]), (400, "BAD_REQUEST"));
    for (text, status) in [("{ nope }", 400), ("{", 400), (login, 200)] {
        let with_text = json!({ "query": text, "extensions": hashed(text) });
        assert_eq!(client.post(with_text).await.0, status, "{text}");
        let (status, answer) = client.post(json!({ "extensions": hashed(text) })).await;
        assert_eq!((status, told(&answer)), (400, NOT_FOUND), "{text}");
    }
}

#[tokio::test]
async fn a_get_runs_no_mutation_by_its_hash_either() {
    let client = Client::before(&[]).await;
    let text = r#"mutation { deleteFwo(input: { id: "x" }) { deletedFwoId } }"#;
    let with_text = json!({ "query": text, "extensions": hashed(text) });
    assert_eq!(client.post(with_text).await.0, 200);
    let extensions = hashed(text).to_string();
    let (status, answer) = client.get(&[("extensions", &extensions)]).await;
    assert_eq!((status, told(&answer)[0]), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn where_it_is_off_a_client_is_told_not_to_try_again() {
    let client = Client::before(&[("PEERASSIST_GRAPHQL__PERSISTED_BYTES_MAX", "0")]).await;
    let off = [
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "PersistedQueryNotSupported",
    ];
    let with_text = json!({ "query": "{ __typename }", "extensions": hashed("{ __typename }") });
    assert_eq!(client.post(with_text).await.0, 200);
    let (status, answer) = client
        .post(json!({ "extensions": hashed("{ __typename }") }))
        .await;
    assert_eq!((status, told(&answer)), (400, off));
}

/// A manifest in the form of Apollo's clients, in a file.
fn manifest() -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("manifest.json");
    let operation =
        json!({ "id": "name-of-customer", "name": "Name", "type": "query", "body": TEXT });
    let manifest = json!({
        "format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation],
    });
    fs::write(&file, manifest.to_string()).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (directory, file)
}

/// Every way to name the document of the manifest.
fn names() -> Vec<Value> {
    let hash = sha256(TEXT);
    vec![
        json!({ "documentId": "name-of-customer" }),
        json!({ "documentId": hash }),
        json!({ "documentId": format!("sha256:{hash}") }),
        json!({ "extensions": hashed(TEXT) }),
        json!({ "query": TEXT }),
    ]
}

#[tokio::test]
async fn trusted_documents_run_by_their_ids() {
    let (_directory, file) = manifest();
    let settings = [
        ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS", "on"),
        ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS_FILE", file.as_str()),
    ];
    let client = Client::before(&settings).await;
    for mut request in names() {
        request["variables"] = json!({ "id": "1" });
        let shown = request.to_string();
        let (status, answer) = client.post(request).await;
        assert_eq!(
            (status, &answer["data"]["customer"]["name"]),
            (200, &json!("Customer 1")),
            "{shown}"
        );
    }
    let parameters = [
        ("documentId", "name-of-customer"),
        ("variables", r#"{"id":"1"}"#),
    ];
    assert_eq!(client.get(&parameters).await.0, 200);
    let (status, answer) = client.post(json!({ "documentId": "another" })).await;
    assert_eq!((status, told(&answer)), (400, NOT_FOUND));
    assert_eq!(
        client.post(json!({ "query": "{ __typename }" })).await.0,
        200
    );
}

#[tokio::test]
async fn where_only_trusted_documents_run_all_else_is_refused_and_nothing_is_asked() {
    let (_directory, file) = manifest();
    let settings = [
        ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS", "only"),
        ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS_FILE", file.as_str()),
    ];
    let client = Client::before(&settings).await;
    let refused = ["QUERY_NOT_IN_SAFELIST", "only trusted documents run here"];
    for text in [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        &format!("{TEXT} "),
        "{",
        &"[".repeat(9_000),
    ] {
        for body in [
            json!({ "query": text }),
            json!({ "query": text, "extensions": hashed(text) }),
            json!({ "query": text, "documentId": "name-of-customer" }),
        ] {
            let (status, answer) = client.post(body).await;
            assert_eq!((status, told(&answer)), (400, refused), "{text}");
        }
        // Nor has anybody been taught it.
        let (_, answer) = client.post(json!({ "extensions": hashed(text) })).await;
        assert_eq!(told(&answer), NOT_FOUND);
    }
    assert_eq!(client.upstream.calls(), 0);
    for mut request in names() {
        request["variables"] = json!({ "id": "1" });
        assert_eq!(client.post(request).await.0, 200);
    }
}

/// The documents of GraphQL are no matter of the other door.
#[tokio::test]
async fn trusted_documents_leave_grpc_alone() {
    let (_directory, file) = manifest();
    let settings = [
        ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS", "only"),
        ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS_FILE", file.as_str()),
    ];
    let client = Client::before(&settings).await;
    let channel = crate::support::grpc::channel(&client.base).await;
    let mut customers = v1::customer_service_client::CustomerServiceClient::new(channel);
    let by = Some(v1::get_customer_request::By::Id(1));
    let request = crate::support::door::asked(v1::GetCustomerRequest { by });
    assert_eq!(
        customers
            .get_customer(request)
            .await
            .unwrap()
            .into_inner()
            .id,
        1
    );
}
