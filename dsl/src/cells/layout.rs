//! The division of the cores among the cells of a sweep.

/// The number of cells at a time, and the number of threads of each cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Number of cells at a time.
    pub jobs: usize,
    /// Threads of each cell.
    pub threads: usize,
}

impl Layout {
    /// Returns the layout for `cells` cells on `cores` cores: the requested numbers, limited by the
    /// machine.
    pub fn of(jobs: Option<usize>, threads: Option<usize>, cells: usize, cores: usize) -> Layout {
        let threads_at_most = threads.map(|t| t.min(cores));
        let jobs_at_most = cores / threads_at_most.unwrap_or(1);
        let jobs = jobs.unwrap_or(jobs_at_most).min(jobs_at_most).min(cells).max(1);
        Layout { jobs, threads: threads_at_most.unwrap_or(cores / jobs).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_threads_than_cores() {
        let of = |jobs, threads, cells, cores| {
            let Layout { jobs, threads } = Layout::of(jobs, threads, cells, cores);
            (jobs, threads)
        };
        assert_eq!(of(None, None, 60, 8), (8, 1));
        assert_eq!(of(None, None, 3, 8), (3, 2));
        assert_eq!(of(Some(2), None, 60, 8), (2, 4));
        assert_eq!(of(Some(1), None, 60, 8), (1, 8));
        assert_eq!(of(None, Some(4), 60, 8), (2, 4));
        assert_eq!(of(Some(4), Some(4), 60, 8), (2, 4));
        assert_eq!(of(Some(64), Some(64), 60, 8), (1, 8));
        assert_eq!(of(Some(1), Some(1), 60, 8), (1, 1));
        assert_eq!(of(None, None, 0, 1), (1, 1));
        let all = (1..9).flat_map(|c| (1..20).flat_map(move |j| (1..20).map(move |t| (Some(j), Some(t), 60, c))));
        assert!(all.map(|(j, t, n, c)| (of(j, t, n, c), c)).all(|((j, t), c)| j * t <= c));
    }
}
