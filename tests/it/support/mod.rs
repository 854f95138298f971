//! What the tests share.

pub(crate) mod as_graphql;
pub(crate) mod door;
pub(crate) mod fault;
pub(crate) mod grpc;
pub(crate) mod personality;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod sandbox;
pub(crate) mod stack;
pub(crate) mod stub;
