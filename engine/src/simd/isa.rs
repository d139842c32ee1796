//! The instruction set in use. It is detected, or forced so that every path can be tested on one
//! machine.

use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// An instruction set for the pairwise engine. If the machine lacks the set, the best set that the
/// machine has is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isa {
    /// The best set of this machine.
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

crate::choices!(Isa);

impl Isa {
    /// Every set except `auto`, from narrow to wide.
    pub const ALL: [Isa; 4] = [Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Amx];

    /// Returns the name that `SDFLOW_ISA` and the flag `--isa` use.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Auto => "auto",
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Amx => "amx",
        }
    }

    /// Returns the sets that this machine can run, without `auto`.
    pub fn available() -> Vec<Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.resolved() == *isa).collect()
    }

    /// Returns the reason why this machine cannot run this set, as a part of a sentence; None if it
    /// can.
    pub fn missing(self) -> Option<String> {
        if self == Isa::Auto || self.resolved() == self {
            return None;
        }
        Some(lacking(self))
    }

    /// Returns the set that is used. On x86-64 it is never `auto`; on other processors, `auto`
    /// stands for the portable choice of pulp.
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
    #[inline]
    pub(crate) fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        // One call serves all sets, because each call compiles `op` for every set.
        self.arch().dispatch(op)
    }

    #[cfg(target_arch = "x86_64")]
    fn arch(self) -> Arch {
        match (self, Arch::new()) {
            (Isa::Scalar, _) => Arch::Scalar,
            (Isa::Avx2, Arch::V4(_)) => pulp::x86::V3::try_new().map_or(Arch::Scalar, Arch::V3),
            (_, best) => best,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn arch(self) -> Arch {
        if self == Isa::Scalar { Arch::Scalar } else { Arch::new() }
    }

    /// Runs `op` with 512-bit registers, which every machine with matrix units has. Does nothing on
    /// a machine without 512-bit registers.
    #[inline]
    pub(crate) fn run_wide<Op: WithSimd<Output = ()>>(op: Op) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V4::try_new() {
            Simd::vectorize(simd, op);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = op;
    }
}

#[cfg(target_arch = "x86_64")]
fn lacking(isa: Isa) -> String {
    /// Collects the names of the features that the processor lacks, or that the system withholds
    /// because it does not save their registers.
    macro_rules! without {
        ($($feature:tt),*) => {
            [$(($feature, std::is_x86_feature_detected!($feature))),*].into_iter().filter(|(_, there)| !there).map(|(name, _)| name)
        };
    }
    let mut names: Vec<&str> = without!("avx2", "fma", "bmi1", "bmi2", "lzcnt", "popcnt").collect();
    if isa != Isa::Avx2 {
        names.extend(without!("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"));
    }
    if isa == Isa::Amx {
        let features = std::arch::x86_64::__cpuid_count(7, 0).edx;
        names.extend(
            [("amx_bf16", 22), ("amx_tile", 24)].iter().filter(|(_, bit)| features >> bit & 1 == 0).map(|f| f.0),
        );
    }
    match names.is_empty() {
        false => format!("the processor has no {}", names.join(", ")),
        true => "the processor has it, but the operating system does not grant it".into(),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn lacking(_: Isa) -> String {
    "it belongs to x86-64; the portable loops run instead".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_available_or_missing_for_a_reason() {
        for isa in Isa::ALL {
            match isa.missing() {
                None => assert!(Isa::available().contains(&isa)),
                Some(why) => {
                    eprintln!("{} cannot be tested on this machine: {why}", isa.name());
                    assert!(!Isa::available().contains(&isa) && isa.resolved() != isa && !why.is_empty());
                }
            }
        }
        assert_eq!((Isa::Scalar.missing(), Isa::Auto.missing()), (None, None));
    }
}
