//! A spatial order of points, in which neighbours are close to each other. Pairwise sums skip
//! blocks of such an order. The parts of a k-d tree are ranges of such an order.

use crate::Points;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of points from whose coordinates an axis is chosen.
const SAMPLE: usize = 128;

/// The two halves of a part with more points are divided in parallel.
const PARALLEL: usize = 512;

/// A permutation of points into leaves of near neighbours.
#[derive(Debug)]
pub struct Order {
    /// The index of the point at each position.
    pub index: Vec<u32>,
    /// The position of each point.
    pub position: Vec<u32>,
    /// The sizes of blocks and leaves.
    sizes: (usize, usize),
}

/// The orders of the points of one call. Each order is computed when it is first needed, and only
/// once, because particles can be both queries and sources.
#[derive(Debug, Default)]
pub struct Orders<'a>(Mutex<Vec<(&'a Points, Arc<Order>)>>);

impl<'a> Orders<'a> {
    /// Returns the order of these points in blocks of this size, divided into leaves. The order is
    /// computed at the first call.
    pub fn of(&self, points: &'a Points, block: usize, leaf: usize) -> Arc<Order> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = orders.iter().find(|(of, order)| std::ptr::eq(*of, points) && order.sizes == (block, leaf));
        if let Some((_, order)) = made {
            return order.clone();
        }
        let order = Arc::new(Order::of(points, block, leaf));
        orders.push((points, order.clone()));
        order
    }
}

impl Order {
    /// Halves the points at the median of their widest axis until no part has more than `leaf`
    /// points. Parts with more than `block` points are split at multiples of `block`, so that
    /// blocks are parts of the tree. Cost `n log(n / leaf)`.
    pub fn of(points: &Points, block: usize, leaf: usize) -> Order {
        let mut items: Vec<(u64, u32)> = (0..points.n() as u32).map(|i| (0, i)).collect();
        divide(points, &mut items, (block, leaf));
        let mut position = vec![0; items.len()];
        for (p, (_, i)) in items.iter().enumerate() {
            position[*i as usize] = p as u32;
        }
        Order { index: items.into_iter().map(|(_, i)| i).collect(), position, sizes: (block, leaf) }
    }
}

/// Divides the items in place. Each item contains a sort key and the index of a point.
fn divide(points: &Points, items: &mut [(u64, u32)], (block, leaf): (usize, usize)) {
    let count = items.len();
    if count <= leaf {
        return;
    }
    let axis = widest_axis(points, items);
    items.iter_mut().for_each(|(key, i)| *key = sort_key(points.row(*i as usize)[axis]));
    let middle = middle(count, (block, leaf));
    items.select_nth_unstable(middle);
    let (low, high) = items.split_at_mut(middle);
    if count > PARALLEL {
        rayon::join(|| divide(points, low, (block, leaf)), || divide(points, high, (block, leaf)));
    } else {
        divide(points, low, (block, leaf));
        divide(points, high, (block, leaf));
    }
}

/// Returns the number of points in the first half of a part of `count` points, where `count` is
/// above `leaf`.
pub fn middle(count: usize, (block, leaf): (usize, usize)) -> usize {
    let unit = if count > block { block } else { leaf };
    ((count / 2).div_ceil(unit) * unit).min(count - 1)
}

/// Returns an integer for a number, such that the integers have the same order as the numbers.
pub fn sort_key(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits }
}

/// Returns the number with this [`sort_key`].
pub fn of_sort_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ (1 << 63) } else { !key })
}

/// Returns the axis with the largest variance over a sample.
fn widest_axis(points: &Points, items: &[(u64, u32)]) -> usize {
    let stride = items.len().div_ceil(SAMPLE);
    let mut sample = items.iter().step_by(stride).map(|(_, i)| points.row(*i as usize));
    let count = items.len().div_ceil(stride) as f64;
    let origin = sample.next().unwrap_or_default();
    let mut moments = vec![(0.0, 0.0); points.dim()];
    for row in sample {
        moments.iter_mut().zip(row).zip(origin).for_each(|((m, x), origin)| {
            let shifted = x - origin;
            *m = (m.0 + shifted, m.1 + shifted * shifted);
        });
    }
    let variance = |(sum, square): &(f64, f64)| square - sum * sum / count;
    let widest = moments.iter().enumerate().max_by(|a, b| variance(a.1).total_cmp(&variance(b.1)));
    widest.map_or(0, |(axis, _)| axis)
}

/// Returns `items` in the order of `index`.
pub fn permute<T>(items: Vec<T>, index: &[u32]) -> Vec<T>
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
    fn keys_rise_with_the_numbers() {
        let numbers = [f64::NEG_INFINITY, -1e9, -1.0, -1e-300, -0.0, 0.0, 1e-300, 0.5, 7.0, f64::INFINITY];
        assert!(numbers.is_sorted_by_key(|x| sort_key(*x)));
        assert!(numbers.iter().all(|x| of_sort_key(sort_key(*x)).to_bits() == x.to_bits()));
    }

    #[test]
    fn an_order_is_a_permutation_into_tight_leaves() {
        let points = Stream::new(1).normal(1000, 2);
        let order = Order::of(&points, 32, 32);
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
