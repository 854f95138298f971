//! Personalities of customers and FWOs, on the wire, and sent back.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::personality::CUSTOMER_4;
use crate::support::personality::NEW_CUSTOMER;
use crate::support::personality::alone;
use crate::support::personality::ordinary;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

/// The order without personalities, with some of its text replaced, is what the sandbox shows: alone and, where the text
/// is part of lists, in a list.
async fn check(sandbox: &Sandbox, path: &str, replaced: &[(&str, &str)]) {
    let mut expected = ordinary().read(path).await.body;
    for (ours, theirs) in replaced {
        assert!(expected.contains(ours), "no {ours} in {expected}");
        expected = expected.replace(ours, theirs);
    }
    assert_eq!(sandbox.read(path).await.body, expected);
}

#[tokio::test]
async fn members_of_an_fwo_can_have_other_names() {
    let sandbox = alone("fwo-renamed");
    for path in ["/fwo/2", "/fwo?search=000002"] {
        let replaced = [
            (r#""number":"000002""#, r#""fwoNumber":"000002""#),
            (r#""status":"EXECUTED""#, r#""step":"EXECUTED""#),
            (r#""type":"FIELD_WORK""#, r#""ticketType":"FIELD_WORK""#),
        ];
        check(&sandbox, path, &replaced).await;
    }
    check(&sandbox, "/customer/3", &[]).await;
    check(&sandbox, "/project/1", &[]).await;
}

#[tokio::test]
async fn the_project_and_the_customer_can_stand_within_an_fwo() {
    let sandbox = alone("fwo-nested");
    let fwo = sandbox.json(ADMIN, "/fwo/2").await;
    let project = json!({"id": 1, "number": "24-0137", "name": "Clinic Wing B"});
    let customer = json!({"id": 3, "name": "USA General Contractors, Inc."});
    assert_eq!((&fwo["project"], &fwo["customer"]), (&project, &customer));
    for outside in [
        "projectId",
        "projectNumber",
        "projectName",
        "customerId",
        "customerName",
    ] {
        assert_eq!(fwo.get(outside), None);
    }
    let page = sandbox.json(ADMIN, "/fwo").await;
    assert_eq!(page["content"][3]["project"], project);
}

#[tokio::test]
async fn totals_of_an_fwo_can_stand_elsewhere() {
    let sandbox = alone("fwo-totals");
    let body = sandbox.read("/fwo/2").await.body;
    assert!(
        body.ends_with(r#","totals":{"amount":20045.28,"laborHours":111.00}}"#),
        "{body}"
    );
    let page = sandbox.json(ADMIN, "/fwo").await;
    assert_eq!(page["content"][1].get("amount"), None);
}

#[tokio::test]
async fn members_nobody_models_are_kept_as_sent_and_wiped_when_left_out() {
    let sandbox = alone("extra-members");
    let extras = concat!(
        r#","externalId":"ERP-00042","taxRate":7.2500,"creditLimit":2.50E+4,"ledgerKey":12345678901234567890123,"#,
        r#""score":-0.0,"remark":"\u00e9tage 2\n\"B\"","tags":["a",[],{}],"#,
        r#""preferences":{"emailCopies":true,"quietFrom":null},"archivedBy":null,"taxExempt":false,"version":7,"#,
        r#""x-region.code":"US-OH"}"#
    );
    let before = sandbox.read("/customer/3").await.body;
    assert_eq!(
        before,
        ordinary()
            .read("/customer/3")
            .await
            .body
            .trim_end_matches('}')
            .to_owned()
            + extras
    );
    assert!(sandbox.read("/fwo?size=1").await.body.contains(extras));

    let sent = before
        .replace("San Francisco", "Dayton")
        .replace("7.2500", "8.10");
    assert_eq!(
        sandbox.call(Method::PUT, "/customer/3", &sent).await.told(),
        (200, sent.as_str())
    );
    assert_eq!(sandbox.read("/customer/3").await.body, sent);
    let without = ordinary().read("/customer/3").await.body;
    assert_eq!(
        sandbox
            .call(Method::PUT, "/customer/3", &without)
            .await
            .told(),
        (200, without.as_str())
    );
    assert_eq!(sandbox.read("/customer/3").await.body, without);
    assert!(
        sandbox.read("/customer/2").await.body.ends_with(extras),
        "only its own"
    );
    assert_eq!(
        sandbox
            .call(Method::POST, "/customer", NEW_CUSTOMER)
            .await
            .body,
        CUSTOMER_4
    );
}

#[tokio::test]
async fn absent_members_can_be_null() {
    let sandbox = alone("explicit-nulls");
    let address = (
        r#""address1":"123 America Street","#,
        r#""address1":"123 America Street","address2":null,"#,
    );
    check(&sandbox, "/customer/3", &[address]).await;
    check(&sandbox, "/customer?number=200-000", &[address]).await;
    let fwo = sandbox.json(ADMIN, "/fwo/4").await;
    for member in [
        "changeOrderNumber",
        "invoiceNumber",
        "signature",
        "authorizationId",
        "groupName",
    ] {
        assert_eq!(fwo.get(member), Some(&Value::Null), "{member}");
    }
    assert_eq!(
        sandbox.json(ADMIN, "/fwo/2").await["signature"].get("note"),
        Some(&Value::Null)
    );
    let shown = sandbox.read("/customer/3").await.body;
    assert_eq!(
        sandbox.call(Method::PUT, "/customer", &shown).await.told(),
        (200, shown.as_str())
    );
}

#[tokio::test]
async fn ids_can_be_text() {
    let sandbox = alone("string-ids");
    check(&sandbox, "/customer/3", &[(r#""id":3"#, r#""id":"3""#)]).await;
    let fwo = sandbox.read("/fwo/2").await.body;
    for text in [
        r#"{"id":"2","#,
        r#""projectId":"1""#,
        r#""customerId":"3""#,
        r#""labor":[{"id":"1""#,
    ] {
        assert!(fwo.contains(text), "no {text} in {fwo}");
    }
    let shown = sandbox.read("/customer/3").await.body;
    assert_eq!(
        sandbox.call(Method::PUT, "/customer", &shown).await.told(),
        (200, shown.as_str())
    );
    let page = sandbox.json(ADMIN, "/fwo").await;
    assert_eq!(
        (&page["content"][0]["id"], &page["totalElements"]),
        (&json!("1"), &json!(4))
    );
}

#[tokio::test]
async fn statuses_can_be_words_that_nobody_knows() {
    let sandbox = alone("unknown-status");
    check(&sandbox, "/fwo/2", &[("EXECUTED", "OWNER_REVIEW")]).await;
    check(&sandbox, "/fwo/3", &[]).await;
    let page = sandbox.json(ADMIN, "/fwo?status=OWNER_REVIEW").await;
    assert_eq!(
        (&page["totalElements"], &page["content"][0]["id"]),
        (&json!(1), &json!(2))
    );

    let archived = ordinary()
        .read("/customer/3")
        .await
        .body
        .replace("ACTIVE", "ARCHIVED");
    for _ in 0..2 {
        let answer = sandbox.call(Method::PUT, "/customer/3", &archived).await;
        assert_eq!(answer.told(), (200, archived.as_str()));
    }
    assert_eq!(
        sandbox.json(ADMIN, "/customer?status=ARCHIVED").await["totalElements"],
        1
    );
}

#[tokio::test]
async fn words_can_have_spaces() {
    let sandbox = alone("spaced-words");
    let replaced = [
        ("CHANGE_ORDER_ISSUED", "Change Order Issued"),
        ("FIELD_WORK", "Field Work"),
    ];
    check(&sandbox, "/fwo/1", &replaced).await;
    let page = sandbox
        .json(ADMIN, "/fwo?status=Change%20Order%20Issued,Entry&sort=id")
        .await;
    assert_eq!(
        (&page["content"][0]["id"], &page["content"][1]["id"]),
        (&json!(1), &json!(4))
    );
    let shown = sandbox.read("/customer/3").await.body;
    assert!(shown.ends_with(r#""status":"Active"}"#), "{shown}");
    let inactive = shown.replace("Active", "Inactive");
    assert_eq!(
        sandbox
            .call(Method::PUT, "/customer/3", &inactive)
            .await
            .told(),
        (200, inactive.as_str())
    );
}

/// Some decimals of an order and of its lines.
const DECIMALS: [&str; 4] = [
    r#""amount":20045.28"#,
    r#""equipmentTotal":0.00"#,
    r#""unitPrice":3.79"#,
    r#""laborHours":111.00"#,
];

/// The decimals above show so, and money in lists does as well.
async fn check_decimals(sandbox: Sandbox, theirs: [&str; 4]) {
    let ordinary = ordinary().read("/fwo/2").await.body;
    let fwo = sandbox.read("/fwo/2").await.body;
    let listed = sandbox.read("/fwo?search=000002").await.body;
    for (ours, theirs) in DECIMALS.iter().zip(theirs) {
        assert!(ordinary.contains(ours), "no {ours} in {ordinary}");
        let (name, value) = theirs.split_once('=').unwrap();
        let theirs = format!("\"{name}\":{value}");
        assert!(fwo.contains(&theirs), "no {theirs} in {fwo}");
        if ["amount", "laborHours"].contains(&name) {
            assert!(listed.contains(&theirs), "no {theirs} in {listed}");
        }
    }
}

#[tokio::test]
async fn decimals_can_be_spelt_otherwise() {
    let text = [
        "amount=\"20045.28\"",
        "equipmentTotal=\"0.00\"",
        "unitPrice=\"3.79\"",
        "laborHours=\"111.00\"",
    ];
    check_decimals(alone("decimal-text"), text).await;
    let exponents = [
        "amount=2.004528E4",
        "equipmentTotal=0E-2",
        "unitPrice=3.79E0",
        "laborHours=1.1100E2",
    ];
    check_decimals(alone("decimal-exponents"), exponents).await;
    let doubles = [
        "amount=20045.280000000002",
        "equipmentTotal=0.0",
        "unitPrice=3.7900000000000005",
        "laborHours=111.00000000000001",
    ];
    check_decimals(alone("decimal-doubles"), doubles).await;
    let cents = [
        "amount=2004528",
        "equipmentTotal=0",
        "unitPrice=379",
        "laborHours=111.00",
    ];
    check_decimals(alone("money-cents"), cents).await;
}

#[tokio::test]
async fn dates_can_be_spelt_otherwise() {
    // An instant and a day of the order, first as ever.
    let fwo = ordinary().json(ADMIN, "/fwo/2").await;
    let (instant, day) = (&fwo["createdDate"], &fwo["labor"][0]["workDate"]);
    assert_eq!(
        (instant, day),
        (
            &json!("2025-03-20T11:51:31.745+00:00"),
            &json!("2025-03-20")
        )
    );
    check_dates(
        alone("date-millis"),
        json!(1742471491745_i64),
        json!(1742428800000_i64),
    )
    .await;
    check_dates(
        alone("date-no-zone"),
        json!("2025-03-20T11:51:31.745"),
        json!("2025-03-20"),
    )
    .await;
    check_dates(
        alone("date-offset"),
        json!("2025-03-20T11:51:31.745+0000"),
        json!("2025-03-20"),
    )
    .await;
    let array = json!([2025, 3, 20, 11, 51, 31, 745_000_000]);
    check_dates(alone("date-arrays"), array, json!([2025, 3, 20])).await;
    check_dates(
        alone("date-month-first"),
        json!("03/20/2025 11:51:31"),
        json!("03/20/2025"),
    )
    .await;
}

async fn check_dates(sandbox: Sandbox, instant: Value, day: Value) {
    let fwo = sandbox.json(ADMIN, "/fwo/2").await;
    assert_eq!(
        (&fwo["createdDate"], &fwo["labor"][0]["workDate"]),
        (&instant, &day)
    );
    assert_ne!(
        fwo["signature"]["signedDate"],
        ordinary().json(ADMIN, "/fwo/2").await["signature"]["signedDate"]
    );
    let page = sandbox.json(ADMIN, "/fwo").await;
    assert_eq!(page["content"][1]["createdDate"], instant);
}
