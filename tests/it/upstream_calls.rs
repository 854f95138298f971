//! What the gateway costs its upstream, counted by the sandbox.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use serde_json::json;

use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::stack::impatient_gateway;
use crate::support::stub::Answer;
use crate::support::stub::StubUpstream;

fn calls<const N: usize>(calls: [(&str, u64); N]) -> BTreeMap<String, u64> {
    calls.map(|(route, calls)| (route.to_owned(), calls)).into()
}

#[tokio::test]
async fn a_question_is_asked_once_for_each_user() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let (one, other) = (stack.user("admin").await, stack.user("viewer").await);
    let question = "{ customers(first: 20) { edges { node { name } } totalCount } }";
    let answer = one.data(question).await;
    assert_eq!(count.calls().await, calls([("GET /customer", 1)]));
    assert_eq!(one.data(question).await, answer);
    assert_eq!(count.total().await, 0);
    other.data(question).await;
    assert_eq!(count.calls().await, calls([("GET /customer", 1)]));
}

#[tokio::test]
async fn a_list_feeds_the_objects_on_it() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let user = stack.user("admin").await;
    user.data("{ customers(first: 20) { edges { node { id } } } fwos(first: 20) { edges { node { id } } } }").await;
    assert_eq!(
        count.calls().await,
        calls([("GET /customer", 1), ("GET /fwo", 1)])
    );
    let listed = user
        .data("{ fwos(first: 1) { edges { node { databaseId } } } }")
        .await;
    let id = &listed["fwos"]["edges"][0]["node"]["databaseId"];
    // The window differs from the one above, so the page was read; the objects are known all the same.
    count.total().await;
    user.data(&format!("{{ customer(by: {{ databaseId: 3 }}) {{ name }} fwo(by: {{ databaseId: {id} }}) {{ summary amount }} }}")).await;
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn an_orders_detail_is_read_only_when_selected_and_then_once() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let user = stack.user("admin").await;
    let query = "{ fwos(first: 5) { edges { node { description labor { amount } materials { amount } pricing { total } signature { note } } } } }";
    user.data(query).await;
    assert_eq!(
        count.calls().await,
        calls([("GET /fwo", 1), ("GET /fwo/{id}", 5)])
    );
    user.data(query).await;
    assert_eq!(count.total().await, 0);
}

const WITH_CUSTOMERS: &str = "{ fwos(first: 40, orderBy: { field: UPDATED_DATE, direction: DESC }) { edges { node { customerId customer { name } } } } }";

fn distinct_customers(answer: &Value) -> u64 {
    let edges = answer["fwos"]["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 40);
    edges
        .iter()
        .map(|edge| edge["node"]["customerId"].as_str().unwrap())
        .collect::<HashSet<_>>()
        .len() as u64
}

#[tokio::test]
async fn orders_with_their_customers_cost_one_call_and_one_for_each_distinct_customer() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let user = stack.user("admin").await;
    let answer = user.data(WITH_CUSTOMERS).await;
    let customers = distinct_customers(&answer);
    assert!(customers > 5, "{customers} customers would show little");
    assert_eq!(
        count.calls().await,
        calls([("GET /customer/{id}", customers), ("GET /fwo", 1)])
    );
}

#[tokio::test]
async fn customers_that_a_list_has_told_of_cost_nothing_with_their_orders() {
    let mut count = Stack::counted().await;
    let user = count.stack.user("admin").await;
    user.data("{ customers(first: 200) { totalCount } }").await;
    assert_eq!(count.total().await, 1);
    user.data(WITH_CUSTOMERS).await;
    assert_eq!(count.calls().await, calls([("GET /fwo", 1)]));
}

