//! gRPC by hand over HTTP/2: any method, any headers, any bytes, and the trailers as they come.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use prost::Message;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Status;

use crate::support::door::TOKEN;
use crate::support::door::framed;
use crate::support::door::reason;

/// Longer than anything here should take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One call, good unless it is changed.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// A call of this method with an empty message.
    pub(super) fn of(path: &str) -> Self {
        let headers = [
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("authorization", &format!("Bearer {TOKEN}")),
        ];
        Call {
            method: "POST",
            path: path.into(),
            headers: headers.map(|(name, value)| (name, value.into())).into(),
            body: framed(&()),
        }
    }

    /// The same with this message.
    pub(super) fn message(self, message: &impl Message) -> Self {
        self.body(framed(message))
    }

    /// The same with a body of these bytes.
    pub(super) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Call { body, ..self }
    }

    /// The same by another method.
    pub(super) fn method(self, method: &'static str) -> Self {
        Call { method, ..self }
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

    /// Sends the call on a connection of its own.
    pub(super) async fn send(&self, address: SocketAddr) -> Reply {
        let mut client = connect(address).await;
        let answer = timeout(PATIENCE, client.send_request(self.request(address))).await;
        let answer = answer.expect("an answer in time").expect("an answer");
        Reply::read(answer).await
    }

    /// The call as HTTP.
    pub(super) fn request(&self, address: SocketAddr) -> http::Request<Full<Bytes>> {
        let uri = format!("http://{address}{}", self.path);
        let mut request = http::Request::new(Full::from(self.body.clone()));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = uri.parse().unwrap();
        for (name, value) in &self.headers {
            let name = HeaderName::from_static(name);
            let value = HeaderValue::from_bytes(value).unwrap();
            request.headers_mut().append(name, value);
        }
        request
    }
}

/// A client on a connection of its own.
pub(super) async fn connect(address: SocketAddr) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (client, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    client
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) trailers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    /// The whole answer.
    pub(super) async fn read(answer: http::Response<hyper::body::Incoming>) -> Self {
        let (head, body) = answer.into_parts();
        let body = timeout(PATIENCE, body.collect()).await;
        let body = body.expect("a body in time").expect("a body");
        let trailers = body.trailers().cloned().unwrap_or_default();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            trailers,
            body: body.to_bytes(),
        }
    }

    /// `grpc-status`, in the head or behind the message.
    pub(super) fn code(&self) -> Option<i32> {
        let told = |map: &HeaderMap| map.get("grpc-status")?.to_str().ok()?.parse().ok();
        told(&self.headers).or_else(|| told(&self.trailers))
    }

    /// The failure that it tells.
    pub(super) fn failure(&self) -> Option<Status> {
        let told = |map: &HeaderMap| Status::from_header_map(map);
        told(&self.headers).or_else(|| told(&self.trailers))
    }

    /// The reason of the failure; there is exactly one.
    pub(super) fn reason(&self) -> String {
        let failure = self.failure();
        failure.map_or(String::new(), |failure| match failure.details() {
            [] => String::new(),
            _ => reason(&failure),
        })
    }

    /// Bytes of the details, as they travel.
    pub(super) fn details_size(&self) -> usize {
        let details = self.failure().map(|failure| failure.details().to_vec());
        STANDARD_NO_PAD.encode(details.unwrap_or_default()).len()
    }

    /// The first message of the answer.
    pub(super) fn message<M: Message + Default>(&self) -> M {
        M::decode(self.body.slice(5..)).unwrap()
    }
}
