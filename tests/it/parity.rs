//! The same question through both doors: the same values, the same upstream calls, the same reasons.

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;

use crate::support::as_graphql::CUSTOMER;
use crate::support::as_graphql::FWO;
use crate::support::as_graphql::customer_json;
use crate::support::as_graphql::fwo_json;
use crate::support::as_graphql::without_absent_lists;
use crate::support::grpc::GrpcUser;
use crate::support::grpc::channel;
use crate::support::grpc::reason;
use crate::support::sandbox::PASSWORD;
use crate::support::stack::Stack;
use crate::support::stack::User;

#[tokio::test]
async fn a_question_that_graphql_asked_is_answered_over_grpc_without_a_call() {
    let mut count = Stack::counted().await;
    let user = count.stack.user("admin").await;
    let mut grpc = GrpcUser::new(&user).await;
    let graphql = user.data(&format!("{{ customers(first: 20) {{ edges {{ node {{ {CUSTOMER} }} }} totalCount pageInfo {{ endCursor }} }} }}")).await;
    assert_eq!(count.total().await, 1);
    let request = grpc.request(v1::ListCustomersRequest {
        page_size: 20,
        ..Default::default()
    });
    let page = grpc
        .customers
        .list_customers(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(count.total().await, 0);
    let nodes: Vec<Value> = graphql["customers"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| edge["node"].clone())
        .collect();
    assert_eq!(
        page.customers.iter().map(customer_json).collect::<Vec<_>>(),
        nodes
    );
    assert_eq!(json!(page.total_size), graphql["customers"]["totalCount"]);
    assert_eq!(
        json!(page.next_page_token),
        graphql["customers"]["pageInfo"]["endCursor"],
        "one sealed text for both"
    );
}

#[tokio::test]
async fn each_lookup_gives_the_same_values() {
    let user = Stack::shared().user("admin").await;
    let mut grpc = GrpcUser::new(&user).await;
    for (by, argument) in [
        (By::Id(3), "databaseId: 3"),
        (By::Number("200-000".into()), "number: \"200-000\""),
        (By::Id(7), "databaseId: \"7\""),
    ] {
        let graphql = user
            .data(&format!(
                "{{ customer(by: {{ {argument} }}) {{ {CUSTOMER} }} }}"
            ))
            .await;
        let request = grpc.request(v1::GetCustomerRequest { by: Some(by) });
        let customer = grpc
            .customers
            .get_customer(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(customer_json(&customer), graphql["customer"], "{argument}");
    }
    let ids = user.data("{ fwos(first: 30, orderBy: { field: AMOUNT, direction: DESC }) { edges { node { databaseId } } } }").await;
    for edge in ids["fwos"]["edges"].as_array().unwrap() {
        let id: i64 = edge["node"]["databaseId"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let graphql = user
            .data(&format!(
                "{{ fwo(by: {{ databaseId: {id} }}) {{ {FWO} }} }}"
            ))
            .await;
        let request = grpc.request(v1::GetFwoRequest {
            id,
            view: v1::FwoView::Unspecified.into(),
        });
        let fwo = grpc.fwos.get_fwo(request).await.unwrap().into_inner();
        assert_eq!(
            fwo_json(&fwo),
            without_absent_lists(graphql["fwo"].clone()),
            "{id}"
        );
    }
}

#[tokio::test]
async fn each_list_gives_the_same_rows() {
    let user = Stack::shared().user("foreman").await;
    let mut grpc = GrpcUser::new(&user).await;
    let fwos = [
        ("", "", "{}", "[]"),
        (
            "status = ENTRY OR status = PRICING",
            "created_date desc",
            "{ status: [ENTRY, PRICING] }",
            "[{ field: CREATED_DATE, direction: DESC }]",
        ),
        (
            "customer_id = 3 AND type = FIELD_WORK",
            "amount desc, number",
            "{ customerId: 3, type: [FIELD_WORK] }",
            "[{ field: AMOUNT, direction: DESC }, { field: NUMBER }]",
        ),
        (
            "search : \"soffit\"",
            "project_number",
            "{ search: \"soffit\" }",
            "[{ field: PROJECT_NUMBER }]",
        ),
        (
            "created_date >= \"2026-06-01T00:00:00Z\" AND created_date < \"2026-07-01T00:00:00Z\"",
            "rom_amount",
            "{ createdFrom: \"2026-06-01T00:00:00Z\", createdTo: \"2026-07-01T00:00:00Z\" }",
            "[{ field: ROM_AMOUNT }]",
        ),
    ];
    for (filter, order_by, graphql_filter, graphql_order) in fwos {
        let query = format!(
            "{{ fwos(first: 60, filter: {graphql_filter}, orderBy: {graphql_order}) {{ edges {{ node {{ databaseId summary amount }} }} totalCount }} }}"
        );
        let graphql = user.data(&query).await;
        let message = v1::ListFwosRequest {
            page_size: 60,
            filter: filter.into(),
            order_by: order_by.into(),
            ..Default::default()
        };
        let page = grpc
            .fwos
            .list_fwos(grpc.request(message))
            .await
            .unwrap()
            .into_inner();
        let rows: Vec<Value> = page.fwos.iter().map(|fwo| json!({ "databaseId": fwo.id.to_string(), "summary": fwo.summary, "amount": fwo.amount })).collect();
        let nodes: Vec<Value> = graphql["fwos"]["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge["node"].clone())
            .collect();
        assert!(!rows.is_empty(), "{filter} would test nothing");
        assert_eq!(rows, nodes, "{filter}");
        assert_eq!(
            json!(page.total_size),
            graphql["fwos"]["totalCount"],
            "{filter}"
        );
    }
}

#[tokio::test]
async fn a_walk_may_change_doors_at_every_page() {
    let stack = Stack::shared();
    let user = stack.user("viewer").await;
    let mut grpc = GrpcUser::new(&user).await;
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let after = if token.is_empty() {
            String::new()
        } else {
            format!(", after: \"{token}\"")
        };
        let page = user.data(&format!("{{ customers(first: 7{after}) {{ edges {{ node {{ databaseId }} }} pageInfo {{ hasNextPage endCursor }} }} }}")).await;
        let page = &page["customers"];
        ids.extend(page["edges"].as_array().unwrap().iter().map(|edge| {
            edge["node"]["databaseId"]
                .as_str()
                .unwrap()
                .parse::<i64>()
                .unwrap()
        }));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        let message = v1::ListCustomersRequest {
            page_size: 5,
            page_token: page["pageInfo"]["endCursor"].as_str().unwrap().into(),
            ..Default::default()
        };
        let page = grpc
            .customers
            .list_customers(grpc.request(message))
            .await
            .unwrap()
            .into_inner();
        ids.extend(page.customers.iter().map(|customer| customer.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let wanted: Vec<i64> = (1..=60).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids.len(), 60);
    assert_eq!(sorted.len(), wanted.len());
}

/// A failure through both doors: the code of gRPC, the reason of both, the field in each door's words.
struct Failure {
    field: &'static str,
    arguments: &'static str,
    selection: &'static str,
    message: v1::ListCustomersRequest,
    violation: &'static str,
}

#[tokio::test]
async fn what_is_refused_at_one_door_is_refused_at_the_other_with_the_same_reason() {
    let mut count = Stack::counted().await;
    let user = count.stack.user("admin").await;
    let mut grpc = GrpcUser::new(&user).await;
    let list = v1::ListCustomersRequest::default;
    let table = [
        Failure {
            field: "first",
            arguments: "first: -1",
            selection: "{ totalCount }",
            message: v1::ListCustomersRequest {
                page_size: -1,
                ..list()
            },
            violation: "page_size",
        },
        Failure {
            field: "after",
            arguments: "after: \"x\"",
            selection: "{ totalCount }",
            message: v1::ListCustomersRequest {
                page_token: "x".into(),
                ..list()
            },
            violation: "page_token",
        },
        Failure {
            field: "filter.name",
            arguments: "filter: { name: \"\" }",
            selection: "{ totalCount }",
            message: v1::ListCustomersRequest {
                filter: "name : \"\"".into(),
                ..list()
            },
            violation: "filter",
        },
        Failure {
            field: "orderBy",
            arguments: "orderBy: [{ field: NAME }, { field: NAME }]",
            selection: "{ totalCount }",
            message: v1::ListCustomersRequest {
                order_by: "name, name".into(),
                ..list()
            },
            violation: "order_by",
        },
    ];
    count.total().await;
    for Failure {
        field,
        arguments,
        selection,
        message,
        violation,
    } in table
    {
        let errors = user
            .errors(&format!("{{ customers({arguments}) {selection} }}"))
            .await;
        let [code, word] = match field {
            "after" => ["INVALID_CURSOR", "INVALID_PAGE_TOKEN"],
            _ => ["BAD_USER_INPUT", "INVALID_INPUT"],
        };
        assert_eq!(
            errors,
            [["customers", code, word, field].map(str::to_owned)]
        );
        let status = grpc
            .customers
            .list_customers(grpc.request(message))
            .await
            .unwrap_err();
        assert_eq!(
            status.code(),
            tonic::Code::InvalidArgument,
            "{field}: {status}"
        );
        assert_eq!(reason(&status), (word.to_owned(), violation.to_owned()));
    }
    for filter in [
        "colour = red",
        "name",
        "NOT status = ACTIVE",
        "number = \"1\" OR name : \"x\"",
        "status != ACTIVE",
    ] {
        let status = grpc
            .customers
            .list_customers(grpc.request(v1::ListCustomersRequest {
                filter: filter.into(),
                ..list()
            }))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).1.as_str()),
            (tonic::Code::InvalidArgument, "filter"),
            "{filter}"
        );
    }
    for id in [0, -1] {
        let errors = user
            .errors(&format!("{{ fwo(by: {{ databaseId: {id} }}) {{ id }} }}"))
            .await;
        assert_eq!(
            errors[0][1..],
            ["BAD_USER_INPUT", "INVALID_INPUT", "by.databaseId"]
        );
        let status = grpc
            .fwos
            .get_fwo(grpc.request(v1::GetFwoRequest { id, view: 0 }))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status)),
            (
                tonic::Code::InvalidArgument,
                ("INVALID_INPUT".into(), "id".into())
            )
        );
    }
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn nothing_there_is_null_at_one_door_and_not_found_at_the_other() {
    let user = Stack::shared().user("viewer").await;
    let mut grpc = GrpcUser::new(&user).await;
    assert_eq!(
        user.data(
            "{ customer(by: { databaseId: 999999 }) { id } fwo(by: { databaseId: 999999 }) { id } }"
        )
        .await,
        json!({ "customer": null, "fwo": null })
    );
    let customer = grpc
        .customers
        .get_customer(grpc.request(v1::GetCustomerRequest {
            by: Some(By::Id(999_999)),
        }))
        .await
        .unwrap_err();
    let fwo = grpc
        .fwos
        .get_fwo(grpc.request(v1::GetFwoRequest {
            id: 999_999,
            view: 0,
        }))
        .await
        .unwrap_err();
    for status in [customer, fwo] {
        assert_eq!(
            (status.code(), reason(&status).0.as_str()),
            (tonic::Code::NotFound, "NOT_FOUND")
        );
    }
}

