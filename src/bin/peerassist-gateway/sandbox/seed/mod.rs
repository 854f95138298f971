//! The invented worlds. Everything but salts is drawn from a fixed seed with whole-number arithmetic and dated from a fixed
//! day, so that two sandboxes give the same answers, byte for byte, on any machine and in any year.

mod calendar;
mod customers;
mod edges;
mod fwos;
mod plan;
mod projects;
mod status;
mod tenants;
mod words;
mod work;

use anyhow::bail;
use fastrand::Rng;
use rusqlite::Transaction;

use self::plan::Plan;

/// Any number; changing it changes every invented value.
const SEED: u64 = 20_261_030;
/// Below this the edge records would not fit between ordinary ones.
const FWOS_MIN: u32 = 1_000;
const FWOS_MAX: u32 = 1_000_000;
const HARBOR_FWOS: usize = 10;

/// The user guide's world: three customers, of which the third is printed there, and a few FWOs of one project.
pub(crate) fn docs(database: &Transaction<'_>) -> anyhow::Result<()> {
    let lakeline = tenants::lakeline(database)?;
    customers::docs(database, &lakeline)?;
    let project = projects::docs(database, &lakeline)?;
    fwos::docs(database, &lakeline, &project, &mut Rng::with_seed(SEED))?;
    Ok(())
}

/// Two companies, the first with enough of everything to page, filter and sort through.
pub(crate) fn demo(database: &Transaction<'_>, fwos: u32) -> anyhow::Result<()> {
    if !(FWOS_MIN..=FWOS_MAX).contains(&fwos) {
        bail!("the demo set has {FWOS_MIN} to {FWOS_MAX} FWOs, not {fwos}");
    }
    let mut rng = Rng::with_seed(SEED);
    let lakeline = tenants::lakeline(database)?;
    customers::demo(database, &lakeline)?;
    let projects = projects::demo(database, &lakeline, &mut rng)?;
    let plan = Plan::draw(&projects, fwos as usize, &mut rng);
    fwos::demo(database, &lakeline, &projects, plan, &mut rng)?;
    harbor(database, &mut rng)
}

/// The second company, there to prove that neither sees the other.
fn harbor(database: &Transaction<'_>, rng: &mut Rng) -> anyhow::Result<()> {
    let harbor = tenants::harbor(database)?;
    let customer_ids = customers::harbor(database, &harbor)?;
    let projects = projects::harbor(database, &harbor, &customer_ids)?;
    let plan = Plan::spread(&projects, HARBOR_FWOS, rng);
    fwos::plain(database, &harbor, &projects, plan, rng)?;
    Ok(())
}
