//! What the tests share.

pub(crate) mod admin;
pub(crate) mod as_graphql;
pub(crate) mod as_grpc;
pub(crate) mod bench;
pub(crate) mod changing;
pub(crate) mod door;
pub(crate) mod endless;
pub(crate) mod fault;
pub(crate) mod fwo;
pub(crate) mod grpc;
pub(crate) mod held;
pub(crate) mod json;
pub(crate) mod ledger;
pub(crate) mod ledgers;
pub(crate) mod operations;
pub(crate) mod personality;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod sandbox;
pub(crate) mod stack;
pub(crate) mod stub;
pub(crate) mod writer;
pub(crate) mod written;
