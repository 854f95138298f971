//! From what was said to a checked [`Config`], or to all mistakes at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Host;
use url::Url;

use crate::config::Config;
use crate::config::form::Form;
use crate::config::form::Value;
use crate::config::form::words;
use crate::config::mistake::Mistake;
use crate::config::mistake::Mistakes;
use crate::config::sources::Said;
use crate::config::sources::Sayings;
use crate::config::sources::Sources;
use crate::config::sources::nearest;
use crate::config::table::Absent;
use crate::config::table::SETTINGS;
use crate::config::table::Setting;
use crate::gateway;
use crate::graphql;
use crate::graphql::StatusProfile;
use crate::graphql::Trust;
use crate::graphql::TrustedDocuments;
use crate::grpc;
use crate::listener;
use crate::telemetry;
use crate::upstream;
use crate::upstream::profile::IgnoredFilters;
use crate::upstream::profile::Profile;

impl Config {
    /// Reads every setting from its strongest source. Fails with all mistakes of all sources.
    pub fn load(sources: &Sources<'_>) -> Result<Config, Mistakes> {
        let mut mistakes = Vec::new();
        let sayings = sources.gather(&mut mistakes);
        let values = Values::read(&sayings, &mut mistakes);
        refuse_plain_http(&values, &sayings, &mut mistakes);
        refuse_half_of_tls(&sayings, &mut mistakes);
        refuse_sharing_without_secret(&values, &sayings, &mut mistakes);
        let trusted = trusted_documents(&values, &sayings, sources);
        let trusted = trusted.map_err(|mistake| mistakes.push(mistake));
        let Ok(trusted) = trusted else {
            return Err(Mistakes(mistakes));
        };
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        let colours = sources.variable("NO_COLOR").is_none();
        Ok(values.into_config(colours, trusted))
    }
}

