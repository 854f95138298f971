//! The values of personalities: how each is read, and how a wrong one is mended.

use axum::http::HeaderName;
use axum::http::StatusCode;
use url::Url;

use super::Personalities;
use super::gate::Rate;
use super::gate::Refusal;
use super::gate::new_fwo;
use super::writes::Lost;

pub(super) fn no_credits(personalities: &mut Personalities, value: &str) -> Result<(), String> {
    let refusal = Refusal {
        covers: new_fwo,
        status: failure(value)?,
        message: Some("No Workflow credits left"),
    };
    personalities.gate.refusals.push(refusal);
    Ok(())
}

pub(super) fn lost_answer(personalities: &mut Personalities, value: &str) -> Result<(), String> {
    let (how, rate) = rated(value)?;
    let lost = match how {
        "close" => Lost::Close,
        "hang" => Lost::Hang,
        status => match failure(status) {
            Ok(status) if status.is_server_error() => Lost::Status(status),
            _ => return Err("write close, hang or a status from 500 to 599".to_owned()),
        },
    };
    personalities.writes.lost = Some((lost, rate));
    Ok(())
}

pub(super) fn fail(personalities: &mut Personalities, value: &str) -> Result<(), String> {
    let (status, rate) = rated(value)?;
    personalities.gate.failure = Some((failure(status)?, rate));
    Ok(())
}

/// A value with how often: `503:10` is every tenth time.
pub(super) fn rated(value: &str) -> Result<(&str, Rate), String> {
    let (value, every) = value.split_once(':').unwrap_or((value, "1"));
    let every = number(every, 1, i32::MAX)?;
    Ok((
        value,
        Rate {
            every: every as u64,
        },
    ))
}

pub(super) fn failure(value: &str) -> Result<StatusCode, String> {
    let status = value
        .parse()
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    status
        .filter(|status| status.is_client_error() || status.is_server_error())
        .ok_or_else(|| "write a status from 400 to 599".to_owned())
}

pub(super) fn number(value: &str, least: i64, most: i32) -> Result<i64, String> {
    let most = i64::from(most);
    value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("write a whole number from {least} to {most}"))
}

pub(super) fn identifier(value: &str) -> Result<String, String> {
    let fits = !value.is_empty()
        && value
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    fits.then(|| value.to_owned())
        .ok_or_else(|| "write a name of letters, digits and _".to_owned())
}

pub(super) fn page_names(personalities: &mut Personalities, value: &str) -> Result<(), String> {
    let (page, size) = value
        .split_once(',')
        .ok_or("write two names such as pageNumber,pageSize")?;
    if page == size {
        return Err("write two names that differ".to_owned());
    }
    personalities.lists.page_name = identifier(page)?;
    personalities.lists.size_name = identifier(size)?;
    Ok(())
}

pub(super) fn client_key_header(
    personalities: &mut Personalities,
    value: &str,
) -> Result<(), String> {
    let name = HeaderName::try_from(value).map_err(|_| "write the name of a header")?;
    personalities.login.key_header = Some(name);
    Ok(())
}

pub(super) fn redirect(personalities: &mut Personalities, value: &str) -> Result<(), String> {
    let url = Url::parse(value)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.path() == "/");
    let url = url.ok_or("write a scheme and a host such as http://127.0.0.1:9091")?;
    personalities.gate.redirect = Some(url.as_str().trim_end_matches('/').to_owned());
    Ok(())
}
