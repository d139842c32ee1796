//! Ranks: the processes that share one computation, on one machine or on several, and how they
//! exchange bytes.
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
/// Messages between two ranks arrive in the order in which they were sent. No method fails: the
/// loss of a rank ends all of them. Only one thread of a process uses the connection at a time.
pub trait Comm: Send + Sync + std::fmt::Debug {
    /// Returns the number of this rank, from 0.
    fn rank(&self) -> usize;

    /// Returns the number of ranks.
    fn size(&self) -> usize;

    /// Sends a message of any length to another rank.
    fn send(&self, to: usize, message: &[u8]);

    /// True if a message from this rank has arrived.
    fn has_message(&self, from: usize) -> bool;

    /// Waits for the next message from this rank, and returns it.
    fn receive(&self, from: usize) -> Vec<u8>;

    /// Sends these bytes of rank 0 to all other ranks, which wait for as many in
    /// [`Comm::receive_broadcast`].
    fn broadcast(&self, bytes: &[u8]);

    /// Replaces these bytes by those that rank 0 broadcasts.
    fn receive_broadcast(&self, bytes: &mut [u8]);
}
