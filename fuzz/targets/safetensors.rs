#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sdflow_fuzz::safetensors(bytes));
