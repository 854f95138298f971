//! The table of all settings.

use crate::config::form::Form;

/// What holds when nobody says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// This text.
    Default(&'static str),
    /// Nothing.
    Unset,
    /// It is a mistake.
    Required,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file: `upstream.base_url`.
    pub key: &'static str,
    /// What its text must look like.
    pub form: Form,
    /// What holds when nobody says anything.
    pub absent: Absent,
    /// One line for the operator.
    pub meaning: &'static str,
}

impl Setting {
    /// Its environment variable: `PEERASSIST_UPSTREAM__BASE_URL`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "__").to_uppercase())
    }

    /// The variable that names a file with the value; only secrets have one.
    pub fn file_variable(&self) -> Option<String> {
        self.is_secret()
            .then(|| format!("{}_FILE", self.variable()))
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        matches!(self.form, Form::Secret(_) | Form::RedisUrl)
    }
}

/// What all our variables start with.
pub(super) const PREFIX: &str = "PEERASSIST_";

/// The variable that names the TOML file; not a setting, because a file cannot say where it is.
pub(super) const FILE_VARIABLE: &str = "PEERASSIST_CONFIG";

/// The customary variable for log filters; `PEERASSIST_LOG__FILTER` goes before it.
pub(super) const RUST_LOG: &str = "RUST_LOG";

const fn setting(key: &'static str, form: Form, absent: Absent, meaning: &'static str) -> Setting {
    Setting {
        key,
        form,
        absent,
        meaning,
    }
}

