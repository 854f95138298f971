//! The commands that stay: what they say at the start, what they answer, how they end.

use std::net::SocketAddr;
use std::process::Command;

use crate::support::process::Process;
use crate::support::process::run;
use crate::support::process::run_with_stdin;
use crate::support::raw::Raw;
use crate::support::raw::get;

const SERVE_SANDBOX: [&str; 6] = [
    "serve",
    "--sandbox",
    "--listen",
    "127.0.0.1:0",
    "--admin-listen",
    "127.0.0.1:0",
];

/// A GraphQL request that any schema answers.
const BODY: &str = r#"{"query":"{ __typename }"}"#;

fn start() -> (Process, SocketAddr, SocketAddr) {
    let mut process = Process::start(&SERVE_SANDBOX, &[]);
    let (gateway, admin) = (process.address("gateway"), process.address("admin"));
    (process, gateway, admin)
}

/// A request that has begun and waits for its body: the server has asked for it.
fn request_in_flight(gateway: SocketAddr) -> Raw {
    let mut raw = Raw::connect(gateway);
    let length = BODY.len();
    raw.send(&format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    ));
    assert!(raw.read_until("\r\n\r\n").starts_with("HTTP/1.1 100"));
    raw
}

#[test]
fn serve_with_sandbox_says_where_everything_is() {
    let (mut process, gateway, admin) = start();
    let sandbox = process.address("sandbox");
    process.line(&format!("  GraphiQL   http://{gateway}/graphiql/"));
    process.line(&format!("  GraphQL    http://{gateway}/graphql"));
    process.line(&format!("  gRPC       {gateway}"));
    process.line(&format!("  Sandbox    http://{sandbox}/swagger-ui/"));
    assert!(get(gateway, "/graphiql/", "").starts_with("HTTP/1.1 200"));
    assert!(get(sandbox, "/swagger-ui/", "").starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/livez", "").starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/readyz", "").ends_with("ready\n"));
}

#[test]
fn a_start_without_a_secret_warns_once_that_cursors_end_with_the_process() {
    let stderr = |variables: &[(&str, &str)]| {
        let mut process = Process::start(&SERVE_SANDBOX, variables);
        let gateway = process.address("gateway");
        assert!(get(gateway, "/graphiql/", "").starts_with("HTTP/1.1 200"));
        process.close_stdin();
        process.ended().stderr
    };
    let warnings = stderr(&[]);
    let warnings = warnings.lines().filter(|line| line.contains("WARN"));
    let warnings: Vec<_> = warnings.collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("gateway.secret is not set: cursors"));
    let secret = "thirty-two characters of a secret";
    let quiet = stderr(&[("PEERASSIST_GATEWAY__SECRET", secret)]);
    assert!(!quiet.contains("WARN"), "{quiet}");
}

#[test]
fn the_commands_of_the_welcome_work_as_they_stand() {
    if Command::new("curl").arg("--version").output().is_err() {
        return; // nobody here could copy them either
    }
    let (mut process, _, _) = start();
    let (login, customers) = (process.line("TOKEN="), process.line("curl "));
    let script = format!("TOKEN={login}\ntest -n \"$TOKEN\" || exit 9\ncurl {customers}");
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(
        answer.contains("\"data\"") && !answer.contains("\"errors\""),
        "{answer}"
    );
}

#[test]
fn unknown_paths_are_answered_in_the_clients_protocol() {
    let (_process, gateway, _) = start();
    assert!(get(gateway, "/nothing", "").starts_with("HTTP/1.1 404"));
    assert!(get(gateway, "/", "accept: text/html\r\n").contains("location: /graphiql/\r\n"));
    let grpc = get(
        gateway,
        "/no.Such/Method",
        "content-type: application/grpc\r\n",
    );
    assert!(
        grpc.starts_with("HTTP/1.1 200") && grpc.contains("grpc-status: 12\r\n"),
        "{grpc}"
    );
}

#[test]
fn metrics_are_openmetrics_and_name_routes_without_ids() {
    let (_process, gateway, admin) = start();
    assert!(get(gateway, "/customers/4711", "").starts_with("HTTP/1.1 404"));
    let metrics = get(admin, "/metrics", "");
    assert!(
        metrics.contains("content-type: application/openmetrics-text"),
        "{metrics}"
    );
    let series =
        r#"http_server_request_duration_seconds_count{route="none",method="GET",status="404"} 1"#;
    assert!(
        metrics.contains(series) && !metrics.contains("4711"),
        "{metrics}"
    );
    assert!(
        metrics.contains("build_info{") && metrics.contains("http_server_open_connections"),
        "{metrics}"
    );
}

