//! Flows. A flow in a script is a recipe: every run builds a new flow, which inherits no state.

use crate::bind::arguments::{SAMPLE, SCORE, distribution, score, weighted_points};
use crate::bind::first_training::shorten_first_training;
use crate::bind::stepping::{STEPPING, plan, with_stepping};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::{Flow, Plan, Recipe};
use rhai::Dynamic;
use sdflow::Points;
use sdflow::flow::{
    ByLabel, DriftFlow, DriftFlowOptions, GanFlow, GanFlowOptions, MmdFlow, MmdFlowOptions, SdFlow, SdFlowOptions,
    SinkhornFlow, SinkhornFlowOptions, SlicedFlow, SlicedFlowOptions, VelocityField,
};
use sdflow::options::{Key, Options};
use std::sync::Arc;

const SD_KEYS: &[Key] = &with_stepping::<{ SdFlowOptions::KEYS.len() + STEPPING }>(SdFlowOptions::KEYS, || 1.0.into());
const MMD_KEYS: &[Key] =
    &with_stepping::<{ MmdFlowOptions::KEYS.len() + STEPPING }>(MmdFlowOptions::KEYS, || 1.0.into());
const SINKHORN_KEYS: &[Key] =
    &with_stepping::<{ SinkhornFlowOptions::KEYS.len() + STEPPING }>(SinkhornFlowOptions::KEYS, || 1.0.into());
const SLICED_KEYS: &[Key] =
    &with_stepping::<{ SlicedFlowOptions::KEYS.len() + STEPPING }>(SlicedFlowOptions::KEYS, || 1.0.into());
const DRIFT_KEYS: &[Key] =
    &with_stepping::<{ DriftFlowOptions::KEYS.len() + STEPPING }>(DriftFlowOptions::KEYS, || 1.0.into());
const GAN_KEYS: &[Key] =
    &with_stepping::<{ GanFlowOptions::KEYS.len() + STEPPING }>(GanFlowOptions::KEYS, || serde_json::Value::Null);

