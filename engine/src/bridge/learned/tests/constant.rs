//! Coordinates that are constant in the data, such as pixels that have one value in all images.

use super::*;
use crate::Points;
use crate::bridge::{Direction, Method, SimulateOptions, simulate};
use crate::target::{Samples, SamplesOptions};

/// Points whose last coordinate is constant.
fn points(n: usize, shift: f64, last: f64, stream: Stream) -> Points {
    let free = stream.normal(n, 2);
    Points::from_rows(&free.iter().map(|x| [x[0] + shift, 0.7 * x[1], last]).collect::<Vec<_>>()).unwrap()
}

fn moved(bridge: &LearnedBridge, start: &Points, direction: Direction, method: Method) -> Points {
    let options = SimulateOptions { steps: 20, direction, method, denoise: false };
    simulate(bridge, start, &options, 1, Stream::new(6), &Interrupt::default()).unwrap().remove(1).points
}

#[test]
fn a_constant_coordinate_is_moved_to_its_place() {
    let samples = |shift, last, seed| {
        Samples::new(points(400, shift, last, Stream::new(seed)), &SamplesOptions::default()).unwrap()
    };
    let (source, target) = (samples(0.0, 0.5, 1), samples(2.0, 0.0, 2));
    let bridge = dsbm([&source, &target], &DsbmOptions { steps: 100, ..small_pairs() }).unwrap().bridge;
    for (direction, shift, last, end) in [(Direction::Forward, 0.0, 0.5, 0.0), (Direction::Backward, 2.0, 0.0, 0.5)] {
        let start = points(1000, shift, last, Stream::new(3));
        let flow = moved(&bridge, &start, direction, Method::Ode);
        assert!(flow.iter().all(|x| (x[2] - end).abs() < 1e-12), "{:?}", flow.row(0));
        // The noise of the last step remains, and the baseline blurs the end by as much.
        let noise = moved(&bridge, &start, direction, Method::Sde);
        let variance = noise.iter().map(|x| (x[2] - end) * (x[2] - end)).sum::<f64>() / 1000.0;
        assert!(variance < 3.0 / 20.0, "{variance}");
        // A start that differs from all data in this coordinate still arrives near the value of the
        // end.
        let mut off = start;
        (0..off.n()).for_each(|i| off.row_mut(i)[2] += 0.3);
        let flow = moved(&bridge, &off, direction, Method::Ode);
        assert!(flow.iter().all(|x| (x[2] - end).abs() < 0.6), "{:?}", flow.row(0));
    }
}

/// A diagonal line has no variance across the line, although both coordinates vary.
#[test]
fn data_in_a_subspace_have_a_bounded_baseline() {
    let line = |seed| {
        let x = Stream::new(seed).normal(400, 1);
        let rows: Vec<[f64; 2]> = x.data().iter().map(|x| [*x, *x]).collect();
        Samples::new(Points::from_rows(&rows).unwrap(), &SamplesOptions::default()).unwrap()
    };
    let (source, target) = (line(1), line(2));
    let bridge = dsbm([&source, &target], &DsbmOptions { steps: 50, ..small_pairs() }).unwrap().bridge;
    let start = Points::from_rows(&[[1.0, 0.7], [-0.5, -0.2]]).unwrap();
    let end = moved(&bridge, &start, Direction::Forward, Method::Ode);
    assert!(end.data().iter().all(|x| x.abs() < 3.0), "{end:?}");
}
