//! What follows from an FWO's lines and from its step, computed again by somebody else.

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy;
use serde_json::Value;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::support::fwo;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

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

pub(crate) fn decimal(value: &Value) -> Decimal {
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
pub(crate) fn check_totals(fwo: &Value) {
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

async fn written(sandbox: &Sandbox, method: Method, path: &str, body: &Value) -> Value {
    let (status, fwo) = sandbox.write(ADMIN, method, path, body).await;
    assert_eq!(status, 200, "{fwo}");
    fwo
}

#[tokio::test]
async fn totals_follow_from_what_was_written_to_the_cent() {
    let docs = Sandbox::start("docs");
    let mut fwo = written(&docs, Method::POST, "/fwo", &fwo::full(1)).await;
    check_totals(&fwo);
    // 9.75 labor hours, one hour of supervision for each 8.
    assert_eq!(decimal(&fwo["laborHours"]), Decimal::new(975, 2));
    assert_eq!(
        decimal(&fwo["additionalItems"][0]["quantity"]),
        Decimal::new(12_188, 4)
    );
    let sums = ["labor", "materials", "equipment", "additionalItems"]
        .map(|list| decimal(&fwo[list][0]["amount"]));
    // 572 + 160.875 + 35.75; 320.125 × 1.1 × 48.75 / 100; 2 × 185; 1.2188 × 104.50
    assert_eq!(
        sums,
        [76_863, 17_167, 37_000, 12_736].map(|cents| Decimal::new(cents, 2))
    );
    // 1437.66; 10 % are 143.766; 7.5 % of 1581.43 are 118.60725
    assert_eq!(decimal(&fwo["amount"]), Decimal::new(170_004, 2));
    let row = &docs
        .json(
            ADMIN,
            &format!("/fwo?number={}", fwo["number"].as_str().unwrap()),
        )
        .await["content"][0];
    assert_eq!(row["amount"], fwo["amount"]);

    // More labor, more supervision, although only the labor was written.
    fwo["labor"][0]["regularHours"] = json!(14.25);
    let path = format!("/fwo/{}", fwo["id"]);
    let fwo = written(&docs, Method::PUT, &path, &fwo).await;
    assert_eq!(
        decimal(&fwo["additionalItems"][0]["quantity"]),
        Decimal::TWO
    );
    check_totals(&fwo);
}

#[tokio::test]
async fn halves_of_a_cent_are_rounded_away_from_zero() {
    let docs = Sandbox::start("docs");
    let material = |unit: &str, quantity: Value, price: Value| {
        let line = with(
            with(fwo::material(), "pricingUnit", json!(unit)),
            "quantity",
            quantity,
        );
        with(with(line, "unitPrice", price), "factor", Value::Null)
    };
    let cases = [
        (material("E", json!(0.5), json!(0.01)), 1),
        (material("E", json!(0.4999), json!(0.01)), 0),
        (material("E", json!(-0.5), json!(0.01)), -1),
        (material("P", json!(1.5), json!(3.33)), 500),
        (material("C", json!(150), json!(0.99)), 149),
        (material("C", json!(50), json!(0.01)), 1),
        (material("C", json!(49.9999), json!(0.01)), 0),
        (material("M", json!(500), json!(0.01)), 1),
        (material("M", json!(499.9999), json!(0.01)), 0),
        (material("M", json!(12_500), json!(88.2)), 110_250),
        (material("E", json!(3), Value::Null), 0),
        (
            material("E", json!(99_999_999), json!(9_999.99)),
            99_999_899_000_001,
        ),
    ];
    let mut body = fwo::least(1);
    body["materials"] = cases.iter().map(|(line, _)| line.clone()).collect();
    let made = written(&docs, Method::POST, "/fwo", &body).await;
    for (line, (written, cents)) in made["materials"].as_array().unwrap().iter().zip(&cases) {
        assert_eq!(
            decimal(&line["amount"]),
            Decimal::new(*cents, 2),
            "{written}"
        );
    }
    check_totals(&made);
    // 0.10 × 5 % is half a cent, and so is 10 % of 0.05.
    for (cents, overhead, profit, total) in [
        (10, 5.0, 0.0, 11),
        (5, 10.0, 0.0, 6),
        (9, 5.0, 0.0, 9),
        (10, 0.0, 5.0, 11),
        (-10, 5.0, 0.0, -11),
    ] {
        let mut body = fwo::least(1);
        body["pricing"] = json!({ "overheadPercent": overhead, "profitPercent": profit });
        body["equipment"] = json!([with(fwo::equipment(), "quantity", json!(cents))]);
        body["equipment"][0]["rate"] = json!(0.01);
        let made = written(&docs, Method::POST, "/fwo", &body).await;
        assert_eq!(decimal(&made["amount"]), Decimal::new(total, 2), "{body}");
        check_totals(&made);
    }
}
