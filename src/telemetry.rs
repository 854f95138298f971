//! What the process tells about itself: logs on stderr, the metrics registry, the panic hook.
//!
//! Never writes to stdout, which belongs to the data that a command prints.

use std::io;
use std::io::IsTerminal;
use std::panic;
use std::panic::PanicHookInfo;

use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tracing::Level;
use tracing::Metadata;
use tracing::error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How logs are written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Directives as in `RUST_LOG`.
    pub filter: String,
    /// The shape of a line.
    pub format: Format,
    /// Whether a terminal gets colours; false when `NO_COLOR` is set.
    pub colours: bool,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One readable line.
    Text,
    /// One JSON object, for machines.
    Json,
}

/// Turns on logging and the panic hook. A second call changes nothing, as in tests that share a process.
pub fn init(settings: &Settings) {
    let Settings {
        filter,
        format,
        colours,
    } = settings;
    // The filter was checked when the settings were read.
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let json = match format {
        Format::Auto => !terminal,
        Format::Text => false,
        Format::Json => true,
    };
    let capped = filter_fn(is_harmless);
    let done = match json {
        true => {
            let lines = lines.json().flatten_event(true).finish();
            lines.with(capped).try_init()
        }
        false => {
            let lines = lines.with_ansi(terminal && *colours).with_target(false);
            lines.finish().with(capped).try_init()
        }
    };
    if done.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
}

/// Libraries are heard down to debug, whatever the filter says: below it they may show what they send and receive,
/// and with that the tokens.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    *metadata.level() < Level::TRACE || metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
}

/// An empty registry but for `build_info`; every part adds its own metrics.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))].to_vec());
    registry.register("build", "the running program", build);
    registry
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    error!(location, "a task panicked: {}", harmless_text(panic));
}

/// A literal was written by us and holds no secret; a formatted text may hold anything that a request brought.
fn harmless_text(panic: &PanicHookInfo<'_>) -> &'static str {
    panic
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("(the formatted text is withheld)")
}
