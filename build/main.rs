//! Build script: compiles `proto/`.

mod proto;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    proto::compile()
}
