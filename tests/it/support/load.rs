//! How much load the tests of load make.

/// Whether the figures of this run are to be quoted; it takes minutes then.
#[allow(
    clippy::disallowed_methods,
    reason = "how long to measure is no setting of the program"
)]
pub(crate) fn is_full() -> bool {
    std::env::var("PEERASSIST_LOAD").is_ok_and(|load| load == "full")
}
