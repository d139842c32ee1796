//! Scores, as recipes: every flow makes its own estimators from them, so that one handle can serve several runs.

use crate::bind::points::Cloud;
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine};
use sdflow::flow::Estimate;
use sdflow::options::Options;
use sdflow::points::Standardiser;
use sdflow::score::{
    Denoiser, DenoiserOptions, DiscriminatorOptions, Exact, GaussianFit, GaussianFitOptions, Kde, MixtureFit,
    MixtureFitOptions, Nothing, Ratio, Score as _, Smoothed, SmoothedOptions,
};
use sdflow::target::Target;
use sdflow::{Points, Result};
use std::sync::Arc;

/// What a script holds as a score.
#[derive(Debug, Clone)]
pub enum Recipe {
    /// The closed form of a target.
    Exact(Arc<dyn Target>),
    /// A target's score, smoothed by Monte Carlo.
    Smoothed(Arc<dyn Target>, SmoothedOptions),
    /// Kernel estimate of fixed points.
    Kde {
        /// The points.
        points: Arc<Points>,
        /// One weight per point.
        weights: Option<Arc<[f64]>>,
        /// Units in which the estimate works.
        units: Option<Arc<Standardiser>>,
    },
    /// Kernel estimate of the moving cloud.
    Cloud,
    /// Gaussian with the cloud's moments.
    Gaussian(GaussianFitOptions),
    /// Mixture fitted to the cloud.
    Mixture(MixtureFitOptions),
    /// A trained net.
    Denoiser(Arc<Denoiser>),
    /// A net that learns the cloud's score.
    CloudDenoiser(DenoiserOptions),
    /// The whole difference of two scores.
    Ratio(Arc<dyn Target>, DiscriminatorOptions),
    /// What is subtracted from a whole difference.
    Nothing,
}

impl Recipe {
    /// A target's exact score where it has one, smoothed by Monte Carlo where its closed form is not; else the kernel
    /// estimate of its data.
    pub fn of_target(target: Arc<dyn Target>) -> Result<Recipe> {
        match target.data() {
            Some(data) if target.density().is_none() => Ok(Recipe::Kde {
                points: Arc::clone(data.points),
                weights: data.weights.map(Into::into),
                units: data.standardiser.cloned().map(Arc::new),
            }),
            _ if target.density().is_some_and(|p| !p.smooths()) => {
                Ok(Recipe::Smoothed(target, SmoothedOptions::default()))
            }
            _ => Exact::new(target.clone()).map(|_| Recipe::Exact(target)),
        }
    }

    /// Does it describe the moving cloud?
    pub fn moves(&self) -> bool {
        matches!(self, Recipe::Cloud | Recipe::Gaussian(_) | Recipe::Mixture(_) | Recipe::CloudDenoiser(_))
    }

    /// The estimate of the moving cloud that goes with this score of the target, where none is named. Kernel estimates share
    /// their errors with one of the target, so that equal sets have no field; beside an exact score those errors stay, and beyond a few
    /// coordinates they are larger than the field, where a fit's are not (measured by `scripts/score_estimators.rhai`).
    pub fn source(&self) -> Recipe {
        /// Up to this many coordinates kernel estimates serve.
        const FEW: usize = 4;
        match self {
            Recipe::Ratio(..) => Recipe::Nothing,
            Recipe::Exact(target) | Recipe::Smoothed(target, _) if target.dim() > FEW => {
                Recipe::Mixture(MixtureFitOptions::default())
            }
            _ => Recipe::Cloud,
        }
    }

    /// A new estimator.
    pub fn estimate(&self) -> Result<Estimate> {
        Ok(match self {
            Recipe::Exact(target) => Estimate::Other(Box::new(Exact::new(target.clone())?)),
            Recipe::Smoothed(target, options) => Estimate::Other(Box::new(Smoothed::new(target.clone(), options)?)),
            Recipe::Cloud => Estimate::Kernel(Box::new(Kde::of_cloud())),
            Recipe::Gaussian(options) => Estimate::Other(Box::new(GaussianFit::new(options.clone())?)),
            Recipe::Mixture(options) => Estimate::Other(Box::new(MixtureFit::new(options.clone())?)),
            Recipe::Denoiser(trained) => Estimate::Other(Box::new((**trained).clone())),
            Recipe::CloudDenoiser(options) => Estimate::Other(Box::new(Denoiser::of_cloud(options.clone())?)),
            Recipe::Ratio(target, options) => {
                Estimate::Other(Box::new(Ratio::new(Arc::clone(target), options.clone())?))
            }
            Recipe::Nothing => Estimate::Other(Box::new(Nothing)),
            Recipe::Kde { points, weights, units } => {
                let kde = Kde::of(units.as_ref().map_or_else(|| (**points).clone(), |u| u.apply(points)));
                Estimate::Kernel(Box::new(match weights {
                    Some(weights) => kde.weighted(weights)?,
                    None => kde,
                }))
            }
        })
    }

    /// Units in which the estimate works, when not those of the points.
    pub fn units(&self) -> Option<&Standardiser> {
        match self {
            Recipe::Kde { units, .. } => units.as_deref(),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Recipe::Exact(target) => format!("exact score of {}", target.name()),
            Recipe::Smoothed(target, _) => format!("smoothed score of {}", target.name()),
            Recipe::Kde { points, .. } => format!("kernel score of {} points", points.n()),
            Recipe::Cloud => "kernel score of the moving cloud".into(),
            Recipe::Gaussian(_) => "Gaussian fit of the moving cloud".into(),
            Recipe::Mixture(MixtureFitOptions { k: Some(k), .. }) => {
                format!("{k}-component mixture fit of the moving cloud")
            }
            Recipe::Mixture(_) => "mixture fit of the moving cloud".into(),
            Recipe::Denoiser(trained) => trained.name(),
            Recipe::CloudDenoiser(_) => "denoiser of the moving cloud".into(),
            Recipe::Ratio(target, _) => format!("density ratio to {}", target.name()),
            Recipe::Nothing => "nothing".into(),
        }
    }
}

