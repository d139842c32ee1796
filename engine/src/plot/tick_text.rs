//! The text of ticks.

/// Replaces `-` by a minus sign.
pub(super) fn minus(text: String) -> String {
    text.replace('-', "−")
}

/// Formats an integer in superscript digits.
pub(super) fn superscript(k: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    k.to_string().chars().map(|c| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize])).collect()
}
