//! Reading and writing customers.

use std::sync::Arc;

use crate::domain::caller::Caller;
use crate::domain::customer::Customer;
use crate::domain::customer::CustomerField;
use crate::domain::customer::CustomersFilter;
use crate::domain::customer::CustomersQuery;
use crate::domain::customer_write::CustomerWrite;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::etag::Etag;
use crate::domain::filter::Filter;
use crate::domain::id::CustomerId;
use crate::domain::page::PageRequest;
use crate::domain::request_id::RequestId;
use crate::gateway::Gateway;
use crate::gateway::paging::List;
use crate::gateway::paging::Page;
use crate::gateway::scan::FilteredList;
use crate::gateway::walk::Pages;

impl Gateway {
    /// The customer with this id; fails with `NotFound` where the caller can see none.
    pub async fn customer(&self, caller: &Caller, id: CustomerId) -> Result<Arc<Customer>, Error> {
        self.0.upstream.customer(caller, id).await
    }

    /// The customer with this number, which is unique per company; fails with `NotFound` where there is none, and
    /// else as [`customers`](Self::customers) does.
    pub async fn customer_by_number(
        &self,
        caller: &Caller,
        number: String,
    ) -> Result<Arc<Customer>, Error> {
        let query = CustomersQuery {
            filter: CustomersFilter {
                number: Some(number),
                ..CustomersFilter::default()
            },
            ..CustomersQuery::default()
        };
        let page = self.customers(caller, &query, &PageRequest::FIRST_ROW);
        let page = page.await?;
        let found = page.rows.into_iter().next();
        found.unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::NotFound,
                "no customer has this number",
            ))
        })
    }

    /// A page of the customers of a query.
    ///
    /// Fails with `UpstreamInvalid` where the upstream gives rows that the filter does not name, and with
    /// `Unimplemented` where it is known to ignore it and the list is too long to be searched here; the fields at
    /// fault are members of the filter, in the upstream's words.
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
        let ignored = &upstream.profile().ignored_filters.customers;
        let (heeded, ignored) = query.filter.split(ignored);
        let sent = CustomersQuery {
            filter: heeded.clone(),
            order: query.order.clone(),
        };
        let read = |page| upstream.customers(caller, &sent, page);
        let rows = FilteredList::new(heeded, ignored, self.scan_bounds(), read);
        let pages = Pages {
            fetch: |page| rows.page(page),
            forget: || upstream.forget_customers_lists(caller),
        };
        list.page(request, pages).await
    }

    /// Makes a customer and gives it as the upstream has it then.
    ///
    /// Fails with `InvalidInput` (every violation, in the upstream's words: `contactEmail`), `AlreadyExists`
    /// for a number that another customer has, `Forbidden`, `WriteUnknown`. A request id that this caller used
    /// within the last ten minutes gives the first answer again.
    pub async fn create_customer(
        &self,
        caller: &Caller,
        customer: CustomerWrite,
        request: Option<RequestId>,
    ) -> Result<Arc<Customer>, Error> {
        customer.check_new()?;
        let asked = ("create", customer.clone());
        let (upstream, writer) = (self.0.upstream.clone(), caller.clone());
        let write = |departure| async move {
            upstream
                .create_customer(&writer, &customer, &departure)
                .await
        };
        self.0
            .customer_writes
            .run(caller, request, asked, write)
            .await
    }

    /// Changes a customer; what is not named stays, members that this gateway does not model included.
    ///
    /// Fails as [`create_customer`](Self::create_customer) does, with `NotFound`, and with `Conflict` where the
    /// customer does not have the etag any more.
    pub async fn update_customer(
        &self,
        caller: &Caller,
        id: CustomerId,
        changes: CustomerWrite,
        if_match: Option<Etag>,
        request: Option<RequestId>,
    ) -> Result<Arc<Customer>, Error> {
        changes.check_changes()?;
        let asked = ("update", id, changes.clone(), if_match);
        let (upstream, writer) = (self.0.upstream.clone(), caller.clone());
        let write = move |departure| async move {
            upstream
                .update_customer(&writer, id, &changes, if_match, &departure)
                .await
        };
        self.0
            .customer_writes
            .run(caller, request, asked, write)
            .await
    }

    /// Deletes a customer; fails with `Precondition` where the upstream still needs it.
    pub async fn delete_customer(
        &self,
        caller: &Caller,
        id: CustomerId,
        if_match: Option<Etag>,
        request: Option<RequestId>,
    ) -> Result<(), Error> {
        let asked = ("delete customer", id, if_match);
        let (upstream, writer) = (self.0.upstream.clone(), caller.clone());
        let write = move |departure| async move {
            upstream
                .delete_customer(&writer, id, if_match, &departure)
                .await
        };
        self.0.deletions.run(caller, request, asked, write).await
    }
}
