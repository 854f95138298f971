//! The conditions of a list, each with its bound values: what the caller typed never becomes SQL.

use rusqlite::Params;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

/// A growing `WHERE … AND …`.
#[derive(Clone)]
pub(crate) struct Filter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Filter {
    pub(crate) fn new(condition: &str, value: impl Into<Value>) -> Self {
        let empty = Self {
            conditions: Vec::new(),
            values: Vec::new(),
        };
        empty.and(condition, Some(value))
    }

    /// Adds a condition with one `?`, unless there is nothing to compare with.
    pub(crate) fn and(mut self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.conditions.push(condition.to_owned());
            self.values.push(value.into());
        }
        self
    }

    /// Adds "equal to any of these", unless there are none.
    pub(crate) fn and_any_of(mut self, column: &str, words: Vec<&'static str>) -> Self {
        if !words.is_empty() {
            self.conditions.push(format!(
                "{column} IN ({})",
                vec!["?"; words.len()].join(", ")
            ));
            self.values
                .extend(words.into_iter().map(|word| Value::from(word.to_owned())));
        }
        self
    }

    /// Adds "contains, whatever the case" on a folded column. Plain search: `%` and `_` mean themselves.
    pub(crate) fn and_contains(self, folded_column: &str, text: Option<&str>) -> Self {
        let folded = text.map(str::to_lowercase);
        self.and(&format!("instr({folded_column}, ?) > 0"), folded)
    }

    pub(crate) fn sql(&self) -> String {
        format!("WHERE {}", self.conditions.join(" AND "))
    }

    pub(crate) fn values(&self) -> impl Params {
        params_from_iter(&self.values)
    }

    /// The values of this filter, then those of what follows it.
    pub(crate) fn values_then(&self, more: [i64; 2]) -> impl Params {
        params_from_iter(self.values.iter().cloned().chain(more.map(Value::from)))
    }
}