#[tokio::test]
async fn where_the_list_is_known_to_be_short_it_is_read_instead_of_its_customers() {
    let mut count = Stack::counted().await;
    let user = count.stack.user("admin").await;
    let query =
        "{ fwos(first: 200) { edges { node { customerId customer { databaseId name } } } } }";
    user.data("{ customers(first: 1) { totalCount } }").await;
    let answer = user.data(query).await;
    // Two lists, and one page of the 60 customers.
    assert_eq!(
        count.calls().await,
        calls([("GET /customer", 2), ("GET /fwo", 1)])
    );
    let edges = answer["fwos"]["edges"].as_array().unwrap();
    let customers = edges.iter().map(|edge| &edge["node"]);
    let ids: HashSet<&str> = customers
        .map(|node| {
            assert_eq!(node["customer"]["databaseId"], node["customerId"]);
            node["customerId"].as_str().unwrap()
        })
        .collect();
    println!("200 orders of {} customers: 3 calls", ids.len());
    assert!(ids.len() > 30, "{} customers would show little", ids.len());
    // Another user, who knows nothing of how long the list is, would have to ask for each: too much for one operation.
    let other = count.stack.user("pm").await;
    let errors = other.errors(query).await;
    assert_eq!(errors[0][1], "BUDGET_EXCEEDED");
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn thirty_two_identical_requests_at_once_cost_no_more_than_one() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let user = stack.user("admin").await;
    let answers = join_all((0..32).map(|_| user.data(WITH_CUSTOMERS))).await;
    let customers = distinct_customers(&answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(
        count.calls().await,
        calls([("GET /customer/{id}", customers), ("GET /fwo", 1)])
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_harm_those_who_share_its_fetch() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let user = stack.user("admin").await;
    let leader = tokio::spawn({
        let user = user.clone();
        async move { user.data(WITH_CUSTOMERS).await }
    });
    let followers = join_all((0..8).map(|_| user.data(WITH_CUSTOMERS)));
    leader.abort();
    let answers = followers.await;
    let customers = distinct_customers(&answers[0]);
    assert_eq!(
        count.calls_of_some().await,
        calls([("GET /customer/{id}", customers), ("GET /fwo", 1)])
    );
}

#[tokio::test]
async fn a_dead_or_missing_token_costs_at_most_the_one_call_that_tells() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let mut user = stack.user("admin").await;
    user.token = "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A".to_owned();
    let errors = user.errors("{ customers(first: 3) { totalCount } }").await;
    assert_eq!(
        errors,
        [["customers", "UNAUTHENTICATED", "TOKEN_INVALID", ""].map(str::to_owned)]
    );
    assert_eq!(count.total().await, 1);
    user.token.clear();
    let answer = user
        .send("{ customers(first: 3) { totalCount } }", json!({}))
        .await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        body["errors"][0]["extensions"],
        json!({ "code": "UNAUTHENTICATED", "reason": "TOKEN_MISSING" })
    );
    assert_eq!(body.get("data"), None);
    assert_eq!(count.total().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_caller_has_32_calls_under_way_at_most_and_takes_none_from_another() {
    let stub = StubUpstream::start(|asked| {
        Answer::json(json!({ "id": asked.id(), "name": "Mill" })).after(Duration::from_millis(100))
    })
    .await;
    let (_gateway, user) = impatient_gateway(&format!("http://{}", stub.address));
    let other = User::new(&user.base, &format!("{}x", user.token));
    let ask = |user: User, id| async move {
        let query = format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}");
        user.data(&query).await
    };
    join_all((1..=80).map(|id| ask(user.clone(), id))).await;
    assert_eq!(stub.peak(), 32);
    let both = (101..=180).map(|id| {
        ask(
            if id % 2 == 0 {
                user.clone()
            } else {
                other.clone()
            },
            id,
        )
    });
    join_all(both).await;
    assert!((33..=64).contains(&stub.peak()), "{}", stub.peak());
}

/// An upstream whose list of customers hides the odd ones, which orders name all the same.
#[tokio::test]
async fn customers_that_their_list_hides_are_looked_up_as_far_as_the_bill_allows_and_then_fully() {
    let stub = StubUpstream::start(|asked| match asked.path.as_str() {
        "/customer" => {
            let even: Vec<Value> = (1..=40)
                .map(|n| json!({ "id": 2 * n, "name": "Even" }))
                .collect();
            asked.page_of(&even)
        }
        "/fwo" => {
            let fwos: Vec<Value> = (1..=30)
                .map(|id| json!({ "id": id, "customerId": id }))
                .collect();
            asked.page_of(&fwos)
        }
        _ => Answer::json(json!({ "id": asked.id(), "name": "Odd" })),
    })
    .await;
    let (_gateway, user) = impatient_gateway(&format!("http://{}", stub.address));
    let query = "{ fwos(first: 30) { edges { node { customer { name } } } } }";
    user.data("{ customers(first: 1) { totalCount } }").await;
    let before = stub.calls();
    // The bill knows of one page for 30 customers: 1 + 2 calls, of which one is left for 15 that are hidden.
    let answer = user.ask(query, json!({})).await;
    assert_eq!(stub.calls() - before, 3);
    let codes = answer["errors"].as_array().unwrap().iter();
    let codes: HashSet<&str> = codes
        .map(|error| error["extensions"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, HashSet::from(["BUDGET_EXCEEDED"]));
    assert_eq!(answer["errors"].as_array().unwrap().len(), 14);
    // The next one knows better.
    let data = user.data(query).await;
    let edges = data["fwos"]["edges"].as_array().unwrap();
    assert!(
        edges
            .iter()
            .all(|edge| edge["node"]["customer"]["name"].is_string())
    );
}
