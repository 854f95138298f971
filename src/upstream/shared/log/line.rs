//! Lines: connections for as long as they are believed. Whoever waits for an answer waits no longer than for its end.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connection;
use crate::upstream::shared::link::Reply;

/// A connection for as long as it is believed.
#[derive(Clone)]
pub(in crate::upstream::shared) struct Line {
    connection: Arc<dyn Connection>,
    over: CancellationToken,
}

impl Line {
    /// A line over a connection until `over`.
    pub(in crate::upstream::shared) fn new(
        connection: Arc<dyn Connection>,
        over: CancellationToken,
    ) -> Self {
        Line { connection, over }
    }

    /// Whether it was given up.
    pub(in crate::upstream::shared) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// The answer to a command, or the end of the line. A command that was sent is carried out all the same.
    pub(in crate::upstream::shared) async fn ask<T>(
        &self,
        command: impl FnOnce(&dyn Connection) -> Reply<T>,
    ) -> Result<T, Broken> {
        tokio::select! {
            biased;
            () = self.over.cancelled() => Err(Broken::Lost),
            answer = async { command(&*self.connection).await } => answer,
        }
    }

    /// Gives the line up: what comes over it cannot be believed. Another one is made.
    pub(in crate::upstream::shared) fn hang_up(&self) {
        self.over.cancel();
    }
}
