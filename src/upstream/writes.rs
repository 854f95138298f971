//! Writes: sent once, merged into what the upstream holds, and seen by every read that begins after them.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::value::RawValue;
use tokio::sync::MutexGuard;
use tokio::time::Instant;

use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::etag::Etag;
use crate::domain::id::Id;
use crate::upstream::call::Done;
use crate::upstream::call::Read;
use crate::upstream::call::Undone;
use crate::upstream::call::Write;
use crate::upstream::call::verdict_of_write;
use crate::upstream::decode;
use crate::upstream::departure::Departure;
use crate::upstream::document::Document;
use crate::upstream::encode::Merge;
use crate::upstream::epochs::Tag;
use crate::upstream::refusal;
use crate::upstream::retry;
use crate::upstream::retry::Failure;
use crate::upstream::road::Road;
use crate::upstream::road::one;
use crate::upstream::road::unreadable;
use crate::upstream::wire::Invalid;
use crate::upstream::wire::Members;
use crate::upstream::writing::Writing;

/// What is tried with an object, to say what a conflict means.
pub(super) enum Attempted<'a, R: Resource> {
    Create,
    Update {
        present: &'a R,
        changes: &'a R::Write,
    },
    Delete,
}

/// A kind of object that can be written.
pub(super) trait Resource: Sized + Send + Sync {
    /// What it is called in messages.
    const NOUN: &'static str;
    /// Where its objects are made: `/customer`.
    const COLLECTION: &'static str;
    /// Where each of them is, for metrics and logs: `/customer/{id}`.
    const ITEM: &'static str;
    type Id: Id + Display + Send + Sync;
    type Write: Merge + Sync;

    /// Where one of them is: `/customer/3`.
    fn path(id: Self::Id) -> String {
        format!("{}/{id}", Self::COLLECTION)
    }

