//! What an operation cost, told to who asks for it with `x-explain`: `extensions.cost`.

use std::sync::Arc;

use http::HeaderMap;
use http::HeaderValue;
use serde::Serialize;

use crate::domain::ledger;
use crate::domain::ledger::Detail;
use crate::domain::ledger::Ledger;
use crate::graphql::answer::Refusal;

/// The ledger of an operation whose client asks for one.
pub(super) fn open(headers: &HeaderMap) -> Result<Option<Arc<Ledger>>, Refusal> {
    let value = headers.get(ledger::HEADER);
    let asked = Detail::asked(value.map(HeaderValue::as_bytes));
    let asked = asked.map_err(|_| Refusal::bad_request("x-explain must be 0, 1 or 2"))?;
    Ok(asked.map(Ledger::new))
}

/// `extensions` of an answer.
#[derive(Serialize)]
pub(super) struct Extensions {
    cost: Cost,
}

/// How many upstream calls the operation made, and how many it did not have to make.
#[derive(Serialize)]
struct Cost {
    /// Calls that might have been made, as was known before the first one.
    bound: u64,
    /// Calls that were made, each try counted.
    actual: u64,
    /// Questions that were answered from the cache.
    cached: u64,
    /// Questions that joined one under way.
    coalesced: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<Question>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    call: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
    ms: f64,
}

impl Extensions {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let ledger::Totals {
            bound,
            actual,
            cached,
            coalesced,
        } = ledger.totals();
        let questions = ledger.questions().into_iter().map(Question::from);
        Extensions {
            cost: Cost {
                bound,
                actual,
                cached,
                coalesced,
                questions: questions.collect(),
            },
        }
    }
}

impl From<ledger::Question> for Question {
    fn from(question: ledger::Question) -> Self {
        let ledger::Question {
            path,
            call,
            outcome,
            age,
            elapsed,
        } = question;
        Question {
            path: path.map(|path| path.to_string()),
            call,
            outcome: outcome.word(),
            age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            // Tenths of a millisecond are what anybody can act on.
            ms: (elapsed.as_secs_f64() * 10_000.0).round() / 10.0,
        }
    }
}
