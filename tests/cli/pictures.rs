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
        save(run(sd_flow(samples(x)), normal(6, 2), #{steps: 2}).points, \"flowed.csv\");
        save(samples(x).sample(3), \"drawn.csv\"); save(normal(2, 2), \"nameless.csv\");",
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
    for name in ["kept", "undone", "moved", "flowed", "drawn"] {
        assert!(text(&format!("samples/{name}.csv")).starts_with("age,income\n"), "{name}");
    }
    assert!(!text("samples/nameless.csv").contains('x'));
}

/// A header is left out if its names would be read as numbers, or would not be read at all. Points
/// that were saved can be loaded again.
#[test]
fn names_that_are_no_words_are_not_saved() {
    let sandbox = Sandbox::with(
        "for name in [\"years\", \"blank\", \"nan\", \"same\"] {
            let x = load(`${name}.csv`, #{header: true, columns: [0, 1]});
            save(x, `${name}.csv`);
        }",
    );
    for (name, header) in [("years", "2019,2020"), ("blank", "a,\" \""), ("nan", "nan,inf"), ("same", "a,a")] {
        std::fs::write(sandbox.path(&format!("{name}.csv")), format!("{header}\n1,2\n3,4\n")).unwrap();
    }
    sandbox.run("a.rhai --out out").code(0);
    for name in ["years", "blank", "nan", "same"] {
        let saved = std::fs::read_to_string(sandbox.path("out/samples").join(format!("{name}.csv"))).unwrap();
        assert_eq!(saved, "1.0,2.0\n3.0,4.0\n", "{name}");
    }
}

#[test]
fn snapshots_and_paths_of_bridges_have_their_times() {
    let [snapshots, ways, bridge, overlay] = pictures(
        "let r = run(sd_flow(normal(40, 2)), normal(40, 2), #{steps: 10, snapshots: 5});
        plot(r.snapshots, \"snapshots.svg\"); plot(r.snapshots, \"paths.svg\", #{paths: true});
        let b = gaussian_bridge(gaussian(#{dim: 2}), gaussian(#{mean: [3, 0]}));
        plot(b.path(normal(30, 2), #{snapshots: 4}), \"bridge.svg\");
        plot([r.snapshots[0], r.snapshots[3]], \"overlay.svg\", #{titles: []});",
        ["snapshots.svg", "paths.svg", "bridge.svg", "overlay.svg"],
    );
    assert!(has(&snapshots, "step 0") && has(&snapshots, "step 10"));
    // The legend of the paths names the first and the last cloud.
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
    assert!(["wide", "narrow", "energy", "step"].iter().all(|name| has(&runs, name)), "{runs}");
    assert!(has(&runs, "noise floor") || has(&runs, "noise floor of wide"), "{runs}");
}

#[test]
fn the_columns_of_a_table_share_a_chart_and_those_of_a_history_do_not() {
    let [table, chosen, history, two] = pictures(
        "let rows = |scale| { let rows = [];
            for i in 0..5 { rows.push(#{step: i, a: 1.0 * i, a_se: 0.1, b: scale * i}); } table(rows) };
        plot(rows.call(100.0), \"table.svg\", #{x: \"step\"});
        plot(rows.call(100.0), \"chosen.svg\", #{y: [\"a\", \"b\"], x: \"a_se\"});
        let r = run(sd_flow(normal(40, 2)), normal(40, 2), #{steps: 4});
        plot(r.history, \"history.svg\"); plot(r.history, \"two.svg\", #{y: [\"sigma\", \"ess_target\"]});",
        ["table.svg", "chosen.svg", "history.svg", "two.svg"],
    );
    let axes = |svg: &str| svg.matches(">step<").count();
    assert_eq!((axes(&table), axes(&chosen), axes(&history), axes(&two)), (1, 0, 4, 2));
    // The errors are a band, not a curve.
    assert!(!table.contains("a_se") && has(&chosen, "a_se"));
    assert!(has(&table, "Bands: one standard error.") && !history.contains("Bands"), "{table}");
    assert!(has(&history, "sigma") && !has(&history, "progress"), "{history}");
}

#[test]
fn labels_name_the_columns_of_a_table_and_the_quantity_of_a_sweep() {
    let [both, one, heat] = pictures(
        "let t = table([#{n: 1, fit_a: 2, fit_b: 3}, #{n: 2, fit_a: 4, fit_b: 5}]);
        plot(t, \"both.svg\", #{x: \"n\", labels: [\"first fit\"]});
        plot(t, \"one.svg\", #{x: \"n\", y: \"fit_b\", labels: [\"other fit\"]});
        let s = sweep(#{a: [1, 2], b: [3, 4]}, |p| #{mean_gap: 1.0 * p.a + p.b});
        plot(s, \"heat.svg\", #{labels: [\"mean gap in metres\"]});",
        ["both.svg", "one.svg", "heat.svg"],
    );
    assert!(has(&both, "first fit") && !has(&both, "fit_a") && has(&both, "fit_b"), "{both}");
    assert!(has(&one, "other fit") && has(&heat, "mean gap in metres") && !heat.contains("mean_gap"), "{heat}");
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
        assert!(svg.contains("The longest arrow of"), "{svg}");
    }
    assert!(has(&line, "density") && has(&field, "velocity"));
}

/// The density of a normalised target is drawn as it is, even where its peaks are narrower than the
/// spacing of a grid.
#[test]
fn a_density_is_exact() {
    let [narrow, alone, flat, behind, line] = pictures(
        "plot(mixture(#{means: [[-5.03], [5.0]], std: 0.01}), \"narrow.svg\", #{density: true});
        plot(gaussian(#{dim: 2}), \"alone.svg\", #{density: true, coordinates: [\"east\", \"north\"]});
        plot([normal(50, 2), density(2, \"-(x0^2 + x1^2)/2\")], \"flat.svg\", #{density: true});
        plot(#{target: density(1, \"-x0^2/2\"), particles: normal(50, 1)}, \"behind.svg\", #{density: true});
        plot(gaussian(#{dim: 1}), \"line.svg\", #{density: true, coordinates: [\"gamma\"]});",
        ["narrow.svg", "alone.svg", "flat.svg", "behind.svg", "line.svg"],
    );
    assert!(has(&behind, "target") && has(&line, "gamma") && has(&line, "density"), "{line}");
    // Both peaks have the density 1 / (2 sqrt(2 pi) 0.01) = 19.9: the axis ends above it.
    assert!(has(&narrow, "20") && !has(&narrow, "25"), "{narrow}");
    assert!(has(&alone, "east") && has(&alone, "north") && has(&flat, "density (50, 80, 95 %)"));
}

#[test]
fn a_picture_that_cannot_be_drawn_says_why() {
    for (call, words) in [
        ("plot(#{f: |x| x}, \"a.svg\")", "over points of two coordinates"),
        ("plot([normal(5, 3), |x| x], \"a.svg\")", "over points of two coordinates"),
        ("plot([normal(5, 2), |x| 3], \"a.svg\")", "a vector for each point is expected"),
        ("plot([normal(5, 2), |x| x.rows(0, 1)], \"a.svg\")", "their places"),
        ("plot(normal(5, 2), \"a.svg\", #{paths: true})", "no array of two clouds or more"),
        ("plot([normal(5, 2), normal(6, 2)], \"a.svg\", #{paths: true})", "5 in the first cloud"),
        ("plot(normal(5, 7), \"a.svg\", #{pairs: true})", "shows 2 to 6"),
        ("plot(normal(5, 2), \"a.svg\", #{coordinates: [\"x\"]})", "the points have 2"),
        ("plot(normal(5, 2), \"a.svg\", #{size: [600]})", "a width and a height"),
        ("plot(normal(5, 2), \"a.svg\", #{size: [600, 5]})", "100 to 4000"),
        ("plot(#{}, \"a.svg\")", "is empty"),
        ("plot(table([#{name: \"one\", y: 2}]), \"a.svg\", #{x: \"name\"})", "`name` holds no numbers"),
        ("plot(table([#{name: \"one\", y: 2}]), \"a.svg\", #{y: \"name\"})", "`name` holds no numbers"),
        (
            "plot(#{a: table([#{u: 1, v: 2}]), b: table([#{w: 1, z: 3}])}, \"a.svg\")",
            "begin with different columns, `u` and `w`",
        ),
        ("plot(table([#{name: \"one\", y: 2}]), \"a.svg\")", "needs two columns of numbers"),
        ("let r = run(sd_flow(normal(9, 2)), normal(9, 2), #{steps: 1}); plot([r, r], \"a.svg\")", "a map of results"),
        (
            "let a = []; for i in 0..9 { a.push([normal(5, 2)]); } plot(a, \"a.svg\", #{size: [4000, 4000]})",
            "20 million",
        ),
        ("plot([normal(9, 2), sd_flow(normal(9, 2))], \"a.svg\", #{progress: 3.0})", "between 0 and 1"),
        ("plot(density(2, \"-x0^2 - x1^2\"), \"a.svg\", #{density: true})", "it cannot be sampled"),
    ] {
        let failed = Sandbox::with(&format!("{call};")).run("a.rhai --out out");
        assert!([3, 6].contains(&failed.code), "{call}: {}", failed.stderr);
        assert!(failed.stderr.contains(words), "{call}: {}", failed.stderr);
        // A check finds the mistake before a run, except where it depends on the values of a
        // function.
        if !call.contains("|x|") {
            let checked = Sandbox::with(&format!("{call};")).run("check a.rhai");
            assert!(checked.stderr.contains(words), "check of {call}: {}", checked.stderr);
        }
    }
}
