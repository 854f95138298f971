//! Personalities of writes and of routes, on the wire.

use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;

use crate::support::personality::CUSTOMER_4;
use crate::support::personality::NEW_CUSTOMER;
use crate::support::personality::alone;
use crate::support::personality::ordinary;
use crate::support::personality::several;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

async fn create(sandbox: &Sandbox) -> (u16, String) {
    let answer = sandbox.call(Method::POST, "/customer", NEW_CUSTOMER).await;
    (answer.status, answer.body)
}

/// An update of the customer that `create` makes, by its path.
async fn update(sandbox: &Sandbox) -> (u16, String) {
    let answer = sandbox.call(Method::PUT, "/customer/4", NEW_CUSTOMER).await;
    (answer.status, answer.body)
}

/// Both writes are answered so, and both were done.
async fn check(sandbox: Sandbox, status: u16, body: &str) {
    let expected = (status, body.to_owned());
    assert_eq!(create(&sandbox).await, expected);
    assert_eq!(update(&sandbox).await, expected);
    assert_eq!(sandbox.read("/customer/4").await.told(), (200, CUSTOMER_4));
    assert_eq!(create(&sandbox).await.0, 409, "a failure is told as ever");
}

#[tokio::test]
async fn a_create_can_answer_201_with_a_location() {
    let sandbox = alone("created-201");
    let answer = sandbox.call(Method::POST, "/customer", NEW_CUSTOMER).await;
    assert_eq!(answer.told(), (201, CUSTOMER_4));
    assert_eq!(
        answer.header("location"),
        format!("{}/customer/4", sandbox.base)
    );
    let updated = sandbox.call(Method::PUT, "/customer/4", NEW_CUSTOMER).await;
    assert_eq!(
        (updated.told(), updated.header("location")),
        ((200, CUSTOMER_4), "")
    );
}

#[tokio::test]
async fn writes_can_answer_204() {
    let sandbox = alone("empty-204");
    let answer = sandbox.call(Method::POST, "/customer", NEW_CUSTOMER).await;
    assert_eq!(
        (answer.told(), answer.header("content-type")),
        ((204, ""), "")
    );
    assert_eq!(update(&sandbox).await, (204, String::new()));
    assert_eq!(sandbox.read("/customer/4").await.told(), (200, CUSTOMER_4));
}

#[tokio::test]
async fn writes_can_answer_with_less_than_the_object() {
    check(alone("empty-body"), 200, "").await;
    check(alone("only-id"), 200, "4").await;
    check(alone("only-true"), 200, "true").await;
    check(alone("only-message"), 200, r#"{"message":"Saved"}"#).await;
}

#[tokio::test]
async fn a_create_can_answer_with_a_location_alone() {
    let sandbox = several(&["created-201", "empty-body", "string-ids"]);
    let answer = sandbox.call(Method::POST, "/customer", NEW_CUSTOMER).await;
    assert_eq!(answer.told(), (201, ""));
    assert_eq!(
        answer.header("location"),
        format!("{}/customer/4", sandbox.base)
    );
}

#[tokio::test]
async fn a_delete_can_answer_200() {
    let sandbox = alone("deleted-200");
    create(&sandbox).await;
    let answer = sandbox.call(Method::DELETE, "/customer/4", "").await;
    assert_eq!(answer.told(), (200, "true"));
    assert_eq!(
        sandbox.call(Method::DELETE, "/customer/4", "").await.status,
        404
    );
}

#[tokio::test]
async fn a_deleted_customer_can_stay() {
    let sandbox = alone("soft-delete");
    let before = sandbox.read("/customer/3").await.body;
    // It has a project, and still the delete is done.
    assert_eq!(
        sandbox.call(Method::DELETE, "/customer/3", "").await.told(),
        (204, "")
    );
    assert_eq!(
        sandbox.read("/customer/3").await.body,
        before.replace("ACTIVE", "INACTIVE")
    );
    assert_eq!(
        sandbox
            .call(Method::DELETE, "/customer/99", "")
            .await
            .status,
        404
    );
    let viewer = crate::support::sandbox::User::lakeline("viewer@lakeline.example");
    assert_eq!(
        sandbox
            .send(viewer, Method::DELETE, "/customer/2")
            .await
            .status(),
        403
    );
}

/// A request by hand, for an answer that a client would not show.
fn post_by_hand(sandbox: &Sandbox, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.base.trim_start_matches("http://")).unwrap();
    let request = format!(
        "POST /customer HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{NEW_CUSTOMER}",
        NEW_CUSTOMER.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[tokio::test]
async fn a_write_can_be_done_and_the_connection_closed() {
    let sandbox = alone("lost-answer=close");
    let token = sandbox.login(ADMIN).await;
    let mut answer = Vec::new();
    post_by_hand(&sandbox, &token)
        .read_to_end(&mut answer)
        .unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), "");
    assert_eq!(sandbox.read("/customer/4").await.told(), (200, CUSTOMER_4));
}

