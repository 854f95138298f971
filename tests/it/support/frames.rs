//! HTTP/2 by hand, for what no real client sends.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

/// Longer than anything here should take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

/// One frame as it came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// The error code of a GOAWAY.
pub(crate) fn error_code(goaway: &Frame) -> u32 {
    u32::from_be_bytes(goaway.payload[4..8].try_into().unwrap())
}

/// One frame as it is sent.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A whole `GET /`: indices of HPACK's static table, and the authority as a literal.
pub(crate) fn get(stream: u32) -> Vec<u8> {
    let block = [&[0x82, 0x86, 0x84, 0x41, 4][..], b"test"].concat();
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &block)
}

/// One connection.
pub(crate) struct Frames(TcpStream);

impl Frames {
    /// Connects, and agrees on HTTP/2 with these settings.
    pub(crate) fn connect(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut frames = Frames(stream);
        let settings = settings.iter().flat_map(|(name, value)| {
            let (name, value) = (name.to_be_bytes(), value.to_be_bytes());
            name.into_iter().chain(value)
        });
        let settings: Vec<u8> = settings.collect();
        frames.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        frames.send(&frame(SETTINGS, 0, 0, &settings)).unwrap();
        frames
    }

    /// Sends bytes as they are; fails where the server has hung up.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The next frame; `None` where the server has hung up. Acknowledges nothing.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
        let kind = head[3];
        Some(Frame {
            kind,
            stream,
            payload,
        })
    }

    /// The next frame of a kind; `None` where the server has hung up before.
    pub(crate) fn next_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            match self.next() {
                Some(frame) if frame.kind != kind => {}
                found => return found,
            }
        }
    }
}
