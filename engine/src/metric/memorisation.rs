//! Memorisation: how much points repeat their training data.

use crate::points::neighbour::{self, KdTree};
use crate::{Error, Interrupt, Points, Result, Subject};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Returns the memorisation and its standard error over points. The memorisation is 0 if the
/// nearest data point is a training point as often as by chance, and 1 if it always is a training
/// point.
///
/// Let `s` be the share of points whose nearest neighbour among `N` training and `m` held-out
/// points is a training point, and `c = N / (N + m)` the expectation of `s` for fresh samples. The
/// result is `(s - c) / (1 - c)`. For all sizes `N` and `m` it is 0 for fresh samples, 1 for copies
/// of the training data, and negative for copies of the held-out data. If several data points are
/// nearest, the share of the training points among them counts. The
/// standard error treats points with the same nearest data point as one observation; for a single
/// point it is NaN. In few dimensions the cost is proportional to `n log(N + m)`, otherwise to `n
/// (N + m) d`.
///
/// # Errors
/// Dimensions differ, a set is empty, a coordinate is larger than 1e150, or an interrupt.
pub fn memorisation(points: &Points, train: &Points, held_out: &Points, interrupt: &Interrupt) -> Result<(f64, f64)> {
    train.check_dim(Subject::several("the training points"), points.dim(), "the cloud")?;
    held_out.check_dim(Subject::several("the held-out points"), points.dim(), "the cloud")?;
    for (what, set) in [
        (Subject::from("the cloud"), points),
        (Subject::several("the training points"), train),
        (Subject::several("the held-out points"), held_out),
    ] {
        if set.n() == 0 {
            return Err(Error::shape(what, "no rows", "at least one is needed"));
        }
        set.check_scale("a set of points")?;
    }
    let [train_rows, held_rows] = [train, held_out].map(DistinctRows::of);
    let nearest = |rows: &DistinctRows| neighbour::over(points, interrupt, |_, x, _| rows.tree.nearest(x));
    let (trained, held) = (nearest(&train_rows)?, nearest(&held_rows)?);
    let ties = |x: &[f64], square: f64| {
        let own = train_rows.count(x, square);
        own / (own + held_rows.count(x, square))
    };
    let shares = neighbour::over(points, interrupt, |i, x, _| match trained[i].1.total_cmp(&held[i].1) {
        Ordering::Less => 1.0,
        Ordering::Equal => ties(x, trained[i].1),
        Ordering::Greater => 0.0,
    });
    let hits: Vec<f64> = shares?;
    let n = points.n() as f64;
    let share = hits.iter().sum::<f64>() / n;
    let chance = train.n() as f64 / (train.n() + held_out.n()) as f64;
    // Points with the same nearest data point count as one observation. The numbers of training and
    // of held-out points are given, so the mean excess of each of these two sets has no part in the
    // variance.
    let mut excess = [vec![0.0; train.n()], vec![0.0; held_out.n()]];
    for ((hit, trained), held) in hits.iter().zip(&trained).zip(&held) {
        let [own, other] = &mut excess;
        *(if *hit > 0.0 { &mut own[trained.0] } else { &mut other[held.0] }) += (hit - share) / n;
    }
    let squares = |sums: &Vec<f64>| {
        sums.iter().map(|x| x * x).sum::<f64>() - sums.iter().sum::<f64>().powi(2) / sums.len() as f64
    };
    let variance = if n > 1.0 { excess.iter().map(squares).sum::<f64>().max(0.0) } else { f64::NAN };
    Ok(((share - chance) / (1.0 - chance), variance.sqrt() / (1.0 - chance)))
}

/// The distinct rows of a set of points: rounded data have few.
struct DistinctRows {
    tree: KdTree,
    /// The number of points of each row.
    counts: Vec<f64>,
}

impl DistinctRows {
    fn of(points: &Points) -> DistinctRows {
        let (mut places, mut first, mut counts) = (HashMap::new(), Vec::new(), Vec::new());
        for (i, row) in points.iter().enumerate() {
            // 0 and -0 are equal.
            let bits: Vec<u64> = row.iter().map(|x| (x + 0.0).to_bits()).collect();
            let place = *places.entry(bits).or_insert_with(|| {
                first.push(i);
                counts.push(0.0);
                counts.len() - 1
            });
            counts[place] += 1.0;
        }
        DistinctRows { tree: KdTree::of(&points.select(&first)), counts }
    }

    /// Returns the number of points at this squared distance from `x`, which is the smallest.
    fn count(&self, x: &[f64], square: f64) -> f64 {
        let mut count = 0.0;
        self.tree.search(x, square, |row, _| {
            count += self.counts[row];
            square
        });
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn fresh_points_score_zero_and_copies_one() {
        let set = |name: &str, n: usize| Stream::new(1).label(name).normal(n, 3);
        let (train, held, fresh) = (set("train", 800), set("held", 200), set("fresh", 4000));
        let (share, se) = memorisation(&fresh, &train, &held, &Interrupt::default()).unwrap();
        // The neighbours are random too, which adds to the error over points.
        assert!(share.abs() < 0.15 && se < 0.05, "{share} {se}");
        assert_eq!(memorisation(&train, &train, &held, &Interrupt::default()).unwrap().0, 1.0);
        assert!((memorisation(&held, &train, &held, &Interrupt::default()).unwrap().0 + 4.0).abs() < 1e-12);
        assert_eq!(memorisation(&train, &train, &train, &Interrupt::default()).unwrap().0, 0.0);
        assert!(memorisation(&fresh, &train, &Points::zeros(3, 2), &Interrupt::default()).is_err());
    }

    /// Rounded data have many equal points. For fresh points, each tied data point is a training
    /// point with the probability `N / (N + m)`, whatever the sizes are.
    #[test]
    fn ties_count_by_their_shares() {
        let rounded = |name: &str, n: usize| {
            let mut points = Stream::new(1).label(name).normal(n, 1);
            points.data_mut().iter_mut().for_each(|x| *x = (2.0 * *x).round());
            points
        };
        let (fresh, train) = (rounded("fresh", 2000), rounded("train", 400));
        for held_out in [100, 400, 1600] {
            let held_out = rounded("held", held_out);
            for points in [&fresh, &train] {
                let (value, se) = memorisation(points, &train, &held_out, &Interrupt::default()).unwrap();
                assert!(value.abs() < 0.15, "{} held-out points: {value} {se}", held_out.n());
            }
        }
    }
}
