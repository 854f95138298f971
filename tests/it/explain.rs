//! What a request cost, told to who asks for it.

use serde_json::Value;
use serde_json::json;
use tonic::Code;

use peerassist_gateway::grpc::v1;

use crate::support::grpc::GrpcUser;
use crate::support::grpc::channel;
use crate::support::ledgers::explanation;
use crate::support::sandbox::PASSWORD;
use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::stack::http_client;

/// The extensions of an answer to somebody who sends this header.
async fn extensions(user: &User, explain: &str, query: &str) -> Value {
    let request = http_client()
        .post(format!("{}/graphql", user.base))
        .bearer_auth(&user.token)
        .header("x-explain", explain)
        .json(&json!({ "query": query }));
    let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["extensions"].take()
}

const QUERY: &str = "{ one: customer(by: { databaseId: 7 }) { name } two: customer(by: { databaseId: 7 }) { city } }";

#[tokio::test]
async fn who_does_not_ask_is_not_told() {
    let user = Stack::shared().user("admin").await;
    let answer: Value = user.send(QUERY, json!({})).await.json().await.unwrap();
    assert_eq!(answer.get("extensions"), None);
    assert_eq!(extensions(&user, "0", QUERY).await, Value::Null);
}

#[tokio::test]
async fn who_asks_is_told_how_much_it_was() {
    let user = Stack::shared().user("admin").await;
    let cold = extensions(&user, "1", QUERY).await;
    // Two fields ask for one customer, and the second one joins the first.
    assert_eq!(
        cold["cost"],
        json!({ "bound": 2, "actual": 1, "revalidated": 0, "cached": 0, "stale": 0, "coalesced": 1 })
    );
    let warm = extensions(&user, "1", QUERY).await;
    assert_eq!(
        warm["cost"],
        json!({ "bound": 2, "actual": 0, "revalidated": 0, "cached": 1, "stale": 0, "coalesced": 1 })
    );
}

