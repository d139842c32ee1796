//! Escapes for characters that control a terminal. The name of a file, or the output of an
//! untrusted script, must not clear the screen or imitate a line of this program.

use std::borrow::Cow;

/// Returns `text` with control characters and direction marks as escapes (`\u{1b}`). Line breaks
/// and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_obeyed(c) && !"\n\t".contains(c))
}

/// Returns `text` as a single line: line breaks and tabs are also escapes.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed)
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return text.into();
    }
    let show = |c: char| if hidden(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(show).collect::<String>().into()
}

fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_all_else_stays() {
        let plain = "σ = 0.1, `π`\n\ttwo lines";
        assert_eq!(visible(plain), plain);
        assert_eq!(visible("a\u{1b}[2J\r\u{7}\u{9b}\u{202e}.npy"), "a\\u{1b}[2J\\r\\u{7}\\u{9b}\\u{202e}.npy");
        assert_eq!(visible_line("a\nb\tc"), "a\\nb\\tc");
    }
}
