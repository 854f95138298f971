//! The sandbox's projects.

use serde_json::Value;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::FOREMAN;
use crate::support::sandbox::HARBOR;
use crate::support::sandbox::Sandbox;

async fn check_filter(query: &str, holds: impl Fn(&Value) -> bool) {
    let sandbox = Sandbox::shared();
    let all = sandbox.all(ADMIN, "/project").await;
    assert_eq!(all.len(), 240);
    let expected: Vec<Value> = all.into_iter().filter(holds).collect();
    assert!(!expected.is_empty(), "{query} finds something");
    assert_eq!(
        sandbox.all(ADMIN, &format!("/project?{query}")).await,
        expected,
        "{query}"
    );
}

#[tokio::test]
async fn filters_take_effect() {
    check_filter("customerId=3", |project| project["customerId"] == 3).await;
    check_filter("status=INACTIVE", |project| project["status"] == "INACTIVE").await;
    check_filter("number=24-0137", |project| project["number"] == "24-0137").await;
}

#[tokio::test]
async fn a_project_is_the_same_alone_as_in_the_list() {
    let sandbox = Sandbox::shared();
    let page = sandbox.json(ADMIN, "/project?size=3&sort=name").await;
    for listed in page["content"].as_array().unwrap() {
        assert_eq!(
            sandbox
                .json(ADMIN, &format!("/project/{}", listed["id"]))
                .await,
            *listed
        );
    }
}

#[tokio::test]
async fn a_foreman_sees_the_projects_he_is_assigned_to() {
    let sandbox = Sandbox::shared();
    let his = sandbox.all(FOREMAN, "/project").await;
    assert_eq!(his.len(), 80);
    let all = sandbox.all(ADMIN, "/project").await;
    let hidden = all.iter().find(|project| !his.contains(project)).unwrap();
    assert_eq!(
        sandbox
            .get(FOREMAN, &format!("/project/{}", hidden["id"]))
            .await
            .status(),
        404
    );
    assert_eq!(
        sandbox
            .get(FOREMAN, &format!("/project/{}", his[0]["id"]))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn companies_do_not_see_each_other() {
    let sandbox = Sandbox::shared();
    let theirs = sandbox.all(HARBOR, "/project").await;
    assert_eq!(theirs.len(), 2);
    assert_eq!(
        sandbox
            .get(ADMIN, &format!("/project/{}", theirs[0]["id"]))
            .await
            .status(),
        404
    );
    assert_eq!(sandbox.get(HARBOR, "/project/1").await.status(), 404);
}
