//! The pairwise sums as functions of arrays.

use crate::array::{as_array, into_array, numbers};
use crate::handle::points_of;
use crate::refused;
use crate::session::Session;
use crate::watched::watched_in_pool;
use numpy::PyArray1;
use pyo3::prelude::*;
use sdflow::pairwise::{
    Kernel, KernelSum, KernelSums, Pairwise, Part, Precision, ScoreDifference, Softmax, SoftmaxMean, Values,
};
use sdflow::{Error, Points};
use std::sync::Arc;

/// Returns the engine of the session, at this precision and tolerance if they are given.
fn engine(session: &Session, precision: Option<String>, tol: Option<f64>) -> PyResult<Pairwise> {
    if let Some(tol) = tol.filter(|tol| !(*tol > 0.0 && tol.is_finite())) {
        return Err(refused(format!("`tol` is {tol}, but a relative error is above 0 and finite")));
    }
    let named = |name: String| serde_json::from_value(name.into()).map_err(|error| refused(error.to_string()));
    let precision: Option<Precision> = precision.map(named).transpose()?;
    Ok(session.sums.at(precision, tol).unwrap_or_else(|| session.sums.clone()))
}

/// Performs a sum on the threads of the session while the thread of Python waits.
fn sum<T: Send>(
    py: Python<'_>,
    session: &Session,
    pairwise: &Pairwise,
    act: impl FnOnce() -> sdflow::Result<T> + Send,
) -> PyResult<T> {
    let made = watched_in_pool(py, session.pool.as_ref(), pairwise.interrupt(), act);
    pairwise.interrupt().lower();
    made?.map_err(|error: Error| refused(error.to_string()))
}

/// Checks that query `i` and source `i` are the same point, as far as the shapes tell.
fn check_left_out(leave_out_self: bool, queries: &Points, sources: &Points) -> PyResult<()> {
    let (n, m) = (queries.n(), sources.n());
    match leave_out_self {
        true if n != m => {
            Err(refused(format!("`leave_out_self` needs the same points on both sides, but there are {n} and {m}")))
        }
        true if n == 1 => Err(refused("`leave_out_self` leaves nothing of a single point")),
        _ => Ok(()),
    }
}

/// Returns a list of numbers.
fn list(object: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Option<Vec<f64>>> {
    let Some(object) = object else { return Ok(None) };
    let (values, shape) = numbers(&as_array(object)?, name)?;
    match shape.len() {
        1 => Ok(Some(values)),
        axes => Err(refused(format!("`{name}` has {axes} axes, but one number per point is expected"))),
    }
}

/// Returns the logarithms of weights.
fn logs(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<f64>>> {
    let weights = list(object, "weights")?;
    let bad = weights.iter().flatten().enumerate().find(|(_, w)| !(w.is_finite() && **w >= 0.0));
    if let Some((i, w)) = bad {
        return Err(refused(format!("weight {i} is {w}, but weights are finite and not negative")));
    }
    if weights.as_ref().is_some_and(|weights| !weights.iter().any(|w| *w > 0.0)) {
        return Err(refused("all weights are 0"));
    }
    Ok(weights.map(|weights| weights.iter().map(|w| w.ln()).collect()))
}

/// What all sums take, as a tuple: weights of the sources, whether query `i` leaves out source `i`,
/// the precision and the tolerance of sums on a grid if they are not those of the session, and the
/// session whose threads compute.
#[derive(FromPyObject)]
pub struct How<'py>(Option<Bound<'py, PyAny>>, bool, Option<String>, Option<f64>, Bound<'py, Session>);

type Sums<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// `sigma^2 (grad log p_sigma - grad log q_sigma)`; see the package for the documentation.
#[pyfunction]
#[pyo3(signature = (y, x, sigma, at, how))]
pub fn score_difference<'py>(
    py: Python<'py>,
    y: &Bound<'py, PyAny>,
    x: &Bound<'py, PyAny>,
    sigma: f64,
    at: Option<&Bound<'py, PyAny>>,
    how: How<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let (particles, targets) = (points_of(y, "y")?, points_of(x, "x")?);
    check_left_out(how.1, &particles, &particles)?;
    let at = at.map(|at| points_of(at, "at")).transpose()?;
    let How(weights, leave_out_self, precision, tol, session) = how;
    let logs = logs(weights.as_ref())?;
    let pairwise = engine(session.get(), precision, tol)?;
    if leave_out_self && at.is_some() {
        return Err(refused("`leave_out_self` needs `at` left out: only a particle can be left out of itself"));
    }
    let out = sum(py, session.get(), &pairwise, || {
        let difference = ScoreDifference {
            targets: &targets,
            target_log_weights: logs.as_deref(),
            particles: &particles,
            leave_out_self,
            sigma,
        };
        let mut out = Points::default();
        match &at {
            Some(at) => pairwise.score_difference(&**at, &difference, &mut out)?,
            None => pairwise.score_difference(sdflow::pairwise::Queries::Particles, &difference, &mut out)?,
        }
        Ok(out)
    })?;
    Ok(into_array(py, out)?.into_any())
}

/// `log sum_j w_j exp(-|z - x_j|^2 / 2 sigma^2)`; see the package for the documentation.
#[pyfunction]
#[pyo3(signature = (at, x, sigma, how))]
pub fn log_sum_exp<'py>(
    py: Python<'py>,
    at: &Bound<'py, PyAny>,
    x: &Bound<'py, PyAny>,
    sigma: f64,
    how: How<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let (queries, sources) = (points_of(at, "at")?, points_of(x, "x")?);
    check_left_out(how.1, &queries, &sources)?;
    let How(weights, leave_out_self, precision, tol, session) = how;
    let logs = logs(weights.as_ref())?;
    let pairwise = engine(session.get(), precision, tol)?;
    let out = sum(py, session.get(), &pairwise, || {
        let softmax = Softmax { sigma, log_weights: logs.as_deref(), leave_out_self };
        let mut out = Vec::new();
        pairwise.log_sum_exp(&queries, &sources, &softmax, &mut out).map(|()| out)
    })?;
    Ok(PyArray1::from_vec(py, out).into_any())
}

