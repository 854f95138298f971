//! Days and clocks of the places where projects stand. Enough of the US rules for the years of the data, nothing more.

use chrono::Datelike;
use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::Weekday;
use fastrand::Rng;

use crate::sandbox::instant::Instant;

/// The data ends here and reaches back for `SPAN_DAYS`. A fixed day: the data must not age.
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 10, 30).expect("a day");
/// 24 months.
const SPAN_DAYS: u64 = 730;

/// The end of the last day in UTC; nothing is dated later.
pub(super) fn end() -> Instant {
    Instant(utc_millis(LAST_DAY.and_time(NaiveTime::MIN)) + 24 * 3_600_000 - 1)
}

pub(super) fn age_days(day: NaiveDate) -> i64 {
    (LAST_DAY - day).num_days()
}

/// A day of the span, on a weekend only now and then.
pub(super) fn any_day(rng: &mut Rng) -> NaiveDate {
    loop {
        let day = LAST_DAY - Days::new(rng.u64(0..SPAN_DAYS));
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        if !weekend || rng.u32(0..100) < 15 {
            return day;
        }
    }
}

/// A moment of a working day: 06:00 to 16:00 by the clock on the wall.
pub(super) fn working_time(rng: &mut Rng) -> NaiveTime {
    NaiveTime::MIN + TimeDelta::milliseconds(rng.i64(6 * 3_600_000..16 * 3_600_000))
}

/// The instant when the clocks in `state` show this.
pub(super) fn instant_in(state: &str, local: NaiveDateTime) -> Instant {
    let standard = match state {
        "OH" | "GA" => -5,
        "IL" | "TX" => -6,
        _ => -8,
    };
    let offset_hours = if is_summer_time(local.date()) {
        standard + 1
    } else {
        standard
    };
    Instant(utc_millis(local) - offset_hours * 3_600_000)
}

/// From the second Sunday in March to the first in November. By the day: working hours begin after the change at 02:00.
fn is_summer_time(day: NaiveDate) -> bool {
    let sunday =
        |month, n| NaiveDate::from_weekday_of_month_opt(day.year(), month, Weekday::Sun, n);
    sunday(3, 2).is_some_and(|start| day >= start) && sunday(11, 1).is_some_and(|end| day < end)
}

fn utc_millis(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(state: &str, local: &str, utc: &str) {
        let local = local.parse().expect("a local time");
        assert_eq!(instant_in(state, local).text(), utc);
    }

    #[test]
    fn clocks_change_on_the_second_sunday_in_march_and_the_first_in_november() {
        check("OH", "2026-03-07T06:30:00", "2026-03-07T11:30:00.000+00:00");
        check("OH", "2026-03-08T06:30:00", "2026-03-08T10:30:00.000+00:00");
        check("CA", "2025-11-01T06:30:00", "2025-11-01T13:30:00.000+00:00");
        check("CA", "2025-11-02T06:30:00", "2025-11-02T14:30:00.000+00:00");
    }
}
