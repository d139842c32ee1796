//! Valid inputs of every reader. If the program writes files of this kind, it writes them here.

use super::file::File;
use sdflow::bridge::{PotentialBridge, TwoPotentialBridge};
use sdflow::generator::{Affine, AffineOptions, MlpGenerator, MlpOptions, save_denoiser};
use sdflow::io::{Tensors, save_csv, save_npy};
use sdflow::net::{Activation, Mlp};
use sdflow::process::Unobserved;
use sdflow::rng::Stream;
use sdflow::score::{Denoiser, DenoiserOptions};
use sdflow::target::{Gaussian, Mixture};
use sdflow::{Interrupt, Points};
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The bytes of a file that `write` writes.
fn written(write: impl FnOnce(&Path) -> sdflow::Result<()>) -> Vec<u8> {
    let file = File::new("seed", b"");
    write(&file.path).unwrap();
    std::fs::read(&file.path).unwrap()
}

fn points() -> Points {
    Points::new(vec![0.5, -0.0, 1e-300, 3.25, 1e16, 0.1], 2, "seed").unwrap()
}

/// Arrays that the program writes, and arrays of NumPy in other types and orders.
pub fn npy() -> Vec<Vec<u8>> {
    let array = |descr: &str, order: &str, shape: &str, body: &[u8]| {
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}").into_bytes();
        header.resize(117, b' ');
        header.push(b'\n');
        [b"\x93NUMPY\x01\0\x76\0", header.as_slice(), body].concat()
    };
    vec![
        written(|path| save_npy(path, &points())),
        array("<f4", "True", "(2, 3)", &[0; 24]),
        array(">i2", "False", "(5,)", b"\0\x01\x80\0\x7f\xff\0\0\xff\xff"),
        array("|b1", "False", "(2, 2)", &[1, 0, 2, 0]),
        array("<f2", "False", "(2, 2, 2)", &[0x3c; 16]),
        array("<u8", "True", "(1L, 2L)", &[7; 16]),
    ]
}

/// An archive with one entry, not compressed.
pub fn stored(name: &str, bytes: &[u8]) -> Vec<u8> {
    archive(&[(name, bytes)], CompressionMethod::Stored)
}

fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        out.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// Archives, compressed and not compressed, of one array and of two arrays; and arrays, which the
/// body puts into archives.
pub fn npz() -> Vec<Vec<u8>> {
    let arrays = npy();
    let two: [(&str, &[u8]); 2] = [("x.npy", &arrays[0]), ("y.npy", &arrays[1])];
    let mut seeds = vec![archive(&two, CompressionMethod::Stored), archive(&two, CompressionMethod::Deflated)];
    seeds.extend([stored("x.npy", &arrays[3]), archive(&two[..1], CompressionMethod::Deflated), arrays[2].clone()]);
    seeds
}

/// Tables that this program and other programs write.
pub fn csv() -> Vec<Vec<u8>> {
    let texts = [
        "x,y\n1,2\n3.5,-4e-3\n",
        "\u{feff}a;b\r\n1,5;2,25\r\n-3,0;4,5\r\n",
        "# made by hand\n# x y\n1 2\n  3\t4 \n",
        ",height,weight\n0,1.5,2\n1,2.5,3\n",
        "\"name\",\"v, w\"\n\"a \"\"b\"\"\",1\n\"c\nd\",2\n",
        "a\tb\n1\tNA\n2\t3\n",
        "1\n2\n3\n",
        "t,x\r1,2\r3,4\r",
    ];
    let mut seeds: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    seeds.push(written(|path| save_csv(path, Some(&["a".into(), "b".into()]), &points())));
    seeds
}

fn torch() -> Tensors {
    Mlp::<f32>::new(&[2, 3, 1], Activation::Tanh, false, Stream::new(1)).unwrap().tensors()
}

/// Tensors as torch names them.
pub fn safetensors() -> Vec<Vec<u8>> {
    let half = br#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}}"#;
    let half = [&(half.len() as u64).to_le_bytes(), half.as_slice(), &[0x3c; 8]].concat();
    vec![written(|path| torch().save(path)), half]
}

/// Every kind of model, and a net of another program.
pub fn checkpoint() -> Vec<Vec<u8>> {
    let affine = AffineOptions { dim: 2, dim_in: Some(3), ..AffineOptions::default() };
    let affine = Affine::new(&affine, Stream::new(1)).unwrap();
    let mlp = MlpOptions { dim: 2, hidden: 4, residual: true, ..MlpOptions::default() };
    let mlp = MlpGenerator::new(&mlp, Stream::new(1)).unwrap();
    let target = Gaussian::isotropic(vec![1.0, -2.0], 2.0).unwrap();
    let options = DenoiserOptions { hidden: 4, steps: 2, ..DenoiserOptions::default() };
    let stop = Interrupt::default();
    let denoiser = Denoiser::of_target(&target, options, Stream::new(1), &stop, &mut Unobserved).unwrap();
    let potential = Mixture::ring(3, 2.0, 0.5).unwrap();
    let bridge = Arc::new(PotentialBridge::of_mixture(&potential, 0.5).unwrap());
    let both = TwoPotentialBridge::new(bridge.clone(), bridge.clone()).unwrap();
    vec![
        written(|path| affine.tensors().save(path)),
        written(|path| mlp.tensors().save(path)),
        written(|path| save_denoiser(&denoiser, path)),
        written(|path| torch().save(path)),
        written(|path| bridge.save(path)),
        written(|path| both.save(path)),
    ]
}

/// The examples of the manual, and scripts with other parts of the language.
pub fn script() -> Vec<Vec<u8>> {
    let own = [
        "let n = param(\"n\", 20);\nfn f(x) { x * 2 }\nfor i in 0..3 { print(`${i} ${f(n)}`); }",
        "let a = [1, 2.5, \"x\"];\na.push(#{k: a[0]});\nlet m = a.map(|v| v);\nprint(m.len());",
        "let x = load(\"x.npy\");\nlet r = run(sd_flow(x), normal(20, 2), #{steps: 5});\nexpect(r.steps > 1, \"moves\");",
        "try { throw \"no\"; } catch (e) { print(e); }\nswitch 3 { 1 => 2, _ => () };\nwhile true { break; }",
    ];
    let examples = sdflow_dsl::manual::manual().iter().map(|entry| entry.example);
    own.into_iter().chain(examples).map(|text| text.as_bytes().to_vec()).collect()
}

/// Formulas of points and of the progress.
pub fn expression() -> Vec<Vec<u8>> {
    let texts = [
        "-(x[0]^2 + a*x[1]^2) / 2",
        "logsumexp(i, 0, dim, -abs(x[i] - list[1])**1.5)",
        "sum(i, 0, 2, sum(j, 0, i + 1, x[i]*x[j])) - log1p(exp(-x2))",
        "max(min(x0, pi), pow(sigmoid(x1), 2)) + softplus(atan(tanh(1e-3)))",
        "1 - t^2 * sin(2*pi*t) / sqrt(1 + t)",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
