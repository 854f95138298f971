//! An upstream that fails on purpose, down to the bytes and the sockets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// The path with its query: `/customer/3`.
    pub(crate) target: String,
    pub(crate) body: String,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// These bytes; the connection stays open for the next request.
    Whole(Vec<u8>),
    /// These bytes and the end of the connection.
    ThenClose(Vec<u8>),
    /// These bytes and a reset.
    ThenReset(Vec<u8>),
    /// These bytes after a while; the connection stays open for the next request.
    Later(Duration, Vec<u8>),
    /// These bytes and nothing more.
    ThenSilence(Vec<u8>),
    /// The first bytes at once, the others one every 20 ms.
    Drip(Vec<u8>, Vec<u8>),
}

/// The upstream; it ends with the test's runtime.
pub(crate) struct FaultyUpstream {
    pub(crate) base: String,
    requests: Arc<Mutex<HashMap<String, usize>>>,
}

impl FaultyUpstream {
    /// Answers each request as `reply` says.
    pub(crate) async fn start(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        FaultyUpstream::on(listener, reply)
    }

    /// The same on a listener that is there already.
    pub(crate) fn on(
        listener: TcpListener,
        reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let (reply, seen) = (Arc::new(reply), requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, reply.clone(), seen.clone()));
            }
        });
        FaultyUpstream { base, requests }
    }

    /// How often the target was asked for.
    pub(crate) fn requests(&self, target: &str) -> usize {
        self.requests
            .lock()
            .unwrap()
            .get(target)
            .copied()
            .unwrap_or(0)
    }
}

async fn converse(
    stream: TcpStream,
    reply: Arc<impl Fn(&Received) -> Reply>,
    seen: Arc<Mutex<HashMap<String, usize>>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(received) = read_request(&mut stream).await {
        let target = received.target.clone();
        *seen.lock().unwrap().entry(target).or_default() += 1;
        let _gone = match reply(&received) {
            Reply::Whole(bytes) => {
                if stream.write_all(&bytes).await.is_ok() {
                    continue;
                }
                return;
            }
            Reply::Later(delay, bytes) => {
                tokio::time::sleep(delay).await;
                if stream.write_all(&bytes).await.is_ok() {
                    continue;
                }
                return;
            }
            Reply::ThenClose(bytes) => stream.write_all(&bytes).await,
            Reply::ThenReset(bytes) => {
                let _gone = stream.write_all(&bytes).await;
                // Let the bytes arrive before the reset overtakes them.
                tokio::time::sleep(Duration::from_millis(30)).await;
                stream.get_ref().set_zero_linger()
            }
            Reply::ThenSilence(bytes) => {
                let _gone = stream.write_all(&bytes).await;
                std::future::pending().await
            }
            Reply::Drip(head, rest) => drip(&mut stream, head, rest).await,
        };
        return;
    }
}

async fn drip(
    stream: &mut BufReader<TcpStream>,
    head: Vec<u8>,
    rest: Vec<u8>,
) -> std::io::Result<()> {
    stream.write_all(&head).await?;
    for byte in rest {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(&[byte]).await?;
    }
    Ok(())
}

/// The next request, once it is complete. The gateway's client writes names of headers in lower case.
async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let mut words = head.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(Some(0), |length| length.parse().ok())?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        method,
        target,
        body: String::from_utf8(body).ok()?,
    })
}

/// A whole HTTP/1.1 answer with a body of JSON.
pub(crate) fn json(status: u16, headers: &str, body: &str) -> Vec<u8> {
    http(
        status,
        &format!("content-type: application/json\r\n{headers}"),
        body.as_bytes(),
    )
}

/// A whole HTTP/1.1 answer.
pub(crate) fn http(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
