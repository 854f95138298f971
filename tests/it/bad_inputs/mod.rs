//! Every row of the bad-input matrix as data, sent over real sockets to the real program.
//!
//! 113 rows: 64 of the GraphQL door (`G`), 15 of HTTP (`H`), 34 of the gRPC door (`R`). Each states what goes over the
//! wire and what must come back. After each row the process lives, its memory is within [`process::GROWTH_MAX`] of
//! what it was before the first, and a good request is answered at both doors.

mod graphql_bodies;
mod graphql_callers;
mod graphql_documents;
mod graphql_gets;
mod graphql_limits;
mod graphql_media;
mod graphql_values;
mod grpc_calls;
mod grpc_messages;
mod http_attacks;
mod http_heads;
mod http_waits;

mod call;
mod frames;
mod http1;
mod process;
mod row;

use std::collections::BTreeSet;

/// Each row of the matrix stands in exactly one table.
#[test]
fn the_tables_hold_every_row_of_the_matrix() {
    let tables = [
        graphql_media::IDS,
        graphql_gets::IDS,
        graphql_bodies::IDS,
        graphql_documents::IDS,
        graphql_limits::IDS,
        graphql_values::IDS,
        graphql_callers::IDS,
        http_waits::IDS,
        http_heads::IDS,
        http_attacks::IDS,
        grpc_calls::IDS,
        grpc_messages::IDS,
    ];
    let named: Vec<&str> = tables.concat();
    let distinct: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), distinct.len(), "a row stands in two tables");
    let matrix = [('G', 64), ('H', 15), ('R', 34)];
    let matrix = matrix
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n}")));
    let missing: Vec<String> = matrix
        .filter(|id| !distinct.contains(id.as_str()))
        .collect();
    assert_eq!((missing.as_slice(), distinct.len()), (&[][..], 113));
}
