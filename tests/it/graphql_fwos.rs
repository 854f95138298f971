//! Field work orders over GraphQL, compared with what the sandbox says over REST.

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::FOREMAN;
use crate::support::stack::Stack;

/// Members that GraphQL shows as the upstream's JSON does, once numbers are texts.
const SUMMARY: &str = "number projectId projectNumber projectName customerId customerName type status summary categories \
                       referenceNumber gcReference premiumTime romAmount amount laborHours groupName changeOrderNumber \
                       invoiceNumber createdBy";
const DETAIL: &str = "description gcDocumentReference gcDocumentReferenceType authorizationId \
    labor { id: databaseId employeeNumber employeeName trade tradeClass workDate regularHours overtimeHours doubleTimeHours regularRate overtimeRate doubleTimeRate amount } \
    materials { id: databaseId itemCode description quantity unitType pricingUnit factor unitPrice amount } \
    equipment { id: databaseId itemCode description quantity unitType rate amount } \
    additionalItems { id: databaseId category itemNumber description calc hoursPer quantity rate amount } \
    pricing { laborTotal materialTotal equipmentTotal additionalTotal subtotal overheadPercent profitPercent overheadAmount profitAmount total } \
    signature { signerName signerEmail note }";

/// The upstream's JSON with every number as its own text, and without what GraphQL does not select.
fn as_text(rest: &Value, graphql: &Value) -> Value {
    match (rest, graphql) {
        (Value::Number(number), _) => json!(number.to_string()),
        (Value::Array(rest), Value::Array(graphql)) if rest.len() == graphql.len() => rest
            .iter()
            .zip(graphql)
            .map(|(rest, graphql)| as_text(rest, graphql))
            .collect(),
        (Value::Object(rest), Value::Object(graphql)) => {
            let members = graphql.iter().map(|(name, value)| {
                let rest = rest
                    .get(name)
                    .map_or(Value::Null, |rest| as_text(rest, value));
                (name.clone(), rest)
            });
            Value::Object(members.collect())
        }
        _ => rest.clone(),
    }
}

/// Numbers keep their digits on the way through the test, too: `12.50` stays `12.50`.
fn exact(text: &str) -> Value {
    let mut quoted = String::with_capacity(text.len() * 2);
    let (mut in_string, mut escaped, mut in_number) = (false, false, false);
    for c in text.chars() {
        let number = !in_string
            && (c.is_ascii_digit()
                || matches!(c, '-' | '.' | '+')
                || (in_number && matches!(c, 'e' | 'E')));
        if number != in_number {
            quoted.push('"');
            in_number = number;
        }
        if in_string && !escaped && c == '\\' {
            escaped = true;
        } else {
            if c == '"' && !escaped {
                in_string = !in_string;
            }
            escaped = false;
        }
        quoted.push(c);
    }
    serde_json::from_str(&quoted).unwrap()
}

#[tokio::test]
async fn every_member_of_an_order_is_the_upstreams_to_the_last_digit() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    let page = stack
        .sandbox
        .json(ADMIN, "/fwo?size=40&page=3&sort=amount,desc")
        .await;
    for row in page["content"].as_array().unwrap() {
        let id = &row["id"];
        let rest = exact(&stack.sandbox.text(ADMIN, &format!("/fwo/{id}")).await);
        let query = format!("{{ fwo(by: {{ databaseId: {id} }}) {{ {SUMMARY} {DETAIL} }} }}");
        let fwo = &user.data(&query).await["fwo"];
        let mut wanted = as_text(&rest, fwo);
        wanted["premiumTime"] = rest["premiumTime"].clone();
        assert_eq!(*fwo, wanted, "{id}");
    }
}

#[tokio::test]
async fn moments_are_the_upstreams_in_utc() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    let rest = stack.sandbox.json(ADMIN, "/fwo?size=1").await;
    let row = &rest["content"][0];
    let fwo = user
        .data(&format!(
            "{{ fwo(by: {{ databaseId: {} }}) {{ createdDate updatedDate }} }}",
            row["id"]
        ))
        .await;
    for member in ["createdDate", "updatedDate"] {
        let wanted = row[member].as_str().unwrap().replace("+00:00", "Z");
        assert_eq!(fwo["fwo"][member], wanted);
    }
}