    fn decode(members: Members<'_>) -> Result<Self, Invalid>;
    fn id(&self) -> Self::Id;
    fn etag(&self) -> Etag;
    /// Whether it is more than an id: an upstream may answer a write with hardly anything.
    fn is_whole(&self) -> bool;
    /// The parameter of a list that finds what a create has made, where a member of it is unique.
    fn unique(write: &Self::Write) -> Option<(&'static str, String)>;
    /// Whether it is what the create has made.
    fn is_made_by(&self, write: &Self::Write) -> bool;
    /// What happens to this object alone.
    fn tag(id: Self::Id) -> Tag;
    /// Whatever a write of this object, or of a new one, happens to.
    fn tags(caller: &Caller, id: Option<Self::Id>) -> Vec<Tag>;
    /// Fails with `InvalidInput` where changes break a rule that can be judged only beside the object.
    fn judge(&self, changes: &Self::Write) -> Result<(), Error>;
    /// What the upstream means by 409.
    fn conflict(attempted: &Attempted<'_, Self>) -> Error;
}

impl Road {
    /// Makes an object and gives it as it is then.
    pub(super) async fn create<R: Resource>(
        &self,
        caller: &Caller,
        write: &R::Write,
        departure: &Departure,
    ) -> Result<Arc<R>, Error> {
        let mut object = Document::new();
        write
            .merge(&mut object)
            .map_err(|invalid| unreadable(R::NOUN, invalid))?;
        let request = Write {
            method: Method::POST,
            route: R::COLLECTION,
            path: R::COLLECTION.into(),
            body: Some(object.print()),
        };
        let tags = R::tags(caller, None);
        let done = self.send(caller, &request, tags, departure).await;
        let done = done.map_err(|error| explained(error, &Attempted::<R>::Create))?;
        let told = told::<R>(&done);
        match told {
            Some(Told::Whole(object)) => Ok(Arc::new(object)),
            Some(Told::Id(id)) => self.read_made(caller, id, write).await,
            None => match located::<R>(&done) {
                Some(id) => self.read_made(caller, id, write).await,
                None => self.find_made::<R>(caller, write, &done).await,
            },
        }
    }

    /// What a create has made, by an id that the answer hints at. A number may be something else than an id, so only
    /// an object that has what was written is believed to be it.
    async fn read_made<R: Resource>(
        &self,
        caller: &Caller,
        id: R::Id,
        write: &R::Write,
    ) -> Result<Arc<R>, Error> {
        let made = self.read_again::<R>(caller, id).await?;
        if made.is_made_by(write) {
            return Ok(made);
        }
        let other = "the object that the answer names is not what was written";
        Err(unseen(Error::new(ErrorKind::UpstreamInvalid, other)))
    }

    /// Changes an object: what is there now, freshly read, with the changes put into it, and all else to the letter.
    pub(super) async fn update<R: Resource>(
        &self,
        caller: &Caller,
        id: R::Id,
        changes: &R::Write,
        if_match: Option<Etag>,
        departure: &Departure,
    ) -> Result<Arc<R>, Error> {
        let _turn = self.turn::<R>(caller, id, departure).await?;
        let (present, raw) = self.fresh::<R>(caller, id, caller.deadline()).await?;
        agree::<R>(if_match, &present)?;
        present.judge(changes)?;
        let request = Write {
            method: Method::PUT,
            route: R::ITEM,
            path: R::path(id),
            body: Some(merged::<R>(&raw, changes)?),
        };
        let tags = R::tags(caller, Some(id));
        let done = self.send(caller, &request, tags, departure).await;
        let done = done.map_err(|error| {
            let present = &present;
            explained(error, &Attempted::Update { present, changes })
        })?;
        match told::<R>(&done) {
            Some(Told::Whole(object)) if object.id().get() == id.get() => Ok(Arc::new(object)),
            _ => self.read_again(caller, id).await,
        }
    }

    /// Deletes an object.
    pub(super) async fn delete<R: Resource>(
        &self,
        caller: &Caller,
        id: R::Id,
        if_match: Option<Etag>,
        departure: &Departure,
    ) -> Result<(), Error> {
        let _turn = self.turn::<R>(caller, id, departure).await?;
        if if_match.is_some() {
            let (present, _) = self.fresh::<R>(caller, id, caller.deadline()).await?;
            agree::<R>(if_match, &present)?;
        }
        let request = Write {
            method: Method::DELETE,
            route: R::ITEM,
            path: R::path(id),
            body: None,
        };
        let tags = R::tags(caller, Some(id));
        let done = self.send(caller, &request, tags, departure).await;
        match done {
            Ok(_) => Ok(()),
            Err(error) => Err(explained(error, &Attempted::<R>::Delete)),
        }
    }

    /// The turn to write to an object, within the caller's patience: nobody queues for whom nobody waits.
    async fn turn<R: Resource>(
        &self,
        caller: &Caller,
        id: R::Id,
        departure: &Departure,
    ) -> Result<MutexGuard<'_, ()>, Error> {
        let turn = self.turns.take(R::tag(id));
        let turn = tokio::time::timeout_at(caller.deadline(), turn).await;
        turn.ok()
            .filter(|_| !departure.is_abandoned())
            .ok_or_else(|| {
                let message = "the writes before this one did not end in time: nothing was done";
                Error::new(ErrorKind::UpstreamTimeout, message)
            })
    }

    /// Sends a write, and ends what it touches before and after.
    async fn send(
        &self,
        caller: &Caller,
        request: &Write,
        tags: Vec<Tag>,
        departure: &Departure,
    ) -> Result<Done, Error> {
        let who = self.breakers.caller(caller);
        self.breakers.check(request.route(), who)?;
        let _lane = self.lanes.take(caller, caller.deadline()).await?;
        let (epochs, shared) = (self.epochs.clone(), self.shared.clone());
        let mut writing = Writing::begin(epochs, shared, tags).await;
        let done = self.depart(caller, request, &mut writing, departure).await;
        writing.end().await;
        done
    }

    /// Sends a write: once, unless the first connection never stood.
    async fn depart(
        &self,
        caller: &Caller,
        request: &Write,
        writing: &mut Writing,
        departure: &Departure,
    ) -> Result<Done, Error> {
        let pass = self
            .breakers
            .enter(request.route(), self.breakers.caller(caller))?;
        departure.leave()?;
        caller.budget().charge();
        self.retries.earn();
        let attempt = || {
            let exchange = self.exchange.write(caller.token(), request, &self.metrics);
            caller.account().asked(|| request.call(), exchange)
        };
        let mut outcome = attempt().await;
        pass.settle(verdict_of_write(&outcome));
        if let Err(undone) = &outcome
            && undone.unsent
            && self.retries.take()
        {
            self.metrics.retry(undone.error.kind());
            tokio::time::sleep(retry::POLICY.pause_min).await;
            outcome = attempt().await;
        }
        let Undone { error, refusal, .. } = match outcome {
            Ok(done) if done.is_page => Undone::unknown("the upstream answered with a page"),
            Ok(done) => return Ok(done),
            Err(undone) => undone,
        };
        let route = request.route;
        match error.kind() {
            ErrorKind::TokenInvalid => self.end_caller(caller).await,
            ErrorKind::WriteUnknown => {
                writing.may_land_within(self.unknown_pause);
                tracing::warn!(route, ?error, "nobody knows whether a write was done");
            }
            _ => {}
        }
        tracing::debug!(
            route,
            reason = error.kind().reason(),
            ?error,
            "a write was not done"
        );
        let violations = refusal.map(|body| refusal::violations(&body));
        match violations {
            Some(violations) => Error::all_invalid(violations).and(Err(error)),
            None => Err(error),
        }
    }

    /// The object as the upstream has it now, decoded and to the letter; never from the cache. By the deadline at the
    /// latest, which is the caller's as long as nothing is written: then there is nothing to be done for who has gone.
    async fn fresh<R: Resource>(
        &self,
        caller: &Caller,
        id: R::Id,
        deadline: Instant,
    ) -> Result<(R, Box<RawValue>), Error> {
        let read = Read::item::<R>(id);
        let decode = |body: &RawValue| Ok((one::<R>(body, id)?, body.to_owned()));
        let fresh = self.read(caller, &read, deadline, decode).await;
        if let Err(error) = &fresh
            && error.kind() == ErrorKind::NotFound
        {
            // Whatever is kept of it is older than that it is gone.
            self.epochs.bump(R::tag(id));
        }
        fresh
    }

    /// The object after a write that is done, but whose answer does not show it.
    async fn read_again<R: Resource>(&self, caller: &Caller, id: R::Id) -> Result<Arc<R>, Error> {
        let read = self.fresh::<R>(caller, id, self.longest()).await;
        read.map(|(object, _)| Arc::new(object)).map_err(unseen)
    }

    /// What a create has made, where the upstream does not say which it is.
    async fn find_made<R: Resource>(
        &self,
        caller: &Caller,
        write: &R::Write,
        done: &Done,
    ) -> Result<Arc<R>, Error> {
        let Some(unique) = R::unique(write).filter(|_| done.is_own) else {
            let error = Error::new(ErrorKind::UpstreamInvalid, "the answer shows no id");
            return Err(unseen(error));
        };
        let read = Read {
            route: R::COLLECTION,
            path: R::COLLECTION.into(),
            parameters: vec![unique, ("page", "0".to_owned()), ("size", "1".to_owned())],
        };
        let decode = |body: &RawValue| {
            decode::page(body, R::decode)
                .map_err(|invalid| Failure::lasting(unreadable("page", invalid)))
        };
        let page = self.read(caller, &read, self.longest(), decode).await;
        let page = page.map_err(unseen)?;
        let found = page.rows.into_iter().flatten().map(|row| row.item);
        found
            .into_iter()
            .find(|object| object.is_made_by(write))
            .ok_or_else(|| unseen(Error::new(ErrorKind::NotFound, "the list does not have it")))
    }
}

/// What the answer to a write shows.
enum Told<R: Resource> {
    Whole(R),
    Id(R::Id),
}

fn told<R: Resource>(done: &Done) -> Option<Told<R>> {
    let body: &Bytes = done.body.as_ref().ok()?;
    let raw: &RawValue = serde_json::from_slice(body).ok()?;
    if let Ok(number) = raw.get().trim_matches('"').parse() {
        return R::Id::new(number).map(Told::Id);
    }
    let object = decode::object(raw).and_then(R::decode).ok()?;
    Some(if object.is_whole() {
        Told::Whole(object)
    } else {
        Told::Id(object.id())
    })
}

/// The id at the end of a `Location` such as `…/customer/3`. Nothing else of it is believed: it cannot send us anywhere.
fn located<R: Resource>(done: &Done) -> Option<R::Id> {
    let (collection, id) = done.location.as_deref()?.rsplit_once('/')?;
    let is_ours = collection.ends_with(R::COLLECTION);
    is_ours.then(|| R::Id::parse(id)).flatten()
}

fn merged<R: Resource>(raw: &RawValue, changes: &R::Write) -> Result<String, Error> {
    let twice = |_| unreadable(R::NOUN, "a member comes twice");
    let mut object = Document::of(raw).map_err(twice)?;
    changes
        .merge(&mut object)
        .map_err(|invalid| unreadable(R::NOUN, invalid))?;
    Ok(object.print())
}

fn agree<R: Resource>(if_match: Option<Etag>, present: &R) -> Result<(), Error> {
    match if_match {
        Some(etag) if etag != present.etag() => Err(Error::new(
            ErrorKind::Conflict,
            format!("the {} was changed since it was read", R::NOUN),
        )),
        _ => Ok(()),
    }
}

fn explained<R: Resource>(error: Error, attempted: &Attempted<'_, R>) -> Error {
    match error.kind() {
        ErrorKind::Conflict => R::conflict(attempted).because(error),
        _ => error,
    }
}

/// The write is done, and nobody can show what it made.
fn unseen(error: Error) -> Error {
    let message = "the upstream took the write, but what it made of it cannot be read";
    Error::new(ErrorKind::WriteUnknown, message).because(error)
}
