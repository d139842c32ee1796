use super::*;
use std::sync::atomic::AtomicUsize;

/// A test sweep: the result of a cell is its index. Some cells are finished before the sweep
/// starts, one reports "busy" a few times, and one ends the sweep.
#[derive(Default)]
struct Numbers {
    len: usize,
    finished: Vec<usize>,
    busy: Option<(usize, AtomicUsize)>,
    failure: Option<usize>,
    halt_after: Option<usize>,
    computed: Mutex<Vec<usize>>,
    told: Mutex<Vec<(usize, usize)>>,
}

impl Sweep for Numbers {
    type Output = usize;
    type Error = String;

    fn cells(&self) -> usize {
        self.len
    }

    fn stored_result(&self, index: usize) -> Result<Option<usize>, String> {
        Ok(self.finished.contains(&index).then_some(index))
    }

    fn compute(&self, index: usize, _: &CellPool) -> Result<CellOutcome<usize>, String> {
        if let Some((_, times)) = self.busy.as_ref().filter(|(busy, _)| *busy == index)
            && times.fetch_sub(1, Ordering::Relaxed) > 1
        {
            return Ok(CellOutcome::Busy);
        }
        self.computed.lock().unwrap().push(index);
        if self.failure == Some(index) { Err(format!("{index} has failed")) } else { Ok(CellOutcome::Ended(index)) }
    }

    fn is_halted(&self) -> bool {
        self.halt_after.is_some_and(|most| self.computed.lock().unwrap().len() >= most)
    }

    fn progress(&self, _: Option<(usize, &usize)>, done: usize, total: usize) {
        self.told.lock().unwrap().push((done, total));
    }

    fn no_threads(&self, reason: &dyn Display) -> String {
        reason.to_string()
    }
}

fn taken(sweep: &Numbers, jobs: usize) -> (Vec<usize>, Result<BTreeMap<usize, usize>, String>) {
    let mut order = Vec::new();
    let left = run(
        sweep,
        |_| Layout { jobs, threads: 1 },
        |index, left, _| {
            assert_eq!(index, left);
            order.push(index);
            Ok(())
        },
    );
    (order, left)
}

#[test]
fn cells_are_taken_in_their_order_and_finished_ones_are_not_computed() {
    for jobs in [1, 2, 5] {
        let busy = Some((2, AtomicUsize::new(3)));
        let sweep = Numbers { len: 12, finished: vec![0, 5, 11], busy, ..Numbers::default() };
        let (order, left) = taken(&sweep, jobs);
        assert_eq!(order, (0..12).collect::<Vec<_>>());
        assert!(left.unwrap().is_empty());
        let mut computed = sweep.computed.into_inner().unwrap();
        computed.sort_unstable();
        assert_eq!(computed, [1, 2, 3, 4, 6, 7, 8, 9, 10]);
        assert_eq!(sweep.told.into_inner().unwrap(), (0..=9).map(|done| (done, 9)).collect::<Vec<_>>());
    }
}

#[test]
fn trouble_ends_the_sweep() {
    let failure = || Numbers { len: 1000, failure: Some(3), ..Numbers::default() };
    let alone = failure();
    assert_eq!(taken(&alone, 1), (vec![0, 1, 2], Err("3 has failed".into())));
    assert_eq!(alone.computed.into_inner().unwrap(), [0, 1, 2, 3]);
    // One of several workers may fail while another still computes an earlier cell.
    let (order, left) = taken(&failure(), 2);
    assert!(order.len() <= 3 && order.iter().copied().eq(0..order.len()), "{order:?}");
    assert_eq!(left, Err("3 has failed".into()));
    let none = Numbers::default();
    assert_eq!(taken(&none, 2), (vec![], Ok(BTreeMap::new())));
}

#[test]
fn a_halt_gives_back_what_stands_behind_the_gap() {
    let sweep = Numbers { len: 9, finished: vec![1, 8], halt_after: Some(0), ..Numbers::default() };
    let (order, left) = taken(&sweep, 3);
    assert_eq!((order, left.unwrap().into_keys().collect::<Vec<_>>()), (vec![], vec![1, 8]));
}
