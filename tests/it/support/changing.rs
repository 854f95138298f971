//! Lists that change while they are walked: an upstream whose rows come, go and move between two calls, and a walk that
//! speaks either language at each page.

use std::cmp::Ordering;
use std::collections::HashSet;

use fastrand::Rng;
use peerassist_gateway::grpc::v1;
use serde_json::Value;
use serde_json::json;

use crate::support::grpc::GrpcUser;
use crate::support::grpc::reason;
use crate::support::stack::User;
use crate::support::stub::Answer;
use crate::support::stub::Asked;

/// What rows of each kind can be sorted by, in the upstream's words.
const SORTS: [(&str, &[&str]); 2] = [
    (
        "customers",
        &["id", "name", "number", "city", "state", "status"],
    ),
    (
        "fwos",
        &[
            "id",
            "number",
            "summary",
            "status",
            "type",
            "amount",
            "romAmount",
            "createdDate",
            "updatedDate",
            "projectNumber",
        ],
    ),
];

/// Most rows at one time.
const ROWS_MAX: usize = 150;

/// What a request is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Graphql,
    Grpc,
}

/// Sort keys: the upstream's word, and whether the greatest comes first.
#[derive(Clone, Debug)]
pub(crate) struct Order(Vec<(String, bool)>);

impl Order {
    pub(crate) fn of(keys: &[(&str, bool)]) -> Self {
        Order(
            keys.iter()
                .map(|(key, down)| ((*key).to_owned(), *down))
                .collect(),
        )
    }

    /// Up to three keys of this kind of row.
    pub(crate) fn random(rng: &mut Rng, kind: &str) -> Self {
        let (_, words) = SORTS.iter().find(|(known, _)| *known == kind).unwrap();
        let mut words = words.to_vec();
        rng.shuffle(&mut words);
        words.truncate(rng.usize(0..=3));
        Order::of(
            &words
                .into_iter()
                .map(|word| (word, rng.bool()))
                .collect::<Vec<_>>(),
        )
    }

    /// The order that the upstream was asked for.
    fn asked(asked: &Asked) -> Self {
        let sorts = asked.query.iter().filter(|(name, _)| name == "sort");
        Order(
            sorts
                .map(|(_, term)| match term.split_once(',').unwrap() {
                    (word, "asc") => (word.to_owned(), false),
                    (word, way) => (word.to_owned(), way == "desc"),
                })
                .collect(),
        )
    }

    fn graphql(&self) -> String {
        let keys = self.0.iter().map(|(word, down)| {
            let direction = if *down { "DESC" } else { "ASC" };
            format!(
                "{{ field: {}, direction: {direction} }}",
                snake_case(word).to_uppercase()
            )
        });
        format!("[{}]", keys.collect::<Vec<_>>().join(", "))
    }

    fn grpc(&self) -> String {
        let keys = self.0.iter().map(|(word, down)| {
            format!("{}{}", snake_case(word), if *down { " desc" } else { "" })
        });
        keys.collect::<Vec<_>>().join(", ")
    }

    fn compare(&self, one: &Value, other: &Value) -> Ordering {
        for (word, down) in &self.0 {
            let ordering = match (&one[word], &other[word]) {
                (Value::Null, Value::Null) => Ordering::Equal,
                (Value::Null, _) => Ordering::Less,
                (_, Value::Null) => Ordering::Greater,
                (Value::String(one), Value::String(other)) => one.cmp(other),
                (one, other) => one.as_f64().unwrap().total_cmp(&other.as_f64().unwrap()),
            };
            let ordering = if *down { ordering.reverse() } else { ordering };
            if ordering.is_ne() {
                return ordering;
            }
        }
        id(one).cmp(&id(other))
    }
}

fn snake_case(word: &str) -> String {
    word.chars()
        .flat_map(|c| {
            let mark = c.is_ascii_uppercase().then_some('_');
            mark.into_iter().chain([c.to_ascii_lowercase()])
        })
        .collect()
}

fn id(row: &Value) -> i64 {
    row["id"].as_i64().unwrap()
}

