//! FWOs: one draft for each start of the plan, then the edge records, then into the database.

use fastrand::Rng;
use rusqlite::Transaction;

use super::calendar;
use super::edges;
use super::plan::Plan;
use super::plan::Start;
use super::projects::Place;
use super::status;
use super::tenants::Tenant;
use super::words::CATEGORIES;
use super::words::DOCUMENT_TYPES;
use super::words::FIRST_NAMES;
use super::words::LAST_NAMES;
use super::words::PREMIUM_TIME;
use super::words::SENTENCES;
use super::words::SIGNATURE_NOTES;
use super::words::SUMMARIES;
use super::work;
use crate::sandbox::decimal::Money;
use crate::sandbox::decimal::Percent;
use crate::sandbox::fwo::FwoStatus;
use crate::sandbox::fwo::FwoType;
use crate::sandbox::fwo::Signature;
use crate::sandbox::fwo_draft::FwoDraft;
use crate::sandbox::fwo_draft::Lines;
use crate::sandbox::instant::Instant;
use crate::sandbox::roles::Role;
use crate::sandbox::texts::Texts;

const DAY_MS: i64 = 24 * 3_600_000;
/// The guide's world is small: one FWO in each of these steps.
const DOCS_STATUSES: [FwoStatus; 4] = [
    FwoStatus::ChangeOrderIssued,
    FwoStatus::Executed,
    FwoStatus::Pricing,
    FwoStatus::Entry,
];

pub(super) fn docs(
    database: &Transaction<'_>,
    tenant: &Tenant,
    project: &Place,
    rng: &mut Rng,
) -> anyhow::Result<()> {
    let projects = std::slice::from_ref(project);
    let Plan(starts) = Plan::spread(projects, DOCS_STATUSES.len(), rng);
    for (index, (start, status)) in starts.iter().zip(DOCS_STATUSES).enumerate() {
        let number = format!("{:06}", index + 1);
        draft(
            tenant,
            project,
            start,
            number,
            FwoType::FieldWork,
            status,
            rng,
        )
        .insert(database, None)?;
    }
    Ok(())
}

pub(super) fn plain(
    database: &Transaction<'_>,
    tenant: &Tenant,
    projects: &[Place],
    Plan(starts): Plan,
    rng: &mut Rng,
) -> anyhow::Result<()> {
    let mut last_numbers = vec![0; projects.len()];
    for start in &starts {
        let number = next_number(&mut last_numbers[start.project]);
        drawn(tenant, &projects[start.project], start, number, rng).insert(database, None)?;
    }
    Ok(())
}

/// As `plain`, with the edge records among them and gaps where FWOs were deleted.
pub(super) fn demo(
    database: &Transaction<'_>,
    tenant: &Tenant,
    projects: &[Place],
    Plan(starts): Plan,
    rng: &mut Rng,
) -> anyhow::Result<()> {
    let mut last_numbers = vec![0; projects.len()];
    let mut id = 0;
    for (index, start) in starts.iter().enumerate() {
        if rng.u32(0..100) < 3 {
            id += rng.i64(1..=3);
            next_number(&mut last_numbers[start.project]);
        }
        id += 1;
        let number = next_number(&mut last_numbers[start.project]);
        let mut fwo = drawn(tenant, &projects[start.project], start, number, rng);
        edges::shape(index, &mut fwo, start.day, rng);
        fwo.insert(database, Some(id))?;
    }
    Ok(())
}

/// Where each project's numbers go on.
pub(super) fn remember_numbers(database: &Transaction<'_>) -> anyhow::Result<()> {
    let sql = "UPDATE projects SET last_fwo_number =
                   (SELECT coalesce(max(CAST(number AS INTEGER)), 0) FROM fwos WHERE project_id = projects.id)";
    database.execute(sql, [])?;
    Ok(())
}

fn next_number(last: &mut u32) -> String {
    *last += 1;
    format!("{last:06}")
}

