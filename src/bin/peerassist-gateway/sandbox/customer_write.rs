//! What is written to a customer: the body of `POST` and `PUT`, its rules, and what they do to the tables.

use rusqlite::OptionalExtension;
use rusqlite::Transaction;
use rusqlite::named_params;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::sandbox::customers::CustomerStatus;
use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::instant::Instant;
use crate::sandbox::path::BodyId;
use crate::sandbox::roles::Caller;
use crate::sandbox::validation::TEXT_MAX;
use crate::sandbox::validation::Validation;

/// A customer as it is written. What is absent is emptied, but for the last four members, which are never read back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerWrite {
    /// Ignored in a create; in an update the id of the path, 0 or absent.
    #[schema(value_type = Option<i64>, example = 0)]
    pub(crate) id: BodyId,
    #[schema(
        required,
        nullable = false,
        example = "Test New Customer",
        max_length = 255
    )]
    name: Option<String>,
    /// Unique in the company.
    #[schema(required, nullable = false, example = "01000", max_length = 32)]
    number: Option<String>,
    #[schema(example = "1234 Test Address", max_length = 255)]
    address1: Option<String>,
    #[schema(example = "", max_length = 255)]
    address2: Option<String>,
    #[schema(example = "", max_length = 255)]
    city: Option<String>,
    #[schema(example = "OH", max_length = 32)]
    state: Option<String>,
    #[schema(example = "", max_length = 16)]
    zip_code: Option<String>,
    #[schema(required, nullable = false, example = "Test Contact", max_length = 255)]
    contact_name: Option<String>,
    #[schema(
        required,
        nullable = false,
        example = "test.contact@example.com",
        max_length = 255
    )]
    contact_email: Option<String>,
    #[schema(required, nullable = false, example = "0000000000", max_length = 32)]
    contact_phone: Option<String>,
    #[schema(example = "Test Contact", max_length = 255)]
    billing_contact: Option<String>,
    #[schema(example = "test.contact@example.com", max_length = 255)]
    billing_contact_email: Option<String>,
    #[schema(example = "0000000000", max_length = 32)]
    billing_contact_phone: Option<String>,
    /// `ACTIVE` where absent.
    status: Option<CustomerStatus>,
    /// The template of percentages for projects; 0 or absent leaves it as it is.
    #[schema(example = 0)]
    billing_template_id: Option<i64>,
    /// The template of trades for projects; 0 or absent leaves it as it is.
    #[schema(example = 0)]
    trade_template_id: Option<i64>,
    /// Whether the templates are put on the customer's projects, too.
    update_projects: Option<bool>,
    /// Whether the open FWOs of the customer are told.
    #[serde(rename = "updateFWOs")]
    update_fwos: Option<bool>,
}

/// A body without a broken rule.
pub(crate) struct Checked {
    name: String,
    number: String,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip_code: Option<String>,
    contact_name: String,
    contact_email: String,
    contact_phone: String,
    billing_contact: Option<String>,
    billing_contact_email: Option<String>,
    billing_contact_phone: Option<String>,
    status: CustomerStatus,
    billing_template_id: Option<i64>,
    trade_template_id: Option<i64>,
    update_projects: bool,
    update_fwos: bool,
}

impl CustomerWrite {
    /// Refuses with 400 whatever breaks a rule, all at once.
    pub(crate) fn check(self, database: &Transaction<'_>, caller: &Caller) -> Answer<Checked> {
        let mut rules = Validation::default();
        let template = |id: Option<i64>| id.filter(|id| *id != 0);
        let checked = Checked {
            name: rules.needed("name", self.name, TEXT_MAX),
            number: rules.needed("number", self.number, 32),
            address1: rules.optional("address1", self.address1, TEXT_MAX),
            address2: rules.optional("address2", self.address2, TEXT_MAX),
            city: rules.optional("city", self.city, TEXT_MAX),
            state: rules.optional("state", self.state, 32),
            zip_code: rules.optional("zipCode", self.zip_code, 16),
            contact_name: rules.needed("contactName", self.contact_name, TEXT_MAX),
            contact_email: rules.needed("contactEmail", self.contact_email, TEXT_MAX),
            contact_phone: rules.needed("contactPhone", self.contact_phone, 32),
            billing_contact: rules.optional("billingContact", self.billing_contact, TEXT_MAX),
            billing_contact_email: rules.optional(
                "billingContactEmail",
                self.billing_contact_email,
                TEXT_MAX,
            ),
            billing_contact_phone: rules.optional(
                "billingContactPhone",
                self.billing_contact_phone,
                32,
            ),
            status: self.status.unwrap_or(CustomerStatus::Active),
            billing_template_id: template(self.billing_template_id),
            trade_template_id: template(self.trade_template_id),
            update_projects: self.update_projects.unwrap_or(false),
            update_fwos: self.update_fwos.unwrap_or(false),
        };
        rules.email("contactEmail", &checked.contact_email);
        let billing_email = checked.billing_contact_email.as_deref();
        rules.email("billingContactEmail", billing_email.unwrap_or_default());
        for (field, table, id) in [
            (
                "billingTemplateId",
                "billing_templates",
                checked.billing_template_id,
            ),
            (
                "tradeTemplateId",
                "trade_templates",
                checked.trade_template_id,
            ),
        ] {
            if let Some(id) = id
                && !is_there(database, table, caller, id)?
            {
                rules.refuse(field, "does not exist");
            }
        }
        rules.finish().map(|()| checked)
    }
}

