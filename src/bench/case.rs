//! A case of the benchmark: the task that is measured, and its points.

use sdflow::flow::Noise;
use sdflow::pairwise::{Backend, Choice, Isa, Pairwise, PairwiseOptions, Precision};
use sdflow::points::no_room;
use sdflow::{Error, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One score difference.
    Pairwise,
    /// One step of a flow.
    Flow,
    /// Iterations of Sinkhorn's algorithm.
    Sinkhorn,
    /// Training steps of a net.
    Net,
    /// One step of the flow of drifting models.
    Drift,
}

/// The kind of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    /// Targets `N(1, I/4)`, particles `N(0, I)`.
    #[default]
    Gauss,
    /// Targets and particles from 25 modes of standard deviation 0.1, on a grid of spacing 2 in the
    /// first two coordinates.
    Mixture25,
}

/// One measurement to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchCase {
    /// What is measured.
    pub task: Task,
    /// Number of particles.
    pub n: usize,
    /// Number of target points.
    pub m: usize,
    /// Number of dimensions.
    pub dim: usize,
    /// Noise level; None is `0.3 sqrt(dim)`.
    pub sigma: Option<f64>,
    /// The points.
    pub data: Data,
    /// Arithmetic.
    pub precision: Precision,
    /// Implementation of the pairwise sums.
    pub backend: Backend,
    /// Instruction set.
    pub isa: Isa,
    /// Whether blocks of negligible weight are skipped.
    pub skip: bool,
    /// The largest relative error of sums on a grid.
    pub tol: f64,
    /// The noise at which a flow evaluates its field.
    pub noise: Noise,
    /// Iterations of one solution of Sinkhorn's algorithm.
    pub iterations: usize,
    /// Number of threads; None is one per core.
    pub threads: Option<usize>,
}

impl Default for BenchCase {
    fn default() -> Self {
        BenchCase {
            task: Task::Pairwise,
            n: 16_384,
            m: 16_384,
            dim: 64,
            sigma: None,
            data: Data::Gauss,
            precision: Precision::F32,
            backend: Backend::Auto,
            isa: Isa::Auto,
            skip: true,
            tol: PairwiseOptions::default().tol,
            noise: Noise::Fresh,
            iterations: 100,
            threads: None,
        }
    }
}

impl Data {
    /// Returns the root mean square distance of particles and targets from the centre of the
    /// targets in `dim` dimensions. The engine chooses its backend by this distance.
    pub fn spread(self, dim: usize) -> f64 {
        let dim = dim as f64;
        match self {
            // Targets have the covariance I/4 around their centre. Particles have the covariance I
            // around a centre that is 1 away on every axis.
            Data::Gauss => (0.5 * (0.25 + 2.0) * dim).sqrt(),
            // The modes are -4, -2, .., 4 on each of the first two axes.
            Data::Mixture25 => (8.0 * dim.min(2.0) + 0.01 * dim).sqrt(),
        }
    }
}

impl BenchCase {
    /// Returns the noise level of the case.
    pub fn sigma(&self) -> f64 {
        self.sigma.unwrap_or(0.3 * (self.dim as f64).sqrt())
    }

    /// Returns the options of the engine.
    pub fn options(&self) -> PairwiseOptions {
        PairwiseOptions {
            precision: self.precision,
            backend: self.backend,
            isa: self.isa,
            skip: self.skip,
            tol: self.tol,
        }
    }

    /// Returns the backend that computed the sums of this engine.
    pub fn backend_of(&self, engine: &Pairwise) -> Backend {
        if engine.work().on_grid() > 0 { Backend::Grid } else { self.choice().backend }
    }

    /// Returns the backend and arithmetic that the engine chooses for this case.
    pub fn choice(&self) -> Choice {
        Choice::of(&self.options(), (self.n, self.m), self.dim, self.sigma(), self.data.spread(self.dim))
    }

    /// Checks that the case can be measured.
    ///
    /// # Errors
    /// A size is 0 or beyond memory, or `sigma` is not positive and finite.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [("n", self.n), ("m", self.m), ("dim", self.dim)] {
            if value == 0 {
                return Err(Error::argument(name, value, "it must be at least 1"));
            }
        }
        for (name, points) in [("n", self.n), ("m", self.m)] {
            if let Some(why) = no_room(points, self.dim) {
                return Err(Error::argument(name, points, why));
            }
        }
        match self.sigma {
            Some(sigma) if !(sigma > 0.0 && sigma.is_finite()) => {
                Err(Error::argument("sigma", sigma, "it must be positive and finite; the default is 0.3 sqrt(dim)"))
            }
            _ => Ok(()),
        }
    }

    /// Draws targets and particles.
    pub fn points(&self) -> (Points, Points) {
        let stream = Stream::new(1).label("bench");
        let mut targets = stream.label("targets").normal(self.m, self.dim);
        let mut particles = stream.label("particles").normal(self.n, self.dim);
        match self.data {
            Data::Gauss => targets.data_mut().iter_mut().for_each(|v| *v = 1.0 + 0.5 * *v),
            Data::Mixture25 => {
                for points in [&mut targets, &mut particles] {
                    points.data_mut().iter_mut().for_each(|v| *v *= 0.1);
                    for i in 0..points.n() {
                        for (axis, mode) in [i % 5, i / 5 % 5].into_iter().enumerate().take(self.dim) {
                            points.row_mut(i)[axis] += 2.0 * mode as f64 - 4.0;
                        }
                    }
                }
            }
        }
        (targets, particles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_points() {
        for data in [Data::Gauss, Data::Mixture25] {
            for dim in [1, 2, 16] {
                let (targets, particles) = BenchCase { n: 5000, m: 5000, dim, data, ..BenchCase::default() }.points();
                let centre = targets.mean();
                let square = |points: &Points| {
                    points.iter().map(|x| sdflow::points::squared_distance(x, &centre)).sum::<f64>() / points.n() as f64
                };
                let found = (0.5 * (square(&targets) + square(&particles))).sqrt();
                assert!((found / data.spread(dim) - 1.0).abs() < 0.02, "{data:?} {dim}: {found}");
            }
        }
    }

    #[test]
    fn impossible_cases_are_refused() {
        assert!(BenchCase { n: 0, ..BenchCase::default() }.check().is_err());
        assert!(BenchCase { sigma: Some(-1.0), ..BenchCase::default() }.check().is_err());
        assert!(BenchCase { m: 1 << 30, ..BenchCase::default() }.check().is_err());
        assert!(BenchCase::default().check().is_ok());
    }
}
