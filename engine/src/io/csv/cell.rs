//! The content of a cell.

/// Spellings of a missing value in lower case: those of NumPy, pandas, R, SQL, spreadsheets and the
/// UCI repository.
const MISSING: [&str; 13] = ["", "na", "n/a", "nan", "-nan", "null", "none", "nil", "?", "-", "--", ".", "<na>"];

/// The kind of a cell, for any decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number: digits, with or without a sign.
    Whole,
    /// A number with a point.
    Point,
    /// A number with an exponent and no decimal mark.
    Exponent,
    /// A number with a comma, which is the decimal mark or separates thousands.
    Comma,
    /// A missing value.
    Missing,
    /// Neither a number nor a name, such as a date, a percentage or infinity.
    Odd,
    /// A name.
    Text,
}

impl Kind {
    /// Returns the kind of this cell.
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

    /// True for a number, with a point, with a comma or without a decimal mark.
    pub fn is_number(self) -> bool {
        matches!(self, Kind::Whole | Kind::Point | Kind::Exponent | Kind::Comma)
    }
}

/// True for a spelling of a missing value.
pub(super) fn is_missing(cell: &str) -> bool {
    let cell = cell.strip_prefix('#').filter(|rest| !rest.is_empty()).unwrap_or(cell);
    cell.len() <= 4 && MISSING.iter().any(|m| m.eq_ignore_ascii_case(cell))
}

/// Returns the finite number in this cell, if there is one. `comma` is true if the decimal mark is
/// a comma.
pub(super) fn number(cell: &str, comma: bool) -> Option<f64> {
    let value = match cell.parse() {
        Ok(value) if !(comma && cell.contains('.')) => Some(value),
        Err(_) if comma => with_comma(cell),
        _ => None,
    };
    value.filter(|v| v.is_finite())
}

/// True if the cell contains digits only, perhaps after a sign.
pub(super) fn is_integer(cell: &str) -> bool {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    is_digits(digits)
}

/// Returns the number in a cell with one comma between digits.
fn with_comma(cell: &str) -> Option<f64> {
    let (whole, fraction) = cell.split_once(',')?;
    let digit = |c: char| c.is_ascii_digit();
    let between = whole.ends_with(digit) && fraction.starts_with(digit);
    (between && !cell.contains('.')).then(|| cell.replacen(',', ".", 1).parse().ok()).flatten()
}

/// True if the comma of this number could separate thousands, as in `1,234`.
pub(super) fn may_be_thousands(cell: &str) -> bool {
    let digits = cell.trim_start_matches(['+', '-']);
    digits.split_once(',').is_some_and(|(whole, group)| {
        (1..=3).contains(&whole.len()) && !whole.starts_with('0') && group.len() == 3 && is_digits(group)
    })
}

/// Returns the digits between the comma of a number and its exponent, if there is an exponent. The
/// number must have the usual format of programs: an exponent has a sign and at least two digits
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
