//! What tests share.

pub(crate) mod grpc;
pub(crate) mod stub;
