//! Update masks (AIP-134, AIP-161): which members of an object an update writes.
//!
//! What is a path is for the contract to say, whose descriptor is asked; no list of names is kept here. A path of
//! something that nobody writes, because it is output only, changes nothing.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::LazyLock;

use prost::Message;
use prost_types::FieldDescriptorProto;
use prost_types::FieldMask;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Label;

use crate::domain::change::Change;
use crate::domain::error::Violation;
use crate::grpc::DESCRIPTOR;

/// The messages of this API by their full names.
static MESSAGES: LazyLock<HashMap<String, Vec<FieldDescriptorProto>>> = LazyLock::new(|| {
    let set = FileDescriptorSet::decode(DESCRIPTOR).expect("the build wrote a descriptor set");
    let ours = set
        .file
        .into_iter()
        .filter(|file| file.package() == PACKAGE);
    let messages = ours.flat_map(|file| file.message_type);
    messages
        .map(|message| (format!("{PACKAGE}.{}", message.name()), message.field))
        .collect()
});

const PACKAGE: &str = "peerassist.v1";

/// Stands for every member, and stands alone.
const WILDCARD: &str = "*";

/// Which members of an object are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// Those that are present, as in a create.
    Present,
    /// All of them: what is absent is cleared.
    Whole,
    /// Those below one of these paths; what is absent of them is cleared.
    Paths(HashSet<String>),
}

impl Mask {
    /// The mask of a request that writes a `message`, and what is wrong with its paths. The others count all the
    /// same, so that what is wrong with their values can be told, too.
    pub(super) fn read(message: &str, mask: Option<FieldMask>) -> (Self, Vec<Violation>) {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            return (Mask::Present, Vec::new());
        }
        if paths == [WILDCARD] {
            return (Mask::Whole, Vec::new());
        }
        let (mut good, mut violations) = (HashSet::new(), Vec::new());
        for (place, path) in paths.into_iter().enumerate() {
            let rule = match judged(message, &path) {
                Ok(()) if good.insert(path) => continue,
                Ok(()) => "is in the mask already",
                Err(rule) => rule,
            };
            violations.push(Violation {
                field: format!("update_mask.paths[{place}]"),
                rule: rule.into(),
            });
        }
        (Mask::Paths(good), violations)
    }

    /// What the write does to the member at `path`.
    pub(super) fn change<T>(&self, path: &str, given: Option<T>) -> Change<T> {
        match (given, self) {
            (Some(value), _) if self.names(path) => Change::Set(value),
            (None, Mask::Whole | Mask::Paths(_)) if self.names(path) => Change::Clear,
            (_, Mask::Present | Mask::Whole | Mask::Paths(_)) => Change::Keep,
        }
    }

    /// Whether the member at `path` is written, by its own name or by that of a part that it is in.
    pub(super) fn names(&self, path: &str) -> bool {
        match self {
            Mask::Present | Mask::Whole => true,
            Mask::Paths(paths) => {
                let parts = path.match_indices('.').map(|(end, _)| &path[..end]);
                parts.chain([path]).any(|part| paths.contains(part))
            }
        }
    }
}

