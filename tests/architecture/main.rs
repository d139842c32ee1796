//! The order of the engine's modules, the absence of cycles, and the words that are kept in one room.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may fail by panicking, its helpers too.

mod source;

use source::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The engine's modules from low to high; a module may name those of its own rank and below.
const ORDER: [&[&str]; 10] = [
    &["error"],
    &["interrupt", "options", "process", "expression", "number"],
    &["points", "rng", "matrix", "simd"],
    &["schedule", "pairwise", "net", "io", "ode"],
    &["target"],
    &["score"],
    &["flow", "metric"],
    &["generator"],
    &["run"],
    &["table", "plot", "cost"],
];

/// What the crate's root re-exports, and where it comes from.
const EXPORTS: [(&str, &str); 6] = [
    ("Error", "error"),
    ("Result", "error"),
    ("Blame", "error"),
    ("nearest", "error"),
    ("Interrupt", "interrupt"),
    ("Points", "points"),
];

/// A word (tokens in a row) and the only places that may say it.
const GUARDED: [(&[&str], &[&str]); 14] = [
    (&["rhai"], &["dsl/"]),
    (&["clap"], &["src/args.rs", "src/args/"]),
    (&["clap_complete"], &["src/args.rs"]),
    (&["unsafe"], &["engine/src/simd/tile_amx.rs"]),
    // `matrix` releases the wide registers that faer's kernels leave in use.
    (&["pulp"], &["engine/src/simd/", "engine/src/pairwise/", "engine/src/net/", "engine/src/matrix.rs"]),
    (&["rand"], &["engine/src/rng.rs"]),
    (&["rand_distr"], &["engine/src/rng.rs"]),
    (&["rand_xoshiro"], &["engine/src/rng.rs"]),
    (&["plotters"], &["engine/src/plot/"]),
    (&["println", "!"], &["src/"]),
    (&["eprintln", "!"], &["src/"]),
    (&["print", "!"], &["src/"]),
    (&["dbg", "!"], &[]),
    (&["std", ":", ":", "env"], &["src/"]),
];

#[test]
fn no_module_of_the_engine_names_a_higher_one() {
    assert_eq!(upward(&edges(&sources("engine/src"))), Vec::<String>::new());
}

#[test]
fn no_cycles() {
    for folder in ["engine/src", "src"] {
        assert_eq!(cycle(&edges(&sources(folder))), None, "{folder}");
    }
}

#[test]
fn guarded_words_stay_in_their_rooms() {
    let all = ["engine/src", "dsl/src", "src"].into_iter().flat_map(sources).collect::<Vec<_>>();
    assert!(all.len() > 30, "only {} sources were found", all.len());
    assert_eq!(strays(&all), Vec::<String>::new());
}

#[test]
fn planted_violations_are_found() {
    let planted = |path: &str, text: &str| vec![Source::new(path, text)];
    let up = planted("engine/src/pairwise/mod.rs", "use crate::{Error, target::{Gaussian, Mixture}};");
    assert_eq!(upward(&edges(&up)), ["pairwise (rank 3) names target (rank 4)"]);
    let inline = planted("engine/src/points.rs", "fn f() -> usize { crate::run::steps() }");
    assert_eq!(upward(&edges(&inline)).len(), 1);
    let outside = planted("engine/src/score/kde.rs", "use super::super::flow::Sd;");
    assert_eq!(upward(&edges(&outside)).len(), 1);
    let nobody = planted("engine/src/gadget.rs", "use crate::Points;");
    assert_eq!(upward(&edges(&nobody)), ["gadget has no place in the order"]);

    let mut round = planted("engine/src/flow/mod.rs", "use crate::metric::mmd;");
    assert_eq!(cycle(&edges(&round)), None);
    round.extend(planted("engine/src/metric/mod.rs", "use crate::flow::Flow;"));
    assert!(cycle(&edges(&round)).is_some());

    for (path, text) in [
        ("engine/src/flow/sd.rs", "use rhai::Engine;"),
        ("src/run.rs", "use clap::Parser;"),
        ("engine/src/score/kde.rs", "unsafe { x }"),
        ("dsl/src/script.rs", "fn f() { println!(\"x\") }"),
        ("engine/src/io/mod.rs", "let home = std::env::var(\"HOME\");"),
        ("engine/src/target/mod.rs", "rand::rng()"),
    ] {
        assert_eq!(strays(&planted(path, text)).len(), 1, "{path}: {text}");
    }
}

#[test]
fn comments_strings_and_tests_may_say_anything() {
    let text = "// rhai\n/// [`crate::run`]\nlet s = \"unsafe\"; let r = r#\"clap\"#; let c = '\"';\nfn f<'a>(x: &'a str) {}\n\
                #[cfg(test)]\nmod tests {\n use crate::run; }";
    let planted = [Source::new("engine/src/points.rs", text)];
    assert_eq!((strays(&planted).len(), upward(&edges(&planted)).len()), (0, 0));
}

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Which module names which.
fn edges(sources: &[Source]) -> Edges {
    let mut edges = Edges::new();
    for source in sources.iter().filter(|source| !source.module().is_empty()) {
        let module = source.module()[0].clone();
        let named = source.named_modules().into_iter().map(|name| exported(&name)).filter(|name| *name != module);
        edges.entry(module.clone()).or_default().extend(named.collect::<Vec<_>>());
    }
    edges
}

fn exported(name: &str) -> String {
    EXPORTS.iter().find(|(export, _)| *export == name).map_or(name, |(_, module)| module).to_string()
}

fn upward(edges: &Edges) -> Vec<String> {
    let rank = |module: &String| ORDER.iter().position(|rank| rank.contains(&module.as_str()));
    let mut found = Vec::new();
    for (from, all) in edges {
        let Some(own) = rank(from) else {
            found.push(format!("{from} has no place in the order"));
            continue;
        };
        for (to, other) in all.iter().filter_map(|to| Some((to, rank(to)?))) {
            if other > own {
                found.push(format!("{from} (rank {own}) names {to} (rank {other})"));
            }
        }
    }
    found
}

/// Modules that name each other in a circle, if there are any: what remains when leaves are taken away.
fn cycle(edges: &Edges) -> Option<Vec<String>> {
    let mut left = edges.clone();
    loop {
        let inside: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, to| to.iter().any(|name| inside.contains(name)));
        if left.len() == before {
            return (!left.is_empty()).then(|| left.into_keys().collect());
        }
    }
}

fn strays(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (word, rooms) in GUARDED {
            let home = rooms.iter().any(|room| source.path.starts_with(room));
            if !home && source.tokens.contain(word) {
                found.push(format!("{} says `{}`", source.path, word.concat()));
            }
        }
    }
    found
}
