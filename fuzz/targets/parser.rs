#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| deputize_fuzz::parser(bytes));
