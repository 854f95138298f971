//! The user guide's own `POST /customer`, sent through each door.

use peerassist_gateway::grpc::v1;
use serde_json::Value;
use serde_json::json;

use crate::support::as_graphql::CUSTOMER;
use crate::support::as_graphql::customer_json;
use crate::support::grpc::GrpcUser;
use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;

/// What the guide gets, to the letter, but for the e-mail addresses, which the guide's page hides.
const REPLY: &str = r#"{"id":4,"name":"Test New Customer","number":"01000","address1":"1234 Test Address","address2":"","city":"","state":"OH","zipCode":"","contactName":"Test Contact","contactEmail":"contact@test.example","billingContact":"Test Contact","billingContactEmail":"billing@test.example","billingContactPhone":"0000000000","contactPhone":"0000000000","status":"ACTIVE"}"#;

/// The reply as both doors say it, to one who has got `etag`.
fn reply(etag: &Value) -> Value {
    let mut reply: Value = serde_json::from_str(REPLY).unwrap();
    let members = reply.as_object_mut().unwrap();
    members.remove("id");
    members.insert("databaseId".into(), json!("4"));
    members.insert("rawStatus".into(), json!("ACTIVE"));
    assert!(etag.as_str().unwrap().starts_with('"'));
    members.insert("etag".into(), etag.clone());
    reply
}

#[tokio::test]
async fn the_guides_new_customer_gets_the_guides_reply_over_graphql() {
    let stack = Stack::start("docs");
    let admin = stack.user("admin").await;
    let mutation = format!(
        "mutation($input: CreateCustomerInput!) {{ createCustomer(input: $input) {{ customer {{ {CUSTOMER} }} userErrors {{ message }} }} }}"
    );
    let input = json!({
        "address1": "1234 Test Address", "address2": "", "billingContact": "Test Contact",
        "billingContactEmail": "billing@test.example", "billingContactPhone": "0000000000", "billingTemplateId": "0",
        "city": "", "contactEmail": "contact@test.example", "contactName": "Test Contact", "contactPhone": "0000000000",
        "name": "Test New Customer", "number": "01000", "state": "OH", "status": "ACTIVE", "tradeTemplateId": "0",
        "updateFWOs": false, "updateProjects": false, "zipCode": "",
    });
    let answer = admin.ask(&mutation, json!({ "input": input })).await;
    let payload = &answer["data"]["createCustomer"];
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    let customer = &payload["customer"];
    assert_eq!(customer, &reply(&customer["etag"]));
    assert_eq!(stack.sandbox.text(ADMIN, "/customer/4").await, REPLY);
}

#[tokio::test]
async fn the_guides_new_customer_gets_the_guides_reply_over_grpc() {
    let stack = Stack::start("docs");
    let mut admin = GrpcUser::new(&stack.user("admin").await).await;
    let customer = v1::Customer {
        address1: Some("1234 Test Address".into()),
        address2: Some("".into()),
        billing_contact: Some("Test Contact".into()),
        billing_contact_email: Some("billing@test.example".into()),
        billing_contact_phone: Some("0000000000".into()),
        billing_template_id: Some(0),
        city: Some("".into()),
        contact_email: Some("contact@test.example".into()),
        contact_name: Some("Test Contact".into()),
        contact_phone: Some("0000000000".into()),
        id: 0,
        name: Some("Test New Customer".into()),
        number: Some("01000".into()),
        state: Some("OH".into()),
        status: v1::CustomerStatus::Active.into(),
        trade_template_id: Some(0),
        update_fwos: Some(false),
        update_projects: Some(false),
        zip_code: Some("".into()),
        ..v1::Customer::default()
    };
    let request = admin.request(v1::CreateCustomerRequest {
        customer: Some(customer),
        request_id: "".into(),
    });
    let made = admin.customers.create_customer(request).await.unwrap();
    let made = customer_json(&made.into_inner());
    assert_eq!(made, reply(&made["etag"]));
    assert_eq!(stack.sandbox.text(ADMIN, "/customer/4").await, REPLY);
}
