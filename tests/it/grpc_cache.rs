//! What a client hears of the cache over gRPC: `x-cache`, `etag`, and what `if-none-match` and `cache-control` do.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::json;
use tonic::Code;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::support::door::Door;
use crate::support::door::TOKEN;
use crate::support::door::asked;
use crate::support::door::framed;
use crate::support::door::reason;
use crate::support::door::status;
use crate::support::ledgers::explanation;
use crate::support::stub::Answer;
use crate::support::stub::customers;
use crate::support::stub::fwo;
use crate::support::stub::fwos;

fn get(id: i64) -> Request<v1::GetCustomerRequest> {
    asked(v1::GetCustomerRequest {
        by: Some(By::Id(id)),
    })
}

/// A call with one more entry of metadata.
fn with<T>(mut request: Request<T>, name: &'static str, value: &str) -> Request<T> {
    request.metadata_mut().append(name, value.parse().unwrap());
    request
}

fn told<'m>(metadata: &'m MetadataMap, name: &str) -> &'m str {
    metadata
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

fn x_cache<T>(answer: &Response<T>) -> &str {
    told(answer.metadata(), "x-cache")
}

async fn customer(
    door: &Door,
    request: Request<v1::GetCustomerRequest>,
) -> Result<Response<v1::Customer>, Status> {
    door.customers().get_customer(request).await
}

/// Four customers and three orders; a call takes long enough for another one to join it.
async fn slow_door() -> Door {
    Door::open(|asked| {
        let path = asked.path.as_str();
        let answer = match path {
            "/customer" => asked.page_of(&customers(4)),
            "/fwo" => asked.page_of(&fwos(3)),
            _ if path.starts_with("/fwo/") => Answer::json(fwo(asked.id())),
            _ => Answer::json(customers(asked.id()).pop().unwrap()),
        };
        answer.after(Duration::from_millis(200))
    })
    .await
}

#[tokio::test]
async fn one_word_says_where_an_answer_came_from() {
    let door = slow_door().await;
    assert_eq!(x_cache(&customer(&door, get(1)).await.unwrap()), "miss");
    assert_eq!(x_cache(&customer(&door, get(1)).await.unwrap()), "hit");
    let (one, other) = tokio::join!(customer(&door, get(2)), customer(&door, get(2)));
    let mut words = [one.unwrap(), other.unwrap()].map(|answer| x_cache(&answer).to_owned());
    words.sort();
    assert_eq!(words, ["coalesced", "miss"]);
    let list = || asked(v1::ListCustomersRequest::default());
    let mut clients = door.customers();
    assert_eq!(
        x_cache(&clients.list_customers(list()).await.unwrap()),
        "miss"
    );
    assert_eq!(
        x_cache(&clients.list_customers(list()).await.unwrap()),
        "hit"
    );
    // The list brought them all.
    assert_eq!(x_cache(&customer(&door, get(4)).await.unwrap()), "hit");
}

#[tokio::test]
async fn of_many_questions_only_hits_alone_are_a_hit() {
    let door = slow_door().await;
    let fwo = || asked(v1::GetFwoRequest { id: 2, view: 0 });
    assert_eq!(x_cache(&door.fwos().get_fwo(fwo()).await.unwrap()), "miss");
    let list = |view: v1::FwoView| {
        asked(v1::ListFwosRequest {
            view: view.into(),
            ..Default::default()
        })
    };
    let mut fwos = door.fwos();
    let basic = fwos.list_fwos(list(v1::FwoView::Basic)).await.unwrap();
    assert_eq!(x_cache(&basic), "miss");
    // The page and one order are kept; two are not.
    let full = fwos.list_fwos(list(v1::FwoView::Full)).await.unwrap();
    assert_eq!(x_cache(&full), "miss");
    let full = fwos.list_fwos(list(v1::FwoView::Full)).await.unwrap();
    assert_eq!(x_cache(&full), "hit");
}