pub const ENTRIES: &[Entry] = &[
    function(
        "sd_flow",
        Kind::Flow,
        &[arg("target_score", SCORE), optional("source_score", SCORE), OPTIONS],
        Type::Flow,
        sd_flow,
    )
    .about(
        "The score-difference flow `dy/dt = grad log p(y) - grad log q(y)`, where `p` and `q` are \
         smoothed by sigma [weber2023score]. `target_score` may be a score, a target or points. \
         `source_score` is the score of the moving cloud. If it is left out, it is usually \
         `kde()`. If the target score is exact or `smoothed`, and there are more than 4 \
         dimensions, the source score is `mixture_fit()` or `kde()`: the one that gives held-out \
         points of the cloud the larger likelihood at the current sigma. The choice between the \
         two may change during a run. If sigma is left out, it is chosen from the data, and the \
         run prints the choice.",
    )
    .options(SD_KEYS)
    .example(
        "let flow = sd_flow(dataset(\"moons\").sample(500));\n\
         let r = run(flow, normal(500, 2));\n\
         let fixed = sd_flow(ar1(0.5, #{dim: 4}), gaussian_fit(), #{sigma: cosine(3, 0.1), step: 0.5});",
    ),
    function("mmd_flow", Kind::Flow, &[arg("points", SAMPLE), OPTIONS], Type::Flow, mmd_flow)
        .about(
            "The gradient flow of the maximum mean discrepancy [arbel2019maximum]. The velocity of \
             a particle at `z` is `E_p grad k(z, x) - E_q grad k(z, y)`. Here the gradient is \
             taken in `z`, `x` is a point of the target `p`, and `y` is a particle of the cloud \
             `q`. The target attracts a particle only where the kernel is not nearly 0: with a \
             kernel that decays fast, such as a Gaussian, particles that start far away do not \
             come nearer. With `noise`, the velocity is evaluated at perturbed points, which helps \
             the particles to leave local minima [arbel2019maximum]. `weighting: \"normalised\"` \
             divides the first term by `E_p k` and the second by `E_q k`; with a Gaussian kernel \
             this gives the score difference. If the points are `samples`, their weights are used.",
        )
        .options(MMD_KEYS)
        .example(
            "let x = dataset(\"moons\").sample(500);\n\
             let r = run(mmd_flow(x, #{kernel: imq(0.5)}), normal(500, 2));\n\
             let jittered = mmd_flow(x, #{kernel: [0.3, 1, 3], noise: linear(1, 0)});",
        ),
    function("sinkhorn_flow", Kind::Flow, &[arg("points", SAMPLE), OPTIONS], Type::Flow, sinkhorn_flow)
        .about(
            "The gradient flow of the Sinkhorn divergence [feydy2019interpolating]: the velocity \
             is the mean of the points under the entropic transport plan from the cloud to the \
             points, minus the same mean under the plan of the cloud with itself. The velocity \
             does not vanish for a start far away, and every point attracts a share of the cloud \
             equal to the weight of the point. With a small `epsilon`, the first step moves the \
             particles nearly by the optimal transport to the points if its size is 1. \
             `marginal_error` and `iterations` in the history belong to the last evaluation of the \
             velocity. If the points are `samples`, their weights are used.",
        )
        .options(SINKHORN_KEYS)
        .example(
            "let x = dataset(\"moons\").sample(300);\n\
             let r = run(sinkhorn_flow(x), normal(200, 2), #{steps: 5});\n\
             let finer = sinkhorn_flow(x, #{blur: 0.1, step: 0.5});",
        ),
    function("sliced_flow", Kind::Flow, &[arg("points", SAMPLE), OPTIONS], Type::Flow, sliced_flow)
        .about(
            "Optimal transport along random lines [pitie2007automated, bonneel2015sliced]: every \
             step draws an orthonormal basis, and along each axis of the basis the particle of \
             rank `i` moves to the coordinate of the point of rank `i`. In one dimension one step \
             is the optimal transport. In more dimensions some dozens of steps make all \
             projections nearly equal. The cost is of order `n log n` per line. Particles at the \
             same position are separated. Use this flow for many points in few dimensions, or to \
             move the start of `sd_flow` near the points. If the points are `samples`, their \
             weights are used.",
        )
        .options(SLICED_KEYS)
        .example(
            "let x = dataset(\"moons\").sample(500);\n\
             let near = run(sliced_flow(x), normal(500, 2), #{steps: 20});\n\
             let r = run(sd_flow(x), near.points);",
        ),
    function("drift_flow", Kind::Flow, &[arg("points", SAMPLE), OPTIONS], Type::Flow, drift_flow)
        .about(
            "The field of drifting models [deng2026drifting]: the mean of the points minus the \
             mean of the cloud, both weighted by a kernel around the particle. `fit` along this \
             flow trains a one-step generator. The field of [deng2026drifting] is `normalisation: \
             \"joint\"` with `self_term: \"exclude\"`. With a Gaussian kernel and `normalisation: \
             \"row\"`, it is the score-difference flow without noise, at a fixed sigma equal to \
             the bandwidth (`temperature` in the unit of `scale`). With `normalisation: \
             \"joint\"`, the kernel of a pair is divided by the square roots of two sums: the sum \
             over the points of target and cloud at the particle, and the sum over all particles \
             at the point; `sinkhorn_flow` repeats such divisions until the sums are equal to the \
             masses. With kernels that are not Gaussian, the field is not the difference of the \
             gradients of the two log kernel densities; that difference is `mmd_flow(points, \
             #{kernel: laplace(h), weighting: \"normalised\", scaling: \"raw\"})`. `ess_target` \
             and `ess_cloud` in the history are the effective sample sizes of the two means, \
             averaged over the particles and the temperatures. If the points are `samples`, their \
             weights are used. With \"joint\", a point of weight 2 is not the same as a point that \
             is given twice.",
        )
        .options(DRIFT_KEYS)
        .example(
            "let x = dataset(\"moons\").sample(500);\n\
             let r = run(drift_flow(x), normal(500, 2));\n\
             let joint = drift_flow(x, #{normalisation: \"joint\", temperature: [0.05, 0.2], step: \
             0.5});",
        ),
    function("by_label", Kind::Flow, &[arg("flows", Type::List(&Type::Flow))], Type::Flow, by_label)
        .about(
            "One flow per label. All flows must be of one kind, with the same `step`, `integrator` \
             and `precision`. With `n` points and `k` flows, the first `n / k` points follow the \
             first flow, the next `n / k` points the second flow, and so on. The cloud of a flow \
             contains the points of its label only. Tracers are divided in the same way. In `fit`, \
             this flow trains one net for all labels: a generator whose base is `labelled`. \
             Readings are means over the labels. If `step` is left out, it is the smallest default \
             step of all flows.",
        )
        .example(
            "let near = normal(300, 2);\n\
             let far = points([[8, 0], [9, 1], [8, 1]]);\n\
             let flow = by_label([sd_flow(near), sd_flow(far)]);\n\
             let g = mlp(#{dim: 2, dim_in: 4, hidden: 32});\n\
             let r = fit(g, flow, labelled(gaussian(#{dim: 2}), 2), #{steps: 5});\n\
             let second = g.apply(normal(100, 2).with_label(1, 2));",
        ),
    function("gan_flow", Kind::Flow, &[arg("target", SAMPLE), OPTIONS], Type::Flow, gan_flow)
        .about(
            "The gradient flow of the particles under the loss `L` of a generator: `dy/dt = -grad \
             L(l(y))`. Here `l` is the logit of a discriminator, which is trained during the flow \
             to distinguish the points of the target from the moving points \
             [goodfellow2014generative, nowozin2016fgan]. With the optimal discriminator, the \
             velocity is a positive multiple of the score difference for every loss. For \
             \"log_ratio\" it is equal to the score difference. The target may be points. If `step` \
             is left out, it is 0.1 for the scaling \"denoiser\", and otherwise 0.1 times the mean \
             variance of the target's columns.",
        )
        .options(GAN_KEYS)
        .example(
            "let flow = gan_flow(dataset(\"moons\").sample(500), #{loss: \"log_ratio\", \
             discriminator: #{features: \"quadratic\"}});\n\
             let r = run(flow, normal(200, 2), #{steps: 3});",
        ),
];

