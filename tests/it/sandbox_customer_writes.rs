//! What the sandbox does with a customer that is written.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::json::broken;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::FOREMAN;
use crate::support::sandbox::HARBOR;
use crate::support::sandbox::PM;
use crate::support::sandbox::Sandbox;
use crate::support::sandbox::VIEWER;

async fn post(sandbox: &Sandbox, body: &Value) -> (u16, Value) {
    sandbox.write(ADMIN, Method::POST, "/customer", body).await
}

fn customer(number: &str) -> Value {
    json!({
        "id": 0, "name": "Old Mill Builders", "number": number, "address1": "12 Mill Road", "address2": "",
        "contactName": "Ann Mill", "contactEmail": "ann@oldmill.example", "contactPhone": "6145550100",
    })
}

#[tokio::test]
async fn a_new_customer_gets_the_next_id_and_is_active() {
    let docs = Sandbox::start("docs");
    let (status, made) = post(&docs, &customer("01000")).await;
    let shown = json!({
        "id": 4, "name": "Old Mill Builders", "number": "01000", "address1": "12 Mill Road", "address2": "",
        "contactName": "Ann Mill", "contactEmail": "ann@oldmill.example", "contactPhone": "6145550100", "status": "ACTIVE",
    });
    assert_eq!((status, &made), (200, &shown));
    assert_eq!(docs.json(ADMIN, "/customer/4").await, shown);
    assert_eq!(docs.delete(ADMIN, "/customer/4").await, 204);
    assert_eq!(docs.delete(ADMIN, "/customer/4").await, 404);
    let (_, next) = post(&docs, &customer("01000")).await;
    assert_eq!(next["id"], 5, "ids are not given twice");
}

#[tokio::test]
async fn every_rule_that_a_body_breaks_is_told_at_once() {
    let docs = Sandbox::start("docs");
    let (status, answer) = post(&docs, &json!({})).await;
    let blank = [
        "name",
        "number",
        "contactName",
        "contactEmail",
        "contactPhone",
    ]
    .map(|field| (field, "must not be blank"));
    assert_eq!((status, broken(&answer)), (400, blank.to_vec()));
    let long = |n: usize| json!("x".repeat(n));
    for (member, value, told) in [
        ("name", long(256), "size must be between 0 and 255"),
        ("number", long(33), "size must be between 0 and 32"),
        ("city", long(256), "size must be between 0 and 255"),
        ("state", long(33), "size must be between 0 and 32"),
        ("zipCode", long(17), "size must be between 0 and 16"),
        ("contactPhone", long(33), "size must be between 0 and 32"),
        ("contactName", json!(" \t"), "must not be blank"),
        (
            "contactEmail",
            json!("nobody"),
            "must be a well-formed email address",
        ),
        (
            "billingContactEmail",
            json!("@x"),
            "must be a well-formed email address",
        ),
        ("billingTemplateId", json!(999), "does not exist"),
        ("tradeTemplateId", json!(-1), "does not exist"),
    ] {
        let (status, answer) = post(&docs, &with(customer("1"), member, value)).await;
        assert_eq!((status, broken(&answer)), (400, vec![(member, told)]));
    }
    let (status, _) = post(&docs, &with(customer("1"), "status", json!("ASLEEP"))).await;
    assert_eq!(status, 400);
    assert_eq!(docs.json(ADMIN, "/customer").await["totalElements"], 3);
}

#[tokio::test]
async fn an_update_replaces_what_can_be_read_in_both_styles() {
    let docs = Sandbox::start("docs");
    let body = with(
        with(customer("200-000"), "address2", Value::Null),
        "city",
        json!(""),
    );
    let wanted = with(
        with(body.clone(), "id", json!(3)),
        "status",
        json!("ACTIVE"),
    );
    for (path, body) in [
        ("/customer/3", body.clone()),
        ("/customer/3", with(body.clone(), "id", json!(3))),
        ("/customer", with(body.clone(), "id", json!(3))),
    ] {
        let answer = docs.write(ADMIN, Method::PUT, path, &body).await;
        assert_eq!(answer, (200, wanted.clone()), "{path}");
        assert_eq!(docs.json(ADMIN, "/customer/3").await, wanted);
    }
    let other = with(body.clone(), "id", json!(2));
    for (path, body, status) in [
        ("/customer/3", &other, 400),
        ("/customer", &body, 400),
        ("/customer/x", &body, 400),
        ("/customer/99", &with(body.clone(), "id", json!(0)), 404),
    ] {
        let answer = docs.write(ADMIN, Method::PUT, path, body).await;
        assert_eq!(answer.0, status, "{path}");
    }
    assert_eq!(docs.json(ADMIN, "/customer/3").await, wanted);
}

