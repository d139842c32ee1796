//! The matrix units of x86 (AMX). This is the only file with `unsafe`.
//!
//! A tile register holds 16 rows of 64 bytes. `tdpbf16ps` adds the product of a 16 x 32 and a 32 x
//! 16 tile of bfloat16 to a 16 x 16 tile of f32. A number is split into two or three bfloat16
//! parts. The products of parts that matter are added one after the other into the same
//! accumulators, four tiles (32 x 32) at a time. The second operand is stored in pairs: row `p`
//! holds the elements `2p` and `2p + 1` of every column side by side.
//!
//! The operating system must grant the tile state once per process. The tiles of a thread are
//! released when its [`Tiles`] are dropped.
#![allow(unsafe_code)]

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod granted {
    use crate::simd::tile::{SIDE, TILE, Terms};
    use std::arch::asm;
    use std::sync::OnceLock;

    /// Bytes from one row of a bfloat16 tile to the next.
    const ROW: usize = 64;

    /// The configured tile registers of this thread.
    #[derive(Debug)]
    pub struct Tiles {
        /// Registers belong to a thread, so this type cannot be sent to another thread.
        _thread: std::marker::PhantomData<*const ()>,
    }

    /// True if the processor has tiles and the system grants them.
    pub fn available() -> bool {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        *GRANTED.get_or_init(|| {
            let features = std::arch::x86_64::__cpuid_count(7, 0).edx;
            let (bf16, tile) = (features >> 22 & 1, features >> 24 & 1);
            bf16 == 1 && tile == 1 && std::is_x86_feature_detected!("avx512f") && request()
        })
    }

    /// Calls arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
    fn request() -> bool {
        let status: isize;
        // SAFETY: a system call that takes two integers and touches none of our memory; the kernel
        // overwrites rcx and r11.
        unsafe {
            asm!("syscall", inlateout("rax") 158isize => status, in("rdi") 0x1023, in("rsi") 18,
                out("rcx") _, out("r11") _, options(nostack));
        }
        status == 0
    }

    /// Advises the system to use large pages for this memory, if it has them. Packed points are
    /// read in many streams, and with pages of 4 KB each stream would need a walk of the page
    /// tables. The result does not depend on whether the system follows the advice.
    pub fn advise_large_pages<T>(memory: &mut [T]) {
        /// The alignment of the addresses.
        const PAGE: usize = 4096;
        let bytes = memory.as_mut_ptr_range();
        let (from, to) = ((bytes.start as usize).next_multiple_of(PAGE), bytes.end as usize / PAGE * PAGE);
        if to <= from {
            return;
        }
        // SAFETY: madvise(from, to - from, MADV_HUGEPAGE) on whole pages inside memory that we hold
        // exclusively. It changes how the pages are backed, not what they hold. The kernel
        // overwrites rcx and r11.
        unsafe {
            asm!("syscall", inlateout("rax") 28isize => _, in("rdi") from, in("rsi") to - from, in("rdx") 14,
                out("rcx") _, out("r11") _, options(nostack));
        }
    }

    impl Tiles {
        /// Configures the eight tile registers of this thread as 16 rows of 64 bytes; None without
        /// matrix units.
        pub fn acquire() -> Option<Tiles> {
            if !available() {
                return None;
            }
            let mut config = [0u8; 64];
            config[0] = 1;
            for tile in 0..8 {
                config[16 + 2 * tile] = 64;
                config[48 + tile] = 16;
            }
            // SAFETY: the system granted the tile state (`available`), and `config` is a valid palette-1 description of
            // 64 bytes that lives through the instruction.
            unsafe { asm!("ldtilecfg [{}]", in(reg) config.as_ptr(), options(nostack, readonly)) };
            Some(Tiles { _thread: std::marker::PhantomData })
        }

        /// Sets the accumulated block to 0.
        #[inline(always)]
        pub fn clear(&self) {
            // SAFETY: the tiles are configured while `self` lives; no memory is touched.
            unsafe {
                asm!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", options(nostack, nomem))
            };
        }

        /// Sets the accumulated block to 32 x 32 numbers, row-major.
        #[inline(always)]
        pub fn load(&self, c: &[f32]) {
            assert!(c.len() >= SIDE * SIDE, "the block is too small");
            let c = c.as_ptr();
            // SAFETY: as in `store`, but the memory is read.
            unsafe {
                asm!(
                    "tileloadd tmm0, [{c0} + {row}*1]",
                    "tileloadd tmm1, [{c0} + {row}*1 + 64]",
                    "tileloadd tmm2, [{c1} + {row}*1]",
                    "tileloadd tmm3, [{c1} + {row}*1 + 64]",
                    c0 = in(reg) c, c1 = in(reg) c.add(SIDE * SIDE / 2), row = in(reg) 4 * SIDE,
                    options(nostack, readonly),
                );
            }
        }

        /// Prefetches into the second-level cache memory that will be needed soon.
        #[inline(always)]
        pub fn fetch(&self, memory: &[u16]) {
            for line in memory.chunks(32) {
                // SAFETY: the instruction is a hint and reads nothing.
                unsafe { asm!("prefetcht1 [{}]", in(reg) line.as_ptr(), options(nostack, readonly, preserves_flags)) };
            }
        }

        /// Adds `sum_k a_k b_k` to the block. `a` contains two stripes of 16 rows, and `b` two
        /// stripes of 16 columns. Each stripe has, for each of the `steps` steps, the tiles of the
        /// parts in sequence.
        #[inline(always)]
        pub fn add(&self, terms: Terms, steps: usize, a: [&[u16]; 2], b: [&[u16]; 2]) {
            let needed = steps * terms.parts() * TILE;
            assert!(steps > 0 && a.iter().chain(&b).all(|stripe| stripe.len() >= needed), "a stripe is too short");
            // SAFETY: the tiles are configured while `self` lives, and the stripes were checked to hold all tiles.
            unsafe {
                match terms {
                    Terms::Three => three(steps, a, b),
                    Terms::Six => six(steps, a, b),
                }
            }
        }

        /// Writes the block into 32 x 32 numbers, row-major.
        #[inline(always)]
        pub fn store(&self, c: &mut [f32]) {
            assert!(c.len() >= SIDE * SIDE, "the block is too small");
            let c = c.as_mut_ptr();
            // SAFETY: the tiles are configured while `self` lives. Four tiles of 16 rows of 64
            // bytes, with rows 128 bytes apart, cover exactly the 32 x 32 f32 checked above.
            unsafe {
                asm!(
                    "tilestored [{c0} + {row}*1], tmm0",
                    "tilestored [{c0} + {row}*1 + 64], tmm1",
                    "tilestored [{c1} + {row}*1], tmm2",
                    "tilestored [{c1} + {row}*1 + 64], tmm3",
                    c0 = in(reg) c, c1 = in(reg) c.add(SIDE * SIDE / 2), row = in(reg) 4 * SIDE,
                    options(nostack),
                );
            }
        }
    }

    impl Drop for Tiles {
        fn drop(&mut self) {
            // SAFETY: this returns the tiles of this thread to their initial state; they hold
            // nothing else of ours.
            unsafe { asm!("tilerelease", options(nostack, nomem)) };
        }
    }

    /// Emits the four products of the loaded stripes.
    macro_rules! dot {
        () => {
            "tdpbf16ps tmm0, tmm4, tmm6\ntdpbf16ps tmm1, tmm4, tmm7\ntdpbf16ps tmm2, tmm5, tmm6\ntdpbf16ps tmm3, tmm5, tmm7"
        };
    }

    /// Emits the loads of one part of the first or second operand.
    macro_rules! load {
        (a, $offset:literal) => {
            concat!(
                "tileloadd tmm4, [{a0} + {row}*1 + ",
                $offset,
                "]\ntileloadd tmm5, [{a1} + {row}*1 + ",
                $offset,
                "]"
            )
        };
        (b, $offset:literal) => {
            concat!(
                "tileloadd tmm6, [{b0} + {row}*1 + ",
                $offset,
                "]\ntileloadd tmm7, [{b1} + {row}*1 + ",
                $offset,
                "]"
            )
        };
    }

    /// Emits the loop over steps: a sequence of loads and products, after which all pointers move
    /// by `$size` bytes.
    macro_rules! steps {
        ($steps:ident, $a:ident, $b:ident, $size:literal, $($line:expr),*) => {
            asm!(
                "2:",
                $($line,)*
                concat!("add {a0}, ", $size),
                concat!("add {a1}, ", $size),
                concat!("add {b0}, ", $size),
                concat!("add {b1}, ", $size),
                "dec {n}",
                "jnz 2b",
                a0 = inout(reg) $a[0].as_ptr() => _, a1 = inout(reg) $a[1].as_ptr() => _,
                b0 = inout(reg) $b[0].as_ptr() => _, b1 = inout(reg) $b[1].as_ptr() => _,
                n = inout(reg) $steps => _, row = in(reg) ROW,
                options(nostack, readonly),
            )
        };
    }

    /// Adds low high + high high + high low.
    ///
    /// # Safety
    /// Tiles are configured, `steps` is positive, and every stripe holds `steps` times 2 tiles.
    unsafe fn three(steps: usize, a: [&[u16]; 2], b: [&[u16]; 2]) {
        // SAFETY: this reads 2 tiles per step and stripe, which the caller guarantees.
        unsafe {
            steps! {
                steps, a, b, 2048,
                load!(a, 1024), load!(b, 0), dot!(), load!(a, 0), dot!(), load!(b, 1024), dot!()
            }
        }
    }

    /// Adds low high + middle high + middle middle + high middle + high low + high high.
    ///
    /// # Safety
    /// Tiles are configured, `steps` is positive, and every stripe holds `steps` times 3 tiles.
    unsafe fn six(steps: usize, a: [&[u16]; 2], b: [&[u16]; 2]) {
        // SAFETY: this reads 3 tiles per step and stripe, which the caller guarantees.
        unsafe {
            steps! {
                steps, a, b, 3072,
                load!(a, 2048), load!(b, 0), dot!(), load!(a, 1024), dot!(), load!(b, 1024), dot!(),
                load!(a, 0), dot!(), load!(b, 2048), dot!(), load!(b, 0), dot!()
            }
        }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use granted::{Tiles, advise_large_pages, available};

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub use super::tile_missing::{Tiles, advise_large_pages, available};
