//! Bean Validation of request bodies: every rule that is broken is told, each in the words of its annotation.

use std::borrow::Cow;

use crate::sandbox::error::Answer;
use crate::sandbox::error::FieldProblem;
use crate::sandbox::error::Problem;

/// What breaks a rule so far.
#[derive(Default)]
pub(crate) struct Validation {
    fields: Vec<FieldProblem>,
}

impl Validation {
    pub(crate) fn refuse(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        default_message: impl Into<Cow<'static, str>>,
    ) {
        self.fields.push(FieldProblem {
            field: field.into(),
            default_message: default_message.into(),
        });
    }

    /// `@NotBlank @Size(max)`: the text, or an empty one that was refused.
    pub(crate) fn needed(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        text: Option<String>,
        max: usize,
    ) -> String {
        let text = text.unwrap_or_default();
        let field = field.into();
        if text.trim().is_empty() {
            self.refuse(field, "must not be blank");
        } else {
            self.sized(field, &text, max);
        }
        text
    }

    /// `@Size(max)`: an absent or empty text is well.
    pub(crate) fn optional(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        text: Option<String>,
        max: usize,
    ) -> Option<String> {
        if let Some(text) = &text {
            self.sized(field.into(), text, max);
        }
        text
    }

    /// `@Email`, as lenient as the contract: an `@` between two texts. An empty text is well.
    pub(crate) fn email(&mut self, field: impl Into<Cow<'static, str>>, text: &str) {
        let is_address = text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        if !is_address && !text.trim().is_empty() {
            self.refuse(field, "must be a well-formed email address");
        }
    }

    /// Fails with 400 and all of `errors[]` where a rule was broken.
    pub(crate) fn finish(self) -> Answer<()> {
        if self.fields.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid(self.fields))
    }

    fn sized(&mut self, field: Cow<'static, str>, text: &str, max: usize) {
        if text.chars().count() > max {
            self.refuse(field, format!("size must be between 0 and {max}"));
        }
    }
}
