//! A company neither sees nor touches what belongs to another, by any route: what is another's does not exist.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::fwo;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::HARBOR;
use crate::support::sandbox::Sandbox;
use crate::support::sandbox::User;

/// Ids that nobody has, as long as those that somebody has.
const MISSING: Ids = Ids {
    customer: 99,
    project: 999,
    fwo: 9999,
};

/// One object of each kind.
#[derive(Clone, Copy)]
struct Ids {
    customer: i64,
    project: i64,
    fwo: i64,
}

impl Ids {
    /// The last object of each kind that a user sees.
    async fn of(sandbox: &Sandbox, user: User) -> Self {
        let last = async |kind: &str| {
            let page = sandbox
                .json(user, &format!("/{kind}?sort=id,desc&size=1"))
                .await;
            page["content"][0]["id"].as_i64().unwrap()
        };
        Self {
            customer: last("customer").await,
            project: last("project").await,
            fwo: last("fwo").await,
        }
    }

    fn of_kind(self, kind: &str) -> i64 {
        match kind {
            "customer" => self.customer,
            "project" => self.project,
            "fwo" => self.fwo,
            _ => panic!("no kind {kind}"),
        }
    }
}

fn customer(number: &str) -> Value {
    json!({
        "name": "Mill", "number": number, "contactName": "Ann", "contactEmail": "ann@mill.example",
        "contactPhone": "6145550100",
    })
}

/// All of an answer but its length and when it was given.
async fn answer(
    sandbox: &Sandbox,
    user: User,
    method: &Method,
    path: &str,
    body: &Value,
) -> String {
    let token = sandbox.login(user).await;
    let request = sandbox.request(method.clone(), path).bearer_auth(token);
    let answer = request.json(body).send().await.unwrap();
    let status = answer.status();
    let mut headers = answer.headers().clone();
    for name in ["date", "content-length"] {
        headers.remove(name);
    }
    let mut told: Value = answer.json().await.unwrap();
    told.as_object_mut().unwrap().remove("timestamp");
    format!("{status} {headers:?} {told}")
}

/// All rows of all lists that a user sees.
async fn everything(sandbox: &Sandbox, user: User) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in ["customer", "project", "fwo"] {
        all.extend(sandbox.all(user, &format!("/{kind}")).await);
    }
    all
}

/// The id of a labor line that a user sees.
async fn any_line(sandbox: &Sandbox, user: User) -> i64 {
    let fwos = sandbox.all(user, "/fwo").await;
    let worked = fwos
        .iter()
        .find(|fwo| fwo["laborHours"].as_f64() > Some(0.0));
    let path = format!("/fwo/{}", worked.unwrap()["id"]);
    sandbox.json(user, &path).await["labor"][0]["id"]
        .as_i64()
        .unwrap()
}

