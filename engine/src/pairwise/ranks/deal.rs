//! The division of rows, one per query, among ranks, in whole units of a few panels.

/// How rows are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deal {
    /// The number of rows that are computed together. A rank gets whole units, so that units do not
    /// depend on the number of ranks.
    pub unit: usize,
    /// True if the ranks get units in turn, and not a range each, because the cost of a unit
    /// depends on where its queries lie.
    pub in_turn: bool,
}

impl Deal {
    /// Divides units of this size, in turn if `in_turn` is true.
    pub fn of((unit, in_turn): (usize, bool)) -> Deal {
        Deal { unit, in_turn }
    }

    /// Returns the rank, of `ranks`, that gets row `row` of `rows`.
    fn rank(self, row: usize, rows: usize, ranks: usize) -> usize {
        let unit = row / self.unit;
        match self.in_turn {
            true => unit % ranks,
            false => unit * ranks / rows.div_ceil(self.unit),
        }
    }

    /// Returns the rows of every rank.
    pub fn all<R>(self, rows: Vec<R>, ranks: usize) -> Vec<Vec<R>> {
        let count = rows.len();
        let mut dealt: Vec<Vec<R>> = (0..ranks).map(|_| Vec::with_capacity(count / ranks + self.unit)).collect();
        for (i, row) in rows.into_iter().enumerate() {
            dealt[self.rank(i, count, ranks)].push(row);
        }
        dealt
    }

    /// Returns the rows of one rank.
    pub fn one<R>(self, rows: Vec<R>, (rank, ranks): (usize, usize)) -> Vec<R> {
        let count = rows.len();
        let own = rows.into_iter().enumerate().filter(|(i, _)| self.rank(*i, count, ranks) == rank);
        own.map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_rank_and_units_stay_whole() {
        for (rows, unit, ranks) in [(1, 48, 4), (47, 48, 2), (100, 7, 3), (1000, 48, 5), (5, 1, 8), (960, 48, 4)] {
            for in_turn in [false, true] {
                let deal = Deal { unit, in_turn };
                let dealt = deal.all((0..rows).collect(), ranks);
                for (rank, own) in dealt.iter().enumerate() {
                    assert_eq!(*own, deal.one((0..rows).collect(), (rank, ranks)));
                    let starts =
                        own.chunks(unit).all(|part| part[0] % unit == 0 && part.windows(2).all(|p| p[0] < p[1]));
                    assert!(starts, "{rows} rows, units of {unit}, rank {rank} of {ranks}");
                }
                let mut all: Vec<usize> = dealt.concat();
                all.sort_unstable();
                assert_eq!(all, (0..rows).collect::<Vec<_>>());
                let (most, least) = (dealt.iter().map(Vec::len).max(), dealt.iter().map(Vec::len).min());
                assert!(most.unwrap() - least.unwrap() <= unit.max(2 * unit - 1), "{rows} {unit} {ranks}");
            }
        }
    }
}
