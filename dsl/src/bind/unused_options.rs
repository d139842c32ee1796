//! Options that are given but have no effect: the script runs, with a warning.

use crate::bind::picture_options::PlotOptions;
use crate::call::Call;
use crate::language::{At, Fail, deprecated};
use crate::value::Recipe;
use rhai::Map;
use sdflow::bridge::Method;
use sdflow::flow::{GanFlowOptions, LangevinOptions, LangevinSampler, Process, SdFlowOptions, Stepping};
use sdflow::ode::Integrator;
use sdflow::pairwise::Precision;
use sdflow::run::RunOptions;
use sdflow::schedule::Schedule;
use sdflow::score::Features;

/// An option that may have no effect: its key, whether it has no effect here, the reason, and
/// advice.
type Idle = (&'static str, bool, &'static str, &'static str);

/// Warns about each of `idle` that the options of `call` contain.
fn warn(call: &Call, idle: &[Idle]) {
    let Some(map) = call.map() else { return };
    for one in idle {
        let is_there = map.contains_key(one.0);
        let old = deprecated::earlier(call.signature.name, one.0).filter(|old| !is_there && map.contains_key(*old));
        let at = At::Key(call.len() - 1, old.unwrap_or(one.0).to_string());
        if is_there || old.is_some() {
            tell(call, &at, *one);
        }
    }
}

/// Warns about each of `idle` that `map` contains. The warnings point at `at`.
fn warn_of(call: &Call, map: &Map, at: &At, idle: &[Idle]) {
    idle.iter().filter(|(key, ..)| map.contains_key(*key)).for_each(|one| tell(call, at, *one));
}

/// Warns about an option that is given, if it has no effect.
fn tell(call: &Call, at: &At, (key, does_nothing, why, hint): Idle) {
    if does_nothing {
        call.caution(Fail::script(format!("`{key}` has no effect: {why}")).hint(hint).at(at.clone()));
    }
}

/// Warns about options of `sd_flow`.
pub fn in_sd_flow(call: &Call, target: &Recipe, source: &Recipe, options: &SdFlowOptions, stepping: &Stepping) {
    let kernel = |score: &Recipe| matches!(score, Recipe::Kde { .. } | Recipe::Cloud | Recipe::Auto);
    let unsmoothed = matches!(options.sigma, Some(Schedule::Constant { value: 0.0 }));
    let exact = !kernel(target) && !kernel(source);
    let no_pairs = "neither score is a kernel estimate, so there are no sums over pairs";
    warn(
        call,
        &[
            (
                "self_term",
                !matches!(source, Recipe::Cloud | Recipe::Auto),
                "it belongs to the moving cloud's kernel estimate, and another source score is given",
                "leave it out, or leave the source score out",
            ),
            ("noise", unsmoothed, "it is scaled by sigma, which is 0", "leave it out"),
            ("precision", exact, no_pairs, "leave it out"),
            ("tol", exact, no_pairs, "leave it out"),
            ("tol", stepping.precision == Some(Precision::F64), "sums in f64 use no grid", "leave it out"),
            integrator(stepping),
        ],
    );
}

/// Warns about options of the motion along a bridge.
pub fn in_simulation(call: &Call, method: Method) {
    let exact = method == Method::Plan;
    warn(call, &[("steps", exact, "the plan is drawn exactly, without steps", "leave it out, or use \"sde\"")]);
}

/// Warns about options of `langevin` that belong to adjusted chains.
pub fn in_langevin(call: &Call, options: &LangevinOptions) {
    let unadjusted = options.sampler == LangevinSampler::Ula;
    let adjusted = |key| (key, unadjusted, "it belongs to the sampler \"mala\"", "add sampler: \"mala\"");
    warn(call, &["warmup", "acceptance", "preconditioner"].map(adjusted));
}

/// Warns about the stepping of a flow whose other options all have an effect.
pub fn in_stepping(call: &Call, stepping: &Stepping) {
    warn(call, &[integrator(stepping)]);
}

/// Warns about options of the diffusion samplers; `others` are options of another sampler.
pub fn in_diffusion(call: &Call, process: Process, others: &[(&'static str, bool, &'static str)]) {
    let exploding = process == Process::Ve;
    let rate = "it is a rate of \"vp\" and \"subvp\", and the process is \"ve\"";
    let mut idle = vec![
        ("rho", !exploding, "it spaces the noise levels of \"ve\", and the process is not \"ve\"", "leave it out"),
        ("beta_min", exploding, rate, "leave it out"),
        ("beta_max", exploding, rate, "leave it out"),
    ];
    idle.extend(others.iter().map(|&(key, nothing, why)| (key, nothing, why, "leave it out")));
    warn(call, &idle);
}

/// Warns about options of `gan_flow`.
pub fn in_gan_flow(call: &Call, options: &GanFlowOptions, stepping: &Stepping) {
    let no_pairs = "a discriminator needs no sums over pairs";
    let sums = ["precision", "tol"].map(|key| (key, true, no_pairs, "leave it out"));
    warn(call, &[integrator(stepping), sums[0], sums[1]]);
    let key = "discriminator";
    let Some(map) = call.map().and_then(|map| map.get(key)?.clone().try_cast::<Map>()) else { return };
    warn_of(call, &map, &At::Key(call.len() - 1, key.into()), &of_discriminator(options.discriminator.features));
}

/// Warns about options of a denoiser with or without a target.
pub fn in_denoiser(call: &Call, target: bool) {
    let why = "a target does not move, and its denoiser is trained once";
    let mean = "the net of the moving cloud is not averaged, because an average would lag behind";
    warn(call, &[("follow", target, why, "leave it out"), ("ema", !target, mean, "leave it out")]);
}

/// Warns about options of a training of a generator. `ema` is the decay of the moving average.
pub fn in_training(call: &Call, ema: Option<f64>) {
    warn(call, &[("average", ema.is_some(), "`ema` replaces it", "leave out one of the two")]);
}

/// Warns about options of `ratio`.
pub fn in_ratio(call: &Call, features: Features) {
    warn(call, &of_discriminator(features));
}

/// Returns the options that have no effect in discriminators with these features.
fn of_discriminator(features: Features) -> Vec<Idle> {
    let net = features == Features::Mlp;
    let solved = "linear and quadratic features use Newton's method and no net";
    let keys = ["hidden", "layers", "activation", "steps", "follow", "batch", "rate", "decay"];
    let of_net = keys.map(|key| (key, !net, solved, "leave it out, or use features: \"mlp\""));
    let trained = "a net is trained by Adam";
    let of_newton = ["ridge", "newton"].map(|key| (key, net, trained, "leave it out, or use features: \"quadratic\""));
    of_net.into_iter().chain(of_newton).collect()
}

/// Warns about options of `run`, with or without a reference.
pub fn in_run(call: &Call, reference: bool, options: &RunOptions) {
    if reference && options.metrics.is_empty() {
        let fail = Fail::script("nothing is measured against the reference, because no `metrics` are given");
        call.caution(
            fail.hint("give metrics, such as metrics: [\"energy\"], or leave the reference out").at(At::Argument(2)),
        );
    }
    let beyond = options.every.is_some_and(|every| every > options.steps);
    let alone = options.log_det && options.carry.is_none();
    warn(
        call,
        &[
            ("every", beyond, "it is more than `steps`, so only the start and the end are measured", "make it smaller"),
            ("log_det", alone, "it is computed at tracers", "give tracers, carry: points"),
        ],
    );
}

/// Warns about options of `plot` that have no effect on charts of points.
pub fn in_plot_of_points(call: &Call) {
    let (why, hint) = ("it belongs to tables and results", "leave it out; `coordinates` names the axes of points");
    warn(call, &["x", "y", "x_label", "y_label", "levels"].map(|key| (key, true, why, hint)));
}

/// Warns about options of `plot`, for a picture of `charts` charts.
pub fn in_plot(call: &Call, options: &PlotOptions, charts: usize) {
    let untitled = charts == 1 && !options.title.is_empty();
    let hint = "name the sets of points by `labels`, or the picture by `title`";
    warn(call, &[("titles", untitled, "the picture has one chart and a title", hint)]);
    let others = [
        "titles",
        "x",
        "y",
        "x_label",
        "y_label",
        "levels",
        "log_x",
        "log_y",
        "density",
        "paths",
        "progress",
        "image_width",
        "columns",
    ];
    let reason = "`pairs` has a chart for each pair of coordinates";
    warn(call, &others.map(|key| (key, options.pairs, reason, "leave it out")));
    warn(call, &["same_axes", "equal"].map(|key| (key, options.pairs, reason, "leave it out")));
}

fn integrator(stepping: &Stepping) -> Idle {
    let euler = stepping.integrator == Integrator::Euler;
    ("integrator", stepping.is_adaptive() && euler, "adaptive steps use \"heun\"", "leave it out")
}
