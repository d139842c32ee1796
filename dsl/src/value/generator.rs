//! Generators, trained in place.

use super::target::{is_standard_normal, standard_normal};
use rhai::Engine;
use sdflow::generator::{self, Affine, Generator, MlpGenerator};
use sdflow::io::Tensors;
use sdflow::number::counted;
use sdflow::rng::Stream;
use sdflow::target::{Moments, Target};
use sdflow::{Error, Mat, Points, Result, Subject};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A generator with the base it was trained on. Clones share one generator.
#[derive(Debug, Clone)]
pub struct Model(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    generator: Kept,
    base: Base,
}

/// The distribution of the inputs.
#[derive(Debug, Clone)]
enum Base {
    /// The standard normal distribution of a generator that was neither trained nor given a base.
    Untrained(Arc<dyn Target>),
    Known(Arc<dyn Target>),
    /// The generator comes from a file, which contains only the name of its base.
    Named(String),
}

impl Base {
    /// Returns the name of the base that a file contains; None if the base is standard normal.
    fn name_in_file(&self) -> Option<String> {
        match self {
            Base::Untrained(base) | Base::Known(base) => (!is_standard_normal(base.as_ref())).then(|| base.name()),
            Base::Named(name) => Some(name.clone()),
        }
    }

    /// # Errors
    /// Only the name of the base is known.
    fn get(&self) -> Result<&Arc<dyn Target>> {
        match self {
            Base::Untrained(base) | Base::Known(base) => Ok(base),
            Base::Named(name) => Err(Error::Missing {
                what: "this generator".into(),
                part: "base".into(),
                hint: format!("its file names `{name}` only: give the base by g.with_base(..), a target or points"),
            }),
        }
    }
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
    /// An untrained affine generator.
    pub fn affine(generator: Affine) -> Result<Model> {
        Model::new(Kept::Affine(generator))
    }

    /// An untrained net.
    pub fn mlp(generator: MlpGenerator) -> Result<Model> {
        Model::new(Kept::Mlp(Box::new(generator)))
    }

    fn new(generator: Kept) -> Result<Model> {
        let base = Base::Untrained(standard_normal(generator.get().input_dim())?);
        Ok(Model(Arc::new(Mutex::new(State { generator, base }))))
    }

    /// Returns a separate generator with the same parameters and the same base.
    pub fn deep_clone(&self) -> Model {
        let state = self.state();
        Model(Arc::new(Mutex::new(State { generator: state.generator.clone(), base: state.base.clone() })))
    }

    /// Returns a separate generator with the same parameters and this base.
    ///
    /// # Errors
    /// The base has another dimension than the inputs.
    pub fn with_base(&self, base: Arc<dyn Target>) -> Result<Model> {
        let generator = self.state().generator.clone();
        let (seen, inputs) = (base.dim(), generator.get().input_dim());
        if seen != inputs {
            let want = format!("the generator takes inputs of {}", counted(inputs, "dimension"));
            return Err(Error::shape(Subject::argument("base"), counted(seen, "dimension"), want));
        }
        Ok(Model(Arc::new(Mutex::new(State { generator, base: Base::Known(base) }))))
    }

    /// Returns a generator from a file, whose base is standard normal unless the file names another
    /// one.
    ///
    /// # Errors
    /// The model is not a generator.
    pub fn from_model(model: generator::Model, base: Option<String>) -> Result<Model> {
        let made = match model {
            generator::Model::Affine(g) => Model::new(Kept::Affine(g))?,
            generator::Model::Mlp(g) => Model::new(Kept::Mlp(g))?,
            other => {
                return Err(Error::argument(
                    "file",
                    "a denoiser",
                    format!("a generator is expected ({})", other.shape()),
                ));
            }
        };
        let base = match base {
            Some(name) => Base::Named(name),
            None => Base::Known(made.state().base.get()?.clone()),
        };
        made.state().base = base;
        Ok(made)
    }

    /// Its parameters in the layout of the file format, with the name of a base that is not
    /// standard normal.
    pub fn tensors(&self) -> Tensors {
        let state = self.state();
        let mut tensors = match &state.generator {
            Kept::Affine(g) => g.tensors(),
            Kept::Mlp(g) => g.tensors(),
        };
        if let Some(name) = state.base.name_in_file() {
            generator::add_base_name(&mut tensors, name);
        }
        tensors
    }

    /// Returns a separate generator, as it comes back from its own file.
    pub fn as_loaded(&self) -> Model {
        let State { generator, base } = &*self.state();
        let loaded = match (base.name_in_file(), base) {
            (Some(name), _) => Base::Named(name),
            (None, Base::Untrained(base)) => Base::Known(base.clone()),
            (None, base) => base.clone(),
        };
        Model(Arc::new(Mutex::new(State { generator: generator.clone(), base: loaded })))
    }

    /// The base that the generator was given or trained on; None if it has neither.
    ///
    /// # Errors
    /// Only the name of the base is known.
    pub fn own_base(&self) -> Result<Option<Arc<dyn Target>>> {
        let state = self.state();
        let is_untrained = matches!(state.base, Base::Untrained(_));
        state.base.get().map(|base| (!is_untrained).then(|| base.clone()))
    }

    /// Reads the generator.
    pub fn read<T>(&self, read: impl FnOnce(&dyn Generator) -> T) -> T {
        read(self.state().generator.get())
    }

    /// The number of coordinates of its points.
    pub fn dim(&self) -> usize {
        self.state().generator.get().dim()
    }

    /// The larger of the dimensions of its base and of its points.
    pub fn widest(&self) -> usize {
        let state = self.state();
        state.generator.get().dim().max(state.generator.get().input_dim())
    }

    /// Returns `n` points of the generator for new base points.
    pub fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let base = self.state().base.get()?.sample(n, stream)?;
        self.apply(&base)
    }

    /// Applies the generator to every point.
    ///
    /// # Errors
    /// The points have another dimension than the inputs, or the result is not finite.
    pub fn apply(&self, base: &Points) -> Result<Points> {
        let mut points = Points::default();
        self.state().generator.get_mut().forward(base, &mut points)?;
        points.check_finite("the generator's result").map(|()| points)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Trains a copy of the generator with `train`. If that succeeds, the copy replaces the
    /// generator, and `base` becomes its base.
    pub fn train_with<T>(
        &self,
        base: &Arc<dyn Target>,
        train: impl FnOnce(&mut dyn Generator) -> Result<T>,
    ) -> Result<T> {
        let mut generator = self.state().generator.clone();
        let made = train(generator.get_mut())?;
        *self.state() = State { generator, base: Base::Known(base.clone()) };
        Ok(made)
    }

    /// Returns the mean `W m + b` and the covariance `W S W^T` of an affine generator whose base
    /// has mean `m` and covariance `S`.
    ///
    /// # Errors
    /// The generator is a net, which has no closed form.
    pub fn moments(&self) -> Result<Moments> {
        let state = self.state();
        let base = state.base.get()?.expect_moments()?;
        let Kept::Affine(generator) = &state.generator else {
            return Err(Error::Missing {
                what: "a net".into(),
                part: "closed-form moments".into(),
                hint: "use those of a sample: generator.sample(10000)".into(),
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

/// Registers how a generator prints.
pub fn register(engine: &mut Engine) {
    let text = |model: &mut Model| {
        let state = model.state();
        let kind = if matches!(state.generator, Kept::Affine(_)) { "affine generator" } else { "net" };
        let generator = state.generator.get();
        format!("{kind} from {} to {}", generator.input_dim(), counted(generator.dim(), "dimension"))
    };
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
