use super::*;

fn of(text: &str) -> Expression {
    let parameters = [("a".to_string(), vec![0.3], true), ("w".to_string(), vec![1.0, 2.0, 4.0], false)];
    Expression::of_point(text, 3, &parameters).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// A formula, and the same function in Rust.
type Known = (&'static str, fn(&[f64]) -> f64);

const KNOWN: &[Known] = &[
    ("x[0] + x[1]*x[2] - 1.5e-1", |x| x[0] + x[1] * x[2] - 0.15),
    ("-x0^2", |x| -(x[0] * x[0])),
    ("2 - -x1 * .5", |x| 2.0 + 0.5 * x[1]),
    ("x0 / x1 / x2", |x| x[0] / x[1] / x[2]),
    ("2^x0^2", |x| 2f64.powf(x[0] * x[0])),
    ("x2**-3 + x0^0.5 * x0^x1", |x| x[2].powi(-3) + x[0].powf(0.5) * x[0].powf(x[1])),
    ("pow(x0, 3) + pow(x1, a)", |x| x[0].powi(3) + x[1].powf(0.3)),
    ("exp(-(x0^2 + x1^2)/2) * cos(3*x2)", |x| (-(x[0] * x[0] + x[1] * x[1]) / 2.0).exp() * (3.0 * x[2]).cos()),
    ("log(x0) + log1p(x1) + expm1(a*x2)", |x| x[0].ln() + (1.0 + x[1]).ln() + (0.3 * x[2]).exp() - 1.0),
    ("sqrt(x0^2 + x1^2)", |x| x[0].hypot(x[1])),
    ("tanh(x0) * sin(x1) + atan(x2)", |x| x[0].tanh() * x[1].sin() + x[2].atan()),
    ("abs(x0 - 2*x1)", |x| (x[0] - 2.0 * x[1]).abs()),
    ("max(x0, x1) + 3*min(x1, x2)", |x| x[0].max(x[1]) + 3.0 * x[1].min(x[2])),
    ("sigmoid(4*x0) + softplus(-3*x1)", |x| 1.0 / (1.0 + (-4.0 * x[0]).exp()) + (-3.0 * x[1]).exp().ln_1p()),
    ("logsumexp(x0, 2*x1, -x2)", |x| (x[0].exp() + (2.0 * x[1]).exp() + (-x[2]).exp()).ln()),
    ("sum(i, 0, dim, w[i] * x[i]^2)", |x| x[0] * x[0] + 2.0 * x[1] * x[1] + 4.0 * x[2] * x[2]),
    ("sum(i, 0, 2, sum(j, i, 2, x[i]*x[j + 1]))", |x| x[0] * x[1] + x[0] * x[2] + x[1] * x[2]),
    ("logsumexp(k, 0, 3, -w[k] * (x0 - k)^2)", |x| {
        (0..3).map(|k| (-[1.0, 2.0, 4.0][k] * (x[0] - k as f64).powi(2)).exp()).sum::<f64>().ln()
    }),
    ("pi * x1", |x| std::f64::consts::PI * x[1]),
];

/// Returns rows away from the kinks of abs, min and max. They fill more than one block, and the
/// last block is not full.
fn rows() -> Vec<f64> {
    (0..70)
        .flat_map(|i| [0.3 + 0.011 * f64::from(i), 1.25 - 0.002 * f64::from(i), 0.5 + 0.007 * f64::from(i)])
        .collect()
}

#[test]
fn values_are_those_of_the_formula() {
    let rows = rows();
    for (text, want) in KNOWN {
        for (row, got) in rows.chunks(3).zip(of(text).values(&rows)) {
            assert!((got - want(row)).abs() <= 1e-13 * (1.0 + want(row).abs()), "{text} at {row:?}: {got}");
            assert_eq!(of(text).at(row), got, "{text}");
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let rows = rows();
    for (text, f) in KNOWN {
        let gradients = of(text).gradients(&rows);
        for (row, gradient) in rows.chunks(3).zip(gradients.chunks(3)) {
            for j in 0..3 {
                let h = 1e-5;
                let moved = |by: f64| f(&std::array::from_fn::<f64, 3, _>(|k| row[k] + if k == j { by } else { 0.0 }));
                let want = (moved(h) - moved(-h)) / (2.0 * h);
                assert!((gradient[j] - want).abs() < 1e-7 * (1.0 + want.abs()), "{text} at {row:?}: {gradient:?}");
            }
        }
    }
}

#[test]
fn the_edges_of_the_numbers_are_kept() {
    let at = |text: &str, x: f64| {
        let f = Expression::of_point(text, 1, &[]).unwrap();
        (f.at(&[x]), f.gradients(&[x])[0])
    };
    assert_eq!(at("softplus(x0)", 1000.0), (1000.0, 1.0));
    assert_eq!(at("softplus(x0)", -1000.0), (0.0, 0.0));
    assert_eq!(at("sigmoid(x0)", -1000.0), (0.0, 0.0));
    assert_eq!(at("logsumexp(x0, -x0)", 800.0), (800.0, 1.0));
    assert_eq!(at("abs(x0)", 0.0), (0.0, 0.0));
    // A branch that is not taken contributes nothing, however steep it is.
    assert_eq!(at("max(log(x0), -10)", 0.0), (-10.0, 0.0));
    assert_eq!(at("max(log(x0), -10)", -1.0), (-10.0, 0.0));
    assert_eq!(at("log(x0)", 0.0).0, f64::NEG_INFINITY);
    assert!(at("log(x0)", -1.0).0.is_nan());
    let both = Expression::of_point("logsumexp(log(x0), log(x1))", 2, &[]).unwrap();
    assert_eq!(both.at(&[0.0, 0.0]), f64::NEG_INFINITY);
}

#[test]
fn equal_parts_are_computed_once() {
    assert_eq!(of("x0*x1 + x0*x1").tape.len(), of("(x0*x1) + 0*0").tape.len() - 1);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let f = of("logsumexp(k, 0, 3, -w[k] * (x0 - x1*k)^2) + sin(x2)");
    let rows: Vec<f64> = (0..3000).map(|i| (f64::from(i) * 0.37).sin()).collect();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (f.values(&rows), f.gradients(&rows)))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn mistakes_are_placed() {
    for (text, at, length, says, hints) in [
        ("x[0] +", 6, 1, "ends where a value", ""),
        ("x[0] + * 2", 7, 1, "`*` was found where", ""),
        ("2 x0", 2, 2, "`x0` was found where", "`*`"),
        ("(x0 + 1", 7, 1, "`)` is expected", ""),
        ("x0)", 2, 1, "no open bracket", ""),
        ("x[3]", 2, 1, "no element 3", "x[2]"),
        ("x[-1]", 2, 1, "no element -1", "x[0]"),
        ("x[0.5]", 2, 3, "whole number", ""),
        ("x[x0]", 2, 2, "depend on the point", ""),
        ("1 + x", 4, 1, "a list of 3", "x[0]"),
        ("exq(x0)", 0, 3, "no function `exq`", "`exp`"),
        ("1 + y0", 4, 2, "unknown name `y0`", ""),
        ("w*2", 0, 1, "a list of 3", "w[0]"),
        ("exp + 1", 0, 3, "is a function", "exp(..)"),
        ("exp(x0, x1)", 0, 3, "takes 1", ""),
        ("pow(x0)", 0, 3, "takes 2", ""),
        ("sum(x0, x1)", 0, 3, "takes an index", ""),
        ("sum(i, 0, 0, x[i])", 13, 1, "no term", "does not count"),
        ("sum(i, 0, 4, x[i])", 15, 1, "no element 3", ""),
        ("1 ; 2", 2, 1, "means nothing", ""),
        ("σ + x0", 0, 1, "unknown name `σ`", ""),
        ("", 0, 1, "ends where", ""),
    ] {
        let parameters = [("w".to_string(), vec![1.0, 2.0, 4.0], false)];
        match Expression::of_point(text, 3, &parameters) {
            Err(Error::Expression { at: seen, length: long, message, hint, .. }) => {
                assert_eq!((seen, long), (at, length), "{text}: {message}");
                assert!(message.contains(says) && hint.contains(hints), "{text}: {message}; {hint}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(Expression::of_point("x0", 1, &[("x".into(), vec![1.0], true)]).is_err());
    assert!(Expression::of_point("x0", 1, &[("exp".into(), vec![1.0], true)]).is_err());
}

#[test]
fn no_text_is_too_deep_or_too_long() {
    for (open, inside, close) in [("(", "1", ")"), ("-", "1", ""), ("2^", "1", ""), ("exp(", "1", ")"), ("1+", "1", "")]
    {
        let _ = Expression::of_point(&format!("{}{inside}{}", open.repeat(50_000), close.repeat(50_000)), 1, &[]);
    }
    let nested = "sum(i, 0, 100000, sum(j, 0, 100000, x0*i*j))";
    let told = Expression::of_point(nested, 1, &[]).unwrap_err().to_string();
    assert!(told.contains("200000 operations"), "{told}");
    let empty = "sum(i, 0, 1000000000, sum(j, 0, 1000000000, 1))";
    assert!(Expression::of_point(empty, 1, &[]).is_err());
}
