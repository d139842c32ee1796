//! Messages between ranks: what is sent, what is refused, and how a call ends.

use super::ranks::{among, hello, works};
use super::*;
use crate::comm::{Comm, Threads, threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A rank that counts the bytes that it broadcasts.
#[derive(Debug)]
struct Counting(Threads, Arc<AtomicUsize>);

impl Comm for Counting {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn send(&self, to: usize, message: &[u8]) {
        self.0.send(to, message);
    }

    fn has_message(&self, from: usize) -> bool {
        self.0.has_message(from)
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        self.0.receive(from)
    }

    fn broadcast(&self, bytes: &[u8]) {
        self.1.fetch_add(bytes.len(), Ordering::Relaxed);
        self.0.broadcast(bytes);
    }

    fn receive_broadcast(&self, bytes: &mut [u8]) {
        self.0.receive_broadcast(bytes);
    }
}

#[test]
fn points_that_do_not_change_are_sent_once() {
    let mut all = threads(2);
    let (worker, sent) = (all.pop().unwrap(), Arc::<AtomicUsize>::default());
    let leader = Box::new(Counting(all.pop().unwrap(), Arc::clone(&sent)));
    std::thread::scope(|scope| {
        scope.spawn(move || works(&worker));
        let ranks = Ranks::lead(leader, &hello("the same")).unwrap().0.sharing_from(0.0);
        let engine = Pairwise::default().sharing_with(Some(Arc::new(ranks)));
        let (mut y, x) = clouds(100, 300, 3);
        let mut out = SoftmaxMean::default();
        for step in 0..10 {
            let before = sent.load(Ordering::Relaxed);
            engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut out).unwrap();
            engine.softmax_mean(&y, &y, Values::Own, &Softmax::of(1.0), &mut out).unwrap();
            let changed = if step == 0 { 400 } else { 100 };
            assert_eq!(sent.load(Ordering::Relaxed) - before, 8 * 3 * changed, "step {step}");
            y.data_mut()[0] += 1.0;
        }
        // Two equal sets that are different objects are two sets on every rank.
        let copy = x.clone();
        engine.softmax_mean(&x, &copy, Values::Own, &Softmax::of(1.0), &mut out).unwrap();
        let mut want = SoftmaxMean::default();
        Pairwise::default().softmax_mean(&x, &copy, Values::Own, &Softmax::of(1.0), &mut want).unwrap();
        assert_eq!(out.mean, want.mean);
    });
}

#[test]
fn an_interrupt_stops_all_ranks_and_the_next_call_works() {
    let (y, x) = clouds(20_000, 20_000, 8);
    among(3, |ranks| {
        let interrupt = Interrupt::default();
        let engine = Pairwise::new(PairwiseOptions::default(), interrupt.clone()).sharing_with(Some(ranks));
        let mut out = SoftmaxMean::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                interrupt.raise();
            });
            let stopped = engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(3.0), &mut out);
            assert_eq!(stopped, Err(Error::Interrupted));
        });
        interrupt.lower();
        let (few, some) = (y.rows(0..300), x.rows(0..200));
        engine.softmax_mean(&few, &some, Values::Own, &Softmax::of(3.0), &mut out).unwrap();
        let mut want = SoftmaxMean::default();
        Pairwise::default().softmax_mean(&few, &some, Values::Own, &Softmax::of(3.0), &mut want).unwrap();
        assert_eq!(out.mean, want.mean);
    });
}

#[test]
fn ranks_that_differ_are_refused() {
    let mut all = threads(3).into_iter();
    let leader = Box::new(all.next().unwrap());
    std::thread::scope(|scope| {
        for (rank, identity) in all.zip(["1.0 with avx512", "1.0 with avx2"]) {
            scope.spawn(move || assert_eq!(join(&rank, &hello(identity)), None));
        }
        let refused = Ranks::lead(leader, &hello("1.0 with avx512")).unwrap_err().to_string();
        assert!(refused.starts_with("rank 2: it runs 1.0 with avx2, but rank 0 runs 1.0 with avx512"), "{refused}");
    });
}

#[test]
fn neighbours_are_counted_by_machine_and_cores() {
    let mut all = threads(4).into_iter();
    let leader = Box::new(all.next().unwrap());
    let of = |machine: &str, cores: &str| Hello { machine: machine.into(), cores: cores.into(), ..hello("same") };
    std::thread::scope(|scope| {
        let told = [("a", "0-3"), ("a", "4-7"), ("b", "0-3")];
        let others: Vec<_> = all
            .zip(told)
            .map(|(rank, (machine, cores))| {
                scope.spawn(move || {
                    let found = join(&rank, &of(machine, cores)).unwrap();
                    serve(&rank).unwrap();
                    [found.machine, found.cores]
                })
            })
            .collect();
        let (ranks, own) = Ranks::lead(leader, &of("a", "0-3")).unwrap();
        drop(ranks);
        let others: Vec<[usize; 2]> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert_eq!(([own.machine, own.cores], others), ([3, 2], vec![[3, 2], [3, 1], [1, 1]]));
    });
}

/// A plan begins and is stopped on all ranks, and the errors of its parts reach rank 0.
#[test]
fn ranks_work_apart_and_are_stopped() {
    let mut all = threads(3).into_iter();
    let leader = Box::new(all.next().unwrap());
    std::thread::scope(|scope| {
        for (number, rank) in all.enumerate() {
            scope.spawn(move || {
                join(&rank, &hello("same")).unwrap();
                work_apart(&rank, |task, interrupt| {
                    assert_eq!(task, "count");
                    while !interrupt.end_requested() {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    if number == 1 { Err("it has no numbers".into()) } else { Ok(()) }
                });
            });
        }
        let (ranks, _) = Ranks::lead(leader, &hello("same")).unwrap();
        ranks.begin("count");
        ranks.stop();
        let mut waited = 0;
        assert_eq!(ranks.wait_for_all(|| waited += 1), [(2, "it has no numbers".to_string())]);
    });
}

/// If rank 0 drops a call early, as a panic would, no reply remains for the next call.
#[test]
fn a_call_that_is_dropped_is_drained() {
    let (y, x) = clouds(300, 200, 2);
    among(3, |ranks| {
        let engine = Pairwise::default().sharing_with(Some(Arc::clone(&ranks)));
        let measure = super::measure::Measure::of_softmax(&super::call::SoftmaxCall {
            queries: &y,
            sources: &y,
            values: Some(Values::Own),
            softmax: Softmax::of(1.0),
            orders: &Default::default(),
            placements: &Default::default(),
            subtract: false,
        });
        drop(engine.start_own_means(super::plan::Arithmetic::F32, &y, 1.0, &measure).unwrap());
        let (mut got, mut want) = (SoftmaxMean::default(), SoftmaxMean::default());
        engine.softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut got).unwrap();
        Pairwise::default().softmax_mean(&y, &x, Values::Own, &Softmax::of(1.0), &mut want).unwrap();
        assert_eq!(got.mean, want.mean);
    });
}
