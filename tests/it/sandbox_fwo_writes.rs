//! What the sandbox does with an FWO that is written. Its rules and its steps have files of their own.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::sandbox_totals::check_totals;
use crate::support::fwo;
use crate::support::json::broken;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

const REPLACED: [&str; 6] = [
    "romAmount",
    "referenceNumber",
    "gcReference",
    "gcDocumentReference",
    "gcDocumentReferenceType",
    "groupName",
];
const LISTS: [&str; 5] = [
    "categories",
    "labor",
    "materials",
    "equipment",
    "additionalItems",
];
/// Also where the body says nothing of them.
const KEPT: [&str; 7] = [
    "id",
    "number",
    "projectId",
    "type",
    "status",
    "createdBy",
    "createdDate",
];

async fn post(sandbox: &Sandbox, body: &Value) -> Value {
    let (status, made) = sandbox.write(ADMIN, Method::POST, "/fwo", body).await;
    assert_eq!(status, 200, "{made}");
    made
}

async fn put(sandbox: &Sandbox, body: &Value) -> Value {
    let path = format!("/fwo/{}", body["id"]);
    let (status, now) = sandbox.write(ADMIN, Method::PUT, &path, body).await;
    assert_eq!(status, 200, "{now}");
    now
}

/// An answer without what differs from answer to answer.
fn timeless(fwo: &Value) -> Value {
    with(fwo.clone(), "updatedDate", Value::Null)
}

#[tokio::test]
async fn a_new_fwo_begins_in_entry_with_the_next_number_of_its_project() {
    let docs = Sandbox::start("docs");
    let made = post(&docs, &fwo::least(1)).await;
    let project = docs.json(ADMIN, "/project/1").await;
    let zero = json!(0.0);
    let expected = json!({
        "id": 5, "number": "000005", "projectId": 1, "projectNumber": project["number"], "projectName": project["name"],
        "customerId": 3, "customerName": "USA General Contractors, Inc.", "type": "FIELD_WORK", "status": "ENTRY",
        "summary": "Patch ceiling", "description": "Patched it.", "categories": [], "premiumTime": false, "amount": zero,
        "laborHours": zero, "labor": [], "materials": [], "equipment": [], "additionalItems": [],
        "pricing": {
            "laborTotal": zero, "materialTotal": zero, "equipmentTotal": zero, "additionalTotal": zero, "subtotal": zero,
            "overheadPercent": zero, "profitPercent": zero, "overheadAmount": zero, "profitAmount": zero, "total": zero,
        },
        "createdBy": "admin@lakeline.example", "createdDate": made["createdDate"], "updatedDate": made["createdDate"],
    });
    assert_eq!(made, expected);
    assert_eq!(docs.json(ADMIN, "/fwo/5").await, made);
}

#[tokio::test]
async fn what_the_server_assigns_or_computes_is_ignored_in_a_body() {
    let docs = Sandbox::start("docs");
    let mut body = fwo::full(1);
    let plain = post(&docs, &body).await;
    for (member, value) in [
        ("id", json!(77)),
        ("number", json!("999999")),
        ("status", json!("EXECUTED")),
        ("projectName", json!("Elsewhere")),
        ("customerId", json!(1)),
        ("amount", json!(1)),
        ("laborHours", json!("many")),
        ("authorizationId", json!(12)),
        ("createdBy", json!("nobody@lakeline.example")),
        ("createdDate", json!("yesterday")),
        ("anything", json!({})),
    ] {
        body = with(body, member, value);
    }
    body["pricing"]["total"] = json!(1);
    body["labor"][0]["amount"] = json!("free");
    let made = post(&docs, &body).await;
    let same = |fwo: &Value| {
        let mut fwo = timeless(fwo);
        for member in ["id", "number", "createdDate"] {
            fwo = with(fwo, member, Value::Null);
        }
        for list in ["labor", "materials", "equipment", "additionalItems"] {
            fwo[list][0]["id"] = json!(0);
        }
        fwo
    };
    assert_eq!(same(&made), same(&plain));
    assert_eq!(
        (&made["number"], &made["status"]),
        (&json!("000006"), &json!("ENTRY"))
    );
}

#[tokio::test]
async fn the_number_of_a_deleted_fwo_is_not_given_again() {
    let docs = Sandbox::start("docs");
    let made = post(&docs, &fwo::least(1)).await;
    let path = format!("/fwo/{}", made["id"]);
    assert_eq!(docs.delete(ADMIN, &path).await, 204);
    assert_eq!(docs.delete(ADMIN, &path).await, 404);
    assert_eq!(docs.get(ADMIN, &path).await.status(), 404);
    let (status, _) = docs.write(ADMIN, Method::PUT, &path, &fwo::least(1)).await;
    assert_eq!(status, 404);
    let next = post(&docs, &fwo::least(1)).await;
    assert_eq!(
        (&made["number"], &next["number"]),
        (&json!("000005"), &json!("000006"))
    );
    assert_ne!(made["id"], next["id"]);
}

