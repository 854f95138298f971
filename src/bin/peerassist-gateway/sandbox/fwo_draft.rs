//! An FWO on its way into the database: what people give; its totals are computed here and nowhere else.

use rusqlite::Connection;
use rusqlite::ToSql;
use rusqlite::named_params;

use crate::sandbox::billing::AdditionalItem;
use crate::sandbox::billing::EquipmentLine;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Percent;
use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;
use crate::sandbox::fwo::Signature;
use crate::sandbox::instant::Instant;
use crate::sandbox::pricing::LineTotals;
use crate::sandbox::pricing::Pricing;
use crate::sandbox::texts::Texts;
use crate::sandbox::time_and_material::LaborLine;
use crate::sandbox::time_and_material::MaterialLine;

#[derive(Clone, Debug)]
pub(crate) struct FwoDraft {
    pub(crate) company_id: i64,
    pub(crate) project_id: i64,
    pub(crate) number: String,
    pub(crate) r#type: FwoType,
    pub(crate) status: FwoStatus,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) categories: Texts,
    pub(crate) reference_number: Option<String>,
    pub(crate) gc_reference: Option<String>,
    pub(crate) gc_document_reference: Option<String>,
    pub(crate) gc_document_reference_type: Option<String>,
    pub(crate) premium_time: bool,
    pub(crate) rom_amount: Option<Money>,
    pub(crate) lines: Lines,
    pub(crate) overhead_percent: Percent,
    pub(crate) profit_percent: Percent,
    pub(crate) group_name: Option<String>,
    pub(crate) change_order_number: Option<String>,
    pub(crate) invoice_number: Option<String>,
    pub(crate) signature: Option<Signature>,
    pub(crate) authorization_id: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// Lines with their amounts; one with the id 0 gets its id from the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    pub(crate) labor: Vec<LaborLine>,
    pub(crate) materials: Vec<MaterialLine>,
    pub(crate) equipment: Vec<EquipmentLine>,
    pub(crate) additional_items: Vec<AdditionalItem>,
}

impl Lines {
    pub(crate) fn totals(&self) -> LineTotals {
        LineTotals {
            labor: self.labor.iter().map(|line| line.amount).sum(),
            material: self.materials.iter().map(|line| line.amount).sum(),
            equipment: self.equipment.iter().map(|line| line.amount).sum(),
            additional: self.additional_items.iter().map(|line| line.amount).sum(),
        }
    }

    pub(crate) fn labor_hours(&self) -> Hours {
        self.labor.iter().map(LaborLine::hours).sum()
    }

    fn delete(database: &Connection, fwo_id: i64) -> rusqlite::Result<()> {
        for table in [
            "labor_lines",
            "material_lines",
            "equipment_lines",
            "additional_items",
        ] {
            let sql = format!("DELETE FROM {table} WHERE fwo_id = ?");
            database.prepare_cached(&sql)?.execute([fwo_id])?;
        }
        Ok(())
    }

    fn insert(&self, database: &Connection, fwo_id: i64) -> rusqlite::Result<()> {
        self.labor
            .iter()
            .try_for_each(|line| line.insert(database, fwo_id))?;
        self.materials
            .iter()
            .try_for_each(|line| line.insert(database, fwo_id))?;
        self.equipment
            .iter()
            .try_for_each(|line| line.insert(database, fwo_id))?;
        self.additional_items
            .iter()
            .try_for_each(|line| line.insert(database, fwo_id))
    }
}

const INSERT: &str = "INSERT INTO fwos (id, company_id, project_id, number, type, status, summary, search_folded, \
    description, categories, reference_number, gc_reference, gc_document_reference, gc_document_reference_type, \
    premium_time, rom_amount, labor_hours, labor_total, material_total, equipment_total, additional_total, \
    overhead_percent, profit_percent, overhead_amount, profit_amount, amount, group_name, change_order_number, \
    invoice_number, signer_name, signer_email, signature_note, signed_at, authorization_id, created_by, created_at, \
    updated_at) VALUES (:id, :company_id, :project_id, :number, :type, :status, :summary, :search_folded, \
    :description, :categories, :reference_number, :gc_reference, :gc_document_reference, \
    :gc_document_reference_type, :premium_time, :rom_amount, :labor_hours, :labor_total, :material_total, \
    :equipment_total, :additional_total, :overhead_percent, :profit_percent, :overhead_amount, :profit_amount, \
    :amount, :group_name, :change_order_number, :invoice_number, :signer_name, :signer_email, :signature_note, \
    :signed_at, :authorization_id, :created_by, :created_at, :updated_at)";

/// All but what an FWO is made with: its company, project, number, authorization and creation.
const UPDATE: &str = "UPDATE fwos SET type = :type, status = :status, summary = :summary, \
    search_folded = :search_folded, description = :description, categories = :categories, \
    reference_number = :reference_number, gc_reference = :gc_reference, \
    gc_document_reference = :gc_document_reference, gc_document_reference_type = :gc_document_reference_type, \
    premium_time = :premium_time, rom_amount = :rom_amount, labor_hours = :labor_hours, \
    labor_total = :labor_total, material_total = :material_total, equipment_total = :equipment_total, \
    additional_total = :additional_total, overhead_percent = :overhead_percent, profit_percent = :profit_percent, \
    overhead_amount = :overhead_amount, profit_amount = :profit_amount, amount = :amount, \
    group_name = :group_name, change_order_number = :change_order_number, invoice_number = :invoice_number, \
    signer_name = :signer_name, signer_email = :signer_email, signature_note = :signature_note, \
    signed_at = :signed_at, updated_at = :updated_at WHERE id = :id";

