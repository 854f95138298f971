//! How an upstream compares what it sorts by. It does not say, so its rows have to: each pair of neighbours rules out
//! the ways under which they would stand the other way round.

use std::cmp::Ordering;

use serde::Deserialize;
use serde::Serialize;

use crate::domain::order::Anchor;
use crate::domain::order::Direction;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::order::SortValue;

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texts {
    /// By code point: SQLite, binary collations.
    CodePoints,
    /// Whatever the case: MySQL and SQL Server as they come.
    Caseless,
    /// Whatever the case, and where only that differs, small letters first: ICU and the languages of glibc.
    SmallFirst,
}

/// Where absent values stand in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    /// Before all others: SQLite, MySQL, SQL Server.
    Least,
    /// Behind all others: PostgreSQL, Oracle.
    Greatest,
}

/// One way of comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collation(Texts, Absent);

/// The ways that may still be the upstream's, as bits of [`Collation::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collations(u8);

impl Collation {
    /// Every way that is known here.
    const ALL: [Collation; 6] = [
        Collation(Texts::CodePoints, Absent::Least),
        Collation(Texts::CodePoints, Absent::Greatest),
        Collation(Texts::Caseless, Absent::Least),
        Collation(Texts::Caseless, Absent::Greatest),
        Collation(Texts::SmallFirst, Absent::Least),
        Collation(Texts::SmallFirst, Absent::Greatest),
    ];

    /// Which of two rows stands first in `order`.
    fn compare<F: SortField>(self, order: &Order<F>, one: &Anchor, other: &Anchor) -> Ordering {
        let values = one.keys.iter().zip(&other.keys);
        let by_keys = order.keys().iter().zip(values);
        let by_keys = by_keys.map(|((_, direction), (one, other))| {
            directed(*direction, self.compare_values(one, other))
        });
        let id_direction = order.keys().last().map(|(_, direction)| *direction);
        by_keys.fold(Ordering::Equal, Ordering::then).then(directed(
            id_direction.unwrap_or(Direction::Ascending),
            one.id.cmp(&other.id),
        ))
    }

    fn compare_values(self, one: &SortValue, other: &SortValue) -> Ordering {
        let Collation(texts, absent) = self;
        let absent_first = match absent {
            Absent::Least => Ordering::Less,
            Absent::Greatest => Ordering::Greater,
        };
        match (one, other) {
            (SortValue::Absent, SortValue::Absent) => Ordering::Equal,
            (SortValue::Absent, _) => absent_first,
            (_, SortValue::Absent) => absent_first.reverse(),
            (SortValue::Text(one), SortValue::Text(other)) => texts.compare(one, other),
            (SortValue::Number(one), SortValue::Number(other)) => one.cmp(other),
            (SortValue::Time(one), SortValue::Time(other)) => one.cmp(other),
            // One field never has values of two kinds.
            (SortValue::Text(_) | SortValue::Number(_) | SortValue::Time(_), _) => Ordering::Equal,
        }
    }
}

impl Texts {
    fn compare(self, one: &str, other: &str) -> Ordering {
        let caseless = || small(one).cmp(small(other));
        match self {
            Texts::CodePoints => one.cmp(other),
            Texts::Caseless => caseless(),
            // Capitals have the lower code points.
            Texts::SmallFirst => caseless().then_with(|| other.cmp(one)),
        }
    }
}

fn small(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

fn directed(direction: Direction, ordering: Ordering) -> Ordering {
    match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    }
}

impl Collations {
    /// All of them: nothing was seen yet.
    pub const UNSEEN: Collations = Collations((1 << Collation::ALL.len()) - 1);

    /// Those of them under which each of these rows stands before the next: the rows were seen in this order.
    #[must_use]
    pub fn seen<F: SortField>(self, order: &Order<F>, rows: &[Anchor]) -> Self {
        rows.windows(2).fold(self, |left, two| match two {
            [one, next] => left.filter(|way| way.compare(order, one, next).is_lt()),
            _ => left,
        })
    }

