//! Where the texts of the settings come from. A stronger source replaces what a weaker one said.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use toml::Table;
use toml::Value;

use crate::config::form::Form;
use crate::config::mistake::Mistake;
use crate::config::table::Absent;
use crate::config::table::FILE_VARIABLE;
use crate::config::table::PREFIX;
use crate::config::table::RUST_LOG;
use crate::config::table::SETTINGS;
use crate::config::table::Setting;

/// Everything that was found outside the process, weakest first.
pub struct Sources<'a> {
    /// What the command implies unless the operator says otherwise: key and text.
    pub implied: Vec<(&'static str, String)>,
    /// The TOML file; `PEERASSIST_CONFIG` is asked when this is `None`.
    pub file: Option<PathBuf>,
    /// The whole environment, so that a misspelt variable is noticed.
    pub variables: BTreeMap<String, String>,
    /// The flags of the command line.
    pub flags: Vec<Flag>,
    /// Reads a file: the TOML file and those that `…_FILE` variables name.
    pub read_file: &'a dyn Fn(&Path) -> io::Result<String>,
}

/// A flag of the command line that says a setting.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As the operator wrote it: `--listen`.
    pub name: &'static str,
    /// The setting that it says.
    pub key: &'static str,
    /// Its value.
    pub text: String,
}

/// The text of one setting and who said so.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) source: String,
}

/// What was said, by key.
pub(super) type Sayings = BTreeMap<&'static str, Said>;

impl Sources<'_> {
    /// The strongest text of each setting; what makes no sense becomes a mistake.
    pub(super) fn gather(&self, mistakes: &mut Vec<Mistake>) -> Sayings {
        let mut sayings = Sayings::new();
        for setting in SETTINGS {
            if let Absent::Default(text) = setting.absent {
                say(&mut sayings, setting.key, text, "default");
            }
        }
        for (key, text) in &self.implied {
            say(&mut sayings, key, text, "the command");
        }
        self.gather_file(&mut sayings, mistakes);
        if let Some(text) = self.variable(RUST_LOG) {
            say(&mut sayings, "log.filter", text, RUST_LOG);
        }
        for setting in SETTINGS {
            self.gather_variable(setting, &mut sayings, mistakes);
        }
        self.refuse_unknown_variables(mistakes);
        for Flag { name, key, text } in &self.flags {
            say(&mut sayings, key, text, name);
        }
        sayings
    }

    /// A variable's text; an empty one counts as unset, as deployment templates leave them.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    fn gather_file(&self, sayings: &mut Sayings, mistakes: &mut Vec<Mistake>) {
        let Some(path) = self
            .file
            .clone()
            .or_else(|| self.variable(FILE_VARIABLE).map(PathBuf::from))
        else {
            return;
        };
        let source = path.display().to_string();
        let text = match (self.read_file)(&path) {
            Ok(text) => text,
            Err(error) => return mistakes.push(unreadable(source, None, &error)),
        };
        match text.parse::<Table>() {
            Ok(table) => gather_table(&table, "", &source, sayings, mistakes),
            Err(error) => {
                // The error's own text quotes the line, which may hold a secret.
                let before = error
                    .span()
                    .map_or("", |span| text.get(..span.start).unwrap_or(""));
                let line = before.matches('\n').count() + 1;
                mistakes.push(Mistake {
                    source: format!("{source}:{line}"),
                    key: None,
                    value: None,
                    problem: "not TOML".to_owned(),
                    fix: error.message().to_owned(),
                });
            }
        }
    }

    fn gather_variable(
        &self,
        setting: &Setting,
        sayings: &mut Sayings,
        mistakes: &mut Vec<Mistake>,
    ) {
        let name = setting.variable();
        let direct = self.variable(&name);
        if let Some(text) = direct {
            say(sayings, setting.key, text, &name);
        }
        let Some(file_name) = setting.file_variable() else {
            return;
        };
        let Some(path) = self.variable(&file_name) else {
            return;
        };
        if direct.is_some() {
            return mistakes.push(Mistake {
                source: format!("{name} and {file_name}"),
                key: Some(setting.key.to_owned()),
                value: None,
                problem: "is said twice".to_owned(),
                fix: "unset one of them".to_owned(),
            });
        }
        let source = format!("{file_name} ({path})");
        match (self.read_file)(Path::new(path)) {
            Ok(text) => say(
                sayings,
                setting.key,
                text.trim_end_matches(['\r', '\n']),
                &source,
            ),
            Err(error) => mistakes.push(unreadable(source, Some(setting.key), &error)),
        }
    }

    fn refuse_unknown_variables(&self, mistakes: &mut Vec<Mistake>) {
        let names = || {
            SETTINGS
                .iter()
                .flat_map(|setting| [Some(setting.variable()), setting.file_variable()])
                .flatten()
        };
        let known = |name: &str| name == FILE_VARIABLE || names().any(|known| known == name);
        for name in self
            .variables
            .keys()
            .filter(|name| name.starts_with(PREFIX))
        {
            if !known(name) && !is_service_link(name) {
                mistakes.push(unknown("the environment", name, "variable", names()));
            }
        }
    }
}

