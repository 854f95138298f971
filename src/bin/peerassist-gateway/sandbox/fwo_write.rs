//! What is written to an FWO: the body of `POST` and `PUT`, and its rules. What a step allows is asked elsewhere.

use rusqlite::OptionalExtension;
use rusqlite::Transaction;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::sandbox::columns::Columns;
use crate::sandbox::decimal::Percent;
use crate::sandbox::error::Answer;
use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;
use crate::sandbox::fwo::Signature;
use crate::sandbox::fwo_draft::FwoDraft;
use crate::sandbox::fwo_draft::Lines;
use crate::sandbox::instant::Instant;
use crate::sandbox::line_write;
use crate::sandbox::line_write::AdditionalItemWrite;
use crate::sandbox::line_write::EquipmentLineWrite;
use crate::sandbox::line_write::LaborLineWrite;
use crate::sandbox::line_write::MaterialLineWrite;
use crate::sandbox::number::Number;
use crate::sandbox::path::BodyId;
use crate::sandbox::projects;
use crate::sandbox::roles::Caller;
use crate::sandbox::texts::Texts;
use crate::sandbox::validation::Bounds;
use crate::sandbox::validation::MONEY_DIGITS;
use crate::sandbox::validation::TEXT_MAX;
use crate::sandbox::validation::Validation;

const SUMMARY_MAX: usize = 100;
const DESCRIPTION_MAX: usize = 10_000;
const ROM_AMOUNT: Bounds = Bounds::digits(MONEY_DIGITS).at_least(0);
const PERCENT: Bounds = Bounds::digits(3).at_least(0).at_most(100);

/// An FWO as it is written. What is absent is emptied, but for `projectId`, `type`, `status` and the percentages, which
/// stay. What the server assigns, copies or computes is ignored, so that a body may be what was read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FwoWrite {
    /// Ignored in a create; in an update the id of the path, 0 or absent.
    #[schema(value_type = Option<i64>, example = 0)]
    pub(crate) id: BodyId,
    /// Required in a create; never changes.
    project_id: Option<i64>,
    /// `FIELD_WORK` where absent in a create; changes in ENTRY only.
    r#type: Option<FwoType>,
    /// Ignored in a create, which begins in ENTRY; in an update the step to move to.
    status: Option<FwoStatus>,
    #[schema(required, nullable = false, min_length = 1, max_length = 100)]
    summary: Option<String>,
    #[schema(required, nullable = false, min_length = 1, max_length = 10000)]
    description: Option<String>,
    /// Each 1..255 characters.
    #[schema(example = json!(["Owner Change"]))]
    categories: Option<Vec<String>>,
    #[schema(max_length = 255)]
    reference_number: Option<String>,
    /// The general contractor's PCO or change event.
    #[schema(max_length = 255, example = "PCO-041")]
    gc_reference: Option<String>,
    #[schema(max_length = 255)]
    gc_document_reference: Option<String>,
    #[schema(max_length = 255, example = "RFI")]
    gc_document_reference_type: Option<String>,
    /// Overtime and double time only: no line may have regular hours. False where absent.
    premium_time: Option<bool>,
    /// A rough amount given beforehand; not negative.
    rom_amount: Option<Number<2>>,
    labor: Option<Vec<LaborLineWrite>>,
    materials: Option<Vec<MaterialLineWrite>>,
    equipment: Option<Vec<EquipmentLineWrite>>,
    additional_items: Option<Vec<AdditionalItemWrite>>,
    pricing: Option<PricingWrite>,
    #[schema(max_length = 255, example = "COR 012")]
    group_name: Option<String>,
    /// Given with the move to CHANGE_ORDER_ISSUED, which needs it.
    #[schema(max_length = 255)]
    change_order_number: Option<String>,
    /// Given with the move to INVOICE_ISSUED.
    #[schema(max_length = 255)]
    invoice_number: Option<String>,
    signature: Option<SignatureWrite>,
}

/// The percentages. All else in `pricing` is computed. One that is absent stays; in a create it comes from the billing
/// template of the project, or is 0.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricingWrite {
    /// 0..100
    overhead_percent: Option<Number<2>>,
    /// 0..100
    profit_percent: Option<Number<2>>,
}

