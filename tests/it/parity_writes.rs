//! The same write through both doors: the same object afterwards, the same reasons, the same fields at fault.

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;
use crate::support::writer::Outcome;
use crate::support::writer::Writer;
use crate::support::writer::global_id;

/// What the upstream gives itself, or counts up: different for two objects that are made alike.
const GIVEN: [&str; 6] = [
    "databaseId",
    "id",
    "number",
    "createdDate",
    "updatedDate",
    "etag",
];

/// The object without what differs between two that were made alike.
fn alike(mut object: Value) -> Value {
    forget(&mut object);
    object
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !GIVEN.contains(&name.as_str()));
            members.values_mut().for_each(forget);
        }
        Value::Array(elements) => elements.iter_mut().for_each(forget),
        _ => {}
    }
}

fn customer(number: &str) -> Value {
    json!({
        "name": "Ø'Brien & \"Søn\"", "number": number, "address1": "1 Mill Road", "address2": "", "city": "Dublin",
        "state": "OH", "zipCode": "43017", "contactName": "Ann", "contactEmail": "ann@mill.example",
        "contactPhone": "6145550100", "billingContact": "Bo", "billingContactEmail": "bo@mill.example",
        "billingContactPhone": "6145550101", "status": "INACTIVE", "billingTemplateId": "0", "tradeTemplateId": "0",
        "updateProjects": false, "updateFWOs": true,
    })
}

fn fwo() -> Value {
    json!({
        "projectId": "1", "type": "SERVICE_WORK", "summary": "Patch\u{fc}", "description": "line one\nline two",
        "categories": ["Owner Change", "Acceleration"], "referenceNumber": "WO-1", "gcReference": "PCO-1",
        "gcDocumentReference": "RFI 118", "gcDocumentReferenceType": "RFI", "premiumTime": false, "romAmount": "100.50",
        "labor": [{
            "employeeNumber": "0042", "employeeName": "Dana", "trade": "Drywall", "tradeClass": "Foreman",
            "workDate": "2026-11-02", "regularHours": "8", "overtimeHours": "0.25", "doubleTimeHours": "0",
            "regularRate": "72.33", "overtimeRate": "108.50", "doubleTimeRate": "144.66",
        }],
        "materials": [{
            "itemCode": "SCR", "description": "Screws", "quantity": "2500.5", "unitType": "EA", "pricingUnit": "C",
            "factor": "1.1", "unitPrice": "3.15",
        }],
        "equipment": [{
            "itemCode": "LIFT", "description": "Lift", "quantity": "1.5", "unitType": "Days", "rate": "210",
        }],
        "additionalItems": [{
            "category": "Fees", "itemNumber": "7", "description": "Permit", "calc": "AMOUNT", "quantity": "1",
            "rate": "85.05",
        }],
        "pricing": { "overheadPercent": "10", "profitPercent": "7.5" }, "groupName": "COR 012",
    })
}

