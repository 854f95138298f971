//! `schema`: the contracts, as code generators want them.

use std::fs;
use std::path::Path;

use anyhow::Context;
use peerassist_gateway::graphql;
use peerassist_gateway::grpc;

use crate::cli::Contract;
use crate::cli::Schema;
use crate::output;
use crate::sandbox;

/// Prints one contract, or writes it where `--out` says.
pub(crate) fn print(schema: &Schema) -> anyhow::Result<()> {
    let Schema { contract, out } = schema;
    let data = match (contract, out) {
        (Contract::Proto, Some(folder)) => return write_protos(folder),
        (Contract::Proto, None) => protos().into_bytes(),
        (Contract::Graphql, _) => graphql::sdl().into_bytes(),
        (Contract::Descriptor, _) => grpc::DESCRIPTOR.to_vec(),
        (Contract::Openapi, _) => sandbox::openapi().into_bytes(),
    };
    match out {
        Some(path) => write(path, &data),
        None => output::print(&data),
    }
}

/// All sources after one another, each under its path: for reading.
fn protos() -> String {
    grpc::proto_sources()
        .iter()
        .map(|(path, text)| format!("// {path}\n\n{}\n\n", text.trim_end()))
        .collect()
}

/// Each source under its import path: for compilers.
fn write_protos(folder: &Path) -> anyhow::Result<()> {
    for (path, text) in grpc::proto_sources() {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("{} cannot be made", parent.display()))?;
        }
        write(&path, text.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, data: &[u8]) -> anyhow::Result<()> {
    fs::write(path, data).with_context(|| format!("{} cannot be written", path.display()))
}
