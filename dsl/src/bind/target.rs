//! Targets and bases.

use crate::bind::arguments::{check_size, data_file, in_file};
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Matrix, columns_of, numbers};
use rhai::{Array, Dynamic};
use sdflow::MissingPart;
use sdflow::io::NpyRows;
use sdflow::options::Options;
use sdflow::target::{
    self, BananaOptions, DATASETS, DatasetOptions, FunnelOptions, Gaussian, GaussianOptions, Labelled, MixtureOptions,
    Moments, Numbers, Samples, SamplesOptions, Stored, StudentTOptions, Target,
};
use std::sync::Arc;

sdflow::options! {
    /// Options of `ar1`.
    pub struct Ar1Options {
        /// Number of coordinates, at least 1.
        dim: Option<usize> = None,
        /// Mean: one number for all coordinates, or a list with one number for each.
        mean: Numbers = Numbers::One(0.0),
    }
}

pub const ENTRIES: &[Entry] = &[
    function("gaussian", Kind::Target, &[arg("options", Type::Map)], Type::Target, |call| {
        build_target(call, |o: GaussianOptions| o.gaussian())
    })
    .about(
        "The Gaussian `N(mean, cov)`, with exact density, score (smoothed by any sigma) and \
         moments.",
    )
    .options(GaussianOptions::KEYS)
    .example(
        "let p = gaussian(#{dim: 64, std: 2});\n\
         let q = gaussian(#{mean: [1, 0], cov: [[1, 0.5], [0.5, 1]]});",
    ),
    function("ar1", Kind::Target, &[arg("rho", Type::Number), arg("options", Type::Map)], Type::Target, ar1)
        .about(
            "The stationary autoregressive process of order 1: a Gaussian of unit variances with \
             `cov_ij = rho^|i-j|`, where `rho` lies strictly between -1 and 1. Its coordinates are \
             correlated in any dimension; density and score are exact.",
        )
        .options(Ar1Options::KEYS)
        .example("let p = ar1(0.9, #{dim: 64});"),
    function("mixture", Kind::Target, &[arg("options", Type::Map)], Type::Target, |call| {
        build_target(call, |o: MixtureOptions| o.mixture())
    })
    .about("A mixture of Gaussians, with exact density, smoothed score, moments and modes.")
    .options(MixtureOptions::KEYS)
    .example(
        "let p = mixture(#{means: [[-2, 0], [2, 0]], weights: [0.3, 0.7], std: 0.5});\n\
         let s = ar1(0.5, #{dim: 2}).cov();\n\
         let q = mixture(#{means: [[-2, 0], [2, 0]], covs: [s, s]});",
    ),
    function("student_t", Kind::Target, &[arg("options", Type::Map)], Type::Target, |call| {
        build_target(call, |o: StudentTOptions| o.student_t())
    })
    .about("The multivariate t distribution, which has heavy tails. Density and score are exact without smoothing.")
    .options(StudentTOptions::KEYS)
    .example("let p = student_t(#{dim: 2, dof: 3});"),
    function("funnel", Kind::Target, &[OPTIONS], Type::Target, |call| {
        build_target(call, |o: FunnelOptions| o.funnel())
    })
    .about(
        "Neal's funnel: the first coordinate is `N(0, std^2)`, and every other coordinate is `N(0, \
         exp(first))` [neal2003slice]. Density and score are exact without smoothing.",
    )
    .options(FunnelOptions::KEYS)
    .example("let p = funnel(#{dim: 2});"),
    function("banana", Kind::Target, &[OPTIONS], Type::Target, |call| {
        build_target(call, |o: BananaOptions| o.banana())
    })
    .about(
        "A Gaussian bent along a parabola [haario1999adaptive]. Density and score are exact \
             without smoothing.",
    )
    .options(BananaOptions::KEYS)
    .example("let p = banana(#{std: 3, bend: 0.2});"),
    function("dataset", Kind::Target, &[arg("name", Type::Text), OPTIONS], Type::Target, |call| {
        let options: DatasetOptions = call.options()?;
        let made = target::dataset(&call.text(0)?, &options).map_err(|e| call.place(e))?;
        Ok(Dynamic::from(made))
    })
    .about(
        "A distribution by name, from which any number of points can be sampled. `8gaussians` and \
         `25gaussians` are mixtures with exact density and score.",
    )
    .options(DatasetOptions::KEYS)
    .names(DATASETS)
    .example(
        "let p = dataset(\"25gaussians\");\n\
         let x = dataset(\"moons\", #{noise: 0.1}).sample(500);",
    ),
    function("samples", Kind::Target, &[arg("points", Type::Points), OPTIONS], Type::Target, samples)
        .about(
            "A finite sample as a target, in which each point has a weight. Use the option \
             `standardise` for columns of different units. With this option, `sd_flow` works in \
             units in which every column has standard deviation 1, and returns results in the \
             original units; other flows refuse such a target. A metric against such a target \
             compares in these units. A metric also uses the weights of its reference; metrics \
             that cannot use weights, such as `c2st`, `kl_knn` and `precision_recall`, refuse a \
             reference with weights.",
        )
        .options(SamplesOptions::KEYS)
        .example("let p = samples(load(\"x.npy\"), #{standardise: true});"),
    function("mapped", Kind::Target, &[arg("file", Type::Text)], Type::Target, mapped)
        .about(
            "The rows of an `.npy` file as a target, for files larger than the memory. The rows \
             stay in the file, and `sample` reads random rows. `sd_flow` towards this target \
             computes the same field as towards all rows in memory, and reads the file block by \
             block in each step. With `batch_target` it reads only that number of random rows. The \
             rows have equal weights and the units of the file. `field_error` contains only the \
             sampling error of the particles. A flow uses all rows, so the reference of a metric \
             must come from elsewhere. The path is relative to the script's folder, or to a folder \
             given by `--allow-read`.",
        )
        .example(
            "let data = mapped(\"x.npy\");\n\
             let moved = run(sd_flow(data), normal(200, data.dim));\n\
             print(data.sample(3).mean());",
        ),
    function("sample", Kind::Target, &[arg("n", Type::Whole)], Type::Points, sample)
        .of(Type::Target)
        .about(
            "`n` independent points. From a finite sample with weights, points are drawn with \
             replacement, in proportion to the weights. From a finite sample without weights, they \
             are drawn without replacement. Every call draws new points. The points keep a link to \
             their target: if they are the reference of a metric, the metric can use the exact \
             density, modes and moments of the target.",
        )
        .example("let x = dataset(\"moons\").sample(500);"),
    function("dim", Kind::Target, &[], Type::Whole, |call| Ok((receiver(call)?.dim() as i64).into()))
        .of(Type::Target)
        .property()
        .about("The number of coordinates.")
        .example("print(dataset(\"torus\").dim);"),
    function(
        "labelled",
        Kind::Target,
        &[arg("base", Type::Target), arg("labels", Type::Whole)],
        Type::Target,
        |call| {
            let base: Arc<dyn Target> = call.get(0, "a target")?;
            Ok(value(Labelled::new(base, call.count(1, 1)?).map_err(|e| call.place(e))?))
        },
    )
    .about(
        "The base of a generator that gets a label in addition to its noise: the points of `base` \
         with one further column per label, which is 1 for the label of the point and 0 for the \
         other labels. All labels are equally frequent, and the labels of a sample are in \
         ascending order: with two labels, the first half of the sample has label 0. Train along \
         `by_label`, which gives each label a target of its own. With `base` as above, \
         `generator.apply(base.sample(n).with_label(label, labels))` gives points of one label.",
    )
    .example(
        "let base = labelled(gaussian(#{dim: 4}), 3);\n\
         print(base.sample(9).dim);",
    ),
    function("mean", Kind::Target, &[], Type::List(&Type::Number), |call| Ok(numbers(&moments(call)?.mean)))
        .of(Type::Target)
        .returned("an array of `dim` numbers")
        .about("The exact mean, if it has a closed form. For `samples` it is the weighted mean of the points.")
        .example("print(gaussian(#{mean: [1, 2]}).mean()[1]);"),
    function("cov", Kind::Target, &[], Type::Matrix, |call| Ok(Matrix::value(moments(call)?.cov)))
        .of(Type::Target)
        .returned("a matrix, `dim` x `dim`")
        .about(
            "The exact covariance, if it has a closed form. For `samples` it is the weighted \
                covariance of the points.",
        )
        .example("print(ar1(0.5, #{dim: 3}).cov()[0][2]);"),
    function("log_density", Kind::Target, &[arg("points", Type::Points)], Type::List(&Type::Number), |call| {
        let mut out = Vec::new();
        let points = call.points(1)?;
        let target = receiver(call)?;
        let density = target.expect_density(MissingPart::LogDensity);
        density.and_then(|p| p.log_density(&points, 0.0, &mut out)).map_err(|e| call.place(e))?;
        Ok(numbers(&out))
    })
    .of(Type::Target)
    .returned("an array with a number per point")
    .about(
        "The log density in nats at every point, if it is known without smoothing. For a `density` \
         it is known up to a constant.",
    )
    .example(
        "let l = gaussian(#{dim: 2}).log_density(points([[0, 0], [1, 1]]));\n\
         print(l[0]);",
    ),
    function("modes", Kind::Target, &[], Type::List(&Type::Target), |call| {
        let target = receiver(call)?;
        let mixture = target.expect_modes().map_err(|e| call.place(e))?;
        Ok(mixture.components().iter().map(|c| value(c.clone())).collect::<Array>().into())
    })
    .of(Type::Target)
    .about("The components of a mixture, each as a Gaussian target.")
    .example(
        "let p = dataset(\"8gaussians\");\n\
         print(p.modes().len());",
    ),
    function(
        "split_by_mode",
        Kind::Target,
        &[arg("points", Type::Points)],
        Type::List(&Type::OneOf(&[Type::Points, Type::Nothing])),
        split_by_mode,
    )
    .of(Type::Target)
    .returned("an array with one set of points per mode; `()` for a mode without points")
    .about(
        "Splits points by modes: each point belongs to the component of the mixture that most \
            probably generated it.",
    )
    .example(
        "let p = dataset(\"8gaussians\");\n\
         let parts = p.split_by_mode(p.sample(200));\n\
         print(kl_gauss(parts[0], p.modes()[0]));",
    ),
];