/// The general contractor's signature, given in PENDING_SIGNATURE or with a move to PRICING.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignatureWrite {
    #[schema(required, nullable = false, max_length = 255)]
    signer_name: Option<String>,
    #[schema(required, nullable = false, max_length = 255)]
    signer_email: Option<String>,
    #[schema(max_length = 255)]
    note: Option<String>,
    /// Now, where absent and the signature is a new one.
    signed_date: Option<Instant>,
}

/// A change that breaks no rule of its members: what there was, and what there shall be.
pub(crate) struct Change {
    pub(crate) before: FwoDraft,
    pub(crate) after: FwoDraft,
}

impl FwoWrite {
    /// A new FWO, before it has a number; refuses with 400 whatever breaks a rule, all at once.
    pub(crate) fn create(mut self, database: &Transaction<'_>, caller: &Caller) -> Answer<Change> {
        let mut rules = Validation::default();
        let project = match rules.given("projectId", self.project_id) {
            Some(id) => Project::find(database, caller, id)?,
            None => None,
        };
        if project.is_none() && self.project_id.is_some() {
            rules.refuse("projectId", "does not exist");
        }
        let Project {
            id,
            overhead_percent,
            profit_percent,
        } = project.unwrap_or_default();
        let mut before = FwoDraft::blank(caller.company_id, id, user_name(database, caller)?);
        before.overhead_percent = overhead_percent;
        before.profit_percent = profit_percent;
        self.status = None;
        let now = before.created_at;
        self.check(rules, before, now)
    }

    /// What an FWO becomes; refuses with 400 whatever breaks a rule, all at once.
    pub(crate) fn update(self, before: FwoDraft) -> Answer<Change> {
        let mut rules = Validation::default();
        if self.project_id.is_some_and(|id| id != before.project_id) {
            rules.refuse("projectId", "is immutable");
        }
        self.check(rules, before, Instant::now())
    }

    fn check(self, mut rules: Validation, before: FwoDraft, now: Instant) -> Answer<Change> {
        let mut after = before.clone();
        after.updated_at = now;
        self.apply(&mut after, &mut rules);
        // The dearest lines that a body has room for, doubled by each percentage, stay within 64 bits.
        let total = after.pricing().total;
        rules.computed("amount", total, MONEY_DIGITS);
        rules.finish().map(|()| Change { before, after })
    }

    /// Puts every member that can be written into the FWO.
    fn apply(mut self, fwo: &mut FwoDraft, rules: &mut Validation) {
        fwo.r#type = self.r#type.unwrap_or(fwo.r#type);
        fwo.status = self.status.unwrap_or(fwo.status);
        fwo.summary = rules.needed("summary", self.summary.take(), SUMMARY_MAX);
        fwo.description = rules.needed("description", self.description.take(), DESCRIPTION_MAX);
        fwo.categories = categories(self.categories.take(), rules);
        self.apply_texts(fwo, rules);
        fwo.premium_time = self.premium_time.unwrap_or(false);
        fwo.rom_amount = rules.number("romAmount", self.rom_amount.take(), ROM_AMOUNT);
        fwo.lines = self.lines(&fwo.lines, fwo.premium_time, rules);
        if let Some(pricing) = self.pricing {
            pricing.apply(fwo, rules);
        }
        let (present, now) = (fwo.signature.take(), fwo.updated_at);
        let signature = self.signature;
        fwo.signature = signature.map(|written| written.check(present, now, rules));
    }

    fn apply_texts(&mut self, fwo: &mut FwoDraft, rules: &mut Validation) {
        let mut text =
            |field, text: &mut Option<String>| rules.optional(field, text.take(), TEXT_MAX);
        fwo.reference_number = text("referenceNumber", &mut self.reference_number);
        fwo.gc_reference = text("gcReference", &mut self.gc_reference);
        fwo.gc_document_reference = text("gcDocumentReference", &mut self.gc_document_reference);
        fwo.gc_document_reference_type = text(
            "gcDocumentReferenceType",
            &mut self.gc_document_reference_type,
        );
        fwo.group_name = text("groupName", &mut self.group_name);
        fwo.change_order_number = text("changeOrderNumber", &mut self.change_order_number);
        fwo.invoice_number = text("invoiceNumber", &mut self.invoice_number);
    }

