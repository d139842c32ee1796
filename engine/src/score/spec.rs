//! Specifications of scores: the default score of a target, and the default source score for it.

use super::{
    Auto, Denoiser, DenoiserOptions, DiscriminatorOptions, Estimate, Exact, GaussianFit, GaussianFitOptions, Kde,
    KdeOfRows, MixtureFit, MixtureFitOptions, Nothing, Ratio, Score as _, Smoothed, SmoothedOptions, StoredRows,
};
use crate::number::counted;
use crate::points::Standardiser;
use crate::target::Target;
use crate::{Points, Result};
use std::fmt;
use std::sync::Arc;

/// Up to this many coordinates the default source score for a closed form is a kernel estimate.
const FEW: usize = 4;

/// The specification of a score. Every flow builds its own estimator from it, so that one
/// specification can serve several runs. Copies share the points, the targets and the trained nets.
#[derive(Debug, Clone)]
pub enum ScoreSpec {
    /// The closed form of a target.
    Exact(Arc<dyn Target>),
    /// The score of a target, smoothed by Monte Carlo.
    Smoothed(Arc<dyn Target>, SmoothedOptions),
    /// The kernel estimate of fixed points.
    Kde {
        /// The points.
        points: Arc<Points>,
        /// One weight per point; None if they are equal.
        weights: Option<Arc<[f64]>>,
        /// The units in which the estimate works, if these are not the units of the points.
        units: Option<Arc<Standardiser>>,
    },
    /// The kernel estimate of rows that are read block by block.
    #[doc(hidden)]
    Rows(StoredRows),
    /// The kernel estimate of the moving cloud.
    Cloud,
    /// The kernel estimate of the moving cloud or a mixture fitted to it, whichever describes it
    /// better.
    Auto,
    /// The Gaussian with the moments of the cloud.
    Gaussian(GaussianFitOptions),
    /// A mixture fitted to the cloud.
    Mixture(MixtureFitOptions),
    /// A trained net.
    Denoiser(Arc<Denoiser>),
    /// A net that learns the score of the cloud.
    CloudDenoiser(DenoiserOptions),
    /// The difference of two scores, estimated as a whole.
    Ratio(Arc<dyn Target>, DiscriminatorOptions),
    /// The zero score, which is subtracted from a whole difference.
    Nothing,
}

impl ScoreSpec {
    /// Returns the exact score of a target if it has one. If only the score without smoothing has a
    /// closed form, returns the score smoothed by Monte Carlo. Otherwise returns the kernel
    /// estimate from its data, with their weights and units.
    ///
    /// ```
    /// use sdflow::score::ScoreSpec;
    /// use sdflow::target::Gaussian;
    /// use std::sync::Arc;
    /// let target = ScoreSpec::of_target(Arc::new(Gaussian::ar1(64, 0.9)?))?;
    /// assert_eq!(target.source().to_string(), "score of the moving cloud");
    /// # Ok::<(), sdflow::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Missing`] for a target with neither a closed form nor data: sample points
    /// from it and use their kernel estimate.
    pub fn of_target(target: Arc<dyn Target>) -> Result<ScoreSpec> {
        if let Some(rows) = target.rows() {
            return Ok(ScoreSpec::Rows(StoredRows::new(Arc::clone(rows))));
        }
        match (target.density(), target.data()) {
            (None, Some(data)) => Ok(ScoreSpec::Kde {
                points: Arc::clone(data.points),
                weights: data.weights.map(Into::into),
                units: data.standardiser.cloned().map(Arc::new),
            }),
            (Some(density), _) if !density.smooths() => {
                Ok(ScoreSpec::Smoothed(Arc::clone(&target), SmoothedOptions::default()))
            }
            _ => Exact::new(Arc::clone(&target)).map(|_| ScoreSpec::Exact(Arc::clone(&target))),
        }
    }

    /// Returns the kernel estimate from points, equally weighted and in their own units.
    pub fn of_points(points: impl Into<Arc<Points>>) -> ScoreSpec {
        ScoreSpec::Kde { points: points.into(), weights: None, units: None }
    }

