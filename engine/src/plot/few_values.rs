//! Ticks at the values of curves that have few values, such as the dimensions of an experiment.

use super::chart::{Chart, Layer};
use super::tick_text::minus;

/// The largest number of values that get ticks.
const FEW: usize = 8;

/// The width of a digit of a label and the least gap between labels, in shares of the usual
/// distance of two ticks.
const DIGIT: f64 = 0.1;
const GAP: f64 = 0.12;

/// Returns the abscissas of the marked curves of a chart in ascending order, without those at which
/// no curve has a value. The result is empty if there are more than a few, or if the chart has
/// other layers that show a horizontal extent.
pub(super) fn few_values(chart: &Chart) -> Vec<f64> {
    let mut values = Vec::new();
    for layer in &chart.layers {
        match layer {
            Layer::Curve(curve) if curve.marked => {
                let known = curve.x.iter().zip(&curve.y).filter(|(x, y)| x.is_finite() && y.is_finite());
                values.extend(known.map(|(x, _)| *x).filter(|x| !chart.x.log || *x > 0.0));
            }
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
/// are fewer than two values, or if their labels would be long or would touch. `fraction` returns
/// the position of a value between the ends of the axis.
pub(super) fn ticks_at(values: &[f64], fraction: impl Fn(f64) -> f64, wanted: f64) -> Option<Vec<(f64, String)>> {
    let is_short = |v: &f64| v.to_string().len() <= 6;
    let ticks: Vec<(f64, String)> = values.iter().map(|v| (*v, minus(v.to_string()))).collect();
    let has_room = |pair: &[(f64, String)]| {
        let digits = (pair[0].1.chars().count() + pair[1].1.chars().count()) as f64 / 2.0;
        wanted * (fraction(pair[1].0) - fraction(pair[0].0)) > digits * DIGIT + GAP
    };
    (values.len() > 1 && values.iter().all(is_short) && ticks.windows(2).all(has_room)).then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::super::{Curve, Level};
    use super::*;

    #[test]
    fn curves_with_few_places_are_found() {
        let curve = |x: &[f64]| Curve::new(x.to_vec(), vec![1.0; x.len()]).marked();
        let chart = Chart::new("").with(curve(&[2.0, 16.0, 64.0])).with(curve(&[2.0, 256.0])).with(Level::new(1.0, ""));
        assert_eq!(few_values(&chart), [2.0, 16.0, 64.0, 256.0]);
        assert!(few_values(&chart.with(curve(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]))).is_empty());
        // A place without a value has no tick.
        let gap = Curve::new(vec![1.0, 2.0, 3.0], vec![f64::NAN, 1.0, 1.0]).marked();
        assert_eq!(few_values(&Chart::new("").with(gap)), [2.0, 3.0]);
    }
}
