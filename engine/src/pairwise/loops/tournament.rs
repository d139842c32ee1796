//! A round-robin tournament: every two chunks are paired once, and in a round every chunk is in at
//! most one pair.

/// Returns the pairs of chunks in round `round` of a tournament: all pairs occur once in
/// `rounds(chunks)` rounds.
pub fn pairs(chunks: usize, round: usize) -> impl Iterator<Item = (usize, usize)> {
    // This is the circle method. If the number of chunks is odd, one seat is empty, and the chunk
    // paired with it is skipped.
    let seats = chunks + chunks % 2;
    let circle = seats - 1;
    let last = (seats - 1, round);
    let others = (1..seats / 2).map(move |k| ((round + k) % circle, (round + circle - k) % circle));
    std::iter::once(last).chain(others).filter(move |(a, b)| *a < chunks && *b < chunks)
}

/// Returns the number of rounds in which all pairs occur.
pub fn rounds(chunks: usize) -> usize {
    chunks + chunks % 2 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_meets_once_and_nobody_twice_in_a_round() {
        for chunks in 1..12 {
            let mut met = vec![0; chunks * chunks];
            for round in 0..rounds(chunks) {
                let mut busy = vec![false; chunks];
                for (a, b) in pairs(chunks, round) {
                    assert!(a != b && !busy[a] && !busy[b], "{chunks} chunks, round {round}: {a} and {b}");
                    (busy[a], busy[b]) = (true, true);
                    met[a.min(b) * chunks + a.max(b)] += 1;
                }
            }
            for a in 0..chunks {
                (a + 1..chunks).for_each(|b| assert_eq!(met[a * chunks + b], 1, "{a} and {b} of {chunks}"));
            }
        }
    }
}
