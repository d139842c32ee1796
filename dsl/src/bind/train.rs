//! Training generators: along a flow, or by a frozen score.

use crate::bind::flow::{Motion, Plan};
use crate::bind::generator::Model;
use crate::bind::learned::{self, ahead};
use crate::bind::points::Cloud;
use crate::bind::result::{Done, table};
use crate::bind::run::{Watch, finish};
use crate::bind::sampler::law;
use crate::call::{Call, Fail};
use crate::dry;
use crate::manual::{Entry, Kind};
use rhai::Dynamic;
use sdflow::flow::{FlowPairs, VelocityField};
use sdflow::generator::{
    DistillOptions, FitOptions, FitResult, Generator, Pairs, RegressOptions, distill, fit, regress,
};
use sdflow::options::Options;
use sdflow::points::no_room;
use sdflow::process::Ending;
use sdflow::rng::Stream;
use sdflow::run::Forecast;
use sdflow::target::Target;
use sdflow::{Error, Points, Result};
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "Trains a generator in place so that base points through it follow the flow: each step moves its points by the flow, \
                holds them, and takes one Adam step of regression towards them. The base is a target such as \
                `gaussian(#{dim: 8})`.",
        options: FitOptions::KEYS,
        example: "let p = ar1(0.5, #{dim: 4});\nlet g = affine(#{dim: 4});\n\
                  let r = fit(g, sd_flow(p, gaussian_fit()), gaussian(#{dim: 4}), #{steps: 20});\nlet y = g.sample(100);",
        ..entry("fit", "fit(generator, flow, base[, options])", fit_generator)
    },
    Entry {
        about: "Distribution matching distillation [yin2024onestep, yin2024improved]: trains a generator in place so that its law \
                becomes that of a score that stays as it is, the teacher: a `denoiser`, a target's exact score, points. Its points \
                get noise of many sizes and move along `D_teacher - D_source`, the score difference times sigma squared, where \
                `D_source` is a denoiser of the generator's own law, which learns along. So a denoiser that takes many evaluations \
                to sample from becomes a generator that takes one. The source's score must keep up with the generator: \
                `score_updates`.",
        options: DistillOptions::KEYS,
        example: "let teacher = denoiser(dataset(\"8gaussians\"), #{hidden: 32, steps: 20});\nlet g = mlp(#{dim: 2, hidden: 32});\n\
                  let r = distill(g, teacher, gaussian(#{dim: 2}), #{steps: 5, warm_up: 5, hidden: 32});\nlet y = g.sample(100);",
        ..entry("distill", "distill(generator, teacher, base[, options])", distill_score)
    },
    Entry {
        about: "Trains a generator in place on pairs of rows, `min mean |g(input) - output|^2`: by least squares an affine one, by Adam \
                a net, whatever the units of both sides. With the start and the end of a deterministic run (`noise: \"none\"`) it becomes the flow's map: `apply` takes it \
                to new points, `save` keeps it.",
        options: RegressOptions::KEYS,
        example: "let start = normal(500, 2);\nlet p = dataset(\"moons\").sample(500);\n\
                  let r = run(sd_flow(p, #{noise: \"none\"}), start, #{steps: 5});\n\
                  let map = mlp(#{hidden: 32});\nregress(map, start, r.points, #{steps: 20});\n\
                  save(map, \"map.safetensors\");\nlet moved = map.apply(normal(100, 2));",
        ..entry("regress", "regress(generator, inputs, outputs[, options])", regress_generator)
    },
];

