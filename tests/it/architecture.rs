//! Who may name whom, as data; the sources are read and checked.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The parts of the library, and which of them each may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("upstream", &["domain"]),
    ("gateway", &["domain", "upstream"]),
    ("graphql", &["domain", "gateway"]),
    ("grpc", &["domain", "gateway"]),
    (
        "config",
        &[
            "upstream",
            "gateway",
            "graphql",
            "grpc",
            "listener",
            "telemetry",
        ],
    ),
    ("telemetry", &[]),
    ("admin", &[]),
    ("listener", &[]),
    ("shed", &["domain", "fallback"]),
    ("head", &[]),
    ("fuzzing", &["domain", "upstream", "graphql", "grpc"]),
    ("observe", &["fallback", "head"]),
    ("fallback", &["domain", "graphql", "grpc"]),
];

/// Libraries that a part must not name: the domain knows no protocol, and only the road out speaks REST.
const FORBIDDEN_CRATES: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "axum",
            "async_graphql",
            "tonic",
            "reqwest",
            "hyper",
            "http",
            "moka",
        ],
    ),
    ("upstream", &["axum", "async_graphql", "tonic"]),
    (
        "gateway",
        &["axum", "async_graphql", "tonic", "reqwest", "hyper", "http"],
    ),
    ("graphql", &["tonic", "reqwest"]),
    ("grpc", &["async_graphql", "reqwest"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, or the file itself.
fn sources(path: PathBuf) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path];
    }
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.flat_map(sources);
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn part(name: &str) -> Vec<PathBuf> {
    let folder = root().join("src").join(name);
    let file = root().join("src").join(format!("{name}.rs"));
    sources(if folder.is_dir() { folder } else { file })
}

/// The lines of a file that are code.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"));
    lines.map(str::to_owned).collect()
}

/// The names behind `crate::` in a line.
fn named(line: &str) -> Vec<&str> {
    let names = line.split("crate::").skip(1);
    names
        .map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or("")
        })
        .collect()
}

#[test]
fn each_part_names_only_those_that_it_may() {
    for (name, allowed) in ALLOWED {
        for path in part(name) {
            for line in code(&path) {
                for other in named(&line) {
                    let fine = other == *name || allowed.contains(&other);
                    assert!(
                        fine,
                        "{name} must not name {other}: {}: {line}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn no_part_knows_a_protocol_that_is_not_its_own() {
    for (name, forbidden) in FORBIDDEN_CRATES {
        for path in part(name) {
            for line in code(&path) {
                let found = forbidden.iter().find(|other| {
                    line.starts_with(&format!("use {other}::"))
                        || line.contains(&format!(" {other}::"))
                        || line.contains(&format!("<{other}::"))
                });
                assert_eq!(found, None, "{name}: {}: {line}", path.display());
            }
        }
    }
}

#[test]
fn every_part_stands_in_the_table() {
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // `serve` is where the parts meet; `console` is the page's sources, and `bin` the executable.
        let known = ["lib", "serve", "console", "bin"].contains(&name.as_str())
            || ALLOWED.iter().any(|(part, _)| *part == name);
        assert!(known, "{name} needs a row in the table");
    }
}

#[test]
fn the_sandbox_and_the_library_meet_over_http_alone() {
    for path in sources(root().join("src/bin/peerassist-gateway/sandbox")) {
        for line in code(&path) {
            assert!(
                !line.contains("peerassist_gateway"),
                "{}: {line}",
                path.display()
            );
            let others = named(&line).into_iter().find(|other| *other != "sandbox");
            assert_eq!(others, None, "{}: {line}", path.display());
        }
    }
}

#[test]
fn resolvers_do_not_return_errors_that_lose_their_code() {
    for path in part("graphql") {
        for line in code(&path) {
            let lossy = [
                "async_graphql::Result",
                "async_graphql::FieldResult",
                "-> Result<Option<",
            ];
            let found = lossy
                .iter()
                .find(|lossy| line.contains(**lossy) && line.contains("Failure"));
            assert_eq!(found, None, "{}: {line}", path.display());
            let error =
                line.contains("async_graphql::Error") && !line.contains("ErrorExtensionValues");
            assert!(
                !error || path.ends_with("graphql/error.rs"),
                "{}: {line}",
                path.display()
            );
        }
    }
}

#[test]
fn imports_are_one_path_a_line_so_that_this_scan_sees_them() {
    for path in sources(root().join("src")) {
        for line in code(&path) {
            assert!(
                !line.starts_with("use crate::{") && !line.contains("super::super::"),
                "{}: {line}",
                path.display()
            );
        }
    }
}
