//! GraphQL over HTTP: statuses, media types and limits, spoken to the real program.

use serde_json::Value;
use serde_json::json;

use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::stack::http_client;

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";

struct Answer {
    status: u16,
    content_type: String,
    allow: String,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or("")
    }
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let header = |name| {
        answer
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
            .to_owned()
    };
    let (status, content_type, allow) = (
        answer.status().as_u16(),
        header("content-type"),
        header("allow"),
    );
    // Which answers of a GET may be kept is told elsewhere; all others may not.
    let may_be_kept = status == 200 && !header("etag").is_empty();
    assert_eq!(header("cache-control") == "no-store", !may_be_kept);
    assert_eq!(header("x-content-type-options"), "nosniff");
    Answer {
        status,
        content_type,
        allow,
        body: answer.json().await.unwrap_or(Value::Null),
    }
}

async fn post(
    user: &User,
    accept: &str,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    let request = http_client()
        .post(format!("{}/graphql", user.base))
        .bearer_auth(&user.token);
    send(
        request
            .header("accept", accept)
            .header("content-type", content_type)
            .body(body),
    )
    .await
}

async fn query(user: &User, accept: &str, query: &str) -> Answer {
    post(
        user,
        accept,
        "application/json",
        json!({ "query": query }).to_string(),
    )
    .await
}

#[tokio::test]
async fn the_answer_is_of_the_media_type_that_the_client_asked_for() {
    let user = Stack::shared().user("admin").await;
    for (accept, content_type) in [
        (NEW, NEW),
        (OLD, OLD),
        ("*/*", OLD),
        ("text/html, application/json;q=0.1", OLD),
    ] {
        let answer = query(&user, accept, "{ __typename }").await;
        assert_eq!(
            (answer.status, answer.content_type),
            (200, format!("{content_type}; charset=utf-8")),
            "{accept}"
        );
        assert_eq!(answer.body, json!({ "data": { "__typename": "Query" } }));
    }
    let refused = query(&user, "text/html", "{ __typename }").await;
    assert_eq!((refused.status, refused.code()), (406, "NOT_ACCEPTABLE"));
}

#[tokio::test]
async fn what_cannot_be_run_has_no_data_and_a_code() {
    let user = Stack::shared().user("admin").await;
    let bomb = "fragment a on Customer { ...b ...b } fragment b on Customer { ...c ...c } fragment c on Customer { id }";
    let table = [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "query($first: Int!) { customers(first: $first) { totalCount } }",
            "BAD_USER_INPUT",
        ),
        (
            "{ customer(by: { databaseId: 1, number: \"1\" }) { id } }",
            "BAD_USER_INPUT",
        ),
        (
            "query a { __typename } query b { __typename }",
            "OPERATION_RESOLUTION_FAILURE",
        ),
        (bomb, "OPERATION_RESOLUTION_FAILURE"),
        (&"{ a ".repeat(41), "QUERY_TOO_COMPLEX"),
        (
            &format!("{{ {} }}", "__typename ".repeat(21)),
            "QUERY_TOO_COMPLEX",
        ),
        (&" ".repeat(33 * 1024), "QUERY_TOO_LARGE"),
    ];
    for (text, code) in table {
        for (accept, status) in [(NEW, 400), (OLD, 200)] {
            let answer = query(&user, accept, text).await;
            let shown = &text[..text.len().min(60)];
            assert_eq!(
                (answer.status, answer.code()),
                (status, code),
                "{accept} {shown}: {}",
                answer.body
            );
            assert_eq!(answer.body.get("data"), None, "{shown}");
        }
    }
}

