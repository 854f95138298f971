//! Customers over GraphQL, compared with what the sandbox says over REST.

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;

const ALL_FIELDS: &str = "name number address1 address2 city state zipCode contactName contactEmail contactPhone \
                          billingContact billingContactEmail billingContactPhone status";

#[tokio::test]
async fn every_member_of_a_customer_is_the_upstreams() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    for id in [1, 2, 3, 17, 60] {
        let rest = stack.sandbox.json(ADMIN, &format!("/customer/{id}")).await;
        let query = format!(
            "{{ customer(by: {{ databaseId: {id} }}) {{ databaseId rawStatus {ALL_FIELDS} }} }}"
        );
        let customer = &user.data(&query).await["customer"];
        assert_eq!(customer["databaseId"], json!(id.to_string()));
        assert_eq!(customer["rawStatus"], rest["status"]);
        for field in ALL_FIELDS.split(' ').filter(|field| !field.is_empty()) {
            assert_eq!(customer[field], rest[field], "{field} of {id}");
        }
    }
}

#[tokio::test]
async fn a_customer_is_found_by_each_of_its_keys_and_by_node() {
    let user = Stack::shared().user("viewer").await;
    let found = user.data(r#"{ a: customer(by: { number: "200-000" }) { id name } b: customer(by: { databaseId: "3" }) { id } }"#).await;
    let id = found["a"]["id"].as_str().unwrap();
    assert_eq!(found["a"]["name"], "USA General Contractors, Inc.");
    assert_eq!(found["b"]["id"], id);
    let again = user.data(&format!(r#"{{ customer(by: {{ id: "{id}" }}) {{ number }} node(id: "{id}") {{ __typename id ... on Customer {{ number }} }} }}"#)).await;
    assert_eq!(again["customer"]["number"], "200-000");
    assert_eq!(
        again["node"],
        json!({ "__typename": "Customer", "id": id, "number": "200-000" })
    );
}

#[tokio::test]
async fn what_the_user_cannot_see_is_null_without_an_error() {
    let user = Stack::shared().user("viewer").await;
    let nothing = user.data(r#"{ a: customer(by: { databaseId: 999999 }) { id } b: customer(by: { number: "no such" }) { id } n: node(id: "SW52b2ljZToz") { id } }"#).await;
    assert_eq!(nothing, json!({ "a": null, "b": null, "n": null }));
}

#[tokio::test]
async fn pages_in_both_directions_concatenate_to_the_whole_list() {
    let stack = Stack::shared();
    let user = stack.user("pm").await;
    let wanted: Vec<String> = stack
        .sandbox
        .all(ADMIN, "/customer?sort=name,desc")
        .await
        .iter()
        .map(|c| c["id"].to_string())
        .collect();
    let order = "orderBy: [{ field: NAME, direction: DESC }]";
    let walk = async |window: &str, cursor_name: &str, argument: &str| {
        let mut pages: Vec<Vec<String>> = Vec::new();
        let mut cursor = String::new();
        loop {
            let query = format!(
                "{{ customers({window}: 7 {cursor} {order}) {{ edges {{ node {{ databaseId }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount }} }}"
            );
            let mut page = user.data(&query).await;
            let page = page["customers"].take();
            assert_eq!(page["totalCount"], 60);
            let ids = page["edges"]
                .as_array()
                .unwrap()
                .iter()
                .map(|edge| edge["node"]["databaseId"].as_str().unwrap().to_owned());
            pages.push(ids.collect());
            let more = if window == "first" {
                "hasNextPage"
            } else {
                "hasPreviousPage"
            };
            if page["pageInfo"][more] != json!(true) {
                return pages;
            }
            cursor = format!("{argument}: {}", page["pageInfo"][cursor_name]);
        }
    };
    let forward = walk("first", "endCursor", "after").await;
    assert_eq!(forward.concat(), wanted);
    let mut backward = walk("last", "startCursor", "before").await;
    backward.reverse();
    assert_eq!(backward.concat(), wanted);
}

#[tokio::test]
async fn each_filter_gives_the_rows_that_the_upstream_gives() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    for (filter, parameters) in [
        ("status: INACTIVE", "status=INACTIVE"),
        ("number: \"200-000\"", "number=200-000"),
        ("name: \"mill\"", "name=mill"),
        ("name: \"ø\"", "name=%C3%B8"),
        (
            "status: ACTIVE, name: \"Builders\"",
            "status=ACTIVE&name=Builders",
        ),
    ] {
        let rest = stack
            .sandbox
            .all(ADMIN, &format!("/customer?{parameters}"))
            .await;
        let wanted: Vec<Value> = rest.iter().map(|c| json!(c["id"].to_string())).collect();
        assert!(!wanted.is_empty(), "{filter} would test nothing");
        let query = format!(
            "{{ customers(first: 200, filter: {{ {filter} }}) {{ edges {{ node {{ databaseId }} }} totalCount }} }}"
        );
        let page = user.data(&query).await;
        let got: Vec<Value> = page["customers"]["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge["node"]["databaseId"].clone())
            .collect();
        assert_eq!(got, wanted, "{filter}");
    }
}

#[tokio::test]
async fn bad_arguments_are_refused_with_their_field_and_without_a_call() {
    let mut count = Stack::counted().await;
    let stack = count.stack;
    let user = stack.user("admin").await;
    let foreign = stack
        .user("admin")
        .await
        .data("{ customers(first: 1) { pageInfo { endCursor } } }")
        .await;
    let foreign = foreign["customers"]["pageInfo"]["endCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = user
        .data("{ customers(first: 1) { pageInfo { endCursor } } }")
        .await;
    let own = own["customers"]["pageInfo"]["endCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let table = [
        ("customers(first: 201)".to_owned(), "first"),
        ("customers(first: -1)".to_owned(), "first"),
        ("customers(last: 201)".to_owned(), "last"),
        ("customers(first: 1, last: 1)".to_owned(), "last"),
        ("customers(after: \"made up\")".to_owned(), "after"),
        ("customers(before: \"\")".to_owned(), "before"),
        (format!("customers(after: \"{foreign}\")"), "after"),
        (
            format!("customers(after: \"{own}\", filter: {{ status: ACTIVE }})"),
            "after",
        ),
        (
            format!("customers(after: \"{own}\", orderBy: {{ field: NAME }})"),
            "after",
        ),
        (format!("fwos(after: \"{own}\")"), "after"),
        (
            "customers(filter: { status: UNKNOWN })".to_owned(),
            "filter.status",
        ),
        (
            "customers(filter: { name: \"\" })".to_owned(),
            "filter.name",
        ),
        (
            "customers(filter: { number: \"a\\nb\" })".to_owned(),
            "filter.number",
        ),
        (
            "customers(orderBy: [{ field: NAME }, { field: NAME }])".to_owned(),
            "orderBy",
        ),
        (
            "customer(by: { databaseId: 0 })".to_owned(),
            "by.databaseId",
        ),
        (
            "customer(by: { databaseId: \"-7\" })".to_owned(),
            "by.databaseId",
        ),
        ("customer(by: { id: \"../3\" })".to_owned(), "by.id"),
        ("customer(by: { id: \"RndvOjE\" })".to_owned(), "by.id"),
        ("customer(by: { number: \"\" })".to_owned(), "by.number"),
    ];
    count.calls().await;
    for (field, at_fault) in table {
        let selection = if field.starts_with("customer(") {
            "{ id }"
        } else {
            "{ totalCount }"
        };
        let errors = user.errors(&format!("{{ x: {field} {selection} }}")).await;
        let [code, reason] = match at_fault {
            "after" | "before" => ["INVALID_CURSOR", "INVALID_PAGE_TOKEN"],
            _ => ["BAD_USER_INPUT", "INVALID_INPUT"],
        };
        let wanted = ["x", code, reason, at_fault].map(str::to_owned);
        assert_eq!(errors, [wanted], "{field}");
    }
    assert_eq!(count.total().await, 0);
}
