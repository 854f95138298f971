//! A real `redis-server` on a socket of its own, and somebody who speaks to it by hand.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

/// How often it is looked whether the server is there: for longer than any start should take, on a busy machine.
const LOOKS: usize = 3_000;

/// Starts the server in its own group and says its id; the end of stdin is the end of the server, should the tests die.
const SCRIPT: &str =
    r#"redis-server "$@" > /dev/null & echo $!; cat > /dev/null; kill -9 $! 2> /dev/null"#;

/// The server; killed when dropped.
pub(crate) struct Redis {
    directory: TempDir,
    shell: Child,
    id: String,
}

impl Redis {
    /// A server that holds nothing.
    pub(crate) fn start() -> Self {
        Redis::start_in(tempfile::tempdir().unwrap())
    }

    fn start_in(directory: TempDir) -> Self {
        let socket = directory.path().join("redis.sock");
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "redis", "--port", "0", "--unixsocket"]);
        shell.arg(&socket).arg("--dir").arg(directory.path());
        shell.args(["--save", "", "--appendonly", "no"]);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let mut id = String::new();
        BufReader::new(shell.stdout.take().unwrap())
            .read_line(&mut id)
            .unwrap();
        let redis = Redis {
            directory,
            shell,
            id: id.trim().to_owned(),
        };
        let is_there = (0..LOOKS).any(|_| {
            #[expect(clippy::disallowed_methods, reason = "nothing else runs yet")]
            thread::sleep(Duration::from_millis(10));
            UnixStream::connect(redis.socket()).is_ok()
        });
        assert!(is_there, "is redis-server installed?");
        redis
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }

    /// What the setting wants.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Sends the server a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Kills the server, and starts one that holds nothing at the same place.
    pub(crate) fn start_anew(self) -> Self {
        let mut killed = self;
        killed.end();
        let directory = std::mem::replace(&mut killed.directory, tempfile::tempdir().unwrap());
        std::fs::remove_file(directory.path().join("redis.sock")).unwrap();
        Redis::start_in(directory)
    }

    /// Kills the server.
    pub(crate) fn end(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }

    /// The answer to one command.
    pub(crate) fn ask(&self, words: &[&str]) -> Answer {
        let mut stream = BufReader::new(UnixStream::connect(self.socket()).unwrap());
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        stream.get_mut().write_all(&command(&words)).unwrap();
        Answer::read(&mut stream)
    }

    /// The names of all keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        let Answer::List(keys) = self.ask(&["KEYS", "*"]) else {
            panic!("no list of keys")
        };
        let texts = keys.into_iter().map(|key| match key {
            Answer::Text(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        });
        texts.collect()
    }

    /// Everything that the server is told from now on.
    pub(crate) fn monitor(&self) -> Monitor {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.write_all(&command(&[b"MONITOR"])).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        assert_eq!(Answer::read(&mut lines), Answer::Text(b"OK".to_vec()));
        let heard = thread::spawn(move || {
            let mut heard = Vec::new();
            let _until_it_is_hung_up = lines.read_to_end(&mut heard);
            heard
        });
        Monitor { stream, heard }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ended = self.shell.wait();
    }
}

/// Who listens to all that a server is told.
pub(crate) struct Monitor {
    stream: UnixStream,
    heard: JoinHandle<Vec<u8>>,
}

impl Monitor {
    /// What was heard.
    pub(crate) fn heard(self) -> Vec<u8> {
        self.stream.shutdown(std::net::Shutdown::Both).unwrap();
        self.heard.join().unwrap()
    }
}

/// What the server answers (RESP2).
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Nothing,
    Number(i64),
    Text(Vec<u8>),
    Error(String),
    List(Vec<Answer>),
}

impl Answer {
    fn read(stream: &mut impl BufRead) -> Self {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let (kind, rest) = line.trim_end().split_at(1);
        let length = || rest.parse::<usize>();
        match kind {
            "+" => Answer::Text(rest.into()),
            "-" => Answer::Error(rest.into()),
            ":" => Answer::Number(rest.parse().unwrap()),
            "$" => match length() {
                Err(_) => Answer::Nothing,
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    stream.read_exact(&mut bytes).unwrap();
                    bytes.truncate(length);
                    Answer::Text(bytes)
                }
            },
            "*" => match length() {
                Err(_) => Answer::Nothing,
                Ok(length) => Answer::List((0..length).map(|_| Answer::read(stream)).collect()),
            },
            other => panic!("{other}"),
        }
    }

    /// All texts in it, one behind the other.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Answer::Text(bytes) => bytes.clone(),
            Answer::List(answers) => answers.iter().flat_map(Answer::bytes).collect(),
            Answer::Nothing | Answer::Number(_) | Answer::Error(_) => vec![],
        }
    }
}

/// A command in the form of the protocol.
fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}
