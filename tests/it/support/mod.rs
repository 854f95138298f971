//! What tests share.

pub(crate) mod sandbox;
