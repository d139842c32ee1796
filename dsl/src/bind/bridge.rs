//! Schroedinger bridges: closed forms, pairs whose bridge is known, and bridges learned from
//! samples.

use crate::bind::arguments::{SAMPLE, distribution};
use crate::bind::ending::save_interrupted_model;
use crate::call::{Call, Entry, function};
use crate::context::ContextObserver;
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::BridgeHandle;
use rhai::Dynamic;
use sdflow::bridge::{
    Bridge, BridgePairOptions, EndTarget, GaussianBridge, GaussianBridgeOptions, LightSbOptions, PotentialBridge,
    StartedBridge, TrainedBridge, TwoPotentialBridge, train_light_sb, usual_epsilon,
};
use sdflow::cost::{self, Gauge};
use sdflow::number::number;
use sdflow::options::Options;
use sdflow::process::Ending;
use sdflow::target::{Gaussian, Moments, Target};
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function(
        "gaussian_bridge",
        Kind::Bridge,
        &[arg("source", SAMPLE), arg("target", SAMPLE), OPTIONS],
        Type::Bridge,
        gaussian_bridge,
    )
    .about(
        "The Schroedinger bridge between two Gaussians with the means and covariances of the two \
         arguments, in closed form [bunne2023schrodinger, mallasto2022entropy]. Of all diffusions \
         from the source to the target, the bridge has the least relative entropy to the reference \
         process, a Brownian motion or an Ornstein-Uhlenbeck process. Its drift in both \
         directions, its plan (the joint distribution of start and end) and its marginals are \
         known.",
    )
    .options(GaussianBridgeOptions::KEYS)
    .example(
        "let b = gaussian_bridge(gaussian(#{mean: [-1, 0]}), gaussian(#{mean: [1, 0], std: 0.5}), #{epsilon: 0.5});\n\
         let y = b.sample(b.source.sample(200), #{steps: 20});\n\
         print(kl_gauss(y, b.target));",
    ),
    function(
        "bridge_pair",
        Kind::Bridge,
        &[arg("source", SAMPLE), arg("options", Type::Map)],
        Type::Bridge,
        bridge_pair,
    )
    .about(
        "A bridge with an exact plan and drift, from any source [gushchin2023building]. The \
         potential at the end of the bridge is a given mixture of Gaussians, and the plan is \
         `pi(y|x) ~ exp(-|x - y|^2 / (2 epsilon))` times the mixture. The property `target` is the \
         distribution at the end of this bridge. Use such a pair of source and target to test \
         methods that find bridges: see `cbw_uvp`. The backward drift depends on the source. If \
         the source is a finite sample, the backward drift is known, and the reversed process ends \
         in the points of this sample. For other sources, the backward drift is computed from \
         `starts` points of the source.",
    )
    .options(BridgePairOptions::KEYS)
    .example(
        "let pair = bridge_pair(dataset(\"moons\"), #{means: [[2, 0], [-2, 1]], std: 0.7, epsilon: 0.5});\n\
         let x = pair.source.sample(100);\n\
         let y = pair.sample(x, #{method: \"plan\"});\n\
         let other = pair.target.sample(100);",
    ),
    function(
        "light_sb",
        Kind::Bridge,
        &[arg("source", SAMPLE), arg("target", SAMPLE), OPTIONS],
        Type::Bridge,
        light_sb,
    )
    .about(
        "The Schroedinger bridge between two distributions relative to a Brownian motion, learned \
         from samples of both [korotin2024light]. The potential at the end of the bridge is a \
         mixture of Gaussians, so the drift and the plan have a closed form, given the potential. \
         The training needs no pairs and no simulation. The option `loss` chooses between the two \
         losses of the literature [korotin2024light, gushchin2024light]. The training works in \
         units in which both means are 0 and the mean variance is 1, so the scale of the points \
         does not matter. `epsilon` is a squared length in the units of the points. The backward \
         process is the bridge with the ends exchanged. It is learned by a second training, which \
         takes half of the total time (see `backward`). An interrupted training saves the bridge \
         so far in `interrupted.safetensors`. The same command, given again, continues from the \
         last checkpoint and not from this file.",
    )
    .options(LightSbOptions::KEYS)
    .example(
        "let b = light_sb(gaussian(#{dim: 2}), dataset(\"moons\"), #{epsilon: 0.1, steps: 20});\n\
         let y = b.sample(normal(100, 2), #{method: \"plan\"});\n\
         save(b, \"bridge.safetensors\");",
    ),
];

