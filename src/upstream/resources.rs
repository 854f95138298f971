//! What can be written: customers and field work orders, each with what a write of it touches.

use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::change::Change;
use crate::domain::customer::Customer;
use crate::domain::customer::Text;
use crate::domain::customer_write::CustomerWrite;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::etag::Etag;
use crate::domain::fwo::Fwo;
use crate::domain::fwo_write::FwoWrite;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::term::Term;
use crate::domain::term::Vocabulary;
use crate::upstream::Upstream;
use crate::upstream::decode;
use crate::upstream::departure::Departure;
use crate::upstream::epochs::Kind;
use crate::upstream::epochs::Tag;
use crate::upstream::wire::Invalid;
use crate::upstream::wire::Members;
use crate::upstream::writes::Attempted;
use crate::upstream::writes::Resource;

impl Resource for Customer {
    const NOUN: &'static str = "customer";
    const COLLECTION: &'static str = "/customer";
    const ITEM: &'static str = "/customer/{id}";
    type Id = CustomerId;
    type Write = CustomerWrite;

    fn decode(members: Members<'_>) -> Result<Self, Invalid> {
        decode::customer(members)
    }

    fn id(&self) -> CustomerId {
        self.id
    }

    fn etag(&self) -> Etag {
        self.etag
    }

    fn is_whole(&self) -> bool {
        self.name.is_some()
    }

    fn unique(write: &CustomerWrite) -> Option<(&'static str, String)> {
        let number = write.number.value()?;
        Some(("number", number.clone()))
    }

    fn is_made_by(&self, write: &CustomerWrite) -> bool {
        is_written(&self.number, &write.number) && is_written(&self.name, &write.name)
    }

    fn tag(id: CustomerId) -> Tag {
        Tag::Customer(id)
    }

    fn tags(caller: &Caller, id: Option<CustomerId>) -> Vec<Tag> {
        match id {
            None => vec![Tag::Lists(caller.fingerprint(), Kind::Customers)],
            // Orders carry copies of the customer's name, and templates may be applied to them.
            Some(id) => vec![Tag::Customer(id), Tag::Everything(caller.fingerprint())],
        }
    }

    fn judge(&self, _changes: &CustomerWrite) -> Result<(), Error> {
        Ok(())
    }

    fn conflict(attempted: &Attempted<'_, Self>) -> Error {
        let taken = || Error::new(ErrorKind::AlreadyExists, "another customer has this number");
        match attempted {
            Attempted::Create => taken(),
            Attempted::Update { present, changes }
                if changes
                    .number
                    .value()
                    .map(String::as_str)
                    .is_some_and(|number| present.number.as_deref() != Some(number)) =>
            {
                taken()
            }
            Attempted::Update { .. } => Error::new(
                ErrorKind::Precondition,
                "the customer's present state does not allow this",
            ),
            Attempted::Delete => Error::new(
                ErrorKind::Precondition,
                "the customer is still in use: make it inactive instead",
            ),
        }
    }
}

impl Resource for Fwo {
    const NOUN: &'static str = "field work order";
    const COLLECTION: &'static str = "/fwo";
    const ITEM: &'static str = "/fwo/{id}";
    type Id = FwoId;
    type Write = FwoWrite;

    fn decode(members: Members<'_>) -> Result<Self, Invalid> {
        decode::fwo(members)
    }

    fn id(&self) -> FwoId {
        self.summary.id
    }

    fn etag(&self) -> Etag {
        self.etag
    }

    fn is_whole(&self) -> bool {
        self.summary.summary.is_some()
    }

    fn unique(_write: &FwoWrite) -> Option<(&'static str, String)> {
        None
    }

    fn is_made_by(&self, write: &FwoWrite) -> bool {
        self.summary.project_id.as_ref() == write.project_id.value()
            && is_written(&self.summary.summary, &write.summary)
    }

    fn tag(id: FwoId) -> Tag {
        Tag::Fwo(id)
    }

    fn tags(caller: &Caller, id: Option<FwoId>) -> Vec<Tag> {
        let lists = Tag::Lists(caller.fingerprint(), Kind::Fwos);
        match id {
            None => vec![lists],
            Some(id) => vec![Tag::Fwo(id), lists],
        }
    }

    fn judge(&self, changes: &FwoWrite) -> Result<(), Error> {
        changes.check_beside(self)
    }

    fn conflict(attempted: &Attempted<'_, Self>) -> Error {
        let message = match attempted {
            Attempted::Create => "the upstream does not let this order be made now".to_owned(),
            Attempted::Update { present, changes } => refused_change(present, changes),
            Attempted::Delete => "the order's step does not allow it to be deleted".to_owned(),
        };
        Error::new(ErrorKind::Precondition, message)
    }
}

/// Whether a member has the text that was written, but for spaces around it.
fn is_written(member: &Text, write: &Change<String>) -> bool {
    let written = write.value().map(|text| text.trim());
    written.is_some() && member.as_deref().map(str::trim) == written
}

/// Which steps allow what is the upstream's business; which step it was is ours to tell.
fn refused_change(present: &Fwo, changes: &FwoWrite) -> String {
    let step = present.summary.status.as_ref();
    let from = step.map_or("unknown", |status| match status {
        Term::Known(status) => status.word(),
        Term::Unknown(_) => "unknown",
    });
    match changes.status.value() {
        Some(to) if step.and_then(Term::known) != Some(*to) => {
            let to = to.word();
            format!("the upstream does not allow the step from {from} to {to} as the order is")
        }
        _ => format!("the order's step {from} does not allow this change"),
    }
}

impl Upstream {
    /// `POST /customer`.
    pub async fn create_customer(
        &self,
        caller: &Caller,
        customer: &CustomerWrite,
        departure: &Departure,
    ) -> Result<Arc<Customer>, Error> {
        self.road.create(caller, customer, departure).await
    }

    /// `GET` and then `PUT /customer/{id}`.
    pub async fn update_customer(
        &self,
        caller: &Caller,
        id: CustomerId,
        changes: &CustomerWrite,
        if_match: Option<Etag>,
        departure: &Departure,
    ) -> Result<Arc<Customer>, Error> {
        self.road
            .update(caller, id, changes, if_match, departure)
            .await
    }

    /// `DELETE /customer/{id}`, behind a `GET` where an etag must agree.
    pub async fn delete_customer(
        &self,
        caller: &Caller,
        id: CustomerId,
        if_match: Option<Etag>,
        departure: &Departure,
    ) -> Result<(), Error> {
        self.road
            .delete::<Customer>(caller, id, if_match, departure)
            .await
    }

    /// `POST /fwo`.
    pub async fn create_fwo(
        &self,
        caller: &Caller,
        fwo: &FwoWrite,
        departure: &Departure,
    ) -> Result<Arc<Fwo>, Error> {
        self.road.create(caller, fwo, departure).await
    }

    /// `GET` and then `PUT /fwo/{id}`.
    pub async fn update_fwo(
        &self,
        caller: &Caller,
        id: FwoId,
        changes: &FwoWrite,
        if_match: Option<Etag>,
        departure: &Departure,
    ) -> Result<Arc<Fwo>, Error> {
        self.road
            .update(caller, id, changes, if_match, departure)
            .await
    }

    /// `DELETE /fwo/{id}`, behind a `GET` where an etag must agree.
    pub async fn delete_fwo(
        &self,
        caller: &Caller,
        id: FwoId,
        if_match: Option<Etag>,
        departure: &Departure,
    ) -> Result<(), Error> {
        self.road
            .delete::<Fwo>(caller, id, if_match, departure)
            .await
    }
}
