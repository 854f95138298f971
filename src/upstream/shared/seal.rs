//! Seals: answers in a form that only their own caller's token opens.
//!
//! The key of an answer is derived from the caller's token *and* the gateway's secret, so neither the store nor an
//! operator who has the secret reads it without the token. It is bound to its name: under another one it does not
//! open. Inside stand the caller and the question once more; see `values` for why they are compared all the same.

use bytes::Bytes;
use ring::aead;
use ring::hmac;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::keys;
use crate::upstream::shared::link::Incarnation;
use crate::upstream::shared::notice::CallerMark;
use crate::upstream::shared::position::Position;

/// What all names of values begin with; the number changes with the form of the values.
const NAME_PREFIX: &str = "peerassist-gateway:1:";

/// Bytes before the call: caller, incarnation, position, two times and the length of the call.
const HEAD_BYTES: usize = 32 + 16 + 16 + 8 + 8 + 4;

/// What a seal adds to a body at most, but for the text of the call.
pub(super) const OVERHEAD_BYTES: usize = HEAD_BYTES + aead::NONCE_LEN + 16;

/// The keys that instances with the same secret share.
pub(super) struct Keys {
    /// Authenticates the notices of the log.
    pub(super) notices: hmac::Key,
    /// Gives tags their places in the table of epochs.
    pub(super) places: hmac::Key,
    marks: hmac::Key,
    names: hmac::Key,
    values: [u8; 32],
    random: SystemRandom,
}

/// An answer of the upstream with all that decides whether it may be used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    /// Whose it is: the bytes of a fingerprint, to be compared.
    pub(super) caller: [u8; 32],
    /// The call that it answers: `GET /customer/3`.
    pub(super) call: String,
    /// The log that the position is in.
    pub(super) incarnation: Incarnation,
    /// The end of the log when the answer was asked for, or before.
    pub(super) asked: Position,
    /// When it was asked for, in milliseconds since 1970 on the asker's clock.
    pub(super) asked_at: u64,
    /// Until when it may be used, likewise.
    pub(super) good_until: u64,
    /// The upstream's JSON.
    pub(super) body: Bytes,
}

impl Keys {
    /// The keys of the gateway's secret.
    pub(super) fn new(secret: &[u8]) -> Self {
        let hash = |purpose: &[u8]| {
            let key = keys::derive::<32>(secret, purpose);
            hmac::Key::new(hmac::HMAC_SHA256, &key)
        };
        Keys {
            notices: hash(b"shared notices"),
            places: hash(b"shared places"),
            marks: hash(b"shared marks"),
            names: hash(b"shared names"),
            values: keys::derive(secret, b"shared values"),
            random: SystemRandom::new(),
        }
    }

    /// What stands for a caller in the log.
    pub(super) fn mark(&self, caller: Fingerprint) -> CallerMark {
        let hash = hmac::sign(&self.marks, caller.as_bytes());
        let (first, _) = hash.as_ref().split_first_chunk().expect("it has 32 bytes");
        CallerMark::from_be_bytes(*first)
    }

    /// Under which name the answer to a caller's question is kept: a keyed hash of both, which tells neither.
    pub(super) fn name(&self, caller: Fingerprint, call: &str) -> String {
        let mut hash = hmac::Context::with_key(&self.names);
        hash.update(caller.as_bytes());
        hash.update(call.as_bytes());
        let hash = hash.sign();
        let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
        std::iter::once(NAME_PREFIX.to_owned())
            .chain(digits)
            .collect()
    }

    /// Seals an answer under its name for its caller; `None` where the system has no randomness.
    pub(super) fn seal(&self, caller: &Caller, name: &str, value: &Value) -> Option<Vec<u8>> {
        let mut nonce = [0; aead::NONCE_LEN];
        // A key lives as long as a token: far fewer values than the 2^32 after which random nonces wear out.
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = value.print();
        self.cipher(caller.token())
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed under this name for this caller; `None` for anything else.
    pub(super) fn open(&self, caller: &Caller, name: &str, mut sealed: Vec<u8>) -> Option<Value> {
        let (nonce, sealed) = sealed.split_first_chunk_mut::<{ aead::NONCE_LEN }>()?;
        let plain = self
            .cipher(caller.token())
            .open_in_place(
                aead::Nonce::assume_unique_for_key(*nonce),
                aead::Aad::from(name.as_bytes()),
                sealed,
            )
            .ok()?;
        Value::read(plain)
    }

    fn cipher(&self, token: &BearerToken) -> aead::LessSafeKey {
        let token = token.expose().as_bytes();
        let key = keys::derive_from_both::<32>(&self.values, token, b"answers");
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &key)
            .expect("32 bytes are a ChaCha20 key");
        aead::LessSafeKey::new(key)
    }
}