fn sd_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (options, stepping): (SdFlowOptions, _) = call.options_with_stepping()?;
    let target = score(call, 0)?;
    if target.moves() {
        let fail = call.bad(0, "describes the moving cloud", "the score of the target comes first");
        return Err(fail.hint("sd_flow(target, source_score)"));
    }
    let whole = matches!(target, Recipe::Ratio(..));
    let source = match call.handles() > 1 {
        true if whole => return Err(whole_difference(call, 1)),
        true => score(call, 1)?,
        false => target.source(),
    };
    if matches!(source, Recipe::Ratio(..)) {
        return Err(whole_difference(call, 1));
    }
    idle::in_sd_flow(call, &target, &source, &options, &stepping);
    plan("sd_flow", call, stepping, move || Ok(Flow::field(SdFlow::between(&target, &source, options.clone())?)))
}

/// The error of `ratio` given together with another score.
fn whole_difference(call: &Call, i: usize) -> Fail {
    let fail =
        call.bad(i, "is given with another score", "`ratio` estimates the whole score difference: pass it alone");
    fail.hint("sd_flow(ratio(target))")
}

fn gan_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (mut options, stepping): (GanFlowOptions, _) = call.options_with_stepping()?;
    let target = distribution(call, 0)?;
    shorten_first_training(call, &target, &mut options.discriminator);
    idle::in_gan_flow(call, &options, &stepping);
    plan("gan_flow", call, stepping, move || Ok(Flow::field(GanFlow::new(Arc::clone(&target), options.clone())?)))
}

fn mmd_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    towards_points(call, "mmd_flow", MmdFlow::new, MmdFlow::with_weights)
}

