//! A k-d tree, which finds the nearest points without computing the distances to all points
//! \[friedman1977algorithm\].

#[cfg(test)]
mod tests;

use super::kd_order::{Order, middle};
use super::{Points, squared_distance};

/// The largest number of points of a leaf in up to [`FEW`] dimensions, and in more dimensions. In
/// many dimensions most boxes are searched, so fewer and larger boxes are used.
const LEAF: [usize; 2] = [16, 64];
const FEW: usize = 8;

/// The relative margin for the rounding of distances: with it, no box is farther away than its
/// points.
const ROUNDING: f64 = 1e-9;

/// Points in nested boxes. A search visits the nearer of two boxes first, and leaves out boxes that
/// are too far away. In many dimensions a search visits nearly all points.
#[derive(Debug)]
pub struct KdTree {
    /// The points in the order of the tree, and the index of each among the caller's points.
    rows: Points,
    index: Vec<u32>,
    /// The boxes. A box comes before its two parts, and its first part follows it directly.
    nodes: Vec<Node>,
    /// For each box, its smallest coordinates and then its largest coordinates.
    bounds: Vec<f64>,
}

/// A box: the range of its points, and the place of its second part, which is 0 for a leaf.
#[derive(Debug)]
struct Node {
    from: u32,
    to: u32,
    second: u32,
}

impl KdTree {
    /// Builds the tree of these points. Cost `n d log n`, and a copy of the points.
    pub fn of(points: &Points) -> KdTree {
        let leaf = LEAF[usize::from(points.dim() > FEW)];
        let index = Order::of(points, leaf, leaf).index;
        let data = index.iter().flat_map(|i| points.row(*i as usize)).copied().collect();
        let rows = Points { data, dim: points.dim() };
        let mut tree = KdTree { rows, index, nodes: Vec::new(), bounds: Vec::new() };
        tree.grow(0, points.n(), leaf);
        tree
    }

    /// Adds the box of the points `from..to` and its parts. Returns its place.
    fn grow(&mut self, from: usize, to: usize, leaf: usize) -> usize {
        let (place, dim) = (self.nodes.len(), self.rows.dim());
        self.nodes.push(Node { from: from as u32, to: to as u32, second: 0 });
        self.bounds.extend(std::iter::repeat_n(f64::INFINITY, dim).chain(std::iter::repeat_n(f64::NEG_INFINITY, dim)));
        if to - from <= leaf {
            for at in from * dim..to * dim {
                let x = self.rows.data[at];
                self.stretch(place, at % dim, x, x);
            }
            return place;
        }
        let at = from + middle(to - from, (leaf, leaf));
        let parts = [self.grow(from, at, leaf), self.grow(at, to, leaf)];
        for part in parts {
            for k in 0..dim {
                let (low, high) = (self.bounds[2 * dim * part + k], self.bounds[2 * dim * part + dim + k]);
                self.stretch(place, k, low, high);
            }
        }
        self.nodes[place].second = parts[1] as u32;
        place
    }

    /// Stretches a box along an axis so that it contains this interval.
    fn stretch(&mut self, place: usize, axis: usize, low: f64, high: f64) {
        let dim = self.rows.dim();
        let bounds = &mut self.bounds[2 * dim * place..][..2 * dim];
        bounds[axis] = bounds[axis].min(low);
        bounds[dim + axis] = bounds[dim + axis].max(high);
    }

    /// Visits every point whose squared distance from `x` is at most `limit`, the points of nearer
    /// boxes first. `visit` receives the index and the squared distance of the point, and returns
    /// the new limit, which may be smaller.
    pub fn search(&self, x: &[f64], limit: f64, mut visit: impl FnMut(usize, f64) -> f64) {
        let mut limit = limit;
        self.search_in(0, self.squared_distance(0, x), x, &mut limit, &mut visit);
    }

    fn search_in(
        &self,
        place: usize,
        apart: f64,
        x: &[f64],
        limit: &mut f64,
        visit: &mut impl FnMut(usize, f64) -> f64,
    ) {
        if apart * (1.0 - ROUNDING) > *limit {
            return;
        }
        match self.nearer_first(place, x) {
            Some(parts) => parts.into_iter().for_each(|(part, apart)| self.search_in(part, apart, x, limit, visit)),
            None => self.of_leaf(place, x).for_each(|(i, square)| {
                if square <= *limit {
                    *limit = visit(i, square);
                }
            }),
        }
    }

    /// Returns the two parts of a box with their squared distances from `x`; None for a leaf.
    fn nearer_first(&self, place: usize, x: &[f64]) -> Option<[(usize, f64); 2]> {
        let [a, b] = self.parts(place)?.map(|part| (part, self.squared_distance(part, x)));
        Some(if b.1 < a.1 { [b, a] } else { [a, b] })
    }