/// Every operation of the document, as `(method, path)`.
async fn operations(sandbox: &Sandbox) -> BTreeSet<(String, String)> {
    let document = sandbox
        .request(Method::GET, "/v3/api-docs")
        .send()
        .await
        .unwrap();
    let document: Value = document.json().await.unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .keys()
            .map(|method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[tokio::test]
async fn by_its_id_an_object_of_another_company_answers_as_one_that_is_missing() {
    let demo = Sandbox::start("demo");
    for (user, owner) in [(HARBOR, ADMIN), (ADMIN, HARBOR)] {
        let theirs = Ids::of(&demo, owner).await;
        let before = everything(&demo, owner).await;
        let mut asked = 0;
        for (method, path) in operations(&demo).await {
            let method: Method = method.parse().unwrap();
            let kind = path.split('/').nth(1).unwrap().to_owned();
            let names_it = path.ends_with("/{id}") || (method == Method::PUT && kind != "auth");
            if !names_it {
                continue;
            }
            let ask = async |ids: Ids| {
                let id = ids.of_kind(&kind);
                let path = path.replace("{id}", &id.to_string());
                let body = if kind == "fwo" {
                    fwo::least(1)
                } else {
                    customer("new")
                };
                let body = with(body, "id", json!(id));
                let told = answer(&demo, user, &method, &path, &body).await;
                told.replace(&id.to_string(), "#")
            };
            let told = ask(theirs).await;
            assert!(told.starts_with("404 "), "{method} {path}: {told}");
            assert_eq!(told, ask(MISSING).await, "{method} {path}");
            asked += 1;
        }
        // GET for three kinds, PUT in two styles and DELETE for two.
        assert_eq!(asked, 9);
        assert_eq!(everything(&demo, owner).await, before);
    }
}

#[tokio::test]
async fn nothing_of_another_company_can_be_referred_to() {
    let demo = Sandbox::start("demo");
    for (user, owner, template) in [(HARBOR, ADMIN, 1), (ADMIN, HARBOR, 3)] {
        let theirs = Ids::of(&demo, owner).await;
        let ours = Ids::of(&demo, user).await;
        let line = any_line(&demo, owner).await;
        let before = everything(&demo, owner).await;
        let (our_customer, our_fwo) = (
            format!("/customer/{}", ours.customer),
            format!("/fwo/{}", ours.fwo),
        );
        let entry = with(fwo::least(ours.project), "projectId", Value::Null);
        for (method, path, body, member, foreign, missing) in [
            (
                Method::POST,
                "/fwo",
                fwo::least(0),
                "projectId",
                theirs.project,
                MISSING.project,
            ),
            (
                Method::PUT,
                our_fwo.as_str(),
                entry.clone(),
                "projectId",
                theirs.project,
                MISSING.project,
            ),
            (
                Method::POST,
                "/customer",
                customer("new"),
                "billingTemplateId",
                template,
                9,
            ),
            (
                Method::POST,
                "/customer",
                customer("new"),
                "tradeTemplateId",
                template,
                9,
            ),
            (
                Method::PUT,
                our_customer.as_str(),
                customer("new"),
                "billingTemplateId",
                template,
                9,
            ),
            (
                Method::PUT,
                our_customer.as_str(),
                customer("new"),
                "tradeTemplateId",
                template,
                9,
            ),
            (
                Method::PUT,
                our_fwo.as_str(),
                entry.clone(),
                "labor",
                line,
                99_999,
            ),
            (
                Method::POST,
                "/fwo",
                fwo::least(ours.project),
                "labor",
                line,
                99_999,
            ),
        ] {
            let ask = async |id: i64| {
                let value = if member == "labor" {
                    json!([with(fwo::labor(), "id", json!(id))])
                } else {
                    json!(id)
                };
                answer(
                    &demo,
                    user,
                    &method,
                    path,
                    &with(body.clone(), member, value),
                )
                .await
            };
            let told = ask(foreign).await;
            assert!(told.starts_with("400 "), "{method} {path} {member}: {told}");
            assert_eq!(told, ask(missing).await, "{method} {path} {member}");
        }
        assert_eq!(everything(&demo, owner).await, before);
    }
}

#[tokio::test]
async fn lists_hold_nothing_of_another_company_whatever_the_filter() {
    let demo = Sandbox::shared();
    for (user, owner) in [(HARBOR, ADMIN), (ADMIN, HARBOR)] {
        let theirs = Ids::of(demo, owner).await;
        let total = async |path: String| demo.json(user, &path).await["totalElements"].as_i64();
        for (kind, filter, id) in [
            ("project", "customerId", theirs.customer),
            ("fwo", "customerId", theirs.customer),
            ("fwo", "projectId", theirs.project),
        ] {
            assert_eq!(total(format!("/{kind}?{filter}={id}")).await, Some(0));
        }
        for kind in ["customer", "project", "fwo"] {
            let ids = async |user| {
                let all = demo.all(user, &format!("/{kind}")).await;
                all.iter()
                    .map(|object| object["id"].as_i64().unwrap())
                    .collect::<BTreeSet<_>>()
            };
            let (ours, others) = (ids(user).await, ids(owner).await);
            assert!(!ours.is_empty() && ours.is_disjoint(&others), "{kind}");
        }
    }
}

#[tokio::test]
async fn numbers_belong_to_each_company() {
    let demo = Sandbox::start("demo");
    let (status, made) = demo
        .write(HARBOR, Method::POST, "/customer", &customer("200-000"))
        .await;
    assert_eq!(status, 200, "the other company has that number: {made}");
    let before = demo.all(ADMIN, "/fwo?sort=id").await;
    let project = Ids::of(&demo, HARBOR).await.project;
    let (status, _) = demo
        .write(HARBOR, Method::POST, "/fwo", &fwo::least(project))
        .await;
    assert_eq!(status, 200);
    assert_eq!(demo.all(ADMIN, "/fwo?sort=id").await, before);
}
