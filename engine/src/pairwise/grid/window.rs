//! The window that spreads a point over the cells of the grid, and the taps that turn the spread
//! points into a Gaussian.
//!
//! The window at the source, the taps and the window at the query are Gaussians with the variances
//! `a^2`, `b^2` and `a^2`, and `2 a^2 + b^2 = sigma^2`. As a function of the cells, their product
//! for one source and one query is a Gaussian as well, whose width does not depend on the distance.
//! The sum over the cells is therefore the kernel up to the same small *relative* error at every
//! distance, as long as the window and the taps are long enough to contain the product
//! \[greengard2004accelerating\]. All terms are positive, so that nothing cancels, and the sum of a
//! query far from all sources is as accurate as any other sum.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// The number of sums that are carried together: the cells of a row and their sums lie in one
/// sequence of registers.
pub const CHANNELS: usize = 4;

/// Numbers of the factors of a window along an axis, padded to whole registers. No window has more
/// cells.
pub const PADDED: usize = 16;

/// A window and its taps. Lengths are in cells.
#[derive(Debug)]
pub struct Window {
    /// The largest relative error of a sum.
    pub tolerance: f64,
    /// The number of cells over which a point is spread, on every axis.
    pub width: usize,
    /// The smallest number of cells per sigma.
    pub cells_per_sigma: f64,
    /// The number of taps on each side of a cell for this number of cells per sigma.
    reach: usize,
    /// The distance, in units of sigma, up to which the relative error of the kernel on a line is
    /// at most a third of the tolerance. Pairs farther apart lose a part of their weight.
    pub range: f64,
    /// The standard deviation `a` of the window. A smaller `a` needs finer cells, and a larger `a`
    /// needs more cells per window.
    narrow: f64,
    /// The degree of the polynomials of the window.
    degree: usize,
    rows: OnceLock<Vec<[f64; PADDED]>>,
}

/// All windows, the one with the largest tolerance first.
static WINDOWS: [Window; 2] = [
    Window {
        tolerance: 1e-3,
        width: 10,
        cells_per_sigma: 2.25,
        reach: 24,
        range: 8.0,
        narrow: 0.76,
        degree: 10,
        rows: OnceLock::new(),
    },
    Window {
        tolerance: 1e-6,
        width: 14,
        cells_per_sigma: 4.0,
        reach: 43,
        range: 9.0,
        narrow: 0.95,
        degree: 12,
        rows: OnceLock::new(),
    },
];

impl Window {
    /// Returns the fastest window that keeps this tolerance; None if no window does.
    pub fn of(tolerance: f64) -> Option<&'static Window> {
        WINDOWS.iter().find(|window| window.tolerance <= tolerance)
    }

    /// Returns the window as a polynomial for each of its cells, the coefficients of the highest
    /// degree first. The variable is `2 t - 1`, where `t`, between 0 and 1, is the distance of the
    /// first cell from the beginning of the window.
    pub fn rows(&self) -> &[[f64; PADDED]] {
        self.rows.get_or_init(|| {
            let mut rows = vec![[0.0; PADDED]; self.degree + 1];
            let half = 0.5 * self.width as f64;
            let of_cell = |cell: usize| polynomial(self.degree, |y| self.value(cell as f64 + 0.5 * (y + 1.0) - half));
            for (cell, coefficients) in (0..self.width).map(of_cell).enumerate() {
                let highest_first = coefficients.into_iter().rev();
                rows.iter_mut().zip(highest_first).for_each(|(row, coefficient)| row[cell] = coefficient);
            }
            rows
        })
    }

    /// Returns the number of taps on each side of a cell.
    pub fn reach(&self, cells_per_sigma: f64) -> usize {
        // The rounding of a ratio must not add a tap.
        let reach = self.reach as f64 * cells_per_sigma / self.cells_per_sigma;
        (reach * (1.0 - 1e-12)).ceil() as usize
    }

    /// Returns the distance, in units of sigma, up to which there are taps.
    pub fn reach_in_sigmas(&self) -> f64 {
        self.reach as f64 / self.cells_per_sigma
    }

    /// Returns the taps `f_0, f_1, ..`, equal on both sides, for at least
    /// [`Window::cells_per_sigma`] cells per sigma.
    pub fn taps(&self, cells_per_sigma: f64) -> Vec<f64> {
        let square = cells_per_sigma.powi(2) - 2.0 * self.narrow.powi(2);
        // At distance 0, the product of the three Gaussians, summed over the cells, is 1.
        let first = cells_per_sigma / (2.0 * PI * self.narrow.powi(2) * square.sqrt());
        (0..=self.reach(cells_per_sigma)).map(|t| first * (-0.5 * (t * t) as f64 / square).exp()).collect()
    }

    /// Returns the window at the distance `x` from its centre.
    fn value(&self, x: f64) -> f64 {
        (-0.5 * (x / self.narrow).powi(2)).exp()
    }

    /// Returns the variance of the window.
    pub fn variance(&self) -> f64 {
        self.narrow * self.narrow
    }

    /// Returns the sum of the window over all cells, the mass of a spread point on one axis.
    pub fn mass(&self) -> f64 {
        (2.0 * PI).sqrt() * self.narrow
    }
}

