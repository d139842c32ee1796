//! Scores that are learned by nets or regression, and models in files.

use crate::bind::arguments::{SAMPLE, distribution, in_file};
use crate::bind::first_training::{evaluate_once, shorten_first_training};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::context::ContextObserver;
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::{BridgeHandle, Model, Recipe};
use rhai::Dynamic;
use sdflow::bridge::{LearnedBridge, PotentialBridge, TwoPotentialBridge};
use sdflow::cost::{self, Gauge};
use sdflow::generator::{self, ModelOptions};
use sdflow::options::Options;
use sdflow::score::{Denoiser, DenoiserOptions, DiscriminatorOptions, Ratio};
use std::path::Path;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function("denoiser", Kind::Score, &[optional("target", SAMPLE), OPTIONS], Type::Score, denoiser)
        .about(
            "The score that a net learns by denoising score matching [vincent2011connection, \
             karras2022elucidating]. With a target or points, the call trains the net once, for \
             all sigma from `sigma_max` to `sigma_min`. Without a target, the result is the score \
             of the moving cloud: the net is trained at the first evaluation of the velocity, and \
             for a few more optimiser steps at each later evaluation. Use a denoiser where many \
             points or many dimensions make a kernel estimate expensive or inaccurate. An \
             interrupted training writes no model file; the same command, given again, continues \
             from the last checkpoint of the training.",
        )
        .options(DenoiserOptions::KEYS)
        .example(
            "let s = denoiser(dataset(\"moons\"), #{hidden: 32, steps: 20});\n\
             let flow = sd_flow(s, denoiser(#{hidden: 32, steps: 20, follow: 2}), #{sigma: \
             geometric(3, 0.1)});\n\
             let r = run(flow, normal(200, 2), #{steps: 3});",
        ),
    function("ratio", Kind::Score, &[arg("target", SAMPLE), OPTIONS], Type::Score, ratio)
        .about(
            "An estimate of the whole score difference: the gradient of the logit of a \
             discriminator, which distinguishes the points of the target from the moving points \
             [sugiyama2012density]. Both sets of points get noise of standard deviation sigma. \
             Pass it to `sd_flow` alone, without a source score. Linear features are exact between \
             Gaussians of equal covariance, and quadratic features between any two Gaussians. Both \
             kinds are fitted again at every evaluation of the velocity. A net is trained at the \
             first evaluation, and for a few more optimiser steps at each later evaluation. The \
             target may be points.",
        )
        .options(DiscriminatorOptions::KEYS)
        .example(
            "let flow = sd_flow(ratio(ar1(0.5, #{dim: 4}), #{features: \"quadratic\"}), #{sigma: 0.5, \
             step: 0.5});\n\
             let r = run(flow, normal(200, 4), #{steps: 3});",
        ),
    function(
        "load_model",
        Kind::Model,
        &[arg("file", Type::Text), OPTIONS],
        Type::OneOf(&[Type::Generator, Type::Score, Type::Bridge]),
        load_model,
    )
    .about(
        "Reads the generator, the denoiser or the bridge in a `.safetensors` file. This file was \
         written by `save` in this run, or it lies below the script's folder or a folder given by \
         `--allow-read`. A loaded generator draws from a standard normal base. If it was trained with \
         another base, its file contains only the name of this base, which must be given: \
         `load_model(file).with_base(base)`. A file that PyTorch wrote by `save_file(net.state_dict(), file)` is also a generator, if `net` is an \
         `nn.Sequential` of linear layers with one kind of activation between them; the activation \
         must be given.",
    )
    .options(ModelOptions::KEYS)
    .example(
        "let g = mlp(#{hidden: 16});\n\
         save(g, \"g.safetensors\");\n\
         let same = load_model(\"g.safetensors\");\n\
         print(same.sample(10));",
    ),
];

