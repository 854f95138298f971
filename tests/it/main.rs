//! Everything that is tested from outside: one binary, one file per subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod cli_serve;
mod listener;
mod support;