const fn entry(name: &'static str, signature: &'static str, call: crate::call::Native) -> Entry {
    let (kind, returns) = (Kind::Run, "a result");
    Entry { name, kind, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

type Made = std::result::Result<Dynamic, Fail>;

fn fit_generator(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let plan: Plan = call.get(1, "a flow")?;
    let base = base(call, 2)?;
    let mut options: FitOptions = call.options()?;
    let course = Course::new(call, &base, (&mut options.steps, &mut options.batch), options.every)?;
    let mut flow = field(call, &plan)?;
    context.callbacks.taken();
    let stream = context.stream("fit");
    let done = course.take(&model, stream, |generator| {
        fit(
            generator,
            flow.as_mut(),
            &plan.stepping,
            base.as_ref(),
            &options,
            &context.pairwise,
            stream,
            &mut Watch(context),
        )
    })?;
    course.finish(&model, done, flow.pairs(course.asked.1), &format!("fit {}", plan.name))
}

/// The field that a generator is to follow.
fn field(call: &Call, plan: &Plan) -> std::result::Result<Box<dyn VelocityField>, Fail> {
    match plan.flow().map_err(|e| call.place(e))? {
        Motion::Field(field) => Ok(field),
        Motion::Sampler(_) | Motion::Diffusion(_) => {
            let want = "it is a sampler of particles, whose noise or age a generator cannot follow: use `sd_flow`, `mmd_flow` \
                        or `svgd`";
            Err(call.place(Error::argument("flow", plan.name, want)))
        }
    }
}

fn distill_score(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let teacher = law(call, 1)?;
    let base = base(call, 2)?;
    let mut options: DistillOptions = call.options()?;
    let course = Course::new(call, &base, (&mut options.steps, &mut options.batch), options.every)?;
    let mut teacher = teacher.estimate().map_err(|e| call.place(e))?.score();
    let net = (options.hidden, options.layers, options.activation);
    options.warm_up = ahead(call, model.dim(), net, course.asked.1, context.steps(options.warm_up));
    let stream = context.stream("distill");
    let done = course.take(&model, stream, |generator| {
        distill(generator, teacher.as_mut(), base.as_ref(), &options, &context.pairwise, stream, &mut Watch(context))
    })?;
    let batch = course.asked.1;
    course.finish(&model, done, FlowPairs { velocity: teacher.pairs(batch, batch), readings: 0 }, "distill")
}

fn regress_generator(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let (inputs, outputs) = (call.points(1)?, call.points(2)?);
    if inputs.count() != outputs.count() {
        let want = format!("the inputs have {}", inputs.count());
        return Err(call.bad(2, format!("has {} rows", outputs.count()), &want));
    }
    let mut options: RegressOptions = call.options()?;
    options.steps = context.steps(options.steps);
    let asked = options.steps;
    if context.dry.is_some() {
        options.steps = asked.min(dry::FIT_STEPS);
    }
    let (base, stream) = (learned::law(call, 1)?, context.stream("regress"));
    let (made, points) = model
        .trained(&base, |generator| {
            let pairs = Pairs { inputs: &inputs, outputs: &outputs };
            let made = regress(generator, pairs, &options, &context.interrupt, stream, &mut Watch(context))?;
            let mut points = Points::default();
            generator.forward(&inputs, &mut points)?;
            Ok((made, points))
        })
        .map_err(|e| call.place(e))?;
    if let Some(dry) = &context.dry {
        let seconds = made.stats.flow_seconds * asked as f64 / options.steps as f64;
        let ahead = Forecast { steps: asked as u64, seconds, ..Forecast::default() };
        dry.add("regress", call.native.call_position(), &ahead);
    }
    let done = Done {
        points: Arc::new(points.standing_for(inputs.count())),
        history: table(&made.history),
        ..Done::of(made.ending, made.stats)
    };
    let advice = advice(&done.ending, "");
    ended(call, &model, done, outputs.dim(), advice)
}

/// The base of a generator: a target.
fn base(call: &Call, i: usize) -> std::result::Result<Arc<dyn Target>, Fail> {
    match call.arg(i)?.clone().try_cast::<Cloud>() {
        Some(_) => {
            Err(call.wrong(i, "a target").hint("fresh base points are drawn at every step: gaussian(#{dim: 8})"))
        }
        None => call.get(i, "a target"),
    }
}

/// How much training is asked for, and how much of it is done: in a dry run a few steps of few points.
struct Course<'a> {
    call: &'a Call<'a>,
    base: Arc<dyn Target>,
    /// Steps and points per step.
    asked: (usize, usize),
    taken: (usize, usize),
    every: Option<usize>,
}

impl<'a> Course<'a> {
    /// Leaves in `amount` the steps and points that are to be taken.
    fn new(
        call: &'a Call,
        base: &Arc<dyn Target>,
        amount: (&mut usize, &mut usize),
        every: Option<usize>,
    ) -> std::result::Result<Course<'a>, Fail> {
        let context = call.context;
        let asked = (context.steps(*amount.0), context.points(*amount.1));
        if let Some(why) = no_room(asked.1, base.dim()) {
            return Err(call.place(sdflow::Error::argument("batch", asked.1, why)));
        }
        let taken = match context.dry {
            Some(_) => (asked.0.min(dry::FIT_STEPS), context.held(asked.1, base.dim())),
            None => asked,
        };
        (*amount.0, *amount.1) = taken;
        Ok(Course { call, base: base.clone(), asked, taken, every })
    }

    /// What `train` leaves of the model, with a batch of its points.
    fn take(
        &self,
        model: &Model,
        stream: Stream,
        train: impl FnOnce(&mut dyn Generator) -> Result<FitResult>,
    ) -> std::result::Result<Done, Fail> {
        let trained = model.trained(&self.base, |generator| {
            let made = train(generator)?;
            let u = self.base.sample(self.taken.1, stream.label("result"))?;
            let mut points = Points::default();
            generator.forward(&u, &mut points)?;
            Ok((made, points))
        });
        let (made, points) = trained.map_err(|e| self.call.place(e))?;
        Ok(Done {
            points: Arc::new(points.standing_for(self.asked.1)),
            history: table(&made.history),
            ..Done::of(made.ending, made.stats)
        })
    }

    /// Foretells what the whole costs, in a dry run, and records it.
    fn finish(&self, model: &Model, mut done: Done, pairs: FlowPairs, what: &str) -> Made {
        let dim = done.points.dim();
        if let Some(dry) = &self.call.context.dry {
            let (steps, every) = (self.asked.0, self.every.unwrap_or(self.asked.0.div_ceil(20)).max(1));
            // Every so many steps from the first on, and at the last.
            let last = u64::from(!(steps.max(1) - 1).is_multiple_of(every));
            let rounds = (steps.div_ceil(every) as u64).saturating_add(last);
            let share = (steps as f64 * self.asked.1 as f64) / (self.taken.0 as f64 * self.taken.1 as f64);
            let (steps, readings) = (steps as u64, rounds.saturating_mul(pairs.readings));
            let all = steps.saturating_mul(pairs.velocity).saturating_add(readings);
            let seconds = share * done.stats.flow_seconds;
            let stats = &mut done.stats;
            (stats.steps, stats.nfe, stats.pairs, stats.flow_pairs) = (steps, steps, all, all);
            let bytes = 8 * 6 * (self.asked.1 * dim) as u64;
            let ahead = Forecast { steps, nfe: steps, flow_pairs: all, pairs: all, seconds, bytes, varies: false };
            dry.add(what, self.call.native.call_position(), &ahead);
        }
        let advice = advice(&done.ending, ", or the smallest sigma larger");
        ended(self.call, model, done, dim, advice)
    }
}

/// Records how training ended; of one that was interrupted the model is kept too.
fn ended(call: &Call, model: &Model, done: Done, dim: usize, advice: String) -> Made {
    if matches!(done.ending, Ending::Interrupted { .. }) && call.context.dry.is_none() {
        let path = call.context.sandbox.writable("interrupted.safetensors", "models")?;
        model.tensors().save(&path).map_err(|e| call.place(e))?;
        call.context.wrote(&path);
    }
    finish(call, done, dim, advice)
}

/// What to do about an ending; `or` is what else helps where steps diverge.
fn advice(ending: &Ending, or: &str) -> String {
    match ending {
        Ending::Diverged { step } => {
            format!(
                "Step {step} left the finite numbers and was taken back: the generator has its last finite parameters. Make `rate` \
                 smaller{or}."
            )
        }
        _ => ending.advice(),
    }
}
