#![no_main]

#[path = "../laws/mod.rs"]
mod laws;
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::decode::check(bytes));
