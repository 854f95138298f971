//! Customers written over GraphQL.

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;
use crate::support::stack::User;

/// Who writes, and what they have said so far.
struct Writer(User);

impl Writer {
    async fn new(stack: &Stack, name: &str) -> Self {
        Writer(stack.user(name).await)
    }

    /// The payload of a mutation that is not a failure.
    async fn payload(&self, name: &str, selection: &str, input: Value) -> Value {
        let mut answer = self.answer(name, selection, input).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"][name].take()
    }

    async fn answer(&self, name: &str, selection: &str, input: Value) -> Value {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let mutation = format!(
            "mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} userErrors {{ code message field }} }} }}"
        );
        self.0.ask(&mutation, json!({ "input": input })).await
    }

    async fn create(&self, input: Value) -> Value {
        let selection = "clientMutationId customer { id databaseId name number status etag }";
        self.payload("createCustomer", selection, input).await
    }

    /// The paths and rules of what is wrong with an input.
    async fn wrong(&self, name: &str, input: Value) -> Vec<(String, String)> {
        let payload = self.payload(name, "clientMutationId", input).await;
        let errors = payload["userErrors"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        errors
            .map(|error| {
                assert_eq!(error["code"], "BAD_USER_INPUT");
                let path: Vec<_> = error["field"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(text)
                    .collect();
                (path.join("."), text(&error["message"]))
            })
            .collect()
    }
}

fn customer(number: &str) -> Value {
    json!({
        "name": "Old Mill Builders", "number": number, "address2": "", "city": "Dublin",
        "contactName": "Ann Mill", "contactEmail": "ann@oldmill.example", "contactPhone": "6145550100",
    })
}

fn with(mut base: Value, members: Value) -> Value {
    let more = members.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    base
}

#[tokio::test]
async fn a_customer_is_made_changed_and_deleted() {
    let stack = Stack::start("docs");
    let writer = Writer::new(&stack, "admin").await;
    let made = writer.create(customer("01000")).await;
    assert_eq!(made["userErrors"], json!([]));
    assert_eq!(made["customer"]["databaseId"], "4");
    let id = &made["customer"]["id"];
    let changes = json!({ "id": id, "name": "New Mill", "city": null, "status": "INACTIVE" });
    let selection = "customer { name number address2 city status contactName } query { customers { totalCount } }";
    let changed = writer.payload("updateCustomer", selection, changes).await;
    let wanted = json!({
        "name": "New Mill", "number": "01000", "address2": "", "city": null, "status": "INACTIVE",
        "contactName": "Ann Mill",
    });
    assert_eq!(changed["customer"], wanted);
    assert_eq!(changed["query"]["customers"]["totalCount"], 4);
    let upstream = stack.sandbox.json(ADMIN, "/customer/4").await;
    assert_eq!(
        (&upstream["address2"], upstream.get("city")),
        (&json!(""), None)
    );
    let selection = "deletedCustomerId query { customers { totalCount } }";
    let gone = writer
        .payload("deleteCustomer", selection, json!({ "id": id }))
        .await;
    assert_eq!(&gone["deletedCustomerId"], id);
    assert_eq!(gone["query"]["customers"]["totalCount"], 3);
    let again = writer
        .payload("deleteCustomer", "deletedCustomerId", json!({ "id": id }))
        .await;
    assert_eq!(again["deletedCustomerId"], Value::Null);
    assert_eq!(again["userErrors"][0]["code"], "NOT_FOUND");
    assert_eq!(again["userErrors"][0]["field"], json!(["input", "id"]));
}

#[tokio::test]
async fn every_rule_that_an_input_breaks_is_told_with_its_path_and_nothing_is_sent() {
    let mut count = Stack::counted().await;
    let writer = Writer::new(count.stack, "admin").await;
    count.total().await;
    let long = |n: usize| json!("x".repeat(n));
    let input = with(
        customer(" "),
        json!({
            "name": long(256), "contactEmail": "nobody", "contactPhone": long(33), "address1": long(256),
            "state": long(33), "zipCode": long(17), "billingContactEmail": "@", "billingContactPhone": long(33),
            "status": "UNKNOWN", "billingTemplateId": -1, "clientMutationId": "",
        }),
    );
    let told = |field: &str, rule: &str| (format!("input.{field}"), rule.to_owned());
    let wanted = vec![
        told("status", "must be a value of its enum other than UNKNOWN"),
        told(
            "clientMutationId",
            "must be 1 to 128 bytes without control characters",
        ),
        told("name", "at most 255 characters"),
        told("number", "must not be blank"),
        told("address1", "at most 255 characters"),
        told("state", "at most 32 characters"),
        told("zipCode", "at most 16 characters"),
        told("contactEmail", "must be an e-mail address"),
        told("contactPhone", "at most 32 characters"),
        told("billingContactEmail", "must be an e-mail address"),
        told("billingContactPhone", "at most 32 characters"),
        told("billingTemplateId", "must not be negative"),
    ];
    assert_eq!(writer.wrong("createCustomer", input).await, wanted);
    let input = json!({
        "id": "x", "name": null, "contactName": " ", "tradeTemplateId": null, "updateFWOs": null, "ifMatch": "x",
    });
    let wanted = vec![
        told("id", "is not a global id"),
        told("ifMatch", "is not an etag of this API"),
        told("tradeTemplateId", "cannot be emptied"),
        told("updateFWOs", "cannot be emptied"),
        told("name", "is required"),
        told("contactName", "must not be blank"),
    ];
    assert_eq!(writer.wrong("updateCustomer", input).await, wanted);
    let input = json!({ "id": "RndvOjM", "ifMatch": "*" });
    let wanted = vec![
        told("id", "is not the global id of a customer"),
        told("ifMatch", "is not an etag of this API"),
    ];
    assert_eq!(writer.wrong("deleteCustomer", input).await, wanted);
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn an_unknown_template_is_told_with_the_path_of_its_field() {
    let stack = Stack::start("docs");
    let writer = Writer::new(&stack, "admin").await;
    let input = with(customer("01000"), json!({ "tradeTemplateId": "999" }));
    let wanted = [("input.tradeTemplateId", "names nothing that exists")];
    let wanted = wanted.map(|(field, rule)| (field.to_owned(), rule.to_owned()));
    assert_eq!(writer.wrong("createCustomer", input).await, wanted);
}

#[tokio::test]
async fn a_number_that_another_customer_has_is_a_conflict_of_that_field() {
    let stack = Stack::start("docs");
    let writer = Writer::new(&stack, "admin").await;
    let refused = writer.create(customer("200-000")).await;
    let wanted = json!([{
        "code": "CONFLICT", "message": "another customer has this number", "field": ["input", "number"],
    }]);
    assert_eq!(refused["userErrors"], wanted);
    assert_eq!(refused["customer"], Value::Null);
}

#[tokio::test]
async fn who_may_not_write_is_forbidden_to() {
    let stack = Stack::start("docs");
    let viewer = Writer::new(&stack, "viewer").await;
    let answer = viewer
        .answer("createCustomer", "clientMutationId", customer("1"))
        .await;
    assert_eq!(answer["data"]["createCustomer"], Value::Null);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let nobody = Writer(viewer.0.nobody());
    let answer = nobody
        .answer("createCustomer", "clientMutationId", customer("1"))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(
        stack.sandbox.json(ADMIN, "/customer").await["totalElements"],
        3
    );
}

#[tokio::test]
async fn a_mutation_id_is_done_once_and_answered_twice() {
    let stack = Stack::start("docs");
    let writer = Writer::new(&stack, "admin").await;
    let input = with(customer("01000"), json!({ "clientMutationId": "first" }));
    let one = writer.create(input.clone()).await;
    assert_eq!(one["clientMutationId"], "first");
    assert_eq!(writer.create(input).await, one);
    assert_eq!(
        stack.sandbox.json(ADMIN, "/customer").await["totalElements"],
        4
    );
    let other = with(customer("01001"), json!({ "clientMutationId": "first" }));
    let wrong = writer.wrong("createCustomer", other).await;
    assert_eq!(wrong[0].0, "input.clientMutationId");
}

#[tokio::test]
async fn an_etag_of_yesterday_changes_nothing() {
    let stack = Stack::start("docs");
    let writer = Writer::new(&stack, "admin").await;
    let customer = &writer.create(customer("01000")).await["customer"];
    let (id, etag) = (&customer["id"], &customer["etag"]);
    let change = |name: &str| json!({ "id": id, "name": name, "ifMatch": etag });
    let selection = "customer { name etag }";
    let first = writer
        .payload("updateCustomer", selection, change("One"))
        .await;
    assert_eq!(first["customer"]["name"], "One");
    assert_ne!(&first["customer"]["etag"], etag);
    for (name, input) in [
        ("updateCustomer", change("Two")),
        ("deleteCustomer", json!({ "id": id, "ifMatch": etag })),
    ] {
        let refused = writer.payload(name, "clientMutationId", input).await;
        assert_eq!(refused["userErrors"][0]["code"], "CONFLICT");
        assert_eq!(
            refused["userErrors"][0]["field"],
            json!(["input", "ifMatch"])
        );
    }
    assert_eq!(
        stack.sandbox.json(ADMIN, "/customer/4").await["name"],
        "One"
    );
}
