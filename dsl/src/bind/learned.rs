//! Scores that are learned by nets and regressions, and models in files.

use crate::bind::generator::Model;
use crate::bind::idle;
use crate::bind::points::Cloud;
use crate::bind::run::Watch;
use crate::bind::sampler::own_units;
use crate::bind::score::Recipe;
use crate::call::{At, Call, Fail};
use crate::dry;
use crate::manual::{Entry, Kind};
use rhai::Dynamic;
use sdflow::Points;
use sdflow::cost::{self, Cost};
use sdflow::generator::{self, ModelOptions};
use sdflow::options::Options;
use sdflow::score::{At as Place, Denoiser, DenoiserOptions, DiscriminatorOptions, Features, Form, Ratio, Score};
use sdflow::target::{Samples, SamplesOptions, Target};
use std::path::Path;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "denoiser",
        kind: Kind::Score,
        signature: "denoiser([target][, options])",
        returns: "a score",
        about: "The score that a net learns by denoising [vincent2011connection, karras2022elucidating]. Of a target or points it is \
                trained here, once, for all sigma from `sigma_max` to `sigma_min`. Without a target it follows the moving cloud: \
                trained at the flow's first step, it then goes on with a few optimiser steps at each. Where many points or many \
                dimensions make kernel estimates dear or wrong, a net may be neither. A training that is interrupted keeps no net.",
        options: DenoiserOptions::KEYS,
        names: &[],
        example: "let s = denoiser(dataset(\"moons\"), #{hidden: 32, steps: 20});\n\
                  let flow = sd_flow(s, denoiser(#{hidden: 32, steps: 20, follow: 2}), #{sigma: geometric(3, 0.1)});\n\
                  let r = run(flow, normal(200, 2), #{steps: 3});",
        call: denoiser,
    },
    Entry {
        name: "ratio",
        kind: Kind::Score,
        signature: "ratio(target[, options])",
        returns: "a score",
        about: "The score difference as a whole: the gradient of the logit of a discriminator that tells the target's points from \
                the moving ones, both with noise of size sigma [sugiyama2012density]. It stands alone in `sd_flow`. Linear features \
                are right between Gaussians of equal covariance, quadratic ones between any Gaussians; both are solved for anew at \
                every step. A net is trained at the first step and goes on with a few optimiser steps at each. The target may be \
                points.",
        options: DiscriminatorOptions::KEYS,
        names: &[],
        example: "let flow = sd_flow(ratio(ar1(0.5, #{dim: 4}), #{features: \"quadratic\"}), #{sigma: 0.5, step: 0.5});\n\
                  let r = run(flow, normal(200, 4), #{steps: 3});",
        call: ratio,
    },
    Entry {
        name: "load_model",
        kind: Kind::Model,
        signature: "load_model(file[, options])",
        returns: "a generator or a score",
        about: "The generator, or the denoiser, in a `.safetensors` file: one that `save` has written in this run, or below the \
                script's folder. A loaded generator draws from a standard normal base. A file of torch's, \
                `save_file(net.state_dict(), file)` of an `nn.Sequential` of linear layers with one kind of activation between \
                them, is a generator too; its activation must be given.",
        options: ModelOptions::KEYS,
        names: &[],
        example: "let g = mlp(#{hidden: 16});\nsave(g, \"g.safetensors\");\nlet same = load_model(\"g.safetensors\");\n\
                  print(same.sample(10));",
        call: load_model,
    },
];

/// Argument `i` as a law to draw from: a target, or points as their own distribution.
pub fn law(call: &Call, i: usize) -> Result<Arc<dyn Target>, Fail> {
    let arg = call.arg(i)?.clone();
    if let Some(cloud) = arg.clone().try_cast::<Cloud>() {
        let samples = Samples::new(cloud.points, &SamplesOptions::default());
        return Ok(Arc::new(samples.map_err(|e| call.place(e))?));
    }
    match arg.try_cast::<Arc<dyn Target>>() {
        Some(target) if target.data().is_some_and(|data| data.standardiser.is_some()) => Err(own_units(call, i)),
        Some(target) => Ok(target),
        None => Err(call.wrong(i, "a target or a set of points")),
    }
}

fn denoiser(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let mut options: DenoiserOptions = call.options()?;
    options.steps = context.steps(options.steps);
    let place = |e| call.place(e);
    idle::in_denoiser(call, call.handles() > 0);
    if call.handles() == 0 {
        Denoiser::of_cloud(options.clone()).map_err(place)?;
        options.steps = shortened(call, options.steps, |steps| {
            let short = DenoiserOptions { steps, ..options.clone() };
            Denoiser::of_cloud(short.clone()).and_then(|mut net| evaluated(call, &mut net, 2, middle(&short)))
        });
        return Ok(Dynamic::from(Recipe::CloudDenoiser(options)));
    }
    let target = law(call, 0)?;
    let stream = context.stream("denoiser");
    let train = |steps: usize| {
        let options = DenoiserOptions { steps, ..options.clone() };
        Denoiser::of_target(target.as_ref(), options, stream, &context.interrupt, &mut Watch(context))
    };
    let made = match &context.dry {
        None => context.timed("training", || train(options.steps)),
        Some(dry) => cost::repeated(options.steps, &dry.gauge(&context.pairwise), train).map(|(ahead, made)| {
            dry.add("train denoiser", call.native.call_position(), &ahead);
            made
        }),
    };
    let made = made.map_err(place)?;
    Ok(Dynamic::from(Recipe::Denoiser(Arc::new(made))))
}

