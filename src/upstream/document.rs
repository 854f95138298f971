//! A JSON object on its way back to the upstream: what came is sent back to the letter, but for what changes.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::domain::change::Change;
use crate::upstream::wire::Invalid;
use crate::upstream::wire::Members;

/// An object as its members' names and JSON texts, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Document<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Document<'a> {
    /// An object without members.
    pub(super) fn new() -> Self {
        Document::default()
    }

    /// The object in `raw`, to the letter; one that has a name twice is refused.
    pub(super) fn of(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        let members = Members::of(raw)?.into_raw();
        let members = members.map(|(name, raw)| (name, Cow::Borrowed(raw.get())));
        Ok(Document(members.collect()))
    }

    /// Sets or clears a member in its place; a new one goes to the end. What is absent needs no clearing.
    pub(super) fn change(&mut self, name: &'static str, change: Change<String>) {
        let place = self.0.iter().position(|(member, _)| member == name);
        match (change, place) {
            (Change::Keep, _) | (Change::Clear, None) => {}
            (Change::Clear, Some(place)) => self.0[place].1 = "null".into(),
            (Change::Set(json), Some(place)) => self.0[place].1 = json.into(),
            (Change::Set(json), None) => self.0.push((name.into(), json.into())),
        }
    }

    /// The JSON of a member.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let member = self.0.iter().find(|(member, _)| member == name);
        member.map(|(_, json)| &**json)
    }

    /// The object that a member holds; an empty one where it holds none.
    pub(super) fn object(&self, name: &'static str) -> Result<Document<'_>, Invalid> {
        let Some(json) = self.get(name).filter(|json| *json != "null") else {
            return Ok(Document::new());
        };
        let wrong = |_| Invalid {
            member: name.into(),
            expected: "an object",
        };
        let raw: &RawValue = serde_json::from_str(json).map_err(wrong)?;
        Document::of(raw).map_err(wrong)
    }

    /// The objects of a list that a member holds; none where it holds no list.
    pub(super) fn objects(&self, name: &'static str) -> Result<Vec<Document<'_>>, Invalid> {
        let Some(json) = self.get(name).filter(|json| *json != "null") else {
            return Ok(Vec::new());
        };
        let wrong = |_| Invalid {
            member: name.into(),
            expected: "a list of objects",
        };
        let list: Vec<&RawValue> = serde_json::from_str(json).map_err(wrong)?;
        let objects = list.into_iter().map(|raw| Document::of(raw).map_err(wrong));
        objects.collect()
    }

    /// The object as JSON.
    pub(super) fn print(&self) -> String {
        let members = self.0.iter();
        let members = members.map(|(name, json)| format!("{}:{json}", text(name)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// A text as JSON.
pub(super) fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::Document;
    use super::text;
    use crate::domain::change::Change;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("JSON")
    }

    #[test]
    fn what_is_not_changed_goes_back_to_the_letter() {
        let raw = raw(r#"{"id":3,"name":"Mill","x\n":[1.50, {"a": null}],"city":null,"n":1e400}"#);
        let mut object = Document::of(&raw).expect("an object");
        object.change("name", Change::Set(text("Old \"Mill\"")));
        object.change("city", Change::Keep);
        object.change("state", Change::Clear);
        object.change("zipCode", Change::Set(text("1")));
        assert_eq!(
            object.print(),
            r#"{"id":3,"name":"Old \"Mill\"","x\n":[1.50, {"a": null}],"city":null,"n":1e400,"zipCode":"1"}"#
        );
        object.change("name", Change::Clear);
        assert_eq!(object.get("name"), Some("null"));
    }

    #[test]
    fn lists_and_objects_inside_are_read_the_same_way() {
        let raw = raw(r#"{"labor":[{"id":1,"x":2},{}],"pricing":null,"signature":{"note":""}}"#);
        let object = Document::of(&raw).expect("an object");
        let labor = object.objects("labor").expect("a list");
        assert_eq!(labor.len(), 2);
        assert_eq!(labor[0].print(), r#"{"id":1,"x":2}"#);
        assert_eq!(object.object("pricing").expect("none").print(), "{}");
        assert!(object.objects("signature").is_err());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_object_differs_in_the_changed_member_alone(
            members in prop::collection::btree_map(".*", json(), 0..20),
            name in ".*",
        ) {
            let before = serde_json::Value::Object(members.into_iter().collect());
            let raw = raw(&before.to_string());
            let mut object = Document::of(&raw).expect("an object");
            object.change("name", Change::Set(text(&name)));
            let after: serde_json::Value = serde_json::from_str(&object.print()).expect("JSON");
            let mut expected = before;
            expected["name"] = name.into();
            prop_assert_eq!(after, expected);
        }
    }
}
