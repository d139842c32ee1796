//! Places in a chart between two axes, and the map from points to such places.

use super::pca::View;

/// A point of the chart in the caller's units.
pub(super) type Spot = [f64; 2];

/// The map from points to a chart.
pub(super) enum ToSpot {
    Plain,
    Projected(View),
}

impl ToSpot {
    /// Returns the place of a point in the chart.
    pub fn of(&self, row: &[f64]) -> Spot {
        match self {
            ToSpot::Plain => [row[0], row[1]],
            ToSpot::Projected(view) => view.project(row),
        }
    }
}

/// Returns at most about 2,000 items of a long line: the lowest and the highest of each stretch, so
/// that no peak is lost.
pub(super) fn slim<T: Copy>(items: &[T], height: impl Fn(&T) -> f64) -> Vec<T> {
    const MOST: usize = 2000;
    if items.len() <= MOST {
        return items.to_vec();
    }
    let mut kept = Vec::with_capacity(MOST + 2);
    for stretch in items.chunks(items.len().div_ceil(MOST / 2)) {
        let order = |a: &usize, b: &usize| height(&stretch[*a]).total_cmp(&height(&stretch[*b]));
        let (low, high) = ((0..stretch.len()).min_by(order), (0..stretch.len()).max_by(order));
        let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
        kept.push(stretch[low.min(high)]);
        if low != high {
            kept.push(stretch[low.max(high)]);
        }
    }
    kept.extend(items.last());
    kept
}
