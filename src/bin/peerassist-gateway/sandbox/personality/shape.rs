//! What kind of value stands where in the objects of the API, read from the OpenAPI document, which is made from the
//! handlers themselves: a member that they gain is known here without a line.

use serde_json::Value;

use super::tree::Tree;

/// What stands in a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Object(Vec<(String, Shape)>),
    List(Box<Shape>),
    Leaf(Leaf),
}

/// What a scalar says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Id,
    Decimal,
    Instant,
    Day,
    /// One of a closed vocabulary.
    Word,
    Other,
}

/// The objects below one path.
#[derive(Debug)]
pub(super) struct Resource {
    /// `/customer`
    pub(super) path: String,
    /// As lists show it.
    pub(super) row: Shape,
    /// As it shows alone.
    pub(super) whole: Shape,
}

/// The resources that have a list and an `{id}`.
pub(super) fn resources(document: &utoipa::openapi::OpenApi) -> Vec<Resource> {
    let document = serde_json::to_value(document).expect("an OpenAPI document is JSON");
    let answer = |path: &str| {
        let operation = document["paths"].get(path)?.get("get")?;
        let schema = operation.pointer("/responses/200/content/application~1json/schema")?;
        Some(shape(&document, schema))
    };
    let paths = document["paths"].as_object().into_iter().flatten();
    let resource = |path: &String| {
        let row = match answer(path)?.member("content")? {
            Shape::List(row) => (**row).clone(),
            Shape::Object(_) | Shape::Leaf(_) => return None,
        };
        let whole = answer(&format!("{path}/{{id}}"))?;
        Some(Resource {
            path: path.clone(),
            row,
            whole,
        })
    };
    paths.filter_map(|(path, _)| resource(path)).collect()
}

fn shape(document: &Value, schema: &Value) -> Shape {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return shape(
            document,
            target.expect("a reference of the document leads somewhere"),
        );
    }
    if let Some(members) = schema["properties"].as_object() {
        let named = |(name, schema): (&String, &Value)| (name.clone(), shape(document, schema));
        return Shape::Object(members.iter().map(named).collect());
    }
    if let Some(items) = schema.get("items") {
        return Shape::List(Box::new(shape(document, items)));
    }
    let leaf = match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("integer"), Some("int64")) => Leaf::Id,
        (Some("number"), _) => Leaf::Decimal,
        (Some("string"), Some("date-time")) => Leaf::Instant,
        (Some("string"), Some("date")) => Leaf::Day,
        (Some("string"), _) if schema.get("enum").is_some() => Leaf::Word,
        _ => Leaf::Other,
    };
    Shape::Leaf(leaf)
}

impl Shape {
    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => {
                let found = members.iter().find(|(known, _)| known == name);
                found.map(|(_, shape)| shape)
            }
            Self::List(_) | Self::Leaf(_) => None,
        }
    }

    /// Puts `change` in the place of every scalar but `null`; it is told the scalar's member and what it says.
    pub(super) fn change(
        &self,
        tree: &mut Tree,
        change: &impl Fn(&str, Leaf, &Tree) -> Option<Tree>,
    ) {
        self.change_member("", tree, change);
    }

    fn change_member(
        &self,
        name: &str,
        tree: &mut Tree,
        change: &impl Fn(&str, Leaf, &Tree) -> Option<Tree>,
    ) {
        match (self, tree) {
            (Self::Object(_), Tree::Object(members)) => {
                for (name, value) in members {
                    if let Some(shape) = self.member(name) {
                        shape.change_member(name, value, change);
                    }
                }
            }
            (Self::List(shape), Tree::Array(items)) => {
                for item in items {
                    shape.change_member(name, item, change);
                }
            }
            (Self::Leaf(leaf), value) => {
                if *value != Tree::null()
                    && let Some(changed) = change(name, *leaf, value)
                {
                    *value = changed;
                }
            }
            // A body that somebody sent in another shape; the handler judges it.
            (Self::Object(_) | Self::List(_), _) => {}
        }
    }

    /// Adds `null` for every member that is left out, in the order of the document.
    pub(super) fn fill(&self, tree: &mut Tree) {
        match (self, tree) {
            (Self::Object(shapes), Tree::Object(members)) => {
                let mut sent = Tree::Object(std::mem::take(members));
                for (name, shape) in shapes {
                    let mut value = sent.take(name).unwrap_or_else(Tree::null);
                    shape.fill(&mut value);
                    members.push((name.clone(), value));
                }
                // What the document does not know stays behind what it knows.
                if let Tree::Object(unknown) = sent {
                    members.extend(unknown);
                }
            }
            (Self::List(shape), Tree::Array(items)) => {
                items.iter_mut().for_each(|item| shape.fill(item))
            }
            (Self::Object(_) | Self::List(_) | Self::Leaf(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_stands_where() {
        let resources = resources(&crate::sandbox::router::document());
        let paths: Vec<_> = resources
            .iter()
            .map(|resource| resource.path.as_str())
            .collect();
        assert_eq!(paths, ["/customer", "/fwo", "/project"]);
        let fwo = &resources[1].whole;
        let leaf = |shape: &Shape, name| match shape.member(name) {
            Some(Shape::Leaf(leaf)) => *leaf,
            other => panic!("{name}: {other:?}"),
        };
        let Some(Shape::List(labor)) = fwo.member("labor") else {
            panic!("labor lines are a list");
        };
        for (shape, name, said) in [
            (fwo, "id", Leaf::Id),
            (fwo, "projectId", Leaf::Id),
            (fwo, "amount", Leaf::Decimal),
            (fwo, "createdDate", Leaf::Instant),
            (fwo, "status", Leaf::Word),
            (fwo, "number", Leaf::Other),
            (labor, "workDate", Leaf::Day),
            (labor, "regularHours", Leaf::Decimal),
        ] {
            assert_eq!(leaf(shape, name), said, "{name}");
        }
    }
}