#[tokio::test]
async fn who_asks_for_more_is_told_each_question_with_the_field_that_asked() {
    let user = Stack::shared().user("admin").await;
    let query = "{ fwos(first: 2, filter: { customerId: 3 }) { edges { node { customer { name } description } } } }";
    let cost = extensions(&user, "2", query).await["cost"].take();
    assert_eq!(cost["actual"], 4);
    let questions = cost["questions"].as_array().unwrap();
    let mut told: Vec<[&str; 3]> = questions
        .iter()
        .map(|question| {
            assert!(question["ms"].is_number(), "{question}");
            ["path", "call", "outcome"].map(|name| question[name].as_str().unwrap())
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told[0],
        [
            "fwos",
            "GET /fwo?customerId=3&sort=id,asc&page=0&size=2",
            "MISS"
        ]
    );
    assert_eq!(
        told[1],
        ["fwos.edges.0.node.customer", "GET /customer/3", "MISS"]
    );
    assert_eq!(told[2][0], "fwos.edges.0.node.description");
    assert_eq!(
        told[3],
        ["fwos.edges.1.node.customer", "GET /customer/3", "COALESCED"]
    );
    assert_eq!(told[4][0], "fwos.edges.1.node.description");
    for detail in [told[2], told[4]] {
        assert!(
            detail[1].starts_with("GET /fwo/") && detail[2] == "MISS",
            "{detail:?}"
        );
    }
    let cost =
        extensions(&user, "2", "{ node(id: \"Q3VzdG9tZXI6Mw\") { id } }").await["cost"].take();
    let hit = &cost["questions"][0];
    assert_eq!(
        (&hit["call"], &hit["outcome"]),
        (&json!("GET /customer/3"), &json!("HIT"))
    );
    assert!(hit["ageMs"].as_u64().unwrap() < 30_000, "{hit}");
}

/// Each question of an operation of somebody who says this of kept answers.
async fn questions(user: &User, cache_control: &str, query: &str) -> Vec<Value> {
    let request = http_client()
        .post(format!("{}/graphql", user.base))
        .bearer_auth(&user.token)
        .header("x-explain", "2")
        .header("cache-control", cache_control)
        .json(&json!({ "query": query }));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let questions = answer["extensions"]["cost"]["questions"].as_array();
    questions.unwrap().clone()
}

#[tokio::test]
async fn each_question_says_how_long_its_answer_is_kept_or_why_it_is_not() {
    let user = Stack::shared().user("admin").await;
    let query = "{ customer(by: { databaseId: 9 }) { name } }";
    let told = async |cache_control: &str| {
        let question = questions(&user, cache_control, query).await.remove(0);
        let [age, fresh_for] = ["ageMs", "freshForMs"].map(|name| question[name].as_u64());
        let [outcome, not_kept] = ["outcome", "notKept"].map(|name| question[name].as_str());
        let not_kept = not_kept.map(str::to_owned);
        (outcome.unwrap().to_owned(), age, fresh_for, not_kept)
    };
    let (outcome, age, fresh_for, not_kept) = told("no-store").await;
    assert_eq!((outcome.as_str(), age, fresh_for), ("MISS", None, None));
    assert!(not_kept.unwrap().contains("no-store"));
    let (outcome, age, fresh_for, not_kept) = told("max-stale").await;
    assert_eq!((outcome.as_str(), not_kept), ("MISS", None));
    let sum = age.unwrap() + fresh_for.unwrap();
    assert!(
        (29_999..=30_000).contains(&sum),
        "{sum}: 30 s in all, rounded down twice"
    );
    let (outcome, later, left, not_kept) = told("max-stale").await;
    assert_eq!((outcome.as_str(), not_kept), ("HIT", None));
    assert!(later >= age && left <= fresh_for);
    let (outcome, _, renewed, _) = told("no-cache").await;
    assert_eq!(outcome, "MISS");
    assert!(renewed >= left, "it was renewed");
}

#[tokio::test]
async fn a_login_is_explained_whether_it_is_granted_or_not() {
    let user = Stack::shared().user("admin").await;
    for password in ["demo-password", "wrong"] {
        let login = format!(
            "mutation {{ me: login(input: {{ userName: \"pm@lakeline.example\", password: \"{password}\" }}) {{ token }} }}"
        );
        let cost = extensions(&user.nobody(), "2", &login).await["cost"].take();
        assert_eq!((&cost["bound"], &cost["actual"]), (&json!(1), &json!(1)));
        let question = &cost["questions"][0];
        let told = ["path", "call", "outcome"].map(|name| question[name].as_str().unwrap());
        assert_eq!(told, ["me", "POST /auth", "MISS"]);
    }
    let mut request = tonic::Request::new(v1::LoginRequest {
        user_name: "pm@lakeline.example".into(),
        password: PASSWORD.into(),
        client_key: None,
    });
    request
        .metadata_mut()
        .insert("x-explain", "2".parse().unwrap());
    let mut auth = v1::auth_service_client::AuthServiceClient::new(channel(&user.base).await);
    let granted = auth.login(request).await.unwrap();
    let cost = explanation(granted.metadata().as_ref()).unwrap();
    assert_eq!((cost.bound, cost.actual), (1, 1));
    assert_eq!(cost.questions[0].call, "POST /auth");
}

#[tokio::test]
async fn an_operation_that_fails_is_explained_all_the_same() {
    let stack = Stack::start("docs");
    let user = stack.user("admin").await;
    let cost = extensions(&user, "1", "{ customer(by: { databaseId: 999 }) { name } }").await;
    stack.ledgers.add(1, 1);
    assert_eq!(cost["cost"]["actual"], 1);
    let mutation =
        "mutation { deleteCustomer(input: { id: \"Q3VzdG9tZXI6Mw\" }) { userErrors { code } } }";
    let cost = extensions(&user, "2", mutation).await["cost"].take();
    stack.ledgers.add(1, 1);
    assert_eq!(cost["questions"][0]["call"], "DELETE /customer/3");
    assert_eq!(cost["questions"][0]["path"], "deleteCustomer");
}

#[tokio::test]
async fn anything_else_is_no_way_to_ask() {
    let user = Stack::shared().user("admin").await;
    let request = http_client()
        .post(format!("{}/graphql", user.base))
        .bearer_auth(&user.token)
        .header("x-explain", "yes")
        .json(&json!({ "query": QUERY }));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        answer["errors"][0]["message"],
        "x-explain must be 0, 1 or 2"
    );
    let mut grpc = GrpcUser::new(&user).await;
    let mut request = grpc.request(v1::ListCustomersRequest::default());
    request
        .metadata_mut()
        .insert("x-explain", "yes".parse().unwrap());
    let status = grpc.customers.list_customers(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

/// A call over gRPC that asks for its questions: what its trailer says.
async fn explained(user: &User, view: v1::FwoView, rows: i32) -> v1::Explanation {
    let mut grpc = GrpcUser::new(user).await;
    let mut request = grpc.request(v1::ListFwosRequest {
        page_size: rows,
        view: view.into(),
        ..Default::default()
    });
    request
        .metadata_mut()
        .insert("x-explain", "2".parse().unwrap());
    let answer = grpc.fwos.list_fwos(request).await.unwrap();
    explanation(answer.metadata().as_ref()).unwrap()
}

#[tokio::test]
async fn a_call_over_grpc_is_explained_in_its_trailers() {
    let user = Stack::shared().user("admin").await;
    let cold = explained(&user, v1::FwoView::Full, 5).await;
    assert_eq!((cold.bound, cold.actual, cold.cached), (6, 6, 0));
    assert_eq!(cold.questions[0].call, "GET /fwo?sort=id,asc&page=0&size=5");
    assert_eq!(cold.questions[0].outcome(), v1::Outcome::Miss);
    assert!(cold.questions[0].elapsed.is_some());
    assert!(cold.questions[0].fresh_for.is_some());
    assert_eq!(cold.questions[0].not_kept, "");
    let warm = explained(&user, v1::FwoView::Full, 5).await;
    assert_eq!((warm.actual, warm.cached), (0, 6));
    assert_eq!(warm.questions[0].outcome(), v1::Outcome::Hit);
    assert!(warm.questions[0].age.is_some());
    assert!(warm.questions[0].fresh_for.unwrap().seconds < 30);
    let mut grpc = GrpcUser::new(&user).await;
    let mut request = grpc.request(v1::ListFwosRequest::default());
    for (name, value) in [("x-explain", "2"), ("cache-control", "no-store")] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    let answer = grpc.fwos.list_fwos(request).await.unwrap();
    let unkept = explanation(answer.metadata().as_ref()).unwrap();
    assert_eq!(unkept.questions[0].fresh_for, None);
    assert!(unkept.questions[0].not_kept.contains("no-store"));
}

#[tokio::test]
async fn questions_that_find_no_room_in_the_trailers_are_counted() {
    let user = Stack::shared().user("admin").await;
    let long = explained(&user, v1::FwoView::Full, 99).await;
    assert_eq!(long.actual, 100);
    assert!(long.questions_left_out > 0 && !long.questions.is_empty());
    let told = long.questions.len() as i64 + i64::from(long.questions_left_out);
    assert_eq!(told, 100);
}

#[tokio::test]
async fn a_call_that_fails_is_explained_in_its_head() {
    let user = Stack::shared().user("admin").await;
    let mut grpc = GrpcUser::new(&user).await;
    let by = Some(v1::get_customer_request::By::Id(999_999));
    let mut request = grpc.request(v1::GetCustomerRequest { by });
    request
        .metadata_mut()
        .insert("x-explain", "1".parse().unwrap());
    let status = grpc.customers.get_customer(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let explanation = explanation(status.metadata().as_ref()).unwrap();
    assert_eq!((explanation.actual, explanation.questions.len()), (1, 0));
}
