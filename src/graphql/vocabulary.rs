//! The words of field work orders in GraphQL.

use async_graphql::Enum;

use crate::domain::error::Error;
use crate::domain::fwo;
use crate::domain::term::Term;
use crate::domain::term::WRITABLE;

/// The step that an order stands in.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum FwoStatus {
    /// The foreman logs labor and material.
    Entry,
    /// Sent to the general contractor for a signature.
    PendingSignature,
    /// The signature was refused.
    PendingChanges,
    /// Signed; the office prices it.
    Pricing,
    /// Priced and locked, waiting for a change order request.
    WaitingForApproval,
    /// The general contractor refused the change order request.
    GcRework,
    /// The change order request was sent.
    Executed,
    /// The general contractor approved.
    ChangeOrderIssued,
    /// Service work: invoiced.
    InvoiceIssued,
    /// Service work: paid.
    InvoicePaid,
    /// A word that this API does not know yet; see the raw field beside this one.
    Unknown,
}

impl From<&Term<fwo::FwoStatus>> for FwoStatus {
    fn from(term: &Term<fwo::FwoStatus>) -> Self {
        match term {
            Term::Known(fwo::FwoStatus::Entry) => FwoStatus::Entry,
            Term::Known(fwo::FwoStatus::PendingSignature) => FwoStatus::PendingSignature,
            Term::Known(fwo::FwoStatus::PendingChanges) => FwoStatus::PendingChanges,
            Term::Known(fwo::FwoStatus::Pricing) => FwoStatus::Pricing,
            Term::Known(fwo::FwoStatus::WaitingForApproval) => FwoStatus::WaitingForApproval,
            Term::Known(fwo::FwoStatus::GcRework) => FwoStatus::GcRework,
            Term::Known(fwo::FwoStatus::Executed) => FwoStatus::Executed,
            Term::Known(fwo::FwoStatus::ChangeOrderIssued) => FwoStatus::ChangeOrderIssued,
            Term::Known(fwo::FwoStatus::InvoiceIssued) => FwoStatus::InvoiceIssued,
            Term::Known(fwo::FwoStatus::InvoicePaid) => FwoStatus::InvoicePaid,
            Term::Unknown(_) => FwoStatus::Unknown,
        }
    }
}

impl FwoStatus {
    /// The word for a filter; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn known(self, field: &str) -> Result<fwo::FwoStatus, Error> {
        self.word()
            .ok_or_else(|| Error::invalid(field, "cannot be UNKNOWN in a filter"))
    }

    /// The word to write; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn writable(self, field: &str) -> Result<fwo::FwoStatus, Error> {
        self.word().ok_or_else(|| unwritable(field))
    }

    fn word(self) -> Option<fwo::FwoStatus> {
        match self {
            FwoStatus::Entry => Some(fwo::FwoStatus::Entry),
            FwoStatus::PendingSignature => Some(fwo::FwoStatus::PendingSignature),
            FwoStatus::PendingChanges => Some(fwo::FwoStatus::PendingChanges),
            FwoStatus::Pricing => Some(fwo::FwoStatus::Pricing),
            FwoStatus::WaitingForApproval => Some(fwo::FwoStatus::WaitingForApproval),
            FwoStatus::GcRework => Some(fwo::FwoStatus::GcRework),
            FwoStatus::Executed => Some(fwo::FwoStatus::Executed),
            FwoStatus::ChangeOrderIssued => Some(fwo::FwoStatus::ChangeOrderIssued),
            FwoStatus::InvoiceIssued => Some(fwo::FwoStatus::InvoiceIssued),
            FwoStatus::InvoicePaid => Some(fwo::FwoStatus::InvoicePaid),
            FwoStatus::Unknown => None,
        }
    }
}

/// What becomes of an order once it is priced.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum FwoType {
    /// A change order request.
    FieldWork,
    /// An invoice.
    ServiceWork,
    /// Nothing: an internal record.
    TrackingOnly,
    /// A word that this API does not know yet; see the raw field beside this one.
    Unknown,
}

