//! Field work orders written over gRPC, before the real sandbox.

use peerassist_gateway::grpc::v1;
use tonic::Code;
use tonic::Status;
use tonic_types::StatusExt;

use crate::support::door::fields;
use crate::support::door::reason;
use crate::support::door::told;
use crate::support::door::violations;
use crate::support::grpc::GrpcUser;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;

const REQUEST_ID: &str = "5b4b3c1e-0f53-4a6f-9d0a-3a1f1f6f9b01";

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

/// The order with this id and nothing else.
fn only(id: i64) -> v1::Fwo {
    v1::Fwo {
        id,
        ..v1::Fwo::default()
    }
}

/// A new order of ten hours, at 1000.00 in all.
fn order(project_id: i64) -> v1::Fwo {
    let labor = v1::LaborLine {
        employee_name: text("Ann Mill"),
        trade: text("Drywall"),
        trade_class: text("Journeyman"),
        work_date: text("2024-05-14"),
        regular_hours: text("8"),
        overtime_hours: text("2"),
        double_time_hours: text("0"),
        regular_rate: text("80"),
        overtime_rate: text("180.00"),
        ..v1::LaborLine::default()
    };
    v1::Fwo {
        project_id: Some(project_id),
        summary: text("Patch ceiling"),
        gc_reference: text("PCO-041"),
        detail: Some(v1::FwoDetail {
            description: text("Patched it."),
            labor: vec![labor],
            ..v1::FwoDetail::default()
        }),
        ..v1::Fwo::default()
    }
}

fn signed() -> v1::Fwo {
    let signature = v1::Signature {
        signer_name: text("Gus"),
        signer_email: text("gus@gc.example"),
        ..v1::Signature::default()
    };
    v1::Fwo {
        detail: Some(v1::FwoDetail {
            signature: Some(signature),
            ..v1::FwoDetail::default()
        }),
        ..v1::Fwo::default()
    }
}

/// Moves an order to a step, with what the step needs.
async fn moved_to(
    writer: &mut GrpcUser,
    fwo: v1::Fwo,
    status: v1::FwoStatus,
) -> Result<v1::Fwo, Status> {
    let status = status.into();
    let moved = v1::Fwo { status, ..fwo };
    writer.update_fwo(moved, &[]).await
}

#[tokio::test]
async fn an_order_is_made_priced_and_moved_to_its_change_order() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let made = writer.create_fwo(order(1), "").await.unwrap();
    assert_eq!((made.id, made.number.as_deref()), (5, Some("000005")));
    assert_eq!(made.status(), v1::FwoStatus::Entry);
    assert_eq!(made.amount.as_deref(), Some("1000.00"));
    assert_eq!(made.labor_hours.as_deref(), Some("10.00"));
    assert_eq!(writer.get_fwo(5, v1::FwoView::Full).await.unwrap(), made);

    let step = v1::FwoStatus::PendingSignature;
    moved_to(&mut writer, only(5), step).await.unwrap();
    let signed = v1::Fwo { id: 5, ..signed() };
    let priced = moved_to(&mut writer, signed, v1::FwoStatus::Pricing)
        .await
        .unwrap();
    let signature = priced.detail.unwrap().signature.unwrap();
    assert_eq!(signature.signer_name.as_deref(), Some("Gus"));
    assert!(signature.signed_date.is_some());

    let percentages = v1::Fwo {
        detail: Some(v1::FwoDetail {
            pricing: Some(v1::Pricing {
                overhead_percent: text("10"),
                profit_percent: text("not named, not read"),
                ..v1::Pricing::default()
            }),
            ..v1::FwoDetail::default()
        }),
        ..only(5)
    };
    let path = ["detail.pricing.overhead_percent"];
    let priced = writer.update_fwo(percentages, &path).await.unwrap();
    assert_eq!(priced.amount.as_deref(), Some("1100.00"));

    for step in [v1::FwoStatus::WaitingForApproval, v1::FwoStatus::Executed] {
        assert_eq!(
            moved_to(&mut writer, only(5), step).await.unwrap().status(),
            step
        );
    }
    let issued = v1::Fwo {
        change_order_number: text("CO-17"),
        ..only(5)
    };
    let step = v1::FwoStatus::ChangeOrderIssued;
    let issued = moved_to(&mut writer, issued, step).await.unwrap();
    assert_eq!(issued.change_order_number.as_deref(), Some("CO-17"));
    assert_eq!(writer.get_fwo(5, v1::FwoView::Full).await.unwrap(), issued);
}

#[tokio::test]
async fn what_the_step_of_an_order_does_not_allow_is_a_failed_precondition() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    writer.create_fwo(order(1), "").await.unwrap();
    let step = v1::FwoStatus::Executed;
    let illegal = moved_to(&mut writer, only(5), step).await.map(|_| ());
    let moves = [
        v1::FwoStatus::Pricing,
        v1::FwoStatus::WaitingForApproval,
        v1::FwoStatus::Executed,
    ];
    for step in moves {
        moved_to(&mut writer, only(5), step).await.unwrap();
    }
    let renamed = v1::Fwo {
        summary: text("Another one"),
        ..only(5)
    };
    let locked = writer.update_fwo(renamed, &["summary"]).await.map(|_| ());
    let step = v1::FwoStatus::ChangeOrderIssued;
    let unnumbered = moved_to(&mut writer, only(5), step).await.map(|_| ());
    let sent = writer.delete_fwo(5, "").await;
    for (refused, message) in [
        (
            illegal,
            "the upstream does not allow the step from ENTRY to EXECUTED as the order is",
        ),
        (
            locked,
            "the order's step EXECUTED does not allow this change",
        ),
        (
            unnumbered,
            "the upstream does not allow the step from EXECUTED to CHANGE_ORDER_ISSUED as the order is",
        ),
        (sent, "the order's step does not allow it to be deleted"),
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "PRECONDITION");
        assert_eq!(status.message(), message);
        let failure = status.get_details_precondition_failure().unwrap();
        assert_eq!(failure.violations[0].description, message);
    }
}

