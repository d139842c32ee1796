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

/// The number of cells over which a point is spread, on every axis.
pub const WIDTH: usize = 14;

/// The number of cells per sigma.
pub const CELLS_PER_SIGMA: f64 = 4.0;

/// The number of taps on each side of a cell.
pub const REACH: usize = 43;

/// The number of sums that are carried together: the cells of a row and their sums lie in one
/// sequence of registers.
pub const CHANNELS: usize = 4;

/// The distance, in units of sigma, up to which the relative error of the kernel on a line is at
/// most 3e-7. Pairs farther apart lose a part of their weight.
pub const RANGE: f64 = 9.0;

/// The largest relative error of the kernel on a line, measured.
#[cfg(test)]
const ERROR: f64 = 3e-7;

/// Numbers of a row of the window: every cell as often as there are channels.
pub const ROW: usize = WIDTH * CHANNELS;

/// Numbers of a window, padded to whole registers.
pub const PADDED: usize = 16;

/// The standard deviation `a` of the window, in cells. A smaller `a` needs finer cells, and a
/// larger `a` needs more cells per window.
const NARROW: f64 = 0.95;

/// The degree of the polynomials of the window.
const DEGREE: usize = 12;

/// The window as a polynomial for each of its cells, the coefficients of the highest degree first.
/// The variable is `2 t - 1`, where `t`, between 0 and 1, is the distance of the first cell from
/// the beginning of the window.
pub type Window = [[f64; PADDED]; DEGREE + 1];

/// Returns the window, which is computed once.
pub fn window() -> &'static Window {
    static WINDOW: OnceLock<Window> = OnceLock::new();
    WINDOW.get_or_init(|| {
        let mut window = [[0.0; PADDED]; DEGREE + 1];
        let of_cell = |cell: usize| polynomial(|y| value(cell as f64 + 0.5 * (y + 1.0) - 0.5 * WIDTH as f64));
        for (cell, coefficients) in (0..WIDTH).map(of_cell).enumerate() {
            let highest_first = coefficients.into_iter().rev();
            window.iter_mut().zip(highest_first).for_each(|(row, coefficient)| row[cell] = coefficient);
        }
        window
    })
}

/// Returns the taps: `f_0, f_1, ..`, equal on both sides.
pub fn taps() -> [f64; REACH + 1] {
    let square = CELLS_PER_SIGMA.powi(2) - 2.0 * NARROW.powi(2);
    // At distance 0, the product of the three Gaussians, summed over the cells, is 1.
    let first = CELLS_PER_SIGMA / (2.0 * PI * NARROW.powi(2) * square.sqrt());
    std::array::from_fn(|t| first * (-0.5 * (t * t) as f64 / square).exp())
}

/// Returns the window at the distance `x` from its centre, in cells.
fn value(x: f64) -> f64 {
    (-0.5 * (x / NARROW).powi(2)).exp()
}

/// Returns the sum of the window over all cells, the mass of a spread point on one axis.
pub fn mass() -> f64 {
    (2.0 * PI).sqrt() * NARROW
}

/// Returns the coefficients, lowest degree first, of the polynomial that equals a function at the
/// Chebyshev nodes of `[-1, 1]`.
fn polynomial(f: impl Fn(f64) -> f64) -> [f64; DEGREE + 1] {
    let count = (DEGREE + 1) as f64;
    let angle = |node: usize| PI * (node as f64 + 0.5) / count;
    let mut coefficients = [0.0; DEGREE + 1];
    // The Chebyshev polynomials T_{n-1} and T_n.
    let (mut last, mut now) = ([0.0; DEGREE + 1], [0.0; DEGREE + 1]);
    now[0] = 1.0;
    for n in 0..=DEGREE {
        let sum: f64 = (0..=DEGREE).map(|node| f(angle(node).cos()) * (n as f64 * angle(node)).cos()).sum();
        let share = if n == 0 { sum / count } else { 2.0 * sum / count };
        let mut next = [0.0; DEGREE + 1];
        for degree in 0..=DEGREE {
            coefficients[degree] += share * now[degree];
            let raised = if degree == 0 { 0.0 } else { now[degree - 1] };
            next[degree] = if n == 0 { raised } else { 2.0 * raised - last[degree] };
        }
        (last, now) = (now, next);
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_the_window() {
        for step in 0..=64 {
            let y = f64::from(step) / 32.0 - 1.0;
            for cell in 0..WIDTH {
                let got = window().iter().fold(0.0, |sum, row| sum * y + row[cell]);
                let begin = cell as f64 - 0.5 * WIDTH as f64;
                let (want, largest) = (value(begin + 0.5 * (y + 1.0)), value(begin).max(value(begin + 1.0)));
                assert!((got - want).abs() < 1e-8 * largest, "{cell} {y}: {got} {want}");
            }
        }
    }

    #[test]
    fn two_windows_and_the_taps_are_a_gaussian_at_any_distance() {
        let taps = taps();
        let cells = |x: f64| {
            let first = (x - 0.5 * WIDTH as f64).ceil() as i64;
            first..first + WIDTH as i64
        };
        let mut worst = 0.0f64;
        for step in 0..=360 {
            let (x, z) = (0.1 * f64::from(step % 10), 0.1 * f64::from(step));
            let mut sum = 0.0;
            for a in cells(x) {
                for b in cells(z).filter(|b| a.abs_diff(*b) as usize <= REACH) {
                    sum += value(a as f64 - x) * taps[a.abs_diff(b) as usize] * value(b as f64 - z);
                }
            }
            let distance = (x - z) / CELLS_PER_SIGMA;
            assert!(distance.abs() <= RANGE);
            worst = worst.max((sum / (-0.5 * distance.powi(2)).exp() - 1.0).abs());
        }
        assert!(worst < ERROR && worst > 0.3 * ERROR, "{worst:e}");
    }
}
