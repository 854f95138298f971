//! The service of field work orders: parse, ask the gateway, convert.

use tonic::Request;
use tonic::Response;
use tonic::Status;

use crate::domain::error::Error;
use crate::domain::filter::Filter;
use crate::domain::fwo::FwosQuery;
use crate::domain::fwo_filter::FwosFilterMember;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::gateway::Bill;
use crate::gateway::Gateway;
use crate::gateway::bill;
use crate::grpc::auth;
use crate::grpc::caching;
use crate::grpc::error;
use crate::grpc::error::Resource;
use crate::grpc::field_path::Object;
use crate::grpc::filter;
use crate::grpc::fwo_write;
use crate::grpc::order_by;
use crate::grpc::paging;
use crate::grpc::reading::Deletion;
use crate::grpc::reading::Update;
use crate::grpc::restriction;
use crate::grpc::v1;
use crate::grpc::v1::FwoView;
use crate::grpc::v1::fwo_service_server::FwoService;

/// `peerassist.v1.FwoService`.
pub(super) struct Fwos {
    pub(super) gateway: Gateway,
}

#[tonic::async_trait]
impl FwoService for Fwos {
    async fn get_fwo(
        &self,
        request: Request<v1::GetFwoRequest>,
    ) -> Result<Response<v1::Fwo>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let v1::GetFwoRequest { id, view: number } = request.into_inner();
        let id = FwoId::read("id", id)?;
        let view = view(number)?;
        self.gateway.admit(&caller, Bill::calls(bill::READ))?;
        let found = match view {
            FwoView::Basic => {
                let summary = self.gateway.fwo_summary(&caller, id).await;
                summary.map(|summary| v1::Fwo::from(&*summary))
            }
            FwoView::Full | FwoView::Unspecified => {
                let fwo = self.gateway.fwo(&caller, id).await;
                fwo.map(|fwo| v1::Fwo::from(&*fwo))
            }
        };
        found
            .map(|fwo| caching::told(&caller, fwo))
            .map_err(|error| resource(id).failed(error))
    }

    async fn list_fwos(
        &self,
        request: Request<v1::ListFwosRequest>,
    ) -> Result<Response<v1::ListFwosResponse>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let v1::ListFwosRequest {
            page_size,
            page_token,
            skip,
            filter,
            order_by,
            view: number,
        } = request.into_inner();
        let view = view(number)?;
        let wanted = paging::page_request(page_size, page_token, skip)?;
        let query = FwosQuery::new(filter::fwos(&filter)?, order_by::parse(&order_by)?);
        let members = query.filter.members();
        let bill = match view {
            FwoView::Basic | FwoView::Unspecified => self.gateway.fwos_bill(&members, &wanted),
            FwoView::Full => self.gateway.fwos_in_full_bill(&members, &wanted),
        };
        self.gateway.admit(&caller, bill)?;
        let page = self.gateway.fwos(&caller, &query, &wanted).await;
        let page = page.map_err(restriction::told::<FwosFilterMember>)?;
        let next_page_token = page.next_token().unwrap_or_default();
        let total_size = paging::total_size(page.total);
        let rows = page.rows.into_iter().collect::<Result<Vec<_>, Error>>()?;
        let fwos = match view {
            FwoView::Basic | FwoView::Unspecified => {
                rows.iter().map(|row| v1::Fwo::from(&**row)).collect()
            }
            FwoView::Full => {
                let fwos = self.gateway.fwos_in_full(&caller, &rows).await?;
                fwos.iter().map(|fwo| v1::Fwo::from(&**fwo)).collect()
            }
        };
        let page = v1::ListFwosResponse {
            fwos,
            next_page_token,
            total_size,
        };
        Ok(caching::told(&caller, page))
    }

    async fn create_fwo(
        &self,
        request: Request<v1::CreateFwoRequest>,
    ) -> Result<Response<v1::Fwo>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let (fwo, request) = fwo_write::create(request.into_inner())?;
        self.gateway.admit(&caller, Bill::calls(bill::CREATE))?;
        let name = request.clone();
        let made = self.gateway.create_fwo(&caller, fwo, request).await;
        let made = made.map_err(|error| {
            let error = Object::Fwo.told(error);
            error::of_request(name.as_ref(), error)
        })?;
        Ok(Response::new(v1::Fwo::from(&*made)))
    }

    async fn update_fwo(
        &self,
        request: Request<v1::UpdateFwoRequest>,
    ) -> Result<Response<v1::Fwo>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let Update {
            id,
            changes,
            if_match,
        } = fwo_write::update(request.into_inner())?;
        self.gateway.admit(&caller, Bill::calls(bill::UPDATE))?;
        let changed = self
            .gateway
            .update_fwo(&caller, id, changes, if_match, None)
            .await;
        let changed = changed.map_err(|error| {
            let error = Object::Fwo.told(error);
            resource(id).failed(error)
        })?;
        Ok(Response::new(v1::Fwo::from(&*changed)))
    }

    async fn delete_fwo(
        &self,
        request: Request<v1::DeleteFwoRequest>,
    ) -> Result<Response<()>, Status> {
        let caller = auth::caller(&self.gateway, &request)?;
        let Deletion { id, if_match } = fwo_write::delete(request.into_inner())?;
        self.gateway
            .admit(&caller, bill::deletion(if_match.is_some()))?;
        let deleted = self.gateway.delete_fwo(&caller, id, if_match, None).await;
        deleted
            .map(Response::new)
            .map_err(|error| resource(id).failed(error))
    }
}

fn resource(id: FwoId) -> Resource {
    Resource {
        kind: Object::Fwo.message(),
        name: id.to_string(),
    }
}

/// The view of a number in the request, which may be one that the contract does not have.
fn view(number: i32) -> Result<FwoView, Error> {
    FwoView::try_from(number)
        .map_err(|_| Error::invalid("view", "must be FWO_VIEW_BASIC or FWO_VIEW_FULL"))
}
