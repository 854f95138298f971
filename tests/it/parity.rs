//! The same question through both doors: the same values, the same upstream calls, the same reasons.

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;

use crate::support::grpc::GrpcUser;
use crate::support::grpc::channel;
use crate::support::grpc::reason;
use crate::support::sandbox::PASSWORD;
use crate::support::stack::Stack;
use crate::support::stack::User;

/// A customer as both doors say it.
fn customer_json(customer: &v1::Customer) -> Value {
    json!({
        "databaseId": customer.id.to_string(), "name": customer.name, "number": customer.number,
        "address1": customer.address1, "address2": customer.address2, "city": customer.city, "state": customer.state,
        "zipCode": customer.zip_code, "contactName": customer.contact_name, "contactEmail": customer.contact_email,
        "contactPhone": customer.contact_phone, "billingContact": customer.billing_contact,
        "billingContactEmail": customer.billing_contact_email, "billingContactPhone": customer.billing_contact_phone,
        "status": customer.status().as_str_name().trim_start_matches("CUSTOMER_STATUS_"), "rawStatus": customer.raw_status,
    })
}

const CUSTOMER: &str = "databaseId name number address1 address2 city state zipCode contactName contactEmail contactPhone \
                        billingContact billingContactEmail billingContactPhone status rawStatus";

fn time(time: &Option<prost_types::Timestamp>) -> Value {
    let time = time
        .and_then(|time| chrono::DateTime::from_timestamp(time.seconds, time.nanos.unsigned_abs()));
    json!(time.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)))
}

/// A repeated field cannot tell an empty list from an absent one.
fn list(rows: Vec<Value>) -> Value {
    json!(rows)
}

fn id(id: Option<i64>) -> Value {
    json!(id.map(|id| id.to_string()))
}

fn fwo_json(fwo: &v1::Fwo) -> Value {
    let d = fwo.detail.clone().unwrap_or_default();
    let labor = d.labor.iter().map(|l| json!({
        "id": id(l.id), "employeeNumber": l.employee_number, "employeeName": l.employee_name, "trade": l.trade,
        "tradeClass": l.trade_class, "workDate": l.work_date, "regularHours": l.regular_hours,
        "overtimeHours": l.overtime_hours, "doubleTimeHours": l.double_time_hours, "regularRate": l.regular_rate,
        "overtimeRate": l.overtime_rate, "doubleTimeRate": l.double_time_rate, "amount": l.amount,
    }));
    let materials = d.materials.iter().map(|m| json!({
        "id": id(m.id), "itemCode": m.item_code, "description": m.description, "quantity": m.quantity, "unitType": m.unit_type,
        "pricingUnit": m.pricing_unit().as_str_name().trim_start_matches("PRICING_UNIT_"), "rawPricingUnit": m.raw_pricing_unit,
        "factor": m.factor, "unitPrice": m.unit_price, "amount": m.amount,
    }));
    let equipment = d.equipment.iter().map(|e| json!({
        "id": id(e.id), "itemCode": e.item_code, "description": e.description, "quantity": e.quantity, "unitType": e.unit_type,
        "rate": e.rate, "amount": e.amount,
    }));
    let additional = d.additional_items.iter().map(|a| json!({
        "id": id(a.id), "category": a.category, "itemNumber": a.item_number, "description": a.description,
        "calc": a.calc().as_str_name().trim_start_matches("CALC_"), "rawCalc": a.raw_calc, "hoursPer": a.hours_per,
        "quantity": a.quantity, "rate": a.rate, "amount": a.amount,
    }));
    let pricing = d.pricing.as_ref().map(|p| json!({
        "laborTotal": p.labor_total, "materialTotal": p.material_total, "equipmentTotal": p.equipment_total,
        "additionalTotal": p.additional_total, "subtotal": p.subtotal, "overheadPercent": p.overhead_percent,
        "profitPercent": p.profit_percent, "overheadAmount": p.overhead_amount, "profitAmount": p.profit_amount, "total": p.total,
    }));
    let signature = d.signature.as_ref().map(|s| json!({
        "signerName": s.signer_name, "signerEmail": s.signer_email, "note": s.note, "signedDate": time(&s.signed_date),
    }));
    json!({
        "databaseId": fwo.id.to_string(), "number": fwo.number, "projectId": id(fwo.project_id),
        "projectNumber": fwo.project_number, "projectName": fwo.project_name, "customerId": id(fwo.customer_id),
        "customerName": fwo.customer_name, "type": fwo.r#type().as_str_name().trim_start_matches("FWO_TYPE_"),
        "rawType": fwo.raw_type, "status": fwo.status().as_str_name().trim_start_matches("FWO_STATUS_"),
        "rawStatus": fwo.raw_status, "summary": fwo.summary, "categories": fwo.categories,
        "referenceNumber": fwo.reference_number, "gcReference": fwo.gc_reference, "premiumTime": fwo.premium_time,
        "romAmount": fwo.rom_amount, "amount": fwo.amount, "laborHours": fwo.labor_hours, "groupName": fwo.group_name,
        "changeOrderNumber": fwo.change_order_number, "invoiceNumber": fwo.invoice_number, "createdBy": fwo.created_by,
        "createdDate": time(&fwo.created_date), "updatedDate": time(&fwo.updated_date), "description": d.description,
        "gcDocumentReference": d.gc_document_reference, "gcDocumentReferenceType": d.gc_document_reference_type,
        "labor": list(labor.collect()), "materials": list(materials.collect()), "equipment": list(equipment.collect()),
        "additionalItems": list(additional.collect()), "pricing": pricing, "signature": signature,
        "authorizationId": id(d.authorization_id),
    })
}

