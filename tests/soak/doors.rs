//! The two doors of the gateway, as clients of many users share connections to them.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::auth_service_client::AuthServiceClient;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::grpc::v1::fwo_service_client::FwoServiceClient;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use prost::Message;
use prost_types::FieldMask;
use reqwest::header;
use serde_json::Value;
use serde_json::json;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::transport::Channel;
use tonic::transport::Endpoint;
use tonic_types::StatusExt;

use crate::books::Kind;
use crate::books::absent;
use crate::books::id;
use crate::question::Answer;
use crate::question::Question;
use crate::question::global_id;

/// Connections are shared by so many groups of users, so that most of them carry several users in turn.
const SHARES: usize = 16;

/// How a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Door {
    Post,
    Get,
    Grpc,
}

/// What comes back from a question.
pub(crate) enum Heard {
    /// An answer, with its etag where it has one.
    Answer(Answer, Option<String>),
    /// That the answer with the etag still holds.
    NotModified,
}

/// Who asks, and how.
pub(crate) struct Asking<'a> {
    pub(crate) user: usize,
    pub(crate) token: &'a str,
    /// Whether kept answers do not do.
    pub(crate) no_cache: bool,
    /// The etag of an answer that is known already.
    pub(crate) etag: Option<&'a str>,
}

/// Both doors.
pub(crate) struct Doors {
    base: String,
    http: Vec<reqwest::Client>,
    grpc: Vec<Channel>,
}

impl Doors {
    pub(crate) fn new(base: &str) -> Self {
        let _there = rustls::crypto::ring::default_provider().install_default();
        let http = || {
            reqwest::Client::builder()
                .no_proxy()
                // Below the gateway's own patience with idle connections.
                .pool_idle_timeout(Duration::from_secs(4))
                .build()
                .unwrap()
        };
        let endpoint = Endpoint::from_shared(base.to_owned()).unwrap();
        Doors {
            base: base.to_owned(),
            http: (0..SHARES).map(|_| http()).collect(),
            grpc: (0..SHARES).map(|_| endpoint.connect_lazy()).collect(),
        }
    }

    /// Asks a question. Fails with what became of the connection.
    pub(crate) async fn ask(
        &self,
        door: Door,
        asking: &Asking<'_>,
        question: Question,
    ) -> Result<Heard, String> {
        match door {
            Door::Post | Door::Get => self.ask_graphql(door, asking, question).await,
            Door::Grpc => {
                let outcome = self.ask_grpc(asking, question).await;
                let (answer, etag) = outcome.unwrap_or_else(|status| (failed(&status), None));
                match answer.errors == ["NOT_MODIFIED"] {
                    true => Ok(Heard::NotModified),
                    false => Ok(Heard::Answer(answer, etag)),
                }
            }
        }
    }

    async fn ask_graphql(
        &self,
        door: Door,
        asking: &Asking<'_>,
        question: Question,
    ) -> Result<Heard, String> {
        let client = &self.http[asking.user % SHARES];
        let url = format!("{}/graphql", self.base);
        let query = question.graphql(asking.user);
        let mut request = match door {
            Door::Get => client.get(url).query(&[("query", query)]),
            _ => client.post(url).json(&json!({ "query": query })),
        };
        request = request.bearer_auth(asking.token);
        if asking.no_cache {
            request = request.header(header::CACHE_CONTROL, "no-cache");
        }
        if let Some(etag) = asking.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        if response.status() == 304 {
            return Ok(Heard::NotModified);
        }
        let etag = response.headers().get(header::ETAG);
        let etag = etag.and_then(|etag| Some(etag.to_str().ok()?.to_owned()));
        let text = response
            .text()
            .await
            .map_err(|error| format!("{error:?}"))?;
        Ok(Heard::Answer(Answer::of_graphql(text), etag))
    }

    fn channel(&self, user: usize) -> Channel {
        self.grpc[user % SHARES].clone()
    }

    async fn ask_grpc(
        &self,
        asking: &Asking<'_>,
        question: Question,
    ) -> Result<(Answer, Option<String>), Status> {
        let user = asking.user;
        let mut customers = CustomerServiceClient::new(self.channel(user));
        let mut fwos = FwoServiceClient::new(self.channel(user));
        let get = |id| {
            let by = Some(By::Id(id));
            asking.request(v1::GetCustomerRequest { by })
        };
        match question {
            Question::Customers(page_size) => {
                let request = v1::ListCustomersRequest {
                    page_size,
                    ..Default::default()
                };
                let page = customers.list_customers(asking.request(request)).await?;
                Ok(heard(page, |answer, page| {
                    answer.total = total(Kind::Customer, page.total_size);
                    let rows = page.customers.iter();
                    rows.for_each(|row| answer.add_customer(row));
                }))
            }
            Question::Fwos(page_size, in_full) => {
                let view = match in_full {
                    true => v1::FwoView::Full,
                    false => v1::FwoView::Basic,
                };
                let request = v1::ListFwosRequest {
                    page_size,
                    view: view.into(),
                    ..Default::default()
                };
                let page = fwos.list_fwos(asking.request(request)).await?;
                Ok(heard(page, |answer, page| {
                    answer.total = total(Kind::Fwo, page.total_size);
                    page.fwos.iter().for_each(|row| answer.add_fwo(row));
                }))
            }
            Question::Customer(place, _) | Question::Node(Kind::Customer, place) => {
                let customer = customers.get_customer(get(id(user, place))).await?;
                Ok(heard(customer, Answer::add_customer))
            }
            Question::Absent => {
                let customer = customers.get_customer(get(absent(user))).await?;
                Ok(heard(customer, Answer::add_customer))
            }
            Question::Fwo(place) | Question::Node(Kind::Fwo, place) => {
                let request = v1::GetFwoRequest {
                    id: id(user, place),
                    ..Default::default()
                };
                let fwo = fwos.get_fwo(asking.request(request)).await?;
                Ok(heard(fwo, Answer::add_fwo))
            }
        }
    }

