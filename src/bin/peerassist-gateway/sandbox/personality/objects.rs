//! Other forms of customers, FWOs and projects. Each has its way back, which the bodies of writes take: a client that
//! sends what it was shown is understood.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::lists::Parameters;
use super::scalars::Spelling;
use super::shape::Resource;
use super::shape::Shape;
use super::tree::Tree;

const FWO: &str = "/fwo";

/// Ours, and what a live service may call it.
const RENAMED: &[(&str, &str)] = &[
    ("number", "fwoNumber"),
    ("status", "step"),
    ("type", "ticketType"),
];

/// Members that move into an object of their own.
#[derive(Debug)]
pub(super) struct Nest {
    group: &'static str,
    /// The name outside, and the name within.
    members: &'static [(&'static str, &'static str)],
}

pub(super) const PROJECT: Nest = Nest {
    group: "project",
    members: &[
        ("projectId", "id"),
        ("projectNumber", "number"),
        ("projectName", "name"),
    ],
};
pub(super) const CUSTOMER: Nest = Nest {
    group: "customer",
    members: &[("customerId", "id"), ("customerName", "name")],
};
pub(super) const TOTALS: Nest = Nest {
    group: "totals",
    members: &[("amount", "amount"), ("laborHours", "laborHours")],
};

/// Twelve members that nobody models, with every kind of value and some that are easily spoilt.
const EXTRAS: &str = r#"{"externalId":"ERP-00042","taxRate":7.2500,"creditLimit":2.50E+4,"ledgerKey":12345678901234567890123,
"score":-0.0,"remark":"\u00e9tage 2\n\"B\"","tags":["a",[],{}],"preferences":{"emailCopies":true,"quietFrom":null},
"archivedBy":null,"taxExempt":false,"version":7,"x-region.code":"US-OH"}"#;

/// How objects show.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) spelling: Spelling,
    pub(super) nulls_are_written: bool,
    pub(super) has_extras: bool,
    pub(super) fwo_is_renamed: bool,
    pub(super) fwo_nests: Vec<&'static Nest>,
}

impl Objects {
    /// Ours in their form, which begins with what is absent and ends with names.
    pub(super) fn show(
        &self,
        resource: &Resource,
        shape: &Shape,
        extras: &Extras,
        tree: &mut Tree,
    ) {
        let kept = self.has_extras.then(|| extras.of(resource, tree));
        if self.nulls_are_written {
            shape.fill(tree);
        }
        shape.change(tree, &|name, leaf, ours| {
            self.spelling.show(name, leaf, ours)
        });
        if resource.path == FWO {
            self.fwo_nests.iter().for_each(|nest| nest.put_in(tree));
            if self.fwo_is_renamed {
                rename(tree, RENAMED.iter().copied());
            }
        }
        if let (Some(kept), Tree::Object(members)) = (kept, tree) {
            members.extend(kept);
        }
    }

    /// The parameters with our words in the filters that have their spelling.
    pub(super) fn question(&self, parameters: &Parameters) -> Parameters {
        let ours = |(name, value): &(String, String)| {
            let words = value
                .split(',')
                .map(|word| self.spelling.our_word(name, word));
            let value = match name.as_str() {
                "status" | "type" => words.collect::<Vec<_>>().join(","),
                _ => value.clone(),
            };
            (name.clone(), value)
        };
        parameters.iter().map(ours).collect()
    }

    /// Theirs in our form: the same steps backwards. A member under the name that it has only here is unknown there.
    pub(super) fn take(&self, resource: &Resource, tree: &mut Tree) {
        if resource.path == FWO {
            if self.fwo_is_renamed {
                RENAMED.iter().for_each(|(ours, _)| drop(tree.take(ours)));
                rename(tree, RENAMED.iter().map(|(ours, theirs)| (*theirs, *ours)));
            }
            self.fwo_nests
                .iter()
                .rev()
                .for_each(|nest| nest.take_out(tree));
        }
        let take = |name: &str, leaf, theirs: &Tree| self.spelling.take(name, leaf, theirs);
        resource.whole.change(tree, &take);
    }
}

fn rename<'a>(tree: &mut Tree, names: impl Iterator<Item = (&'a str, &'a str)> + Clone) {
    if let Tree::Object(members) = tree {
        for (name, _) in members {
            if let Some((_, new)) = names.clone().find(|(old, _)| old == name) {
                *name = new.to_owned();
            }
        }
    }
}

impl Nest {
    fn put_in(&self, tree: &mut Tree) {
        let take =
            |(outside, within): &(&str, &str)| Some(((*within).to_owned(), tree.take(outside)?));
        let members = self.members.iter().filter_map(take).collect();
        tree.set(self.group, Tree::Object(members));
    }

    fn take_out(&self, tree: &mut Tree) {
        let mut group = tree.take(self.group);
        for (outside, within) in self.members {
            drop(tree.take(outside));
            if let Some(value) = group.as_mut().and_then(|group| group.take(within)) {
                tree.set(outside, value);
            }
        }
    }
}

type Members = Vec<(String, Tree)>;

/// The members nobody models, as they were last written. In memory only: another start has them as they were.
#[derive(Debug)]
pub(super) struct Extras {
    original: Members,
    /// By the path of the list and the id.
    written: Mutex<HashMap<(String, i64), Members>>,
}