#[tokio::test]
async fn a_write_can_be_done_and_never_answered() {
    let sandbox = alone("lost-answer=hang");
    let token = sandbox.login(ADMIN).await;
    let mut stream = post_by_hand(&sandbox, &token);
    let done = async {
        while sandbox.read("/customer/4").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done)
        .await
        .expect("the write is done");
    stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let silence = stream.read(&mut [0]).unwrap_err().kind();
    assert!(
        [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&silence),
        "{silence}"
    );
}

#[tokio::test]
async fn a_write_can_be_done_and_told_as_a_failure_every_other_time() {
    let sandbox = alone("lost-answer=504:2");
    assert_eq!(create(&sandbox).await.0, 200);
    let (status, body) = update(&sandbox).await;
    assert_eq!(status, 504);
    assert!(body.contains(r#""error":"Gateway Timeout""#), "{body}");
    // One that was refused has no answer to lose.
    assert_eq!(create(&sandbox).await.0, 409);
    assert_eq!(
        sandbox.call(Method::DELETE, "/customer/4", "").await.status,
        204
    );
    assert_eq!(
        sandbox.call(Method::DELETE, "/customer/3", "").await.status,
        409
    );
    assert_eq!(create(&sandbox).await.0, 504);
}

#[tokio::test]
async fn a_put_can_need_the_id_in_the_body() {
    let sandbox = alone("body-put");
    create(&sandbox).await;
    let by_path = sandbox.call(Method::PUT, "/customer/4", NEW_CUSTOMER).await;
    assert_eq!(by_path.status, 405);
    assert!(
        by_path.body.contains("Request method 'PUT' not supported"),
        "{by_path:?}"
    );
    for allowed in [
        by_path.header("allow"),
        sandbox
            .call(Method::OPTIONS, "/customer/4", "")
            .await
            .header("allow"),
        sandbox
            .call(Method::PATCH, "/customer/4", "")
            .await
            .header("allow"),
    ] {
        assert!(
            allowed.contains("DELETE") && !allowed.contains("PUT"),
            "{allowed}"
        );
    }
    assert_eq!(
        sandbox
            .call(Method::PUT, "/customer", CUSTOMER_4)
            .await
            .told(),
        (200, CUSTOMER_4)
    );
}

#[tokio::test]
async fn a_put_can_need_the_id_in_the_path() {
    let sandbox = alone("path-put");
    create(&sandbox).await;
    let by_body = sandbox.call(Method::PUT, "/customer", CUSTOMER_4).await;
    assert_eq!(by_body.status, 405);
    assert!(by_body.header("allow").contains("POST") && !by_body.header("allow").contains("PUT"));
    assert_eq!(update(&sandbox).await, (200, CUSTOMER_4.to_owned()));
}

/// The routes are refused, whoever has no token is told so first, and all else is as ever.
async fn check_missing(sandbox: Sandbox, status: u16, routes: &[(Method, &str)], left: &str) {
    for (method, path) in routes {
        let answer = sandbox.call(method.clone(), path, "").await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        if status == 405 {
            assert!(
                !answer.header("allow").contains(method.as_str()),
                "{answer:?}"
            );
        }
        let unknown = sandbox.call_with("unknown", method.clone(), path, "").await;
        assert_eq!(unknown.status, 401, "{method} {path}");
    }
    assert_eq!(
        sandbox.read(left).await.body,
        ordinary().read(left).await.body
    );
}

#[tokio::test]
async fn routes_can_be_missing() {
    let list = [(Method::GET, "/customer"), (Method::HEAD, "/customer")];
    check_missing(alone("no-customer-list"), 405, &list, "/customer/3").await;
    let details = [(Method::GET, "/fwo/1")];
    check_missing(alone("no-fwo-details"), 404, &details, "/fwo?size=3").await;
    let writes = [
        (Method::POST, "/fwo"),
        (Method::PUT, "/fwo/1"),
        (Method::DELETE, "/fwo/1"),
    ];
    check_missing(alone("no-fwo-writes=404"), 404, &writes, "/fwo/1").await;
    let deletes = [(Method::DELETE, "/customer/3")];
    check_missing(alone("no-delete"), 405, &deletes, "/customer/3").await;
    let projects = [(Method::GET, "/project"), (Method::GET, "/project/1")];
    check_missing(alone("no-projects"), 404, &projects, "/fwo/2").await;
}

#[tokio::test]
async fn credits_can_be_used_up() {
    let sandbox = alone("no-credits");
    let answer = sandbox.call(Method::POST, "/fwo", "{}").await;
    assert_eq!(answer.status, 402);
    assert!(
        answer
            .body
            .contains(r#""message":"No Workflow credits left""#),
        "{answer:?}"
    );
    let other = several(&["no-credits=409"]);
    assert_eq!(other.call(Method::POST, "/fwo", "{}").await.status, 409);
}
