//! The settings as an operator meets them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::config::Absent;
use crate::config::Config;
use crate::config::Flag;
use crate::config::Form;
use crate::config::Mistakes;
use crate::config::SETTINGS;
use crate::config::Setting;
use crate::config::Sources;
use crate::config::reference;

const BASE_URL: (&str, &str) = ("PEERASSIST_UPSTREAM__BASE_URL", "https://api.example.com");

/// What a test says, in every place where an operator may say it.
#[derive(Default)]
struct Said<'a> {
    implied: &'a [(&'static str, &'a str)],
    files: &'a [(&'a str, &'a str)],
    variables: &'a [(&'a str, &'a str)],
    flags: &'a [(&'static str, &'static str, &'a str)],
}

/// Loads what was said; a file called `gateway.toml` is the settings file.
fn load(said: Said<'_>) -> Result<Config, Mistakes> {
    let Said {
        implied,
        files,
        variables,
        flags,
    } = said;
    let read_file = |path: &Path| -> io::Result<String> {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let flag = |(name, key, text): &(&'static str, &'static str, &str)| Flag {
        name,
        key,
        text: (*text).to_owned(),
    };
    Config::load(&Sources {
        implied: implied
            .iter()
            .map(|(key, text)| (*key, (*text).to_owned()))
            .collect(),
        file: files
            .iter()
            .any(|(name, _)| *name == "gateway.toml")
            .then(|| PathBuf::from("gateway.toml")),
        variables: variables.iter().map(owned).collect::<BTreeMap<_, _>>(),
        flags: flags.iter().map(flag).collect(),
        read_file: &read_file,
    })
}

fn mistakes(said: Said<'_>) -> String {
    load(said).expect_err("the settings are wrong").to_string()
}

/// A good text that is not the default, and what the setting's field must then look like.
fn sample(setting: &Setting) -> (String, String) {
    let field = setting
        .key
        .rsplit('.')
        .next()
        .expect("a key has a last part");
    let (text, shown) = match setting.form {
        Form::Address => ("127.0.0.1:7001", "127.0.0.1:7001".to_owned()),
        Form::Url => ("https://other.example/", "Url {".to_owned()),
        Form::Timeout | Form::Duration => ("1234ms", format!("{:?}", Duration::from_millis(1234))),
        Form::Bytes(_) => ("1234KiB", (1234 * 1024).to_string()),
        Form::Count(..) => ("17", "17".to_owned()),
        Form::Switch if setting.absent == Absent::Default("true") => ("false", "false".to_owned()),
        Form::Switch => ("true", "true".to_owned()),
        Form::Choice(_) => ("json", "Json".to_owned()),
        Form::Filter => ("debug", "\"debug\"".to_owned()),
        Form::Secret(_) => (
            "0123456789012345678901234567890123456789",
            "Some(".to_owned(),
        ),
    };
    (text.to_owned(), format!("{field}: {shown}"))
}

#[test]
fn every_setting_can_be_said_in_every_source_and_reaches_its_field() {
    let plain = format!(
        "{:?}",
        load(Said {
            variables: &[BASE_URL],
            ..Said::default()
        })
        .unwrap()
    );
    for setting in SETTINGS {
        let (text, field) = sample(setting);
        let table = match setting.key.rsplit_once('.') {
            Some((section, name)) => format!("[{section}]\n{name} = \"{text}\"\n"),
            None => format!("{} = \"{text}\"\n", setting.key),
        };
        let variable = setting.variable();
        let by_flag = [("--flag", setting.key, text.as_str())];
        let by_variable = [(variable.as_str(), text.as_str())];
        let by_file = [("gateway.toml", table.as_str())];
        let base: &[_] = if setting.key == "upstream.base_url" {
            &[]
        } else {
            &[BASE_URL]
        };
        let configs = [
            load(Said {
                flags: &by_flag,
                variables: base,
                ..Said::default()
            }),
            load(Said {
                variables: &[base, &by_variable].concat(),
                ..Said::default()
            }),
            load(Said {
                files: &by_file,
                variables: base,
                ..Said::default()
            }),
        ];
        for config in configs {
            let shown = format!("{:?}", config.unwrap());
            assert!(
                shown.contains(&field),
                "{}: no {field} in {shown}",
                setting.key
            );
            assert_ne!(shown, plain, "{} changes nothing", setting.key);
        }
    }
}

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
fn defaults_alone_are_enough_but_for_the_upstream() {
    let config = load(Said {
        variables: &[BASE_URL],
        ..Said::default()
    })
    .unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.drain_timeout, Duration::from_secs(25));
    assert_eq!(config.upstream.cache.bytes_max, 64 * 1024 * 1024);
    let text = mistakes(Said::default());
    assert!(
        text.contains("upstream.base_url is not set")
            && text.contains("PEERASSIST_UPSTREAM__BASE_URL"),
        "{text}"
    );
}

