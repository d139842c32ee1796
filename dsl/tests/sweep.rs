//! Sweeps inside a script: all combinations, means over seeds, cells that fail, captured variables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::Outcome;

/// Runs a script whose checks must all hold.
fn held(text: &str) -> Outcome {
    let (outcome, _) = stage::run(text);
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.pass).collect();
    assert!(broken.is_empty() && !outcome.checks.is_empty(), "{broken:?}");
    outcome
}

fn failure(text: &str) -> String {
    let (outcome, _) = stage::run(text);
    stage::told(&outcome.failure.expect("a failure"))
}

#[test]
fn all_combinations_with_means_and_deviations_over_seeds() {
    held(
        r#"
        let calls = 0;
        let t = sweep(#{b: [10, 20], a: [0.5, 1], seed: [1, 2, 3], word: ["x"]}, |p| #{sum: p.a + p.b + p.seed, twice: 2 * p.b});
        let rows = t.rows;
        expect("a row per combination", t.n == 4 && rows.len() == 4);
        expect("in order, the last axis fastest", rows[1].a == 0.5 && rows[1].b == 20 && rows[2].a == 1.0 && rows[0].word == "x");
        expect("whole numbers stay whole", type_of(rows[0].b) == "i64" && type_of(rows[0].a) == "f64");
        expect("means", rows[0].sum == 12.5 && rows[3].sum == 23.0);
        expect("standard errors", abs(rows[0].sum.se - 1.0 / sqrt(3.0)) < 1e-12);
        expect("deviations", t.column("sum_sd")[0] == 1.0 && t.column("twice_sd")[0] == 0.0);
        expect("best", t.best("sum").b == 10 && t.best("sum", "largest").b == 20 && t.best("sum").a == 0.5);
        "#,
    );
}

#[test]
fn without_seeds_readings_keep_their_errors() {
    held(
        r#"
        let t = sweep(#{n: [40, 80]}, |p| #{energy: energy(normal(p.n, 2), normal(p.n, 2)), n2: p.n * p.n});
        expect("a reading", t.rows[0].energy.se > 0.0 && t.rows[1].n2 == 6400);
        expect("no deviations", !("energy_sd" in t.rows[0]));
        let y = normal(t.best("n2").n, 2);
        expect("the best can be used", y.n == 40);
        "#,
    );
}

#[test]
fn a_failed_cell_is_told_and_stops_nothing() {
    let outcome = held(
        r#"
        let t = sweep(#{n: [0, 5], seed: [1, 2]}, |p| #{mean: normal(p.n, 2).n});
        expect("others", t.n == 2 && t.column("mean")[1] == 5.0);
        expect("counted", t.column("failed")[0] == 2.0 && t.column("failed")[1] == 0.0);
        "#,
    );
    let told: Vec<_> = outcome.warnings.iter().filter(|w| w.contains("sweep: the cell n=0, seed=1 failed: ")).collect();
    assert!(told.len() == 1 && told[0].contains("is 0"), "{:?}", outcome.warnings);
    assert!(told[0].contains("script.rhai:2:70: sweep"), "{told:?}");
    assert!(
        failure("sweep(#{n: [0]}, |p| #{m: normal(p.n, 2).n});")
            .contains("every cell of the sweep failed, first n=0: ")
    );
    assert!(failure("sweep(#{n: [0]}, |p| throw \"no\");").contains("the script threw \"no\""));
    assert!(failure("sweep(#{n: [1]}, |p| p.n);").contains("a map of numbers is expected"));
}

/// A divergence ends its cell and not the run, and the measurements of the cells are not counted as
/// the run's own.
#[test]
fn cells_leave_no_trace_in_the_run() {
    let outcome = held(
        r#"
        let p = gaussian(#{dim: 2, std: 0.1});
        let q = gaussian(#{dim: 2});
        let move = |step| run(sd_flow(exact(p), exact(q), #{sigma: 0, scaling: "raw", step: step}), normal(50, 2), p,
                              #{steps: 30, metrics: ["energy"]});
        record(#{energy: 7});
        let t = sweep(#{step: [0.001, 1e6]}, |c| { let r = run(sd_flow(exact(p), exact(q), #{sigma: 0, scaling: "raw", step: c.step}),
                       normal(50, 2), p, #{steps: 30, metrics: ["energy"]}); #{energy: r.metrics.energy} });
        expect("one of two", t.column("failed")[0] == 0.0 && t.column("failed")[1] == 1.0);
        "#,
    );
    assert!(outcome.warnings.iter().any(|w| w.contains("diverged")), "{:?}", outcome.warnings);
    assert_eq!(outcome.metrics["energy"].value, 7.0);
    assert!(outcome.stop.is_none());
}

#[test]
fn captured_variables_are_copied() {
    held(
        r#"
        let count = 0;
        let list = [1];
        let t = sweep(#{n: [1, 2, 3]}, |p| { count += 1; list.push(p.n); #{seen: count, length: list.len()} });
        expect("each cell begins anew", t.column("seen") == [1.0, 1.0, 1.0] && t.column("length") == [2.0, 2.0, 2.0]);
        expect("nothing outside changes", count == 0 && list.len() == 1);
        "#,
    );
}

#[test]
fn tables_of_sweeps_are_drawn_and_saved() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        let two = sweep(#{a: [1, 2], b: [0.1, 10], seed: [1, 2]}, |p| #{value: p.a * p.b + p.seed});
        two.plot("two.svg");
        let one = sweep(#{a: [1, 2], kind: ["x", "y"]}, |p| #{value: p.a});
        one.plot("one.svg", #{log_y: true, y: ["value"]});
        two.save("t.csv");
    "#;
    let (outcome, _) = stage::run_in(folder.path(), script);
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("run").join(name)).unwrap();
    assert!(read("plots/two.svg").contains(">b<") && read("plots/one.svg").contains("kind=y"));
    assert!(read("tables/t.csv").starts_with("a,b,value,value_se,value_sd\n1,0.1,1.6,"), "{}", read("tables/t.csv"));
    assert!(failure("sweep(#{a: [\"x\", \"y\"]}, |p| #{v: 1}).plot(\"x.svg\");").contains("axes of numbers must vary"));
}

/// Every level doubles the cells, and a failing cell does not stop the others.
#[test]
fn a_recursion_through_sweeps_ends() {
    let text = "fn f() { sweep(#{a: [1, 2]}, |p| { f(); #{v: 1} }) }\nf();";
    assert!(failure(text).contains("nested deeper than the limit of 4 levels"));
    held(
        "let inner = |p| sweep(#{b: [1, 2]}, |q| #{v: q.b}).best(\"v\").v;\n\
          expect(\"two levels\", sweep(#{a: [1, 2]}, |p| #{v: inner.call(p)}).n == 2);",
    );
}

#[test]
fn the_columns_of_a_table_have_names_of_their_own() {
    for (sweep, words) in [
        ("sweep(#{a: [1, 2]}, |p| #{a: 3, c: p.a});", "returned `a`, which is the name of an axis"),
        ("sweep(#{a: [1, 2]}, |p| #{failed: 0});", "would have the name `failed`"),
        ("sweep(#{failed: [1, 2]}, |p| #{c: 0});", "would have the name `failed`"),
        ("sweep(#{seed: [1, 2]}, |p| #{b: p.seed, b_sd: 9});", "would have the name `b_sd`"),
        ("sweep(#{seed: [1, 2]}, |p| #{b: p.seed, b_se: 9});", "would have the name `b_se`"),
        ("sweep(#{seed: [1, 2], b_sd: [3]}, |p| #{b: p.seed});", "would have the name `b_sd`"),
        ("sweep(#{a: [1, 2], seed: [1]}, |p| if p.a == 1 { #{b: 1} } else { #{b_sd: 2} });", "the name `b_sd`"),
    ] {
        assert!(failure(sweep).contains(words), "{sweep}: {}", failure(sweep));
    }
    held("let t = sweep(#{a: [1, 2]}, |p| #{b: p.a, b_sd: 9}); expect(\"own\", t.rows[1].b_sd == 9.0);");
    for axis in ["[2, 1, 2.0]", "[\"a\", \"a\"]", "[2, \"2\"]"] {
        let told = failure(&format!("sweep(#{{n: {axis}}}, |p| #{{a: 1}});"));
        assert!(told.contains("the axis `n` has the value") && told.contains("give each value once"), "{told}");
    }
}

#[test]
fn bad_axes_are_told() {
    for (axes, words) in [
        ("#{n: 3}", "the axis `n` is a whole number (3)"),
        ("#{n: []}", "the axis `n` is empty"),
        ("#{n: [[1]]}", "the axis `n` holds an array"),
    ] {
        let told = failure(&format!("sweep({axes}, |p| #{{a: 1}});"));
        assert!(told.contains(words) && told.contains("hint: write n: [1, 2, 3]"), "{told}");
    }
    assert!(failure("sweep([1], |p| #{a: 1});").contains("a map of axes"));
    assert!(failure("sweep(#{n: [1]}, 3);").contains("a function |p| #{..}"));
    assert!(
        failure("let r = []; for i in 0..200 { r.push(i); } sweep(#{a: r, b: r}, |p| #{a: 1});")
            .contains("at most 10000 are allowed")
    );
    assert!(failure("table([#{a: 1}]).best(\"b\");").contains("no column `b`"));
}

/// The random numbers of a cell depend on the cell alone, and not on the cells that ran before it
/// or at the same time.
#[test]
fn a_cell_has_random_numbers_of_its_own() {
    let third = |first: &str| {
        let text = format!(
            "let t = sweep(#{{a: [1, 2, 3]}}, |p| {{ {first} #{{m: normal(3, 1).mean()[0]}} }}); record(#{{m: t.column(\"m\")[2]}});
             record(#{{second: t.column(\"m\")[1], after: normal(3, 1).mean()[0]}});"
        );
        let (outcome, _) = stage::run(&text);
        assert_eq!(outcome.failure.as_ref().map(stage::told), None);
        ["m", "second", "after"].map(|name| outcome.metrics[name].value)
    };
    let alone = third("");
    assert_eq!(alone, third("if p.a == 1 { normal(9, 1); }"));
    assert!(alone[0] != alone[1] && alone[1] != alone[2]);
}

#[test]
fn a_generator_from_outside_is_copied_for_each_cell() {
    held(
        r#"
        let p = ar1(0.5, #{dim: 2});
        let g = affine(#{dim: 2});
        let boxed = #{list: [g]};
        let train = |model| fit(model, sd_flow(p, gaussian_fit()), gaussian(#{dim: 2}), #{steps: 3, batch: 32});
        let before = g.cov()[0][0];
        let t = sweep(#{a: [1, 2]}, |c| { let own = boxed.list[0]; train.call(own); train.call(g);
                      #{first: own.cov()[0][0], begun: before} });
        expect("trained inside", t.column("first")[0] != before && t.column("first")[0] != t.column("first")[1]);
        expect("untouched outside", g.cov()[0][0] == before);
        "#,
    );
}

#[test]
fn a_threshold_in_a_cell_is_refused() {
    let told = failure("sweep(#{a: [1]}, |p| { threshold(\"m\", \"<\", 1); #{m: 1} });");
    assert!(told.contains("checks the final metrics of the run") && told.contains("after the sweep"), "{told}");
}

/// The result of a finished cell is read back unchanged, NaN included; the result of another run is
/// not used.
#[test]
fn finished_cells_are_answered_from_the_run_folder() {
    let script = r#"
        let t = sweep(#{a: [1, 2]}, |p| { print(p.a); expect("odd", p.a == 1); save(normal(2, 2), `${p.a}.csv`);
                      #{nan: 0.0 / 0.0, inf: 1.0 / 0.0, third: energy(normal(9, 2), normal(9, 2))} });
        print(t.rows);
    "#;
    let folder = tempfile::tempdir().unwrap();
    let read = || std::fs::read_to_string(folder.path().join("run/cells/0.jsonl")).unwrap();
    let told = |(outcome, said): (Outcome, Vec<String>)| (said, outcome.checks, outcome.files, outcome.pairs);
    let first = told(stage::run_in(folder.path(), script));
    let lines = read();
    assert_eq!(lines.lines().count(), 2);
    std::fs::remove_dir_all(folder.path().join("run/samples")).unwrap();
    assert_eq!(told(stage::run_in(folder.path(), script)), first);
    assert!(folder.path().join("run/samples/2.csv").is_file());
    let sorted = |text: &str| text.lines().map(String::from).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&read()), sorted(&lines));
    stage::run_in(folder.path(), &script.replace("normal(9, 2)", "normal(8, 2)"));
    assert!(sorted(&read()).is_disjoint(&sorted(&lines)));
}
