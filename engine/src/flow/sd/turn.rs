//! Particles that take turns.

use crate::flow::Clock;

/// Which of `n` particles move in this step, `batch` of them: the next of a random order, and a new order once all have
/// moved. None when all move at once.
pub fn turn(batch: usize, n: usize, clock: &Clock) -> Option<Vec<usize>> {
    if batch >= n {
        return None;
    }
    let turns = n.div_ceil(batch);
    let round = (clock.step / turns) as u64;
    let mut order = clock.stream.label("turns").at(round).rng().choose(n, n);
    let first = clock.step % turns * batch;
    order.truncate(n.min(first + batch));
    Some(order.split_off(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn all_move_once_a_round_in_a_new_order() {
        let moved = |step| turn(3, 10, &Clock::at(step, 100, Stream::new(1))).unwrap();
        let round = |r: usize| (4 * r..4 * r + 4).flat_map(moved).collect::<Vec<_>>();
        for r in 0..3 {
            let mut all = round(r);
            all.sort_unstable();
            assert_eq!(all, (0..10).collect::<Vec<_>>());
            assert_ne!(round(r), round(r + 1));
        }
        assert_eq!((moved(2).len(), moved(3).len()), (3, 1));
        assert!(turn(10, 10, &Clock::at(0, 1, Stream::new(1))).is_none());
    }
}
