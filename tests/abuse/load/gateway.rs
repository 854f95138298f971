//! The gateway under load, as a process of its own.

use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

/// It ends when this is dropped.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    /// Starts the program before an upstream; on the first core, with this process on the second, where that goes.
    pub(crate) fn start(program: &Path, upstream: SocketAddr) -> Self {
        let mut command = match pin() {
            true => {
                let mut taskset = Command::new("taskset");
                taskset.args(["-c", "0"]).arg(program);
                taskset
            }
            false => Command::new(program),
        };
        let upstream = format!("http://{upstream}");
        command
            .args(["serve", "--upstream", &upstream, "--exit-with-stdin"])
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .env("PEERASSIST_LOG__FILTER", "warn")
            .env("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "100000000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let address = stdout.lines().map_while(Result::ok).find_map(|line| {
            let address = line.strip_prefix("gateway: http://")?;
            address.parse().ok()
        });
        Gateway {
            child,
            address: address.unwrap(),
        }
    }

    /// The processor time that it has used, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }

    /// Its resident memory in MiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.map_or(0, |kib| kib.parse::<u64>().unwrap() / 1024)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The processor time that a process has used, in seconds.
pub(crate) fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    let stat = stat.unwrap_or_default();
    // Behind the name, which may hold anything: fields 14 and 15 of proc(5), in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let fields = fields.split_whitespace().skip(11).take(2);
    fields
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / 100.0
}

/// Moves this process to the second core; false where it cannot be moved.
fn pin() -> bool {
    let own = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["-a", "-c", "-p", "1", &own])
        .output();
    moved.is_ok_and(|moved| moved.status.success())
}
