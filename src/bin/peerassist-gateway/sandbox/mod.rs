//! Stub, replaced at the merge.

use std::path::PathBuf;

use clap::ValueEnum;
use tokio::net::TcpListener;

/// Stub.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "a stub")]
pub(crate) struct Options {
    pub(crate) data: Option<PathBuf>,
    pub(crate) set: DataSet,
    pub(crate) fwos: u32,
}

/// Stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataSet {
    /// The records of the API guide.
    Docs,
    /// A company with customers, users and field work orders.
    Demo,
}

/// Stub.
pub(crate) struct Sandbox;

/// Stub.
pub(crate) fn open(options: &Options) -> anyhow::Result<Sandbox> {
    let _ = options;
    Ok(Sandbox)
}

impl Sandbox {
    /// Stub.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let app =
            axum::Router::new().route("/swagger-ui/", axum::routing::get(|| async { "swagger" }));
        tokio::select! {
            served = axum::serve(listener, app) => Ok(served?),
            () = shutdown => Ok(()),
        }
    }
}

/// Stub.
pub(crate) fn openapi() -> String {
    "{\"openapi\":\"3.1.0\"}\n".to_owned()
}
