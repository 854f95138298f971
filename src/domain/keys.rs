//! Keys out of the gateway's one secret: each for one purpose, none of which tells the secret or another key.

use ring::hkdf;

/// A key for one purpose out of a secret (HKDF, RFC 5869).
pub fn derive<const BYTES: usize>(secret: &[u8], purpose: &[u8]) -> [u8; BYTES] {
    derive_from(b"peerassist-gateway", secret, purpose)
}

/// A key for one purpose that nobody can derive who lacks one of the two secrets.
pub fn derive_from_both<const BYTES: usize>(
    secret: &[u8; 32],
    other: &[u8],
    purpose: &[u8],
) -> [u8; BYTES] {
    derive_from(secret, other, purpose)
}

fn derive_from<const BYTES: usize>(salt: &[u8], secret: &[u8], purpose: &[u8]) -> [u8; BYTES] {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; BYTES];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[purpose], Length(BYTES))
        .and_then(|okm| okm.fill(&mut key))
        .expect("64 bytes are far below the limit of HKDF");
    key
}

#[cfg(test)]
mod tests {
    use super::derive;
    use super::derive_from_both;

    #[test]
    fn each_purpose_and_each_secret_has_a_key_of_its_own() {
        let keys = [
            derive::<32>(b"secret", b"one"),
            derive(b"secret", b"other"),
            derive(b"another", b"one"),
            derive_from_both(&[1; 32], b"token", b"one"),
            derive_from_both(&[2; 32], b"token", b"one"),
            derive_from_both(&[1; 32], b"another", b"one"),
        ];
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(place));
        }
        assert_eq!(keys[0], derive(b"secret", b"one"));
    }
}
