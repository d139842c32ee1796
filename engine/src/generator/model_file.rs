//! Models in `.safetensors` files. The parameters have PyTorch's names, and the key `sdflow`
//! describes the model.

use super::tensors::{KEY, Kind, refine, tag};
use super::{Affine, Generator as _, MlpGenerator};
use crate::io::Tensors;
use crate::net::{Activation, Mlp};
use crate::points::AffineMap;
use crate::score::{Denoiser, Extent, Preconditioned};
use crate::{Error, Result};
use std::path::Path;

/// The key in the metadata of the header for the name of the base, if the generator was trained
/// with a base that is not standard normal.
const BASE: &str = "sdflow_base";

/// Adds the name of the base to the tensors of a generator.
pub fn add_base_name(tensors: &mut Tensors, name: String) {
    tensors.metadata.insert(BASE.into(), name);
}

/// A model from a file.
#[derive(Debug, Clone)]
pub enum Model {
    /// An affine generator.
    Affine(Affine),
    /// A net as a generator.
    Mlp(Box<MlpGenerator>),
    /// A trained denoiser.
    Denoiser(Box<Denoiser>),
}

crate::options! {
    /// Options of `load_model`, for nets that were saved by another program.
    pub struct ModelOptions {
        /// For a file of PyTorch: the activation between the linear layers: "silu", "tanh" or
        /// "softplus".
        activation: Option<Activation> = None,
        /// For a file of PyTorch: whether hidden layers add their input to their output; left out:
        /// they do not.
        residual: Option<bool> = None,
    }
}

/// Writes a trained denoiser.
///
/// # Errors
/// The denoiser estimates the moving cloud and belongs to one run; or the errors of
/// [`Tensors::save`].
pub fn save_denoiser(denoiser: &Denoiser, path: &Path) -> Result<()> {
    use crate::score::Score as _;
    let (Some(net), Some((sigma_min, sigma_max)), Some(extent)) =
        (denoiser.net(), denoiser.properties().sigma_range.learned, denoiser.extent())
    else {
        return Err(Error::Missing {
            what: denoiser.name(),
            part: "parameters outside a run".into(),
            hint: "save a denoiser that was trained on a target".into(),
        });
    };
    let (centre, scale, activation) = (net.centre().to_vec(), net.scale(), net.mlp().activation());
    let Extent { diameter, detail, .. } = extent;
    let kind = Kind::Denoiser { activation, centre, scale, sigma_min, sigma_max, diameter, detail };
    tag(net.mlp().tensors(), &kind).save(path)
}

/// Removes the prefix, such as `module.` or `_orig_mod.`, that wrappers of PyTorch add to all
/// names. The prefix is the text before the number of the first layer, if this text is the same for
/// all names.
fn strip_prefix(tensors: &mut Tensors) {
    let Some(first) = tensors.tensors.keys().next() else { return };
    let is_number = |part: &&str| part.parse::<usize>().is_ok();
    let length: usize = first.split('.').take_while(|part| !is_number(part)).map(|part| part.len() + 1).sum();
    let Some(prefix) = first.get(..length).map(str::to_string).filter(|prefix| !prefix.is_empty()) else { return };
    if tensors.tensors.keys().all(|name| name.starts_with(&prefix)) {
        let renamed = std::mem::take(&mut tensors.tensors).into_iter();
        tensors.tensors = renamed.map(|(name, tensor)| (name[prefix.len()..].to_string(), tensor)).collect();
    }
}

/// Returns the model in a file. A file may lack the key `sdflow`, such as the file of PyTorch's
/// `save_file(net.state_dict(), ..)` for an `nn.Sequential`. It is then read as a net whose
/// activation the options name. A prefix that all tensors share, such as `module.`, is removed.
/// The second value is the name of the base of a generator, if its file names one. It is then not
/// standard normal, and must be given by the caller.
///
/// # Errors
/// Those of [`Tensors::load`] and [`Mlp::from_tensors`]; the description cannot be read; the
/// activation is missing.
pub fn load(path: &Path, options: &ModelOptions) -> Result<(Model, Option<String>)> {
    let mut tensors = Tensors::load(path)?;
    let base = tensors.metadata.remove(BASE);
    Ok((of_tensors(tensors, path, options)?, base))
}

