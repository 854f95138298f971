//! HTTP/1 by hand, for what a real client hides: silence, halves of requests, closed connections.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use socket2::Domain;
use socket2::Socket;
use socket2::Type;

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

    /// Connects from another address of this machine.
    pub(crate) fn connect_from(from: &str, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from: IpAddr = from.parse().unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Raw(stream)
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, text: &str) {
        self.try_send(text).unwrap();
    }

    /// Sends bytes as they are; fails where the other side has closed.
    pub(crate) fn try_send(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())
    }

    /// Reads until the text ends so.
    pub(crate) fn read_until(&mut self, end: &str) -> String {
        let (text, whole) = self.read_towards(end);
        assert!(whole, "closed after {text:?}");
        text
    }

    /// Reads until the text ends so; `None` where the other side closes before.
    pub(crate) fn try_read_until(&mut self, end: &str) -> Option<String> {
        let (text, whole) = self.read_towards(end);
        whole.then_some(text)
    }

    /// The text up to this end, and whether the end was there.
    fn read_towards(&mut self, end: &str) -> (String, bool) {
        let (mut text, mut byte) = (Vec::new(), [0]);
        while !text.ends_with(end.as_bytes()) && self.0.read(&mut byte).is_ok_and(|read| read == 1)
        {
            text.push(byte[0]);
        }
        let whole = text.ends_with(end.as_bytes());
        (String::from_utf8_lossy(&text).into_owned(), whole)
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
