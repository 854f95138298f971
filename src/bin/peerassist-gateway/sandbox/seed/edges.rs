//! Records that are odd on purpose: what breaks clients in practice, each at a fixed place in the demo set.

use chrono::NaiveDate;
use fastrand::Rng;

use super::calendar;
use super::work;
use crate::sandbox::decimal::Money;
use crate::sandbox::fwo_draft::FwoDraft;
use crate::sandbox::fwo_draft::Lines;
use crate::sandbox::texts::Texts;

/// Limits of the contract for `summary` and `description`.
const SUMMARY_CHARS_MAX: usize = 100;
const DESCRIPTION_CHARS_MAX: usize = 10_000;
const MANY_LABOR_LINES: usize = 150;
/// The clocks go forward in the night to this Sunday.
const SPRING_FORWARD: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 8).expect("a day");

/// Makes the FWO at this place of the demo set odd, if the place is one of those.
pub(super) fn shape(index: usize, fwo: &mut FwoDraft, day: NaiveDate, rng: &mut Rng) {
    match index {
        100 => fwo.summary = "Reparé \"façade\" & <soffit> – niveau 3, 100 % 構造".to_owned(),
        110 => fwo.summary = filled("Summary of the greatest length: ", SUMMARY_CHARS_MAX),
        120 => {
            fwo.description = filled(
                "One line of a very long report.\nNext: ",
                DESCRIPTION_CHARS_MAX,
            )
        }
        130 => fwo.lines = Lines::default(),
        140 => fwo.rom_amount = Some(Money::ZERO),
        150 => fwo.rom_amount = None,
        160 => premium_time_only(fwo, day, rng),
        170 => on_the_day_the_clocks_change(fwo),
        180 => many_labor_lines(fwo, day, rng),
        190 => fwo.categories = Texts::default(),
        _ => {}
    }
}

/// The text again and again, cut at `chars` characters.
fn filled(text: &str, chars: usize) -> String {
    text.chars().cycle().take(chars - 1).chain(['.']).collect()
}

fn premium_time_only(fwo: &mut FwoDraft, day: NaiveDate, rng: &mut Rng) {
    fwo.premium_time = true;
    fwo.lines = work::any_lines(day, true, rng);
}

fn on_the_day_the_clocks_change(fwo: &mut FwoDraft) {
    let eight = SPRING_FORWARD
        .and_hms_opt(8, 0, 0)
        .expect("a time of the day");
    let moved = calendar::instant_in("OH", eight);
    let later = fwo.updated_at.0 - fwo.created_at.0;
    fwo.created_at = moved;
    fwo.updated_at.0 = moved.0 + later;
    if let Some(signature) = &mut fwo.signature {
        signature.signed_date.0 = moved.0 + later / 2;
    }
    for line in &mut fwo.lines.labor {
        line.work_date = SPRING_FORWARD;
    }
}

fn many_labor_lines(fwo: &mut FwoDraft, day: NaiveDate, rng: &mut Rng) {
    fwo.premium_time = false;
    fwo.lines.labor = (0..MANY_LABOR_LINES)
        .map(|index| {
            let mut line = work::employee(index % 44, rng);
            line.work_date = day;
            work::with_hours(line, 100 + 25 * (index as i64 % 33), false).priced()
        })
        .collect();
    let hours = fwo.lines.labor_hours();
    for item in &mut fwo.lines.additional_items {
        *item = item.clone().priced(hours);
    }
}
