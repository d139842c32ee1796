//! The options that describe a target.

use super::{Banana, Funnel, Gaussian, Mixture, StudentT};
use crate::options::{OptionType, OptionValue};
use crate::{Error, Result, Subject};
use faer::Mat;
use serde::{Deserialize, Serialize};

/// One number for all, or a list with one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or a list of numbers")]
pub enum Numbers {
    /// The same number for all.
    One(f64),
    /// One number for each.
    Each(Vec<f64>),
}

impl OptionValue for Numbers {
    const TYPE: OptionType = OptionType::Either(&[OptionType::Number, OptionType::List(&OptionType::Number)]);
}

impl Numbers {
    /// Returns the length of the list; None for a single number.
    fn len(&self) -> Option<usize> {
        match self {
            Numbers::One(_) => None,
            Numbers::Each(list) => Some(list.len()),
        }
    }

    /// Returns `n` numbers; a list must have one for each of the `n` `things`.
    fn each(&self, name: &str, n: usize, things: &str) -> Result<Vec<f64>> {
        match self {
            Numbers::One(value) => Ok(vec![*value; n]),
            Numbers::Each(list) if list.len() == n => Ok(list.clone()),
            Numbers::Each(list) => Err(Error::shape(
                Subject::option(name),
                format!("{} numbers", list.len()),
                format!("there are {n} {things}"),
            )),
        }
    }
}

crate::options! {
    /// A Gaussian. Its dimension is `dim`, or the length of `mean`, `std` or `cov`.
    pub struct GaussianOptions {
        /// Number of coordinates, at least 1; may be left out if `mean`, `std` or `cov` is a list.
        dim: Option<usize> = None,
        /// Mean: a number for all coordinates or a list with one each.
        mean: Numbers = Numbers::One(0.0),
        /// Standard deviation, above 0: a number for all coordinates or a list with one each. Left
        /// out: 1, if `cov` is left out too.
        std: Option<Numbers> = None,
        /// Covariance as a list of rows, symmetric and positive definite; give either `std` or
        /// `cov`.
        cov: Option<Vec<Vec<f64>>> = None,
    }
}

impl GaussianOptions {
    /// Returns the Gaussian that these options describe.
    ///
    /// # Errors
    /// The dimension is missing or contradictory, both `std` and `cov` are given, or an error of
    /// [`Gaussian::new`].
    pub fn gaussian(&self) -> Result<Gaussian> {
        let told =
            [self.dim, self.mean.len(), self.std.as_ref().and_then(Numbers::len), self.cov.as_ref().map(Vec::len)];
        let Some(dim) = told.into_iter().flatten().next() else {
            return Err(Error::argument(
                "dim",
                "missing",
                "`mean`, `std` and `cov` do not determine the dimension: give `dim`",
            ));
        };
        check_dim(dim)?;
        let mean = self.mean.each("mean", dim, "coordinates")?;
        match (&self.std, &self.cov) {
            (Some(_), Some(_)) => Err(Error::argument("cov", "given", "`std` is given too: give one of them")),
            (None, Some(rows)) => Gaussian::new(mean, matrix("cov", rows)?),
            (std, None) => {
                let std = std.as_ref().unwrap_or(&Numbers::One(1.0));
                Gaussian::diagonal(mean, &std.each("std", dim, "coordinates")?)
            }
        }
    }
}

crate::options! {
    /// A mixture of Gaussians.
    pub struct MixtureOptions {
        /// Means, one list of coordinates per component.
        means: Vec<Vec<f64>> = Vec::new(),
        /// Weights, above 0, one per component; they are divided by their sum. Left out: equal
        /// weights.
        weights: Option<Vec<f64>> = None,
        /// Standard deviation, above 0: a number for all components or a list with one each. Left
        /// out: 1, if `covs` is left out too.
        std: Option<Numbers> = None,
        /// Covariances, one list of rows per component; give either `std` or `covs`.
        covs: Option<Vec<Vec<Vec<f64>>>> = None,
    }
}

