//! The maps by which a caller describes a target.

use super::{Banana, Funnel, Gaussian, Mixture, StudentT};
use crate::options::{OptionType, OptionValue};
use crate::{Error, Result, Subject};
use faer::Mat;
use serde::{Deserialize, Serialize};

/// One number for all, or a list with one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or a list of numbers")]
pub enum Numbers {
    /// The same for all.
    One(f64),
    /// One for each.
    Each(Vec<f64>),
}

impl OptionValue for Numbers {
    const TYPE: OptionType = OptionType::Either(&[OptionType::Number, OptionType::List(&OptionType::Number)]);
}

impl Numbers {
    /// The length of the list, if it is one.
    fn len(&self) -> Option<usize> {
        match self {
            Numbers::One(_) => None,
            Numbers::Each(list) => Some(list.len()),
        }
    }

    /// `n` numbers; a list must have that many `things`.
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
        /// Number of coordinates, at least 1; needed when neither `mean`, `std` nor `cov` tells.
        dim: Option<usize> = None,
        /// Mean: a number for all coordinates or a list with one each.
        mean: Numbers = Numbers::One(0.0),
        /// Standard deviation, above 0: a number for all coordinates or a list with one each; 1
        /// when `cov` is left out too.
        std: Option<Numbers> = None,
        /// Covariance as a list of rows, symmetric and positive definite; instead of `std`.
        cov: Option<Vec<Vec<f64>>> = None,
    }
}

impl GaussianOptions {
    /// The Gaussian described.
    ///
    /// # Errors
    /// No dimension or contradicting ones, both `std` and `cov`, or what [`Gaussian::new`] refuses.
    pub fn gaussian(&self) -> Result<Gaussian> {
        let told =
            [self.dim, self.mean.len(), self.std.as_ref().and_then(Numbers::len), self.cov.as_ref().map(Vec::len)];
        let Some(dim) = told.into_iter().flatten().next() else {
            return Err(Error::argument(
                "dim",
                "missing",
                "neither `mean`, `std` nor `cov` tells the dimension: give `dim`",
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
        /// Weights, above 0, one per component; divided by their sum. Equal when left out.
        weights: Option<Vec<f64>> = None,
        /// Standard deviation, above 0: a number for all components or a list with one each; 1 when
        /// `covs` is left out too.
        std: Option<Numbers> = None,
        /// Covariances, one list of rows per component; instead of `std`.
        covs: Option<Vec<Vec<Vec<f64>>>> = None,
    }
}

impl MixtureOptions {
    /// The mixture described.
    ///
    /// # Errors
    /// No means, lists of different lengths, both `std` and `covs`, or what [`Mixture::new`]
    /// refuses.
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
        /// Number of coordinates, at least 1; needed when neither `mean` nor `scale` is a list.
        dim: Option<usize> = None,
        /// Degrees of freedom, 0.1 to 1e6; 1 is the Cauchy distribution.
        dof: f64 = 5.0,
        /// Location: a number for all coordinates or a list with one each.
        mean: Numbers = Numbers::One(0.0),
        /// Scale, above 0: a number for all coordinates or a list with one each. The standard
        /// deviation is `sqrt(dof / (dof - 2))` times that.
        scale: Numbers = Numbers::One(1.0),
    }
}

impl StudentTOptions {
    /// The distribution described.
    ///
    /// # Errors
    /// As [`GaussianOptions::gaussian`], or `dof` out of range.
    pub fn student_t(&self) -> Result<StudentT> {
        let lists = [self.dim, self.mean.len(), self.scale.len()];
        let Some(dim) = lists.into_iter().flatten().next() else {
            return Err(Error::argument(
                "dim",
                "missing",
                "neither `mean` nor `scale` tells the dimension: give `dim`",
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
    /// The funnel described.
    ///
    /// # Errors
    /// As [`Funnel::new`].
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
        /// Curvature of the second coordinate along the first, in inverse data units; 0 leaves a
        /// Gaussian.
        bend: f64 = 0.25,
    }
}

impl BananaOptions {
    /// The banana described.
    ///
    /// # Errors
    /// As [`Banana::new`].
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