/// What the texts meant. The getters' keys are those of the table: a test that loads anything reads them all.
struct Values(BTreeMap<&'static str, Value>);

impl Values {
    fn read(sayings: &Sayings, mistakes: &mut Vec<Mistake>) -> Self {
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            match (sayings.get(setting.key), setting.absent) {
                (Some(said), _) => match setting.form.read(&said.text) {
                    Ok(value) => {
                        values.insert(setting.key, value);
                    }
                    Err(problem) => mistakes.extend(misread(setting, said, problem)),
                },
                (None, Absent::Required) => mistakes.push(missing(setting)),
                (None, Absent::Default(_) | Absent::Unset) => {}
            }
        }
        Values(values)
    }

    fn into_config(self, colours: bool, trusted: TrustedDocuments) -> Config {
        Config {
            listen: self.address("listen"),
            admin_listen: self.address("admin_listen"),
            listener: self.listener(),
            tls: self.tls(),
            requests_in_flight: self.size("limits.requests_in_flight"),
            log: self.log(colours),
            upstream: self.upstream(),
            gateway: gateway::Settings {
                secret: self.secret("gateway.secret"),
                scan_rows_max: self.number("gateway.scan_rows_max"),
                limits: gateway::Limits {
                    upstream_calls_per_request: self.number("limits.upstream_calls_per_request"),
                    rows_per_request: self.number("limits.rows_per_request"),
                    upstream_calls_per_minute: self.number("limits.upstream_calls_per_minute"),
                },
            },
            graphql: graphql::Settings {
                introspection: self.switch("graphql.introspection"),
                graphiql: self.switch("graphql.graphiql"),
                depth_max: self.size("graphql.depth_max"),
                body_bytes_max: self.size("graphql.body_bytes_max"),
                http_status: match self.text("graphql.http_status") {
                    "2026-09" => StatusProfile::September2026,
                    _ => StatusProfile::Audits,
                },
                persisted_bytes_max: self.number("graphql.persisted_bytes_max"),
                trusted_documents: trusted,
            },
            grpc: grpc::Settings {
                reflection: self.switch("grpc.reflection"),
                message_bytes_max: self.size("grpc.message_bytes_max"),
            },
        }
    }

    fn listener(&self) -> listener::Settings {
        listener::Settings {
            connections_max: self.size("connections_max"),
            connections_per_address_max: self.size("connections_per_address_max"),
            first_byte_timeout: self.duration("first_byte_timeout"),
            head_timeout: self.duration("head_timeout"),
            write_timeout: self.duration("write_timeout"),
            idle_timeout: self.duration("idle_timeout"),
            drain_delay: self.duration("drain_delay"),
            drain_timeout: self.duration("drain_timeout"),
        }
    }

    fn tls(&self) -> Option<listener::tls::Settings> {
        Some(listener::tls::Settings {
            certificate_file: self.path("tls.certificate_file")?,
            key_file: self.path("tls.key_file")?,
            client_ca_file: self.path("tls.client_ca_file"),
        })
    }

    fn log(&self, colours: bool) -> telemetry::Settings {
        let format = match self.text("log.format") {
            "text" => telemetry::Format::Text,
            "json" => telemetry::Format::Json,
            _ => telemetry::Format::Auto,
        };
        telemetry::Settings {
            filter: self.text("log.filter").to_owned(),
            format,
            colours,
        }
    }

    fn upstream(&self) -> upstream::Settings {
        upstream::Settings {
            base_url: self.url("upstream.base_url"),
            client_key: self.secret("upstream.client_key"),
            allow_plain_http: self.switch("upstream.allow_plain_http"),
            connect_timeout: self.duration("upstream.connect_timeout"),
            attempt_timeout: self.duration("upstream.attempt_timeout"),
            operation_timeout: self.duration("upstream.operation_timeout"),
            load: upstream::Load {
                calls_max: self.size("upstream.calls_max"),
                retry_percent: self.small("upstream.retry_percent"),
                retries_per_second: self.small("upstream.retries_per_second"),
                hedge_percent: self.small("upstream.hedge_percent"),
            },
            body_bytes_max: self.size("upstream.body_bytes_max"),
            page_size_max: self.small("upstream.page_size_max"),
            profile: Profile {
                ignored_filters: IgnoredFilters::named(
                    self.words("upstream.profile.ignored_filters"),
                ),
            },
            cache: upstream::cache::Settings {
                bytes_max: self.number("upstream.cache.bytes_max"),
                caller_bytes_max: self.number("upstream.cache.caller_bytes_max"),
                customer_ttl: self.duration("upstream.cache.customer_ttl"),
                fwo_ttl: self.duration("upstream.cache.fwo_ttl"),
                list_ttl: self.duration("upstream.cache.list_ttl"),
                stale_while_revalidate: self.duration("upstream.cache.stale_while_revalidate"),
                stale_if_error: self.duration("upstream.cache.stale_if_error"),
                not_found_ttl: self.duration("upstream.cache.not_found_ttl"),
                obey_headers: self.switch("upstream.cache.obey_headers"),
            },
            shared: upstream::shared::Settings {
                redis_url: self.secret("upstream.cache.redis_url"),
                redis_timeout: self.duration("upstream.cache.redis_timeout"),
                secret: self.secret("gateway.secret"),
            },
        }
    }

    fn address(&self, key: &str) -> SocketAddr {
        match self.0.get(key) {
            Some(Value::Address(address)) => *address,
            _ => unreachable!("the table says that {key} is an address"),
        }
    }

    fn url(&self, key: &str) -> Url {
        match self.0.get(key) {
            Some(Value::Url(url)) => url.clone(),
            _ => unreachable!("the table says that {key} is a URL"),
        }
    }

    fn duration(&self, key: &str) -> Duration {
        match self.0.get(key) {
            Some(Value::Duration(duration)) => *duration,
            _ => unreachable!("the table says that {key} is a duration"),
        }
    }

    fn number(&self, key: &str) -> u64 {
        match self.0.get(key) {
            Some(Value::Number(number)) => *number,
            _ => unreachable!("the table says that {key} is a number"),
        }
    }

    fn small(&self, key: &str) -> u32 {
        u32::try_from(self.number(key)).expect("the table bounds it")
    }

    fn size(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    fn switch(&self, key: &str) -> bool {
        match self.0.get(key) {
            Some(Value::Switch(on)) => *on,
            _ => unreachable!("the table says that {key} is a switch"),
        }
    }

    fn text(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(Value::Text(text)) => text,
            _ => unreachable!("the table says that {key} is a text"),
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        match self.0.get(key) {
            Some(Value::Text(text)) => Some(PathBuf::from(text)),
            None => None,
            Some(_) => unreachable!("the table says that {key} is a path"),
        }
    }

    fn words(&self, key: &str) -> impl Iterator<Item = &str> {
        let words = match self.0.get(key) {
            Some(Value::Words(words)) => words.as_slice(),
            None => &[],
            Some(_) => unreachable!("the table says that {key} is words"),
        };
        words.iter().map(String::as_str)
    }

    fn secret(&self, key: &str) -> Option<SecretString> {
        match self.0.get(key) {
            Some(Value::Secret(secret)) => Some(secret.clone()),
            None => None,
            Some(_) => unreachable!("the table says that {key} is a secret"),
        }
    }
}

/// One mistake for the text, or one for each word of it that nobody knows.
fn misread(setting: &Setting, said: &Said, problem: &str) -> Vec<Mistake> {
    let mistake = |text: &str, fix: Option<String>| Mistake {
        source: said.source.clone(),
        key: Some(setting.key.to_owned()),
        value: Some(setting.form.shown(text)),
        problem: problem.to_owned(),
        fix: fix.unwrap_or_else(|| format!("write {}", setting.form.hint())),
    };
    let Form::Words(known) = setting.form else {
        return vec![mistake(&said.text, None)];
    };
    let unknown = words(&said.text).filter(|word| !known.contains(word));
    let near = |word: &str| nearest(word, known.iter().map(|known| (*known).to_owned()));
    let mistakes = unknown.map(|word| {
        let meant = near(word).map(|near| format!("did you mean {near}?"));
        mistake(word, meant)
    });
    mistakes.collect()
}

fn missing(setting: &Setting) -> Mistake {
    let fix = format!("set {}, or try `serve --sandbox`", setting.variable());
    let problem = format!("is not set: {}", setting.meaning);
    Mistake {
        source: "no source".to_owned(),
        key: Some(setting.key.to_owned()),
        value: None,
        problem,
        fix,
    }
}

/// Logins and tokens travel to the upstream, so clear text needs a word from the operator.
fn refuse_plain_http(values: &Values, sayings: &Sayings, mistakes: &mut Vec<Mistake>) {
    let key = "upstream.base_url";
    let (Some(Value::Url(url)), Some(said)) = (values.0.get(key), sayings.get(key)) else {
        return;
    };
    let allowed = matches!(
        values.0.get("upstream.allow_plain_http"),
        Some(Value::Switch(true))
    );
    if url.scheme() == "http" && !allowed && !is_loopback(url) {
        mistakes.push(Mistake {
            source: said.source.clone(),
            key: Some(key.to_owned()),
            value: Some(said.text.clone()),
            problem: "would send passwords and tokens in clear text".to_owned(),
            fix: "use https://, or set upstream.allow_plain_http to true where the network is trusted".to_owned(),
        });
    }
}

/// A certificate without its key is none, and without one nobody can be asked for theirs.
fn refuse_half_of_tls(sayings: &Sayings, mistakes: &mut Vec<Mistake>) {
    let needs = [
        ("tls.certificate_file", "tls.key_file"),
        ("tls.key_file", "tls.certificate_file"),
        ("tls.client_ca_file", "tls.certificate_file"),
    ];
    for (key, needed) in needs {
        let Some(said) = sayings.get(key).filter(|_| !sayings.contains_key(needed)) else {
            continue;
        };
        mistakes.push(Mistake {
            source: said.source.clone(),
            key: Some(key.to_owned()),
            value: Some(said.text.clone()),
            problem: format!("needs {needed}"),
            fix: format!("set both, or unset {key}"),
        });
    }
}

/// The manifest of trusted documents, read here so that one that cannot be meant is told before anything starts.
fn trusted_documents(
    values: &Values,
    sayings: &Sayings,
    sources: &Sources<'_>,
) -> Result<TrustedDocuments, Mistake> {
    let (mode, file) = (
        "graphql.trusted_documents",
        "graphql.trusted_documents_file",
    );
    let text = |key| match values.0.get(key) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let trust = match text(mode) {
        Some("on") => Trust::On,
        Some("only") => Trust::Only,
        _ => Trust::Off,
    };
    let mistake = |key: &str, problem: String, fix: &str| {
        let said = sayings.get(key);
        Mistake {
            source: said.map_or("no source", |said| &said.source).to_owned(),
            key: Some(key.to_owned()),
            value: said.map(|said| said.text.clone()),
            problem,
            fix: fix.to_owned(),
        }
    };
    let Some(path) = text(file) else {
        if trust == Trust::Off {
            return Ok(TrustedDocuments::default());
        }
        let problem = format!("needs a manifest, and {file} is not set");
        let fix = "name the file that the build of the clients wrote";
        return Err(mistake(mode, problem, fix));
    };
    let manifest = (sources.read_file)(Path::new(path)).map_err(|error| {
        let fix = "name a file that this user may read";
        mistake(file, format!("cannot be read: {error}"), fix)
    })?;
    TrustedDocuments::read(trust, &manifest)
        .map_err(|problem| mistake(file, problem, "write the manifest anew"))
}

/// What instances share is sealed with the secret that they have in common.
fn refuse_sharing_without_secret(values: &Values, sayings: &Sayings, mistakes: &mut Vec<Mistake>) {
    let key = "upstream.cache.redis_url";
    // A secret that was said and is wrong is a mistake of its own.
    if let Some(said) = sayings.get(key)
        && values.0.contains_key(key)
        && !sayings.contains_key("gateway.secret")
    {
        mistakes.push(Mistake {
            source: said.source.clone(),
            key: Some(key.to_owned()),
            value: None,
            problem: "is set, and gateway.secret is not: instances share only what they can seal for each other".to_owned(),
            fix: "set gateway.secret to the same text for all instances".to_owned(),
        });
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
