//! The page of a sweep.

use super::content::{base64_source, read_table};
use super::document::{Document, cell, escaped, table, table_of_cells};
use crate::record::read::SWEEP_PICTURE;
use sdflow::io::read_regular;
use sdflow::number::{estimate, significant};
use sdflow_dsl::cells::{OverSeeds, Places, SEED};
use serde_json::Value;
use std::path::Path;

/// Largest number of rows of the table.
const ROWS: usize = 1000;

/// Returns the page of the sweep in `folder`: its picture, its table and its axes.
pub fn page(folder: &Path) -> String {
    let described =
        read_regular(&folder.join("sweep.json")).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let described = described.unwrap_or_default();
    let (rows, is_whole) = read_table(&folder.join("table.csv"), ROWS).unwrap_or_default();
    let mut page = Document::of((&[], 0), &Default::default(), &[]);
    page.section("Cells", cells(&described, &rows));
    let picture = read_regular(&folder.join(SWEEP_PICTURE)).ok().map(|bytes| base64_source("svg+xml", &bytes));
    let figure = |source| format!("<figure><img src=\"{source}\" alt=\"the results over the axes\"></figure>");
    page.section("Picture", picture.map_or_else(String::new, figure));
    page.section("Means over seeds", means(&described, &rows));
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

/// Returns the metrics of finished cells, averaged over the cells that differ in the seed only;
/// empty if there is one seed.
fn means(described: &Value, rows: &[Vec<String>]) -> String {
    let Some((header, cells)) = rows.split_first() else { return String::new() };
    let column = |name: &str| header.iter().position(|known| known == name);
    let axes = of_axes(described).filter_map(|axis| axis["name"].as_str()).filter(|name| *name != SEED);
    let axes: Vec<usize> = axes.filter_map(column).collect();
    let triple =
        |name: &String| Some([column(name)?, column(&format!("{name}_se"))?, column(&format!("{name}_floor"))?]);
    let metrics: Vec<[usize; 3]> = header.iter().filter_map(triple).collect();
    let number = |row: &[String], place: usize| row.get(place)?.parse::<f64>().ok().filter(|value| value.is_finite());
    let mut places: Places<(Vec<String>, Vec<OverSeeds>)> = Places::default();
    let done = column("status");
    for row in cells.iter().filter(|row| done.is_some_and(|place| row.get(place).is_some_and(|word| word == "done"))) {
        let place: Vec<String> = axes.iter().filter_map(|&axis| row.get(axis).cloned()).collect();
        let (_, found) = places.at(place.join("\n"), || (place, vec![OverSeeds::default(); metrics.len()]));
        for (seeds, &[value, se, floor]) in found.iter_mut().zip(&metrics) {
            if let Some(value) = number(row, value) {
                seeds.push(value, number(row, se), number(row, floor));
            }
        }
    }
    if !places.iter().any(|(_, found)| found.iter().any(|seeds| seeds.mean().seeds > 1)) {
        return String::new();
    }
    let named = |&[value, _, _]: &[usize; 3]| [escaped(&header[value]), "noise floor".into()];
    let head: Vec<String> = axes
        .iter()
        .map(|&axis| escaped(&header[axis]))
        .chain(["seeds".into()])
        .chain(metrics.iter().flat_map(named))
        .collect();
    let row = |(place, found): &(Vec<String>, Vec<OverSeeds>)| {
        let seeds = found.iter().map(|seeds| seeds.mean().seeds).max().unwrap_or(0);
        let pair = |seeds: &OverSeeds| {
            let mean = seeds.mean();
            let value = if mean.seeds > 0 { estimate(mean.value, mean.se.unwrap_or(0.0)) } else { String::new() };
            [value, seeds.floor().map_or(String::new(), |floor| significant(floor, 3))]
        };
        let cells = place.iter().map(|text| cell(text)).chain([seeds.to_string()]);
        cells.chain(found.iter().flat_map(pair)).collect::<Vec<String>>()
    };
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let note = "<p class=\"note\">± is the standard error of the mean over the seeds. Where less is better, a value \
                below its noise floor cannot be told from that of a perfect sample.</p>\n";
    format!("{note}{}", table(&head, places.iter().map(row)))
}

/// Returns the axes of a sweep.
fn of_axes(described: &Value) -> impl Iterator<Item = &Value> {
    let groups = described["axes"].as_array().into_iter().flatten();
    groups.flat_map(|group| group.as_array().into_iter().flatten())
}

fn axes(described: &Value) -> String {
    let axes = of_axes(described);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
    let row = |axis: &Value| {
        let values: Vec<String> = axis["values"].as_array().into_iter().flatten().map(text).collect();
        vec![escaped(&text(&axis["name"])), escaped(&values.join(", "))]
    };
    let script = escaped(described["script"].as_str().unwrap_or_default());
    let version = escaped(described["engine"]["version"].as_str().unwrap_or_default());
    format!("<p>sdflow {version}, script <code>{script}</code></p>\n{}", table(&["parameter", "values"], axes.map(row)))
}