/// The softmax mean of values, its log sum and its effective sample size; see the package for the
/// documentation.
#[pyfunction]
#[pyo3(signature = (at, x, values, sigma, how))]
pub fn softmax_mean<'py>(
    py: Python<'py>,
    at: &Bound<'py, PyAny>,
    x: &Bound<'py, PyAny>,
    values: Option<&Bound<'py, PyAny>>,
    sigma: f64,
    how: How<'py>,
) -> PyResult<Sums<'py>> {
    let (queries, sources) = (points_of(at, "at")?, points_of(x, "x")?);
    check_left_out(how.1, &queries, &sources)?;
    let values: Option<Arc<Points>> = values.map(|values| points_of(values, "values")).transpose()?;
    let How(weights, leave_out_self, precision, tol, session) = how;
    let logs = logs(weights.as_ref())?;
    let pairwise = engine(session.get(), precision, tol)?;
    let out = sum(py, session.get(), &pairwise, || {
        let softmax = Softmax { sigma, log_weights: logs.as_deref(), leave_out_self };
        let values = values.as_deref().map_or(Values::Own, Values::Of);
        let mut out = SoftmaxMean::default();
        pairwise.softmax_mean(&queries, &sources, values, &softmax, &mut out).map(|()| out)
    })?;
    let (log_sum, ess) = (PyArray1::from_vec(py, out.log_sum), PyArray1::from_vec(py, out.ess));
    Ok((into_array(py, out.mean)?.into_any(), log_sum.into_any(), ess.into_any()))
}

/// `sum_j w_j k(|z - x_j|^2) [1, v_j]`; see the package for the documentation.
#[pyfunction]
#[pyo3(signature = (at, x, kernel, values, slope, how))]
pub fn kernel_sum<'py>(
    py: Python<'py>,
    at: &Bound<'py, PyAny>,
    x: &Bound<'py, PyAny>,
    kernel: &str,
    values: Option<&Bound<'py, PyAny>>,
    slope: bool,
    how: How<'py>,
) -> PyResult<(Bound<'py, PyAny>, Option<Bound<'py, PyAny>>)> {
    let (queries, sources) = (points_of(at, "at")?, points_of(x, "x")?);
    check_left_out(how.1, &queries, &sources)?;
    let kernel: Kernel = serde_json::from_str(kernel).map_err(|error| refused(error.to_string()))?;
    let values: Option<Arc<Points>> = values.map(|values| points_of(values, "values")).transpose()?;
    let How(weights, leave_out_self, precision, tol, session) = how;
    let weights = list(weights.as_ref(), "weights")?;
    let pairwise = engine(session.get(), precision, tol)?;
    let out = sum(py, session.get(), &pairwise, || {
        let part = if slope { Part::Slope } else { Part::Value };
        let values = values.as_deref().map(Values::Of);
        let terms = KernelSum { kernel, part, weights: weights.as_deref(), values, leave_out_self };
        let mut out = KernelSums::default();
        pairwise.kernel_sum(&queries, &sources, &terms, &mut out).map(|()| out)
    })?;
    let moment = values.is_some().then(|| into_array(py, out.moment)).transpose()?;
    Ok((PyArray1::from_vec(py, out.mass).into_any(), moment.map(Bound::into_any)))
}
