//! The rules that the members of an FWO must keep, each broken once.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::fwo;
use crate::support::json::broken;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

const BLANK: &str = "must not be blank";
const NULL: &str = "must not be null";
const TOO_LONG: &str = "size must be between 0 and 255";
const MONEY: &str = "numeric value out of bounds (<12 digits>.<2 digits> expected)";
const QUANTITY: &str = "numeric value out of bounds (<8 digits>.<4 digits> expected)";
const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

async fn refused(sandbox: &Sandbox, body: &Value) -> Value {
    let (status, told) = sandbox.write(ADMIN, Method::POST, "/fwo", body).await;
    assert_eq!(status, 400, "{body}: {told}");
    told
}

/// A body with the member at a JSON pointer set, or taken away by null.
fn at(pointer: &str, value: Value) -> Value {
    let mut body = fwo::full(1);
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let holder = body.pointer_mut(parent).unwrap();
    match member.parse::<usize>() {
        Ok(place) => holder[place] = value,
        Err(_) => *holder = with(holder.take(), member, value),
    }
    body
}

/// `/labor/0/trade` as Spring writes it: `labor[0].trade`.
fn spring(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            path.push_str(&format!("[{part}]"));
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(part);
        }
    }
    path
}

async fn check(cases: &[(&str, Value, &str)]) {
    let docs = Sandbox::start("docs");
    for (pointer, value, rule) in cases {
        let told = refused(&docs, &at(pointer, value.clone())).await;
        assert_eq!(
            broken(&told),
            [(spring(pointer).as_str(), *rule)],
            "{value}"
        );
    }
    assert_eq!(docs.json(ADMIN, "/fwo").await["totalElements"], 4);
    let (status, _) = docs.write(ADMIN, Method::POST, "/fwo", &fwo::full(1)).await;
    assert_eq!(status, 200, "the body breaks no rule by itself");
}

fn long(chars: usize) -> Value {
    json!("é".repeat(chars))
}

#[tokio::test]
async fn each_member_of_an_fwo_has_its_rules() {
    check(&[
        ("/summary", Value::Null, BLANK),
        ("/summary", json!(" "), BLANK),
        ("/summary", long(101), "size must be between 0 and 100"),
        ("/description", Value::Null, BLANK),
        ("/description", json!(""), BLANK),
        (
            "/description",
            long(10_001),
            "size must be between 0 and 10000",
        ),
        ("/categories/0", json!("\t"), BLANK),
        ("/categories/1", long(256), TOO_LONG),
        ("/referenceNumber", long(256), TOO_LONG),
        ("/gcReference", long(256), TOO_LONG),
        ("/gcDocumentReference", long(256), TOO_LONG),
        ("/gcDocumentReferenceType", long(256), TOO_LONG),
        ("/groupName", long(256), TOO_LONG),
        ("/changeOrderNumber", long(256), TOO_LONG),
        ("/invoiceNumber", long(256), TOO_LONG),
        ("/romAmount", json!(-1), NOT_NEGATIVE),
        ("/romAmount", json!(0.125), MONEY),
        ("/romAmount", json!(1_000_000_000_000_i64), MONEY),
        ("/romAmount", json!(1e300), MONEY),
        (
            "/pricing/overheadPercent",
            json!(100.01),
            "must be less than or equal to 100",
        ),
        ("/pricing/profitPercent", json!(-0.01), NOT_NEGATIVE),
        (
            "/pricing/profitPercent",
            json!(7.125),
            "numeric value out of bounds (<3 digits>.<2 digits> expected)",
        ),
    ])
    .await;
}

#[tokio::test]
async fn each_member_of_a_labor_line_has_its_rules() {
    let of_a_day = "numeric value out of bounds (<2 digits>.<2 digits> expected)";
    check(&[
        ("/labor/0/employeeNumber", long(256), TOO_LONG),
        ("/labor/0/employeeName", Value::Null, BLANK),
        ("/labor/0/employeeName", long(256), TOO_LONG),
        ("/labor/0/trade", Value::Null, BLANK),
        ("/labor/0/trade", long(256), TOO_LONG),
        ("/labor/0/tradeClass", json!(""), BLANK),
        ("/labor/0/tradeClass", long(256), TOO_LONG),
        ("/labor/0/workDate", Value::Null, NULL),
        (
            "/labor/0/regularHours",
            json!(24.01),
            "must be less than or equal to 24",
        ),
        ("/labor/0/regularHours", json!(0.125), of_a_day),
        ("/labor/0/overtimeHours", json!(-0.5), NOT_NEGATIVE),
        (
            "/labor/0/doubleTimeHours",
            json!(25),
            "must be less than or equal to 24",
        ),
        ("/labor/0/regularRate", json!(0.001), MONEY),
        ("/labor/0/overtimeRate", json!(1e12), MONEY),
        ("/labor/0/doubleTimeRate", json!(-1e12), MONEY),
    ])
    .await;
}

