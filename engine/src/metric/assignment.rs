//! The linear assignment problem, solved exactly with its dual prices.
//!
//! Jonker and Volgenant's shortest augmenting paths \[jonker1987shortest\]. The prices are what the
//! standard error of [`super::W2`] is made of, which is why no library is used: those at hand give
//! the assignment alone.

use crate::{Interrupt, Result};

const FREE: usize = usize::MAX;

/// An optimal assignment. `cost[i][j] >= row_price[i] + column_price[j]`, with equality where
/// `j = column[i]`.
#[derive(Debug)]
pub struct Assignment {
    /// The column of each row.
    pub column: Vec<usize>,
    /// Dual price of each row.
    pub row_price: Vec<f64>,
    /// Dual price of each column.
    pub column_price: Vec<f64>,
}

/// The assignment of least total `cost` (`n` x `n`, row by row, finite). Cost at most `n^3`; 2,000
/// points in the plane take one to three seconds, the less the closer the sets.
///
/// # Errors
/// An interrupt.
pub fn assignment(cost: &[f64], n: usize, interrupt: &Interrupt) -> Result<Assignment> {
    let mut matching = Matching { cost, n, column: vec![FREE; n], row: vec![FREE; n], price: vec![f64::INFINITY; n] };
    let mut free = matching.reduce_columns();
    for _ in 0..2 {
        interrupt.check()?;
        free = matching.reduce_rows(free);
    }
    let mut search = Search::default();
    for row in free {
        interrupt.check()?;
        matching.augment(row, &mut search);
    }
    let row_price = (0..n).map(|i| matching.reduced(i, matching.column[i])).collect();
    Ok(Assignment { column: matching.column, row_price, column_price: matching.price })
}

/// A partial matching in which every matched pair is the cheapest of its row after the columns'
/// prices.
struct Matching<'a> {
    cost: &'a [f64],
    n: usize,
    column: Vec<usize>,
    row: Vec<usize>,
    price: Vec<f64>,
}

/// Memory of a search for a path, reused.
#[derive(Default)]
struct Search {
    price: Vec<f64>,
    distance: Vec<f64>,
    from: Vec<usize>,
    settled: Vec<(usize, f64)>,
}

