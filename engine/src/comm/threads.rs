//! Ranks that are threads of one process. The tests use them.

use super::Comm;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The messages from one rank to another.
#[derive(Debug, Default)]
struct Mailbox {
    messages: Mutex<VecDeque<Vec<u8>>>,
    arrived: Condvar,
}

impl Mailbox {
    fn put(&self, message: &[u8]) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push_back(message.to_vec());
        self.arrived.notify_one();
    }

    fn take(&self) -> Vec<u8> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(message) = messages.pop_front() {
                return message;
            }
            messages = self.arrived.wait(messages).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_empty(&self) -> bool {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// One of the ranks that [`threads`] connects.
#[derive(Debug)]
pub struct Threads {
    rank: usize,
    size: usize,
    /// The mailbox from rank `a` to rank `b` is at `a * size + b`.
    mailboxes: Arc<[Mailbox]>,
}

/// Returns `size` connected ranks, each for a thread of its own.
pub fn threads(size: usize) -> Vec<Threads> {
    let mailboxes: Arc<[Mailbox]> = (0..size * size).map(|_| Mailbox::default()).collect();
    (0..size).map(|rank| Threads { rank, size, mailboxes: Arc::clone(&mailboxes) }).collect()
}

impl Threads {
    fn mailbox(&self, from: usize, to: usize) -> &Mailbox {
        &self.mailboxes[from * self.size + to]
    }
}

impl Comm for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&self, to: usize, message: &[u8]) {
        self.mailbox(self.rank, to).put(message);
    }

    fn has_message(&self, from: usize) -> bool {
        !self.mailbox(from, self.rank).is_empty()
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        self.mailbox(from, self.rank).take()
    }

    fn broadcast(&self, bytes: &[u8]) {
        (1..self.size).for_each(|to| self.send(to, bytes));
    }

    fn receive_broadcast(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.receive(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_in_order_and_broadcasts_reach_all() {
        let ranks = threads(3);
        std::thread::scope(|scope| {
            for rank in &ranks[1..] {
                scope.spawn(move || {
                    let mut all = [0; 4];
                    rank.receive_broadcast(&mut all);
                    let first = rank.receive(0);
                    rank.send(0, &[all[3], first[0], rank.receive(0)[0], rank.rank() as u8]);
                });
            }
            let leader = &ranks[0];
            assert!(!leader.has_message(1));
            leader.broadcast(&[7, 8, 9, 10]);
            for to in [1, 2] {
                leader.send(to, &[20]);
                leader.send(to, &[30]);
            }
            assert_eq!([leader.receive(2), leader.receive(1)], [vec![10, 20, 30, 2], vec![10, 20, 30, 1]]);
        });
    }
}
