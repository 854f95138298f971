//! Field work orders written over GraphQL.

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::writer::Outcome;
use crate::support::writer::global_id;

fn order() -> Value {
    json!({
        "projectId": "1", "summary": "Patch drywall", "description": "Patch drywall behind the nurse station",
        "categories": ["Owner Change"], "romAmount": "1200", "gcReference": "PCO-041",
        "labor": [{
            "employeeName": "Dana Reyes", "trade": "Drywall", "tradeClass": "Journeyman", "workDate": "2026-11-02",
            "regularHours": "7.5", "regularRate": "72.33", "overtimeHours": "1.25", "overtimeRate": "108.50",
        }],
        "materials": [{
            "description": "Screws", "quantity": "2500", "unitType": "EA", "pricingUnit": "M", "unitPrice": "31.15",
        }],
        "pricing": { "overheadPercent": "10", "profitPercent": "7.5" },
    })
}

fn with(mut base: Value, members: Value) -> Value {
    let more = members.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    base
}

/// Makes the order and gives it with its global id.
async fn made(user: &User) -> (String, Value) {
    let fwo = user.create_fwo(order()).await.done();
    let id = fwo["databaseId"].as_str().unwrap().parse().unwrap();
    (global_id("Fwo", id), fwo)
}

#[tokio::test]
async fn an_order_is_made_with_its_amounts_computed_to_the_cent() {
    let stack = Stack::start("docs");
    let user = stack.user("pm").await;
    let (_, fwo) = made(&user).await;
    assert_eq!(fwo["status"], "ENTRY");
    assert_eq!(fwo["type"], "FIELD_WORK");
    assert_eq!(fwo["createdBy"], "pm@lakeline.example");
    assert_eq!(fwo["customerName"], "USA General Contractors, Inc.");
    // 7.5 x 72.33 + 1.25 x 108.50 = 542.475 + 135.625; 2500 x 31.15 / 1000 = 77.875; each rounded half up.
    assert_eq!(fwo["labor"][0]["amount"], "678.10");
    assert_eq!(fwo["materials"][0]["amount"], "77.88");
    let pricing = &fwo["pricing"];
    assert_eq!(pricing["subtotal"], "755.98");
    assert_eq!(pricing["overheadAmount"], "75.60");
    assert_eq!(pricing["profitAmount"], "62.37");
    assert_eq!(
        (&pricing["total"], &fwo["amount"]),
        (&json!("893.95"), &json!("893.95"))
    );
    let id = fwo["databaseId"].as_str().unwrap();
    let upstream = stack.sandbox.json(ADMIN, &format!("/fwo/{id}")).await;
    assert_eq!(upstream["gcReference"], "PCO-041");
}

#[tokio::test]
async fn absent_members_stay_null_ones_are_emptied_and_lines_are_replaced() {
    let stack = Stack::start("docs");
    let user = stack.user("pm").await;
    let (id, before) = made(&user).await;
    let line = &before["labor"][0]["id"];
    let changes = json!({
        "id": id, "summary": "Patch and paint", "romAmount": null, "categories": null, "materials": null,
        "labor": [
            { "databaseId": line, "overtimeHours": "0" },
            { "employeeName": "Bo Lund", "trade": "Painting", "tradeClass": "Apprentice", "workDate": "2026-11-03",
              "regularHours": "2" },
        ],
    });
    let after = user.update_fwo(changes).await.done();
    let expected = with(
        before.clone(),
        json!({
            "summary": "Patch and paint", "romAmount": null, "categories": [], "materials": [],
            "updatedDate": after["updatedDate"], "etag": after["etag"], "amount": after["amount"], "laborHours": "9.50",
            "pricing": after["pricing"], "labor": after["labor"],
        }),
    );
    assert_eq!(after, expected);
    let (kept, new) = (&after["labor"][0], &after["labor"][1]);
    assert_eq!(kept["id"], *line);
    assert_eq!(
        (&kept["employeeName"], &kept["amount"]),
        (&json!("Dana Reyes"), &json!("542.48"))
    );
    assert_eq!(
        (&new["regularRate"], &new["amount"]),
        (&Value::Null, &json!("0.00"))
    );
    assert_ne!(new["id"], *line);
}