fn split_by_mode(call: &Call) -> Result<Dynamic, Fail> {
    let (target, points) = (receiver(call)?, call.points(1)?);
    let mixture = target.expect_modes().map_err(|e| call.place(e))?;
    let owners = mixture.assign(&points).map_err(|e| call.place(e))?;
    let of = |k: usize| {
        let rows: Vec<usize> = (0..owners.len()).filter(|&i| owners[i] == k).collect();
        let found = || if rows.is_empty() { Dynamic::UNIT } else { Cloud::value(points.select(&rows)) };
        // A dry run does not know which modes get points.
        let alike = || Cloud::value(points.rows(0..points.n().div_ceil(mixture.weights().len())));
        call.context.mode.find(found, alike)
    };
    Ok((0..mixture.weights().len()).map(of).collect::<Array>().into())
}

fn value(target: impl Target + 'static) -> Dynamic {
    Dynamic::from(Arc::new(target) as Arc<dyn Target>)
}

fn receiver(call: &Call) -> Result<Arc<dyn Target>, Fail> {
    call.receiver()
}

fn sample(call: &Call) -> Result<Dynamic, Fail> {
    let (target, n) = (receiver(call)?, call.context.points(call.count(1, 1)?));
    check_size(call, 1, n, target.dim())?;
    let points = target.sample(n, call.context.stream("sample")).map_err(|e| call.place(e))?;
    Ok(Cloud::sample(points, target))
}

