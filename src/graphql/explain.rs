//! What an operation cost, told to who asks for it with `x-explain`: `extensions.cost`.

use std::sync::Arc;
use std::time::Duration;

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
    /// Those of them to which the upstream said that the kept answer is still right.
    revalidated: u64,
    /// Questions that were answered from the cache.
    cached: u64,
    /// Those of them that were answered past their freshness.
    stale: u64,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    fresh_for_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_kept: Option<&'static str>,
    ms: f64,
}

impl Extensions {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let ledger::Totals {
            bound,
            actual,
            revalidated,
            cached,
            stale,
            coalesced,
        } = ledger.totals();
        let questions = ledger.questions().into_iter().map(Question::from);
        Extensions {
            cost: Cost {
                bound,
                actual,
                revalidated,
                cached,
                stale,
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
            kept,
            not_kept,
            elapsed,
        } = question;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Question {
            path: path.map(|path| path.to_string()),
            call,
            outcome: outcome.word(),
            age_ms: kept.map(|kept| millis(kept.age)),
            fresh_for_ms: kept.map(|kept| millis(kept.fresh_for)),
            not_kept,
            // Tenths of a millisecond are what anybody can act on.
            ms: (elapsed.as_secs_f64() * 10_000.0).round() / 10.0,
        }
    }
}
