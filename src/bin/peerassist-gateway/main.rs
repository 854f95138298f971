//! The executable.

mod sandbox;

use std::future::pending;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::sandbox::DataSet;
use crate::sandbox::Options;

#[derive(Parser)]
enum Command {
    /// Serve invented data over the PeerAssist REST API
    Sandbox(SandboxArgs),
    /// Print the sandbox's OpenAPI document
    Openapi,
}

#[derive(clap::Args)]
struct SandboxArgs {
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "demo")]
    set: DataSet,
    #[arg(long, default_value_t = 5_000)]
    fwos: u32,
    /// End when standard input closes.
    #[arg(long, hide = true)]
    exit_with_stdin: bool,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "peerassist-gateway: {error:#}"));
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let args = match Command::parse() {
        Command::Sandbox(args) => args,
        Command::Openapi => return Ok(std::io::stdout().write_all(sandbox::openapi().as_bytes())?),
    };
    let sandbox = sandbox::open(&Options {
        data: args.data,
        set: args.set,
        fwos: args.fwos,
    })?;
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    writeln!(
        std::io::stdout(),
        "sandbox: http://{}",
        listener.local_addr()?
    )?;
    let watch_stdin = args.exit_with_stdin;
    let shutdown = async move {
        let stdin_closed = async {
            if !watch_stdin {
                return pending().await;
            }
            let read = || std::io::stdin().read_to_end(&mut Vec::new());
            drop(tokio::task::spawn_blocking(read).await);
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = stdin_closed => {}
        }
    };
    sandbox.serve(listener, shutdown).await
}
