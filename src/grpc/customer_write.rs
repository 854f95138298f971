//! What the writes of customers take.

use crate::domain::customer_write::CustomerWrite;
use crate::domain::error::Error;
use crate::domain::id::CustomerId;
use crate::domain::request_id::RequestId;
use crate::grpc::convert::customer_status;
use crate::grpc::field_path::Object;
use crate::grpc::mask::Mask;
use crate::grpc::reading::Deletion;
use crate::grpc::reading::Members;
use crate::grpc::reading::Reading;
use crate::grpc::reading::Update;
use crate::grpc::v1;

/// Fails with `InvalidInput` and every violation.
pub(super) fn create(
    request: v1::CreateCustomerRequest,
) -> Result<(CustomerWrite, Option<RequestId>), Error> {
    let v1::CreateCustomerRequest {
        customer,
        request_id,
    } = request;
    let mut reading = Reading::of(Object::Customer);
    let customer = reading.required(customer)?;
    let request_id = reading.request_id(&request_id);
    let write = write(customer, &mut reading.members(&Mask::Present));
    reading.finish(write.check_new())?;
    Ok((write, request_id))
}

/// Fails with `InvalidInput` and every violation.
pub(super) fn update(
    request: v1::UpdateCustomerRequest,
) -> Result<Update<CustomerId, CustomerWrite>, Error> {
    let v1::UpdateCustomerRequest {
        customer,
        update_mask,
    } = request;
    let mut reading = Reading::of(Object::Customer);
    let customer = reading.required(customer)?;
    let id = reading.id("customer.id", customer.id);
    let if_match = reading.etag("customer.etag", &customer.etag);
    let mask = reading.mask(update_mask);
    let changes = write(customer, &mut reading.members(&mask));
    let id = reading.finish_with(id, changes.check_changes())?;
    Ok(Update {
        id,
        changes,
        if_match,
    })
}

/// Fails with `InvalidInput` and every violation.
pub(super) fn delete(request: v1::DeleteCustomerRequest) -> Result<Deletion<CustomerId>, Error> {
    let v1::DeleteCustomerRequest { id, etag } = request;
    let mut reading = Reading::of(Object::Customer);
    let id = reading.id("id", id);
    let if_match = reading.etag("etag", &etag);
    let id = reading.finish_with(id, Ok(()))?;
    Ok(Deletion { id, if_match })
}

fn write(customer: v1::Customer, members: &mut Members<'_>) -> CustomerWrite {
    let v1::Customer {
        // Says which customer, and is no member of it that could be written.
        id: _,
        name,
        number,
        address1,
        address2,
        city,
        state,
        zip_code,
        contact_name,
        contact_email,
        contact_phone,
        billing_contact,
        billing_contact_email,
        billing_contact_phone,
        status,
        raw_status: _,
        etag: _,
        billing_template_id,
        trade_template_id,
        update_projects,
        update_fwos,
    } = customer;
    CustomerWrite {
        name: members.plain("name", name),
        number: members.plain("number", number),
        address1: members.plain("address1", address1),
        address2: members.plain("address2", address2),
        city: members.plain("city", city),
        state: members.plain("state", state),
        zip_code: members.plain("zip_code", zip_code),
        contact_name: members.plain("contact_name", contact_name),
        contact_email: members.plain("contact_email", contact_email),
        contact_phone: members.plain("contact_phone", contact_phone),
        billing_contact: members.plain("billing_contact", billing_contact),
        billing_contact_email: members.plain("billing_contact_email", billing_contact_email),
        billing_contact_phone: members.plain("billing_contact_phone", billing_contact_phone),
        status: members.word("status", status, customer_status),
        billing_template_id: members.lasting("billing_template_id", billing_template_id),
        trade_template_id: members.lasting("trade_template_id", trade_template_id),
        update_projects: members.lasting("update_projects", update_projects),
        update_fwos: members.lasting("update_fwos", update_fwos),
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::domain::customer_write::CustomerWrite;
    use crate::grpc::field_path::Object;
    use crate::grpc::mask::tests::fields;
    use crate::grpc::mask::tests::naming;
    use crate::grpc::reading::Reading;
    use crate::grpc::v1;

    #[test]
    fn a_mask_writes_what_the_contract_lets_be_written_and_nothing_else() {
        for field in fields(Object::Customer) {
            let mask = naming(Object::Customer, &field.path);
            let mut reading = Reading::of(Object::Customer);
            let cleared = write(v1::Customer::default(), &mut reading.members(&mask));
            let is_written = cleared != CustomerWrite::default();
            assert_eq!(is_written, field.is_written, "{}", field.path);
        }
    }
}
