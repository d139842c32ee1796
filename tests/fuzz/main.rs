//! Readers of untrusted input read random bytes and damaged files. These few cases are the same in
//! every run; the fuzzer in `fuzz/` tries more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

#[path = "../../src/allocator.rs"]
mod allocator;
mod body;
mod mutation;

use allocator::METER;
use body::{READERS, Reader};
use mutation::Mutation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use sdflow::cost::Meter;

/// The largest number of bytes that all tests of this file together may hold at a time.
const MEMORY: u64 = 1 << 30;

/// Runs `test` on `cases` values, which are the same in every run.
fn on_each<S: Strategy>(strategy: S, cases: u32, test: impl Fn(S::Value)) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let ended = TestRunner::new_with_rng(config, rng).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    ended.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Tries the reader of this name on its seeds, on random bytes and on changed seeds.
fn bears(name: &str, cases: u32) {
    let Reader { body, seeds, .. } = READERS.into_iter().find(|reader| reader.name == name).unwrap();
    let seeds = seeds();
    seeds.iter().for_each(|seed| body(seed));
    on_each(vec(any::<u8>(), 0..200), cases / 4, |bytes| body(&bytes));
    on_each((0..seeds.len(), vec(Mutation::any(), 1..6)), cases, |(seed, changes)| {
        let mut bytes = seeds[seed].clone();
        changes.iter().for_each(|change| change.change(&mut bytes, &seeds));
        body(&bytes);
    });
    assert!(METER.peak() < MEMORY, "{} bytes at a time", METER.peak());
}

#[test]
fn arrays() {
    bears("npy", 4000);
}

#[test]
fn archives() {
    bears("npz", 4000);
}

#[test]
fn tables() {
    bears("csv", 4000);
}

#[test]
fn tensors() {
    bears("safetensors", 4000);
}

#[test]
fn models() {
    bears("checkpoint", 4000);
}

#[test]
fn scripts() {
    bears("script", 2000);
}

#[test]
fn formulas() {
    bears("expression", 50_000);
}
