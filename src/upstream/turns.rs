//! Turns: writers of one object follow one another, because each reads it, changes a part, and writes it whole.
//!
//! This holds inside of one process. Another instance, or another client of the upstream, can still write in
//! between; `ifMatch` tells whether that happened before the read.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use tokio::sync::Mutex;
use tokio::sync::MutexGuard;

use crate::upstream::epochs::Tag;

/// Two objects in one place only wait for each other without need.
const PLACES: usize = 1024;

pub(super) struct Turns {
    places: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        Turns {
            places: (0..PLACES).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Waits until nobody else writes to the object; first come, first served.
    pub(super) async fn take(&self, object: Tag) -> MutexGuard<'_, ()> {
        // The remainder of a division by PLACES is below PLACES, which is a usize.
        let place = (self.hasher.hash_one(object) % PLACES as u64) as usize;
        self.places[place].lock().await
    }
}
