//! The sandbox's customers.

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::HARBOR;
use crate::support::sandbox::Sandbox;

/// User guide, "Responses"; the e-mail addresses are blotted out there.
const GUIDE_CUSTOMER: &str = r#"{
  "id": 3,
  "name": "USA General Contractors, Inc.",
  "number": "200-000",
  "address1": "123 America Street",
  "city": "San Francisco",
  "state": "CA",
  "zipCode": "94104",
  "contactName": "Test Contact",
  "contactEmail": "test.contact@example.com",
  "billingContact": "Test Contact",
  "billingContactEmail": "test.contact@example.com",
  "billingContactPhone": "0000000000",
  "contactPhone": "6144561447",
  "status": "ACTIVE"
}"#;

#[tokio::test]
async fn customer_3_is_the_one_the_guide_prints_in_both_worlds() {
    // Text, not values: the order of the members counts too.
    let printed: Value = serde_json::from_str(GUIDE_CUSTOMER).unwrap();
    let docs = Sandbox::start("docs");
    assert_eq!(docs.text(ADMIN, "/customer/3").await, printed.to_string());
    assert_eq!(
        Sandbox::shared().text(ADMIN, "/customer/3").await,
        printed.to_string()
    );
    let page = docs.json(ADMIN, "/customer").await;
    assert_eq!(page["totalElements"], 3);
    assert_eq!(page["content"][2], printed);
}

#[tokio::test]
async fn empty_values_are_kept_and_absent_ones_left_out() {
    let customers = Sandbox::shared().all(ADMIN, "/customer").await;
    assert_eq!(customers.len(), 60);
    let count =
        |holds: fn(&Value) -> bool| customers.iter().filter(|customer| holds(customer)).count();
    assert_eq!(count(|customer| customer.get("address2").is_none()), 18);
    assert_eq!(
        count(|customer| customer["city"] == "" && customer["zipCode"] == ""),
        9
    );
    assert_eq!(count(|customer| customer["address2"] == ""), 30);
    assert_eq!(count(|customer| customer["status"] == "INACTIVE"), 6);
    assert_eq!(
        count(|customer| customer["billingContact"] == customer["contactName"]),
        24
    );
    assert_eq!(
        count(|customer| customer.as_object().unwrap().values().any(Value::is_null)),
        0
    );
}

#[track_caller]
fn ids(customers: &[Value]) -> Vec<i64> {
    customers
        .iter()
        .map(|customer| customer["id"].as_i64().unwrap())
        .collect()
}

/// The filter gives exactly those of the whole list for which `holds`, and some of them.
async fn check_filter(query: &str, holds: impl Fn(&Value) -> bool) {
    let sandbox = Sandbox::shared();
    let all = sandbox.all(ADMIN, "/customer").await;
    let expected: Vec<Value> = all.into_iter().filter(holds).collect();
    assert!(!expected.is_empty(), "{query} finds something");
    let found = sandbox.all(ADMIN, &format!("/customer?{query}")).await;
    assert_eq!(ids(&found), ids(&expected), "{query}");
}

fn name_contains(customer: &Value, text: &str) -> bool {
    customer["name"]
        .as_str()
        .unwrap()
        .to_lowercase()
        .contains(text)
}

#[tokio::test]
async fn filters_take_effect() {
    check_filter("status=INACTIVE", |customer| {
        customer["status"] == "INACTIVE"
    })
    .await;
    check_filter("status=INACTIVE&status=ACTIVE", |_| true).await;
    check_filter("number=200-000", |customer| customer["number"] == "200-000").await;
    check_filter("name=BUILDERS", |customer| {
        name_contains(customer, "builders")
    })
    .await;
    check_filter("name=%C3%B8%27brien", |customer| {
        name_contains(customer, "ø'brien")
    })
    .await;
    check_filter("name=builders&status=INACTIVE", |customer| {
        name_contains(customer, "builders") && customer["status"] == "INACTIVE"
    })
    .await;
    check_filter("favouriteColour=blue&status=", |_| true).await;
}

#[tokio::test]
async fn wildcards_and_quotes_in_a_filter_mean_themselves() {
    let sandbox = Sandbox::shared();
    for text in ["%25", "_", "%27%20OR%201%3D1%20--", "%5C"] {
        let page = sandbox.json(ADMIN, &format!("/customer?name={text}")).await;
        assert_eq!(page["totalElements"], 0, "{text}");
    }
    check_filter("name=%22Nordic%22", |customer| {
        name_contains(customer, "\"nordic\"")
    })
    .await;
}

#[tokio::test]
async fn what_is_not_a_customer_of_the_company_is_404_and_what_is_not_an_id_400() {
    let sandbox = Sandbox::shared();
    let theirs = ids(&sandbox.all(HARBOR, "/customer").await);
    assert_eq!(theirs.len(), 2);
    for id in [theirs[0], 9_999, 0, -3] {
        let answer = sandbox.get(ADMIN, &format!("/customer/{id}")).await;
        assert_eq!(answer.status(), 404);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["message"], format!("Customer {id} not found"));
        assert_eq!(body["path"], format!("/customer/{id}"));
    }
    assert_eq!(sandbox.get(HARBOR, "/customer/3").await.status(), 404);
    for id in ["abc", "3.0", "99999999999999999999", "%FF"] {
        let answer = sandbox.get(ADMIN, &format!("/customer/{id}")).await;
        assert_eq!(answer.status(), 400, "{id}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            (&body["status"], &body["error"]),
            (&json!(400), &json!("Bad Request"))
        );
    }
    let answer = sandbox.get(ADMIN, "/customer?status=SLEEPING").await;
    assert_eq!(answer.status(), 400);
}
