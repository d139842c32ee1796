//! The window that spreads a point over the cells of the grid, and the taps that turn the spread
//! points into a Gaussian.
//!
//! The window is that of Kaiser and Bessel, `phi(x) = I_0(beta sqrt(1 - (2 x / w)^2))` for `|x| <
//! w / 2`, with `w` cells, scaled so that its integral is 1. Its Fourier transform is `sinh(r) /
//! r`, up to a factor, with `r^2 = beta^2 - (w k / 2)^2`. Two windows, at the source and at the
//! query, divide the transform of the Gaussian twice; what remains is the transform of the taps
//! \[barnett2019parallel\].

use std::f64::consts::PI;
use std::sync::OnceLock;

/// The number of cells over which a point is spread, on every axis.
pub const WIDTH: usize = 10;

/// The number of cells per sigma.
pub const CELLS_PER_SIGMA: f64 = 2.85;

/// The number of taps on each side of a cell.
pub const REACH: usize = 16;

/// The number of sums that are carried together: the cells of a row and their sums lie in one
/// sequence of registers.
pub const CHANNELS: usize = 4;

/// The largest error of a weight between two points on a line, as a share of the largest weight.
/// It is the measured one for this width, reach and number of cells per sigma.
pub const ERROR: f64 = 1.2e-10;

/// Numbers of a window on the innermost axis, every one as often as there are channels.
pub const ROW: usize = WIDTH * CHANNELS;

/// Numbers of a window on another axis, padded to whole registers.
pub const PADDED: usize = 16;

/// The shape parameter `beta`. A larger one makes the window smoother and its transform wider.
const SHAPE: f64 = 0.8 * PI * WIDTH as f64;

/// The degree of the polynomials of the window.
const DEGREE: usize = 14;

/// The nodes of the integral over the frequencies.
const NODES: usize = 512;

/// The window as a polynomial for each of its cells. The variable is `2 t - 1`, if the first cell
/// lies `t`, between 0 and 1, behind the beginning of the window.
#[derive(Debug)]
pub struct Window {
    /// Highest degree first.
    pub outer: [[f64; PADDED]; DEGREE + 1],
    pub inner: [[f64; ROW]; DEGREE + 1],
}

impl Window {
    /// Returns the window, which is computed once.
    pub fn get() -> &'static Window {
        static WINDOW: OnceLock<Window> = OnceLock::new();
        WINDOW.get_or_init(Window::new)
    }

    fn new() -> Window {
        let mut window = Window { outer: [[0.0; PADDED]; DEGREE + 1], inner: [[0.0; ROW]; DEGREE + 1] };
        for cell in 0..WIDTH {
            let at = |y: f64| value(cell as f64 + 0.5 * (y + 1.0) - 0.5 * WIDTH as f64);
            for (degree, coefficient) in polynomial(at).into_iter().enumerate() {
                window.outer[DEGREE - degree][cell] = coefficient;
                window.inner[DEGREE - degree][cell * CHANNELS..(cell + 1) * CHANNELS].fill(coefficient);
            }
        }
        window
    }
}

/// Returns the taps for a Gaussian whose standard deviation is `sigma` cells: `f_0, f_1, ..`, equal
/// on both sides.
pub fn taps(sigma: f64) -> [f64; REACH + 1] {
    let mut taps = [0.0; REACH + 1];
    for node in 0..NODES {
        let k = PI * (node as f64 + 0.5) / NODES as f64;
        let gaussian = sigma * (2.0 * PI).sqrt() * (-0.5 * (sigma * k).powi(2)).exp();
        let share = gaussian / transform(k).powi(2) / NODES as f64;
        taps.iter_mut().enumerate().for_each(|(t, tap)| *tap += share * (k * t as f64).cos());
    }
    taps
}

/// Returns the window at the distance `x` from its centre, in cells.
fn value(x: f64) -> f64 {
    let inside = 1.0 - (2.0 * x / WIDTH as f64).powi(2);
    SHAPE / (WIDTH as f64 * SHAPE.sinh()) * bessel(SHAPE * inside.max(0.0).sqrt())
}

/// Returns the Fourier transform of the window at `k`, in radians per cell; 1 at 0.
fn transform(k: f64) -> f64 {
    let root = (SHAPE.powi(2) - (0.5 * WIDTH as f64 * k).powi(2)).sqrt();
    root.sinh() / root * SHAPE / SHAPE.sinh()
}

/// Returns the modified Bessel function `I_0`, by its power series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
    while term > f64::EPSILON * 1e-3 * sum {
        k += 1.0;
        term *= (0.5 * x / k).powi(2);
        sum += term;
    }
    sum
}

/// Returns the coefficients, lowest degree first, of the polynomial through the Chebyshev nodes of
/// a function on `[-1, 1]`.
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
        let window = Window::get();
        for step in 0..=64 {
            let y = f64::from(step) / 32.0 - 1.0;
            for cell in 0..WIDTH {
                let got = window.outer.iter().fold(0.0, |sum, row| sum * y + row[cell]);
                let want = value(cell as f64 + 0.5 * (y + 1.0) - 0.5 * WIDTH as f64);
                assert!((got - want).abs() < 1e-13, "{got} {want}");
                assert_eq!(window.outer[3][cell], window.inner[3][4 * cell + 2]);
            }
        }
    }

    #[test]
    fn two_windows_and_the_taps_are_a_gaussian() {
        let taps = taps(CELLS_PER_SIGMA);
        let cells = |x: f64| (x - 0.5 * WIDTH as f64).ceil() as i64..=(x + 0.5 * WIDTH as f64).floor() as i64;
        let mut worst = 0.0f64;
        for step in 0..400 {
            let (x, z) = (0.1 * f64::from(step % 10), 0.07 * f64::from(step));
            let mut sum = 0.0;
            for a in cells(x) {
                for b in cells(z).filter(|b| a.abs_diff(*b) as usize <= REACH) {
                    sum += value(a as f64 - x) * taps[a.abs_diff(b) as usize] * value(b as f64 - z);
                }
            }
            let want = (-0.5 * ((x - z) / CELLS_PER_SIGMA).powi(2)).exp();
            worst = worst.max((sum - want).abs());
        }
        assert!(worst < ERROR && worst > 0.2 * ERROR, "{worst:e}");
    }
}