impl MixtureOptions {
    /// Returns the mixture that these options describe.
    ///
    /// # Errors
    /// There are no means, lists differ in length, both `std` and `covs` are given, or an error of
    /// [`Mixture::new`].
    pub fn mixture(&self) -> Result<Mixture> {
        let k = self.means.len();
        if k == 0 {
            return Err(Error::argument("means", "empty", "a mixture needs at least one component"));
        }
        let components: Vec<Gaussian> = match (&self.std, &self.covs) {
            (Some(_), Some(_)) => return Err(Error::argument("covs", "given", "`std` is given too: give one of them")),
            (None, Some(covs)) if covs.len() != k => {
                let got = format!("{} matrices", covs.len());
                return Err(Error::shape(Subject::option("covs"), got, format!("there are {k} components")));
            }
            (None, Some(covs)) => {
                let parts = self.means.iter().zip(covs);
                parts.map(|(m, c)| Gaussian::new(m.clone(), matrix("covs", c)?)).collect::<Result<_>>()?
            }
            (std, None) => {
                let std = std.as_ref().unwrap_or(&Numbers::One(1.0)).each("std", k, "components")?;
                self.means.iter().zip(std).map(|(m, s)| Gaussian::isotropic(m.clone(), s)).collect::<Result<_>>()?
            }
        };
        Mixture::new(self.weights.clone().unwrap_or_else(|| vec![1.0; k]), components)
    }
}

crate::options! {
    /// A multivariate Student t.
    pub struct StudentTOptions {
        /// Number of coordinates, at least 1; may be left out if `mean` or `scale` is a list.
        dim: Option<usize> = None,
        /// Degrees of freedom, 0.1 to 1e6; 1 is the Cauchy distribution.
        dof: f64 = 5.0,
        /// Location: a number for all coordinates or a list with one each.
        mean: Numbers = Numbers::One(0.0),
        /// Scale, above 0: a number for all coordinates or a list with one each. The standard
        /// deviation is `sqrt(dof / (dof - 2))` times the scale.
        scale: Numbers = Numbers::One(1.0),
    }
}

impl StudentTOptions {
    /// Returns the distribution that these options describe.
    ///
    /// # Errors
    /// Those of [`GaussianOptions::gaussian`], or `dof` is out of range.
    pub fn student_t(&self) -> Result<StudentT> {
        let lists = [self.dim, self.mean.len(), self.scale.len()];
        let Some(dim) = lists.into_iter().flatten().next() else {
            return Err(Error::argument(
                "dim",
                "missing",
                "`mean` and `scale` do not determine the dimension: give `dim`",
            ));
        };
        check_dim(dim)?;
        let mean = self.mean.each("mean", dim, "coordinates")?;
        StudentT::new(Gaussian::diagonal(mean, &self.scale.each("scale", dim, "coordinates")?)?, self.dof)
    }
}

crate::options! {
    /// Neal's funnel.
    pub struct FunnelOptions {
        /// Number of coordinates, at least 2.
        dim: usize = 10,
        /// Standard deviation of the first coordinate, above 0 and at most 10.
        std: f64 = 3.0,
    }
}

impl FunnelOptions {
    /// Returns the funnel that these options describe.
    ///
    /// # Errors
    /// Those of [`Funnel::new`].
    pub fn funnel(&self) -> Result<Funnel> {
        Funnel::new(self.dim, self.std)
    }
}

crate::options! {
    /// A Gaussian bent along a parabola.
    pub struct BananaOptions {
        /// Number of coordinates, at least 2.
        dim: usize = 2,
        /// Standard deviation of the first coordinate, above 0.
        std: f64 = 2.0,
        /// Curvature of the parabola that the second coordinate follows as a function of the first,
        /// in inverse units of the data; 0 gives a Gaussian.
        bend: f64 = 0.25,
    }
}

impl BananaOptions {
    /// Returns the banana that these options describe.
    ///
    /// # Errors
    /// Those of [`Banana::new`].
    pub fn banana(&self) -> Result<Banana> {
        Banana::new(self.dim, self.std, self.bend)
    }
}

fn check_dim(dim: usize) -> Result<()> {
    if dim > 0 { Ok(()) } else { Err(Error::argument("dim", dim, "it must be at least 1")) }
}