/// Returns the model whose tensors these are.
fn of_tensors(mut tensors: Tensors, path: &Path, options: &ModelOptions) -> Result<Model> {
    let wrong = |seen: String, want: &str| Error::File {
        path: path.into(),
        place: format!("header, `{KEY}`"),
        seen,
        want: want.into(),
    };
    strip_prefix(&mut tensors);
    let kind = match tensors.metadata.remove(KEY) {
        Some(text) => {
            let given = [("activation", options.activation.is_some()), ("residual", options.residual.is_some())];
            if let Some((name, _)) = given.iter().find(|(_, given)| *given) {
                return Err(Error::argument(name, "given", "the file describes the net: leave it out"));
            }
            let read = serde_json::from_str(&text);
            read.map_err(|e| {
                wrong(format!("it cannot be read ({e})"), "a description that this version writes is expected")
            })?
        }
        None => {
            let Some(activation) = options.activation else {
                let want = "the file does not name it; give \"silu\", \"tanh\" or \"softplus\"";
                return Err(Error::argument("activation", "left out", want));
            };
            let residual = options.residual.unwrap_or(false);
            Kind::Mlp { activation, residual, skips_from: 0, bias: Vec::new() }
        }
    };
    match kind {
        Kind::Affine { bias } => {
            let net: Mlp<f64> = Mlp::from_tensors(&tensors, Activation::Silu, false, path)?;
            if net.layers() != 1 {
                return Err(wrong(format!("it has {} linear layers", net.layers()), "an affine generator has one"));
            }
            let mut parameters = net.parameters().to_vec();
            refine(&mut parameters[net.dim() * net.input_dim()..], &bias);
            Ok(Model::Affine(Affine::of(parameters, net.dim(), net.input_dim())))
        }
        Kind::Mlp { activation, residual, skips_from, bias } => {
            let net = Mlp::from_tensors(&tensors, activation, residual, path)?.skipping_from(skips_from);
            let mut generator = MlpGenerator::of(net);
            refine(generator.last_bias_mut(), &bias);
            Ok(Model::Mlp(Box::new(generator)))
        }
        Kind::Denoiser { activation, centre, scale, sigma_min, sigma_max, diameter, detail } => {
            if !(sigma_min > 0.0 && sigma_max > sigma_min && sigma_max.is_finite()) {
                let seen = format!("sigma_min is {sigma_min} and sigma_max {sigma_max}");
                return Err(wrong(seen, "positive numbers, the smaller one first, are expected"));
            }
            if !(diameter >= 0.0 && detail >= 0.0 && diameter.is_finite() && detail.is_finite()) {
                let seen = format!("diameter is {diameter} and detail {detail}");
                return Err(wrong(seen, "finite numbers of 0 or more are expected"));
            }
            let net = Mlp::from_tensors(&tensors, activation, true, path)?;
            let extent = Extent::new(&AffineMap::uniform(scale, centre.clone()), diameter, detail);
            let net =
                Preconditioned::from_net(net, centre, scale).map_err(|e| wrong(e.to_string(), "both must fit"))?;
            Ok(Model::Denoiser(Box::new(Denoiser::from_net(net, (sigma_min, sigma_max), extent))))
        }
    }
}

impl Model {
    /// Describes the input and output dimensions of the model.
    pub fn shape(&self) -> String {
        let (from, to) = match self {
            Model::Affine(g) => (g.input_dim(), g.dim()),
            Model::Mlp(g) => (g.input_dim(), g.dim()),
            Model::Denoiser(d) => d.net().map_or((0, 0), |net| (net.dim(), net.dim())),
        };
        format!("from {from} to {to} dimensions")
    }
}

#[cfg(test)]
mod tests;
