//! Field work orders over gRPC.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use serde_json::Value;
use tonic::Code;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::fields;
use crate::support::door::reason;
use crate::support::stub::Answer;
use crate::support::stub::fwo;
use crate::support::stub::fwos;

/// An upstream with the orders 1 to `count`; even ones take their time.
async fn door(count: i64) -> Door {
    let rows: Vec<Value> = fwos(count);
    Door::open(move |asked| match asked.path.as_str() {
        "/fwo" => asked.page_of(&rows),
        _ if asked.id() > count => Answer::status(404),
        _ => {
            let delay = Duration::from_millis(if asked.id() % 2 == 0 { 30 } else { 0 });
            Answer::json(fwo(asked.id())).after(delay)
        }
    })
    .await
}

fn get(id: i64, view: i32) -> tonic::Request<v1::GetFwoRequest> {
    asked(v1::GetFwoRequest { id, view })
}

#[tokio::test]
async fn an_order_comes_with_its_lines_unless_the_basic_view_is_wanted() {
    let door = door(3).await;
    let found = door.fwos().get_fwo(get(2, 0)).await.unwrap().into_inner();
    assert_eq!((found.id, found.number.as_deref()), (2, Some("000002")));
    assert_eq!(found.r#type(), v1::FwoType::FieldWork);
    assert_eq!(found.status(), v1::FwoStatus::Entry);
    assert_eq!(found.amount.as_deref(), Some("1250.50"));
    assert_eq!(found.customer_id, Some(3));
    let created = found.created_date.unwrap();
    assert_eq!(
        (created.seconds, created.nanos),
        (1_715_706_191, 482_000_000)
    );
    let detail = found.detail.unwrap();
    assert_eq!(detail.description.as_deref(), Some("work 2"));
    assert_eq!(detail.labor[0].work_date.as_deref(), Some("2024-05-14"));
    assert_eq!(detail.labor[0].regular_hours.as_deref(), Some("7.50"));
    assert_eq!(detail.labor[0].amount.as_deref(), Some("412.50"));
    assert_eq!(detail.materials[0].pricing_unit(), v1::PricingUnit::C);
    assert_eq!(detail.materials[1].pricing_unit(), v1::PricingUnit::Unknown);
    assert_eq!(detail.materials[1].raw_pricing_unit.as_deref(), Some("X"));
    assert_eq!(detail.additional_items[0].calc(), v1::Calc::Hours);
    assert_eq!(detail.pricing.unwrap().total.as_deref(), Some("1250.50"));
    let signed = detail.signature.unwrap().signed_date.unwrap();
    assert_eq!(signed.seconds, 1_715_731_200);

    let full = get(2, v1::FwoView::Full.into());
    let full = door.fwos().get_fwo(full).await.unwrap().into_inner();
    assert!(full.detail.is_some());
    let basic = get(2, v1::FwoView::Basic.into());
    let basic = door.fwos().get_fwo(basic).await.unwrap().into_inner();
    assert!(basic.detail.is_none());
    assert_eq!(basic.amount.as_deref(), Some("1250.50"));
}

#[tokio::test]
async fn the_basic_view_of_a_listed_order_costs_no_call() {
    let door = door(3).await;
    let list = asked(v1::ListFwosRequest::default());
    door.fwos().list_fwos(list).await.unwrap();
    let basic = get(2, v1::FwoView::Basic.into());
    door.fwos().get_fwo(basic).await.unwrap();
    assert_eq!(door.stub.calls(), 1);
}

#[tokio::test]
async fn a_full_list_keeps_its_order_and_asks_for_each_order_once() {
    let door = door(20).await;
    let wanted = v1::ListFwosRequest {
        view: v1::FwoView::Full.into(),
        ..Default::default()
    };
    let page = door.fwos().list_fwos(asked(wanted)).await.unwrap();
    let page = page.into_inner();
    let ids: Vec<i64> = page.fwos.iter().map(|fwo| fwo.id).collect();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
    for fwo in page.fwos {
        let description = fwo.detail.unwrap().description;
        assert_eq!(description, Some(format!("work {}", fwo.id)));
    }
    assert_eq!(door.stub.calls(), 21);
    assert!((2..=8).contains(&door.stub.peak()), "{}", door.stub.peak());
}

#[tokio::test]
async fn one_order_that_cannot_be_read_fails_the_full_list() {
    let door = Door::open(|asked| match asked.path.as_str() {
        "/fwo" => asked.page_of(&fwos(5)),
        "/fwo/3" => Answer::status(403),
        _ => Answer::json(fwo(asked.id())),
    })
    .await;
    let wanted = v1::ListFwosRequest {
        view: v1::FwoView::Full.into(),
        ..Default::default()
    };
    let status = door.fwos().list_fwos(asked(wanted)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status), "FORBIDDEN");
}

