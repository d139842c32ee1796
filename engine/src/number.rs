//! Formatting of numbers with their significant digits.

/// Formats `value` with four significant digits: `0.01235`, `1.235e-7`, `12350`. Integers up to a
/// million are written in full.
///
/// ```
/// use sdflow::number::number;
/// assert_eq!(number(0.0123456), "0.01235");
/// assert_eq!(number(2000.0), "2000");
/// assert_eq!(number(-1.5e-9), "-1.5e-9");
/// ```
pub fn number(value: f64) -> String {
    significant(value, 4)
}

/// Formats `value` with `digits` significant digits, at least 1. Digits before the decimal point
/// are kept. Zeros at the end of a fraction are removed.
///
/// ```
/// use sdflow::number::significant;
/// assert_eq!(significant(0.0123456, 2), "0.012");
/// assert_eq!(significant(1234.5, 2), "1234");
/// assert_eq!(significant(0.5, 3), "0.5");
/// ```
pub fn significant(value: f64, digits: usize) -> String {
    let decimals = digits.saturating_sub(1);
    if !value.is_finite() {
        return special(value);
    }
    if value == 0.0 {
        return "0".into();
    }
    if value == value.trunc() && value.abs() < 1e6 {
        return format!("{value:.0}");
    }
    let (mantissa, power) = scientific(value, decimals);
    if (-4..6).contains(&power) {
        trim_zeros(format!("{value:.*}", (decimals as i32 - power).max(0) as usize))
    } else {
        format!("{}e{power}", trim_zeros(mantissa))
    }
}

/// Formats a count of things whose plural ends in `s`: `1 step`, `0 steps`.
///
/// ```
/// use sdflow::number::counted;
/// assert_eq!(counted(1, "step"), "1 step");
/// assert_eq!(counted(1200, "step"), "1200 steps");
/// ```
pub fn counted(count: impl TryInto<u128> + std::fmt::Display, thing: &str) -> String {
    let count_text = count.to_string();
    let ending = if matches!(count.try_into(), Ok(1)) { "" } else { "s" };
    format!("{count_text} {thing}{ending}")
}

/// Formats `value ± se`: the error has two significant digits, and the value has the same last
/// decimal place, as in `0.0123 ± 0.0041`.
///
/// ```
/// use sdflow::number::estimate;
/// assert_eq!(estimate(0.0123456, 0.00412), "0.0123 ± 0.0041");
/// assert_eq!(estimate(1.5e-8, 2e-10), "(1.500 ± 0.020)e-8");
/// assert_eq!(estimate(3.25, 0.0), "3.25");
/// ```
pub fn estimate(value: f64, se: f64) -> String {
    if !value.is_finite() || !se.is_finite() || se <= 0.0 {
        return if se == 0.0 { number(value) } else { format!("{} ± {}", number(value), number(se)) };
    }
    let error_power = scientific(se, 1).1;
    let power = if value == 0.0 { error_power } else { scientific(value, 3).1.max(error_power) };
    if (-4..6).contains(&power) {
        let decimals = (1 - error_power).clamp(0, 12) as usize;
        return format!("{value:.decimals$} ± {se:.decimals$}");
    }
    let decimals = (power - error_power + 1).clamp(0, 12) as usize;
    let unit = 10f64.powi(power);
    // A value cannot be divided by a power of ten that is beyond the range of f64.
    if unit == 0.0 || !unit.is_finite() {
        return format!("{} ± {}", number(value), number(se));
    }
    format!("({:.decimals$} ± {:.decimals$})e{power}", value / unit, se / unit)
}

/// Returns the mantissa and the power of ten of a finite value that is not 0. The mantissa is
/// rounded to `digits` decimals.
fn scientific(value: f64, digits: usize) -> (String, i32) {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, power)) => (mantissa.to_string(), power.parse().unwrap_or(0)),
        None => (text, 0),
    }
}

/// Removes the zeros at the end of a decimal fraction.
fn trim_zeros(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

fn special(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "inf",
        _ => "-inf",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (0.99999, "1"),
            (0.5, "0.5"),
            (123456.0, "123456"),
            (123456.7, "123457"),
            (1234567.0, "1.235e6"),
            (0.00012345, "0.0001234"),
            (0.0000123456, "1.235e-5"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::MIN_POSITIVE, "2.225e-308"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn as_many_digits_as_asked_for() {
        let cases = [
            (0.98765, 1, "1"),
            (0.98765, 3, "0.988"),
            (99.96, 2, "100"),
            (-0.004996, 3, "-0.005"),
            (12345.6, 2, "12346"),
            (7.0, 1, "7"),
            (1.24e-9, 2, "1.2e-9"),
            (9.96e-5, 2, "0.0001"),
            (1.0 / 3.0, 17, "0.33333333333333331"),
            (f64::INFINITY, 3, "inf"),
        ];
        for (value, digits, text) in cases {
            assert_eq!(significant(value, digits), text, "{value} in {digits} digits");
        }
    }

    #[test]
    fn the_error_decides_the_digits() {
        let cases = [
            (1234.5, 100.0, "1234 ± 100"),
            (0.5, 0.0999, "0.50 ± 0.10"),
            (-2.0, 0.5, "-2.00 ± 0.50"),
            (0.0, 0.01, "0.000 ± 0.010"),
            (3e8, 1e6, "(3.000 ± 0.010)e8"),
            (1.0, f64::NAN, "1 ± NaN"),
            (5e-324, 5e-324, "4.941e-324 ± 4.941e-324"),
        ];
        for (value, se, text) in cases {
            assert_eq!(estimate(value, se), text, "{value} {se}");
        }
    }
}