fn say(sayings: &mut Sayings, key: &'static str, text: &str, source: &str) {
    sayings.insert(
        key,
        Said {
            text: text.to_owned(),
            source: source.to_owned(),
        },
    );
}

/// All leaves of a TOML table, by dotted key.
fn gather_table(
    table: &Table,
    prefix: &str,
    source: &str,
    sayings: &mut Sayings,
    mistakes: &mut Vec<Mistake>,
) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        match (setting, value) {
            (Some(setting), Value::String(text)) => say(sayings, setting.key, text, source),
            (Some(setting), Value::Integer(number)) => {
                say(sayings, setting.key, &number.to_string(), source)
            }
            (Some(setting), Value::Boolean(switch)) => {
                say(sayings, setting.key, &switch.to_string(), source)
            }
            (Some(setting), Value::Array(items)) if is_words(setting, items) => {
                let words: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                say(sayings, setting.key, &words.join(","), source);
            }
            (Some(setting), other) => mistakes.push(Mistake {
                source: source.to_owned(),
                key: Some(key),
                value: None,
                problem: format!("must not be a TOML {}", other.type_str()),
                fix: format!("write {} as a string", setting.form.hint()),
            }),
            (None, Value::Table(inner)) if is_section(&key) => {
                gather_table(inner, &format!("{key}."), source, sayings, mistakes);
            }
            (None, _) => {
                let keys = SETTINGS.iter().map(|setting| setting.key.to_owned());
                mistakes.push(unknown(source, &key, "setting", keys));
            }
        }
    }
}

/// Whether a list of texts may say the setting.
fn is_words(setting: &Setting, items: &[Value]) -> bool {
    matches!(setting.form, Form::Words(_)) && items.iter().all(Value::is_str)
}

fn is_section(key: &str) -> bool {
    SETTINGS.iter().any(|setting| {
        setting
            .key
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The value is left out: a misspelt name may well be that of a secret.
fn unknown(source: &str, name: &str, noun: &str, known: impl Iterator<Item = String>) -> Mistake {
    let fix = match nearest(name, known) {
        Some(near) => format!("did you mean {near}?"),
        None => "`peerassist-gateway settings` lists them all".to_owned(),
    };
    let problem = format!("is not a {noun} of this program");
    Mistake {
        source: source.to_owned(),
        key: Some(name.to_owned()),
        value: None,
        problem,
        fix,
    }
}

/// The known name that somebody who wrote `name` probably meant.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let likeness = |candidate: &str| {
        let (name, candidate) = (
            name.trim_start_matches(PREFIX),
            candidate.trim_start_matches(PREFIX),
        );
        // The right word in the wrong section is nearer than any wrong word.
        let sectionless = candidate
            .rsplit_once('.')
            .is_some_and(|(_, last)| last == name);
        if sectionless {
            1.0
        } else {
            strsim::normalized_damerau_levenshtein(name, candidate)
        }
    };
    let scored = known.map(|candidate| (likeness(&candidate), candidate));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= 0.6).then_some(best.1)
}

/// Whether Kubernetes set the variable for a service called `peerassist…`; nobody misspelt anything then.
fn is_service_link(name: &str) -> bool {
    let has = |part| name.contains(part);
    let place = name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT") || has("_SERVICE_PORT_");
    let port = has("_PORT_") && (has("_TCP") || has("_UDP") || has("_SCTP"));
    // Two underscores are how our sections are written, and no service can be called so.
    !has("__") && (place || port)
}

fn unreadable(source: String, key: Option<&str>, error: &io::Error) -> Mistake {
    Mistake {
        source,
        key: key.map(str::to_owned),
        value: None,
        problem: format!("cannot be read: {error}"),
        fix: "name a file that exists and that this user may read".to_owned(),
    }
}
