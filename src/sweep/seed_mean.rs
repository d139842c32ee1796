//! Metrics averaged over seeds.

use super::table::CellRow;
use crate::record::Status;
use std::collections::{BTreeMap, BTreeSet};

/// The mean of a metric over cells that differ in the seed only.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedMean {
    /// The values of the axes, without the seed.
    pub place: Vec<(String, String)>,
    pub value: f64,
    /// The standard error of the mean if there are several seeds, otherwise that of the metric.
    pub se: Option<f64>,
    /// The number of seeds with a finite value.
    pub seeds: usize,
}

/// Returns the names of the metrics that finished cells measured, in alphabetical order.
pub fn measured<'a>(rows: &'a [CellRow]) -> Vec<&'a str> {
    let done = rows.iter().filter_map(|(_, record)| record.as_ref()).filter(|record| record.status == Status::Done);
    let names: BTreeSet<&'a str> = done.flat_map(|record| record.metrics.keys().map(String::as_str)).collect();
    names.into_iter().collect()
}

/// Returns the mean at every place where a finished cell has a finite value, in the plan's order.
pub fn means(rows: &[CellRow], metric: &str) -> Vec<SeedMean> {
    let mut places: Vec<Vec<(String, String)>> = Vec::new();
    let mut index: BTreeMap<Vec<(String, String)>, usize> = BTreeMap::new();
    let mut found: Vec<Vec<(f64, Option<f64>)>> = Vec::new();
    for (cell, record) in rows {
        let Some(record) = record.as_ref().filter(|record| record.status == Status::Done) else { continue };
        let Some(metric) = record.metrics.get(metric) else { continue };
        let Some(value) = metric.value else { continue };
        let at = *index.entry(cell.place()).or_insert_with(|| {
            places.push(cell.place());
            found.push(Vec::new());
            places.len() - 1
        });
        found[at].push((value, metric.se));
    }
    places.into_iter().zip(found).map(|(place, values)| mean(place, &values)).collect()
}

fn mean(place: Vec<(String, String)>, values: &[(f64, Option<f64>)]) -> SeedMean {
    let n = values.len() as f64;
    let value = values.iter().map(|(value, _)| value).sum::<f64>() / n;
    let se = match values {
        [(_, se)] => *se,
        _ => Some((values.iter().map(|(v, _)| (v - value).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()),
    };
    SeedMean { place, value, se, seeds: values.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_averaged() {
        let of = |values: &[(f64, Option<f64>)]| mean(Vec::new(), values);
        let mean = of(&[(1.0, Some(9.0)), (2.0, None), (3.0, None)]);
        assert_eq!((mean.value, mean.seeds), (2.0, 3));
        assert!((mean.se.unwrap() - (1.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(of(&[(1.5, Some(0.25))]).se, Some(0.25));
    }
}
