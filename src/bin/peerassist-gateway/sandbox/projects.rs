//! `GET /project` and `GET /project/{id}`: read-only reference data for FWOs.

use axum::Extension;
use axum::extract::State;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::sandbox::columns::Columns;
use crate::sandbox::error::Answer;
use crate::sandbox::error::ErrorBody;
use crate::sandbox::error::Problem;
use crate::sandbox::filter::Filter;
use crate::sandbox::json::Json;
use crate::sandbox::page::Listed;
use crate::sandbox::page::Page;
use crate::sandbox::page::PageParams;
use crate::sandbox::page::PageRequest;
use crate::sandbox::path::Id;
use crate::sandbox::query::Query;
use crate::sandbox::roles::Caller;
use crate::sandbox::store::Store;
use crate::sandbox::texts::Texts;
use crate::sandbox::word::vocabulary;

vocabulary! {
    /// Whether work goes on at a project.
    ProjectStatus {
        Active = "ACTIVE",
        Inactive = "INACTIVE",
    }
}

/// A job for one customer; every FWO belongs to one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Project {
    #[schema(example = 12)]
    id: i64,
    /// Unique in the company.
    #[schema(example = "24-0137")]
    number: String,
    #[schema(example = "Clinic Wing B")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    zip_code: Option<String>,
    #[schema(value_type = Vec<String>, example = json!(["Drywall", "Framing"]))]
    trades: Texts,
    customer_id: i64,
    customer_name: String,
    /// The general contractor's own number for the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    gc_project_number: Option<String>,
    status: ProjectStatus,
}

const SORTABLE: &[(&str, &str)] = &[
    ("id", "p.id"),
    ("number", "p.number"),
    ("name", "p.name"),
    ("city", "p.city"),
    ("state", "p.state"),
    ("status", "p.status"),
    ("customerName", "c.name"),
];

impl Listed for Project {
    const TABLE: &'static str = "projects p";
    const TABLES: &'static str = "projects p JOIN customers c ON c.id = p.customer_id";
    const COLUMNS: &'static str = "p.id, p.number, p.name, p.address1, p.address2, p.city, p.state, p.zip_code, \
        p.trades, p.customer_id, c.name, p.gc_project_number, p.status";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            number: columns.next()?,
            name: columns.next()?,
            address1: columns.next()?,
            address2: columns.next()?,
            city: columns.next()?,
            state: columns.next()?,
            zip_code: columns.next()?,
            trades: columns.next()?,
            customer_id: columns.next()?,
            customer_name: columns.next()?,
            gc_project_number: columns.next()?,
            status: columns.next()?,
        })
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes the parameters in the OpenAPI document; `filter` reads them"
)]
struct ProjectFilters {
    /// Projects of this customer.
    customer_id: Option<i64>,
    /// Any of these; repeatable.
    status: Option<Vec<ProjectStatus>>,
    /// Exactly this number.
    number: Option<String>,
}

pub(crate) fn router() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(projects))
        .routes(routes!(project))
}

/// What the caller may see: the company's projects, for a foreman the assigned ones.
pub(crate) fn visible(caller: &Caller) -> Filter {
    Filter::new("p.company_id = ?", caller.company_id).and(
        "p.id IN (SELECT project_id FROM project_assignments WHERE user_id = ?)",
        caller.assignee(),
    )
}

/// Retrieve projects, page by page
///
/// A foreman sees only assigned projects. Sorts: `id`, `number`, `name`, `city`, `state`, `status`, `customerName`.
#[utoipa::path(
    get,
    path = "/project",
    tag = "Project Controller",
    params(ProjectFilters, PageParams),
    responses(
        (status = 200, description = "A page of projects", body = Page<Project>),
        (status = 400, description = "Unknown sort property, or a filter that cannot be read", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
    )
)]
async fn projects(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    query: Query,
) -> Answer<Json<Page<Project>>> {
    let statuses = query.words("status", ProjectStatus::from_word)?;
    let filter = visible(&caller)
        .and("p.customer_id = ?", query.id("customerId")?)
        .and_any_of(
            "p.status",
            statuses.into_iter().map(ProjectStatus::word).collect(),
        )
        .and("p.number = ?", query.text("number").map(str::to_owned));
    let request = PageRequest::read(&query, SORTABLE)?;
    store
        .read(move |database| Page::list(database, &filter, &request))
        .await
        .map(Json)
}

/// Retrieve project details
#[utoipa::path(
    get,
    path = "/project/{id}",
    tag = "Project Controller",
    params(("id" = i64, Path, example = 12)),
    responses(
        (status = 200, description = "The project", body = Project),
        (status = 400, description = "The id is not a number", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 404, description = "No such project among those the caller may see", body = ErrorBody),
    )
)]
async fn project(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Answer<Json<Project>> {
    let filter = visible(&caller).and("p.id = ?", Some(id));
    let found = store.read(move |database| find(database, &filter)).await?;
    found
        .map(Json)
        .ok_or_else(|| Problem::not_found(format!("Project {id} not found")))
}

fn find(database: &Connection, filter: &Filter) -> Answer<Option<Project>> {
    let (columns, tables) = (Project::COLUMNS, Project::TABLES);
    let found = database
        .prepare_cached(&format!("SELECT {columns} FROM {tables} {}", filter.sql()))?
        .query_row(filter.values(), Project::read)
        .optional()?;
    Ok(found)
}
