//! The words of field work orders in GraphQL.

use async_graphql::Enum;

use crate::domain::error::Error;
use crate::domain::fwo;
use crate::domain::term::Term;

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
        match self {
            FwoStatus::Entry => Ok(fwo::FwoStatus::Entry),
            FwoStatus::PendingSignature => Ok(fwo::FwoStatus::PendingSignature),
            FwoStatus::PendingChanges => Ok(fwo::FwoStatus::PendingChanges),
            FwoStatus::Pricing => Ok(fwo::FwoStatus::Pricing),
            FwoStatus::WaitingForApproval => Ok(fwo::FwoStatus::WaitingForApproval),
            FwoStatus::GcRework => Ok(fwo::FwoStatus::GcRework),
            FwoStatus::Executed => Ok(fwo::FwoStatus::Executed),
            FwoStatus::ChangeOrderIssued => Ok(fwo::FwoStatus::ChangeOrderIssued),
            FwoStatus::InvoiceIssued => Ok(fwo::FwoStatus::InvoiceIssued),
            FwoStatus::InvoicePaid => Ok(fwo::FwoStatus::InvoicePaid),
            FwoStatus::Unknown => Err(Error::invalid(field, "cannot be UNKNOWN in a filter")),
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
        match self {
            FwoType::FieldWork => Ok(fwo::FwoType::FieldWork),
            FwoType::ServiceWork => Ok(fwo::FwoType::ServiceWork),
            FwoType::TrackingOnly => Ok(fwo::FwoType::TrackingOnly),
            FwoType::Unknown => Err(Error::invalid(field, "cannot be UNKNOWN in a filter")),
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