    fn lines(&mut self, present: &Lines, premium_time: bool, rules: &mut Validation) -> Lines {
        let mut lines = Lines::default();
        let ids = present.labor.iter().map(|line| line.id);
        let written = self.labor.take();
        lines.labor = line_write::check(rules, "labor", written, ids, |line, id, rules| {
            line.check(id, premium_time, rules)
        });
        let ids = present.materials.iter().map(|line| line.id);
        let written = self.materials.take();
        lines.materials =
            line_write::check(rules, "materials", written, ids, MaterialLineWrite::check);
        let ids = present.equipment.iter().map(|line| line.id);
        let written = self.equipment.take();
        lines.equipment =
            line_write::check(rules, "equipment", written, ids, EquipmentLineWrite::check);
        let ids = present.additional_items.iter().map(|item| item.id);
        let written = self.additional_items.take();
        let hours = lines.labor_hours();
        lines.additional_items =
            line_write::check(rules, "additionalItems", written, ids, |item, id, rules| {
                item.check(id, hours, rules)
            });
        lines
    }
}

fn categories(written: Option<Vec<String>>, rules: &mut Validation) -> Texts {
    let written = written.into_iter().flatten().enumerate();
    let checked = written
        .map(|(place, text)| rules.needed(format!("categories[{place}]"), Some(text), TEXT_MAX));
    Texts(checked.collect())
}

impl PricingWrite {
    fn apply(self, fwo: &mut FwoDraft, rules: &mut Validation) {
        let overhead = rules.number("pricing.overheadPercent", self.overhead_percent, PERCENT);
        fwo.overhead_percent = overhead.unwrap_or(fwo.overhead_percent);
        let profit = rules.number("pricing.profitPercent", self.profit_percent, PERCENT);
        fwo.profit_percent = profit.unwrap_or(fwo.profit_percent);
    }
}

impl SignatureWrite {
    /// Dated by the caller; where not, as the same signature was before, or now.
    fn check(self, present: Option<Signature>, now: Instant, rules: &mut Validation) -> Signature {
        let mut signature = Signature {
            signer_name: rules.needed("signature.signerName", self.signer_name, TEXT_MAX),
            signer_email: rules.needed("signature.signerEmail", self.signer_email, TEXT_MAX),
            note: rules.optional("signature.note", self.note, TEXT_MAX),
            signed_date: now,
        };
        rules.email("signature.signerEmail", &signature.signer_email);
        let dated = |signed_date| Signature {
            signed_date,
            ..signature.clone()
        };
        let same = present.filter(|present| dated(present.signed_date) == *present);
        let kept = same.map(|present| present.signed_date);
        signature.signed_date = self.signed_date.or(kept).unwrap_or(now);
        signature
    }
}

/// The project of a new FWO, and the percentages of its billing template.
#[derive(Default)]
struct Project {
    id: i64,
    overhead_percent: Percent,
    profit_percent: Percent,
}

impl Project {
    /// None where the caller may not see it.
    fn find(database: &Transaction<'_>, caller: &Caller, id: i64) -> Answer<Option<Self>> {
        let filter = projects::visible(caller).and("p.id = ?", Some(id));
        let sql = format!(
            "SELECT p.id, coalesce(t.overhead_percent, 0), coalesce(t.profit_percent, 0) FROM projects p
             LEFT JOIN billing_templates t ON t.id = p.billing_template_id {}",
            filter.sql()
        );
        let found = database
            .prepare_cached(&sql)?
            .query_row(filter.values(), |row| {
                let mut columns = Columns::of(row);
                Ok(Self {
                    id: columns.next()?,
                    overhead_percent: columns.next()?,
                    profit_percent: columns.next()?,
                })
            })
            .optional()?;
        Ok(found)
    }
}

fn user_name(database: &Transaction<'_>, caller: &Caller) -> rusqlite::Result<String> {
    database
        .prepare_cached("SELECT user_name FROM users WHERE id = ?")?
        .query_row([caller.user_id], |row| row.get(0))
}
