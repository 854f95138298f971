//! An FWO on its way into the database: what people give; its totals are computed here and nowhere else.

use rusqlite::Connection;
use rusqlite::params;

use crate::sandbox::billing::AdditionalItem;
use crate::sandbox::billing::EquipmentLine;
use crate::sandbox::decimal::Hours;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Percent;
use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;
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
    pub(crate) signature: Option<SignatureDraft>,
    pub(crate) authorization_id: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// Lines with their amounts; their ids are given by the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    pub(crate) labor: Vec<LaborLine>,
    pub(crate) materials: Vec<MaterialLine>,
    pub(crate) equipment: Vec<EquipmentLine>,
    pub(crate) additional_items: Vec<AdditionalItem>,
}

#[derive(Clone, Debug)]
pub(crate) struct SignatureDraft {
    pub(crate) signer_name: String,
    pub(crate) signer_email: String,
    pub(crate) note: Option<String>,
    pub(crate) signed_at: Instant,
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
    updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
    ?, ?, ?, ?, ?)";

impl FwoDraft {
    pub(crate) fn pricing(&self) -> Pricing {
        Pricing::new(
            self.lines.totals(),
            self.overhead_percent,
            self.profit_percent,
        )
    }

    /// Writes the FWO and its lines; without an id the database gives one.
    pub(crate) fn insert(&self, database: &Connection, id: Option<i64>) -> rusqlite::Result<()> {
        let pricing = self.pricing();
        let signature = self.signature.as_ref();
        database.prepare_cached(INSERT)?.execute(params![
            id,
            self.company_id,
            self.project_id,
            self.number,
            self.r#type,
            self.status,
            self.summary,
            format!("{}\n{}", self.number, self.summary).to_lowercase(),
            self.description,
            self.categories,
            self.reference_number,
            self.gc_reference,
            self.gc_document_reference,
            self.gc_document_reference_type,
            self.premium_time,
            self.rom_amount,
            self.lines.labor_hours(),
            pricing.labor_total,
            pricing.material_total,
            pricing.equipment_total,
            pricing.additional_total,
            pricing.overhead_percent,
            pricing.profit_percent,
            pricing.overhead_amount,
            pricing.profit_amount,
            pricing.total,
            self.group_name,
            self.change_order_number,
            self.invoice_number,
            signature.map(|signature| &signature.signer_name),
            signature.map(|signature| &signature.signer_email),
            signature.and_then(|signature| signature.note.as_ref()),
            signature.map(|signature| signature.signed_at),
            self.authorization_id,
            self.created_by,
            self.created_at,
            self.updated_at,
        ])?;
        self.lines.insert(database, database.last_insert_rowid())
    }
}
