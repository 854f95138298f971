//! Who may write which FWO in the sandbox, and how far.

use reqwest::Method;
use serde_json::json;

use crate::support::bench::Bench;
use crate::support::bench::STEPS;
use crate::support::bench::moved;
use crate::support::fwo;
use crate::support::json::broken;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::FOREMAN;
use crate::support::sandbox::PM;
use crate::support::sandbox::Sandbox;
use crate::support::sandbox::VIEWER;

const MOVES_OF_A_FOREMAN: [(&str, &str); 7] = [
    ("ENTRY", "PENDING_SIGNATURE"),
    ("ENTRY", "PRICING"),
    ("PENDING_SIGNATURE", "ENTRY"),
    ("PENDING_SIGNATURE", "PENDING_CHANGES"),
    ("PENDING_SIGNATURE", "PRICING"),
    ("PENDING_CHANGES", "ENTRY"),
    ("PENDING_CHANGES", "PENDING_SIGNATURE"),
];

#[tokio::test]
async fn a_viewer_writes_nothing_and_a_project_manager_whatever_an_admin_may() {
    let docs = Sandbox::start("docs");
    let before = docs.text(ADMIN, "/fwo").await;
    let read = docs.json(ADMIN, "/fwo/4").await;
    for (method, path, body) in [
        (Method::POST, "/fwo", fwo::least(1)),
        (Method::PUT, "/fwo/4", read.clone()),
        (Method::PUT, "/fwo", read),
        (Method::PUT, "/fwo/99", fwo::least(1)),
        (Method::DELETE, "/fwo/4", json!({})),
        (Method::DELETE, "/fwo/99", json!({})),
    ] {
        let (status, told) = docs.write(VIEWER, method.clone(), path, &body).await;
        assert_eq!(status, 403, "{method} {path}: {told}");
    }
    assert_eq!(docs.text(ADMIN, "/fwo").await, before);
    let (status, made) = docs.write(PM, Method::POST, "/fwo", &fwo::full(1)).await;
    assert_eq!(
        (status, &made["createdBy"]),
        (200, &json!("pm@lakeline.example"))
    );
    let path = format!("/fwo/{}", made["id"]);
    for (step, expected) in [
        ("PRICING", 200),
        ("WAITING_FOR_APPROVAL", 200),
        ("INVOICE_ISSUED", 200),
    ] {
        let body = with(made.clone(), "status", json!(step));
        assert_eq!(
            docs.write(PM, Method::PUT, &path, &body).await.0,
            expected,
            "{step}"
        );
    }
    assert_eq!(docs.delete(PM, &path).await, 409);
}

#[tokio::test]
async fn a_foreman_writes_the_work_of_assigned_projects_without_pricing_it() {
    let demo = Sandbox::start("demo");
    let assigned = demo.json(FOREMAN, "/project").await["content"][0]["id"]
        .as_i64()
        .unwrap();
    let all = demo.all(ADMIN, "/fwo?status=ENTRY").await;
    let mine = demo.all(FOREMAN, "/fwo?status=ENTRY").await;
    let hidden = all.iter().find(|fwo| !mine.contains(fwo)).unwrap();

    let body = fwo::least(hidden["projectId"].as_i64().unwrap());
    let (status, told) = demo.write(FOREMAN, Method::POST, "/fwo", &body).await;
    assert_eq!(
        (status, broken(&told)),
        (400, vec![("projectId", "does not exist")])
    );
    let path = format!("/fwo/{}", hidden["id"]);
    let read = demo.json(ADMIN, &path).await;
    assert_eq!(demo.write(FOREMAN, Method::PUT, &path, &read).await.0, 404);
    assert_eq!(demo.delete(FOREMAN, &path).await, 404);
    assert_eq!(demo.json(ADMIN, &path).await, read);

    let priced = with(fwo::full(assigned), "type", json!("FIELD_WORK"));
    assert_eq!(
        demo.write(FOREMAN, Method::POST, "/fwo", &priced).await.0,
        403
    );
    let unpriced = with(priced, "pricing", json!({ "overheadPercent": 0 }));
    let (status, made) = demo.write(FOREMAN, Method::POST, "/fwo", &unpriced).await;
    assert_eq!(
        (status, &made["createdBy"]),
        (200, &json!("foreman@lakeline.example"))
    );
    let path = format!("/fwo/{}", made["id"]);
    let mut repriced = made.clone();
    repriced["pricing"]["profitPercent"] = json!(1);
    assert_eq!(
        demo.write(FOREMAN, Method::PUT, &path, &repriced).await.0,
        403
    );
    let shorter = with(made.clone(), "summary", json!("Shorter"));
    assert_eq!(
        demo.write(FOREMAN, Method::PUT, &path, &shorter).await.0,
        200
    );

    assert_eq!(
        demo.write(
            FOREMAN,
            Method::PUT,
            &path,
            &with(made, "status", json!("PRICING"))
        )
        .await
        .0,
        200
    );
    assert_eq!(
        demo.delete(FOREMAN, &path).await,
        403,
        "it is no longer in ENTRY"
    );
    let path = format!("/fwo/{}", mine[0]["id"]);
    assert_eq!(demo.delete(FOREMAN, &path).await, 204);
}

#[tokio::test]
async fn a_foreman_moves_an_fwo_as_far_as_pricing() {
    let bench = Bench::new().await;
    for step in &STEPS {
        for next in &STEPS {
            let before = bench.put_into("FIELD_WORK", step).await;
            let body = if step == next {
                before
            } else {
                moved(before, next)
            };
            let is_his = step == next || MOVES_OF_A_FOREMAN.contains(&(*step, *next));
            let (status, told) = bench.send(FOREMAN, &body).await;
            assert_eq!(
                status,
                if is_his { 200 } else { 403 },
                "{step} -> {next}: {told}"
            );
        }
    }
}

#[tokio::test]
async fn what_the_general_contractor_has_is_not_deleted() {
    let demo = Sandbox::start("demo");
    for (step, expected) in [
        ("ENTRY", 204),
        ("PENDING_SIGNATURE", 204),
        ("PENDING_CHANGES", 204),
        ("PRICING", 204),
        ("WAITING_FOR_APPROVAL", 204),
        ("GC_REWORK", 204),
        ("EXECUTED", 409),
        ("CHANGE_ORDER_ISSUED", 409),
        ("INVOICE_ISSUED", 409),
        ("INVOICE_PAID", 409),
    ] {
        let found = demo
            .json(ADMIN, &format!("/fwo?status={step}&size=1"))
            .await;
        let path = format!("/fwo/{}", found["content"][0]["id"]);
        assert_eq!(demo.delete(ADMIN, &path).await, expected, "{step}");
        let left = demo.get(ADMIN, &path).await.status() == 200;
        assert_eq!(left, expected == 409, "{step}");
    }
}
