//! Pages of the sandbox: the envelope, the rules for page and size, and orders that leave nothing to chance.

use std::cmp::Ordering;

use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

#[tokio::test]
async fn the_envelope_is_springs() {
    let page = Sandbox::shared()
        .json(ADMIN, "/customer?page=1&size=25")
        .await;
    let members: Vec<_> = page.as_object().unwrap().keys().collect();
    let envelope = [
        "content",
        "pageable",
        "totalElements",
        "totalPages",
        "last",
        "first",
        "size",
        "number",
        "numberOfElements",
        "sort",
        "empty",
    ];
    assert_eq!(members, envelope);
    let sort = json!({"sorted": true, "unsorted": false, "empty": false});
    let pageable = json!({
        "sort": sort, "offset": 25, "pageNumber": 1, "pageSize": 25, "paged": true, "unpaged": false
    });
    assert_eq!(page["pageable"].to_string(), pageable.to_string());
    assert_eq!(page["sort"], sort);
    assert_eq!(page["totalElements"], 60);
    assert_eq!(page["totalPages"], 3);
    assert_eq!(
        (&page["first"], &page["last"], &page["empty"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert_eq!(
        page["numberOfElements"],
        page["content"].as_array().unwrap().len()
    );
}

#[tokio::test]
async fn nonsense_page_numbers_and_sizes_count_as_the_default() {
    let sandbox = Sandbox::shared();
    let first = sandbox.text(ADMIN, "/fwo").await;
    for query in [
        "page=-1",
        "page=x&size=0",
        "size=-7",
        "size=ten",
        "page=99999999999",
        "page=&size=",
    ] {
        assert_eq!(
            sandbox.text(ADMIN, &format!("/fwo?{query}")).await,
            first,
            "{query}"
        );
    }
}

#[tokio::test]
async fn sizes_are_capped_and_pages_past_the_end_are_empty() {
    let sandbox = Sandbox::shared();
    let largest = sandbox.json(ADMIN, "/fwo?size=1000000").await;
    assert_eq!(
        (&largest["size"], &largest["numberOfElements"]),
        (&json!(2000), &json!(2000))
    );
    for number in [250, i64::from(i32::MAX)] {
        let past = sandbox.json(ADMIN, &format!("/fwo?page={number}")).await;
        assert_eq!(past["content"], json!([]));
        assert_eq!(
            (&past["totalElements"], &past["number"]),
            (&json!(5000), &json!(number))
        );
        assert_eq!(
            (&past["last"], &past["first"], &past["empty"]),
            (&json!(true), &json!(false), &json!(true))
        );
    }
    let none = sandbox.json(ADMIN, "/fwo?search=no-such-thing").await;
    assert_eq!(
        (&none["totalPages"], &none["first"], &none["last"]),
        (&json!(0), &json!(true), &json!(true))
    );
}

#[tokio::test]
async fn an_unknown_sort_property_is_400() {
    let sandbox = Sandbox::shared();
    for path in [
        "/customer?sort=colour",
        "/fwo?sort=id&sort=laborHours,desc",
        "/project?sort=id;drop",
    ] {
        let answer = sandbox.get(ADMIN, path).await;
        assert_eq!(answer.status(), 400, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert!(body["message"].as_str().unwrap().starts_with("No property"));
    }
}

/// Absent before present, numbers by value, text by code point.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().partial_cmp(&right.as_f64()).unwrap()
        }
        _ => left.as_str().unwrap().cmp(right.as_str().unwrap()),
    }
}

/// Both directions of a sort order everything, and pages put together are the whole.
async fn check_sort(list: &str, property: &str, page_size: usize) {
    let sandbox = Sandbox::shared();
    let join = if list.contains('?') { '&' } else { '?' };
    for direction in ["asc", "desc"] {
        let sorted = format!("{list}{join}sort={property},{direction}");
        let whole = sandbox.all(ADMIN, &sorted).await;
        for pair in whole.windows(2) {
            let by_property = compare(&pair[0][property], &pair[1][property]);
            let by_property = if direction == "desc" {
                by_property.reverse()
            } else {
                by_property
            };
            let by_id = compare(&pair[0]["id"], &pair[1]["id"]);
            assert_eq!(
                by_property.then(by_id),
                Ordering::Less,
                "{sorted}: {} before {}",
                pair[0],
                pair[1]
            );
        }
        let pages = sandbox.all_of_size(ADMIN, &sorted, page_size).await;
        assert!(pages == whole, "{sorted} in pages of {page_size}");
    }
}

#[tokio::test]
async fn every_sort_of_customers_is_total() {
    for property in ["id", "name", "number", "city", "state", "status"] {
        check_sort("/customer", property, 7).await;
    }
}

#[tokio::test]
async fn every_sort_of_projects_is_total() {
    for property in [
        "id",
        "number",
        "name",
        "city",
        "state",
        "status",
        "customerName",
    ] {
        check_sort("/project", property, 101).await;
    }
}

#[tokio::test]
async fn every_sort_of_fwos_is_total() {
    // One customer's, to be quick; the largest one's, to have ties in everything but ids and times.
    for property in [
        "id",
        "number",
        "summary",
        "status",
        "type",
        "amount",
        "romAmount",
        "createdDate",
        "updatedDate",
        "projectNumber",
    ] {
        check_sort("/fwo?customerId=3", property, 251).await;
    }
}

#[tokio::test]
async fn fwos_created_at_once_keep_their_order_from_page_to_page() {
    check_sort("/fwo", "createdDate", 1999).await;
}

#[tokio::test]
async fn several_sorts_apply_one_after_the_other() {
    let all = Sandbox::shared()
        .all(ADMIN, "/fwo?sort=status,desc&sort=amount&sort=id,desc")
        .await;
    for pair in all.windows(2) {
        let order = compare(&pair[1]["status"], &pair[0]["status"])
            .then(compare(&pair[0]["amount"], &pair[1]["amount"]))
            .then(compare(&pair[1]["id"], &pair[0]["id"]));
        assert_eq!(order, Ordering::Less);
    }
}
