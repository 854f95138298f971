//! The executable: parse, dispatch, exit code.

mod cli;
mod client;
mod healthcheck;
mod login;
mod output;
mod sandbox;
mod schema;
mod serve;
mod stop;
mod welcome;

use std::fmt;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use clap::Parser;
use peerassist_gateway::config;
use peerassist_gateway::listener::tls;
use tokio::runtime::Runtime;

use crate::cli::Cli;
use crate::cli::Command;

/// EX_CONFIG of sysexits.h: a supervisor need not try again.
const BAD_CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    match run(command) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(serve) => on_runtime(serve::serve(serve)),
        Command::Sandbox(sandbox) => on_runtime(serve::sandbox(sandbox)),
        Command::Login(login) => on_runtime(login::login(login)),
        Command::Healthcheck(healthcheck) => on_runtime(healthcheck::healthcheck(healthcheck)),
        Command::Schema(schema) => done(schema::print(&schema)),
        Command::Settings => done(output::print(config::reference().as_bytes())),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                env!("CARGO_PKG_NAME"),
                &mut script,
            );
            done(output::print(&script))
        }
    }
}

fn on_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new().context("the machine gives no threads")?;
    let code = runtime.block_on(work);
    // What still runs was told to stop and had its time, or was told to end at once.
    runtime.shutdown_background();
    code
}

fn done(printed: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    printed.map(|()| ExitCode::SUCCESS)
}

fn fail(error: &anyhow::Error) -> ExitCode {
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        usage.exit();
    }
    if let Some(mistakes) = error.downcast_ref::<config::Mistakes>() {
        output::complain(mistakes);
        return ExitCode::from(BAD_CONFIGURATION);
    }
    if let Some(unusable) = error.downcast_ref::<tls::Unusable>() {
        output::complain(&format_args!("bad configuration:\n  {unusable}"));
        return ExitCode::from(BAD_CONFIGURATION);
    }
    output::complain(&Causes(error));
    ExitCode::FAILURE
}

/// An error with its causes in one line, each said once: some errors already tell theirs.
struct Causes<'a>(&'a anyhow::Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        for cause in self.0.chain().skip(1).map(ToString::to_string) {
            if !said.contains(&cause) {
                said = format!("{said}: {cause}");
            }
        }
        f.write_str(&said)
    }
}