#[tokio::test]
async fn each_member_of_the_other_lines_has_its_rules() {
    check(&[
        ("/materials/0/itemCode", long(256), TOO_LONG),
        ("/materials/0/description", Value::Null, BLANK),
        ("/materials/0/description", long(256), TOO_LONG),
        ("/materials/0/quantity", Value::Null, NULL),
        ("/materials/0/quantity", json!(0.00001), QUANTITY),
        ("/materials/0/quantity", json!(100_000_000), QUANTITY),
        ("/materials/0/unitType", Value::Null, BLANK),
        ("/materials/0/pricingUnit", Value::Null, NULL),
        (
            "/materials/0/factor",
            json!(10_000),
            "numeric value out of bounds (<4 digits>.<4 digits> expected)",
        ),
        ("/materials/0/unitPrice", json!(48.755), MONEY),
        ("/equipment/0/itemCode", long(256), TOO_LONG),
        ("/equipment/0/description", json!(" "), BLANK),
        ("/equipment/0/quantity", Value::Null, NULL),
        ("/equipment/0/quantity", json!(1.00001), QUANTITY),
        ("/equipment/0/unitType", long(256), TOO_LONG),
        ("/equipment/0/rate", Value::Null, NULL),
        ("/equipment/0/rate", json!(0.001), MONEY),
        ("/additionalItems/0/category", Value::Null, BLANK),
        ("/additionalItems/0/itemNumber", long(256), TOO_LONG),
        ("/additionalItems/0/description", Value::Null, BLANK),
        ("/additionalItems/0/calc", Value::Null, NULL),
        ("/additionalItems/0/hoursPer", Value::Null, NULL),
        (
            "/additionalItems/0/hoursPer",
            json!(0),
            "must be greater than 0",
        ),
        (
            "/additionalItems/0/hoursPer",
            json!(-8),
            "must be greater than 0",
        ),
        ("/additionalItems/0/rate", Value::Null, NULL),
        ("/additionalItems/0/rate", json!(0.001), MONEY),
    ])
    .await;
}

#[tokio::test]
async fn a_signature_names_its_signer() {
    let docs = Sandbox::start("docs");
    for (signature, expected) in [
        (
            json!({}),
            vec![
                ("signature.signerName", BLANK),
                ("signature.signerEmail", BLANK),
            ],
        ),
        (
            json!({ "signerName": "x".repeat(256), "signerEmail": "nobody", "note": "x".repeat(256) }),
            vec![
                ("signature.signerName", TOO_LONG),
                ("signature.note", TOO_LONG),
                (
                    "signature.signerEmail",
                    "must be a well-formed email address",
                ),
            ],
        ),
    ] {
        let told = refused(&docs, &at("/signature", signature)).await;
        assert_eq!(broken(&told), expected);
    }
}

#[tokio::test]
async fn every_rule_that_is_broken_is_told_at_once() {
    let docs = Sandbox::start("docs");
    let body = json!({
        "projectId": 99, "romAmount": -0.001, "premiumTime": true,
        "labor": [
            fwo::labor(),
            { "regularHours": 0, "overtimeHours": 24.125, "workDate": "2026-05-14", "id": 7 },
        ],
        "materials": [{}], "equipment": [{}], "additionalItems": [{ "calc": "HOURS" }, { "calc": "AMOUNT" }],
    });
    let told = refused(&docs, &body).await;
    let fields: Vec<_> = broken(&told).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "projectId",
        "summary",
        "description",
        "romAmount",
        "romAmount",
        "labor[0].regularHours",
        "labor[1].id",
        "labor[1].employeeName",
        "labor[1].trade",
        "labor[1].tradeClass",
        "labor[1].overtimeHours",
        "labor[1].overtimeHours",
        "materials[0].quantity",
        "materials[0].pricingUnit",
        "materials[0].description",
        "materials[0].unitType",
        "equipment[0].quantity",
        "equipment[0].rate",
        "equipment[0].description",
        "equipment[0].unitType",
        "additionalItems[0].hoursPer",
        "additionalItems[0].rate",
        "additionalItems[0].category",
        "additionalItems[0].description",
        "additionalItems[1].quantity",
        "additionalItems[1].rate",
        "additionalItems[1].category",
        "additionalItems[1].description",
    ];
    assert_eq!(fields, expected);
    assert_eq!(told["message"], "Validation failed");
    let (_, rule) = broken(&told)[5];
    assert_eq!(rule, "must be 0 where premiumTime is set");
}