#[tokio::test]
async fn each_write_makes_the_same_of_an_object() {
    let stack = Stack::start("docs");
    let user = stack.user("admin").await;
    let [mut graphql, mut grpc] = Writer::both(&user).await;
    // Customers: made, changed in part, emptied in part, deleted.
    let (one, two) = (customer("A-1"), customer("A-2"));
    let (one, two) = (
        graphql.create_customer(one).await.done(),
        grpc.create_customer(two).await.done(),
    );
    assert_eq!(alike(one.clone()), alike(two.clone()));
    for changes in [
        json!({ "city": "Dayton", "status": "ACTIVE", "billingContact": "" }),
        json!({ "address1": null, "address2": null, "city": null, "zipCode": null, "state": null }),
        json!({ "billingContact": null, "billingContactEmail": null, "billingContactPhone": null }),
        json!({ "name": "Mill", "contactName": "Cy", "contactEmail": "cy@mill.example", "contactPhone": "2", "updateProjects": true }),
    ] {
        let change = |object: &Value| about("Customer", object, changes.clone());
        let first = graphql.update_customer(change(&one)).await.done();
        let second = grpc.update_customer(change(&two)).await.done();
        assert_eq!(alike(first), alike(second), "{changes}");
    }
    for (door, object) in [(&mut graphql, &one), (&mut grpc, &two)] {
        door.delete_customer(about("Customer", object, json!({})))
            .await
            .done();
        let path = format!("/customer/{}", object["databaseId"].as_str().unwrap());
        assert_eq!(stack.sandbox.get(ADMIN, &path).await.status(), 404);
    }
    // Orders: made, changed in part, emptied in part, moved, deleted.
    let (one, two) = (
        graphql.create_fwo(fwo()).await.done(),
        grpc.create_fwo(fwo()).await.done(),
    );
    assert_eq!(alike(one.clone()), alike(two.clone()));
    for changes in [
        json!({ "summary": "Paint", "premiumTime": false }),
        json!({ "romAmount": null, "categories": null, "referenceNumber": null, "gcReference": null, "groupName": null }),
        json!({ "gcDocumentReference": null, "gcDocumentReferenceType": null, "equipment": null, "additionalItems": [] }),
        json!({ "type": "FIELD_WORK", "description": "All of it" }),
        json!({ "type": "SERVICE_WORK" }),
    ] {
        let change = |object: &Value| about("Fwo", object, changes.clone());
        let first = graphql.update_fwo(change(&one)).await.done();
        let second = grpc.update_fwo(change(&two)).await.done();
        assert_eq!(alike(first), alike(second), "{changes}");
    }
    for (is_move, changes) in [
        (true, json!({ "status": "PENDING_SIGNATURE" })),
        (
            true,
            json!({ "status": "PRICING", "signature": {
            "signerName": "Pat", "signerEmail": "pat@gc.example", "note": "fine", "signedDate": "2026-11-03T10:00:00Z",
        } }),
        ),
        (false, json!({ "pricing": { "profitPercent": "8.25" } })),
        (
            true,
            json!({ "status": "INVOICE_ISSUED", "invoiceNumber": "I-1" }),
        ),
        (true, json!({ "status": "PRICING" })),
        (true, json!({ "status": "ENTRY" })),
    ] {
        let change = |object: &Value| about("Fwo", object, changes.clone());
        let [first, second] = if is_move {
            [
                graphql.move_fwo(change(&one)).await,
                grpc.move_fwo(change(&two)).await,
            ]
        } else {
            [
                graphql.update_fwo(change(&one)).await,
                grpc.update_fwo(change(&two)).await,
            ]
        };
        assert_eq!(alike(first.done()), alike(second.done()), "{changes}");
    }
    for (door, object) in [(&mut graphql, &one), (&mut grpc, &two)] {
        door.delete_fwo(about("Fwo", object, json!({})))
            .await
            .done();
    }
}

/// An input about an object that one of the doors has given.
fn about(kind: &str, object: &Value, mut changes: Value) -> Value {
    let id = object["databaseId"].as_str().unwrap().parse().unwrap();
    changes["id"] = json!(global_id(kind, id));
    changes
}

/// A write that is refused, by the method of the door.
#[derive(Clone, Copy, Debug)]
enum Refused {
    CreateCustomer,
    UpdateCustomer,
    DeleteCustomer,
    CreateFwo,
    UpdateFwo,
    MoveFwo,
    DeleteFwo,
}

impl Refused {
    async fn at(self, door: &mut Writer, input: Value) -> Outcome {
        match self {
            Refused::CreateCustomer => door.create_customer(input).await,
            Refused::UpdateCustomer => door.update_customer(input).await,
            Refused::DeleteCustomer => door.delete_customer(input).await,
            Refused::CreateFwo => door.create_fwo(input).await,
            Refused::UpdateFwo => door.update_fwo(input).await,
            Refused::MoveFwo => door.move_fwo(input).await,
            Refused::DeleteFwo => door.delete_fwo(input).await,
        }
    }
}

fn with(mut base: Value, members: Value) -> Value {
    let more = members.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    base
}

