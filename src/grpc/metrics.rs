//! What this door measures: each call with its method and its code.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio::time::Instant;
use tonic::Code;

use crate::grpc::DESCRIPTOR;
use crate::grpc::error;

/// Bounds of the buckets in seconds: a cache hit is below 1 ms, 15 s is the longest operation.
const SECONDS: [f64; 11] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0,
];

/// The label of a method that we do not have; its name is the client's invention and would fill the memory.
const UNKNOWN_METHOD: &str = "_OTHER";

/// `package.Service/Method` of every method that is served.
static METHODS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let sets = [
        DESCRIPTOR,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    sets.into_iter().flat_map(methods).collect()
});

fn methods(descriptors: &[u8]) -> Vec<String> {
    let files = FileDescriptorSet::decode(descriptors).expect("the build wrote a descriptor set");
    let mut methods = Vec::new();
    for file in &files.file {
        for service in &file.service {
            for method in &service.method {
                let (package, service) = (file.package(), service.name());
                methods.push(format!("{package}.{service}/{}", method.name()));
            }
        }
    }
    methods
}

/// The method that a path names: one of ours, or the one word for all others.
pub(super) fn method(path: &str) -> &'static str {
    let name = path.strip_prefix('/').unwrap_or(path);
    METHODS.get(name).map_or(UNKNOWN_METHOD, String::as_str)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    code: &'static str,
}

/// The histogram of calls. A clone counts into the same one.
#[derive(Clone)]
pub(super) struct Metrics(Family<Labels, Histogram, fn() -> Histogram>);

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let calls = Family::new_with_constructor(histogram);
        registry.register_with_unit(
            "rpc_server_call_duration",
            "gRPC calls, from the head of the request to the head of the answer",
            Unit::Seconds,
            calls.clone(),
        );
        Metrics(calls)
    }

    /// Begins to measure a call.
    pub(super) fn begin(&self, method: &'static str) -> Running {
        Running {
            metrics: self.clone(),
            method,
            begun: Instant::now(),
            code: Code::Cancelled,
        }
    }
}

/// A call under way. It is counted when this is dropped: as cancelled, unless it was settled before.
pub(super) struct Running {
    metrics: Metrics,
    /// The method that was called.
    pub(super) method: &'static str,
    /// Since when.
    pub(super) begun: Instant,
    code: Code,
}

impl Running {
    /// Says how the call ended.
    pub(super) fn settle(&mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let labels = Labels {
            method: self.method,
            code: error::word(self.code),
        };
        let took = self.begun.elapsed().as_secs_f64();
        self.metrics.0.get_or_create(&labels).observe(took);
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use super::method;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use tonic::Code;

    #[test]
    fn only_methods_that_exist_are_labels() {
        for known in [
            "peerassist.v1.CustomerService/ListCustomers",
            "grpc.health.v1.Health/Check",
            "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ] {
            assert_eq!(method(&format!("/{known}")), known);
        }
        assert_eq!(method("/peerassist.v1.CustomerService/Invented"), "_OTHER");
    }

    #[test]
    fn a_dropped_call_counts_as_cancelled() {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        drop(metrics.begin("a.B/C"));
        metrics.begin("a.B/C").settle(Code::Ok);
        let mut text = String::new();
        encode(&mut text, &registry).expect("metrics can be written");
        for code in ["CANCELLED", "OK"] {
            let line = format!(
                "rpc_server_call_duration_seconds_count{{method=\"a.B/C\",code=\"{code}\"}} 1"
            );
            assert!(text.contains(&line), "{line} in {text}");
        }
    }
}
