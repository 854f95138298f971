//! What users ask, and what an answer shows of it, in one language for both doors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peerassist_gateway::grpc::v1;
use serde_json::Value;

use crate::books::Kind;
use crate::books::Mark;
use crate::books::WRITTEN;
use crate::books::absent;
use crate::books::id;
use crate::books::version;
use crate::rows::fwos_of;

/// A question of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// The first so many customers, and how many there are.
    Customers(i32),
    /// The first so many orders, and how many there are; with their customers or not.
    Fwos(i32, bool),
    /// A customer, with the first of their orders or not.
    Customer(usize, bool),
    /// An order with its lines.
    Fwo(usize),
    /// An object by its global id.
    Node(Kind, usize),
    /// A customer that there is not.
    Absent,
}

impl Question {
    /// Mostly lists, as pages of a web application are; some pages and objects are asked for more than others.
    pub(crate) fn random() -> Self {
        let place = fastrand::usize(0..WRITTEN).min(fastrand::usize(0..WRITTEN));
        let first = *fastrand::choice(&[10, 10, 10, 5, 40]).unwrap_or(&10);
        match fastrand::u8(0..100) {
            0..25 => Question::Customers(first),
            25..45 => Question::Fwos(first, false),
            45..53 => Question::Fwos(5, true),
            53..68 => Question::Customer(place, false),
            68..76 => Question::Customer(place, true),
            76..88 => Question::Fwo(place),
            88..93 => Question::Node(Kind::Customer, place),
            93..98 => Question::Node(Kind::Fwo, place),
            _ => Question::Absent,
        }
    }

    /// One whose answer shows the object that was written.
    pub(crate) fn about(kind: Kind, place: usize) -> Self {
        match (kind, fastrand::u8(0..3)) {
            (Kind::Customer, 0) => Question::Customers(10),
            (Kind::Customer, 1) => Question::Node(kind, place),
            (Kind::Customer, _) => Question::Customer(place, true),
            (Kind::Fwo, 0) => Question::Fwos(10, true),
            (Kind::Fwo, 1) => Question::Node(kind, place),
            (Kind::Fwo, _) => Question::Fwo(place),
        }
    }

    /// The query in GraphQL.
    pub(crate) fn graphql(self, user: usize) -> String {
        const CUSTOMER: &str = "databaseId name city contactEmail";
        const FWO: &str = "databaseId summary createdBy customerId customerName";
        match self {
            Question::Customers(first) => format!(
                "{{ customers(first: {first}) {{ totalCount edges {{ node {{ {CUSTOMER} }} }} }} }}"
            ),
            Question::Fwos(first, false) => {
                format!("{{ fwos(first: {first}) {{ totalCount edges {{ node {{ {FWO} }} }} }} }}")
            }
            Question::Fwos(first, true) => format!(
                "{{ fwos(first: {first}) {{ totalCount edges {{ node {{ {FWO} customer {{ {CUSTOMER} }} }} }} }} }}"
            ),
            Question::Customer(place, with_fwos) => {
                let id = id(user, place);
                let fwos = match with_fwos {
                    true => format!("fwos(first: 5) {{ edges {{ node {{ {FWO} }} }} }}"),
                    false => String::new(),
                };
                format!("{{ customer(by: {{ databaseId: {id} }}) {{ {CUSTOMER} {fwos} }} }}")
            }
            Question::Fwo(place) => {
                let id = id(user, place);
                format!(
                    "{{ fwo(by: {{ databaseId: {id} }}) {{ {FWO} description labor {{ employeeName }} }} }}"
                )
            }
            Question::Node(kind, place) => {
                let id = global_id(kind, id(user, place));
                format!(
                    "{{ node(id: \"{id}\") {{ ... on Customer {{ {CUSTOMER} }} ... on Fwo {{ {FWO} }} }} }}"
                )
            }
            Question::Absent => {
                let id = absent(user);
                format!("{{ customer(by: {{ databaseId: {id} }}) {{ {CUSTOMER} }} }}")
            }
        }
    }

