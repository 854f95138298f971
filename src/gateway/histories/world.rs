//! The upstream of a history: its rows, what others do to them, and a cache before it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use fastrand::Rng;

use crate::domain::order::Direction;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::order::SortValue;
use crate::domain::page::LIST_END_SLACK;
use crate::domain::page::UpstreamPage;
use crate::gateway::histories::samples::Sample;
use crate::gateway::histories::samples::random_order;
use crate::upstream::Listing;

/// Most rows at one time.
const ROWS_MAX: i64 = 400;

/// How the upstream of one history compares, said in other words than the code under test.
#[derive(Clone, Copy, Debug)]
struct Comparing {
    ignores_case: bool,
    small_first: bool,
    absent_first: bool,
}

impl Comparing {
    fn random(rng: &mut Rng) -> Self {
        Comparing {
            ignores_case: rng.bool(),
            small_first: rng.bool(),
            absent_first: rng.bool(),
        }
    }

    fn values(self, one: &SortValue, other: &SortValue) -> Ordering {
        let rank = |value: &SortValue| match value {
            SortValue::Absent => i8::from(!self.absent_first) * 2 - 1,
            _ => 0,
        };
        let by_value = match (one, other) {
            (SortValue::Text(one), SortValue::Text(other)) if self.ignores_case => {
                let folded = one.to_lowercase().cmp(&other.to_lowercase());
                let by_case = other.cmp(one);
                if self.small_first {
                    folded.then(by_case)
                } else {
                    folded
                }
            }
            (SortValue::Text(one), SortValue::Text(other)) => one.cmp(other),
            (SortValue::Number(one), SortValue::Number(other)) => one.cmp(other),
            (SortValue::Time(one), SortValue::Time(other)) => one.cmp(other),
            _ => Ordering::Equal,
        };
        rank(one).cmp(&rank(other)).then(by_value)
    }

    fn rows<F: SortField>(self, order: &Order<F>, one: &F::Row, other: &F::Row) -> Ordering {
        let keys = order.keys().iter().map(|(key, direction)| {
            let ordering = self.values(&key.value(one), &key.value(other));
            match direction {
                Direction::Ascending => ordering,
                Direction::Descending => ordering.reverse(),
            }
        });
        keys.fold(Ordering::Equal, Ordering::then)
    }
}

/// The upstream, its cache and all that is known of its rows.
pub(super) struct World<F: Sample> {
    pub(super) rng: Rng,
    comparing: Comparing,
    pub(super) order: Order<F>,
    pub(super) rows: Vec<F::Row>,
    /// Rows that lived from the start, with unchanged keys.
    pub(super) survivors: HashSet<i64>,
    /// Rows whose keys were changed.
    moved: HashSet<i64>,
    /// Every id there ever was.
    ids: HashSet<i64>,
    pub(super) changes: u64,
    /// The row that the walk stands on.
    pub(super) focus: Option<i64>,
    /// Of a hundred calls, before how many something happens.
    unrest: u8,
    pub(super) says_total: bool,
    pub(super) cache: HashMap<UpstreamPage, Arc<Listing<F::Row>>>,
    is_cached: bool,
    /// Of a hundred hits, how many come too late.
    expiry: u8,
}