#[tokio::test]
async fn callers_without_a_good_token_hear_the_same_reason_at_both_doors() {
    let stack = Stack::shared();
    for (token, wanted) in [
        ("", "TOKEN_MISSING"),
        (
            "Yn2kjibddFAWtnPJ2AFlL8WXmohJMCvigQggEaypa5A",
            "TOKEN_INVALID",
        ),
    ] {
        let user = User::new(&stack.base, token);
        let errors = user.errors("{ customers { totalCount } }").await;
        assert_eq!(errors[0][1..3], ["UNAUTHENTICATED", wanted]);
        let mut grpc = GrpcUser::new(&user).await;
        let status = grpc
            .customers
            .list_customers(grpc.request(v1::ListCustomersRequest::default()))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).0.as_str()),
            (tonic::Code::Unauthenticated, wanted)
        );
    }
}

#[tokio::test]
async fn a_login_at_either_door_gives_a_token_for_both() {
    let stack = Stack::shared();
    let mut auth = v1::auth_service_client::AuthServiceClient::new(channel(&stack.base).await);
    let login = v1::LoginRequest {
        user_name: "pm@lakeline.example".into(),
        password: PASSWORD.into(),
        client_key: None,
    };
    let granted = auth.login(login.clone()).await.unwrap().into_inner();
    assert_eq!(
        (granted.token_type.as_str(), granted.expires_in_minutes),
        ("Bearer", 60)
    );
    let user = User::new(&stack.base, &granted.token);
    assert_eq!(
        user.data("{ customers(first: 1) { totalCount } }").await["customers"]["totalCount"],
        60
    );
    let refused = auth
        .login(v1::LoginRequest {
            password: "wrong".into(),
            ..login
        })
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).0.as_str()),
        (tonic::Code::Unauthenticated, "CREDENTIALS_INVALID")
    );
}

