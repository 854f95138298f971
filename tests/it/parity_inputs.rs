//! What can be written through one door can be written through the other.

use std::collections::BTreeSet;

use peerassist_gateway::graphql;
use peerassist_gateway::grpc;

/// The members of an input object of GraphQL.
fn graphql_input(name: &str) -> BTreeSet<String> {
    let sdl = graphql::sdl();
    let body = sdl.split(&format!("\ninput {name} {{\n")).nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let fields = body.lines().filter_map(|line| line.split_once(": "));
    let names = fields.map(|(name, _)| name.trim());
    let is_name = |name: &&str| name.chars().all(char::is_alphanumeric);
    names.filter(is_name).map(str::to_owned).collect()
}

/// The fields of a message that its comments let be written, in the names of JSON.
fn grpc_input(message: &str) -> BTreeSet<String> {
    let begin = format!("\nmessage {message} {{\n");
    let mut sources = grpc::proto_sources().iter();
    let body = sources.find_map(|(_, text)| text.split(&begin).nth(1));
    let (mut written, mut comment) = (BTreeSet::new(), None);
    for line in body.unwrap().lines().take_while(|line| *line != "}") {
        match line.trim().strip_prefix("// ") {
            Some(text) => drop(comment.get_or_insert(text)),
            None => {
                let is_written = |comment: &str| {
                    !comment.starts_with("Output only") && !comment.starts_with("Identifier")
                };
                let declared = line.split(" = ").next().unwrap();
                let name = declared.split(' ').next_back().unwrap();
                if comment.take().is_some_and(is_written) {
                    written.insert(camel_case(name));
                }
            }
        }
    }
    written
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| {
        name + &word[..1].to_uppercase() + &word[1..]
    })
}

#[test]
fn both_doors_take_the_same_fields() {
    // What names the object, the request and its condition has another place in gRPC.
    let about = ["id", "clientMutationId", "ifMatch"];
    for (inputs, messages) in [
        (
            vec!["CreateCustomerInput", "UpdateCustomerInput"],
            vec!["Customer"],
        ),
        (
            vec!["CreateFwoInput", "UpdateFwoInput", "MoveFwoInput"],
            vec!["Fwo", "FwoDetail"],
        ),
        (vec!["LaborLineInput"], vec!["LaborLine"]),
        (vec!["MaterialLineInput"], vec!["MaterialLine"]),
        (vec!["EquipmentLineInput"], vec!["EquipmentLine"]),
        (vec!["AdditionalItemInput"], vec!["AdditionalItem"]),
        (vec!["PricingInput"], vec!["Pricing"]),
        (vec!["SignatureInput"], vec!["Signature"]),
    ] {
        let mut left: BTreeSet<_> = inputs.iter().flat_map(|name| graphql_input(name)).collect();
        left.retain(|field| !about.contains(&field.as_str()));
        // The guide's own capitals, and the upstream's id of a line.
        if left.remove("updateFWOs") {
            left.insert("updateFwos".into());
        }
        if left.remove("databaseId") {
            left.insert("id".into());
        }
        let mut right: BTreeSet<_> = messages.iter().flat_map(|name| grpc_input(name)).collect();
        right.remove("detail");
        assert!(!left.is_empty());
        assert_eq!(left, right, "{messages:?}");
    }
}