/// Argument `i` as a score: points mean their kernel estimate, a target its exact score or its data's estimate.
pub fn score(call: &Call, i: usize) -> std::result::Result<Recipe, Fail> {
    let arg = call.arg(i)?.clone();
    if let Some(recipe) = arg.clone().try_cast::<Recipe>() {
        return Ok(recipe);
    }
    if let Some(cloud) = arg.clone().try_cast::<Cloud>() {
        return Ok(Recipe::Kde { points: cloud.points, weights: None, units: None });
    }
    let Some(target) = arg.try_cast::<Arc<dyn Target>>() else {
        return Err(call.wrong(i, "a score, a target or a set of points"));
    };
    Recipe::of_target(target).map_err(|e| {
        let hint = "take samples: kde(target.sample(2000))";
        call.place(e).hint(hint).at(crate::call::At::Argument(i))
    })
}

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "exact",
        kind: Kind::Score,
        signature: "exact(target)",
        returns: "a score",
        about: "The closed-form score of a target smoothed by sigma; sigma = 0 is allowed, and for targets whose density is known \
                only unsmoothed it is all that is (see `smoothed`). Where a score is wanted, any other target with a density \
                means this.",
        options: &[],
        names: &[],
        example: "let s = exact(ar1(0.9, #{dim: 8}));",
        call: |call| {
            let target = call.get(0, "a target")?;
            let exact = Exact::new(Arc::clone(&target)).map_err(|e| call.place(e))?;
            drop(exact);
            Ok(Dynamic::from(Recipe::Exact(target)))
        },
    },
    Entry {
        name: "smoothed",
        kind: Kind::Score,
        signature: "smoothed(target[, options])",
        returns: "a score",
        about: "The score, smoothed by sigma, of a target whose density is known only unsmoothed: `density`, `banana`, `funnel`, \
                `student_t`. Density and score are evaluated at random points around each particle and weighed by the density \
                [debortoli2024target, akhoundsadegh2024iterated]. Where a score is wanted, these targets mean this. The \
                history's `ess_target` tells how many samples count: where sigma is far wider than the target's parts, few \
                do. The density must be continuous inside its support; where it is NaN or its logarithm -infinity it counts \
                as 0. At sigma = 0 the score is exact.",
        options: SmoothedOptions::KEYS,
        names: &[],
        example: "let s = smoothed(banana(), #{samples: 200});\nlet flow = sd_flow(s, #{sigma: geometric(3, 0.2)});",
        call: |call| {
            let target = call.get(0, "a target")?;
            let options: SmoothedOptions = call.options()?;
            Smoothed::new(Arc::clone(&target), &options).map_err(|e| call.place(e))?;
            Ok(Dynamic::from(Recipe::Smoothed(target, options)))
        },
    },
    Entry {
        name: "kde",
        kind: Kind::Score,
        signature: "kde([points])",
        returns: "a score",
        about: "The kernel estimate: the score of the points smoothed by sigma, which must be positive. Of a finite sample it keeps \
                weights and units. Without points it follows the moving cloud.",
        options: &[],
        names: &[],
        example: "let s = kde(normal(500, 2));\nlet own = kde();",
        call: |call| {
            let recipe = if call.len() == 0 { Recipe::Cloud } else { estimate_of(call)? };
            Ok(Dynamic::from(recipe))
        },
    },
    Entry {
        name: "gaussian_fit",
        kind: Kind::Score,
        signature: "gaussian_fit([options])",
        returns: "a score",
        about: "The score of the Gaussian with the moving cloud's mean and covariance: exact when the cloud is Gaussian, and good in \
                high dimension, where a kernel estimate is not.",
        options: GaussianFitOptions::KEYS,
        names: &[],
        example: "let flow = sd_flow(ar1(0.9, #{dim: 8}), gaussian_fit());",
        call: |call| {
            let options: GaussianFitOptions = call.options()?;
            GaussianFit::new(options.clone()).map_err(|e| call.place(e))?;
            Ok(Dynamic::from(Recipe::Gaussian(options)))
        },
    },
    Entry {
        name: "mixture_fit",
        kind: Kind::Score,
        signature: "mixture_fit([options])",
        returns: "a score",
        about: "The score of a mixture of `k` Gaussians fitted to the moving cloud by expectation maximisation; the components \
                follow the cloud.",
        options: MixtureFitOptions::KEYS,
        names: &[],
        example: "let s = mixture_fit(#{k: 3});",
        call: |call| {
            let options: MixtureFitOptions = call.options()?;
            MixtureFit::new(options.clone()).map_err(|e| call.place(e))?;
            Ok(Dynamic::from(Recipe::Mixture(options)))
        },
    },
];

/// The kernel estimate of points, or of a finite sample's data.
fn estimate_of(call: &Call) -> std::result::Result<Recipe, Fail> {
    if let Some(target) = call.arg(0)?.clone().try_cast::<Arc<dyn Target>>() {
        return match target.data() {
            Some(_) => score(call, 0),
            None => Err(call.wrong(0, "a set of points").hint("take samples: kde(target.sample(2000))")),
        };
    }
    Ok(Recipe::Kde { points: call.points(0)?, weights: None, units: None })
}

/// How a score prints.
pub fn register(engine: &mut Engine) {
    let text = |recipe: &mut Recipe| recipe.text();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
