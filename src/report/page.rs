//! The sections of a report.

use super::content::Content;
use super::{references, script};
use crate::progress::duration;
use crate::record::{MetricRecord, Record, Status};
use sdflow::number::number;
use std::fmt::Write;

const STYLE: &str = include_str!("assets/report.css");
const CODE: &str = include_str!("assets/report.js");
const CHART_STYLE: &str = include_str!("assets/uPlot.min.css");
const CHARTS: &str = include_str!("assets/uPlot.min.js");
const CHARTS_LICENCE: &str = include_str!("assets/uPlot.LICENSE");

/// Returns the page of a run.
pub fn page(record: &Record, content: &Content) -> String {
    let mut sections = String::new();
    section(&mut sections, "Checks", checks(record));
    section(&mut sections, "Conclusion", conclusion(record));
    section(&mut sections, "Metrics", metrics(record));
    section(&mut sections, "Warnings", warnings(record, content));
    section(&mut sections, "Motion", films(content));
    section(&mut sections, "Curves", curves(content));
    section(&mut sections, "Pictures", pictures(content));
    section(&mut sections, "Tables", tables(content));
    section(&mut sections, "What was run", what_was_run(record, content));
    section(&mut sections, "Work and time", work(record));
    section(&mut sections, "References", literature(content));
    let name = escaped(&record.name());
    let (status, class) = status(record);
    let films: Vec<&str> = content.films.iter().map(String::as_str).collect();
    let curves = serde_json::Value::Array(content.curves.clone());
    let floors = serde_json::Value::Object(floors(record));
    // Inside a script element, only `</` could end the data.
    let data = format!("{{\"curves\":{curves},\"floors\":{floors},\"films\":[{}]}}", films.join(","));
    let data = data.replace("</", "<\\/");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}: {status}</title>\n\
         <style>{CHART_STYLE}\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{name} <span class=\"status {class}\">{status}</span></h1>\n{sections}</main>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n\
         <script>/*\n{CHARTS_LICENCE}*/\n{CHARTS}</script>\n<script>{CODE}</script>\n</body>\n</html>\n"
    )
}

/// Returns text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Returns prose as HTML, with code for what stands between back quotes.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // The last back quote of an odd number opens nothing.
    let is_code = |i: usize| i % 2 == 1 && i + 1 < parts.len();
    let piece = |(i, part): (usize, &&str)| match (is_code(i), i % 2) {
        (true, _) => format!("<code>{}</code>", escaped(part)),
        (false, 1) => format!("`{}", escaped(part)),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(piece).collect()
}

/// Returns a cell of a table as HTML: a number with four digits, and all of its digits as a tip.
fn cell(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && text.len() > 8 => {
            format!("<span title=\"{}\">{}</span>", escaped(text), number(value))
        }
        _ => escaped(text),
    }
}

fn section(page: &mut String, title: &str, body: String) {
    if !body.is_empty() {
        let id = title.to_lowercase().replace(' ', "-");
        let _ = write!(page, "<section id=\"{id}\">\n<h2>{title}</h2>\n{body}\n</section>\n");
    }
}

fn status(record: &Record) -> (&'static str, &'static str) {
    match record.status {
        Status::Running => ("unfinished", "bad"),
        Status::Failed => ("failed", "bad"),
        Status::Stopped => ("stopped", "bad"),
        Status::Done if record.checks.iter().any(|check| !check.pass) => ("a check failed", "bad"),
        Status::Done => ("done", "good"),
    }
}

fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head: String = header.iter().map(|title| format!("<th>{title}</th>")).collect();
    let body: String = rows
        .into_iter()
        .map(|row| format!("<tr>{}</tr>\n", row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>()))
        .collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>")
}

fn checks(record: &Record) -> String {
    let line = |check: &crate::record::CheckRecord| {
        let (class, mark) = if check.pass { ("good", "holds") } else { ("bad", "fails") };
        let value = check.value.map(|value| format!(" ({})", number(value))).unwrap_or_default();
        format!("<li><span class=\"status {class}\">{mark}</span> {}{value}</li>\n", escaped(&check.name))
    };
    match record.checks.is_empty() {
        true => String::new(),
        false => format!("<ul class=\"checks\">\n{}</ul>", record.checks.iter().map(line).collect::<String>()),
    }
}

fn conclusion(record: &Record) -> String {
    record.conclusion.as_ref().map_or_else(String::new, |text| format!("<p>{}</p>", prose(text)))
}

fn metrics(record: &Record) -> String {
    if record.metrics.is_empty() {
        return String::new();
    }
    let shown = |value: Option<f64>| value.map_or_else(String::new, number);
    let row = |(name, metric): (&String, &MetricRecord)| {
        let value = match (metric.value, metric.flag) {
            (Some(value), _) => number(value),
            (None, flag) => flag
                .and_then(|flag| serde_json::to_value(flag).ok())
                .map_or_else(String::new, |flag| flag.as_str().unwrap_or_default().to_string()),
        };
        let ratio = metric.value.zip(metric.floor).filter(|(_, floor)| *floor > 0.0).map(|(v, floor)| v / floor);
        vec![
            escaped(name),
            value,
            shown(metric.se),
            shown(metric.floor),
            shown(ratio.map(|r| (100.0 * r).round() / 100.0)),
        ]
    };
    let header = ["metric", "value", "standard error", "noise floor", "value / floor"];
    let note = "<p class=\"note\">Two fresh samples of the reference stay below the noise floor in 19 of 20 cases (above it, \
                where larger values are better). A value on that side of the floor cannot be told from a perfect result.</p>";
    table(&header, record.metrics.iter().map(row)) + note
}

