//! The page of a run.

use super::content::Content;
use super::document::{Document, badge, escaped, prose, table, table_of_cells};
use super::{references, script};
use crate::progress::duration;
use crate::record::{CheckRecord, MetricRecord, Record, Status};
use sdflow::number::number;
use std::fmt::Write;

/// Returns the page of a run.
pub fn page(record: &Record, content: &Content) -> String {
    let mut page = Document::of((&content.curves, content.runs_before), &floors(record), &content.films);
    page.section("Checks", checks(record));
    page.section("Conclusion", conclusion(record));
    page.section("Metrics", metrics(record));
    page.section("Warnings", warnings(record, content));
    page.section("Motion", films(content));
    page.section("Curves", curves(content));
    page.section("Pictures", pictures(content));
    page.section("Tables", tables(content));
    page.section("What was run", what_was_run(record, content));
    page.section("Work and time", work(record));
    page.section("References", literature(content));
    page.html(&record.name(), Some(status(record)))
}

/// Returns how the run ended, in a word, and whether that is good.
pub fn status(record: &Record) -> (&'static str, bool) {
    match record.status {
        Status::Running => ("unfinished", false),
        Status::Failed => ("failed", false),
        Status::Stopped => ("stopped", false),
        Status::Done if record.checks.iter().any(|check| !check.pass) => ("a check failed", false),
        Status::Done if record.stop.as_ref().is_some_and(|stop| stop.reason == "diverged") => ("diverged", false),
        Status::Done => ("done", true),
    }
}

fn checks(record: &Record) -> String {
    let line = |check: &CheckRecord| {
        let value = check.value.map(|value| format!(" ({})", number(value))).unwrap_or_default();
        let mark = badge(if check.pass { "holds" } else { "fails" }, check.pass);
        format!("<li>{mark} {}{value}</li>\n", escaped(&check.name))
    };
    match record.checks.is_empty() {
        true => String::new(),
        false => {
            let (held, failed): (Vec<_>, Vec<_>) = record.checks.iter().partition(|check| check.pass);
            let list = |checks: &[&CheckRecord]| {
                format!("<ul class=\"checks\">\n{}</ul>", checks.iter().map(|check| line(check)).collect::<String>())
            };
            let failures = if failed.is_empty() { String::new() } else { list(&failed) };
            match held.len() {
                0 => failures,
                count if count > 20 => {
                    format!("{failures}<details><summary>{count} checks hold</summary>\n{}</details>", list(&held))
                }
                _ => format!("{failures}{}", list(&held)),
            }
        }
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
            escaped(&metric.named(name)),
            value,
            shown(metric.se),
            shown(metric.floor),
            shown(ratio.map(|r| (100.0 * r).round() / 100.0)),
        ]
    };
    let header = ["metric", "value", "standard error", "noise floor", "value / floor"];
    let note = "<p class=\"note\">Two fresh samples of the reference stay below the noise floor in 19 of 20 cases (above it, \
                where larger values are better). A value on that side of the floor cannot be told from a perfect result.</p>";
    let has_floor = record.metrics.values().any(|metric| metric.floor.is_some());
    let rows: Vec<Vec<String>> = record.metrics.iter().map(row).collect();
    // Readings of `record` have neither errors nor floors.
    let filled: Vec<usize> = (0..header.len()).filter(|j| rows.iter().any(|row| !row[*j].is_empty())).collect();
    let choose = |row: &[String]| filled.iter().map(|j| row[*j].clone()).collect::<Vec<_>>();
    let header: Vec<&str> = filled.iter().map(|j| header[*j]).collect();
    table(&header, rows.iter().map(|row| choose(row))) + if has_floor { note } else { "" }
}

fn warnings(record: &Record, content: &Content) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(error) = record.error.as_ref().filter(|_| record.status == Status::Failed) {
        lines.push(format!("<b>The run failed:</b> {}", prose(&error.message)));
        lines.extend(error.hint.iter().map(|hint| prose(hint)));
    }
    if let Some(stop) = record.stop.as_ref().filter(|stop| stop.reason != "finished" && stop.reason != "converged") {
        lines.push(format!("The last flow ended as \"{}\". {}", escaped(&stop.reason), prose(&stop.advice)));
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
        format!("<h3>{}</h3>\n{}\n", escaped(&file.to_string_lossy()), table_of_cells(rows))
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
        "<p>sdflow {}{commit}, seed {}, on {} with {}, {}.</p>",
        escaped(&record.engine.version),
        record.seed,
        escaped(&machine.cpu),
        escaped(&machine.isa),
        machine.workers()
    );
    if !content.script.is_empty() {
        let name = escaped(&record.script.to_string_lossy());
        let code = script::highlighted(content.script.replace("\r\n", "\n").trim_end());
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
