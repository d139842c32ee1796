//! The page of a sweep.

use super::content::{base64_source, read_table};
use super::document::{Document, escaped, table, table_of_cells};
use crate::record::read::SWEEP_PICTURE;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Largest number of rows of the table.
const ROWS: usize = 1000;

/// Returns the page of the sweep in `folder`: its picture, its table and its axes.
pub fn page(folder: &Path) -> String {
    let described =
        fs::read(folder.join("sweep.json")).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let described = described.unwrap_or_default();
    let (rows, is_whole) = read_table(&folder.join("table.csv"), ROWS).unwrap_or_default();
    let mut page = Document::of(&[], &Default::default(), &[]);
    page.section("Cells", cells(&described, &rows));
    let picture = fs::read(folder.join(SWEEP_PICTURE)).ok().map(|bytes| base64_source("svg+xml", &bytes));
    let figure = |source| format!("<figure><img src=\"{source}\" alt=\"the results over the axes\"></figure>");
    page.section("Picture", picture.map_or_else(String::new, figure));
    let note = if is_whole { "" } else { "<p class=\"note\">The first rows of table.csv.</p>\n" };
    page.section("Table", if rows.is_empty() { String::new() } else { format!("{note}{}", table_of_cells(&rows)) });
    page.section("What was run", axes(&described));
    let script = described["script"].as_str().unwrap_or_default();
    let name = Path::new(script).file_stem().unwrap_or_default().to_string_lossy();
    page.html(&format!("sweep of {name}"), None)
}

/// Says how many cells ended in which way.
fn cells(described: &Value, rows: &[Vec<String>]) -> String {
    let planned = described["cells"].as_u64().unwrap_or_default();
    let Some(place) = rows.first().and_then(|header| header.iter().position(|name| name == "status")) else {
        return String::new();
    };
    let mut counts: std::collections::BTreeMap<&str, usize> = Default::default();
    for row in &rows[1..] {
        let status = row.get(place).map_or("", String::as_str);
        *counts.entry(if status.is_empty() { "not computed" } else { status }).or_default() += 1;
    }
    let told: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {}", escaped(status))).collect();
    format!("<p>{planned} cells: {}.</p>", told.join(", "))
}

fn axes(described: &Value) -> String {
    let groups = described["axes"].as_array().into_iter().flatten();
    let axes = groups.flat_map(|group| group.as_array().into_iter().flatten());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
    let row = |axis: &Value| {
        let values: Vec<String> = axis["values"].as_array().into_iter().flatten().map(text).collect();
        vec![escaped(&text(&axis["name"])), escaped(&values.join(", "))]
    };
    let script = escaped(described["script"].as_str().unwrap_or_default());
    let version = escaped(described["engine"]["version"].as_str().unwrap_or_default());
    format!("<p>sdflow {version}, script <code>{script}</code></p>\n{}", table(&["parameter", "values"], axes.map(row)))
}