    /// True if the score describes the moving cloud.
    pub fn moves(&self) -> bool {
        use ScoreSpec::{Auto, Cloud, CloudDenoiser, Gaussian, Mixture};
        matches!(self, Auto | Cloud | Gaussian(_) | Mixture(_) | CloudDenoiser(_))
    }

    /// Returns the default estimate of the moving cloud for this score of the target. For a closed
    /// form in more than 4 coordinates, smoothed exactly or by Monte Carlo, it is
    /// [`ScoreSpec::Auto`]. For a density ratio it is the zero score. Otherwise it is the kernel
    /// estimate.
    ///
    /// The errors of a kernel estimate cancel those of a kernel estimate of the target, so that
    /// the field between equal sets is 0. With an exact score of the target these errors remain,
    /// and beyond a few coordinates they are larger than the field. The errors of a fit are smaller
    /// (measured by `scripts/score_estimators.rhai`).
    pub fn source(&self) -> ScoreSpec {
        match self {
            ScoreSpec::Ratio(..) => ScoreSpec::Nothing,
            ScoreSpec::Exact(target) | ScoreSpec::Smoothed(target, _) if target.dim() > FEW => ScoreSpec::Auto,
            _ => ScoreSpec::Cloud,
        }
    }

    /// Builds an estimator.
    ///
    /// # Errors
    /// Those of the constructor of the estimator: an option is out of range, or the target lacks a
    /// part.
    pub fn estimate(&self) -> Result<Estimate> {
        Ok(match self {
            ScoreSpec::Exact(target) => Estimate::Other(Box::new(Exact::new(Arc::clone(target))?)),
            ScoreSpec::Smoothed(target, options) => {
                Estimate::Other(Box::new(Smoothed::new(Arc::clone(target), options)?))
            }
            ScoreSpec::Rows(rows) => Estimate::Rows(Box::new(KdeOfRows::new(rows.clone())?)),
            ScoreSpec::Cloud => Kde::of_cloud().into(),
            ScoreSpec::Auto => Estimate::Auto(Box::new(Auto::new()?)),
            ScoreSpec::Gaussian(options) => Estimate::Other(Box::new(GaussianFit::new(options.clone())?)),
            ScoreSpec::Mixture(options) => Estimate::Other(Box::new(MixtureFit::new(options.clone())?)),
            ScoreSpec::Denoiser(trained) => Estimate::Other(Box::new((**trained).clone())),
            ScoreSpec::CloudDenoiser(options) => Estimate::Other(Box::new(Denoiser::of_cloud(options.clone())?)),
            ScoreSpec::Ratio(target, options) => {
                Estimate::Other(Box::new(Ratio::new(Arc::clone(target), options.clone())?))
            }
            ScoreSpec::Nothing => Estimate::Other(Box::new(Nothing)),
            ScoreSpec::Kde { points, weights, units } => {
                let kde = match units {
                    Some(units) => Kde::of(units.apply(points)),
                    None => Kde::of(Arc::clone(points)),
                };
                match weights {
                    Some(weights) => kde.with_weights(weights)?.into(),
                    None => kde.into(),
                }
            }
        })
    }