impl Default for Extras {
    fn default() -> Self {
        let original = match Tree::parse(EXTRAS.as_bytes()) {
            Some(Tree::Object(members)) => members,
            other => panic!("the extra members are an object and not {other:?}"),
        };
        Self {
            original,
            written: Mutex::default(),
        }
    }
}

impl Extras {
    fn of(&self, resource: &Resource, ours: &Tree) -> Members {
        let id = ours
            .member("id")
            .and_then(Tree::as_number)
            .unwrap_or_default();
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = written.get(&(resource.path.clone(), id));
        kept.unwrap_or(&self.original).clone()
    }

    /// Those among the members of a body.
    pub(super) fn sent(&self, body: &Tree) -> Members {
        let sent = |(name, _): &(String, Tree)| Some((name.clone(), body.member(name)?.clone()));
        self.original.iter().filter_map(sent).collect()
    }

    /// After a write the object has those that were sent and no others, as a service that replaces the whole does.
    pub(super) fn replace(&self, resource: &Resource, ours: &Tree, sent: Members) {
        let Some(id) = ours.member("id").and_then(Tree::as_number) else {
            return;
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.insert((resource.path.clone(), id), sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::personality::dates::Dates;
    use crate::sandbox::personality::decimals::Decimals;
    use crate::sandbox::personality::shape;

    const ORDER: &str = r#"{"id":2,"number":"000002","projectId":1,"projectNumber":"24-0137","projectName":"Wing B",
"customerId":3,"customerName":"USA","type":"FIELD_WORK","status":"EXECUTED","summary":"s","description":"d",
"categories":["Owner Change"],"premiumTime":true,"romAmount":19200.5,"amount":20045.28,"laborHours":111.5,
"labor":[{"id":1,"employeeName":"Bea","trade":"Framing","tradeClass":"Apprentice","workDate":"2025-03-20",
"regularHours":0.5,"overtimeHours":8.25,"doubleTimeHours":4.25,"regularRate":64.1,"amount":1312.25}],
"materials":[{"id":1,"description":"Screws","quantity":602.125,"unitType":"LB","pricingUnit":"P","factor":1.5,
"unitPrice":3.79,"amount":2282.53}],"signature":{"signerName":"Rosa","signedDate":"2025-04-11T17:12:47.000+00:00"},
"createdBy":"foreman","createdDate":"2025-03-20T11:51:31.000+00:00"}"#;

    fn fwo() -> Resource {
        let resources = shape::resources(&crate::sandbox::router::document());
        let fwo = resources.into_iter().find(|resource| resource.path == FWO);
        fwo.expect("FWOs are a resource")
    }

    /// The members of a tree, but for those that are null.
    fn value(tree: &Tree) -> serde_json::Value {
        let text = tree.to_string();
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let members = value.as_object_mut().expect("an object");
        members.retain(|_, member| !member.is_null());
        value
    }

    #[test]
    fn an_fwo_that_is_sent_back_as_it_was_shown_is_the_same() {
        let fwo = fwo();
        let ours = Tree::parse(ORDER.as_bytes()).expect("JSON");
        for (decimals, dates) in [
            (Decimals::Text, Dates::Millis),
            (Decimals::Exponents, Dates::Arrays),
            (Decimals::Doubles, Dates::MonthFirst),
            (Decimals::Plain, Dates::WithoutZone),
            (Decimals::Plain, Dates::OffsetWithoutColon),
        ] {
            let objects = Objects {
                spelling: Spelling {
                    ids_are_text: true,
                    unknown_statuses: true,
                    words_have_spaces: true,
                    decimals,
                    dates,
                },
                nulls_are_written: false,
                has_extras: false,
                fwo_is_renamed: true,
                fwo_nests: vec![&PROJECT, &CUSTOMER, &TOTALS],
            };
            let mut tree = ours.clone();
            objects.show(&fwo, &fwo.whole, &Extras::default(), &mut tree);
            assert_ne!(value(&tree), value(&ours));
            objects.take(&fwo, &mut tree);
            assert_eq!(value(&tree), value(&ours), "{decimals:?} {dates:?}");
        }
    }

    #[test]
    fn nulls_that_are_sent_back_say_nothing_more() {
        let (fwo, ours) = (fwo(), Tree::parse(ORDER.as_bytes()).expect("JSON"));
        let objects = Objects {
            nulls_are_written: true,
            fwo_nests: vec![&PROJECT],
            ..Objects::default()
        };
        let mut tree = ours.clone();
        objects.show(&fwo, &fwo.row, &Extras::default(), &mut tree);
        assert_eq!(tree.member("groupName"), Some(&Tree::null()));
        assert_eq!(
            tree.member("labor"),
            ours.member("labor"),
            "what the document leaves out stays"
        );
    }

    #[test]
    fn a_member_under_the_name_that_it_has_only_here_is_not_known_there() {
        let objects = Objects {
            fwo_is_renamed: true,
            fwo_nests: vec![&PROJECT],
            ..Objects::default()
        };
        let sent = br#"{"projectId":7,"status":"ENTRY","step":"PRICING","summary":"s"}"#;
        let mut tree = Tree::parse(sent).expect("JSON");
        objects.take(&fwo(), &mut tree);
        assert_eq!(tree.to_string(), r#"{"status":"PRICING","summary":"s"}"#);
    }
}