fn gaussian_bridge(call: &Call) -> Result<Dynamic, Fail> {
    let options: GaussianBridgeOptions = call.options()?;
    let end = |i: usize| {
        let of = distribution(call, i)?;
        let made = of.expect_moments().and_then(|Moments { mean, cov }| Gaussian::new(mean, cov));
        made.map_err(|e| call.place(e).at(At::Argument(i)))
    };
    let (source, target) = (end(0)?, end(1)?);
    let epsilon = options.epsilon.or_else(|| Some(choose_epsilon(call, [&source, &target])));
    let options = GaussianBridgeOptions { epsilon, ..options };
    let made =
        options.reference([&source, &target]).and_then(|reference| GaussianBridge::new(&source, &target, reference));
    let bridge: Arc<dyn Bridge> = Arc::new(made.map_err(|e| call.place(e))?);
    let handle = BridgeHandle::closed_form(bridge);
    Ok(Dynamic::from(handle.between(Arc::new(source), Arc::new(target))))
}

/// Chooses the variance of the noise that the script leaves out, and says so.
pub(super) fn choose_epsilon(call: &Call, ends: [&dyn Target; 2]) -> f64 {
    let epsilon = usual_epsilon(ends);
    call.context.note_once(&format!("epsilon: {}, the mean variance of the coordinates of both ends", number(epsilon)));
    epsilon
}

fn bridge_pair(call: &Call) -> Result<Dynamic, Fail> {
    let options: BridgePairOptions = call.options()?;
    let source = distribution(call, 0)?;
    let bridge = Arc::new(options.bridge().map_err(|e| call.place(e))?);
    let target = EndTarget::new(bridge.clone(), source.clone());
    let target = target.map_err(|e| call.place(e).at(At::Argument(0)))?;
    let mut handle = BridgeHandle::potential(bridge.clone());
    if options.starts > 0 || source.data().is_some() {
        let (stream, pairwise) = (call.context.stream("bridge_pair starts"), &call.context.pairwise);
        let started = StartedBridge::new(bridge, source.as_ref(), options.starts, stream, pairwise);
        handle = handle.known(Arc::new(started.map_err(|e| call.place(e).at(At::Argument(0)))?));
    }
    Ok(Dynamic::from(handle.between(source, Arc::new(target))))
}

fn light_sb(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let mut options: LightSbOptions = call.options()?;
    options.steps = context.steps(options.steps);
    let (source, target) = (distribution(call, 0)?, distribution(call, 1)?);
    options.epsilon = options.epsilon.or_else(|| Some(choose_epsilon(call, [source.as_ref(), target.as_ref()])));
    let (count, stream) = context.numbered_stream("light_sb");
    let learn = |ends: [&dyn Target; 2], first: Option<&Arc<PotentialBridge>>, stream| {
        let backward = if first.is_some() { "-backward" } else { "" };
        let task = format!("train light_sb{backward}");
        let train = |steps: usize| {
            let options = LightSbOptions { steps, ..options.clone() };
            let mut watch = ContextObserver::new(context, call.owner(format!("light_sb-{count}{backward}")), &task);
            train_light_sb(ends[0], ends[1], &options, stream, &context.interrupt, &mut watch)
        };
        let measure = |gauge: &Gauge| cost::repeated(options.steps, gauge, train);
        let made = call.work(&task, || context.time("training", || train(options.steps)), measure)?;
        finish(call, made, first)
    };
    let forward = learn([source.as_ref(), target.as_ref()], None, stream)?;
    if !options.backward {
        return Ok(Dynamic::from(BridgeHandle::potential(forward).between(source, target)));
    }
    let backward = learn([target.as_ref(), source.as_ref()], Some(&forward), stream.label("backward"))?;
    let made = TwoPotentialBridge::new(forward, backward).map_err(|e| call.place(e))?;
    Ok(Dynamic::from(BridgeHandle::two_potentials(made).between(source, target)))
}

/// Returns a learned process. If its training was interrupted, the forward process is saved:
/// `first` if it is given, and otherwise `made`.
fn finish(
    call: &Call,
    made: TrainedBridge,
    first: Option<&Arc<PotentialBridge>>,
) -> Result<Arc<PotentialBridge>, Fail> {
    match made.ending {
        Ending::Interrupted { .. } => {
            save_interrupted_model(call, |path| first.map_or(&made.bridge, |first| first.as_ref()).save(path))?;
            Err(sdflow::Error::Interrupted.into())
        }
        Ending::Diverged { step } => {
            let message = format!("the loss of `light_sb` became {} in step {step}", made.loss);
            Err(Fail::script(message).hint("make `rate` smaller"))
        }
        Ending::Finished | Ending::Converged { .. } => Ok(Arc::new(made.bridge)),
    }
}
