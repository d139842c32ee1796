//! A target defined by the caller: an unnormalised log density and its score.

use super::distribution::check_no_smoothing;
use super::{Density, Target};
use crate::error::MissingPart;
use crate::expression::{Expression, Parameter};
use crate::number::counted;
use crate::rng::Stream;
use crate::{Error, Points, Result, Subject};
use std::fmt;
use std::sync::Arc;

/// A function that returns the log densities of all points.
type LogDensityOf = Arc<dyn Fn(&Points) -> Result<Vec<f64>> + Send + Sync>;
/// A function that returns the scores of all points, n x dim.
type ScoreOf = Arc<dyn Fn(&Points) -> Result<Points> + Send + Sync>;

/// A density `p(x)` up to a constant factor, from a formula or from functions. It has a density and
/// a score, but it cannot be sampled, and its moments are unknown.
#[derive(Clone)]
pub struct CustomDensity {
    dim: usize,
    given: Given,
}

#[derive(Clone)]
enum Given {
    Formula(Expression),
    Functions { log_density: LogDensityOf, score: Option<ScoreOf> },
}

impl CustomDensity {
    /// Creates the target from a formula of the log density in `x[0] .. x[dim - 1]` and the
    /// parameters. The score is the exact gradient of the formula.
    ///
    /// ```
    /// use sdflow::{Points, target::{CustomDensity, Density}};
    /// let s = ("s".into(), vec![2.0], true);
    /// let p = CustomDensity::formula(2, "-(x[0]^2 + x[1]^2 / s^2) / 2", &[s])?;
    /// let mut score = Points::default();
    /// p.score(&Points::from_rows(&[[1.0, 4.0]])?, 0.0, &mut score)?;
    /// assert_eq!(score.row(0), [-1.0, -1.0]);
    /// # Ok::<(), sdflow::Error>(())
    /// ```
    ///
    /// # Errors
    /// `dim` is 0 or above 10,000, or the formula is wrong ([`Error::Expression`], with the place
    /// of the mistake).
    pub fn formula(dim: usize, text: &str, parameters: &[Parameter]) -> Result<CustomDensity> {
        check_dim(dim)?;
        Ok(CustomDensity { dim, given: Given::Formula(Expression::of_point(text, dim, parameters)?) })
    }

    /// Creates the target from a function that is called with all points at once and returns a log
    /// density for each. Unless [`CustomDensity::with_score`] sets a function of the score, the
    /// score is computed by central differences of the log density,
    /// `(l(x + h e_j) - l(x - h e_j)) / 2h` with `h = 6e-6 max(1, |x_j|)`. This takes `2 dim` calls
    /// and has an error of about 1e-10 times the size of the log density.
    ///
    /// # Errors
    /// `dim` is 0 or above 10,000.
    pub fn function(
        dim: usize,
        log_density: impl Fn(&Points) -> Result<Vec<f64>> + Send + Sync + 'static,
    ) -> Result<CustomDensity> {
        check_dim(dim)?;
        Ok(CustomDensity { dim, given: Given::Functions { log_density: Arc::new(log_density), score: None } })
    }

    /// Sets the function that returns the scores of all points, n x dim. A formula keeps its exact
    /// gradient.
    #[must_use]
    pub fn with_score(mut self, given: impl Fn(&Points) -> Result<Points> + Send + Sync + 'static) -> CustomDensity {
        if let Given::Functions { score, .. } = &mut self.given {
            *score = Some(Arc::new(given));
        }
        self
    }

    fn check(&self, points: &Points, sigma: f64) -> Result<()> {
        check_no_smoothing(self, sigma)?;
        points.check_dim(Subject::points(), self.dim, &self.name())
    }
}

fn check_dim(dim: usize) -> Result<()> {
    // The number is limited because each coordinate gets its own name in a formula.
    match dim {
        1..=10_000 => Ok(()),
        _ => Err(Error::argument("dim", dim, "it must be at least 1 and at most 10000")),
    }
}

impl Target for CustomDensity {
    fn name(&self) -> String {
        format!("a density in {}", counted(self.dim, "dimension"))
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn sample(&self, _n: usize, _stream: Stream) -> Result<Points> {
        Err(Error::missing(self.name(), MissingPart::Sampler))
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }
}

impl Density for CustomDensity {
    /// The log density is known up to a constant.
    fn log_density(&self, points: &Points, sigma: f64, out: &mut Vec<f64>) -> Result<()> {
        self.check(points, sigma)?;
        *out = match &self.given {
            Given::Formula(formula) => formula.values(points.data()),
            Given::Functions { log_density, .. } => called(log_density, points)?,
        };
        Ok(())
    }

    fn score(&self, points: &Points, sigma: f64, out: &mut Points) -> Result<()> {
        self.check(points, sigma)?;
        match &self.given {
            Given::Formula(formula) => {
                out.reshape(points.n(), self.dim);
                formula.gradients_into(points.data(), out.data_mut());
            }
            Given::Functions { score: Some(score), .. } => {
                *out = score(points)?;
                check_count("the function of the score", out.n(), points.n())?;
                out.check_dim("the result of the function of the score", self.dim, "the density")?;
            }
            Given::Functions { log_density, score: None } => differences(log_density, points, out)?,
        }
        Ok(())
    }

