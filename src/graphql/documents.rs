//! From what a request says of its document to the document's text: sent as it is, known by its hash, or trusted.
//!
//! Automatic persisted queries, as Apollo's clients have them: who sends a hash alone and hears that it is not known
//! sends it once more with the text, and from then on the hash will do, whoever sends it. What is kept is bounded in
//! bytes, and only documents are kept that were run.

use std::borrow::Cow;
use std::sync::Arc;

use moka::sync::Cache;

use crate::graphql::answer::Refusal;
use crate::graphql::request::Document;
use crate::graphql::status::Verdict;
use crate::graphql::trusted::Trust;
use crate::graphql::trusted::TrustedDocuments;
use crate::graphql::trusted::sha256;

/// What one document costs beyond its text: its hash and the entry of the cache.
const ENTRY_BYTES: usize = 256;

/// The documents that need not be sent.
pub(super) struct Documents {
    trusted: TrustedDocuments,
    /// By hash; absent where that is not offered.
    persisted: Option<Cache<String, Arc<str>>>,
}

/// A document, and whether to keep it.
#[derive(Debug)]
pub(super) struct Found<'r> {
    pub(super) text: Cow<'r, str>,
    /// The hash under which it is to be kept once it has run.
    pub(super) hash: Option<&'r str>,
}

impl Documents {
    /// Those of the manifest, and at most `bytes_max` bytes of what clients ask to be kept.
    pub(super) fn new(trusted: TrustedDocuments, bytes_max: u64) -> Self {
        let weight = |_: &String, text: &Arc<str>| {
            u32::try_from(text.len() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        // Nobody may add to what the operator alone trusts.
        let is_offered = bytes_max > 0 && trusted.trust() != Trust::Only;
        let persisted = is_offered.then(|| {
            let cache = Cache::builder().max_capacity(bytes_max).weigher(weight);
            cache.build()
        });
        Documents { trusted, persisted }
    }

    /// The document that a request means.
    ///
    /// Refuses what is not known by its hash or id, what is not what its hash says, and what is not trusted where
    /// only trusted documents run.
    pub(super) fn find<'r>(&self, document: &'r Document) -> Result<Found<'r>, Refusal> {
        let (text, hash) = match document {
            Document::Text(text) => (text, None),
            Document::TextWithHash { text, hash } if *hash == sha256(text) => (text, Some(hash)),
            Document::TextWithHash { .. } => {
                let message = "the hash is not that of the document";
                return Err(Refusal::bad_request(message));
            }
            Document::Name(name) => return self.named(name),
        };
        if !self.trusted.permit(text) {
            let message = "only trusted documents run here";
            return Err(Refusal::request("QUERY_NOT_IN_SAFELIST", message));
        }
        Ok(Found {
            text: text.into(),
            hash: hash.map(String::as_str),
        })
    }

    fn named(&self, name: &str) -> Result<Found<'static>, Refusal> {
        let trusted = self.trusted.text(name);
        let kept = || self.persisted.as_ref().and_then(|kept| kept.get(name));
        if let Some(text) = trusted.or_else(kept) {
            let text = text.to_string().into();
            return Ok(Found { text, hash: None });
        }
        // Apollo's clients compare these texts.
        let (code, message) = match (self.trusted.trust(), &self.persisted) {
            (Trust::Off, None) => (
                "PERSISTED_QUERY_NOT_SUPPORTED",
                "PersistedQueryNotSupported",
            ),
            _ => ("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"),
        };
        Err(Refusal::new(Verdict::DocumentUnknown, code, message))
    }

    /// Keeps a document that has run under its hash.
    pub(super) fn keep(&self, hash: &str, text: &str) {
        if let Some(persisted) = &self.persisted {
            persisted.insert(hash.to_owned(), text.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Documents;
    use crate::graphql::request::Document;
    use crate::graphql::trusted::Trust;
    use crate::graphql::trusted::TrustedDocuments;
    use crate::graphql::trusted::sha256;

    const TEXT: &str = "{ __typename }";

    fn named(documents: &Documents, name: &str) -> Option<String> {
        let name = Document::Name(name.to_owned());
        let found = documents.find(&name).ok();
        found.map(|found| found.text.into_owned())
    }

    #[test]
    fn a_document_is_known_by_its_hash_once_it_was_kept() {
        let documents = Documents::new(TrustedDocuments::default(), 1_000_000);
        let hash = sha256(TEXT);
        assert_eq!(named(&documents, &hash), None);
        documents.keep(&hash, TEXT);
        assert_eq!(named(&documents, &hash).as_deref(), Some(TEXT));
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let documents = Documents::new(TrustedDocuments::default(), 64 * 1024);
        for n in 0..1_000 {
            let text = format!("query Q{n} {{ {} __typename }}", " ".repeat(1_000));
            documents.keep(&sha256(&text), &text);
        }
        let persisted = documents.persisted.as_ref().expect("on");
        persisted.run_pending_tasks();
        assert!(persisted.weighted_size() <= 64 * 1024);
        assert!(persisted.entry_count() > 0);
    }

    #[test]
    fn a_hash_that_is_not_that_of_the_document_is_refused() {
        let documents = Documents::new(TrustedDocuments::default(), 1_000_000);
        let lie = Document::TextWithHash {
            text: TEXT.into(),
            hash: sha256("{ login }"),
        };
        assert!(documents.find(&lie).is_err());
    }

    #[test]
    fn nobody_adds_to_what_the_operator_alone_trusts() {
        let manifest = serde_json::json!({ "a1": "{ customers { totalCount } }" }).to_string();
        let trusted = TrustedDocuments::read(Trust::Only, &manifest).expect("a manifest");
        let documents = Documents::new(trusted, 1_000_000);
        documents.keep(&sha256(TEXT), TEXT);
        assert_eq!(named(&documents, &sha256(TEXT)), None);
        assert!(documents.find(&Document::Text(TEXT.into())).is_err());
        assert!(named(&documents, "a1").is_some());
    }
}
