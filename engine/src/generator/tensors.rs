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
    Affine,
    Mlp {
        activation: Activation,
        residual: bool,
        /// The first layer that may add its input; 0 in files of earlier versions.
        #[serde(default)]
        skips_from: usize,
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
    tag(tensors, &Kind::Affine)
}

/// Returns the tensors of a net as a generator.
pub(super) fn net(net: &Mlp<f32>) -> Tensors {
    tag(
        net.tensors(),
        &Kind::Mlp { activation: net.activation(), residual: net.residual(), skips_from: net.skips_from() },
    )
}

/// Adds the description of the model to the header.
pub(super) fn tag(mut tensors: Tensors, kind: &Kind) -> Tensors {
    tensors.metadata.insert(KEY.into(), serde_json::json!(kind).to_string());
    tensors
}
