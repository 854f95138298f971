//! Moments as the upstream knows them: whole milliseconds.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

const NANOS: u32 = 1_000_000;

/// The first whole millisecond from `moment` on. As a bound, "from" as well as "before", it names the same rows.
pub(super) fn whole_millisecond(moment: DateTime<Utc>) -> DateTime<Utc> {
    match moment.timestamp_subsec_nanos() % NANOS {
        0 => moment,
        beyond => {
            let rest = TimeDelta::nanoseconds(i64::from(NANOS - beyond));
            moment.checked_add_signed(rest).unwrap_or(moment)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::whole_millisecond;
    use crate::domain::fwo::FwosFilter;
    use crate::domain::fwo::FwosQuery;
    use crate::domain::order::Order;
    use chrono::DateTime;
    use chrono::Utc;
    use proptest::prelude::*;

    fn nanos(nanos: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(nanos)
    }

    #[test]
    fn moments_between_milliseconds_are_the_next_one() {
        assert_eq!(whole_millisecond(nanos(1_000_000)), nanos(1_000_000));
        assert_eq!(whole_millisecond(nanos(1_000_001)), nanos(2_000_000));
        assert_eq!(whole_millisecond(nanos(-1)), nanos(0));
        let last = DateTime::<Utc>::MAX_UTC;
        assert_eq!(whole_millisecond(last), last);
    }

    #[test]
    fn a_filter_is_sent_with_bounds_that_the_upstream_can_read() {
        let bound = Some(nanos(500_000));
        let filter = FwosFilter {
            created_from: bound,
            created_to: bound,
            updated_from: bound,
            updated_to: bound,
            ..FwosFilter::default()
        };
        let sent = FwosQuery::new(filter, Order::default()).parameters();
        for (name, text) in &sent[..4] {
            assert_eq!(text, "1970-01-01T00:00:00.001+00:00", "{name}");
        }
    }

    proptest! {
        #[test]
        fn as_a_bound_it_names_the_same_rows(bound: i64, row in -1_000_000_000_000i64..1_000_000_000_000) {
            let (asked, row) = (nanos(bound), nanos(row * 1_000_000));
            let sent = whole_millisecond(asked);
            prop_assert_eq!(row >= asked, row >= sent);
            prop_assert_eq!(row < asked, row < sent);
        }
    }
}