/// The rows of one caller, and what became of them since the walk began.
pub(crate) struct World {
    rng: Rng,
    kind: &'static str,
    rows: Vec<Value>,
    ids: HashSet<i64>,
    survivors: HashSet<i64>,
    /// Rows that were changed: their keys may be others.
    moved: HashSet<i64>,
    calls: usize,
    pub(crate) changes: usize,
}

impl World {
    pub(crate) fn new(seed: u64, kind: &'static str) -> Self {
        let mut world = World {
            rng: Rng::with_seed(seed),
            kind,
            rows: Vec::new(),
            ids: HashSet::new(),
            survivors: HashSet::new(),
            moved: HashSet::new(),
            calls: 0,
            changes: 0,
        };
        for _ in 0..world.rng.usize(0..ROWS_MAX) {
            world.insert();
        }
        world.survivors = world.ids.clone();
        world
    }

    /// The page that is asked for, after some changes.
    pub(crate) fn answer(&mut self, asked: &Asked) -> Answer {
        let most = [0, 1, 3, 30][self.rng.usize(0..4)];
        // A list has no anchor yet when its end is looked for: no more than a few rows may come and go then.
        let most = if self.calls < 2 { most.min(4) } else { most };
        self.calls += 1;
        for _ in 0..self.rng.usize(0..=most) {
            self.changes += 1;
            match (self.rng.u8(0..5), self.rows.len()) {
                (0 | 1, rows) if rows > 0 => {
                    let lost = self.rng.usize(0..rows);
                    self.survivors.remove(&id(&self.rows.swap_remove(lost)));
                }
                (2, rows) if rows > 0 => {
                    let place = self.rng.usize(0..rows);
                    let id = id(&self.rows[place]);
                    self.rows[place] = self.row(id);
                    self.survivors.remove(&id);
                    self.moved.insert(id);
                }
                _ => self.insert(),
            }
        }
        let order = Order::asked(asked);
        self.rows.sort_by(|one, other| order.compare(one, other));
        asked.page_of(&self.rows)
    }

    fn insert(&mut self) {
        let id = self.rng.i64(1..1_000);
        if self.rows.len() < ROWS_MAX && self.ids.insert(id) {
            let row = self.row(id);
            self.rows.push(row);
        }
    }

    /// A row with few values, so that many are equal, and some absent.
    fn row(&mut self, id: i64) -> Value {
        let rng = &mut self.rng;
        let mut text = |words: &[&str]| match rng.usize(0..=words.len()) {
            0 => Value::Null,
            place => json!(words[place - 1]),
        };
        let words = ["", "Akron", "akron", "Zion", "Ørsted"];
        let mut row = match self.kind {
            "customers" => json!({
                "name": text(&words), "number": text(&words), "city": text(&words), "state": text(&["OH", "CA"]),
                "status": text(&["ACTIVE", "INACTIVE"]),
            }),
            _ => json!({
                "number": text(&words), "summary": text(&words), "projectNumber": text(&words),
                "status": text(&["ENTRY", "PRICING"]), "type": text(&["FIELD_WORK", "SERVICE_WORK"]),
                "createdDate": text(&["2024-05-14T17:03:11.482+00:00", "2024-05-14T17:03:11.483+00:00"]),
                "updatedDate": text(&["2024-05-14T17:03:11.482+00:00", "2025-05-14T17:03:11.482+00:00"]),
            }),
        };
        let members = row.as_object_mut().unwrap();
        members.insert("id".to_owned(), json!(id));
        if self.kind == "fwos" {
            for name in ["amount", "romAmount"] {
                let amounts = [Value::Null, json!(9.5), json!(10), json!(-3), json!(100.25)];
                members.insert(name.to_owned(), amounts[self.rng.usize(0..5)].clone());
            }
        }
        // Absent members are left out, as the contract has it.
        members.retain(|_, value| !value.is_null());
        row
    }

