//! Metrics averaged over seeds.

use super::plan::assignments;
use super::table::CellRow;
use crate::record::Status;
use sdflow_dsl::cells::{OverSeeds, Places, SeedMean};
use std::collections::BTreeSet;

/// The mean of a metric over cells that differ in the seed only.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceMean {
    /// The axes with their values, without the seed.
    pub place: Vec<(String, String)>,
    /// The mean over the seeds that have a finite value.
    pub mean: SeedMean,
    /// The mean of the noise floors of the metric, if they are known.
    pub floor: Option<f64>,
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
        let (_, seeds) = places.at(assignments(&cell.place()), || (cell.place(), OverSeeds::default()));
        seeds.push(value, metric.se, metric.floor);
    }
    let mean = |(place, seeds): &(Vec<(String, String)>, OverSeeds)| PlaceMean {
        place: place.clone(),
        mean: seeds.mean(),
        floor: seeds.floor(),
    };
    places.iter().map(mean).collect()
}