fn samples(call: &Call) -> Result<Dynamic, Fail> {
    let options: SamplesOptions = call.options()?;
    let points = call.points(0)?;
    if !options.standardise
        && let Some(warning) = target::scale_warning(&points, "use `samples(points, #{standardise: true})`")
    {
        call.context.warn_once(&warning);
    }
    let made = Samples::new(points, &options);
    let columns = columns_of(call.arg(0)?);
    let made = if columns.is_empty() { made } else { made.and_then(|made| made.named(columns.to_vec())) };
    Ok(value(made.map_err(|e| call.place(e))?))
}

fn mapped(call: &Call) -> Result<Dynamic, Fail> {
    let rows = NpyRows::open(&data_file(call)?).map_err(|e| in_file(call, e))?;
    Ok(value(Stored::new(Arc::new(rows))))
}

fn ar1(call: &Call) -> Result<Dynamic, Fail> {
    let rho = call.number(0)?;
    if rho.abs() >= 1.0 {
        return Err(call.bad(0, format!("is {rho}"), "it must lie strictly between -1 and 1"));
    }
    let options: Ar1Options = call.options()?;
    let Some(dim) = options.dim else {
        return Err(Fail::script("`ar1` needs `dim`").hint(format!("write ar1({rho}, #{{dim: 64}})")));
    };
    let place = |e| call.place(e);
    let cov = Gaussian::ar1(dim, rho).map_err(place)?.cov();
    let mean = GaussianOptions { dim: Some(dim), mean: options.mean, ..GaussianOptions::default() };
    let mean = mean.gaussian().map_err(place)?.mean().to_vec();
    Ok(value(Gaussian::new(mean, cov).map_err(place)?))
}

/// Returns the target that `make` builds from the options.
fn build_target<O: Options, T: Target + 'static>(
    call: &Call,
    make: impl FnOnce(O) -> sdflow::Result<T>,
) -> Result<Dynamic, Fail> {
    Ok(value(make(call.options()?).map_err(|e| call.place(e))?))
}

fn moments(call: &Call) -> Result<Moments, Fail> {
    receiver(call)?.expect_moments().map_err(|e| call.place(e))
}
