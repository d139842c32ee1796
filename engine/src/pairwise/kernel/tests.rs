use super::*;

fn close(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance, "{what}: {got}, not {want}");
}

#[test]
fn slope_is_twice_the_derivative_of_value() {
    for k in Kernel::all(0.7) {
        for d2 in [0.01, 0.3, 1.0, 7.0] {
            let step = 1e-6 * d2;
            let numeric = (k.value(d2 + step) - k.value(d2 - step)) / step;
            close(k.slope(d2), numeric, 1e-6 * numeric.abs().max(1e-3), &format!("{k:?} at {d2}"));
        }
    }
}

#[test]
fn logarithms_are_those_of_value_and_slope() {
    for k in Kernel::all(0.7).into_iter().filter(Kernel::is_positive) {
        for d2 in [0.0, 0.01, 1.0, 7.0] {
            close(k.log_value(d2), k.value(d2).ln(), 1e-12, &format!("{k:?} at {d2}"));
            let want = k.slope(d2) / k.value(d2);
            close(k.log_slope(d2), want, 1e-12 * want.abs(), &format!("{k:?} at {d2}"));
        }
    }
    assert!(!Kernel::Energy.is_positive() && Kernel::Energy.log_value(1.0).is_nan());
}

#[test]
fn reference_values_at_distance_h() {
    let e = std::f64::consts::E;
    let want = [
        ("gaussian", (-0.5f64).exp()),
        ("laplace", 1.0 / e),
        ("imq", 0.5f64.sqrt()),
        ("matern32", (1.0 + 3f64.sqrt()) * (-(3f64.sqrt())).exp()),
        ("matern52", (1.0 + 5f64.sqrt() + 5.0 / 3.0) * (-(5f64.sqrt())).exp()),
        ("energy", -0.7),
    ];
    for (name, want) in want {
        close(Kernel::from_name(name, 0.7).unwrap().value(0.49), want, 1e-14, name);
    }
}

#[test]
fn data_writes_a_kernel_by_its_name() {
    for (k, name) in Kernel::all(0.7).into_iter().zip(Kernel::NAMES) {
        let written = serde_json::to_value(k).unwrap();
        assert_eq!((written["kernel"].as_str(), k.name()), (Some(*name), *name));
        assert_eq!(written["h"].as_f64(), k.own_bandwidth());
        assert_eq!(serde_json::from_value::<Kernel>(written).unwrap(), k);
    }
}
