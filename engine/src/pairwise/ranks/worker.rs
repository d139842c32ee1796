//! The sums on the ranks other than rank 0.

use super::deal::Deal;
use super::leader::SLOTS;
use super::message::{Given, Hello, Message, Neighbours, Reply, Request, Sum, Wanted};
use crate::comm::Comm;
use crate::pairwise::backend::loops;
use crate::pairwise::call::{KernelCall, KernelSum, Softmax, SoftmaxCall, Values};
use crate::pairwise::engine::Pairwise;
use crate::pairwise::grid::placements::Placements;
use crate::pairwise::loops::output_row::RowOut;
use crate::pairwise::measure::Measure;
use crate::pairwise::plan::Shape;
use crate::pairwise::scratch::Memory;
use crate::points::kd_order::Orders;
use crate::{Error, Interrupt, Points, Result};
use pulp::bytemuck;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The time between two looks for a message while a call is computed.
const LOOK: Duration = Duration::from_millis(1);

/// Joins the ranks that rank 0 leads in [`super::leader::Ranks::lead`]. Returns how many
/// ranks are where this rank is; None if rank 0 does not welcome it.
pub fn join(comm: &dyn Comm, own: &Hello) -> Option<Neighbours> {
    comm.send(0, &serde_json::to_vec(own).unwrap_or_default());
    match serde_json::from_slice(&comm.receive(0)) {
        Ok(Message::Welcome(neighbours)) => Some(neighbours),
        _ => None,
    }
}

/// Computes this rank's part of the sums that rank 0 shares, until rank 0 ends.
///
/// # Errors
/// Rank 0 cannot be understood.
pub fn serve(comm: &dyn Comm) -> Result<()> {
    let (mut slots, memory): ([Points; SLOTS], _) = (Default::default(), Arc::<Memory>::default());
    loop {
        match serde_json::from_slice(&comm.receive(0)) {
            Ok(Message::Compute(request)) => {
                let given = Sent::receive(comm, &request, &mut slots);
                if !answer(comm, &request, &slots, &given, &memory) {
                    return Ok(());
                }
            }
            // This message came after the call had finished.
            Ok(Message::Stop) => {}
            Ok(Message::End) => return Ok(()),
            Ok(other) => return Err(misunderstood(&format!("{other:?}"))),
            Err(error) => return Err(misunderstood(&error.to_string())),
        }
    }
}

fn misunderstood(seen: &str) -> Error {
    Error::Numeric { what: "a message of rank 0".into(), reason: format!("it cannot be understood: {seen}") }
}

/// Does this rank's part of the plan that rank 0 begins by [`super::leader::Ranks::begin`], and
/// then waits until rank 0 ends. `work` is given the plan, and an interrupt that asks for an end
/// when rank 0 stops the plan or ends. An error of `work` is sent to rank 0.
pub fn work_apart(comm: &dyn Comm, work: impl FnOnce(&str, &Interrupt) -> std::result::Result<(), String> + Send) {
    let Ok(Message::Begin(plan)) = serde_json::from_slice(&comm.receive(0)) else { return };
    let interrupt = Interrupt::default();
    let (done, waiting) = channel();
    let mut has_left = false;
    let found = std::thread::scope(|scope| {
        let (plan, interrupt) = (&plan, &interrupt);
        scope.spawn(move || done.send(work(plan, interrupt)));
        loop {
            match waiting.recv_timeout(LOOK) {
                Ok(found) => return found,
                // The thread panicked, and so will the scope.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if !has_left && comm.has_message(0) {
                has_left = !matches!(serde_json::from_slice(&comm.receive(0)), Ok(Message::Stop));
                interrupt.request_end(GRACE);
            }
        }
    });
    comm.send(0, found.err().unwrap_or_default().as_bytes());
    while !has_left {
        has_left = !matches!(serde_json::from_slice(&comm.receive(0)), Ok(Message::Stop));
    }
}

/// The time that a part of a plan has to end after it is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// What follows a request besides points.
struct Sent {
    weights: Option<Vec<f64>>,
    rows: Option<Vec<u64>>,
    expected: Option<Vec<f64>>,
}

impl Sent {
    fn receive(comm: &dyn Comm, request: &Request, slots: &mut [Points; SLOTS]) -> Sent {
        for placed in request.sets.iter().filter(|placed| placed.follows) {
            let set = &mut slots[placed.slot];
            set.reshape(placed.n, placed.dim);
            comm.receive_broadcast(bytemuck::cast_slice_mut(set.data_mut()));
        }
        let weights = request.weights.then(|| {
            let mut weights = vec![0.0_f64; request.sets[request.sources].n];
            comm.receive_broadcast(bytemuck::cast_slice_mut(&mut weights));
            weights
        });
        let rows = request.rows.map(|count| {
            let mut rows = vec![0_u64; count];
            comm.receive_broadcast(bytemuck::cast_slice_mut(&mut rows));
            rows
        });
        let expected = matches!(request.sum, Sum::Fixed { is_guided: true, .. }).then(|| {
            let mut expected = vec![0.0_f64; request.sets[request.queries].n];
            comm.receive_broadcast(bytemuck::cast_slice_mut(&mut expected));
            expected
        });
        Sent { weights, rows, expected }
    }
}

