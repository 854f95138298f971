//! The service of customers: parse, ask the gateway once, convert.

use tonic::Request;
use tonic::Response;
use tonic::Status;

use crate::domain::customer::CustomersQuery;
use crate::domain::customer::filter_text;
use crate::domain::customer_filter::CustomersFilterMember;
use crate::domain::error::Error;
use crate::domain::filter::Filter;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::gateway::Bill;
use crate::gateway::Gateway;
use crate::gateway::bill;
use crate::grpc::auth;
use crate::grpc::caching;
use crate::grpc::customer_write;
use crate::grpc::error;
use crate::grpc::error::Resource;
use crate::grpc::field_path::Object;
use crate::grpc::filter;
use crate::grpc::order_by;
use crate::grpc::paging;
use crate::grpc::reading::Deletion;
use crate::grpc::reading::Update;
use crate::grpc::restriction;
use crate::grpc::v1;
use crate::grpc::v1::customer_service_server::CustomerService;
use crate::grpc::v1::get_customer_request::By;

/// `peerassist.v1.CustomerService`.
pub(super) struct Customers {
    pub(super) gateway: Gateway,
}

#[tonic::async_trait]
impl CustomerService for Customers {
    async fn get_customer(
        &self,
        request: Request<v1::GetCustomerRequest>,
    ) -> Result<Response<v1::Customer>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let admit = |bill| self.gateway.admit(&caller, bill);
        let (found, name) = match request.into_inner().by {
            Some(By::Id(id)) => {
                let id = CustomerId::read("id", id)?;
                admit(Bill::calls(bill::READ))?;
                (self.gateway.customer(&caller, id).await, id.to_string())
            }
            Some(By::Number(number)) => {
                let number = filter_text("number", number)?;
                admit(self.gateway.number_bill())?;
                let found = self.gateway.customer_by_number(&caller, number.clone());
                (found.await, number)
            }
            None => return Err(Error::invalid("id", "an id or a number is needed").into()),
        };
        let customer = found.map_err(|error| resource(name).failed(error))?;
        Ok(caching::told(&caller, v1::Customer::from(&*customer)))
    }

    async fn list_customers(
        &self,
        request: Request<v1::ListCustomersRequest>,
    ) -> Result<Response<v1::ListCustomersResponse>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let v1::ListCustomersRequest {
            page_size,
            page_token,
            skip,
            filter,
            order_by,
        } = request.into_inner();
        let wanted = paging::page_request(page_size, page_token, skip)?;
        let query = CustomersQuery {
            filter: filter::customers(&filter)?,
            order: order_by::parse(&order_by)?,
        };
        let members = query.filter.members();
        let bill = self.gateway.customers_bill(&members, &wanted);
        self.gateway.admit(&caller, bill)?;
        let page = self.gateway.customers(&caller, &query, &wanted).await;
        let page = page.map_err(restriction::told::<CustomersFilterMember>)?;
        let next_page_token = page.next_token().unwrap_or_default();
        let total_size = paging::total_size(page.total);
        let rows = page.rows.into_iter();
        let customers = rows.map(|row| row.map(|row| v1::Customer::from(&*row)));
        let page = v1::ListCustomersResponse {
            customers: customers.collect::<Result<_, Error>>()?,
            next_page_token,
            total_size,
        };
        Ok(caching::told(&caller, page))
    }

    async fn create_customer(
        &self,
        request: Request<v1::CreateCustomerRequest>,
    ) -> Result<Response<v1::Customer>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let (customer, request) = customer_write::create(request.into_inner())?;
        self.gateway.admit(&caller, Bill::calls(bill::CREATE))?;
        let name = request.clone();
        let made = self.gateway.create_customer(&caller, customer, request);
        let made = made.await.map_err(|error| {
            let error = Object::Customer.told(error);
            error::of_request(name.as_ref(), error)
        })?;
        Ok(Response::new(v1::Customer::from(&*made)))
    }

    async fn update_customer(
        &self,
        request: Request<v1::UpdateCustomerRequest>,
    ) -> Result<Response<v1::Customer>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let Update {
            id,
            changes,
            if_match,
        } = customer_write::update(request.into_inner())?;
        self.gateway.admit(&caller, Bill::calls(bill::UPDATE))?;
        let changed = self
            .gateway
            .update_customer(&caller, id, changes, if_match, None)
            .await;
        let changed = changed.map_err(|error| {
            let error = Object::Customer.told(error);
            resource(id).failed(error)
        })?;
        Ok(Response::new(v1::Customer::from(&*changed)))
    }

    async fn delete_customer(
        &self,
        request: Request<v1::DeleteCustomerRequest>,
    ) -> Result<Response<()>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let Deletion { id, if_match } = customer_write::delete(request.into_inner())?;
        self.gateway
            .admit(&caller, bill::deletion(if_match.is_some()))?;
        let deleted = self.gateway.delete_customer(&caller, id, if_match, None);
        let deleted = deleted.await;
        deleted
            .map(Response::new)
            .map_err(|error| resource(id).failed(error))
    }
}

fn resource(name: impl ToString) -> Resource {
    Resource {
        kind: Object::Customer.message(),
        name: name.to_string(),
    }
}
