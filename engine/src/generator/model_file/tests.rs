//! Generators and denoisers come back from their files.

use super::*;
use crate::generator::{AffineOptions, Generator, MlpOptions};
use crate::process::Unobserved;
use crate::rng::Stream;
use crate::score::{At, DenoiserOptions, Form, Score};
use crate::target::Gaussian;
use crate::{Interrupt, Points, pairwise::Pairwise};

fn values(g: &mut dyn Generator) -> Vec<f64> {
    let (u, mut out) = (Stream::new(2).normal(50, g.input_dim()), Points::default());
    g.forward(&u, &mut out).unwrap();
    out.data().to_vec()
}

#[test]
fn generators_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    for hidden in [16, 5] {
        let options = MlpOptions { dim: 3, dim_in: Some(5), hidden, residual: true, ..MlpOptions::default() };
        let mut g = MlpGenerator::new(&options, Stream::new(1)).unwrap();
        let mut tensors = g.tensors();
        tensors.save(&path).unwrap();
        let Model::Mlp(mut back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no net") };
        assert_eq!(values(back.as_mut()), values(&mut g));
        // In files of earlier versions, a first layer as wide as its input adds this input.
        let text = tensors.metadata.get_mut(KEY).unwrap();
        *text = text.replace(",\"skips_from\":1", "");
        tensors.save(&path).unwrap();
        let Model::Mlp(mut back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no net") };
        assert_eq!(values(back.as_mut()) == values(&mut g), hidden == 16);
    }
    let options = AffineOptions { dim: 3, dim_in: Some(2), ..AffineOptions::default() };
    let mut g = Affine::new(&options, Stream::new(1)).unwrap();
    g.tensors().save(&path).unwrap();
    let Model::Affine(mut back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no affine map") };
    let off = values(&mut back).iter().zip(values(&mut g)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off > 0.0 && off < 1e-5, "{off}: files hold f32");
}

/// Files hold f32, whose steps at 5,200,000 are 0.5; the last bias comes back in f64.
#[test]
fn generators_far_from_the_origin_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    let last = |parameters: &[f64]| parameters[parameters.len() - 1];
    let far = |g: &mut dyn Generator| *g.parameters_mut().last_mut().unwrap() = 5_200_000.1;
    let mut net = MlpGenerator::new(&MlpOptions::default(), Stream::new(1)).unwrap();
    far(&mut net);
    net.tensors().save(&path).unwrap();
    let Model::Mlp(mut back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no net") };
    assert_eq!(values(back.as_mut()), values(&mut net));
    let mut affine = Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap();
    far(&mut affine);
    let mut tensors = affine.tensors();
    tensors.save(&path).unwrap();
    let Model::Affine(back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no affine map") };
    assert_eq!(last(back.parameters()), 5_200_000.1);
    // Another program changes the tensor only.
    tensors.tensors.get_mut("0.bias").unwrap().values[1] = 7.5;
    tensors.save(&path).unwrap();
    let Model::Affine(back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no affine map") };
    assert_eq!(last(back.parameters()), 7.5);
}

#[test]
fn a_denoiser_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.safetensors");
    let target = Gaussian::isotropic(vec![1.0, -2.0], 2.0).unwrap();
    let options = DenoiserOptions { hidden: 8, steps: 20, ..DenoiserOptions::default() };
    let made = Denoiser::of_target(&target, options, Stream::new(1), &Interrupt::default(), &mut Unobserved).unwrap();
    save_denoiser(&made, &path).unwrap();
    let Model::Denoiser(back) = load(&path, &ModelOptions::default()).unwrap().0 else { panic!("no denoiser") };
    let (z, pairwise) = (Stream::new(3).normal(20, 2), Pairwise::default());
    let shifts = [made, *back].map(|mut denoiser| {
        let mut out = Points::default();
        let at = At {
            z: &z,
            sigma: 0.7,
            cloud: &z,
            aligned: true,
            learn: true,
            stream: Stream::new(1),
            pairwise: &pairwise,
        };
        denoiser.evaluate(&at, Form::Displacement, &mut out).unwrap();
        out
    });
    assert_eq!(shifts[0], shifts[1]);
    let follows = Denoiser::of_cloud(DenoiserOptions::default()).unwrap();
    assert!(save_denoiser(&follows, &path).unwrap_err().to_string().contains("trained on a target"));
}

#[test]
fn a_net_of_another_program_needs_its_activation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torch.safetensors");
    let net: Mlp<f32> = Mlp::new(&[2, 8, 2], Activation::Tanh, false, Stream::new(1)).unwrap();
    net.tensors().save(&path).unwrap();
    let said = load(&path, &ModelOptions::default()).unwrap_err().to_string();
    assert!(said.contains("`activation` is left out") && said.contains("tanh"), "{said}");
    let options = ModelOptions { activation: Some(Activation::Tanh), ..ModelOptions::default() };
    let Model::Mlp(back) = load(&path, &options).unwrap().0 else { panic!("no net") };
    assert_eq!(back.net(), net);
    // `DataParallel` and `compile` of PyTorch add these prefixes to the names of the same
    // parameters.
    for prefix in ["module.", "_orig_mod.", "_orig_mod.module."] {
        let mut wrapped = net.tensors();
        let renamed = std::mem::take(&mut wrapped.tensors).into_iter();
        wrapped.tensors = renamed.map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect();
        wrapped.save(&path).unwrap();
        let Model::Mlp(back) = load(&path, &options).unwrap().0 else { panic!("no net") };
        assert_eq!(back.net(), net, "{prefix}");
    }
    MlpGenerator::of(net.clone()).tensors().save(&path).unwrap();
    assert!(load(&path, &options).unwrap_err().to_string().contains("leave it out"));
    let mut tensors = net.tensors();
    for (text, named) in [
        ("{\"kind\":\"hydra\"}", "hydra"),
        ("{\"kind\":\"affine\"}", "2 linear layers"),
        (
            "{\"kind\":\"denoiser\",\"activation\":\"silu\",\"centre\":[0.0],\"scale\":1.0,\"sigma_min\":-1.0,\
             \"sigma_max\":1.0,\"diameter\":1.0,\"detail\":1.0}",
            "sigma_min is -1",
        ),
        (
            "{\"kind\":\"denoiser\",\"activation\":\"silu\",\"centre\":[0.0],\"scale\":1.0,\"sigma_min\":0.5,\
             \"sigma_max\":1.0,\"diameter\":1.0,\"detail\":1.0}",
            "2 inputs",
        ),
    ] {
        tensors.metadata.insert(KEY.into(), text.into());
        tensors.save(&path).unwrap();
        let said = load(&path, &ModelOptions::default()).unwrap_err().to_string();
        assert!(said.contains("torch.safetensors, header, `sdflow`") && said.contains(named), "{said}");
    }
}
