//! Logging in to the sandbox, and what a token opens.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::PASSWORD;
use crate::support::sandbox::Sandbox;

#[tokio::test]
async fn the_login_of_the_guide_gives_a_bearer_token_for_sixty_minutes() {
    let sandbox = Sandbox::shared();
    let login = sandbox
        .request(Method::POST, "/auth?clientKey=demo-key")
        .header("accept", "application/json")
        .header("Content-Type", "application/json")
        .body(r#"{ "password": "demo-password", "userName": "admin@lakeline.example"}"#);
    let answer = login.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["content-type"],
        "application/json; charset=UTF-8"
    );
    let body: Value = answer.json().await.unwrap();
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["token", "tokenType", "expiresIn"]);
    assert_eq!(body["token"].as_str().unwrap().len(), 43);
    assert_eq!(
        (&body["tokenType"], &body["expiresIn"]),
        (&json!("Bearer"), &json!(60))
    );
}

#[tokio::test]
async fn a_wrong_key_user_or_password_gives_one_and_the_same_answer() {
    let sandbox = Sandbox::shared();
    let mut answers = Vec::new();
    for (key, user, password) in [
        ("wrong-key", ADMIN.user_name, PASSWORD),
        ("harbor-key", ADMIN.user_name, PASSWORD),
        ("demo-key", "nobody@lakeline.example", PASSWORD),
        ("demo-key", ADMIN.user_name, "wrong-password"),
    ] {
        let answer = sandbox.try_login(key, user, password).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let mut body: Value = answer.json().await.unwrap();
        body["timestamp"] = Value::Null;
        answers.push(body);
    }
    assert_eq!(answers[0]["message"], "Error Authenticating");
    assert_eq!(answers[0]["path"], "/auth");
    assert!(answers.iter().all(|answer| answer == &answers[0]));
}

#[tokio::test]
async fn an_incomplete_login_is_refused_before_anything_is_compared() {
    let sandbox = Sandbox::shared();
    let login = |query: &str, body: &'static str| {
        let request = sandbox.request(Method::POST, &format!("/auth{query}"));
        request
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    let no_key = login("", r#"{"userName":"a","password":"b"}"#)
        .await
        .unwrap();
    assert_eq!(no_key.status(), 400);
    assert_eq!(
        login("?clientKey=demo-key", "{").await.unwrap().status(),
        400
    );
    assert_eq!(
        login("?clientKey=demo-key", r#"{"userName":7}"#)
            .await
            .unwrap()
            .status(),
        400
    );
    let blank = login("?clientKey=demo-key", "{}").await.unwrap();
    assert_eq!(blank.status(), 400);
    let body: Value = blank.json().await.unwrap();
    assert_eq!(
        body["errors"][1],
        json!({"field": "password", "defaultMessage": "must not be blank"})
    );
}

#[tokio::test]
async fn a_login_must_be_json_of_a_modest_size_by_post() {
    let sandbox = Sandbox::shared();
    let form = sandbox
        .request(Method::POST, "/auth?clientKey=demo-key")
        .body("userName=a");
    assert_eq!(form.send().await.unwrap().status(), 415);
    let large = sandbox.try_login("demo-key", ADMIN.user_name, &"x".repeat(2 << 20));
    assert_eq!(large.send().await.unwrap().status(), 413);
    let read = sandbox
        .request(Method::GET, "/auth?clientKey=demo-key")
        .send()
        .await
        .unwrap();
    assert_eq!(read.status(), 405);
    assert_eq!(read.headers()["allow"], "POST");
}

#[tokio::test]
async fn without_a_known_token_every_path_is_401_also_those_that_do_not_exist() {
    let sandbox = Sandbox::shared();
    let unknown = format!("Bearer {}", "A".repeat(43));
    for path in [
        "/customer/3",
        "/customer/abc",
        "/fwo?sort=nonsense",
        "/nowhere",
        "/",
    ] {
        for header in [
            None,
            Some("Bearer "),
            Some("Basic YTpi"),
            Some(unknown.as_str()),
        ] {
            let mut request = sandbox.request(Method::GET, path);
            if let Some(value) = header {
                request = request.header("authorization", value);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path} with {header:?}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(
                (&body["status"], &body["error"]),
                (&json!(401), &json!("Unauthorized"))
            );
            assert_eq!(body["path"], path.split('?').next().unwrap());
        }
    }
}

#[tokio::test]
async fn a_token_survives_a_restart_and_only_its_hash_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    let first = Sandbox::start_on("docs", &file);
    let token = first.login(ADMIN).await;
    let other = first
        .try_login(ADMIN.client_key, ADMIN.user_name, PASSWORD)
        .send()
        .await
        .unwrap();
    let other: Value = other.json().await.unwrap();
    assert_ne!(other["token"], token);
    drop(first);

    let second = Sandbox::start_on("docs", &file);
    let read = |token: &str| {
        second
            .request(Method::GET, "/customer/3")
            .bearer_auth(token)
            .send()
    };
    assert_eq!(read(&token).await.unwrap().status(), 200);
    assert_eq!(
        read(other["token"].as_str().unwrap())
            .await
            .unwrap()
            .status(),
        200
    );

    for kept in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(kept.unwrap().path()).unwrap();
        for secret in [token.as_str(), PASSWORD, "demo-key"] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes())
            );
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_401() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    let sandbox = Sandbox::start_on("docs", &file);
    assert_eq!(sandbox.get(ADMIN, "/customer/3").await.status(), 200);
    // The clock cannot be moved from outside, so the end of the token is.
    let database = rusqlite::Connection::open(&file).unwrap();
    let ends_at: i64 = database
        .query_row("SELECT expires_at FROM tokens", [], |row| row.get(0))
        .unwrap();
    let minutes_left = (ends_at - chrono::Utc::now().timestamp_millis()) / 60_000;
    assert!((58..=60).contains(&minutes_left));
    database
        .execute("UPDATE tokens SET expires_at = ?", [ends_at - 61 * 60_000])
        .unwrap();
    assert_eq!(sandbox.get(ADMIN, "/customer/3").await.status(), 401);
}
