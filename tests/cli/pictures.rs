//! `plot`: what the pictures of a script show.

use crate::sandbox::Sandbox;

/// Runs a script and returns its pictures as text.
fn pictures<const N: usize>(script: &str, names: [&str; N]) -> [String; N] {
    let sandbox = Sandbox::with(script);
    sandbox.run("a.rhai --out out").code(0);
    names.map(|name| std::fs::read_to_string(sandbox.path("out").join("plots").join(name)).unwrap())
}

fn has(svg: &str, word: &str) -> bool {
    svg.contains(&format!(">{word}<"))
}

#[test]
fn the_columns_of_a_file_name_the_axes_and_the_saved_columns() {
    let sandbox = Sandbox::with(
        "let x = load(\"survey.csv\");
        plot(x, \"a.svg\"); plot(x.divide(0.5), \"b.svg\"); plot(x.standardise(), \"c.svg\", #{pairs: true});
        plot(x, \"d.svg\", #{coordinates: [\"years\", \"dollars\"]});
        let r = run(sd_flow(x), x, #{steps: 2, snapshots: 2});
        plot(r.points, \"e.svg\"); plot(r.snapshots, \"f.svg\", #{paths: true});
        save(x.trim(0.3), \"kept.csv\"); save(x.standardise().undo(x), \"undone.csv\"); save(r.points, \"moved.csv\");
        save(normal(2, 2), \"nameless.csv\");",
    );
    std::fs::write(sandbox.path("survey.csv"), "age,income\n30,41000\n40,52000\n55,38000\n61,91000\n70,60000\n80,10\n")
        .unwrap();
    sandbox.run("a.rhai --out out").code(0);
    let text = |name: &str| std::fs::read_to_string(sandbox.path("out").join(name)).unwrap();
    for name in ["a", "b", "c", "e", "f"] {
        let svg = text(&format!("plots/{name}.svg"));
        assert!(svg.contains(">age") && svg.contains(">income"), "{name}");
    }
    assert!(text("plots/d.svg").contains(">years") && text("plots/d.svg").contains(">dollars"));
    for name in ["kept", "undone", "moved"] {
        assert!(text(&format!("samples/{name}.csv")).starts_with("age,income\n"), "{name}");
    }
    assert!(!text("samples/nameless.csv").contains('x'));
}

#[test]
fn snapshots_and_paths_of_bridges_have_their_times() {
    let [snapshots, ways, bridge, overlay] = pictures(
        "let r = run(sd_flow(normal(40, 2)), normal(40, 2), #{steps: 10, snapshots: 5});
        plot(r.snapshots, \"snapshots.svg\"); plot(r.snapshots, \"ways.svg\", #{paths: true});
        let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));
        plot(b.path(normal(30, 2), #{snapshots: 4}), \"bridge.svg\");
        plot([r.snapshots[0], r.snapshots[3]], \"overlay.svg\", #{titles: []});",
        ["snapshots.svg", "ways.svg", "bridge.svg", "overlay.svg"],
    );
    assert!(has(&snapshots, "step 0") && has(&snapshots, "step 10"));
    // The legend of the ways names the first and the last cloud.
    assert!(has(&ways, "step 0") && has(&ways, "step 10") && !has(&ways, "step 5"));
    assert!(has(&bridge, "t = 0") && has(&bridge, "t = 1") && has(&overlay, "step 0"));
}

#[test]
fn the_names_of_a_map_are_titles_or_the_legend() {
    let [groups, runs] = pictures(
        "let x = normal(20, 2);
        plot(#{before: [x], after: #{target: x, moved: x}}, \"groups.svg\");
        let p = dataset(\"moons\");
        let moved = |s| run(sd_flow(p.sample(50), #{sigma: s}), normal(50, 2), p, #{steps: 4, every: 2, metrics: [\"energy\"]});
        plot(#{wide: moved.call(1.0), narrow: moved.call(0.2)}, \"runs.svg\");",
        ["groups.svg", "runs.svg"],
    );
    assert!(["before", "after", "target", "moved"].iter().all(|name| has(&groups, name)), "{groups}");
    assert!(["wide", "narrow", "noise floor", "energy", "step"].iter().all(|name| has(&runs, name)), "{runs}");
}

#[test]
fn the_columns_of_a_table_have_charts_of_their_own_if_they_cannot_share_one() {
    let [apart, together, chosen, history] = pictures(
        "let rows = |scale| { let rows = [];
            for i in 0..5 { rows.push(#{step: i, a: 1.0 * i, a_se: 0.1, b: scale * i}); } table(rows) };
        plot(rows.call(100.0), \"apart.svg\", #{x: \"step\"}); plot(rows.call(2.0), \"together.svg\", #{x: \"step\"});
        plot(rows.call(100.0), \"chosen.svg\", #{y: [\"a\", \"b\"], x: \"a_se\"});
        plot(run(sd_flow(normal(40, 2)), normal(40, 2), #{steps: 4}).history, \"history.svg\");",
        ["apart.svg", "together.svg", "chosen.svg", "history.svg"],
    );
    let axes = |svg: &str| svg.matches(">step<").count();
    assert_eq!((axes(&apart), axes(&together), axes(&chosen)), (2, 1, 0));
    // The errors are a band, not a curve.
    assert!(!apart.contains("a_se") && has(&chosen, "a_se"));
    assert!(has(&history, "sigma") && !has(&history, "progress"), "{history}");
}

#[test]
fn densities_and_fields_are_drawn_over_points() {
    let [density, field, line] = pictures(
        "let q = mixture(#{means: [[-2, 0], [2, 1]], std: 0.6});
        plot(#{target: q, score: |x| q.score(x)}, \"density.svg\", #{density: true});
        plot(#{target: q, particles: normal(60, 2), velocity: sd_flow(q)}, \"field.svg\");
        plot([mixture(#{means: [[-2], [2]]}), normal(50, 1)], \"line.svg\", #{density: true});",
        ["density.svg", "field.svg", "line.svg"],
    );
    assert!(has(&density, "target (50, 80, 95 %)") && has(&density, "score") && !density.contains("<circle"));
    for svg in [&density, &field] {
        assert!(svg.contains("The longest arrow stands for"), "{svg}");
    }
    assert!(has(&line, "density") && has(&field, "velocity"));
}

#[test]
fn a_picture_that_cannot_be_drawn_says_why() {
    for (call, words) in [
        ("plot(#{f: |x| x}, \"a.svg\")", "over points of two coordinates"),
        ("plot([normal(5, 3), |x| x], \"a.svg\")", "over points of two coordinates"),
        ("plot([normal(5, 2), |x| 3], \"a.svg\")", "a vector for each point is expected"),
        ("plot([normal(5, 2), |x| x.rows(0, 1)], \"a.svg\")", "their places"),
        ("plot(normal(5, 2), \"a.svg\", #{paths: true})", "array of at least two clouds"),
        ("plot([normal(5, 2), normal(6, 2)], \"a.svg\", #{paths: true})", "5 in the first cloud"),
        ("plot(normal(5, 7), \"a.svg\", #{pairs: true})", "shows 2 to 6"),
        ("plot(normal(5, 2), \"a.svg\", #{coordinates: [\"x\"]})", "the points have 2"),
        ("plot(normal(5, 2), \"a.svg\", #{size: [600]})", "a width and a height"),
        ("plot(normal(5, 2), \"a.svg\", #{size: [600, 5]})", "100 to 4000"),
        ("plot(#{}, \"a.svg\")", "is empty"),
        ("plot(density(2, \"-x0^2 - x1^2\"), \"a.svg\", #{density: true})", "it cannot be sampled"),
    ] {
        let failed = Sandbox::with(&format!("{call};")).run("a.rhai --out out");
        assert!([3, 6].contains(&failed.code), "{call}: {}", failed.stderr);
        assert!(failed.stderr.contains(words), "{call}: {}", failed.stderr);
    }
}
