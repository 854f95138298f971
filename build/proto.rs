//! `proto/` to Rust and to a descriptor set. Pure Rust: protoc need not be installed.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use prost::Message;

use crate::Result;

const ROOT: &str = "proto";

/// Messages that must not be printed.
const SECRETIVE: [&str; 2] = ["peerassist.v1.LoginRequest", "peerassist.v1.LoginResponse"];

/// Generates messages, servers and clients (the tests call through them), and writes
/// `descriptor.bin` for reflection.
pub(crate) fn compile() -> Result<()> {
    crate::tell_cargo(&format!("rerun-if-changed={ROOT}"));
    let mut sources = Vec::new();
    find_sources(Path::new(ROOT), &mut sources)?;
    sources.sort();

    let documented = protox::Compiler::new([ROOT])?
        .include_source_info(true)
        .include_imports(true)
        .open_files(sources)?
        .file_descriptor_set();
    let mut lean = documented.clone();
    for file in &mut lean.file {
        file.source_code_info = None;
    }

    fs::write(
        crate::out_dir()?.join("descriptor.bin"),
        lean.encode_to_vec(),
    )?;
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        // No `connect` in the clients: the library holds no channel, and who calls brings one.
        .build_transport(false)
        // They hold a password and a token; `grpc/auth.rs` writes a `Debug` that shows neither.
        .skip_debug(SECRETIVE)
        // With the comments: they become the documentation of the generated code.
        .compile_fds(documented)?;
    Ok(())
}

/// Collects every `.proto` file below `dir`, at any depth.
fn find_sources(dir: &Path, sources: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            find_sources(&path, sources)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            sources.push(path);
        }
    }
    Ok(())
}
