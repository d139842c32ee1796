//! Ticks at the values of curves that have few values, such as the dimensions of an experiment.

use super::chart::{Chart, Layer};
use super::scale::{Scale, minus};

/// The largest number of values that get ticks.
const FEW: usize = 8;

/// The width of a digit of a label and the least gap between labels, in shares of the usual
/// distance of two ticks.
const DIGIT: f64 = 0.1;
const GAP: f64 = 0.12;

/// Returns the abscissas of the marked curves of a chart in ascending order. It is empty if there
/// are more than a few, or if the chart has other layers that show a horizontal extent.
pub(super) fn few_values(chart: &Chart) -> Vec<f64> {
    let mut values = Vec::new();
    for layer in &chart.layers {
        match layer {
            Layer::Curve(curve) if curve.marked => values.extend(curve.x.iter().filter(|x| x.is_finite())),
            Layer::Level(_) => {}
            _ => return Vec::new(),
        }
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        if values.len() > FEW {
            return Vec::new();
        }
    }
    values
}

/// Returns ticks at these values of an axis that usually has about `wanted` ticks; None if there
/// are fewer than two values, or if their labels would be long or would touch.
pub(super) fn ticks_at(values: &[f64], scale: &Scale, wanted: f64) -> Option<Vec<(f64, String)>> {
    let is_short = |v: &f64| v.to_string().len() <= 6;
    let ticks: Vec<(f64, String)> = values.iter().map(|v| (*v, minus(v.to_string()))).collect();
    let has_room = |pair: &[(f64, String)]| {
        let digits = (pair[0].1.chars().count() + pair[1].1.chars().count()) as f64 / 2.0;
        wanted * (scale.fraction(pair[1].0) - scale.fraction(pair[0].0)) > digits * DIGIT + GAP
    };
    (values.len() > 1 && values.iter().all(is_short) && ticks.windows(2).all(has_room)).then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Curve, Level};
    use super::*;
    use crate::plot::extent::Extent;

    #[test]
    fn few_values_get_ticks() {
        let curve = |x: &[f64]| Curve::new(x.to_vec(), vec![1.0; x.len()]).marked();
        let chart = Chart::new("").with(curve(&[2.0, 16.0, 64.0])).with(curve(&[2.0, 256.0])).with(Level::new(1.0, ""));
        let values = few_values(&chart);
        assert_eq!(values, [2.0, 16.0, 64.0, 256.0]);
        let axis = Axis { log: true, values, ..Axis::default() };
        let scale = |axis: &Axis| Scale::new(axis, Extent { low: 2.0, high: 256.0 }, 6.0);
        let labels: Vec<String> = scale(&axis).ticks.into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["2", "16", "64", "256"]);
        // On a linear axis, the labels of 2 and 16 would touch; and many values have no ticks.
        let linear = Axis { log: false, ..axis };
        assert_eq!(scale(&linear).ticks[0].0, 0.0 + scale(&Axis::default()).ticks[0].0);
        assert!(few_values(&chart.with(curve(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]))).is_empty());
    }
}