#[tokio::test]
async fn each_project_counts_on_from_its_highest_number() {
    let demo = Sandbox::start("demo");
    for project in [1, 2, 40] {
        let path = format!("/fwo?projectId={project}&sort=number,desc&size=1");
        let highest = demo.json(ADMIN, &path).await["content"][0]["number"].clone();
        let highest: u32 = highest.as_str().map_or(0, |number| number.parse().unwrap());
        for next in 1..=2 {
            let made = post(&demo, &fwo::least(project)).await;
            assert_eq!(made["number"], format!("{:06}", highest + next));
        }
    }
}

#[tokio::test]
async fn percentages_come_from_the_body_then_from_the_projects_billing_template() {
    let docs = Sandbox::start("docs");
    let percents = async |pricing: Value| {
        let made = post(&docs, &with(fwo::least(1), "pricing", pricing)).await;
        let pricing = &made["pricing"];
        (
            pricing["overheadPercent"].as_f64(),
            pricing["profitPercent"].as_f64(),
        )
    };
    assert_eq!(percents(Value::Null).await, (Some(0.0), Some(0.0)));
    let customer = docs.json(ADMIN, "/customer/3").await;
    let customer = with(customer, "billingTemplateId", json!(2));
    let customer = with(customer, "updateProjects", json!(true));
    assert_eq!(
        docs.write(ADMIN, Method::PUT, "/customer/3", &customer)
            .await
            .0,
        200
    );
    assert_eq!(percents(Value::Null).await, (Some(10.0), Some(5.0)));
    assert_eq!(percents(json!({})).await, (Some(10.0), Some(5.0)));
    assert_eq!(
        percents(json!({ "profitPercent": 7.25 })).await,
        (Some(10.0), Some(7.25))
    );
    assert_eq!(
        percents(json!({ "overheadPercent": 0 })).await,
        (Some(0.0), Some(5.0))
    );
}

#[tokio::test]
async fn an_update_with_what_was_read_changes_only_the_time() {
    let demo = Sandbox::start("demo");
    let token = demo.login(ADMIN).await;
    let rows = Sandbox::shared_fwos().await;
    // One in fifty of all that there is, and the stretch in which some are odd on purpose.
    for row in rows.iter().step_by(50).chain(&rows[100..200]) {
        let path = format!("/fwo/{}", row["id"]);
        let before = demo.text(ADMIN, &path).await;
        let request = demo.request(Method::PUT, &path).bearer_auth(&token);
        let request = request
            .header("content-type", "application/json")
            .body(before.clone());
        let answer = request.send().await.unwrap();
        let (status, after) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{after}");
        let dates = |text: &str| {
            text.rsplit_once("\"updatedDate\":")
                .map(|(all, _)| all.to_owned())
        };
        assert_eq!(dates(&before), dates(&after));
        assert_ne!(before, after);
    }
}

#[tokio::test]
async fn an_update_replaces_what_can_be_written_in_both_styles() {
    let docs = Sandbox::start("docs");
    let made = post(&docs, &fwo::full(1)).await;
    let path = format!("/fwo/{}", made["id"]);
    let least = json!({ "summary": "Shorter", "description": "Less." });
    let full = fwo::full(1);
    for (path, body) in [
        (path.as_str(), least.clone()),
        ("/fwo", with(full.clone(), "id", made["id"].clone())),
        ("/fwo", with(least, "id", made["id"].clone())),
        (path.as_str(), with(full, "id", json!(0))),
    ] {
        let (status, now) = docs.write(ADMIN, Method::PUT, path, &body).await;
        assert_eq!(status, 200, "{now}");
        for member in REPLACED {
            let expected = body.get(member).map(|_| &made[member]);
            assert_eq!(now.get(member), expected, "{member}");
        }
        for list in LISTS {
            let there = body[list].as_array().map_or(0, Vec::len);
            assert_eq!(now[list].as_array().unwrap().len(), there, "{list}");
        }
        for member in KEPT {
            assert_eq!(now[member], made[member], "{member}");
        }
        for member in ["overheadPercent", "profitPercent"] {
            assert_eq!(now["pricing"][member], made["pricing"][member]);
        }
        assert_eq!(now["summary"], body["summary"]);
        assert_eq!(docs.json(ADMIN, &format!("/fwo/{}", made["id"])).await, now);
        check_totals(&now);
    }
}

