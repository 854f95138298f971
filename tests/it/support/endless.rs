//! A scripted upstream in which nothing is met twice by chance: each list has a thousand rows of its own, and each
//! order a customer of its own.
//!
//! The number in a list's filter (`name` of customers, `search` of orders) is its key, below 900. Every row's id says
//! in which list it stands, so any object can be made from its id alone:
//!
//! - an order of list K is `K * 1000 + row`, and its customer `10^6 + order`;
//! - an order of list K of one customer is `customer * 10^6 + K * 1000 + row`;
//! - a customer of list K is `10^8 + K * 1000 + row`, and the one with number N is `2 * 10^9 + N`.

use serde_json::Value;
use serde_json::json;

use crate::support::stub::Answer;
use crate::support::stub::Asked;

/// Rows of each list.
pub(crate) const ROWS: i64 = 1_000;

/// Orders below have a customer of their own; the others are named after theirs.
const OF_A_CUSTOMER: i64 = 1_000_000;

/// The key of a list without a filter.
const UNFILTERED: i64 = 900;

/// The first customer of list `key`.
pub(crate) fn customer_id(key: i64) -> i64 {
    100_000_000 + key * ROWS
}

/// The first order of list `key`.
pub(crate) fn fwo_id(key: i64) -> i64 {
    key * ROWS
}

/// Answers reads, and writes with the object that was written.
pub(crate) fn answer(asked: &Asked) -> Answer {
    let key = |name, absent| {
        let text = asked.parameter(name);
        text.map_or(absent, |text| text.parse().unwrap())
    };
    match asked.path.as_str() {
        "/customer" => match asked.parameter("number") {
            Some(number) => {
                let id = 2_000_000_000 + number.parse::<i64>().unwrap();
                let mut customer = customer(id);
                customer["number"] = number.into();
                asked.page_of(&[customer])
            }
            None => page(asked, customer_id(key("name", UNFILTERED)), customer),
        },
        "/fwo" => {
            let customer = key("customerId", 0) * OF_A_CUSTOMER;
            page(asked, customer + fwo_id(key("search", UNFILTERED)), summary)
        }
        path if path.starts_with("/customer/") => Answer::json(customer(asked.id())),
        _ => Answer::json(fwo(asked.id())),
    }
}

fn page(asked: &Asked, first: i64, row: impl Fn(i64) -> Value) -> Answer {
    let number = |name| asked.parameter(name).unwrap().parse::<i64>().unwrap();
    let (page, size) = (number("page"), number("size"));
    let rows = (page * size).min(ROWS)..((page + 1) * size).min(ROWS);
    let last = rows.end == ROWS;
    let content: Vec<Value> = rows.map(|index| row(first + index)).collect();
    Answer::json(json!({ "content": content, "totalElements": ROWS, "last": last }))
}

fn customer(id: i64) -> Value {
    let key = (id - customer_id(0)) / ROWS;
    json!({ "id": id, "name": format!("Customer of {key}"), "number": id.to_string(), "status": "ACTIVE" })
}

fn summary(id: i64) -> Value {
    let customer = if id < OF_A_CUSTOMER {
        OF_A_CUSTOMER + id
    } else {
        id / OF_A_CUSTOMER
    };
    let key = id % OF_A_CUSTOMER / ROWS;
    json!({
        "id": id, "number": "000001", "type": "FIELD_WORK", "status": "ENTRY", "summary": format!("Work of {key}"),
        "customerId": customer, "amount": "1250.50",
    })
}

fn fwo(id: i64) -> Value {
    let mut fwo = summary(id);
    fwo["description"] = "work".into();
    fwo["labor"] =
        json!([{ "id": 1, "workDate": "2024-05-14", "regularHours": "7.50", "amount": "412.50" }]);
    fwo["pricing"] = json!({ "total": "1250.50" });
    fwo
}
