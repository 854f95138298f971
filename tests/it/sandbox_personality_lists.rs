//! Personalities of lists, on the wire.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::personality::alone;
use crate::support::personality::ordinary;
use crate::support::personality::several;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

/// The rows of a list without personalities, as text.
async fn rows(path: &str) -> String {
    let page = ordinary().read(path).await.body;
    let (_, rest) = page.split_once(r#""content":"#).unwrap();
    let (rows, _) = rest.split_once(r#","pageable""#).unwrap();
    rows.to_owned()
}

/// The ids on a page.
fn ids(page: &Value) -> Vec<i64> {
    let rows = page["content"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

async fn check_ids(sandbox: &Sandbox, query: &str, expected: &[i64]) {
    let page = sandbox.json(ADMIN, &format!("/fwo?{query}")).await;
    assert_eq!(ids(&page), expected, "{query}");
}

#[tokio::test]
async fn a_list_can_be_an_array_of_all_there_is() {
    let sandbox = alone("bare-array");
    let all = rows("/fwo").await;
    for query in ["", "?page=1&size=2", "?page=7"] {
        assert_eq!(sandbox.read(&format!("/fwo{query}")).await.body, all);
    }
    let filtered = rows("/fwo?status=ENTRY").await;
    assert_eq!(
        sandbox.read("/fwo?status=ENTRY&size=1").await.body,
        filtered
    );
    let demo = Sandbox::start_with(&["--fwos", "4100", "--personality", "bare-array"]);
    let all = demo.json(ADMIN, "/fwo?sort=id,desc").await;
    let ids: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|fwo| fwo["id"].as_i64())
        .collect();
    assert_eq!(ids.len(), 4100);
    assert!(ids.is_sorted_by(|one, other| one > other), "each once");
}

#[tokio::test]
async fn a_page_can_be_an_array() {
    let sandbox = alone("array-pages");
    assert_eq!(
        sandbox.read("/fwo?page=1&size=3").await.body,
        rows("/fwo?page=1&size=3").await
    );
    assert_eq!(sandbox.read("/fwo?page=9").await.body, "[]");
}

#[tokio::test]
async fn a_page_can_be_a_paged_model() {
    let content = rows("/fwo?page=1&size=3").await;
    let about = r#"{"size":3,"number":1,"totalElements":4,"totalPages":2}"#;
    let body = alone("paged-model").read("/fwo?page=1&size=3").await.body;
    assert_eq!(body, format!(r#"{{"content":{content},"page":{about}}}"#));
}

#[tokio::test]
async fn a_page_can_be_hal() {
    let sandbox = alone("hal");
    let content = rows("/customer?name=l&page=1&size=1").await;
    let base = &sandbox.base;
    let link = |name: &str, page: u32| {
        format!(r#""{name}":{{"href":"{base}/customer?name=l&page={page}&size=1"}}"#)
    };
    let links = [
        ("first", 0),
        ("prev", 0),
        ("self", 1),
        ("next", 2),
        ("last", 2),
    ];
    let links = links.map(|(name, page)| link(name, page)).join(",");
    let about = r#"{"size":1,"number":1,"totalElements":3,"totalPages":3}"#;
    let expected = format!(
        r#"{{"_embedded":{{"customerList":{content}}},"_links":{{{links}}},"page":{about}}}"#
    );
    assert_eq!(
        sandbox.read("/customer?name=l&page=1&size=1").await.body,
        expected
    );
    let none = sandbox.json(ADMIN, "/fwo?search=nothing-like-it").await;
    assert_eq!(none.get("_embedded"), None, "an empty page embeds nothing");
}

#[tokio::test]
async fn a_page_can_be_a_slice() {
    let body = alone("slice").read("/fwo?size=3").await.body;
    let ordinary = ordinary().read("/fwo?size=3").await.body;
    assert_eq!(
        body,
        ordinary.replace(r#""totalElements":4,"totalPages":2,"#, "")
    );
    assert_ne!(body, ordinary);
}

#[tokio::test]
async fn rows_can_stand_under_another_name() {
    let body = alone("content-name=items").read("/fwo?size=3").await.body;
    let ordinary = ordinary().read("/fwo?size=3").await.body;
    assert_eq!(body, ordinary.replacen(r#"{"content":"#, r#"{"items":"#, 1));
}

#[tokio::test]
async fn pages_can_be_asked_for_from_one_and_told_from_zero() {
    let sandbox = alone("one-based");
    for (asked, told) in [
        ("size=3", 0),
        ("page=0&size=3", 0),
        ("page=1&size=3", 0),
        ("page=2&size=3", 1),
    ] {
        let ordinary = ordinary()
            .read(&format!("/fwo?page={told}&size=3"))
            .await
            .body;
        assert_eq!(
            sandbox.read(&format!("/fwo?{asked}")).await.body,
            ordinary,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn page_parameters_can_have_other_names() {
    let sandbox = alone("page-names");
    check_ids(&sandbox, "pageNumber=1&pageSize=3", &[4]).await;
    check_ids(&sandbox, "page=1&size=3", &[1, 2, 3, 4]).await;
    let named = several(&["page-names=p,per_page", "one-based"]);
    check_ids(&named, "p=2&per_page=3", &[4]).await;
}

#[tokio::test]
async fn rows_can_be_asked_for_by_offset_and_limit() {
    let sandbox = alone("offset-limit");
    check_ids(&sandbox, "offset=1&limit=2", &[2, 3]).await;
    check_ids(&sandbox, "offset=3&limit=2", &[4]).await;
    check_ids(&sandbox, "page=1&size=1", &[1, 2, 3, 4]).await;
    let page = sandbox.json(ADMIN, "/fwo?offset=1&limit=2").await;
    assert_eq!(
        (&page["last"], &page["first"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(page["pageable"]["offset"], 1);
}

#[tokio::test]
async fn pages_can_be_smaller_than_asked_for() {
    let sandbox = alone("size-cap=2");
    check_ids(&sandbox, "", &[1, 2]).await;
    check_ids(&sandbox, "page=1&size=100", &[3, 4]).await;
    let page = sandbox.json(ADMIN, "/fwo?size=100").await;
    assert_eq!((&page["size"], &page["totalPages"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn pages_can_be_as_large_as_asked_for() {
    check_ids(&alone("no-size-cap"), "page=1&size=3", &[4]).await;
    let demo = Sandbox::start_with(&["--fwos", "4100", "--personality", "no-size-cap"]);
    let page = demo.json(ADMIN, "/fwo?size=4099").await;
    assert_eq!(
        (&page["size"], &page["numberOfElements"]),
        (&json!(4099), &json!(4099))
    );
    assert_eq!(
        (&page["last"], &page["totalPages"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(
        ids(&demo.json(ADMIN, "/fwo?size=4099&page=1").await).len(),
        1
    );
}

#[tokio::test]
async fn filters_can_change_nothing() {
    let sandbox = alone("ignored-filters");
    check_ids(
        &sandbox,
        "status=ENTRY&search=nothing-like-it&sort=id,desc",
        &[4, 3, 2, 1],
    )
    .await;
}

#[tokio::test]
async fn a_sort_can_change_nothing() {
    let sandbox = alone("ignored-sort");
    check_ids(
        &sandbox,
        "sort=id,desc&status=ENTRY&status=PRICING",
        &[3, 4],
    )
    .await;
    check_ids(&sandbox, "sort=colour", &[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn equal_rows_can_change_places() {
    let sandbox = alone("unstable-order");
    for expected in [[1, 2, 3, 4], [4, 3, 2, 1], [1, 2, 3, 4]] {
        check_ids(&sandbox, "sort=projectNumber", &expected).await;
    }
    for _ in 0..2 {
        check_ids(&sandbox, "sort=projectNumber&sort=id,desc", &[4, 3, 2, 1]).await;
    }
}

#[tokio::test]
async fn a_row_can_come_in_while_pages_are_read() {
    let sandbox = alone("drifting-pages");
    check_ids(&sandbox, "size=2", &[1, 2]).await;
    check_ids(&sandbox, "size=2&page=1", &[2, 3]).await;
    check_ids(&sandbox, "size=2&page=2", &[4]).await;
    let last = sandbox.json(ADMIN, "/fwo?size=2&page=2").await;
    assert_eq!(
        (&last["totalElements"], &last["last"]),
        (&json!(5), &json!(true))
    );
}

#[tokio::test]
async fn lists_can_be_asked_for_by_post() {
    let sandbox = alone("search-by-post");
    let body = r#"{"status":["ENTRY","PRICING"],"sort":"id,desc","page":0,"size":1}"#;
    let answer = sandbox.call(Method::POST, "/fwo/search", body).await;
    let ordinary = ordinary()
        .read("/fwo?status=ENTRY&status=PRICING&sort=id,desc&size=1")
        .await;
    assert_eq!(answer.told(), ordinary.told());
    assert_eq!(sandbox.read("/fwo").await.status, 405);
    assert_eq!(sandbox.read("/fwo/1").await.status, 200);
    assert_eq!(
        sandbox
            .call_with("unknown", Method::POST, "/fwo/search", "{}")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_list_that_is_refused_is_refused_as_ever() {
    let sandbox = several(&["hal", "offset-limit"]);
    let answer = sandbox.read("/fwo?sort=colour").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains(r#""path":"/fwo""#), "{answer:?}");
    assert_eq!(
        sandbox
            .call_with("unknown", Method::GET, "/fwo", "")
            .await
            .status,
        401
    );
}
