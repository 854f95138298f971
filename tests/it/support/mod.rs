//! What the tests share.

pub(crate) mod fault;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod sandbox;
pub(crate) mod stack;
