//! Training of generators: along a flow, by a fixed score, or on pairs of points.

use crate::bind::arguments::{SAMPLE, SCORE, distribution, fixed_score};
use crate::bind::ending::{self, record_result};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::context::ContextObserver;
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Done, Model, Plan, history};
use rhai::Dynamic;
use sdflow::Result;
use sdflow::cost::{self, Cost, Gauge, Training};
use sdflow::generator::{
    DistillOptions, Distillation, Fit, FitOptions, FitResult, Generator, Pairs, RegressOptions, Regression,
};
use sdflow::number::counted;
use sdflow::options::Options;
use sdflow::pairwise::Pairwise;
use sdflow::points::no_room;
use sdflow::process::Ending;
use sdflow::rng::Stream;
use sdflow::target::Target;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function(
        "fit",
        Kind::Run,
        &[arg("generator", Type::Generator), arg("flow", Type::Flow), arg("base", SAMPLE), OPTIONS],
        Type::Result,
        fit_generator,
    )
    .about(
        "Trains a generator in place so that its samples follow the flow. Each step moves the \
         samples by the flow, and then takes one Adam step of regression towards the moved points. \
         The moved points are kept fixed: no gradient passes through them. The base is the \
         distribution of the generator's inputs, for example `gaussian(#{dim: 8})`. If the target \
         has heavy tails and more than four dimensions, a net needs a base with such tails, for \
         example `student_t(#{dim: 8, dof: 3})`; a note then says so, if the target is points. The \
         generator is trained in standard units, so the units of the target and of the base do not \
         matter. If the mean and the standard deviation of the target are not known, the outputs \
         are not rescaled for the training, and a note says so. The trained generator returns \
         points in the original units.",
    )
    .options(FitOptions::KEYS)
    .example(
        "let p = ar1(0.5, #{dim: 4});\n\
         let g = affine(#{dim: 4});\n\
         let r = fit(g, sd_flow(p, gaussian_fit()), gaussian(#{dim: 4}), #{steps: 20});\n\
         let y = g.sample(100);",
    ),
    function(
        "distill",
        Kind::Run,
        &[arg("generator", Type::Generator), arg("teacher", SCORE), arg("base", SAMPLE), OPTIONS],
        Type::Result,
        distill_score,
    )
    .about(
        "Distribution matching distillation [yin2024onestep, yin2024improved]: trains a generator \
         in place so that its distribution becomes that of the teacher, a fixed score. The teacher \
         is a `denoiser`, the exact score of a target, or points. Noise of many levels is added to \
         the samples of the generator. The noisy samples then move along `D_teacher - D_source`, \
         the score difference times sigma squared. `D_source` is a denoiser of the generator's own \
         samples, which is trained at the same time. The trained generator needs one evaluation \
         per sample; the teacher needs many. The source score must be updated often enough: see \
         `score_updates`. The units of the teacher and of the base do not matter, because the \
         generator is trained in standard units.",
    )
    .options(DistillOptions::KEYS)
    .example(
        "let teacher = denoiser(dataset(\"8gaussians\"), #{hidden: 32, steps: 20});\n\
         let g = mlp(#{dim: 2, hidden: 32});\n\
         let r = distill(g, teacher, gaussian(#{dim: 2}), #{steps: 5, warm_up: 5, hidden: 32});\n\
         let y = g.sample(100);",
    ),
    function(
        "regress",
        Kind::Run,
        &[arg("generator", Type::Generator), arg("inputs", Type::Points), arg("outputs", Type::Points), OPTIONS],
        Type::Result,
        regress_generator,
    )
    .about(
        "Trains a generator `g` in place on pairs of rows, so that the mean of `|g(input) - \
         output|^2` is smallest: an affine generator by least squares, a net by Adam. The units of \
         the inputs and of the outputs do not matter. If the pairs are the start and the end of a \
         deterministic run (`noise: \"none\"`), the generator learns the map of the flow: `apply` \
         maps new points, and `save` stores the map.",
    )
    .options(RegressOptions::KEYS)
    .example(
        "let start = normal(500, 2);\n\
         let p = dataset(\"moons\").sample(500);\n\
         let r = run(sd_flow(p, #{noise: \"none\"}), start, #{steps: 5});\n\
         let map = mlp(#{hidden: 32});\n\
         regress(map, start, r.points, #{steps: 20});\n\
         save(map, \"map.safetensors\");\n\
         let moved = map.apply(normal(100, 2));",
    ),
];

