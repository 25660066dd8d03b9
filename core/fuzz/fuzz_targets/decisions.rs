//! `cargo +nightly fuzz run decisions`: what must hold for any bytes, see `core/tests/fuzzed`.
#![no_main]

#[path = "../../tests/fuzzed/mod.rs"]
#[allow(dead_code, reason = "every target runs one of the functions")]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::decisions(data));