fn ratio(call: &Call) -> Result<Dynamic, Fail> {
    let mut options: DiscriminatorOptions = call.options()?;
    let target = law(call, 0)?;
    idle::in_ratio(call, options.features);
    Ratio::new(Arc::clone(&target), options.clone()).map_err(|e| call.place(e))?;
    first_training(call, &target, &mut options);
    Ok(Dynamic::from(Recipe::Ratio(target, options)))
}

/// Leaves `--quick` and a dry run few steps of a discriminator's first training, whose cost the latter counts.
pub fn first_training(call: &Call, target: &Arc<dyn Target>, options: &mut DiscriminatorOptions) {
    if options.features == Features::Mlp && options.check().is_ok() {
        options.steps = shortened(call, call.context.steps(options.steps), |steps| {
            let mut net = Ratio::new(Arc::clone(target), DiscriminatorOptions { steps, ..options.clone() })?;
            evaluated(call, &mut net, target.dim(), 1.0)
        });
    }
}

/// Of `steps` of a training that a flow makes at its first evaluation, those to take: in a dry run a few, and it counts the cost
/// of all, which `train` tells.
pub fn shortened(call: &Call, steps: usize, train: impl FnMut(usize) -> sdflow::Result<()>) -> usize {
    let Some(dry) = &call.context.dry else { return steps };
    // What cannot be trained on these points may be on others, and is refused where it is used.
    if let Ok((ahead, ())) = cost::repeated(steps, &dry.gauge(&call.context.pairwise), train) {
        // A net is trained without pairs: those beside it are counted with the steps that take them.
        let ahead = Cost { pairs: 0, flow_pairs: 0, ..ahead };
        dry.add(&format!("train {}", call.entry.name), call.native.call_position(), &ahead);
    }
    steps.min(dry::FIT_STEPS)
}

/// Evaluates a score that learns at its first evaluation, at a few normal points.
fn evaluated(call: &Call, score: &mut dyn Score, dim: usize, sigma: f64) -> sdflow::Result<()> {
    let (stream, pairwise) = (call.context.fixed_stream("check"), &call.context.pairwise);
    let (cloud, mut out) = (stream.normal(64, dim), Points::default());
    let at = Place { z: &cloud, sigma, cloud: &cloud, aligned: true, learn: true, stream, pairwise };
    score.evaluate(&at, Form::Score, &mut out)
}

/// A sigma that a denoiser learns.
fn middle(options: &DenoiserOptions) -> f64 {
    options.sigma_min.zip(options.sigma_max).map_or(1.0, |(min, max)| (min * max).sqrt())
}

/// Writes one model to a file.
type Saver = Box<dyn Fn(&Path) -> sdflow::Result<()>>;

/// What writes a model to a file; None for any other value.
pub fn saver(what: &Dynamic) -> Option<Saver> {
    if let Some(model) = what.clone().try_cast::<Model>() {
        return Some(Box::new(move |path| model.tensors().save(path)));
    }
    match what.clone().try_cast::<Recipe>() {
        Some(Recipe::Denoiser(trained)) => Some(Box::new(move |path| generator::save_denoiser(&trained, path))),
        _ => None,
    }
}

fn load_model(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let (name, options): (String, ModelOptions) = (call.text(0)?, call.options()?);
    let own = context.sandbox.below(&name, "models");
    if let (Some(dry), Ok(path)) = (&context.dry, &own)
        && let Some(model) = dry.saved(path)
    {
        return Ok(model);
    }
    let path = match own {
        // A link out of the run folder is for `readable` to judge.
        Ok(path) if path.is_file() && !path.is_symlink() => path,
        _ => context.sandbox.readable(&name).map_err(|f| f.at(At::Argument(0)))?,
    };
    let loaded = context.timed("files", || generator::load(&path, &options));
    let loaded = loaded.map_err(|e| match call.place(e) {
        fail if fail.at == At::Call => fail.at(At::Argument(0)),
        fail => fail,
    })?;
    match loaded {
        generator::Model::Denoiser(denoiser) => Ok(Dynamic::from(Recipe::Denoiser(Arc::from(denoiser)))),
        generator => Model::loaded(generator).map(Dynamic::from).map_err(|e| call.place(e)),
    }
}