#[tokio::test]
async fn what_is_no_graphql_request_is_refused_whatever_the_client_accepts() {
    let user = Stack::shared().user("admin").await;
    let json = "application/json";
    let mutation =
        r#"{"query":"mutation { login(input: {userName: \"a\", password: \"b\"}) { token } }"}"#;
    let table = [
        ("text/plain", mutation, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            "application/x-www-form-urlencoded",
            mutation,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "application/json; charset=utf-16",
            mutation,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (json, "", 400, "BAD_REQUEST"),
        (json, "{", 400, "BAD_REQUEST"),
        (json, "{}", 400, "BAD_REQUEST"),
        (json, r#"{"query":1}"#, 400, "BAD_REQUEST"),
        (
            json,
            r#"{"query":"{__typename}","variables":[]}"#,
            400,
            "BAD_REQUEST",
        ),
        (
            json,
            r#"[{"query":"{__typename}"}]"#,
            400,
            "BATCHING_DISABLED",
        ),
    ];
    for (content_type, body, status, code) in table {
        for accept in [NEW, OLD] {
            let answer = post(&user, accept, content_type, body).await;
            assert_eq!(
                (answer.status, answer.code()),
                (status, code),
                "{content_type} {body}"
            );
            assert_eq!(answer.body.get("data"), None);
        }
    }
    let large = format!(
        r#"{{"query":"{{__typename}}","x":"{}"}}"#,
        "x".repeat(300 * 1024)
    );
    let answer = post(&user, NEW, json, large).await;
    assert_eq!((answer.status, answer.code()), (413, "PAYLOAD_TOO_LARGE"));
}

#[tokio::test]
async fn a_get_runs_queries_and_nothing_else() {
    let user = Stack::shared().user("admin").await;
    let get = |parameters: &[(&str, &str)]| {
        http_client()
            .get(format!("{}/graphql", user.base))
            .query(parameters)
            .header("accept", NEW)
    };
    let answer = send(
        get(&[
            (
                "query",
                "query($n: Int) { customers(first: $n) { totalCount } }",
            ),
            ("variables", r#"{"n":3}"#),
        ])
        .bearer_auth(&user.token),
    )
    .await;
    assert_eq!(
        (
            answer.status,
            &answer.body["data"]["customers"]["totalCount"]
        ),
        (200, &json!(60))
    );
    let simple = send(get(&[("query", "{ __typename }")])).await;
    assert_eq!((simple.status, simple.code()), (403, "CSRF_PREVENTED"));
    let mutation = r#"mutation { login(input: { userName: "a", password: "b" }) { token } }"#;
    let mutation = send(get(&[("query", mutation)]).bearer_auth(&user.token)).await;
    assert_eq!(
        (mutation.status, mutation.allow.as_str(), mutation.code()),
        (405, "POST", "METHOD_NOT_ALLOWED")
    );
    let put = send(
        http_client()
            .put(format!("{}/graphql", user.base))
            .header("accept", NEW),
    )
    .await;
    assert_eq!(
        (put.status, put.allow.as_str(), put.code()),
        (405, "GET, POST", "METHOD_NOT_ALLOWED")
    );
}

#[tokio::test]
async fn a_browser_is_shown_the_console() {
    let stack = Stack::shared();
    let page = http_client()
        .get(format!("{}/graphql", stack.base))
        .header("accept", "text/html,*/*;q=0.8")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            page.status().as_u16(),
            page.headers()["location"].to_str().unwrap()
        ),
        (307, "/graphiql/")
    );
}

#[tokio::test]
async fn a_login_that_is_refused_tells_the_user_and_not_the_programmer() {
    let user = User::new(&Stack::shared().base, "");
    let login = async |user_name: &str, password: &str| {
        let mutation = "mutation($input: LoginInput!) { login(input: $input) { token userErrors { message code field } } }";
        user.ask(
            mutation,
            json!({ "input": { "userName": user_name, "password": password } }),
        )
        .await
    };
    let wrong = login("admin@lakeline.example", "wrong").await;
    let message = "the user name, the password or the client key is wrong";
    let errors = json!([{ "message": message, "code": "UNAUTHENTICATED", "field": null }]);
    assert_eq!(
        wrong,
        json!({ "data": { "login": { "token": null, "userErrors": errors } } })
    );
    let nobody = login("nobody@lakeline.example", "demo-password").await;
    assert_eq!(nobody, wrong, "one answer for all that can be wrong");
    let empty = login("", "demo-password").await;
    let errors = json!([{ "message": "must not be empty", "code": "BAD_USER_INPUT", "field": ["input", "userName"] }]);
    assert_eq!(empty["data"]["login"]["userErrors"], errors);
}

#[tokio::test]
async fn two_logins_in_one_operation_are_refused() {
    let user = Stack::shared().user("admin").await;
    let one = r#"login(input: { userName: "a", password: "b" }) { token }"#;
    let answer = query(&user, NEW, &format!("mutation {{ a: {one} b: {one} }}")).await;
    assert_eq!((answer.status, answer.code()), (400, "QUERY_TOO_COMPLEX"));
}

#[tokio::test]
async fn no_more_than_one_well_formed_authorization_is_a_caller() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    let ask = || {
        http_client()
            .post(format!("{}/graphql", stack.base))
            .header("accept", OLD)
            .json(&json!({ "query": "{ customers { totalCount } }" }))
    };
    let bearer = format!("Bearer {}", user.token);
    let requests = [
        ask()
            .header("authorization", &bearer)
            .header("authorization", &bearer),
        ask().header("authorization", "Basic YTpi"),
        ask().header("authorization", "Bearer "),
        ask().header("authorization", format!("{bearer}, {bearer}")),
        ask().header("authorization", format!("Bearer {}", "a".repeat(8193))),
    ];
    for request in requests {
        let answer = send(request).await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
        assert_eq!(
            answer.content_type,
            "application/graphql-response+json; charset=utf-8"
        );
    }
    let lower = send(ask().header("authorization", bearer.replace("Bearer", "bearer"))).await;
    assert_eq!(lower.status, 200);
}

