//! The sandbox's invented worlds: what is in them on purpose, and that they are the same everywhere.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;
use crate::support::sandbox::sandbox_command;

/// The whole record of the one FWO whose row satisfies this.
async fn detail(which: impl Fn(&Value) -> bool) -> Value {
    let all = Sandbox::shared_fwos().await;
    let row = all.iter().find(|row| which(row)).unwrap();
    Sandbox::shared()
        .json(ADMIN, &format!("/fwo/{}", row["id"]))
        .await
}

fn chars(fwo: &Value, member: &str) -> usize {
    fwo[member].as_str().unwrap().chars().count()
}

#[tokio::test]
async fn two_sandboxes_answer_alike_to_the_byte() {
    let other = Sandbox::start("demo");
    for path in [
        "/customer?size=2000",
        "/project?size=2000",
        "/fwo?size=2000",
        "/fwo?size=2000&page=1",
        "/fwo?size=2000&page=2",
        "/fwo/1",
        "/fwo/2500",
        "/fwo?sort=amount,desc&size=200",
    ] {
        let here = Sandbox::shared().text(ADMIN, path).await;
        assert!(other.text(ADMIN, path).await == here, "{path}");
    }
}

#[tokio::test]
async fn every_type_and_step_occurs() {
    let all = Sandbox::shared_fwos().await;
    let words = |member: &str| {
        all.iter()
            .map(|fwo| fwo[member].to_string())
            .collect::<HashSet<_>>()
            .len()
    };
    assert_eq!((words("type"), words("status")), (3, 10));
}

