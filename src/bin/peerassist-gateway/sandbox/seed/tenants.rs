//! Companies, their users and templates.

use rusqlite::Transaction;

use crate::sandbox::decimal::Percent;
use crate::sandbox::passwords;
use crate::sandbox::roles::Role;
use crate::sandbox::tokens;

/// Everybody's password: the worlds are invented and the sandbox listens on loopback.
const PASSWORD: &str = "demo-password";

/// A company that has been written, and who works there.
pub(super) struct Tenant {
    pub(super) company_id: i64,
    pub(super) domain: &'static str,
    users: Vec<(Role, i64)>,
}

impl Tenant {
    /// The user of a role; absent where the company has none.
    pub(super) fn user_id(&self, role: Role) -> Option<i64> {
        self.users
            .iter()
            .find(|(held, _)| *held == role)
            .map(|(_, id)| *id)
    }

    pub(super) fn user_name(&self, role: Role) -> String {
        let held = if self.user_id(role).is_some() {
            role
        } else {
            Role::Admin
        };
        user_name(held, self.domain)
    }
}

pub(super) fn lakeline(database: &Transaction<'_>) -> anyhow::Result<Tenant> {
    let roles = [Role::Admin, Role::Pm, Role::Foreman, Role::Viewer];
    write(
        database,
        "Lakeline Interiors",
        "demo-key",
        "lakeline.example",
        &roles,
    )
}

pub(super) fn harbor(database: &Transaction<'_>) -> anyhow::Result<Tenant> {
    write(
        database,
        "Harbor Tile",
        "harbor-key",
        "harbortile.example",
        &[Role::Admin],
    )
}

fn write(
    database: &Transaction<'_>,
    name: &str,
    client_key: &str,
    domain: &'static str,
    roles: &[Role],
) -> anyhow::Result<Tenant> {
    database
        .prepare_cached("INSERT INTO companies (name, client_key_hash) VALUES (?, ?)")?
        .execute((name, tokens::hash(client_key)))?;
    let company_id = database.last_insert_rowid();
    let mut users = Vec::new();
    for role in roles.iter().copied() {
        database
            .prepare_cached("INSERT INTO users (company_id, user_name, password_hash, role) VALUES (?, ?, ?, ?)")?
            .execute((company_id, user_name(role, domain), passwords::hash(PASSWORD)?, role))?;
        users.push((role, database.last_insert_rowid()));
    }
    templates(database, company_id)?;
    Ok(Tenant {
        company_id,
        domain,
        users,
    })
}

fn user_name(role: Role, domain: &str) -> String {
    format!("{}@{domain}", role.word().to_lowercase())
}

fn templates(database: &Transaction<'_>, company_id: i64) -> anyhow::Result<()> {
    for (name, overhead, profit) in [("Standard 10 + 10", 10, 10), ("Negotiated 10 + 5", 10, 5)] {
        database
            .prepare_cached(
                "INSERT INTO billing_templates (company_id, name, overhead_percent, profit_percent) VALUES (?, ?, ?, ?)",
            )?
            .execute((company_id, name, Percent::whole(overhead), Percent::whole(profit)))?;
    }
    for name in ["Union rates", "Open shop rates"] {
        database
            .prepare_cached("INSERT INTO trade_templates (company_id, name) VALUES (?, ?)")?
            .execute((company_id, name))?;
    }
    Ok(())
}
