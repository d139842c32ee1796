//! Texts with the same words, and texts that only look so.

use super::*;

#[test]
fn numbers_become_means_with_standard_deviations() {
    let texts =
        ["ends at 1.5 floors of W2 in 20 steps (-0.25, 3e-9).", "ends at 2.5 floors of W2 in 20 steps (-0.75, 5e-9)."];
    let want = "ends at 2.00 ± 0.71 floors of W2 in 20 steps (-0.50 ± 0.35, (4.0 ± 1.4)e-9).";
    assert_eq!(merged(&texts).unwrap(), want);
    assert_eq!(merged(&texts[..1]).unwrap(), texts[0]);
    assert_eq!(merged(&["1,900 rows", "2,100 rows"]).unwrap(), "2000 ± 141 rows");
}

#[test]
fn the_error_of_one_run_gives_way_to_the_spread() {
    let rows = ["| a | 0.10 ± 0.02 | 25 of 25 |", "| a | 0.30 ± 0.04 | 24 of 25 |"];
    assert_eq!(merged(&rows).unwrap(), "| a | 0.20 ± 0.14 | 24.5 ± 0.7 of 25 |");
    assert_eq!(merged(&["0.1 ± 0.02", "0.1 ± 0.03"]).unwrap(), "0.1 ± 0");
    assert_eq!(merged(&["KL (1.0 ± 2.8)e-7", "KL (3.0 ± 2.6)e-8"]).unwrap(), "KL (6.5 ± 4.9)e-8");
    // Only one of them has an error.
    for texts in [["25 ± 1 modes", "25 of 25 modes"], ["x 0.5 ± 0.1 end", "x 0.6 to 0.9 end"]] {
        assert_eq!(merged(&texts), None);
        assert_eq!(merged(&[texts[1], texts[0]]), None);
    }
}

#[test]
fn the_spread_has_one_decimal_more_than_the_numbers() {
    assert_eq!(merged(&["0.99", "0.991"]).unwrap(), "0.9905 ± 0.0007");
    assert_eq!(mean_and_spread(&[0.99971, 0.99975], None), "0.999730 ± 0.000028");
}

#[test]
fn other_words_are_not_merged() {
    let texts = [
        ["the farthest was torus", "the farthest was helix"],
        ["f32 and 1", "f64 and 1"],
        ["3 modes", "no modes"],
        ["version 1.2.3", "version 1.3.3"],
        ["10^4 steps", "10^5 steps"],
        ["1/2", "1/3"],
        ["12:30", "12:31"],
        ["2026-11-30", "2026-12-01"],
        ["0.1", "inf"],
    ];
    for texts in texts {
        assert_eq!(merged(&texts), None, "{texts:?}");
    }
    assert_eq!(merged(&[]), None);
    assert_eq!(merged(&["", ""]).unwrap(), "");
}

#[test]
fn a_value_with_its_error_is_a_number() {
    assert!(["3", "-0.5", "0.1 ± 0.02", "(1.5 ± 0.2)e-8"].into_iter().all(is_number));
    assert!(!["", "3 of 5", "f32", "-", "true"].into_iter().any(is_number));
}

#[test]
fn digits_inside_words_are_no_numbers() {
    let numbers = |text: &'static str| -> Vec<&str> {
        let number = |piece| if let TextPiece::Number { text, .. } = piece { Some(text) } else { None };
        pieces(text).into_iter().filter_map(number).collect()
    };
    assert_eq!(numbers("x1 2x 3.5. 4, .5 -6 7-8 9e 1e5 2e-3x"), ["3.5", "4", "-6", "1e5"]);
    assert_eq!(numbers("größer als 5 µm, (1.5 ± 0.2)e-8 und 3 ± 1"), ["5", "(1.5 ± 0.2)e-8", "3 ± 1"]);
}
