//! Projects and who is assigned to them.

use fastrand::Rng;
use rusqlite::Transaction;
use rusqlite::params;

use super::calendar;
use super::customers::DEMO_CUSTOMERS;
use super::tenants::Tenant;
use super::words::CITIES;
use super::words::PROJECT_NAMES;
use super::words::STREETS;
use super::words::TRADES;
use crate::sandbox::projects::ProjectStatus;
use crate::sandbox::roles::Role;
use crate::sandbox::texts::Texts;

const DEMO_PROJECTS: usize = 240;

/// A project that has been written, as far as its FWOs need it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) id: i64,
    pub(super) state: &'static str,
}

pub(super) fn docs(database: &Transaction<'_>, tenant: &Tenant) -> anyhow::Result<Place> {
    insert(database, tenant, 0, 3, Texts::from(["Drywall", "Framing"]))
}

pub(super) fn demo(
    database: &Transaction<'_>,
    tenant: &Tenant,
    rng: &mut Rng,
) -> anyhow::Result<Vec<Place>> {
    let customer_ids = customers_by_rank();
    (0..DEMO_PROJECTS)
        .map(|index| {
            insert(
                database,
                tenant,
                index,
                customer_ids[index],
                some_trades(rng),
            )
        })
        .collect()
}

pub(super) fn harbor(
    database: &Transaction<'_>,
    tenant: &Tenant,
    customer_ids: &[i64],
) -> anyhow::Result<Vec<Place>> {
    let written = customer_ids.iter().enumerate();
    written
        .map(|(index, id)| insert(database, tenant, index, *id, Texts::from(["Tile"])))
        .collect()
}

/// The customer of each project, in the manner of Zipf: 25 projects for the first, fewer for each next, none for the last.
/// The first is the guide's customer, the second is inactive.
fn customers_by_rank() -> Vec<i64> {
    let customer_of_rank = |rank: usize| (rank * 7 + 2) % DEMO_CUSTOMERS + 1;
    let mut customer_ids = Vec::with_capacity(DEMO_PROJECTS);
    for rank in 0..DEMO_CUSTOMERS {
        let projects = (100 / (4 + rank)).min(DEMO_PROJECTS - customer_ids.len());
        customer_ids.extend(std::iter::repeat_n(customer_of_rank(rank) as i64, projects));
    }
    customer_ids
}

fn some_trades(rng: &mut Rng) -> Texts {
    let mut trades = TRADES.to_vec();
    rng.shuffle(&mut trades);
    trades.truncate(rng.usize(1..=3));
    Texts(trades.into_iter().map(str::to_owned).collect())
}

fn insert(
    database: &Transaction<'_>,
    tenant: &Tenant,
    index: usize,
    customer_id: i64,
    trades: Texts,
) -> anyhow::Result<Place> {
    let (city, state, zip_code) = CITIES[index * 7 % CITIES.len()];
    let name = PROJECT_NAMES[index % PROJECT_NAMES.len()];
    let phase = index / PROJECT_NAMES.len();
    let status = if index % 10 < 7 {
        ProjectStatus::Active
    } else {
        ProjectStatus::Inactive
    };
    let sql = "INSERT INTO projects (company_id, customer_id, number, name, address1, city, state, zip_code, trades,
                   gc_project_number, status, updated_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    database.prepare_cached(sql)?.execute(params![
        tenant.company_id,
        customer_id,
        format!("{}-{:04}", 24 + index / 80, 137 + index),
        if phase == 0 {
            name.to_owned()
        } else {
            format!("{name} {}", phase + 1)
        },
        format!("{} {}", 11 + index * 3, STREETS[index % STREETS.len()]),
        city,
        state,
        zip_code,
        trades,
        (!index.is_multiple_of(4)).then(|| format!("GC-{}", 5_000 + index * 13)),
        status,
        calendar::end(),
    ])?;
    let id = database.last_insert_rowid();
    assign(database, tenant, index, id)?;
    Ok(Place { id, state })
}

/// The project manager is on every team, the foreman on every third.
fn assign(
    database: &Transaction<'_>,
    tenant: &Tenant,
    index: usize,
    project_id: i64,
) -> anyhow::Result<()> {
    let foreman = tenant
        .user_id(Role::Foreman)
        .filter(|_| index.is_multiple_of(3));
    for user_id in tenant.user_id(Role::Pm).into_iter().chain(foreman) {
        database
            .prepare_cached("INSERT INTO project_assignments (user_id, project_id) VALUES (?, ?)")?
            .execute((user_id, project_id))?;
    }
    Ok(())
}
