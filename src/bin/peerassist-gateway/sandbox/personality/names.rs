//! Personalities on the command line: read by name, compared with one another, listed for help and for shells.

use std::fmt;

use clap::builder::PossibleValue;
use clap::builder::TypedValueParser;

use super::Personalities;
use super::catalogue::CATALOGUE;
use super::catalogue::Entry;
use super::catalogue::Set;
use super::catalogue::entries;

/// One personality as the command line names it.
#[derive(Clone, Debug)]
pub(crate) struct Personality {
    entry: &'static Entry,
    value: Option<String>,
}

impl Personality {
    /// Reads `NAME` or `NAME=VALUE`.
    fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let entry = entries()
            .find(|entry| entry.name == name)
            .ok_or_else(|| unknown(name))?;
        let personality = Self { entry, value };
        personality.apply(&mut Personalities::default())?;
        Ok(personality)
    }

    fn apply(&self, personalities: &mut Personalities) -> Result<(), String> {
        let Entry {
            name, form, set, ..
        } = self.entry;
        match (set, self.value.as_deref()) {
            (Set::Plain(set), None) => {
                set(personalities);
                Ok(())
            }
            (Set::Plain(_), Some(_)) => Err(format!("{name} takes no value")),
            (Set::Valued { default, set }, value) => match value.or(*default) {
                Some(value) => {
                    set(personalities, value).map_err(|fix| format!("{name}{form}: {fix}"))
                }
                None => Err(format!("{name} needs a value: {name}{form}")),
            },
        }
    }
}

impl fmt::Display for Personality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.name)?;
        self.value
            .iter()
            .try_for_each(|value| write!(f, "={value}"))
    }
}

impl Personalities {
    /// All of them at once; fails with the two that contradict each other.
    pub(crate) fn of(asked: &[Personality]) -> Result<Self, String> {
        let mut personalities = Self {
            are_any: !asked.is_empty(),
            ..Self::default()
        };
        for (index, one) in asked.iter().enumerate() {
            if let Some(contradiction) = asked[..index]
                .iter()
                .find_map(|other| contradiction(other, one))
            {
                return Err(contradiction);
            }
            one.apply(&mut personalities)?;
        }
        Ok(personalities)
    }
}

fn contradiction(one: &Personality, other: &Personality) -> Option<String> {
    if one.entry.name == other.entry.name {
        return Some(format!("personality {} is given twice", one.entry.name));
    }
    let shared = one
        .entry
        .decides
        .iter()
        .find(|aspect| other.entry.decides.contains(aspect))?;
    Some(format!(
        "personalities {one} and {other} contradict each other: both say {}",
        shared.says()
    ))
}

/// The columns of a terminal.
const WIDTH: usize = 80;

fn unknown(name: &str) -> String {
    let likeness = |entry: &Entry| strsim::normalized_damerau_levenshtein(name, entry.name);
    let nearest = entries().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let meant = nearest.filter(|entry| likeness(entry) >= 0.6);
    let meant = meant.map(|entry| format!("; did you mean {}?", entry.name));
    let mut text = format!(
        "there is no such personality{}\n\nThere are:",
        meant.unwrap_or_default()
    );
    let mut column = WIDTH;
    for entry in entries() {
        column += entry.name.len() + 1;
        if column >= WIDTH {
            text.push_str("\n ");
            column = entry.name.len() + 2;
        }
        text.push(' ');
        text.push_str(entry.name);
    }
    text
}

/// A list of them all, one line each, to stand in a terminal.
pub(crate) fn help() -> String {
    let mut text =
        "Personalities, what a live service may do otherwise. Several go together, but\n\
                    not two that settle one matter differently.\n"
            .to_owned();
    for (group, entries) in CATALOGUE {
        text.push_str(&format!("\n{group}:\n"));
        for Entry {
            name, form, help, ..
        } in *entries
        {
            let named = format!("{name}{form}");
            text.push_str(&format!("  {named:<28} {help}\n"));
        }
    }
    text
}

/// Reads personalities from the command line, and tells a shell how they are called.
#[derive(Clone)]
pub(crate) struct Names;

impl TypedValueParser for Names {
    type Value = Personality;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Personality, clap::Error> {
        TypedValueParser::parse_ref(&Personality::parse, command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(entries().map(|entry| {
            PossibleValue::new(entry.name).help(entry.help)
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_help_fits_a_terminal() {
        for line in help().lines() {
            assert!(line.len() <= WIDTH, "{} columns: {line}", line.len());
        }
    }

    #[test]
    fn a_value_that_may_be_left_out_has_a_good_default() {
        for entry in entries() {
            let read = Personality::parse(entry.name);
            assert_eq!(
                read.is_err(),
                entry.form.starts_with('='),
                "{}: {read:?}",
                entry.name
            );
        }
    }
}
