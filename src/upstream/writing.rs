//! Writes under way: what they touch ends when they begin and when they end, however they end, here and at every
//! instance that shares what it keeps.

use std::sync::Arc;
use std::time::Duration;

use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Tag;
use crate::upstream::shared::Shared;

/// A write under way.
pub(super) struct Writing(Option<Inner>);

struct Inner {
    epochs: Arc<Epochs>,
    shared: Arc<Shared>,
    /// Its number among the instances.
    id: u128,
    tags: Vec<Tag>,
    may_land_within: Option<Duration>,
    /// Whether the others know that it has begun.
    told: bool,
}

impl Writing {
    /// To be called before a write is sent. Waits for the other instances to be told, if there are any, for no longer
    /// than a request waits for them.
    pub(super) async fn begin(epochs: Arc<Epochs>, shared: Arc<Shared>, tags: Vec<Tag>) -> Self {
        let inner = Inner {
            epochs,
            shared: shared.clone(),
            id: fastrand::u128(..),
            tags,
            may_land_within: None,
            told: false,
        };
        inner.bump();
        let (id, tags) = (inner.id, inner.tags.clone());
        // From here on it ends, even if nobody waits for its beginning.
        let mut writing = Writing(Some(inner));
        let told = shared.begin(id, &tags).await;
        if let Some(inner) = &mut writing.0 {
            inner.told = told;
        }
        writing
    }

    /// Says that the write may still take effect: nothing that it touches is kept for `pause`.
    pub(super) fn may_land_within(&mut self, pause: Duration) {
        let Some(inner) = &mut self.0 else { return };
        inner.may_land_within = Some(pause);
        let epochs = inner.epochs.clone();
        let places = epochs.places(&inner.tags);
        epochs.close(&places);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            epochs.open(&places);
        });
    }

    /// To be called when the upstream has answered, before anybody is told what. Waits as `begin` does; gives whether
    /// the other instances know of the write. Where they do not, they hear of it later.
    pub(super) async fn end(mut self) -> bool {
        let Some(inner) = self.0.take() else {
            return true;
        };
        inner.bump();
        // The notice is on its way from here on, even if nobody waits for this any more.
        inner.tell().await || inner.told
    }
}

impl Inner {
    fn bump(&self) {
        for tag in &self.tags {
            self.epochs.bump(*tag);
        }
    }

    async fn tell(&self) -> bool {
        self.shared
            .end(self.id, &self.tags, self.may_land_within)
            .await
    }
}

/// A write whose end nobody saw: it panicked, or the process stops.
impl Drop for Writing {
    fn drop(&mut self) {
        let Some(inner) = self.0.take() else { return };
        inner.bump();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { inner.tell().await });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Writing;
    use crate::domain::id::CustomerId;
    use crate::domain::id::Id;
    use crate::upstream::epochs::Tag;
    use crate::upstream::shared::Shared;

    fn customer() -> Tag {
        Tag::Customer(CustomerId::new(3).expect("an id"))
    }

    #[tokio::test]
    async fn what_was_asked_before_or_during_a_write_is_not_good_after_it() {
        let (epochs, shared) = Shared::alone();
        for is_seen_to_end in [true, false] {
            let before = epochs.now();
            assert!(epochs.hold(&[customer()], before));
            let writing = Writing::begin(epochs.clone(), shared.clone(), vec![customer()]).await;
            let during = epochs.now();
            assert!(!epochs.hold(&[customer()], before));
            assert!(epochs.hold(&[customer()], during));
            match is_seen_to_end {
                true => assert!(writing.end().await),
                false => drop(writing),
            }
            assert!(!epochs.hold(&[customer()], during));
            assert!(epochs.hold(&[customer()], epochs.now()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_may_still_land_keeps_its_tags_closed() {
        let (epochs, shared) = Shared::alone();
        let mut writing = Writing::begin(epochs.clone(), shared, vec![customer()]).await;
        writing.may_land_within(Duration::from_secs(30));
        writing.end().await;
        let asked = epochs.now();
        assert!(!epochs.hold(&[customer()], asked));
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert!(
            !epochs.hold(&[customer()], asked),
            "it was asked before the end"
        );
        assert!(epochs.hold(&[customer()], epochs.now()));
    }
}
