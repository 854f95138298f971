//! `serve` and `sandbox`: the two commands that stay.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use peerassist_gateway::config::Config;
use peerassist_gateway::config::Flag;
use peerassist_gateway::config::Sources;
use peerassist_gateway::listener;
use peerassist_gateway::listener::tls::Tls;
use peerassist_gateway::serve;
use peerassist_gateway::serve::Listeners;
use peerassist_gateway::telemetry;
use tokio::net::TcpListener;
use tracing::info;
use tracing::warn;

use crate::cli;
use crate::output;
use crate::sandbox;
use crate::stop;
use crate::stop::Hangups;
use crate::stop::Signals;
use crate::welcome;

/// The key that the sandbox's demo set knows.
const DEMO_KEY: &str = "demo-key";

/// Serves the gateway until a signal, or until stdin closes where that is wanted.
pub(crate) async fn serve(command: cli::Serve) -> anyhow::Result<ExitCode> {
    let signals = Signals::catch().context("signals cannot be caught")?;
    let options = command.options()?;
    let mut sources = sources(&command);
    let sandbox = match command.sandbox {
        true => Some(bind_sandbox(&mut sources).await?),
        false => None,
    };
    let config = Config::load(&sources)?;
    telemetry::init(&config.log);
    let tls = open_tls(&config).await?;
    let listeners = Listeners::bind(&config).await?;
    let (gateway, admin) = (
        listeners.gateway.local_addr()?,
        listeners.admin.local_addr()?,
    );
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut welcome = format!("gateway: {scheme}://{gateway}\nadmin: http://{admin}\n");
    if let Some(listener) = sandbox {
        let sandbox = listener.local_addr()?;
        welcome.push_str(&match &tls {
            None => welcome::text(gateway, sandbox),
            Some(_) => format!("sandbox: http://{sandbox}\n"),
        });
        start_sandbox(listener, &options)?;
    }
    output::print(welcome.as_bytes())?;
    tokio::select! {
        stopped = serve::serve(config, listeners, tls, signals.clone().first()) => {
            stopped.context("the gateway cannot start")?;
            Ok(ExitCode::SUCCESS)
        }
        () = signals.second() => {
            warn!("a second signal came: requests in flight are cut");
            Ok(ExitCode::FAILURE)
        }
        () = stop::stdin_closed(), if command.lifetime.exit_with_stdin => Ok(ExitCode::SUCCESS),
    }
}

/// TLS where the settings want it, and from here on with new certificates at each SIGHUP.
async fn open_tls(config: &Config) -> anyhow::Result<Option<Tls>> {
    let Some(settings) = &config.tls else {
        return Ok(None);
    };
    let tls = Tls::open(settings.clone()).await?;
    let mut hangups = Hangups::catch().context("signals cannot be caught")?;
    let renewed = tls.clone();
    tokio::spawn(async move {
        while hangups.next().await {
            match renewed.reload().await {
                Ok(()) => info!("the certificates were read anew"),
                Err(error) => warn!(%error, "the certificates stay as they were: {error}"),
            }
        }
    });
    Ok(Some(tls))
}

/// Serves the stand-in REST API until a signal, or until stdin closes where that is wanted.
pub(crate) async fn sandbox(command: cli::Sandbox) -> anyhow::Result<ExitCode> {
    let signals = Signals::catch().context("signals cannot be caught")?;
    let options = command.options()?;
    telemetry::init(&sandbox_logs());
    let listener = listener::bind(command.listen, "--listen").await?;
    let address = listener.local_addr()?;
    let sandbox = sandbox::open(&options)?;
    output::print(format!("sandbox: http://{address}\n").as_bytes())?;
    tokio::select! {
        served = sandbox.serve(listener, signals.clone().first()) => served.map(|()| ExitCode::SUCCESS),
        () = signals.second() => Ok(ExitCode::FAILURE),
        () = stop::stdin_closed(), if command.lifetime.exit_with_stdin => Ok(ExitCode::SUCCESS),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variables() -> BTreeMap<String, String> {
    let text = |os: OsString| os.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

fn sources(command: &cli::Serve) -> Sources<'static> {
    Sources {
        implied: Vec::new(),
        file: command.config_file(),
        variables: variables(),
        flags: command.flags(),
        read_file: &|path: &Path| fs::read_to_string(path),
    }
}

/// The sandbox has no settings of its own but its flags, so its logs listen to `RUST_LOG` alone.
fn sandbox_logs() -> telemetry::Settings {
    let variables = variables();
    let filter = variables
        .get("RUST_LOG")
        .filter(|text| !text.is_empty())
        .cloned();
    let colours = variables.get("NO_COLOR").is_none_or(String::is_empty);
    telemetry::Settings {
        filter: filter.unwrap_or_else(|| "info".to_owned()),
        format: telemetry::Format::Auto,
        colours,
    }
}

/// Binds the sandbox's port and points the settings at it, before they are read.
async fn bind_sandbox(sources: &mut Sources<'_>) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("no loopback port is free")?;
    let url = format!("http://{}", listener.local_addr()?);
    sources.flags.push(Flag {
        name: "--sandbox",
        key: "upstream.base_url",
        text: url,
    });
    sources
        .implied
        .push(("upstream.client_key", DEMO_KEY.to_owned()));
    Ok(listener)
}

/// Starts the sandbox, which ends with the process: a gateway that drains still needs its upstream.
fn start_sandbox(listener: TcpListener, options: &sandbox::Options) -> anyhow::Result<()> {
    let sandbox = sandbox::open(options)?;
    tokio::spawn(async move {
        if let Err(error) = sandbox.serve(listener, std::future::pending()).await {
            warn!("the sandbox ended: {error:#}");
        }
    });
    Ok(())
}
