//! Hints for errors of the engine.

use sdflow::Error;

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