/// Computes the request in another thread, while this one looks for messages; then replies. Returns
/// false if rank 0 has ended.
fn answer(comm: &dyn Comm, request: &Request, slots: &[Points; SLOTS], sent: &Sent, memory: &Arc<Memory>) -> bool {
    let engine =
        Pairwise { memory: Arc::clone(memory), ..Pairwise::new(request.options.clone(), Interrupt::default()) };
    let (done, waiting) = channel();
    let mut goes_on = true;
    let computed = std::thread::scope(|scope| {
        let (engine, ranks) = (&engine, (comm.rank(), comm.size()));
        scope.spawn(move || done.send(OwnRows { engine, request, slots, sent, ranks }.compute()));
        loop {
            match waiting.recv_timeout(LOOK) {
                Ok(computed) => return computed,
                // The thread panicked, and so will the scope.
                Err(RecvTimeoutError::Disconnected) => return Ok(Computed::default()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if comm.has_message(0) {
                goes_on = matches!(serde_json::from_slice(&comm.receive(0)), Ok(Message::Stop));
                engine.interrupt.raise();
            }
        }
    });
    let Computed { results, undone } = match computed {
        Ok(computed) => computed,
        Err(_) => {
            tell(comm, &Reply { is_stopped: true, ..Reply::default() });
            return goes_on;
        }
    };
    let (pairs, flops) = (engine.work.pairs(), engine.work.flops());
    tell(comm, &Reply { is_stopped: false, pairs, flops, undone });
    comm.send(0, bytemuck::cast_slice(&results));
    goes_on
}

fn tell(comm: &dyn Comm, reply: &Reply) {
    // Plain data always has a JSON form.
    comm.send(0, &serde_json::to_vec(reply).unwrap_or_default());
}

/// The results of the rows of this rank, in their order, and the places of rows that lost
/// precision.
#[derive(Default)]
struct Computed {
    results: Vec<f64>,
    undone: Vec<usize>,
}

/// This rank's rows of a call.
struct OwnRows<'a> {
    engine: &'a Pairwise,
    request: &'a Request,
    slots: &'a [Points; SLOTS],
    sent: &'a Sent,
    ranks: (usize, usize),
}

/// Lets rows write into `results`, which holds the results of one row after the other.
fn attach<'b>(rows: &mut [RowOut<'b>], wanted: Wanted, results: &'b mut [f64]) {
    for (row, results) in rows.iter_mut().zip(results.chunks_exact_mut(wanted.width())) {
        let (values, rest) = results.split_at_mut(wanted.values);
        let mut rest = rest.iter_mut();
        row.values = values;
        row.mass = wanted.mass.then(|| rest.next()).flatten();
        row.ess = wanted.ess.then(|| rest.next()).flatten();
    }
}

impl<'a> OwnRows<'a> {
    fn set(&self, place: usize) -> &'a Points {
        &self.slots[self.request.sets[place].slot]
    }

    fn compute(&self) -> Result<Computed> {
        let Request { arithmetic, sum, queries, sources, leave_out_self, wanted, .. } = *self.request;
        let (queries, sources, weights) = (self.set(queries), self.set(sources), self.sent.weights.as_deref());
        let values = self.request.values.map(|given| match given {
            Given::Own => Values::Own,
            Given::Of(place) => Values::Of(self.set(place)),
        });
        let (orders, placements) = (&Orders::default(), &Placements::default());
        let (sigma, kernel) = match sum {
            Sum::Softmax { sigma } => (sigma, None),
            Sum::Fixed { sigma, .. } => {
                let given = (weights.unwrap_or_default(), self.sent.expected.as_deref());
                let results = self.engine.log_sums_part(arithmetic, (queries, sources), sigma, given, self.ranks)?;
                return Ok(Computed { results, undone: Vec::new() });
            }
            Sum::Own { sigma } => {
                let results = self.engine.own_part((arithmetic, queries, sigma), self.ranks)?;
                return Ok(Computed { results, undone: Vec::new() });
            }
            Sum::Kernel { kernel, part, is_softmax } => {
                let sum = KernelSum { kernel, part, weights, values, leave_out_self };
                (0.0, Some(KernelCall { queries, sources, sum, is_softmax }))
            }
        };
        let softmax = Softmax { sigma, log_weights: weights, leave_out_self };
        let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract: false };
        let measured = kernel.as_ref().map_or_else(|| Measure::of_softmax(&call), Measure::of_kernel);
        let measure = Measure { shape: Shape { n: self.request.planned, ..measured.shape }, ..measured };
        let backend = loops(arithmetic);
        let deal = Deal::of(backend.unit(self.engine, &measure));
        let rows = match &self.sent.rows {
            Some(asked) => asked.iter().map(|query| *query as usize).map(row_of).collect(),
            None => (0..queries.n()).map(row_of).collect(),
        };
        let rows = match kernel {
            Some(_) => rows,
            None => backend.ordered(self.engine, &call, &measure, rows),
        };
        let mut own = deal.one(rows, self.ranks);
        let order: Vec<usize> = own.iter().map(|row| row.query).collect();
        let mut results = vec![0.0; own.len() * wanted.width()];
        attach(&mut own, wanted, &mut results);
        let undone = match &kernel {
            Some(kernel) => backend.kernel(self.engine, kernel, &measure, own)?,
            None => backend.softmax(self.engine, &call, &measure, own)?,
        };
        let lost: Vec<usize> = undone.iter().map(|row| row.query).collect();
        drop(undone);
        // Rows that lost precision are sorted by query.
        let places = order.iter().enumerate().filter(|(_, query)| lost.binary_search(query).is_ok());
        Ok(Computed { undone: places.map(|(i, _)| i).collect(), results })
    }
}

fn row_of<'b>(query: usize) -> RowOut<'b> {
    RowOut { query, ..RowOut::default() }
}