impl<F: Sample> World<F> {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let most = [5, 60, ROWS_MAX, ROWS_MAX][rng.usize(0..4)];
        let ids: HashSet<i64> = (0..rng.i64(0..=most))
            .map(|_| rng.i64(1..=2 * ROWS_MAX))
            .collect();
        let mut sorted: Vec<_> = ids.iter().copied().collect();
        sorted.sort_unstable();
        let mut rows: Vec<F::Row> = sorted.into_iter().map(|id| F::row(&mut rng, id)).collect();
        let order = random_order(&mut rng);
        let comparing = Comparing::random(&mut rng);
        rows.sort_by(|one, other| comparing.rows(&order, one, other));
        World {
            comparing,
            survivors: rows.iter().map(F::id).collect(),
            moved: HashSet::new(),
            ids,
            changes: 0,
            focus: None,
            unrest: [0, 30, 95, 95][rng.usize(0..4)],
            says_total: rng.u8(0..4) > 0,
            cache: HashMap::new(),
            is_cached: rng.bool(),
            expiry: [25, 2][rng.usize(0..2)],
            order,
            rows,
            rng,
        }
    }

    /// What others do between two calls: little or much, and best of all to the row that the walk stands on.
    fn change(&mut self) {
        if self.rng.u8(0..100) >= self.unrest {
            return;
        }
        let most = match self.focus {
            // Nobody promises more to a walk that has no anchor yet.
            None => LIST_END_SLACK as u8,
            Some(_) => 40,
        };
        let burst = [1, 3, most][self.rng.usize(0..3)];
        for _ in 0..self.rng.u8(1..=burst) {
            let place = match self.focus {
                Some(id) if self.rng.u8(0..8) == 0 => self.place(id),
                Some(_) | None => {
                    let places = 0..self.rows.len();
                    (!places.is_empty()).then(|| self.rng.usize(places))
                }
            };
            self.changes += 1;
            match (self.rng.u8(0..5), place) {
                (0 | 1, Some(place)) => self.lose(place),
                (2, Some(place)) => self.update(place),
                _ => self.insert(),
            }
        }
        let (comparing, order) = (self.comparing, &self.order);
        self.rows
            .sort_by(|one, other| comparing.rows(order, one, other));
    }

    pub(super) fn place(&self, id: i64) -> Option<usize> {
        self.rows.iter().position(|row| F::id(row) == id)
    }

    /// Ids come up between the old ones, too, and none comes up twice.
    fn insert(&mut self) {
        let id = self.rng.i64(1..=2 * ROWS_MAX);
        if self.rows.len() < ROWS_MAX as usize && self.ids.insert(id) {
            let row = F::row(&mut self.rng, id);
            self.rows.push(row);
        }
    }

    fn lose(&mut self, place: usize) {
        let id = F::id(&self.rows.remove(place));
        self.survivors.remove(&id);
    }

    fn update(&mut self, place: usize) {
        let id = F::id(&self.rows[place]);
        let changed = F::row(&mut self.rng, id);
        if self.order.anchor(&changed) != self.order.anchor(&self.rows[place]) {
            self.survivors.remove(&id);
            self.moved.insert(id);
        }
        self.rows[place] = changed;
    }

    pub(super) fn read(&mut self, page: UpstreamPage) -> Arc<Listing<F::Row>> {
        if let Some(kept) = self.cache.get(&page)
            && self.is_cached
            && self.rng.u8(0..100) >= self.expiry
        {
            return kept.clone();
        }
        self.change();
        let start = usize::try_from(page.start()).expect("a short list");
        let rows = self.rows.iter().skip(start).take(page.size as usize);
        let rows: Vec<_> = rows.map(|row| Ok(Arc::new(row.clone()))).collect();
        let last = Some(start + rows.len() >= self.rows.len());
        let listing = Arc::new(Listing {
            rows,
            total: self.says_total.then_some(self.rows.len() as u64),
            last: last.filter(|_| self.rng.bool()),
        });
        self.cache.insert(page, listing.clone());
        listing
    }

    /// Judges the ids that a walk has seen, in the order of the list.
    pub(super) fn judge(&self, seen: &[i64]) -> Result<(), String> {
        let mut once = HashSet::new();
        for id in seen {
            if !once.insert(*id) && !self.moved.contains(id) {
                return Err(format!("TWICE: {id} of {:?}", self.order));
            }
        }
        if let Some(missed) = self.survivors.iter().find(|id| !once.contains(id)) {
            return Err(format!("NEVER: {missed} of {:?}", self.order));
        }
        let survivors = seen.iter().filter(|id| self.survivors.contains(id));
        match survivors.map(|id| self.place(*id)).is_sorted() {
            true => Ok(()),
            false => Err(format!("OUT OF ORDER: {:?}", self.order)),
        }
    }
}
