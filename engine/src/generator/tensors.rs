//! Parameters as named tensors, with a description of the model under the key `sdflow` of the
//! header.

use crate::io::{Tensor, Tensors};
use crate::net::{Activation, Mlp};
use serde::{Deserialize, Serialize};

/// The key in the metadata of the header.
pub(crate) const KEY: &str = "sdflow";

/// The description of a model in its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Kind {
    Affine {
        /// The bias in f64: the tensors are f32, and far from the origin f32 is coarser than the
        /// points. Empty in files of earlier versions.
        #[serde(default)]
        bias: Vec<f64>,
    },
    Mlp {
        activation: Activation,
        residual: bool,
        /// The first layer that may add its input; 0 in files of earlier versions.
        #[serde(default)]
        skips_from: usize,
        /// The bias of the last layer in f64, as for an affine map.
        #[serde(default)]
        bias: Vec<f64>,
    },
    Denoiser {
        activation: Activation,
        centre: Vec<f64>,
        scale: f64,
        sigma_min: f64,
        sigma_max: f64,
        diameter: f64,
        detail: f64,
    },
}

/// Returns the tensors of an affine map.
pub(super) fn linear(dim: usize, dim_in: usize, parameters: &[f64]) -> Tensors {
    let single = |values: &[f64]| values.iter().map(|v| *v as f32).collect();
    let (weights, bias) = parameters.split_at(dim * dim_in);
    let mut tensors = Tensors::default();
    tensors.tensors.insert("0.weight".into(), Tensor { shape: vec![dim, dim_in], values: single(weights) });
    tensors.tensors.insert("0.bias".into(), Tensor { shape: vec![dim], values: single(bias) });
    tag(tensors, &Kind::Affine { bias: bias.to_vec() })
}

/// Returns the tensors of a net as a generator, with the bias of its last layer in f64.
pub(super) fn net(net: &Mlp<f32>, bias: &[f64]) -> Tensors {
    let (activation, residual, skips_from) = (net.activation(), net.residual(), net.skips_from());
    tag(net.tensors(), &Kind::Mlp { activation, residual, skips_from, bias: bias.to_vec() })
}

/// Gives a bias read as f32 the value that it has in the header. A value that another program
/// changed since is kept.
#[cfg(feature = "files")]
pub(super) fn refine(bias: &mut [f64], header: &[f64]) {
    for (b, exact) in bias.iter_mut().zip(header) {
        if *exact as f32 == *b as f32 {
            *b = *exact;
        }
    }
}

/// Adds the description of the model to the header.
pub(super) fn tag(mut tensors: Tensors, kind: &Kind) -> Tensors {
    tensors.metadata.insert(KEY.into(), serde_json::json!(kind).to_string());
    tensors
}
