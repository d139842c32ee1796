//! The script of a run as HTML, with marked words.

use super::document::escaped;
use sdflow_dsl::manual::entries_of;

const KEYWORDS: [&str; 16] = [
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "return", "throw", "try", "catch", "import",
    "true", "false",
];

/// A piece of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Comment,
    Text,
    Number,
    Word,
    Other,
}

/// Returns the script with its comments, strings, numbers, keywords and functions in elements of
/// their class.
pub fn highlighted(script: &str) -> String {
    let mut html = String::new();
    let pieces = pieces(script);
    for (i, &(piece, text)) in pieces.iter().enumerate() {
        let class = match piece {
            Piece::Comment => "c",
            Piece::Text => "s",
            Piece::Number => "n",
            Piece::Word if KEYWORDS.contains(&text) => "k",
            Piece::Word if is_call(&pieces, i) && !entries_of(text).is_empty() => "f",
            _ => {
                html.push_str(&escaped(text));
                continue;
            }
        };
        html.push_str(&format!("<b class=\"{class}\">{}</b>", escaped(text)));
    }
    html
}

/// Returns the names of the functions of the language that a script calls, in order.
pub fn functions(script: &str) -> Vec<&str> {
    let pieces = pieces(script);
    let mut found = Vec::new();
    for (i, (piece, text)) in pieces.iter().enumerate() {
        if *piece == Piece::Word && is_call(&pieces, i) && !found.contains(text) && !entries_of(text).is_empty() {
            found.push(*text);
        }
    }
    found
}

/// True if piece `i` is followed by a bracket and is not the name of a new function.
fn is_call(pieces: &[(Piece, &str)], i: usize) -> bool {
    let is_defined = i >= 2 && pieces[i - 2] == (Piece::Word, "fn");
    !is_defined && pieces.get(i + 1).is_some_and(|next| *next == (Piece::Other, "("))
}

/// Splits a script; the pieces together are the script.
fn pieces(script: &str) -> Vec<(Piece, &str)> {
    let mut pieces = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let after = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
        let while_is = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        let (piece, length) = match first {
            '/' if rest.starts_with("//") => (Piece::Comment, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (Piece::Comment, after("*/", 2)),
            '"' => (Piece::Text, closed(rest)),
            '`' => (Piece::Text, closed_template(rest)),
            c if c.is_ascii_digit() => (Piece::Number, while_is(|c| c.is_ascii_alphanumeric() || "._".contains(c))),
            c if c.is_alphabetic() || c == '_' => (Piece::Word, while_is(|c| c.is_alphanumeric() || c == '_')),
            c => (Piece::Other, c.len_utf8()),
        };
        pieces.push((piece, &rest[..length]));
        rest = &rest[length..];
    }
    pieces
}

/// Returns the length of the string that begins `text`, with its quotes.
fn closed(text: &str) -> usize {
    let mut escape = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escape => escape = false,
            '\\' => escape = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of the template that begins `text`, with the templates inside it.
fn closed_template(text: &str) -> usize {
    // The number of open brackets inside each open template.
    let mut open: Vec<usize> = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (c, open.last_mut()) {
            ('`', Some(0)) => {
                open.pop();
                if open.is_empty() {
                    return at + 1;
                }
            }
            ('`', _) => open.push(0),
            ('{', Some(depth)) if before == '$' || *depth > 0 => *depth += 1,
            ('}', Some(depth)) => *depth = depth.saturating_sub(1),
            _ => {}
        }
        before = c;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_script() {
        for script in ["", "let x = \"a\\\"b\"; // ü", "`${x} <b>` 1.5e3", "/* open", "\"open", "é_1 0..3"] {
            assert_eq!(pieces(script).iter().map(|(_, text)| *text).collect::<String>(), script);
        }
    }

    #[test]
    fn words_are_marked_and_text_is_escaped() {
        let html = highlighted("let f = sd_flow(x); // <script>\n\"a & b\"");
        assert!(html.starts_with("<b class=\"k\">let</b> f = <b class=\"f\">sd_flow</b>("), "{html}");
        assert!(html.contains("<b class=\"c\">// &lt;script&gt;</b>") && html.contains("a &amp; b"), "{html}");
        assert_eq!(functions("run(sd_flow(x), x, #{}); // energy\n\"mmd\""), ["run", "sd_flow"]);
        assert_eq!(functions("let svgd = 4; fn energy(x) { x.langevin } #{dsbm: w2(1)}"), ["w2"]);
        assert!(highlighted("`a ${f[`x`]} b` + 1").starts_with("<b class=\"s\">`a ${f[`x`]} b`</b> + "));
    }
}
