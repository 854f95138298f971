//! The form of a row of the tables, and how the rows are run.

use std::fmt::Write;
use std::time::Duration;

use crate::bad_inputs::call::Call;
use crate::bad_inputs::call::Reply;
use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::http1::ask;
use crate::bad_inputs::process::Gateway;
use crate::support::door::TOKEN;
use crate::support::stub::Asked;

pub(super) const GRAPHQL: &str = "application/graphql-response+json";
pub(super) const JSON: &str = "application/json";

/// Inputs have this in places of which no answer may tell.
pub(super) const MARKER: &str = "zebra";

/// One input of a row and what must come back.
pub(super) struct Case {
    id: &'static str,
    what: String,
    sent: Sent,
    wanted: Wanted,
    /// Headers that the answer must have.
    headers: Vec<(&'static str, &'static str)>,
    /// How many upstream calls it may cost.
    calls: usize,
    /// What else must hold: of the HTTP answer, or of the gRPC reply.
    and: Option<Check<Answer>>,
    and_reply: Option<Check<Reply>>,
}

/// What else must hold of an answer; otherwise what does not.
type Check<A> = fn(&A) -> Result<(), String>;

enum Sent {
    Http(Request),
    Grpc(Call),
}

#[derive(Clone, Copy)]
enum Wanted {
    /// Data without errors.
    Data,
    /// Data, and an error with this code at a field.
    FieldError(&'static str),
    /// No data and this code, with the statuses of the matrix: `audits` in the newer and in the older media type, and
    /// `2026-09`.
    Refused([u16; 3], &'static str),
    /// This status, whatever the body.
    Status(u16),
    /// gRPC's OK.
    Ok,
    /// gRPC's OK in the last frame of the body, as gRPC-Web has it.
    OkInBody,
    /// gRPC's OK or NOT_FOUND.
    FoundOrNot,
    /// This gRPC code and reason.
    Failure(i32, &'static str),
    /// This HTTP status and no `grpc-status`.
    NoCall(u16),
}

/// An input over HTTP.
pub(super) fn case(id: &'static str, what: impl Into<String>, request: Request) -> Case {
    Case::new(id, what.into(), Sent::Http(request))
}

/// An input over gRPC.
pub(super) fn call(id: &'static str, what: impl Into<String>, call: Call) -> Case {
    Case::new(id, what.into(), Sent::Grpc(call))
}

impl Case {
    fn new(id: &'static str, what: String, sent: Sent) -> Self {
        Case {
            id,
            what,
            sent,
            wanted: Wanted::Data,
            headers: Vec::new(),
            calls: 0,
            and: None,
            and_reply: None,
        }
    }

    fn wants(self, wanted: Wanted) -> Self {
        Case { wanted, ..self }
    }

    pub(super) fn refused(self, statuses: [u16; 3], code: &'static str) -> Self {
        self.wants(Wanted::Refused(statuses, code))
    }

    /// The same status whatever the profile and the media type.
    pub(super) fn always(self, status: u16, code: &'static str) -> Self {
        self.refused([status; 3], code)
    }

    /// What every document is answered that cannot be run.
    pub(super) fn invalid(self, code: &'static str) -> Self {
        self.refused([400, 200, 422], code)
    }

    pub(super) fn field_error(self, code: &'static str) -> Self {
        self.wants(Wanted::FieldError(code))
    }

    pub(super) fn status(self, status: u16) -> Self {
        self.wants(Wanted::Status(status))
    }

    pub(super) fn ok(self) -> Self {
        self.wants(Wanted::Ok)
    }

    pub(super) fn ok_in_body(self) -> Self {
        self.wants(Wanted::OkInBody)
    }

    pub(super) fn found_or_not(self) -> Self {
        self.wants(Wanted::FoundOrNot)
    }

    pub(super) fn fails(self, code: i32, reason: &'static str) -> Self {
        self.wants(Wanted::Failure(code, reason))
    }

    pub(super) fn no_call(self, status: u16) -> Self {
        self.wants(Wanted::NoCall(status))
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn costs(self, calls: usize) -> Self {
        Case { calls, ..self }
    }

    pub(super) fn and(self, and: Check<Answer>) -> Self {
        let and = Some(and);
        Case { and, ..self }
    }

    pub(super) fn and_reply(self, and: Check<Reply>) -> Self {
        let and_reply = Some(and);
        Case { and_reply, ..self }
    }
}

/// The two gateways of one table, one for each profile of statuses.
pub(super) struct Profiles {
    audits: Gateway,
    edition: Gateway,
}

impl Profiles {
    pub(super) async fn start(settings: &[(&str, &str)]) -> Self {
        let profile =
            |profile| [settings, &[("PEERASSIST_GRAPHQL__HTTP_STATUS", profile)]].concat();
        Profiles {
            audits: Gateway::start(&profile("audits")).await,
            edition: Gateway::start(&profile("2026-09")).await,
        }
    }

    /// Sends each input in both media types to both profiles; every difference is told at the end.
    pub(super) async fn run(&self, cases: Vec<Case>) {
        let (mut differences, mut dearest) = (Vec::new(), Duration::ZERO);
        for case in &cases {
            for (gateway, accept, place) in [
                (&self.audits, GRAPHQL, 0),
                (&self.audits, JSON, 1),
                (&self.edition, GRAPHQL, 2),
                (&self.edition, JSON, 2),
            ] {
                let before = gateway.process.processor();
                differences.extend(case.run(gateway, accept, place).await.err());
                dearest = dearest.max(gateway.process.processor() - before);
            }
            for gateway in [&self.audits, &self.edition] {
                differences.extend(gateway.is_well(case.id).await.err());
            }
        }
        let growth = self.audits.growth().max(self.edition.growth());
        tell(&cases, differences, growth, dearest);
    }
}

impl Profiles {
    /// The gateway whose statuses are those of the audits.
    pub(super) fn audits(&self) -> &Gateway {
        &self.audits
    }

    /// Sends inputs that one of the gateways has made to that one.
    pub(super) async fn run_audits(&self, cases: Vec<Case>) {
        run(&self.audits, cases).await;
    }

    /// Everything that the upstreams were asked.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let gateways = [&self.audits, &self.edition];
        gateways
            .iter()
            .flat_map(|gateway| gateway.upstream.asked())
            .collect()
    }
}

/// Sends each input to one gateway.
pub(super) async fn run(gateway: &Gateway, cases: Vec<Case>) {
    let (mut differences, mut dearest) = (Vec::new(), Duration::ZERO);
    for case in &cases {
        let before = gateway.process.processor();
        differences.extend(case.run(gateway, JSON, 1).await.err());
        dearest = dearest.max(gateway.process.processor() - before);
        differences.extend(gateway.is_well(case.id).await.err());
    }
    tell(&cases, differences, gateway.growth(), dearest);
}

fn tell(cases: &[Case], differences: Vec<String>, growth: u64, dearest: Duration) {
    let mut ids: Vec<&str> = cases.iter().map(|case| case.id).collect();
    ids.dedup();
    println!(
        "{} inputs of {}: {growth} bytes of growth, the dearest took {dearest:?} of processor time",
        cases.len(),
        ids.join(" ")
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

impl Case {
    async fn run(&self, gateway: &Gateway, accept: &str, place: usize) -> Result<(), String> {
        let before = gateway.upstream.calls();
        let mut told = String::new();
        let found = match &self.sent {
            Sent::Http(request) => {
                let answer = ask(gateway.address, &completed(request, accept)).await;
                self.judge(&answer, accept, place, &mut told);
                format!("{} {}", answer.status, shortened(&answer.text()))
            }
            Sent::Grpc(call) => {
                let reply = call.send(gateway.address).await;
                self.judge_reply(&reply, &mut told);
                format!("{} {:?} {:?}", reply.status, reply.code(), reply.failure())
            }
        };
        let calls = gateway.upstream.calls() - before;
        if calls > self.calls {
            let _ = write!(told, " {calls} upstream calls;");
        }
        match told.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "{} {} [{accept}]:{told} found {found}",
                self.id, self.what
            )),
        }
    }

    /// Writes down what is not as it is wanted.
    fn judge(&self, answer: &Answer, accept: &str, place: usize, told: &mut String) {
        let mut expect = |name: &str, found: &str, wanted: &str| {
            if found != wanted {
                let _ = write!(told, " {name} {found:?} is not {wanted:?};");
            }
        };
        let Sent::Http(request) = &self.sent else {
            return;
        };
        let body = answer.json();
        let status = match self.wanted {
            Wanted::Data => 200,
            Wanted::FieldError(_) if place == 2 => 294,
            Wanted::FieldError(_) => 200,
            Wanted::Refused(statuses, _) => statuses[place],
            Wanted::Status(status) | Wanted::NoCall(status) => status,
            Wanted::Ok | Wanted::OkInBody | Wanted::FoundOrNot | Wanted::Failure(..) => 0,
        };
        expect("status", &answer.status.to_string(), &status.to_string());
        let in_newer = answer.status == 401 || (place == 2 && answer.status >= 300);
        let media = if in_newer { GRAPHQL } else { accept };
        match self.wanted {
            Wanted::Data => {
                expect("errors", &body["errors"].to_string(), "null");
                expect("has data", &body["data"].is_object().to_string(), "true");
            }
            Wanted::FieldError(code) => {
                expect("code", &answer.code(), code);
                let path = &body["errors"][0]["path"];
                expect("has a path", &path.is_array().to_string(), "true");
                expect("has data", &body.get("data").is_some().to_string(), "true");
            }
            Wanted::Refused(_, code) => {
                expect("code", &answer.code(), code);
                expect("has data", &body.get("data").is_some().to_string(), "false");
                let message = body["errors"][0]["message"].as_str().unwrap_or("");
                expect(
                    "suggests",
                    &message.contains("Did you mean").to_string(),
                    "false",
                );
            }
            _ => {}
        }
        if !matches!(self.wanted, Wanted::Status(_)) {
            if !request.has("accept") {
                let kind = format!("{media}; charset=utf-8");
                expect("content-type", answer.header("content-type"), &kind);
            }
            let keeping = answer.header("cache-control");
            match (self.wanted, request.method) {
                // A client may keep this by itself, and how long is another matter.
                (Wanted::Data, "GET") => {
                    expect(
                        "is private",
                        &keeping.starts_with("private, ").to_string(),
                        "true",
                    );
                }
                _ => expect("cache-control", keeping, "no-store"),
            }
            let nosniff = answer.header("x-content-type-options");
            expect("x-content-type-options", nosniff, "nosniff");
        }
        for (name, value) in &self.headers {
            expect(name, answer.header(name), value);
        }
        if answer.text().contains(MARKER) {
            let _ = write!(told, " the input is told;");
        }
        if let Some(Err(why)) = self.and.map(|and| and(answer)) {
            let _ = write!(told, " {why};");
        }
    }

    fn judge_reply(&self, reply: &Reply, told: &mut String) {
        let (status, code, reason) = match self.wanted {
            Wanted::Ok => (200, Some(0), ""),
            Wanted::FoundOrNot if reply.code() == Some(5) => (200, Some(5), "NOT_FOUND"),
            Wanted::FoundOrNot => (200, Some(0), ""),
            Wanted::OkInBody => (200, None, ""),
            Wanted::Failure(code, reason) => (200, Some(code), reason),
            Wanted::NoCall(status) => (status, None, ""),
            _ => unreachable!("what a GraphQL request is answered"),
        };
        let found = (reply.status, reply.code(), reply.reason());
        if found != (status, code, reason.to_owned()) {
            let _ = write!(told, " wanted {status} {code:?} {reason:?};");
        }
        let trailers = reply.body.windows(13).any(|part| part == b"grpc-status:0");
        if matches!(self.wanted, Wanted::OkInBody) && !trailers {
            told.push_str(" no trailers in the body;");
        }
        if reply.details_size() > 8 * 1024 {
            let _ = write!(told, " details of {} bytes;", reply.details_size());
        }
        for (name, value) in &self.headers {
            let found = reply.headers.get(*name).map(|value| value.as_bytes());
            if found != Some(value.as_bytes()) {
                let _ = write!(told, " {name} {found:?} is not {value:?};");
            }
        }
        if let Some(Err(why)) = self.and_reply.map(|and| and(reply)) {
            let _ = write!(told, " {why};");
        }
    }
}

/// The request with a token and the wanted media type, unless it says something itself of either.
fn completed(request: &Request, accept: &str) -> Request {
    let mut request = request.clone();
    if !request.has("authorization") {
        request = request.header("authorization", format!("Bearer {TOKEN}"));
    }
    if !request.has("accept") {
        request = request.header("accept", accept);
    }
    // What a row wants to be absent it says with an empty value.
    request.headers.retain(|(_, value)| !value.is_empty());
    request
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
