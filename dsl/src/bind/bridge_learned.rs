//! Bridges learned by nets.

use crate::bind::arguments::{SAMPLE, distribution};
use crate::bind::bridge::choose_epsilon;
use crate::bind::ending::save_interrupted_model;
use crate::call::{Call, Entry, function};
use crate::context::ContextObserver;
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use crate::value::BridgeHandle;
use rhai::Dynamic;
use sdflow::bridge::{DsbOptions, DsbmOptions, LearnedDrifts, train_dsb, train_dsbm};
use sdflow::cost::{self, Gauge};
use sdflow::options::Options;
use sdflow::process::Ending;
use sdflow::rng::Stream;
use sdflow::target::Target;

pub const ENTRIES: &[Entry] = &[
    function("dsb", Kind::Bridge, &[arg("source", SAMPLE), arg("target", SAMPLE), OPTIONS], Type::Bridge, dsb)
        .about(
            "The diffusion Schroedinger bridge between two distributions [debortoli2021diffusion], \
             with a net for each direction, by iterative proportional fitting. Each iteration \
             simulates the forward process from the source and fits the backward drift to it. It \
             then simulates the backward process from the target and fits the forward drift to it. \
             When you sample the bridge, give `sample` the option `steps` with the value of \
             `time_steps`. An interrupted training saves the bridge so far in \
             `interrupted.safetensors`. The same command, given again, continues from the last \
             checkpoint and not from this file.",
        )
        .options(DsbOptions::KEYS)
        .example(
            "let b = dsb(gaussian(#{dim: 2}), dataset(\"moons\"), #{iterations: 2, steps: 20});\n\
             let y = b.sample(normal(100, 2), #{steps: 20});\n\
             let back = b.sample(y, #{steps: 20, direction: \"backward\"});",
        ),
    function("dsbm", Kind::Bridge, &[arg("source", SAMPLE), arg("target", SAMPLE), OPTIONS], Type::Bridge, dsbm)
        .about(
            "The Schroedinger bridge between two distributions by bridge matching \
             [shi2023diffusion]. A pair consists of a start and an end. The reference process that \
             is pinned to both points of a pair has a drift that leads to one of them. For each \
             direction, a net learns the conditional mean of this drift, given the position. The \
             two points of the first pairs are independent by default (option `start`). Later \
             pairs are the two ends of paths of the process that was fitted last. When you sample \
             the bridge, give `sample` the option `steps` with the value of `time_steps`. An \
             interrupted training saves the bridge so far in `interrupted.safetensors`. The same \
             command, given again, continues from the last checkpoint and not from this file.",
        )
        .options(DsbmOptions::KEYS)
        .example(
            "let b = dsbm(dataset(\"moons\"), dataset(\"8gaussians\"), #{iterations: 2, steps: 20});\n\
             let y = b.sample(dataset(\"moons\").sample(100), #{steps: 20});\n\
             save(b, \"bridge.safetensors\");",
        ),
];

fn dsb(call: &Call) -> Result<Dynamic, Fail> {
    let mut options: DsbOptions = call.options()?;
    options.steps = call.context.steps(options.steps);
    let DsbOptions { epsilon, iterations, steps, .. } = options;
    Work { name: "dsb", epsilon, iterations, steps }.carry_out(call, |run, ends, stream, watch| {
        let Work { epsilon, iterations, steps, .. } = run;
        let options = DsbOptions { epsilon, iterations, steps, ..options.clone() };
        train_dsb(ends, &options, stream, &call.context.interrupt, watch)
    })
}

fn dsbm(call: &Call) -> Result<Dynamic, Fail> {
    let mut options: DsbmOptions = call.options()?;
    options.steps = call.context.steps(options.steps);
    let DsbmOptions { epsilon, iterations, steps, .. } = options;
    Work { name: "dsbm", epsilon, iterations, steps }.carry_out(call, |run, ends, stream, watch| {
        let Work { epsilon, iterations, steps, .. } = run;
        let options = DsbmOptions { epsilon, iterations, steps, ..options.clone() };
        train_dsbm(ends, &options, stream, &call.context.interrupt, watch)
    })
}

/// A training of both drifts.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    /// The variance of the noise; chosen from both ends if it is not given.
    epsilon: Option<f64>,
    iterations: usize,
    steps: usize,
}

impl Work {
    /// Trains a bridge, and saves the bridge of an interrupted training. A dry run takes a few
    /// steps.
    fn carry_out(
        &self,
        call: &Call,
        train: impl Fn(Work, [&dyn Target; 2], Stream, &mut ContextObserver) -> sdflow::Result<LearnedDrifts>,
    ) -> Result<Dynamic, Fail> {
        let Work { name, iterations, steps, .. } = *self;
        let context = call.context;
        let (source, target) = (distribution(call, 0)?, distribution(call, 1)?);
        let (number, stream) = context.numbered_stream(name);
        let label = format!("train {name}");
        let ends: [&dyn Target; 2] = [source.as_ref(), target.as_ref()];
        let epsilon = self.epsilon.or_else(|| Some(choose_epsilon(call, ends)));
        let train = |iterations: usize, steps: usize| {
            let mut watch = ContextObserver::new(context, call.owner(format!("{name}-{number}")), &label);
            train(Work { name, epsilon, iterations, steps }, ends, stream, &mut watch)
        };
        let all = iterations.saturating_mul(2).saturating_mul(steps);
        let measure = |gauge: &Gauge| {
            // Options out of range must also be errors in a dry run.
            cost::repeated(all, gauge, |few| train(iterations.min(1), steps.min(few.div_ceil(2))))
        };
        let made = call.work(&label, || context.time("training", || train(iterations, steps)), measure)?;
        match made.ending {
            Ending::Interrupted { .. } => {
                save_interrupted_model(call, |path| made.bridge.save(path))?;
                Err(sdflow::Error::Interrupted.into())
            }
            Ending::Diverged { step } => {
                let message = format!("the loss of `{name}` became {} in step {step}", made.loss);
                Err(Fail::script(message).hint("make `rate` smaller"))
            }
            Ending::Finished | Ending::Converged { .. } => {
                Ok(Dynamic::from(BridgeHandle::learned(made.bridge).between(source, target)))
            }
        }
    }
}
