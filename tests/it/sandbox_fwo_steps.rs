//! The steps of an FWO in the sandbox: contract 3.4, written down here once more and compared move by move.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::bench::Bench;
use crate::support::bench::STEPS;
use crate::support::bench::moved;
use crate::support::fwo;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

/// Rows leave, columns are entered, both in the order of `STEPS`. `x` any type, `f` field work, `s` service work.
const MOVES: [&str; 10] = [
    //E S C P W X R O I $
    ". x . x . . . . . .", // ENTRY
    "x . x x . . . . . .", // PENDING_SIGNATURE
    "x x . . . . . . . .", // PENDING_CHANGES
    "x . . . x . . . s .", // PRICING
    ". . . x . f . . s .", // WAITING_FOR_APPROVAL
    ". . . f . . f f . .", // EXECUTED
    ". . . f f . . . . .", // GC_REWORK
    ". . . . . f . . . .", // CHANGE_ORDER_ISSUED
    ". . . s . . . . . s", // INVOICE_ISSUED
    ". . . . . . . . . .", // INVOICE_PAID
];

fn is_legal(r#type: &str, from: usize, to: usize) -> bool {
    match MOVES[from].split(' ').nth(to).unwrap() {
        "x" => true,
        "f" => r#type == "FIELD_WORK",
        "s" => r#type == "SERVICE_WORK",
        _ => from == to,
    }
}

