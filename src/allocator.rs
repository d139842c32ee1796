//! The allocator of the process, which counts the bytes in use.

use peak_alloc::PeakAlloc;
use sdflow::cost::Meter;

/// Counts every allocation of the process.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Reads the counts of the allocator.
#[derive(Debug)]
pub struct AllocatorMeter;

/// The meter by which `check` measures memory.
pub static METER: AllocatorMeter = AllocatorMeter;

impl Meter for AllocatorMeter {
    fn now(&self) -> u64 {
        ALLOCATOR.current_usage() as u64
    }

    fn peak(&self) -> u64 {
        ALLOCATOR.peak_usage() as u64
    }

    fn restart(&self) {
        ALLOCATOR.reset_peak_usage();
    }
}