#[tokio::test]
async fn each_filter_gives_the_rows_that_the_upstream_gives() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    let first = stack.sandbox.json(ADMIN, "/fwo?size=1&page=40").await["content"][0].take();
    let number = first["number"].as_str().unwrap();
    let (project, customer) = (&first["projectId"], &first["customerId"]);
    let table = [
        (
            format!("projectId: {project}"),
            format!("projectId={project}"),
        ),
        (
            format!("customerId: \"{customer}\""),
            format!("customerId={customer}"),
        ),
        (
            "status: [GC_REWORK]".to_owned(),
            "status=GC_REWORK".to_owned(),
        ),
        (
            "status: [PRICING, GC_REWORK, PRICING]".to_owned(),
            "status=GC_REWORK&status=PRICING".to_owned(),
        ),
        (
            "type: [TRACKING_ONLY, SERVICE_WORK]".to_owned(),
            "type=SERVICE_WORK&type=TRACKING_ONLY".to_owned(),
        ),
        (format!("number: \"{number}\""), format!("number={number}")),
        ("search: \"soffit\"".to_owned(), "search=soffit".to_owned()),
        (
            "createdFrom: \"2026-10-01T00:00:00Z\"".to_owned(),
            "createdFrom=2026-10-01T00:00:00Z".to_owned(),
        ),
        (
            "updatedFrom: \"2026-06-01T00:00:00+02:00\", updatedTo: \"2026-07-01T00:00:00Z\""
                .to_owned(),
            "updatedFrom=2026-05-31T22:00:00Z&updatedTo=2026-07-01T00:00:00Z".to_owned(),
        ),
    ];
    for (filter, parameters) in table {
        let rest = stack
            .sandbox
            .json(
                ADMIN,
                &format!("/fwo?{parameters}&size=50&sort=createdDate,desc"),
            )
            .await;
        let wanted: Vec<Value> = rest["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fwo| json!(fwo["id"].to_string()))
            .collect();
        assert!(!wanted.is_empty(), "{filter} would test nothing");
        let query = format!(
            "{{ fwos(first: 50, filter: {{ {filter} }}, orderBy: [{{ field: CREATED_DATE, direction: DESC }}]) {{ edges {{ node {{ databaseId }} }} totalCount }} }}"
        );
        let page = user.data(&query).await;
        assert_eq!(
            page["fwos"]["totalCount"], rest["totalElements"],
            "{filter}"
        );
        let got: Vec<Value> = page["fwos"]["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge["node"]["databaseId"].clone())
            .collect();
        assert_eq!(got, wanted, "{filter}");
    }
}

#[tokio::test]
async fn each_user_sees_what_the_upstream_lets_them_see() {
    let stack = Stack::shared();
    let (admin, foreman) = (stack.user("admin").await, stack.user("foreman").await);
    let query = "{ fwos(first: 1) { totalCount } }";
    let wanted = stack.sandbox.json(FOREMAN, "/fwo?size=1").await["totalElements"].clone();
    assert_eq!(foreman.data(query).await["fwos"]["totalCount"], wanted);
    assert_ne!(admin.data(query).await["fwos"]["totalCount"], wanted);
    assert_eq!(
        foreman.data(query).await["fwos"]["totalCount"],
        wanted,
        "the other's answer is not shared"
    );
}

#[tokio::test]
async fn a_customers_orders_are_those_of_its_projects() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    let wanted =
        stack.sandbox.json(ADMIN, "/fwo?customerId=3&size=1").await["totalElements"].clone();
    let answer = user.data(r#"{ customer(by: { databaseId: 3 }) { fwos(first: 2) { totalCount edges { node { customerId customer { number } } } } } }"#).await;
    let fwos = &answer["customer"]["fwos"];
    assert_eq!(fwos["totalCount"], wanted);
    assert_eq!(
        fwos["edges"][1]["node"],
        json!({ "customerId": "3", "customer": { "number": "200-000" } })
    );
    let errors = user.errors("{ customer(by: { databaseId: 3 }) { fwos(filter: { customerId: 3 }) { totalCount } } }").await;
    assert_eq!(
        errors,
        [[
            "customer.fwos",
            "BAD_USER_INPUT",
            "INVALID_INPUT",
            "filter.customerId"
        ]
        .map(str::to_owned)]
    );
}

#[tokio::test]
async fn errors_beyond_the_twentieth_are_told_by_their_number_and_code() {
    let user = Stack::shared().user("admin").await;
    let query =
        "{ fwos(first: 25) { edges { node { customer { fwos(first: 201) { totalCount } } } } } }";
    let errors = user.errors(query).await;
    assert_eq!(errors.len(), 21);
    let at = |path: &str| [path, "BAD_USER_INPUT", "INVALID_INPUT", "first"].map(str::to_owned);
    assert_eq!(errors[20], at(""));
    assert!(
        errors[..20]
            .iter()
            .all(|error| error[0].ends_with(".customer.fwos"))
    );
}
