//! `healthcheck`: for containers, which often have no curl.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::Healthcheck;
use crate::client;
use crate::output;

/// Asks once; anything but a 2xx answer is ill health.
pub(crate) async fn healthcheck(healthcheck: Healthcheck) -> anyhow::Result<ExitCode> {
    let Healthcheck { url } = healthcheck;
    let answer = client::client()?.get(&url).send().await;
    let answer = answer
        .map_err(reqwest::Error::without_url)
        .with_context(|| format!("{url} does not answer"))?;
    if answer.status().is_success() {
        return Ok(ExitCode::SUCCESS);
    }
    let status = answer.status();
    let why = answer.text().await.unwrap_or_default();
    output::complain(&format_args!("{url} answers {status}: {}", why.trim()));
    Ok(ExitCode::FAILURE)
}
