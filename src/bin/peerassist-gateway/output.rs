//! The only writes to stdout and, logs aside, to stderr.

use std::fmt::Display;
use std::io;
use std::io::ErrorKind;
use std::io::Write;

use anyhow::Context;

/// Writes data to stdout. A reader who has had enough (`| head`) is no failure.
pub(crate) fn print(data: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(data).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("stdout cannot be written")
        }
        _ => Ok(()),
    }
}

/// Writes a line for people to stderr.
pub(crate) fn tell(text: &dyn Display) {
    // Without stderr there is nobody left to tell.
    let _lost = writeln!(io::stderr(), "{text}");
}

/// Writes why the program ends to stderr.
pub(crate) fn complain(why: &dyn Display) {
    tell(&format_args!("peerassist-gateway: {why}"));
}