/// Returns the coefficients, lowest degree first, of the polynomial that equals a function at the
/// Chebyshev nodes of `[-1, 1]`.
fn polynomial(degree: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let count = (degree + 1) as f64;
    let angle = |node: usize| PI * (node as f64 + 0.5) / count;
    let mut coefficients = vec![0.0; degree + 1];
    // The Chebyshev polynomials T_{n-1} and T_n.
    let (mut last, mut now) = (vec![0.0; degree + 1], vec![0.0; degree + 1]);
    now[0] = 1.0;
    for n in 0..=degree {
        let sum: f64 = (0..=degree).map(|node| f(angle(node).cos()) * (n as f64 * angle(node)).cos()).sum();
        let share = if n == 0 { sum / count } else { 2.0 * sum / count };
        let mut next = vec![0.0; degree + 1];
        for power in 0..=degree {
            coefficients[power] += share * now[power];
            let raised = if power == 0 { 0.0 } else { now[power - 1] };
            next[power] = if n == 0 { raised } else { 2.0 * raised - last[power] };
        }
        (last, now) = (now, next);
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_window_that_keeps_the_tolerance() {
        for (tolerance, width) in [(1.0, Some(10)), (1e-3, Some(10)), (9e-4, Some(14)), (1e-6, Some(14)), (9e-7, None)]
        {
            assert_eq!(Window::of(tolerance).map(|window| window.width), width, "{tolerance}");
        }
        assert!(Window::of(f64::NAN).is_none());
    }

    #[test]
    fn polynomials_are_the_window() {
        for window in &WINDOWS {
            for step in 0..=64 {
                let y = f64::from(step) / 32.0 - 1.0;
                for cell in 0..window.width {
                    let got = window.rows().iter().fold(0.0, |sum, row| sum * y + row[cell]);
                    let begin = cell as f64 - 0.5 * window.width as f64;
                    let want = window.value(begin + 0.5 * (y + 1.0));
                    let largest = window.value(begin).max(window.value(begin + 1.0));
                    assert!((got - want).abs() < 0.01 * window.tolerance * largest, "{cell} {y}: {got} {want}");
                }
            }
        }
    }

    #[test]
    fn two_windows_and_the_taps_are_a_gaussian_at_any_distance() {
        for (window, finer) in WINDOWS.iter().flat_map(|window| [(window, 1.0), (window, 1.2), (window, 1.414)]) {
            let cells_per_sigma = finer * window.cells_per_sigma;
            let taps = window.taps(cells_per_sigma);
            let half = 0.5 * window.width as f64;
            let cells = |x: f64| {
                let first = (x - half).ceil() as i64;
                first..first + window.width as i64
            };
            let mut worst = 0.0f64;
            for step in 0.. {
                let (x, z) = (0.1 * f64::from(step % 10), 0.1 * f64::from(step));
                let distance = (x - z) / cells_per_sigma;
                if distance.abs() > window.range {
                    break;
                }
                let mut sum = 0.0;
                for a in cells(x) {
                    for b in cells(z).filter(|b| (a.abs_diff(*b) as usize) < taps.len()) {
                        let tap = taps[a.abs_diff(b) as usize];
                        sum += window.value(a as f64 - x) * tap * window.value(b as f64 - z);
                    }
                }
                worst = worst.max((sum / (-0.5 * distance.powi(2)).exp() - 1.0).abs());
            }
            let most = 0.3 * window.tolerance;
            assert!(worst < most && (finer > 1.0 || worst > 0.3 * most), "{finer} {worst:e}");
        }
    }
}
