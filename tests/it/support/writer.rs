//! Somebody who writes at one of the doors and hears the outcome in one language for both.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peerassist_gateway::grpc::v1;
use serde_json::Value;
use serde_json::json;
use tonic::Response;
use tonic::Status;
use tonic_types::StatusExt;

use crate::support::as_graphql::CUSTOMER;
use crate::support::as_graphql::FWO;
use crate::support::as_graphql::customer_json;
use crate::support::as_graphql::fwo_json;
use crate::support::as_grpc;
use crate::support::as_grpc::graphql_path;
use crate::support::grpc::GrpcUser;
use crate::support::stack::User;

/// Somebody at one of the doors. Both take the input of the GraphQL mutation.
pub(crate) enum Writer {
    Graphql(User),
    Grpc(Box<GrpcUser>),
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It was done; the object as GraphQL says it, or null where it is gone.
    Done(Value),
    /// It was not, or nobody knows.
    Told(Refusal),
}

/// Why a write was not done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The word that both doors share.
    pub(crate) reason: String,
    /// What is said of it; nothing where the violations say it all.
    pub(crate) message: String,
    /// The paths of the fields that break a rule, in GraphQL's words, each with the rule; in the order of the paths.
    pub(crate) violations: Vec<(String, String)>,
}

impl Outcome {
    /// The object; the write must have been done.
    pub(crate) fn done(self) -> Value {
        match self {
            Outcome::Done(object) => object,
            Outcome::Told(refusal) => panic!("{refusal:?}"),
        }
    }

    /// The reason; the write must not have been done.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Outcome::Done(object) => panic!("{object}"),
            Outcome::Told(refusal) => &refusal.reason,
        }
    }
}

/// The global id of an object.
pub(crate) fn global_id(kind: &str, id: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{id}"))
}

impl User {
    /// Makes a customer; `input` as GraphQL takes it.
    pub(crate) async fn create_customer(&self, input: Value) -> Outcome {
        self.write(
            "createCustomer",
            &format!("object: customer {{ {CUSTOMER} }}"),
            input,
        )
        .await
    }

    /// Changes the customer that `input` names.
    pub(crate) async fn update_customer(&self, input: Value) -> Outcome {
        self.write(
            "updateCustomer",
            &format!("object: customer {{ {CUSTOMER} }}"),
            input,
        )
        .await
    }

    /// Deletes the customer that `input` names.
    pub(crate) async fn delete_customer(&self, input: Value) -> Outcome {
        self.write("deleteCustomer", "deletedCustomerId", input)
            .await
    }

    /// Makes an order.
    pub(crate) async fn create_fwo(&self, input: Value) -> Outcome {
        self.write("createFwo", &format!("object: fwo {{ {FWO} }}"), input)
            .await
    }

    /// Changes the order that `input` names.
    pub(crate) async fn update_fwo(&self, input: Value) -> Outcome {
        self.write("updateFwo", &format!("object: fwo {{ {FWO} }}"), input)
            .await
    }

    /// Moves the order that `input` names.
    pub(crate) async fn move_fwo(&self, input: Value) -> Outcome {
        self.write("moveFwo", &format!("object: fwo {{ {FWO} }}"), input)
            .await
    }

    /// Deletes the order that `input` names.
    pub(crate) async fn delete_fwo(&self, input: Value) -> Outcome {
        self.write("deleteFwo", "deletedFwoId", input).await
    }

