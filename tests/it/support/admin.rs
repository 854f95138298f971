//! The operator's view of a gateway: its metrics.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::held::PATIENCE;
use crate::support::process::Process;
use crate::support::raw;

/// The admin routes of a gateway.
#[derive(Clone, Copy)]
pub(crate) struct Admin(SocketAddr);

impl Admin {
    /// Those of a process that has said where its doors are.
    pub(crate) fn of(gateway: &mut Process) -> Self {
        Admin(gateway.address("admin"))
    }

    /// The sum of a metric over all labels that contain this text.
    pub(crate) fn metric(self, name: &str, label: &str) -> u64 {
        let metrics = raw::get(self.0, "/metrics", "");
        let is_meant = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with([' ', '{']) && rest.contains(label))
        };
        let values = metrics.lines().filter(is_meant);
        values
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// Ends when the metrics show it, which must be soon.
    pub(crate) async fn until(self, is_so: impl Fn(Admin) -> bool) {
        let until = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, until).await.unwrap();
    }
}
