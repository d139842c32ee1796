//! Histograms of clouds of one coordinate.

use super::chart::{Chart, Layer};
use super::extent::{Extent, LARGEST};

/// The bins of the histograms of a chart. All clouds of one coordinate in the chart share them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    low: f64,
    width: f64,
    count: usize,
}

impl Bins {
    /// Returns the bins. Their number is the square root of the size of the smallest cloud, but at
    /// least 8 and at most 80.
    pub fn of(chart: &Chart) -> Bins {
        let clouds = chart.layers.iter().filter_map(|l| if let Layer::Cloud(c) = l { Some(c) } else { None });
        let (mut extent, mut fewest) = (Extent::NONE, usize::MAX);
        for cloud in clouds.filter(|c| c.points.dim() == 1) {
            let drawable = cloud.points.data().iter().copied().filter(|v| v.abs() <= LARGEST);
            extent = extent.join(Extent::trim(drawable.collect()));
            fewest = fewest.min(cloud.points.n());
        }
        let count = ((fewest as f64).sqrt() as usize).clamp(8, 80);
        // If all values are equal, they lie in the middle of an interval of length 1. Far from 0
        // the interval is longer, so that f64 resolves it.
        let (low, length) = match extent.high - extent.low {
            length if length > 1e-9 * extent.high.abs().max(extent.low.abs()) => (extent.low, length),
            _ => (extent.low - 0.5 * extent.low.abs().max(1.0), extent.low.abs().max(1.0)),
        };
        Bins { low, width: length / count as f64, count }
    }

    /// Returns the outline of the histogram of `values`, as a density.
    pub fn outline(self, values: &[f64]) -> Vec<[f64; 2]> {
        let Bins { low, width, count } = self;
        let mut counts = vec![0usize; count];
        let high = low + count as f64 * width;
        for v in values.iter().filter(|v| (low..=high).contains(*v)) {
            counts[(((v - low) / width) as usize).min(count - 1)] += 1;
        }
        let mut spots = vec![[low, 0.0]];
        for (i, c) in counts.iter().enumerate() {
            let density = *c as f64 / (values.len() as f64 * width);
            spots.push([low + i as f64 * width, density]);
            spots.push([low + (i + 1) as f64 * width, density]);
        }
        spots.push([high, 0.0]);
        spots
    }
}
