//! FWOs: a page of them, one of them, and what is done to one.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::Connection;
use rusqlite::Transaction;
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
use crate::sandbox::fwo_draft;
use crate::sandbox::fwo_steps;
use crate::sandbox::fwo_summary::FwoSummary;
use crate::sandbox::fwo_write::FwoWrite;
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
        .routes(routes!(fwos, create, update_by_body))
        .routes(routes!(fwo, update, delete))
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
        .read(move |database| Page::list(database, &filter, &request))
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
    store
        .read(move |database| find(database, &caller, id))
        .await
        .map(Json)
}

fn find(database: &Connection, caller: &Caller, id: i64) -> Answer<Fwo> {
    let filter = visible(caller).and("f.id = ?", Some(id));
    Fwo::find(database, &filter)?.ok_or_else(|| Problem::not_found(format!("FWO {id} not found")))
}

/// Create FWO
///
/// It begins in ENTRY and gets the next number of its project. A foreman creates FWOs in assigned projects, and gives no
/// percentages.
#[utoipa::path(
    post,
    path = "/fwo",
    operation_id = "create_fwo",
    tag = "FWO Controller",
    request_body = FwoWrite,
    responses(
        (status = 200, description = "The new FWO, with its id and number", body = Fwo),
        (status = 400, description = "Not JSON, or a member breaks a rule", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write FWOs, or not give percentages", body = ErrorBody),
        (status = 409, description = "A signature, change order or invoice, which none has in ENTRY", body = ErrorBody),
    )
)]
async fn create(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Json(write): Json<FwoWrite>,
) -> Answer<Json<Fwo>> {
    caller.may_write_fwos()?;
    let change = move |database: &Transaction<'_>| {
        let mut fwo = fwo_steps::begin(write.create(database, &caller)?, &caller)?;
        fwo.number = fwo_draft::next_number(database, fwo.project_id)?;
        let id = fwo.insert(database, None)?;
        find(database, &caller, id)
    };
    store.write(change).await.map(Json)
}

/// Update FWO
///
/// Replaces every member that can be written, and moves the FWO to the step that `status` names. Which moves there are and
/// which members may change is decided by the step before; a member that is sent unchanged never conflicts.
///
/// - ENTRY → PENDING_SIGNATURE, PRICING
/// - PENDING_SIGNATURE → PRICING (needs a signature), PENDING_CHANGES, ENTRY
/// - PENDING_CHANGES → PENDING_SIGNATURE, ENTRY
/// - PRICING → WAITING_FOR_APPROVAL, ENTRY, INVOICE_ISSUED (service work)
/// - WAITING_FOR_APPROVAL → EXECUTED (field work), PRICING, INVOICE_ISSUED (service work)
/// - EXECUTED → CHANGE_ORDER_ISSUED (needs a `changeOrderNumber`), GC_REWORK, PRICING
/// - GC_REWORK → PRICING, WAITING_FOR_APPROVAL
/// - CHANGE_ORDER_ISSUED → EXECUTED
/// - INVOICE_ISSUED → INVOICE_PAID, PRICING
///
/// A move to ENTRY or PENDING_CHANGES clears the signature. Lines and `premiumTime` change in ENTRY, PENDING_CHANGES and
/// PRICING; percentages in PRICING and GC_REWORK; `type` in ENTRY; the other texts and `romAmount` until the general
/// contractor has the change order request or the invoice, and again in GC_REWORK. A foreman writes the FWOs of assigned
/// projects, moves them as far as PRICING, and changes no percentages.
#[utoipa::path(
    put,
    path = "/fwo/{id}",
    operation_id = "update_fwo",
    tag = "FWO Controller",
    params(("id" = i64, Path, example = 12)),
    request_body = FwoWrite,
    responses(
        (status = 200, description = "The FWO as it is now", body = Fwo),
        (status = 400, description = "Not JSON, a member breaks a rule, or the body has another id", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write FWOs, or not make this change", body = ErrorBody),
        (status = 404, description = "No such FWO among those the caller may see", body = ErrorBody),
        (status = 409, description = "The step does not allow the move or the change", body = ErrorBody),
    )
)]
async fn update(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Json(write): Json<FwoWrite>,
) -> Answer<Json<Fwo>> {
    caller.may_write_fwos()?;
    write.id.agree(id)?;
    replace(&store, caller, id, write).await
}

/// Update FWO, the id in the body
///
/// The rules of `PUT /fwo/{id}`.
#[utoipa::path(
    put,
    path = "/fwo",
    operation_id = "update_fwo_by_body",
    tag = "FWO Controller",
    request_body = FwoWrite,
    responses(
        (status = 200, description = "The FWO as it is now", body = Fwo),
        (status = 400, description = "Not JSON, a member breaks a rule, or there is no id", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write FWOs, or not make this change", body = ErrorBody),
        (status = 404, description = "No such FWO among those the caller may see", body = ErrorBody),
        (status = 409, description = "The step does not allow the move or the change", body = ErrorBody),
    )
)]
async fn update_by_body(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Json(write): Json<FwoWrite>,
) -> Answer<Json<Fwo>> {
    caller.may_write_fwos()?;
    let id = write.id.meant()?;
    replace(&store, caller, id, write).await
}

async fn replace(store: &Store, caller: Caller, id: i64, write: FwoWrite) -> Answer<Json<Fwo>> {
    let change = move |database: &Transaction<'_>| {
        let present = find(database, &caller, id)?.into_draft(caller.company_id);
        let fwo = fwo_steps::go_on(write.update(present)?, &caller)?;
        fwo.update(database, id)?;
        find(database, &caller, id)
    };
    store.write(change).await.map(Json)
}

/// Delete FWO
///
/// Not once it is in EXECUTED, CHANGE_ORDER_ISSUED, INVOICE_ISSUED or INVOICE_PAID. A foreman deletes FWOs of assigned
/// projects while they are in ENTRY. Its number is not given again.
#[utoipa::path(
    delete,
    path = "/fwo/{id}",
    operation_id = "delete_fwo",
    tag = "FWO Controller",
    params(("id" = i64, Path, example = 12)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "The id is not a number", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not delete FWOs, or not in this step", body = ErrorBody),
        (status = 404, description = "No such FWO among those the caller may see", body = ErrorBody),
        (status = 409, description = "The general contractor has it", body = ErrorBody),
    )
)]
async fn delete(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Answer<StatusCode> {
    caller.may_write_fwos()?;
    let change = move |database: &Transaction<'_>| {
        let fwo = find(database, &caller, id)?;
        fwo_steps::may_delete(fwo.status, &caller)?;
        fwo_draft::delete(database, id)?;
        Ok(())
    };
    store.write(change).await.map(|()| StatusCode::NO_CONTENT)
}
