//! The text of a table, below its comments.

use super::super::origin::Origin;
use super::records::{Records, Split};
use crate::Result;

/// The text of a table from its first record on, and the comments above it.
pub(super) struct Content<'a> {
    /// The text from the first record on.
    pub text: &'a str,
    /// The line of the first record, from 1.
    pub line: usize,
    /// The lines above the first record that begin with `#`, each with its number and without the
    /// mark.
    pub comments: Vec<(usize, &'a str)>,
}

impl<'a> Content<'a> {
    /// Reads the text in `bytes`. The text may begin with a byte order mark. Lines that begin with
    /// `#` are comments only above the first record. Below it, such a line could be a row, which
    /// would be lost.
    ///
    /// # Errors
    /// A line is not UTF-8; the error gives the first one.
    pub fn new(bytes: &'a [u8], origin: &Origin) -> Result<Content<'a>> {
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let before = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            let place = format!("line {}", 1 + before);
            origin.wrong_at(place, "it is not UTF-8 text", "a table of numbers is expected")
        })?;
        let mut text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (mut line, mut comments) = (1, Vec::new());
        while let Some(end) = text.find(['\n', '\r']) {
            let (first, rest) = (text[..end].trim(), &text[end..]);
            match first.strip_prefix('#') {
                Some(comment) => comments.push((line, comment)),
                None if first.is_empty() => {}
                None => break,
            }
            text = rest.strip_prefix("\r\n").unwrap_or(&rest[1..]);
            line += 1;
        }
        if let Some(comment) = text.trim().strip_prefix('#') {
            comments.push((line, comment));
            text = "";
        }
        Ok(Content { text, line, comments })
    }

    /// Returns the records, separated by `split`.
    pub fn records(&self, split: Split) -> Records<'a> {
        Records::new(self.text, self.line, split)
    }
}
