//! Points in an order in which neighbours are near each other: what skipping lives on.

use crate::Points;

/// Points looked at when an axis is chosen.
const SAMPLE: usize = 128;

/// A permutation of points into leaves of near neighbours.
#[derive(Debug)]
pub struct Order {
    /// The index of the point at each position.
    pub index: Vec<u32>,
    /// The position of each point.
    pub position: Vec<u32>,
}

impl Order {
    /// Halves the points at the median of their widest axis until no part has more than `leaf` points.
    /// Cost `n log(n / leaf)` comparisons.
    pub fn of(points: &Points, leaf: usize) -> Order {
        let mut index: Vec<u32> = (0..points.n() as u32).collect();
        divide(points, &mut index, leaf);
        let mut position = vec![0; index.len()];
        for (p, i) in index.iter().enumerate() {
            position[*i as usize] = p as u32;
        }
        Order { index, position }
    }
}

fn divide(points: &Points, index: &mut [u32], leaf: usize) {
    if index.len() <= leaf {
        return;
    }
    let axis = widest_axis(points, index);
    // Cuts at whole leaves, so that blocks and leaves coincide.
    let middle = (index.len() / 2).div_ceil(leaf) * leaf;
    let key = |i: u32| points.row(i as usize)[axis];
    index.select_nth_unstable_by(middle.min(index.len() - 1), |a, b| key(*a).total_cmp(&key(*b)).then(a.cmp(b)));
    let (low, high) = index.split_at_mut(middle.min(index.len() - 1));
    rayon::join(|| divide(points, low, leaf), || divide(points, high, leaf));
}

/// The axis with the largest variance over a sample.
fn widest_axis(points: &Points, index: &[u32]) -> usize {
    let stride = index.len().div_ceil(SAMPLE);
    let sample: Vec<&[f64]> = index.iter().step_by(stride).map(|i| points.row(*i as usize)).collect();
    let count = sample.len() as f64;
    let mut moments = vec![(0.0, 0.0); points.dim()];
    for row in &sample {
        moments.iter_mut().zip(*row).zip(sample[0]).for_each(|((m, x), origin)| {
            let shifted = x - origin;
            *m = (m.0 + shifted, m.1 + shifted * shifted);
        });
    }
    let variance = |(sum, square): &(f64, f64)| square - sum * sum / count;
    let widest = moments.iter().enumerate().max_by(|a, b| variance(a.1).total_cmp(&variance(b.1)));
    widest.map_or(0, |(axis, _)| axis)
}

/// `items` in the order of `index`.
pub fn permuted<T>(items: Vec<T>, index: &[u32]) -> Vec<T>
where
    T: Send + Default,
{
    let mut items = items;
    index.iter().map(|i| std::mem::take(&mut items[*i as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn an_order_is_a_permutation_into_tight_leaves() {
        let points = Stream::new(1).normal(1000, 2);
        let order = Order::of(&points, 32);
        let mut sorted = order.index.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().enumerate().all(|(i, s)| i == *s as usize));
        assert!(order.index.iter().enumerate().all(|(p, i)| order.position[*i as usize] == p as u32));
        let spread: f64 = order
            .index
            .chunks(32)
            .map(|leaf| points.select(&leaf.iter().map(|i| *i as usize).collect::<Vec<_>>()).spread())
            .sum();
        assert!(spread / 32.0 < 0.5 * points.spread());
    }
}