const FWO: &str = "databaseId number projectId projectNumber projectName customerId customerName type rawType status rawStatus \
    summary categories referenceNumber gcReference premiumTime romAmount amount laborHours groupName changeOrderNumber \
    invoiceNumber createdBy createdDate updatedDate description gcDocumentReference gcDocumentReferenceType authorizationId \
    labor { id: databaseId employeeNumber employeeName trade tradeClass workDate regularHours overtimeHours doubleTimeHours regularRate overtimeRate doubleTimeRate amount } \
    materials { id: databaseId itemCode description quantity unitType pricingUnit rawPricingUnit factor unitPrice amount } \
    equipment { id: databaseId itemCode description quantity unitType rate amount } \
    additionalItems { id: databaseId category itemNumber description calc rawCalc hoursPer quantity rate amount } \
    pricing { laborTotal materialTotal equipmentTotal additionalTotal subtotal overheadPercent profitPercent overheadAmount profitAmount total } \
    signature { signerName signerEmail note signedDate }";

/// GraphQL tells an absent list from an empty one; for the comparison they are the same.
fn without_absent_lists(mut fwo: Value) -> Value {
    for name in [
        "categories",
        "labor",
        "materials",
        "equipment",
        "additionalItems",
    ] {
        if fwo[name].is_null() {
            fwo[name] = json!([]);
        }
    }
    fwo
}

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
        assert_eq!(
            errors,
            [["customers", "BAD_USER_INPUT", "INVALID_INPUT", field].map(str::to_owned)]
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
        assert_eq!(
            reason(&status),
            ("INVALID_INPUT".to_owned(), violation.to_owned())
        );
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
        let user = User {
            base: stack.base.clone(),
            token: token.to_owned(),
        };
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
    let user = User {
        base: stack.base.clone(),
        token: granted.token,
    };
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
            .filter(|field| field != "detail")
            .collect();
        // The upstream's id is `databaseId` in GraphQL, where `id` means a global one.
        right.retain(|field| field != "id");
        left.retain(|field| field != "databaseId");
        left.sort();
        right.sort();
        assert_eq!(left, right, "{name}");
    }
}
