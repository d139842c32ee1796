//! Texts that have the same words and other numbers, as one text.

use sdflow::number::estimate;
use sdflow_dsl::cells::seed_mean;

/// What stands between a value and its error.
const ERROR: &str = " ± ";

/// A piece of a text.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Words(&'a str),
    Number(&'a str),
}

/// Returns the text that all these texts have in common, or None if their words differ. A number
/// that differs is replaced by its mean and its standard deviation, `mean ± standard deviation`; an
/// error that stood behind it is left out.
pub fn merged(texts: &[&str]) -> Option<String> {
    let all: Vec<Vec<Piece>> = texts.iter().map(|text| pieces(text)).collect();
    let first = all.first()?;
    if all.iter().any(|other| other.len() != first.len()) {
        return None;
    }
    let mut text = String::new();
    let mut k = 0;
    while let Some(piece) = first.get(k) {
        let has_error = matches!(first.get(k + 1..k + 3), Some([Piece::Words(ERROR), Piece::Number(_)]));
        let length = if matches!(piece, Piece::Number(_)) && has_error { 3 } else { 1 };
        let seen: Vec<&[Piece]> = all.iter().map(|pieces| &pieces[k..k + length]).collect();
        if seen.iter().all(|pieces| *pieces == seen[0]) {
            seen[0].iter().for_each(|piece| text.push_str(piece.text()));
        } else {
            let values: Option<Vec<(f64, Option<f64>)>> =
                seen.iter().map(|pieces| Some((pieces[0].value()?, None))).collect();
            let mean = seed_mean(&values?);
            text.push_str(&estimate(mean.value, mean.sd.unwrap_or(0.0)));
        }
        k += length;
    }
    Some(text)
}

impl<'a> Piece<'a> {
    fn text(&self) -> &'a str {
        match self {
            Piece::Words(text) | Piece::Number(text) => text,
        }
    }

    /// Returns the value of a number.
    fn value(&self) -> Option<f64> {
        match self {
            Piece::Words(_) => None,
            Piece::Number(text) => text.parse().ok(),
        }
    }
}

/// Returns the numbers of a text and what stands between them. A digit in a word (`W2`, `f32`) is
/// no number.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while at < text.len() {
        match number_at(text, at) {
            Some(length) => {
                if begin < at {
                    pieces.push(Piece::Words(&text[begin..at]));
                }
                pieces.push(Piece::Number(&text[at..at + length]));
                at += length;
                begin = at;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if begin < text.len() {
        pieces.push(Piece::Words(&text[begin..]));
    }
    pieces
}

/// Returns the length of the number that begins at this place.
fn number_at(text: &str, at: usize) -> Option<usize> {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    if text[..at].ends_with(|c: char| joins(c) || c == '-') {
        return None;
    }
    let digits = |from: &str| from.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[at..];
    let mut length = usize::from(rest.starts_with('-'));
    let whole = digits(&rest[length..]);
    if whole == 0 {
        return None;
    }
    length += whole;
    if let Some(fraction) = rest[length..].strip_prefix('.').map(digits).filter(|n| *n > 0) {
        length += 1 + fraction;
    }
    if let Some(power) = rest[length..].strip_prefix('e') {
        let sign = usize::from(power.starts_with(['-', '+']));
        match digits(&power[sign..]) {
            0 => {}
            power => length += 1 + sign + power,
        }
    }
    (!rest[length..].starts_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_means_with_standard_deviations() {
        let texts = [
            "ends at 1.5 floors of W2 in 20 steps (-0.25, 3e-9)",
            "ends at 2.5 floors of W2 in 20 steps (-0.75, 5e-9)",
        ];
        let want = "ends at 2.00 ± 0.71 floors of W2 in 20 steps (-0.50 ± 0.35, (4.0 ± 1.4)e-9)";
        assert_eq!(merged(&texts).unwrap(), want);
        assert_eq!(merged(&texts[..1]).unwrap(), texts[0]);
    }

    #[test]
    fn the_error_of_one_run_gives_way_to_the_spread() {
        let rows = ["| a | 0.10 ± 0.02 | 25 of 25 |", "| a | 0.30 ± 0.04 | 24 of 25 |"];
        assert_eq!(merged(&rows).unwrap(), "| a | 0.20 ± 0.14 | 24.50 ± 0.71 of 25 |");
        let equal = ["0.1 ± 0.02", "0.1 ± 0.03"];
        assert_eq!(merged(&equal).unwrap(), "0.1");
    }

    #[test]
    fn other_words_are_not_merged() {
        assert_eq!(merged(&["the farthest was torus", "the farthest was helix"]), None);
        assert_eq!(merged(&["f32 and 1", "f64 and 1"]), None);
        assert_eq!(merged(&["3 modes", "no modes"]), None);
        assert_eq!(merged(&[]), None);
        assert_eq!(merged(&["", ""]).unwrap(), "");
    }

    #[test]
    fn digits_inside_words_versions_and_ranges() {
        let numbers = |text: &'static str| -> Vec<&str> {
            pieces(text).into_iter().filter_map(|p| if let Piece::Number(n) = p { Some(n) } else { None }).collect()
        };
        assert_eq!(numbers("x1 2x 3.5. 4, .5 -6 7-8 9e 1e5 2e-3x"), ["3.5", "4", "-6", "7", "1e5"]);
        assert_eq!(numbers("größer als 5 µm"), ["5"]);
    }
}
