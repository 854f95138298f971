//! The settings as an operator meets them.

mod sources;
mod wrong;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

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

const TLS_CERTIFICATE: (&str, &str) = ("PEERASSIST_TLS__CERTIFICATE_FILE", "/a.pem");

const TLS_KEY: (&str, &str) = ("PEERASSIST_TLS__KEY_FILE", "/b.pem");

/// A manifest of trusted documents: a file's name and its text.
const MANIFEST: (&str, &str) = ("documents.json", r#"{ "a1": "{ __typename }" }"#);

const MANIFEST_NAMED: (&str, &str) = ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS_FILE", MANIFEST.0);

const SECRET: (&str, &str) = (
    "PEERASSIST_GATEWAY__SECRET",
    "0123456789-0123456789-0123456789",
);

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
        Form::Count(..) => ("27", "27".to_owned()),
        Form::Switch if setting.absent == Absent::Default("true") => ("false", "false".to_owned()),
        Form::Switch => ("true", "true".to_owned()),
        Form::Choice(["audits", ..]) => ("2026-09", "September2026".to_owned()),
        Form::Choice(["off", ..]) => ("only", "TrustedDocuments(Only, 3 names)".to_owned()),
        Form::Choice(_) => ("json", "Json".to_owned()),
        Form::Path if setting.key.starts_with("tls.") => {
            let file = "/etc/peerassist/x.pem";
            return (file.to_owned(), format!("{file:?}"));
        }
        Form::Path => {
            let shown = "trusted_documents: TrustedDocuments(Off, 3 names)";
            return (MANIFEST.0.to_owned(), shown.to_owned());
        }
        Form::Words(known) => {
            let text = format!("{}, {}", known[0], known[known.len() - 1]);
            return (text, format!("{field}: "));
        }
        Form::Filter => ("debug", "\"debug\"".to_owned()),
        Form::Secret(_) => (
            "0123456789012345678901234567890123456789",
            "Some(".to_owned(),
        ),
        Form::RedisUrl => ("redis://127.0.0.1:6379", "Some(".to_owned()),
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
        let by_file = [("gateway.toml", table.as_str()), MANIFEST];
        let base: &[_] = match setting.key {
            "upstream.base_url" => &[],
            "graphql.trusted_documents" => &[BASE_URL, MANIFEST_NAMED],
            "upstream.cache.redis_url" => &[BASE_URL, SECRET],
            "tls.certificate_file" => &[BASE_URL, TLS_KEY],
            "tls.key_file" => &[BASE_URL, TLS_CERTIFICATE],
            "tls.client_ca_file" => &[BASE_URL, TLS_CERTIFICATE, TLS_KEY],
            _ => &[BASE_URL],
        };
        let configs = [
            load(Said {
                flags: &by_flag,
                files: &[MANIFEST],
                variables: base,
                ..Said::default()
            }),
            load(Said {
                files: &[MANIFEST],
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
fn defaults_alone_are_enough_but_for_the_upstream() {
    let config = load(Said {
        variables: &[BASE_URL],
        ..Said::default()
    })
    .unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.listener.drain_timeout, Duration::from_secs(25));
    assert_eq!(config.upstream.cache.bytes_max, 64 * 1024 * 1024);
    let text = mistakes(Said::default());
    assert!(
        text.contains("upstream.base_url is not set")
            && text.contains("PEERASSIST_UPSTREAM__BASE_URL"),
        "{text}"
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
