//! Densities of one and of two coordinates as curves and as contours.

use crate::call::Call;
use crate::language::Fail;
use sdflow::Points;
use sdflow::plot::{self, Chart, Colour, Contours, Curve};
use sdflow::target::{Density, Target};
use std::sync::Arc;

/// The number of points that are sampled from a target for a picture.
pub const DRAWN: usize = 2000;

/// The number of values of a density along an axis, in one and in two dimensions.
const DENSE: [usize; 2] = [1000, 240];

/// Contour lines enclose these shares of the mass of a density.
const SHARES: [f64; 3] = [0.5, 0.8, 0.95];

/// Adds the density of a target of one or two coordinates, over the region of a sample or, if it
/// cannot be sampled, of the points of the chart.
pub fn add_density(
    mut chart: Chart,
    call: &Call,
    (label, behind): (&str, bool),
    (target, density): (&Arc<dyn Target>, &dyn Density),
    points: Option<&[(f64, f64)]>,
) -> Result<Chart, Fail> {
    // Only a density that cannot be sampled has an unknown constant.
    let sample = target.sample(DRAWN, call.context.stream("picture")).ok().map(Arc::new);
    let own = sample.as_ref().and_then(|points| Chart::default().with(plot::Cloud::new(Arc::clone(points))).region());
    let others = || points.filter(|ends| ends.len() == target.dim()).map(<[_]>::to_vec);
    let region = own.or_else(others).ok_or_else(|| {
        let fail =
            call.bad(0, format!("holds {}", target.name()), "its region is unknown, because it cannot be sampled");
        fail.hint("draw points too: plot([points, target], ..)")
    })?;
    let log_density = |at: &Points| {
        let mut values = Vec::new();
        density.log_density(at, 0.0, &mut values).map(|()| values).map_err(|e| call.place(e))
    };
    let label = if label.is_empty() { "density" } else { label };
    let grey = (behind || chart.layers.is_empty()).then_some(Colour::GREY);
    let axes: Vec<Vec<f64>> = region.iter().map(|ends| line(*ends, 0.15, DENSE[region.len() - 1])).collect();
    if let [axis] = axes.as_slice() {
        let names = [chart.coordinates.first().filter(|name| !name.is_empty()).map_or("x", String::as_str), "density"];
        let names = names.map(String::from);
        for (axis, name) in [&mut chart.x, &mut chart.y].into_iter().zip(names) {
            if axis.label.is_empty() {
                axis.label = name;
            }
        }
        let curve = curve(axis.clone(), sample.as_deref(), log_density)?;
        return Ok(chart.with(Curve { colour: grey, ..curve.label(label) }));
    }
    let values = log_density(&grid(&axes))?;
    let edge = edge(&values, axes[0].len());
    let mut contours = Contours::of_mass(axes[0].clone(), axes[1].clone(), values, &SHARES);
    match sample {
        Some(points) => contours.levels = levels(log_density(&points)?),
        None if contours.levels.iter().any(|level| *level < edge) => call.context.note_once(&format!(
            "plot: the lines of {label} end at the edge of the points, and the mass beyond is not counted"
        )),
        None => {}
    }
    Ok(chart.with(Contours { colour: grey, ..contours.label(format!("{label} (50, 80, 95 %)")) }))
}

/// Returns the curve of a density of one coordinate over an axis. Without a sample the constant of
/// the density is unknown, and the curve is scaled to an integral of 1.
fn curve(
    mut x: Vec<f64>,
    sample: Option<&Points>,
    log_density: impl Fn(&Points) -> Result<Vec<f64>, Fail>,
) -> Result<Curve, Fail> {
    // The density is also evaluated at the sample, to find peaks that are narrower than the grid.
    let (low, high) = (x[0], x[x.len() - 1]);
    x.extend(sample.iter().flat_map(|points| points.data()).filter(|v| (low..=high).contains(*v)));
    x.sort_by(f64::total_cmp);
    x.dedup();
    let values = log_density(&grid(std::slice::from_ref(&x)))?;
    if sample.is_some() {
        return Ok(Curve::new(x, values.into_iter().map(f64::exp).collect()));
    }
    let top = values.iter().copied().filter(|v| v.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    let y: Vec<f64> = values.iter().map(|v| (v - top).exp()).collect();
    let trapezoid = |i: usize| 0.5 * (y[i] + y[i + 1]) * (x[i + 1] - x[i]);
    let total: f64 = (0..x.len() - 1).map(trapezoid).filter(|v| v.is_finite()).sum();
    let y = y.iter().map(|v| v / total).collect();
    Ok(Curve::new(x, y))
}

/// Returns the log density that each of [`SHARES`] of a sample exceeds; `of_sample` holds the log
/// densities of the sample.
fn levels(mut of_sample: Vec<f64>) -> Vec<f64> {
    of_sample.sort_by(|a, b| b.total_cmp(a));
    let rank = |share: f64| ((of_sample.len() as f64 * share) as usize).min(of_sample.len() - 1);
    SHARES.map(|share| of_sample[rank(share)]).to_vec()
}

/// Returns the largest value at the edges of a grid with this number of columns.
fn edge(values: &[f64], columns: usize) -> f64 {
    let rows = values.len() / columns;
    let is_edge = |i: usize| {
        i.is_multiple_of(columns) || i % columns == columns - 1 || i / columns == 0 || i / columns == rows - 1
    };
    (0..values.len()).filter(|&i| is_edge(i)).map(|i| values[i]).fold(f64::NAN, f64::max)
}

/// Returns `count` evenly spaced values from `low` to `high`, a range that is first extended at
/// both ends by `beyond` times its length.
pub fn line((low, high): (f64, f64), beyond: f64, count: usize) -> Vec<f64> {
    let length = if high > low { high - low } else { 1.0 };
    let (from, length) = (low - beyond * length, (1.0 + 2.0 * beyond) * length);
    (0..count).map(|i| from + length * i as f64 / (count - 1) as f64).collect()
}

/// Returns the points of a grid, in which the first coordinate changes fastest.
pub fn grid(axes: &[Vec<f64>]) -> Points {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new()];
    for axis in axes.iter().rev() {
        let with =
            |row: &Vec<f64>| axis.iter().map(|v| std::iter::once(*v).chain(row.iter().copied()).collect()).collect();
        rows = rows.iter().flat_map(|row| -> Vec<Vec<f64>> { with(row) }).collect();
    }
    Points::from_rows(&rows).unwrap_or_default()
}
