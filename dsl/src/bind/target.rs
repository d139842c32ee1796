//! Targets and bases.

use crate::bind::matrix::Matrix;
use crate::bind::points::{Cloud, numbers, size};
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Array, Dynamic, Engine};
use sdflow::MissingPart;
use sdflow::options::Options;
use sdflow::target::{
    self, BananaOptions, DATASETS, DatasetOptions, FunnelOptions, Gaussian, GaussianOptions, MixtureOptions, Moments,
    Numbers, Samples, SamplesOptions, StudentTOptions, Target,
};
use std::sync::Arc;

sdflow::options! {
    /// An autoregression.
    pub struct Ar1Options {
        /// Number of coordinates, at least 1.
        dim: Option<usize> = None,
        /// Mean: a number for all coordinates or a list with one each.
        mean: Numbers = Numbers::One(0.0),
    }
}

const fn entry(name: &'static str, signature: &'static str, call: crate::call::Native) -> Entry {
    let returns = "a target";
    Entry { name, kind: Kind::Target, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "The Gaussian `N(mean, cov)`, with exact density, score (smoothed by any sigma) and moments.",
        options: GaussianOptions::KEYS,
        example: "let p = gaussian(#{dim: 64, std: 2});\nlet q = gaussian(#{mean: [1, 0], cov: [[1, 0.5], [0.5, 1]]});",
        ..entry("gaussian", "gaussian(options)", |call| described(call, |o: GaussianOptions| o.gaussian()))
    },
    Entry {
        about: "The stationary autoregression: a Gaussian of unit variances with `cov_ij = rho^|i-j|`, `rho` strictly between -1 \
                and 1. Correlated coordinates in any dimension, with exact density and score.",
        options: Ar1Options::KEYS,
        example: "let p = ar1(0.9, #{dim: 64});",
        ..entry("ar1", "ar1(rho, options)", ar1)
    },
    Entry {
        about: "A mixture of Gaussians, with exact density, smoothed score, moments and modes.",
        options: MixtureOptions::KEYS,
        example: "let p = mixture(#{means: [[-2, 0], [2, 0]], weights: [0.3, 0.7], std: 0.5});\n\
                  let s = ar1(0.5, #{dim: 2}).cov();\nlet q = mixture(#{means: [[-2, 0], [2, 0]], covs: [s, s]});",
        ..entry("mixture", "mixture(options)", |call| described(call, |o: MixtureOptions| o.mixture()))
    },
    Entry {
        about: "The multivariate t distribution, heavy in its tails. Density and score are exact without smoothing.",
        options: StudentTOptions::KEYS,
        example: "let p = student_t(#{dim: 2, dof: 3});",
        ..entry("student_t", "student_t(options)", |call| described(call, |o: StudentTOptions| o.student_t()))
    },
    Entry {
        about: "Neal's funnel: the first coordinate is `N(0, std^2)`, every other `N(0, exp(first))` [neal2003slice]. Density \
                and score are exact without smoothing.",
        options: FunnelOptions::KEYS,
        example: "let p = funnel(#{dim: 2});",
        ..entry("funnel", "funnel([options])", |call| described(call, |o: FunnelOptions| o.funnel()))
    },
    Entry {
        about: "A Gaussian bent along a parabola [haario1999adaptive]. Density and score are exact without smoothing.",
        options: BananaOptions::KEYS,
        example: "let p = banana(#{std: 3, bend: 0.2});",
        ..entry("banana", "banana([options])", |call| described(call, |o: BananaOptions| o.banana()))
    },
    Entry {
        about: "A distribution by name. All can be sampled without end; `8gaussians` and `25gaussians` are mixtures with exact \
                density and score.",
        options: DatasetOptions::KEYS,
        names: DATASETS,
        example: "let p = dataset(\"25gaussians\");\nlet x = dataset(\"moons\", #{noise: 0.1}).sample(500);",
        ..entry("dataset", "dataset(name[, options])", |call| {
            let options: DatasetOptions = call.options()?;
            let made = target::dataset(&call.text(0)?, &options).map_err(|e| call.place(e))?;
            Ok(Dynamic::from(made))
        })
    },
    Entry {
        about: "A finite sample as a target, each point with its weight. With `standardise` a flow works in units in which every \
                column has standard deviation 1 and gives its result in the columns' own: use it for columns of mixed units. As a \
                reference it is compared with its weights (`c2st`, `kl_knn` and `precision_recall`, which count neighbours, refuse \
                them) and, with `standardise`, in its standard units.",
        options: SamplesOptions::KEYS,
        example: "let p = samples(load(\"x.npy\"), #{standardise: true});",
        ..entry("samples", "samples(points[, options])", samples)
    },
    Entry {
        returns: "points",
        about: "`n` independent points; of a finite sample, points drawn without replacement. Every call draws anew. The points \
                remember their target, so that as a reference they lend metrics its density, modes and moments.",
        example: "let x = dataset(\"moons\").sample(500);",
        ..entry("sample", "target.sample(n)", sample)
    },
    Entry {
        returns: "a whole number",
        about: "The number of coordinates.",
        example: "print(dataset(\"torus\").dim);",
        ..entry("dim", "target.dim", |call| Ok((own(call)?.dim() as i64).into()))
    },
    Entry {
        returns: "an array of `dim` numbers",
        about: "The exact mean, where it has a closed form; of `samples` that of the points with their weights.",
        example: "print(gaussian(#{mean: [1, 2]}).mean()[1]);",
        ..entry("mean", "target.mean()", |call| Ok(numbers(&moments(call)?.mean)))
    },
    Entry {
        returns: "a matrix, `dim` x `dim`",
        about: "The exact covariance, where it has a closed form; of `samples` that of the points with their weights.",
        example: "print(ar1(0.5, #{dim: 3}).cov()[0][2]);",
        ..entry("cov", "target.cov()", |call| Ok(Matrix::value(moments(call)?.cov)))
    },
    Entry {
        returns: "an array with a number per point",
        about: "The log density in nats at every point, where it has a closed form.",
        example: "let l = gaussian(#{dim: 2}).log_density(points([[0, 0], [1, 1]]));\nprint(l[0]);",
        ..entry("log_density", "target.log_density(points)", |call| {
            let mut out = Vec::new();
            let points = call.points(1)?;
            let target = own(call)?;
            let density = target.expect_density(MissingPart::LogDensity);
            density.and_then(|p| p.log_density(&points, 0.0, &mut out)).map_err(|e| call.place(e))?;
            Ok(numbers(&out))
        })
    },
    Entry {
        returns: "an array of targets",
        about: "The components of a mixture, each a Gaussian of its own.",
        example: "let p = dataset(\"8gaussians\");\nprint(p.modes().len());",
        ..entry("modes", "target.modes()", |call| {
            let target = own(call)?;
            let mixture = target.expect_modes().map_err(|e| call.place(e))?;
            Ok(mixture.components().iter().map(|c| value(c.clone())).collect::<Array>().into())
        })
    },
    Entry {
        returns: "an array of points, one set per mode; `()` for a mode that got none",
        about: "Shares the points out among a mixture's modes, each to the component most likely to have made it.",
        example: "let p = dataset(\"8gaussians\");\nlet parts = p.shared_out(p.sample(200));\nprint(kl_gauss(parts[0], p.modes()[0]));",
        ..entry("shared_out", "target.shared_out(points)", shared_out)
    },
];

