//! Formulas in the text of a script or a file.

use sdflow::expression::Expression;
use sdflow::{Error, Result};

/// Points of three coordinates at which a formula is evaluated. There are more rows than in one
/// block.
fn rows() -> Vec<f64> {
    let place = |i: usize| [0.0, 1.0, -1.0, 0.5, 1e3, -1e-3, 2.0, -7.25, 1e200][i % 9];
    (0..120).map(place).collect()
}

/// A formula of a point and a formula of the progress. The values and slopes of a row do not depend
/// on the other rows, and the place of an error is in the text.
pub fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parameters = [("a".to_string(), vec![2.0], true), ("list".to_string(), vec![1.0, -3.0], false)];
    check(&text, 3, || Expression::of_point(&text, 3, &parameters));
    check(&text, 1, || Expression::of_progress(&text));
}

fn check(text: &str, inputs: usize, parse: impl Fn() -> Result<Expression>) {
    let formula = match parse() {
        Ok(formula) => formula,
        Err(Error::Expression { at, length, message, .. }) => {
            let end = text.chars().count();
            assert!(at <= end && length >= 1 && at + length <= end + 1, "{at} + {length} of {end}: {message}");
            return;
        }
        Err(other) => panic!("{other}"),
    };
    assert!(formula == parse().unwrap());
    let rows = rows();
    let (values, slopes) = (formula.values(&rows), formula.gradients(&rows));
    assert_eq!(slopes.len(), rows.len());
    for (i, row) in rows.chunks(inputs).enumerate().step_by(7) {
        assert_eq!(formula.at(row).to_bits(), values[i].to_bits(), "row {i} of {text}");
        let bits = |slopes: &[f64]| slopes.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&formula.gradients(row)), bits(&slopes[inputs * i..][..inputs]), "row {i} of {text}");
    }
}