#[tokio::test]
async fn a_client_says_which_kept_answers_do_for_it() {
    let door = slow_door().await;
    for (name, value, word) in [
        ("cache-control", "no-store", "miss"),
        ("x-anything", "", "miss"),
        ("x-anything", "", "hit"),
        ("cache-control", "no-cache", "miss"),
        ("cache-control", "max-age=0", "miss"),
        ("cache-control", "max-age=600", "hit"),
        ("cache-control", "nonsense", "hit"),
        ("pragma", "no-cache", "hit"),
        ("cache-control", "no-store", "miss"),
        ("x-anything", "", "hit"),
    ] {
        let answer = customer(&door, with(get(1), name, value)).await.unwrap();
        assert_eq!(x_cache(&answer), word, "{name}: {value}");
    }
    assert_eq!(door.stub.calls(), 5);
}

/// An answer that is asked for each time, and need not be sent each time.
fn confirmable(answer: Answer) -> Answer {
    let answer = answer.header("cache-control", "no-cache");
    answer.header("etag", "\"one\"")
}

#[tokio::test]
async fn an_answer_past_its_freshness_is_stale_and_a_confirmed_one_is_revalidated() {
    let door = Door::open(|asked| {
        let row = customers(asked.id()).pop().unwrap();
        match (asked.id(), &asked.if_none_match) {
            (1, _) => Answer::json(row).header("cache-control", "max-age=0"),
            (_, Some(_)) => confirmable(Answer::status(304)),
            (_, None) => confirmable(Answer::json(row)),
        }
    })
    .await;
    for (id, outcome, word) in [
        (1, v1::Outcome::Stale, "stale"),
        (2, v1::Outcome::Revalidated, "revalidated"),
    ] {
        let first = customer(&door, get(id)).await.unwrap();
        assert_eq!(x_cache(&first), "miss");
        let again = with(get(id), "x-explain", "2");
        let again = customer(&door, again).await.unwrap();
        assert_eq!(x_cache(&again), word);
        assert_eq!(
            told(again.metadata(), "etag"),
            told(first.metadata(), "etag")
        );
        let cost = explanation(again.metadata().as_ref()).unwrap();
        let question = &cost.questions[0];
        assert_eq!(question.outcome(), outcome);
        assert_eq!(question.fresh_for, Some(prost_types::Duration::default()));
        let totals = [cost.actual, cost.revalidated, cost.cached, cost.stale];
        let confirmed = i64::from(word == "revalidated");
        assert_eq!(totals, [confirmed, confirmed, 1 - confirmed, 1 - confirmed]);
    }
}

/// A door before one customer, whose name depends on whether it was changed.
async fn changing_door() -> (Door, Arc<AtomicBool>) {
    let changed: Arc<AtomicBool> = Arc::default();
    let is_changed = changed.clone();
    let door = Door::open(move |asked| {
        let mut customer = customers(1).pop().unwrap();
        if is_changed.load(Ordering::SeqCst) {
            customer["name"] = json!("Changed");
        }
        match asked.path.as_str() {
            "/customer" => asked.page_of(&[customer]),
            _ => Answer::json(customer),
        }
    });
    (door.await, changed)
}

#[tokio::test]
async fn who_has_the_answer_already_is_told_so_by_a_status_that_no_answer_can_be_mistaken_for() {
    let (door, _) = changing_door().await;
    let first = customer(&door, get(1)).await.unwrap();
    let etag = told(first.metadata(), "etag").to_owned();
    assert_eq!(etag.len(), 24, "{etag}");
    for condition in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"other\", {etag}"),
        "*".into(),
    ] {
        let request = with(get(1), "if-none-match", &condition);
        let known = customer(&door, request).await.unwrap_err();
        assert_eq!(known.code(), Code::FailedPrecondition, "{condition}");
        assert_eq!(reason(&known), "NOT_MODIFIED");
        assert_eq!(told(known.metadata(), "etag"), etag);
        assert_eq!(told(known.metadata(), "x-cache"), "hit");
    }
    for condition in ["\"other\"", "", "nonsense", etag.trim_matches('"')] {
        let request = with(get(1), "if-none-match", condition);
        let answer = customer(&door, request).await.unwrap();
        assert_eq!(told(answer.metadata(), "etag"), etag);
        assert_eq!(answer.into_inner().id, 1);
    }
    let request = with(get(1), "if-none-match", "\"other\"");
    let request = with(request, "if-none-match", &etag);
    assert!(
        customer(&door, request).await.is_err(),
        "two entries are one list"
    );
    let labels = r#"method="peerassist.v1.CustomerService/GetCustomer",code="FAILED_PRECONDITION""#;
    let failed = format!("rpc_server_call_duration_seconds_count{{{labels}}} 5");
    assert!(door.metrics().contains(&failed));
}

