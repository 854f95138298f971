//! What the GraphQL door counts.

use std::time::Duration;

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

/// Bounds of the buckets in seconds: a cached answer takes well under 1 ms, no operation more than 15 s.
const SECONDS: [f64; 11] = [
    0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 15.0,
];

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// No field failed.
    Ok,
    /// Some field failed.
    Partial,
    /// The document is not valid, or no data came of it.
    Failed,
}

impl Outcome {
    pub(super) fn of(response: &Response) -> Self {
        match (response.errors.is_empty(), &response.data) {
            (true, _) => Outcome::Ok,
            (false, async_graphql::Value::Null) => Outcome::Failed,
            (false, _) => Outcome::Partial,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Partial => "partial",
            Outcome::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    r#type: &'static str,
    outcome: &'static str,
}

/// The counters of the door.
pub(super) struct Metrics {
    operations: Family<Labels, Histogram, fn() -> Histogram>,
}

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let operations = Family::new_with_constructor(histogram);
        registry.register_with_unit(
            "graphql_operation_duration",
            "Executed GraphQL operations",
            Unit::Seconds,
            operations.clone(),
        );
        Metrics { operations }
    }

    pub(super) fn operation(&self, kind: OperationType, outcome: Outcome, took: Duration) {
        let r#type = match kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
        self.operations
            .get_or_create(&Labels {
                r#type,
                outcome: outcome.word(),
            })
            .observe(took.as_secs_f64());
    }
}