fn matrix(name: &str, rows: &[Vec<f64>]) -> Result<Mat<f64>> {
    match rows.iter().enumerate().find(|(_, row)| row.len() != rows.len()) {
        None => Ok(Mat::from_fn(rows.len(), rows.len(), |i, j| rows[i][j])),
        Some((i, row)) => {
            let got = format!("{} numbers in row {i}", row.len());
            Err(Error::shape(Subject::option(name), got, format!("it has {} rows and must be square", rows.len())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;
    use serde_json::{from_value, json};

    fn gaussian(map: serde_json::Value) -> Result<Gaussian> {
        from_value::<GaussianOptions>(map).unwrap().gaussian()
    }

    fn mixture(map: serde_json::Value) -> Result<Mixture> {
        from_value::<MixtureOptions>(map).unwrap().mixture()
    }

    #[test]
    fn the_dimension_is_told_by_any_list() {
        assert_eq!(gaussian(json!({"dim": 3})).unwrap().cov(), Mat::<f64>::identity(3, 3));
        let both = gaussian(json!({"mean": [1, 2], "std": 0.5})).unwrap();
        assert_eq!((both.mean(), both.variances()), (&[1.0, 2.0][..], &[0.25, 0.25][..]));
        assert_eq!(gaussian(json!({"std": [1, 2]})).unwrap().cov()[(1, 1)], 4.0);
        assert_eq!(gaussian(json!({"mean": 7, "cov": [[2, 1], [1, 2]]})).unwrap().mean(), [7.0, 7.0]);
        let t = from_value::<StudentTOptions>(json!({"scale": [1, 2, 3], "dof": 3})).unwrap().student_t().unwrap();
        assert_eq!((t.dim(), t.moments().unwrap().cov[(1, 1)]), (3, 12.0));
    }

    #[test]
    fn contradictions_are_named() {
        let message = |map| gaussian(map).unwrap_err().to_string();
        assert!(message(json!({})).contains("give `dim`"));
        assert!(message(json!({"dim": 0})).contains("at least 1"));
        assert_eq!(message(json!({"dim": 3, "mean": [1, 2]})), "`mean` has 2 numbers, but there are 3 coordinates");
        assert!(message(json!({"dim": 1, "std": 1, "cov": [[1]]})).contains("one of them"));
        assert!(message(json!({"cov": [[1, 0], [1]]})).contains("1 numbers in row 1"));
        assert!(message(json!({"dim": 3, "cov": [[1, 0], [0, 1]]})).contains("the mean has 3"));
        assert!(from_value::<StudentTOptions>(json!({})).unwrap().student_t().is_err());
        let unread = from_value::<GaussianOptions>(json!({"mean": "left"})).unwrap_err().to_string();
        assert!(unread.contains("a number, or a list of numbers"), "{unread}");
    }

    #[test]
    fn mixtures_take_widths_or_covariances() {
        let means = json!([[0, 0], [3, 4]]);
        let m = mixture(json!({"means": means, "std": [1, 2], "weights": [1, 3]})).unwrap();
        assert_eq!((m.weights(), m.components()[1].variances()), (&[0.25, 0.75][..], &[4.0, 4.0][..]));
        let identity = json!([[1, 0], [0, 1]]);
        let m = mixture(json!({"means": means, "covs": [identity, [[2, 1], [1, 2]]]})).unwrap();
        assert_eq!(m.components()[1].cov()[(0, 1)], 1.0);
        let message = |map| mixture(map).unwrap_err().to_string();
        assert!(message(json!({})).contains("at least one component"));
        assert!(message(json!({"means": means, "std": [1]})).contains("there are 2 components"));
        assert!(message(json!({"means": means, "covs": [identity]})).contains("1 matrices"));
        assert!(message(json!({"means": means, "std": 1, "covs": []})).contains("one of them"));
        assert!(message(json!({"means": [[0], [1, 2]]})).contains("component 1"));
    }

    #[test]
    fn defaults_make_a_target() {
        assert_eq!(FunnelOptions::default().funnel().unwrap().dim(), 10);
        assert_eq!(BananaOptions::default().banana().unwrap().dim(), 2);
    }
}