#[tokio::test]
async fn a_number_is_given_once_in_a_company() {
    let docs = Sandbox::start("docs");
    let taken = customer("200-000");
    let (status, answer) = post(&docs, &taken).await;
    assert_eq!(
        (status, &answer["message"]),
        (409, &json!("Customer number 200-000 already exists"))
    );
    assert_eq!(
        docs.write(ADMIN, Method::PUT, "/customer/2", &taken)
            .await
            .0,
        409
    );
    assert_eq!(
        docs.write(ADMIN, Method::PUT, "/customer/3", &taken)
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn companies_neither_see_nor_touch_each_others_customers() {
    let demo = Sandbox::start("demo");
    let (status, theirs) = demo
        .write(HARBOR, Method::POST, "/customer", &customer("200-000"))
        .await;
    assert_eq!(status, 200, "the number is another company's: {theirs}");
    let path = format!("/customer/{}", theirs["id"]);
    let before = demo.json(HARBOR, &path).await;
    assert_eq!(demo.get(ADMIN, &path).await.status(), 404);
    let body = customer("new");
    assert_eq!(demo.write(ADMIN, Method::PUT, &path, &body).await.0, 404);
    assert_eq!(demo.delete(ADMIN, &path).await, 404);
    assert_eq!(demo.delete(HARBOR, "/customer/3").await, 404);
    assert_eq!(demo.json(HARBOR, &path).await, before);
}

#[tokio::test]
async fn only_an_admin_writes_customers() {
    let docs = Sandbox::start("docs");
    let before = docs.text(ADMIN, "/customer").await;
    for user in [PM, FOREMAN, VIEWER] {
        let body = customer("01000");
        assert_eq!(
            docs.write(user, Method::POST, "/customer", &body).await.0,
            403
        );
        assert_eq!(
            docs.write(user, Method::PUT, "/customer/3", &body).await.0,
            403
        );
        assert_eq!(docs.delete(user, "/customer/3").await, 403);
    }
    assert_eq!(docs.text(ADMIN, "/customer").await, before);
}

#[tokio::test]
async fn a_customer_with_projects_is_not_deleted() {
    let docs = Sandbox::start("docs");
    let project = &docs.json(ADMIN, "/project").await["content"][0];
    let path = format!("/customer/{}", project["customerId"]);
    assert_eq!(docs.delete(ADMIN, &path).await, 409);
    assert_eq!(docs.get(ADMIN, &path).await.status(), 200);
}

#[tokio::test]
async fn open_fwos_are_told_of_an_update_where_that_is_asked_for() {
    let docs = Sandbox::start("docs");
    let fwos = docs.all(ADMIN, "/fwo?sort=id").await;
    let path = format!("/customer/{}", fwos[0]["customerId"]);
    let body = docs.json(ADMIN, &path).await;
    assert_eq!(docs.write(ADMIN, Method::PUT, &path, &body).await.0, 200);
    assert_eq!(docs.all(ADMIN, "/fwo?sort=id").await, fwos);
    let body = with(body, "updateFWOs", json!(true));
    assert_eq!(docs.write(ADMIN, Method::PUT, &path, &body).await.0, 200);
    for (before, after) in fwos.iter().zip(docs.all(ADMIN, "/fwo?sort=id").await) {
        let is_open = before["status"] != "CHANGE_ORDER_ISSUED";
        let is_told = before["updatedDate"] != after["updatedDate"];
        assert_eq!(is_told, is_open, "{before}");
    }
}
