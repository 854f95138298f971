//! Rows as the upstream shows them, each marked twice at least with whose it is.

use crate::books::Flaw;
use crate::books::Grant;
use crate::books::Kind;
use crate::books::Mark;
use crate::books::Versions;
use crate::books::WRITTEN;
use crate::books::id;

/// The member whose text a write changes.
pub(crate) fn written_member(kind: Kind) -> &'static str {
    match kind {
        Kind::Customer => "city",
        Kind::Fwo => "summary",
    }
}

fn held(versions: &Versions, kind: Kind, place: usize) -> u64 {
    versions.get(&(kind, place)).copied().unwrap_or(0)
}

/// A customer.
pub(crate) fn customer(grant: &Grant, place: usize, versions: &Versions) -> String {
    customer_of(grant.user, grant.mark, place, versions)
}

fn customer_of(user: usize, mark: Mark, place: usize, versions: &Versions) -> String {
    let (id, mark) = (id(user, place), mark.text());
    let version = held(versions, Kind::Customer, place);
    format!(
        r#"{{"id":{id},"name":"{mark} c{id}","number":"{id:06}","city":"v{version}","contactName":"{mark}","contactEmail":"{mark}@soak.example","contactPhone":"1","status":"ACTIVE"}}"#
    )
}

/// The place of the customer whom an order is for; only those who are written to have orders.
fn customer_place(place: usize) -> usize {
    place % WRITTEN
}

/// How many orders are for a customer.
pub(crate) fn fwos_of(mark: Mark, customer: usize) -> usize {
    let places = 0..mark.total(Kind::Fwo) as usize;
    places
        .filter(|place| customer_place(*place) == customer)
        .count()
}

/// An order with its lines.
pub(crate) fn fwo(grant: &Grant, place: usize, versions: &Versions) -> String {
    let summary = summary_of(grant.user, grant.mark, place, versions);
    let mark = grant.mark.text();
    let members = summary.trim_end_matches('}');
    format!(
        r#"{members},"description":"{mark}","labor":[{{"id":1,"employeeName":"{mark}","workDate":"2024-05-14","regularHours":"7.50"}}]}}"#
    )
}

fn summary_of(user: usize, mark: Mark, place: usize, versions: &Versions) -> String {
    let (own, customer) = (id(user, place), customer_place(place));
    let (version, name) = (
        held(versions, Kind::Fwo, place),
        held(versions, Kind::Customer, customer),
    );
    let (mark, customer) = (mark.text(), id(user, customer));
    // The copy of the customer's name tells the customer's version, so that an old copy is seen.
    format!(
        r#"{{"id":{own},"number":"{own:06}","type":"FIELD_WORK","status":"ENTRY","projectId":7,"customerId":{customer},"customerName":"{mark} c{customer} v{name}","summary":"{mark} v{version}","createdBy":"{mark}@soak.example","amount":"1250.50","createdDate":"2024-05-14T17:03:11.482+00:00"}}"#
    )
}

/// The rows of a list and the length that it says.
pub(crate) struct List {
    rows: Vec<String>,
    total: u64,
}

/// The user's list of a kind, or of one customer's orders.
pub(crate) fn list(
    grant: &Grant,
    kind: Kind,
    customer: Option<i64>,
    versions: &Versions,
    flaw: Option<Flaw>,
) -> List {
    let places = 0..grant.mark.total(kind) as usize;
    let is_listed = |place: &usize| {
        customer.is_none_or(|customer| id(grant.user, customer_place(*place)) == customer)
    };
    let places: Vec<usize> = places.filter(is_listed).collect();
    let is_flawed = |planted| flaw == Some(planted) && fastrand::u8(0..4) == 0;
    let foreign = is_flawed(Flaw::ForeignRow).then(|| fastrand::usize(0..=places.len()));
    let rows = places.iter().enumerate().map(|(row, place)| {
        let mark = match foreign == Some(row) {
            true => grant.mark.other(),
            false => grant.mark,
        };
        match kind {
            Kind::Customer => customer_of(grant.user, mark, *place, versions),
            Kind::Fwo => summary_of(grant.user, mark, *place, versions),
        }
    });
    let total = places.len() as u64 + u64::from(is_flawed(Flaw::ForeignTotal));
    List {
        rows: rows.collect(),
        total,
    }
}

impl List {
    /// One page in Spring's envelope.
    pub(crate) fn page(&self, page: usize, size: usize) -> String {
        let rows: Vec<&str> = self
            .rows
            .iter()
            .skip(page * size)
            .take(size)
            .map(String::as_str)
            .collect();
        let last = (page + 1) * size >= self.rows.len();
        format!(
            r#"{{"content":[{}],"totalElements":{},"last":{last}}}"#,
            rows.join(","),
            self.total
        )
    }
}
