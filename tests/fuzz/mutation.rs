//! Changes to bytes. The property tests draw a few changes at a time.

use proptest::prelude::*;

/// A change. Places and lengths are taken modulo the number of bytes.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// One bit is inverted.
    Flip { at: usize, bit: u8 },
    /// A difficult word replaces the same number of bytes.
    Write { at: usize, word: usize },
    /// A difficult word is inserted between two bytes.
    Insert { at: usize, word: usize },
    /// Bytes are removed.
    Cut { at: usize, length: usize },
    /// Bytes are repeated: a header twice, a row twice.
    Repeat { at: usize, length: usize, times: usize },
    /// Bytes of another input are inserted.
    Splice { other: usize, from: usize, length: usize, at: usize },
}

/// Words that are difficult for readers.
const WORDS: &[&[u8]] = &[
    &[0xff; 8],
    &[0; 8],
    &[0, 0, 0, 0, 0, 0, 0, 0x80],
    &[0, 0, 0, 0, 1, 0, 0, 0],
    b"18446744073709551615",
    b"-1",
    b"1e308",
    b"1e999",
    b"NaN",
    b"0",
    b"\"",
    b"(",
    b"[",
    b"{",
    b",",
    b"\n",
    b"\r",
    b"#",
    b"sum(i, 0, 99999, ",
    b"\xf0\x9f\x8c\x8a",
    b"\xc3",
];

impl Mutation {
    /// Any change.
    pub fn any() -> impl Strategy<Value = Mutation> {
        let place = || any::<u16>().prop_map(usize::from);
        let length = || 1..40usize;
        prop_oneof![
            3 => (place(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
            3 => (place(), 0..WORDS.len()).prop_map(|(at, word)| Mutation::Write { at, word }),
            2 => (place(), 0..WORDS.len()).prop_map(|(at, word)| Mutation::Insert { at, word }),
            2 => (place(), length()).prop_map(|(at, length)| Mutation::Cut { at, length }),
            1 => (prop_oneof![Just(0), place()], 1..200usize, 1..9usize)
                .prop_map(|(at, length, times)| Mutation::Repeat { at, length, times }),
            2 => (place(), place(), length(), place())
                .prop_map(|(other, from, length, at)| Mutation::Splice { other, from, length, at }),
        ]
    }

    /// Changes `bytes`; inserted bytes come from `seeds`.
    pub fn change(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = |at: usize| at % (bytes.len() + 1);
        let until = |at: usize, length: usize, bytes: &[u8]| at..(at + length).min(bytes.len());
        match *self {
            Mutation::Flip { at, bit } => {
                let at = place(at);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << bit);
            }
            Mutation::Write { at, word } => {
                let range = until(place(at), WORDS[word].len(), bytes);
                bytes.splice(range, WORDS[word].iter().copied());
            }
            Mutation::Insert { at, word } => {
                let at = place(at);
                bytes.splice(at..at, WORDS[word].iter().copied());
            }
            Mutation::Cut { at, length } => {
                bytes.drain(until(place(at), length, bytes));
            }
            Mutation::Repeat { at, length, times } => {
                let range = until(place(at), length, bytes);
                let again = bytes[range.clone()].repeat(times);
                bytes.splice(range.end..range.end, again);
            }
            Mutation::Splice { other, from, length, at } => {
                let other = &seeds[other % seeds.len()];
                let part = other[until(from % (other.len() + 1), length, other)].to_vec();
                let at = place(at);
                bytes.splice(at..at, part);
            }
        }
    }
}
