//! Access tokens: opaque, short-lived, known to the database only by their hash.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Transaction;

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::instant::Instant;
use crate::sandbox::roles::Caller;

/// User guide, "Authentication": tokens expire after 60 minutes.
pub(crate) const LIFETIME_MINUTES: i64 = 60;

/// A new token for the user. Older ones stay valid: several gateways may act for one user.
pub(crate) fn issue(transaction: &Transaction<'_>, user_id: i64) -> Answer<String> {
    let token = random_text().map_err(|cause| Problem::internal(&cause))?;
    let now = Instant::now();
    transaction
        .prepare_cached("DELETE FROM tokens WHERE expires_at <= ?")?
        .execute([now])?;
    let expires_at = Instant(now.0 + LIFETIME_MINUTES * 60_000);
    transaction
        .prepare_cached("INSERT INTO tokens (token_hash, user_id, expires_at) VALUES (?, ?, ?)")?
        .execute((hash(&token), user_id, expires_at))?;
    Ok(token)
}

/// Whom the token speaks for, if it is one of ours and has not expired.
pub(crate) fn caller(connection: &Connection, token: &str) -> Answer<Option<Caller>> {
    let sql = "SELECT u.company_id, u.id, u.role FROM tokens t JOIN users u ON u.id = t.user_id
               WHERE t.token_hash = ? AND t.expires_at > ?";
    let caller = connection
        .prepare_cached(sql)?
        .query_row((hash(token), Instant::now()), |row| {
            Ok(Caller {
                company_id: row.get(0)?,
                user_id: row.get(1)?,
                role: row.get(2)?,
            })
        })
        .optional()?;
    Ok(caller)
}

/// 32 random bytes in the form of the guide's sample: 43 characters of base64url.
pub(crate) fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// How secrets of full entropy (tokens, client keys) are kept: SHA-256 needs no salt for them.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes())
        .as_ref()
        .to_vec()
}
