//! The other ranks as rank 0 sees them.

use super::content::Content;
use super::message::{Hello, Message, Neighbours, Placed, Reply, Request, encoded};
use crate::comm::Comm;
use crate::pairwise::work::Work;
use crate::{Error, Interrupt, Points, Result};
use pulp::bytemuck;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// The number of sets of points that every rank keeps for later calls. A call uses at most three;
/// the fourth is a target or a cloud that the next call uses again.
pub const SLOTS: usize = 4;

/// A call with fewer products of coordinates than this is not worth its messages. Such a call takes
/// from some microseconds on many cores to a millisecond on one core.
const LEAST: f64 = (1 << 23) as f64;

/// The time between two checks for the reply of a rank.
const PAUSE: Duration = Duration::from_micros(50);

/// The same while other ranks compute cells of a sweep.
const LONG_PAUSE: Duration = Duration::from_millis(20);

/// The other ranks, which compute their parts of large sums. When this value is dropped, the other
/// ranks end.
#[derive(Debug)]
pub struct Ranks {
    comm: Box<dyn Comm>,
    least: f64,
    held: Mutex<Held>,
    /// The pairs that ranks 1, 2, .. have evaluated.
    pairs: Vec<AtomicU64>,
}

/// The sets that every rank holds: the content, and the number of the last call that used it.
#[derive(Debug, Default)]
struct Held {
    slots: [Option<Content>; SLOTS],
    used: [u64; SLOTS],
    calls: u64,
    /// True after a message that could not be read. No call is shared after it.
    is_lost: bool,
}

impl Ranks {
    /// Starts as rank 0. Every other rank must call [`super::worker::join`]. The results are those
    /// of one rank if all ranks run the same command of the same program with the same instruction
    /// sets. The identity in `own` describes all three, and must be equal on all ranks. Also
    /// returns how many ranks are on this machine and on these cores.
    ///
    /// # Errors
    /// The identity of a rank differs, or its message cannot be read. The other ranks are released.
    pub fn lead(comm: Box<dyn Comm>, own: &Hello) -> Result<(Ranks, Neighbours)> {
        let pairs = (1..comm.size()).map(|_| AtomicU64::default()).collect();
        let ranks = Ranks { comm, least: LEAST, held: Mutex::default(), pairs };
        // The messages of all ranks are received before a rank is refused, so that no message
        // remains.
        let told: Vec<Vec<u8>> = (1..ranks.size()).map(|rank| ranks.comm.receive(rank)).collect();
        let others = (1..).zip(&told).map(|(rank, told)| read(rank, told));
        let all = std::iter::once(Ok(own.clone())).chain(others).collect::<Result<Vec<Hello>>>()?;
        if let Some(rank) = all.iter().position(|hello| hello.identity != own.identity) {
            let reason = format!("it runs {}, but rank 0 runs {}", all[rank].identity, own.identity);
            return Err(Error::Numeric { what: format!("rank {rank}"), reason });
        }
        for (rank, hello) in all.iter().enumerate().skip(1) {
            tell(&*ranks.comm, rank, &Message::Welcome(Neighbours::of(hello, &all)));
        }
        Ok((ranks, Neighbours::of(own, &all)))
    }

    /// Returns the number of ranks.
    pub fn size(&self) -> usize {
        self.comm.size()
    }

    /// Returns the number of pairs that each of the other ranks has evaluated.
    pub fn pairs_of_others(&self) -> Vec<u64> {
        self.pairs.iter().map(|pairs| pairs.load(Ordering::Relaxed)).collect()
    }

    /// Lets every other rank begin its part of `plan`, in [`super::worker::work_apart`].
    pub fn begin(&self, plan: &str) {
        tell_all(&*self.comm, &Message::Begin(plan.into()));
    }

    /// Asks every other rank to end its part of the plan early.
    pub fn stop(&self) {
        tell_all(&*self.comm, &Message::Stop);
    }

    /// Waits until every other rank has ended its part of the plan. Returns the errors, each with
    /// its rank. `waiting` is called every 20 ms.
    pub fn wait_for_all(&self, mut waiting: impl FnMut()) -> Vec<(usize, String)> {
        let mut wrong = Vec::new();
        for rank in 1..self.size() {
            while !self.comm.has_message(rank) {
                waiting();
                std::thread::sleep(LONG_PAUSE);
            }
            let error = String::from_utf8_lossy(&self.comm.receive(rank)).into_owned();
            if !error.is_empty() {
                wrong.push((rank, error));
            }
        }
        wrong
    }

    /// Shares calls with at least this many products of coordinates.
    #[cfg(test)]
    pub fn sharing_from(mut self, least: f64) -> Ranks {
        self.least = least;
        self
    }

    /// Reserves the ranks for a call of `pairs` pairs with `dims` products each. None if the call
    /// is too small, if another thread shares a call at present, or if no other rank can help.
    pub fn call(&self, pairs: f64, dims: usize) -> Option<Call<'_>> {
        if self.size() < 2 || pairs == 0.0 || pairs * (dims as f64) < self.least {
            return None;
        }
        let held = match self.held.try_lock() {
            Ok(held) => held,
            // All replies of a call that panicked were received when it was dropped.
            Err(TryLockError::Poisoned(held)) => PoisonError::into_inner(held),
            Err(TryLockError::WouldBlock) => return None,
        };
        (!held.is_lost).then(|| Call { comm: &*self.comm, held, pairs: &self.pairs, replied: self.size() })
    }
}

impl Drop for Ranks {
    fn drop(&mut self) {
        tell_all(&*self.comm, &Message::End);
    }
}

