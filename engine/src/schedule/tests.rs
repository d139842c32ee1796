//! Schedules have the given values at their ends, and errors name the part that is wrong.

use super::*;

fn all() -> Vec<Schedule> {
    let (from, to) = (10.0, 0.1);
    vec![
        Schedule::Linear { from, to },
        Schedule::Cosine { from, to },
        Schedule::Geometric { from, to },
        Schedule::Karras { from, to, rho: 7.0 },
        Schedule::Polynomial { from, to, power: 2.0 },
        Schedule::Sigmoid { from, to, steepness: 10.0 },
        Schedule::Adaptive { from, to },
        Schedule::Table { values: vec![10.0, 3.0, 0.1] },
    ]
}

#[test]
fn every_schedule_meets_its_ends_and_falls() {
    for s in all() {
        assert!((s.at(0.0) - 10.0).abs() < 1e-12, "{s:?}");
        assert_eq!(s.at(1.0), 0.1, "{s:?}");
        let values: Vec<f64> = (0..=100).map(|i| s.at(f64::from(i) / 100.0)).collect();
        assert!(values.windows(2).all(|w| w[1] <= w[0]), "{s:?}");
        assert!(s.check("sigma", 0.0..=f64::INFINITY).is_ok());
        assert!(s.check("sigma", 1.0..=f64::INFINITY).is_err());
    }
}

#[test]
fn the_smallest_value_may_lie_anywhere() {
    assert!(all().iter().all(|s| s.smallest() == 0.1));
    assert_eq!(Schedule::Table { values: vec![3.0, 0.5, 2.0] }.smallest(), 0.5);
    assert_eq!(Schedule::Linear { from: 0.0, to: 2.0 }.smallest(), 0.0);
    let dips: Schedule = serde_json::from_str("\"(t - 0.5)^2\"").unwrap();
    assert_eq!(dips.smallest(), 0.0);
}

#[test]
fn known_middles() {
    let middles = [5.05, 5.05, 1.0, 1.4507, 7.525, 5.05, 1.0, 3.0];
    for (s, want) in all().iter().zip(middles) {
        assert!((s.at(0.5) - want).abs() < 1e-4, "{s:?} {}", s.at(0.5));
    }
}

#[test]
fn written_and_read_back() {
    for s in all().into_iter().chain([Schedule::from(0.5)]) {
        let json = serde_json::to_string(&s).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), s, "{json}");
    }
    assert_eq!(serde_json::from_str::<Schedule>("3").unwrap(), Schedule::from(3.0));
}

#[test]
fn a_formula_is_evaluated_checked_and_kept_as_written() {
    let s: Schedule = serde_json::from_str("\"0.1 + (1 - t)^2\"").unwrap();
    assert_eq!((s.at(0.0), s.at(0.5), s.at(1.0)), (1.1, 0.35, 0.1));
    assert_eq!(serde_json::to_string(&s).unwrap(), "\"0.1 + (1 - t)^2\"");
    let dips: Schedule = serde_json::from_str("\"(t - 0.5)^2 - 0.01\"").unwrap();
    assert!(dips.check("sigma", 0.0..=f64::INFINITY).is_err() && dips.check("sigma", -1.0..=1.0).is_ok());
    let told = serde_json::from_str::<Schedule>("\"1 - s\"").unwrap_err().to_string();
    assert!(told.contains("the unknown name `s`"), "{told}");
}

#[test]
fn bad_schedules_are_refused() {
    assert!(Schedule::Geometric { from: 1.0, to: 0.0 }.check("sigma", 0.0..=f64::INFINITY).is_err());
    assert!(Schedule::Table { values: vec![] }.check("sigma", 0.0..=1.0).is_err());
    assert!(Schedule::Adaptive { from: 1.0, to: 2.0 }.check("sigma", 0.0..=f64::INFINITY).is_err());
    assert!(Schedule::from(f64::NAN).check("sigma", 0.0..=1.0).is_err());
    assert!(Schedule::from(-1.0).check("sigma", 0.0..=f64::INFINITY).is_err());
}

/// An error names the part of a schedule that is wrong. Otherwise a user might replace the whole
/// schedule by a constant, which would be another mistake.
#[test]
fn an_error_names_the_part_of_the_schedule() {
    let any = 0.0..=f64::INFINITY;
    let refused = |s: &Schedule| s.check("sigma", any.clone()).unwrap_err().to_string();
    let table = |values: &[f64]| Schedule::Table { values: values.to_vec() };
    let cases = [
        (Schedule::Cosine { from: -1.0, to: 0.1 }, "`sigma.from` is -1, but"),
        (Schedule::Linear { from: 1.0, to: -2.0 }, "`sigma.to` is -2, but"),
        (Schedule::Karras { from: -1.0, to: 0.1, rho: 7.0 }, "`sigma.from` is -1, but"),
        (table(&[1.0, 0.5, -2.0]), "`sigma[2]` is -2, but"),
        (Schedule::from(-1.0), "`sigma` is -1, but"),
    ];
    cases.iter().for_each(|(s, want)| assert!(refused(s).starts_with(want), "{}", refused(s)));
    assert_eq!(refused(&table(&[])), "`sigma` is [], but a list needs at least one value");
    let smallest = |s: Schedule| s.refuse_smallest("sigma", "it must be positive").to_string();
    assert_eq!(smallest(Schedule::Cosine { from: 0.0, to: 0.1 }), "`sigma.from` is 0, but it must be positive");
    assert_eq!(smallest(table(&[1.0, 0.0, 0.5])), "`sigma[1]` is 0, but it must be positive");
    assert_eq!(smallest(Schedule::from(0.0)), "`sigma` is 0, but it must be positive");
    let formula: Schedule = serde_json::from_str("\"1 - t\"").unwrap();
    assert_eq!(smallest(formula), "`sigma` is 0 at progress 1, but it must be positive");
}