fn warnings(record: &Record, content: &Content) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(error) = &record.error {
        lines.push(format!("<b>The run failed:</b> {}", prose(&error.message)));
        lines.extend(error.hint.iter().map(|hint| prose(hint)));
    }
    if let Some(stop) = record.stop.as_ref().filter(|stop| stop.reason != "finished" && stop.reason != "converged") {
        lines.push(format!("The last flow ended as \"{}\". {}", escaped(&stop.reason), prose(&stop.advice)));
    }
    if record.quick {
        lines.push("<code>--quick</code> caps points and steps: these are not the numbers of the full run.".into());
    }
    lines.extend(record.warnings.iter().map(|warning| prose(warning)));
    lines.extend(content.left_out.iter().map(|sentence| escaped(sentence)));
    match lines.is_empty() {
        true => String::new(),
        false => format!("<ul>\n{}</ul>", lines.iter().map(|line| format!("<li>{line}</li>\n")).collect::<String>()),
    }
}

fn films(content: &Content) -> String {
    (0..content.films.len()).map(|i| format!("<figure class=\"film\" data-film=\"{i}\"></figure>\n")).collect()
}

fn curves(content: &Content) -> String {
    match content.curves.iter().all(|run| run["step"].as_array().is_none_or(|steps| steps.len() < 2)) {
        true => String::new(),
        false => {
            "<p class=\"note\">Drag to enlarge a part, click twice for the whole. A band is one standard error to both \
                  sides, a dashed line is the noise floor.</p>\n<div id=\"charts\"></div>"
                .into()
        }
    }
}

fn pictures(content: &Content) -> String {
    let figure = |(file, source): &(std::path::PathBuf, String)| {
        let file = escaped(&file.to_string_lossy());
        format!("<figure><img src=\"{source}\" alt=\"{file}\"><figcaption>{file}</figcaption></figure>\n")
    };
    content.pictures.iter().map(figure).collect()
}

fn tables(content: &Content) -> String {
    let one = |(file, rows): &(std::path::PathBuf, Vec<Vec<String>>)| {
        let escaped_rows = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect::<Vec<String>>());
        let mut rows = escaped_rows;
        let header = rows.next().unwrap_or_default();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        format!("<h3>{}</h3>\n{}\n", escaped(&file.to_string_lossy()), table(&header, rows))
    };
    content.tables.iter().map(one).collect()
}

fn what_was_run(record: &Record, content: &Content) -> String {
    let mut text = format!("<p>This command repeats the run:</p>\n<pre>{}</pre>\n", escaped(&record.command()));
    if !record.params.is_empty() {
        let row = |(name, param): (&String, &sdflow_dsl::Param)| {
            vec![escaped(name), escaped(&param.value.to_string()), escaped(&param.origin)]
        };
        text += &table(&["parameter", "value", "from"], record.params.iter().map(row));
    }
    let machine = &record.machine;
    let commit = record.engine.commit.as_ref().map_or_else(String::new, |commit| format!(" ({})", escaped(commit)));
    let _ = write!(
        text,
        "<p>sdflow {}{commit}, seed {}, on {} with {}, {} threads.</p>",
        escaped(&record.engine.version),
        record.seed,
        escaped(&machine.cpu),
        escaped(&machine.isa),
        machine.threads
    );
    if !content.script.is_empty() {
        let name = escaped(&record.script.to_string_lossy());
        let code = script::highlighted(content.script.trim_end());
        let _ = write!(text, "\n<details open><summary>{name}</summary>\n<pre class=\"code\">{code}</pre>\n</details>");
    }
    text
}

fn work(record: &Record) -> String {
    let mut rows = vec![
        vec!["time".to_string(), duration(record.wall_s)],
        vec!["steps of flows".into(), record.steps.to_string()],
        vec!["evaluations of fields".into(), record.nfe.to_string()],
        vec!["pairs".into(), number(record.work.pairs as f64)],
    ];
    if record.work.pairs_per_s > 0.0 {
        rows.push(vec!["pairs of flows per second".into(), number(record.work.pairs_per_s)]);
    }
    rows.extend(record.work.seconds.iter().map(|(part, seconds)| vec![escaped(part), duration(*seconds)]));
    table(&["work", "amount"], rows)
}

fn literature(content: &Content) -> String {
    let found = references::references(&script::functions(&content.script));
    match found.is_empty() {
        true => String::new(),
        false => {
            let items: String = found.iter().map(|work| format!("<li>{}</li>\n", escaped(work))).collect();
            format!("<ul>\n{items}</ul>")
        }
    }
}

/// Returns the noise floors by metric.
fn floors(record: &Record) -> serde_json::Map<String, serde_json::Value> {
    record.metrics.iter().filter_map(|(name, metric)| Some((name.clone(), metric.floor?.into()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_its_text_and_marks_code() {
        assert_eq!(prose("use `a < b` here"), "use <code>a &lt; b</code> here");
        assert_eq!(
            prose("one ` alone & `code` then `open"),
            "one <code> alone &amp; </code>code<code> then </code>open"
        );
        assert_eq!(prose("a ` b"), "a ` b");
    }

    #[test]
    fn long_numbers_are_rounded_and_keep_their_digits() {
        assert_eq!(cell("0.0036902123456"), "<span title=\"0.0036902123456\">0.00369</span>");
        assert_eq!(cell("12.5"), "12.5");
        assert_eq!(cell("a<b"), "a&lt;b");
    }
}