fn drift_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    towards_points(call, "drift_flow", DriftFlow::new, DriftFlow::with_weights)
}

fn by_label(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let mut flows = Vec::new();
    for (i, flow) in call.array(0)?.into_iter().enumerate() {
        let seen = format!("has {} at index {i}", flow.type_name());
        let plan: Plan = flow.try_cast().ok_or_else(|| call.bad(0, seen, "every element must be a flow"))?;
        let built = plan.flow().map_err(|e| call.place(e))?;
        if !matches!(built, Flow::Field(_)) {
            let seen = format!("has `{}` at index {i}", plan.name);
            return Err(call.bad(0, seen, "it moves points by steps of its own: use sd_flow, mmd_flow or svgd"));
        }
        flows.push(plan);
    }
    let stepping = flows.first().map(|flow| flow.stepping.clone()).unwrap_or_default();
    if let Some(i) = flows.iter().position(|flow| flow.stepping != stepping) {
        let seen = format!("has other options of stepping at index {i} than at 0");
        return Err(call.bad(0, seen, "`step`, `integrator`, `precision` and `tol` must be equal"));
    }
    plan("by_label", call, stepping, move || {
        let fields = flows.iter().map(|plan| plan.flow()?.into_field(plan.name));
        Ok(Flow::field(ByLabel::new(fields.collect::<sdflow::Result<_>>()?)?))
    })
}

fn sinkhorn_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    towards_points(call, "sinkhorn_flow", SinkhornFlow::new, SinkhornFlow::with_weights)
}

fn sliced_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    towards_points(call, "sliced_flow", SlicedFlow::new, SlicedFlow::with_weights)
}

/// Plans a flow that is made from points, the weights of the points, and options.
fn towards_points<F, O>(
    call: &Call,
    name: &'static str,
    new: fn(Arc<Points>, O) -> sdflow::Result<F>,
    with_weights: fn(F, &[f64]) -> sdflow::Result<F>,
) -> std::result::Result<Dynamic, Fail>
where
    F: VelocityField + 'static,
    O: Options + Clone + Send + Sync + 'static,
{
    let (options, stepping): (O, _) = call.options_with_stepping()?;
    let (points, weights) = weighted_points(call, 0)?;
    idle::in_stepping(call, &stepping);
    plan(name, call, stepping, move || {
        let flow = new(Arc::clone(&points), options.clone())?;
        Ok(Flow::field(match &weights {
            Some(weights) => with_weights(flow, weights)?,
            None => flow,
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdflow::flow::Clock;
    use sdflow::rng::Stream;
    use sdflow::score::Kde;

    /// The default of `step` in the manual is the step size that a run uses.
    #[test]
    fn the_usual_step_is_that_of_the_manual() {
        let points = Stream::new(1).normal(20, 2);
        let sd = SdFlow::new(Kde::of(points.clone()).into(), Kde::of_cloud().into(), SdFlowOptions::default());
        let mmd = MmdFlow::new(points.clone(), MmdFlowOptions::default());
        let sinkhorn = SinkhornFlow::new(points.clone(), SinkhornFlowOptions::default());
        let sliced = SlicedFlow::new(points.clone(), SlicedFlowOptions::default());
        let drift = DriftFlow::new(points.clone(), DriftFlowOptions::default());
        let fields: [(Box<dyn VelocityField>, &[Key]); 5] = [
            (Box::new(sd.unwrap()), SD_KEYS),
            (Box::new(mmd.unwrap()), MMD_KEYS),
            (Box::new(sinkhorn.unwrap()), SINKHORN_KEYS),
            (Box::new(sliced.unwrap()), SLICED_KEYS),
            (Box::new(drift.unwrap()), DRIFT_KEYS),
        ];
        for (field, keys) in fields {
            let said = (keys.iter().find(|key| key.name == "step").unwrap().default)().as_f64().unwrap();
            let clock = Clock::at(0, 1, Stream::new(0));
            assert_eq!(field.scales(&points, &clock).step, said, "{}", field.name());
        }
    }
}
