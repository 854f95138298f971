//! Customers. Id 3 of both Lakeline worlds is the one the user guide prints.

use rusqlite::Transaction;
use rusqlite::params;

use super::tenants::Tenant;
use super::words::BUILDER_KINDS;
use super::words::CITIES;
use super::words::COMPANY_FORMS;
use super::words::FIRST_NAMES;
use super::words::LAST_NAMES;
use super::words::PLACES;
use super::words::STREETS;
use crate::sandbox::customers::CustomerStatus;

/// Largest id of a customer of the demo's first company; ids begin at 1.
pub(super) const DEMO_CUSTOMERS: usize = 60;
const DOCS_CUSTOMERS: usize = 3;
const GUIDE_ID: usize = 3;
/// The customer whose name tests quoting and case folding.
const UNICODE_ID: usize = 17;

struct Draft {
    name: String,
    number: String,
    address1: String,
    address2: Option<String>,
    city: String,
    state: &'static str,
    zip_code: String,
    contact: Contact,
    billing: Option<Contact>,
    status: CustomerStatus,
}

#[derive(Clone)]
struct Contact {
    name: String,
    email: String,
    phone: String,
}

pub(super) fn docs(database: &Transaction<'_>, tenant: &Tenant) -> anyhow::Result<()> {
    (1..=DOCS_CUSTOMERS).try_for_each(|id| insert(database, tenant, &lakeline(id)))
}

pub(super) fn demo(database: &Transaction<'_>, tenant: &Tenant) -> anyhow::Result<()> {
    (1..=DEMO_CUSTOMERS).try_for_each(|id| insert(database, tenant, &lakeline(id)))
}

pub(super) fn harbor(database: &Transaction<'_>, tenant: &Tenant) -> anyhow::Result<[i64; 2]> {
    let mut ids = [0; 2];
    for (index, id) in ids.iter_mut().enumerate() {
        // Their numbers occur at Lakeline too: a number is unique in a company, not in the world.
        insert(database, tenant, &ordinary(index + 4))?;
        *id = database.last_insert_rowid();
    }
    Ok(ids)
}

fn lakeline(id: usize) -> Draft {
    match id {
        GUIDE_ID => guide(),
        UNICODE_ID => Draft {
            name: "Ø'Brien & Søn \"Nordic\" Builders".to_owned(),
            ..ordinary(id)
        },
        _ => ordinary(id),
    }
}

/// User guide, "Responses"; its e-mail addresses are blotted out there.
fn guide() -> Draft {
    let contact = |phone: &str| Contact {
        name: "Test Contact".to_owned(),
        email: "test.contact@example.com".to_owned(),
        phone: phone.to_owned(),
    };
    Draft {
        name: "USA General Contractors, Inc.".to_owned(),
        number: "200-000".to_owned(),
        address1: "123 America Street".to_owned(),
        address2: None,
        city: "San Francisco".to_owned(),
        state: "CA",
        zip_code: "94104".to_owned(),
        contact: contact("6144561447"),
        billing: Some(contact("0000000000")),
        status: CustomerStatus::Active,
    }
}

/// Remainders instead of draws: the shares asked for (10 % inactive, 30 % without a second address line, 15 % without city
/// and zip code, 40 % billed at their contact) come out exactly.
fn ordinary(id: usize) -> Draft {
    let place = PLACES[id % PLACES.len()];
    let name = format!(
        "{place} {}{}",
        BUILDER_KINDS[id / PLACES.len() % BUILDER_KINDS.len()],
        COMPANY_FORMS[id % COMPANY_FORMS.len()],
    );
    let (city, state, zip_code) = CITIES[id * 5 % CITIES.len()];
    let unless_without_city = |text: &str| match id % 20 {
        4 | 9 | 15 => String::new(),
        _ => text.to_owned(),
    };
    let slug = place.to_lowercase().replace(' ', "");
    let contact = contact(id, &slug);
    let billing = match id {
        _ if matches!(id % 5, 3 | 4) => Some(contact.clone()),
        _ if id % 12 == 5 => None,
        _ => Some(self::contact(id + 31, &slug)),
    };
    Draft {
        name,
        number: number(id, place),
        address1: format!("{} {}", 100 + id * 37, STREETS[id % STREETS.len()]),
        address2: second_address_line(id),
        city: unless_without_city(city),
        state,
        zip_code: unless_without_city(zip_code),
        contact,
        billing,
        status: if id.is_multiple_of(10) {
            CustomerStatus::Inactive
        } else {
            CustomerStatus::Active
        },
    }
}

/// Absent, empty, or something.
fn second_address_line(id: usize) -> Option<String> {
    match id % 10 {
        1 | 3 | 7 => None,
        even if even.is_multiple_of(2) => Some(String::new()),
        _ => Some(format!("Suite {}", id * 10)),
    }
}

/// Three styles: hyphens, leading zeros, letters. The guide's next number, 01000, stays free.
fn number(id: usize, place: &str) -> String {
    match id % 3 {
        0 => format!("200-{id:03}"),
        1 => format!("{:05}", 1_000 + id * 7),
        _ => place
            .chars()
            .filter(char::is_ascii_alphabetic)
            .take(4)
            .collect::<String>()
            .to_uppercase(),
    }
}

fn contact(n: usize, slug: &str) -> Contact {
    let first = FIRST_NAMES[n * 3 % FIRST_NAMES.len()];
    let last = LAST_NAMES[n * 5 % LAST_NAMES.len()];
    Contact {
        name: format!("{first} {last}"),
        email: format!(
            "{}.{}@{slug}.example",
            first.to_lowercase(),
            last.to_lowercase()
        ),
        phone: format!("61455501{:02}", n % 100),
    }
}

fn insert(database: &Transaction<'_>, tenant: &Tenant, draft: &Draft) -> anyhow::Result<()> {
    let billing = draft.billing.as_ref();
    let sql = "INSERT INTO customers (company_id, name, name_folded, number, address1, address2, city, state, zip_code,
                   contact_name, contact_email, contact_phone, billing_contact, billing_contact_email,
                   billing_contact_phone, status)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    database.prepare_cached(sql)?.execute(params![
        tenant.company_id,
        draft.name,
        draft.name.to_lowercase(),
        draft.number,
        draft.address1,
        draft.address2,
        draft.city,
        draft.state,
        draft.zip_code,
        draft.contact.name,
        draft.contact.email,
        draft.contact.phone,
        billing.map(|contact| &contact.name),
        billing.map(|contact| &contact.email),
        billing.map(|contact| &contact.phone),
        draft.status,
    ])?;
    Ok(())
}
