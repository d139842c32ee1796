//! Bridges that are learned from two samples, compared with the Sinkhorn bridge between the same
//! samples.

use crate::Interrupt;
use crate::bridge::{
    Bridge, Conditional, DsbOptions, DsbmOptions, LightSbOptions, SinkhornBridge, conditional_error, train_dsb,
    train_dsbm, train_light_sb,
};
use crate::pairwise::Pairwise;
use crate::process::Unobserved;
use crate::rng::Stream;
use crate::sinkhorn::{Coupling, SinkhornOptions};
use crate::target::{Mixture, Samples, SamplesOptions, Target};
use std::sync::Arc;

const EPSILON: f64 = 1.0;

#[test]
fn learned_bridges_have_the_plan_of_the_sinkhorn_bridge_of_the_same_samples() {
    let (never, stream) = (Interrupt::default(), Stream::new(1));
    let [x, y] = [Mixture::ring(2, 1.5, 0.5).unwrap(), Mixture::ring(3, 3.0, 0.6).unwrap()]
        .map(|end| Arc::new(end.sample(800, stream.label("ends")).unwrap()));
    let samples = [&x, &y].map(|points| Samples::new(Arc::clone(points), &SamplesOptions::default()).unwrap());
    let [source, target] = [&samples[0] as &dyn Target, &samples[1]];
    let options = SinkhornOptions { epsilon: Some(EPSILON), ..SinkhornOptions::default() };
    let engine = Pairwise::default();
    let plan =
        Coupling::solve((Arc::clone(&x), None), (Arc::clone(&y), None), &options, &engine, &mut |_, _, _| {}).unwrap();
    let exact = SinkhornBridge::new(&plan, &engine).unwrap();

    let options = DsbOptions { epsilon: Some(EPSILON), iterations: 6, steps: 600, hidden: 64, ..DsbOptions::default() };
    let dsb = train_dsb([source, target], &options, stream, &never, &mut Unobserved).unwrap().bridge;
    let options =
        DsbmOptions { epsilon: Some(EPSILON), iterations: 2, steps: 500, hidden: 64, ..DsbmOptions::default() };
    let dsbm = train_dsbm([source, target], &options, stream, &never, &mut Unobserved).unwrap().bridge;
    let options = LightSbOptions { epsilon: Some(EPSILON), components: 20, steps: 2000, ..LightSbOptions::default() };
    let light = train_light_sb(source, target, &options, stream, &never, &mut Unobserved).unwrap().bridge;

    let starts = x.rows(0..60);
    let error = |found: Conditional| {
        conditional_error(found, &exact, &starts, 400, stream.label("error"), &never, &mut |_, _| {}).unwrap().value
    };
    let independent = error(Conditional::Independent(target));
    let noise = error(Conditional::Plan(&exact));
    assert!(independent > 30.0 && noise < 1.0, "{independent} {noise}");
    // Nets learn the weights of separate modes slowly; the error falls with the length of the training.
    for (name, bridge, share) in [("dsb", &dsb as &dyn Bridge, 0.15), ("dsbm", &dsbm, 0.15), ("light_sb", &light, 0.01)]
    {
        let found = error(Conditional::Euler(bridge, 20));
        assert!(found < share * independent, "{name}: {found} {noise} {independent}");
    }
}
