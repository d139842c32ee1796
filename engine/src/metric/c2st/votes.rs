//! The classifier by nearest neighbours.

use crate::points::neighbour::{self, KdTree};
use crate::{Interrupt, Points, Result};

/// Returns the default number of neighbours that vote among `count` training points.
pub fn usual(count: usize) -> usize {
    (count as f64).sqrt() as usize
}

/// Returns the predictions for both test sets: 1 for the first set, 0 for the second, 1/2 for a
/// tie. An even number of `voters` is increased by one. With `queries` test points, the cost is
/// proportional to `queries (voters + log(n + m))` in few dimensions, and otherwise to `queries
/// (n + m) d`. The test points are divided among threads.
///
/// # Errors
/// An interrupt.
pub fn predict(train: [&Points; 2], test: [&Points; 2], voters: usize, interrupt: &Interrupt) -> Result<[Vec<f64>; 2]> {
    let tree = KdTree::of(&train[0].concat(train[1])?);
    let voters = voters.clamp(1, train[0].n() + train[1].n() - 1) | 1;
    let of = |queries| neighbour::over(queries, interrupt, |_, x, near| verdict(&tree, train[0].n(), x, voters, near));
    Ok([of(test[0])?, of(test[1])?])
}

/// Returns the prediction of the `voters` nearest training points: 1 for the points, 0 for the
/// reference, 1/2 for a tie. The training points before the index `first` are the points, the
/// others the reference. All training points at the distance of the last voter share the remaining
/// votes equally, so that the order of equal points has no effect.
fn verdict(tree: &KdTree, first: usize, x: &[f64], voters: usize, near: &mut Vec<f64>) -> f64 {
    let last = tree.kth(x, voters, None, near);
    let (mut nearer, mut tied) = ([0.0; 2], [0.0; 2]);
    tree.search(x, last, |i, square| {
        let count = if square < last { &mut nearer } else { &mut tied };
        count[usize::from(i >= first)] += 1.0;
        last
    });
    let ([nearer, nearer_other], [tied, tied_other]) = (nearer, tied);
    let left = voters as f64 - nearer - nearer_other;
    // Twice the votes for the points minus all votes, multiplied by the number of tied points, so
    // that all numbers are whole.
    let majority = (2.0 * nearer - voters as f64) * (tied + tied_other) + 2.0 * left * tied;
    0.5 * (1.0 + if majority == 0.0 { 0.0 } else { majority.signum() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict at 0 for training points at `places`. Those before the index `first` are the
    /// points, the others the reference.
    fn verdict_of(places: &[f64], first: usize, voters: usize) -> f64 {
        let tree = KdTree::of(&Points::new(places.to_vec(), 1, "places").unwrap());
        verdict(&tree, first, &[0.0], voters, &mut Vec::new())
    }

    #[test]
    fn equal_distances_share_their_votes() {
        // Without ties: of the three nearest, two are own points and one is another.
        assert_eq!(verdict_of(&[0.1, 0.2, 9.0, 0.3, 8.0, 7.0], 3, 3), 1.0);
        // All are at one distance: 2 own points and 3 others share three votes. Three of each give
        // a tie.
        assert_eq!(verdict_of(&[1.0, -1.0, 1.0, 1.0, 1.0], 2, 3), 0.0);
        assert_eq!(verdict_of(&[1.0; 6], 3, 3), 0.5);
        // One own point is nearest. One own point and one other share the two votes left: 2 of 3
        // votes are own.
        assert_eq!(verdict_of(&[0.5, 1.0, 4.0, -1.0, 5.0, 6.0], 3, 3), 1.0);
        // The order of the points does not matter.
        assert_eq!(verdict_of(&[4.0, 1.0, 0.5, 6.0, 5.0, 1.0], 3, 3), 1.0);
        assert_eq!(verdict_of(&[1.0, 5.0, 6.0, 1.0, 0.5, 4.0], 3, 3), 0.0);
    }
}
