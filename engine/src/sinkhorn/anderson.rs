//! Anderson acceleration of a fixed-point iteration \[walker2011anderson\].
//!
//! For a map `G` with the residuals `r_k = G(f_k) - f_k`, the next iterate is `G(f_k) - sum_l w_l
//! (G(f_{l+1}) - G(f_l))`, where the weights minimise `|r_k - sum_l w_l (r_{l+1} - r_l)|` over the
//! last few differences. If the linear part of the map is symmetric, as here, the extrapolation is
//! close to a method of conjugate directions. The number of iterations is then about the square
//! root of the number without acceleration.

use faer::Mat;
use faer::linalg::solvers::Solve;
use std::collections::VecDeque;

/// The share of the largest diagonal element that is added to the diagonal of the normal equations.
const RIDGE: f64 = 1e-12;

/// The last differences of residuals and of images of the map.
#[derive(Debug, Default)]
pub struct Anderson {
    most: usize,
    /// Differences of residuals, each with the difference of images.
    differences: VecDeque<(Vec<f64>, Vec<f64>)>,
    /// The Gram matrix of the differences of residuals.
    products: VecDeque<VecDeque<f64>>,
    /// The last residual and image.
    last: Option<(Vec<f64>, Vec<f64>)>,
}

impl Anderson {
    /// Creates an extrapolation from at most `most` differences.
    pub fn new(most: usize) -> Anderson {
        Anderson { most, ..Anderson::default() }
    }

    /// Forgets all iterates.
    pub fn clear(&mut self) {
        self.differences.clear();
        self.products.clear();
        self.last = None;
    }

    /// Replaces `f` by the next iterate, given its image `next` under the map; sums of squares are
    /// weighted by `masses`.
    pub fn advance(&mut self, f: &mut [f64], next: &[f64], masses: &[f64]) {
        let residual: Vec<f64> = next.iter().zip(f.iter()).map(|(g, f)| g - f).collect();
        if let Some((before, image)) = self.last.take() {
            let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
            self.push((minus(&residual, &before), minus(next, &image)), masses);
        }
        f.copy_from_slice(next);
        if let Some(weights) = self.weights(&residual, masses) {
            for ((_, image), w) in self.differences.iter().zip(&weights) {
                f.iter_mut().zip(image).for_each(|(f, d)| *f -= w * d);
            }
        }
        if self.most > 0 {
            self.last = Some((residual, next.to_vec()));
        }
    }

    /// Adds a difference, and drops the oldest if there are already `most`. Cost `k n` for `k`
    /// differences.
    fn push(&mut self, difference: (Vec<f64>, Vec<f64>), masses: &[f64]) {
        if self.differences.len() == self.most {
            self.differences.pop_front();
            self.products.pop_front();
            for row in &mut self.products {
                row.pop_front();
            }
        }
        self.differences.push_back(difference);
        let Some((newest, _)) = self.differences.back() else { return };
        let row: VecDeque<f64> = self.differences.iter().map(|(other, _)| dot(newest, other, masses)).collect();
        self.products.iter_mut().zip(&row).for_each(|(earlier, product)| earlier.push_back(*product));
        self.products.push_back(row);
    }

    /// Returns the weights of the differences; None if there are no differences or the equations do
    /// not determine the weights.
    fn weights(&self, residual: &[f64], masses: &[f64]) -> Option<Vec<f64>> {
        let largest = self.products.iter().enumerate().map(|(i, row)| row[i]).fold(0.0, f64::max);
        let mut equations: Vec<Vec<f64>> = self.products.iter().map(|row| row.iter().copied().collect()).collect();
        for (i, (row, (difference, _))) in equations.iter_mut().zip(&self.differences).enumerate() {
            row[i] += RIDGE * largest;
            row.push(dot(difference, residual, masses));
        }
        if equations.is_empty() { None } else { solve(&equations) }
    }
}

/// Returns `sum_i m_i a_i b_i`.
fn dot(a: &[f64], b: &[f64], masses: &[f64]) -> f64 {
    a.iter().zip(b).zip(masses).map(|((a, b), m)| m * a * b).sum()
}

/// Solves linear equations by Gaussian elimination with partial pivoting; None if they are
/// singular. A row contains the coefficients and the right-hand side.
fn solve(rows: &[Vec<f64>]) -> Option<Vec<f64>> {
    let k = rows.len();
    let mut out = Mat::from_fn(k, 1, |i, _| rows[i][k]);
    Mat::from_fn(k, k, |i, j| rows[i][j]).partial_piv_lu().solve_in_place(&mut out);
    let out: Vec<f64> = (0..k).map(|i| out[(i, 0)]).collect();
    out.iter().all(|w| w.is_finite()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_with_a_zero_on_the_diagonal_are_solved() {
        assert_eq!(solve(&[vec![0.0, 2.0, 4.0], vec![1.0, 1.0, 5.0]]), Some(vec![3.0, 2.0]));
        assert_eq!(solve(&[vec![1.0, 1.0, 4.0], vec![2.0, 2.0, 5.0]]), None);
    }

    /// A symmetric linear map of three dimensions reaches its fixed point after three differences.
    #[test]
    fn a_linear_map_is_solved_in_as_many_steps_as_it_has_dimensions() {
        let (rates, fixed) = ([0.99, 0.9, 0.5], [1.0, -2.0, 3.0]);
        let mut anderson = Anderson::new(5);
        let mut f = vec![0.0; 3];
        for _ in 0..5 {
            let next: Vec<f64> = (0..3).map(|i| fixed[i] + rates[i] * (f[i] - fixed[i])).collect();
            anderson.advance(&mut f, &next, &[0.3, 0.3, 0.4]);
        }
        f.iter().zip(fixed).for_each(|(f, want)| assert!((f - want).abs() < 1e-8, "{f} {want}"));
    }
}
