//! The records of a table, one at a time.
//!
//! No crate is used for this reader, because separators are found by trying them. The reader also
//! splits at runs of blanks and counts lines with any of the three line endings. It refuses text
//! after a closing quote and a quote that is never closed, whose meaning other readers guess.

use std::borrow::Cow;

/// The separator of the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// This byte.
    At(u8),
    /// Any number of spaces and tabs.
    Blanks,
    /// No separator: a line is one cell.
    Never,
}

/// A record that cannot be split into cells.
#[derive(Debug)]
pub(super) struct Malformed {
    /// The place, such as "line 3, column 2".
    pub place: String,
    pub seen: &'static str,
    pub want: &'static str,
}

/// A table that is being read, at one of its records.
pub(super) struct Records<'a> {
    text: &'a str,
    split: Split,
    at: usize,
    /// The line of the next byte, from 1.
    next_line: usize,
    /// The line on which the record begins, from 1.
    pub line: usize,
    /// The number of blank lines above the record.
    pub blank: usize,
    /// The cells of the record, without quotes and without surrounding blanks.
    pub cells: Vec<Cow<'a, str>>,
}

impl<'a> Records<'a> {
    /// Creates a reader of `text`, whose first line has this number.
    pub fn new(text: &'a str, line: usize, split: Split) -> Records<'a> {
        Records { text, split, at: 0, next_line: line, line, blank: 0, cells: Vec::new() }
    }

    /// Advances to the next record. Returns false at the end. Blank lines are skipped.
    ///
    /// # Errors
    /// Text follows a closing quote, or a quote is not closed.
    pub fn advance(&mut self) -> Result<bool, Malformed> {
        let line = self.next_line;
        self.skip_blank_lines();
        self.cells.clear();
        self.line = self.next_line;
        self.blank = self.line - line;
        if self.peek().is_none() {
            return Ok(false);
        }
        loop {
            let cell = self.cell()?;
            self.cells.push(cell);
            if !self.step_over_separator() {
                self.skip_line_end();
                return Ok(true);
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn cell(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.skip_blanks();
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        let start = self.at;
        while !self.is_at_end_of_cell() {
            self.at += 1;
        }
        Ok(self.text[start..self.at].trim().into())
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let opened = self.next_line;
        let start = self.at + 1;
        let mut doubled = false;
        loop {
            self.at += 1;
            match self.peek() {
                None => {
                    return Err(self.malformed_error(opened, "its quote is not closed", "a second `\"` is expected"));
                }
                Some(b'"') if self.text[self.at + 1..].starts_with('"') => {
                    doubled = true;
                    self.at += 1;
                }
                Some(b'"') => break,
                Some(_) => self.next_line += usize::from(self.is_at_line_end()),
            }
        }
        let text = self.text[start..self.at].trim();
        self.at += 1;
        if self.split != Split::Blanks {
            self.skip_blanks();
        }
        if !self.is_at_end_of_cell() {
            let want = "a separator or the end of the line is expected";
            return Err(self.malformed_error(self.next_line, "text follows the closing quote", want));
        }
        Ok(if doubled { text.replace("\"\"", "\"").into() } else { text.into() })
    }

    fn malformed_error(&self, line: usize, seen: &'static str, want: &'static str) -> Malformed {
        Malformed { place: format!("line {line}, column {}", self.cells.len() + 1), seen, want }
    }

    fn is_at_end_of_cell(&self) -> bool {
        match (self.peek(), self.split) {
            (None | Some(b'\n' | b'\r'), _) => true,
            (Some(byte), Split::At(separator)) => byte == separator,
            (Some(byte), Split::Blanks) => matches!(byte, b' ' | b'\t'),
            (Some(_), Split::Never) => false,
        }
    }

    /// True at the last byte of a line. In the two-byte line ending of Windows, this is the second
    /// byte.
    fn is_at_line_end(&self) -> bool {
        match self.peek() {
            Some(b'\r') => !self.text[self.at + 1..].starts_with('\n'),
            byte => byte == Some(b'\n'),
        }
    }

    /// Advances past the separator. Returns false at the end of the line.
    fn step_over_separator(&mut self) -> bool {
        if self.split == Split::Blanks {
            self.skip_blanks();
            return !matches!(self.peek(), None | Some(b'\n' | b'\r'));
        }
        let more = !matches!(self.peek(), None | Some(b'\n' | b'\r'));
        self.at += usize::from(more);
        more
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b @ (b' ' | b'\t')) if self.split != Split::At(b)) {
            self.at += 1;
        }
    }

    fn skip_line_end(&mut self) {
        if self.peek().is_some() {
            self.at += if self.text[self.at..].starts_with("\r\n") { 2 } else { 1 };
            self.next_line += 1;
        }
    }

    fn skip_blank_lines(&mut self) {
        loop {
            let start = self.at;
            self.skip_blanks();
            match self.peek() {
                None => return,
                Some(b'\n' | b'\r') => self.skip_line_end(),
                Some(_) => {
                    self.at = start;
                    return;
                }
            }
        }
    }
}
