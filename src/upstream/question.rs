//! Questions: the only keys of the cache. Each contains who asks, so that no answer can reach another.

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::customer::CustomersQuery;
use crate::domain::fwo::FwosQuery;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::page::UpstreamPage;
use crate::upstream::attempt::Read;
use crate::upstream::epochs::Kind;
use crate::upstream::epochs::Tag;

/// What is asked, and by whom. Its fields are private: it cannot be made without a [`Caller`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question<T> {
    caller: Fingerprint,
    subject: T,
}

/// What can be asked about, and what happens to it.
pub(super) trait Subject {
    /// The tags whose bumps end an answer of this caller.
    fn tags(&self, caller: Fingerprint) -> [Tag; 2];

    /// The upstream call that answers it, for people to read: `GET /customer/3`.
    fn call(&self) -> String;
}

impl<T: Subject> Question<T> {
    /// The upstream call that answers it.
    pub(super) fn call(&self) -> String {
        self.subject.call()
    }

    /// The tags whose bumps end the answer.
    pub(super) fn tags(&self) -> [Tag; 2] {
        self.subject.tags(self.caller)
    }
}

impl<T> Question<T> {
    pub(super) fn new(caller: &Caller, subject: T) -> Self {
        Question {
            caller: caller.fingerprint(),
            subject,
        }
    }
}

/// One upstream page of the customers of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CustomersPage {
    pub(super) query: CustomersQuery,
    pub(super) page: UpstreamPage,
}

/// How many customers there are for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CustomersTotal;

/// That the list of the caller's customers hides some of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CustomersHidden;

/// One upstream page of the orders of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FwosPage {
    pub(super) query: FwosQuery,
    pub(super) page: UpstreamPage,
}

impl Subject for CustomerId {
    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Customer(*self)]
    }

    fn call(&self) -> String {
        format!("GET /customer/{self}")
    }
}

impl Subject for FwoId {
    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Fwo(*self)]
    }

    fn call(&self) -> String {
        format!("GET /fwo/{self}")
    }
}

impl Subject for CustomersPage {
    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Customers)]
    }

    fn call(&self) -> String {
        Read::page("/customer", self.query.parameters(), self.page).call()
    }
}

impl Subject for CustomersTotal {
    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Customers)]
    }

    fn call(&self) -> String {
        "GET /customer".into()
    }
}

impl Subject for CustomersHidden {
    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Customers)]
    }

    fn call(&self) -> String {
        "GET /customer".into()
    }
}

impl Subject for FwosPage {
    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Fwos)]
    }

    fn call(&self) -> String {
        Read::page("/fwo", self.query.parameters(), self.page).call()
    }
}
