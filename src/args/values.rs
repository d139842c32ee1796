//! The parsers of the values of flags.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sdflow::pairwise::Kernel;
use sdflow_dsl::CheckpointPace;
use std::time::Duration;

pub(super) const DATA: [&str; 2] = ["gauss", "mixture25"];
pub(super) const BACKENDS: [&str; 6] = ["auto", "naive", "direct", "fused", "gemm", "grid"];
pub(super) const ISAS: [&str; 5] = ["auto", "scalar", "avx2", "avx512", "amx"];
pub(super) const PRECISIONS: [&str; 5] = ["f64", "f32", "bf16x3", "bf16x6", "auto"];

/// Parses one of `names`, the names that serde uses.
pub(super) fn one_of<T: Named>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(|name| serde_json::from_value::<T>(name.into()))
}

/// Parses the name of a kernel; the bandwidth is the value of another flag.
pub(super) fn kernel() -> impl TypedValueParser<Value = Kernel> {
    let known = PossibleValuesParser::new(Kernel::NAMES);
    known.try_map(|name| Kernel::from_name(&name, 1.0).ok_or("there is no kernel of this name"))
}

/// Parses "on" or "off".
pub(super) fn switch() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|word| word == "on")
}

/// A type whose values have names.
pub(super) trait Named: serde::de::DeserializeOwned + Clone + Send + Sync + 'static {}
impl<T: serde::de::DeserializeOwned + Clone + Send + Sync + 'static> Named for T {}

/// Parses a seed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Parses a time such as 90s, 5m, 1.5h or 2d.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let unit = |seconds: f64| text.get(..text.len() - 1).and_then(|number| Some(number.parse::<f64>().ok()? * seconds));
    let seconds = match text.chars().last() {
        Some('s') => unit(1.0),
        Some('m') => unit(60.0),
        Some('h') => unit(3600.0),
        Some('d') => unit(86400.0),
        _ => None,
    };
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero()).ok_or_else(|| "write a time as 90s, 5m, 1.5h or 2d".into())
}

/// Parses a number of bytes such as 4GiB, 500MB or 1.5G.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_lowercase().as_str() {
        "kib" | "k" => 1024.0,
        "mib" | "m" => 1024f64.powi(2),
        "gib" | "g" => 1024f64.powi(3),
        "tib" | "t" => 1024f64.powi(4),
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        _ => 0.0,
    };
    match number.parse::<f64>().map(|number| number * factor) {
        Ok(bytes) if (1.0..1e18).contains(&bytes) => Ok(bytes as u64),
        _ => Err("write a size as 4GiB, 500MB or 1.5G".into()),
    }
}

/// Parses an interval between checkpoints: a time, or a number of steps.
pub(super) fn pace(text: &str) -> Result<CheckpointPace, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("the number of steps must be at least 1".into()),
        Ok(steps) => Ok(CheckpointPace::Steps(steps)),
        Err(_) => {
            let wrong = |_| "write a time as 30s, 5m or 1h, or a number of steps as 1000".into();
            duration(text).map(CheckpointPace::Time).map_err(wrong)
        }
    }
}

/// Parses `NAME=VALUE`.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    let example = "write a parameter as NAME=VALUE, for example `-p dim=64`";
    let (name, value) = text.split_once('=').ok_or(example)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!(
            "`{name}` cannot be the name of a parameter: use letters, digits and _, and begin with no digit"
        ));
    }
    Ok((name.into(), value.into()))
}

/// Parses a share, as a percentage or a fraction.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
        None => text.parse(),
    };
    match value {
        Ok(share) if share >= 0.0 && share.is_finite() => Ok(share),
        _ => Err("write a share as 5% or 0.05".into()),
    }
}

/// Parses a number above 0.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| *value > 0.0 && value.is_finite());
    value.ok_or_else(|| "write a number above 0, such as 1e-3".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_need_a_name_and_a_value() {
        assert_eq!(assignment("a=b=c").unwrap(), ("a".into(), "b=c".into()));
        for bad in ["dim", "=3", "1x=2", "a b=1"] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn positive_numbers_are_above_0() {
        assert_eq!((positive("1e-3"), positive("2")), (Ok(1e-3), Ok(2.0)));
        assert!(["", "0", "-1", "inf", "nan", "x"].iter().all(|bad| positive(bad).is_err()));
    }

    #[test]
    fn shares_are_percentages_or_fractions() {
        assert_eq!((share("5%"), share("0.05"), share("0")), (Ok(0.05), Ok(0.05), Ok(0.0)));
        assert!(["", "%", "-1%", "five", "inf"].iter().all(|bad| share(bad).is_err()));
    }
}
