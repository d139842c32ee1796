//! What a cell holds.

/// How missing values are written, in lower case: by NumPy, pandas, R, SQL, spreadsheets and the
/// UCI repository.
const MISSING: [&str; 13] = ["", "na", "n/a", "nan", "-nan", "null", "none", "nil", "?", "-", "--", ".", "<na>"];

/// What a cell looks like, whatever the decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number, digits alone.
    Whole,
    /// A number with a point.
    Point,
    /// A number with an exponent and no decimal mark.
    Exponent,
    /// A number with a decimal comma, which may separate thousands instead.
    Comma,
    /// A missing value.
    Missing,
    /// What is not a number and no name: a date, a share in per cent, infinity.
    Odd,
    /// A name.
    Text,
}

impl Kind {
    /// The kind of this cell.
    pub fn of(cell: &str) -> Kind {
        match cell.parse::<f64>() {
            Ok(value) if value.is_infinite() => Kind::Odd,
            Ok(value) if value.is_nan() => Kind::Missing,
            Ok(_) if cell.contains('.') => Kind::Point,
            Ok(_) if cell.contains(['e', 'E']) => Kind::Exponent,
            Ok(_) => Kind::Whole,
            Err(_) if is_missing(cell) => Kind::Missing,
            Err(_) if with_comma(cell).is_some() => Kind::Comma,
            Err(_) if cell.contains(|c: char| c.is_ascii_digit()) && !cell.contains(char::is_alphabetic) => Kind::Odd,
            Err(_) => Kind::Text,
        }
    }

    /// Is it a number, be its decimal mark a point or a comma?
    pub fn is_number(self) -> bool {
        matches!(self, Kind::Whole | Kind::Point | Kind::Exponent | Kind::Comma)
    }
}

/// Is this how a missing value is written?
pub(super) fn is_missing(cell: &str) -> bool {
    let cell = cell.strip_prefix('#').filter(|rest| !rest.is_empty()).unwrap_or(cell);
    cell.len() <= 4 && MISSING.iter().any(|m| m.eq_ignore_ascii_case(cell))
}

/// The finite number in this cell.
pub(super) fn number(cell: &str, comma: bool) -> Option<f64> {
    let value = match cell.parse() {
        Ok(value) if !(comma && cell.contains('.')) => Some(value),
        Err(_) if comma => with_comma(cell),
        _ => None,
    };
    value.filter(|v| v.is_finite())
}

/// The number in a cell with one comma between digits.
fn with_comma(cell: &str) -> Option<f64> {
    let (whole, fraction) = cell.split_once(',')?;
    let digit = |c: char| c.is_ascii_digit();
    let between = whole.ends_with(digit) && fraction.starts_with(digit);
    (between && !cell.contains('.')).then(|| cell.replacen(',', ".", 1).parse().ok()).flatten()
}

/// Could the comma of this number, `1,234`, separate thousands?
pub(super) fn may_be_thousands(cell: &str) -> bool {
    let digits = cell.trim_start_matches(['+', '-']);
    digits.split_once(',').is_some_and(|(whole, group)| {
        (1..=3).contains(&whole.len()) && !whole.starts_with('0') && group.len() == 3 && is_digits(group)
    })
}

/// The digits after the comma of a number written as programs write it, without its exponent
/// (`e-05`).
pub(super) fn fraction(cell: &str) -> Option<&str> {
    let (whole, fraction) = cell.split_once(',')?;
    let (digits, exponent) = fraction.split_once(['e', 'E']).unwrap_or((fraction, "+00"));
    let exponent = exponent.strip_prefix(['+', '-']).is_some_and(|e| e.len() > 1 && is_digits(e));
    (is_digits(whole.trim_start_matches(['+', '-'])) && is_digits(digits) && exponent).then_some(digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
