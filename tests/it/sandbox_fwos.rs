//! The sandbox's FWOs.

use std::collections::HashSet;

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::FOREMAN;
use crate::support::sandbox::HARBOR;
use crate::support::sandbox::Sandbox;

async fn check_filter(query: &str, holds: impl Fn(&Value) -> bool) {
    let sandbox = Sandbox::shared();
    let all = Sandbox::shared_fwos().await;
    assert_eq!(all.len(), 5000);
    let expected: Vec<&Value> = all.iter().filter(|fwo| holds(fwo)).collect();
    assert!(!expected.is_empty(), "{query} finds something");
    let found = sandbox.all(ADMIN, &format!("/fwo?{query}")).await;
    assert!(
        found.iter().eq(expected.iter().copied()),
        "{query}: {} found, {} expected",
        found.len(),
        expected.len()
    );
}

fn contains(fwo: &Value, member: &str, text: &str) -> bool {
    fwo[member].as_str().unwrap().to_lowercase().contains(text)
}

#[tokio::test]
async fn filters_by_place_take_effect() {
    check_filter("projectId=1", |fwo| fwo["projectId"] == 1).await;
    check_filter("customerId=10", |fwo| fwo["customerId"] == 10).await;
    check_filter("projectId=1&customerId=3&status=ENTRY", |fwo| {
        fwo["projectId"] == 1 && fwo["status"] == "ENTRY"
    })
    .await;
}

#[tokio::test]
async fn a_repeated_filter_means_any_of() {
    check_filter("status=PRICING", |fwo| fwo["status"] == "PRICING").await;
    check_filter("status=PRICING&status=ENTRY", |fwo| {
        ["PRICING", "ENTRY"].contains(&fwo["status"].as_str().unwrap())
    })
    .await;
    check_filter("type=SERVICE_WORK&type=TRACKING_ONLY&status=ENTRY", |fwo| {
        fwo["type"] != "FIELD_WORK" && fwo["status"] == "ENTRY"
    })
    .await;
}

#[tokio::test]
async fn filters_by_text_take_effect() {
    check_filter("number=000007", |fwo| fwo["number"] == "000007").await;
    check_filter("search=SOFFIT", |fwo| contains(fwo, "summary", "soffit")).await;
    check_filter("search=0059", |fwo| {
        contains(fwo, "number", "0059") || contains(fwo, "summary", "0059")
    })
    .await;
    check_filter("search=FA%C3%87ADE", |fwo| {
        contains(fwo, "summary", "façade")
    })
    .await;
    check_filter("search=%25", |fwo| contains(fwo, "summary", "%")).await;
}

#[tokio::test]
async fn times_are_from_inclusive_to_exclusive() {
    let sandbox = Sandbox::shared();
    let some = sandbox
        .json(ADMIN, "/fwo?sort=createdDate&page=3000&size=1")
        .await;
    let text = |member: &str| some["content"][0][member].as_str().unwrap().to_owned();
    for (member, prefix) in [("createdDate", "created"), ("updatedDate", "updated")] {
        let exactly = text(member);
        let encoded = exactly.replace('+', "%2B");
        // All are written alike, so texts order as the instants do.
        check_filter(&format!("{prefix}From={encoded}"), |fwo| {
            fwo[member].as_str().unwrap() >= exactly.as_str()
        })
        .await;
        check_filter(&format!("{prefix}To={encoded}"), |fwo| {
            fwo[member].as_str().unwrap() < exactly.as_str()
        })
        .await;
    }
    check_filter(
        "createdFrom=2026-03-01T00:00:00Z&createdTo=2026-03-08T00:00:00-05:00",
        |fwo| {
            ("2026-03-01T00:00:00.000+00:00".."2026-03-08T05:00:00.000+00:00")
                .contains(&fwo["createdDate"].as_str().unwrap())
        },
    )
    .await;
}

#[tokio::test]
async fn filters_that_cannot_be_read_are_400_and_unknown_ones_ignored() {
    let sandbox = Sandbox::shared();
    for query in [
        "projectId=one",
        "status=DONE",
        "type=field_work",
        "createdFrom=yesterday",
        "updatedTo=2026-01-01",
    ] {
        assert_eq!(
            sandbox.get(ADMIN, &format!("/fwo?{query}")).await.status(),
            400,
            "{query}"
        );
    }
    assert_eq!(
        sandbox.text(ADMIN, "/fwo?colour=blue").await,
        sandbox.text(ADMIN, "/fwo").await
    );
}

#[tokio::test]
async fn a_foreman_sees_only_the_work_of_his_projects() {
    let sandbox = Sandbox::shared();
    let all = Sandbox::shared_fwos().await;
    let his = sandbox.all(FOREMAN, "/fwo").await;
    let projects = sandbox.all(FOREMAN, "/project").await;
    let project_ids: HashSet<i64> = projects
        .iter()
        .map(|project| project["id"].as_i64().unwrap())
        .collect();
    let on_his_projects = |fwo: &&Value| project_ids.contains(&fwo["projectId"].as_i64().unwrap());
    let expected: Vec<&Value> = all.iter().filter(on_his_projects).collect();
    assert!(his.iter().eq(expected));
    assert!(his.len() < all.len() / 2);
    let hidden = all.iter().find(|fwo| !on_his_projects(fwo)).unwrap();
    assert_eq!(
        sandbox
            .get(FOREMAN, &format!("/fwo/{}", hidden["id"]))
            .await
            .status(),
        404
    );
    assert_eq!(
        sandbox
            .get(FOREMAN, &format!("/fwo/{}", his[0]["id"]))
            .await
            .status(),
        200
    );
    assert_eq!(
        sandbox
            .get(ADMIN, &format!("/fwo/{}", hidden["id"]))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn companies_do_not_see_each_other() {
    let sandbox = Sandbox::shared();
    let theirs = sandbox.all(HARBOR, "/fwo").await;
    assert_eq!(theirs.len(), 10);
    let answer = sandbox
        .get(ADMIN, &format!("/fwo/{}", theirs[0]["id"]))
        .await;
    assert_eq!(answer.status(), 404);
    assert_eq!(sandbox.get(HARBOR, "/fwo/1").await.status(), 404);
    let searched = sandbox.json(HARBOR, "/fwo?projectId=1").await;
    assert_eq!(searched["totalElements"], 0);
}

#[tokio::test]
async fn an_fwo_that_does_not_exist_is_404() {
    let answer = Sandbox::shared().get(ADMIN, "/fwo/99999999").await;
    assert_eq!(answer.status(), 404);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["message"], json!("FWO 99999999 not found"));
}
