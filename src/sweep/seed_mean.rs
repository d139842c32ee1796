//! Metrics averaged over seeds.

use super::plan::assignments;
use super::table::CellRow;
use crate::record::Status;
use sdflow_dsl::cells::{Places, SeedMean, seed_mean};
use std::collections::BTreeSet;

/// The mean of a metric over cells that differ in the seed only.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceMean {
    /// The axes with their values, without the seed.
    pub place: Vec<(String, String)>,
    /// The mean over the seeds that have a finite value.
    pub mean: SeedMean,
    /// The mean of its noise floors, if they are known.
    pub floor: Option<f64>,
}

/// A place, the values of a metric there with their standard errors, and the noise floors.
struct Found {
    place: Vec<(String, String)>,
    values: Vec<(f64, Option<f64>)>,
    floors: Vec<f64>,
}

/// Returns the names of the metrics that finished cells measured, in alphabetical order.
pub fn metric_names<'a>(rows: &'a [CellRow]) -> Vec<&'a str> {
    let done = rows.iter().filter_map(|(_, record)| record.as_ref()).filter(|record| record.status == Status::Done);
    let names: BTreeSet<&'a str> = done.flat_map(|record| record.metrics.keys().map(String::as_str)).collect();
    names.into_iter().collect()
}

/// Returns the metric at every place where a finished cell has a finite value, in the order of the
/// plan.
pub fn means(rows: &[CellRow], metric: &str) -> Vec<PlaceMean> {
    let mut places = Places::default();
    for (cell, record) in rows {
        let Some(record) = record.as_ref().filter(|record| record.status == Status::Done) else { continue };
        let Some(metric) = record.metrics.get(metric) else { continue };
        let Some(value) = metric.value else { continue };
        let empty = || Found { place: cell.place(), values: Vec::new(), floors: Vec::new() };
        let found = places.at(assignments(&cell.place()), empty);
        found.values.push((value, metric.se));
        found.floors.extend(metric.floor);
    }
    let mean = |Found { place, values, floors }: &Found| PlaceMean {
        place: place.clone(),
        mean: seed_mean(values),
        floor: (!floors.is_empty()).then(|| floors.iter().sum::<f64>() / floors.len() as f64),
    };
    places.iter().map(mean).collect()
}
