//! Customers: the general contractors and owners whom the subcontractor bills.
//!
//! Members and their meaning: upstream contract 3.2. All but the id may be absent.

use crate::domain::error::Error;
use crate::domain::etag::Etag;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::order::SortValue;
use crate::domain::term::Term;
use crate::domain::term::Vocabulary;

/// A text that may be absent; `""` is present.
pub type Text = Option<Box<str>>;

/// Members of an upstream object that this gateway does not model: name and JSON, kept to the letter.
pub type Extra = Vec<(Box<str>, Box<str>)>;

/// A customer as one user sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// The upstream's id.
    pub id: CustomerId,
    /// The company's name.
    pub name: Text,
    /// The company's own number for the customer, unique per company; leading zeros and hyphens count.
    pub number: Text,
    /// First line of the address.
    pub address1: Text,
    /// Second line of the address.
    pub address2: Text,
    /// City.
    pub city: Text,
    /// State, usually two letters.
    pub state: Text,
    /// Postal code.
    pub zip_code: Text,
    /// Who is called about the work.
    pub contact_name: Text,
    /// Their e-mail address.
    pub contact_email: Text,
    /// Their telephone number, free text.
    pub contact_phone: Text,
    /// Who is called about the bill.
    pub billing_contact: Text,
    /// Their e-mail address.
    pub billing_contact_email: Text,
    /// Their telephone number, free text.
    pub billing_contact_phone: Text,
    /// Whether work is done for the customer.
    pub status: Option<Term<CustomerStatus>>,
    /// What the upstream says beyond that.
    pub extra: Extra,
    /// What stands for all of it when somebody wants to write.
    pub etag: Etag,
}

/// Whether work is done for a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerStatus {
    /// Work is done.
    Active,
    /// Kept for the record.
    Inactive,
}

impl Vocabulary for CustomerStatus {
    const WORDS: &'static [(Self, &'static str)] = &[
        (CustomerStatus::Active, "ACTIVE"),
        (CustomerStatus::Inactive, "INACTIVE"),
    ];
}

/// What the upstream sorts customers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each names the member of `Customer` of the same name"
)]
pub enum CustomerField {
    Id,
    Name,
    Number,
    City,
    State,
    Status,
}

impl Vocabulary for CustomerField {
    const WORDS: &'static [(Self, &'static str)] = &[
        (CustomerField::Id, "id"),
        (CustomerField::Name, "name"),
        (CustomerField::Number, "number"),
        (CustomerField::City, "city"),
        (CustomerField::State, "state"),
        (CustomerField::Status, "status"),
    ];
}

impl SortField for CustomerField {
    type Row = Customer;
    const ID: Self = CustomerField::Id;

    fn id(row: &Customer) -> i64 {
        row.id.get()
    }

    fn value(self, row: &Customer) -> SortValue {
        match self {
            CustomerField::Id => SortValue::Number(row.id.get().into()),
            CustomerField::Name => SortValue::text(row.name.as_deref()),
            CustomerField::Number => SortValue::text(row.number.as_deref()),
            CustomerField::City => SortValue::text(row.city.as_deref()),
            CustomerField::State => SortValue::text(row.state.as_deref()),
            CustomerField::Status => SortValue::text(row.status.as_ref().map(Term::as_str)),
        }
    }
}

/// Which customers; all where nothing is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomersFilter {
    /// Those of this status.
    pub status: Option<CustomerStatus>,
    /// The one with exactly this number.
    pub number: Option<String>,
    /// Those whose name contains this, whatever the case.
    pub name: Option<String>,
}

/// Which customers, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomersQuery {
    /// Which.
    pub filter: CustomersFilter,
    /// In which order.
    pub order: Order<CustomerField>,
}

impl CustomersQuery {
    /// The query as parameters of `GET /customer`, always in the same order.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let CustomersFilter {
            status,
            number,
            name,
        } = &self.filter;
        let mut parameters = Vec::new();
        parameters.extend(status.map(|status| ("status", status.word().to_owned())));
        parameters.extend(number.clone().map(|number| ("number", number)));
        parameters.extend(name.clone().map(|name| ("name", name)));
        parameters.extend(self.order.terms().map(|term| ("sort", term)));
        parameters
    }
}

/// Longest text of a filter in characters: the longest member is 255 (upstream contract 3.2).
pub const FILTER_TEXT_MAX: usize = 255;

/// Checks a text of a filter; `field` is what the door calls it.
///
/// Fails with `InvalidInput` where it is empty, too long or holds control characters.
pub fn filter_text(field: &str, text: String) -> Result<String, Error> {
    if text.is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if text.chars().count() > FILTER_TEXT_MAX {
        return Err(Error::invalid(
            field,
            format!("at most {FILTER_TEXT_MAX} characters"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not hold control characters"));
    }
    Ok(text)
}
