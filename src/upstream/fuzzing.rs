//! What is promised of the upstream's JSON, whatever it is.

use serde_json::Value;

use crate::domain::customer::Customer;
use crate::domain::fwo::Fwo;
use crate::upstream::decode;
use crate::upstream::document::Document;
use crate::upstream::login;
use crate::upstream::refusal;
use crate::upstream::road;
use crate::upstream::wire::Members;
use crate::upstream::wire::ROWS_MAX;

/// What was understood.
pub(crate) struct Understood {
    pub(crate) customers: Vec<Customer>,
    pub(crate) fwos: Vec<Fwo>,
}

/// Reads an answer as each of those that it may be.
pub(crate) fn answer(bytes: &[u8]) -> Understood {
    let mut understood = Understood {
        customers: Vec::new(),
        fwos: Vec::new(),
    };
    let _told = refusal::violations(bytes);
    let Ok(raw) = road::json(bytes) else {
        return understood;
    };
    if let Ok(page) = decode::page(raw, decode::fwo_summary) {
        assert!(page.rows.len() <= ROWS_MAX);
    }
    let _granted = login::session(raw, chrono::Utc::now());
    if let Ok(members) = Members::of(raw) {
        assert_eq!(members.etag(), Members::of(raw).expect("an object").etag());
        understood.customers.extend(decode::customer(members).ok());
    }
    if let Ok(members) = Members::of(raw) {
        understood.fwos.extend(decode::fwo(members).ok());
    }
    if let Ok(document) = Document::of(raw) {
        // What goes back to the upstream says what came from it.
        let value = |json: &str| serde_json::from_str::<Value>(json).ok();
        assert_eq!(value(&document.print()), value(raw.get()));
    }
    understood
}
