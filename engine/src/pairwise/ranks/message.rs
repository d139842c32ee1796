//! The arguments of a call as a message from rank 0 to the other ranks.
//!
//! The message is JSON, in which numbers keep all digits. Points, weights and the indices of rows
//! follow as broadcasts of bytes.

use crate::pairwise::kernel::{Kernel, Part};
use crate::pairwise::options::PairwiseOptions;
use crate::pairwise::plan::Arithmetic;
use serde::{Deserialize, Serialize};

/// The first message of a rank to rank 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// What must be equal on all ranks: the program, its command and the instruction sets.
    pub identity: String,
    /// The name of the machine.
    pub machine: String,
    /// The cores that the rank may use, as a list.
    pub cores: String,
}

/// How many ranks are in the same place as a rank, which is counted, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// On the same machine, with one memory.
    pub machine: usize,
    /// On the same cores of that machine.
    pub cores: usize,
}

impl Neighbours {
    /// Counts the neighbours of one of these ranks.
    pub fn of(own: &Hello, all: &[Hello]) -> Neighbours {
        let here = || all.iter().filter(|hello| hello.machine == own.machine);
        Neighbours { machine: here().count(), cores: here().filter(|hello| hello.cores == own.cores).count() }
    }
}

/// A message of rank 0 to another rank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// "You belong to the computation."
    Welcome(Neighbours),
    /// "Do your part of this plan."
    Begin(String),
    /// "Compute your rows of this call, and reply with them."
    Compute(Box<Request>),
    /// "End your part of the call or of the plan early."
    Stop,
    /// "There is nothing more to do."
    End,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub options: PairwiseOptions,
    pub arithmetic: Arithmetic,
    pub sum: Sum,
    /// The distinct sets of points of the call.
    pub sets: Vec<Placed>,
    /// The places of queries and sources in `sets`.
    pub queries: usize,
    pub sources: usize,
    pub values: Option<Given>,
    /// True if a weight per source follows.
    pub weights: bool,
    pub leave_out_self: bool,
    /// The number of queries whose indices follow; None for all queries.
    pub rows: Option<usize>,
    /// The number of queries for which rank 0 made its plan; it may differ from `rows`.
    pub planned: usize,
    pub wanted: Wanted,
}

/// The kind of sum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Sum {
    Softmax {
        sigma: f64,
    },
    Kernel {
        kernel: Kernel,
        part: Part,
        is_softmax: bool,
    },
    /// The softmax means of a set at its own points, evaluating every pair once.
    Own {
        sigma: f64,
    },
    /// Log-sum-exps between two sets that do not move. The expected results follow if
    /// `is_guided`.
    Fixed {
        sigma: f64,
        is_guided: bool,
    },
}

/// A set of points, and the slot in which every rank keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    pub slot: usize,
    pub n: usize,
    pub dim: usize,
    /// True if the points follow; otherwise the slot has held them since an earlier call.
    pub follows: bool,
}

/// The values of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given {
    /// The sources.
    Own,
    /// The points at this place in `sets`.
    Of(usize),
}

/// Which results of a query are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The number of coordinates of the values.
    pub values: usize,
    pub mass: bool,
    pub ess: bool,
}

impl Wanted {
    /// Returns the number of results per query.
    pub fn width(self) -> usize {
        self.values + usize::from(self.mass) + usize::from(self.ess)
    }
}

/// The reply of a rank to a call. If the rank was not stopped, the results of its rows follow in
/// one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// True if the computation ended early.
    pub is_stopped: bool,
    pub pairs: u64,
    pub flops: u64,
    /// The places, among the rows of this rank, of rows that lost precision.
    pub undone: Vec<usize>,
}

/// Returns the bytes of a message.
pub fn encoded(message: &impl Serialize) -> Vec<u8> {
    // A message of plain data always has a JSON form.
    serde_json::to_vec(message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_the_way() {
        let request = Request {
            options: PairwiseOptions::default(),
            arithmetic: Arithmetic::F32,
            sum: Sum::Kernel { kernel: Kernel::Gaussian { h: 0.1 + 0.2 }, part: Part::Slope, is_softmax: false },
            sets: vec![Placed { slot: 2, n: 5, dim: 3, follows: true }],
            queries: 0,
            sources: 0,
            values: Some(Given::Of(0)),
            weights: false,
            leave_out_self: true,
            rows: Some(3),
            planned: 5,
            wanted: Wanted { values: 3, mass: true, ess: false },
        };
        assert_eq!(request.wanted.width(), 4);
        let message = Message::Compute(Box::new(request));
        let text = serde_json::to_vec(&message).unwrap();
        assert_eq!(serde_json::from_slice::<Message>(&text).unwrap(), message);
    }
}