type Made = std::result::Result<Dynamic, Fail>;

fn fit_generator(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let plan: Plan = call.get(1, "a flow")?;
    let base = base(call, 2)?;
    let options: FitOptions = call.options()?;
    idle::in_training(call, options.ema);
    let training = TrainingJob::new(call, &base, (options.steps, options.batch), options.every)?;
    plan.flow().and_then(|flow| flow.into_field(plan.name)).map_err(|e| call.place(e))?;
    context.callbacks.take_seconds();
    let (number, stream) = context.numbered_stream("fit");
    let done = training.take(&model, stream, &format!("fit {}", plan.name), |generator, part, pairwise| {
        let Amount { steps, batch, every } = part;
        let options = FitOptions { steps, batch, every, ..options.clone() };
        let mut flow = plan.flow()?.into_field(plan.name)?;
        let fit = Fit::new(generator, flow.as_mut(), base.as_ref()).stepping(plan.stepping.clone()).options(options);
        let what = format!("fit {}", plan.name);
        let mut watch = ContextObserver::new(context, call.owner(format!("fit-{number}")), what);
        fit.pairwise(pairwise).stream(stream).run_with(&mut watch)
    })?;
    training.finish(&model, done)
}

fn distill_score(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let teacher = fixed_score(call, 1)?;
    let base = base(call, 2)?;
    let mut options: DistillOptions = call.options()?;
    idle::in_training(call, options.ema);
    let training = TrainingJob::new(call, &base, (options.steps, options.batch), options.every)?;
    teacher.estimate().map_err(|e| call.place(e))?;
    let (number, stream) = context.numbered_stream("distill");
    let train = |options: DistillOptions, generator: &mut dyn Generator, pairwise: &Pairwise| {
        let mut teacher = teacher.estimate()?.score();
        let distillation = Distillation::new(generator, teacher.as_mut(), base.as_ref()).options(options);
        let mut watch = ContextObserver::new(context, call.owner(format!("distill-{number}")), "distill");
        distillation.pairwise(pairwise).stream(stream).run_with(&mut watch)
    };
    let batch = training.asked.batch;
    let task = call.task("train distill");
    options.warm_up = context.mode.first_training(&task, context.steps(options.warm_up), |warm_up| {
        let options = DistillOptions { steps: 1, batch, warm_up, ..options.clone() };
        model.deep_clone().train_with(&base, |generator| train(options, generator, &context.pairwise)).map(|_| ())
    });
    let done = training.take(&model, stream, "distill", |generator, part, pairwise| {
        let Amount { steps, batch, every } = part;
        train(DistillOptions { steps, batch, every, ..options.clone() }, generator, pairwise)
    })?;
    training.finish(&model, done)
}

fn regress_generator(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let (inputs, outputs) = (call.points(1)?, call.points(2)?);
    if inputs.n() != outputs.n() {
        let want = format!("the inputs have {}", inputs.n());
        return Err(call.bad(2, format!("has {}", counted(outputs.n(), "row")), &want));
    }
    let options: RegressOptions = call.options()?;
    idle::in_training(call, options.ema);
    let (base, (number, stream)) = (distribution(call, 1)?, context.numbered_stream("regress"));
    let train = |steps: usize| {
        let options = RegressOptions { steps, ..options.clone() };
        let pairs = Pairs { inputs: &inputs, outputs: &outputs };
        model.train_with(&base, |generator| {
            let regression = Regression::new(generator, pairs).options(options.clone());
            let mut watch = ContextObserver::new(context, call.owner(format!("regress-{number}")), "regress");
            regression.interrupt(&context.interrupt).stream(stream).run_with(&mut watch)
        })
    };
    let steps = context.steps(options.steps);
    let made = call.work("regress", || train(steps), |gauge| cost::repeated(steps, gauge, train))?;
    let points = model.apply(&inputs).map_err(|e| call.place(e))?;
    let done = Done { points: Arc::new(points), history: history(&made.history), ..Done::of(made.ending, made.stats) };
    let advice = advice(&done.ending, "");
    ended(call, &model, done, outputs.dim(), advice)
}