/// Every setting there is, in the order of the reference.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = {
    use crate::config::form::Form::*;
    use crate::config::table::Absent::Default;
    use crate::config::table::Absent::Required;
    use crate::config::table::Absent::Unset;
    use crate::upstream::profile::FILTER_NAMES;
    &[
        setting("listen", Address, Default("127.0.0.1:8080"), "where GraphQL, gRPC and GraphiQL listen"),
        setting("admin_listen", Address, Default("127.0.0.1:9464"), "where /livez, /readyz and /metrics listen"),
        setting("connections_max", Count(1, 1_000_000), Default("2000"), "most client connections at once; more wait"),
        setting("connections_per_address_max", Count(1, 1_000_000), Default("100"), "most of them of one client address, or of one IPv6 /64; more are closed. Behind a proxy every client has its address"),
        setting("first_byte_timeout", Timeout, Default("5s"), "how long a new connection may stay silent"),
        setting("head_timeout", Timeout, Default("10s"), "how long the head of a request may take, and how long an HTTP/1 connection may be kept unused"),
        setting("write_timeout", Timeout, Default("30s"), "how long a client may leave lying what it asked for"),
        setting("idle_timeout", Timeout, Default("5m"), "how long an HTTP/2 connection may be kept unused"),
        setting("drain_delay", Duration, Default("0s"), "how long SIGTERM leaves the door open while readiness is already false, for balancers"),
        setting("drain_timeout", Duration, Default("25s"), "how long requests in flight may take to end after that"),

        setting("tls.certificate_file", Path, Unset, "the server's certificate and its chain in PEM; set, clients come over TLS only. SIGHUP reads all three files anew"),
        setting("tls.key_file", Path, Unset, "the private key of that certificate in PEM"),
        setting("tls.client_ca_file", Path, Unset, "authorities of client certificates in PEM; set, nobody comes in without such a certificate"),

        setting("log.filter", Filter, Default("info"), "which log lines are written, of libraries none below debug; RUST_LOG is read too"),
        setting("log.format", Choice(&["auto", "text", "json"]), Default("auto"), "auto is text on a terminal and JSON elsewhere; NO_COLOR is honoured"),

        setting("upstream.base_url", Url, Required, "the PeerAssist REST API, for example https://api.mypeerassist.com"),
        setting("upstream.client_key", Secret(1), Unset, "the API key that logins go upstream with"),
        setting("upstream.allow_plain_http", Switch, Default("false"), "permit http:// to hosts other than this machine; credentials then travel in clear text"),
        setting("upstream.connect_timeout", Timeout, Default("1s"), "for one connection"),
        setting("upstream.attempt_timeout", Timeout, Default("5s"), "for one try of one upstream call"),
        setting("upstream.operation_timeout", Timeout, Default("15s"), "for one client request with all its upstream calls and retries"),
        setting("upstream.calls_max", Count(1, 100_000), Default("256"), "most upstream calls under way at once, for all clients together; one token has 32 of its own"),
        setting("upstream.retry_percent", Count(0, 100), Default("20"), "reads that are tried again for each hundred upstream calls"),
        setting("upstream.retries_per_second", Count(0, 10_000), Default("10"), "reads that are tried again each second besides"),
        setting("upstream.hedge_percent", Count(0, 100), Default("0"), "slowest reads of each hundred that are asked for a second time before the first answer comes; 0 is never"),
        setting("upstream.body_bytes_max", Bytes(1024), Default("8MiB"), "largest upstream answer that is read"),
        setting("upstream.page_size_max", Count(20, 1000), Default("200"), "largest page asked of the upstream; fewer than 20 rows would not let pages overlap"),
        setting("upstream.profile.ignored_filters", Words(FILTER_NAMES), Unset, "filters that the upstream ignores: the gateway then reads the list and filters by itself, see gateway.scan_rows_max"),
        setting("upstream.cache.bytes_max", Bytes(0), Default("64MiB"), "memory for cached answers"),
        setting("upstream.cache.caller_bytes_max", Bytes(0), Default("8MiB"), "memory for the cached answers to one token, so that nobody pushes out what others keep; twice gateway.scan_rows_max rows ought to fit"),
        setting("upstream.cache.customer_ttl", Duration, Default("30s"), "how long a customer is served without asking again; 0s keeps none, here and below"),
        setting("upstream.cache.fwo_ttl", Duration, Default("30s"), "how long a field work order is served without asking again"),
        setting("upstream.cache.list_ttl", Duration, Default("30s"), "how long a page of a list is served without asking again"),
        setting("upstream.cache.stale_while_revalidate", Duration, Default("30s"), "how long after that an answer is served once more while the upstream is asked again"),
        setting("upstream.cache.stale_if_error", Duration, Default("5m"), "how long after that an answer is served where the upstream fails or hangs; never where it refuses"),
        setting("upstream.cache.not_found_ttl", Duration, Default("5s"), "how long it is remembered that there is no customer or order with an id"),
        setting("upstream.cache.obey_headers", Switch, Default("true"), "whether Cache-Control, Age, Vary and Set-Cookie of the upstream shorten all that; some frameworks forbid all caching by default"),
        setting("upstream.cache.redis_url", RedisUrl, Unset, "Redis or Valkey in which instances share what they keep: redis://, rediss:// or unix://; all must have the same gateway.secret"),
        setting("upstream.cache.redis_timeout", Timeout, Default("20ms"), "how long a request waits for it before it bypasses every cache"),

        setting("gateway.secret", Secret(32), Unset, "seals cursors and page tokens; unset, they end with the process and differ between instances"),
        setting("gateway.scan_rows_max", Count(1, 100_000), Default("2000"), "longest list in rows that is read whole for a filter that the upstream ignores; a longer one is UNIMPLEMENTED"),

        setting("limits.requests_in_flight", Count(1, 1_000_000), Default("512"), "most requests under way at once, fewer where the processors cannot keep up; further ones are refused at once"),
        setting("limits.upstream_calls_per_request", Count(0, 1_000_000), Default("100"), "most upstream calls that one request may take; one that may take more is refused before the first"),
        setting("limits.rows_per_request", Count(0, 100_000_000), Default("10000"), "most rows of lists that one request may bring"),
        setting("limits.upstream_calls_per_minute", Count(0, 100_000_000), Default("6000"), "most upstream calls that one token may cause in a minute; answers from the cache are free"),

        setting("graphql.introspection", Switch, Default("true"), "whether clients may read the schema"),
        setting("graphql.graphiql", Switch, Default("true"), "whether /graphiql/ is served"),
        setting("graphql.depth_max", Count(1, 100), Default("15"), "deepest nesting of a query"),
        setting("graphql.body_bytes_max", Bytes(1024), Default("256KiB"), "largest GraphQL request"),
        setting("graphql.http_status", Choice(&["audits", "2026-09"]), Default("audits"), "audits is what today's clients know; 2026-09 is the first edition of GraphQL over HTTP: 422 and 294, whatever the client takes"),
        setting("graphql.persisted_bytes_max", Bytes(0), Default("4MiB"), "memory for documents that clients ask for by their hash (automatic persisted queries); 0 turns that off"),
        setting("graphql.trusted_documents", Choice(&["off", "on", "only"]), Default("off"), "on runs the documents of the manifest by their ids; only refuses all others"),
        setting("graphql.trusted_documents_file", Path, Unset, "the manifest: an object of texts by id as Relay writes it, or Apollo's operation manifest"),

        setting("grpc.reflection", Switch, Default("true"), "whether clients may read the descriptors"),
        setting("grpc.message_bytes_max", Bytes(1024), Default("4MiB"), "largest gRPC request message"),
    ]
};

/// Every setting with its variable, form, default and meaning, for people.
pub fn reference() -> String {
    let mut text = String::from(
        "Settings, from the weakest to the strongest source: default, TOML file (--config FILE or PEERASSIST_CONFIG),\n\
         environment variable, flag. An empty variable counts as unset. In the file, the part before the last dot is\n\
         the table: upstream.base_url is base_url under [upstream].\n",
    );
    for setting in SETTINGS {
        let absent = match setting.absent {
            Absent::Default(text) => format!("default: {text}"),
            Absent::Unset => "unset by default".to_owned(),
            Absent::Required => "required, unless serve --sandbox".to_owned(),
        };
        let variable = match setting.file_variable() {
            Some(file) => format!("{} or {file}", setting.variable()),
            None => setting.variable(),
        };
        let (key, meaning, hint) = (setting.key, setting.meaning, setting.form.hint());
        text.push_str(&format!(
            "\n{key}\n    {meaning}\n    {variable}\n    {hint} ({absent})\n"
        ));
    }
    text
}
