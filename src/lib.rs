//! The gateway.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the listener that serves it is not in this tree yet"
    )
)]
mod graphql {
    pub(crate) mod console;
}
