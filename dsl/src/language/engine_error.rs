//! Errors of the engine as failures of a call, with what mends them.

use super::diagnostic::Fault;
use super::fail::{At, Fail};
use sdflow::{Blame, Error, MissingPart};

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        let kind = match error.blame() {
            Blame::Call => Fault::Script,
            Blame::Data => Fault::Data,
            Blame::Stopped => Fault::Interrupted,
        };
        match error {
            Error::Unknown { what, name, near } => Fail {
                kind,
                hint: near.map(|n| format!("did you mean \"{n}\"?")),
                ..Fail::script(format!("there is no {what} `{name}`"))
            },
            Error::Missing { what, part, hint } => {
                let hint = if hint.is_empty() { instead_of(&part) } else { hint };
                Fail { kind, hint: Some(hint), ..Fail::script(format!("{what} has no {part}")) }
            }
            Error::Expression { text, at, length, message, hint } => Fail {
                kind,
                hint: Some(hint).filter(|hint| !hint.is_empty()),
                at: At::Inside { part: Box::new(At::Call), text, at, length },
                ..Fail::script(message)
            },
            other => Fail { kind, ..Fail::script(other.to_string()) },
        }
    }
}

/// What a script can use instead of a target's part that is missing.
fn instead_of(part: &MissingPart) -> String {
    let hint = match part {
        MissingPart::SmoothedForm(_) => {
            "use `smoothed(target)`, which smooths by Monte Carlo, or sigma = 0 with `scaling: \"raw\"`"
        }
        MissingPart::Sampler => {
            "an unnormalised density cannot be drawn from: give points where a sample is wanted, or none"
        }
        MissingPart::Field => {
            "its points do not feel each other, so that a run of its own moves others alike: run(flow, points)"
        }
        MissingPart::Weights => {
            "compare with points drawn by weight, `target.sample(1000)`, or use `energy`, `mmd`, `sliced_w2` or `w2`"
        }
        MissingPart::Prior => {
            "only the samplers of a diffusion have one: start from any points, such as normal(1000, 2)"
        }
        _ => "use a target that has one (`gaussian`, `ar1`, `mixture`, `student_t`), or an estimate from samples",
    };
    hint.into()
}

/// What mends an engine's error, where that is plain: a wrong sign, a 0, data that does not fit.
pub fn mended(error: &Error) -> Option<String> {
    let (name, value, want) = match error {
        Error::Argument { name, value, want } => (name, value, want),
        Error::Shape { got, .. } if got.ends_with("columns") || got.ends_with("column") => {
            return Some("both need the same number of columns; `load(file, #{columns: [..]})` chooses some".into());
        }
        Error::NotFinite { .. } => return Some("mend that value, or leave its row or column out".into()),
        Error::File { want, .. } if want.contains("finite") => {
            return Some("mend that cell, or leave its row or column out".into());
        }
        _ => return None,
    };
    let value: f64 = value.parse().ok()?;
    let positive = ["positive", "0 or more", "above 0"].iter().any(|word| want.contains(word));
    match value {
        v if positive && v < 0.0 => Some(format!("drop the minus sign: {name}: {}", -v)),
        v if positive && v == 0.0 => Some(format!("write a number above 0, such as {name}: 0.1")),
        _ => None,
    }
}
