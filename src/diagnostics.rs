//! Errors and warnings as printed for the user: cause, place, source line, caret, hint, and the
//! name of the manual page.

use crate::visible::visible_line;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use sdflow_dsl::{Diagnostic, Fault, Place};
use std::ops::Range;

/// Returns the whole message of an error, which ends in a newline; with colours if `colour` is
/// true.
pub fn error(diagnostic: &Diagnostic, colour: bool) -> String {
    render(diagnostic, Level::ERROR, colour)
}

/// Returns the whole message of a warning, like [`error`].
pub fn warning(diagnostic: &Diagnostic, colour: bool) -> String {
    render(diagnostic, Level::WARNING, colour)
}

fn render(diagnostic: &Diagnostic, level: Level, colour: bool) -> String {
    let title = level.primary_title(visible_line(&diagnostic.message));
    let group = match &diagnostic.place {
        None => title.elements(Vec::<Snippet<annotate_snippets::Annotation>>::new()),
        Some(place) => title.element(snippet(place)),
    };
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.render(&[group]);
    text.push('\n');
    for (label, line) in [("help", &diagnostic.hint), ("see", &diagnostic.see)] {
        let Some(line) = line else { continue };
        let what = if label == "see" { format!("sdflow-engine doc {line}") } else { line.clone() };
        text.push_str(&format!("{label}: {}\n", visible_line(&what)));
    }
    text
}

fn snippet(place: &Place) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let (line, span) = line_and_span(place);
    Snippet::source(line)
        .line_start(place.line.max(1))
        .path(visible_line(&place.file.to_string_lossy()).into_owned())
        .annotation(AnnotationKind::Primary.span(span))
}

/// Returns the line of the place and the byte range of its token in that line. A place beyond the
/// end of the line points after the last character.
fn line_and_span(place: &Place) -> (&str, Range<usize>) {
    let line = place.source.lines().nth(place.line.saturating_sub(1)).unwrap_or("");
    let start = byte_of(line, place.column.saturating_sub(1));
    let end = byte_of(line, place.column.saturating_sub(1) + place.length.max(1));
    (line, start..end.max(start))
}

fn byte_of(line: &str, characters: usize) -> usize {
    line.char_indices().nth(characters).map_or(line.len(), |(byte, _)| byte)
}

/// Returns the error for a bad flag or value on the command line.
pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Diagnostic {
    Diagnostic { kind: Fault::Usage, message: message.into(), place: None, hint: Some(hint.into()), see: None }
}

/// Returns the error for a file or folder that cannot be used.
pub fn data(message: impl Into<String>, hint: Option<&str>) -> Diagnostic {
    let hint = hint.map(String::from);
    Diagnostic { kind: Fault::Data, message: message.into(), place: None, hint, see: None }
}

/// Returns the message for an error of the engine that did not arise in a script.
pub fn of_engine(error: &sdflow::Error) -> Diagnostic {
    let kind = match error.blame() {
        sdflow::Blame::Call => Fault::Usage,
        sdflow::Blame::Data => Fault::Data,
        sdflow::Blame::Stopped => Fault::Interrupted,
    };
    Diagnostic { kind, message: error.to_string(), place: None, hint: None, see: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize, length: usize) -> Diagnostic {
        let source = "let x = 1;\nlet f = sd_flow(σ, #{ sgima: 0.1 });\n".into();
        Diagnostic {
            kind: Fault::Script,
            message: "there is no option `sgima`".into(),
            place: Some(Place { file: "a.rhai".into(), source, line, column, length }),
            hint: Some("did you mean `sigma`?".into()),
            see: Some("sd_flow".into()),
        }
    }

    #[test]
    fn the_caret_counts_characters_not_bytes() {
        let text = error(&at(2, 23, 5), false);
        let expected = [
            "error: there is no option `sgima`",
            " --> a.rhai:2:23",
            "  |",
            "2 | let f = sd_flow(σ, #{ sgima: 0.1 });",
            "  |                       ^^^^^",
            "help: did you mean `sigma`?",
            "see: sdflow-engine doc sd_flow",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn places_outside_the_source_do_not_panic() {
        for (line, column) in [(0, 0), (1, 500), (2, 36), (3, 1), (99, 99)] {
            assert!(error(&at(line, column, 3), false).contains("there is no option"));
        }
    }
}
