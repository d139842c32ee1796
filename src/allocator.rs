//! The allocator of the process, which counts the bytes in use.

use peak_alloc::PeakAlloc;
use sdflow::cost::Meter;
use std::alloc::{GlobalAlloc, Layout, System};

/// Allocations with this alignment or a larger one are reservations, which are not counted. Matrix
/// products reserve a buffer for each thread and use a small part of it. The size of this buffer
/// follows from the processor's caches and can be a gigabyte.
const PAGE: usize = 4096;

/// Counts every allocation of the process except reservations.
struct Counted;

/// The counts, and the allocator of all memory that is counted.
const COUNTS: PeakAlloc = PeakAlloc;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: the layout decides which allocator is used, so every block is freed by the allocator that
// it came from.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match layout.align() < PAGE {
            // SAFETY: the caller keeps the promises of `alloc`.
            true => unsafe { COUNTS.alloc(layout) },
            // SAFETY: as above.
            false => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match layout.align() < PAGE {
            // SAFETY: the caller keeps the promises of `dealloc`.
            true => unsafe { COUNTS.dealloc(block, layout) },
            // SAFETY: as above.
            false => unsafe { System.dealloc(block, layout) },
        }
    }
}

/// Reads the counts of the allocator.
#[derive(Debug)]
pub struct AllocatorMeter;

/// The meter by which `check` measures memory.
pub static METER: AllocatorMeter = AllocatorMeter;

impl Meter for AllocatorMeter {
    fn now(&self) -> u64 {
        COUNTS.current_usage() as u64
    }

    fn peak(&self) -> u64 {
        COUNTS.peak_usage() as u64
    }

    fn restart(&self) {
        COUNTS.reset_peak_usage();
    }
}
