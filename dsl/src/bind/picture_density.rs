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

/// The shares of the mass of a density around which lines are drawn.
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
    // Only a density without samples lacks its constant.
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
    let is_grey = behind || chart.layers.is_empty();
    let mut axes: Vec<Vec<f64>> = region.iter().map(|ends| line(*ends, 0.15, DENSE[region.len() - 1])).collect();
    if let [axis] = axes.as_mut_slice() {
        // The sample finds peaks that are narrower than the grid.
        let (low, high) = (axis[0], axis[axis.len() - 1]);
        let inside = |x: &&f64| (low..=high).contains(*x);
        axis.extend(sample.iter().flat_map(|points| points.data().iter().filter(inside).copied()));
        axis.sort_by(f64::total_cmp);
        axis.dedup();
        let values = log_density(&grid(&axes))?;
        for (axis, name) in [(&mut chart.x, "x"), (&mut chart.y, "density")] {
            if axis.label.is_empty() {
                axis.label = name.into();
            }
        }
        let curve = curve_of_density(&axes[0], &values, sample.is_some()).label(label);
        return Ok(chart.with(if is_grey { curve.colour(Colour::GREY) } else { curve }));
    }
    let values = log_density(&grid(&axes))?;
    let [x, y] = [axes[0].clone(), axes[1].clone()];
    let (known, edges) = (sample.is_some(), edges(&values, x.len()));
    let mut contours = Contours::of_mass(x, y, values, &SHARES);
    if let Some(points) = sample {
        // The share of a sample above a level is the mass inside its line.
        let mut sorted = log_density(&points)?;
        sorted.sort_by(|a, b| b.total_cmp(a));
        contours.levels =
            SHARES.map(|share| sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]).to_vec();
    }
    let lowest = contours.levels.iter().copied().fold(f64::INFINITY, f64::min);
    if !edges.is_nan() && edges > lowest && !known {
        call.context.note_once(&format!(
            "plot: the lines of {label} end at the edge of the points, and the mass beyond is not counted"
        ));
    }
    let contours = contours.label(format!("{label} (50, 80, 95 %)"));
    Ok(chart.with(if is_grey { contours.colour(Colour::GREY) } else { contours }))
}

/// Returns the largest value at the edges of a grid with this number of columns.
fn edges(values: &[f64], columns: usize) -> f64 {
    let rows = values.len() / columns;
    let is_edge = |i: usize| {
        i.is_multiple_of(columns) || i % columns == columns - 1 || i / columns == 0 || i / columns == rows - 1
    };
    (0..values.len()).filter(|&i| is_edge(i)).map(|i| values[i]).fold(f64::NAN, f64::max)
}

/// Returns a density, with an integral of 1 over the axis if its constant is unknown.
fn curve_of_density(x: &[f64], log_density: &[f64], is_normalised: bool) -> Curve {
    let finite = || log_density.iter().copied().filter(|v| v.is_finite());
    let top = if is_normalised { 0.0 } else { finite().fold(f64::NEG_INFINITY, f64::max) };
    let y: Vec<f64> = log_density.iter().map(|v| (v - top).exp()).collect();
    let trapezoid = |i: usize| 0.5 * (y[i] + y[i + 1]) * (x[i + 1] - x[i]);
    let total: f64 = (0..x.len() - 1).map(trapezoid).filter(|v| v.is_finite()).sum();
    let total = if is_normalised { 1.0 } else { total };
    Curve::new(x.to_vec(), y.into_iter().map(|v| v / total).collect())
}

/// Returns evenly spaced values between two ends that lie `beyond` times their distance outside.
pub fn line((low, high): (f64, f64), beyond: f64, count: usize) -> Vec<f64> {
    let length = if high > low { high - low } else { 1.0 };
    let (from, length) = (low - beyond * length, (1.0 + 2.0 * beyond) * length);
    (0..count).map(|i| from + length * i as f64 / (count - 1) as f64).collect()
}

/// Returns the points of a grid, the first coordinate changing fastest.
pub fn grid(axes: &[Vec<f64>]) -> Points {
    let mut rows: Vec<Vec<f64>> = vec![Vec::new()];
    for axis in axes.iter().rev() {
        let with =
            |row: &Vec<f64>| axis.iter().map(|v| std::iter::once(*v).chain(row.iter().copied()).collect()).collect();
        rows = rows.iter().flat_map(|row| -> Vec<Vec<f64>> { with(row) }).collect();
    }
    Points::from_rows(&rows).unwrap_or_default()
}
