//! Who may say a setting, and who goes first.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use secrecy::ExposeSecret;

use crate::config::Config;
use crate::config::Sources;
use crate::config::tests::BASE_URL;
use crate::config::tests::Said;
use crate::config::tests::load;

#[test]
fn flag_goes_before_variable_before_file_before_what_the_command_implies() {
    let implied = [("listen", "127.0.0.1:1")];
    let files = [("gateway.toml", "listen = '127.0.0.1:2'")];
    let variables = [BASE_URL, ("PEERASSIST_LISTEN", "127.0.0.1:3")];
    let flags = [("--listen", "listen", "127.0.0.1:4")];
    let port = |said| load(said).unwrap().listen.port();
    let base = Said {
        variables: &[BASE_URL],
        ..Said::default()
    };
    assert_eq!(
        port(Said {
            implied: &implied,
            ..base
        }),
        1
    );
    assert_eq!(
        port(Said {
            implied: &implied,
            files: &files,
            variables: &[BASE_URL],
            flags: &[]
        }),
        2
    );
    assert_eq!(
        port(Said {
            implied: &implied,
            files: &files,
            variables: &variables,
            flags: &[]
        }),
        3
    );
    assert_eq!(
        port(Said {
            implied: &implied,
            files: &files,
            variables: &variables,
            flags: &flags
        }),
        4
    );
}

#[test]
fn secrets_may_stand_in_files_of_their_own() {
    let said = |variables| {
        load(Said {
            files: &[("/run/key", "k e y\r\n")],
            variables,
            ..Said::default()
        })
    };
    let config = said(&[
        BASE_URL,
        ("PEERASSIST_UPSTREAM__CLIENT_KEY_FILE", "/run/key"),
    ])
    .unwrap();
    assert_eq!(config.upstream.client_key.unwrap().expose_secret(), "k e y");

    let text = said(&[
        BASE_URL,
        ("PEERASSIST_UPSTREAM__CLIENT_KEY_FILE", "/run/other"),
    ])
    .unwrap_err()
    .to_string();
    assert!(
        text.contains(
            "PEERASSIST_UPSTREAM__CLIENT_KEY_FILE (/run/other): upstream.client_key cannot be read"
        ),
        "{text}"
    );

    let both = [
        BASE_URL,
        ("PEERASSIST_UPSTREAM__CLIENT_KEY", "a"),
        ("PEERASSIST_UPSTREAM__CLIENT_KEY_FILE", "/run/key"),
    ];
    assert!(
        said(&both)
            .unwrap_err()
            .to_string()
            .contains("upstream.client_key is said twice; unset one of them")
    );

    let plain = [BASE_URL, ("PEERASSIST_LISTEN_FILE", "/run/key")];
    assert!(said(&plain).is_err(), "only secrets are read from files");
}

#[test]
fn customary_variables_are_understood() {
    let filter = |variables| {
        load(Said {
            variables,
            ..Said::default()
        })
        .unwrap()
        .log
        .filter
    };
    assert_eq!(filter(&[BASE_URL]), "info");
    assert_eq!(filter(&[BASE_URL, ("RUST_LOG", "warn")]), "warn");
    assert_eq!(
        filter(&[
            BASE_URL,
            ("RUST_LOG", "warn"),
            ("PEERASSIST_LOG__FILTER", "debug")
        ]),
        "debug"
    );
    let colours = |variables| {
        load(Said {
            variables,
            ..Said::default()
        })
        .unwrap()
        .log
        .colours
    };
    assert!(colours(&[BASE_URL, ("NO_COLOR", "")]));
    assert!(!colours(&[BASE_URL, ("NO_COLOR", "1")]));
}

#[test]
fn the_file_may_be_named_by_a_variable() {
    let read_file = |path: &Path| match path.to_str() {
        Some("/etc/gateway.toml") => {
            Ok("[upstream]\nbase_url = 'https://a.example'\npage_size_max = 50".to_owned())
        }
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let variables = BTreeMap::from([(
        "PEERASSIST_CONFIG".to_owned(),
        "/etc/gateway.toml".to_owned(),
    )]);
    let (implied, flags) = (Vec::new(), Vec::new());
    let config = Config::load(&Sources {
        implied,
        file: None,
        variables,
        flags,
        read_file: &read_file,
    })
    .unwrap();
    assert_eq!(config.upstream.page_size_max, 50);
}
