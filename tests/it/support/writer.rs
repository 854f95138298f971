//! Somebody who writes at one of the doors and hears the outcome in one language for both.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;

use crate::support::as_graphql::CUSTOMER;
use crate::support::as_graphql::FWO;
use crate::support::stack::User;

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
    pub(crate) message: String,
    /// The paths of the fields at fault in GraphQL's words, each with the rule that it breaks.
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
        ("BAD_USER_INPUT", _) => "INVALID_INPUT",
        ("CONFLICT", "ifMatch") => "VERSION_CONFLICT",
        ("CONFLICT", _) => "ALREADY_EXISTS",
        ("FAILED_PRECONDITION", _) => "PRECONDITION",
        (code, _) => code,
    };
    let violations = errors
        .iter()
        .map(|error| (path(error), text(&error["message"])));
    Some(Refusal {
        reason: reason.to_owned(),
        message: text(&first["message"]),
        violations: violations.collect(),
    })
}
