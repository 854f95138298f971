//! What the writes of field work orders over gRPC send upstream, to the letter.

use std::sync::Arc;
use std::sync::Mutex;

use peerassist_gateway::grpc::v1;
use prost_types::Timestamp;
use tonic::Code;
use tonic::Status;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::fields;
use crate::support::grpc::mask;
use crate::support::stub::Answer;

/// An order with members that nobody modelled, in its lines, too.
const FWO: &str = r#"{"id":9,"number":"000009","projectId":1,"type":"FIELD_WORK","status":"ENTRY","summary":"Patch","description":"Patch it","categories":["A"],"romAmount":1E2,"amount":0.10,"weather":{"rain":true},"labor":[{"id":1,"employeeName":"Ann","badge":"B7","regularHours":8.0,"amount":1E2},{"id":2,"employeeName":"Bo","trade":"Drywall"}],"pricing":{"total":0.10,"tax":{"rate":7.250},"overheadPercent":10},"signature":null,"version":18}"#;

/// A door before an upstream that holds this order, and what it holds.
async fn door() -> (Door, Arc<Mutex<String>>) {
    let held = Arc::new(Mutex::new(FWO.to_owned()));
    let text = held.clone();
    let door = Door::open(move |asked| {
        let mut text = text.lock().unwrap();
        if asked.method != "GET" {
            asked.body.clone_into(&mut text);
        }
        // The answer to a create has an id, which what was sent has not.
        let id = if asked.method == "POST" {
            r#""id":10,"#
        } else {
            ""
        };
        Answer::text(&text.replacen('{', &format!("{{{id}"), 1))
    })
    .await;
    (door, held)
}

async fn update(door: &Door, fwo: v1::Fwo, paths: &[&str]) -> Result<v1::Fwo, Status> {
    let request = v1::UpdateFwoRequest {
        fwo: Some(v1::Fwo {
            id: 9,
            etag: "".into(),
            ..fwo
        }),
        update_mask: mask(paths),
    };
    let changed = door.fwos().update_fwo(asked(request)).await;
    changed.map(tonic::Response::into_inner)
}

