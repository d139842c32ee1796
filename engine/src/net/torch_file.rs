//! Nets in files, with PyTorch's names of the layers of an `nn.Sequential`.

use super::{Activation, MOST_LAYERS, Mlp};
use crate::io::{Tensor, Tensors};
use crate::simd::Real;
use crate::{Error, Result};
use std::path::Path;

impl<T: Real> Mlp<T> {
    /// Returns the parameters as `0.weight`, `0.bias`, `2.weight`, .. : the linear layers of
    /// PyTorch's `nn.Sequential(Linear, activation, Linear, ..)`. Each weight is out x in.
    pub fn tensors(&self) -> Tensors {
        let single = |values: &[T]| values.iter().map(|v| v.to_f64() as f32).collect();
        let mut tensors = Tensors::default();
        for layer in 0..self.layers() {
            let (width, out) = (self.widths()[layer], self.widths()[layer + 1]);
            let weight =
                Tensor { shape: vec![out, width], values: single(&self.parameters()[self.weight_range(layer)]) };
            let bias = Tensor { shape: vec![out], values: single(self.bias(layer)) };
            tensors.tensors.insert(format!("{}.weight", 2 * layer), weight);
            tensors.tensors.insert(format!("{}.bias", 2 * layer), bias);
        }
        tensors
    }

    /// Returns the net with these parameters. Errors name `path`. Tensors with other names are
    /// refused, so that no part of a net with other layers is dropped silently.
    ///
    /// # Errors
    /// [`Error::File`] names a tensor that is missing, is not part of such a net, or has a shape
    /// that does not match the others.
    pub fn from_tensors(tensors: &Tensors, activation: Activation, residual: bool, path: &Path) -> Result<Mlp<T>> {
        let wrong = |name: &str, seen: String, want: String| Error::File {
            path: path.into(),
            place: format!("tensor `{name}`"),
            seen,
            want: want.into(),
        };
        let mut widths: Vec<usize> = Vec::new();
        let layers = (0..).take_while(|layer| tensors.tensors.contains_key(&format!("{}.weight", 2 * layer))).count();
        // The limit counts the hidden layers and the last layer.
        if layers > MOST_LAYERS + 1 {
            let name = format!("{}.weight", 2 * (MOST_LAYERS + 1));
            let want = format!("a net has at most {}", MOST_LAYERS + 1);
            return Err(wrong(&name, format!("it is linear layer {}", MOST_LAYERS + 2), want));
        }
        for layer in 0..layers {
            let name = format!("{}.weight", 2 * layer);
            let shape = &tensors.tensors[&name].shape;
            let before = widths.last().copied();
            match shape.as_slice() {
                [_, 0] | [0, _] => {
                    let want = "a layer has at least one input and one output".into();
                    return Err(wrong(&name, format!("its shape is {shape:?}"), want));
                }
                [out, width] if before.is_none_or(|before| before == *width) => {
                    if layer == 0 {
                        widths.push(*width);
                    }
                    widths.push(*out);
                }
                _ => {
                    let columns = before.map_or("any number of".into(), |before| before.to_string());
                    return Err(wrong(
                        &name,
                        format!("its shape is {shape:?}"),
                        format!("{columns} columns are expected"),
                    ));
                }
            }
        }
        if let Some(name) = tensors.tensors.keys().find(|name| place(name).is_none_or(|layer| layer >= layers)) {
            let want = "a net of linear layers has `0.weight`, `0.bias`, `2.weight`, `2.bias` and so on";
            return Err(wrong(name, "it has no place in the net".into(), want.into()));
        }
        if layers == 0 {
            let want = "a net has at least the tensor `0.weight`";
            return Err(Error::File {
                path: path.into(),
                place: String::new(),
                seen: "it holds no net".into(),
                want: want.into(),
            });
        }
        let mut net = Mlp::zeros(&widths, activation, residual).map_err(|e| Error::File {
            path: path.into(),
            place: String::new(),
            seen: e.to_string(),
            want: "a net must fit into memory".into(),
        })?;
        for layer in 0..layers {
            let (weight, bias) = (net.weight_range(layer), net.bias_range(layer));
            for (part, range) in [("weight", weight), ("bias", bias)] {
                let name = format!("{}.{part}", 2 * layer);
                let want = format!("{} values are expected", range.len());
                let Some(tensor) = tensors.tensors.get(&name) else {
                    return Err(wrong(&name, "it is missing".into(), want));
                };
                if tensor.values.len() != range.len() {
                    return Err(wrong(&name, format!("its shape is {:?}", tensor.shape), want));
                }
                let to = net.parameters_mut()[range].iter_mut();
                to.zip(&tensor.values).for_each(|(to, value)| *to = T::from_f64(f64::from(*value)));
            }
        }
        Ok(net)
    }
}

