//! HTTP/2 by hand, for what no client library sends: frames out, frames in.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::Instant;
use tokio::time::timeout;

pub(super) use crate::support::frames::CONTINUATION;
pub(super) use crate::support::frames::DATA;
pub(super) use crate::support::frames::END_HEADERS;
pub(super) use crate::support::frames::GOAWAY;
pub(super) use crate::support::frames::HEADERS;
pub(super) use crate::support::frames::PING;
pub(super) use crate::support::frames::PRIORITY;
pub(super) use crate::support::frames::RST_STREAM;
pub(super) use crate::support::frames::SETTINGS;
pub(super) use crate::support::frames::WINDOW_UPDATE;
pub(super) use crate::support::frames::frame;

/// A frame as it came.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) payload: Vec<u8>,
}

/// A header of a block, literally and without an entry in any table.
pub(super) fn header(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// The headers of a request that goes on in a body.
pub(super) fn request(stream: u32, flags: u8) -> Vec<u8> {
    let headers = [
        header(":method", "POST"),
        header(":scheme", "http"),
        header(":path", "/graphql"),
        header(":authority", "test"),
        header("content-type", "application/json"),
    ];
    frame(HEADERS, flags, stream, &headers.concat())
}

/// A connection on which the preface was spoken.
pub(super) struct Connection {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let settings = frame(SETTINGS, 0, 0, &[]);
        let preface = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat();
        stream.write_all(&preface).await.unwrap();
        let (read, write) = stream.into_split();
        Connection { read, write }
    }

    /// Sends bytes; whoever refuses them may have closed.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.write.write_all(bytes).await.is_ok()
    }

    /// The next frame, unless the other side has closed or says nothing for so long.
    pub(super) async fn next(&mut self, patience: Duration) -> Option<Frame> {
        timeout(patience, next(&mut self.read)).await.ok()?
    }

    /// Sends the chunks one after another until the other side has had enough. The error of its GOAWAY and how long
    /// after the first chunk that came; `None` where it took them all and said nothing for two seconds.
    pub(super) async fn flood(
        self,
        chunks: impl Iterator<Item = Vec<u8>> + Send + 'static,
    ) -> Option<(u32, Duration)> {
        let Connection {
            mut read,
            mut write,
        } = self;
        let begun = Instant::now();
        let sending = tokio::spawn(async move {
            for chunk in chunks {
                if write.write_all(&chunk).await.is_err() {
                    return;
                }
            }
            // The connection is kept until the answer has come.
            tokio::time::sleep(Duration::from_secs(2)).await;
        });
        let goaway = async {
            loop {
                let frame = next(&mut read).await?;
                if frame.kind == GOAWAY {
                    return frame
                        .payload
                        .get(4..8)
                        .map(|error| u32::from_be_bytes(error.try_into().unwrap()));
                }
            }
        };
        let goaway = timeout(Duration::from_secs(10), goaway)
            .await
            .unwrap_or(None);
        sending.abort();
        goaway.map(|error| (error, begun.elapsed()))
    }
}

async fn next(read: &mut OwnedReadHalf) -> Option<Frame> {
    let mut head = [0; 9];
    read.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    read.read_exact(&mut payload).await.ok()?;
    Some(Frame { kind, payload })
}
