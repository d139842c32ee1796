//! Options that are given and do nothing: they run, and are warned of.

use crate::call::Call;
use crate::language::{At, Fail};
use crate::value::Recipe;
use rhai::Map;
use sdflow::flow::{GanFlowOptions, Process, SdFlowOptions, Stepping};
use sdflow::ode::Integrator;
use sdflow::run::RunOptions;
use sdflow::schedule::Schedule;
use sdflow::score::Features;

/// An option: its key, does it nothing, why, and what to do.
type Idle = (&'static str, bool, &'static str, &'static str);

/// Warns of each of `idle` that the options of `call` hold.
fn warn(call: &Call, idle: &[Idle]) {
    let Some(map) = call.map() else { return };
    for one in idle {
        warn_of(call, &map, &At::Key(call.len() - 1, one.0.to_string()), &[*one]);
    }
}

/// The same of the options in `map`, pointing at `at`.
fn warn_of(call: &Call, map: &Map, at: &At, idle: &[Idle]) {
    for (key, _, why, hint) in idle.iter().filter(|(key, does_nothing, ..)| *does_nothing && map.contains_key(*key)) {
        call.caution(Fail::script(format!("`{key}` has no effect: {why}")).hint(*hint).at(at.clone()));
    }
}

/// Of `sd_flow`.
pub fn in_sd_flow(call: &Call, target: &Recipe, source: &Recipe, options: &SdFlowOptions, stepping: &Stepping) {
    let kernel = |score: &Recipe| matches!(score, Recipe::Kde { .. } | Recipe::Cloud);
    let unsmoothed = matches!(options.sigma, Some(Schedule::Constant { value: 0.0 }));
    warn(
        call,
        &[
            (
                "self_term",
                !matches!(source, Recipe::Cloud),
                "it belongs to the moving cloud's kernel estimate, and another source score is given",
                "leave it out, or leave the source score out",
            ),
            ("noise", unsmoothed, "it is scaled by sigma, which is 0", "leave it out"),
            (
                "precision",
                !kernel(target) && !kernel(source),
                "neither score is a kernel estimate, so that nothing is summed over pairs",
                "leave it out",
            ),
            integrator(stepping),
        ],
    );
}

/// Of a flow's stepping, where nothing else can be without effect.
pub fn in_stepping(call: &Call, stepping: &Stepping) {
    warn(call, &[integrator(stepping)]);
}

/// Of the samplers of a process; `others` are those of one sampler alone.
pub fn in_diffusion(call: &Call, process: Process, others: &[(&'static str, bool, &'static str)]) {
    let exploding = process == Process::Ve;
    let rate = "it is a rate of \"vp\" and \"subvp\", and the process is \"ve\"";
    let mut idle = vec![
        ("rho", !exploding, "it bends the levels of \"ve\", and the process is another", "leave it out"),
        ("beta_min", exploding, rate, "leave it out"),
        ("beta_max", exploding, rate, "leave it out"),
    ];
    idle.extend(others.iter().map(|&(key, nothing, why)| (key, nothing, why, "leave it out")));
    warn(call, &idle);
}

/// Of `gan_flow`.
pub fn in_gan_flow(call: &Call, options: &GanFlowOptions, stepping: &Stepping) {
    let no_pairs = "a discriminator sums over no pairs";
    warn(call, &[integrator(stepping), ("precision", true, no_pairs, "leave it out")]);
    let key = "discriminator";
    let Some(map) = call.map().and_then(|map| map.get(key)?.clone().try_cast::<Map>()) else { return };
    warn_of(call, &map, &At::Key(call.len() - 1, key.into()), &of_discriminator(options.discriminator.features));
}

/// Of a denoiser with a target or without.
pub fn in_denoiser(call: &Call, target: bool) {
    let why = "a target stays where it is, and its denoiser is trained once";
    let mean = "the moving cloud's net is always the last one, as a mean would lag behind";
    warn(call, &[("follow", target, why, "leave it out"), ("average", !target, mean, "leave it out")]);
}

/// Of `ratio`.
pub fn in_ratio(call: &Call, features: Features) {
    warn(call, &of_discriminator(features));
}

/// Options that discriminators with these features do not heed.
fn of_discriminator(features: Features) -> Vec<Idle> {
    let net = features == Features::Mlp;
    let solved = "linear and quadratic features are solved for by Newton's method, without a net";
    let keys = ["hidden", "layers", "activation", "steps", "follow", "batch", "rate", "decay"];
    let of_net = keys.map(|key| (key, !net, solved, "leave it out, or take features: \"mlp\""));
    let trained = "a net is trained by Adam";
    let of_newton = ["ridge", "newton"].map(|key| (key, net, trained, "leave it out, or take features: \"quadratic\""));
    of_net.into_iter().chain(of_newton).collect()
}

/// Of `run`, which has a reference or not.
pub fn in_run(call: &Call, reference: bool, options: &RunOptions) {
    if reference && options.metrics.is_empty() {
        let fail = Fail::script("the reference has no effect: no `metrics` are asked for");
        call.caution(
            fail.hint("ask for some, such as metrics: [\"energy\"], or leave the reference out").at(At::Argument(2)),
        );
    }
    let beyond = options.every.is_some_and(|every| every > options.steps);
    let alone = options.log_det && options.carry.is_none();
    warn(
        call,
        &[
            ("every", beyond, "it is more than `steps`; only start and end are measured", "make it smaller"),
            ("log_det", alone, "volumes are followed at tracers", "name them: carry: points"),
        ],
    );
}

/// Of `plot`, whose picture has so many charts.
pub fn in_plot(call: &Call, charts: usize) {
    let hint = "name the sets of points by `labels`, or the picture by `title`";
    warn(call, &[("titles", charts == 1, "the picture has one chart", hint)]);
}

fn integrator(stepping: &Stepping) -> Idle {
    let euler = stepping.integrator == Integrator::Euler;
    ("integrator", stepping.is_adaptive() && euler, "an adaptive step is Heun's", "leave it out")
}
