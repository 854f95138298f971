//! Customers: a page of them, one of them, and what is done to one.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Row;
use rusqlite::Transaction;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::sandbox::columns::Columns;
use crate::sandbox::customer_write;
use crate::sandbox::customer_write::CustomerWrite;
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
use crate::sandbox::word::vocabulary;

vocabulary! {
    /// Whether new work may be booked for a customer.
    CustomerStatus {
        Active = "ACTIVE",
        Inactive = "INACTIVE",
    }
}

/// A general contractor or owner. Absent values are left out, empty ones are kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    #[schema(example = 3)]
    id: i64,
    #[schema(example = "USA General Contractors, Inc.")]
    name: String,
    /// The company's own number for the customer; unique in the company.
    #[schema(example = "200-000")]
    number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "123 America Street", nullable = false)]
    address1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "San Francisco", nullable = false)]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "CA", nullable = false)]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "94104", nullable = false)]
    zip_code: Option<String>,
    #[schema(example = "Test Contact")]
    contact_name: String,
    #[schema(example = "test.contact@example.com")]
    contact_email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Test Contact", nullable = false)]
    billing_contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "test.contact@example.com", nullable = false)]
    billing_contact_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0000000000", nullable = false)]
    billing_contact_phone: Option<String>,
    #[schema(example = "6144561447")]
    contact_phone: String,
    status: CustomerStatus,
}

const SORTABLE: &[(&str, &str)] = &[
    ("id", "c.id"),
    ("name", "c.name"),
    ("number", "c.number"),
    ("city", "c.city"),
    ("state", "c.state"),
    ("status", "c.status"),
];

impl Listed for Customer {
    const TABLE: &'static str = "customers c";
    const TABLES: &'static str = Self::TABLE;
    const COLUMNS: &'static str = "c.id, c.name, c.number, c.address1, c.address2, c.city, c.state, c.zip_code, \
        c.contact_name, c.contact_email, c.billing_contact, c.billing_contact_email, c.billing_contact_phone, \
        c.contact_phone, c.status";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.next()?,
            name: columns.next()?,
            number: columns.next()?,
            address1: columns.next()?,
            address2: columns.next()?,
            city: columns.next()?,
            state: columns.next()?,
            zip_code: columns.next()?,
            contact_name: columns.next()?,
            contact_email: columns.next()?,
            billing_contact: columns.next()?,
            billing_contact_email: columns.next()?,
            billing_contact_phone: columns.next()?,
            contact_phone: columns.next()?,
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
struct CustomerFilters {
    /// Any of these; repeatable.
    status: Option<Vec<CustomerStatus>>,
    /// Exactly this number.
    number: Option<String>,
    /// The name contains this text, whatever the case.
    name: Option<String>,
}

pub(crate) fn router() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(customers, create, update_by_body))
        .routes(routes!(customer, update, delete))
}

/// Retrieve customers, page by page
///
/// Sorts: `id`, `name`, `number`, `city`, `state`, `status`.
#[utoipa::path(
    get,
    path = "/customer",
    tag = "Customer Controller",
    params(CustomerFilters, PageParams),
    responses(
        (status = 200, description = "A page of customers", body = Page<Customer>),
        (status = 400, description = "Unknown sort property, or a filter that cannot be read", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
    )
)]
async fn customers(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    query: Query,
) -> Answer<Json<Page<Customer>>> {
    let filter = filter(&caller, &query)?;
    let request = PageRequest::read(&query, SORTABLE)?;
    store
        .read(move |database| Page::list(database, &filter, &request))
        .await
        .map(Json)
}

fn filter(caller: &Caller, query: &Query) -> Answer<Filter> {
    let statuses = query.words("status", CustomerStatus::from_word)?;
    Ok(Filter::new("c.company_id = ?", caller.company_id)
        .and_any_of(
            "c.status",
            statuses.into_iter().map(CustomerStatus::word).collect(),
        )
        .and("c.number = ?", query.text("number").map(str::to_owned))
        .and_contains("c.name_folded", query.text("name")))
}

