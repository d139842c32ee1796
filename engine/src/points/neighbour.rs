//! Nearest neighbours, found exactly, by a tree.

pub(crate) use super::kd_tree::{Balls, KdTree};
use crate::{Error, Interrupt, Points, Result, Subject};
use rayon::prelude::*;

/// The number of queries between two checks of the interrupt.
const ROWS: usize = 64;

/// Returns the results of `f` for all queries, in order, computed in parallel. The arguments of `f`
/// are the index of the query, the query, and working memory.
///
/// # Errors
/// An interrupt.
pub(crate) fn over<T: Send>(
    queries: &Points,
    interrupt: &Interrupt,
    f: impl Fn(usize, &[f64], &mut Vec<f64>) -> T + Sync,
) -> Result<Vec<T>> {
    let blocks: Result<Vec<Vec<T>>> = (0..queries.n().div_ceil(ROWS))
        .into_par_iter()
        .map_init(Vec::new, |working, block| {
            interrupt.check()?;
            let rows = block * ROWS..queries.n().min((block + 1) * ROWS);
            Ok(rows.map(|i| f(i, queries.row(i), working)).collect())
        })
        .collect();
    Ok(blocks?.into_iter().flatten().collect())
}

/// Returns the distance of every query to the `k`-th nearest point of a tree, `k` from 1. With
/// `own`, query `i` is point `i`, and this point does not count. The distance is infinite if there
/// are too few points. For `n` queries and `m` points in few dimensions `d`, the cost is
/// proportional to `n log m`. It is never much more than the cost of all distances, `n m d`.
///
/// # Errors
/// An interrupt.
pub(crate) fn distances(
    queries: &Points,
    tree: &KdTree,
    k: usize,
    own: bool,
    interrupt: &Interrupt,
) -> Result<Vec<f64>> {
    over(queries, interrupt, |i, x, near| tree.kth(x, k, own.then_some(i), near).sqrt())
}

/// Checks that `neighbours` is at least 1 and that there are enough points.
///
/// # Errors
/// The check fails.
pub(crate) fn check_count(neighbours: usize, what: Subject, points: &Points, least: usize) -> Result<()> {
    if neighbours == 0 {
        return Err(Error::argument("neighbours", 0, "at least 1 is needed"));
    }
    if points.n() < least {
        return Err(Error::shape(
            what,
            format!("{} rows", points.n()),
            format!("{least} are needed for {neighbours} neighbours"),
        ));
    }
    Ok(())
}

/// Returns the points, in their order, without a `share` of them: those whose `k`-th nearest other
/// point is farthest. These are outliers and points where the density is low
/// \[ramaswamy2000efficient\]. The number of removed points is rounded down. Points at equal
/// distances are all removed or all kept: if many distances are equal, fewer points than that share
/// are removed.
///
/// # Errors
/// A coordinate is larger than 1e150, or an interrupt.
pub fn trim(points: &Points, share: f64, k: usize, interrupt: &Interrupt) -> Result<Points> {
    points.check_scale("the set of points")?;
    let far = distances(points, &KdTree::of(points), k, true, interrupt)?;
    let kept = points.n() - (share * points.n() as f64) as usize;
    let mut sorted = far.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let limit = sorted[..kept].last().copied().unwrap_or(f64::INFINITY);
    let near: Vec<usize> = (0..points.n()).filter(|i| far[*i] <= limit).collect();
    Ok(points.select(&near))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_a_line() {
        let line = Points::from_rows(&[[0.0], [1.0], [3.0], [7.0]]).unwrap();
        let tree = KdTree::of(&line);
        let of = |k, own| distances(&line, &tree, k, own, &Interrupt::default()).unwrap();
        assert_eq!(of(1, false), [0.0; 4]);
        assert_eq!(of(1, true), [1.0, 1.0, 2.0, 4.0]);
        assert_eq!(of(2, true), [3.0, 2.0, 3.0, 6.0]);
        assert_eq!(trim(&line, 0.49, 1, &Interrupt::default()).unwrap().data(), [0.0, 1.0, 3.0]);
        assert_eq!(trim(&line, 0.5, 1, &Interrupt::default()).unwrap().data(), [0.0, 1.0]);
        assert_eq!(trim(&line, 0.0, 2, &Interrupt::default()).unwrap(), line);
        // The first two points have equal distances to their neighbours, so the order of the points
        // does not decide.
        assert_eq!(trim(&line, 0.75, 1, &Interrupt::default()).unwrap().data(), [0.0, 1.0]);
        let stop = Interrupt::default();
        stop.raise();
        assert_eq!(distances(&line, &tree, 1, true, &stop), Err(crate::Error::Interrupted));
    }
}
