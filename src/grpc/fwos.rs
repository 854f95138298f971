//! The service that reads field work orders: parse, ask the gateway, convert.

use tonic::Request;
use tonic::Response;
use tonic::Status;

use crate::domain::error::Error;
use crate::domain::fwo::FwosQuery;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::gateway::Gateway;
use crate::grpc::auth;
use crate::grpc::error::Resource;
use crate::grpc::filter;
use crate::grpc::order_by;
use crate::grpc::paging;
use crate::grpc::v1;
use crate::grpc::v1::FwoView;
use crate::grpc::v1::fwo_service_server::FwoService;

const FWO: &str = "peerassist.v1.Fwo";

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
        let id = FwoId::new(id).ok_or_else(|| Error::invalid("id", "must be a positive id"))?;
        let found = match view(number)? {
            FwoView::Basic => {
                let summary = self.gateway.fwo_summary(&caller, id).await;
                summary.map(|summary| v1::Fwo::from(&*summary))
            }
            FwoView::Full | FwoView::Unspecified => {
                let fwo = self.gateway.fwo(&caller, id).await;
                fwo.map(|fwo| v1::Fwo::from(&*fwo))
            }
        };
        let resource = Resource {
            kind: FWO,
            name: id.to_string(),
        };
        found
            .map(Response::new)
            .map_err(|error| resource.failed(error))
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
        let page = self.gateway.fwos(&caller, &query, &wanted).await?;
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
        Ok(Response::new(v1::ListFwosResponse {
            fwos,
            next_page_token,
            total_size,
        }))
    }
}

/// The view of a number in the request, which may be one that the contract does not have.
fn view(number: i32) -> Result<FwoView, Error> {
    FwoView::try_from(number)
        .map_err(|_| Error::invalid("view", "must be FWO_VIEW_BASIC or FWO_VIEW_FULL"))
}
