//! Requests over both doors, and what became of them.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use clap::ValueEnum;
use http::Request;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use peerassist_gateway::grpc::v1::GetCustomerRequest;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use prost::Message;
use tokio::net::TcpSocket;

/// A door of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Door {
    /// GraphQL over HTTP/2
    Graphql,
    /// gRPC
    Grpc,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered.
    Good,
    /// It was refused as too much, with a time to come again.
    Refused,
    /// Anything else.
    Failed(String),
}

/// One connection over which many requests go at once. A clone is the same.
#[derive(Clone)]
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    /// Connects from an address of this machine.
    pub(crate) async fn open(to: SocketAddr, from: std::net::Ipv4Addr) -> Result<Self, String> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        let stream = socket
            .connect(to)
            .await
            .map_err(|error| error.to_string())?;
        stream.set_nodelay(true).unwrap();
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = handshake.await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Connection(sender))
    }

    /// Asks for a customer, and reads the answer to its end; when the request left, and what became of it.
    pub(crate) async fn ask(&self, door: Door, token: &str, customer: i64) -> (Instant, Outcome) {
        let mut sender = self.0.clone();
        let ready = sender.ready().await;
        let left = Instant::now();
        if let Err(error) = ready {
            return (left, Outcome::Failed(error.to_string()));
        }
        let outcome = match sender.send_request(request(door, token, customer)).await {
            Ok(response) => outcome(door, response).await,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        (left, outcome)
    }
}

fn request(door: Door, token: &str, customer: i64) -> Request<Full<Bytes>> {
    let request = Request::post(match door {
        Door::Graphql => "http://gateway/graphql",
        Door::Grpc => "http://gateway/peerassist.v1.CustomerService/GetCustomer",
    });
    let request = request.header("authorization", format!("Bearer {token}"));
    let (request, body) = match door {
        Door::Graphql => {
            let query = format!(
                "{{ customer(by: {{ databaseId: {customer} }}) {{ name number status }} }}"
            );
            let body = serde_json::json!({ "query": query }).to_string();
            let request = request
                .header("content-type", "application/json")
                .header("accept", "application/graphql-response+json");
            (request, Bytes::from(body))
        }
        Door::Grpc => {
            let by = Some(By::Id(customer));
            let message = GetCustomerRequest { by }.encode_to_vec();
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            let body = [&[0][..], &length, &message].concat();
            let request = request
                .header("content-type", "application/grpc")
                .header("te", "trailers");
            (request, Bytes::from(body))
        }
    };
    request.body(Full::new(body)).unwrap()
}

async fn outcome(door: Door, response: http::Response<Incoming>) -> Outcome {
    let (head, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let trailers = body.trailers().cloned().unwrap_or_default();
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    match door {
        Door::Graphql => match head.status.as_u16() {
            200 if body.contains("\"name\"") => Outcome::Good,
            503 if head.headers.contains_key("retry-after") && body.contains("\"OVERLOADED\"") => {
                Outcome::Refused
            }
            status => Outcome::Failed(format!("{status} {body}")),
        },
        Door::Grpc => {
            let status = head.headers.get("grpc-status");
            let status = status.or_else(|| trailers.get("grpc-status"));
            match status.map(|status| status.as_bytes()) {
                Some(b"0") => Outcome::Good,
                Some(b"14") if head.headers.contains_key("grpc-status-details-bin") => {
                    Outcome::Refused
                }
                status => Outcome::Failed(format!("{status:?}")),
            }
        }
    }
}
