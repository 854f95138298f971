//! How many requests are under way at once, and that they are no more than may be.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The places of one process. Its gauge is the state, so that no metric can differ from it.
#[derive(Debug)]
pub(super) struct Places {
    max: i64,
    taken: Gauge,
}

impl Places {
    /// So many places, all of them free.
    pub(super) fn new(max: usize) -> Self {
        Places {
            max: i64::try_from(max).unwrap_or(i64::MAX),
            taken: Gauge::default(),
        }
    }

    /// Shows how many are taken.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_server_active_requests",
            "requests under way that count towards limits.requests_in_flight",
            self.taken.clone(),
        );
    }

    /// Takes a place; false where there is none.
    pub(super) fn take(&self) -> bool {
        let there = self.taken.inc() < self.max;
        if !there {
            self.taken.dec();
        }
        there
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> u64 {
        u64::try_from(self.taken.get()).unwrap_or(0)
    }

    /// Gives a place back.
    pub(super) fn give_back(&self) {
        self.taken.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn a_place_is_taken_once_and_given_back() {
        let places = Places::new(2);
        assert!(places.take() && places.take());
        assert!(!places.take());
        places.give_back();
        assert!(places.take());
        assert!(!places.take());
    }
}
