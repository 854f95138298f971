//! `login`: a token for the shell, through the gateway's own GraphQL door.

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::bail;
use serde::Deserialize;
use serde_json::json;

use crate::cli::Login;
use crate::client;
use crate::output;

const LOGIN: &str = "mutation Login($input: LoginInput!) { login(input: $input) { \
                     token tokenType expiresInMinutes expiresAt userErrors { message code field } } }";

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Data {
    login: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    token: Option<String>,
    token_type: Option<String>,
    expires_in_minutes: Option<i64>,
    expires_at: Option<String>,
    #[serde(default)]
    user_errors: Vec<Problem>,
}

/// An error of the request or of the user: both have a message.
#[derive(Deserialize)]
struct Problem {
    message: String,
}

/// Logs in. The token alone goes to stdout, so that `TOKEN=$(peerassist-gateway login …)` works.
pub(crate) async fn login(login: Login) -> anyhow::Result<ExitCode> {
    let Login {
        user,
        password,
        client_key,
        url,
    } = login;
    let mut input = json!({ "userName": user, "password": read_password(password)? });
    if let Some(key) = client_key {
        input["clientKey"] = key.into();
    }
    let answer = ask(
        &url,
        &json!({ "query": LOGIN, "variables": { "input": input } }),
    )
    .await?;
    let errors = answer.errors;
    let Some(payload) = answer.data.and_then(|data| data.login) else {
        bail!("the gateway refused the login: {}", messages(&errors));
    };
    let Some(token) = payload.token else {
        bail!("the login failed: {}", messages(&payload.user_errors));
    };
    output::print(format!("{token}\n").as_bytes())?;
    let kind = payload.token_type.unwrap_or_else(|| "Bearer".to_owned());
    let minutes = payload.expires_in_minutes.map_or(String::new(), |minutes| {
        format!(", good for {minutes} minutes")
    });
    let end = payload
        .expires_at
        .map_or(String::new(), |end| format!(" until {end}"));
    output::tell(&format_args!("{kind} token of {user}{minutes}{end}"));
    Ok(ExitCode::SUCCESS)
}

async fn ask(url: &str, body: &serde_json::Value) -> anyhow::Result<Answer> {
    let endpoint = format!("{}/graphql", url.trim_end_matches('/'));
    let answer = client::client()?.post(&endpoint).json(body).send().await;
    let answer = answer
        .map_err(reqwest::Error::without_url)
        .with_context(|| {
            format!("{endpoint} does not answer; is the gateway running? --url says where")
        })?;
    let status = answer.status();
    let answer = answer.json().await.map_err(reqwest::Error::without_url);
    answer.with_context(|| format!("{endpoint} answers {status}, but not in GraphQL"))
}

fn read_password(given: Option<String>) -> anyhow::Result<String> {
    match given.as_deref() {
        Some("-") => {
            let mut line = String::new();
            io::stdin()
                .read_line(&mut line)
                .context("stdin cannot be read")?;
            Ok(line.trim_end_matches(['\r', '\n']).to_owned())
        }
        Some(password) => Ok(password.to_owned()),
        None => rpassword::prompt_password("Password: ").context(
            "there is no terminal to ask on; use --password, or --password - to read stdin",
        ),
    }
}

fn messages(problems: &[Problem]) -> String {
    let messages: Vec<_> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    if messages.is_empty() {
        "without a reason".to_owned()
    } else {
        messages.join("; ")
    }
}