#[tokio::test]
async fn the_id_of_a_body_is_that_of_its_path() {
    let docs = Sandbox::start("docs");
    let before = docs.text(ADMIN, "/fwo/4").await;
    for (path, id, expected) in [
        ("/fwo/4", 3, 400),
        ("/fwo", 0, 400),
        ("/fwo/x", 4, 400),
        ("/fwo/99", 0, 404),
        ("/fwo", 99, 404),
    ] {
        let body = with(fwo::least(1), "id", json!(id));
        let (status, told) = docs.write(ADMIN, Method::PUT, path, &body).await;
        assert_eq!(status, expected, "{path} {id}: {told}");
    }
    assert_eq!(docs.text(ADMIN, "/fwo/4").await, before);
}

#[tokio::test]
async fn a_project_is_given_once_and_for_all() {
    let demo = Sandbox::start("demo");
    let made = post(&demo, &fwo::least(1)).await;
    let path = format!("/fwo/{}", made["id"]);
    let moved = with(made.clone(), "projectId", json!(2));
    let (status, told) = demo.write(ADMIN, Method::PUT, &path, &moved).await;
    assert_eq!(
        (status, broken(&told)),
        (400, vec![("projectId", "is immutable")])
    );
    let silent = with(made.clone(), "projectId", Value::Null);
    assert_eq!(put(&demo, &silent).await["projectId"], 1);
    for (project, rule) in [
        (json!(99_999), "does not exist"),
        (json!(0), "does not exist"),
        (Value::Null, "must not be null"),
    ] {
        let body = with(fwo::least(1), "projectId", project);
        let (status, told) = demo.write(ADMIN, Method::POST, "/fwo", &body).await;
        assert_eq!((status, broken(&told)), (400, vec![("projectId", rule)]));
    }
}

#[tokio::test]
async fn a_line_keeps_its_id_and_a_new_one_gets_its_own() {
    let docs = Sandbox::start("docs");
    let mut body = fwo::least(1);
    body["labor"] = json!([fwo::labor(), fwo::labor(), fwo::labor()]);
    let made = post(&docs, &body).await;
    let ids: Vec<_> = made["labor"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["id"].as_i64().unwrap())
        .collect();
    assert!(ids.is_sorted() && ids[0] > 0);
    let named =
        |id: Value, name: &str| with(with(fwo::labor(), "id", id), "employeeName", json!(name));
    let mut body = made.clone();
    body["labor"] = json!([
        named(json!(0), "new"),
        named(json!(ids[2]), "third"),
        named(json!(ids[0]), "first")
    ]);
    let now = put(&docs, &body).await;
    let lines: Vec<_> = now["labor"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["id"], &line["employeeName"]))
        .collect();
    assert_eq!(lines[0], (&json!(ids[0]), &json!("first")));
    assert_eq!(lines[1], (&json!(ids[2]), &json!("third")));
    assert_eq!(lines[2].1, "new");
    assert!(lines[2].0.as_i64().unwrap() > ids[2]);

    let elsewhere = post(&docs, &fwo::full(1)).await;
    let foreign = elsewhere["labor"][0]["id"].clone();
    body["labor"] = json!([
        named(json!(ids[0]), "well"),
        named(json!(ids[1]), "gone"),
        named(json!(ids[0]), "again"),
        named(foreign, "another's"),
        named(json!(-1), "less than nothing"),
    ]);
    let path = format!("/fwo/{}", made["id"]);
    let (status, told) = docs.write(ADMIN, Method::PUT, &path, &body).await;
    let expected = [
        ("labor[1].id", "does not exist"),
        ("labor[2].id", "must be unique"),
        ("labor[3].id", "does not exist"),
        ("labor[4].id", "does not exist"),
    ];
    assert_eq!((status, broken(&told)), (400, expected.to_vec()));
    assert_eq!(docs.json(ADMIN, &path).await, now);
}

#[tokio::test]
async fn lists_find_what_was_written() {
    let docs = Sandbox::start("docs");
    let made = post(
        &docs,
        &with(fwo::least(1), "summary", json!("Façade on the NORTH side")),
    )
    .await;
    let found = async |search: &str| {
        docs.json(ADMIN, &format!("/fwo?search={search}")).await["totalElements"].clone()
    };
    assert_eq!(
        (found("fa%C3%A7ade").await, found("south").await),
        (json!(1), json!(0))
    );
    put(&docs, &with(made.clone(), "summary", json!("South side"))).await;
    assert_eq!(
        (found("fa%C3%A7ade").await, found("south").await),
        (json!(0), json!(1))
    );
    assert_eq!(
        docs.delete(ADMIN, &format!("/fwo/{}", made["id"])).await,
        204
    );
    assert_eq!(found("south").await, json!(0));
}
