//! Scores, as specifications: every flow makes its own estimators from them, so that one handle can serve several runs.

use crate::bind::points::Cloud;
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine};
use sdflow::options::Options;
use sdflow::score::{Exact, GaussianFit, GaussianFitOptions, MixtureFit, MixtureFitOptions, Smoothed, SmoothedOptions};
use sdflow::target::Target;
use std::sync::Arc;

/// What a script holds as a score.
pub use sdflow::score::ScoreSpec as Recipe;

/// Argument `i` as a score: points mean their kernel estimate, a target its exact score or its data's estimate.
pub fn score(call: &Call, i: usize) -> std::result::Result<Recipe, Fail> {
    let arg = call.arg(i)?.clone();
    if let Some(recipe) = arg.clone().try_cast::<Recipe>() {
        return Ok(recipe);
    }
    if let Some(cloud) = arg.clone().try_cast::<Cloud>() {
        return Ok(Recipe::of_points(cloud.points));
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
    Ok(Recipe::of_points(call.points(0)?))
}

/// How a score prints.
pub fn register(engine: &mut Engine) {
    let text = |recipe: &mut Recipe| recipe.to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