#[tokio::test]
async fn amounts_that_no_column_holds_are_refused() {
    let docs = Sandbox::start("docs");
    let dear = json!(999_999_999_999.99);
    let told = refused(&docs, &at("/labor/0/regularRate", dear.clone())).await;
    assert_eq!(broken(&told), [("labor[0].amount", MONEY)]);
    let mut body = fwo::least(1);
    let line = with(with(fwo::equipment(), "rate", dear), "quantity", json!(1));
    body["equipment"] = json!([line, line]);
    assert_eq!(broken(&refused(&docs, &body).await), [("amount", MONEY)]);
    body["equipment"] = json!([line]);
    assert_eq!(docs.write(ADMIN, Method::POST, "/fwo", &body).await.0, 200);
    // As many of the dearest lines as a body has room for.
    let line =
        json!({ "description": "x", "unitType": "x", "quantity": 1, "rate": 999_999_999_999_i64 });
    body["equipment"] = std::iter::repeat_n(line, 15_000).collect();
    body["pricing"] = json!({ "overheadPercent": 100, "profitPercent": 100 });
    assert_eq!(broken(&refused(&docs, &body).await), [("amount", MONEY)]);
    // As large as digits allow, in every factor at once.
    let line = json!({
        "description": "x", "unitType": "x", "pricingUnit": "E", "quantity": 99999999.9999, "factor": 9999.9999,
        "unitPrice": 999_999_999_999.99,
    });
    let told = refused(&docs, &with(fwo::least(1), "materials", json!([line]))).await;
    assert_eq!(broken(&told), [("materials[0].amount", MONEY)]);
}

#[tokio::test]
async fn numbers_are_taken_by_their_value_whatever_their_spelling() {
    let docs = Sandbox::start("docs");
    let token = docs.login(ADMIN).await;
    for spelling in ["7.5", "7.50", "7.500000", "75e-1", "0.75E+1", "750E-2"] {
        let body = format!(
            r#"{{"projectId":1,"summary":"s","description":"d","romAmount":{spelling},
               "pricing":{{"profitPercent":{spelling}}}}}"#
        );
        let request = docs.request(Method::POST, "/fwo").bearer_auth(&token);
        let answer = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        let text = answer.text().await.unwrap();
        assert!(
            text.contains(r#""romAmount":7.50"#) && text.contains(r#""profitPercent":7.50"#),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_has_the_wrong_type_is_400_and_does_nothing() {
    let docs = Sandbox::start("docs");
    for (pointer, value) in [
        ("/projectId", json!("one")),
        ("/projectId", json!(1.5)),
        ("/summary", json!(1)),
        ("/type", json!("field_work")),
        ("/status", json!("DONE")),
        ("/premiumTime", json!("no")),
        ("/romAmount", json!("100.00")),
        ("/romAmount", json!([])),
        ("/categories", json!("Owner Change")),
        ("/categories/0", json!(1)),
        ("/labor", json!({})),
        ("/labor/0", json!(null)),
        ("/labor/0", json!("Ann")),
        ("/labor/0/workDate", json!("14.05.2026")),
        ("/labor/0/regularHours", json!("8")),
        ("/labor/0/regularHours", json!(true)),
        ("/materials/0/pricingUnit", json!("EACH")),
        ("/materials/0/quantity", json!({})),
        ("/additionalItems/0/calc", json!("hours")),
        ("/pricing", json!(10)),
        (
            "/signature",
            json!({ "signerName": "a", "signerEmail": "a@b", "signedDate": "today" }),
        ),
    ] {
        let mut body = fwo::full(1);
        match body.pointer_mut(pointer) {
            Some(member) => *member = value.clone(),
            None => body[&pointer[1..]] = value.clone(),
        }
        let told = refused(&docs, &body).await;
        let message = told["message"].as_str().unwrap();
        assert!(
            message.starts_with("JSON parse error"),
            "{pointer} {value}: {told}"
        );
    }
    assert_eq!(docs.json(ADMIN, "/fwo").await["totalElements"], 4);
}
