//! What the gateway can know to be wrong with an order that is written over gRPC.

use peerassist_gateway::grpc::v1;
use prost_types::Timestamp;
use tonic::Status;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::fields;
use crate::support::door::told;
use crate::support::door::violations;
use crate::support::grpc::mask;
use crate::support::stub::Answer;

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

async fn create(door: &Door, fwo: v1::Fwo, request_id: &str) -> Status {
    let request = v1::CreateFwoRequest {
        fwo: Some(fwo),
        request_id: request_id.into(),
    };
    door.fwos().create_fwo(asked(request)).await.unwrap_err()
}

/// An update of order 9 with a mask of these paths.
async fn update(door: &Door, fwo: v1::Fwo, paths: &[&str]) -> Status {
    let request = v1::UpdateFwoRequest {
        fwo: Some(v1::Fwo { id: 9, ..fwo }),
        update_mask: mask(paths),
    };
    door.fwos().update_fwo(asked(request)).await.unwrap_err()
}

#[tokio::test]
async fn every_rule_that_an_order_breaks_is_told_with_its_path_and_nothing_is_sent() {
    let door = Door::open(|_| Answer::status(500)).await;
    let wrong = wrong_order();
    let enumerated = "must be a value of its enum other than UNKNOWN";
    let (number, positive) = (
        "must be a decimal number such as 1250.50",
        "must be a positive number",
    );
    let values = [
        ("fwo.project_id", positive),
        ("fwo.type", enumerated),
        ("fwo.status", enumerated),
        ("fwo.rom_amount", number),
        (
            "fwo.detail.labor[1].work_date",
            "must be a day such as 2024-05-14",
        ),
        ("fwo.detail.labor[1].double_time_rate", number),
        ("fwo.detail.materials[0].quantity", number),
        ("fwo.detail.materials[0].pricing_unit", enumerated),
        ("fwo.detail.equipment[0].rate", number),
        ("fwo.detail.additional_items[1].calc", enumerated),
        ("fwo.detail.additional_items[1].hours_per", number),
        ("fwo.detail.pricing.profit_percent", number),
        (
            "fwo.detail.signature.signed_date",
            "must be a moment of the years 1 to 9999",
        ),
        ("fwo.summary", "at most 100 characters"),
        ("fwo.detail.description", "must not be blank"),
        ("fwo.detail.labor[0].id", positive),
        (
            "fwo.detail.additional_items[1].id",
            "names a line that another line names already",
        ),
        ("fwo.detail.labor[1].overtime_hours", "must be from 0 to 24"),
        (
            "fwo.detail.labor[1].regular_hours",
            "must be 0 where only overtime may be logged",
        ),
        (
            "fwo.detail.signature.signer_email",
            "must be an e-mail address",
        ),
    ];
    // A new order has no lines yet. No more than 20 violations are told.
    let no_line = "names no line of the order";
    let mut of_new = values.to_vec();
    of_new.splice(
        13..13,
        [
            ("fwo.detail.additional_items[0].id", no_line),
            ("fwo.detail.additional_items[1].id", no_line),
        ],
    );
    of_new.truncate(20);
    let refused = create(&door, wrong.clone(), "").await;
    assert_eq!(violations(&refused), told(&of_new));
    // Without a mask an update looks at the same, but the lines may be there.
    let refused = update(&door, wrong.clone(), &[]).await;
    assert_eq!(violations(&refused), told(&values));
    // It looks at nothing that its mask does not name, and tells what is wrong with that.
    let paths = [
        "summary",
        "detail.labor.trade",
        "detail.nothing",
        "detail.pricing",
        "detail.signature.signed_date.seconds",
    ];
    let refused = update(&door, wrong, &paths).await;
    let masked = [
        (
            "update_mask.paths[1]",
            "leads into a list, which is written whole",
        ),
        ("update_mask.paths[2]", "names no field"),
        ("update_mask.paths[4]", "names no field"),
        ("fwo.detail.pricing.profit_percent", number),
        ("fwo.summary", "at most 100 characters"),
    ];
    assert_eq!(violations(&refused), told(&masked));
    // What cannot be emptied.
    let needed = ["project_id", "status", "summary", "detail"];
    let refused = update(&door, v1::Fwo::default(), &needed).await;
    let required = [
        "fwo.project_id",
        "fwo.status",
        "fwo.summary",
        "fwo.detail.description",
    ];
    assert_eq!(fields(&refused), required);
    let refused = create(&door, v1::Fwo::default(), "1").await;
    let required = [
        "request_id",
        "fwo.project_id",
        "fwo.summary",
        "fwo.detail.description",
    ];
    assert_eq!(fields(&refused), required);
    let delete = v1::DeleteFwoRequest {
        id: 0,
        etag: "x".into(),
    };
    let refused = door.fwos().delete_fwo(asked(delete)).await.unwrap_err();
    assert_eq!(fields(&refused), ["id", "etag"]);
    assert_eq!(door.stub.calls(), 0);
}

fn wrong_order() -> v1::Fwo {
    let labor = v1::LaborLine {
        work_date: text("2024-02-30"),
        regular_hours: text("1"),
        overtime_hours: text("24.01"),
        double_time_rate: text("1,5"),
        ..v1::LaborLine::default()
    };
    let material = v1::MaterialLine {
        quantity: text("NaN"),
        pricing_unit: 77,
        ..v1::MaterialLine::default()
    };
    let equipment = v1::EquipmentLine {
        rate: text(""),
        ..v1::EquipmentLine::default()
    };
    let item = |id| v1::AdditionalItem {
        id: Some(id),
        ..v1::AdditionalItem::default()
    };
    let wrong_item = v1::AdditionalItem {
        calc: v1::Calc::Unknown.into(),
        hours_per: text("1e400"),
        ..item(3)
    };
    let detail = v1::FwoDetail {
        description: text(" \n"),
        labor: vec![
            v1::LaborLine {
                id: Some(0),
                ..v1::LaborLine::default()
            },
            labor,
        ],
        materials: vec![material],
        equipment: vec![equipment],
        additional_items: vec![item(3), wrong_item],
        pricing: Some(v1::Pricing {
            profit_percent: text("ten"),
            ..v1::Pricing::default()
        }),
        signature: Some(v1::Signature {
            signer_email: text("gus"),
            signed_date: Some(Timestamp {
                seconds: i64::MAX,
                nanos: 0,
            }),
            ..v1::Signature::default()
        }),
        ..v1::FwoDetail::default()
    };
    v1::Fwo {
        project_id: Some(0),
        r#type: v1::FwoType::Unknown.into(),
        status: -1,
        summary: Some("x".repeat(101)),
        premium_time: Some(true),
        rom_amount: text("a lot"),
        detail: Some(detail),
        ..v1::Fwo::default()
    }
}
