//! Memorisation: how much points repeat their training data.

use super::estimate::variance_of_share;
use crate::points::neighbour;
use crate::{Error, Interrupt, Points, Result, Subject};

/// Returns the memorisation and its standard error over points. Of the points whose nearest data
/// point would by chance be a held-out point, it is the share whose nearest data point is a
/// training point instead.
///
/// Let `s` be the share of points whose nearest neighbour among `N` training and `m` held-out
/// points is a training point, and `c = N / (N + m)` the expectation of `s` for fresh samples. The
/// result is `(s - c) / (1 - c)`. It is 0 for fresh samples, independent of the two sizes; 1 for
/// copies of the training data; and negative for copies of the held-out data. Ties count half. The
/// standard error of a single point is NaN. Cost: `n (N + m) d`, in parallel.
///
/// # Errors
/// Dimensions differ, a set is empty, or an interrupt.
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
    }
    let nearest = |set: &Points| {
        neighbour::over_distances(points, set, interrupt, |_, squares| {
            squares.iter().copied().fold(f64::INFINITY, f64::min)
        })
    };
    let (trained, held) = (nearest(train)?, nearest(held_out)?);
    let hits: Vec<f64> = (trained.iter().zip(&held))
        .map(|(trained, held)| match trained.total_cmp(held) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        })
        .collect();
    let n = points.n() as f64;
    let share = hits.iter().sum::<f64>() / n;
    let chance = train.n() as f64 / (train.n() + held_out.n()) as f64;
    Ok(((share - chance) / (1.0 - chance), variance_of_share(share, n).sqrt() / (1.0 - chance)))
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
}
