//! Entropic transport from scripts: results, weights, messages, and the estimate of its cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use stage::{holds, run, told};

#[test]
fn a_coupling_has_values_entries_and_means() {
    holds(
        "let x = normal(60, 2);
         let y = normal(50, 2);
         let p = sinkhorn(x, y, #{epsilon: 0.1, debias: true});
         expect(\"converged\", p.converged && p.marginal_error <= 1e-6 && p.epsilon == 0.1 && p.iterations > 1);
         expect(\"entropy\", p.cost > p.transport_cost && p.transport_cost > 0 && p.divergence > 0);
         let row = 0.0;
         for j in 0..50 { row += p.plan(3, j); }
         expect(\"a row\", abs(60 * row - 1) < 1e-9);
         let most = p.heaviest(3, 2);
         expect(\"heaviest\", most.len() == 2 && most[0].mass == p.plan(3, most[0].column));
         let f = p.potentials();
         expect(\"potentials\", f[0].len() == 60 && f[1].len() == 50);
         expect(\"means\", p.transport().n == 60 && p.transport(y.rows(0, 7)).n == 7);
         print(p);",
    );
}

/// A weight of 3 counts as three points, in the plan, in the flow and in the metric.
#[test]
fn weights_of_samples_are_used() {
    holds(
        "let rows = points([[-2.0], [2.0]]);
         let coin = samples(rows, #{weights: [1, 3]});
         let many = points([[-2.0], [2.0], [2.0], [2.0]]);
         let y = points([[0.0], [0.5], [1.0]]);
         let near = |a, b| abs(a - b) < 1e-6;
         expect(\"cost\", near.call(sinkhorn(y, coin, #{epsilon: 0.5}).cost, sinkhorn(y, many, #{epsilon: 0.5}).cost));
         expect(\"first\", near.call(sinkhorn(coin, y, #{epsilon: 0.5}).cost, sinkhorn(many, y, #{epsilon: 0.5}).cost));
         let flow = |x| sinkhorn_flow(x, #{epsilon: 0.5, tolerance: 1e-8}).velocity(y).mean()[0];
         expect(\"flow\", abs(flow.call(coin) - flow.call(many)) < 1e-4 && abs(flow.call(coin) - flow.call(rows)) > 0.1);
         let d = |x| sinkhorn_divergence(y, x, #{epsilon: 0.5}).value;
         expect(\"divergence\", near.call(d.call(coin), d.call(many)));",
    );
}

#[test]
fn what_cannot_be_solved_is_told_with_advice() {
    let x = "let x = normal(40, 2);\nlet y = normal(40, 2);\n";
    for (call, part, hint) in [
        ("sinkhorn(x, dataset(\"moons\"));", "points are expected", "sinkhorn(.., target.sample(2000))"),
        ("sinkhorn(x, y, #{epsilon: 0});", "`epsilon` is 0", ""),
        ("sinkhorn(x, y, #{epsilon: 1, blur: 1});", "`epsilon` is given too", ""),
        ("sinkhorn(x, normal(5, 3));", "3 columns", ""),
        ("print(sinkhorn(x, y).divergence);", "without its divergence", "debias: true"),
        ("sinkhorn(x, y).plan(40, 0);", "`i` is 40", ""),
        ("sinkhorn_divergence(x, y, #{epsilon: 1e-4, max_iterations: 3});", "increase `max_iterations`", ""),
        ("let f = sinkhorn_flow(x, #{blur: -1});", "`blur` is -1", ""),
    ] {
        let (outcome, _) = run(&format!("{x}{call}"));
        let failure = outcome.failure.unwrap_or_else(|| panic!("{call} did not fail"));
        let said = told(&failure);
        assert!(said.contains(part) && said.contains(hint), "{call}: {said}");
    }
    let (outcome, _) = run(&format!("{x}sinkhorn(x, y, #{{epsilon: 1e-3, max_iterations: 5}});"));
    assert!(outcome.failure.is_none());
    let said = format!("{:?}", outcome.warnings);
    assert!(said.contains("after 5 iterations") && said.contains("increase `max_iterations`"), "{said}");
}

#[test]
fn a_check_estimates_the_cost_and_keeps_the_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let x = normal(300, 2);
        let p = sinkhorn(x, normal(200, 2), #{epsilon: 0.05, debias: true, max_iterations: 1000000});
        print(p.plan(299, 199) + p.heaviest(299, 3)[2].mass + p.divergence);
        print(p.transport().n);
        print(sinkhorn_divergence(x, normal(250, 2)));
        run(sinkhorn_flow(x), normal(200, 2), #{steps: 3});";
    let request = sdflow_dsl::Request { quick: false, ..stage::request(folder.path(), text) };
    let report = sdflow_dsl::check(&request, &stage::nobody(), None);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let works: Vec<&str> = report.works.iter().map(|work| work.what.as_str()).collect();
    for what in ["sinkhorn", "transport", "sinkhorn_divergence", "run sinkhorn_flow"] {
        let work = report.works.iter().find(|work| work.what == what).unwrap_or_else(|| panic!("{what} of {works:?}"));
        assert!(work.cost.pairs > 0, "{what}: {:?}", work.cost);
    }
    let pairs = |what: &str| report.works.iter().find(|work| work.what == what).unwrap().cost.pairs;
    assert_eq!(pairs("transport"), 300 * 200);
    assert!(pairs("sinkhorn") > 100 * 2 * 300 * 200);
}

/// Between ends of standard deviation 0.001 and with epsilon = 1, the noise of a step of length
/// 1/25 has the standard deviation 0.2.
#[test]
fn noise_wider_than_the_end_of_a_bridge_is_told() {
    let told = |epsilon: &str, options: &str| {
        let (outcome, _) = run(&format!(
            "let g = gaussian(#{{dim: 2, std: 0.001}});
             let b = gaussian_bridge(g, g, #{{{epsilon}}});
             let y = b.sample(g.sample(50), #{{{options}}});"
        ));
        assert!(outcome.failure.is_none());
        outcome.warnings.into_iter().find(|warning| warning.contains("the noise of one step"))
    };
    let warning = told("epsilon: 1", "steps: 25").unwrap();
    assert!(warning.contains("deviation 0.2, and") && warning.contains("only 0.001"), "{warning}");
    for (epsilon, options) in
        [("", "steps: 25"), ("epsilon: 1e-6", "steps: 5"), ("epsilon: 1", "steps: 25, denoise: true")]
    {
        assert_eq!(told(epsilon, options), None, "{epsilon}, {options}");
    }
}

/// A point of weight 0 keeps its place, although it receives nothing. The other two points are as
/// far apart as many times the blur, so that each sends its mass to its twin.
#[test]
fn points_of_weight_0_keep_their_places_in_a_plan() {
    holds(
        "let x = points([[0.0], [10.0]]);
         let y = samples(points([[-50.0], [0.0], [10.0]]), #{weights: [0, 1, 1]});
         let p = sinkhorn(x, y, #{epsilon: 0.1});
         expect(\"nothing\", p.plan(0, 0) == 0.0 && p.plan(1, 0) == 0.0);
         expect(\"twins\", abs(p.plan(0, 1) - 0.5) < 1e-4 && abs(p.plan(1, 2) - 0.5) < 1e-4);
         expect(\"column\", p.heaviest(0, 1)[0].column == 1);
         expect(\"potentials\", p.potentials()[1].len() == 3);
         let back = sinkhorn(y, x, #{epsilon: 0.1}).transport();
         expect(\"rows\", back.n == 3 && abs(back.column(0)[1]) < 1e-6 && abs(back.column(0)[2] - 10.0) < 1e-6);",
    );
}
