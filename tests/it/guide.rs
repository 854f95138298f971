//! The user guide's own `POST /customer`, sent through each door.

use serde_json::Value;
use serde_json::json;

use crate::support::as_graphql::CUSTOMER;
use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;

/// What the guide gets, to the letter, but for the e-mail addresses, which the guide's page hides.
const REPLY: &str = r#"{"id":4,"name":"Test New Customer","number":"01000","address1":"1234 Test Address","address2":"","city":"","state":"OH","zipCode":"","contactName":"Test Contact","contactEmail":"contact@test.example","billingContact":"Test Contact","billingContactEmail":"billing@test.example","billingContactPhone":"0000000000","contactPhone":"0000000000","status":"ACTIVE"}"#;

/// The reply as GraphQL says it.
fn reply() -> Value {
    let mut reply: Value = serde_json::from_str(REPLY).unwrap();
    let members = reply.as_object_mut().unwrap();
    members.remove("id");
    members.insert("databaseId".into(), json!("4"));
    members.insert("rawStatus".into(), json!("ACTIVE"));
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
    assert_eq!(payload["customer"], reply());
    assert_eq!(stack.sandbox.text(ADMIN, "/customer/4").await, REPLY);
}