#[tokio::test]
async fn an_argument_that_cannot_be_read_is_named_before_anything_runs() {
    let user = Stack::shared().user("admin").await;
    let table = [
        (
            "customer(by: { databaseId: \"abc\" }) { id }",
            "by.databaseId",
        ),
        ("customer(by: { databaseId: 1.5 }) { id }", "by.databaseId"),
        (
            "customer(by: { databaseId: 9223372036854775808 }) { id }",
            "by.databaseId",
        ),
        (
            "fwos(filter: { createdFrom: \"yesterday\" }) { totalCount }",
            "filter.createdFrom",
        ),
        ("fwos(filter: { colour: \"red\" }) { totalCount }", "filter"),
        (
            "fwos(filter: { status: [RED] }) { totalCount }",
            "filter.status.0",
        ),
        (
            "fwos(orderBy: { field: COLOUR }) { totalCount }",
            "orderBy.field",
        ),
    ];
    for (field, argument) in table {
        let answer = query(&user, NEW, &format!("{{ {field} }}")).await;
        let details = &answer.body["errors"][0]["extensions"];
        let found = (answer.status, answer.code(), &details["fields"][0]["field"]);
        assert_eq!(
            found,
            (400, "BAD_USER_INPUT", &json!(argument)),
            "{field}: {}",
            answer.body
        );
        assert_eq!(answer.body.get("data"), None, "{field}");
    }
    let body = json!({
        "query": "query($filter: FwosFilter) { fwos(filter: $filter) { totalCount } }",
        "variables": { "filter": { "createdFrom": "yesterday" } },
    });
    let answer = post(&user, NEW, "application/json", body.to_string()).await;
    assert_eq!(
        (answer.status, answer.code()),
        (400, "BAD_USER_INPUT"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_default_of_a_variable_counts_for_skip_and_include() {
    let user = Stack::shared().user("admin").await;
    let operation =
        "query($yes: Boolean = true, $no: Boolean = false) { customer(by: { databaseId: 3 }) {
        a: id @include(if: $yes) b: id @include(if: $no) c: id @skip(if: $yes) d: id @skip(if: $no)
    } }";
    for (variables, seen) in [
        (json!({}), "ad"),
        (json!({ "yes": false }), "cd"),
        (json!({ "no": true }), "ab"),
    ] {
        let answer = user.ask(operation, variables).await;
        let fields = answer["data"]["customer"].as_object();
        let fields: String = fields.unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, seen, "{answer}");
    }
}