    /// Returns the units in which the estimate works, if these are not the units of the points.
    pub fn units(&self) -> Option<&Standardiser> {
        match self {
            ScoreSpec::Kde { units, .. } => units.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for ScoreSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScoreSpec::Exact(target) => write!(f, "exact score of {}", target.name()),
            ScoreSpec::Smoothed(target, _) => write!(f, "smoothed score of {}", target.name()),
            ScoreSpec::Kde { points, .. } => write!(f, "kernel score of {}", counted(points.n(), "point")),
            ScoreSpec::Rows(rows) => write!(f, "kernel score of {rows}"),
            ScoreSpec::Cloud => f.write_str("kernel score of the moving cloud"),
            ScoreSpec::Auto => f.write_str("score of the moving cloud"),
            ScoreSpec::Gaussian(_) => f.write_str("Gaussian fit of the moving cloud"),
            ScoreSpec::Mixture(MixtureFitOptions { k: Some(k), .. }) => {
                write!(f, "{k}-component mixture fit of the moving cloud")
            }
            ScoreSpec::Mixture(_) => f.write_str("mixture fit of the moving cloud"),
            ScoreSpec::Denoiser(trained) => f.write_str(&trained.name()),
            ScoreSpec::CloudDenoiser(_) => f.write_str("denoiser of the moving cloud"),
            ScoreSpec::Ratio(target, _) => write!(f, "density ratio to {}", target.name()),
            ScoreSpec::Nothing => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::rng::Stream;
    use crate::target::{Banana, DatasetOptions, Gaussian, Samples, SamplesOptions, dataset};

    fn meant(target: impl Target + 'static) -> ScoreSpec {
        ScoreSpec::of_target(Arc::new(target)).unwrap()
    }

    #[test]
    fn a_density_means_its_exact_score_and_its_source_depends_on_the_dimension() {
        let (few, many) = (meant(Gaussian::ar1(4, 0.5).unwrap()), meant(Gaussian::ar1(5, 0.5).unwrap()));
        assert!(matches!((&few, few.source()), (ScoreSpec::Exact(_), ScoreSpec::Cloud)));
        assert!(matches!((&many, many.source()), (ScoreSpec::Exact(_), ScoreSpec::Auto)));
    }

    #[test]
    fn a_density_without_a_smoothed_form_is_smoothed() {
        let (few, many) = (meant(Banana::new(4, 1.0, 0.1).unwrap()), meant(Banana::new(5, 1.0, 0.1).unwrap()));
        assert!(matches!((&few, few.source()), (ScoreSpec::Smoothed(..), ScoreSpec::Cloud)));
        assert!(matches!((&many, many.source()), (ScoreSpec::Smoothed(..), ScoreSpec::Auto)));
    }

    #[test]
    fn points_mean_their_kernel_estimate_beside_that_of_the_cloud_in_any_dimension() {
        let points = Arc::new(Stream::new(1).normal(3, 64));
        let options = SamplesOptions { weights: Some(vec![1.0, 2.0, 1.0]), standardise: true };
        let spec = meant(Samples::new(Arc::clone(&points), &options).unwrap());
        let ScoreSpec::Kde { points: held, weights, units } = &spec else { panic!("{spec}") };
        assert!(Arc::ptr_eq(held, &points), "a set of points is not copied");
        assert_eq!((weights.as_deref(), units.is_some()), (Some([0.25, 0.5, 0.25].as_slice()), true));
        assert!(matches!(spec.source(), ScoreSpec::Cloud));
        assert!(matches!(ScoreSpec::of_points(points).source(), ScoreSpec::Cloud));
    }

    #[test]
    fn a_whole_difference_has_nothing_beside_it_and_a_bare_sampler_means_no_score() {
        let target: Arc<dyn Target> = Arc::new(Gaussian::ar1(5, 0.5).unwrap());
        let ratio = ScoreSpec::Ratio(target, DiscriminatorOptions::default());
        assert!(matches!(ratio.source(), ScoreSpec::Nothing));
        let moons = dataset("moons", &DatasetOptions::default()).unwrap();
        assert!(matches!(ScoreSpec::of_target(moons), Err(Error::Missing { .. })));
    }

    #[test]
    fn every_specification_makes_its_estimator() {
        let of = |spec: &ScoreSpec| spec.estimate().unwrap().score().name();
        let target: Arc<dyn Target> = Arc::new(Gaussian::ar1(2, 0.5).unwrap());
        assert!(of(&ScoreSpec::Exact(Arc::clone(&target))).starts_with("exact("));
        assert!(of(&ScoreSpec::Smoothed(target, SmoothedOptions::default())).starts_with("smoothed("));
        assert_eq!(of(&ScoreSpec::of_points(Stream::new(1).normal(7, 2))), "kde of 7 points");
        assert_eq!(of(&ScoreSpec::Cloud), "kde of the moving cloud");
        for spec in [
            ScoreSpec::Gaussian(GaussianFitOptions::default()),
            ScoreSpec::Mixture(MixtureFitOptions::default()),
            ScoreSpec::Auto,
            ScoreSpec::Nothing,
        ] {
            assert_eq!(of(&spec), spec.to_string());
        }
    }
}