/// Retrieve customer details
#[utoipa::path(
    get,
    path = "/customer/{id}",
    tag = "Customer Controller",
    params(("id" = i64, Path, example = 3)),
    responses(
        (status = 200, description = "The customer", body = Customer),
        (status = 400, description = "The id is not a number", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 404, description = "No such customer in the company", body = ErrorBody),
    )
)]
async fn customer(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Answer<Json<Customer>> {
    store
        .read(move |database| find(database, &caller, id))
        .await
        .map(Json)
}

fn find(database: &Connection, caller: &Caller, id: i64) -> Answer<Customer> {
    let columns = Customer::COLUMNS;
    database
        .prepare_cached(&format!(
            "SELECT {columns} FROM customers c WHERE c.company_id = ? AND c.id = ?"
        ))?
        .query_row((caller.company_id, id), Customer::read)
        .optional()?
        .ok_or_else(|| Problem::not_found(format!("Customer {id} not found")))
}

/// Create customer
#[utoipa::path(
    post,
    path = "/customer",
    operation_id = "create_customer",
    tag = "Customer Controller",
    request_body = CustomerWrite,
    responses(
        (status = 200, description = "The new customer, with its id", body = Customer),
        (status = 400, description = "Not JSON, or a member breaks a rule", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write customers", body = ErrorBody),
        (status = 409, description = "Another customer has this number", body = ErrorBody),
    )
)]
async fn create(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Json(write): Json<CustomerWrite>,
) -> Answer<Json<Customer>> {
    caller.may_write_customers()?;
    let change = move |database: &Transaction<'_>| {
        let id = write.check(database, &caller)?.insert(database, &caller)?;
        find(database, &caller, id)
    };
    store.write(change).await.map(Json)
}

/// Update customer
///
/// Replaces every member that can be read: what is absent is emptied.
#[utoipa::path(
    put,
    path = "/customer/{id}",
    operation_id = "update_customer",
    tag = "Customer Controller",
    params(("id" = i64, Path, example = 3)),
    request_body = CustomerWrite,
    responses(
        (status = 200, description = "The customer as it is now", body = Customer),
        (status = 400, description = "Not JSON, a member breaks a rule, or the body has another id", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write customers", body = ErrorBody),
        (status = 404, description = "No such customer in the company", body = ErrorBody),
        (status = 409, description = "Another customer has this number", body = ErrorBody),
    )
)]
async fn update(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Json(write): Json<CustomerWrite>,
) -> Answer<Json<Customer>> {
    caller.may_write_customers()?;
    write.id.agree(id)?;
    replace(&store, caller, id, write).await
}

/// Update customer, the id in the body
#[utoipa::path(
    put,
    path = "/customer",
    operation_id = "update_customer_by_body",
    tag = "Customer Controller",
    request_body = CustomerWrite,
    responses(
        (status = 200, description = "The customer as it is now", body = Customer),
        (status = 400, description = "Not JSON, a member breaks a rule, or there is no id", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write customers", body = ErrorBody),
        (status = 404, description = "No such customer in the company", body = ErrorBody),
        (status = 409, description = "Another customer has this number", body = ErrorBody),
    )
)]
async fn update_by_body(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Json(write): Json<CustomerWrite>,
) -> Answer<Json<Customer>> {
    caller.may_write_customers()?;
    let id = write.id.meant()?;
    replace(&store, caller, id, write).await
}

async fn replace(
    store: &Store,
    caller: Caller,
    id: i64,
    write: CustomerWrite,
) -> Answer<Json<Customer>> {
    let change = move |database: &Transaction<'_>| {
        find(database, &caller, id)?;
        let checked = write.check(database, &caller)?;
        checked.update(database, &caller, id)?;
        find(database, &caller, id)
    };
    store.write(change).await.map(Json)
}

/// Delete customer
///
/// Only one without projects; make others inactive.
#[utoipa::path(
    delete,
    path = "/customer/{id}",
    operation_id = "delete_customer",
    tag = "Customer Controller",
    params(("id" = i64, Path, example = 4)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "The id is not a number", body = ErrorBody),
        (status = 401, description = "Missing, unknown or expired token", body = ErrorBody),
        (status = 403, description = "The user may not write customers", body = ErrorBody),
        (status = 404, description = "No such customer in the company", body = ErrorBody),
        (status = 409, description = "A project refers to it", body = ErrorBody),
    )
)]
async fn delete(
    State(store): State<Store>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Answer<StatusCode> {
    caller.may_write_customers()?;
    let change = move |database: &Transaction<'_>| {
        find(database, &caller, id)?;
        customer_write::delete(database, id)
    };
    store.write(change).await.map(|()| StatusCode::NO_CONTENT)
}
