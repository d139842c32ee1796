//! Every example runs, and its assertions hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

#[path = "../examples/mixture_target.rs"]
mod mixture_target;
#[path = "../examples/move_points.rs"]
mod move_points;
#[path = "../examples/own_metric.rs"]
mod own_metric;
#[path = "../examples/own_velocity.rs"]
mod own_velocity;
#[path = "../examples/pairwise_sums.rs"]
mod pairwise_sums;

#[test]
fn points_move_onto_a_data_set() {
    move_points::main().unwrap();
}

#[test]
fn points_move_onto_a_mixture() {
    mixture_target::main().unwrap();
}

#[test]
fn a_field_of_ones_own_is_followed() {
    own_velocity::main().unwrap();
}

#[test]
fn a_metric_of_ones_own_has_a_floor() {
    own_metric::main().unwrap();
}

#[test]
fn pairwise_sums_agree_with_sums_by_hand() {
    pairwise_sums::main().unwrap();
}

#[test]
fn examples_are_short() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(text.lines().count() <= 60);
        seen += 1;
    }
    assert_eq!(seen, 5);
}
