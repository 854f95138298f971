//! `proto/` becomes Rust and a descriptor set, without `protoc`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use prost::Message;

const FILES: [&str; 5] = [
    "peerassist/v1/auth_service.proto",
    "peerassist/v1/customer.proto",
    "peerassist/v1/customer_service.proto",
    "peerassist/v1/fwo.proto",
    "peerassist/v1/fwo_service.proto",
];

/// Writes the generated code and `descriptor.bin`, which reflection serves, into `OUT_DIR`.
pub(crate) fn compile() -> Result<(), Box<dyn Error>> {
    tell_cargo("rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    // The comments of the contract become those of the generated code.
    compiler.include_source_info(true).include_imports(true);
    let files = compiler.open_files(FILES)?.file_descriptor_set();
    let mut lean = files.clone();
    for file in &mut lean.file {
        file.source_code_info = None;
    }
    fs::write(out.join("descriptor.bin"), lean.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        // No `connect` in the clients: the library holds no channel, and who calls brings one.
        .build_transport(false)
        .compile_fds(files)?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is how a build script speaks")]
fn tell_cargo(instruction: &str) {
    println!("cargo:{instruction}");
}
