//! Learned bridges in `.safetensors` files.

use super::as_bridge::LearnedBridge;
use super::both_frames;
use super::drift::Drift;
use super::frame::{FEATURES, Frame, Spread};
use crate::bridge::{GaussianBridge, ReferenceProcess};
use crate::generator::DESCRIPTION;
use crate::io::{Tensor, Tensors};
use crate::net::{Activation, Mlp};
use crate::points::check_matrix;
use crate::target::Gaussian;
use crate::{Error, Result};
use faer::Mat;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// The prefixes of the tensors of both nets in a file: forward and backward.
const NETS: [&str; 2] = ["forward.", "backward."];

/// The largest number of time steps in a file.
const MOST_STEPS: usize = 100_000;

/// The description of a bridge in its file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    LearnedBridge { epsilon: f64, pull: f64, time_steps: usize, variances: [f64; 2] },
}

impl LearnedBridge {
    /// Writes both nets, as `forward.0.weight` and so on, and the means `mean` (2 x dim) of the
    /// ends, all as f32. With a baseline, it also writes the covariances `covariance` (2 x dim x
    /// dim) of the ends.
    ///
    /// # Errors
    /// Those of [`Tensors::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let frame = &self.drifts[0].frame;
        let (dim, ends) = (frame.dim(), frame.ends());
        let mut tensors = Tensors::default();
        for (prefix, drift) in NETS.iter().zip(&self.drifts) {
            let net = drift.net.tensors().tensors.into_iter();
            tensors.tensors.extend(net.map(|(name, tensor)| (format!("{prefix}{name}"), tensor)));
        }
        let mean = ends.iter().flat_map(|end| &end.mean).map(|v| *v as f32).collect();
        tensors.tensors.insert("mean".into(), Tensor { shape: vec![2, dim], values: mean });
        if let Some(gaussian) = frame.gaussian() {
            let entries =
                |cov: &Mat<f64>| (0..dim * dim).map(|at| cov[(at / dim, at % dim)] as f32).collect::<Vec<_>>();
            let values = gaussian.ends().iter().flat_map(|end| entries(&end.cov)).collect();
            tensors.tensors.insert("covariance".into(), Tensor { shape: vec![2, dim, dim], values });
        }
        let reference = frame.reference();
        let kind = Kind::LearnedBridge {
            epsilon: reference.epsilon(),
            pull: reference.pull(),
            time_steps: frame.steps(),
            variances: [ends[0].variance, ends[1].variance],
        };
        tensors.metadata.insert(DESCRIPTION.into(), serde_json::json!(kind).to_string());
        tensors.save(path)
    }

    /// Returns the bridge in a file, or None if the file holds another model.
    ///
    /// # Errors
    /// Those of [`Tensors::load`]; a tensor is missing or has another shape; the description is out
    /// of range.
    pub fn load(path: &Path) -> Result<Option<LearnedBridge>> {
        let mut tensors = Tensors::load(path)?;
        let text = tensors.metadata.get(DESCRIPTION);
        let Some(kind) = text.and_then(|text| serde_json::from_str::<Kind>(text).ok()) else { return Ok(None) };
        let wrong = |place: &str, seen: String, want: String| Error::File {
            path: path.into(),
            place: place.into(),
            seen,
            want: want.into(),
        };
        let Kind::LearnedBridge { epsilon, pull, time_steps, variances } = kind;
        let header = format!("header, `{DESCRIPTION}`");
        let reference = ReferenceProcess::new(epsilon, pull)
            .map_err(|e| wrong(&header, e.to_string(), "a valid noise is expected".into()))?;
        if !(2..=MOST_STEPS).contains(&time_steps) || !variances.iter().all(|v| *v > 0.0 && v.is_finite()) {
            let want = format!("2 to {MOST_STEPS} time steps and positive variances are expected");
            return Err(wrong(&header, format!("{time_steps} time steps, variances {variances:?}"), want));
        }
        let mean = tensors.tensors.remove("mean").filter(|t| matches!(t.shape.as_slice(), [2, dim] if *dim > 0));
        let Some(mean) = mean else {
            let want = "the means of both ends, 2 x dim, are expected".into();
            return Err(wrong("tensor `mean`", "it is missing or has another shape".into(), want));
        };
        let dim = mean.shape[1];
        let means: Vec<Vec<f64>> =
            mean.values.chunks_exact(dim).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect();
        let gaussian = match tensors.tensors.remove("covariance") {
            None => None,
            Some(tensor) => {
                if tensor.shape != [2, dim, dim] {
                    let want = format!("2 x {dim} x {dim} values are expected");
                    return Err(wrong("tensor `covariance`", format!("its shape is {:?}", tensor.shape), want));
                }
                check_matrix(dim)?;
                let of = |end: usize| {
                    let values = &tensor.values[end * dim * dim..];
                    let cov = Mat::from_fn(dim, dim, |i, j| f64::from(values[i * dim + j]));
                    Gaussian::new(means[end].clone(), cov)
                };
                let made = of(0).and_then(|source| GaussianBridge::new(&source, &of(1)?, reference));
                let want = "two covariances are expected".into();
                Some(made.map_err(|e| wrong("tensor `covariance`", e.to_string(), want))?)
            }
        };
        let spread = |end: usize| Spread { mean: means[end].clone(), variance: variances[end] };
        let frames = both_frames([spread(0), spread(1)], reference, gaussian, time_steps)?;
        let net = |prefix: &str| {
            let mut part = Tensors::default();
            let named = tensors.tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)));
            part.tensors.extend(named.map(|(name, tensor)| (name.to_owned(), tensor.clone())));
            let net = Mlp::from_tensors(&part, Activation::Silu, true, path)?;
            if (net.input_dim(), net.dim()) != (dim + FEATURES, dim) {
                let seen = format!("it has {} inputs and {} outputs", net.input_dim(), net.dim());
                let want = format!("{} and {dim} are expected", dim + FEATURES);
                return Err(wrong(&format!("net `{prefix}`"), seen, want));
            }
            Ok(net)
        };
        let nets = [net(NETS[0])?, net(NETS[1])?];
        let drift = |(frame, net): (Frame, Mlp<f32>)| Arc::new(Drift { frame, net });
        let [first, second] = frames;
        let [forward, backward] = nets;
        let drifts = [drift((first, forward)), drift((second, backward))];
        Ok(Some(LearnedBridge { name: "a learned bridge from a file".into(), drifts }))
    }
}