#[tokio::test]
async fn numbers_have_gaps_and_are_unique_in_a_project() {
    let all = Sandbox::shared_fwos().await;
    let numbers: HashSet<_> = all
        .iter()
        .map(|fwo| (&fwo["projectId"], &fwo["number"]))
        .map(|pair| format!("{pair:?}"))
        .collect();
    assert_eq!(numbers.len(), all.len());
    assert!(
        all.last().unwrap()["id"].as_i64().unwrap() > 5_000,
        "ids have gaps"
    );
    let of_first: Vec<i64> = all
        .iter()
        .filter(|fwo| fwo["projectId"] == 1)
        .map(|fwo| fwo["number"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(of_first.len() >= 590);
    assert!(
        of_first.windows(2).any(|pair| pair[1] > pair[0] + 1),
        "numbers have gaps"
    );
}

#[tokio::test]
async fn forty_fwos_were_created_in_the_same_millisecond() {
    let mut by_time: HashMap<String, usize> = HashMap::new();
    for fwo in Sandbox::shared_fwos().await {
        *by_time.entry(fwo["createdDate"].to_string()).or_default() += 1;
    }
    assert_eq!(by_time.values().max(), Some(&40));
}

#[tokio::test]
async fn the_longest_texts_are_there() {
    let all = Sandbox::shared_fwos().await;
    assert_eq!(all.iter().map(|fwo| chars(fwo, "summary")).max(), Some(100));
    // The tenth after the longest summary, by construction; found by its length here.
    let summary = all
        .iter()
        .position(|fwo| chars(fwo, "summary") == 100)
        .unwrap();
    let long = Sandbox::shared()
        .json(ADMIN, &format!("/fwo/{}", all[summary + 10]["id"]))
        .await;
    assert_eq!(chars(&long, "description"), 10_000);
    assert!(long["description"].as_str().unwrap().contains('\n'));
}

#[tokio::test]
async fn names_and_summaries_hold_quotes_and_letters_from_elsewhere() {
    let odd = detail(|fwo| fwo["summary"].as_str().unwrap().contains("façade")).await;
    assert!(odd["summary"].as_str().unwrap().contains('"'));
    let customers = Sandbox::shared()
        .all(ADMIN, "/customer?name=S%C3%B8n")
        .await;
    assert_eq!(customers[0]["name"], "Ø'Brien & Søn \"Nordic\" Builders");
}

#[tokio::test]
async fn amounts_and_rough_amounts_may_be_zero_or_absent() {
    let all = Sandbox::shared_fwos().await;
    let zero = |member: &str| {
        all.iter()
            .filter(|fwo| fwo[member].as_f64() == Some(0.0))
            .count()
    };
    assert!(zero("amount") > 100);
    assert_eq!(zero("romAmount"), 1);
    let given = all
        .iter()
        .filter(|fwo| fwo.get("romAmount").is_some())
        .count();
    assert!((1_500..2_000).contains(&given));
    let without_lines = detail(|fwo| {
        fwo["amount"].as_f64() == Some(0.0) && fwo["laborHours"].as_f64() == Some(0.0)
    })
    .await;
    assert!(without_lines["labor"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn premium_time_has_no_regular_hours() {
    let premium =
        detail(|fwo| fwo["premiumTime"] == true && fwo["laborHours"].as_f64() > Some(0.0)).await;
    let lines = premium["labor"].as_array().unwrap();
    assert!(
        lines
            .iter()
            .all(|line| line["regularHours"].as_f64() == Some(0.0))
    );
}

#[tokio::test]
async fn materials_are_priced_by_each_hundred_thousand_and_pound() {
    let all = Sandbox::shared_fwos().await;
    let mut units = HashSet::new();
    for fwo in all.iter().step_by(50) {
        let fwo = Sandbox::shared()
            .json(ADMIN, &format!("/fwo/{}", fwo["id"]))
            .await;
        units.extend(
            fwo["materials"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["pricingUnit"].to_string()),
        );
    }
    assert_eq!(units.len(), 4);
}

#[tokio::test]
async fn one_fwo_has_150_labor_lines() {
    // Nobody else logs that many hours.
    let all = Sandbox::shared_fwos().await;
    let most = all.iter().max_by(|a, b| {
        a["laborHours"]
            .as_f64()
            .partial_cmp(&b["laborHours"].as_f64())
            .unwrap()
    });
    let most = Sandbox::shared()
        .json(ADMIN, &format!("/fwo/{}", most.unwrap()["id"]))
        .await;
    assert_eq!(most["labor"].as_array().unwrap().len(), 150);
}

#[tokio::test]
async fn work_was_done_on_the_day_the_clocks_changed() {
    let on_that_day = detail(|fwo| fwo["createdDate"] == "2026-03-08T12:00:00.000+00:00").await;
    let lines = on_that_day["labor"].as_array().unwrap();
    assert!(!lines.is_empty() && lines.iter().all(|line| line["workDate"] == "2026-03-08"));
}

#[tokio::test]
async fn an_inactive_customer_has_open_fwos_and_some_projects_have_none() {
    let sandbox = Sandbox::shared();
    let inactive = sandbox.all(ADMIN, "/customer?status=INACTIVE").await;
    let ids: HashSet<_> = inactive
        .iter()
        .map(|customer| customer["id"].as_i64())
        .collect();
    let open = sandbox.all(ADMIN, "/fwo?status=ENTRY&status=PRICING").await;
    assert!(
        open.iter()
            .any(|fwo| ids.contains(&fwo["customerId"].as_i64()))
    );
    let worked_on: HashSet<_> = Sandbox::shared_fwos()
        .await
        .iter()
        .map(|fwo| fwo["projectId"].as_i64())
        .collect();
    let projects = sandbox.all(ADMIN, "/project").await;
    let idle = projects
        .iter()
        .filter(|project| !worked_on.contains(&project["id"].as_i64()))
        .count();
    assert_eq!(idle, 15);
}

#[tokio::test]
async fn the_world_of_the_guide_has_a_few_fwos() {
    let docs = Sandbox::start("docs");
    assert_eq!(docs.all(ADMIN, "/fwo").await.len(), 4);
    assert_eq!(docs.all(ADMIN, "/project").await.len(), 1);
}

fn refusal(arguments: &[&str]) -> String {
    let output = sandbox_command().args(arguments).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let notes = directory.path().join("notes.txt");
    std::fs::write(
        &notes,
        "not a database, but long enough to look at: ".repeat(100),
    )
    .unwrap();
    let before = std::fs::read(&notes).unwrap();
    let said = refusal(&["--set", "docs", "--data", notes.to_str().unwrap()]);
    assert!(said.contains("is not a sandbox database"), "{said}");
    assert_eq!(std::fs::read(&notes).unwrap(), before);

    let foreign = directory.path().join("foreign.db");
    let database = rusqlite::Connection::open(&foreign).unwrap();
    database
        .execute_batch("CREATE TABLE precious (thing TEXT)")
        .unwrap();
    drop(database);
    let said = refusal(&["--set", "docs", "--data", foreign.to_str().unwrap()]);
    assert!(said.contains("is not a sandbox database"), "{said}");
}

#[tokio::test]
async fn a_file_with_the_other_world_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    drop(Sandbox::start_on("docs", &file));
    let said = refusal(&["--set", "demo", "--data", file.to_str().unwrap()]);
    assert!(
        said.contains("holds the data set `docs`, not `demo`"),
        "{said}"
    );
    let said = refusal(&["--set", "demo", "--fwos", "10"]);
    assert!(said.contains("1000 to 1000000 FWOs"), "{said}");
}
