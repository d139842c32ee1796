//! Ranks that are processes started by `mpirun`.
//!
//! A message is sent in pieces of 4 MiB, far below the largest count of MPI, which is a 32-bit
//! integer. `receive` sleeps between two checks for a message. MPI itself would wait in a busy
//! loop, which takes the core of another rank if there are more ranks than cores. A broadcast waits
//! in a busy loop, but only after a message has announced it.

use super::Comm;
use mpi::Threading;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Root, Source};
use std::fmt;
use std::time::{Duration, Instant};

/// The largest number of bytes of one transfer.
const PIECE: usize = 1 << 22;

/// A wait is busy for this time, because most messages arrive soon.
const BUSY: Duration = Duration::from_micros(100);

/// The time between two checks for a message after [`BUSY`].
const PAUSE: Duration = Duration::from_micros(100);

/// The MPI session of this process; it is closed when the value is dropped.
pub struct Mpi {
    _universe: Universe,
}

/// The connection of this process to the other ranks. It may be used while [`Mpi`] lives.
#[derive(Debug, Clone, Copy)]
pub struct World;

impl Mpi {
    /// Initialises MPI. Returns None if MPI was initialised before, or if the library allows calls
    /// from one thread only.
    pub fn enter() -> Option<Mpi> {
        let (universe, threading) = mpi::initialize_with_threading(Threading::Serialized)?;
        (threading >= Threading::Serialized).then_some(Mpi { _universe: universe })
    }
}

/// A rank that panics ends all ranks, because the other ranks may wait for it.
impl Drop for Mpi {
    fn drop(&mut self) {
        if std::thread::panicking() {
            abort();
        }
    }
}

/// Ends all ranks at once.
pub fn abort() -> ! {
    world().abort(1)
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mpi")
    }
}

fn world() -> SimpleCommunicator {
    SimpleCommunicator::world()
}

/// Returns a rank in the type that MPI expects.
fn number(rank: usize) -> i32 {
    rank as i32
}

impl Comm for World {
    fn rank(&self) -> usize {
        world().rank() as usize
    }

    fn size(&self) -> usize {
        world().size() as usize
    }

    fn send(&self, to: usize, message: &[u8]) {
        let world = world();
        let to = world.process_at_rank(number(to));
        to.send(&(message.len() as u64));
        message.chunks(PIECE).for_each(|piece| to.send(piece));
    }

    fn has_message(&self, from: usize) -> bool {
        world().process_at_rank(number(from)).immediate_probe().is_some()
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        let begun = Instant::now();
        while !self.has_message(from) {
            match begun.elapsed() < BUSY {
                true => std::hint::spin_loop(),
                false => std::thread::sleep(PAUSE),
            }
        }
        let world = world();
        let from = world.process_at_rank(number(from));
        let (length, _) = from.receive::<u64>();
        let mut message = vec![0; length as usize];
        message.chunks_mut(PIECE).for_each(|piece| {
            from.receive_into(piece);
        });
        message
    }

    fn broadcast(&self, bytes: &[u8]) {
        let world = world();
        let root = world.process_at_rank(0);
        // `broadcast_into` takes a mutable buffer on every rank, so it gets a copy.
        bytes.chunks(PIECE).for_each(|piece| root.broadcast_into(&mut piece.to_vec()[..]));
    }

    fn receive_broadcast(&self, bytes: &mut [u8]) {
        let world = world();
        let root = world.process_at_rank(0);
        bytes.chunks_mut(PIECE).for_each(|piece| root.broadcast_into(piece));
    }
}
