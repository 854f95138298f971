//! What cannot be written: code that keeps, joins or looks for an answer without a caller does not compile. The sources
//! are copied, such code is planted among them, and the compiler says what it thinks of each line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Where a plant stands in the copy.
const PLANTED: &str = "src/upstream/cache/planted.rs";

/// What every plant may use.
const IMPORTS: &str = "\
#![allow(dead_code, clippy::all)]
use std::sync::Arc;
use crate::domain::caller::{Caller, Fingerprint};
use crate::domain::id::CustomerId;
use crate::upstream::cache::{AnswerCache, Asked, Store, entry::Entry};
use crate::upstream::flight::{Boarding, Flights};
use crate::upstream::question::Question;
";

/// Code, and the error that it must give, or none.
struct Plant {
    code: &'static str,
    error: Option<&'static str>,
}

const fn good(code: &'static str) -> Plant {
    Plant { code, error: None }
}

const fn bad(code: &'static str, error: &'static str) -> Plant {
    Plant {
        code,
        error: Some(error),
    }
}

/// What the compiler finds when it looks at types.
const TYPES: &[Plant] = &[
    good(
        "fn keeps(s: &Store, c: &Caller, i: CustomerId, e: Entry) { let q = Question::new(c, i); s.put(&q, &s.ask(c, q.tags()), e) }",
    ),
    bad(
        "fn keeps_for_nobody(s: &Store, a: &Asked, i: CustomerId, e: Entry) { s.put(&i, a, e) }",
        "E0308",
    ),
    bad(
        "fn keeps_what_nobody_asked(s: &Store, c: &Caller, i: CustomerId, e: Entry) { s.put(&Question::new(c, i), (), e) }",
        "E0308",
    ),
    good(
        "fn finds(s: &Store, c: &Caller, i: CustomerId) -> Option<Entry> { s.get(&Question::new(c, i)) }",
    ),
    bad(
        "fn finds_for_nobody(s: &Store, i: CustomerId) -> Option<Entry> { s.get(&i) }",
        "E0308",
    ),
    bad(
        "fn asks_as_nobody(i: CustomerId) -> Question<CustomerId> { Question::new(i) }",
        "E0061",
    ),
    bad(
        "fn asks_as_a_fingerprint(f: &Fingerprint, i: CustomerId) -> Question<CustomerId> { Question::new(f, i) }",
        "E0308",
    ),
    good(
        "async fn looks(cache: &AnswerCache<CustomerId, u8>, c: &Caller, i: CustomerId) -> Option<Arc<u8>> { cache.get(c, &i).await }",
    ),
    bad(
        "async fn looks_for_nobody(cache: &AnswerCache<CustomerId, u8>, i: CustomerId) -> Option<Arc<u8>> { cache.get(&i).await }",
        "E0061",
    ),
    good(
        "fn boards(f: &Flights<Question<CustomerId>, u8>, q: Question<CustomerId>, a: Asked) -> Boarding<u8> { f.board(q, a, |_| true, || None, || async { Ok(Arc::new(1)) }) }",
    ),
    bad(
        "fn boards_for_nobody(f: &Flights<Question<CustomerId>, u8>, i: CustomerId, a: Asked) -> Boarding<u8> { f.board(i, a, |_| true, || None, || async { Ok(Arc::new(1)) }) }",
        "E0308",
    ),
];

/// What it finds when it looks at who may name what.
const PRIVACY: &[Plant] = &[
    bad(
        "fn asks_by_hand(f: Fingerprint, i: CustomerId) -> Question<CustomerId> { Question { caller: f, subject: i } }",
        "E0451",
    ),
    good("fn names(c: &Caller) -> Fingerprint { c.fingerprint() }"),
];

/// What it finds when it looks for names.
const NAMES: &[Plant] = &[
    bad(
        "fn invents() -> Fingerprint { Fingerprint([0; 32]) }",
        "E0423",
    ),
    good("fn names(c: &Caller) -> Fingerprint { c.fingerprint() }"),
];

#[test]
fn code_that_keeps_joins_or_looks_for_an_answer_without_a_caller_does_not_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = tempfile::tempdir().unwrap();
    for part in ["Cargo.toml", "Cargo.lock", "src", "build", "proto"] {
        copy_all(&root.join(part), &copy.path().join(part));
    }
    // Not what this is about, and the manifest names it.
    fs::create_dir_all(copy.path().join("tests/it")).unwrap();
    fs::write(copy.path().join("tests/it/main.rs"), "").unwrap();
    let module = copy.path().join("src/upstream/cache/mod.rs");
    let text = fs::read_to_string(&module).unwrap();
    let planted = text.replacen("\nmod store;\n", "\nmod planted;\nmod store;\n", 1);
    assert_ne!(text, planted, "there is a place for the plants");
    fs::write(module, planted).unwrap();
    for plants in [TYPES, PRIVACY, NAMES] {
        let found = errors(copy.path(), plants);
        let expected = plants.iter().enumerate().filter_map(|(place, plant)| {
            let error = plant.error?.to_owned();
            Some((place, vec![error]))
        });
        assert_eq!(found, expected.collect::<BTreeMap<_, _>>());
    }
}

/// The codes of the compiler's errors, by the place of the plant that they are about.
fn errors(copy: &Path, plants: &[Plant]) -> BTreeMap<usize, Vec<String>> {
    let code = plants.iter().map(|plant| plant.code);
    let text = IMPORTS.to_owned() + &code.collect::<Vec<_>>().join("\n");
    fs::write(copy.join(PLANTED), text).unwrap();
    let target = Path::new(env!("CARGO_BIN_EXE_peerassist-gateway")).parent();
    let checked = Command::new(env!("CARGO"))
        .args(["check", "--lib", "--offline", "--message-format=json"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target.unwrap().parent().unwrap())
        .env("CONSOLE", "off")
        .output()
        .unwrap();
    let mut found = BTreeMap::<usize, Vec<String>>::new();
    for line in String::from_utf8(checked.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let message = &line["message"];
        let Some(code) = message["code"]["code"]
            .as_str()
            .filter(|_| message["level"] == "error")
        else {
            continue;
        };
        let span = &message["spans"][0];
        assert_eq!(span["file_name"], PLANTED, "{message}");
        let line = usize::try_from(span["line_start"].as_u64().unwrap()).unwrap();
        let place = line.checked_sub(1 + IMPORTS.lines().count());
        let place = place.unwrap_or_else(|| panic!("an import is wrong: {message}"));
        found.entry(place).or_default().push(code.to_owned());
    }
    let why = String::from_utf8_lossy(&checked.stderr);
    assert!(
        !found.is_empty(),
        "the compiler must find what was planted: {why}"
    );
    found
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "node_modules" {
            copy_all(&entry.path(), &to.join(entry.file_name()));
        }
    }
}