fn tell_all(comm: &dyn Comm, message: &Message) {
    (1..comm.size()).for_each(|rank| tell(comm, rank, message));
}

fn tell(comm: &dyn Comm, rank: usize, message: &Message) {
    comm.send(rank, &encoded(message));
}

fn read<T: serde::de::DeserializeOwned>(rank: usize, message: &[u8]) -> Result<T> {
    serde_json::from_slice(message)
        .map_err(|e| Error::Numeric { what: format!("rank {rank}"), reason: format!("it cannot be understood: {e}") })
}

/// What a call sends besides points, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrays<'a> {
    /// One per source.
    pub weights: Option<&'a [f64]>,
    /// The queries that are asked for; None for all.
    pub rows: Option<&'a [u64]>,
    /// The expected result of every query.
    pub expected: Option<&'a [f64]>,
}

/// A call that is being shared.
pub struct Call<'a> {
    comm: &'a dyn Comm,
    held: MutexGuard<'a, Held>,
    pairs: &'a [AtomicU64],
    /// The first rank whose reply is still to come; the number of ranks if no reply is to come.
    replied: usize,
}

/// A call that ends early, by an error or a panic, stops the other ranks and receives their
/// replies, so that no reply is mistaken for a reply to the next call.
impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.replied < self.size() {
            tell_all(self.comm, &Message::Stop);
        }
        while self.replied < self.size() && !self.held.is_lost {
            // The caller already has the error that ended the call.
            let _ = self.reply();
        }
    }
}

impl Call<'_> {
    /// Returns the number of ranks.
    pub fn size(&self) -> usize {
        self.comm.size()
    }

    /// Chooses the slots of these distinct sets. A set that the ranks already hold keeps its slot.
    /// A new set replaces the set whose last use is the oldest.
    fn place(&mut self, sets: &[&Points]) -> Vec<Placed> {
        let Held { slots, used, calls, .. } = &mut *self.held;
        *calls += 1;
        let contents: Vec<Content> = sets.iter().map(|set| Content::of(set)).collect();
        // Two objects with equal points get two slots, because a sum of a set at its own points may
        // be computed in another way.
        let mut holder = |content: &Content| {
            let holds = |slot: &usize| slots[*slot] == Some(*content) && used[*slot] < *calls;
            let slot = (0..SLOTS).find(holds)?;
            used[slot] = *calls;
            Some(slot)
        };
        let held: Vec<Option<usize>> = contents.iter().map(&mut holder).collect();
        let mut place = |(content, held): (Content, Option<usize>)| {
            let slot = held.unwrap_or_else(|| {
                let oldest = (0..SLOTS).min_by_key(|slot| used[*slot]).unwrap_or(0);
                (slots[oldest], used[oldest]) = (Some(content), *calls);
                oldest
            });
            Placed { slot, n: content.n, dim: content.dim, follows: held.is_none() }
        };
        contents.into_iter().zip(held).map(&mut place).collect()
    }

    /// Sends the call to all ranks, which begin to compute.
    pub fn start(&mut self, request: Request, sets: &[&Points], arrays: &Arrays) {
        let placed = self.place(sets);
        let request = Request { sets: placed.clone(), ..request };
        self.replied = 1;
        tell_all(self.comm, &Message::Compute(Box::new(request)));
        for (set, placed) in sets.iter().zip(&placed) {
            if placed.follows {
                self.comm.broadcast(bytemuck::cast_slice(set.data()));
            }
        }
        let Arrays { weights, rows, expected } = *arrays;
        let all =
            [weights.map(bytemuck::cast_slice), rows.map(bytemuck::cast_slice), expected.map(bytemuck::cast_slice)];
        all.into_iter().flatten().for_each(|array| self.comm.broadcast(array));
    }

    /// Waits for the replies of all other ranks, in order. Passes each reply to `take`, with the
    /// number of the rank and the results of its rows, and adds the work of the rank to `work`.
    ///
    /// # Errors
    /// An interrupt, or a reply that cannot be read. The call should then be dropped.
    pub fn replies(
        &mut self,
        (work, interrupt): (&Work, &Interrupt),
        mut take: impl FnMut(usize, &Reply, &[f64]),
    ) -> Result<()> {
        while self.replied < self.size() {
            let rank = self.replied;
            while !self.comm.has_message(rank) {
                interrupt.check()?;
                std::thread::sleep(PAUSE);
            }
            let (reply, results) = self.reply()?;
            if reply.is_stopped {
                return Err(Error::Interrupted);
            }
            work.add_counted(reply.pairs, reply.flops);
            take(rank, &reply, &results);
        }
        Ok(())
    }

    /// Receives the next reply and the results of its rows, which a stopped rank does not send.
    fn reply(&mut self) -> Result<(Reply, Vec<f64>)> {
        let rank = self.replied;
        // After a message that cannot be read, no call is shared any more.
        let reply: Reply = read(rank, &self.comm.receive(rank)).inspect_err(|_| self.held.is_lost = true)?;
        self.pairs[rank - 1].fetch_add(reply.pairs, Ordering::Relaxed);
        let results = match reply.is_stopped {
            true => Vec::new(),
            false => numbers(&self.comm.receive(rank)),
        };
        self.replied += 1;
        Ok((reply, results))
    }
}

/// Returns the numbers of a message.
fn numbers(message: &[u8]) -> Vec<f64> {
    message.as_chunks().0.iter().map(|bytes| f64::from_ne_bytes(*bytes)).collect()
}
