//! A durable server of the PeerAssist REST API with invented data. It shares nothing with the gateway and is met only over
//! HTTP, so whatever works against it works because of what goes over the wire.

mod router;

mod auth;
mod passwords;
mod roles;
mod tokens;

mod customer_write;
mod customers;
mod fwo;
mod fwo_draft;
mod fwo_steps;
mod fwo_summary;
mod fwo_write;
mod fwos;
mod line_write;
mod projects;

mod billing;
mod pricing;
mod time_and_material;

mod calls;
mod error;
mod filter;
mod json;
mod number;
mod openapi;
mod page;
mod path;
mod query;
mod validation;

mod personality;

mod columns;
mod decimal;
mod instant;
mod store;
mod texts;
mod word;

mod seed;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::serve::ListenerExt;
use clap::ValueEnum;
use tokio::net::TcpListener;

use self::store::Store;

pub(crate) use self::personality::Names as PersonalityNames;
pub(crate) use self::personality::Personalities;
pub(crate) use self::personality::Personality;
pub(crate) use self::personality::help as personality_help;

/// How long calls in flight may take to end once a shutdown began.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What a sandbox holds and where.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The database file; without one everything ends with the process.
    pub(crate) data: Option<PathBuf>,
    pub(crate) set: DataSet,
    /// How many FWOs a new `demo` set gets; a file that is already filled keeps what it has.
    pub(crate) fwos: u32,
    /// What it does otherwise than the contract says.
    pub(crate) personalities: Personalities,
}

/// Which invented world to start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataSet {
    /// The user guide's world: three customers and a handful of FWOs
    Docs,
    /// 60 customers, 240 projects, thousands of FWOs, two companies
    Demo,
}

impl DataSet {
    fn name(self) -> &'static str {
        match self {
            Self::Docs => "docs",
            Self::Demo => "demo",
        }
    }
}

/// An opened sandbox.
pub(crate) struct Sandbox {
    store: Store,
    personalities: Personalities,
}

/// Opens the database and fills it if it is new.
///
/// Fails when the file is not a sandbox database or holds the other data set.
pub(crate) fn open(options: &Options) -> anyhow::Result<Sandbox> {
    let Options {
        data,
        set,
        fwos,
        personalities,
    } = options;
    let store = Store::open(data.as_deref(), set.name(), |database| match set {
        DataSet::Docs => seed::docs(database),
        DataSet::Demo => seed::demo(database, *fwos),
    })?;
    passwords::prepare();
    Ok(Sandbox {
        store,
        personalities: personalities.clone(),
    })
}

impl Sandbox {
    /// Answers until `shutdown` ends, then lets calls in flight end.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
        let shutdown = async move {
            shutdown.await;
            drop(stopping);
        };
        // Small answers must not wait for more to send; a failure to say so costs only time.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let service = router::router(self.store, self.personalities)
            .into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown);
        let overdue = async {
            _ = stopped.await;
            tokio::time::sleep(DRAIN_MAX).await;
        };
        tokio::select! {
            served = serving => Ok(served?),
            () = overdue => Ok(()),
        }
    }
}

/// The OpenAPI document of the API.
pub(crate) fn openapi() -> String {
    openapi::print(&router::document())
}
