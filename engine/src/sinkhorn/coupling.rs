//! The result of a transport problem as a plan whose matrix is never stored.

use super::divergence::divergence_with;
use super::{Marginal, Potentials, Sinkhorn, SinkhornOptions};
use crate::pairwise::{Pairwise, Precision, Softmax, SoftmaxMean, Values};
use crate::points::{squared_distance, weighted_mean};
use crate::{Error, Points, Result, Subject};
use std::sync::Arc;

/// The names of weights in errors.
const X_WEIGHTS: &str = "the weights of x";
const Y_WEIGHTS: &str = "the weights of y";

/// The plan between two sets of points, computed entry by entry from the potentials.
#[derive(Debug, Clone)]
pub struct Coupling {
    x: Arc<Points>,
    y: Arc<Points>,
    /// Logarithms of the masses of each side.
    logs: [Vec<f64>; 2],
    potentials: Potentials,
    rho: Option<f64>,
    tolerance: f64,
    transport_cost: f64,
    divergence: Option<f64>,
    /// The solved problem with the largest error.
    worst: Potentials,
}

/// An entry of a row of the plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// The index of the second point.
    pub column: usize,
    /// The mass that is transported to the second point.
    pub mass: f64,
}

impl Coupling {
    /// Solves the problem between `x` and `y`. A side without weights has equal weights. With
    /// `debias`, the problems of each side with itself are solved too. `tell` receives the number
    /// of iterations, its limit, and the marginal error. Memory `O((n + m) d)`.
    ///
    /// # Errors
    /// Those of [`Sinkhorn::new`], [`Marginal::new`] and [`Sinkhorn::solve`].
    pub fn solve(
        (x, x_weights): (Arc<Points>, Option<&[f64]>),
        (y, y_weights): (Arc<Points>, Option<&[f64]>),
        options: &SinkhornOptions,
        pairwise: &Pairwise,
        tell: &mut dyn FnMut(usize, usize, f64),
    ) -> Result<Coupling> {
        let mut made = Coupling::unsolved((x, x_weights), (y, y_weights), options)?;
        let (x, y) = (Arc::clone(&made.x), Arc::clone(&made.y));
        let as_given = options.rho.is_some();
        let a = Marginal::new(&x, x_weights, X_WEIGHTS, as_given)?;
        let b = Marginal::new(&y, y_weights, Y_WEIGHTS, as_given)?;
        if options.debias {
            let found = divergence_with(&a, &b, options, pairwise, tell)?;
            made.worst = found.worst().clone();
            (made.potentials, made.divergence) = (found.between, Some(found.value));
        } else {
            made.potentials = Sinkhorn::new(a, b, options.clone())?.solve_with(pairwise, tell)?;
            made.worst = made.potentials.clone();
        }
        made.transport_cost = made.sum_of_costs(pairwise)?;
        Ok(made)
    }

    /// Returns the plan before the first iteration: the potentials and the values are 0.
    ///
    /// # Errors
    /// Those of [`Sinkhorn::new`] and [`Marginal::new`].
    #[doc(hidden)]
    pub fn unsolved(
        (x, x_weights): (Arc<Points>, Option<&[f64]>),
        (y, y_weights): (Arc<Points>, Option<&[f64]>),
        options: &SinkhornOptions,
    ) -> Result<Coupling> {
        options.check()?;
        let as_given = options.rho.is_some();
        let a = Marginal::new(&x, x_weights, X_WEIGHTS, as_given)?;
        let b = Marginal::new(&y, y_weights, Y_WEIGHTS, as_given)?;
        let epsilon = options.epsilon_for(&a, &b);
        // Makes the same checks as `solve`.
        Sinkhorn::new(a.clone(), b.clone(), options.clone())?;
        let potentials = Potentials {
            f: vec![0.0; x.n()],
            g: vec![0.0; y.n()],
            epsilon,
            cost: 0.0,
            converged: true,
            marginal_error: 0.0,
            iterations: 0,
            is_dense: false,
        };
        let logs = [a.logs().to_vec(), b.logs().to_vec()];
        let (rho, tolerance, worst) = (options.rho, options.tolerance, potentials.clone());
        let divergence = options.debias.then_some(0.0);
        Ok(Coupling { x, y, logs, potentials, rho, tolerance, transport_cost: 0.0, divergence, worst })
    }

    /// Returns the potentials of both sides.
    pub fn potentials(&self) -> &Potentials {
        &self.potentials
    }

    /// Returns the regularised cost `OT(a, b)`.
    pub fn cost(&self) -> f64 {
        self.potentials.cost
    }

    /// Returns the Sinkhorn divergence, if it was requested.
    pub fn divergence(&self) -> Option<f64> {
        self.divergence
    }

    /// True if all problems converged.
    pub fn converged(&self) -> bool {
        self.worst.converged
    }

    /// Returns the largest marginal error of the problems.
    pub fn marginal_error(&self) -> f64 {
        self.worst.marginal_error
    }

    /// Returns what to change if a problem did not converge.
    pub fn advice(&self) -> Option<String> {
        self.worst.advice(self.tolerance)
    }

    /// Returns the numbers of points of both sides.
    pub fn sizes(&self) -> (usize, usize) {
        (self.x.n(), self.y.n())
    }