    async fn write(&self, name: &str, selection: &str, input: Value) -> Outcome {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let mutation = format!(
            "mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} userErrors {{ message code field }} }} }}"
        );
        let mut answer = self.ask(&mutation, json!({ "input": input })).await;
        if let Some(error) = answer["errors"].get(0) {
            return Outcome::Told(failure(error));
        }
        let payload = answer["data"][name].take();
        match refusal(&payload["userErrors"]) {
            Some(refusal) => Outcome::Told(refusal),
            None => Outcome::Done(payload["object"].clone()),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn failure(error: &Value) -> Refusal {
    Refusal {
        reason: text(&error["extensions"]["reason"]),
        message: text(&error["message"]),
        violations: Vec::new(),
    }
}

/// What `userErrors` say, if they say anything.
fn refusal(errors: &Value) -> Option<Refusal> {
    let errors = errors.as_array().unwrap();
    let first = errors.first()?;
    let path = |error: &Value| {
        let steps = error["field"].as_array().cloned().unwrap_or_default();
        steps.iter().skip(1).map(text).collect::<Vec<_>>().join(".")
    };
    let reason = match (first["code"].as_str().unwrap(), path(first).as_str()) {
        ("BAD_USER_INPUT", _) => {
            let at_fields = errors.iter().filter(|error| error["field"].is_array());
            let violations = at_fields.map(|error| (path(error), text(&error["message"])));
            return Some(invalid(text(&first["message"]), violations.collect()));
        }
        ("CONFLICT", "ifMatch") => "VERSION_CONFLICT",
        ("CONFLICT", _) => "ALREADY_EXISTS",
        ("FAILED_PRECONDITION", _) => "PRECONDITION",
        (code, _) => code,
    };
    Some(Refusal {
        reason: reason.to_owned(),
        message: text(&first["message"]),
        violations: Vec::new(),
    })
}

fn invalid(message: String, mut violations: Vec<(String, String)>) -> Refusal {
    violations.sort();
    Refusal {
        reason: "INVALID_INPUT".to_owned(),
        message: if violations.is_empty() {
            message
        } else {
            String::new()
        },
        violations,
    }
}

/// What a failed call says.
fn status_refusal(status: &Status) -> Refusal {
    let details = status.get_error_details();
    let bad = details.bad_request().into_iter();
    let violations = bad.flat_map(|bad| &bad.field_violations);
    let violations = violations.map(|v| (graphql_path(&v.field), v.description.clone()));
    let reason = details.error_info().unwrap().reason.clone();
    if reason == "INVALID_INPUT" {
        return invalid(status.message().to_owned(), violations.collect());
    }
    assert_eq!(violations.count(), 0, "{status:?}");
    Refusal {
        reason,
        message: status.message().to_owned(),
        violations: Vec::new(),
    }
}

/// The outcome of a call whose answer `read` shows as GraphQL does.
fn outcome<T>(answer: Result<Response<T>, Status>, read: impl FnOnce(&T) -> Value) -> Outcome {
    match answer {
        Ok(answer) => Outcome::Done(read(&answer.into_inner())),
        Err(status) => Outcome::Told(status_refusal(&status)),
    }
}

/// The number in the global id of an input.
fn id(input: &Value) -> i64 {
    let id = URL_SAFE_NO_PAD
        .decode(input["id"].as_str().unwrap())
        .unwrap();
    let id = String::from_utf8(id).unwrap();
    id.split_once(':').unwrap().1.parse().unwrap()
}

impl Writer {
    /// The same user at each door, GraphQL first.
    pub(crate) async fn both(user: &User) -> [Self; 2] {
        let grpc = GrpcUser::new(user).await;
        [Writer::Graphql(user.clone()), Writer::Grpc(Box::new(grpc))]
    }

    pub(crate) async fn create_customer(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.create_customer(input).await,
            Writer::Grpc(user) => {
                let message = v1::CreateCustomerRequest {
                    customer: Some(as_grpc::customer(&input)),
                    request_id: text(&input["clientMutationId"]),
                };
                let request = user.request(message);
                outcome(user.customers.create_customer(request).await, customer_json)
            }
        }
    }

    pub(crate) async fn update_customer(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.update_customer(input).await,
            Writer::Grpc(user) => {
                let message = v1::UpdateCustomerRequest {
                    customer: Some(v1::Customer {
                        id: id(&input),
                        etag: text(&input["ifMatch"]),
                        ..as_grpc::customer(&input)
                    }),
                    update_mask: Some(as_grpc::mask(&input)),
                };
                let request = user.request(message);
                outcome(user.customers.update_customer(request).await, customer_json)
            }
        }
    }

    pub(crate) async fn delete_customer(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.delete_customer(input).await,
            Writer::Grpc(user) => {
                let message = v1::DeleteCustomerRequest {
                    id: id(&input),
                    etag: text(&input["ifMatch"]),
                };
                let request = user.request(message);
                outcome(user.customers.delete_customer(request).await, gone)
            }
        }
    }

    pub(crate) async fn create_fwo(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.create_fwo(input).await,
            Writer::Grpc(user) => {
                let message = v1::CreateFwoRequest {
                    fwo: Some(as_grpc::fwo(&input)),
                    request_id: text(&input["clientMutationId"]),
                };
                let request = user.request(message);
                outcome(user.fwos.create_fwo(request).await, fwo_json)
            }
        }
    }

    pub(crate) async fn update_fwo(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.update_fwo(input).await,
            Writer::Grpc(user) => update_fwo(user, input).await,
        }
    }

    pub(crate) async fn move_fwo(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.move_fwo(input).await,
            Writer::Grpc(user) => update_fwo(user, input).await,
        }
    }

    pub(crate) async fn delete_fwo(&mut self, input: Value) -> Outcome {
        match self {
            Writer::Graphql(user) => user.delete_fwo(input).await,
            Writer::Grpc(user) => {
                let message = v1::DeleteFwoRequest {
                    id: id(&input),
                    etag: text(&input["ifMatch"]),
                };
                let request = user.request(message);
                outcome(user.fwos.delete_fwo(request).await, gone)
            }
        }
    }
}

async fn update_fwo(user: &mut GrpcUser, input: Value) -> Outcome {
    let message = v1::UpdateFwoRequest {
        fwo: Some(v1::Fwo {
            id: id(&input),
            etag: text(&input["ifMatch"]),
            ..as_grpc::fwo(&input)
        }),
        update_mask: Some(as_grpc::mask(&input)),
    };
    let request = user.request(message);
    outcome(user.fwos.update_fwo(request).await, fwo_json)
}

fn gone(_: &()) -> Value {
    Value::Null
}
