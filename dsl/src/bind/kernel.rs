//! Kernels: tagged maps of plain data, one function for each kernel of the engine.

use crate::call::{Call, Entry, function};
use crate::language::{Arg, Fail, Kind, Type, arg};
use rhai::{Dynamic, Map};
use sdflow::pairwise::Kernel;

/// The entries of all kernels, built from the list of the engine.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    Kernel::all(0.5).into_iter().map(|kernel| {
        let name = kernel.script_name();
        let (args, usage) = match kernel.own_bandwidth() {
            Some(h) => (BANDWIDTH, format!("{name}({h:?})")),
            None => (&[][..], format!("{name}()")),
        };
        // The text is leaked once per process, because the manual lives as long as the process.
        let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let entry = function(name, Kind::Kernel, args, Type::Map, tag)
            .returned("a kernel, as a map with the key `kernel` and, if it has a bandwidth, `h`")
            .about(text(format!("{}.", kernel.formula())))
            .example(text(format!("let k = {usage};")));
        &*Box::leak(Box::new(entry))
    })
}

const BANDWIDTH: &[Arg] = &[arg("h", Type::Number)];

/// Returns a kernel as a map: `imq(0.5)` is `#{kernel: "imq", h: 0.5}`.
fn tag(call: &Call) -> Result<Dynamic, Fail> {
    let known = Kernel::all(1.0).into_iter().find(|kernel| kernel.script_name() == call.signature.name);
    let mut map = Map::new();
    map.insert("kernel".into(), known.map_or(call.signature.name, |kernel| kernel.name()).into());
    if known.is_some_and(|kernel| kernel.own_bandwidth().is_some()) {
        let h = call.number(0)?;
        if h <= 0.0 {
            return Err(call.bad(0, format!("is {h}"), "a bandwidth must be positive"));
        }
        map.insert("h".into(), h.into());
    }
    Ok(map.into())
}
