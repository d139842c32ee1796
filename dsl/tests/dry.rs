//! Dry runs: they find the mistakes of a run without its work, do not decide on unknown numbers,
//! count the pairs of a run, and write nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow::pairwise::PairwiseOptions;
use sdflow_dsl::{CheckReport, Diagnostic, Listener, Request, check, execute, prepare};
use std::path::Path;
use std::sync::Arc;

/// The report, and what the script printed.
fn checked(text: &str) -> (CheckReport, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    stage::data(folder.path());
    let request = Request { quick: false, ..stage::request(folder.path(), text) };
    let heard = Arc::new(stage::Heard::default());
    let report = check(&request, &(heard.clone() as Arc<dyn Listener>), None);
    let written = std::fs::read_dir(folder.path().join("run")).unwrap().count();
    assert_eq!(written, 0, "nothing is written");
    (report, heard.said())
}

fn told(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(stage::told).collect()
}

#[test]
fn mistakes_are_found_behind_long_runs() {
    let long = "let p = dataset(\"moons\");\nlet r = run(sd_flow(p.sample(200000)), normal(200000, 2), p, \
                #{steps: 100000, metrics: [\"energy\"]});\n";
    for (mistake, cause, line) in [
        ("let f = energy(r.points, normal(500, 3));", "columns", 3),
        ("let o = #{stpes: 3};\nrun(sd_flow(r.points), r.points, o);", "no option `stpes`", 4),
        ("let s = -1.0;\nrun(sd_flow(r.points, #{sigma: s}), r.points);", "`sigma`", 4),
        (
            "let name = \"enrgy\";\nlet m = [name];\nrun(sd_flow(p.sample(9)), r.points, p, #{metrics: m});",
            "`enrgy`",
            5,
        ),
        ("let x = load(\"no\" + \".npy\");", "no file `no.npy`", 3),
        ("r.points.rows(5, 200001);", "200000 points", 3),
        ("threshold(\"enrgy\", \"<\", 0.1);", "no metric `enrgy`", 3),
        ("save(r.points, \"x.txt\");", "\"x.txt\"", 3),
        ("sweep(#{n: [5, 6]}, |p| #{e: energy(normal(p.n, 3), r.points)});", "columns", 3),
    ] {
        let (report, _) = checked(&format!("{long}{mistake}"));
        let [error] = report.errors.as_slice() else { panic!("{mistake}: {:?}", report.errors) };
        assert!(error.message.contains(cause), "{mistake}: {}", error.message);
        assert_eq!(error.place.as_ref().map(|p| p.line), Some(line), "{mistake}");
    }
}

