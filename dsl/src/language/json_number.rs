//! Numbers that are read back exactly as they were written, including the values that JSON lacks.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A number that a file preserves to the last bit; NaN and the infinities are written as words.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct Exact(pub f64);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Word(Word),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Nan,
    Inf,
    #[serde(rename = "-inf")]
    MinusInf,
}

impl From<Exact> for Written {
    fn from(Exact(value): Exact) -> Written {
        match value {
            v if v.is_finite() => Written::Number(v),
            v if v.is_nan() => Written::Word(Word::Nan),
            v if v > 0.0 => Written::Word(Word::Inf),
            _ => Written::Word(Word::MinusInf),
        }
    }
}

impl From<Written> for Exact {
    fn from(written: Written) -> Exact {
        Exact(match written {
            Written::Number(value) => value,
            Written::Word(Word::Nan) => f64::NAN,
            Written::Word(Word::Inf) => f64::INFINITY,
            Written::Word(Word::MinusInf) => f64::NEG_INFINITY,
        })
    }
}

/// Returns the plain numbers of a map.
pub fn exact(map: BTreeMap<String, Exact>) -> BTreeMap<String, f64> {
    map.into_iter().map(|(name, value)| (name, value.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_reads_back() {
        for value in [0.1, -0.0, 1.0 / 3.0, 1e-310, 3.0, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let text = serde_json::to_string(&Exact(value)).unwrap();
            let Exact(back) = serde_json::from_str(&text).unwrap();
            assert!(back.to_bits() == value.to_bits() || back.is_nan() && value.is_nan(), "{value} became {text}");
        }
    }
}