/// Whether `path` leads to a member of `message`; otherwise the rule that it breaks.
fn judged(message: &str, path: &str) -> Result<(), &'static str> {
    if path == WILDCARD {
        return Err("must be the only path where it is used");
    }
    let mut message = message.to_owned();
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let fields = MESSAGES.get(&message);
        let field = fields.and_then(|fields| fields.iter().find(|field| field.name() == name));
        let Some(field) = field else {
            return Err("names no field");
        };
        if field.label() == Label::Repeated && names.peek().is_some() {
            return Err("leads into a list, which is written whole");
        }
        message = field.type_name().trim_start_matches('.').to_owned();
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::MESSAGES;
    use super::Mask;
    use crate::domain::change::Change;
    use crate::grpc::field_path::Object;
    use crate::grpc::proto_sources;
    use proptest::prelude::*;
    use prost_types::FieldMask;
    use prost_types::field_descriptor_proto::Label;

    /// A field of the contract.
    pub(in crate::grpc) struct Field {
        /// From the object, with `[0]` behind lists: `detail.labor[0].work_date`.
        pub(in crate::grpc) path: String,
        /// The same in the names of JSON.
        pub(in crate::grpc) json_path: String,
        /// Whether its comment lets it be written.
        pub(in crate::grpc) is_written: bool,
        /// Whether it is in a list.
        pub(in crate::grpc) in_list: bool,
    }

    /// All fields of an object and of the messages inside it.
    pub(in crate::grpc) fn fields(object: Object) -> Vec<Field> {
        let mut found = Vec::new();
        collect(object.message(), ("", ""), false, &mut found);
        found
    }

    fn collect(message: &str, (at, json_at): (&str, &str), in_list: bool, found: &mut Vec<Field>) {
        for field in MESSAGES.get(message).into_iter().flatten() {
            let path = format!("{at}{}", field.name());
            let json_path = format!("{json_at}{}", field.json_name());
            let is_list = field.label() == Label::Repeated;
            let dot = if is_list { "[0]." } else { "." };
            let (inside, json_inside) = (format!("{path}{dot}"), format!("{json_path}{dot}"));
            let comment = comment(message, field.name());
            found.push(Field {
                path,
                json_path,
                is_written: !comment.starts_with("Output only")
                    && !comment.starts_with("Identifier"),
                in_list,
            });
            let kind = field.type_name().trim_start_matches('.');
            collect(kind, (&inside, &json_inside), in_list || is_list, found);
        }
    }

    /// The first line of the comment that stands over a field.
    fn comment(message: &str, field: &str) -> String {
        let name = message.trim_start_matches("peerassist.v1.");
        let mut sources = proto_sources().iter().map(|(_, text)| *text);
        let begin = format!("\nmessage {name} {{\n");
        let body = sources
            .find_map(|text| text.split(&begin).nth(1))
            .expect("the message");
        let lines: Vec<&str> = body.lines().map(str::trim).collect();
        let declared = lines
            .iter()
            .position(|line| line.contains(&format!(" {field} = ")));
        let above = lines[..declared.expect("the field")].iter().rev();
        let comment = above.take_while(|line| line.starts_with("//")).last();
        comment
            .expect("a comment")
            .trim_start_matches("// ")
            .to_owned()
    }

    /// A mask of one path.
    pub(in crate::grpc) fn naming(object: Object, path: &str) -> Mask {
        let paths = vec![path.to_owned()];
        let (mask, violations) = Mask::read(object.message(), Some(FieldMask { paths }));
        assert_eq!(violations, [], "{path}");
        mask
    }

    fn read(message: &str, paths: &[&str]) -> (Mask, Vec<(String, String)>) {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let message = format!("peerassist.v1.{message}");
        let (mask, violations) = Mask::read(&message, Some(FieldMask { paths }));
        let violations = violations.into_iter().map(|v| (v.field, v.rule));
        (mask, violations.collect())
    }

    #[test]
    fn what_is_absent_is_kept_or_cleared_as_the_mask_says() {
        let (named, none) = read("Fwo", &["summary", "detail.pricing"]);
        assert_eq!(none, []);
        let (keep, clear, set) = (Change::Keep, Change::Clear, Change::Set(1));
        for (mask, path, absent, present) in [
            (&Mask::Present, "summary", keep, set),
            (&Mask::Whole, "summary", clear, set),
            (&named, "summary", clear, set),
            (&named, "detail.pricing.overhead_percent", clear, set),
            (&named, "number", keep, keep),
            (&named, "detail.description", keep, keep),
            (&named, "detail.pricing_x", keep, keep),
            (&named, "detail", keep, keep),
        ] {
            assert_eq!(mask.change(path, None), absent, "{mask:?} {path}");
            assert_eq!(mask.change(path, Some(1)), present, "{mask:?} {path}");
        }
    }

    #[test]
    fn no_mask_and_an_empty_one_are_the_same() {
        assert_eq!(
            Mask::read("peerassist.v1.Fwo", None),
            (Mask::Present, vec![])
        );
        assert_eq!(read("Fwo", &[]), (Mask::Present, vec![]));
        assert_eq!(read("Fwo", &["*"]), (Mask::Whole, vec![]));
    }

    #[test]
    fn every_path_that_is_wrong_is_told_by_its_place_and_the_others_count() {
        let paths = [
            "city",
            "shoe_size",
            "city",
            "*",
            "",
            "zipCode",
            "city.name",
            "Customer.city",
        ];
        let (mask, violations) = read("Customer", &paths);
        let unknown = "names no field";
        let expected = [
            (1, unknown),
            (2, "is in the mask already"),
            (3, "must be the only path where it is used"),
            (4, unknown),
            (5, unknown),
            (6, unknown),
            (7, unknown),
        ];
        let expected =
            expected.map(|(place, rule)| (format!("update_mask.paths[{place}]"), rule.to_owned()));
        assert_eq!(violations, expected);
        assert!(mask.names("city") && !mask.names("zip_code"));
    }

    #[test]
    fn no_path_leads_into_a_list_or_into_a_value_of_another_api() {
        let paths = [
            "detail.labor.trade",
            "detail.labor[0]",
            "detail.labor.*",
            "detail.signature.signed_date.seconds",
            "categories.x",
        ];
        let (_, violations) = read("Fwo", &paths);
        let list = "leads into a list, which is written whole";
        let unknown = "names no field";
        let rules: Vec<_> = violations.iter().map(|(_, rule)| rule.as_str()).collect();
        assert_eq!(rules, [list, unknown, list, unknown, list]);
    }

    #[test]
    fn every_field_of_the_contract_outside_of_lists_is_a_path() {
        for (object, message) in [(Object::Customer, "Customer"), (Object::Fwo, "Fwo")] {
            let fields = fields(object);
            let paths = fields.iter().filter(|field| !field.in_list);
            let paths: Vec<&str> = paths.map(|field| field.path.as_str()).collect();
            assert!(paths.len() > 20);
            assert_eq!(read(message, &paths).1, []);
        }
    }

    proptest! {
        #[test]
        fn no_path_is_too_strange(path in "\\PC{0,30}") {
            let (_, violations) = read("Fwo", &[&path, "summary"]);
            prop_assert!(violations.len() <= 1);
        }
    }
}
