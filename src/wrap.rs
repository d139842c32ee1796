//! Paragraphs broken into lines.

/// The width of a line of text, in characters.
pub const WIDTH: usize = 100;

/// Breaks a paragraph between words into lines of at most `width` characters. A longer word has a
/// line of its own.
pub fn wrap(paragraph: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in paragraph.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_broken_between_words() {
        let paragraph = format!("{}{} end", "word ".repeat(50), "x".repeat(200));
        let lines = wrap(&paragraph, WIDTH);
        assert_eq!(lines.join(" "), paragraph);
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [99, 99, 49, 200, 3]);
    }
}
