//! `GET /fwo` and `GET /fwo/{id}`.

use axum::Extension;
use axum::extract::State;
use rusqlite::Connection;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::sandbox::error::Answer;
use crate::sandbox::error::ErrorBody;
use crate::sandbox::error::Problem;
use crate::sandbox::filter::Filter;
use crate::sandbox::fwo::Fwo;
use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;
use crate::sandbox::fwo::TABLES;
use crate::sandbox::fwo_summary::FwoSummary;
use crate::sandbox::instant::Instant;
use crate::sandbox::json::Json;
use crate::sandbox::page::Page;
use crate::sandbox::page::PageParams;
use crate::sandbox::page::PageRequest;
use crate::sandbox::path::Id;
use crate::sandbox::query::Query;
use crate::sandbox::roles::Caller;
use crate::sandbox::store::Store;

const SORTABLE: &[(&str, &str)] = &[
    ("id", "f.id"),
    ("number", "f.number"),
    ("summary", "f.summary"),
    ("status", "f.status"),
    ("type", "f.type"),
    ("amount", "f.amount"),
    ("romAmount", "f.rom_amount"),
    ("createdDate", "f.created_at"),
    ("updatedDate", "f.updated_at"),
    ("projectNumber", "p.number"),
];

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes the parameters in the OpenAPI document; `filter` reads them"
)]
struct FwoFilters {
    /// FWOs of this project.
    project_id: Option<i64>,
    /// FWOs of this customer's projects.
    customer_id: Option<i64>,
    /// Any of these; repeatable.
    status: Option<Vec<FwoStatus>>,
    /// Any of these; repeatable.
    r#type: Option<Vec<FwoType>>,
    /// Exactly this number.
    number: Option<String>,
    /// The number or the summary contains this text, whatever the case.
    search: Option<String>,
    /// Created then or later.
    created_from: Option<Instant>,
    /// Created before then.
    created_to: Option<Instant>,
    /// Updated then or later.
    updated_from: Option<Instant>,
    /// Updated before then.
    updated_to: Option<Instant>,
}

pub(crate) fn router() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(fwos))
        .routes(routes!(fwo))
}

/// What the caller may see: the company's FWOs, for a foreman those of assigned projects.
fn visible(caller: &Caller) -> Filter {
    Filter::new("f.company_id = ?", caller.company_id).and(
        "f.project_id IN (SELECT project_id FROM project_assignments WHERE user_id = ?)",
        caller.assignee(),
    )
}

/// Retrieve FWOs with pagination
///
/// A foreman sees only the FWOs of assigned projects. Sorts: `id`, `number`, `summary`, `status`, `type`, `amount`,
/// `romAmount`, `createdDate`, `updatedDate`, `projectNumber`.
#[utoipa::path(
    get,
    path = "/fwo",
    tag = "FWO Controller",
    params(FwoFilters, PageParams),
    responses(
        (status = 200, description = "A page of FWOs", body = Page<FwoSummary>),
        (status = 400, description = "Unknown sort property, or a filter that cannot be read", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
    )
)]
async fn fwos(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    query: Query,
) -> Answer<Json<Page<FwoSummary>>> {
    let filter = filter(&caller, &query)?;
    let request = PageRequest::read(&query, SORTABLE)?;
    store
        .read(move |database| list(database, &filter, &request))
        .await
        .map(Json)
}

fn filter(caller: &Caller, query: &Query) -> Answer<Filter> {
    let statuses = query.words("status", FwoStatus::from_word)?;
    let types = query.words("type", FwoType::from_word)?;
    let instant = |name| Ok::<_, Problem>(query.instant(name)?.map(|instant| instant.0));
    Ok(visible(caller)
        .and("f.project_id = ?", query.id("projectId")?)
        .and(
            "f.project_id IN (SELECT id FROM projects WHERE customer_id = ?)",
            query.id("customerId")?,
        )
        .and_any_of(
            "f.status",
            statuses.into_iter().map(FwoStatus::word).collect(),
        )
        .and_any_of("f.type", types.into_iter().map(FwoType::word).collect())
        .and("f.number = ?", query.text("number").map(str::to_owned))
        .and_contains("f.search_folded", query.text("search"))
        .and("f.created_at >= ?", instant("createdFrom")?)
        .and("f.created_at < ?", instant("createdTo")?)
        .and("f.updated_at >= ?", instant("updatedFrom")?)
        .and("f.updated_at < ?", instant("updatedTo")?))
}

/// Filters name columns of `fwos` only, so that counting needs no join: it would cost more than the page.
fn list(database: &Connection, filter: &Filter, request: &PageRequest) -> Answer<Page<FwoSummary>> {
    let matching = filter.sql();
    let total = database
        .prepare_cached(&format!("SELECT count(*) FROM fwos f {matching}"))?
        .query_row(filter.values(), |row| row.get(0))?;
    let (columns, page) = (FwoSummary::COLUMNS, request.sql());
    let content = database
        .prepare_cached(&format!("SELECT {columns} FROM {TABLES} {matching} {page}"))?
        .query_map(
            filter.values_then(request.limit_and_offset()),
            FwoSummary::read,
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Page::new(request, content, total))
}

/// Retrieve FWO details
#[utoipa::path(
    get,
    path = "/fwo/{id}",
    tag = "FWO Controller",
    params(("id" = i64, Path, example = 12)),
    responses(
        (status = 200, description = "The FWO with all its lines", body = Fwo),
        (status = 400, description = "The id is not a number", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 404, description = "No such FWO among those the caller may see", body = ErrorBody),
    )
)]
async fn fwo(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Answer<Json<Fwo>> {
    let filter = visible(&caller).and("f.id = ?", Some(id));
    let found = store
        .read(move |database| Fwo::find(database, &filter))
        .await?;
    found
        .map(Json)
        .ok_or_else(|| Problem::not_found(format!("FWO {id} not found")))
}
