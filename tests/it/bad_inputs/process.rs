//! The program under test before an upstream that remembers, and what must hold after each row.

use std::net::SocketAddr;
use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;

use crate::bad_inputs::call::Call;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::http1::ask;
use crate::support::door::TOKEN;
use crate::support::process::Process;
use crate::support::stack::gateway;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;
use crate::support::stub::fwo;
use crate::support::stub::fwos;

/// So much may the process grow over all that is sent to it.
pub(super) const GROWTH_MAX: u64 = 16 * 1024 * 1024;

/// The upstream needs five seconds for this one.
pub(super) const SLOW_CUSTOMER: i64 = 3;

/// A gateway and the upstream behind it.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    pub(super) upstream: StubUpstream,
    pub(super) process: Process,
    memory_before: u64,
}

impl Gateway {
    /// A gateway with these settings that has answered at both doors.
    pub(super) async fn start(settings: &[(&str, &str)]) -> Self {
        let upstream = StubUpstream::start(answer).await;
        let base = format!("http://{}", upstream.address);
        let settings: Vec<_> = [
            ("PEERASSIST_UPSTREAM__CLIENT_KEY", "key"),
            ("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000"),
        ]
        .into_iter()
        .chain(settings.iter().copied())
        .collect();
        let (process, base) = gateway(&base, &settings);
        let mut gateway = Gateway {
            address: base.trim_start_matches("http://").parse().unwrap(),
            upstream,
            process,
            memory_before: 0,
        };
        for _ in 0..5 {
            gateway.answers().await;
        }
        gateway.memory_before = gateway.process.memory();
        gateway
    }

    /// A good request is answered at each door.
    pub(super) async fn answers(&self) {
        let good = Request::query("{ customer(by: { databaseId: 1 }) { name } }")
            .header("authorization", format!("Bearer {TOKEN}"));
        let answer = ask(self.address, &good).await;
        let expected = json!({ "data": { "customer": { "name": "Customer 1" } } });
        assert_eq!((answer.status, answer.json()), (200, expected));
        let by = Some(By::Id(1));
        let good = Call::of("/peerassist.v1.CustomerService/GetCustomer")
            .message(&v1::GetCustomerRequest { by });
        let reply = good.send(self.address).await;
        assert_eq!(reply.code(), Some(0), "{reply:?}");
    }

    /// What must hold after each row; what does not is told.
    pub(super) async fn is_well(&self, id: &str) -> Result<(), String> {
        if !self.process.is_alive() {
            return Err(format!("{id}: the process has ended"));
        }
        self.answers().await;
        let grown = self.growth();
        if grown > GROWTH_MAX {
            return Err(format!("{id}: the process has grown by {grown} bytes"));
        }
        Ok(())
    }

    /// How much the process has grown since it was warm.
    pub(super) fn growth(&self) -> u64 {
        self.process.memory().saturating_sub(self.memory_before)
    }
}

/// The customers that a list names: all, or those of this number or name.
fn found(asked: &Asked) -> Vec<Value> {
    let is = |customer: &Value, name| {
        let wanted = asked.parameter(name);
        wanted.is_none_or(|wanted| customer[name] == wanted)
    };
    let customers = customers(3).into_iter();
    customers
        .filter(|customer| is(customer, "number") && is(customer, "name"))
        .collect()
}

/// Three customers and orders, a login, and nothing else.
fn answer(asked: &Asked) -> Answer {
    let session =
        json!({ "token": "dG9rZW4tb2YtdGhlLXN0dWI", "tokenType": "Bearer", "expiresIn": 60 });
    match asked.path.as_str() {
        "/auth" => Answer::json(session),
        "/customer" => asked.page_of(&found(asked)),
        "/fwo" => asked.page_of(&fwos(3)),
        path if path.starts_with("/customer/") => match asked.id() {
            SLOW_CUSTOMER => Answer::status(200).after(Duration::from_secs(5)),
            id @ 1..=3 => Answer::json(customers(id).pop().unwrap()),
            _ => Answer::status(404),
        },
        path if path.starts_with("/fwo/") => Answer::json(fwo(asked.id())),
        path => panic!("the upstream was asked for {path}"),
    }
}
