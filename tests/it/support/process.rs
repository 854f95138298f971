//! The real program as a child process.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::SocketAddr;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use super::written;

/// Longer than any start should take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that runs; killed when dropped, and by the kernel's closing of its stdin should the tests die.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    /// The lines of stderr, until somebody looks for one.
    logged: mpsc::Receiver<String>,
}

/// Runs the program to its end, with nothing in its environment but `variables`.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    run_with_stdin(arguments, variables, "")
}

/// The same with a text on stdin.
pub(crate) fn run_with_stdin(arguments: &[&str], variables: &[(&str, &str)], stdin: &str) -> Ended {
    let mut child = command(PROGRAM, arguments, variables).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The program as it was built with these tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_peerassist-gateway");

fn command(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(written::settings(arguments))
        .envs(variables.iter().copied());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The same for a program that may open only so many files, sockets among them.
fn command_with_files(files: u32, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let plain = command(PROGRAM, arguments, variables);
    let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Process {
    /// Starts the program; its arguments must let it end with its stdin.
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Process::start_program(PROGRAM, arguments, variables)
    }

    /// The same with the program at this path.
    pub(crate) fn start_program(
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Process::spawn(command(program, arguments, variables))
    }

    /// The same for a program that may open only so many files, sockets among them.
    pub(crate) fn start_with_files(
        files: u32,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Process::spawn(command_with_files(files, arguments, variables))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.arg("--exit-with-stdin").spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (log, logged) = mpsc::channel();
        let mut kept = written::of_process(child.id());
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            for line in stderr.split(b'\n').map_while(Result::ok) {
                if let Some(kept) = &mut kept {
                    kept.write_all(&[&line[..], b"\n"].concat()).unwrap();
                }
                let line = String::from_utf8_lossy(&line).into_owned();
                text.push_str(&line);
                text.push('\n');
                let _nobody_listens = log.send(line);
            }
            text
        });
        let stdin = child.stdin.take();
        Process {
            child,
            stdin,
            lines,
            stderr: Some(stderr),
            logged,
        }
    }

    /// Waits for a line of stderr that contains this.
    pub(crate) fn until_logged(&self, text: &str) {
        while let Ok(line) = self.logged.recv_timeout(PATIENCE) {
            if line.contains(text) {
                return;
            }
        }
        panic!("nothing of {text:?} on stderr");
    }

    /// The rest of the next line of stdout that starts so.
    pub(crate) fn line(&mut self, prefix: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => match line.strip_prefix(prefix) {
                    Some(rest) => return rest.to_owned(),
                    None => continue,
                },
                Err(error) => {
                    let _ended_already = self.child.kill();
                    let stderr = self.stderr.take().map(JoinHandle::join);
                    panic!("no line {prefix:?}: {error}, stderr: {stderr:?}");
                }
            }
        }
    }

    /// The address behind a line such as `gateway: http://127.0.0.1:8080`.
    pub(crate) fn address(&mut self, name: &str) -> SocketAddr {
        self.line(&format!("{name}: http://")).parse().unwrap()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(
            Command::new("kill")
                .args([format!("-{name}"), id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&self) -> bool {
        let status = self.status();
        let state = status.lines().find(|line| line.starts_with("State:"));
        state.is_some_and(|state| !state.contains('Z'))
    }

    /// Its resident memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = self.status();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.map_or(0, |kib| kib.parse::<u64>().unwrap() * 1024)
    }

    /// The processor time that its threads have taken so far.
    pub(crate) fn processor(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
        let nanoseconds = threads.filter_map(|thread| {
            let file = thread.ok()?.path().join("schedstat");
            let told = std::fs::read_to_string(file).ok()?;
            told.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    fn status(&self) -> String {
        let path = format!("/proc/{}/status", self.child.id());
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Closes the program's stdin.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits for its end; what it wrote to stdout and nobody read comes back too.
    pub(crate) fn ended(mut self) -> Ended {
        let code = self.child.wait().unwrap().code();
        let stdout = self.lines.iter().collect::<Vec<_>>().join("\n");
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Ended {
            code,
            stdout,
            stderr,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended = self.child.wait();
    }
}
