//! Ranks: the processes or threads that divide one computation, on one machine or on several, and
//! how they exchange bytes.
//!
//! | file | what is inside |
//! |---|---|
//! | `threads` | ranks that are threads of one process |
//! | `mpi` | ranks that are processes started by `mpirun`; behind the feature `mpi` |

#[cfg(feature = "mpi")]
pub mod mpi;
mod threads;

pub use threads::{Threads, threads};

/// The connection of one rank to all others.
///
/// Messages between two ranks arrive in the order in which they were sent. No method returns an
/// error: under MPI, the loss of a rank ends all ranks. Callers use the connection from one thread
/// at a time.
pub trait Comm: Send + Sync + std::fmt::Debug {
    /// Returns the number of this rank, from 0.
    fn rank(&self) -> usize;

    /// Returns the number of ranks.
    fn size(&self) -> usize;

    /// Sends a message of any length to another rank.
    fn send(&self, to: usize, message: &[u8]);

    /// True if a message from rank `from` has arrived.
    fn has_message(&self, from: usize) -> bool;

    /// Waits for the next message from rank `from`, and returns it.
    fn receive(&self, from: usize) -> Vec<u8>;

    /// Sends these bytes of rank 0 to all other ranks, which wait for the same number of bytes in
    /// [`Comm::receive_broadcast`].
    fn broadcast(&self, bytes: &[u8]);

    /// Replaces these bytes by those that rank 0 broadcasts.
    fn receive_broadcast(&self, bytes: &mut [u8]);
}