/// The order with this detail and nothing else.
fn detailed(detail: v1::FwoDetail) -> v1::Fwo {
    v1::Fwo {
        detail: Some(detail),
        ..v1::Fwo::default()
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

/// An order whose every member that can be written is there.
fn whole() -> v1::Fwo {
    let labor = v1::LaborLine {
        employee_number: text("E1"),
        employee_name: text("Ann"),
        trade: text("Drywall"),
        trade_class: text("Foreman"),
        work_date: text("2024-05-14"),
        regular_hours: text("7.50"),
        overtime_hours: text("0"),
        double_time_hours: text("1"),
        regular_rate: text("88.00"),
        overtime_rate: text("132"),
        double_time_rate: text("1.76E2"),
        amount: text("999"),
        ..v1::LaborLine::default()
    };
    let materials = v1::MaterialLine {
        item_code: text("S1"),
        description: text("Screws"),
        quantity: text("250"),
        unit_type: text("EA"),
        pricing_unit: v1::PricingUnit::C.into(),
        raw_pricing_unit: text("M"),
        factor: text("1.1"),
        unit_price: text("4.05"),
        amount: text("999"),
        ..v1::MaterialLine::default()
    };
    let equipment = v1::EquipmentLine {
        item_code: text("L1"),
        description: text("Lift"),
        quantity: text("2"),
        unit_type: text("Days"),
        rate: text("150"),
        amount: text("999"),
        ..v1::EquipmentLine::default()
    };
    let additional = v1::AdditionalItem {
        category: text("Supervision"),
        item_number: text("1"),
        description: text("Foreman"),
        calc: v1::Calc::Hours.into(),
        raw_calc: text("AMOUNT"),
        hours_per: text("8"),
        quantity: text("1"),
        rate: text("90"),
        amount: text("999"),
        ..v1::AdditionalItem::default()
    };
    let pricing = v1::Pricing {
        overhead_percent: text("10"),
        profit_percent: text("7.5"),
        total: text("999"),
        ..v1::Pricing::default()
    };
    let signature = v1::Signature {
        signer_name: text("Gus \"GC\" Ø"),
        signer_email: text("gus@gc.example"),
        note: text(""),
        signed_date: Some(Timestamp {
            seconds: 1_715_706_191,
            nanos: 482_000_000,
        }),
    };
    v1::Fwo {
        id: 77,
        number: text("999"),
        project_id: Some(1),
        customer_id: Some(3),
        r#type: v1::FwoType::ServiceWork.into(),
        raw_type: text("FIELD_WORK"),
        status: v1::FwoStatus::Pricing.into(),
        summary: text("Patch"),
        categories: vec!["A".into(), "".into()],
        reference_number: text("R-1"),
        gc_reference: text("PCO-041"),
        premium_time: Some(false),
        rom_amount: text("1500.50"),
        amount: text("999"),
        labor_hours: text("999"),
        group_name: text("COR 012"),
        change_order_number: text("CO-1"),
        invoice_number: text("I-1"),
        created_by: text("x"),
        created_date: Some(Timestamp::default()),
        etag: "not looked at in a create".into(),
        detail: Some(v1::FwoDetail {
            description: text("Patch it"),
            gc_document_reference: text("D-1"),
            gc_document_reference_type: text("RFI"),
            labor: vec![labor, v1::LaborLine::default()],
            materials: vec![materials],
            equipment: vec![equipment],
            additional_items: vec![additional],
            pricing: Some(pricing),
            signature: Some(signature),
            authorization_id: Some(5),
        }),
        ..v1::Fwo::default()
    }
}

#[tokio::test]
async fn a_create_sends_every_member_that_can_be_written_and_no_other() {
    let (door, held) = door().await;
    let request = v1::CreateFwoRequest {
        fwo: Some(whole()),
        request_id: "".into(),
    };
    let made = door.fwos().create_fwo(asked(request)).await.unwrap();
    assert_eq!(made.into_inner().id, 10);
    let sent = r#"{"projectId":1,"type":"SERVICE_WORK","status":"PRICING","summary":"Patch","description":"Patch it","categories":["A",""],"referenceNumber":"R-1","gcReference":"PCO-041","gcDocumentReference":"D-1","gcDocumentReferenceType":"RFI","premiumTime":false,"romAmount":1500.50,"labor":[{"employeeNumber":"E1","employeeName":"Ann","trade":"Drywall","tradeClass":"Foreman","workDate":"2024-05-14","regularHours":7.50,"overtimeHours":0,"doubleTimeHours":1,"regularRate":88.00,"overtimeRate":132,"doubleTimeRate":176},{}],"materials":[{"itemCode":"S1","description":"Screws","quantity":250,"unitType":"EA","pricingUnit":"C","factor":1.1,"unitPrice":4.05}],"equipment":[{"itemCode":"L1","description":"Lift","quantity":2,"unitType":"Days","rate":150}],"additionalItems":[{"category":"Supervision","itemNumber":"1","description":"Foreman","calc":"HOURS","hoursPer":8,"quantity":1,"rate":90}],"pricing":{"overheadPercent":10,"profitPercent":7.5},"groupName":"COR 012","changeOrderNumber":"CO-1","invoiceNumber":"I-1","signature":{"signerName":"Gus \"GC\" Ø","signerEmail":"gus@gc.example","note":"","signedDate":"2024-05-14T17:03:11.482+00:00"}}"#;
    assert_eq!(*held.lock().unwrap(), sent);
}

/// An update: the order, the mask, and what is replaced upstream by what.
type Case = (
    v1::Fwo,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

fn cases() -> Vec<Case> {
    let percent = v1::Pricing {
        profit_percent: text("5"),
        ..v1::Pricing::default()
    };
    let priced = || {
        detailed(v1::FwoDetail {
            pricing: Some(percent.clone()),
            ..v1::FwoDetail::default()
        })
    };
    let named = v1::Fwo {
        summary: text("Paint"),
        rom_amount: text("no number, but nobody asks"),
        ..v1::Fwo::default()
    };
    let moved = v1::Fwo {
        status: v1::FwoStatus::Pricing.into(),
        ..detailed(v1::FwoDetail {
            signature: Some(v1::Signature {
                signer_name: text("Gus"),
                ..v1::Signature::default()
            }),
            ..v1::FwoDetail::default()
        })
    };
    vec![
        (named, &["summary"], &[(r#""Patch""#, r#""Paint""#)]),
        (
            v1::Fwo::default(),
            &["rom_amount"],
            &[("1E2,\"amount\"", "null,\"amount\"")],
        ),
        (v1::Fwo::default(), &["categories"], &[(r#"["A"]"#, "[]")]),
        // What is cleared and was not there is not sent.
        (
            v1::Fwo::default(),
            &["group_name", "detail.materials"],
            &[("\"version\":18", "\"version\":18,\"materials\":[]")],
        ),
        // Output only: nobody writes it.
        (
            whole(),
            &[
                "id",
                "number",
                "amount",
                "raw_status",
                "detail.pricing.total",
                "detail.authorization_id",
            ],
            &[],
        ),
        // One percentage by its name, and both by that of what they are in.
        (
            priced(),
            &["detail.pricing.profit_percent"],
            &[(
                "\"overheadPercent\":10",
                "\"overheadPercent\":10,\"profitPercent\":5",
            )],
        ),
        (
            priced(),
            &["detail.pricing"],
            &[(
                "\"overheadPercent\":10",
                "\"overheadPercent\":null,\"profitPercent\":5",
            )],
        ),
        // A step, with what it needs.
        (
            moved.clone(),
            &["status", "detail.signature"],
            &[
                (r#""status":"ENTRY""#, r#""status":"PRICING""#),
                (r#""signature":null"#, r#""signature":{"signerName":"Gus"}"#),
            ],
        ),
        (
            moved.clone(),
            &["detail.signature.signer_name"],
            &[(r#""signature":null"#, r#""signature":{"signerName":"Gus"}"#)],
        ),
        // Nothing of a signature that is not there makes none.
        (
            v1::Fwo::default(),
            &["detail.signature.note", "detail.pricing.profit_percent"],
            &[],
        ),
        // Without a mask what is present.
        (
            moved,
            &[],
            &[
                (r#""status":"ENTRY""#, r#""status":"PRICING""#),
                (r#""signature":null"#, r#""signature":{"signerName":"Gus"}"#),
            ],
        ),
    ]
}

#[tokio::test]
async fn an_update_sends_the_order_back_but_for_what_its_mask_names() {
    let (door, held) = door().await;
    for (fwo, paths, replaced) in cases() {
        FWO.clone_into(&mut held.lock().unwrap());
        update(&door, fwo, paths).await.unwrap();
        let expected = replaced
            .iter()
            .fold(FWO.to_owned(), |text, (before, after)| {
                assert!(text.contains(before));
                text.replace(before, after)
            });
        assert_eq!(*held.lock().unwrap(), expected, "{paths:?}");
    }
}

#[tokio::test]
async fn a_mask_of_all_empties_what_is_absent_and_keeps_what_nobody_modelled() {
    let (door, held) = door().await;
    let fwo = v1::Fwo {
        summary: text("Paint"),
        ..detailed(v1::FwoDetail {
            description: text("Paint it"),
            ..v1::FwoDetail::default()
        })
    };
    update(&door, fwo, &["*"]).await.unwrap();
    // An order is never without its project and its step.
    let sent = r#"{"id":9,"number":"000009","projectId":1,"type":null,"status":"ENTRY","summary":"Paint","description":"Paint it","categories":[],"romAmount":null,"amount":0.10,"weather":{"rain":true},"labor":[],"pricing":{"total":0.10,"tax":{"rate":7.250},"overheadPercent":null},"signature":null,"version":18,"materials":[],"equipment":[],"additionalItems":[]}"#;
    assert_eq!(*held.lock().unwrap(), sent);
}

#[tokio::test]
async fn a_list_replaces_the_list_and_a_line_by_its_id_keeps_what_nobody_modelled() {
    let (door, held) = door().await;
    let line = |id, name: &str, hours: Option<&str>| v1::LaborLine {
        id,
        employee_name: text(name),
        regular_hours: hours.map(str::to_owned),
        ..v1::LaborLine::default()
    };
    let labor = vec![
        line(Some(2), "Bob", Some("4")),
        line(None, "Cy", None),
        line(Some(1), "Ann", None),
    ];
    let fwo = detailed(v1::FwoDetail {
        labor,
        ..v1::FwoDetail::default()
    });
    update(&door, fwo, &["detail.labor"]).await.unwrap();
    let before = r#"[{"id":1,"employeeName":"Ann","badge":"B7","regularHours":8.0,"amount":1E2},{"id":2,"employeeName":"Bo","trade":"Drywall"}]"#;
    let after = r#"[{"id":2,"employeeName":"Bob","trade":null,"regularHours":4},{"employeeName":"Cy"},{"id":1,"employeeName":"Ann","badge":"B7","regularHours":null,"amount":1E2}]"#;
    assert!(FWO.contains(before));
    assert_eq!(*held.lock().unwrap(), FWO.replace(before, after));
}

#[tokio::test]
async fn the_project_of_an_order_is_its_own_for_ever() {
    let (door, held) = door().await;
    let of_project = |id| v1::Fwo {
        project_id: Some(id),
        summary: text("Paint"),
        ..v1::Fwo::default()
    };
    // Who sends back what was read names it, too.
    update(&door, of_project(1), &[]).await.unwrap();
    let painted = FWO.replace(r#""Patch""#, r#""Paint""#);
    assert_eq!(*held.lock().unwrap(), painted);
    for paths in [&[][..], &["project_id"]] {
        let status = update(&door, of_project(2), paths).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), ["fwo.project_id"]);
    }
    let asked = door.stub.asked();
    assert_eq!(asked.iter().filter(|a| a.method == "PUT").count(), 1);
}