fn is_there(
    database: &Transaction<'_>,
    table: &'static str,
    caller: &Caller,
    id: i64,
) -> rusqlite::Result<bool> {
    let sql = format!("SELECT 1 FROM {table} WHERE company_id = ? AND id = ?");
    let mut statement = database.prepare_cached(&sql)?;
    statement.exists((caller.company_id, id))
}

const INSERT: &str = "INSERT INTO customers (company_id, name, name_folded, number, address1, address2, city, state, \
    zip_code, contact_name, contact_email, contact_phone, billing_contact, billing_contact_email, \
    billing_contact_phone, status, billing_template_id, trade_template_id) \
    VALUES (:company_id, :name, :name_folded, :number, :address1, :address2, :city, :state, :zip_code, \
    :contact_name, :contact_email, :contact_phone, :billing_contact, :billing_contact_email, \
    :billing_contact_phone, :status, :billing_template_id, :trade_template_id)";

/// A template that is not named stays.
const UPDATE: &str = "UPDATE customers SET name = :name, name_folded = :name_folded, number = :number, \
    address1 = :address1, address2 = :address2, city = :city, state = :state, zip_code = :zip_code, \
    contact_name = :contact_name, contact_email = :contact_email, contact_phone = :contact_phone, \
    billing_contact = :billing_contact, billing_contact_email = :billing_contact_email, \
    billing_contact_phone = :billing_contact_phone, status = :status, \
    billing_template_id = coalesce(:billing_template_id, billing_template_id), \
    trade_template_id = coalesce(:trade_template_id, trade_template_id) \
    WHERE company_id = :company_id AND id = :id";

impl Checked {
    /// Makes a customer and gives its id.
    pub(crate) fn insert(&self, database: &Transaction<'_>, caller: &Caller) -> Answer<i64> {
        self.claim_number(database, caller, None)?;
        self.execute(database, caller, None)?;
        let id = database.last_insert_rowid();
        self.cascade(database, id)?;
        Ok(id)
    }

    /// Replaces a customer that is there.
    pub(crate) fn update(
        &self,
        database: &Transaction<'_>,
        caller: &Caller,
        id: i64,
    ) -> Answer<()> {
        self.claim_number(database, caller, Some(id))?;
        self.execute(database, caller, Some(id))?;
        self.cascade(database, id)
    }

    fn claim_number(
        &self,
        database: &Transaction<'_>,
        caller: &Caller,
        id: Option<i64>,
    ) -> Answer<()> {
        let sql = "SELECT id FROM customers WHERE company_id = ? AND number = ?";
        let holder: Option<i64> = database
            .prepare_cached(sql)?
            .query_row((caller.company_id, &self.number), |row| row.get(0))
            .optional()?;
        if holder.is_some() && holder != id {
            let message = format!("Customer number {} already exists", self.number);
            return Err(Problem::conflict(message));
        }
        Ok(())
    }

    fn execute(
        &self,
        database: &Transaction<'_>,
        caller: &Caller,
        id: Option<i64>,
    ) -> rusqlite::Result<usize> {
        let folded = self.name.to_lowercase();
        let values = named_params! {
            ":company_id": caller.company_id, ":name": self.name, ":name_folded": folded, ":number": self.number,
            ":address1": self.address1, ":address2": self.address2, ":city": self.city, ":state": self.state,
            ":zip_code": self.zip_code, ":contact_name": self.contact_name, ":contact_email": self.contact_email,
            ":contact_phone": self.contact_phone, ":billing_contact": self.billing_contact,
            ":billing_contact_email": self.billing_contact_email,
            ":billing_contact_phone": self.billing_contact_phone, ":status": self.status,
            ":billing_template_id": self.billing_template_id, ":trade_template_id": self.trade_template_id,
        };
        match id {
            None => database.prepare_cached(INSERT)?.execute(values),
            Some(id) => {
                let named: Vec<_> = values.iter().copied().chain([(":id", &id as _)]).collect();
                database.prepare_cached(UPDATE)?.execute(&named[..])
            }
        }
    }

    /// Puts the templates on the projects and tells the open FWOs, where that is asked for.
    fn cascade(&self, database: &Transaction<'_>, id: i64) -> Answer<()> {
        let now = Instant::now();
        if self.update_projects {
            let sql = "UPDATE projects SET billing_template_id = coalesce(?, billing_template_id), \
                trade_template_id = coalesce(?, trade_template_id), updated_at = ? WHERE customer_id = ?";
            database.prepare_cached(sql)?.execute((
                self.billing_template_id,
                self.trade_template_id,
                now,
                id,
            ))?;
        }
        if self.update_fwos {
            let sql = "UPDATE fwos SET updated_at = ? WHERE status NOT IN ('CHANGE_ORDER_ISSUED', 'INVOICE_ISSUED', \
                'INVOICE_PAID') AND project_id IN (SELECT id FROM projects WHERE customer_id = ?)";
            database.prepare_cached(sql)?.execute((now, id))?;
        }
        Ok(())
    }
}

/// Deletes a customer to whom no project refers.
pub(crate) fn delete(database: &Transaction<'_>, id: i64) -> Answer<()> {
    let sql = "SELECT count(*) FROM projects WHERE customer_id = ?";
    let projects: i64 = database
        .prepare_cached(sql)?
        .query_row([id], |row| row.get(0))?;
    if projects > 0 {
        let message = format!("Customer {id} is referenced by {projects} projects");
        return Err(Problem::conflict(message));
    }
    let sql = "DELETE FROM customers WHERE id = ?";
    database.prepare_cached(sql)?.execute([id])?;
    Ok(())
}