#[test]
fn both_doors_show_the_same_fields() {
    let sdl = peerassist_gateway::graphql::sdl();
    let graphql = |name: &str| -> Vec<String> {
        let start = sdl.find(&format!("\ntype {name} ")).unwrap();
        let body = sdl[start..]
            .split_once("{\n")
            .unwrap()
            .1
            .split_once("\n}")
            .unwrap()
            .0;
        let fields = body.lines().filter(|line| {
            line.starts_with("  ")
                && !line.starts_with("   ")
                && !line.trim_start().starts_with(['"', ')'])
        });
        fields
            .filter_map(|line| line.trim().split([':', '(']).next())
            .filter(|name| !name.contains(' '))
            .map(str::to_owned)
            .collect()
    };
    let files = <prost_types::FileDescriptorSet as prost::Message>::decode(
        peerassist_gateway::grpc::DESCRIPTOR,
    )
    .unwrap();
    let grpc = |name: &str| -> Vec<String> {
        let message = files
            .file
            .iter()
            .flat_map(|file| &file.message_type)
            .find(|message| message.name() == name)
            .unwrap();
        message
            .field
            .iter()
            .map(|field| field.json_name().to_owned())
            .collect()
    };
    // A noun has one global id and fields that lead elsewhere in GraphQL alone; gRPC keeps the detail apart.
    let only_graphql = ["id", "fwos", "customer"];
    // In GraphQL members of the inputs alone.
    let input_only = [
        "billingTemplateId",
        "tradeTemplateId",
        "updateProjects",
        "updateFwos",
    ];
    for (name, messages) in [
        ("Customer", vec!["Customer"]),
        ("Fwo", vec!["Fwo", "FwoDetail"]),
        ("LaborLine", vec!["LaborLine"]),
        ("MaterialLine", vec!["MaterialLine"]),
        ("EquipmentLine", vec!["EquipmentLine"]),
        ("AdditionalItem", vec!["AdditionalItem"]),
        ("Pricing", vec!["Pricing"]),
        ("Signature", vec!["Signature"]),
    ] {
        let mut left: Vec<String> = graphql(name)
            .into_iter()
            .filter(|field| {
                !only_graphql.contains(&field.as_str()) || !["Customer", "Fwo"].contains(&name)
            })
            .collect();
        let mut right: Vec<String> = messages
            .iter()
            .flat_map(|message| grpc(message))
            .filter(|field| field != "detail" && !input_only.contains(&field.as_str()))
            .collect();
        // The upstream's id is `databaseId` in GraphQL, where `id` means a global one.
        right.retain(|field| field != "id");
        left.retain(|field| field != "databaseId");
        left.sort();
        right.sort();
        assert_eq!(left, right, "{name}");
    }
}
