//! Nets in files: as named tensors, and as models.

use super::file::{File, check_message};
use sdflow::bridge::{Bridge, PotentialBridge, TwoPotentialBridge};
use sdflow::generator::{Generator, Model, ModelOptions, load, save_denoiser};
use sdflow::io::Tensors;
use sdflow::net::Activation;
use sdflow::pairwise::Pairwise;
use sdflow::rng::Stream;
use sdflow::score::{At, Denoiser, Form, Score};
use sdflow::{Points, Result};
use std::path::Path;

/// Named tensors: tensors that load can be written, and reading them back gives the same values.
pub fn safetensors(bytes: &[u8]) {
    let file = File::new("x.safetensors", bytes);
    if let Ok(tensors) = Tensors::load(&file.path).inspect_err(check_message) {
        let again = file.beside("again.safetensors");
        // Values that are not finite cannot be written, so this asserts that none of them loads.
        tensors.save(&again).unwrap();
        assert!(Tensors::load(&again).unwrap() == tensors);
    }
}

/// A model of this program or of another program: a model that loads can be evaluated and written,
/// and reading it back gives the same model.
pub fn checkpoint(bytes: &[u8]) {
    bridge(bytes);
    let of_other = ModelOptions { activation: Some(Activation::Tanh), residual: Some(true) };
    for options in [ModelOptions::default(), of_other] {
        let file = File::new("x.safetensors", bytes);
        let Ok((mut model, _)) = load(&file.path, &options).inspect_err(check_message) else { continue };
        let again = file.beside("again.safetensors");
        save(&model, &again).unwrap();
        let (mut back, _) = load(&again, &ModelOptions::default()).unwrap();
        assert_eq!(back.shape(), model.shape());
        assert_eq!(answers(&mut back), answers(&mut model));
    }
}

/// A bridge: a bridge that loads has a drift and can be written, and reading it back gives the same
/// bridge.
fn bridge(bytes: &[u8]) {
    let file = File::new("x.safetensors", bytes);
    if let Ok(Some(both)) = TwoPotentialBridge::load(&file.path).inspect_err(check_message) {
        let again = file.beside("again.safetensors");
        both.save(&again).unwrap();
        assert_eq!(TwoPotentialBridge::load(&again).unwrap().unwrap().dim(), both.dim());
    }
    let Ok(Some(bridge)) = PotentialBridge::load(&file.path).inspect_err(check_message) else { return };
    let again = file.beside("again.safetensors");
    bridge.save(&again).unwrap();
    let back = PotentialBridge::load(&again).unwrap().unwrap();
    assert_eq!((back.dim(), back.components()), (bridge.dim(), bridge.components()));
    let (x, mut out) = (Stream::new(1).normal(4, bridge.dim()), Points::default());
    bridge.forward(0.5, &x, &mut out).unwrap();
    assert_eq!((out.n(), out.dim()), (4, bridge.dim()));
}

fn save(model: &Model, path: &Path) -> Result<()> {
    match model {
        Model::Affine(g) => g.tensors().save(path),
        Model::Mlp(g) => g.tensors().save(path),
        Model::Denoiser(d) => save_denoiser(d, path),
    }
}

/// The bits of the values of a model at a few points.
fn answers(model: &mut Model) -> Vec<u64> {
    let out = match model {
        Model::Affine(g) => points_of(g),
        Model::Mlp(g) => points_of(g.as_mut()),
        Model::Denoiser(d) => shifts_of(d),
    };
    out.data().iter().map(|v| v.to_bits()).collect()
}

fn points_of(g: &mut dyn Generator) -> Points {
    let (u, mut out) = (Stream::new(1).normal(4, g.input_dim()), Points::default());
    g.forward(&u, &mut out).unwrap();
    assert_eq!((out.n(), out.dim()), (4, g.dim()));
    out
}

/// The displacements of a denoiser, or None if it returns an error.
fn shifts_of(denoiser: &mut Denoiser) -> Points {
    let (z, pairwise) = (Stream::new(1).normal(4, denoiser.dim().unwrap_or(1)), Pairwise::default());
    let stream = Stream::new(2);
    let at = At { z: &z, sigma: 0.7, cloud: &z, aligned: true, learn: false, stream, pairwise: &pairwise };
    let mut out = Points::default();
    match denoiser.evaluate(&at, Form::Displacement, &mut out) {
        Ok(_) => out,
        Err(error) => {
            check_message(&error);
            Points::default()
        }
    }
}