    /// Writes a version to an object. Fails with what became of the connection.
    pub(crate) async fn write(
        &self,
        door: Door,
        asking: &Asking<'_>,
        (kind, place): (Kind, usize),
        version: u64,
    ) -> Result<Answer, String> {
        let written = format!("v{version}");
        if door == Door::Grpc {
            let answer = self.write_grpc(asking, kind, place, written).await;
            return Ok(answer.unwrap_or_else(|status| failed(&status)));
        }
        let id = global_id(kind, id(asking.user, place));
        let (query, input) = match kind {
            Kind::Customer => (
                "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { databaseId name city contactEmail } userErrors { code } } }",
                json!({ "id": id, "city": written }),
            ),
            Kind::Fwo => (
                "mutation($input: UpdateFwoInput!) { updateFwo(input: $input) { fwo { databaseId summary createdBy customerId customerName } userErrors { code } } }",
                json!({ "id": id, "summary": written }),
            ),
        };
        let request = self.http[asking.user % SHARES]
            .post(format!("{}/graphql", self.base))
            .bearer_auth(asking.token)
            .json(&json!({ "query": query, "variables": { "input": input } }));
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let text = response
            .text()
            .await
            .map_err(|error| format!("{error:?}"))?;
        Ok(Answer::of_graphql(text))
    }

    async fn write_grpc(
        &self,
        asking: &Asking<'_>,
        kind: Kind,
        place: usize,
        written: String,
    ) -> Result<Answer, Status> {
        let (user, id) = (asking.user, id(asking.user, place));
        let mask = |path: &str| {
            let paths = vec![path.to_owned()];
            Some(FieldMask { paths })
        };
        match kind {
            Kind::Customer => {
                let customer = v1::Customer {
                    id,
                    city: Some(written),
                    ..Default::default()
                };
                let request = asking.request(v1::UpdateCustomerRequest {
                    customer: Some(customer),
                    update_mask: mask("city"),
                });
                let mut client = CustomerServiceClient::new(self.channel(user));
                let customer = client.update_customer(request).await?;
                Ok(heard(customer, Answer::add_customer).0)
            }
            Kind::Fwo => {
                let fwo = v1::Fwo {
                    id,
                    summary: Some(written),
                    ..Default::default()
                };
                let request = asking.request(v1::UpdateFwoRequest {
                    fwo: Some(fwo),
                    update_mask: mask("summary"),
                });
                let mut client = FwoServiceClient::new(self.channel(user));
                let fwo = client.update_fwo(request).await?;
                Ok(heard(fwo, Answer::add_fwo).0)
            }
        }
    }

    /// A token for a user, or the reason why not.
    pub(crate) async fn log_in(&self, door: Door, user: usize) -> Result<String, String> {
        let (name, password) = (format!("{user}@soak.example"), "a password".to_owned());
        if door == Door::Grpc {
            let request = v1::LoginRequest {
                user_name: name,
                password,
                client_key: None,
            };
            let mut client = AuthServiceClient::new(self.channel(user));
            let answer = client.login(request).await;
            return match answer {
                Ok(answer) => Ok(answer.into_inner().token),
                Err(status) => Err(failed(&status).errors.remove(0)),
            };
        }
        let query = "mutation($input: LoginInput!) { login(input: $input) { token } }";
        let input = json!({ "userName": name, "password": password });
        let request = self.http[user % SHARES]
            .post(format!("{}/graphql", self.base))
            .json(&json!({ "query": query, "variables": { "input": input } }));
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let body: Value = response
            .json()
            .await
            .map_err(|error| format!("{error:?}"))?;
        match body["data"]["login"]["token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => {
                let mut failed = Answer::of_graphql(body.to_string()).errors;
                Err(failed.pop().unwrap_or_else(|| body.to_string()))
            }
        }
    }
}

impl Asking<'_> {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        let bearer = format!("Bearer {}", self.token).parse();
        metadata.insert("authorization", bearer.unwrap());
        if self.no_cache {
            metadata.insert("cache-control", "no-cache".parse().unwrap());
        }
        if let Some(etag) = self.etag {
            metadata.insert("if-none-match", etag.parse().unwrap());
        }
        request
    }
}

fn failed(status: &Status) -> Answer {
    let info = status.get_details_error_info();
    // What a client says by itself has no details.
    let reason = info.map_or_else(
        || format!("{:?}: {status}", status.code()),
        |info| info.reason,
    );
    Answer::failed(reason)
}

/// What a message shows, and its etag where it has one.
fn heard<M: Message>(
    response: Response<M>,
    show: impl FnOnce(&mut Answer, &M),
) -> (Answer, Option<String>) {
    let etag = response.metadata().get("etag");
    let etag = etag.and_then(|etag| Some(etag.to_str().ok()?.to_owned()));
    let message = response.into_inner();
    let mut answer = Answer {
        // All texts of it, whatever stands between them.
        text: String::from_utf8_lossy(&message.encode_to_vec()).into_owned(),
        ..Answer::default()
    };
    show(&mut answer, &message);
    (answer, etag)
}

fn total(kind: Kind, total: Option<i64>) -> Option<(Kind, u64)> {
    Some((kind, u64::try_from(total?).ok()?))
}
