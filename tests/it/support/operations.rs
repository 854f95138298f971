//! Random valid operations over the endless upstream, each with the word whether it asks anything twice.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::support::endless;
use crate::support::writer::global_id;

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) text: String,
    pub(crate) variables: Value,
    /// Whether a cold cache must be asked for exactly what the bill says.
    ///
    /// So it is where no window is counted from the end (its calls depend on where the end lies) and where
    /// nothing is asked twice: no field is repeated, and no order of a customer is asked for that same customer.
    pub(crate) is_exact: bool,
}

/// What objects of one type are selected for, so that nothing is by chance selected twice.
#[derive(Clone, Copy)]
struct Place {
    /// How many lists may still be opened below.
    lists: u32,
    /// Whether the customer of an order stands above it already.
    below_customer: bool,
}

/// Draws operations; the same seed draws the same.
pub(crate) struct Draw {
    state: u64,
    key: i64,
    aliases: usize,
    definitions: Vec<String>,
    variables: Map<String, Value>,
    fragments: Vec<String>,
    is_exact: bool,
}

const DETAIL: [&str; 11] = [
    "additionalItems { amount }",
    "authorizationId",
    "description",
    "equipment { amount }",
    "etag",
    "gcDocumentReference",
    "gcDocumentReferenceType",
    "labor { amount }",
    "materials { amount }",
    "pricing { total }",
    "signature { note }",
];

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Draw {
            state: seed,
            key: 0,
            aliases: 0,
            definitions: Vec::new(),
            variables: Map::new(),
            fragments: Vec::new(),
            is_exact: true,
        }
    }

    pub(crate) fn operation(mut self) -> Operation {
        let mut roots = Vec::new();
        for _ in 0..1 + self.below(4) {
            let root = self.root();
            let root = self.alias(&root);
            let root = self.dressed("Query", root);
            if self.once_in(30) {
                self.is_exact = false;
                roots.push(root.clone());
            }
            roots.push(root);
        }
        let definitions = match self.definitions.join(", ") {
            none if none.is_empty() => none,
            some => format!("({some})"),
        };
        let (roots, fragments) = (roots.join(" "), self.fragments.join(" "));
        Operation {
            text: format!("query Drawn{definitions} {{ {roots} }} {fragments}"),
            variables: Value::Object(self.variables),
            is_exact: self.is_exact,
        }
    }

    fn root(&mut self) -> String {
        let place = Place {
            lists: 2,
            below_customer: false,
        };
        match self.below(8) {
            0 | 1 => {
                let filter = format!("filter: {{ name: \"{}\" }}", self.key());
                self.list("customers", &filter, place)
            }
            2 | 3 => {
                let filter = format!("filter: {{ search: \"{}\" }}", self.key());
                self.list("fwos", &filter, place)
            }
            4 => {
                let (key, customer) = (self.key(), self.customer(place));
                let by = match self.below(3) {
                    0 => format!("number: \"{key}\""),
                    1 => format!("databaseId: \"{}\"", endless::customer_id(key)),
                    _ => format!(
                        "id: \"{}\"",
                        global_id("Customer", endless::customer_id(key))
                    ),
                };
                format!("customer(by: {{ {by} }}) {{ {customer} }}")
            }
            5 => {
                let (key, fwo) = (self.key(), self.fwo(place));
                format!(
                    "fwo(by: {{ databaseId: {} }}) {{ {fwo} }}",
                    endless::fwo_id(key)
                )
            }
            6 => {
                let (id, node) = (self.node_id(), self.node(place));
                let id = self.argument("ID!", json!(id));
                format!("node(id: {id}) {{ {node} }}")
            }
            _ => {
                let ids: Vec<String> = (0..self.below(5)).map(|_| self.node_id()).collect();
                let (ids, node) = (self.argument("[ID!]!", json!(ids)), self.node(place));
                format!("nodes(ids: {ids}) {{ {node} }}")
            }
        }
    }

    /// A connection: small where lists are opened below it, of any size where none is.
    fn list(&mut self, field: &str, filter: &str, place: Place) -> String {
        let below = Place {
            lists: place.lists - 1,
            ..place
        };
        let row = match field {
            "customers" => self.customer(below),
            _ => self.fwo(below),
        };
        let is_dear = row.contains(['{', '.']) || DETAIL.iter().any(|detail| row.contains(detail));
        let first = match (self.below(10), is_dear) {
            (0, _) => 0,
            (1, _) => 201 + self.below(50),
            (_, true) => self.below(5),
            (2, false) => 200,
            (_, false) => self.below(200),
        };
        let window = match self.below(24) {
            0 | 1 if !is_dear => String::new(),
            2 => {
                self.is_exact = false;
                format!("last: {}", self.argument("Int", json!(first.min(200))))
            }
            _ => format!("first: {}", self.argument("Int", json!(first))),
        };
        let total = if self.once_in(3) { "totalCount" } else { "" };
        format!(
            "{field}({window} {filter}) {{ {total} edges {{ cursor node {{ {row} }} }} pageInfo {{ hasNextPage }} }}"
        )
    }

    fn customer(&mut self, place: Place) -> String {
        let mut fields = vec!["id name".to_owned()];
        if place.lists > 0 && self.once_in(2) {
            let filter = format!("filter: {{ search: \"{}\" }}", self.key());
            let below = Place {
                below_customer: true,
                ..place
            };
            let list = self.list("fwos", &filter, below);
            let list = self.alias(&list);
            fields.push(self.dressed("Customer", list));
        }
        fields.join(" ")
    }

    fn fwo(&mut self, place: Place) -> String {
        let mut fields = vec!["id status".to_owned()];
        for detail in DETAIL {
            if self.once_in(12) {
                fields.push(self.dressed("Fwo", detail.to_owned()));
            }
        }
        if self.once_in(if place.below_customer { 12 } else { 3 }) {
            self.is_exact &= !place.below_customer;
            let customer = format!("customer {{ {} }}", self.customer(place));
            fields.push(self.dressed("Fwo", customer));
        }
        fields.join(" ")
    }

    fn node(&mut self, place: Place) -> String {
        let (customer, fwo) = (self.customer(place), self.fwo(place));
        self.dressed(
            "Node",
            format!("id ... on Customer {{ {customer} }} ... on Fwo {{ {fwo} }}"),
        )
    }

    /// The same selection as it is, in a fragment of either kind, or in or out by a directive.
    fn dressed(&mut self, on: &str, selection: String) -> String {
        match self.below(10) {
            0 => format!("... on {on} {{ {selection} }}"),
            1 => format!("... {{ {selection} }}"),
            2 => {
                let name = format!("F{}", self.fragments.len());
                self.fragments
                    .push(format!("fragment {name} on {on} {{ {selection} }}"));
                format!("...{name}")
            }
            3 => {
                let (with, directive) = (self.once_in(2), ["skip", "include"][self.below(2)]);
                let with = self.argument("Boolean!", json!(with));
                format!("... @{directive}(if: {with}) {{ {selection} }}")
            }
            _ => selection,
        }
    }

    /// A value: written where it stands, in a variable, or as the default of one.
    fn argument(&mut self, kind: &str, value: Value) -> String {
        let name = format!("v{}", self.definitions.len());
        match self.below(3) {
            0 => value.to_string(),
            1 => {
                self.definitions.push(format!("${name}: {kind}"));
                self.variables.insert(name.clone(), value);
                format!("${name}")
            }
            _ => {
                let kind = kind.trim_end_matches('!');
                self.definitions.push(format!("${name}: {kind} = {value}"));
                format!("${name}")
            }
        }
    }

    fn alias(&mut self, field: &str) -> String {
        self.aliases += 1;
        format!("a{}: {field}", self.aliases)
    }

    fn node_id(&mut self) -> String {
        let key = self.key();
        if self.once_in(2) {
            global_id("Customer", endless::customer_id(key))
        } else {
            global_id("Fwo", endless::fwo_id(key))
        }
    }

    /// A key that nothing else in the operation has.
    fn key(&mut self) -> i64 {
        self.key += 1;
        self.key
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A number below `limit` (splitmix64).
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % limit as u64) as usize
    }
}
