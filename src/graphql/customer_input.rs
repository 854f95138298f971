//! What the mutations of customers take.

use async_graphql::ID;
use async_graphql::InputObject;
use async_graphql::MaybeUndefined;

use crate::domain::change::Change;
use crate::domain::customer_write::CustomerWrite;
use crate::domain::error::Error;
use crate::domain::id::CustomerId;
use crate::domain::request_id::RequestId;
use crate::graphql::customer::CustomerStatus;
use crate::graphql::node::NodeId;
use crate::graphql::reading::Deletion;
use crate::graphql::reading::Reading;
use crate::graphql::reading::Update;
use crate::graphql::reading::change;
use crate::graphql::scalar::Int64;

/// The members of a customer that may be absent.
#[derive(InputObject)]
pub(super) struct CustomerMembers {
    /// First line of the address, at most 255 characters.
    #[graphql(name = "address1")]
    address1: MaybeUndefined<String>,
    /// Second line of the address, at most 255 characters.
    #[graphql(name = "address2")]
    address2: MaybeUndefined<String>,
    /// City, at most 255 characters.
    city: MaybeUndefined<String>,
    /// State, usually two letters, at most 32 characters.
    state: MaybeUndefined<String>,
    /// Postal code, at most 16 characters.
    zip_code: MaybeUndefined<String>,
    /// Who is called about the bill, at most 255 characters.
    billing_contact: MaybeUndefined<String>,
    /// The e-mail address of the billing contact, at most 255 characters.
    billing_contact_email: MaybeUndefined<String>,
    /// The telephone number of the billing contact, free text of at most 32 characters.
    billing_contact_phone: MaybeUndefined<String>,
    /// Whether work is done for the customer; a new one is active unless said otherwise.
    status: MaybeUndefined<CustomerStatus>,
    /// Never read back: the template of billing items for the customer's new projects; 0 leaves it as it is.
    billing_template_id: MaybeUndefined<Int64>,
    /// Never read back: the template of trades for the customer's new projects; 0 leaves it as it is.
    trade_template_id: MaybeUndefined<Int64>,
    /// Never read back: whether the templates are applied to existing projects, too.
    update_projects: MaybeUndefined<bool>,
    /// Never read back: whether the templates are applied to open orders, too.
    #[graphql(name = "updateFWOs")]
    update_fwos: MaybeUndefined<bool>,
}

impl CustomerMembers {
    fn read(self, reading: &mut Reading) -> CustomerWrite {
        let CustomerMembers {
            address1,
            address2,
            city,
            state,
            zip_code,
            billing_contact,
            billing_contact_email,
            billing_contact_phone,
            status,
            billing_template_id,
            trade_template_id,
            update_projects,
            update_fwos,
        } = self;
        CustomerWrite {
            address1: change(address1),
            address2: change(address2),
            city: change(city),
            state: change(state),
            zip_code: change(zip_code),
            billing_contact: change(billing_contact),
            billing_contact_email: change(billing_contact_email),
            billing_contact_phone: change(billing_contact_phone),
            status: reading.change(status, |status| status.writable("status")),
            billing_template_id: change(billing_template_id).map(|Int64(id)| id),
            trade_template_id: change(trade_template_id).map(|Int64(id)| id),
            update_projects: change(update_projects),
            update_fwos: change(update_fwos),
            ..CustomerWrite::default()
        }
    }
}

/// A new customer.
#[derive(InputObject)]
pub(super) struct CreateCustomerInput {
    /// The company's name, 1 to 255 characters.
    name: String,
    /// The company's own number for the customer, 1 to 32 characters, unique per company.
    number: String,
    /// Who is called about the work, 1 to 255 characters.
    contact_name: String,
    /// The e-mail address of the contact, at most 255 characters.
    contact_email: String,
    /// The telephone number of the contact, free text of 1 to 32 characters.
    contact_phone: String,
    #[graphql(flatten)]
    members: CustomerMembers,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl CreateCustomerInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<(CustomerWrite, Option<RequestId>), Error> {
        let mut reading = Reading::default();
        let write = CustomerWrite {
            name: Change::Set(self.name),
            number: Change::Set(self.number),
            contact_name: Change::Set(self.contact_name),
            contact_email: Change::Set(self.contact_email),
            contact_phone: Change::Set(self.contact_phone),
            ..self.members.read(&mut reading)
        };
        let request = reading.request_id(self.client_mutation_id.as_deref());
        reading.finish(write.check_new())?;
        Ok((write, request))
    }
}

/// Changes to a customer: what is absent stays as it is, what is null is emptied.
#[derive(InputObject)]
pub(super) struct UpdateCustomerInput {
    /// The global id of the customer.
    id: ID,
    /// The company's name, 1 to 255 characters.
    name: MaybeUndefined<String>,
    /// The company's own number for the customer, 1 to 32 characters, unique per company.
    number: MaybeUndefined<String>,
    /// Who is called about the work, 1 to 255 characters.
    contact_name: MaybeUndefined<String>,
    /// The e-mail address of the contact, at most 255 characters.
    contact_email: MaybeUndefined<String>,
    /// The telephone number of the contact, free text of 1 to 32 characters.
    contact_phone: MaybeUndefined<String>,
    #[graphql(flatten)]
    members: CustomerMembers,
    /// The `etag` that the customer must still have. It is compared with a fresh read just before the write; the
    /// upstream knows no versions, so somebody else may still slip in between the two.
    if_match: Option<String>,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl UpdateCustomerInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<Update<CustomerId, CustomerWrite>, Error> {
        let mut reading = Reading::default();
        let id = reading.take(NodeId::customer("id", &self.id));
        let changes = CustomerWrite {
            name: change(self.name),
            number: change(self.number),
            contact_name: change(self.contact_name),
            contact_email: change(self.contact_email),
            contact_phone: change(self.contact_phone),
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

/// Which customer to delete.
#[derive(InputObject)]
pub(super) struct DeleteCustomerInput {
    /// The global id of the customer.
    pub(super) id: ID,
    /// The `etag` that the customer must still have. It is compared with a fresh read just before the write; the
    /// upstream knows no versions, so somebody else may still slip in between the two.
    if_match: Option<String>,
    /// Names this mutation: a repeat with the same id, input and token within ten minutes gets the first answer.
    pub(super) client_mutation_id: Option<String>,
}

impl DeleteCustomerInput {
    /// Fails with `InvalidInput` and every violation.
    pub(super) fn read(self) -> Result<Deletion<CustomerId>, Error> {
        let mut reading = Reading::default();
        let id = reading.take(NodeId::customer("id", &self.id));
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
