//! Reading the request of a write: everything that cannot be read is told at once, by its path in the request.

use chrono::DateTime;
use chrono::Datelike;
use chrono::NaiveDate;
use chrono::Utc;
use prost_types::FieldMask;
use prost_types::Timestamp;

use crate::domain::change::Change;
use crate::domain::error::Error;
use crate::domain::error::Violation;
use crate::domain::etag::Etag;
use crate::domain::id::Id;
use crate::domain::id::POSITIVE;
use crate::domain::money;
use crate::domain::money::Decimal;
use crate::domain::request_id::RequestId;
use crate::domain::term::Vocabulary;
use crate::domain::term::WRITABLE;
use crate::grpc::field_path::Object;
use crate::grpc::mask::Mask;

/// What an update asks for.
pub(super) struct Update<I, W> {
    pub(super) id: I,
    pub(super) changes: W,
    pub(super) if_match: Option<Etag>,
}

/// What a deletion asks for.
pub(super) struct Deletion<I> {
    pub(super) id: I,
    pub(super) if_match: Option<Etag>,
}

/// Collects what is wrong with a request that writes an object.
pub(super) struct Reading {
    object: Object,
    violations: Vec<Violation>,
}

impl Reading {
    pub(super) fn of(object: Object) -> Self {
        Reading {
            object,
            violations: Vec::new(),
        }
    }

    /// The object of a request; without it there is nothing to read.
    pub(super) fn required<T>(&self, given: Option<T>) -> Result<T, Error> {
        given.ok_or_else(|| Error::invalid(self.object.field(), "is required"))
    }

    /// Which members an update writes.
    pub(super) fn mask(&mut self, mask: Option<FieldMask>) -> Mask {
        let (mask, violations) = Mask::read(self.object.message(), mask);
        self.violations.extend(violations);
        mask
    }

    /// The members of the object, of which `mask` are written.
    pub(super) fn members<'a>(&'a mut self, mask: &'a Mask) -> Members<'a> {
        Members {
            reading: self,
            mask,
            at: String::new(),
        }
    }

    /// The id of the object; `field` is where in the request.
    pub(super) fn id<I: Id>(&mut self, field: &str, number: i64) -> Option<I> {
        self.take(I::read(field, number))
    }

    /// The id by which a create is done once; none where empty.
    pub(super) fn request_id(&mut self, text: &str) -> Option<RequestId> {
        let given = Some(text).filter(|text| !text.is_empty());
        let id = RequestId::parse_uuid("request_id", given?);
        self.take(id)
    }

    /// The etag that the object must have; any where empty.
    pub(super) fn etag(&mut self, field: &str, text: &str) -> Option<Etag> {
        let given = Some(text).filter(|text| !text.is_empty());
        let etag = Etag::parse(field, given?);
        self.take(etag)
    }

    /// Fails with every violation, those included that the core found in what was read.
    pub(super) fn finish(mut self, check: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = check {
            let mut found = self.object.told(error).violations().to_vec();
            // A value that cannot be read looks absent to the core.
            found.retain(|found| self.violations.iter().all(|told| told.field != found.field));
            self.violations.extend(found);
        }
        Error::all_invalid(self.violations)
    }

    /// The id that was read; fails as [`finish`](Self::finish) does.
    pub(super) fn finish_with<I>(
        self,
        id: Option<I>,
        check: Result<(), Error>,
    ) -> Result<I, Error> {
        self.finish(check)?;
        id.ok_or_else(|| Error::invalid("id", "is required"))
    }

    fn take<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.violations.extend_from_slice(error.violations());
                None
            }
        }
    }
}

/// The members of one message, each as the change that the write makes of it.
pub(super) struct Members<'a> {
    reading: &'a mut Reading,
    mask: &'a Mask,
    /// The way from the object to the message, with a dot at its end: `detail.labor[0].`.
    at: String,
}

