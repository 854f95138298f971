//! What is refused, in which words, and what is not.

use crate::config::tests::BASE_URL;
use crate::config::tests::SECRET;
use crate::config::tests::Said;
use crate::config::tests::load;
use crate::config::tests::mistakes;

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
fn each_unknown_word_of_a_list_is_a_mistake_with_the_one_that_was_meant() {
    let text = mistakes(Said {
        variables: &[
            BASE_URL,
            (
                "PEERASSIST_UPSTREAM__PROFILE__IGNORED_FILTERS",
                "customers.nmae, fwos.status, search, colour",
            ),
        ],
        ..Said::default()
    });
    for line in [
        "bad configuration, 3 mistakes:",
        "upstream.profile.ignored_filters = \"customers.nmae\" is not a known word; did you mean customers.name?",
        "upstream.profile.ignored_filters = \"search\" is not a known word; did you mean fwos.search?",
        "upstream.profile.ignored_filters = \"colour\" is not a known word; write any of customers.status, ",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
}

#[test]
fn a_list_of_words_may_be_a_list_in_the_file() {
    let said = |value: &str| {
        let file = format!("[upstream.profile]\nignored_filters = {value}");
        load(Said {
            files: &[("gateway.toml", &file)],
            variables: &[BASE_URL],
            ..Said::default()
        })
    };
    let listed = said("['customers.name', 'fwos.search']").unwrap();
    let written = said("'customers.name,fwos.search,'").unwrap();
    assert_eq!(listed.upstream.profile, written.upstream.profile);
    assert_ne!(
        listed.upstream.profile,
        said("[]").unwrap().upstream.profile
    );
    let text = said("['customers.name', 3]").unwrap_err().to_string();
    assert!(text.contains("must not be a TOML array"), "{text}");
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
fn instances_share_only_with_a_secret_and_over_a_redis() {
    let said = |url| [BASE_URL, ("PEERASSIST_UPSTREAM__CACHE__REDIS_URL", url)];
    let text = mistakes(Said {
        variables: &said("redis://:marker@127.0.0.1"),
        ..Said::default()
    });
    assert!(
        text.contains("redis_url is set, and gateway.secret is not") && !text.contains("marker"),
        "{text}"
    );
    for wrong in ["marker", "https://marker", "redis://:marker@127.0.0.1:x"] {
        let variables = [&said(wrong)[..], &[SECRET]].concat();
        let text = mistakes(Said {
            variables: &variables,
            ..Said::default()
        });
        assert!(
            text.contains("is not the URL of a Redis") && !text.contains("marker"),
            "{text}"
        );
    }
    for right in [
        "redis://a",
        "rediss://u:p@a:6380/1",
        "unix:///run/redis.sock",
    ] {
        let variables = [&said(right)[..], &[SECRET]].concat();
        let config = load(Said {
            variables: &variables,
            ..Said::default()
        });
        assert!(config.is_ok(), "{right}");
    }
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
fn a_certificate_and_its_key_come_together() {
    let said = |variables: &[(&str, &str)]| {
        let variables = &[&[BASE_URL], variables].concat();
        load(Said {
            variables,
            ..Said::default()
        })
    };
    let certificate = ("PEERASSIST_TLS__CERTIFICATE_FILE", "/a.pem");
    let key = ("PEERASSIST_TLS__KEY_FILE", "/b.pem");
    let authorities = ("PEERASSIST_TLS__CLIENT_CA_FILE", "/c.pem");
    assert!(said(&[certificate, key]).unwrap().tls.is_some());
    assert!(said(&[certificate, key, authorities]).is_ok());
    assert!(said(&[]).unwrap().tls.is_none());
    for (half, line) in [
        (
            certificate,
            "tls.certificate_file = \"/a.pem\" needs tls.key_file; set both, or unset tls.certificate_file",
        ),
        (
            key,
            "tls.key_file = \"/b.pem\" needs tls.certificate_file; set both",
        ),
        (
            authorities,
            "tls.client_ca_file = \"/c.pem\" needs tls.certificate_file",
        ),
    ] {
        let text = said(&[half]).unwrap_err().to_string();
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
}

#[test]
fn a_manifest_of_trusted_documents_that_cannot_be_meant_is_told_at_the_start() {
    let only = ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS", "only");
    let named = (
        "PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS_FILE",
        "documents.json",
    );
    let told = |variables: &[(&str, &str)], manifest: &str| {
        mistakes(Said {
            files: &[("documents.json", manifest)],
            variables: &[&[BASE_URL], variables].concat(),
            ..Said::default()
        })
    };
    let alone = told(&[only], "");
    assert!(
        alone.contains("graphql.trusted_documents = \"only\" needs a manifest, and graphql.trusted_documents_file is not set"),
        "{alone}"
    );
    let elsewhere = ("PEERASSIST_GRAPHQL__TRUSTED_DOCUMENTS_FILE", "nowhere.json");
    let unread = told(&[only, elsewhere], "");
    assert!(
        unread.contains("graphql.trusted_documents_file = \"nowhere.json\" cannot be read"),
        "{unread}"
    );
    for (manifest, problem) in [
        ("[]", "is neither a manifest of Relay's nor one of Apollo's"),
        (r#"{ "a1": "{" }"#, "has a document a1 with a syntax error"),
    ] {
        let text = told(&[only, named], manifest);
        assert!(text.contains(problem), "{text}");
    }
}
