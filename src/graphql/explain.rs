//! What an operation cost, told to who asks for it with `x-explain`: `extensions.cost`.

use axum::http::HeaderMap;
use serde::Serialize;

use crate::domain::ledger;
use crate::domain::ledger::Detail;
use crate::domain::ledger::Ledger;
use crate::graphql::answer::Refusal;

/// The header by which a client asks.
const HEADER: &str = "x-explain";

/// How much the client asks to see; nothing where it does not ask.
///
/// Fails for anything but `0`, `1` (how much in all) and `2` (each question, too).
pub(super) fn asked(headers: &HeaderMap) -> Result<Option<Detail>, Refusal> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    match value.as_bytes() {
        b"0" => Ok(None),
        b"1" => Ok(Some(Detail::Totals)),
        b"2" => Ok(Some(Detail::Questions)),
        _ => Err(Refusal::bad_request("x-explain must be 0, 1 or 2")),
    }
}

/// `extensions` of an answer.
#[derive(Serialize)]
pub(super) struct Extensions {
    cost: Cost,
}

/// How many upstream calls the operation made, and how many it did not have to make.
#[derive(Serialize)]
struct Cost {
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
            actual,
            cached,
            coalesced,
        } = ledger.totals();
        let questions = ledger.questions().into_iter().map(Question::from);
        Extensions {
            cost: Cost {
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
