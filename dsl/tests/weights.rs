//! Every function that takes `samples` uses its weights and units, or refuses them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use stage::run;

/// Samples with half of the weight at 4 and half of the weight at 5.
const COIN: &str = "let rows = points([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]);
    let coin = samples(rows, #{weights: [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]});
    let good = points([[4.0], [5.0], [4.0], [5.0], [4.0], [5.0]]);";

#[test]
fn metrics_see_the_weights_of_a_reference() {
    for metric in ["energy", "mmd", "sliced_w2", "w2", "w2_gauss", "frechet", "mean_error", "covariance_error"] {
        let (outcome, said) =
            run(&format!("{COIN}\nprint({metric}(good, coin).value); print({metric}(rows, coin).value);"));
        assert!(outcome.failure.is_none(), "{metric}: {:?}", outcome.failure);
        let values: Vec<f64> = said.iter().map(|line| line.parse().unwrap()).collect();
        assert!(values[0].abs() < 1e-12 && values[1] > 0.05, "{metric}: {values:?}");
    }
    for metric in ["c2st", "kl_knn", "precision_recall"] {
        let failure = run(&format!("{COIN}\n{metric}(good, coin);")).0.failure.unwrap();
        assert_eq!(failure.message, format!("`{metric}` has no rule for the weights of a reference"));
        assert!(failure.hint.unwrap().contains("target.sample(1000)"));
    }
}

#[test]
fn a_sample_tells_its_moments() {
    let (outcome, said) =
        run(&format!("{COIN}\nprint(coin.mean()); print(rounded(coin.cov()[0][0])); print(samples(rows).mean());"));
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert_eq!(said, ["[4.5]", "0.25", "[2.5]"]);
}

/// The histogram of samples with two values has no bar where all weights are 0.
#[test]
fn a_plot_draws_by_weight() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |name: &str, what: &str| {
        let script = format!("{COIN}\nplot({what}, \"{name}.svg\", #{{same_axes: false}});");
        let prepared = sdflow_dsl::prepare(&stage::request(folder.path(), &script)).unwrap();
        let outcome = sdflow_dsl::execute(&prepared, stage::nobody());
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        std::fs::read_to_string(folder.path().join("run/plots").join(format!("{name}.svg"))).unwrap()
    };
    let fours = "samples(rows, #{weights: [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]})";
    let many = "samples(points([[4.0]]), #{weights: [1.0]})";
    assert_eq!(draw("weighted", fours), draw("alone", many));
    assert_ne!(draw("weighted", fours), draw("all", "samples(rows)"));
}

#[test]
fn unbiased_of_one_point_is_refused() {
    let failure = run("print(mmd(points([[0.0, 0.0]]), normal(50, 2), #{kernel: [1.0], unbiased: true}));").0.failure;
    let failure = failure.unwrap();
    assert!(failure.message.contains("one point") && failure.message.contains("at least two"), "{failure:?}");
}