impl From<&Term<fwo::FwoType>> for FwoType {
    fn from(term: &Term<fwo::FwoType>) -> Self {
        match term {
            Term::Known(fwo::FwoType::FieldWork) => FwoType::FieldWork,
            Term::Known(fwo::FwoType::ServiceWork) => FwoType::ServiceWork,
            Term::Known(fwo::FwoType::TrackingOnly) => FwoType::TrackingOnly,
            Term::Unknown(_) => FwoType::Unknown,
        }
    }
}

impl FwoType {
    /// The word for a filter; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn known(self, field: &str) -> Result<fwo::FwoType, Error> {
        self.word()
            .ok_or_else(|| Error::invalid(field, "cannot be UNKNOWN in a filter"))
    }

    /// The word to write; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn writable(self, field: &str) -> Result<fwo::FwoType, Error> {
        self.word().ok_or_else(|| unwritable(field))
    }

    fn word(self) -> Option<fwo::FwoType> {
        match self {
            FwoType::FieldWork => Some(fwo::FwoType::FieldWork),
            FwoType::ServiceWork => Some(fwo::FwoType::ServiceWork),
            FwoType::TrackingOnly => Some(fwo::FwoType::TrackingOnly),
            FwoType::Unknown => None,
        }
    }
}

/// What a unit price is for.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum PricingUnit {
    /// Each.
    E,
    /// A hundred.
    C,
    /// A thousand.
    M,
    /// A pound.
    P,
    /// A word that this API does not know yet; see the raw field beside this one.
    Unknown,
}

impl From<&Term<fwo::PricingUnit>> for PricingUnit {
    fn from(term: &Term<fwo::PricingUnit>) -> Self {
        match term {
            Term::Known(fwo::PricingUnit::E) => PricingUnit::E,
            Term::Known(fwo::PricingUnit::C) => PricingUnit::C,
            Term::Known(fwo::PricingUnit::M) => PricingUnit::M,
            Term::Known(fwo::PricingUnit::P) => PricingUnit::P,
            Term::Unknown(_) => PricingUnit::Unknown,
        }
    }
}

impl PricingUnit {
    /// The word to write; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn writable(self, field: &str) -> Result<fwo::PricingUnit, Error> {
        match self {
            PricingUnit::E => Ok(fwo::PricingUnit::E),
            PricingUnit::C => Ok(fwo::PricingUnit::C),
            PricingUnit::M => Ok(fwo::PricingUnit::M),
            PricingUnit::P => Ok(fwo::PricingUnit::P),
            PricingUnit::Unknown => Err(unwritable(field)),
        }
    }
}

/// How an additional item is counted.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calc {
    /// One hour for each `hoursPer` labor hours.
    Hours,
    /// Quantity times rate.
    Amount,
    /// A word that this API does not know yet; see the raw field beside this one.
    Unknown,
}

impl From<&Term<fwo::Calc>> for Calc {
    fn from(term: &Term<fwo::Calc>) -> Self {
        match term {
            Term::Known(fwo::Calc::Hours) => Calc::Hours,
            Term::Known(fwo::Calc::Amount) => Calc::Amount,
            Term::Unknown(_) => Calc::Unknown,
        }
    }
}

impl Calc {
    /// The word to write; fails with `InvalidInput` for `UNKNOWN`.
    pub(super) fn writable(self, field: &str) -> Result<fwo::Calc, Error> {
        match self {
            Calc::Hours => Ok(fwo::Calc::Hours),
            Calc::Amount => Ok(fwo::Calc::Amount),
            Calc::Unknown => Err(unwritable(field)),
        }
    }
}

/// What field work orders can be sorted by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "fwo::FwoField")]
pub(super) enum FwoOrderField {
    /// The upstream's id.
    Id,
    /// The number.
    Number,
    /// The summary.
    Summary,
    /// The step.
    Status,
    /// The type.
    Type,
    /// The amount.
    Amount,
    /// The rough amount.
    RomAmount,
    /// When the order was created.
    CreatedDate,
    /// When the order was last changed.
    UpdatedDate,
    /// The project's number.
    ProjectNumber,
}

/// A word that this API does not know can be read and not be written.
pub(super) fn unwritable(field: &str) -> Error {
    Error::invalid(field, WRITABLE)
}