/// Returns the base of a generator. It must be a distribution; a set of points is refused.
fn base(call: &Call, i: usize) -> std::result::Result<Arc<dyn Target>, Fail> {
    match call.arg(i)?.clone().try_cast::<Cloud>() {
        Some(_) => {
            Err(call.wrong(i, "a target").hint("fresh base points are drawn at every step: gaussian(#{dim: 8})"))
        }
        None => call.get(i, "a target"),
    }
}

/// The length of a training: steps, points per step, and steps between rows of the history.
#[derive(Clone, Copy)]
struct Amount {
    steps: usize,
    batch: usize,
    every: Option<usize>,
}

/// A training as requested; a dry run performs a few of its steps.
struct TrainingJob<'a> {
    call: &'a Call<'a>,
    base: Arc<dyn Target>,
    asked: Amount,
}

impl<'a> TrainingJob<'a> {
    fn new(
        call: &'a Call,
        base: &Arc<dyn Target>,
        (steps, batch): (usize, usize),
        every: Option<usize>,
    ) -> std::result::Result<TrainingJob<'a>, Fail> {
        let asked = Amount { steps: call.context.steps(steps), batch: call.context.points(batch), every };
        if let Some(why) = no_room(asked.batch, base.dim()) {
            return Err(call.place(sdflow::Error::argument("batch", asked.batch, why)));
        }
        Ok(TrainingJob { call, base: base.clone(), asked })
    }

    /// Trains the model with `train` and returns a batch of its points; `what` names the work in
    /// the report of a dry run.
    fn take(
        &self,
        model: &Model,
        stream: Stream,
        what: &str,
        train: impl Fn(&mut dyn Generator, Amount, &Pairwise) -> Result<FitResult>,
    ) -> std::result::Result<Done, Fail> {
        let context = self.call.context;
        let train = |part: Amount, pairwise: &Pairwise| {
            model.train_with(&self.base, |generator| train(generator, part, pairwise))
        };
        let act = || train(self.asked, &context.pairwise);
        let made = self.call.work(what, act, |gauge| self.measure(gauge, &train))?;
        let points = model.sample(self.asked.batch, stream.label("result"));
        let points = Arc::new(points.map_err(|e| self.call.place(e))?);
        Ok(Done { points, history: history(&made.history), ..Done::of(made.ending, made.stats) })
    }

    /// Performs a few steps, and returns their result with the cost of all.
    fn measure(
        &self,
        gauge: &Gauge,
        train: &impl Fn(Amount, &Pairwise) -> Result<FitResult>,
    ) -> sdflow::Result<(FitResult, Cost)> {
        let Amount { steps, batch, every } = self.asked;
        if every == Some(0) {
            // Errors must be the same as in a run.
            return train(self.asked, gauge.pairwise()).map(|made| (made, Cost::default()));
        }
        let asked = Training { steps, batch, every: cost::every(every, steps) };
        let (mut made, cost) = cost::training(asked, gauge, |part, pairwise| {
            train(Amount { steps: part.steps, batch: part.batch, every: Some(part.every) }, pairwise)
        })?;
        let stats = &mut made.stats;
        (stats.steps, stats.nfe) = (cost.steps, cost.nfe);
        (stats.pairs, stats.flow_pairs) = (cost.pairs, cost.flow_pairs);
        // How these few steps ended says nothing about all steps.
        made.ending = Ending::Finished;
        Ok((made, cost))
    }

    /// Records the result.
    fn finish(&self, model: &Model, done: Done) -> Made {
        let (dim, advice) = (done.points.dim(), advice(&done.ending, ", or the smallest sigma larger"));
        ended(self.call, model, done, dim, advice)
    }
}

/// Records how training ended, and saves the model of an interrupted training.
fn ended(call: &Call, model: &Model, done: Done, dim: usize, advice: String) -> Made {
    if matches!(done.ending, Ending::Interrupted { .. }) {
        ending::save_interrupted_model(call, |path| model.tensors().save(path))?;
    }
    record_result(call, done, dim, advice)
}

/// Returns advice on an ending; `or` names another remedy for steps that diverge.
fn advice(ending: &Ending, or: &str) -> String {
    match ending {
        Ending::Diverged { step } => {
            format!(
                "In step {step} numbers became infinite or NaN; the step was undone, and the \
                 generator keeps its last finite parameters. Make `rate` smaller{or}."
            )
        }
        Ending::Finished => "The last step was taken; the history shows how the training went.".into(),
        _ => ending::advice(ending, "", false),
    }
}
