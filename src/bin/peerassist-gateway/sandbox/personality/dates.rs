//! Other spellings of instants and days, and their ways back.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveDateTime;

use super::tree::Tree;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
/// How instants and days are written.
pub(super) enum Dates {
    #[default]
    Offset,
    OffsetWithoutColon,
    WithoutZone,
    Millis,
    Arrays,
    MonthFirst,
}

const INSTANT: &str = "%Y-%m-%dT%H:%M:%S%.3f";
const MONTH_FIRST: &str = "%m/%d/%Y";
const MONTH_FIRST_WITH_TIME: &str = "%m/%d/%Y %H:%M:%S";

impl Dates {
    pub(super) fn show_instant(self, ours: &str) -> Option<Tree> {
        let instant = DateTime::parse_from_rfc3339(ours).ok()?.to_utc();
        match self {
            Self::Offset => None,
            Self::OffsetWithoutColon => Some(Tree::text(
                &instant.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            )),
            Self::WithoutZone => Some(Tree::text(&instant.format(INSTANT).to_string())),
            Self::Millis => Some(Tree::plain(instant.timestamp_millis())),
            Self::Arrays => {
                let parts = instant.format("[%Y,%-m,%-d,%-H,%-M,%-S]").to_string();
                let Tree::Array(mut parts) = Tree::parse(parts.as_bytes())? else {
                    return None;
                };
                parts.push(Tree::plain(instant.timestamp_subsec_nanos()));
                Some(Tree::Array(parts))
            }
            Self::MonthFirst => Some(Tree::text(
                &instant.format(MONTH_FIRST_WITH_TIME).to_string(),
            )),
        }
    }

    pub(super) fn show_day(self, ours: &str) -> Option<Tree> {
        let day: NaiveDate = ours.parse().ok()?;
        match self {
            Self::Offset | Self::OffsetWithoutColon | Self::WithoutZone => None,
            Self::Millis => Some(Tree::plain(
                day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis(),
            )),
            Self::Arrays => Tree::parse(day.format("[%Y,%-m,%-d]").to_string().as_bytes()),
            Self::MonthFirst => Some(Tree::text(&day.format(MONTH_FIRST).to_string())),
        }
    }

    pub(super) fn take_instant(self, theirs: &Tree) -> Option<Tree> {
        let text = || theirs.as_text();
        let instant = match self {
            Self::Offset => return None,
            Self::OffsetWithoutColon => {
                DateTime::parse_from_str(&text()?, "%Y-%m-%dT%H:%M:%S%.f%z")
                    .ok()?
                    .naive_utc()
            }
            Self::WithoutZone => {
                NaiveDateTime::parse_from_str(&text()?, "%Y-%m-%dT%H:%M:%S%.f").ok()?
            }
            Self::Millis => DateTime::from_timestamp_millis(theirs.as_number()?)?.naive_utc(),
            Self::Arrays => {
                let time: Vec<u32> = numbers(theirs)?.split_off(3);
                let nanos = time.get(3).copied().unwrap_or_default();
                let second = time.get(2).copied().unwrap_or_default();
                day(theirs)?.and_hms_nano_opt(*time.first()?, *time.get(1)?, second, nanos)?
            }
            Self::MonthFirst => {
                NaiveDateTime::parse_from_str(&text()?, MONTH_FIRST_WITH_TIME).ok()?
            }
        };
        Some(Tree::text(&format!("{}+00:00", instant.format(INSTANT))))
    }

    pub(super) fn take_day(self, theirs: &Tree) -> Option<Tree> {
        let day = match self {
            Self::Offset | Self::OffsetWithoutColon | Self::WithoutZone => return None,
            Self::Millis => DateTime::from_timestamp_millis(theirs.as_number()?)?.date_naive(),
            Self::Arrays => day(theirs)?,
            Self::MonthFirst => NaiveDate::parse_from_str(&theirs.as_text()?, MONTH_FIRST).ok()?,
        };
        Some(Tree::text(&day.to_string()))
    }
}

/// The numbers of an array that has a day in it at least.
fn numbers(tree: &Tree) -> Option<Vec<u32>> {
    let Tree::Array(items) = tree else {
        return None;
    };
    let number = |item: &Tree| item.as_number()?.try_into().ok();
    items
        .iter()
        .map(number)
        .collect::<Option<Vec<u32>>>()
        .filter(|numbers| numbers.len() >= 3)
}

fn day(tree: &Tree) -> Option<NaiveDate> {
    let numbers = numbers(tree)?;
    NaiveDate::from_ymd_opt(numbers[0].try_into().ok()?, numbers[1], numbers[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANT: &str = "2026-05-14T17:03:11.482+00:00";
    const WHOLE_SECOND: &str = "2026-05-14T17:03:11.000+00:00";

    #[track_caller]
    fn check(dates: Dates, instant: &str, theirs: &str) {
        let shown = dates.show_instant(instant).expect("another spelling");
        assert_eq!(shown.to_string(), theirs);
        assert_eq!(dates.take_instant(&shown), Some(Tree::text(instant)));
    }

    #[track_caller]
    fn check_day(dates: Dates, theirs: &str) {
        let shown = dates.show_day("2026-05-14").expect("another spelling");
        assert_eq!(shown.to_string(), theirs);
        assert_eq!(dates.take_day(&shown), Some(Tree::text("2026-05-14")));
    }

    #[test]
    fn every_spelling_finds_its_way_back() {
        check(
            Dates::OffsetWithoutColon,
            INSTANT,
            r#""2026-05-14T17:03:11.482+0000""#,
        );
        check(Dates::WithoutZone, INSTANT, r#""2026-05-14T17:03:11.482""#);
        check(Dates::Millis, INSTANT, "1778778191482");
        check(Dates::Arrays, INSTANT, "[2026,5,14,17,3,11,482000000]");
        check(Dates::MonthFirst, WHOLE_SECOND, r#""05/14/2026 17:03:11""#);
        check_day(Dates::Millis, "1778716800000");
        check_day(Dates::Arrays, "[2026,5,14]");
        check_day(Dates::MonthFirst, r#""05/14/2026""#);
    }

    #[test]
    fn what_is_no_date_stays() {
        for text in [
            "[]",
            "[2026,5]",
            "[2026,13,1]",
            "[2026,5,14,25,0]",
            "\"yesterday\"",
            "{}",
            "null",
        ] {
            let tree = Tree::parse(text.as_bytes()).expect("JSON");
            for dates in [
                Dates::Offset,
                Dates::Arrays,
                Dates::Millis,
                Dates::MonthFirst,
                Dates::WithoutZone,
            ] {
                assert_eq!(dates.take_instant(&tree), None, "{dates:?}: {text}");
            }
        }
    }
}
