//! What the mutations of field work orders take.

use async_graphql::ID;
use async_graphql::InputObject;
use async_graphql::MaybeUndefined;

use crate::domain::change::Change;
use crate::domain::error::Error;
use crate::domain::fwo_write::FwoWrite;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::domain::id::ProjectId;
use crate::domain::request_id::RequestId;
use crate::graphql::line_input::AdditionalItemInput;
use crate::graphql::line_input::EquipmentLineInput;
use crate::graphql::line_input::LaborLineInput;
use crate::graphql::line_input::MaterialLineInput;
use crate::graphql::line_input::PricingInput;
use crate::graphql::line_input::SignatureInput;
use crate::graphql::line_input::lines;
use crate::graphql::line_input::pricing;
use crate::graphql::node::NodeId;
use crate::graphql::reading::Deletion;
use crate::graphql::reading::Reading;
use crate::graphql::reading::Update;
use crate::graphql::reading::change;
use crate::graphql::scalar::Decimal;
use crate::graphql::scalar::Int64;
use crate::graphql::vocabulary::FwoStatus;
use crate::graphql::vocabulary::FwoType;

/// The members of an order that may be absent.
#[derive(InputObject)]
pub(super) struct FwoMembers {
    /// What becomes of the order once it is priced; a new one is FIELD_WORK unless said otherwise.
    #[graphql(name = "type")]
    kind: MaybeUndefined<FwoType>,
    /// Categories of the company.
    categories: MaybeUndefined<Vec<String>>,
    /// The company's own reference.
    reference_number: MaybeUndefined<String>,
    /// The general contractor's reference: a PCO or change event number.
    gc_reference: MaybeUndefined<String>,
    /// The general contractor's document.
    gc_document_reference: MaybeUndefined<String>,
    /// What kind of document the general contractor's is.
    gc_document_reference_type: MaybeUndefined<String>,
    /// Whether only overtime may be logged.
    premium_time: MaybeUndefined<bool>,
    /// A rough amount given before pricing, in US dollars; not negative.
    rom_amount: MaybeUndefined<Decimal>,
    /// Hours worked: the whole list, which replaces the present one.
    labor: MaybeUndefined<Vec<LaborLineInput>>,
    /// Material used: the whole list, which replaces the present one.
    materials: MaybeUndefined<Vec<MaterialLineInput>>,
    /// Equipment used: the whole list, which replaces the present one.
    equipment: MaybeUndefined<Vec<EquipmentLineInput>>,
    /// Further billing items: the whole list, which replaces the present one.
    additional_items: MaybeUndefined<Vec<AdditionalItemInput>>,
    /// Overhead and profit.
    pricing: MaybeUndefined<PricingInput>,
    /// The group under which orders are sent together.
    group_name: MaybeUndefined<String>,
    /// The general contractor's change order number.
    change_order_number: MaybeUndefined<String>,
    /// The invoice number, for service work.
    invoice_number: MaybeUndefined<String>,
}

impl FwoMembers {
    fn read(self, reading: &mut Reading) -> FwoWrite {
        let FwoMembers {
            kind,
            categories,
            reference_number,
            gc_reference,
            gc_document_reference,
            gc_document_reference_type,
            premium_time,
            rom_amount,
            labor,
            materials,
            equipment,
            additional_items,
            pricing: percentages,
            group_name,
            change_order_number,
            invoice_number,
        } = self;
        FwoWrite {
            kind: reading.change(kind, |kind| kind.writable("type")),
            categories: change(categories),
            reference_number: change(reference_number),
            gc_reference: change(gc_reference),
            gc_document_reference: change(gc_document_reference),
            gc_document_reference_type: change(gc_document_reference_type),
            premium_time: change(premium_time),
            rom_amount: change(rom_amount).map(|Decimal(amount)| amount),
            labor: lines("labor", labor, |line, _| line.read()),
            materials: lines("materials", materials, |line, path| {
                line.read(path, reading)
            }),
            equipment: lines("equipment", equipment, |line, _| line.read()),
            additional_items: lines("additionalItems", additional_items, |item, path| {
                item.read(path, reading)
            }),
            pricing: pricing(percentages),
            group_name: change(group_name),
            change_order_number: change(change_order_number),
            invoice_number: change(invoice_number),
            ..FwoWrite::default()
        }
    }
}

