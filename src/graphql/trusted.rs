//! Trusted documents: those that the operator's own clients were built with, out of a manifest.
//!
//! Two forms of manifest are read: that of Relay's compiler, an object of texts by id, and the operation manifest of
//! Apollo's clients. A document is found by its id and by the SHA-256 of its text, the latter with or without the
//! prefix of the "Persisted Documents" appendix of GraphQL over HTTP.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use ring::digest;
use serde::Deserialize;

use crate::graphql::escapes::spelled;
use crate::graphql::lexical::check_text;
use crate::graphql::limits::Limits;

/// What Apollo's manifests call themselves.
const APOLLO_FORMAT: &str = "apollo-persisted-query-manifest";

/// The prefix of an id that is the SHA-256 of its document.
const SHA256: &str = "sha256:";

/// Which documents run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// All, and none by its id.
    #[default]
    Off,
    /// All, and those of the manifest by their ids.
    On,
    /// Those of the manifest and no other.
    Only,
}

/// The documents of a manifest, and what they are for.
#[derive(Clone, Default)]
pub struct TrustedDocuments {
    trust: Trust,
    /// By each name that a document has.
    texts: Arc<HashMap<String, Arc<str>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo(ApolloManifest),
    Relay(HashMap<String, String>),
}

#[derive(Deserialize)]
struct ApolloManifest {
    format: String,
    version: u64,
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

impl TrustedDocuments {
    /// Reads the text of a manifest.
    ///
    /// Fails with what is wrong with it: it has no known form, or a document that could never run, or one that is not
    /// what its id says.
    pub fn read(trust: Trust, manifest: &str) -> Result<Self, String> {
        let mut texts = HashMap::new();
        for (id, text) in documents(manifest)? {
            check(&id, &text)?;
            let hash = sha256(&text);
            let text = Arc::<str>::from(text);
            for name in [format!("{SHA256}{hash}"), hash, id] {
                let known = texts.insert(name, text.clone());
                if known.is_some_and(|known: Arc<str>| known != text) {
                    return Err("names two documents alike".into());
                }
            }
        }
        let texts = Arc::new(texts);
        Ok(TrustedDocuments { trust, texts })
    }

    /// The text of the document with this id, or with this SHA-256.
    pub(super) fn text(&self, id: &str) -> Option<Arc<str>> {
        self.texts.get(id).cloned()
    }

    /// Whether a text may run.
    pub(super) fn permit(&self, text: &str) -> bool {
        match self.trust {
            Trust::Off | Trust::On => true,
            Trust::Only => self.texts.contains_key(&sha256(text)),
        }
    }

    /// Which documents run.
    pub(super) fn trust(&self) -> Trust {
        self.trust
    }
}

/// Shows no document: a text may be long.
impl fmt::Debug for TrustedDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrustedDocuments { trust, texts } = self;
        write!(f, "TrustedDocuments({trust:?}, {} names)", texts.len())
    }
}

/// The documents of a manifest by their ids.
fn documents(manifest: &str) -> Result<Vec<(String, String)>, String> {
    let manifest = serde_json::from_str(manifest)
        .map_err(|_| "is neither a manifest of Relay's nor one of Apollo's")?;
    match manifest {
        Manifest::Relay(texts) => Ok(texts.into_iter().collect()),
        Manifest::Apollo(manifest) => {
            let ApolloManifest {
                format,
                version,
                operations,
            } = manifest;
            if format != APOLLO_FORMAT || version != 1 {
                return Err(format!("is not version 1 of {APOLLO_FORMAT}"));
            }
            let documents = operations.into_iter();
            Ok(documents.map(|Operation { id, body }| (id, body)).collect())
        }
    }
}

/// A document that could never run is a mistake of whoever wrote the manifest.
fn check(id: &str, text: &str) -> Result<(), String> {
    let named = |what: &str| format!("has a document {id} {what}");
    if let Some(hash) = id.strip_prefix(SHA256)
        && hash != sha256(text)
    {
        return Err(named("whose SHA-256 is another"));
    }
    check_text(text, &Limits::default()).map_err(|_| named("that is larger than the limits"))?;
    parse_query(spelled(text)).map_err(|_| named("with a syntax error"))?;
    Ok(())
}

/// The SHA-256 of a text in lower-case hexadecimal digits, as clients write it.
pub(super) fn sha256(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut digits = String::with_capacity(64);
    for byte in hash.as_ref() {
        write!(digits, "{byte:02x}").expect("a String takes everything");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::Trust;
    use super::TrustedDocuments;
    use super::sha256;
    use serde_json::json;

    const TEXT: &str = "query Mine { __typename }";

    fn read(manifest: &serde_json::Value) -> Result<TrustedDocuments, String> {
        TrustedDocuments::read(Trust::Only, &manifest.to_string())
    }

    fn apollo(id: &str, body: &str) -> serde_json::Value {
        json!({
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{ "id": id, "name": "Mine", "type": "query", "body": body }],
        })
    }

    /// The example of the appendix "Persisted Documents".
    #[test]
    fn hashes_are_those_of_the_specification() {
        assert_eq!(
            sha256("query($id:ID!){user(id:$id){name}}"),
            "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"
        );
    }

    #[test]
    fn a_document_is_found_by_its_id_and_by_its_hash() {
        let hash = sha256(TEXT);
        for manifest in [json!({ "a1": TEXT }), apollo("a1", TEXT)] {
            let documents = read(&manifest).expect("a manifest");
            for name in ["a1", &hash, &format!("sha256:{hash}")] {
                assert_eq!(documents.text(name).as_deref(), Some(TEXT), "{name}");
            }
            assert!(documents.text("a2").is_none());
            assert!(documents.permit(TEXT));
            assert!(!documents.permit("{ __typename }"));
        }
    }

    #[test]
    fn without_only_every_text_is_permitted() {
        let manifest = json!({ "a1": TEXT }).to_string();
        let documents = TrustedDocuments::read(Trust::On, &manifest).expect("a manifest");
        assert!(documents.permit("{ __typename }"));
        assert!(TrustedDocuments::default().permit("{ __typename }"));
    }

    #[test]
    fn a_manifest_that_cannot_be_meant_is_told() {
        let lie = format!("sha256:{}", sha256("{ a }"));
        let of = |manifest: &serde_json::Value| read(manifest).expect_err("a mistake");
        assert_eq!(
            of(&json!({ "a1": "{" })),
            "has a document a1 with a syntax error"
        );
        assert_eq!(
            of(&json!({ "a1": "[".repeat(99) })),
            "has a document a1 that is larger than the limits"
        );
        assert_eq!(
            of(&json!({ lie.clone(): TEXT })),
            format!("has a document {lie} whose SHA-256 is another")
        );
        let unknown = "is neither a manifest of Relay's nor one of Apollo's";
        for manifest in [json!([]), json!({ "a1": 1 }), json!("x")] {
            assert_eq!(of(&manifest), unknown);
        }
        let mut later = apollo("a1", TEXT);
        later["version"] = json!(2);
        assert_eq!(
            of(&later),
            "is not version 1 of apollo-persisted-query-manifest"
        );
        let operation = |body: &str| json!({ "id": "a1", "body": body });
        let mut twice = apollo("a1", TEXT);
        twice["operations"] = json!([operation(TEXT), operation("{ a }")]);
        assert_eq!(of(&twice), "names two documents alike");
    }
}
