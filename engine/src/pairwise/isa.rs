//! The instruction set in use: detected, or forced so that every path can be tested on one machine.

use pulp::{Arch, Scalar, Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// An instruction set for the pairwise loops. A set that the machine lacks falls back to the best it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isa {
    /// The best this machine has.
    #[default]
    Auto,
    /// One lane at a time.
    Scalar,
    /// 256 bits with fused multiply-add.
    Avx2,
    /// 512 bits.
    Avx512,
    /// 512 bits and the matrix units, for the bfloat16 precisions.
    Amx,
}

impl Isa {
    /// The sets that this machine can run, apart from `auto`.
    pub fn available() -> Vec<Isa> {
        [Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Amx].into_iter().filter(|isa| isa.resolved() == *isa).collect()
    }

    /// What will really run: never `auto` on x86-64; elsewhere the portable choice of pulp is `auto`.
    pub fn resolved(self) -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            let (v3, v4) = (pulp::x86::V3::try_new().is_some(), pulp::x86::V4::try_new().is_some());
            match self {
                Isa::Scalar => Isa::Scalar,
                Isa::Avx2 if v3 => Isa::Avx2,
                Isa::Amx | Isa::Auto if v4 && super::tile_amx::available() => Isa::Amx,
                _ if v4 => Isa::Avx512,
                _ if v3 => Isa::Avx2,
                _ => Isa::Scalar,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            if self == Isa::Scalar { Isa::Scalar } else { Isa::Auto }
        }
    }

    /// Runs `op` with this instruction set.
    #[inline(always)]
    pub(super) fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        match self {
            Isa::Scalar => Scalar.vectorize(op),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => match pulp::x86::V3::try_new() {
                Some(simd) => Simd::vectorize(simd, op),
                None => Scalar.vectorize(op),
            },
            _ => Arch::new().dispatch(op),
        }
    }
}
