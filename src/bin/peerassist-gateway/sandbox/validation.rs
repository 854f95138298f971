//! Bean Validation of request bodies: every rule that is broken is told, each in the words of its annotation.

use std::borrow::Cow;

use crate::sandbox::decimal::Decimal;
use crate::sandbox::error::Answer;
use crate::sandbox::error::FieldProblem;
use crate::sandbox::error::Problem;
use crate::sandbox::number::Number;

/// The longest text that has no limit of its own.
pub(crate) const TEXT_MAX: usize = 255;
/// Digits of the whole part of an amount.
pub(crate) const MONEY_DIGITS: u32 = 12;

/// What a number may be, in whole units; the places are those of its type.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    whole_digits: u32,
    min: Option<i64>,
    max: Option<i64>,
}

impl Bounds {
    pub(crate) const fn digits(whole_digits: u32) -> Self {
        Self {
            whole_digits,
            min: None,
            max: None,
        }
    }

    pub(crate) const fn at_least(self, min: i64) -> Self {
        Self {
            min: Some(min),
            ..self
        }
    }

    pub(crate) const fn at_most(self, max: i64) -> Self {
        Self {
            max: Some(max),
            ..self
        }
    }
}

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

    /// `@NotNull`: the value, or nothing that was refused.
    pub(crate) fn given<T>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: Option<T>,
    ) -> Option<T> {
        if value.is_none() {
            self.refuse(field, "must not be null");
        }
        value
    }

    /// `@Digits @DecimalMin @DecimalMax`: the number, or 0 for one that was refused. An absent number is well.
    pub(crate) fn number<const PLACES: u32>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        number: Option<Number<PLACES>>,
        bounds: Bounds,
    ) -> Option<Decimal<PLACES>> {
        let field = field.into();
        let before = self.fields.len();
        let (value, is_exact) = number?.units();
        let Bounds {
            whole_digits,
            min,
            max,
        } = bounds;
        self.bounded(field.clone(), value, is_exact, whole_digits);
        if let Some(min) = min
            && value < Decimal::whole(min)
        {
            let told = format!("must be greater than or equal to {min}");
            self.refuse(field.clone(), told);
        }
        if let Some(max) = max
            && value > Decimal::whole(max)
        {
            self.refuse(field, format!("must be less than or equal to {max}"));
        }
        let is_well = self.fields.len() == before;
        Some(if is_well { value } else { Decimal::ZERO })
    }

    /// `@Digits(integer)` of what was computed: the value, or 0 for one that was refused.
    pub(crate) fn computed<const PLACES: u32>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: Decimal<PLACES>,
        whole_digits: u32,
    ) -> Decimal<PLACES> {
        if self.bounded(field.into(), value, true, whole_digits) {
            value
        } else {
            Decimal::ZERO
        }
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

    fn bounded<const PLACES: u32>(
        &mut self,
        field: Cow<'static, str>,
        value: Decimal<PLACES>,
        is_exact: bool,
        whole_digits: u32,
    ) -> bool {
        let is_well = is_exact && value.has_at_most(whole_digits);
        if !is_well {
            let told = format!(
                "numeric value out of bounds (<{whole_digits} digits>.<{PLACES} digits> expected)"
            );
            self.refuse(field, told);
        }
        is_well
    }

    fn sized(&mut self, field: Cow<'static, str>, text: &str, max: usize) {
        if text.chars().count() > max {
            self.refuse(field, format!("size must be between 0 and {max}"));
        }
    }
}
