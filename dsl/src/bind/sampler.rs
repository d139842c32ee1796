//! Flows that sample from a distribution given by its score: SVGD, Langevin dynamics, denoising
//! diffusion.

use crate::bind::arguments::{SCORE, check_size, fixed_score};
use crate::bind::stepping::{STEPPING, plan, with_stepping};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Flow, Plan, Recipe, numbers};
use rhai::Dynamic;
use sdflow::cost::Gauge;
use sdflow::flow::{
    Diffusion, Langevin, LangevinOptions, LikelihoodOptions, PfOdeOptions, PfOdeSampler, PredictorCorrectorOptions,
    ReverseSdeOptions, ReverseSdeSampler, Stepping, Svgd, SvgdOptions,
};
use sdflow::number::significant;
use sdflow::options::{Key, Options};
use sdflow::score::Score;
use sdflow::target::Target;
use sdflow::{Error, MissingPart, Result, cost};
use std::sync::Arc;

type Made = std::result::Result<Dynamic, Fail>;

pub(super) const SVGD_KEYS: &[Key] =
    &with_stepping::<{ SvgdOptions::KEYS.len() + STEPPING }>(SvgdOptions::KEYS, || serde_json::Value::Null);

pub const ENTRIES: &[Entry] = &[
    function("svgd", Kind::Flow, &[arg("target", SCORE), OPTIONS], Type::Flow, svgd)
        .about(
            "Stein variational gradient descent: the velocity at `z` is `mean_j [k(y_j, z) grad \
             log p(y_j) + grad k(y_j, z)]`, the mean over the particles `y_j` [liu2016stein]. This \
             velocity is the score difference smoothed by the kernel `k`, and needs no score of \
             the cloud. The target may be anything with a score at sigma = 0, such as a `density`; \
             points need a positive `sigma`. If `step` is left out, it is 0.1 times the square of \
             a length: the one over which the score changes around the start, found as the slope \
             of the particles as a function of their scores (for a Gaussian, about its smallest \
             standard deviation).",
        )
        .options(SVGD_KEYS)
        .example(
            "let p = density(2, \"-(x[0]^2 + 4*x[1]^2)/2\");\n\
             let r = run(svgd(p, #{step: 0.3}), normal(300, 2));",
        ),
    function("langevin", Kind::Flow, &[arg("target", SCORE), OPTIONS], Type::Flow, langevin)
        .about(
            "Langevin dynamics, `y' = y + h grad log p(y) + sqrt(2h) e` with standard normal noise \
             `e`, where every particle is an independent chain [roberts1996exponential]. With \
             `sampler: \"ula\"`, the chains sample the target up to an error that grows with the \
             step size `h`. With `sampler: \"mala\"`, moves are accepted or rejected, and the \
             chains sample the target exactly. If `step` is left out, the first half of a run of \
             \"mala\" is a warm-up in which the step size is adapted [hoffman2014nuts]. In the \
             history, `acceptance` is the share of accepted moves, and `start_correlation` is the \
             largest correlation of a coordinate with its value at the start. This correlation is \
             near 0 if the chains have mixed.",
        )
        .options(LangevinOptions::KEYS)
        .example(
            "let p = density(1, \"-x[0]^4/4\");\n\
             let r = run(langevin(p, #{sampler: \"mala\", step: 0.3}), normal(300, 1));\n\
             print(r.history.column(\"acceptance\")[0]);",
        ),
    function("pf_ode", Kind::Flow, &[arg("score", SCORE), OPTIONS], Type::Flow, pf_ode)
        .about(
            "The probability flow of a diffusion, `dz/dsigma = (z - D(z; sigma)) / sigma` with the \
             denoiser `D` [song2021score, karras2022elucidating]. The flow is deterministic, and a \
             run goes from the largest noise level to the smallest. One step of a run goes from \
             one noise level to the next. Start the run from `flow.prior(n)`. All values of \
             `process` give the same flow, in different coordinates `y = a (x + sigma e)`, where \
             `x` is a clean point, `e` is standard normal noise, and the scale `a` depends on the \
             process and on sigma. The default noise levels of the processes differ.",
        )
        .options(PfOdeOptions::KEYS)
        .example(
            "let flow = pf_ode(dataset(\"25gaussians\"));\n\
             let r = run(flow, flow.prior(500), #{steps: 40});",
        ),
    function("reverse_sde", Kind::Flow, &[arg("score", SCORE), OPTIONS], Type::Flow, reverse_sde)
        .about(
            "The reverse stochastic equation of a diffusion [song2021score]: `pf_ode` with noise, \
             and with the same distribution at every noise level. `lambda` interpolates between \
             this equation and `pf_ode`. For runs of few steps, use `sampler: \
             \"gaussian_mixture\"` [guo2023gaussian]: it draws each coordinate at the next noise \
             level from a mixture of two Gaussians with the exact conditional mean, variance and \
             skewness. These moments come from differences of the denoiser, which take `2 dim + 1` \
             evaluations per step, so this sampler is useful in few dimensions only. Start the run \
             from `flow.prior(n)`.",
        )
        .options(ReverseSdeOptions::KEYS)
        .example(
            "let flow = reverse_sde(dataset(\"25gaussians\"), #{lambda: 0.5});\n\
             let r = run(flow, flow.prior(500), #{steps: 100});",
        ),
    function("predictor_corrector", Kind::Flow, &[arg("score", SCORE), OPTIONS], Type::Flow, predictor_corrector)
        .about(
            "The predictor-corrector sampler: each step of the run is a step of the reverse \
             equation (see `reverse_sde`), followed by Langevin steps at the new noise level \
             [song2021score]. Start the run from `flow.prior(n)`.",
        )
        .options(PredictorCorrectorOptions::KEYS)
        .example(
            "let flow = predictor_corrector(dataset(\"25gaussians\"), #{corrections: 2});\n\
             let r = run(flow, flow.prior(500), #{steps: 100});",
        ),
    function("prior", Kind::Flow, &[arg("n", Type::Whole)], Type::Points, prior)
        .of(Type::Flow)
        .about(
            "`n` points of the distribution from which `pf_ode`, `reverse_sde` and \
             `predictor_corrector` start: a Gaussian whose standard deviation is the first noise \
             level. The mean of this Gaussian is the mean of the data, if it is known. Every call \
             draws new points.",
        )
        .example(
            "let flow = pf_ode(normal(300, 2), #{sigma_max: 20});\n\
             let y = flow.prior(500);",
        ),
    function(
        "log_density",
        Kind::Flow,
        &[arg("points", Type::Points), OPTIONS],
        Type::List(&Type::Number),
        log_density,
    )
    .of(Type::Flow)
    .returned("an array with a number per point")
    .about(
        "The log density in nats of the distribution that `pf_ode` generates, at the given points. \
         It is the log density of the prior at the end of the probability flow from the point, \
         plus the integral of the divergence along this flow, from sigma_min up to the prior \
         [song2021score]. The result differs from the log density of the data smoothed by \
         sigma_min, because the prior ignores the spread of the data; a large sigma_max makes the \
         difference small. If the divergence is estimated along random directions, a note tells the \
         standard error.",
    )
    .options(LikelihoodOptions::KEYS)
    .example(
        "let p = dataset(\"8gaussians\");\n\
         let flow = pf_ode(p, #{sigma_min: 0.01});\n\
         print(flow.log_density(p.sample(5), #{steps: 10})[0]);",
    ),
];

