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
    fwos::remember_numbers(database)
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
    harbor(database, &mut rng)?;
    fwos::remember_numbers(database)
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use rust_decimal::Decimal;
    use rust_decimal::RoundingStrategy;

    use super::*;

    fn world(fill: impl FnOnce(&Transaction<'_>) -> anyhow::Result<()>) -> Connection {
        let mut database = Connection::open_in_memory().expect("memory");
        let transaction = database.transaction().expect("a transaction");
        transaction
            .execute_batch(include_str!("../store/schema.sql"))
            .expect("tables");
        fill(&transaction).expect("a world");
        transaction.commit().expect("written");
        database
    }

    fn share(of: Decimal, percent: i64) -> Decimal {
        let exact = of * Decimal::new(percent, 4);
        exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    }

    #[test]
    fn every_total_of_the_demo_set_is_exact_to_the_cent() {
        let database = world(|transaction| demo(transaction, 5_000));
        let sql = "SELECT id, labor_total, material_total, equipment_total, additional_total,
                       (SELECT coalesce(sum(amount), 0) FROM labor_lines WHERE fwo_id = f.id),
                       (SELECT coalesce(sum(amount), 0) FROM material_lines WHERE fwo_id = f.id),
                       (SELECT coalesce(sum(amount), 0) FROM equipment_lines WHERE fwo_id = f.id),
                       (SELECT coalesce(sum(amount), 0) FROM additional_items WHERE fwo_id = f.id),
                       overhead_percent, profit_percent, overhead_amount, profit_amount, amount
                   FROM fwos f";
        let mut statement = database.prepare(sql).expect("a question");
        let mut rows = statement.query([]).expect("answers");
        let mut seen = 0;
        while let Some(row) = rows.next().expect("an answer") {
            let column = |index| row.get::<_, i64>(index).expect("a number");
            let money = |index| Decimal::new(column(index), 2);
            for (total, lines) in [(1, 5), (2, 6), (3, 7), (4, 8)] {
                assert_eq!(column(total), column(lines), "FWO {}", column(0));
            }
            let subtotal = money(1) + money(2) + money(3) + money(4);
            let overhead = share(subtotal, column(9));
            let profit = share(subtotal + overhead, column(10));
            assert_eq!(
                (money(11), money(12)),
                (overhead, profit),
                "FWO {}",
                column(0)
            );
            assert_eq!(money(13), subtotal + overhead + profit, "FWO {}", column(0));
            seen += 1;
        }
        assert_eq!(seen, 5_000 + HARBOR_FWOS);
    }

    #[test]
    fn every_item_by_the_hour_follows_from_the_labor_hours() {
        let database = world(|transaction| demo(transaction, 5_000));
        // Half up, in whole ten-thousandths.
        let sql = "SELECT count(*), coalesce(sum(a.quantity = (2000000 * f.labor_hours + a.hours_per) / (2 * a.hours_per)), 0)
                   FROM additional_items a JOIN fwos f ON f.id = a.fwo_id WHERE a.calc = 'HOURS'";
        let counted: (i64, i64) = database
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("an answer");
        assert!(counted.0 > 1_000, "{counted:?}");
        assert_eq!(counted.0, counted.1);
    }

    #[test]
    fn the_next_customer_of_the_guides_world_gets_id_4() {
        let database = world(docs);
        let last: i64 = database
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'customers'",
                [],
                |row| row.get(0),
            )
            .expect("a sequence");
        assert_eq!(last, 3);
    }
}
