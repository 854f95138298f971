//! The gateway's process and its metrics, watched every second and told every minute.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

use crate::judge::Figures;
use crate::user::Scene;

const PAGE_BYTES: u64 = 4096;
const MIB: f64 = 1024.0 * 1024.0;

/// What the process holds at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    /// Resident memory in bytes.
    pub(crate) rss: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

/// The gateway as it is watched.
#[derive(Clone, Copy)]
pub(crate) struct Watched {
    pub(crate) pid: u32,
    pub(crate) admin: SocketAddr,
    pub(crate) begun: Instant,
}

impl Watched {
    /// What it holds now.
    pub(crate) fn sample(&self) -> Sample {
        let pid = self.pid;
        let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
        let resident = statm.split(' ').nth(1).unwrap();
        let entries = |name: &str| fs::read_dir(format!("/proc/{pid}/{name}")).unwrap().count();
        Sample {
            at: self.begun.elapsed(),
            rss: resident.parse::<u64>().unwrap() * PAGE_BYTES,
            descriptors: entries("fd"),
            threads: entries("task"),
        }
    }

    /// What its cache has answered so far.
    pub(crate) fn cache(&self) -> CacheFigures {
        let metrics = self.metrics();
        let looks = |result: &str| {
            let label = format!("result=\"{result}\"");
            sum(&metrics, "cache_requests_total{", &label)
        };
        CacheFigures {
            fresh: looks("hit"),
            stale: looks("stale"),
            joined: looks("coalesced"),
            asked: looks("miss"),
        }
    }

    /// How many bytes it keeps for all callers.
    pub(crate) fn kept(&self) -> u64 {
        sum(&self.metrics(), "cache_bytes ", "")
    }

    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        let request = format!("GET /metrics HTTP/1.0\r\nhost: {}\r\n\r\n", self.admin);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Samples every second, prints a row of the table every minute, and ends the scene after so long.
    pub(crate) async fn watch(&self, scene: &Scene, lasts: Duration) -> Vec<Sample> {
        println!(
            "minute requests    /s  failed fresh stale joined upstream kept MiB  rss MiB (least, mean, most)   fds  threads"
        );
        let mut samples = Vec::new();
        let mut minute = Minute::begin(self, scene);
        while !scene.over.is_cancelled() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            samples.push(self.sample());
            if self.begun.elapsed() >= lasts {
                scene.over.cancel();
            }
            if minute.begun.elapsed() >= Duration::from_secs(60) || scene.over.is_cancelled() {
                minute.tell(self, scene, &samples);
                minute = Minute::begin(self, scene);
            }
        }
        samples
    }
}

/// The sum of a metric over all labels that contain this text.
fn sum(metrics: &str, name: &str, label: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    let values = lines.filter(|line| line.contains(label));
    values
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Looks into the cache.
#[derive(Clone, Copy, Default)]
pub(crate) struct CacheFigures {
    fresh: u64,
    stale: u64,
    joined: u64,
    asked: u64,
}

impl CacheFigures {
    /// How many in a hundred since then were fresh, stale, or joined another one.
    pub(crate) fn shares(&self, before: CacheFigures) -> [f64; 3] {
        let fresh = self.fresh - before.fresh;
        let stale = self.stale - before.stale;
        let joined = self.joined - before.joined;
        let all = fresh + stale + joined + self.asked - before.asked;
        [fresh, stale, joined].map(|share| 100.0 * share as f64 / all.max(1) as f64)
    }
}

/// A row of the table.
struct Minute {
    begun: Instant,
    from: usize,
    figures: Figures,
    calls: u64,
    cache: CacheFigures,
}

impl Minute {
    fn begin(watched: &Watched, scene: &Scene) -> Self {
        Minute {
            begun: Instant::now(),
            from: watched.begun.elapsed().as_secs() as usize,
            figures: scene.judge.figures(),
            calls: scene.books.calls.load(Ordering::Relaxed),
            cache: watched.cache(),
        }
    }

    fn tell(&self, watched: &Watched, scene: &Scene, samples: &[Sample]) {
        let now = Minute::begin(watched, scene);
        let requests = now.figures.total() - self.figures.total();
        let failed = now.figures.failed() - self.figures.failed();
        let since = Duration::from_secs(self.from as u64);
        let rows: Vec<&Sample> = samples.iter().filter(|sample| sample.at >= since).collect();
        let Some(last) = rows.last() else {
            return;
        };
        let rss = |pick: fn(f64, f64) -> f64| {
            let values = rows.iter().map(|sample| sample.rss as f64 / MIB);
            values.reduce(pick).unwrap_or(0.0)
        };
        let [fresh, stale, joined] = now.cache.shares(self.cache);
        println!(
            "{:>6} {:>8} {:>5.0} {:>7} {fresh:>4.0}% {stale:>4.0}% {joined:>5.0}% {:>8} {:>8.1}  {:>8.1} {:>8.1} {:>8.1}  {:>5} {:>8}",
            (last.at.as_secs_f64() / 60.0).round(),
            requests,
            requests as f64 / self.begun.elapsed().as_secs_f64(),
            failed,
            now.calls - self.calls,
            watched.kept() as f64 / MIB,
            rss(f64::min),
            rows.iter()
                .map(|sample| sample.rss as f64 / MIB)
                .sum::<f64>()
                / rows.len() as f64,
            rss(f64::max),
            last.descriptors,
            last.threads,
        );
    }
}

/// The mean memory in MiB of the middle third and of the last third after the warm-up.
pub(crate) fn thirds(samples: &[Sample], warm_up: Duration) -> (f64, f64) {
    let warm: Vec<f64> = samples
        .iter()
        .filter(|sample| sample.at >= warm_up)
        .map(|sample| sample.rss as f64 / MIB)
        .collect();
    let third = warm.len().div_ceil(3).max(1);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let thirds: Vec<f64> = warm.chunks(third).map(mean).collect();
    match thirds[..] {
        [_, middle, last] => (middle, last),
        _ => (f64::NAN, f64::NAN),
    }
}