impl Matching<'_> {
    fn costs(&self, row: usize) -> &[f64] {
        &self.cost[row * self.n..(row + 1) * self.n]
    }

    fn reduced(&self, row: usize, column: usize) -> f64 {
        self.cost[row * self.n + column] - self.price[column]
    }

    fn pair(&mut self, row: usize, column: usize) {
        self.column[row] = column;
        self.row[column] = row;
    }

    /// Prices each column at its least cost and gives it to that row if the row has none yet; the
    /// rows without one.
    fn reduce_columns(&mut self) -> Vec<usize> {
        let mut cheapest = vec![FREE; self.n];
        for row in 0..self.n {
            for (j, c) in self.cost[row * self.n..(row + 1) * self.n].iter().enumerate() {
                if *c < self.price[j] {
                    (self.price[j], cheapest[j]) = (*c, row);
                }
            }
        }
        for column in (0..self.n).rev() {
            if self.column[cheapest[column]] == FREE {
                self.pair(cheapest[column], column);
            }
        }
        (0..self.n).filter(|i| self.column[*i] == FREE).collect()
    }

    /// Gives each free row its best column and lowers that column's price by its lead over the
    /// second best; the row that held it looks anew. The rows left over.
    fn reduce_rows(&mut self, mut free: Vec<usize>) -> Vec<usize> {
        let mut left = Vec::new();
        // With rounding a chain of tiny price cuts can go on for very long; the paths finish what
        // it leaves.
        let mut budget = 20 * self.n;
        free.reverse();
        while let Some(row) = free.pop() {
            if budget == 0 {
                left.push(row);
                continue;
            }
            budget -= 1;
            let (best, second) = self.two_best(row);
            let lowered = self.price[best.0] - (second.1 - best.1);
            let cut = lowered < self.price[best.0];
            let column = if cut || self.row[best.0] == FREE { best.0 } else { second.0 };
            if cut {
                self.price[column] = lowered;
            }
            let holder = self.row[column];
            self.pair(row, column);
            if holder != FREE {
                self.column[holder] = FREE;
                if cut { &mut free } else { &mut left }.push(holder);
            }
        }
        left.sort_unstable();
        left
    }

    /// The two columns of least reduced cost, with it.
    fn two_best(&self, row: usize) -> ((usize, f64), (usize, f64)) {
        let (mut best, mut second) = ((0, f64::INFINITY), (0, f64::INFINITY));
        for (j, (c, p)) in self.costs(row).iter().zip(&self.price).enumerate() {
            let r = c - p;
            if r < second.1 {
                second = (j, r);
                if r < best.1 {
                    std::mem::swap(&mut best, &mut second);
                }
            }
        }
        (best, second)
    }

    /// Matches `start` along a shortest path of alternating pairs (Dijkstra on reduced costs) and
    /// reprices the columns on the way. A settled column takes the price minus infinity in the
    /// search, so that the inner loop has no branch.
    fn augment(&mut self, start: usize, search: &mut Search) {
        let Search { price, distance, from, settled } = search;
        price.clone_from(&self.price);
        distance.clear();
        distance.resize(self.n, f64::INFINITY);
        from.resize(self.n, start);
        settled.clear();
        let (mut row, mut offset) = (start, 0.0);
        let (mut end, length) = loop {
            let mut least = f64::INFINITY;
            let columns = distance.iter_mut().zip(from.iter_mut()).zip(self.costs(row).iter().zip(price.iter()));
            for ((distance, from), (cost, price)) in columns {
                let through = cost - price - offset;
                let shorter = through < *distance;
                *distance = if shorter { through } else { *distance };
                *from = if shorter { row } else { *from };
                least = if *distance < least { *distance } else { least };
            }
            let column = distance.iter().position(|d| *d == least).unwrap_or(0);
            if self.row[column] == FREE {
                break (column, least);
            }
            settled.push((column, least));
            (price[column], distance[column]) = (f64::NEG_INFINITY, f64::INFINITY);
            row = self.row[column];
            offset = self.reduced(row, column) - least;
        };
        settled.iter().for_each(|(column, least)| self.price[*column] += least - length);
        while end != FREE {
            let row = from[end];
            let before = std::mem::replace(&mut self.column[row], end);
            self.row[end] = row;
            end = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use proptest::prelude::*;

    fn total(cost: &[f64], n: usize, column: &[usize]) -> f64 {
        (0..n).map(|i| cost[i * n + column[i]]).sum()
    }

    /// Least total over all permutations.
    fn brute_force(cost: &[f64], n: usize, chosen: &mut Vec<usize>) -> f64 {
        if chosen.len() == n {
            return total(cost, n, chosen);
        }
        let mut least = f64::INFINITY;
        let taken = chosen.clone();
        for j in (0..n).filter(|j| !taken.contains(j)) {
            chosen.push(j);
            least = least.min(brute_force(cost, n, chosen));
            chosen.pop();
        }
        least
    }

    fn check(cost: &[f64], n: usize) -> Assignment {
        let found = assignment(cost, n, &Interrupt::default()).unwrap();
        let mut seen = found.column.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..n).collect::<Vec<_>>());
        let scale = cost.iter().fold(1.0_f64, |a, c| a.max(c.abs()));
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let slack = cost[i * n + j] - found.row_price[i] - found.column_price[j];
            assert!(slack > -1e-11 * scale, "pair {i}, {j} has slack {slack}");
            assert!(j != found.column[i] || slack.abs() < 1e-11 * scale);
        }
        found
    }

    proptest! {
        #[test]
        fn agrees_with_every_permutation(n in 1usize..=7, values in proptest::collection::vec(0.0..10.0, 49)) {
            let cost = &values[..n * n];
            let found = check(cost, n);
            let want = brute_force(cost, n, &mut Vec::new());
            prop_assert!((total(cost, n, &found.column) - want).abs() < 1e-9);
        }

        #[test]
        fn ties_are_no_trap(n in 1usize..=7, values in proptest::collection::vec(0u8..3, 49)) {
            let cost: Vec<f64> = values[..n * n].iter().map(|v| f64::from(*v)).collect();
            let found = check(&cost, n);
            prop_assert_eq!(total(&cost, n, &found.column), brute_force(&cost, n, &mut Vec::new()));
        }
    }

    #[test]
    fn prices_prove_a_large_solution_optimal() {
        let n = 300;
        let mut rng = Stream::new(3).rng();
        check(&(0..n * n).map(|_| rng.uniform()).collect::<Vec<_>>(), n);
        check(&vec![1.0; n * n], n);
    }

    #[test]
    fn an_interrupt_ends_it() {
        let stop = Interrupt::default();
        stop.raise();
        assert!(assignment(&[1.0], 1, &stop).is_err());
    }
}
