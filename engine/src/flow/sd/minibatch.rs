//! Minibatches of particles; one minibatch moves in each step.

use crate::flow::Clock;

/// The order of the minibatches of a round. Every particle moves once in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinibatchOrder(usize);

impl MinibatchOrder {
    /// Returns the order for `n` particles in minibatches of `batch`; None if all particles move at
    /// once.
    pub fn of(batch: usize, n: usize) -> Option<MinibatchOrder> {
        (batch < n).then(|| MinibatchOrder(n.div_ceil(batch)))
    }

    /// Returns the particles, out of `n`, that move in this step. They come next in a random order,
    /// which is drawn anew once all particles have moved.
    pub fn now(self, n: usize, clock: &Clock) -> Vec<usize> {
        let (batch, round) = (n.div_ceil(self.0), (clock.step / self.0) as u64);
        let mut order = clock.stream.label("turns").at(round).rng().choose(n, n);
        let first = (clock.step % self.0 * batch).min(n);
        order.truncate(n.min(first + batch));
        order.split_off(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn all_move_once_a_round_in_a_new_order() {
        let clock = |step| Clock::at(step, 100, Stream::new(1));
        let order_of_batches = MinibatchOrder::of(3, 10).unwrap();
        let moved = |step| order_of_batches.now(10, &clock(step));
        let round = |r: usize| (4 * r..4 * r + 4).flat_map(moved).collect::<Vec<_>>();
        for r in 0..3 {
            let mut all = round(r);
            all.sort_unstable();
            assert_eq!(all, (0..10).collect::<Vec<_>>());
            assert_ne!(round(r), round(r + 1));
        }
        assert_eq!((moved(2).len(), moved(3).len()), (3, 1));
        assert!(MinibatchOrder::of(10, 10).is_none());
        // Smaller sets have the same number of minibatches: of two particles, one moves in each of
        // two steps of a round, and none moves in the other steps.
        let mut others: Vec<_> = (0..4).flat_map(|step| order_of_batches.now(2, &clock(step))).collect();
        others.sort_unstable();
        assert_eq!(others, [0, 1]);
    }
}
