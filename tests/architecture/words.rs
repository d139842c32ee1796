//! Words that are kept in one place, so that a choice can be changed in one place.

use crate::source::{Source, sources};

/// A word (consecutive tokens) and the only places that may contain it.
const GUARDED: &[(&[&str], &[&str])] = &[
    (&["rhai"], &["dsl/"]),
    (&["clap"], &["src/args.rs", "src/args/"]),
    (&["clap_complete"], &["src/args.rs"]),
    (&["unsafe"], &["engine/src/simd/tile_amx.rs", "src/allocator.rs"]),
    // `matrix` resets the wide registers that faer's kernels leave in use.
    (&["pulp"], &["engine/src/simd/", "engine/src/pairwise/", "engine/src/net/", "engine/src/matrix.rs"]),
    (&["rand"], &["engine/src/rng.rs"]),
    (&["rand_distr"], &["engine/src/rng.rs"]),
    (&["rand_xoshiro"], &["engine/src/rng.rs"]),
    (&["plotters"], &["engine/src/plot/"]),
    (&["plotters_backend"], &["engine/src/plot/"]),
    (&["tiny_skia"], &["engine/src/plot/"]),
    (&["ab_glyph"], &["engine/src/plot/"]),
    (&["npyz"], &["engine/src/io/"]),
    (&["zip", ":", ":"], &["engine/src/io/"]),
    (&["println", "!"], &["src/"]),
    (&["eprintln", "!"], &["src/"]),
    (&["print", "!"], &["src/"]),
    (&["eprint", "!"], &["src/"]),
    (&["dbg", "!"], &[]),
    (&["stdout", "("], &["src/"]),
    (&["stderr", "("], &["src/"]),
    (&["std", ":", ":", "env"], &["src/"]),
];

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

#[test]
fn guarded_words_stay_in_their_rooms() {
    let all = ["engine/src", "dsl/src", "src"].into_iter().flat_map(sources).collect::<Vec<_>>();
    assert!(all.len() > 250, "only {} sources were found", all.len());
    assert_eq!(strays(&all), Vec::<String>::new());
    let unsafe_files = all.iter().filter(|source| source.tokens.contain(&["unsafe"])).count();
    // These are the file of the tiles of the matrix units, and the file of the allocator.
    assert!(unsafe_files <= 2, "{unsafe_files} files hold unsafe code");
}

#[test]
fn planted_words_are_found() {
    for (path, text) in [
        ("engine/src/flow/sd.rs", "use rhai::Engine;"),
        ("src/run.rs", "use clap::Parser;"),
        ("engine/src/score/kde.rs", "unsafe { x }"),
        ("engine/src/score/kde.rs", "use pulp::Simd;"),
        ("dsl/src/script.rs", "fn f() { println!(\"x\") }"),
        ("engine/src/io/mod.rs", "let home = std::env::var(\"HOME\");"),
        ("engine/src/target/mod.rs", "rand::rng()"),
        ("engine/src/run/mod.rs", "use plotters::style::Color;"),
        ("engine/src/flow/mod.rs", "std::io::stdout().flush()"),
    ] {
        assert_eq!(strays(&[Source::new(path, text)]).len(), 1, "{path}: {text}");
    }
    let silent = "// rhai\nlet s = \"unsafe\"; let r = r#\"clap\"#;\n#[cfg(test)]\nmod tests {\n use rand::Rng; }";
    assert_eq!(strays(&[Source::new("engine/src/points.rs", silent)]), Vec::<String>::new());
    let declared = "#[cfg(all(test, feature = \"files\"))]\nmod tests;\nfn f() {}";
    assert_eq!(strays(&[Source::new("engine/src/io/mod.rs", declared)]), Vec::<String>::new());
}
