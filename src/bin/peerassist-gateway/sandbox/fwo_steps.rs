//! The steps of an FWO: which moves there are, who makes them and what they need, and what may change in which step
//! (contract 3.4). What a step does not allow is a conflict; what the caller may not do is forbidden before that.

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::fwo::FwoStatus as Step;
use crate::sandbox::fwo::FwoType;
use crate::sandbox::fwo_draft::FwoDraft;
use crate::sandbox::fwo_write::Change;
use crate::sandbox::roles::Caller;

/// Who makes a move.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// Whoever may write the FWO, foremen too.
    Field,
    /// Admins and project managers.
    Office,
}

/// Every move there is. To stay in a step is no move, and always allowed.
const MOVES: &[(Step, Step, By)] = &[
    (Step::Entry, Step::PendingSignature, By::Field),
    (Step::Entry, Step::Pricing, By::Field),
    (Step::PendingSignature, Step::Pricing, By::Field),
    (Step::PendingSignature, Step::PendingChanges, By::Field),
    (Step::PendingSignature, Step::Entry, By::Field),
    (Step::PendingChanges, Step::PendingSignature, By::Field),
    (Step::PendingChanges, Step::Entry, By::Field),
    (Step::Pricing, Step::WaitingForApproval, By::Office),
    (Step::Pricing, Step::Entry, By::Office),
    (Step::Pricing, Step::InvoiceIssued, By::Office),
    (Step::WaitingForApproval, Step::Executed, By::Office),
    (Step::WaitingForApproval, Step::Pricing, By::Office),
    (Step::WaitingForApproval, Step::InvoiceIssued, By::Office),
    (Step::Executed, Step::ChangeOrderIssued, By::Office),
    (Step::Executed, Step::GcRework, By::Office),
    (Step::Executed, Step::Pricing, By::Office),
    (Step::GcRework, Step::Pricing, By::Office),
    (Step::GcRework, Step::WaitingForApproval, By::Office),
    (Step::ChangeOrderIssued, Step::Executed, By::Office),
    (Step::InvoiceIssued, Step::InvoicePaid, By::Office),
    (Step::InvoiceIssued, Step::Pricing, By::Office),
];

/// Whether work of a type ever comes to a step: field work ends as a change order, service work as an invoice, and what
/// is only tracked as neither.
fn leads_to(r#type: FwoType, step: Step) -> bool {
    match step {
        Step::Entry
        | Step::PendingSignature
        | Step::PendingChanges
        | Step::Pricing
        | Step::WaitingForApproval => true,
        Step::Executed | Step::GcRework | Step::ChangeOrderIssued => r#type == FwoType::FieldWork,
        Step::InvoiceIssued | Step::InvoicePaid => r#type == FwoType::ServiceWork,
    }
}

/// Whether the general contractor has it: its change order request, or its invoice.
fn is_sent(step: Step) -> bool {
    match step {
        Step::Entry
        | Step::PendingSignature
        | Step::PendingChanges
        | Step::Pricing
        | Step::WaitingForApproval
        | Step::GcRework => false,
        Step::Executed | Step::ChangeOrderIssued | Step::InvoiceIssued | Step::InvoicePaid => true,
    }
}

/// Members that are locked and unlocked together.
#[derive(Clone, Copy)]
enum Group {
    Type,
    Texts,
    Lines,
    Percents,
    Signature,
    ChangeOrderNumber,
    InvoiceNumber,
}

/// Whether a group may change in a step, or with a move out of it.
fn may_change(group: Group, from: Step, to: Step) -> bool {
    match group {
        Group::Type => from == Step::Entry,
        Group::Texts => !is_sent(from),
        Group::Lines => matches!(from, Step::Entry | Step::PendingChanges | Step::Pricing),
        Group::Percents => matches!(from, Step::Pricing | Step::GcRework),
        Group::Signature => {
            from == Step::PendingSignature
                || (from, to) == (Step::Entry, Step::Pricing)
                || clears_signature(from, to)
        }
        Group::ChangeOrderNumber => (from, to) == (Step::Executed, Step::ChangeOrderIssued),
        Group::InvoiceNumber => from != to && to == Step::InvoiceIssued,
    }
}

/// Back in the field the work may change, and nobody has signed what it will be.
fn clears_signature(from: Step, to: Step) -> bool {
    from != to && matches!(to, Step::Entry | Step::PendingChanges)
}

