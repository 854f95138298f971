//! Logins over gRPC, and what a token must look like.

use peerassist_gateway::grpc::v1;
use serde_json::json;
use tonic::Code;
use tonic::Request;

use crate::support::door::Door;
use crate::support::door::TOKEN;
use crate::support::door::asked;
use crate::support::door::fields;
use crate::support::door::reason;
use crate::support::stub::Answer;
use crate::support::stub::customers;

fn login() -> v1::LoginRequest {
    v1::LoginRequest {
        user_name: "pat@example.com".into(),
        password: "secret".into(),
        client_key: None,
    }
}

#[tokio::test]
async fn a_login_gives_a_token_and_its_end() {
    let door = Door::open(|_| {
        Answer::json(json!({"token": TOKEN, "tokenType": "Bearer", "expiresIn": 60}))
    })
    .await;
    let granted = door.auth().login(login()).await.unwrap().into_inner();
    assert_eq!(
        (granted.token.as_str(), granted.token_type.as_str()),
        (TOKEN, "Bearer")
    );
    assert_eq!(granted.expires_in_minutes, 60);
    let left = granted.expires_at.unwrap().seconds - chrono::Utc::now().timestamp();
    assert!((3590..=3600).contains(&left), "{left} s");
    let calls = door.stub.asked();
    assert_eq!(
        (calls[0].method.as_str(), calls[0].path.as_str()),
        ("POST", "/auth")
    );
    assert_eq!(calls[0].parameter("clientKey"), Some("key"));
    assert!(calls[0].body.contains("pat@example.com"));
}

#[tokio::test]
async fn the_client_key_of_the_request_goes_before_our_own() {
    let door = Door::open(|_| Answer::json(json!({"token": TOKEN, "expiresIn": 60}))).await;
    let client_key = Some("other".to_owned());
    let request = v1::LoginRequest {
        client_key,
        ..login()
    };
    door.auth().login(request).await.unwrap();
    assert_eq!(door.stub.asked()[0].parameter("clientKey"), Some("other"));
}

#[tokio::test]
async fn refused_credentials_are_unauthenticated_without_saying_which() {
    let door = Door::open(|_| Answer::status(401)).await;
    let status = door.auth().login(login()).await.err().unwrap();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "CREDENTIALS_INVALID");
    assert!(!status.message().contains("pat"));
}

#[tokio::test]
async fn an_empty_text_is_named_as_in_the_contract_and_nobody_is_asked() {
    let door = Door::open(|_| Answer::status(500)).await;
    let cases = [
        (
            v1::LoginRequest {
                user_name: String::new(),
                ..login()
            },
            "user_name",
        ),
        (
            v1::LoginRequest {
                password: String::new(),
                ..login()
            },
            "password",
        ),
        (
            v1::LoginRequest {
                client_key: Some(String::new()),
                ..login()
            },
            "client_key",
        ),
    ];
    for (request, field) in cases {
        let status = door.auth().login(request).await.err().unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), [field]);
    }
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn the_callers_token_is_passed_on_and_no_other() {
    let door = Door::open(|asked| Answer::json(customers(asked.id()).pop().unwrap())).await;
    let by = Some(v1::get_customer_request::By::Id(1));
    let request = asked(v1::GetCustomerRequest { by });
    door.customers().get_customer(request).await.unwrap();
    let sent = door.stub.asked()[0].authorization.clone();
    assert_eq!(sent, Some(format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn without_one_good_token_nobody_is_asked() {
    let door = Door::open(|_| Answer::status(500)).await;
    let twice = ["Bearer a", "Bearer a"];
    let cases: [(&[&str], &str); 5] = [
        (&[], "TOKEN_MISSING"),
        (&["Basic YTpi"], "TOKEN_INVALID"),
        (&["Bearer "], "TOKEN_INVALID"),
        (&["Bearer a,b"], "TOKEN_INVALID"),
        (&twice, "TOKEN_INVALID"),
    ];
    for (values, expected) in cases {
        let mut request = Request::new(v1::ListFwosRequest::default());
        for value in values {
            let value = value.parse().unwrap();
            request.metadata_mut().append("authorization", value);
        }
        let status = door.fwos().list_fwos(request).await.err().unwrap();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(reason(&status), expected, "{values:?}");
    }
    assert_eq!(door.stub.calls(), 0);
}