#[test]
fn all_mistakes_of_all_sources_come_at_once() {
    let text = mistakes(Said {
        files: &[(
            "gateway.toml",
            "listen = 1.5\ncache = 3\n[upstream]\nattempt_timout = '5s'",
        )],
        variables: &[
            ("PEERASSIST_UPSTREAM__CONNECT_TIMEOUT", "5"),
            ("PEERASSIST_GRAPHQL__DEPTH_MAX", "0"),
            ("PEERASSIST_UPSTREAM__BASE_URI", "https://a"),
            ("PEERASSIST_GATEWAY__SECRET", "marker-secret"),
        ],
        flags: &[("--admin-listen", "admin_listen", "9464")],
        ..Said::default()
    });
    for line in [
        "bad configuration, 9 mistakes:",
        "gateway.toml: listen must not be a TOML float; write an address",
        "gateway.toml: cache is not a setting of this program; `peerassist-gateway settings` lists them all",
        "gateway.toml: upstream.attempt_timout is not a setting of this program; did you mean upstream.attempt_timeout?",
        "PEERASSIST_UPSTREAM__CONNECT_TIMEOUT: upstream.connect_timeout = \"5\" is not a number with a unit of time",
        "PEERASSIST_GRAPHQL__DEPTH_MAX: graphql.depth_max = \"0\" is out of range; write a number from 1 to 100",
        "PEERASSIST_UPSTREAM__BASE_URI is not a variable of this program; did you mean PEERASSIST_UPSTREAM__BASE_URL?",
        "PEERASSIST_GATEWAY__SECRET: gateway.secret = \"***\" is too short; write at least 32 characters",
        "--admin-listen: admin_listen = \"9464\" is not an address with a port",
        "upstream.base_url is not set",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
    assert!(!text.contains("marker-secret"));
}

#[test]
fn a_setting_in_the_wrong_section_is_recognised() {
    let files = [("gateway.toml", "connect_timeout = '1s'")];
    let text = mistakes(Said {
        files: &files,
        variables: &[BASE_URL],
        ..Said::default()
    });
    assert!(
        text.contains("did you mean upstream.connect_timeout?"),
        "{text}"
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
fn nothing_that_is_shown_contains_a_secret() {
    let secret = "marker-0123456789-0123456789-0123456789";
    let variables = [
        BASE_URL,
        ("PEERASSIST_GATEWAY__SECRET", secret),
        ("PEERASSIST_UPSTREAM__CLIENT_KEY", secret),
    ];
    let config = load(Said {
        variables: &variables,
        ..Said::default()
    })
    .unwrap();
    assert!(!format!("{config:?}").contains("marker"));

    let misspelt = [
        ("PEERASSIST_GATEWAY__SECRETT", secret),
        ("PEERASSIST_UPSTREAM__BASE_URL", "https://u:marker@a"),
    ];
    let broken = format!("[gateway]\nsecret = \"{secret}");
    let text = mistakes(Said {
        files: &[("gateway.toml", &broken)],
        variables: &misspelt,
        ..Said::default()
    });
    assert!(
        text.contains("gateway.toml:2: not TOML") && text.contains("contains credentials"),
        "{text}"
    );
    assert!(!text.contains("marker"), "{text}");
}

#[test]
fn clear_text_needs_a_word_unless_it_stays_on_this_machine() {
    let allow = ("PEERASSIST_UPSTREAM__ALLOW_PLAIN_HTTP", "true");
    let said = |url| [("PEERASSIST_UPSTREAM__BASE_URL", url)];
    for near in [
        "http://127.0.0.1:9090",
        "http://[::1]:9090",
        "http://localhost:9090",
        "http://a.localhost",
    ] {
        assert!(
            load(Said {
                variables: &said(near),
                ..Said::default()
            })
            .is_ok(),
            "{near}"
        );
    }
    for far in [
        "http://api.example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
    ] {
        let text = mistakes(Said {
            variables: &said(far),
            ..Said::default()
        });
        assert!(
            text.contains("clear text; use https://, or set upstream.allow_plain_http"),
            "{text}"
        );
        let allowed = [said(far)[0], allow];
        assert!(
            load(Said {
                variables: &allowed,
                ..Said::default()
            })
            .is_ok(),
            "{far}"
        );
    }
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

#[test]
fn what_a_platform_sets_is_no_mistake() {
    let variables = [
        BASE_URL,
        ("PEERASSIST_GATEWAY__SECRET", ""),
        ("PEERASSIST_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("PEERASSIST_GATEWAY_SERVICE_PORT", "80"),
        ("PEERASSIST_GATEWAY_SERVICE_PORT_HTTP", "80"),
        ("PEERASSIST_GATEWAY_PORT", "tcp://10.0.0.1:80"),
        ("PEERASSIST_GATEWAY_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("PEERASSIST_GATEWAY_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("PATH", "/bin"),
    ];
    assert!(
        load(Said {
            variables: &variables,
            ..Said::default()
        })
        .is_ok()
    );
}

#[test]
fn the_reference_tells_every_setting() {
    let text = reference();
    for setting in SETTINGS {
        assert!(
            text.contains(&format!("\n{}\n", setting.key)),
            "{}",
            setting.key
        );
        assert!(
            text.contains(&setting.variable()) && text.contains(setting.meaning),
            "{}",
            setting.key
        );
    }
    assert!(
        text.contains("PEERASSIST_UPSTREAM__CLIENT_KEY_FILE") && text.contains("default: 64MiB")
    );
}
