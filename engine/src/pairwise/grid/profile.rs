//! The radial function that a box of cells is convolved with.

use crate::pairwise::{Kernel, Part};

/// A sum of kernels with positive factors, or of their slopes; or the square of the value of a
/// kernel.
#[derive(Debug, Clone)]
pub struct Profile {
    terms: Vec<(Kernel, f64)>,
    part: Part,
    is_squared: bool,
}

impl Profile {
    /// Creates the sum of a part of each kernel, multiplied by its factor.
    pub fn of(terms: &[(Kernel, f64)], part: Part) -> Profile {
        Profile { terms: terms.to_vec(), part, is_squared: false }
    }

    /// Returns the square.
    pub fn squared(&self) -> Profile {
        Profile { is_squared: true, ..self.clone() }
    }

    /// Returns the function at a squared distance.
    pub fn at(&self, square: f64) -> f64 {
        let of = |kernel: &Kernel| match self.part {
            Part::Value => kernel.value(square),
            Part::Slope => kernel.slope(square),
        };
        let sum: f64 = self.terms.iter().map(|(kernel, factor)| factor * of(kernel)).sum();
        if self.is_squared { sum * sum } else { sum }
    }

    /// Returns the largest width of a cell that keeps the tolerance; None if a kernel has no grid.
    /// The square of a kernel takes cells of half the width.
    pub fn cell(&self, tolerance: f64) -> Option<f64> {
        let of = |kernel: &Kernel| Some(kernel.bandwidth() / kernel.cells_per_bandwidth(self.part, tolerance)?);
        let cells: Option<Vec<f64>> = self.terms.iter().map(|(kernel, _)| of(kernel)).collect();
        let narrowest = cells?.into_iter().fold(f64::INFINITY, f64::min);
        Some(if self.is_squared { 0.5 * narrowest } else { narrowest })
    }
}
