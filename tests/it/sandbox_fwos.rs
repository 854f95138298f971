//! The sandbox's FWOs.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy;
use serde_json::Value;
use serde_json::json;
use tokio::sync::OnceCell;

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

/// The whole record of every tenth FWO, with its row in the list.
async fn some_details() -> &'static [(&'static Value, Value)] {
    static DETAILS: OnceCell<Vec<(&Value, Value)>> = OnceCell::const_new();
    let fetch = async || {
        let rows = Sandbox::shared_fwos().await.iter().step_by(10);
        let details = rows.map(|row| async move {
            let path = format!("/fwo/{}", row["id"]);
            (row, Sandbox::shared().json(ADMIN, &path).await)
        });
        stream::iter(details).buffered(4).collect().await
    };
    DETAILS.get_or_init(fetch).await
}

#[tokio::test]
async fn the_row_of_a_list_is_part_of_the_whole_record() {
    for (row, detail) in some_details().await {
        let shown: Vec<_> = row.as_object().unwrap().keys().collect();
        let same_order: Vec<_> = detail
            .as_object()
            .unwrap()
            .keys()
            .filter(|member| shown.contains(member))
            .collect();
        assert_eq!(shown, same_order);
        for member in shown {
            assert_eq!(row[member], detail[member]);
        }
    }
}

fn decimal(value: &Value) -> Decimal {
    value.to_string().parse().unwrap()
}

fn cents(exact: Decimal) -> Decimal {
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn sum(lines: &Value, amount_of: impl Fn(&Value) -> Decimal) -> Decimal {
    lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let amount = cents(amount_of(line));
            assert_eq!(decimal(&line["amount"]), amount, "{line}");
            amount
        })
        .sum()
}

fn labor_amount(line: &Value) -> Decimal {
    let cost = |hours: &str, rate: &str| {
        let rate = line.get(rate).map_or(Decimal::ZERO, decimal);
        decimal(&line[hours]) * rate
    };
    cost("regularHours", "regularRate")
        + cost("overtimeHours", "overtimeRate")
        + cost("doubleTimeHours", "doubleTimeRate")
}

fn material_amount(line: &Value) -> Decimal {
    let per = match line["pricingUnit"].as_str().unwrap() {
        "C" => 100,
        "M" => 1000,
        _ => 1,
    };
    let price = line.get("unitPrice").map_or(Decimal::ZERO, decimal);
    decimal(&line["quantity"]) * decimal(&line["factor"]) * price / Decimal::from(per)
}

fn rated_amount(line: &Value) -> Decimal {
    decimal(&line["quantity"]) * decimal(&line["rate"])
}

/// Contract 3.3, computed again from the lines with another decimal library.
fn check_totals(fwo: &Value) {
    let pricing = &fwo["pricing"];
    let labor = sum(&fwo["labor"], labor_amount);
    let material = sum(&fwo["materials"], material_amount);
    let equipment = sum(&fwo["equipment"], rated_amount);
    let additional = sum(&fwo["additionalItems"], rated_amount);
    let subtotal = labor + material + equipment + additional;
    let hundred = Decimal::ONE_HUNDRED;
    let overhead = cents(subtotal * decimal(&pricing["overheadPercent"]) / hundred);
    let profit = cents((subtotal + overhead) * decimal(&pricing["profitPercent"]) / hundred);
    for (member, expected) in [
        ("laborTotal", labor),
        ("materialTotal", material),
        ("equipmentTotal", equipment),
        ("additionalTotal", additional),
        ("subtotal", subtotal),
        ("overheadAmount", overhead),
        ("profitAmount", profit),
        ("total", subtotal + overhead + profit),
    ] {
        assert_eq!(
            decimal(&pricing[member]),
            expected,
            "{member} of FWO {}",
            fwo["id"]
        );
    }
    assert_eq!(fwo["amount"], pricing["total"]);
    let hours = ["regularHours", "overtimeHours", "doubleTimeHours"];
    let lines = fwo["labor"].as_array().unwrap().iter();
    let logged: Decimal = lines
        .flat_map(|line| hours.map(|member| decimal(&line[member])))
        .sum();
    assert_eq!(decimal(&fwo["laborHours"]), logged);
}

#[tokio::test]
async fn totals_follow_from_the_lines_to_the_cent() {
    for (_, detail) in some_details().await {
        check_totals(detail);
    }
}

#[tokio::test]
async fn a_step_tells_what_an_fwo_has() {
    for (_, fwo) in some_details().await {
        let status = fwo["status"].as_str().unwrap();
        let unsigned = ["ENTRY", "PENDING_SIGNATURE", "PENDING_CHANGES"].contains(&status);
        assert_eq!(fwo.get("signature").is_none(), unsigned, "{fwo}");
        assert_eq!(
            fwo.get("changeOrderNumber").is_some(),
            status == "CHANGE_ORDER_ISSUED"
        );
        assert_eq!(
            fwo.get("invoiceNumber").is_some(),
            status.starts_with("INVOICE_")
        );
        assert!(fwo["createdDate"].as_str() <= fwo["updatedDate"].as_str());
        if fwo["premiumTime"] == true {
            assert!(
                fwo["labor"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|line| decimal(&line["regularHours"]).is_zero())
            );
        }
    }
}

#[tokio::test]
async fn money_is_written_in_plain_notation() {
    let text = Sandbox::shared()
        .text(ADMIN, "/fwo?sort=amount,desc&size=5")
        .await;
    for part in text.split("\"amount\":").skip(1) {
        let number = part.split(',').next().unwrap();
        let (whole, places) = number.split_once('.').unwrap();
        assert!(
            whole.bytes().all(|byte| byte.is_ascii_digit()) && places.len() == 2,
            "{number}"
        );
    }
}

#[tokio::test]
async fn an_fwo_that_does_not_exist_is_404() {
    let answer = Sandbox::shared().get(ADMIN, "/fwo/99999999").await;
    assert_eq!(answer.status(), 404);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["message"], json!("FWO 99999999 not found"));
}