/// Returns the index of the linear layer to which a tensor of this name belongs, such as 1 for
/// `2.weight`.
fn place(name: &str) -> Option<usize> {
    let (number, part) = name.split_once('.')?;
    let place: usize = number.parse().ok()?;
    let known = matches!(part, "weight" | "bias") && place.is_multiple_of(2) && number == place.to_string();
    known.then_some(place / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    fn net() -> Mlp<f32> {
        Mlp::new(&[3, 8, 8, 2], Activation::Tanh, true, Stream::new(1)).unwrap()
    }

    #[test]
    fn a_net_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.safetensors");
        let mut tensors = net().tensors();
        tensors.metadata.insert("made".into(), "here".into());
        tensors.save(&path).unwrap();
        let read = Tensors::load(&path).unwrap();
        assert_eq!(read, tensors);
        assert_eq!(read.tensors["2.weight"].shape, [8, 8]);
        let back = Mlp::<f32>::from_tensors(&read, Activation::Tanh, true, &path).unwrap();
        assert_eq!(back, net());
    }

    #[test]
    fn tensors_that_are_no_net_are_refused_by_name() {
        let message = |change: &dyn Fn(&mut Tensors)| {
            let mut tensors = net().tensors();
            change(&mut tensors);
            Mlp::<f32>::from_tensors(&tensors, Activation::Silu, false, Path::new("a.safetensors"))
                .unwrap_err()
                .to_string()
        };
        let other = Tensor { shape: vec![8, 7], values: vec![0.0; 56] };
        assert!(message(&|t| drop(t.tensors.remove("2.bias"))).contains("tensor `2.bias`: it is missing"));
        let said = message(&|t| drop(t.tensors.insert("2.weight".into(), other.clone())));
        assert!(said.contains("a.safetensors, tensor `2.weight`: its shape is [8, 7], but 8 columns"), "{said}");
        assert!(message(&|t| drop(t.tensors.insert("7.running_mean".into(), other.clone()))).contains("no place"));
        assert!(message(&|t| t.tensors.clear()).contains("holds no net"));
        for name in ["2.weights", "02.weight", "+2.weight", "1.weight", "6.bias", "2"] {
            let said = message(&|t| drop(t.tensors.insert(name.into(), other.clone())));
            assert!(said.contains(&format!("tensor `{name}`: it has no place")), "{said}");
        }
        let empty = Tensor { shape: vec![0, 0], values: Vec::new() };
        let said = message(&|t| drop(t.tensors.insert("0.weight".into(), empty.clone())));
        assert!(said.contains("tensor `0.weight`: its shape is [0, 0]"), "{said}");
        let one = Tensor { shape: vec![1, 1], values: vec![1.0] };
        let said = message(&|t| {
            *t = Tensors::default();
            (0..20_000).for_each(|layer| drop(t.tensors.insert(format!("{}.weight", 2 * layer), one.clone())));
        });
        assert!(said.contains("tensor `2002.weight`: it is linear layer 1002, but a net has at most 1001"), "{said}");
        let short = Tensor { shape: vec![1], values: vec![0.0] };
        assert!(message(&|t| drop(t.tensors.insert("0.bias".into(), short.clone()))).contains("8 values"));
    }
}
