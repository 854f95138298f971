//! Questions: the only keys of the cache. Each contains who asks, so that no answer can reach another.

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::customer::CustomersQuery;
use crate::domain::fwo::FwosQuery;
use crate::domain::page::UpstreamPage;

/// What is asked, and by whom. Its fields are private: it cannot be made without a [`Caller`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question<T> {
    caller: Fingerprint,
    subject: T,
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

/// One upstream page of the orders of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FwosPage {
    pub(super) query: FwosQuery,
    pub(super) page: UpstreamPage,
}