/// A new order. Its step, its number, its amounts and totals are the upstream's.
#[derive(InputObject)]
pub(super) struct CreateFwoInput {
    /// The upstream's id of the project that the work belongs to.
    project_id: Int64,
    /// The work in 1 to 100 characters.
    summary: String,
    /// The work in full, 1 to 10,000 characters.
    description: String,
    #[graphql(flatten)]
    members: FwoMembers,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl CreateFwoInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<(FwoWrite, Option<RequestId>), Error> {
        let mut reading = Reading::default();
        let project = ProjectId::read("projectId", self.project_id.0);
        let write = FwoWrite {
            project_id: reading.take(project).map_or(Change::Keep, Change::Set),
            summary: Change::Set(self.summary),
            description: Change::Set(self.description),
            ..self.members.read(&mut reading)
        };
        let request = reading.request_id(self.client_mutation_id.as_deref());
        reading.finish(write.check_new())?;
        Ok((write, request))
    }
}

/// Changes to an order: what is absent stays as it is, what is null is emptied. Its step is changed by `moveFwo`.
#[derive(InputObject)]
pub(super) struct UpdateFwoInput {
    /// The global id of the order.
    id: ID,
    /// The work in 1 to 100 characters.
    summary: MaybeUndefined<String>,
    /// The work in full, 1 to 10,000 characters.
    description: MaybeUndefined<String>,
    #[graphql(flatten)]
    members: FwoMembers,
    /// The `etag` that the order must still have. It is compared with a fresh read just before the write; the
    /// upstream knows no versions, so somebody else may still slip in between the two.
    if_match: Option<String>,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl UpdateFwoInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<Update<FwoId, FwoWrite>, Error> {
        let mut reading = Reading::default();
        let id = reading.take(NodeId::fwo("id", &self.id));
        let changes = FwoWrite {
            summary: change(self.summary),
            description: change(self.description),
            ..self.members.read(&mut reading)
        };
        let if_match = reading.if_match(self.if_match.as_deref());
        let request = reading.request_id(self.client_mutation_id.as_deref());
        let id = reading.finish_with(id, changes.check_changes())?;
        Ok(Update {
            id,
            changes,
            if_match,
            request,
        })
    }
}

/// The step that an order moves to, with what the step needs. Which moves are allowed is the upstream's to say.
#[derive(InputObject)]
pub(super) struct MoveFwoInput {
    /// The global id of the order.
    id: ID,
    /// The step to move to.
    status: FwoStatus,
    /// The general contractor's signature, which PRICING needs.
    signature: MaybeUndefined<SignatureInput>,
    /// The general contractor's change order number, which CHANGE_ORDER_ISSUED needs.
    change_order_number: MaybeUndefined<String>,
    /// The invoice number, for INVOICE_ISSUED.
    invoice_number: MaybeUndefined<String>,
    /// The `etag` that the order must still have. It is compared with a fresh read just before the write; the
    /// upstream knows no versions, so somebody else may still slip in between the two.
    if_match: Option<String>,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl MoveFwoInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<Update<FwoId, FwoWrite>, Error> {
        let mut reading = Reading::default();
        let id = reading.take(NodeId::fwo("id", &self.id));
        let status = reading.take(self.status.writable("status"));
        let changes = FwoWrite {
            status: status.map_or(Change::Keep, Change::Set),
            signature: change(self.signature).map(SignatureInput::read),
            change_order_number: change(self.change_order_number),
            invoice_number: change(self.invoice_number),
            ..FwoWrite::default()
        };
        let if_match = reading.if_match(self.if_match.as_deref());
        let request = reading.request_id(self.client_mutation_id.as_deref());
        let id = reading.finish_with(id, changes.check_changes())?;
        Ok(Update {
            id,
            changes,
            if_match,
            request,
        })
    }
}

/// Which order to delete.
#[derive(InputObject)]
pub(super) struct DeleteFwoInput {
    /// The global id of the order.
    pub(super) id: ID,
    /// The `etag` that the order must still have. It is compared with a fresh read just before the write; the
    /// upstream knows no versions, so somebody else may still slip in between the two.
    if_match: Option<String>,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl DeleteFwoInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<Deletion<FwoId>, Error> {
        let mut reading = Reading::default();
        let id = reading.take(NodeId::fwo("id", &self.id));
        let if_match = reading.if_match(self.if_match.as_deref());
        let request = reading.request_id(self.client_mutation_id.as_deref());
        let id = reading.finish_with(id, Ok(()))?;
        Ok(Deletion {
            id,
            if_match,
            request,
        })
    }
}
