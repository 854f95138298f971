//! The command line: what may be written, and which settings its flags say.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::CommandFactory;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::error::ErrorKind;
use clap_complete::Shell;
use peerassist_gateway::config::Flag;

use crate::sandbox;

/// PeerAssist customers and field work orders over GraphQL and gRPC.
///
/// Try it without any account: `peerassist-gateway serve --sandbox`
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Field work orders of the demo set: enough for pages, few enough to be there at once.
const FWOS: u32 = 5_000;

/// Most field work orders that the sandbox makes up.
const FWOS_MAX: i64 = 1_000_000;

const AFTER_HELP: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.\n\
                          Data is written to stdout, logs to stderr.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve GraphQL, gRPC and GraphiQL on one port
    Serve(Serve),
    /// Serve a stand-in for the PeerAssist REST API, with data, on this machine
    Sandbox(Sandbox),
    /// Print a contract for code generators
    Schema(Schema),
    /// Trade a user name and a password for a token, which is printed alone on stdout
    Login(Login),
    /// Ask a running gateway whether it is ready; exit 0 if so, 1 if not
    Healthcheck(Healthcheck),
    /// Print every setting with its environment variable, form and default
    Settings,
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
}

#[derive(Args, Debug)]
#[command(after_help = "All settings: `peerassist-gateway settings`.")]
pub(crate) struct Serve {
    /// Call a built-in stand-in for the PeerAssist API, with demo users and data, instead of the real one
    #[arg(long, conflicts_with = "upstream")]
    pub(crate) sandbox: bool,
    /// TOML file of settings [env: PEERASSIST_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients connect [env: PEERASSIST_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where health and metrics are served [env: PEERASSIST_ADMIN_LISTEN] [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<String>,
    /// The PeerAssist REST API [env: PEERASSIST_UPSTREAM__BASE_URL]
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Keep the sandbox's data in this SQLite file; in memory otherwise
    #[arg(
        long,
        value_name = "FILE",
        requires = "sandbox",
        conflicts_with = "upstream"
    )]
    data: Option<PathBuf>,
    /// What the sandbox starts with, when it has no data yet
    #[arg(
        long,
        value_enum,
        default_value = "demo",
        requires = "sandbox",
        conflicts_with = "upstream"
    )]
    set: sandbox::DataSet,
    /// What the sandbox does otherwise, as a live service may; `sandbox --help` lists them; repeatable
    #[arg(long = "personality", value_name = "NAME[=VALUE]", value_parser = sandbox::PersonalityNames,
        hide_possible_values = true, requires = "sandbox", conflicts_with = "upstream")]
    personalities: Vec<sandbox::Personality>,
    #[command(flatten)]
    pub(crate) lifetime: Lifetime,
}

#[derive(Args, Debug)]
#[command(after_long_help = sandbox::personality_help())]
pub(crate) struct Sandbox {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub(crate) listen: SocketAddr,
    /// Keep the data in this SQLite file; in memory otherwise
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// What it starts with, when it has no data yet
    #[arg(long, value_enum, default_value = "demo")]
    set: sandbox::DataSet,
    /// How many field work orders the demo set has
    #[arg(long, value_name = "N", default_value_t = FWOS, value_parser = clap::value_parser!(u32).range(..=FWOS_MAX))]
    fwos: u32,
    /// What it does otherwise, as a live service may; `--help` lists them; repeatable
    #[arg(long = "personality", value_name = "NAME[=VALUE]", value_parser = sandbox::PersonalityNames,
        hide_possible_values = true)]
    personalities: Vec<sandbox::Personality>,
    #[command(flatten)]
    pub(crate) lifetime: Lifetime,
}

#[derive(Args, Debug)]
pub(crate) struct Lifetime {
    /// End when stdin closes: a test that dies takes its children with it
    #[arg(long, hide = true)]
    pub(crate) exit_with_stdin: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// Which contract
    pub(crate) contract: Contract,
    /// Write here and not to stdout; a directory for `proto`
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contract {
    /// The GraphQL schema, as SDL
    Graphql,
    /// The sources of the gRPC services
    Proto,
    /// The same as a binary descriptor set
    Descriptor,
    /// The REST API of the sandbox
    Openapi,
}

#[derive(Args, Debug)]
pub(crate) struct Login {
    /// User name, an e-mail address
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// Password; `-` reads one line of stdin, nothing asks on the terminal
    #[arg(long, value_name = "TEXT")]
    pub(crate) password: Option<String>,
    /// API key; the gateway's own otherwise
    #[arg(long, value_name = "KEY")]
    pub(crate) client_key: Option<String>,
    /// The gateway
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
}

#[derive(Args, Debug)]
pub(crate) struct Healthcheck {
    /// What to ask
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:9464/readyz"
    )]
    pub(crate) url: String,
}

impl Serve {
    /// The settings that the flags say.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let flags = [
            ("--listen", "listen", &self.listen),
            ("--admin-listen", "admin_listen", &self.admin_listen),
            ("--upstream", "upstream.base_url", &self.upstream),
        ];
        let said = |(name, key, text): (_, _, &Option<String>)| {
            text.clone().map(|text| Flag { name, key, text })
        };
        flags.into_iter().filter_map(said).collect()
    }

    /// The file of settings, if a flag names one.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.config.clone()
    }

    /// What the sandbox is, where one is wanted; fails where its personalities contradict each other.
    pub(crate) fn options(&self) -> Result<sandbox::Options, clap::Error> {
        Ok(sandbox::Options {
            data: self.data.clone(),
            set: self.set,
            fwos: FWOS,
            personalities: personalities("serve", &self.personalities)?,
        })
    }
}

impl Sandbox {
    /// What the sandbox is; fails where its personalities contradict each other.
    pub(crate) fn options(&self) -> Result<sandbox::Options, clap::Error> {
        Ok(sandbox::Options {
            data: self.data.clone(),
            set: self.set,
            fwos: self.fwos,
            personalities: personalities("sandbox", &self.personalities)?,
        })
    }
}

/// A contradiction is wrong usage of the command, like any that clap finds itself.
fn personalities(
    command: &str,
    asked: &[sandbox::Personality],
) -> Result<sandbox::Personalities, clap::Error> {
    sandbox::Personalities::of(asked).map_err(|contradiction| {
        let mut cli = Cli::command();
        cli.build();
        let command = cli.find_subcommand_mut(command);
        let command = command.expect("the command that was read is one of ours");
        command.error(ErrorKind::ArgumentConflict, contradiction)
    })
}