#[test]
fn a_gateway_without_its_upstream_starts_but_is_not_ready() {
    let arguments = ["serve", "--upstream", "http://127.0.0.1:1"];
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let mut process = Process::start(&[&arguments[..], &anywhere].concat(), &[]);
    let admin = process.address("admin");
    assert!(get(admin, "/readyz", "").starts_with("HTTP/1.1 503"));
    let ended = run(
        &["healthcheck", "--url", &format!("http://{admin}/readyz")],
        &[],
    );
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("503") && ended.stderr.contains("the upstream cannot be reached"),
        "{ended:?}"
    );
}

#[test]
fn healthcheck_finds_a_ready_gateway() {
    let (_process, _, admin) = start();
    let ended = run(
        &["healthcheck", "--url", &format!("http://{admin}/readyz")],
        &[],
    );
    assert_eq!(
        (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
        (Some(0), "", "")
    );
}

#[test]
fn login_prints_the_token_alone_on_stdout() {
    let (_process, gateway, _) = start();
    let url = format!("http://{gateway}");
    let login = |password| {
        let user = [
            "login",
            "--url",
            &url,
            "--user",
            "admin@lakeline.example",
            "--password",
            password,
        ];
        run_with_stdin(&user, &[], "demo-password\n")
    };
    for password in ["demo-password", "-"] {
        let ended = login(password);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.stdout.lines().count(), 1);
        assert!(
            !ended.stderr.contains(ended.stdout.trim()),
            "the token is on stdout only"
        );
        assert!(ended.stderr.contains("admin@lakeline.example"), "{ended:?}");
    }
    let refused = login("wrong");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("the login failed: "), "{refused:?}");
}

#[test]
fn sigterm_and_sigint_end_an_idle_gateway_with_0() {
    for signal in ["TERM", "INT"] {
        let (process, gateway, _) = start();
        // A kept connection that waits for nothing must not hold the process up.
        let mut idle = Raw::connect(gateway);
        idle.send("GET /nothing HTTP/1.1\r\nhost: test\r\n\r\n");
        idle.read_until("\r\n\r\n");
        process.signal(signal);
        let ended = process.ended();
        assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        assert!(
            ended.stderr.contains("every request was finished"),
            "{ended:?}"
        );
    }
}

#[test]
fn a_request_in_flight_at_sigterm_is_finished() {
    let (process, gateway, admin) = start();
    let mut raw = request_in_flight(gateway);
    process.signal("TERM");
    while !get(admin, "/readyz", "").ends_with("draining\n") {}
    raw.send(BODY);
    let answer = raw.read_to_end();
    // The whole of it, because the connection does not outlive the request.
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""__typename":"Query""#), "{answer}");
    assert_eq!(process.ended().code, Some(0));
}

#[test]
fn the_drain_time_is_a_bound() {
    let mut process = Process::start(&SERVE_SANDBOX, &[("PEERASSIST_DRAIN_TIMEOUT", "100ms")]);
    let gateway = process.address("gateway");
    let mut raw = request_in_flight(gateway);
    process.signal("TERM");
    assert_eq!(raw.read_to_end(), "");
    let ended = process.ended();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("the drain time was over"),
        "{ended:?}"
    );
}

#[test]
fn a_second_signal_ends_at_once() {
    let (process, gateway, admin) = start();
    let _raw = request_in_flight(gateway);
    process.signal("TERM");
    while !get(admin, "/readyz", "").ends_with("draining\n") {}
    process.signal("TERM");
    let ended = process.ended();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("a second signal came"), "{ended:?}");
}

#[test]
fn a_closed_stdin_ends_the_process_where_that_is_wanted() {
    let (mut process, _, _) = start();
    process.close_stdin();
    assert_eq!(process.ended().code, Some(0));
}

#[test]
fn the_sandbox_alone_says_where_it_is_and_ends_with_0() {
    let mut process = Process::start(
        &["sandbox", "--listen", "127.0.0.1:0", "--set", "docs"],
        &[],
    );
    let sandbox = process.address("sandbox");
    assert!(get(sandbox, "/swagger-ui/", "").starts_with("HTTP/1.1 200"));
    process.signal("TERM");
    let ended = process.ended();
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
}

#[test]
fn logs_are_json_where_stderr_is_no_terminal() {
    let (process, _, _) = start();
    process.signal("TERM");
    let ended = process.ended();
    for line in ended.stderr.lines() {
        assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
    }
}
