//! Total orders: sort keys that always end in the id.

use std::hash::Hash;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

use crate::domain::error::Error;
use crate::domain::money::Decimal;
use crate::domain::term::Vocabulary;

/// Most sort keys that one order may have.
pub const SORT_KEYS_MAX: usize = 3;

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// A member by which the upstream can sort rows.
pub trait SortField: Vocabulary + Hash {
    /// What is sorted.
    type Row;
    /// The member that is unique.
    const ID: Self;

    /// The row's id.
    fn id(row: &Self::Row) -> i64;

    /// The value by which `row` takes its place.
    fn value(self, row: &Self::Row) -> SortValue;
}

/// A row as far as its place goes: what is left of it where it is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// The row's id.
    #[serde(rename = "i")]
    pub id: i64,
    /// The row's values of the sort keys, without the id.
    #[serde(rename = "k")]
    pub keys: Vec<SortValue>,
}

/// The value of one sort key in one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SortValue {
    /// The member is absent.
    #[serde(rename = "-")]
    Absent,
    /// A text, compared as the upstream compares texts.
    #[serde(rename = "s")]
    Text(String),
    /// An amount.
    #[serde(rename = "d")]
    Number(Decimal),
    /// A moment.
    #[serde(rename = "t")]
    Time(DateTime<Utc>),
}

impl SortValue {
    /// A text where there is one.
    pub fn text(text: Option<&str>) -> Self {
        text.map_or(SortValue::Absent, |text| SortValue::Text(text.to_owned()))
    }
}

/// Sort keys, the first one first. The last is always the id, so no two rows are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order<F>(Vec<(F, Direction)>);

impl<F: SortField> Order<F> {
    /// An order by `keys`; `field` is what the door calls its argument.
    ///
    /// Fails with `InvalidInput` for more than [`SORT_KEYS_MAX`] keys and for a key that comes twice.
    pub fn new(field: &str, keys: Vec<(F, Direction)>) -> Result<Self, Error> {
        if keys.len() > SORT_KEYS_MAX {
            return Err(Error::invalid(
                field,
                format!("at most {SORT_KEYS_MAX} sort keys"),
            ));
        }
        let mut total: Vec<(F, Direction)> = Vec::with_capacity(keys.len() + 1);
        for (key, direction) in keys {
            if total.iter().any(|(earlier, _)| *earlier == key) {
                return Err(Error::invalid(
                    field,
                    format!("`{}` comes twice", key.word()),
                ));
            }
            total.push((key, direction));
        }
        Ok(Order(total).ended_by_id())
    }

    /// What follows the id decides nothing, and without it the order would not be total.
    fn ended_by_id(mut self) -> Self {
        match self.0.iter().position(|(key, _)| *key == F::ID) {
            Some(place) => self.0.truncate(place + 1),
            None => self.0.push((F::ID, Direction::Ascending)),
        }
        self
    }

    /// The keys, the id last.
    pub fn keys(&self) -> &[(F, Direction)] {
        &self.0
    }

    /// The keys as the upstream's `sort` parameters: `name,asc`.
    pub fn terms(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(key, direction)| {
            let way = match direction {
                Direction::Ascending => "asc",
                Direction::Descending => "desc",
            };
            format!("{},{way}", key.word())
        })
    }

    /// What holds the place of `row`.
    pub fn anchor(&self, row: &F::Row) -> Anchor {
        Anchor {
            id: F::id(row),
            keys: self.values(row).collect(),
        }
    }

    /// Whether `row` is the one that `anchor` was made of, and still has its place by the same values.
    pub fn holds(&self, anchor: &Anchor, row: &F::Row) -> bool {
        F::id(row) == anchor.id && self.values(row).eq(anchor.keys.iter().cloned())
    }

    fn values(&self, row: &F::Row) -> impl Iterator<Item = SortValue> {
        let keys = self.0.iter().filter(|(key, _)| *key != F::ID);
        keys.map(|(key, _)| key.value(row))
    }
}

impl<F: SortField> Default for Order<F> {
    fn default() -> Self {
        Order(Vec::new()).ended_by_id()
    }
}

#[cfg(test)]
mod tests {
    use super::Direction::Ascending;
    use super::Direction::Descending;
    use super::Order;
    use crate::domain::customer::CustomerField::Id;
    use crate::domain::customer::CustomerField::Name;
    use crate::domain::customer::CustomerField::State;

    fn terms(keys: Vec<(crate::domain::customer::CustomerField, super::Direction)>) -> Vec<String> {
        Order::new("orderBy", keys)
            .map(|order| order.terms().collect())
            .unwrap_or_default()
    }

    #[test]
    fn every_order_ends_in_the_id() {
        assert_eq!(terms(vec![]), ["id,asc"]);
        assert_eq!(terms(vec![(Name, Descending)]), ["name,desc", "id,asc"]);
        assert_eq!(
            terms(vec![(Id, Descending), (Name, Ascending)]),
            ["id,desc"]
        );
    }

    #[test]
    fn a_key_may_not_come_twice() {
        assert!(Order::new("orderBy", vec![(State, Ascending), (State, Descending)]).is_err());
    }
}
