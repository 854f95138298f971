//! HTTP/1.1 by hand: requests whose every byte is ours, and answers as they come.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here should take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request, to be written down byte by byte.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A POST of JSON to the GraphQL door.
    pub(super) fn post(body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", b"application/json".to_vec())];
        Request {
            method: "POST",
            target: "/graphql".into(),
            headers,
            body: body.into(),
        }
    }

    /// A POST of one document.
    pub(super) fn query(text: &str) -> Self {
        Request::post(serde_json::json!({ "query": text }).to_string())
    }

    /// A POST of one document with variables.
    pub(super) fn query_with(text: &str, variables: Value) -> Self {
        Request::post(serde_json::json!({ "query": text, "variables": variables }).to_string())
    }

    /// A GET with a query string as it is.
    pub(super) fn get(query: &str) -> Self {
        Request {
            method: "GET",
            target: format!("/graphql?{query}"),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with one more header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with another value of a header, or without it where that is empty.
    pub(super) fn set(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        self.headers.retain(|(known, _)| *known != name);
        if value.is_empty() {
            return self;
        }
        self.header(name, value)
    }

    /// The same by another method.
    pub(super) fn method(self, method: &'static str) -> Self {
        Request { method, ..self }
    }

    /// Whether the request says something itself of this header.
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| *known == name)
    }

    /// The bytes of the request, the last on its connection.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nhost: test\r\n", self.method, self.target);
        bytes.push_str("connection: close\r\n");
        if !self.body.is_empty() || self.method == "POST" {
            bytes.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        let mut bytes = bytes.into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The first answer in the bytes, and what is behind it.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        let rest = &bytes[end + 4..];
        let rest = if answer.header("transfer-encoding") == "chunked" {
            let (body, rest) = unchunked(rest)?;
            answer.body = body;
            rest
        } else {
            let length = answer.header("content-length").parse().unwrap_or(0);
            let (body, rest) = rest.split_at_checked(length)?;
            answer.body = body.to_vec();
            rest
        };
        Some((answer, rest))
    }

    /// The value of a header, empty where it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// `extensions.code` of the first error.
    pub(super) fn code(&self) -> String {
        let code = &self.json()["errors"][0]["extensions"]["code"];
        code.as_str().unwrap_or("").to_owned()
    }
}

fn unchunked(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        let chunk = rest.get(line + 2..line + 2 + size)?;
        body.extend_from_slice(chunk);
        rest = rest.get(line + 4 + size..)?;
        if size == 0 {
            return Some((body, rest));
        }
    }
}

/// Sends bytes on a connection of their own and reads until the other side closes.
pub(super) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever refuses a request may stop reading it.
    let _refused_early = stream.write_all(bytes).await;
    read_to_end(&mut stream).await
}

/// Reads until the other side closes; a reset is an end, too.
pub(super) async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut read)).await;
    assert!(
        ended.is_ok(),
        "hung after {:?}",
        String::from_utf8_lossy(&read)
    );
    read
}

/// One request on a connection of its own.
pub(super) async fn ask(address: SocketAddr, request: &Request) -> Answer {
    let read = exchange(address, &request.bytes()).await;
    match Answer::parse(&read) {
        Some((answer, _)) => answer,
        None => panic!("no answer: {:?}", String::from_utf8_lossy(&read)),
    }
}
