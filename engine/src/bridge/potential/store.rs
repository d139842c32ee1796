//! Bridges in `.safetensors` files.

use super::{PotentialBridge, Shapes, TwoPotentialBridge};
use crate::bridge::ReferenceProcess;
use crate::generator::DESCRIPTION;
use crate::io::{Tensor, Tensors};
use crate::matrix::{Spectrum, symmetric_part};
use crate::{Error, Points, Result};
use faer::Mat;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// The description of a bridge in its file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    Bridge { epsilon: f64 },
}

/// The prefix of the names of the tensors of the backward process.
const BACKWARD: &str = "backward.";

impl PotentialBridge {
    /// Writes the tensors `log_weight` (K), `centre` (K x dim) and `shape` (K x dim for diagonal
    /// shapes, K x dim x dim for full ones) as f32.
    ///
    /// # Errors
    /// Those of [`Tensors::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut tensors = Tensors::default();
        self.add_to(&mut tensors, "");
        tensors.save(path)
    }

    /// Returns the bridge in a file, or None if the file holds another model.
    ///
    /// # Errors
    /// Those of [`Tensors::load`]; a tensor is missing or has another shape; a shape is not
    /// positive definite.
    pub fn load(path: &Path) -> Result<Option<PotentialBridge>> {
        PotentialBridge::of_tensors(&Tensors::load(path)?, "", path)
    }

    /// Adds the tensors, with `prefix` before their names.
    fn add_to(&self, tensors: &mut Tensors, prefix: &str) {
        let (k, dim) = (self.components(), self.centres.dim());
        let single = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v as f32).collect();
        // Only ratios of weights matter. The weights are divided by the largest one, so that none
        // overflows in f32.
        let largest = self.log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut add = |name: &str, shape: Vec<usize>, values: &mut dyn Iterator<Item = f64>| {
            tensors.tensors.insert(format!("{prefix}{name}"), Tensor { shape, values: single(values) });
        };
        add("log_weight", vec![k], &mut self.log_weights.iter().map(|w| w - largest));
        add("centre", vec![k, dim], &mut self.centres.data().iter().copied());
        match &self.shapes {
            Shapes::Diagonal(all) => add("shape", vec![k, dim], &mut all.data().iter().copied()),
            Shapes::Full(all) => {
                let entries = |s: &Spectrum| {
                    let m = s.map(|v| v);
                    (0..dim * dim).map(move |at| m[(at / dim, at % dim)])
                };
                add("shape", vec![k, dim, dim], &mut all.iter().flat_map(entries));
            }
        }
        let kind = Kind::Bridge { epsilon: self.reference.epsilon() };
        tensors.metadata.insert(DESCRIPTION.into(), serde_json::json!(kind).to_string());
    }

    /// Returns the bridge whose tensors have this prefix, or None if the tensors are those of
    /// another model.
    fn of_tensors(tensors: &Tensors, prefix: &str, path: &Path) -> Result<Option<PotentialBridge>> {
        let text = tensors.metadata.get(DESCRIPTION);
        let Some(Kind::Bridge { epsilon }) = text.and_then(|text| serde_json::from_str(text).ok()) else {
            return Ok(None);
        };
        let wrong = |name: &str, seen: String, want: &str| Error::File {
            path: path.into(),
            place: format!("tensor `{prefix}{name}`"),
            seen,
            want: want.into(),
        };
        let find = |name: &str| {
            let tensor = tensors.tensors.get(&format!("{prefix}{name}"));
            tensor.ok_or_else(|| wrong(name, "it is missing".into(), "a bridge has it"))
        };
        let (weight, centre, shape) = (find("log_weight")?, find("centre")?, find("shape")?);
        let doubles = |tensor: &Tensor| tensor.values.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let shape_of = |tensor: &Tensor| format!("its shape is {:?}", tensor.shape);
        let &[k] = weight.shape.as_slice() else {
            return Err(wrong("log_weight", shape_of(weight), "one weight per component is expected"));
        };
        let &[rows, dim] = centre.shape.as_slice() else {
            return Err(wrong("centre", shape_of(centre), "components x dimensions are expected"));
        };
        if rows != k || k == 0 || dim == 0 {
            return Err(wrong("centre", shape_of(centre), "one row per weight, of at least one value, is expected"));
        }
        let shapes = match *shape.shape {
            [a, b] if (a, b) == (k, dim) => {
                let values = doubles(shape);
                if let Some(s) = values.iter().find(|s| **s <= 0.0) {
                    return Err(wrong("shape", format!("it holds {s}"), "all values must be positive"));
                }
                Shapes::Diagonal(Points::new(values, dim, "the shapes of the components")?)
            }
            [a, b, c] if (a, b, c) == (k, dim, dim) => {
                let values = doubles(shape);
                let of = |m: &[f64]| {
                    let m = symmetric_part(&Mat::from_fn(dim, dim, |i, j| m[i * dim + j]));
                    Spectrum::positive(&m, "its shape").map_err(|e| wrong("shape", e.to_string(), "it must be valid"))
                };
                Shapes::Full(values.chunks_exact(dim * dim).map(of).collect::<Result<_>>()?)
            }
            _ => {
                let want = format!("{k} x {dim} or {k} x {dim} x {dim} values are expected");
                return Err(wrong("shape", shape_of(shape), &want));
            }
        };
        let reference = ReferenceProcess::brownian(epsilon).map_err(|e| Error::File {
            path: path.into(),
            place: format!("header, `{DESCRIPTION}`"),
            seen: e.to_string(),
            want: "a valid noise is expected".into(),
        })?;
        let centres = Points::new(doubles(centre), dim, "the centres of the components")?;
        let name = "a bridge from a file".into();
        Ok(Some(PotentialBridge::with(name, reference, doubles(weight), centres, shapes)))
    }
}

impl TwoPotentialBridge {
    /// Writes the tensors of [`PotentialBridge::save`], and those of the backward process with the
    /// prefix `backward.`.
    ///
    /// # Errors
    /// Those of [`Tensors::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let (mut tensors, [forward, backward]) = (Tensors::default(), &self.processes);
        forward.add_to(&mut tensors, "");
        backward.add_to(&mut tensors, BACKWARD);
        tensors.save(path)
    }

    /// Returns the bridge in a file, or None if the file holds another model or a bridge with one
    /// potential.
    ///
    /// # Errors
    /// Those of [`PotentialBridge::load`]; the two processes have different dimensions.
    pub fn load(path: &Path) -> Result<Option<TwoPotentialBridge>> {
        let tensors = Tensors::load(path)?;
        if !tensors.tensors.keys().any(|name| name.starts_with(BACKWARD)) {
            return Ok(None);
        }
        let Some(forward) = PotentialBridge::of_tensors(&tensors, "", path)? else { return Ok(None) };
        let Some(backward) = PotentialBridge::of_tensors(&tensors, BACKWARD, path)? else { return Ok(None) };
        if forward.centres.dim() != backward.centres.dim() {
            return Err(Error::File {
                path: path.into(),
                place: format!("tensor `{BACKWARD}centre`"),
                seen: format!("it has {} dimensions", backward.centres.dim()),
                want: format!("{} are expected, as `centre` has", forward.centres.dim()).into(),
            });
        }
        TwoPotentialBridge::new(Arc::new(forward), Arc::new(backward)).map(Some)
    }
}
