//! `grpc-timeout` over the wire.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use tokio::time::Instant;
use tonic::Code;

use crate::support::door::Door;
use crate::support::door::reason;
use crate::support::door::status;
use crate::support::stub::Answer;
use crate::support::stub::customers;

const GET_CUSTOMER: &str = "/peerassist.v1.CustomerService/GetCustomer";
const LOGIN: &str = "/peerassist.v1.AuthService/Login";

fn get() -> v1::GetCustomerRequest {
    v1::GetCustomerRequest {
        by: Some(By::Id(1)),
    }
}

/// An upstream that needs three seconds.
async fn slow() -> Door {
    let answer = Answer::json(customers(1).pop().unwrap());
    Door::open(move |_| answer.clone().after(Duration::from_secs(3))).await
}

#[tokio::test]
async fn a_slow_upstream_is_given_up_at_the_clients_deadline() {
    let door = slow().await;
    let login = v1::LoginRequest {
        user_name: "pat".into(),
        password: "secret".into(),
        client_key: None,
    };
    let get = get();
    let begun = Instant::now();
    let (read, login) = tokio::join!(
        door.post(GET_CUSTOMER, &get, &[("grpc-timeout", "300m")]),
        door.post(LOGIN, &login, &[("grpc-timeout", "300000u")]),
    );
    let took = begun.elapsed();
    for response in [read, login] {
        let status = status(&response);
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(reason(&status), "UPSTREAM_TIMEOUT");
    }
    assert!((300..1500).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn a_deadline_that_has_passed_asks_nobody() {
    let door = slow().await;
    for timeout in ["0n", "0S", "00000000H"] {
        let change = [("grpc-timeout", timeout)];
        let response = door.post(GET_CUSTOMER, &get(), &change).await;
        let status = status(&response);
        assert_eq!(status.code(), Code::DeadlineExceeded, "{timeout}");
        assert_eq!(reason(&status), "UPSTREAM_TIMEOUT");
    }
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn a_malformed_timeout_asks_nobody() {
    let door = slow().await;
    for timeout in ["abc", "-5S", "123456789n", "5", ""] {
        let change = [("grpc-timeout", timeout)];
        let response = door.post(GET_CUSTOMER, &get(), &change).await;
        let status = status(&response);
        assert_eq!(status.code(), Code::Internal, "{timeout}");
        assert_eq!(status.message(), "malformed grpc-timeout");
        assert_eq!(reason(&status), "MALFORMED_REQUEST");
    }
    let twice = [("grpc-timeout", "5S"), ("grpc-timeout", "5S")];
    let response = door.post(GET_CUSTOMER, &get(), &twice).await;
    assert_eq!(status(&response).message(), "malformed grpc-timeout");
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn the_longest_timeout_is_accepted() {
    let door = Door::open(|_| Answer::json(customers(1).pop().unwrap())).await;
    let response = door
        .post(GET_CUSTOMER, &get(), &[("grpc-timeout", "99999999H")])
        .await;
    assert_eq!(response.headers().get("grpc-status"), None);
    assert!(!response.bytes().await.unwrap().is_empty());
}
