//! Models: generators, trained in place.

use crate::bind::arguments::{SAMPLE, check_size, distribution};
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Matrix, Model, numbers};
use rhai::Dynamic;
use sdflow::generator::{Affine, AffineOptions, MlpGenerator, MlpOptions};
use sdflow::options::Options;

pub const ENTRIES: &[Entry] = &[
    function("affine", Kind::Model, &[OPTIONS], Type::Generator, |call| {
        let options: AffineOptions = call.options()?;
        let made = Affine::new(&options, call.context.stream("affine")).and_then(Model::affine);
        Ok(Dynamic::from(made.map_err(|e| call.place(e))?))
    })
    .about(
        "The affine generator `g(u) = W u + b`, initially with random `W` and `b = 0`. With a \
         Gaussian base, the distribution of its points is Gaussian.",
    )
    .options(AffineOptions::KEYS)
    .example(
        "let g = affine(#{dim: 8});\n\
         let thin = affine(#{dim: 8, dim_in: 2});",
    ),
    function("mlp", Kind::Model, &[OPTIONS], Type::Generator, |call| {
        let options: MlpOptions = call.options()?;
        let made = MlpGenerator::new(&options, call.context.stream("mlp"));
        let made = made.and_then(Model::mlp);
        Ok(Dynamic::from(made.map_err(|e| call.place(e))?))
    })
    .about(
        "A generator that is a net: it maps base points to points by `layers` hidden layers of \
         `hidden` units. The initial parameters are random, as in PyTorch's `nn.Linear`. The net \
         computes in f32 and adds its last bias in f64.",
    )
    .options(MlpOptions::KEYS)
    .example(
        "let g = mlp(#{dim: 2, hidden: 32});\n\
         let p = dataset(\"moons\").sample(500);\n\
         let r = fit(g, sd_flow(p), gaussian(#{dim: 2}), #{steps: 5});",
    ),
    function("sample", Kind::Model, &[arg("n", Type::Whole)], Type::Points, sample)
        .of(Type::Generator)
        .about(
            "`n` points of the generator, computed from new base points. The base is that of the \
             last training of the generator, or that of `with_base`; otherwise it is standard normal.",
        )
        .example("let y = affine(#{dim: 3}).sample(100);"),
    function("with_base", Kind::Model, &[arg("base", SAMPLE)], Type::Generator, with_base)
        .of(Type::Generator)
        .about(
            "The same generator with another base, from which `sample` draws its inputs: a target \
             or points. The generator itself is not changed.",
        )
        .example("let y = affine(#{dim: 3}).with_base(student_t(#{dim: 3, dof: 5})).sample(100);"),
    function("apply", Kind::Model, &[arg("points", Type::Points)], Type::Points, apply)
        .of(Type::Generator)
        .about("Applies the generator to every point.")
        .example(
            "let u = normal(100, 3);\n\
             let y = affine(#{dim: 2, dim_in: 3}).apply(u);\n\
             print(y.dim);",
        ),
    function("dim", Kind::Model, &[], Type::Whole, |call| Ok((receiver(call)?.dim() as i64).into()))
        .of(Type::Generator)
        .property()
        .about("The number of coordinates of the points of the generator.")
        .example("print(affine(#{dim: 3}).dim);"),
    function("mean", Kind::Model, &[], Type::List(&Type::Number), |call| {
        Ok(numbers(&receiver(call)?.moments().map_err(|e| call.place(e))?.mean))
    })
    .of(Type::Generator)
    .returned("an array of `dim` numbers")
    .about("The exact mean of the points of an affine generator, for its base.")
    .example("print(affine(#{dim: 3}).mean()[0]);"),
    function("cov", Kind::Model, &[], Type::Matrix, |call| {
        Ok(Matrix::value(receiver(call)?.moments().map_err(|e| call.place(e))?.cov))
    })
    .of(Type::Generator)
    .returned("a matrix, `dim` x `dim`")
    .about(
        "The exact covariance of the points of an affine generator, `W S W^T` with the covariance \
         `S` of its base.",
    )
    .example(
        "let p = ar1(0.5, #{dim: 3});\n\
         print(relative_error(affine(#{dim: 3}).cov(), p.cov()));",
    ),
];

fn receiver(call: &Call) -> Result<Model, Fail> {
    call.receiver()
}

fn sample(call: &Call) -> Result<Dynamic, Fail> {
    let (model, n) = (receiver(call)?, call.context.points(call.count(1, 1)?));
    check_size(call, 1, n, model.widest())?;
    model.sample(n, call.context.stream("generator")).map(Cloud::value).map_err(|e| call.place(e))
}

fn with_base(call: &Call) -> Result<Dynamic, Fail> {
    let (model, base) = (receiver(call)?, distribution(call, 1)?);
    model.with_base(base).map(Dynamic::from).map_err(|e| call.place(e))
}

fn apply(call: &Call) -> Result<Dynamic, Fail> {
    let (model, points) = (receiver(call)?, call.points(1)?);
    model.apply(&points).map(Cloud::value).map_err(|e| {
        let fail = call.place(e);
        if points.dim() >= model.widest() {
            return fail;
        }
        fail.hint("a generator that was trained with labels takes points.with_label(label, labels)")
    })
}
