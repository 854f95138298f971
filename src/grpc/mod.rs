//! Door 2: gRPC and gRPC-Web.
//!
//! A call meets the files in this order: `gate` (is it gRPC at all?), `call` (its deadline, its measure and its log
//! line), `unary` (is it one message?), `auth`, `customers` and `fwos` (parse, ask the gateway once, convert), `convert`,
//! `caching` (what the client may keep, and whether it has it already), `error`. What is written is read by
//! `customer_write` and `fwo_write` with `reading`, as far as the `mask` names it.

mod auth;
mod caching;
mod call;
mod convert;
mod customer_write;
mod customers;
mod deadline;
mod error;
mod explain;
mod field_path;
mod filter;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod fwo_write;
mod fwos;
mod gate;
mod mask;
mod metrics;
mod order_by;
mod paging;
mod reading;
mod restriction;
mod server;
mod snake_case;
mod unary;

pub use crate::grpc::gate::content_type;
pub use crate::grpc::gate::refusal;
pub use crate::grpc::server::Health;
pub use crate::grpc::server::router;

/// Settings of the gRPC door.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the server describes itself to tools such as grpcurl and buf.
    pub reflection: bool,
    /// Largest accepted request message in bytes, decompressed.
    pub message_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            reflection: true,
            // The longest legal request is a login or a filter with a page token: below 16 KiB.
            message_bytes_max: 256 * 1024,
        }
    }
}

/// The code generated from `proto/peerassist/v1`: messages, clients and servers.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated; every comment of the contract is in it, and what has none is the generator's own"
)]
pub mod v1 {
    tonic::include_proto!("peerassist.v1");
}

/// The contract as an encoded `google.protobuf.FileDescriptorSet`, imports included.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// The contract as it was written: the name of each file below `proto/`, and its text.
pub fn proto_sources() -> &'static [(&'static str, &'static str)] {
    &[
        (
            "peerassist/v1/auth_service.proto",
            include_str!("../../proto/peerassist/v1/auth_service.proto"),
        ),
        (
            "peerassist/v1/customer.proto",
            include_str!("../../proto/peerassist/v1/customer.proto"),
        ),
        (
            "peerassist/v1/customer_service.proto",
            include_str!("../../proto/peerassist/v1/customer_service.proto"),
        ),
        (
            "peerassist/v1/explanation.proto",
            include_str!("../../proto/peerassist/v1/explanation.proto"),
        ),
        (
            "peerassist/v1/fwo.proto",
            include_str!("../../proto/peerassist/v1/fwo.proto"),
        ),
        (
            "peerassist/v1/fwo_service.proto",
            include_str!("../../proto/peerassist/v1/fwo_service.proto"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::DESCRIPTOR;
    use super::proto_sources;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    #[test]
    fn every_file_of_the_contract_is_shown() {
        let files = FileDescriptorSet::decode(DESCRIPTOR)
            .expect("a descriptor set")
            .file;
        let ours: Vec<&str> = files
            .iter()
            .map(|file| file.name())
            .filter(|name| name.starts_with("peerassist/"))
            .collect();
        let mut shown: Vec<&str> = proto_sources().iter().map(|(name, _)| *name).collect();
        shown.sort_by_key(|name| ours.iter().position(|file| file == name));
        assert_eq!(shown, ours);
    }
}
