//! Customers over gRPC.

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::json;
use tonic::Code;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::fields;
use crate::support::door::reason;
use crate::support::stub::Answer;
use crate::support::stub::customers;

/// An upstream with the customers 1 to `count`.
async fn door(count: i64) -> Door {
    let rows = customers(count);
    Door::open(move |asked| match asked.path.as_str() {
        "/customer" => match asked.parameter("number") {
            Some(number) => {
                let with_number = |row: &&serde_json::Value| row["number"] == number;
                let found: Vec<_> = rows.iter().filter(with_number).cloned().collect();
                asked.page_of(&found)
            }
            None => asked.page_of(&rows),
        },
        _ => match rows.get(usize::try_from(asked.id() - 1).unwrap()) {
            Some(row) => Answer::json(row.clone()),
            None => Answer::status(404),
        },
    })
    .await
}

fn get(by: By) -> tonic::Request<v1::GetCustomerRequest> {
    asked(v1::GetCustomerRequest { by: Some(by) })
}

#[tokio::test]
async fn a_customer_is_found_by_its_id() {
    let door = door(3).await;
    let found = door.customers().get_customer(get(By::Id(2))).await;
    let found = found.unwrap().into_inner();
    assert!(found.etag.starts_with('"') && found.etag.ends_with('"'));
    let expected = v1::Customer {
        id: 2,
        name: Some("Customer 2".into()),
        number: Some("002-000".into()),
        city: Some("".into()),
        status: v1::CustomerStatus::Active.into(),
        raw_status: Some("ACTIVE".into()),
        etag: found.etag.clone(),
        ..v1::Customer::default()
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_customer_is_found_by_its_number() {
    let door = door(3).await;
    let by = By::Number("003-000".into());
    let found = door.customers().get_customer(get(by)).await;
    assert_eq!(found.unwrap().into_inner().id, 3);
}

#[tokio::test]
async fn a_status_that_is_newer_than_the_contract_keeps_its_word() {
    let door = Door::open(|_| Answer::json(json!({"id": 1, "status": "ON_HOLD"}))).await;
    let found = door.customers().get_customer(get(By::Id(1))).await;
    let customer = found.unwrap().into_inner();
    assert_eq!(customer.status(), v1::CustomerStatus::Unknown);
    assert_eq!(customer.raw_status.as_deref(), Some("ON_HOLD"));
    assert_eq!(customer.name, None);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    use tonic_types::StatusExt;
    let door = door(1).await;
    for (by, name) in [(By::Id(9), "9"), (By::Number("x y".into()), "x y")] {
        let status = door.customers().get_customer(get(by)).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(reason(&status), "NOT_FOUND");
        let resource = status.get_details_resource_info().unwrap();
        assert_eq!(resource.resource_type, "peerassist.v1.Customer");
        assert_eq!(resource.resource_name, name);
    }
}

#[tokio::test]
async fn a_key_that_can_be_no_key_is_refused_before_anybody_is_asked() {
    let door = door(1).await;
    let long = "x".repeat(300);
    let cases = [
        (None, "id"),
        (Some(By::Id(0)), "id"),
        (Some(By::Id(-1)), "id"),
        (Some(By::Id(i64::MIN)), "id"),
        (Some(By::Number("".into())), "number"),
        (Some(By::Number("a\u{0}b".into())), "number"),
        (Some(By::Number(long)), "number"),
    ];
    for (by, field) in cases {
        let request = asked(v1::GetCustomerRequest { by: by.clone() });
        let status = door.customers().get_customer(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{by:?}");
        assert_eq!(reason(&status), "INVALID_INPUT");
        assert_eq!(fields(&status), [field], "{by:?}");
    }
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn a_walk_over_all_pages_sees_each_customer_once() {
    let door = door(30).await;
    let mut wanted = v1::ListCustomersRequest {
        page_size: 7,
        ..Default::default()
    };
    let (mut ids, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = door.customers().list_customers(asked(wanted.clone())).await;
        let page = page.unwrap().into_inner();
        assert_eq!(page.total_size, Some(30));
        sizes.push(page.customers.len());
        ids.extend(page.customers.iter().map(|customer| customer.id));
        if page.next_page_token.is_empty() {
            break;
        }
        wanted.page_token = page.next_page_token;
    }
    assert_eq!(sizes, [7, 7, 7, 7, 2]);
    assert_eq!(ids, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn sizes_and_skips_choose_the_rows() {
    let door = door(250).await;
    for (page_size, skip, rows) in [(0, 0, 25), (1_000_000, 0, 200), (3, 248, 2), (3, 400, 0)] {
        let wanted = v1::ListCustomersRequest {
            page_size,
            skip,
            ..Default::default()
        };
        let page = door.customers().list_customers(asked(wanted)).await;
        let page = page.unwrap().into_inner();
        assert_eq!(page.customers.len(), rows, "{page_size} {skip}");
        let first = page.customers.first().map(|customer| customer.id);
        assert_eq!(first, (rows > 0).then_some(i64::from(skip) + 1));
    }
}

#[tokio::test]
async fn filter_and_order_reach_the_upstream_in_its_own_words() {
    let door = door(0).await;
    let wanted = v1::ListCustomersRequest {
        filter: r#"status = INACTIVE AND name : "mill""#.into(),
        order_by: "name desc, city".into(),
        ..Default::default()
    };
    door.customers()
        .list_customers(asked(wanted))
        .await
        .unwrap();
    let query = door.stub.asked()[0].query.clone();
    let sent: Vec<String> = query.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(
        sent[..5],
        [
            "status=INACTIVE",
            "name=mill",
            "sort=name,desc",
            "sort=city,asc",
            "sort=id,asc"
        ]
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_is_refused_before_anybody_is_asked() {
    let door = door(30).await;
    let list = v1::ListCustomersRequest::default();
    let cases = [
        (
            v1::ListCustomersRequest {
                page_size: -1,
                ..list.clone()
            },
            "page_size",
        ),
        (
            v1::ListCustomersRequest {
                skip: -1,
                ..list.clone()
            },
            "skip",
        ),
        (
            v1::ListCustomersRequest {
                page_token: "garbage".into(),
                ..list.clone()
            },
            "page_token",
        ),
        (
            v1::ListCustomersRequest {
                page_token: "x".repeat(20_000),
                ..list.clone()
            },
            "page_token",
        ),
        (
            v1::ListCustomersRequest {
                filter: "mill".into(),
                ..list.clone()
            },
            "filter",
        ),
        (
            v1::ListCustomersRequest {
                filter: "city = Boston".into(),
                ..list.clone()
            },
            "filter",
        ),
        (
            v1::ListCustomersRequest {
                order_by: "zip_code".into(),
                ..list.clone()
            },
            "order_by",
        ),
    ];
    for (wanted, field) in cases {
        let status = door.customers().list_customers(asked(wanted)).await;
        let status = status.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert_eq!(fields(&status), [field]);
    }
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn a_token_is_good_for_its_own_list_and_caller_only() {
    let door = door(30).await;
    let list = v1::ListCustomersRequest::default();
    let page = door.customers().list_customers(asked(list.clone())).await;
    let page_token = page.unwrap().into_inner().next_page_token;
    let next = v1::ListCustomersRequest { page_token, ..list };
    let mut foreign = asked(next.clone());
    let other = "Bearer somebody-else".parse().unwrap();
    foreign.metadata_mut().insert("authorization", other);
    let filtered = v1::ListCustomersRequest {
        filter: "status = ACTIVE".into(),
        ..next.clone()
    };
    let sorted = v1::ListCustomersRequest {
        order_by: "name".into(),
        ..next.clone()
    };
    let calls = door.stub.calls();
    for request in [foreign, asked(filtered), asked(sorted)] {
        let status = door.customers().list_customers(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), ["page_token"]);
    }
    assert_eq!(door.stub.calls(), calls);
    let page = door.customers().list_customers(asked(next)).await.unwrap();
    assert_eq!(page.into_inner().customers.len(), 5);
}

#[tokio::test]
async fn one_garbled_row_fails_the_list() {
    let door = Door::open(|asked| asked.page_of(&[json!({"id": 1}), json!({"id": "x"})])).await;
    let list = asked(v1::ListCustomersRequest::default());
    let status = door.customers().list_customers(list).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(reason(&status), "UPSTREAM_INVALID_RESPONSE");
}