fn build_score(recipe: &Recipe) -> Result<Box<dyn Score>> {
    Ok(recipe.estimate()?.score())
}

fn svgd(call: &Call) -> Made {
    let (options, stepping): (SvgdOptions, _) = call.options_with_stepping()?;
    let target = fixed_score(call, 0)?;
    let density = density(&target);
    idle::in_stepping(call, &stepping);
    let make = move || Ok(Flow::field(Svgd::new(build_score(&target)?, options.clone())?.inside(density.clone())));
    plan("svgd", call, stepping, make)
}

/// Returns the target whose exact score this is.
fn density(score: &Recipe) -> Option<Arc<dyn Target>> {
    match score {
        Recipe::Exact(target) | Recipe::Smoothed(target, _) => Some(target.clone()),
        _ => None,
    }
}

fn langevin(call: &Call) -> Made {
    let options: LangevinOptions = call.options()?;
    let target = fixed_score(call, 0)?;
    let density = density(&target);
    idle::in_langevin(call, &options);
    plan("langevin", call, Stepping::default(), move || {
        Ok(Flow::Sampler(Box::new(Langevin::new(build_score(&target)?, density.clone(), &options)?)))
    })
}

fn pf_ode(call: &Call) -> Made {
    let options: PfOdeOptions = call.options()?;
    let score = fixed_score(call, 0)?;
    let fixed = options.sampler != PfOdeSampler::Adaptive;
    let idle = [("tolerance", fixed, "it belongs to the sampler \"adaptive\"")];
    idle::in_diffusion(call, options.process, &idle);
    denoising("pf_ode", call, move || Diffusion::pf_ode(build_score(&score)?, &options))
}

