#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| peerassist_gateway::fuzzing::upstream_json(bytes));