    /// Returns entry `(i, j)` of the plan, `a_i b_j exp((f_i + g_j - |x_i - y_j|^2 / 2) /
    /// epsilon)`.
    ///
    /// # Errors
    /// There is no such point.
    pub fn plan(&self, i: usize, j: usize) -> Result<f64> {
        check_index("i", i, self.x.n())?;
        check_index("j", j, self.y.n())?;
        Ok(self.log_entry(i, j).exp())
    }

    fn log_entry(&self, i: usize, j: usize) -> f64 {
        let Potentials { f, g, epsilon, .. } = &self.potentials;
        let cost = 0.5 * squared_distance(self.x.row(i), self.y.row(j));
        self.logs[0][i] + self.logs[1][j] + (f[i] + g[j] - cost) / epsilon
    }

    /// Returns the `k` heaviest entries of row `i`, the heaviest first. Time `m (d + log m)`.
    ///
    /// # Errors
    /// There is no such point.
    pub fn heaviest(&self, i: usize, k: usize) -> Result<Vec<Entry>> {
        check_index("i", i, self.x.n())?;
        let entries = (0..self.y.n()).map(|column| Entry { column, mass: self.log_entry(i, column).exp() });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by(|a, b| b.mass.total_cmp(&a.mass).then(a.column.cmp(&b.column)));
        entries.truncate(k);
        Ok(entries)
    }

    /// Returns the mean destination of every point, `T(z) = sum_j P(j | z) y_j` with `P(j | z)`
    /// proportional to `b_j exp((g_j - |z - y_j|^2 / 2) / epsilon)`. At the points of the first
    /// side these are the means of the rows of the plan; at other points they continue this map.
    /// Time `O(n m d)`, without the matrix of the plan.
    ///
    /// # Errors
    /// Dimensions do not match, or an interrupt.
    pub fn map(&self, points: &Points, pairwise: &Pairwise) -> Result<Points> {
        points.check_dim(Subject::points(), self.y.dim(), "the plan")?;
        let mut out = SoftmaxMean::default();
        self.rows(points, Values::Own, pairwise, &mut out)?;
        Ok(out.mean)
    }

    /// True if the marginals are penalised instead of fixed.
    pub fn is_unbalanced(&self) -> bool {
        self.rho.is_some()
    }

    /// Returns the points of side 0 or 1, each with the logarithm of its mass plus its potential
    /// divided by epsilon.
    pub fn side(&self, side: usize) -> (&Arc<Points>, Vec<f64>) {
        let Potentials { f, g, epsilon, .. } = &self.potentials;
        let (points, potential) = if side == 0 { (&self.x, f) } else { (&self.y, g) };
        (points, self.logs[side.min(1)].iter().zip(potential).map(|(l, p)| l + p / epsilon).collect())
    }

    /// The first points.
    pub fn x(&self) -> &Arc<Points> {
        &self.x
    }

    /// Returns the transport cost `sum_ij P_ij |x_i - y_j|^2 / 2`, without the entropy.
    pub fn transport_cost(&self) -> f64 {
        self.transport_cost
    }

    /// Computes the transport cost. This takes as long as half an iteration in f64.
    fn sum_of_costs(&self, pairwise: &Pairwise) -> Result<f64> {
        let dim = self.x.dim();
        let masses = |side: usize| self.logs[side].iter().map(|l| l.exp()).collect::<Vec<f64>>();
        let a = masses(0);
        let total: f64 = a.iter().sum();
        let centre: Vec<f64> = weighted_mean(&self.x, Some(&a)).into_iter().map(|c| c / total).collect();
        let around = |row: &[f64]| row.iter().zip(&centre).map(|(x, c)| x - c).collect::<Vec<f64>>();
        // The first column is half the squared norm, so that one pass gives both parts of the cost.
        let mut values = Points::zeros(self.y.n(), dim + 1);
        for (j, row) in self.y.iter().enumerate() {
            let to = values.row_mut(j);
            to[1..].copy_from_slice(&around(row));
            to[0] = 0.5 * to[1..].iter().map(|v| v * v).sum::<f64>();
        }
        let exact = pairwise.at_precision(Some(Precision::F64));
        let mut out = SoftmaxMean::default();
        self.rows(&self.x, Values::Of(&values), exact.as_ref().unwrap_or(pairwise), &mut out)?;
        let cost = |i: usize| {
            let (x, mean) = (around(self.x.row(i)), out.mean.row(i));
            mean[0] + x.iter().zip(&mean[1..]).map(|(x, y)| x * (0.5 * x - y)).sum::<f64>()
        };
        let mass = |i: usize| a[i] * self.rho.map_or(1.0, |rho| (-self.potentials.f[i] / rho).exp());
        Ok((0..self.x.n()).filter(|i| a[*i] > 0.0).map(|i| mass(i) * cost(i)).sum())
    }

    /// Computes the means of the rows of the plan at `points`.
    fn rows<'v>(
        &'v self,
        points: &'v Points,
        values: Values<'v>,
        pairwise: &Pairwise,
        out: &mut SoftmaxMean,
    ) -> Result<()> {
        let ((_, logs), sigma) = (self.side(1), self.potentials.epsilon.sqrt());
        let softmax = Softmax { sigma, log_weights: Some(&logs), leave_out_self: false };
        pairwise.softmax_mean(points, &self.y, values, &softmax, out)
    }
}

fn check_index(name: &str, index: usize, n: usize) -> Result<()> {
    match index < n {
        true => Ok(()),
        false => Err(Error::argument(name, index, format!("there are {n} points, counted from 0"))),
    }
}
