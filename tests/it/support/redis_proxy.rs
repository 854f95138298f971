//! Somebody between the gateways and their Redis, who spoils what goes through.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::unix::OwnedWriteHalf as ServerHalf;
use tokio::sync::watch;

/// What it does with what goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Nothing.
    Pass,
    /// Ends each connection at once.
    Refuse,
    /// Holds each answer back for so long.
    Slow(Duration),
    /// Answers each command itself, with this error.
    Error(&'static str),
    /// Puts nonsense in the place of each answer.
    Garbage,
    /// Ends each connection in the middle of an answer.
    Cut,
}

#[derive(Clone)]
struct State {
    mood: Mood,
    server: PathBuf,
    /// Connections of before are ended.
    generation: u64,
}

/// The proxy; it ends with the test's runtime.
pub(crate) struct RedisProxy {
    url: String,
    state: Arc<watch::Sender<State>>,
}

impl RedisProxy {
    /// A proxy before the server at this socket.
    pub(crate) async fn start(server: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let state = Arc::new(watch::Sender::new(State {
            mood: Mood::Pass,
            server,
            generation: 0,
        }));
        let seen = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, seen.subscribe()));
            }
        });
        RedisProxy { url, state }
    }

    /// What the setting wants.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.send_modify(|state| state.mood = mood);
    }

    /// Ends all connections, and carries new ones to another server.
    pub(crate) fn fail_over(&self, server: PathBuf) {
        self.state.send_modify(|state| {
            state.server = server;
            state.generation += 1;
        });
    }
}

/// Carries one connection to its end.
async fn carry(client: TcpStream, state: watch::Receiver<State>) {
    let State {
        server, generation, ..
    } = state.borrow().clone();
    let Ok(server) = UnixStream::connect(server).await else {
        return;
    };
    let (mut from_client, to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    let to_client = Arc::new(tokio::sync::Mutex::new(to_client));
    let (mut ended, answers) = (state.clone(), state.clone());
    let asks = async {
        let mut asked = Asked {
            to_server,
            to_client: to_client.clone(),
            rest: Vec::new(),
        };
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            let mood = state.borrow().mood;
            if asked.ask(mood, &buffer[..length]).await.is_none() {
                return;
            }
        }
    };
    let tells = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            let mood = answers.borrow().mood;
            if tell(mood, &to_client, &buffer[..length]).await.is_none() {
                return;
            }
        }
    };
    let is_over = |state: &State| state.mood == Mood::Refuse || state.generation != generation;
    tokio::select! {
        () = asks => {}
        () = tells => {}
        _ = ended.wait_for(is_over) => {}
    }
}

struct Asked {
    to_server: ServerHalf,
    to_client: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    /// The beginning of a command that is not complete.
    rest: Vec<u8>,
}

impl Asked {
    /// Passes commands on, or answers each; `None` where the connection is over.
    async fn ask(&mut self, mood: Mood, bytes: &[u8]) -> Option<()> {
        let Mood::Error(error) = mood else {
            return self.to_server.write_all(bytes).await.ok();
        };
        self.rest.extend(bytes);
        while let Some(length) = command_length(&self.rest) {
            self.rest.drain(..length);
            let answer = format!("-{error}\r\n");
            let mut client = self.to_client.lock().await;
            client.write_all(answer.as_bytes()).await.ok()?;
        }
        Some(())
    }
}

/// Passes answers on, or what there is in their place.
async fn tell(mood: Mood, client: &tokio::sync::Mutex<OwnedWriteHalf>, bytes: &[u8]) -> Option<()> {
    let mut client = client.lock().await;
    match mood {
        Mood::Pass | Mood::Error(_) => client.write_all(bytes).await.ok(),
        Mood::Refuse => None,
        Mood::Slow(time) => {
            tokio::time::sleep(time).await;
            client.write_all(bytes).await.ok()
        }
        Mood::Garbage => {
            let garbage: Vec<u8> = bytes.iter().map(|_| fastrand::u8(..)).collect();
            client.write_all(&garbage).await.ok()
        }
        Mood::Cut => {
            let _gone = client.write_all(&bytes[..bytes.len() / 2]).await;
            None
        }
    }
}

/// How long the first command is, if it is complete: an array of texts.
fn command_length(bytes: &[u8]) -> Option<usize> {
    let (words, mut at) = line(bytes, 0)?;
    for _ in 0..words {
        let (length, behind) = line(bytes, at)?;
        at = behind + length + 2;
    }
    (at <= bytes.len()).then_some(at)
}

/// The number in a line such as `*3` or `$12`, and where the next one begins.
fn line(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(at + 1..)?;
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let number = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    Some((number, at + 1 + end + 2))
}