#[tokio::test]
async fn a_changed_answer_has_another_etag_and_an_unchanged_one_the_same() {
    let (door, changed) = changing_door().await;
    let etag = |answer: Response<v1::Customer>| told(answer.metadata(), "etag").to_owned();
    let first = etag(customer(&door, get(1)).await.unwrap());
    let again = || with(get(1), "cache-control", "no-cache");
    let known = customer(&door, with(again(), "if-none-match", &first)).await;
    let known = known.unwrap_err();
    assert_eq!(reason(&known), "NOT_MODIFIED");
    assert_eq!(
        told(known.metadata(), "x-cache"),
        "miss",
        "it was asked for all the same"
    );
    changed.store(true, Ordering::SeqCst);
    let renewed = customer(&door, with(again(), "if-none-match", &first))
        .await
        .unwrap();
    assert_eq!(renewed.get_ref().name.as_deref(), Some("Changed"));
    assert_ne!(etag(renewed), first);
}

#[tokio::test]
async fn pages_have_etags_and_their_tokens_do_not_change_them() {
    let door = Door::open(|asked| asked.page_of(&customers(40))).await;
    let list = || {
        asked(v1::ListCustomersRequest {
            page_size: 20,
            ..Default::default()
        })
    };
    let first = door.customers().list_customers(list()).await.unwrap();
    let etag = told(first.metadata(), "etag").to_owned();
    assert!(!first.get_ref().next_page_token.is_empty());
    let again = with(list(), "cache-control", "no-cache");
    let again = with(again, "if-none-match", &etag);
    let known = door.customers().list_customers(again).await.unwrap_err();
    assert_eq!(reason(&known), "NOT_MODIFIED");
}

#[tokio::test]
async fn a_write_is_done_whatever_its_condition_says_and_tells_nothing_of_the_cache() {
    let (door, _) = changing_door().await;
    let delete = asked(v1::DeleteCustomerRequest {
        id: 1,
        etag: String::new(),
    });
    let delete = with(delete, "if-none-match", "*");
    let done = door.customers().delete_customer(delete).await.unwrap();
    let metadata = ["etag", "x-cache"].map(|name| told(done.metadata(), name));
    assert_eq!(metadata, ["", ""]);
    assert_eq!(door.stub.asked()[0].method, "DELETE");
}

#[tokio::test]
async fn a_failure_is_no_answer_to_be_kept() {
    let door = Door::open(|_| Answer::status(404)).await;
    let request = with(get(1), "if-none-match", "*");
    let status = customer(&door, request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(told(status.metadata(), "etag"), "");
}

#[tokio::test]
async fn a_browser_hears_the_same_over_grpc_web() {
    let (door, _) = changing_door().await;
    let path = "/peerassist.v1.CustomerService/GetCustomer";
    let message = framed(&get(1).into_inner());
    let bearer = format!("Bearer {TOKEN}");
    let authorization = ("authorization", bearer.as_str());
    let first = door.post_web(path, message.clone(), &[authorization]).await;
    assert_eq!(first.headers()["x-cache"], "miss");
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let condition = ("if-none-match", etag.as_str());
    let known = door
        .post_web(path, message, &[authorization, condition])
        .await;
    assert_eq!(known.status(), 200);
    assert_eq!(known.headers()["etag"], etag.as_str());
    assert_eq!(known.headers()["x-cache"], "hit");
    let status = status(&known);
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::FailedPrecondition, "NOT_MODIFIED".into())
    );
}

#[tokio::test]
async fn the_whole_answer_has_an_etag_and_so_has_the_object_in_it() {
    let (door, _) = changing_door().await;
    let answer = customer(&door, get(1)).await.unwrap();
    let whole = told(answer.metadata(), "etag").to_owned();
    assert_ne!(
        whole,
        answer.get_ref().etag,
        "only the latter is for writes"
    );
    let list = asked(v1::ListCustomersRequest::default());
    let page = door.customers().list_customers(list).await.unwrap();
    assert_ne!(told(page.metadata(), "etag"), whole);
}
