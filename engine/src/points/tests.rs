//! Sets of points are checked when they are made.

use super::checks::CHECKED;
use super::*;

#[test]
fn the_door_names_the_place_of_a_bad_value() {
    let e = Points::new(vec![0.0, 1.0, f64::NAN, 3.0], 2, "x.npy").unwrap_err();
    assert!(matches!(e, Error::NotFinite { row: 1, column: 0, .. }));
    assert!(Points::new(vec![0.0; 3], 2, "x").is_err());
    let tiny = Points::new(vec![0.0, 1e-160], 1, "x").unwrap().check_scale("x.npy").unwrap_err().to_string();
    assert!(tiny.starts_with("x.npy: its largest coordinate is 1e-160"), "{tiny}");
    Points::zeros(3, 1).check_scale("x.npy").unwrap();
    let told = Points::new(vec![1e150, -1e155], 1, "x").unwrap().check_squares("x.npy").unwrap_err().to_string();
    assert!(told.contains("-1e155 in row 1") && told.contains("at most 1e150"), "{told}");
    assert!(Points::new(vec![], 2, "x").is_err());
}

#[test]
fn the_first_bad_value_is_found_in_every_block() {
    let n = 3 * CHECKED + 7;
    for at in [0, 1, CHECKED - 1, CHECKED, 2 * CHECKED + 5, n - 1] {
        for (bad, limit) in [(f64::NAN, "finite"), (f64::NEG_INFINITY, "finite"), (-1e151, "1e150")] {
            let mut data = vec![0.5; n];
            (data[at], data[n - 1]) = (bad, bad);
            let made = Points::new(data, 1, "x").and_then(|points| points.check_squares("x"));
            let told = made.unwrap_err().to_string();
            assert!(told.contains(&format!("in row {at}")) && told.contains(limit), "{told}");
        }
    }
}

#[test]
fn covariance_of_two_points() {
    let p = Points::from_rows(&[[0.0, 0.0], [2.0, 4.0]]).unwrap();
    let c = p.covariance();
    assert_eq!((c[(0, 0)], c[(0, 1)], c[(1, 1)]), (1.0, 2.0, 4.0));
    assert_eq!(p.spread(), 5f64.sqrt());
}
