//! Reading customers.

use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::customer::Customer;
use crate::domain::customer::CustomerField;
use crate::domain::customer::CustomersFilter;
use crate::domain::customer::CustomersQuery;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::id::CustomerId;
use crate::domain::page::PageRequest;
use crate::domain::page::UpstreamPage;
use crate::gateway::Gateway;
use crate::gateway::paging::List;
use crate::gateway::paging::Page;

impl Gateway {
    /// The customer with this id; fails with `NotFound` where the caller can see none.
    pub async fn customer(&self, caller: &Caller, id: CustomerId) -> Result<Arc<Customer>, Error> {
        self.0.upstream.customer(caller, id).await
    }

    /// The customer with this number, which is unique per company; fails with `NotFound` where there is none.
    pub async fn customer_by_number(
        &self,
        caller: &Caller,
        number: String,
    ) -> Result<Arc<Customer>, Error> {
        let filter = CustomersFilter {
            number: Some(number.clone()),
            ..CustomersFilter::default()
        };
        let query = CustomersQuery {
            filter,
            ..CustomersQuery::default()
        };
        let listing = self
            .0
            .upstream
            .customers(caller, &query, UpstreamPage { page: 0, size: 1 })
            .await?;
        let Some(row) = listing.rows.first() else {
            return Err(Error::new(
                ErrorKind::NotFound,
                "no customer has this number",
            ));
        };
        let customer = row.clone()?;
        // An upstream that ignores the filter must not make us show somebody else.
        if customer.number.as_deref() != Some(number.as_str()) {
            return Err(Error::new(
                ErrorKind::UpstreamInvalid,
                "the upstream does not filter customers by number",
            ));
        }
        Ok(customer)
    }

    /// A page of the customers of a query.
    pub async fn customers(
        &self,
        caller: &Caller,
        query: &CustomersQuery,
        request: &PageRequest,
    ) -> Result<Page<CustomerField>, Error> {
        let upstream = &self.0.upstream;
        let list = List {
            caller,
            seal: self.0.seal.clone(),
            name: "customers",
            parameters: query.parameters(),
            order: &query.order,
            page_size_max: upstream.page_size_max(),
        };
        list.page(request, |page| upstream.customers(caller, query, page))
            .await
    }
}
