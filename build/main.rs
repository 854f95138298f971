//! Compiles `proto/` to Rust without protoc, and embeds the browser console.

mod console;
mod npm;
mod proto;

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    proto::compile()?;
    console::embed()
}

/// Says something to cargo, for example `rerun-if-changed=proto`.
#[expect(
    clippy::print_stdout,
    reason = "cargo listens on a build script's standard output"
)]
fn tell_cargo(what: &str) {
    println!("cargo:{what}");
}

/// An environment variable that cargo or the caller set.
#[expect(
    clippy::disallowed_methods,
    reason = "a build script is configured by its environment"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The folder for this build's own files.
fn out_dir() -> Result<PathBuf> {
    Ok(variable("OUT_DIR").ok_or("cargo sets OUT_DIR")?.into())
}
