//! Kernels: tagged maps of plain data.

use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Map};

const fn entry(name: &'static str, signature: &'static str, about: &'static str, example: &'static str) -> Entry {
    let returns = "a kernel, a map of plain data";
    Entry { name, kind: Kind::Kernel, signature, returns, about, options: &[], names: &[], example, call: tagged }
}

pub const ENTRIES: &[Entry] = &[
    entry(
        "gaussian_kernel",
        "gaussian_kernel(h)",
        "`exp(-d^2 / (2 h^2))` of the distance `d`; the bandwidth `h` is positive and in the data's units.",
        "let k = gaussian_kernel(0.5);",
    ),
    entry("laplace", "laplace(h)", "`exp(-d / h)`.", "let k = laplace(0.5);"),
    entry("imq", "imq(h)", "The inverse multiquadric `(1 + d^2 / h^2)^(-1/2)`.", "let k = imq(0.5);"),
    entry("matern32", "matern32(h)", "`(1 + a) exp(-a)`, `a = sqrt(3) d / h`.", "let k = matern32(0.5);"),
    entry("matern52", "matern52(h)", "`(1 + a + a^2/3) exp(-a)`, `a = sqrt(5) d / h`.", "let k = matern52(0.5);"),
];

/// `imq(0.5)` is `#{kernel: "imq", h: 0.5}`.
fn tagged(call: &Call) -> Result<Dynamic, Fail> {
    let h = call.number(0)?;
    if h <= 0.0 {
        return Err(call.bad(0, format!("is {h}"), "a bandwidth must be positive"));
    }
    let name = call.entry.name.trim_end_matches("_kernel");
    Ok(Map::from([("kernel".into(), name.into()), ("h".into(), h.into())]).into())
}