    /// How many rows an answer without errors has; the gRPC door has no nested ones.
    pub(crate) fn rows(self, mark: Mark, is_nested: bool) -> usize {
        let first = |kind, first: i32| mark.total(kind).min(first as u64) as usize;
        match self {
            Question::Customers(count) => first(Kind::Customer, count),
            Question::Fwos(count, true) if is_nested => 2 * first(Kind::Fwo, count),
            Question::Fwos(count, _) => first(Kind::Fwo, count),
            Question::Customer(place, true) if is_nested => 1 + fwos_of(mark, place).min(5),
            Question::Absent => 0,
            Question::Customer(..) | Question::Fwo(_) | Question::Node(..) => 1,
        }
    }
}

/// The global id of an object.
pub(crate) fn global_id(kind: Kind, id: i64) -> String {
    let kind = match kind {
        Kind::Customer => "Customer",
        Kind::Fwo => "Fwo",
    };
    URL_SAFE_NO_PAD.encode(format!("{kind}:{id}"))
}

/// What a row says of an object, or of a copy of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) kind: Kind,
    pub(crate) id: i64,
    pub(crate) version: Option<u64>,
}

/// What an answer shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// All of it, to look for marks.
    pub(crate) text: String,
    pub(crate) rows: usize,
    pub(crate) shown: Vec<Shown>,
    pub(crate) total: Option<(Kind, u64)>,
    /// The reasons of its errors.
    pub(crate) errors: Vec<String>,
}

impl Answer {
    /// An answer that is nothing but an error.
    pub(crate) fn failed(reason: String) -> Self {
        Answer {
            errors: vec![reason],
            ..Answer::default()
        }
    }

    /// What a GraphQL answer shows.
    pub(crate) fn of_graphql(text: String) -> Self {
        let Ok(body) = serde_json::from_str::<Value>(&text) else {
            return Answer::failed("NO_JSON".to_owned());
        };
        let errors = body["errors"].as_array().into_iter().flatten();
        let reason = |error: &Value| {
            let reason = error["extensions"]["reason"].as_str();
            reason.unwrap_or("NO_REASON").to_owned()
        };
        let total = |kind, list: &str| {
            let total = body["data"][list]["totalCount"].as_u64()?;
            Some((kind, total))
        };
        let total = total(Kind::Customer, "customers").or_else(|| total(Kind::Fwo, "fwos"));
        let mut answer = Answer {
            errors: errors.map(reason).collect(),
            total,
            ..Answer::default()
        };
        answer.walk(&body["data"]);
        answer.text = text;
        answer
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.walk(value)),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str);
                if let Some(city) = text("city") {
                    self.customer(number(text("databaseId")), city);
                }
                if let Some(summary) = text("summary") {
                    let name = text("customerName").unwrap_or_default();
                    let customer = number(text("customerId"));
                    self.fwo(number(text("databaseId")), summary, customer, name);
                }
                members.values().for_each(|value| self.walk(value));
            }
            _ => {}
        }
    }

    fn show(&mut self, kind: Kind, id: i64, text: &str) {
        let version = version(text);
        self.shown.push(Shown { kind, id, version });
    }

    fn customer(&mut self, id: i64, city: &str) {
        self.rows += 1;
        self.show(Kind::Customer, id, city);
    }

    fn fwo(&mut self, id: i64, summary: &str, customer: i64, name: &str) {
        self.rows += 1;
        self.show(Kind::Fwo, id, summary);
        self.show(Kind::Customer, customer, name);
    }

    /// Adds a customer of the gRPC door.
    pub(crate) fn add_customer(&mut self, customer: &v1::Customer) {
        self.customer(customer.id, customer.city());
    }

    /// Adds an order of the gRPC door.
    pub(crate) fn add_fwo(&mut self, fwo: &v1::Fwo) {
        self.fwo(
            fwo.id,
            fwo.summary(),
            fwo.customer_id(),
            fwo.customer_name(),
        );
    }
}

fn number(text: Option<&str>) -> i64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
