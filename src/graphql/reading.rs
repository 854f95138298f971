//! Reading a mutation's input: everything that cannot be read is told at once.

use async_graphql::MaybeUndefined;

use crate::domain::change::Change;
use crate::domain::error::Error;
use crate::domain::error::Violation;
use crate::domain::etag::Etag;
use crate::domain::request_id::RequestId;

/// Collects what is wrong with an input.
#[derive(Default)]
pub(super) struct Reading {
    violations: Vec<Violation>,
}

impl Reading {
    /// What could be read; otherwise `None`, and the violations are kept.
    pub(super) fn take<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.violations.extend_from_slice(error.violations());
                None
            }
        }
    }

    /// The change of a member whose value must be read.
    pub(super) fn change<T, U>(
        &mut self,
        given: MaybeUndefined<T>,
        read: impl FnOnce(T) -> Result<U, Error>,
    ) -> Change<U> {
        match given {
            MaybeUndefined::Undefined => Change::Keep,
            MaybeUndefined::Null => Change::Clear,
            MaybeUndefined::Value(value) => {
                self.take(read(value)).map_or(Change::Keep, Change::Set)
            }
        }
    }

    /// The id by which a mutation is done once.
    pub(super) fn request_id(&mut self, id: Option<&str>) -> Option<RequestId> {
        let id = RequestId::parse("requestId", id?);
        self.take(id)
    }

    /// The etag that the object must have.
    pub(super) fn if_match(&mut self, etag: Option<&str>) -> Option<Etag> {
        let etag = Etag::parse("ifMatch", etag?);
        self.take(etag)
    }

    /// Fails with every violation, those of `check` included.
    pub(super) fn finish(mut self, check: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = check {
            let mut found = error.violations().to_vec();
            // A value that cannot be read looks absent to the core.
            found.retain(|found| self.violations.iter().all(|told| told.field != found.field));
            self.violations.extend(found);
        }
        Error::all_invalid(self.violations)
    }

    /// The id that was read of `id`; fails as [`finish`](Self::finish) does.
    pub(super) fn finish_with<I>(
        self,
        id: Option<I>,
        check: Result<(), Error>,
    ) -> Result<I, Error> {
        self.finish(check)?;
        id.ok_or_else(|| Error::invalid("id", "is required"))
    }
}

/// What an update asks for.
pub(super) struct Update<I, W> {
    pub(super) id: I,
    pub(super) changes: W,
    pub(super) if_match: Option<Etag>,
    pub(super) request: Option<RequestId>,
}

/// What a deletion asks for.
pub(super) struct Deletion<I> {
    pub(super) id: I,
    pub(super) if_match: Option<Etag>,
    pub(super) request: Option<RequestId>,
}

/// Absent is left alone, null is cleared.
pub(super) fn change<T>(given: MaybeUndefined<T>) -> Change<T> {
    match given {
        MaybeUndefined::Undefined => Change::Keep,
        MaybeUndefined::Null => Change::Clear,
        MaybeUndefined::Value(value) => Change::Set(value),
    }
}
