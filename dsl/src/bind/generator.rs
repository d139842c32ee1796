//! Models: generators, trained in place.

use crate::bind::matrix::Matrix;
use crate::bind::points::{Cloud, numbers, size};
use crate::bind::run::standard;
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine};
use sdflow::generator::{self, Affine, AffineOptions, Generator, MlpGenerator, MlpOptions};
use sdflow::io::Tensors;
use sdflow::options::Options;
use sdflow::target::{Moments, Target};
use sdflow::{Error, Mat, Points, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A generator with the base it was trained on. Clones are the same generator.
#[derive(Debug, Clone)]
pub struct Model(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    generator: Kept,
    base: Arc<dyn Target>,
}

#[derive(Debug, Clone)]
enum Kept {
    Affine(Affine),
    Mlp(Box<MlpGenerator>),
}

impl Kept {
    fn get(&self) -> &dyn Generator {
        match self {
            Kept::Affine(g) => g,
            Kept::Mlp(g) => g.as_ref(),
        }
    }

    fn get_mut(&mut self) -> &mut dyn Generator {
        match self {
            Kept::Affine(g) => g,
            Kept::Mlp(g) => g.as_mut(),
        }
    }
}

impl Model {
    fn new(generator: Kept) -> Result<Model> {
        let base = standard(generator.get().input_dim())?;
        Ok(Model(Arc::new(Mutex::new(State { generator, base }))))
    }

    /// Another generator, equal to this one.
    pub fn copied(&self) -> Model {
        let state = self.state();
        Model(Arc::new(Mutex::new(State { generator: state.generator.clone(), base: state.base.clone() })))
    }

    /// A generator from a file, whose base is standard normal.
    ///
    /// # Errors
    /// A model that is no generator.
    pub fn loaded(model: generator::Model) -> Result<Model> {
        match model {
            generator::Model::Affine(g) => Model::new(Kept::Affine(g)),
            generator::Model::Mlp(g) => Model::new(Kept::Mlp(g)),
            other => Err(Error::argument("file", "a denoiser", format!("a generator is wanted ({})", other.shape()))),
        }
    }

    /// Its parameters as a file holds them.
    pub fn tensors(&self) -> Tensors {
        match &self.state().generator {
            Kept::Affine(g) => g.tensors(),
            Kept::Mlp(g) => g.tensors(),
        }
    }

    /// Coordinates of its points.
    pub fn dim(&self) -> usize {
        self.state().generator.get().dim()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `train` makes of a copy of the generator, which then takes its place with this base.
    pub fn trained<T>(&self, base: &Arc<dyn Target>, train: impl FnOnce(&mut dyn Generator) -> Result<T>) -> Result<T> {
        let mut generator = self.state().generator.clone();
        let made = train(generator.get_mut())?;
        *self.state() = State { generator, base: base.clone() };
        Ok(made)
    }

    /// `N(W m + b, W S W^T)`'s moments for a base of mean `m` and covariance `S`.
    fn moments(&self) -> Result<Moments> {
        let state = self.state();
        let base = state.base.expect_moments()?;
        let Kept::Affine(generator) = &state.generator else {
            return Err(Error::Missing {
                what: "a net's law".into(),
                part: "closed-form moments".into(),
                hint: "take those of a sample: generator.sample(10000)".into(),
            });
        };
        let weights = generator.weights().to_owned();
        let mean = (0..weights.nrows())
            .map(|i| generator.bias()[i] + (0..weights.ncols()).map(|j| weights[(i, j)] * base.mean[j]).sum::<f64>())
            .collect();
        let half: Mat<f64> = sdflow::matrix::product(weights.as_ref(), base.cov.as_ref());
        Ok(Moments { mean, cov: sdflow::matrix::product(half.as_ref(), weights.transpose()) })
    }
}

const fn entry(
    name: &'static str,
    kind: Kind,
    signature: &'static str,
    returns: &'static str,
    call: crate::call::Native,
) -> Entry {
    Entry { name, kind, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "The affine generator `g(u) = W u + b` with random `W` and `b = 0`. Of Gaussian base points its law is Gaussian.",
        options: AffineOptions::KEYS,
        example: "let g = affine(#{dim: 8});\nlet thin = affine(#{dim: 8, dim_in: 2});",
        ..entry("affine", Kind::Model, "affine([options])", "a generator", |call| {
            let options: AffineOptions = call.options()?;
            let made = Affine::new(&options, call.context.stream("affine")).and_then(|g| Model::new(Kept::Affine(g)));
            Ok(Dynamic::from(made.map_err(|e| call.place(e))?))
        })
    },
    Entry {
        about: "A net as generator: `layers` hidden layers of `hidden` units between base points and points, with the random \
                parameters of torch's `nn.Linear`. It computes in f32.",
        options: MlpOptions::KEYS,
        example: "let g = mlp(#{dim: 2, hidden: 32});\nlet p = dataset(\"moons\").sample(500);\n\
                  let r = fit(g, sd_flow(p), gaussian(#{dim: 2}), #{steps: 5});",
        ..entry("mlp", Kind::Model, "mlp([options])", "a generator", |call| {
            let options: MlpOptions = call.options()?;
            let made = MlpGenerator::new(&options, call.context.stream("mlp"));
            let made = made.and_then(|g| Model::new(Kept::Mlp(Box::new(g))));
            Ok(Dynamic::from(made.map_err(|e| call.place(e))?))
        })
    },
    Entry {
        about: "`n` fresh points of the base through the generator. The base is that of its last training, or standard normal.",
        example: "let y = affine(#{dim: 3}).sample(100);",
        ..entry("sample", Kind::Model, "generator.sample(n)", "points", sample)
    },
    Entry {
        about: "Points through the generator, row by row.",
        example: "let u = normal(100, 3);\nlet y = affine(#{dim: 2, dim_in: 3}).apply(u);\nprint(y.dim);",
        ..entry("apply", Kind::Model, "generator.apply(points)", "points", apply)
    },
    Entry {
        about: "The number of coordinates of its points.",
        example: "print(affine(#{dim: 3}).dim);",
        ..entry("dim", Kind::Model, "generator.dim", "a whole number", |call| Ok((own(call)?.dim() as i64).into()))
    },
    Entry {
        about: "The exact mean of an affine generator's law for its base.",
        example: "print(affine(#{dim: 3}).mean()[0]);",
        ..entry("mean", Kind::Model, "generator.mean()", "an array of `dim` numbers", |call| {
            Ok(numbers(&own(call)?.moments().map_err(|e| call.place(e))?.mean))
        })
    },
    Entry {
        about: "The exact covariance of an affine generator's law for its base: `W S W^T`.",
        example: "let p = ar1(0.5, #{dim: 3});\nprint(relative_error(affine(#{dim: 3}).cov(), p.cov()));",
        ..entry("cov", Kind::Model, "generator.cov()", "a matrix, `dim` x `dim`", |call| {
            Ok(Matrix::value(own(call)?.moments().map_err(|e| call.place(e))?.cov))
        })
    },
];

fn own(call: &Call) -> std::result::Result<Model, Fail> {
    call.receiver()
}

fn sample(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (model, n) = (own(call)?, call.context.points(call.count(1, 1)?));
    let mut state = model.state();
    let widest = state.generator.get().dim().max(state.generator.get().input_dim());
    size(call, 1, n, widest)?;
    let mut points = Points::default();
    let stream = call.context.stream("generator");
    let made = state.base.sample(n, stream).and_then(|u| state.generator.get_mut().forward(&u, &mut points));
    made.map_err(|e| call.place(e))?;
    Ok(Cloud::value(points))
}

fn apply(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (model, u) = (own(call)?, call.points(1)?);
    let mut points = Points::default();
    model.state().generator.get_mut().forward(&u, &mut points).map_err(|e| call.place(e))?;
    Ok(Cloud::value(points))
}

/// How a generator prints.
pub fn register(engine: &mut Engine) {
    let text = |model: &mut Model| {
        let state = model.state();
        let kind = if matches!(state.generator, Kept::Affine(_)) { "affine generator" } else { "net" };
        let generator = state.generator.get();
        format!("{kind} from {} to {} dimensions", generator.input_dim(), generator.dim())
    };
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