impl Members<'_> {
    /// A member that is written as it stands.
    pub(super) fn plain<T>(&self, name: &str, given: Option<T>) -> Change<T> {
        self.mask.change(&self.path(name), given)
    }

    /// A member that a mask of all members leaves alone where it is absent: nobody can clear it.
    pub(super) fn lasting<T>(&self, name: &str, given: Option<T>) -> Change<T> {
        match (self.mask, given) {
            (Mask::Whole, None) => Change::Keep,
            (_, given) => self.plain(name, given),
        }
    }

    /// A list, which cannot be absent: it is empty instead.
    pub(super) fn list<T>(&self, name: &str, given: Vec<T>) -> Change<Vec<T>> {
        match self.mask {
            Mask::Present if given.is_empty() => Change::Keep,
            _ => self.plain(name, Some(given)),
        }
    }

    /// A list of messages.
    pub(super) fn lines<L, W>(
        &mut self,
        name: &str,
        given: Vec<L>,
        read: impl Fn(L, &mut Members<'_>) -> W,
    ) -> Change<Vec<W>> {
        let at = self.path(name);
        self.list(name, given).map(|lines| {
            let lines = lines.into_iter().enumerate();
            let written = lines.map(|(place, line)| {
                let mut members = Members {
                    reading: self.reading,
                    // A list is written whole, and so is each of its lines.
                    mask: &Mask::Whole,
                    at: format!("{at}[{place}]."),
                };
                read(line, &mut members)
            });
            written.collect()
        })
    }

    /// The members of a message inside of this one.
    pub(super) fn inside(&mut self, name: &str) -> Members<'_> {
        let at = format!("{}.", self.path(name));
        Members {
            reading: self.reading,
            mask: self.mask,
            at,
        }
    }

    /// A message that may be cleared as one; it is left alone where none of its members is written.
    pub(super) fn part<P: Default, W: Default + PartialEq>(
        &mut self,
        name: &str,
        given: Option<P>,
        read: impl FnOnce(P, &mut Members<'_>) -> W,
    ) -> Change<W> {
        if matches!(self.plain(name, given.as_ref()), Change::Clear) {
            return Change::Clear;
        }
        let written = read(given.unwrap_or_default(), &mut self.inside(name));
        if written == W::default() {
            Change::Keep
        } else {
            Change::Set(written)
        }
    }

    /// An amount, hours, a quantity or a percentage.
    pub(super) fn decimal(&mut self, name: &str, given: Option<String>) -> Change<Decimal> {
        let given = self.plain(name, given);
        let read = |text: String| money::parse(&text);
        self.read(
            name,
            given,
            read,
            "must be a decimal number such as 1250.50",
        )
    }

    /// A day without a time zone.
    pub(super) fn day(&mut self, name: &str, given: Option<String>) -> Change<NaiveDate> {
        let given = self.plain(name, given);
        let read = |text: String| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
        self.read(name, given, read, "must be a day such as 2024-05-14")
    }

    /// A moment.
    pub(super) fn moment(&mut self, name: &str, given: Option<Timestamp>) -> Change<DateTime<Utc>> {
        let given = self.plain(name, given);
        self.read(
            name,
            given,
            moment,
            "must be a moment of the years 1 to 9999",
        )
    }

    /// A word of a vocabulary by its number in the contract, where 0 stands for an absent one.
    pub(super) fn word<V: Vocabulary, E: Into<i32>>(
        &mut self,
        name: &str,
        number: i32,
        shown: impl Fn(V) -> E,
    ) -> Change<V> {
        let given = self.plain(name, Some(number).filter(|number| *number != 0));
        self.known(name, given, shown)
    }

    /// Such a word, which a mask of all members leaves alone where it is absent.
    pub(super) fn lasting_word<V: Vocabulary, E: Into<i32>>(
        &mut self,
        name: &str,
        number: i32,
        shown: impl Fn(V) -> E,
    ) -> Change<V> {
        let given = self.lasting(name, Some(number).filter(|number| *number != 0));
        self.known(name, given, shown)
    }

    /// The id of another object, which nobody can clear.
    pub(super) fn lasting_id<I: Id>(&mut self, name: &str, given: Option<i64>) -> Change<I> {
        let given = self.lasting(name, given);
        self.read(name, given, I::new, POSITIVE)
    }

    fn known<V: Vocabulary, E: Into<i32>>(
        &mut self,
        name: &str,
        given: Change<i32>,
        shown: impl Fn(V) -> E,
    ) -> Change<V> {
        let read = |number| {
            let mut known = V::WORDS.iter().map(|(member, _)| *member);
            known.find(|member| shown(*member).into() == number)
        };
        self.read(name, given, read, WRITABLE)
    }

    /// The change of a member whose value must be read.
    fn read<T, U>(
        &mut self,
        name: &str,
        given: Change<T>,
        read: impl FnOnce(T) -> Option<U>,
        rule: &str,
    ) -> Change<U> {
        match given.map(read) {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(Some(value)) => Change::Set(value),
            Change::Set(None) => {
                let object = self.reading.object.field();
                let field = format!("{object}.{}", self.path(name));
                let rule = rule.to_owned();
                self.reading.violations.push(Violation { field, rule });
                Change::Keep
            }
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }
}

/// The moment that a message says, as far as the specification of `Timestamp` allows it.
fn moment(time: Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(time.nanos)
        .ok()
        .filter(|n| *n < 1_000_000_000)?;
    let moment = DateTime::from_timestamp(time.seconds, nanos)?;
    (1..=9999).contains(&moment.year()).then_some(moment)
}