#[tokio::test]
async fn an_order_that_is_sent_back_as_it_was_read_stays_what_it_is() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let timeless = |fwo| with(fwo, "updatedDate", serde_json::Value::Null);
    let mut id = 1;
    while let Ok(read) = writer.get_fwo(id, v1::FwoView::Full).await {
        let path = format!("/fwo/{id}");
        let before = timeless(stack.sandbox.json(ADMIN, &path).await);
        for paths in [&["*"][..], &[], &["detail", "summary", "status", "type"]] {
            // Each of them changes the moment of the last change, and with it the etag.
            let etag = writer.get_fwo(id, v1::FwoView::Full).await.unwrap().etag;
            let same = v1::Fwo {
                etag,
                ..read.clone()
            };
            writer.update_fwo(same, paths).await.unwrap();
            let after = timeless(stack.sandbox.json(ADMIN, &path).await);
            assert_eq!(after, before, "{paths:?}");
        }
        id += 1;
    }
    assert_eq!(id, 5, "the docs set has four orders");
}

#[tokio::test]
async fn what_only_the_upstream_can_know_to_be_wrong_is_told_with_its_path_too() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let refused = writer.create_fwo(order(999), "").await.unwrap_err();
    let unknown = told(&[("fwo.project_id", "names nothing that exists")]);
    assert_eq!(violations(&refused), unknown);
    let mut wrong = order(1);
    wrong.categories = vec!["A".into(), " ".into()];
    wrong.reference_number = Some("x".repeat(256));
    let detail = wrong.detail.as_mut().unwrap();
    detail.gc_document_reference_type = Some("x".repeat(256));
    detail.labor.push(v1::LaborLine::default());
    detail.pricing = Some(v1::Pricing {
        profit_percent: text("101"),
        ..v1::Pricing::default()
    });
    let refused = writer.create_fwo(wrong, "").await.unwrap_err();
    let mut paths = fields(&refused);
    paths.sort();
    let expected = [
        "fwo.categories[1]",
        "fwo.detail.gc_document_reference_type",
        "fwo.detail.labor[1].employee_name",
        "fwo.detail.labor[1].trade",
        "fwo.detail.labor[1].trade_class",
        "fwo.detail.labor[1].work_date",
        "fwo.detail.pricing.profit_percent",
        "fwo.reference_number",
    ];
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn who_may_not_write_is_refused_and_who_may_not_see_finds_nothing() {
    let stack = Stack::start("docs");
    let mut viewer = GrpcUser::of(&stack, "viewer").await;
    for refused in [
        viewer.create_fwo(order(1), "").await.map(|_| ()),
        viewer
            .update_fwo(only(1), &["group_name"])
            .await
            .map(|_| ()),
        viewer.delete_fwo(1, "").await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "FORBIDDEN");
    }
    let mut admin = GrpcUser::of(&stack, "admin").await;
    for gone in [
        admin
            .update_fwo(only(77), &["group_name"])
            .await
            .map(|_| ()),
        admin.delete_fwo(77, "").await,
    ] {
        let status = gone.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        let resource = status.get_details_resource_info().unwrap();
        assert_eq!(
            (&*resource.resource_type, &*resource.resource_name),
            ("peerassist.v1.Fwo", "77")
        );
    }
}

#[tokio::test]
async fn a_request_is_done_once_by_its_id() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let made = writer.create_fwo(order(1), REQUEST_ID).await.unwrap();
    let again = writer.create_fwo(order(1), REQUEST_ID).await.unwrap();
    assert_eq!(again, made);
    let other = writer.create_fwo(order(2), REQUEST_ID).await.unwrap_err();
    assert_eq!(fields(&other), ["request_id"]);
    let fwos = stack.sandbox.json(ADMIN, "/fwo").await;
    assert_eq!(fwos["totalElements"], 5);
}

#[tokio::test]
async fn an_etag_stands_for_the_whole_order_and_one_of_yesterday_changes_nothing() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let made = writer.create_fwo(order(1), "").await.unwrap();
    let basic = writer.get_fwo(5, v1::FwoView::Basic).await.unwrap();
    assert_eq!(basic.etag, "");
    let grouped = |etag: &str| v1::Fwo {
        group_name: text("COR 012"),
        etag: etag.into(),
        ..only(5)
    };
    let changed = writer.update_fwo(grouped(&made.etag), &[]).await.unwrap();
    assert_ne!(changed.etag, made.etag);
    for refused in [
        writer
            .update_fwo(grouped(&made.etag), &[])
            .await
            .map(|_| ()),
        writer.delete_fwo(5, &made.etag).await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        assert_eq!(reason(&status), "VERSION_CONFLICT");
    }
    writer.delete_fwo(5, &changed.etag).await.unwrap();
    let gone = writer.get_fwo(5, v1::FwoView::Full).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(stack.sandbox.get(ADMIN, "/fwo/5").await.status(), 404);
}