fn denoiser(call: &Call) -> Result<Dynamic, Fail> {
    let context = call.context;
    let mut options: DenoiserOptions = call.options()?;
    options.steps = context.steps(options.steps);
    let place = |e| call.place(e);
    idle::in_denoiser(call, call.handles() > 0);
    if call.handles() == 0 {
        Denoiser::of_cloud(options.clone()).map_err(place)?;
        options.steps = context.mode.first_training(&call.task("train denoiser"), options.steps, |steps| {
            let short = DenoiserOptions { steps, ..options.clone() };
            Denoiser::of_cloud(short.clone()).and_then(|mut net| evaluate_once(call, &mut net, 2, middle(&short)))
        });
        return Ok(Dynamic::from(Recipe::CloudDenoiser(options)));
    }
    let target = distribution(call, 0)?;
    let (number, stream) = context.numbered_stream("denoiser");
    let train = |steps: usize| {
        let options = DenoiserOptions { steps, ..options.clone() };
        let mut watch = ContextObserver::new(context, call.owner(format!("denoiser-{number}")), "train denoiser");
        Denoiser::of_target(target.as_ref(), options, stream, &context.interrupt, &mut watch)
    };
    let measure = |gauge: &Gauge| cost::repeated(options.steps, gauge, train);
    let made = call.work("train denoiser", || context.time("training", || train(options.steps)), measure)?;
    Ok(Dynamic::from(Recipe::Denoiser(Arc::new(made))))
}

fn ratio(call: &Call) -> Result<Dynamic, Fail> {
    let mut options: DiscriminatorOptions = call.options()?;
    let target = distribution(call, 0)?;
    idle::in_ratio(call, options.features);
    Ratio::new(Arc::clone(&target), options.clone()).map_err(|e| call.place(e))?;
    shorten_first_training(call, &target, &mut options);
    Ok(Dynamic::from(Recipe::Ratio(target, options)))
}

/// A noise level within the range that a denoiser learns.
fn middle(options: &DenoiserOptions) -> f64 {
    options.sigma_min.zip(options.sigma_max).map_or(1.0, |(min, max)| (min * max).sqrt())
}

/// Writes one model to a file.
type Saver = Box<dyn Fn(&Path) -> sdflow::Result<()>>;

/// Returns a function that writes a model to a file; None for any other value.
pub fn saver(what: &Dynamic) -> Option<Saver> {
    if let Some(model) = what.clone().try_cast::<Model>() {
        return Some(Box::new(move |path| model.tensors().save(path)));
    }
    if let Some(bridge) = what.clone().try_cast::<BridgeHandle>().and_then(|handle| handle.saved) {
        return Some(Box::new(move |path| bridge.save(path)));
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
    if let Some(model) = own.as_ref().ok().and_then(|path| context.mode.saved_model(path)) {
        return Ok(model.read_lock::<Model>().map_or_else(|| model.clone(), |model| Dynamic::from(model.as_loaded())));
    }
    let path = match own {
        // A file that an earlier attempt left in the run folder is not a model of this run. A
        // symbolic link is left to `readable`, which checks where it leads.
        Ok(path) if context.has_recorded(&path) && path.is_file() && !path.is_symlink() => path,
        _ => context.sandbox.readable(&name).map_err(|f| f.at(At::Argument(0)))?,
    };
    context.record_data(&path);
    let refuse = |e| in_file(call, e);
    if let Some(bridge) = context.time("files", || TwoPotentialBridge::load(&path)).map_err(refuse)? {
        return Ok(Dynamic::from(BridgeHandle::two_potentials(bridge)));
    }
    if let Some(bridge) = context.time("files", || PotentialBridge::load(&path)).map_err(refuse)? {
        return Ok(Dynamic::from(BridgeHandle::potential(Arc::new(bridge))));
    }
    if let Some(bridge) = context.time("files", || LearnedBridge::load(&path)).map_err(refuse)? {
        return Ok(Dynamic::from(BridgeHandle::learned(bridge)));
    }
    let (loaded, base) = context.time("files", || generator::load(&path, &options)).map_err(refuse)?;
    match loaded {
        generator::Model::Denoiser(denoiser) => Ok(Dynamic::from(Recipe::Denoiser(Arc::from(denoiser)))),
        generator => Model::from_model(generator, base).map(Dynamic::from).map_err(|e| call.place(e)),
    }
}