#[tokio::test]
async fn a_basic_list_is_one_call_and_can_be_walked() {
    let door = door(9).await;
    let first = v1::ListFwosRequest {
        page_size: 5,
        ..Default::default()
    };
    let page = door.fwos().list_fwos(asked(first.clone())).await.unwrap();
    let page = page.into_inner();
    assert!(page.fwos.iter().all(|fwo| fwo.detail.is_none()));
    assert_eq!(door.stub.calls(), 1);
    let page_token = page.next_page_token;
    let next = v1::ListFwosRequest {
        page_token,
        ..first
    };
    let page = door.fwos().list_fwos(asked(next)).await.unwrap();
    let page = page.into_inner();
    let ids: Vec<i64> = page.fwos.iter().map(|fwo| fwo.id).collect();
    assert_eq!((ids, page.total_size), (vec![6, 7, 8, 9], Some(9)));
    assert!(page.next_page_token.is_empty());
}

#[tokio::test]
async fn every_filter_reaches_the_upstream_in_its_own_words() {
    let door = door(0).await;
    let wanted = v1::ListFwosRequest {
        filter: r#"(status = PRICING OR status = ENTRY) type = FIELD_WORK AND project_id = 7 AND customer_id = 3
            AND number = "000123" AND search : "soffit" AND created_date >= "2024-05-14T00:00:00Z"
            AND created_date < "2024-05-15T00:00:00Z" AND updated_date >= "2024-05-14T00:00:00Z""#
            .into(),
        order_by: "created_date desc".into(),
        ..Default::default()
    };
    door.fwos().list_fwos(asked(wanted)).await.unwrap();
    let query = door.stub.asked()[0].query.clone();
    let sent: Vec<String> = query.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let expected = [
        "projectId=7",
        "customerId=3",
        "status=ENTRY",
        "status=PRICING",
        "type=FIELD_WORK",
        "number=000123",
        "search=soffit",
        "createdFrom=2024-05-14T00:00:00.000+00:00",
        "createdTo=2024-05-15T00:00:00.000+00:00",
        "updatedFrom=2024-05-14T00:00:00.000+00:00",
        "sort=createdDate,desc",
        "sort=id,asc",
    ];
    assert_eq!(sent[..expected.len()], expected);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    use tonic_types::StatusExt;
    let door = door(1).await;
    for view in [0, 1, 2] {
        let status = door.fwos().get_fwo(get(9, view)).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(reason(&status), "NOT_FOUND");
        let resource = status.get_details_resource_info().unwrap();
        assert_eq!(resource.resource_type, "peerassist.v1.Fwo");
        assert_eq!(resource.resource_name, "9");
    }
}

#[tokio::test]
async fn bad_input_is_refused_before_anybody_is_asked() {
    let door = door(30).await;
    for (id, view, field) in [
        (0, 0, "id"),
        (-7, 0, "id"),
        (1, 99, "view"),
        (1, -1, "view"),
    ] {
        let status = door.fwos().get_fwo(get(id, view)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), [field], "{id} {view}");
    }
    let list = v1::ListFwosRequest::default();
    let cases = [
        (
            v1::ListFwosRequest {
                view: 99,
                ..list.clone()
            },
            "view",
        ),
        (
            v1::ListFwosRequest {
                page_size: -1,
                ..list.clone()
            },
            "page_size",
        ),
        (
            v1::ListFwosRequest {
                skip: -1,
                ..list.clone()
            },
            "skip",
        ),
        (
            v1::ListFwosRequest {
                page_token: "garbage".into(),
                ..list.clone()
            },
            "page_token",
        ),
        (
            v1::ListFwosRequest {
                filter: "NOT status = ENTRY".into(),
                ..list.clone()
            },
            "filter",
        ),
        (
            v1::ListFwosRequest {
                order_by: "createdDate".into(),
                ..list.clone()
            },
            "order_by",
        ),
    ];
    for (wanted, field) in cases {
        let status = door.fwos().list_fwos(asked(wanted)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), [field]);
    }
    assert_eq!(door.stub.calls(), 0);
}
