//! The order of the modules of the engine and of the script language.

use crate::graph::{Edges, edges};
use crate::source::{Source, sources};
use crate::with_planted;

/// Modules from low to high, one rank per line. A module may name the modules of its own rank and
/// below. A name that is not that of a module is ignored.
type Order = &'static [&'static [&'static str]];

const ENGINE: Order = &[
    &["error"],
    &["archive"],
    &["comm", "interrupt", "options", "expression", "number"],
    &["points", "process", "rng", "matrix", "simd"],
    &["schedule", "pairwise", "net", "io", "ode"],
    &["sinkhorn"],
    &["target"],
    &["score"],
    &["flow", "metric"],
    &["generator"],
    &["bridge"],
    &["run"],
    &["cost"],
    &["table", "plot"],
];

const SCRIPT_LANGUAGE: Order = &[
    &["language", "run_hash", "thread_layout"],
    &["value"],
    &["dry"],
    &["context"],
    &["call"],
    &["cells"],
    &["bind"],
    &["manual"],
    &["explain"],
    &["mistakes"],
    &["prepare"],
    &["script"],
    &["check", "session"],
];

/// Modules that name a module of higher rank, and modules without a rank.
fn upward(order: Order, edges: &Edges) -> Vec<String> {
    let module = |file: &str| Source::new(file, "").module().first().cloned();
    let rank = |module: &str| order.iter().position(|rank| rank.contains(&module));
    let mut found = Vec::new();
    for (file, all) in edges {
        let Some(from) = module(file) else { continue };
        let Some(own) = rank(&from) else {
            found.push(format!("{file}: {from} has no place in the order"));
            continue;
        };
        for to in all.keys() {
            let Some(other) = module(to).and_then(|to| rank(&to)).filter(|other| *other > own) else { continue };
            found.push(format!("{file} (rank {own}) names {to} (rank {other})"));
        }
    }
    found
}

#[test]
fn no_module_names_a_higher_one() {
    assert_eq!(upward(ENGINE, &edges(&sources("engine/src"))), Vec::<String>::new());
    assert_eq!(upward(SCRIPT_LANGUAGE, &edges(&sources("dsl/src"))), Vec::<String>::new());
}

#[test]
fn planted_violations_are_found() {
    let planted = |path: &str, text: &str| upward(ENGINE, &edges(&with_planted("engine/src", path, text)));
    let up = planted("engine/src/points/planted.rs", "use crate::{Error, target::{Gaussian, Mixture}};");
    assert_eq!(up.len(), 2, "one line for each file: {up:?}");
    assert!(up[0].starts_with("engine/src/points/planted.rs (rank 3) names engine/src/target/"), "{up:?}");
    for (path, text) in [
        ("engine/src/points.rs", "fn f() -> usize { crate::run::run(0) }"),
        ("engine/src/score/planted.rs", "use super::super::flow::Flow;"),
        ("engine/src/matrix.rs", "use crate::metric::{self, Reference};"),
        ("engine/src/number.rs", "pub use crate::Points;"),
        ("engine/src/io/planted.rs", "use crate::score; fn f() { score::Kde::of(0); }"),
        ("engine/src/gadget.rs", "use crate::Points;"),
    ] {
        assert_eq!(planted(path, text).len(), 1, "{path}: {text} {:?}", planted(path, text));
    }
    let planted = |path: &str, text: &str| upward(SCRIPT_LANGUAGE, &edges(&with_planted("dsl/src", path, text)));
    for (path, text) in [
        ("dsl/src/language/fail.rs", "use crate::context::Context;"),
        ("dsl/src/value/points.rs", "use crate::call::{Call};"),
        ("dsl/src/context/mod.rs", "fn f() { crate::explain::of_run(0) }"),
        ("dsl/src/bind/run.rs", "use crate::manual::entries_of;"),
        ("dsl/src/gadget.rs", "use crate::value::Cloud;"),
    ] {
        assert_eq!(planted(path, text).len(), 1, "{path}: {text} {:?}", planted(path, text));
    }
}

#[test]
fn comments_strings_and_tests_may_say_anything() {
    let text = "// crate::run\n/// [`crate::run`]\nlet s = \"crate::run::run\"; let r = r#\"crate::run::run\"#; let c = '\"';\n\
                fn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests {\n use crate::run::run;\n}";
    let planted = [Source::new("engine/src/points.rs", text), Source::new("engine/src/lib.rs", "pub mod run;")];
    assert_eq!(upward(ENGINE, &edges(&planted)), Vec::<String>::new());
}
