//! The texts of a script and its imports, and places in them.
//!
//! Rhai reports a line and a column, but does not reliably report the file. Therefore empty lines
//! are put before the text of every import, as many as the files before it have lines. Each line of
//! each file then has its own number, and the number identifies the file.

use super::diagnostic::{Diagnostic, Fault, Place};
use rhai::Position;
use std::path::PathBuf;

/// The largest number of lines: Rhai counts lines in 16 bits.
const MOST_LINES: usize = 65_000;

/// A script or an import.
#[derive(Debug, Clone)]
pub struct File {
    /// The file as the user would name it.
    pub shown: PathBuf,
    /// Its text.
    pub text: String,
    /// Lines of all files before it.
    before: usize,
}

/// All files of a run, the script first.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<File>,
}

impl Sources {
    /// Adds a file and returns its text as it must be compiled.
    pub fn add(&mut self, shown: PathBuf, text: String) -> Result<String, Diagnostic> {
        // Some editors write a byte order mark at the start of a file.
        let text = text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text);
        let before = self.files.last().map_or(0, |f| f.before + f.text.lines().count() + 1);
        if before + text.lines().count() > MOST_LINES {
            return Err(Diagnostic {
                kind: Fault::Script,
                message: format!("the script and its imports have more than {MOST_LINES} lines"),
                place: None,
                hint: Some("move data into files and `load` them".into()),
                see: None,
            });
        }
        let numbered = "\n".repeat(before) + text.as_str();
        self.files.push(File { shown, text, before });
        Ok(numbered)
    }

    /// The files in order of import, the script first.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Returns the end of the last file. It is the place of an error in a text that ends too early.
    pub fn last(&self) -> Option<Place> {
        let file = self.files.last()?;
        let (line, text) = file.text.lines().enumerate().last().map_or((1, ""), |(i, text)| (i + 1, text));
        let (shown, source) = (file.shown.clone(), file.text.clone());
        Some(Place { file: shown, source, line, column: text.chars().count() + 1, length: 1 })
    }

    /// Returns the place where a comment without `*/` begins in the last file. Comments are nested,
    /// so that this is the last `/*` with no `*/` of its own after it.
    pub fn open_comment(&self) -> Option<Place> {
        let file = self.files.last()?;
        let ends = file.text.rmatch_indices("*/").map(|(at, _)| (at, false));
        let mut marks: Vec<(usize, bool)> =
            file.text.rmatch_indices("/*").map(|(at, _)| (at, true)).chain(ends).collect();
        marks.sort_unstable_by(|a, b| b.cmp(a));
        let mut closed = 0_usize;
        let is_open = |(_, begins): &(usize, bool)| {
            let has_no_end = *begins && closed == 0;
            closed = if *begins { closed - usize::from(closed > 0) } else { closed + 1 };
            has_no_end
        };
        let (at, _) = marks.into_iter().find(is_open)?;
        let before = &file.text[..at];
        let (line, column) =
            (before.lines().count().max(1), before.lines().last().map_or(0, |l| l.chars().count()) + 1);
        let (line, column) = if before.ends_with('\n') { (line + 1, 1) } else { (line, column) };
        let (shown, source) = (file.shown.clone(), file.text.clone());
        Some(Place { file: shown, source, line, column, length: 2 })
    }

    /// Returns a diagnostic that was read from a file, and adds the source text, which such files
    /// omit.
    pub fn with_source(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some(place) = &mut diagnostic.place
            && let Some(file) = self.files.iter().find(|file| file.shown == place.file)
        {
            place.source = file.text.clone();
        }
        diagnostic
    }

    /// Returns the place of a position, with the length of the token there.
    pub fn place(&self, position: Position) -> Option<Place> {
        let line = position.line()?;
        let file = self.files.iter().rev().find(|f| line > f.before)?;
        let text = file.text.lines().nth(line - file.before - 1).unwrap_or_default();
        let column = position.position().unwrap_or(1).max(1);
        let length = token_length(&text.chars().skip(column - 1).collect::<Vec<_>>());
        let (file, source, line) = (file.shown.clone(), file.text.clone(), line - file.before);
        Some(Place { file, source, line, column, length })
    }
}

/// Returns the length of the token at the start of `text`: a name, a number, a string, or a single
/// sign.
fn token_length(text: &[char]) -> usize {
    let word = |c: &char| c.is_alphanumeric() || *c == '_';
    let Some(first) = text.first() else { return 1 };
    let length = match first {
        '"' | '`' => text.iter().skip(1).position(|c| c == first).map_or(text.len(), |end| end + 2),
        c if c.is_ascii_digit() => number_length(text),
        c if word(c) => text.iter().take_while(|c| word(c)).count(),
        _ => 1,
    };
    length.max(1)
}

fn number_length(text: &[char]) -> usize {
    let part = |(i, c): &(usize, &char)| {
        let sign = matches!(c, '+' | '-') && *i > 0 && matches!(text[i - 1], 'e' | 'E');
        let point = **c == '.' && text.get(i + 1) != Some(&'.');
        c.is_alphanumeric() || **c == '_' || point || sign
    };
    text.iter().enumerate().take_while(part).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_own_number() {
        let mut sources = Sources::default();
        assert_eq!(
            sources.add("a.rhai".into(), "let a = 1;\nlet b = 2;\n".into()).unwrap(),
            "let a = 1;\nlet b = 2;\n"
        );
        let numbered = sources.add("b.rhai".into(), "let c = 3;".into()).unwrap();
        assert_eq!(numbered, "\n\n\nlet c = 3;");
        let place = sources.place(Position::new(4, 5)).unwrap();
        assert_eq!((place.file, place.line, place.column, place.length), ("b.rhai".into(), 1, 5, 1));
        let place = sources.place(Position::new(2, 1)).unwrap();
        assert_eq!((place.file, place.line, place.length), ("a.rhai".into(), 2, 3));
    }

    #[test]
    fn tokens_are_measured() {
        for (text, want) in [("sigma: 1", 5), ("1.5e-3, 2", 6), ("1..2", 1), ("\"a b\" + c", 5), ("+ 1", 1), ("", 1)] {
            assert_eq!(token_length(&text.chars().collect::<Vec<_>>()), want, "{text}");
        }
    }
}