/// The steps of an order from its making to its payment, each with what it needs.
#[tokio::test]
async fn an_order_is_moved_from_step_to_step_with_what_each_step_needs() {
    let stack = Stack::start("docs");
    let user = stack.user("pm").await;
    let (id, _) = made(&user).await;
    let to = |status: &str, more: Value| with(json!({ "id": id, "status": status }), more);
    let signature =
        json!({ "signature": { "signerName": "Pat Kim", "signerEmail": "pat@gc.example" } });
    let number = json!({ "changeOrderNumber": "CO-7" });
    for (status, more) in [
        ("PENDING_SIGNATURE", json!({})),
        ("PENDING_CHANGES", json!({})),
        ("PENDING_SIGNATURE", json!({})),
        ("PRICING", signature),
        ("WAITING_FOR_APPROVAL", json!({})),
        ("EXECUTED", json!({})),
        ("CHANGE_ORDER_ISSUED", number),
    ] {
        let fwo = user.move_fwo(to(status, more)).await.done();
        assert_eq!(fwo["status"], status);
    }
    let query = format!(
        "{{ node(id: \"{id}\") {{ ... on Fwo {{ changeOrderNumber signature {{ signerName signedDate }} }} }} }}"
    );
    let fwo = &user.data(&query).await["node"];
    assert_eq!(fwo["changeOrderNumber"], "CO-7");
    assert_eq!(fwo["signature"]["signerName"], "Pat Kim");
    assert!(fwo["signature"]["signedDate"].is_string(), "{fwo}");
}

#[tokio::test]
async fn what_a_step_does_not_allow_is_told_with_the_step() {
    let stack = Stack::start("docs");
    let user = stack.user("pm").await;
    let (id, _) = made(&user).await;
    let refused = |outcome: Outcome| match outcome {
        Outcome::Told(refusal) => (refusal.reason, refusal.message),
        Outcome::Done(fwo) => panic!("{fwo}"),
    };
    let told = |message: &str| ("PRECONDITION".to_owned(), message.to_owned());
    let moved = user
        .move_fwo(json!({ "id": id, "status": "EXECUTED" }))
        .await;
    assert_eq!(
        refused(moved),
        told("the upstream does not allow the step from ENTRY to EXECUTED as the order is")
    );
    let locked = user
        .update_fwo(json!({ "id": global_id("Fwo", 1), "summary": "Another" }))
        .await;
    assert_eq!(
        refused(locked),
        told("the order's step CHANGE_ORDER_ISSUED does not allow this change")
    );
    let deleted = user.delete_fwo(json!({ "id": global_id("Fwo", 1) })).await;
    assert_eq!(
        refused(deleted),
        told("the order's step does not allow it to be deleted")
    );
}

#[tokio::test]
async fn a_deleted_order_is_gone_and_its_etag_guards_it_until_then() {
    let stack = Stack::start("docs");
    let user = stack.user("pm").await;
    let (id, _) = made(&user).await;
    let query = format!("{{ node(id: \"{id}\") {{ ... on Fwo {{ etag }} }} }}");
    let etag = user.data(&query).await["node"]["etag"].clone();
    user.update_fwo(json!({ "id": id, "summary": "New", "ifMatch": etag }))
        .await
        .done();
    for outcome in [
        user.update_fwo(json!({ "id": id, "summary": "Newer", "ifMatch": etag }))
            .await,
        user.move_fwo(json!({ "id": id, "status": "PRICING", "ifMatch": etag }))
            .await,
        user.delete_fwo(json!({ "id": id, "ifMatch": etag })).await,
    ] {
        assert_eq!(outcome.reason(), "VERSION_CONFLICT");
    }
    let before = user.data("{ fwos { totalCount } }").await["fwos"]["totalCount"]
        .as_i64()
        .unwrap();
    user.delete_fwo(json!({ "id": id })).await.done();
    let after = user
        .data(&format!(
            "{{ fwos {{ totalCount }} node(id: \"{id}\") {{ id }} }}"
        ))
        .await;
    assert_eq!(after["fwos"]["totalCount"], before - 1);
    assert_eq!(after["node"], Value::Null);
    for outcome in [
        user.update_fwo(json!({ "id": id, "summary": "New" })).await,
        user.delete_fwo(json!({ "id": id })).await,
    ] {
        assert_eq!(outcome.reason(), "NOT_FOUND");
    }
}

