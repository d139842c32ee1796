//! The frame of every page: its head, its sections, its data and its code.

use crate::visible::visible;
use sdflow_dsl::manual;
use serde_json::{Map, Value, json};
use std::fmt::Write;

const STYLE: &str = include_str!("assets/report.css");
const CODE: &str = include_str!("assets/report.js");
const CHART_STYLE: &str = include_str!("assets/uPlot.min.css");
const CHARTS: &str = include_str!("assets/uPlot.min.js");
const CHARTS_LICENCE: &str = include_str!("assets/uPlot.LICENSE");

/// A page that is being built.
#[derive(Debug, Default)]
pub struct Document {
    /// Links to the sections.
    contents: String,
    sections: String,
    /// The numbers of the curves and the films as JSON.
    data: String,
}

impl Document {
    /// Begins a page with these numbers: the rows of each run after the first `before` runs, the
    /// noise floors by metric, and films as JSON.
    pub fn of((curves, before): (&[Value], usize), floors: &Map<String, Value>, films: &[String]) -> Document {
        let names = curves.iter().filter_map(Value::as_object).flat_map(Map::keys);
        let meaning = |name: &String| Some((name.clone(), json!(manual::word(name)?.1.replace('`', ""))));
        let meanings: Map<String, Value> = names.filter_map(meaning).collect();
        let (curves, floors, meanings) = (json!(curves), json!(floors), json!(meanings));
        let films = films.join(",");
        let data = format!(
            "{{\"curves\":{curves},\"before\":{before},\"floors\":{floors},\"meanings\":{meanings},\"films\":[{films}]}}"
        );
        // Inside a script element, only `<` could end the data or begin a comment.
        Document { data: data.replace('<', "\\u003c"), ..Document::default() }
    }

    /// Adds a section, unless its body is empty.
    pub fn section(&mut self, title: &str, body: String) {
        if !body.is_empty() {
            let id = title.to_lowercase().replace(' ', "-");
            let _ = write!(self.contents, "<a href=\"#{id}\">{title}</a> ");
            let _ = write!(self.sections, "<section id=\"{id}\">\n<h2>{title}</h2>\n{body}\n</section>\n");
        }
    }

    /// Returns the page as HTML. `status` is a word for the status, and true if the status is good.
    pub fn html(&self, name: &str, status: Option<(&str, bool)>) -> String {
        let name = escaped(name);
        let badge = status.map_or_else(String::new, |(word, good)| format!(" {}", badge(word, good)));
        let word = status.map_or_else(String::new, |(word, _)| format!(": {word}"));
        let is_long = self.contents.matches("<a ").count() > 1;
        let nav = if is_long { format!("<nav>{}</nav>\n", self.contents) } else { String::new() };
        let (sections, data) = (&self.sections, &self.data);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}{word}</title>\n\
             <style>{CHART_STYLE}\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{name}{badge}</h1>\n{nav}{sections}</main>\n\
             <script type=\"application/json\" id=\"data\">{data}</script>\n\
             <script>/*\n{CHARTS_LICENCE}*/\n{CHARTS}</script>\n<script>{CODE}</script>\n</body>\n</html>\n"
        )
    }
}

/// Returns a word as a badge.
pub fn badge(word: &str, good: bool) -> String {
    format!("<span class=\"status {}\">{}</span>", if good { "good" } else { "bad" }, escaped(word))
}

/// Returns text as HTML.
pub fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Returns prose as HTML. Text between back quotes becomes code.
pub fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // If the number of back quotes is odd, the last one opens nothing.
    let is_code = |i: usize| i % 2 == 1 && i + 1 < parts.len();
    let piece = |(i, part): (usize, &&str)| match (is_code(i), i % 2) {
        (true, _) => format!("<code>{}</code>", escaped(part)),
        (false, 1) => format!("`{}", escaped(part)),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(piece).collect()
}

/// Returns rows of HTML as a table, which the reader can sort.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head: String = header.iter().map(|title| format!("<th scope=\"col\">{title}</th>")).collect();
    let body: String = rows
        .into_iter()
        .map(|row| format!("<tr>{}</tr>\n", row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>()))
        .collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>")
}

/// Returns a cell of a table as HTML. A number is shown with four digits, and all of its digits are
/// in its tooltip.
pub fn cell(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && text.len() > 8 && text.contains(['.', 'e', 'E']) => {
            format!("<span title=\"{}\">{}</span>", escaped(text), sdflow::number::number(value))
        }
        _ => escaped(text),
    }
}

/// Returns the rows of a file of text cells as a table; the first row is the header.
pub fn table_of_cells(rows: &[Vec<String>]) -> String {
    let mut rows = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect::<Vec<String>>());
    let header = rows.next().unwrap_or_default();
    table(&header.iter().map(String::as_str).collect::<Vec<&str>>(), rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_its_text_and_marks_code() {
        assert_eq!(prose("use `a < b` here"), "use <code>a &lt; b</code> here");
        assert_eq!(prose("a ` b"), "a ` b");
        assert_eq!(prose("`a` b ` c"), "<code>a</code> b ` c");
    }

    #[test]
    fn long_numbers_are_rounded_and_keep_their_digits() {
        assert_eq!(cell("0.0036902123456"), "<span title=\"0.0036902123456\">0.00369</span>");
        assert_eq!(cell("12.5"), "12.5");
        assert_eq!(cell("a<b"), "a&lt;b");
        // A long whole number is a name, and is shown as it is.
        assert_eq!(cell("20240102030405"), "20240102030405");
    }
}
