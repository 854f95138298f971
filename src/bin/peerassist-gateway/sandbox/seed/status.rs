//! Types and steps: how often each occurs, and what an FWO in a step must have.

use fastrand::Rng;

use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;

/// Older FWOs have mostly come to their end.
const OLD_AFTER_DAYS: i64 = 120;

type Shares<T> = [(T, u32)];

const TYPES: &Shares<FwoType> = &[
    (FwoType::FieldWork, 84),
    (FwoType::ServiceWork, 11),
    (FwoType::TrackingOnly, 5),
];

const YOUNG_FIELD_WORK: &Shares<FwoStatus> = &[
    (FwoStatus::Entry, 30),
    (FwoStatus::PendingSignature, 18),
    (FwoStatus::PendingChanges, 8),
    (FwoStatus::Pricing, 18),
    (FwoStatus::WaitingForApproval, 12),
    (FwoStatus::Executed, 8),
    (FwoStatus::GcRework, 2),
    (FwoStatus::ChangeOrderIssued, 4),
];
/// With the young ones it makes the mix of all field work: 50 % issued, 13 % executed, 10 % in entry.
const OLD_FIELD_WORK: &Shares<FwoStatus> = &[
    (FwoStatus::Entry, 6),
    (FwoStatus::PendingSignature, 5),
    (FwoStatus::PendingChanges, 3),
    (FwoStatus::Pricing, 6),
    (FwoStatus::WaitingForApproval, 5),
    (FwoStatus::Executed, 14),
    (FwoStatus::GcRework, 2),
    (FwoStatus::ChangeOrderIssued, 59),
];
const YOUNG_SERVICE_WORK: &Shares<FwoStatus> = &[
    (FwoStatus::Entry, 30),
    (FwoStatus::PendingSignature, 15),
    (FwoStatus::PendingChanges, 5),
    (FwoStatus::Pricing, 20),
    (FwoStatus::WaitingForApproval, 10),
    (FwoStatus::InvoiceIssued, 15),
    (FwoStatus::InvoicePaid, 5),
];
const OLD_SERVICE_WORK: &Shares<FwoStatus> = &[
    (FwoStatus::Entry, 3),
    (FwoStatus::PendingSignature, 2),
    (FwoStatus::Pricing, 5),
    (FwoStatus::WaitingForApproval, 4),
    (FwoStatus::InvoiceIssued, 16),
    (FwoStatus::InvoicePaid, 70),
];
const TRACKING_ONLY: &Shares<FwoStatus> = &[
    (FwoStatus::Entry, 20),
    (FwoStatus::PendingSignature, 8),
    (FwoStatus::PendingChanges, 5),
    (FwoStatus::Pricing, 20),
    (FwoStatus::WaitingForApproval, 47),
];

pub(super) fn any_type(rng: &mut Rng) -> FwoType {
    pick(TYPES, rng)
}

pub(super) fn any_status(r#type: FwoType, age_days: i64, rng: &mut Rng) -> FwoStatus {
    let old = age_days > OLD_AFTER_DAYS;
    let shares = match r#type {
        FwoType::FieldWork if old => OLD_FIELD_WORK,
        FwoType::FieldWork => YOUNG_FIELD_WORK,
        FwoType::ServiceWork if old => OLD_SERVICE_WORK,
        FwoType::ServiceWork => YOUNG_SERVICE_WORK,
        FwoType::TrackingOnly => TRACKING_ONLY,
    };
    pick(shares, rng)
}

fn pick<T: Copy>(shares: &Shares<T>, rng: &mut Rng) -> T {
    let mut drawn = rng.u32(0..shares.iter().map(|(_, share)| share).sum());
    for (choice, share) in shares {
        if drawn < *share {
            return *choice;
        }
        drawn -= share;
    }
    unreachable!("the draw is below the sum of the shares")
}

/// The general contractor has signed: from PRICING on.
pub(super) fn is_signed(status: FwoStatus) -> bool {
    match status {
        FwoStatus::Entry | FwoStatus::PendingSignature | FwoStatus::PendingChanges => false,
        FwoStatus::Pricing
        | FwoStatus::WaitingForApproval
        | FwoStatus::Executed
        | FwoStatus::GcRework
        | FwoStatus::ChangeOrderIssued
        | FwoStatus::InvoiceIssued
        | FwoStatus::InvoicePaid => true,
    }
}

/// The office has priced it, perhaps together with others.
pub(super) fn is_priced(status: FwoStatus) -> bool {
    is_signed(status) && status != FwoStatus::Pricing
}

pub(super) fn is_invoiced(status: FwoStatus) -> bool {
    matches!(status, FwoStatus::InvoiceIssued | FwoStatus::InvoicePaid)
}