    /// Returns the two parts of a box; None for a leaf.
    fn parts(&self, place: usize) -> Option<[usize; 2]> {
        let second = self.nodes[place].second as usize;
        (second > 0).then_some([place + 1, second])
    }

    /// Returns the index and the squared distance from `x` of every point of a leaf.
    fn of_leaf<'a>(&'a self, leaf: usize, x: &'a [f64]) -> impl Iterator<Item = (usize, f64)> + 'a {
        let Node { from, to, .. } = self.nodes[leaf];
        (from..to).map(move |p| {
            let p = p as usize;
            (self.index[p] as usize, squared_distance(x, self.rows.row(p)))
        })
    }

    /// Returns the squared distance between `x` and a box; 0 inside it.
    fn squared_distance(&self, place: usize, x: &[f64]) -> f64 {
        let dim = self.rows.dim();
        let (low, high) = self.bounds[2 * dim * place..][..2 * dim].split_at(dim);
        let square = |x: f64, low: f64, high: f64| {
            let gap = (low - x).max(x - high).max(0.0);
            gap * gap
        };
        // Several partial sums are used, as in the distance of points.
        let ((x4, x), (low4, low), (high4, high)) = (x.as_chunks::<4>(), low.as_chunks::<4>(), high.as_chunks::<4>());
        let mut sums = [0.0; 4];
        for ((x, low), high) in x4.iter().zip(low4).zip(high4) {
            (0..4).for_each(|k| sums[k] += square(x[k], low[k], high[k]));
        }
        let rest: f64 = x.iter().zip(low.iter().zip(high)).map(|(x, (low, high))| square(*x, *low, *high)).sum();
        sums.iter().sum::<f64>() + rest
    }

    /// Returns the squared distance of the `k`-th nearest point, `k` from 1; infinite if there are
    /// fewer points. The point `but`, if there is one, does not count. `near` is working memory.
    pub fn kth(&self, x: &[f64], k: usize, but: Option<usize>, near: &mut Vec<f64>) -> f64 {
        near.clear();
        let mut limit = f64::INFINITY;
        self.search(x, limit, |i, square| {
            if Some(i) == but {
                return limit;
            }
            // A few more than `k` distances are collected, and then cut to the smallest `k`.
            near.push(square);
            if near.len() == k + k.div_ceil(2) {
                limit = nearest_few(near, k).next_down();
            }
            limit
        });
        if near.len() < k { f64::INFINITY } else { nearest_few(near, k) }
    }

    /// Returns the index and the squared distance of the nearest point. Of several points at the
    /// smallest distance, it returns the one that the search visits first.
    pub fn nearest(&self, x: &[f64]) -> (usize, f64) {
        let mut best = (usize::MAX, f64::INFINITY);
        self.search(x, f64::INFINITY, |i, square| {
            best = (i, square);
            square.next_down()
        });
        best
    }
}

/// Keeps the `k` smallest of at least `k` numbers, and returns the largest of them.
fn nearest_few(near: &mut Vec<f64>, k: usize) -> f64 {
    let last = *near.select_nth_unstable_by(k - 1, f64::total_cmp).1;
    near.truncate(k);
    last
}

/// Balls of different radii around points.
#[derive(Debug)]
pub struct Balls<'a> {
    tree: &'a KdTree,
    radii: &'a [f64],
    /// The largest radius in each box of the tree.
    largest: Vec<f64>,
}

impl<'a> Balls<'a> {
    /// Returns the balls with these radii around the points of a tree.
    pub fn of(tree: &'a KdTree, radii: &'a [f64]) -> Balls<'a> {
        let mut largest = vec![0.0; tree.nodes.len()];
        for (place, node) in tree.nodes.iter().enumerate().rev() {
            largest[place] = match tree.parts(place) {
                Some([first, second]) => f64::max(largest[first], largest[second]),
                None => (node.from..node.to).map(|p| radii[tree.index[p as usize] as usize]).fold(0.0, f64::max),
            };
        }
        Balls { tree, radii, largest }
    }

    /// True if `x` lies inside a ball or on its surface.
    pub fn contain(&self, x: &[f64]) -> bool {
        self.contain_in(0, self.tree.squared_distance(0, x), x)
    }

    fn contain_in(&self, place: usize, apart: f64, x: &[f64]) -> bool {
        if apart.sqrt() * (1.0 - ROUNDING) > self.largest[place] {
            return false;
        }
        match self.tree.nearer_first(place, x) {
            Some(parts) => parts.into_iter().any(|(part, apart)| self.contain_in(part, apart, x)),
            None => self.tree.of_leaf(place, x).any(|(i, square)| square.sqrt() <= self.radii[i]),
        }
    }
}