fn shared_out(call: &Call) -> Result<Dynamic, Fail> {
    let (target, points) = (own(call)?, call.points(1)?);
    let mixture = target.expect_modes().map_err(|e| call.place(e))?;
    let owners = mixture.assign(&points).map_err(|e| call.place(e))?;
    let of = |k: usize| {
        let rows: Vec<usize> = (0..owners.len()).filter(|&i| owners[i] == k).collect();
        match call.context.dry {
            // Which modes get points is not known.
            Some(_) => Cloud::value(points.rows(0..points.n().div_ceil(mixture.weights().len()))),
            None if rows.is_empty() => Dynamic::UNIT,
            None => Cloud::value(points.select(&rows)),
        }
    };
    Ok((0..mixture.weights().len()).map(of).collect::<Array>().into())
}

fn value(target: impl Target + 'static) -> Dynamic {
    Dynamic::from(Arc::new(target) as Arc<dyn Target>)
}

fn own(call: &Call) -> Result<Arc<dyn Target>, Fail> {
    call.receiver()
}

fn sample(call: &Call) -> Result<Dynamic, Fail> {
    let (target, n) = (own(call)?, call.context.points(call.count(1, 1)?));
    size(call, 1, n, target.dim())?;
    let points = target.sample(n, call.context.stream("sample")).map_err(|e| call.place(e))?;
    Ok(Cloud::sample(points, target))
}

fn samples(call: &Call) -> Result<Dynamic, Fail> {
    let options: SamplesOptions = call.options()?;
    let points = call.points(0)?;
    if !options.standardise
        && let Some(warning) = target::scale_warning(&points)
    {
        call.context.warn_once(&warning);
    }
    Ok(value(Samples::new(points, &options).map_err(|e| call.place(e))?))
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

/// The target that the options make.
fn described<O: Options, T: Target + 'static>(
    call: &Call,
    make: impl FnOnce(O) -> sdflow::Result<T>,
) -> Result<Dynamic, Fail> {
    Ok(value(make(call.options()?).map_err(|e| call.place(e))?))
}

fn moments(call: &Call) -> Result<Moments, Fail> {
    own(call)?.expect_moments().map_err(|e| call.place(e))
}

/// How a target prints.
pub fn register(engine: &mut Engine) {
    let text = |target: &mut Arc<dyn Target>| target.name();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
