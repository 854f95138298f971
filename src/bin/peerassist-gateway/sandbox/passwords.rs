//! Passwords: Argon2id, one salt each, and the same work whether or not the user exists.

use std::sync::LazyLock;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Params;
use argon2::Version;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;

/// 19 MiB, two passes, one lane: the least that OWASP's password storage sheet recommends for Argon2id.
static ARGON2: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params = Params::new(19 * 1024, 2, 1, None).expect("valid parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// What a login by an unknown user is compared with; no password has it.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let unguessable = super::tokens::random_text().expect("the system has randomness");
    hash(&unguessable).expect("hashing needs nothing from outside")
});

pub(crate) fn hash(password: &str) -> anyhow::Result<String> {
    let hash = ARGON2.hash_password(password.as_bytes());
    Ok(hash
        .map_err(|cause| anyhow::anyhow!("cannot hash a password: {cause}"))?
        .to_string())
}

/// Whether the password is the one behind `stored`; with `None` it takes as long and is false.
pub(crate) fn matches(password: &str, stored: Option<&str>) -> bool {
    let compared = PasswordHash::new(stored.unwrap_or(NOBODY.as_str()));
    let equal =
        compared.is_ok_and(|hash| ARGON2.verify_password(password.as_bytes(), &hash).is_ok());
    equal && stored.is_some()
}

/// Makes the stand-in hash now, so that the first unknown user does not wait longer than the others.
pub(crate) fn prepare() {
    LazyLock::force(&NOBODY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_matches() {
        let stored = hash("demo-password").expect("hashed");
        assert!(matches("demo-password", Some(&stored)));
        assert!(!matches("demo-passwore", Some(&stored)));
        assert!(!matches("demo-password", None));
    }

    #[test]
    fn one_password_has_many_hashes() {
        assert_ne!(
            hash("demo-password").expect("hashed"),
            hash("demo-password").expect("hashed")
        );
    }
}
