//! Sandboxes with personalities, and answers as they are on the wire.

use std::sync::OnceLock;

use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

/// A customer that is not there yet.
pub(crate) const NEW_CUSTOMER: &str = r#"{"name":"Old Mill Builders","number":"01000","contactName":"Ann Mill","contactEmail":"ann@oldmill.example","contactPhone":"6145550100"}"#;

/// What `NEW_CUSTOMER` becomes.
pub(crate) const CUSTOMER_4: &str = r#"{"id":4,"name":"Old Mill Builders","number":"01000","contactName":"Ann Mill","contactEmail":"ann@oldmill.example","contactPhone":"6145550100","status":"ACTIVE"}"#;

/// A sandbox of the docs set with one personality. The tests of personalities count as told what stands literally here.
pub(crate) fn alone(personality: &str) -> Sandbox {
    several(&[personality])
}

pub(crate) fn several(personalities: &[&str]) -> Sandbox {
    let mut arguments = vec!["--set", "docs"];
    for personality in personalities {
        arguments.extend(["--personality", personality]);
    }
    Sandbox::start_with(&arguments)
}

/// The docs set without a personality, to compare with; nothing is written to it.
pub(crate) fn ordinary() -> &'static Sandbox {
    static ORDINARY: OnceLock<Sandbox> = OnceLock::new();
    ORDINARY.get_or_init(|| Sandbox::start("docs"))
}

/// An answer with its body as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The text of a header, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the body.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status, &self.body)
    }
}

impl Sandbox {
    /// One call as the admin; an empty body is none.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &str) -> Answer {
        let token = self.login(ADMIN).await;
        self.call_with(&token, method, path, body).await
    }

    pub(crate) async fn call_with(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &str,
    ) -> Answer {
        let mut request = self.request(method, path).bearer_auth(token);
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }

    pub(crate) async fn read(&self, path: &str) -> Answer {
        self.call(Method::GET, path, "").await
    }
}
