//! Training of generators: along a flow, by a fixed score, or on pairs of points.

use crate::bind::arguments::{SAMPLE, SCORE, distribution, fixed_score};
use crate::bind::training_job::{Amount, Made, TrainingJob, advice, ended};
use crate::bind::unused_options as idle;
use crate::call::{Call, Entry, function};
use crate::context::ContextObserver;
use crate::language::{Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::{Cloud, Done, Model, Plan, history};
use sdflow::cost;
use sdflow::flow::VelocityField;
use sdflow::generator::{
    DistillOptions, Distillation, Fit, FitOptions, Generator, Pairs, RegressOptions, Regression, usual_base,
    usual_steps,
};
use sdflow::number::counted;
use sdflow::options::Options;
use sdflow::pairwise::Pairwise;
use sdflow::target::Target;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function(
        "fit",
        Kind::Run,
        &[arg("generator", Type::Generator), arg("flow", Type::Flow), optional("base", SAMPLE), OPTIONS],
        Type::Result,
        fit_generator,
    )
    .about(
        "Trains a generator in place so that its samples follow the flow. Each step moves the \
         samples by the flow, and then takes one Adam step of regression towards the moved points. \
         The moved points are kept fixed: no gradient passes through them. The base is the \
         distribution of the generator's inputs, for example `gaussian(#{dim: 8})`. If it is left \
         out, a generator that was trained before, or has a target as base by `with_base`, keeps \
         its base. Otherwise the base is `student_t` if the target has heavy tails and the \
         generator is affine or has more than four outputs, and else standard normal; for a flow by \
         label it is standard normal with these labels. A note says which base was chosen, and \
         whether a given base has too light tails. The \
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

fn fit_generator(call: &Call) -> Made {
    let context = call.context;
    let model: Model = call.get(0, "a generator")?;
    let plan: Plan = call.get(1, "a flow")?;
    let options: FitOptions = call.options()?;
    idle::in_training(call, options.ema);
    let field = plan.flow().and_then(|flow| flow.into_field(plan.name)).map_err(|e| call.place(e))?;
    let base = match call.handles() > 2 {
        true => base(call, 2)?,
        false => own_or_usual_base(call, &model, field.as_ref())?,
    };
    let steps = options.steps.unwrap_or_else(|| model.read(usual_steps));
    let training = TrainingJob::new(call, &base, (steps, options.batch), options.every)?;
    context.callbacks.take_seconds();
    let (number, stream) = context.numbered_stream("fit");
    let done = training.take(&model, stream, &format!("fit {}", plan.name), |generator, part, pairwise| {
        let Amount { steps, batch, every } = part;
        let options = FitOptions { steps: Some(steps), batch, every, ..options.clone() };
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

/// Returns the base of a generator that was trained or given one. Otherwise, or if that base is a
/// set of points, a base is chosen, and a note names it.
fn own_or_usual_base(
    call: &Call,
    model: &Model,
    field: &dyn VelocityField,
) -> std::result::Result<Arc<dyn Target>, Fail> {
    let chosen = match model.own_base() {
        Ok(Some(base)) if base.finite_sample().is_none() => return Ok(base),
        Ok(_) => model.read(|generator| usual_base(generator, field)),
        Err(e) => Err(e),
    };
    let (base, note) = chosen.map_err(|e| call.place(e))?;
    call.context.note(&note);
    Ok(base)
}
