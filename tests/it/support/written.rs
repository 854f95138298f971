//! What gateways write while the tests run, kept for `tests/secrets`, which searches it for every secret they used.

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::OnceLock;

use peerassist_gateway::telemetry;

/// The variable that names the folder; without it nothing is kept, and gateways log as ever.
const FOLDER: &str = "PEERASSIST_TEST_WRITTEN";

#[expect(
    clippy::disallowed_methods,
    reason = "a word of whoever runs the tests, and no setting of the program"
)]
fn folder() -> Option<&'static PathBuf> {
    static NAMED: OnceLock<Option<PathBuf>> = OnceLock::new();
    let named = || std::env::var_os(FOLDER).map(PathBuf::from);
    NAMED.get_or_init(named).as_ref()
}

/// The settings that make a gateway write all that it can, where that is wanted.
pub(crate) fn settings(arguments: &[&str]) -> Option<(&'static str, &'static str)> {
    let is_meant = folder().is_some() && arguments.first() == Some(&"serve");
    is_meant.then_some(("PEERASSIST_LOG__FILTER", "trace"))
}

/// Where what a process writes is kept.
pub(crate) fn of_process(id: u32) -> Option<File> {
    let file = folder()?.join(format!("{id}.log"));
    Some(File::create(file).unwrap())
}

/// Makes a gateway in this process write all that it can, to where the tests write.
pub(crate) fn in_this_process() {
    static BEGUN: Once = Once::new();
    if folder().is_some() {
        BEGUN.call_once(|| {
            telemetry::init(&telemetry::Settings {
                filter: "trace".into(),
                format: telemetry::Format::Json,
                colours: false,
            });
        });
    }
}

/// From now on this is one of the secrets.
pub(crate) fn secret(text: &str) {
    if let Some(folder) = folder() {
        let file = folder.join("secrets");
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        // One write, so that tests at the same time do not mix their lines.
        file.write_all(format!("{text}\n").as_bytes()).unwrap();
    }
}
