//! The commands that end by themselves: help, exit codes, contracts, settings.

use std::fs;
use std::net::TcpListener;

use crate::support::process::run;

#[test]
fn no_arguments_show_the_help_and_are_wrong_usage() {
    let ended = run(&[], &[]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.stdout, "");
    for word in [
        "Usage: peerassist-gateway",
        "serve",
        "sandbox",
        "schema",
        "login",
        "healthcheck",
        "completions",
    ] {
        assert!(ended.stderr.contains(word), "no {word} in {}", ended.stderr);
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["serve", "--help"],
        &["help", "schema"],
    ] {
        let ended = run(arguments, &[]);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert!(!ended.stdout.is_empty(), "{arguments:?}");
    }
    assert!(
        !run(&["serve", "--help"], &[])
            .stdout
            .contains("exit-with-stdin")
    );
}

#[test]
fn wrong_usage_exits_with_2() {
    let wrong: [&[&str]; 6] = [
        &["sreve"],
        &["serve", "--lisen", "x"],
        &["schema", "thrift"],
        &["serve", "--sandbox", "--upstream", "https://a"],
        &["serve", "--data", "x.db"],
        &["serve", "--upstream", "https://a.example", "--data", "x.db"],
    ];
    for arguments in wrong {
        let ended = run(arguments, &[]);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn wrong_configuration_exits_with_78_and_says_everything_at_once() {
    let variables = [
        ("PEERASSIST_GATEWAY__SECRET", "marker"),
        ("PEERASSIST_LOG__FILTERS", "info"),
    ];
    let ended = run(&["serve", "--listen", "8080"], &variables);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""));
    let expected = "\
peerassist-gateway: bad configuration, 4 mistakes:
  the environment: PEERASSIST_LOG__FILTERS is not a variable of this program; did you mean PEERASSIST_LOG__FILTER?
  --listen: listen = \"8080\" is not an address with a port; write an address and a port such as 127.0.0.1:8080 or [::1]:8080
  no source: upstream.base_url is not set: the PeerAssist REST API, for example https://api.mypeerassist.com; set PEERASSIST_UPSTREAM__BASE_URL, or try `serve --sandbox`
  PEERASSIST_GATEWAY__SECRET: gateway.secret = \"***\" is too short; write at least 32 characters
";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn a_settings_file_that_is_not_there_is_wrong_configuration() {
    let ended = run(
        &[
            "serve",
            "--sandbox",
            "--config",
            "/nonexistent/gateway.toml",
        ],
        &[],
    );
    assert_eq!(ended.code, Some(78));
    assert!(
        ended
            .stderr
            .contains("/nonexistent/gateway.toml: cannot be read: No such file"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_settings_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    fs::write(&file, "[upstream]\nconnect_timeout = '5'\n").unwrap();
    let ended = run(
        &["serve", "--sandbox", "--config", file.to_str().unwrap()],
        &[],
    );
    assert_eq!(ended.code, Some(78));
    assert!(
        ended
            .stderr
            .contains("gateway.toml: upstream.connect_timeout = \"5\""),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_profile_names_only_filters_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let profile = "[upstream.profile]\nignored_filters = ['fwos.search', 'fwos.stauts', 'customers.search']\n";
    fs::write(&file, profile).unwrap();
    let file = file.to_str().unwrap();
    let ended = run(&["serve", "--sandbox", "--config", file], &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""));
    for (wrong, meant) in [
        ("fwos.stauts", "fwos.status"),
        ("customers.search", "customers.status"),
    ] {
        let line = format!(
            "{file}: upstream.profile.ignored_filters = \"{wrong}\" is not a known word; did you mean {meant}?\n"
        );
        assert!(ended.stderr.contains(&line), "{}", ended.stderr);
    }
    let settings = run(&["settings"], &[]).stdout;
    assert!(settings.contains("PEERASSIST_UPSTREAM__PROFILE__IGNORED_FILTERS"));
    assert!(settings.contains("any of customers.status, "));
}

#[test]
fn a_taken_address_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(
        &[
            "serve",
            "--upstream",
            "https://a.example",
            "--listen",
            &address,
        ],
        &[],
    );
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    let expected = format!(
        "peerassist-gateway: cannot listen on {address}: another program already does; \
         stop it, or choose another port with --listen (127.0.0.1:0 takes any)"
    );
    assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(&["completions", shell], &[]);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{shell}"
        );
        assert!(ended.stdout.contains("peerassist-gateway"), "{shell}");
    }
}

#[test]
fn settings_lists_variables_and_defaults() {
    let ended = run(&["settings"], &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(
        ended.stdout.contains("PEERASSIST_UPSTREAM__BASE_URL")
            && ended.stdout.contains("default: 15s")
    );
}

#[test]
fn contracts_go_to_stdout_or_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (contract, word) in [("graphql", "type Query"), ("openapi", "\"openapi\"")] {
        let printed = run(&["schema", contract], &[]);
        assert_eq!(
            (printed.code, printed.stderr.as_str()),
            (Some(0), ""),
            "{contract}"
        );
        assert!(printed.stdout.contains(word), "{contract}");

        let file = folder.path().join(contract);
        let written = run(&["schema", contract, "--out", file.to_str().unwrap()], &[]);
        assert_eq!(
            (written.code, written.stdout.as_str()),
            (Some(0), ""),
            "{contract}"
        );
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            printed.stdout,
            "{contract}"
        );
    }
}

#[test]
fn the_descriptor_set_is_written_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("descriptor.bin");
    assert_eq!(
        run(
            &["schema", "descriptor", "--out", file.to_str().unwrap()],
            &[]
        )
        .code,
        Some(0)
    );
    assert_eq!(
        fs::read(&file).unwrap(),
        peerassist_gateway::grpc::DESCRIPTOR
    );
}

#[test]
fn proto_sources_are_written_under_their_import_paths() {
    let printed = run(&["schema", "proto"], &[]).stdout;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        run(
            &["schema", "proto", "--out", folder.path().to_str().unwrap()],
            &[]
        )
        .code,
        Some(0)
    );
    for (path, text) in peerassist_gateway::grpc::proto_sources() {
        assert!(printed.contains(&format!("// {path}\n")), "{path}");
        assert_eq!(
            fs::read_to_string(folder.path().join(path)).unwrap(),
            *text,
            "{path}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_written_is_a_failure() {
    let ended = run(
        &["schema", "graphql", "--out", "/nonexistent/schema.graphql"],
        &[],
    );
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .contains("/nonexistent/schema.graphql cannot be written: No such file"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_gateway_that_does_not_run_is_named() {
    for arguments in [
        &["healthcheck", "--url", "http://127.0.0.1:1/readyz"][..],
        &[
            "login",
            "--user",
            "a@b",
            "--password",
            "marker",
            "--url",
            "http://127.0.0.1:1",
        ],
    ] {
        let ended = run(arguments, &[]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(1), ""),
            "{arguments:?}"
        );
        assert!(
            ended.stderr.contains("http://127.0.0.1:1/")
                && ended.stderr.contains("does not answer"),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains("marker"), "{ended:?}");
    }
}