#[test]
fn results_are_unknown() {
    let (report, said) = checked(
        r#"
        let x = normal(3000, 2);
        let e = energy(x, normal(3000, 2));
        let twice = 2 * e + 1.0;
        print(`${e} ${twice} ${x.mean()[0]} ${x.cov()[0][1].sqrt()} ${x.n} ${e.floor}`);
        let sigma = geometric(x.diameter(), x.spacing());
        let r = run(sd_flow(x, #{sigma: sigma}), normal(3000, 2), #{steps: 3, snapshots: 2});
        record(#{twice: twice});
        threshold("twice", "<", 3);
        expect("small", e < 0.1 && twice < 2);
        let rounds = 0;
        while e > 0.1 { rounds += 1; }
        let kept = if e < 0.2 { r.points } else { r.snapshots[1] };
        print(kept);
        table([#{e: e}]);
        let total = (twice * 100).to_int();
        let y = normal(total, 2);
        "#,
    );
    assert_eq!(told(&report.errors), "");
    assert_eq!(said, ["? ? ? ? 3000 ?", "3000 points in 2 dimensions", "a table of 1 row: e"]);
    let lines: Vec<usize> = report.notes.iter().map(|note| note.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [12, 13]);
    assert_eq!(report.claims, 2);
}

#[test]
fn functions_of_numbers_take_unknown_numbers() {
    let one = "abs sqrt exp ln log sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians \
               int fraction floor ceiling round to_float to_int";
    for name in one.split_whitespace() {
        let script = |number: &str| format!("let number = {number}; let y = number.{name}(); print(`${{y}}`);");
        let (known, said) = checked(&script("0.5"));
        assert_eq!((told(&known.errors), said.len()), (String::new(), 1), "{name} of a number");
        let (report, said) = checked(&script("1.0 * energy(normal(9, 2), normal(9, 2))"));
        assert_eq!((told(&report.errors), said), (String::new(), vec!["?".into()]), "{name}");
    }
    for call in ["hypot(number, 2.0)", "atan(1.0, number)", "log(number, 2.0)", "min(number, 1)", "max(2.0, number)"] {
        let script = format!("let number = 1.0 * energy(normal(9, 2), normal(9, 2)); print(`${{{call}}}`);");
        let (report, said) = checked(&script);
        assert_eq!((told(&report.errors), said), (String::new(), vec!["?".into()]), "{call}");
    }
    // A run refuses whole numbers here, and the check ends.
    for call in ["hypot(number, 1)", "atan(1, number)", "log(number, 2)"] {
        let (report, _) = checked(&format!("let number = 1.0 * energy(normal(9, 2), normal(9, 2)).value; {call};"));
        assert_eq!(report.errors.len() + report.notes.len(), 1, "{call}");
        let (outcome, _) = stage::run(&format!("let number = 1.5; {call};"));
        assert!(outcome.failure.is_some(), "{call}");
    }
}

/// Where no unknown number can stand, the check ends without an error.
#[test]
fn an_unknown_index_or_text_is_no_mistake() {
    let begin = "let e = energy(normal(9, 2), normal(9, 2)).value;\n";
    for line in ["let x = [1, 2][to_int(e)];", "let x = parse_float(`${e}`);", "let x = \"ab\"[to_int(e)];"] {
        let (report, _) = checked(&format!("{begin}{line}"));
        assert_eq!((told(&report.errors).as_str(), report.notes.len()), ("", 1), "{line}");
    }
}

#[test]
fn both_answers_are_checked() {
    let script = |both: [&str; 2]| {
        format!("let e = energy(normal(9, 2), normal(9, 2));\nif e < 1.0 {{ {} }} else {{ {} }}", both[0], both[1])
    };
    for both in [["normal(9, 2).pionts", "()"], ["()", "normal(9, 2).pionts"]] {
        let (report, _) = checked(&script(both));
        // The run may take the other branch.
        assert_eq!((told(&report.errors).as_str(), report.warnings.len()), ("", 1), "{both:?}");
    }
    // After an assumption, an index may be valid in a run, and a script may foresee its `throw`.
    let (report, _) = checked(&script(["[][1]", "()"]));
    assert_eq!((told(&report.errors).as_str(), report.notes.len()), ("", 2));
    let (report, _) = checked(&script(["throw 1", "()"]));
    assert_eq!((told(&report.errors).as_str(), report.notes.len()), ("", 1));
    // An error that depends on a result is not counted as a mistake; the check ends there.
    let (report, _) = checked("let e = energy(normal(9, 2), normal(9, 2));\nfor i in 0..(e.value * 10).to_int() { }\n");
    assert_eq!((told(&report.errors).as_str(), report.notes.len()), ("", 1));
    let (report, _) = checked(
        "let e = energy(normal(9, 2), normal(9, 2));\nlet s = sd_flow(normal(9, 2), #{sigma: -e.value.abs() - 1});",
    );
    assert_eq!((told(&report.errors).as_str(), report.notes.len()), ("", 1));
}

/// The number of pairs that the dry run estimates, and the number that the run evaluates, with
/// `--quick`.
fn pairs(request: &Request) -> (u64, u64) {
    let report = check(request, &stage::nobody(), None);
    assert_eq!(told(&report.errors), "", "{}", request.script.display());
    let outcome = execute(&prepare(request).unwrap(), stage::nobody());
    assert_eq!(outcome.failure, None);
    (report.works.iter().map(|work| work.cost.pairs).sum(), outcome.pairs)
}

#[test]
fn pairs_are_those_of_a_run() {
    // No block is skipped, so the estimate equals the number of evaluated pairs.
    for name in ["grid25", "mystery3d", "high_dim_gauss", "sweep_2d"] {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../scripts/{name}.rhai"));
        let pairwise = PairwiseOptions { skip: false, ..PairwiseOptions::default() };
        let request = Request { script, pairwise, ..stage::request(folder.path(), "") };
        let (foretold, evaluated) = pairs(&request);
        assert_eq!(foretold, evaluated, "{name}");
    }
}

#[test]
fn samplers_cost_what_is_foretold() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        let x = normal(60, 2);
        let flow = pf_ode(x, #{denoise: true});
        let r = run(flow, flow.prior(70), #{steps: 9});
        let corrected = predictor_corrector(x, #{corrections: 2});
        run(corrected, corrected.prior(50), #{steps: 5});
        run(svgd(gaussian(#{dim: 2})), r.points, #{steps: 7});
        run(mmd_flow(x, #{weighting: "normalised", kernel: [laplace(1), imq(2)], noise: 0.3}), r.points, #{steps: 7});
        run(langevin(x, #{sigma: 0.5}), r.points, #{steps: 7});
    "#;
    let (foretold, evaluated) = pairs(&stage::request(folder.path(), text));
    assert_eq!(foretold, evaluated);
}

#[test]
fn cells_of_a_sweep_count_and_kept_floors_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        let x = normal(60, 2);
        let y = normal(70, 2);
        let t = sweep(#{a: [1, 2, 3], seed: [1, 2]}, |p| {
            let r = run(mmd_flow(x), y, #{steps: 4});
            #{mmd: mmd(r.points, x, #{floor: false}), more: p.a + r.stats.steps}
        });
        print(t.best("mmd").a);
        energy(x, y);
        energy(y, x);
        energy(x, y);
        let g = affine(#{dim: 2});
        fit(g, sd_flow(x), gaussian(#{dim: 2}), #{steps: 9, batch: 40});
        distill(g, x, gaussian(#{dim: 2}), #{steps: 9, batch: 40, levels: 3, hidden: 4, warm_up: 5});
    "#;
    let (foretold, evaluated) = pairs(&stage::request(folder.path(), text));
    assert_eq!(foretold, evaluated);
}

/// A check of any request ends at once, with an estimate of the cost or with an error.
#[test]
fn no_number_makes_a_check_hang_or_fall() {
    let long = "#{steps: 1000000000000}";
    for text in [
        format!("run(sd_flow(normal(50, 2)), normal(50, 2), {long});"),
        format!("fit(affine(#{{dim: 2}}), sd_flow(normal(50, 2)), gaussian(#{{dim: 2}}), {long});"),
        format!("pf_ode(gaussian(#{{dim: 2}})).log_density(normal(5, 2), {long});"),
        "run(sd_flow(normal(50, 2)), normal(50, 2), #{steps: 9000000000000000000});".into(),
    ] {
        assert_eq!(told(&checked(&text).0.errors), "", "{text}");
    }
    for (text, option) in [
        ("predictor_corrector(normal(50, 2), #{corrections: 9000000000000000000});", "`corrections`"),
        ("pf_ode(gaussian(#{dim: 2})).log_density(normal(5, 2), #{probes: 1000000000000000});", "`probes`"),
        ("sliced_w2(normal(50, 2), normal(50, 2), #{directions: 1000000000000000});", "`directions`"),
    ] {
        let said = told(&checked(text).0.errors);
        assert!(said.contains(option) && said.contains("at most"), "{text}: {said}");
    }
}

#[test]
fn arrays_of_unknown_numbers_are_sorted() {
    let text = "let x = normal(50, 2);\nlet y = normal(50, 2);\nlet all = [energy(x, y).value, energy(y, x).value, 0.5];\n\
                all.sort();\nprint(`${all.len()} ${all[1]}`);\nlet known = [3, 1, 2];\nknown.sort();\nprint(known);";
    let (report, said) = checked(text);
    assert_eq!(told(&report.errors), "");
    assert_eq!(said, ["3 ?", "[1, 2, 3]"]);
    let (report, _) = checked("let mixed = [1, \"a\"];\nmixed.sort();");
    assert!(told(&report.errors).contains("different types"), "{}", told(&report.errors));
}

/// A dry run accepts of a reading exactly what a run accepts.
#[test]
fn a_reading_has_the_operators_of_a_run() {
    let begin = "let p = dataset(\"moons\");\nlet e = energy(p.sample(20), p);\n";
    for (expression, runs) in [
        ("e ** 2", true),
        ("2.0 ** e", true),
        ("e * e / 2 - 1.5", true),
        ("abs(-e)", true),
        ("sqrt(e.to_float())", true),
        ("e % 2", false),
        ("+e", false),
        ("sqrt(e) + ln(e) - exp(e)", true),
        ("min(e, 1) + max(0.5, e) + max(e, e)", true),
        ("round(e)", false),
        ("is_nan(e)", false),
    ] {
        let script = format!("{begin}let x = {expression};");
        let (outcome, _) = stage::run(&script);
        assert_eq!(outcome.failure.is_none(), runs, "run: {expression}: {:?}", outcome.failure);
        let (report, _) = checked(&script);
        assert_eq!(report.errors.is_empty(), runs, "check: {expression}: {}", told(&report.errors));
    }
}