impl Value {
    fn print(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(OVERHEAD_BYTES + self.call.len() + self.body.len());
        // A call is a path with some parameters: far below 4 GiB.
        let length = self.call.len() as u32;
        plain.extend(self.caller);
        plain.extend(self.incarnation.0);
        plain.extend(self.asked.to_bytes());
        plain.extend(self.asked_at.to_be_bytes());
        plain.extend(self.good_until.to_be_bytes());
        plain.extend(length.to_be_bytes());
        plain.extend(self.call.as_bytes());
        plain.extend(&self.body);
        plain
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let (caller, rest) = plain.split_first_chunk::<32>()?;
        let (incarnation, rest) = rest.split_first_chunk::<16>()?;
        let (asked, rest) = rest.split_first_chunk::<16>()?;
        let (asked_at, rest) = rest.split_first_chunk::<8>()?;
        let (good_until, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (call, body) = rest.split_at_checked(length)?;
        Some(Value {
            caller: *caller,
            call: std::str::from_utf8(call).ok()?.to_owned(),
            incarnation: Incarnation(*incarnation),
            asked: Position::from_bytes(*asked),
            asked_at: u64::from_be_bytes(*asked_at),
            good_until: u64::from_be_bytes(*good_until),
            body: Bytes::copy_from_slice(body),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::Keys;
    use super::Value;
    use crate::domain::caller::BearerToken;
    use crate::domain::caller::Caller;
    use crate::domain::caller::FingerprintKey;
    use crate::domain::caller::Standing;
    use crate::upstream::shared::link::Incarnation;
    use crate::upstream::shared::position::Position;

    fn caller(token: &str) -> Caller {
        let later = Instant::now() + Duration::from_secs(60);
        let token = BearerToken::parse(token).expect("a token");
        let key = FingerprintKey::new(b"secret");
        Caller::new(&key, token, |_| Ok(Standing::new(later)), later).expect("a caller")
    }

    fn value(caller: &Caller, call: &str, body: &[u8]) -> Value {
        Value {
            caller: *caller.fingerprint().as_bytes(),
            call: call.to_owned(),
            incarnation: Incarnation([7; 16]),
            asked: Position::parse("1732500000000-3").expect("a position"),
            asked_at: 1_732_500_000_000,
            good_until: 1_732_500_030_000,
            body: Bytes::copy_from_slice(body),
        }
    }

    #[test]
    fn only_the_token_the_secret_and_the_name_together_open_a_value() {
        let (keys, ada, bob) = (Keys::new(b"secret"), caller("ada"), caller("bob"));
        let call = "GET /customer/3";
        let (name, kept) = (keys.name(ada.fingerprint(), call), value(&ada, call, b"{}"));
        let sealed = keys.seal(&ada, &name, &kept).expect("randomness");
        assert_eq!(keys.open(&ada, &name, sealed.clone()), Some(kept));
        assert_eq!(
            keys.open(&bob, &name, sealed.clone()),
            None,
            "a wrong token"
        );
        let other = keys.name(ada.fingerprint(), "GET /customer/4");
        assert_eq!(
            keys.open(&ada, &other, sealed.clone()),
            None,
            "swapped values"
        );
        let rotated = Keys::new(b"another secret");
        assert_eq!(rotated.open(&ada, &name, sealed), None, "a wrong secret");
    }

    #[test]
    fn neither_name_nor_value_shows_anything_and_no_two_values_are_alike() {
        let (keys, ada) = (Keys::new(b"secret"), caller("marker-token"));
        let call = "GET /customer?name=marker-name";
        let (name, kept) = (
            keys.name(ada.fingerprint(), call),
            value(&ada, call, b"marker-row"),
        );
        let sealed = keys.seal(&ada, &name, &kept).expect("randomness");
        let shown = [name.as_bytes(), &sealed].concat();
        for hidden in [
            b"marker".as_slice(),
            b"customer",
            ada.fingerprint().as_bytes(),
        ] {
            assert!(!shown.windows(hidden.len()).any(|bytes| bytes == hidden));
        }
        assert_ne!(keys.seal(&ada, &name, &kept), Some(sealed));
    }

    proptest! {
        #[test]
        fn every_value_is_read_back(call in ".{0,60}", body: Vec<u8>) {
            let (keys, ada) = (Keys::new(b"secret"), caller("ada"));
            let (name, kept) = (keys.name(ada.fingerprint(), &call), value(&ada, &call, &body));
            let sealed = keys.seal(&ada, &name, &kept).expect("randomness");
            prop_assert_eq!(keys.open(&ada, &name, sealed), Some(kept));
        }

        #[test]
        fn no_changed_or_shortened_value_opens(place: usize, flip in 1u8..=255, keep: usize) {
            let (keys, ada) = (Keys::new(b"secret"), caller("ada"));
            let call = "GET /customer/3";
            let (name, kept) = (keys.name(ada.fingerprint(), call), value(&ada, call, b"{\"id\":3}"));
            let sealed = keys.seal(&ada, &name, &kept).expect("randomness");
            let mut flipped = sealed.clone();
            flipped[place % sealed.len()] ^= flip;
            prop_assert_eq!(keys.open(&ada, &name, flipped), None);
            let short = sealed[..keep % sealed.len()].to_vec();
            prop_assert_eq!(keys.open(&ada, &name, short), None);
        }

        #[test]
        fn no_invented_value_opens(bytes: Vec<u8>) {
            let keys = Keys::new(b"secret");
            prop_assert_eq!(keys.open(&caller("ada"), "a name", bytes), None);
        }
    }
}