#[tokio::test]
async fn every_move_of_every_type_is_as_the_table_says() {
    let bench = Bench::new().await;
    let mut legal = 0;
    for r#type in ["FIELD_WORK", "SERVICE_WORK", "TRACKING_ONLY"] {
        for (from, step) in STEPS.iter().enumerate() {
            for (to, next) in STEPS.iter().enumerate() {
                let before = bench.put_into(r#type, step).await;
                let body = if from == to {
                    before.clone()
                } else {
                    moved(before, next)
                };
                let (status, told) = bench.send(ADMIN, &body).await;
                let expected = if is_legal(r#type, from, to) { 200 } else { 409 };
                assert_eq!(status, expected, "{type}: {step} -> {next}: {told}");
                let now = bench.read().await;
                let reached = if expected == 200 { next } else { step };
                assert_eq!(now["status"], **reached);
                if expected == 409 {
                    assert_eq!(
                        told["message"],
                        format!("A {type} FWO in {step} cannot move to {next}")
                    );
                }
                legal += usize::from(from != to && expected == 200);
            }
        }
    }
    // Ten of all three types, seven of field work, four of service work.
    assert_eq!(legal, 3 * 10 + 7 + 4);
}

/// One change of each group of members, and the steps in which it is allowed.
const EDITABLE: &[(&str, &[&str])] = &[
    ("type", &["ENTRY"]),
    ("summary", BEFORE_SENT),
    ("description", BEFORE_SENT),
    ("categories", BEFORE_SENT),
    ("referenceNumber", BEFORE_SENT),
    ("gcReference", BEFORE_SENT),
    ("gcDocumentReference", BEFORE_SENT),
    ("gcDocumentReferenceType", BEFORE_SENT),
    ("romAmount", BEFORE_SENT),
    ("groupName", BEFORE_SENT),
    ("premiumTime", &["ENTRY", "PENDING_CHANGES", "PRICING"]),
    ("labor", &["ENTRY", "PENDING_CHANGES", "PRICING"]),
    ("materials", &["ENTRY", "PENDING_CHANGES", "PRICING"]),
    ("equipment", &["ENTRY", "PENDING_CHANGES", "PRICING"]),
    ("additionalItems", &["ENTRY", "PENDING_CHANGES", "PRICING"]),
    ("pricing.overheadPercent", &["PRICING", "GC_REWORK"]),
    ("pricing.profitPercent", &["PRICING", "GC_REWORK"]),
    ("signature", &["PENDING_SIGNATURE"]),
    ("changeOrderNumber", &[]),
    ("invoiceNumber", &[]),
];

const BEFORE_SENT: &[&str] = &[
    "ENTRY",
    "PENDING_SIGNATURE",
    "PENDING_CHANGES",
    "PRICING",
    "WAITING_FOR_APPROVAL",
    "GC_REWORK",
];

fn edited(mut fwo: Value, member: &str) -> Value {
    match member {
        "type" => fwo["type"] = json!("SERVICE_WORK"),
        "categories" => fwo["categories"] = json!([]),
        "romAmount" => fwo["romAmount"] = json!(1500.01),
        "premiumTime" => {
            fwo["premiumTime"] = json!(true);
            fwo["labor"][0]["regularHours"] = json!(0);
        }
        "labor" => fwo["labor"][0]["overtimeRate"] = json!(107.26),
        "materials" => fwo["materials"] = json!([]),
        "equipment" => fwo["equipment"][0]["id"] = json!(0),
        "additionalItems" => fwo["additionalItems"][0]["rate"] = json!(104.51),
        "pricing.overheadPercent" => fwo["pricing"]["overheadPercent"] = json!(10.01),
        "pricing.profitPercent" => fwo["pricing"]["profitPercent"] = json!(0),
        "signature" => fwo["signature"]["note"] = json!("seen"),
        text => fwo[text] = json!("something else"),
    }
    fwo
}

#[tokio::test]
async fn a_member_changes_in_its_steps_and_is_locked_in_the_others() {
    let mut bench = Bench::new().await;
    for step in STEPS {
        for (member, steps) in EDITABLE {
            let r#type = "FIELD_WORK";
            let before = bench.put_into(r#type, step).await;
            let body = edited(before.clone(), member);
            assert_ne!(body, before);
            if steps.contains(&step) {
                let (status, told) = bench.send(ADMIN, &body).await;
                assert_eq!(status, 200, "{member} in {step}: {told}");
                bench.renew().await;
                continue;
            }
            let reason = bench.conflict(&body).await;
            let all = if *member == "premiumTime" {
                "premiumTime, labor, additionalItems"
            } else {
                member
            };
            assert_eq!(reason, format!("{all} cannot be changed in {step}"));
        }
    }
}

#[tokio::test]
async fn all_locked_members_are_named_and_the_step_before_the_move_decides() {
    let bench = Bench::new().await;
    let executed = bench.put_into("FIELD_WORK", "EXECUTED").await;
    let body = edited(
        edited(edited(executed, "summary"), "equipment"),
        "pricing.profitPercent",
    );
    let told = "summary, equipment, pricing.profitPercent cannot be changed in EXECUTED";
    assert_eq!(bench.conflict(&body).await, told);
    assert_eq!(bench.conflict(&moved(body, "PRICING")).await, told);
    let pricing = bench.put_into("FIELD_WORK", "PRICING").await;
    let now = bench
        .accepted(&moved(edited(pricing, "equipment"), "WAITING_FOR_APPROVAL"))
        .await;
    assert_eq!(now["status"], "WAITING_FOR_APPROVAL");
}

#[tokio::test]
async fn a_locked_member_may_be_sent_as_it_is_however_it_is_spelled() {
    let bench = Bench::new().await;
    bench.put_into("FIELD_WORK", "CHANGE_ORDER_ISSUED").await;
    let path = bench.path();
    let text = bench.sandbox.text(ADMIN, &path).await;
    let spelled = text
        .replace("\"overheadPercent\":10.00", "\"overheadPercent\":1e1")
        .replace("\"romAmount\":1500.00", "\"romAmount\":1500")
        .replace("\"regularHours\":8.00", "\"regularHours\":8.00000")
        .replace("1970-01-01T00:00:00.000+00:00", "1969-12-31T19:00:00-05:00");
    assert_eq!(
        spelled.matches("1e1,").count()
            + spelled.matches("1500,").count()
            + spelled.matches("19:00:00-05:00").count()
            + spelled.matches("8.00000").count(),
        4
    );
    let token = bench.sandbox.login(ADMIN).await;
    let request = bench.sandbox.request(Method::PUT, &path).bearer_auth(token);
    let request = request
        .header("content-type", "application/json")
        .body(spelled);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let before = with(
        serde_json::from_str(&text).unwrap(),
        "updatedDate",
        Value::Null,
    );
    assert_eq!(with(bench.read().await, "updatedDate", Value::Null), before);
}

#[tokio::test]
async fn pricing_needs_a_signature_after_pending_signature() {
    let bench = Bench::new().await;
    let signature = json!({ "signerName": "Gil C", "signerEmail": "gil@gc.example" });
    let unsigned = bench.unsigned("FIELD_WORK", "PENDING_SIGNATURE").await;
    let told = bench.conflict(&moved(unsigned.clone(), "PRICING")).await;
    assert_eq!(told, "PRICING needs a signature after PENDING_SIGNATURE");
    let now = bench
        .accepted(&moved(
            with(unsigned, "signature", signature.clone()),
            "PRICING",
        ))
        .await;
    assert_eq!(
        (&now["status"], &now["signature"]["signerName"]),
        (&json!("PRICING"), &json!("Gil C"))
    );
    // Dated by the server, at the time of the move.
    assert_eq!(now["signature"]["signedDate"], now["updatedDate"]);

    let unsigned = bench.unsigned("FIELD_WORK", "PENDING_SIGNATURE").await;
    let signed = bench
        .accepted(&with(unsigned, "signature", signature))
        .await;
    assert_eq!(signed["status"], "PENDING_SIGNATURE");
    let now = bench.accepted(&moved(signed.clone(), "PRICING")).await;
    assert_eq!(now["signature"], signed["signature"], "already there");
    let mut undated = now.clone();
    undated["signature"] = with(now["signature"].clone(), "signedDate", Value::Null);
    assert_eq!(
        bench.accepted(&undated).await["signature"],
        now["signature"],
        "the same signature keeps its date"
    );
    let unsigned = with(now, "signature", Value::Null);
    assert_eq!(
        bench.conflict(&unsigned).await,
        "signature cannot be changed in PRICING"
    );
}

#[tokio::test]
async fn a_signature_is_cleared_when_the_work_goes_back_to_the_field() {
    let bench = Bench::new().await;
    for (from, to) in [
        ("PRICING", "ENTRY"),
        ("PENDING_SIGNATURE", "ENTRY"),
        ("PENDING_SIGNATURE", "PENDING_CHANGES"),
    ] {
        let signed = bench.put_into("FIELD_WORK", from).await;
        assert!(signed["signature"].is_object());
        let now = bench.accepted(&moved(signed, to)).await;
        assert_eq!((&now["status"], now.get("signature")), (&json!(to), None));
    }
    let signature = json!({ "signerName": "Gil C", "signerEmail": "gil@gc.example" });
    let entry = bench.unsigned("FIELD_WORK", "ENTRY").await;
    let signed = with(entry, "signature", signature);
    assert_eq!(
        bench.conflict(&signed).await,
        "signature cannot be changed in ENTRY"
    );
    let now = bench.accepted(&moved(signed, "PRICING")).await;
    assert!(now["signature"].is_object(), "signed in person");
}

#[tokio::test]
async fn change_orders_and_invoices_are_numbered_with_their_moves() {
    let bench = Bench::new().await;
    let executed = bench.put_into("FIELD_WORK", "EXECUTED").await;
    let unnumbered = with(executed.clone(), "status", json!("CHANGE_ORDER_ISSUED"));
    for number in [Value::Null, json!(""), json!(" ")] {
        let body = with(unnumbered.clone(), "changeOrderNumber", number);
        assert_eq!(
            bench.conflict(&body).await,
            "CHANGE_ORDER_ISSUED needs a changeOrderNumber"
        );
    }
    let issued = bench
        .accepted(&moved(executed, "CHANGE_ORDER_ISSUED"))
        .await;
    assert_eq!(issued["changeOrderNumber"], "CO-7");
    let reset = bench
        .accepted(&with(issued, "status", json!("EXECUTED")))
        .await;
    assert_eq!(reset["changeOrderNumber"], "CO-7");
    let again = with(
        with(reset, "status", json!("CHANGE_ORDER_ISSUED")),
        "changeOrderNumber",
        json!("CO-8"),
    );
    assert_eq!(bench.accepted(&again).await["changeOrderNumber"], "CO-8");

    for from in ["PRICING", "WAITING_FOR_APPROVAL"] {
        let priced = bench.put_into("SERVICE_WORK", from).await;
        let numbered = with(priced, "invoiceNumber", json!("INV-1"));
        assert_eq!(
            bench.conflict(&numbered).await,
            format!("invoiceNumber cannot be changed in {from}")
        );
        let issued = bench.accepted(&moved(numbered, "INVOICE_ISSUED")).await;
        assert_eq!(issued["invoiceNumber"], "INV-1");
        assert_eq!(
            bench.accepted(&moved(issued, "INVOICE_PAID")).await["invoiceNumber"],
            "INV-1"
        );
    }
}

#[tokio::test]
async fn a_new_fwo_has_nothing_that_comes_with_a_later_step() {
    let docs = Sandbox::start("docs");
    for (member, value) in [
        (
            "signature",
            json!({ "signerName": "Gil C", "signerEmail": "gil@gc.example" }),
        ),
        ("changeOrderNumber", json!("CO-1")),
        ("invoiceNumber", json!("INV-1")),
    ] {
        let body = with(fwo::least(1), member, value);
        let (status, told) = docs.write(ADMIN, Method::POST, "/fwo", &body).await;
        let expected = format!("{member} cannot be changed in ENTRY");
        assert_eq!((status, &told["message"]), (409, &json!(expected)));
    }
    let (_, next) = docs
        .write(ADMIN, Method::POST, "/fwo", &fwo::least(1))
        .await;
    assert_eq!(next["number"], "000005", "what was refused took no number");
}
