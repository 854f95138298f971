//! The committed contracts are the running ones. `UPDATE_SCHEMA=1 cargo test contract` accepts a wanted change.

use std::fs;
use std::path::Path;

use peerassist_gateway::graphql;
use peerassist_gateway::grpc;
use prost::Message;
use prost_types::FileDescriptorProto;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Label;

/// Compares a contract with the committed file, or writes it where that is wanted.
#[expect(
    clippy::disallowed_methods,
    reason = "the switch of a developer, not a setting"
)]
pub(crate) fn check(file: &str, running: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(file);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, running).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let changed = running
        .lines()
        .zip(committed.lines().chain(std::iter::repeat("")))
        .find(|(new, old)| new != old);
    assert!(
        committed == running,
        "schema/{file} is not what runs, first at {changed:?}; UPDATE_SCHEMA=1 accepts it"
    );
}

#[test]
fn the_graphql_schema_is_the_committed_one() {
    check("peerassist.graphql", &graphql::sdl());
}

#[test]
fn the_graphql_schema_is_valid_to_another_implementation() {
    // A directive of the September 2025 specification, which that implementation does not bring along.
    let sdl = format!("directive @oneOf on INPUT_OBJECT\n{}", graphql::sdl());
    let schema = apollo_compiler::Schema::parse_and_validate(sdl, "peerassist.graphql").unwrap();
    let good = [
        "{ customer(by: { number: \"200-000\" }) { id fwos(first: 3) { edges { cursor node { id labor { amount } } } } } }",
        "query($after: String) { customers(first: 20, after: $after, orderBy: [{ field: NAME }]) { pageInfo { endCursor } } }",
        "mutation($input: LoginInput!) { login(input: $input) { token userErrors { field } } }",
        "{ node(id: \"x\") { id ... on Fwo { status } } }",
    ];
    for operation in good {
        apollo_compiler::ExecutableDocument::parse_and_validate(
            &schema,
            operation,
            "operation.graphql",
        )
        .unwrap();
    }
    for wrong in [
        "{ customer { id } }",
        "{ customers { nodes { id } } }",
        "{ fwos(filter: { status: ACTIVE }) { totalCount } }",
    ] {
        assert!(
            apollo_compiler::ExecutableDocument::parse_and_validate(
                &schema,
                wrong,
                "operation.graphql"
            )
            .is_err()
        );
    }
}

#[test]
fn everything_in_the_graphql_schema_is_described() {
    let sdl = graphql::sdl();
    let mut described = false;
    let mut in_block = false;
    for line in sdl.lines().map(str::trim) {
        let fence = line.matches("\"\"\"").count();
        if fence == 1 {
            in_block = !in_block;
            described = !in_block;
        } else if fence == 2 || (line.starts_with('"') && !in_block) {
            described = true;
        } else if !in_block && !line.is_empty() {
            let names_something = !matches!(line, "}" | "{" | "schema {")
                && !line.starts_with(')')
                && !line.starts_with("query:")
                && !line.starts_with("mutation:");
            assert!(described || !names_something, "no description: {line}");
            described = false;
        }
    }
}

#[test]
fn the_grpc_contract_is_the_committed_one() {
    check("peerassist.proto.txt", &grpc_contract());
}

/// One line for each field, value and method: a renumbered or retyped one is one line of the diff.
fn grpc_contract() -> String {
    let set = FileDescriptorSet::decode(grpc::DESCRIPTOR).unwrap();
    let ours = |file: &&FileDescriptorProto| file.package() == "peerassist.v1";
    let mut lines = Vec::new();
    for file in set.file.iter().filter(ours) {
        for message in &file.message_type {
            for field in &message.field {
                let kind = match field.type_name() {
                    "" => format!("{:?}", field.r#type()).to_lowercase(),
                    name => name.trim_start_matches('.').to_owned(),
                };
                let label = match (field.label(), field.proto3_optional(), field.oneof_index) {
                    (Label::Repeated, ..) => "repeated ",
                    (_, true, _) => "optional ",
                    (_, false, Some(_)) => "oneof ",
                    _ => "",
                };
                lines.push(format!(
                    "{}.{} = {} {label}{kind}",
                    message.name(),
                    field.name(),
                    field.number()
                ));
            }
        }
        for values in &file.enum_type {
            let words = values.value.iter();
            lines.extend(
                words.map(|word| format!("{}.{} = {}", values.name(), word.name(), word.number())),
            );
        }
        for service in &file.service {
            let methods = service.method.iter().map(|method| {
                let short = |name: &str| name.trim_start_matches(".peerassist.v1.").to_owned();
                format!(
                    "{}.{}({}) -> {}",
                    service.name(),
                    method.name(),
                    short(method.input_type()),
                    short(method.output_type())
                )
            });
            lines.extend(methods);
        }
    }
    lines.sort();
    lines.join("\n") + "\n"
}
