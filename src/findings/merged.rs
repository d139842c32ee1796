//! Texts that have the same words and other numbers, as one text.

use sdflow::number::{estimate, number};
use sdflow_dsl::cells::seed_mean;

/// What stands between a value and its error.
const ERROR: &str = " ± ";

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum TextPiece<'a> {
    Words(&'a str),
    /// A number, or a value with its error.
    Number {
        text: &'a str,
        value: f64,
        decimals: usize,
        has_error: bool,
    },
}

/// Returns the text that all these texts have in common, or None if their words differ. A number
/// that differs is replaced by its mean and its standard deviation, `mean ± standard deviation`; an
/// error that stood behind it is left out.
pub fn merged(texts: &[&str]) -> Option<String> {
    let all: Vec<Vec<TextPiece>> = texts.iter().map(|text| pieces(text)).collect();
    let first = all.first()?;
    if all.iter().any(|other| other.len() != first.len()) {
        return None;
    }
    let mut text = String::new();
    for k in 0..first.len() {
        let seen: Vec<TextPiece> = all.iter().map(|pieces| pieces[k]).collect();
        text.push_str(&common(&seen)?);
    }
    Some(text)
}

/// True if the text is a number, or a value with its error.
pub fn is_number(text: &str) -> bool {
    matches!(pieces(text)[..], [TextPiece::Number { .. }])
}

/// Returns what these pieces of several texts have in common.
fn common(seen: &[TextPiece]) -> Option<String> {
    if seen.iter().all(|piece| *piece == seen[0]) {
        let (TextPiece::Words(text) | TextPiece::Number { text, .. }) = seen[0];
        return Some(text.into());
    }
    let mut values = Vec::new();
    let mut most = 0;
    for piece in seen {
        match (piece, seen[0]) {
            (TextPiece::Number { value, decimals, has_error, .. }, TextPiece::Number { has_error: first, .. })
                if *has_error == first =>
            {
                values.push(*value);
                most = most.max(*decimals);
            }
            _ => return None,
        }
    }
    Some(mean_and_spread(&values, Some(most)))
}

/// Returns `mean ± standard deviation` of these values. With `decimals`, values that are rounded to
/// so many decimals, the result has at most one more.
pub fn mean_and_spread(values: &[f64], decimals: Option<usize>) -> String {
    let mean = seed_mean(&values.iter().map(|value| (*value, None)).collect::<Vec<_>>());
    let sd = mean.sd.unwrap_or(0.0);
    if sd == 0.0 {
        return format!("{}{ERROR}0", number(mean.value));
    }
    let text = estimate(mean.value, sd);
    let own = |text: &str| text.rsplit('.').next().filter(|_| text.contains('.')).map_or(0, str::len);
    match decimals {
        Some(most) if !text.contains('e') && own(&text) > most + 1 => {
            let most = most + 1;
            format!("{:.most$}{ERROR}{sd:.most$}", mean.value)
        }
        _ => text,
    }
}

/// Returns the numbers of a text and what stands between them. A digit in a word (`W2`, `f32`), in
/// a power, a ratio or a version is no number.
fn pieces(text: &str) -> Vec<TextPiece<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while at < text.len() {
        match piece_at(text, at) {
            Some((piece, length)) => {
                if begin < at {
                    pieces.push(TextPiece::Words(&text[begin..at]));
                }
                pieces.push(piece);
                at += length;
                begin = at;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if begin < text.len() {
        pieces.push(TextPiece::Words(&text[begin..]));
    }
    pieces
}

/// Returns the number that begins at this place, with its error if there is one, and the length of
/// both.
fn piece_at(text: &str, at: usize) -> Option<(TextPiece<'_>, usize)> {
    let rest = &text[at..];
    if let Some(inner) = rest.strip_prefix('(')
        && let Some((bracket, power)) = inner.split_once(")e")
        && let Some((value, error)) = bracket.split_once(ERROR)
        && let (Some((value, decimals, _)), Some(_)) = (whole_number(value), whole_number(error))
    {
        let sign = usize::from(power.starts_with('-'));
        let digits = power[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let exponent: i32 = power[..sign + digits].parse().ok()?;
        let length = 1 + bracket.len() + 2 + sign + digits;
        let value = format!("{value}e{exponent}").parse().ok()?;
        return Some((TextPiece::Number { text: &rest[..length], value, decimals, has_error: true }, length));
    }
    let before = |c: char| c.is_alphanumeric() || "_.-^/:,".contains(c);
    if text[..at].ends_with(before) {
        return None;
    }
    let (value, decimals, mut length) = number_at(rest)?;
    let error = rest[length..].strip_prefix(ERROR).and_then(number_at);
    if let Some((_, _, of_error)) = error {
        length += ERROR.len() + of_error;
    }
    Some((TextPiece::Number { text: &rest[..length], value, decimals, has_error: error.is_some() }, length))
}

/// Returns the number that is this whole text.
fn whole_number(text: &str) -> Option<(f64, usize, usize)> {
    number_at(text).filter(|(_, _, length)| *length == text.len())
}

/// Returns the number at the beginning of a text, the number of its decimals, and its length.
/// Commas may separate thousands.
fn number_at(text: &str) -> Option<(f64, usize, usize)> {
    let digits = |from: &str| from.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let mut length = sign + digits(&text[sign..]);
    if !(1..=18).contains(&(length - sign)) {
        return None;
    }
    while text[length..].starts_with(',') && digits(&text[length + 1..]) == 3 {
        length += 4;
    }
    let mut decimals = 0;
    if let Some(fraction) = text[length..].strip_prefix('.').map(digits).filter(|n| *n > 0) {
        decimals = fraction;
        length += 1 + fraction;
    }
    if let Some(power) = text[length..].strip_prefix('e') {
        let sign = usize::from(power.starts_with(['-', '+']));
        match digits(&power[sign..]) {
            0 => {}
            power => length += 1 + sign + power,
        }
    }
    let rest = &text[length..];
    let joins = rest.starts_with(|c: char| c.is_alphanumeric() || "_^/:".contains(c));
    let goes_on = rest.starts_with(['.', ',', '-']) && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    if joins || goes_on {
        return None;
    }
    text[..length].replace(',', "").parse().ok().map(|value| (value, decimals, length))
}

#[cfg(test)]
mod tests;