fn reverse_sde(call: &Call) -> Made {
    let options: ReverseSdeOptions = call.options()?;
    let score = fixed_score(call, 0)?;
    let churns = options.sampler == ReverseSdeSampler::Edm;
    let mixes = options.sampler == ReverseSdeSampler::GaussianMixture;
    let why = "it belongs to the sampler \"edm\"";
    let idle = [
        ("lambda", churns, "the noise of \"edm\" is its `churn`"),
        ("lambda", mixes, "the noise of \"gaussian_mixture\" is that of the posterior"),
        ("churn", !churns, why),
        ("churn_min", !churns, why),
        ("churn_max", !churns, why),
        ("churn_noise", !churns, why),
    ];
    idle::in_diffusion(call, options.process, &idle);
    denoising("reverse_sde", call, move || Diffusion::reverse_sde(build_score(&score)?, &options))
}

fn predictor_corrector(call: &Call) -> Made {
    let options: PredictorCorrectorOptions = call.options()?;
    let score = fixed_score(call, 0)?;
    let idle = [("snr", options.corrections == 0, "there are no corrections")];
    idle::in_diffusion(call, options.process, &idle);
    denoising("predictor_corrector", call, move || Diffusion::predictor_corrector(build_score(&score)?, &options))
}

/// Returns the recipe of a diffusion sampler.
fn denoising(name: &'static str, call: &Call, make: impl Fn() -> Result<Diffusion> + Send + Sync + 'static) -> Made {
    plan(name, call, Stepping::default(), move || Ok(Flow::Diffusion(Box::new(make()?))))
}

/// Returns the diffusion of the receiver.
fn diffusion(call: &Call, part: MissingPart, hint: &str) -> std::result::Result<Diffusion, Fail> {
    let plan: Plan = call.receiver()?;
    match plan.flow().map_err(|e| call.place(e))? {
        Flow::Diffusion(diffusion) => Ok(*diffusion),
        _ => Err(call.place(Error::Missing { what: format!("`{}`", plan.name), part, hint: hint.into() })),
    }
}

fn prior(call: &Call) -> Made {
    let diffusion = diffusion(call, MissingPart::Prior, "")?;
    let prior = diffusion.prior().map_err(|e| call.place(e))?;
    let n = call.context.points(call.count(1, 1)?);
    check_size(call, 1, n, prior.dim())?;
    let points = prior.sample(n, call.context.stream("prior")).map_err(|e| call.place(e))?;
    Ok(Cloud::value(points))
}

fn log_density(call: &Call) -> Made {
    let plan: Plan = call.receiver()?;
    let (context, points) = (call.context, call.points(1)?);
    let options: LikelihoodOptions = call.options()?;
    let place = |e| call.place(e);
    options.check().map_err(place)?;
    let hint = "the deterministic sampler has one: pf_ode(score).log_density(points)";
    let mut flow = diffusion(call, MissingPart::Other("log density".into()), hint)?;
    let stream = context.stream("log density");
    let measure = |gauge: &Gauge| {
        let make = || plan.flow().and_then(Flow::into_diffusion);
        cost::log_density(&make, &points, &options, gauge, stream)
    };
    let act = || flow.log_density(&points, &options, &context.pairwise, stream);
    let found = call.work(format!("log_density {}", plan.name), act, measure)?;
    if let Some(errors) = found.errors {
        let squares = errors.each.iter().map(|e| e * e).sum::<f64>() / errors.each.len() as f64;
        let (each, of_mean) = (significant(squares.sqrt(), 2), significant(errors.of_mean, 2));
        let count = options.directions(points.dim());
        context.note(&format!(
            "log_density: the divergence is estimated along {count} random directions (option `probes`): the standard error \
             is {each} nats for a point (root mean square) and {of_mean} for the mean over the points"
        ));
    }
    Ok(numbers(&found.values))
}