/// Refusals that the gateway knows of before it asks anybody: the reason is INVALID_INPUT.
fn known_before() -> Vec<(Refused, Value)> {
    let long = |n: usize| json!("x".repeat(n));
    let etag = json!("\"AAAAAAAAAAAAAAAAAAAAAA\"");
    let (three, one) = (global_id("Customer", 3), global_id("Fwo", 1));
    vec![
        (
            Refused::CreateCustomer,
            json!({ "name": "", "number": " ", "contactName": "\t", "contactEmail": "", "contactPhone": "" }),
        ),
        (
            Refused::CreateCustomer,
            with(
                customer("1"),
                json!({
                    "name": long(256), "number": long(33), "address1": long(256), "address2": long(256), "city": long(256),
                    "state": long(33), "zipCode": long(17), "contactName": long(256), "contactEmail": "nobody",
                    "contactPhone": long(33), "billingContact": long(256), "billingContactEmail": "nobody",
                    "billingContactPhone": long(33), "status": "UNKNOWN", "billingTemplateId": "-1", "tradeTemplateId": "-1",
                }),
            ),
        ),
        (
            Refused::UpdateCustomer,
            json!({ "id": three, "name": null, "number": null, "contactName": null, "contactEmail": null, "contactPhone": null }),
        ),
        (
            Refused::UpdateCustomer,
            json!({ "id": three, "city": long(256), "ifMatch": "*" }),
        ),
        (
            Refused::DeleteCustomer,
            json!({ "id": three, "ifMatch": "x" }),
        ),
        (
            Refused::CreateFwo,
            json!({ "projectId": "0", "summary": "", "description": "" }),
        ),
        (
            Refused::CreateFwo,
            with(
                fwo(),
                json!({
                    "projectId": "-1", "type": "UNKNOWN", "summary": long(101), "description": long(10_001), "romAmount": "-1",
                    "premiumTime": true, "labor": [{ "regularHours": "25" }, { "databaseId": "-1", "overtimeHours": "-0.5" }],
                    "materials": [{ "pricingUnit": "UNKNOWN" }], "additionalItems": [{ "calc": "UNKNOWN" }],
                    "equipment": [{ "databaseId": "1" }, { "databaseId": "1" }],
                }),
            ),
        ),
        (
            Refused::UpdateFwo,
            json!({ "id": one, "summary": null, "description": null, "ifMatch": "\"\"" }),
        ),
        (
            Refused::MoveFwo,
            json!({ "id": one, "status": "UNKNOWN", "signature": { "signerEmail": "@" } }),
        ),
        (
            Refused::DeleteFwo,
            json!({ "id": one, "ifMatch": etag.as_str().unwrap().trim_matches('"') }),
        ),
    ]
}

