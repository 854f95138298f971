//! What the upstream's failures look like over gRPC: code, reason, details.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use tonic::Code;
use tonic::Status;
use tonic_types::StatusExt;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::reason;
use crate::support::stub::Answer;

async fn failure(answer: Answer) -> Status {
    let door = Door::open(move |_| answer.clone()).await;
    let by = Some(By::Id(1));
    let request = asked(v1::GetCustomerRequest { by });
    door.customers().get_customer(request).await.unwrap_err()
}

#[tokio::test]
async fn each_failure_of_the_upstream_has_its_own_code_and_reason() {
    let not_json = Answer::status(200).header("content-encoding", "gzip");
    let table = [
        (Answer::status(400), Code::InvalidArgument, "INVALID_INPUT"),
        (Answer::status(401), Code::Unauthenticated, "TOKEN_INVALID"),
        (Answer::status(403), Code::PermissionDenied, "FORBIDDEN"),
        (Answer::status(404), Code::NotFound, "NOT_FOUND"),
        (Answer::status(409), Code::Aborted, "VERSION_CONFLICT"),
        (
            Answer::status(412),
            Code::FailedPrecondition,
            "PRECONDITION",
        ),
        (Answer::status(429), Code::ResourceExhausted, "RATE_LIMITED"),
        (Answer::status(500), Code::Internal, "UPSTREAM_ERROR"),
        (
            Answer::status(502),
            Code::Unavailable,
            "UPSTREAM_UNAVAILABLE",
        ),
        (
            Answer::status(503),
            Code::Unavailable,
            "UPSTREAM_UNAVAILABLE",
        ),
        (
            Answer::status(504),
            Code::DeadlineExceeded,
            "UPSTREAM_TIMEOUT",
        ),
        (
            Answer::status(302),
            Code::Internal,
            "UPSTREAM_INVALID_RESPONSE",
        ),
        (
            Answer::status(200),
            Code::Internal,
            "UPSTREAM_INVALID_RESPONSE",
        ),
        (not_json, Code::Internal, "UPSTREAM_INVALID_RESPONSE"),
    ];
    for (answer, code, expected) in table {
        let shown = format!("{answer:?}");
        let status = failure(answer).await;
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (code, expected),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_unavailable_and_worth_another_try() {
    let mut door = Door::open(|_| Answer::status(500)).await;
    door.stub.stop().await;
    let by = Some(By::Id(1));
    let request = asked(v1::GetCustomerRequest { by });
    let status = door.customers().get_customer(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "UPSTREAM_UNAVAILABLE");
    assert!(status.get_details_retry_info().is_some());
}

#[tokio::test]
async fn the_upstreams_own_wait_is_passed_on() {
    let status = failure(Answer::status(503).header("retry-after", "9")).await;
    assert_eq!(status.code(), Code::Unavailable);
    let retry = status.get_details_retry_info().unwrap();
    assert_eq!(retry.retry_delay, Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn who_asks_too_often_is_told_how_long_to_wait() {
    let status = failure(Answer::status(429).header("retry-after", "7")).await;
    let retry = status.get_details_retry_info().unwrap();
    assert_eq!(retry.retry_delay, Some(Duration::from_secs(7)));
    let quota = status.get_details_quota_failure().unwrap();
    assert_eq!(quota.violations.len(), 1);
}

#[tokio::test]
async fn a_failed_precondition_says_so_in_its_details() {
    let status = failure(Answer::status(412)).await;
    assert!(status.get_details_precondition_failure().is_some());
}

#[tokio::test]
async fn an_unknown_method_of_a_known_service_is_unimplemented() {
    let door = Door::open(|_| Answer::status(500)).await;
    let path = "/peerassist.v1.CustomerService/ForgetCustomer";
    let response = door.post(path, &(), &[]).await;
    let status = crate::support::door::status(&response);
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(reason(&status), "UNIMPLEMENTED");
    assert!(
        door.metrics()
            .contains(r#"method="_OTHER",code="UNIMPLEMENTED""#)
    );
}

#[tokio::test]
async fn no_details_outgrow_the_trailers() {
    let door = Door::open(|_| Answer::status(500)).await;
    let filters = ["x".repeat(2040), format!("{} = 1", "\u{10348}".repeat(500))];
    for filter in filters {
        let list = v1::ListFwosRequest {
            filter,
            ..Default::default()
        };
        let status = door.fwos().list_fwos(asked(list)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.details().len() + status.message().len() < 4096);
    }
}
