//! Rules of members that can be known before anything is sent, all of them told at once.

use rust_decimal::Decimal;

use crate::domain::change::Change;
use crate::domain::error::Error;
use crate::domain::error::Violation;

/// What a text must be.
#[derive(Clone, Copy)]
pub(super) struct TextRule {
    /// Most characters.
    pub(super) max: usize,
    /// Whether an object needs it, and not blank.
    pub(super) required: bool,
    /// Whether it is an e-mail address: an `@` and something on both sides.
    pub(super) email: bool,
}

impl TextRule {
    pub(super) const fn required(max: usize) -> Self {
        TextRule {
            max,
            required: true,
            email: false,
        }
    }

    pub(super) const fn optional(max: usize) -> Self {
        TextRule {
            max,
            required: false,
            email: false,
        }
    }

    pub(super) const fn email(self) -> Self {
        TextRule {
            email: true,
            ..self
        }
    }
}

/// Collects what breaks a rule. Fields are named in the upstream's words; a door translates them.
pub(super) struct Checks {
    is_new: bool,
    violations: Vec<Violation>,
}

impl Checks {
    /// Checks of an object that is to be made: what it needs must be there.
    pub(super) fn of_new() -> Self {
        Checks {
            is_new: true,
            violations: Vec::new(),
        }
    }

    /// Checks of changes to an object: what it needs must not be cleared.
    pub(super) fn of_changes() -> Self {
        Checks {
            is_new: false,
            violations: Vec::new(),
        }
    }

    pub(super) fn violate(&mut self, field: impl Into<String>, rule: impl Into<String>) {
        self.violations.push(Violation {
            field: field.into(),
            rule: rule.into(),
        });
    }

    /// A member that an object needs.
    pub(super) fn needed<T>(&mut self, field: &str, change: &Change<T>) {
        match change {
            Change::Clear => self.violate(field, "is required"),
            Change::Keep if self.is_new => self.violate(field, "is required"),
            Change::Keep | Change::Set(_) => {}
        }
    }

    /// A member that cannot be cleared.
    pub(super) fn lasting<T>(&mut self, field: &str, change: &Change<T>) {
        if matches!(change, Change::Clear) {
            self.violate(field, "cannot be emptied");
        }
    }

    pub(super) fn text(&mut self, field: &str, change: &Change<String>, rule: TextRule) {
        if rule.required {
            self.needed(field, change);
        }
        let Some(text) = change.value() else { return };
        if rule.required && text.trim().is_empty() {
            self.violate(field, "must not be blank");
        } else if text.chars().count() > rule.max {
            self.violate(field, format!("at most {} characters", rule.max));
        } else if rule.email && !text.is_empty() && !is_email(text) {
            self.violate(field, "must be an e-mail address");
        }
    }

    pub(super) fn not_negative(&mut self, field: &str, change: &Change<Decimal>) {
        if change
            .value()
            .is_some_and(|value| value.is_sign_negative() && !value.is_zero())
        {
            self.violate(field, "must not be negative");
        }
    }

    /// Hours of one day.
    pub(super) fn hours(&mut self, field: &str, change: &Change<Decimal>) {
        let of_a_day = |hours: &Decimal| *hours >= Decimal::ZERO && *hours <= Decimal::from(24);
        if change.value().is_some_and(|hours| !of_a_day(hours)) {
            self.violate(field, "must be from 0 to 24");
        }
    }

    /// Fails with `InvalidInput` where anything broke a rule.
    pub(super) fn finish(self) -> Result<(), Error> {
        Error::all_invalid(self.violations)
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
}