#[tokio::test]
async fn each_broken_rule_is_told_alike_and_nobody_is_asked() {
    let mut count = Stack::counted().await;
    let user = count.stack.user("admin").await;
    let [mut graphql, mut grpc] = Writer::both(&user).await;
    count.total().await;
    for (write, input) in known_before() {
        let mut told = Vec::new();
        for door in [&mut graphql, &mut grpc] {
            match write.at(door, input.clone()).await {
                Outcome::Told(refusal) => {
                    assert_eq!(refusal.reason, "INVALID_INPUT", "{write:?} {input}");
                    told.push(refusal.violations);
                }
                Outcome::Done(object) => panic!("{write:?} {input}: {object}"),
            }
        }
        assert!(!told[0].is_empty(), "{write:?} {input}");
        assert_eq!(told[0], told[1], "{write:?} {input}");
    }
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn each_refusal_of_the_upstream_is_told_alike() {
    let stack = Stack::start("docs");
    let (admin, viewer) = (stack.user("admin").await, stack.user("viewer").await);
    let (nobody, stranger) = (admin.nobody(), {
        let mut stranger = admin.nobody();
        stranger.token = "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A".to_owned();
        stranger
    });
    let etag = "\"AAAAAAAAAAAAAAAAAAAAAA\"";
    let (three, gone) = (global_id("Customer", 3), global_id("Customer", 999));
    let (one, lost) = (global_id("Fwo", 1), global_id("Fwo", 999));
    let table = [
        (
            &admin,
            Refused::CreateCustomer,
            customer("200-000"),
            "ALREADY_EXISTS",
        ),
        (
            &admin,
            Refused::CreateCustomer,
            with(customer("B-1"), json!({ "billingTemplateId": "999" })),
            "INVALID_INPUT",
        ),
        (
            &admin,
            Refused::UpdateCustomer,
            json!({ "id": three, "city": "x", "ifMatch": etag }),
            "VERSION_CONFLICT",
        ),
        (
            &admin,
            Refused::UpdateCustomer,
            json!({ "id": gone, "city": "x" }),
            "NOT_FOUND",
        ),
        (
            &admin,
            Refused::DeleteCustomer,
            json!({ "id": three }),
            "PRECONDITION",
        ),
        (
            &admin,
            Refused::DeleteCustomer,
            json!({ "id": three, "ifMatch": etag }),
            "VERSION_CONFLICT",
        ),
        (
            &admin,
            Refused::DeleteCustomer,
            json!({ "id": gone }),
            "NOT_FOUND",
        ),
        (
            &admin,
            Refused::CreateFwo,
            with(fwo(), json!({ "projectId": "999" })),
            "INVALID_INPUT",
        ),
        (
            &admin,
            Refused::CreateFwo,
            with(
                fwo(),
                json!({ "labor": [{}], "materials": [{ "quantity": "1.00001" }] }),
            ),
            "INVALID_INPUT",
        ),
        (
            &admin,
            Refused::UpdateFwo,
            json!({ "id": one, "summary": "x" }),
            "PRECONDITION",
        ),
        (
            &admin,
            Refused::UpdateFwo,
            json!({ "id": one, "summary": "x", "ifMatch": etag }),
            "VERSION_CONFLICT",
        ),
        (
            &admin,
            Refused::UpdateFwo,
            json!({ "id": lost, "summary": "x" }),
            "NOT_FOUND",
        ),
        (
            &admin,
            Refused::MoveFwo,
            json!({ "id": one, "status": "ENTRY" }),
            "PRECONDITION",
        ),
        (
            &admin,
            Refused::MoveFwo,
            json!({ "id": lost, "status": "ENTRY" }),
            "NOT_FOUND",
        ),
        (
            &admin,
            Refused::DeleteFwo,
            json!({ "id": one }),
            "PRECONDITION",
        ),
        (
            &admin,
            Refused::DeleteFwo,
            json!({ "id": lost }),
            "NOT_FOUND",
        ),
        (
            &viewer,
            Refused::CreateCustomer,
            customer("B-2"),
            "FORBIDDEN",
        ),
        (
            &viewer,
            Refused::UpdateCustomer,
            json!({ "id": three, "city": "x" }),
            "FORBIDDEN",
        ),
        (
            &viewer,
            Refused::DeleteCustomer,
            json!({ "id": three }),
            "FORBIDDEN",
        ),
        (&viewer, Refused::CreateFwo, fwo(), "FORBIDDEN"),
        (
            &viewer,
            Refused::UpdateFwo,
            json!({ "id": one, "summary": "x" }),
            "FORBIDDEN",
        ),
        (
            &viewer,
            Refused::DeleteFwo,
            json!({ "id": one }),
            "FORBIDDEN",
        ),
        (
            &nobody,
            Refused::CreateCustomer,
            customer("B-3"),
            "TOKEN_MISSING",
        ),
        (
            &nobody,
            Refused::DeleteFwo,
            json!({ "id": one }),
            "TOKEN_MISSING",
        ),
        (&stranger, Refused::CreateFwo, fwo(), "TOKEN_INVALID"),
        (
            &stranger,
            Refused::UpdateCustomer,
            json!({ "id": three, "city": "x" }),
            "TOKEN_INVALID",
        ),
    ];
    for (user, write, input, reason) in table {
        let [mut graphql, mut grpc] = Writer::both(user).await;
        let first = write.at(&mut graphql, input.clone()).await;
        let second = write.at(&mut grpc, input.clone()).await;
        assert_eq!(first.reason(), reason, "{write:?} {input}");
        assert_eq!(first, second, "{write:?} {input}");
    }
}

#[tokio::test]
async fn a_repeated_create_is_done_once_at_each_door() {
    let stack = Stack::start("docs");
    let user = stack.user("admin").await;
    for (mut door, number) in Writer::both(&user).await.into_iter().zip(["C-1", "C-2"]) {
        let id = format!("5b4b3c1e-0f53-4a6f-9d0a-3a1f1f6f9b0{}", &number[2..]);
        let named = |input: Value| with(input, json!({ "clientMutationId": id }));
        let first = door.create_customer(named(customer(number))).await.done();
        assert_eq!(
            door.create_customer(named(customer(number))).await.done(),
            first
        );
        let other = door.create_customer(named(customer("C-9"))).await;
        let Outcome::Told(refusal) = other else {
            panic!("{other:?}");
        };
        assert_eq!(refusal.reason, "INVALID_INPUT");
        assert_eq!(refusal.violations[0].0, "clientMutationId");
    }
    let customers = stack.sandbox.json(ADMIN, "/customer").await;
    assert_eq!(customers["totalElements"], 5);
}