    /// Those that both have left.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Collations(self.0 & other.0)
    }

    /// Whether none is left: the upstream compares in a way that is not known here.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `one` stands before `other`, or is it, under each of them.
    pub fn all_before<F: SortField>(self, order: &Order<F>, one: &Anchor, other: &Anchor) -> bool {
        self.filter(|way| way.compare(order, one, other).is_gt())
            .is_empty()
    }

    fn filter(self, is_kept: impl Fn(Collation) -> bool) -> Self {
        let ways = Collation::ALL.into_iter().enumerate();
        let kept = ways.filter(|(place, way)| self.0 & (1 << place) != 0 && is_kept(*way));
        Collations(kept.fold(0, |bits, (place, _)| bits | 1 << place))
    }
}

#[cfg(test)]
mod tests {
    use super::Collations;
    use crate::domain::customer::CustomerField;
    use crate::domain::order::Anchor;
    use crate::domain::order::Direction;
    use crate::domain::order::Order;
    use crate::domain::order::SortValue;

    fn by_city(direction: Direction) -> Order<CustomerField> {
        Order::new("orderBy", vec![(CustomerField::City, direction)]).expect("one key")
    }

    fn city(id: i64, city: Option<&str>) -> Anchor {
        let keys = vec![SortValue::text(city)];
        Anchor { id, keys }
    }

    /// How many ways are left after these cities, whose ids count upwards.
    fn left(direction: Direction, cities: &[Option<&str>]) -> u32 {
        let rows: Vec<_> = (1..)
            .zip(cities)
            .map(|(id, name)| city(id, *name))
            .collect();
        let seen = Collations::UNSEEN.seen(&by_city(direction), &rows);
        seen.0.count_ones()
    }

    #[test]
    fn neighbours_rule_out_the_ways_that_would_turn_them_round() {
        use Direction::Ascending;
        use Direction::Descending;
        for (direction, cities, ways) in [
            (Ascending, &[Some("Akron"), Some("Dayton")][..], 6),
            (Ascending, &[Some("Zion"), Some("akron")], 2),
            (Ascending, &[Some("akron"), Some("Zion")], 4),
            (Ascending, &[None, Some("Akron")], 3),
            (Descending, &[None, Some("Akron")], 3),
            (Ascending, &[None, Some("b"), Some("B"), Some("c")], 2),
            (Ascending, &[None, Some("akron"), Some("Zion"), None], 0),
            (Ascending, &[Some("b"), Some("a")], 0),
        ] {
            assert_eq!(left(direction, cities), ways, "{direction:?} {cities:?}");
        }
    }

    #[test]
    fn the_id_decides_between_equals() {
        let order = by_city(Direction::Descending);
        let (one, other) = (city(1, Some("Akron")), city(2, Some("Akron")));
        assert!(Collations::UNSEEN.all_before(&order, &one, &other));
        assert!(!Collations::UNSEEN.all_before(&order, &other, &one));
        assert!(Collations::UNSEEN.all_before(&order, &one, &one));
    }

    #[test]
    fn amounts_are_compared_by_value() {
        let order = by_city(Direction::Ascending);
        let amount = |id, digits: &str| Anchor {
            id,
            keys: vec![SortValue::Number(digits.parse().expect("a number"))],
        };
        let (one, other) = (amount(1, "9.5"), amount(2, "10"));
        assert!(Collations::UNSEEN.all_before(&order, &one, &other));
        assert_eq!(amount(1, "10.0"), amount(1, "10"));
    }

    #[test]
    fn what_one_way_denies_is_not_certain() {
        let order = by_city(Direction::Ascending);
        let (capital, small) = (city(1, Some("Zion")), city(2, Some("akron")));
        assert!(!Collations::UNSEEN.all_before(&order, &capital, &small));
        assert!(!Collations::UNSEEN.all_before(&order, &small, &capital));
    }
}
