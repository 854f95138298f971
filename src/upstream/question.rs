//! Questions: the only keys of the cache. Each contains who asks, so that no answer can reach another.

use std::hash::Hash;

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::customer::CustomersQuery;
use crate::domain::fwo::FwosQuery;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::page::UpstreamPage;
use crate::upstream::call::Read;
use crate::upstream::epochs::Kind;
use crate::upstream::epochs::Tag;

/// What is asked, and by whom. Its fields are private: it cannot be made without a [`Caller`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question<T> {
    caller: Fingerprint,
    subject: T,
}

/// What can be asked about, and what happens to it.
pub(super) trait Subject: Clone + Eq + Hash + Send + Sync + 'static {
    /// Which kind of object it tells of.
    const KIND: Kind;

    /// Whether 404 means that there is no such thing, rather than that something is wrong.
    const MAY_BE_ABSENT: bool;

    /// What stands for it among all subjects.
    fn key(&self) -> Key;

    /// The tags whose bumps end an answer of this caller.
    fn tags(&self, caller: Fingerprint) -> [Tag; 2];

    /// The upstream call that answers it, for people to read: `GET /customer/3`.
    fn call(&self) -> String;
}

/// A subject of any kind. No key without a [`Question`] finds anything: the store looks for it among what is kept for
/// the question's caller alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Customer(CustomerId),
    CustomersPage(CustomersPage),
    CustomersTotal,
    CustomersHidden,
    FwoSummary(FwoId),
    Fwo(FwoId),
    FwosPage(FwosPage),
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

    /// The tag whose bumps, too, end the answer that there is no such thing: it may have been made since.
    pub(super) fn tag_of_absence(&self) -> Tag {
        Tag::Lists(self.caller, T::KIND)
    }

    /// Who asks.
    pub(super) fn caller(&self) -> Fingerprint {
        self.caller
    }

    /// What stands for the subject among all that this caller asks.
    pub(super) fn key(&self) -> Key {
        self.subject.key()
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

/// What a list says of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Summary(pub(super) FwoId);

/// One upstream page of the orders of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FwosPage {
    pub(super) query: FwosQuery,
    pub(super) page: UpstreamPage,
}

impl Subject for CustomerId {
    const KIND: Kind = Kind::Customers;
    const MAY_BE_ABSENT: bool = true;

    fn key(&self) -> Key {
        Key::Customer(*self)
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Customer(*self)]
    }

    fn call(&self) -> String {
        format!("GET /customer/{self}")
    }
}

impl Subject for FwoId {
    const KIND: Kind = Kind::Fwos;
    const MAY_BE_ABSENT: bool = true;

    fn key(&self) -> Key {
        Key::Fwo(*self)
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Fwo(*self)]
    }

    fn call(&self) -> String {
        format!("GET /fwo/{self}")
    }
}

impl Subject for Summary {
    const KIND: Kind = Kind::Fwos;
    const MAY_BE_ABSENT: bool = false;

    fn key(&self) -> Key {
        Key::FwoSummary(self.0)
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        self.0.tags(caller)
    }

    fn call(&self) -> String {
        self.0.call()
    }
}

impl Subject for CustomersPage {
    const KIND: Kind = Kind::Customers;
    const MAY_BE_ABSENT: bool = false;

    fn key(&self) -> Key {
        Key::CustomersPage(self.clone())
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Customers)]
    }

    fn call(&self) -> String {
        Read::page("/customer", self.query.parameters(), self.page).call()
    }
}

impl Subject for CustomersTotal {
    const KIND: Kind = Kind::Customers;
    const MAY_BE_ABSENT: bool = false;

    fn key(&self) -> Key {
        Key::CustomersTotal
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Customers)]
    }

    fn call(&self) -> String {
        "GET /customer".into()
    }
}

impl Subject for CustomersHidden {
    const KIND: Kind = Kind::Customers;
    const MAY_BE_ABSENT: bool = false;

    fn key(&self) -> Key {
        Key::CustomersHidden
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Customers)]
    }

    fn call(&self) -> String {
        "GET /customer".into()
    }
}

impl Subject for FwosPage {
    const KIND: Kind = Kind::Fwos;
    const MAY_BE_ABSENT: bool = false;

    fn key(&self) -> Key {
        Key::FwosPage(self.clone())
    }

    fn tags(&self, caller: Fingerprint) -> [Tag; 2] {
        [Tag::Everything(caller), Tag::Lists(caller, Kind::Fwos)]
    }

    fn call(&self) -> String {
        Read::page("/fwo", self.query.parameters(), self.page).call()
    }
}
