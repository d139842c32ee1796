//! No file depends on itself, directly or through other files.

use crate::graph::{Edges, circles, edges, shown};
use crate::source::{Source, sources};
use crate::with_planted;

fn text(circles: &[Edges]) -> String {
    circles.iter().map(shown).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_file_stands_in_a_circle() {
    for folder in ["engine/src", "dsl/src", "src"] {
        let found = circles(&edges(&sources(folder)));
        assert!(found.is_empty(), "{folder}\n{}", text(&found));
    }
}

#[test]
fn planted_circles_are_found() {
    let crate_of =
        |files: &[(&str, &str)]| files.iter().map(|(path, text)| Source::new(path, text)).collect::<Vec<_>>();
    let root = ("engine/src/lib.rs", "mod error;\npub mod a;\npub mod b;\npub use error::Error;");
    let circle = |files: &[(&str, &str)]| circles(&edges(&crate_of(&[&[root], files].concat())));

    // If a parent only re-exports names of its children, and one child uses a type of another
    // child, there is no circle.
    let child = ("engine/src/a/child.rs", "use super::other::Shared;\npub fn made() -> Shared { Shared }");
    let other = ("engine/src/a/other.rs", "pub struct Shared;");
    let facade = ("engine/src/a/mod.rs", "mod child;\nmod other;\npub use child::made;\npub use other::Shared;");
    assert_eq!(text(&circle(&[facade, child, other])), "");
    // The same holds when the child imports the type from its parent, which only re-exports it.
    let through = ("engine/src/a/child.rs", "use super::Shared;\npub fn made() -> Shared { Shared }");
    assert_eq!(text(&circle(&[facade, through, other])), "");

    for caller in [
        // The parent calls its child, and the child uses a type of the parent: through a `use`, a
        // path, and a re-export.
        "mod child;\nuse child::made;\npub struct Shared;\nfn f() { made() }",
        "mod child;\npub struct Shared;\nfn f() { child::made() }",
        "mod child;\npub use child::made;\npub struct Shared;\nfn f() { made() }",
        "mod child;\npub struct Shared;\nfn f() { crate::a::child::made(); }",
    ] {
        let found = circle(&[("engine/src/a/mod.rs", caller), through]);
        assert_eq!((found.len(), found[0].len()), (1, 2), "{caller}\n{}", text(&found));
        assert!(text(&found).contains("engine/src/a/child.rs -> engine/src/a/mod.rs (Shared)"), "{}", text(&found));
    }

    // A circle over three files and two modules, through a re-export, a renaming and `super`.
    let a = ("engine/src/a/mod.rs", "mod far;\npub use far::Far;");
    let far = ("engine/src/a/far.rs", "use crate::b::Near as N;\npub struct Far(N);");
    let b = ("engine/src/b.rs", "mod near;\npub use near::Near;");
    let near = ("engine/src/b/near.rs", "use super::super::a::{self};\npub struct Near(Box<a::Far>);");
    let found = circle(&[a, far, b, near]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].keys().collect::<Vec<_>>(), ["engine/src/a/far.rs", "engine/src/b/near.rs"]);
    // In the present engine, points and random numbers have the same rank, and random numbers use
    // points.
    let real = with_planted("engine/src", "engine/src/points.rs", "use crate::rng::Stream;");
    let found = circles(&edges(&real));
    assert!(found.len() == 1 && found[0].contains_key("engine/src/rng.rs"), "{}", text(&found));
    // In the present script language, a binding uses the calls. Here a call would also use a
    // binding.
    let real = with_planted("dsl/src", "dsl/src/call/mod.rs", "use crate::bind::register;");
    let found = circles(&edges(&real));
    assert!(found.len() == 1 && found[0].contains_key("dsl/src/bind/mod.rs"), "{}", text(&found));
    // In the present command line, `run` uses `exit`. Here `exit` would also use `run`.
    let real = with_planted("src", "src/exit.rs", "use crate::run::run;");
    assert_eq!(circles(&edges(&real)).len(), 1);
}
