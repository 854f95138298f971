//! What may be wrong with the settings, in words for whoever has to mend it.

use std::error::Error;
use std::fmt;

/// One mistake: where it is, what it is and how to mend it. Never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where the value came from: `--listen`, `PEERASSIST_LISTEN`, `gateway.toml`.
    pub source: String,
    /// The setting, where one was meant.
    pub key: Option<String>,
    /// The value, masked where it must be.
    pub value: Option<String>,
    /// What is wrong: completes the sentence that the value begins.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

/// All mistakes of one start, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mistake {
            source,
            key,
            value,
            problem,
            fix,
        } = self;
        write!(f, "{source}: ")?;
        if let Some(key) = key {
            write!(f, "{key} ")?;
        }
        if let Some(value) = value {
            write!(f, "= {value:?} ")?;
        }
        write!(f, "{problem}; {fix}")
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "bad configuration:")?,
            several => write!(f, "bad configuration, {several} mistakes:")?,
        }
        for mistake in &self.0 {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

impl Error for Mistakes {}