fn drawn(tenant: &Tenant, place: &Place, start: &Start, number: String, rng: &mut Rng) -> FwoDraft {
    let r#type = status::any_type(rng);
    let status = status::any_status(r#type, calendar::age_days(start.day), rng);
    draft(tenant, place, start, number, r#type, status, rng)
}

fn draft(
    tenant: &Tenant,
    place: &Place,
    start: &Start,
    number: String,
    r#type: FwoType,
    status: FwoStatus,
    rng: &mut Rng,
) -> FwoDraft {
    let premium_time = one_in(25, rng);
    let updated_at = Instant(start.created_at.0 + rng.i64(0..45 * DAY_MS)).min(calendar::end());
    let document = one_in(5, rng).then(|| DOCUMENT_TYPES[rng.usize(0..DOCUMENT_TYPES.len())]);
    let mut fwo = FwoDraft {
        company_id: tenant.company_id,
        project_id: place.id,
        number,
        r#type,
        status,
        summary: format!("{} {}", one_of(&SUMMARIES, rng), rng.u32(100..500)),
        description: description(rng),
        categories: categories(premium_time, rng),
        reference_number: one_in(3, rng).then(|| format!("WO-{}", rng.u32(10_000..60_000))),
        gc_reference: gc_reference(rng),
        gc_document_reference: document.map(|kind| format!("{kind} {}", rng.u32(1..300))),
        gc_document_reference_type: document.map(str::to_owned),
        premium_time,
        rom_amount: None,
        lines: if one_in(20, rng) {
            Lines::default()
        } else {
            work::any_lines(start.day, premium_time, rng)
        },
        overhead_percent: Percent::whole(10),
        profit_percent: Percent::from_cents([500, 750, 800, 1_000][rng.usize(0..4)]),
        group_name: (status::is_priced(status) && one_in(3, rng))
            .then(|| format!("COR {:03}", rng.u32(1..90))),
        change_order_number: (status == FwoStatus::ChangeOrderIssued)
            .then(|| format!("CO-{:03}", rng.u32(1..400))),
        invoice_number: status::is_invoiced(status)
            .then(|| format!("INV-{}", rng.u32(20_000..30_000))),
        signature: None,
        authorization_id: one_in(10, rng).then(|| rng.i64(700..5_000)),
        created_by: tenant.user_name(if one_in(6, rng) {
            Role::Pm
        } else {
            Role::Foreman
        }),
        created_at: start.created_at,
        updated_at,
    };
    if status::is_signed(status) {
        fwo.signature = Some(signature(&fwo, rng));
    }
    if status == FwoStatus::Entry && one_in(8, rng) {
        work::take_prices_off(&mut fwo.lines);
    }
    fwo.rom_amount = rom_amount(fwo.pricing().total, rng);
    fwo
}

pub(super) fn one_in(n: u32, rng: &mut Rng) -> bool {
    rng.u32(0..n) == 0
}

fn one_of<'a>(words: &[&'a str], rng: &mut Rng) -> &'a str {
    words[rng.usize(0..words.len())]
}

fn description(rng: &mut Rng) -> String {
    let sentences: Vec<_> = (0..rng.usize(1..=4))
        .map(|_| one_of(&SENTENCES, rng))
        .collect();
    sentences.join(" ")
}

fn categories(premium_time: bool, rng: &mut Rng) -> Texts {
    let mut categories = Vec::new();
    if !one_in(5, rng) {
        categories.push(one_of(&CATEGORIES, rng).to_owned());
    }
    if premium_time {
        categories.push(PREMIUM_TIME.to_owned());
    }
    Texts(categories)
}

fn gc_reference(rng: &mut Rng) -> Option<String> {
    match rng.u32(0..100) {
        0..25 => Some(format!("PCO-{:03}", rng.u32(1..200))),
        25..45 => Some(format!("CE-{}", rng.u32(1_000..1_400))),
        _ => None,
    }
}

fn signature(fwo: &FwoDraft, rng: &mut Rng) -> Signature {
    let (first, last) = (one_of(&FIRST_NAMES, rng), one_of(&LAST_NAMES, rng));
    Signature {
        signer_name: format!("{first} {last}"),
        signer_email: format!(
            "{}.{}@gc.example",
            first.to_lowercase(),
            last.to_lowercase()
        ),
        note: one_in(3, rng).then(|| one_of(&SIGNATURE_NOTES, rng).to_owned()),
        signed_date: Instant(fwo.created_at.0 + (fwo.updated_at.0 - fwo.created_at.0) / 2),
    }
}

/// On 35 %: within 40 % of the total either way, in whole hundreds of dollars.
fn rom_amount(total: Money, rng: &mut Rng) -> Option<Money> {
    if rng.u32(0..100) >= 35 {
        return None;
    }
    let guessed = total.0 * rng.i64(62..=138) / 100;
    Some(Money::whole(((guessed + 5_000) / 10_000 * 100).max(100)))
}
