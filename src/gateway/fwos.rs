//! Reading and writing field work orders.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;

use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::etag::Etag;
use crate::domain::filter::Filter;
use crate::domain::fwo::Fwo;
use crate::domain::fwo::FwoField;
use crate::domain::fwo::FwoSummary;
use crate::domain::fwo::FwosQuery;
use crate::domain::fwo_write::FwoWrite;
use crate::domain::id::FwoId;
use crate::domain::page::PageRequest;
use crate::domain::request_id::RequestId;
use crate::gateway::Gateway;
use crate::gateway::paging::List;
use crate::gateway::paging::Page;
use crate::gateway::scan::FilteredList;
use crate::gateway::walk::Pages;

/// Orders read at the same time for one list: 200 of them in 25 rounds stay below the longest operation.
const DETAILS_AT_ONCE: usize = 8;

impl Gateway {
    /// The order with this id and all its lines; fails with `NotFound` where the caller can see none.
    pub async fn fwo(&self, caller: &Caller, id: FwoId) -> Result<Arc<Fwo>, Error> {
        self.0.upstream.fwo(caller, id).await
    }

    /// What a list said of the order lately, if one did. Costs nothing.
    pub async fn listed_fwo(&self, caller: &Caller, id: FwoId) -> Option<Arc<FwoSummary>> {
        self.0.upstream.listed_fwo(caller, id).await
    }

    /// What a list would say of the order: from a list that was read lately, or else from the order itself.
    pub async fn fwo_summary(&self, caller: &Caller, id: FwoId) -> Result<Arc<FwoSummary>, Error> {
        match self.listed_fwo(caller, id).await {
            Some(summary) => Ok(summary),
            None => self.fwo(caller, id).await.map(|fwo| fwo.summary.clone()),
        }
    }

    /// A page of the orders of a query. Fails as [`customers`](Self::customers) does.
    pub async fn fwos(
        &self,
        caller: &Caller,
        query: &FwosQuery,
        request: &PageRequest,
    ) -> Result<Page<FwoField>, Error> {
        let upstream = &self.0.upstream;
        let list = List {
            caller,
            seal: self.0.seal.clone(),
            name: "fwos",
            parameters: query.parameters(),
            order: &query.order,
            page_size_max: upstream.page_size_max(),
        };
        let ignored = &upstream.profile().ignored_filters.fwos;
        let (heeded, ignored) = query.filter.split(ignored);
        let sent = FwosQuery {
            filter: heeded.clone(),
            order: query.order.clone(),
        };
        let read = |page| upstream.fwos(caller, &sent, page);
        let rows = FilteredList::new(heeded, ignored, self.scan_bounds(), read);
        let pages = Pages {
            fetch: |page| rows.page(page),
            forget: || upstream.forget_fwos_lists(caller),
        };
        list.page(request, pages).await
    }

    /// The orders of a list with all their lines, in the same order; the first failure is the list's.
    pub async fn fwos_in_full(
        &self,
        caller: &Caller,
        rows: &[Arc<FwoSummary>],
    ) -> Result<Vec<Arc<Fwo>>, Error> {
        let ids: Vec<FwoId> = rows.iter().map(|row| row.id).collect();
        let reads = ids.into_iter().map(|id| self.fwo(caller, id));
        stream::iter(reads)
            .buffered(DETAILS_AT_ONCE)
            .try_collect()
            .await
    }

    /// Makes an order and gives it as the upstream has it then. Fails as customers do; `Precondition` where
    /// the upstream does not let one be made.
    pub async fn create_fwo(
        &self,
        caller: &Caller,
        fwo: FwoWrite,
        request: Option<RequestId>,
    ) -> Result<Arc<Fwo>, Error> {
        fwo.check_new()?;
        let asked = ("create", fwo.clone());
        let (upstream, writer) = (self.0.upstream.clone(), caller.clone());
        let write = |departure| async move { upstream.create_fwo(&writer, &fwo, &departure).await };
        self.0.fwo_writes.run(caller, request, asked, write).await
    }

    /// Changes an order, its step (`status`) included; what is not named stays.
    ///
    /// Fails with `Precondition` where the order's step does not allow the change, and else as customers do.
    pub async fn update_fwo(
        &self,
        caller: &Caller,
        id: FwoId,
        changes: FwoWrite,
        if_match: Option<Etag>,
        request: Option<RequestId>,
    ) -> Result<Arc<Fwo>, Error> {
        changes.check_changes()?;
        let asked = ("update", id, changes.clone(), if_match);
        let (upstream, writer) = (self.0.upstream.clone(), caller.clone());
        let write = move |departure| async move {
            upstream
                .update_fwo(&writer, id, &changes, if_match, &departure)
                .await
        };
        self.0.fwo_writes.run(caller, request, asked, write).await
    }

    /// Deletes an order; fails with `Precondition` where its step does not allow that.
    pub async fn delete_fwo(
        &self,
        caller: &Caller,
        id: FwoId,
        if_match: Option<Etag>,
        request: Option<RequestId>,
    ) -> Result<(), Error> {
        let asked = ("delete fwo", id, if_match);
        let (upstream, writer) = (self.0.upstream.clone(), caller.clone());
        let write = move |departure| async move {
            upstream.delete_fwo(&writer, id, if_match, &departure).await
        };
        self.0.deletions.run(caller, request, asked, write).await
    }
}