/// The members in which two states of an FWO differ.
fn changed(before: &FwoDraft, after: &FwoDraft) -> impl Iterator<Item = (&'static str, Group)> {
    // A table is read by its columns.
    #[rustfmt::skip]
    let members = [
        ("type", Group::Type, before.r#type != after.r#type),
        ("summary", Group::Texts, before.summary != after.summary),
        ("description", Group::Texts, before.description != after.description),
        ("categories", Group::Texts, before.categories != after.categories),
        ("referenceNumber", Group::Texts, before.reference_number != after.reference_number),
        ("gcReference", Group::Texts, before.gc_reference != after.gc_reference),
        ("gcDocumentReference", Group::Texts, before.gc_document_reference != after.gc_document_reference),
        ("gcDocumentReferenceType", Group::Texts, before.gc_document_reference_type != after.gc_document_reference_type),
        ("romAmount", Group::Texts, before.rom_amount != after.rom_amount),
        ("groupName", Group::Texts, before.group_name != after.group_name),
        ("premiumTime", Group::Lines, before.premium_time != after.premium_time),
        ("labor", Group::Lines, before.lines.labor != after.lines.labor),
        ("materials", Group::Lines, before.lines.materials != after.lines.materials),
        ("equipment", Group::Lines, before.lines.equipment != after.lines.equipment),
        ("additionalItems", Group::Lines, before.lines.additional_items != after.lines.additional_items),
        ("pricing.overheadPercent", Group::Percents, before.overhead_percent != after.overhead_percent),
        ("pricing.profitPercent", Group::Percents, before.profit_percent != after.profit_percent),
        ("signature", Group::Signature, before.signature != after.signature),
        ("changeOrderNumber", Group::ChangeOrderNumber, before.change_order_number != after.change_order_number),
        ("invoiceNumber", Group::InvoiceNumber, before.invoice_number != after.invoice_number),
    ];
    let changed = members.into_iter().filter(|(_, _, differs)| *differs);
    changed.map(|(member, group, _)| (member, group))
}

/// The new FWO, where all that it has may be given to an FWO in ENTRY; its percentages may, too, but not by a foreman.
pub(crate) fn begin(change: Change, caller: &Caller) -> Answer<FwoDraft> {
    let Change { mut before, after } = change;
    if prices(&before, &after) {
        caller.may_do_office_work()?;
    }
    before.overhead_percent = after.overhead_percent;
    before.profit_percent = after.profit_percent;
    refuse_locked(&before, &after)?;
    Ok(after)
}

/// What the FWO becomes, where its step and the caller's role allow that.
pub(crate) fn go_on(change: Change, caller: &Caller) -> Answer<FwoDraft> {
    let Change { before, mut after } = change;
    let (from, to) = (before.status, after.status);
    let is_of_the_field = from == to || MOVES.contains(&(from, to, By::Field));
    if !is_of_the_field || prices(&before, &after) {
        caller.may_do_office_work()?;
    }
    if clears_signature(from, to) {
        after.signature = None;
    }
    if from != to {
        refuse_illegal(from, &after)?;
    }
    refuse_locked(&before, &after)?;
    Ok(after)
}

/// Refuses to delete what was sent to the general contractor; a foreman deletes only what is still in ENTRY.
pub(crate) fn may_delete(status: Step, caller: &Caller) -> Answer<()> {
    if status != Step::Entry {
        caller.may_do_office_work()?;
    }
    if is_sent(status) {
        let status = status.word();
        return Err(Problem::conflict(format!(
            "An FWO in {status} cannot be deleted"
        )));
    }
    Ok(())
}

fn prices(before: &FwoDraft, after: &FwoDraft) -> bool {
    changed(before, after).any(|(_, group)| matches!(group, Group::Percents))
}

fn refuse_locked(before: &FwoDraft, after: &FwoDraft) -> Answer<()> {
    let (from, to) = (before.status, after.status);
    let locked = changed(before, after).filter(|(_, group)| !may_change(*group, from, to));
    let locked: Vec<_> = locked.map(|(member, _)| member).collect();
    if locked.is_empty() {
        return Ok(());
    }
    let (members, from) = (locked.join(", "), from.word());
    Err(Problem::conflict(format!(
        "{members} cannot be changed in {from}"
    )))
}

fn refuse_illegal(from: Step, after: &FwoDraft) -> Answer<()> {
    let to = after.status;
    let is_move = MOVES
        .iter()
        .any(|(start, end, _)| (*start, *end) == (from, to));
    if !is_move || !leads_to(after.r#type, from) || !leads_to(after.r#type, to) {
        let (r#type, from, to) = (after.r#type.word(), from.word(), to.word());
        let message = format!("A {type} FWO in {from} cannot move to {to}");
        return Err(Problem::conflict(message));
    }
    let is_given =
        |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    if to == Step::ChangeOrderIssued && !is_given(&after.change_order_number) {
        return Err(Problem::conflict(
            "CHANGE_ORDER_ISSUED needs a changeOrderNumber",
        ));
    }
    if (from, to) == (Step::PendingSignature, Step::Pricing) && after.signature.is_none() {
        return Err(Problem::conflict(
            "PRICING needs a signature after PENDING_SIGNATURE",
        ));
    }
    Ok(())
}
