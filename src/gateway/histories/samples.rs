//! Rows that are made up: few values, so that many are equal, and some absent.

use std::fmt::Debug;

use chrono::DateTime;
use chrono::Utc;
use fastrand::Rng;

use crate::domain::customer::Customer;
use crate::domain::customer::CustomerField;
use crate::domain::etag::Etag;
use crate::domain::fwo::FwoField;
use crate::domain::fwo::FwoSummary;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::domain::money::Decimal;
use crate::domain::order::Direction;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::term::Term;
use crate::domain::term::Vocabulary;

/// Rows that can be made up.
pub(in crate::gateway) trait Sample: SortField<Row: Clone> + Debug {
    const NAME: &'static str;
    fn row(rng: &mut Rng, id: i64) -> Self::Row;
}

/// Few texts, so that many are equal, in both cases and with what stands between and beside the letters.
fn text(rng: &mut Rng) -> Option<Box<str>> {
    let words = [
        "", "a", "A", "b", "B", "Ab", "aB", "ab 1", "Ab-2", "_a", "z", "Z", "Ø", "ø", "zz", "{",
    ];
    match rng.u8(0..6) {
        0 => None,
        _ => Some(words[rng.usize(0..words.len())].into()),
    }
}

fn term<V: Vocabulary>(rng: &mut Rng) -> Option<Term<V>> {
    match rng.u8(0..8) {
        0 => None,
        1 => Some(Term::Unknown("archived".into())),
        _ => Some(Term::Known(V::WORDS[rng.usize(0..V::WORDS.len())].0)),
    }
}

fn number(rng: &mut Rng) -> Option<Decimal> {
    (rng.u8(0..4) > 0).then(|| Decimal::new(rng.i64(-3..12) * 5, rng.u32(0..3)))
}

fn time(rng: &mut Rng) -> Option<DateTime<Utc>> {
    (rng.u8(0..4) > 0).then(|| {
        let millis = 1_700_000_000_000 + rng.i64(0..9);
        DateTime::from_timestamp_millis(millis).expect("a moment")
    })
}

impl Sample for CustomerField {
    const NAME: &'static str = "customers";

    fn row(rng: &mut Rng, id: i64) -> Customer {
        Customer {
            id: CustomerId::new(id).expect("an id"),
            name: text(rng),
            number: text(rng),
            address1: None,
            address2: None,
            city: text(rng),
            state: text(rng),
            zip_code: None,
            contact_name: None,
            contact_email: None,
            contact_phone: None,
            billing_contact: None,
            billing_contact_email: None,
            billing_contact_phone: None,
            status: term(rng),
            extra: Vec::new(),
            etag: Etag::of([]),
        }
    }
}

impl Sample for FwoField {
    const NAME: &'static str = "fwos";

    fn row(rng: &mut Rng, id: i64) -> FwoSummary {
        FwoSummary {
            id: FwoId::new(id).expect("an id"),
            number: text(rng),
            project_id: None,
            project_number: text(rng),
            project_name: None,
            customer_id: None,
            customer_name: None,
            kind: term(rng),
            status: term(rng),
            summary: text(rng),
            categories: None,
            reference_number: None,
            gc_reference: None,
            premium_time: None,
            rom_amount: number(rng),
            amount: number(rng),
            labor_hours: None,
            group_name: None,
            change_order_number: None,
            invoice_number: None,
            created_by: None,
            created_date: time(rng),
            updated_date: time(rng),
        }
    }
}

/// Up to three keys of all that there are.
pub(super) fn random_order<F: SortField>(rng: &mut Rng) -> Order<F> {
    let mut fields: Vec<F> = F::WORDS.iter().map(|(field, _)| *field).collect();
    rng.shuffle(&mut fields);
    fields.truncate(rng.usize(0..=3));
    let direction = |rng: &mut Rng| match rng.bool() {
        true => Direction::Ascending,
        false => Direction::Descending,
    };
    let keys = fields.into_iter().map(|field| (field, direction(rng)));
    Order::new("orderBy", keys.collect()).expect("three keys that differ")
}
