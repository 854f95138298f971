//! The real sandbox as a process of its own, and a client that speaks to it.

use std::collections::HashMap;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use reqwest::Client;
use reqwest::Method;
use reqwest::RequestBuilder;
use reqwest::Response;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::sync::OnceCell;

use crate::support::written;

pub(crate) const ADMIN: User = User::lakeline("admin@lakeline.example");
pub(crate) const PM: User = User::lakeline("pm@lakeline.example");
pub(crate) const FOREMAN: User = User::lakeline("foreman@lakeline.example");
pub(crate) const VIEWER: User = User::lakeline("viewer@lakeline.example");
pub(crate) const HARBOR: User = User {
    client_key: "harbor-key",
    user_name: "admin@harbortile.example",
};
pub(crate) const PASSWORD: &str = "demo-password";
/// The largest page the sandbox gives.
pub(crate) const PAGE_SIZE_MAX: usize = 2000;

/// Somebody who can log in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct User {
    pub(crate) client_key: &'static str,
    pub(crate) user_name: &'static str,
}

impl User {
    pub(crate) const fn lakeline(user_name: &'static str) -> Self {
        Self {
            client_key: "demo-key",
            user_name,
        }
    }
}

/// A running sandbox; it ends with this value.
pub(crate) struct Sandbox {
    pub(crate) base: String,
    /// Closing its standard input ends the process, also when this one dies without dropping anything.
    process: Child,
    tokens: Mutex<HashMap<User, String>>,
    /// How often a test has asked it without the gateway.
    asked: AtomicU64,
}

impl Sandbox {
    pub(crate) fn start(set: &str) -> Self {
        Self::start_with(&["--set", set])
    }

    pub(crate) fn start_on(set: &str, file: &Path) -> Self {
        Self::start_with(&[
            "--set",
            set,
            "--data",
            file.to_str().expect("a path of text"),
        ])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut process = sandbox_command()
            .args(arguments)
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("a piped output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("a line of text");
        let base = line
            .trim()
            .strip_prefix("sandbox: ")
            .expect("the sandbox says where it listens");
        Self {
            base: base.to_owned(),
            process,
            tokens: Mutex::default(),
            asked: AtomicU64::new(0),
        }
    }

    /// Ends the process at once, without a chance to finish anything.
    pub(crate) fn kill(&self) {
        let id = self.process.id().to_string();
        let killed = Command::new("kill").args(["-KILL", &id]).status();
        assert!(killed.expect("a way to kill").success());
    }

    /// One demo sandbox for all tests that only read.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Sandbox> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("demo"))
    }

    /// How often a test has asked it without the gateway; what it does not count itself is left out.
    pub(crate) fn asked_directly(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn request(&self, method: Method, path_and_query: &str) -> RequestBuilder {
        if path_and_query != "/__calls" {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        client().request(method, format!("{}{path_and_query}", self.base))
    }

    pub(crate) fn try_login(
        &self,
        client_key: &str,
        user_name: &str,
        password: &str,
    ) -> RequestBuilder {
        self.request(Method::POST, "/auth")
            .query(&[("clientKey", client_key)])
            .json(&json!({ "password": password, "userName": user_name }))
    }

    /// The user's token; logs in on the first call only.
    pub(crate) async fn login(&self, user: User) -> String {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(&user) {
            return token.clone();
        }
        let login = self.try_login(user.client_key, user.user_name, PASSWORD);
        let answer: Value = login
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let token = answer["token"].as_str().expect("a token").to_owned();
        written::secret(&token);
        tokens.insert(user, token.clone());
        token
    }

    pub(crate) async fn send(&self, user: User, method: Method, path_and_query: &str) -> Response {
        let token = self.login(user).await;
        let request = self.request(method, path_and_query).bearer_auth(token);
        request.send().await.expect("an answer")
    }

    pub(crate) async fn get(&self, user: User, path_and_query: &str) -> Response {
        self.send(user, Method::GET, path_and_query).await
    }

    /// Sends a body; the status and the body of the answer, null where that is no JSON.
    pub(crate) async fn write(
        &self,
        user: User,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let token = self.login(user).await;
        let request = self.request(method, path).bearer_auth(token).json(body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) async fn delete(&self, user: User, path: &str) -> u16 {
        let answer = self.send(user, Method::DELETE, path).await;
        answer.status().as_u16()
    }

    /// The text of a successful answer.
    pub(crate) async fn text(&self, user: User, path_and_query: &str) -> String {
        let answer = self.get(user, path_and_query).await;
        let status = answer.status();
        let text = answer.text().await.expect("text");
        assert!(
            status.is_success(),
            "{path_and_query} answered {status}: {text}"
        );
        text
    }

    pub(crate) async fn json(&self, user: User, path_and_query: &str) -> Value {
        serde_json::from_str(&self.text(user, path_and_query).await).expect("JSON")
    }

    /// The items of all pages, each page of `size`.
    pub(crate) async fn all_of_size(
        &self,
        user: User,
        path_and_query: &str,
        size: usize,
    ) -> Vec<Value> {
        let join = if path_and_query.contains('?') {
            '&'
        } else {
            '?'
        };
        let mut items = Vec::new();
        for number in 0.. {
            let page = format!("{path_and_query}{join}page={number}&size={size}");
            let mut page = self.json(user, &page).await;
            items.append(page["content"].as_array_mut().expect("items"));
            if page["last"] == true {
                assert_eq!(page["totalElements"], items.len());
                break;
            }
        }
        items
    }

    pub(crate) async fn all(&self, user: User, path_and_query: &str) -> Vec<Value> {
        self.all_of_size(user, path_and_query, PAGE_SIZE_MAX).await
    }

    /// Every FWO of the shared sandbox as its admin sees them; fetched once, for it is long.
    pub(crate) async fn shared_fwos() -> &'static [Value] {
        static FWOS: OnceCell<Vec<Value>> = OnceCell::const_new();
        FWOS.get_or_init(|| Self::shared().all(ADMIN, "/fwo")).await
    }

    /// What `/__calls` counted since the start or the last reset.
    pub(crate) async fn calls(&self) -> Value {
        let answer = self
            .request(Method::GET, "/__calls")
            .send()
            .await
            .expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// From now on calls are counted anew; nobody may have asked through a gateway before.
    pub(crate) async fn forget_calls(&self) {
        self.asked.store(0, Ordering::SeqCst);
        let answer = self
            .request(Method::DELETE, "/__calls")
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 204);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself now; waiting only keeps it from staying behind as a zombie.
        drop(self.process.wait());
    }
}

/// `peerassist-gateway sandbox` on a free port.
pub(crate) fn sandbox_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerassist-gateway"));
    command.args(["sandbox", "--listen", "127.0.0.1:0"]);
    command
}

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        // No connection outlives its request: it would belong to the runtime of one test and die with it.
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0);
        client.build().expect("a client")
    })
}
