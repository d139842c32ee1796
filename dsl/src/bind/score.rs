//! Scores, as specifications: every flow builds its own estimators from them, so that one score can
//! serve several runs.

use crate::bind::arguments::{SAMPLE, score};
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::Recipe;
use rhai::Dynamic;
use sdflow::options::Options;
use sdflow::score::{Exact, GaussianFit, GaussianFitOptions, MixtureFit, MixtureFitOptions, Smoothed, SmoothedOptions};
use sdflow::target::Target;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function("exact", Kind::Score, &[arg("target", Type::Target)], Type::Score, |call| {
        let target = call.get(0, "a target")?;
        let exact = Exact::new(Arc::clone(&target)).map_err(|e| call.place(e))?;
        drop(exact);
        Ok(Dynamic::from(Recipe::Exact(target)))
    })
    .about(
        "The closed-form score of a target smoothed by sigma; sigma = 0 is allowed. For a target \
         whose density is known only without smoothing, sigma must be 0; for a positive sigma use \
         `smoothed`. A function that takes a score also accepts a target whose smoothed density is \
         known, and then uses this score.",
    )
    .example("let s = exact(ar1(0.9, #{dim: 8}));"),
    function("smoothed", Kind::Score, &[arg("target", Type::Target), OPTIONS], Type::Score, |call| {
        let target = call.get(0, "a target")?;
        let options: SmoothedOptions = call.options()?;
        Smoothed::new(Arc::clone(&target), &options).map_err(|e| call.place(e))?;
        Ok(Dynamic::from(Recipe::Smoothed(target, options)))
    })
    .about(
        "The score, smoothed by sigma, of a target whose density is known only without smoothing: \
         `density`, `banana`, `funnel`, `student_t`. At random points around each particle, \
         density and score are evaluated, and the scores are averaged with the densities as \
         weights [debortoli2024target, akhoundsadegh2024iterated]. A function that takes a score \
         also accepts one of these targets and then uses this score. `ess_target` in the history \
         is the effective sample size of this average: it is small if sigma is much larger than \
         the details of the target. The density must be continuous inside its support. Where it is \
         NaN or its logarithm is -infinity, it counts as 0. At sigma = 0 the score is exact.",
    )
    .options(SmoothedOptions::KEYS)
    .example(
        "let s = smoothed(banana(), #{samples: 200});\n\
         let flow = sd_flow(s, #{sigma: geometric(3, 0.2)});",
    ),
    function("kde", Kind::Score, &[optional("points", SAMPLE)], Type::Score, |call| {
        let recipe = if call.len() == 0 { Recipe::Cloud } else { estimate_of(call)? };
        Ok(Dynamic::from(recipe))
    })
    .about(
        "The kernel density estimate: the score of the points smoothed by sigma, which must be \
         positive. For `samples`, it uses their weights and units. Without points, it is the \
         estimate from the moving cloud.",
    )
    .example(
        "let s = kde(normal(500, 2));\n\
         let own = kde();",
    ),
    function("gaussian_fit", Kind::Score, &[OPTIONS], Type::Score, |call| {
        let options: GaussianFitOptions = call.options()?;
        GaussianFit::new(options.clone()).map_err(|e| call.place(e))?;
        Ok(Dynamic::from(Recipe::Gaussian(options)))
    })
    .about(
        "The score of the Gaussian with the mean and covariance of the moving cloud. It is exact \
         if the cloud is Gaussian. In high dimension it can be accurate where a kernel estimate is \
         inaccurate.",
    )
    .options(GaussianFitOptions::KEYS)
    .example("let flow = sd_flow(ar1(0.9, #{dim: 8}), gaussian_fit());"),
    function("mixture_fit", Kind::Score, &[OPTIONS], Type::Score, |call| {
        let options: MixtureFitOptions = call.options()?;
        MixtureFit::new(options.clone()).map_err(|e| call.place(e))?;
        Ok(Dynamic::from(Recipe::Mixture(options)))
    })
    .about(
        "The score of a mixture of Gaussians fitted to the moving cloud; the components follow the \
         cloud. Two measures keep the score accurate in many dimensions: expectation maximisation \
         tells the components apart in a few coordinates only [dempster1977maximum], and \
         covariances are shrunk [ledoit2004well]. If `k` is left out, the number of components is \
         the one with the largest likelihood of held-out points.",
    )
    .options(MixtureFitOptions::KEYS)
    .example("let s = mixture_fit(#{k: 3});"),
];

/// Returns the kernel estimate from points, or from the data of a finite sample.
fn estimate_of(call: &Call) -> Result<Recipe, Fail> {
    if let Some(target) = call.arg(0)?.clone().try_cast::<Arc<dyn Target>>() {
        return match target.finite_sample().is_some() {
            true => score(call, 0),
            false => Err(call.wrong(0, "a set of points").hint("use a sample: kde(target.sample(2000))")),
        };
    }
    Ok(Recipe::of_points(call.points(0)?))
}