impl FwoDraft {
    /// A new FWO of a project, in ENTRY, without a number and without anything that people give.
    pub(crate) fn blank(company_id: i64, project_id: i64, created_by: String) -> Self {
        let now = Instant::now();
        Self {
            company_id,
            project_id,
            number: String::new(),
            r#type: FwoType::FieldWork,
            status: FwoStatus::Entry,
            summary: String::new(),
            description: String::new(),
            categories: Texts::default(),
            reference_number: None,
            gc_reference: None,
            gc_document_reference: None,
            gc_document_reference_type: None,
            premium_time: false,
            rom_amount: None,
            lines: Lines::default(),
            overhead_percent: Percent::ZERO,
            profit_percent: Percent::ZERO,
            group_name: None,
            change_order_number: None,
            invoice_number: None,
            signature: None,
            authorization_id: None,
            created_by,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn pricing(&self) -> Pricing {
        Pricing::new(
            self.lines.totals(),
            self.overhead_percent,
            self.profit_percent,
        )
    }

    /// Writes a new FWO and its lines; without an id the database gives one.
    pub(crate) fn insert(&self, database: &Connection, id: Option<i64>) -> rusqlite::Result<i64> {
        let made_with: [(&str, &dyn ToSql); 6] = [
            (":company_id", &self.company_id),
            (":project_id", &self.project_id),
            (":number", &self.number),
            (":authorization_id", &self.authorization_id),
            (":created_by", &self.created_by),
            (":created_at", &self.created_at),
        ];
        self.execute(database, INSERT, id, &made_with)?;
        let id = database.last_insert_rowid();
        self.lines.insert(database, id)?;
        Ok(id)
    }

    /// Writes an FWO that is there, and its lines in the place of those that it had.
    pub(crate) fn update(&self, database: &Connection, id: i64) -> rusqlite::Result<()> {
        self.execute(database, UPDATE, Some(id), &[])?;
        Lines::delete(database, id)?;
        self.lines.insert(database, id)
    }

    fn execute(
        &self,
        database: &Connection,
        sql: &str,
        id: Option<i64>,
        made_with: &[(&str, &dyn ToSql)],
    ) -> rusqlite::Result<usize> {
        let pricing = self.pricing();
        let signature = self.signature.as_ref();
        let values = named_params! {
            ":id": id, ":type": self.r#type, ":status": self.status, ":summary": self.summary,
            ":search_folded": format!("{}\n{}", self.number, self.summary).to_lowercase(),
            ":description": self.description, ":categories": self.categories,
            ":reference_number": self.reference_number, ":gc_reference": self.gc_reference,
            ":gc_document_reference": self.gc_document_reference,
            ":gc_document_reference_type": self.gc_document_reference_type,
            ":premium_time": self.premium_time, ":rom_amount": self.rom_amount,
            ":labor_hours": self.lines.labor_hours(), ":labor_total": pricing.labor_total,
            ":material_total": pricing.material_total, ":equipment_total": pricing.equipment_total,
            ":additional_total": pricing.additional_total, ":overhead_percent": pricing.overhead_percent,
            ":profit_percent": pricing.profit_percent, ":overhead_amount": pricing.overhead_amount,
            ":profit_amount": pricing.profit_amount, ":amount": pricing.total, ":group_name": self.group_name,
            ":change_order_number": self.change_order_number, ":invoice_number": self.invoice_number,
            ":signer_name": signature.map(|signature| &signature.signer_name),
            ":signer_email": signature.map(|signature| &signature.signer_email),
            ":signature_note": signature.and_then(|signature| signature.note.as_ref()),
            ":signed_at": signature.map(|signature| signature.signed_date), ":updated_at": self.updated_at,
        };
        let named: Vec<_> = values.iter().chain(made_with).copied().collect();
        database.prepare_cached(sql)?.execute(&named[..])
    }
}

/// The next number of a project. Numbers count up and are given once, whatever was deleted.
pub(crate) fn next_number(database: &Connection, project_id: i64) -> rusqlite::Result<String> {
    let sql = "UPDATE projects SET last_fwo_number = last_fwo_number + 1 WHERE id = ? RETURNING last_fwo_number";
    let number: i64 = database
        .prepare_cached(sql)?
        .query_row([project_id], |row| row.get(0))?;
    Ok(format!("{number:06}"))
}

/// Deletes an FWO; its lines go with it.
pub(crate) fn delete(database: &Connection, id: i64) -> rusqlite::Result<()> {
    database
        .prepare_cached("DELETE FROM fwos WHERE id = ?")?
        .execute([id])?;
    Ok(())
}
