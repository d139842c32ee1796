//! Target densities that the user defines, and formulas as schedules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use stage::{holds, run};

#[test]
fn a_flow_on_a_formula_ends_near_its_moments() {
    // Variances std^2 = 2.25 and 1 + 2 bend^2 std^4 = 1.91; the mean is 0.
    holds(
        "let p = density(2, \"-((x0/s)^2 + (x1 - b*(x0^2 - s^2))^2) / 2\", #{s: 1.5, b: 0.3});
         let r = run(sd_flow(p, #{sigma: geometric(2.5, 0.25)}), normal(500, 2), #{steps: 30});
         let m = r.points.mean();
         let c = r.points.cov();
         print(`${m} ${c[0][0]} ${c[1][1]} ${c[0][1]}`);
         expect(\"mean\", abs(m[0]) < 0.2 && abs(m[1]) < 0.2);
         expect(\"length\", abs(c[0][0] / 2.25 - 1) < 0.2);
         expect(\"height\", abs(c[1][1] / 1.91 - 1) < 0.25);",
    );
}

#[test]
fn functions_are_called_with_all_points_and_tell_the_score() {
    let (_, said) = holds(
        "let q = ar1(0.5, #{dim: 2});
         let both = density(2, |x| { print(`values ${x.n}`); q.log_density(x) }, |x| { print(`score ${x.n}`); q.score(x) });
         let one = density(2, |x| q.log_density(x));
         let at = normal(7, 2);
         let want = q.score(at).column(1);
         let exact = both.score(at).column(1);
         let near = one.score(at).column(1);
         for i in 0..7 {
             expect(\"given\", exact[i] == want[i]);
             expect(\"differences\", abs(near[i] - want[i]) < 1e-8);
         }
         let options = #{sigma: 0.5, noise: \"none\"};
         let r = run(sd_flow(smoothed(both, #{samples: 4}), options), at, #{steps: 2, every: 2});",
    );
    // One call for the comparison; then, in each of two steps and at the two measurements, four
    // evaluations of all points.
    let calls = |what: &str| said.iter().filter(|line| *line == &format!("{what} 7")).count();
    assert_eq!(said.len(), calls("values") + calls("score"), "{said:?}");
    assert_eq!((calls("score") - 1) % 4, 0, "{said:?}");
    assert!((9..=17).contains(&calls("score")) && calls("values") + 1 == calls("score"), "{said:?}");
}

#[test]
fn captured_variables_are_copied_and_functions_of_the_script_known() {
    holds(
        "fn halved(u) { u / 2.0 }
         let a = 3.0;
         let p = density(1, |x| x.column(0).map(|u| -a * halved(u * u)));
         a = 100.0;
         expect(\"a as it was\", abs(p.score(points([[2.0]])).column(0)[0] + 6.0) < 1e-6);",
    );
}

#[test]
fn much_time_in_functions_is_told() {
    let busy = "let p = density(1, |x| { let s = 0.0; for i in 0..20000 { s += i; } x.column(0).map(|u| -u * u / 2) },
                                |x| points(x.column(0).map(|u| [-u])));
         run(sd_flow(smoothed(p, #{samples: 2}), #{sigma: 0.5}), normal(50, 1), #{steps: 3});";
    let (outcome, _) = run(busy);
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    assert!(outcome.warnings.iter().any(|w| w.contains("functions of the script took")), "{:?}", outcome.warnings);
    assert!(outcome.seconds["callbacks"] > 0.0);
    let (outcome, _) = run("let p = density(1, \"-x0^2 / 2\");
         run(sd_flow(p, #{sigma: |t| 1.5 - t}), normal(50, 1), #{steps: 3});");
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    assert!(outcome.warnings.is_empty() && !outcome.seconds.contains_key("callbacks"), "{:?}", outcome.warnings);
}

#[test]
fn a_score_that_is_no_number_ends_as_divergence_with_its_place() {
    let (outcome, _) = run("let p = density(1, \"3*log(x0) - x0\");
         let flow = sd_flow(exact(p), gaussian_fit(), #{sigma: 0, scaling: \"raw\", noise: \"none\", step: 0.5});
         let r = run(flow, points([[1.0], [0.0]]), #{steps: 3});
         expect(\"diverged\", r.stop == \"diverged\");");
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    assert!(outcome.checks[0].pass);
    assert!(outcome.warnings.iter().any(|w| w.contains("not finite at (0.0000)")), "{:?}", outcome.warnings);
}

#[test]
fn formulas_are_schedules() {
    let (outcome, _) = holds(
        "let x = normal(50, 2);
         let table = run(sd_flow(x, #{sigma: \"0.1 + (1 - t)^2\", step: \"1 - t/2\"}), normal(50, 2), #{steps: 4, every: 1});
         let sigma = table.history.rows[2].sigma;
         expect(\"half way\", abs(sigma - 0.35) < 1e-12);",
    );
    drop(outcome);
}

/// The messages of a script that fails.
fn said(script: &str) -> String {
    let (outcome, _) = run(script);
    format!("{script}\n\n{}\n----\n", stage::told(&outcome.failure.unwrap_or_else(|| panic!("it runs: {script}"))))
}

#[test]
fn mistakes() {
    let scripts = [
        "let p = density(2, \"-(x[0]^2 + x[1]^2 / 2\");",
        "let p = density(2, \"-x[2]^2\");",
        "let p = density(2, \"-x0^2 - exq(x1)\");",
        "let p = density(2, \"-x0^2 / b\", #{a: 1});",
        "let p = density(2, \"-x0^2 / a\", #{a: \"wide\"});",
        "let p = density(2, \"-x0^2\", #{x0: 1});",
        "let p = density(2, \"-x0^2\", #{a: normal(3, 2)});",
        "let text = \"-x0^2 +\";\nlet p = density(2, text);",
        "let p = density(0, \"1\");",
        "let p = density(2, 3);",
        "let p = density(2, |x| x.column(0), #{a: 1});",
        "let p = density(2, |x| 3);\np.log_density(normal(3, 2));",
        "let p = density(2, |x| [1]);\np.log_density(normal(3, 2));",
        "let p = density(2, |x| ['a', 'b', 'c']);\np.log_density(normal(3, 2));",
        "let p = density(2, |x| x.column(0), |x| x.column(0));\np.score(normal(3, 2));",
        "let p = density(2, |x|\n    x.colum(0));\np.log_density(normal(3, 2));",
        "let p = density(2, |x|\n    x.column(2));\nrun(sd_flow(p, #{sigma: 1}), normal(3, 2));",
        "let p = density(2, \"-x0^2 - x1^2\");\nlet x = p.sample(10);",
        "let p = density(2, \"-x0^2 - x1^2\");\nrun(sd_flow(p), normal(10, 2));",
        "let p = density(2, \"-x0^2 - x1^2\");\nrun(sd_flow(p, #{sigma: 1}), normal(10, 3));",
        "let p = density(2, \"-x0^2 - x1^2\");\nrun(sd_flow(p, #{sigma: 1}), normal(10, 2), p);",
        "let p = density(2, \"-x0^2\");\nrun(sd_flow(exact(p), #{sigma: 1}), normal(10, 2));",
        "let s = smoothed(dataset(\"moons\"));",
        "let s = smoothed(banana(), #{samples: 1});",
        "let f = sd_flow(normal(10, 2), #{sigma: \"1 - s\"});",
        "let f = sd_flow(normal(10, 2), #{\n    sigma: \"0.1 + (1 - t\"});",
        "let f = sd_flow(normal(10, 2), #{sigma: \"0.5 - t\"});",
    ];
    insta::assert_snapshot!(scripts.map(said).concat());
}
