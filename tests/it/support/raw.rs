//! HTTP/1 by hand, for what a real client hides: silence, halves of requests, closed connections.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

/// Longer than anything here should take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Raw(stream)
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the text ends so.
    pub(crate) fn read_until(&mut self, end: &str) -> String {
        let (mut text, mut byte) = (Vec::new(), [0]);
        while !text.ends_with(end.as_bytes()) {
            assert_ne!(
                self.0.read(&mut byte).unwrap(),
                0,
                "closed after {:?}",
                String::from_utf8_lossy(&text)
            );
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// Reads until the other side closes.
    pub(crate) fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        self.0.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}

/// One GET on a connection of its own; the whole answer.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut raw = Raw::connect(address);
    raw.send(&format!(
        "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n"
    ));
    raw.read_to_end()
}