#[tokio::test]
async fn every_rule_that_an_order_breaks_is_told_with_its_path_and_nothing_is_sent() {
    let mut count = Stack::counted().await;
    let user = count.stack.user("admin").await;
    count.total().await;
    let input = json!({
        "projectId": "0", "summary": "x".repeat(101), "description": " ", "type": "UNKNOWN", "romAmount": "-0.01",
        "premiumTime": true, "clientMutationId": "\u{7}",
        "labor": [{ "regularHours": "1", "overtimeHours": "24.01" }, { "databaseId": "-5", "doubleTimeHours": "-1" }],
        "materials": [{ "databaseId": 2, "pricingUnit": "UNKNOWN" }, { "databaseId": "2" }],
        "additionalItems": [{ "calc": "UNKNOWN" }],
    });
    let Outcome::Told(refusal) = user.create_fwo(input).await else {
        panic!("nothing of it is right");
    };
    let violations: Vec<_> = refusal
        .violations
        .iter()
        .map(|(path, rule)| (path.as_str(), rule.as_str()))
        .collect();
    let mut wanted = [
        ("projectId", "must be a positive number"),
        ("type", "must be a value of its enum other than UNKNOWN"),
        (
            "materials.0.pricingUnit",
            "must be a value of its enum other than UNKNOWN",
        ),
        (
            "additionalItems.0.calc",
            "must be a value of its enum other than UNKNOWN",
        ),
        (
            "clientMutationId",
            "must be 1 to 128 bytes without control characters",
        ),
        ("summary", "at most 100 characters"),
        ("description", "must not be blank"),
        ("romAmount", "must not be negative"),
        ("labor.1.databaseId", "must be a positive number"),
        (
            "materials.1.databaseId",
            "names a line that another line names already",
        ),
        ("materials.0.databaseId", "names no line of the order"),
        ("materials.1.databaseId", "names no line of the order"),
        ("labor.0.overtimeHours", "must be from 0 to 24"),
        (
            "labor.0.regularHours",
            "must be 0 where only overtime may be logged",
        ),
        ("labor.1.doubleTimeHours", "must be from 0 to 24"),
    ];
    wanted.sort_unstable();
    assert_eq!(violations, wanted);
    let input = json!({
        "id": global_id("Fwo", 1), "status": "UNKNOWN", "signature": { "signerEmail": "nobody" }, "ifMatch": "x",
    });
    let Outcome::Told(refusal) = user.move_fwo(input).await else {
        panic!("nothing of it is right");
    };
    let paths: Vec<_> = refusal
        .violations
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(paths, ["ifMatch", "signature.signerEmail", "status"]);
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn a_fraction_that_is_written_as_a_number_is_refused_before_it_loses_digits() {
    let user = Stack::shared().user("pm").await;
    let mutation = "mutation($amount: Decimal) { createFwo(input: {
        projectId: 1, summary: \"x\", description: \"x\", labor: [{ regularRate: $amount }]
    }) { clientMutationId } }";
    for amount in ["1250.50", "9007199254740993.25", "1e2"] {
        let literal = mutation
            .replace("$amount }", &format!("{amount} }}"))
            .replace("($amount: Decimal)", "");
        let variables = serde_json::from_str(&format!(r#"{{ "amount": {amount} }}"#)).unwrap();
        for (text, variables) in [(mutation, variables), (literal.as_str(), json!({}))] {
            let answer = user.ask(text, variables).await;
            let error = &answer["errors"][0];
            assert_eq!(
                error["extensions"]["code"], "BAD_USER_INPUT",
                "{amount}: {answer}"
            );
            let field = &error["extensions"]["fields"][0]["field"];
            let path = field.as_str().unwrap_or_default();
            assert!(path.ends_with("labor.0.regularRate"), "{amount}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_project_that_is_not_there_and_a_line_of_another_order_are_told_with_their_paths() {
    let stack = Stack::start("docs");
    let user = stack.user("pm").await;
    let (id, _) = made(&user).await;
    for (outcome, path, rule) in [
        (user.create_fwo(with(order(), json!({ "projectId": "999" }))).await, "projectId", "names nothing that exists"),
        (
            user.update_fwo(json!({ "id": id, "equipment": [{
                "databaseId": "999999", "description": "Lift", "quantity": "1", "unitType": "Days", "rate": "1",
            }] })).await,
            "equipment.0.databaseId",
            "names no line of the order",
        ),
    ] {
        let Outcome::Told(refusal) = outcome else {
            panic!("{path}: {outcome:?}");
        };
        let wanted = (path.to_owned(), rule.to_owned());
        assert_eq!(refusal.violations, [wanted]);
    }
}

#[tokio::test]
async fn who_may_not_write_orders_is_forbidden_to_and_a_foreman_sees_only_his_own() {
    let stack = Stack::start("docs");
    let (pm, viewer) = (stack.user("pm").await, stack.user("viewer").await);
    let (id, _) = made(&pm).await;
    assert_eq!(viewer.create_fwo(order()).await.reason(), "FORBIDDEN");
    let moved = viewer
        .move_fwo(json!({ "id": id, "status": "PRICING" }))
        .await;
    assert_eq!(moved.reason(), "FORBIDDEN");
    assert_eq!(
        viewer.delete_fwo(json!({ "id": id })).await.reason(),
        "FORBIDDEN"
    );
}