    fn smooths(&self) -> bool {
        false
    }
}

fn called(log_density: &LogDensityOf, points: &Points) -> Result<Vec<f64>> {
    let values = log_density(points)?;
    check_count("the function of the log density", values.len(), points.n())?;
    Ok(values)
}

fn check_count(what: &str, got: usize, n: usize) -> Result<()> {
    if got == n {
        return Ok(());
    }
    let reason = format!(
        "it returned {}, but it was called with {} and must return as many",
        counted(got, "value"),
        counted(n, "point")
    );
    Err(Error::Callback { what: what.into(), reason })
}

/// Computes central differences, for one coordinate of all points at a time.
fn differences(log_density: &LogDensityOf, points: &Points, out: &mut Points) -> Result<()> {
    let dim = points.dim();
    // A step of the cube root of the rounding error balances rounding against the error of the
    // difference.
    let step = |x: f64| f64::EPSILON.cbrt() * x.abs().max(1.0);
    out.reshape(points.n(), dim);
    let mut moved = points.clone();
    for j in 0..dim {
        let mut at = |side: f64| {
            let rows = moved.data_mut().chunks_exact_mut(dim).zip(points.iter());
            rows.for_each(|(to, x)| to[j] = x[j] + side * step(x[j]));
            called(log_density, &moved)
        };
        let (above, below) = (at(1.0)?, at(-1.0)?);
        for (i, x) in points.iter().enumerate() {
            let h = step(x[j]);
            // Because of rounding, the difference of the arguments is not exactly `2h`.
            out.row_mut(i)[j] = (above[i] - below[i]) / ((x[j] + h) - (x[j] - h));
        }
        moved.data_mut().copy_from_slice(points.data());
    }
    Ok(())
}

impl fmt::Debug for CustomDensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.given {
            Given::Formula(formula) => formula.text(),
            Given::Functions { .. } => "functions",
        };
        f.debug_struct("CustomDensity").field("dim", &self.dim).field("given", &text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Banana, Gaussian};

    fn close(a: &Points, b: &Points, tolerance: f64) {
        let worst = a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
        assert!(worst < tolerance, "{worst}");
    }

    fn score(target: &dyn Density, x: &Points) -> Points {
        let mut out = Points::default();
        target.score(x, 0.0, &mut out).unwrap();
        out
    }

    #[test]
    fn a_gaussian_as_a_formula_has_the_gaussian_s_score() {
        let x = Stream::new(1).normal(100, 3);
        let gaussian = Gaussian::diagonal(vec![1.0, 0.0, -1.0], &[1.0, 2.0, 0.5]).unwrap();
        let parameters = [("m".into(), vec![1.0, 0.0, -1.0], false), ("s".into(), vec![1.0, 2.0, 0.5], false)];
        let text = "-sum(i, 0, dim, ((x[i] - m[i]) / s[i])^2) / 2";
        let formula = CustomDensity::formula(3, text, &parameters).unwrap();
        close(&score(&formula, &x), &score(&gaussian, &x), 1e-13);
    }

    #[test]
    fn the_banana_as_a_formula_is_the_banana_up_to_a_constant() {
        let banana = Banana::new(3, 2.0, 0.3).unwrap();
        let x = banana.sample(100, Stream::new(2)).unwrap();
        let text = "-((x0/std)^2 + (x1 - bend*(x0^2 - std^2))^2 + x2^2) / 2";
        let formula =
            CustomDensity::formula(3, text, &[("std".into(), vec![2.0], true), ("bend".into(), vec![0.3], true)])
                .unwrap();
        close(&score(&formula, &x), &score(&banana, &x), 1e-13);
        let (mut a, mut b) = (vec![], vec![]);
        formula.log_density(&x, 0.0, &mut a).unwrap();
        banana.log_density(&x, 0.0, &mut b).unwrap();
        assert!(a.iter().zip(&b).all(|(p, q)| ((p - q) - (a[0] - b[0])).abs() < 1e-12));
    }

    #[test]
    fn functions_get_all_points_at_once_and_differences_find_the_score() {
        use std::sync::Mutex;
        let gaussian = Arc::new(Gaussian::diagonal(vec![1.0, 100.0], &[1.0, 2.0]).unwrap());
        let x = gaussian.sample(50, Stream::new(3)).unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (distribution, told) = (gaussian.clone(), calls.clone());
        let log_density = move |x: &Points| {
            told.lock().unwrap().push(x.n());
            let mut out = vec![];
            distribution.log_density(x, 0.0, &mut out).map(|()| out)
        };
        close(&score(&CustomDensity::function(2, log_density).unwrap(), &x), &score(&*gaussian, &x), 1e-8);
        assert_eq!(*calls.lock().unwrap(), [50; 4]);
    }

    #[test]
    fn what_functions_return_is_checked() {
        let x = Points::zeros(3, 2);
        let short = CustomDensity::function(2, |_| Ok(vec![0.0])).unwrap();
        let told = short.log_density(&x, 0.0, &mut vec![]).unwrap_err();
        assert!(told.to_string().contains("called with 3 points"), "{told}");
        let flat = short.with_score(|x| Ok(Points::zeros(x.n(), 1)));
        assert!(flat.score(&x, 0.0, &mut Points::default()).is_err());
        assert!(CustomDensity::formula(0, "1", &[]).is_err());
    }

    #[test]
    fn it_has_no_sample_and_no_smoothed_closed_form() {
        let p = CustomDensity::formula(1, "-x0^4", &[]).unwrap();
        assert!(p.sample(3, Stream::new(0)).unwrap_err().to_string().contains("sampler"));
        assert!(p.score(&Points::zeros(1, 1), 0.5, &mut Points::default()).is_err());
    }
}