    /// What is wrong with what a walk has seen, in the order of the list.
    pub(crate) fn judge(&self, seen: &[i64], order: &Order) -> Result<(), String> {
        let mut once = HashSet::new();
        if let Some(twice) = seen
            .iter()
            .find(|id| !once.insert(**id) && !self.moved.contains(id))
        {
            return Err(format!("{twice} was seen twice under {order:?}"));
        }
        if let Some(missed) = self.survivors.iter().find(|id| !once.contains(id)) {
            return Err(format!("{missed} was never seen under {order:?}"));
        }
        let place = |wanted: &i64| self.rows.iter().position(|row| id(row) == *wanted);
        let survivors = seen.iter().filter(|id| self.survivors.contains(id));
        match survivors.map(place).is_sorted() {
            true => Ok(()),
            false => Err(format!("the rows came out of order under {order:?}")),
        }
    }
}

/// A walk from one end of a list to the other.
pub(crate) struct Walk {
    user: User,
    grpc: GrpcUser,
    kind: &'static str,
    pub(crate) order: Order,
    place: Option<String>,
}

impl Walk {
    pub(crate) async fn new(user: User, kind: &'static str, order: Order) -> Self {
        let grpc = GrpcUser::new(&user).await;
        Walk {
            user,
            grpc,
            kind,
            order,
            place: Some(String::new()),
        }
    }

    /// Whether the end was reached.
    pub(crate) fn is_over(&self) -> bool {
        self.place.is_none()
    }

    /// The ids of the next window behind `skip` further rows; the reason where it failed.
    pub(crate) async fn forward(
        &mut self,
        language: Language,
        count: usize,
        skip: usize,
    ) -> Result<Vec<i64>, String> {
        match language {
            Language::Graphql => {
                self.graphql(
                    &format!("first: {count}, offset: {skip}"),
                    "after",
                    ["hasNextPage", "endCursor"],
                )
                .await
            }
            Language::Grpc if self.kind == "customers" => {
                let request = self.grpc.request(v1::ListCustomersRequest {
                    page_size: count as i32,
                    page_token: self.place.take().unwrap(),
                    skip: skip as i32,
                    order_by: self.order.grpc(),
                    ..Default::default()
                });
                let page = self.grpc.customers.list_customers(request).await;
                let page = page.map_err(|status| reason(&status).0)?.into_inner();
                self.place = Some(page.next_page_token).filter(|token| !token.is_empty());
                Ok(page.customers.iter().map(|customer| customer.id).collect())
            }
            Language::Grpc => {
                let request = self.grpc.request(v1::ListFwosRequest {
                    page_size: count as i32,
                    page_token: self.place.take().unwrap(),
                    skip: skip as i32,
                    order_by: self.order.grpc(),
                    ..Default::default()
                });
                let page = self.grpc.fwos.list_fwos(request).await;
                let page = page.map_err(|status| reason(&status).0)?.into_inner();
                self.place = Some(page.next_page_token).filter(|token| !token.is_empty());
                Ok(page.fwos.iter().map(|fwo| fwo.id).collect())
            }
        }
    }

    /// The ids of the window before, counted from the end; the reason where it failed.
    pub(crate) async fn backward(&mut self, count: usize) -> Result<Vec<i64>, String> {
        self.graphql(
            &format!("last: {count}"),
            "before",
            ["hasPreviousPage", "startCursor"],
        )
        .await
    }

    async fn graphql(
        &mut self,
        window: &str,
        argument: &str,
        [more, cursor]: [&str; 2],
    ) -> Result<Vec<i64>, String> {
        let place = match self.place.take().unwrap() {
            place if place.is_empty() => String::new(),
            place => format!(", {argument}: \"{place}\""),
        };
        let (kind, order) = (self.kind, self.order.graphql());
        let query = format!(
            "{{ {kind}({window}{place}, orderBy: {order}) {{ edges {{ node {{ databaseId }} }} pageInfo {{ {more} {cursor} }} }} }}"
        );
        let answer = self.user.ask(&query, json!({})).await;
        let page = &answer["data"][kind];
        if page.is_null() {
            return Err(answer["errors"][0]["extensions"]["reason"]
                .as_str()
                .unwrap()
                .to_owned());
        }
        if page["pageInfo"][more] == json!(true) {
            self.place = page["pageInfo"][cursor].as_str().map(str::to_owned);
        }
        let edges = page["edges"].as_array().unwrap().iter();
        Ok(edges
            .map(|edge| {
                edge["node"]["databaseId"]
                    .as_str()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect())
    }
}
