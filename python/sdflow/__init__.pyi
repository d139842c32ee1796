"""Particle flows between distributions on a CPU."""

# Written by `python -m sdflow._stubs > sdflow/__init__.pyi`; a test compares it with the build.

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import estimators as estimators
from ._errors import DataError as DataError
from ._errors import DivergedError as DivergedError
from ._errors import SdflowError as SdflowError
from ._errors import SdflowWarning as SdflowWarning
from ._session import Session as Session
from ._session import configure as configure
from ._session import seed as seed
from ._sums import SoftmaxMean as SoftmaxMean
from ._sums import kernel_sum as kernel_sum
from ._sums import log_sum_exp as log_sum_exp
from ._sums import score_difference as score_difference
from ._sums import softmax_mean as softmax_mean
from ._values import Reading as Reading
from ._values import Record as Record
from ._values import Value as Value
from .runs import Run as Run
from .runs import load_run as load_run

__version__: str

class Points(Value, np.lib.mixins.NDArrayOperatorsMixin):
    def __init__(self, rows: Points | ArrayLike) -> None: ...
    def numpy(self, copy: bool = ...) -> NDArray[np.float64]: ...
    @property
    def T(self) -> NDArray[np.float64]: ...
    def tolist(self) -> list[list[float]]: ...
    def mean(self, axis: int | None = ...) -> Any: ...
    def std(self, axis: int | None = ...) -> Any: ...
    def __array_ufunc__(self, function: Any, method: str, *args: Any, **options: Any) -> Any: ...
    def __array__(self, dtype: DTypeLike | None = ..., copy: bool | None = ...) -> NDArray[Any]: ...
    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[np.float64]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: Any) -> Any: ...
    def __iter__(self) -> Iterator[NDArray[np.float64]]: ...
    def __contains__(self, item: object) -> bool: ...
    @property
    def n(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    def cov(
        self,
    ) -> NDArray[np.float64]: ...
    def spacing(
        self,
    ) -> float: ...
    def diameter(
        self,
    ) -> float: ...
    def mean_distance(
        self,
    ) -> float: ...
    def rows(
        self,
        i: int,
        j: int,
    ) -> Points: ...
    def divide(
        self,
        k: float,
    ) -> list[Points]: ...
    def split_by_label(
        self,
        labels: ArrayLike | Points,
    ) -> list[Points]: ...
    def with_label(
        self,
        label: int,
        labels: int,
    ) -> Points: ...
    def join(
        self,
        points: Points | ArrayLike,
    ) -> Points: ...
    def trim(
        self,
        share: float,
        neighbours: int | None = ...,
    ) -> Points: ...
    def standardise(
        self,
        points: Points | ArrayLike | None = ...,
    ) -> Points: ...
    def undo(
        self,
        points: Points | ArrayLike,
    ) -> Points: ...
    def column(
        self,
        j: int | str,
    ) -> NDArray[np.float64]: ...

class Table(Value, dict[str, Any]):
    @property
    def columns(self) -> list[str]: ...
    def pandas(self) -> Any: ...
    def __getitem__(self, name: str) -> Any: ...
    def __getattr__(self, name: str) -> Any: ...
    def clear(self, *_: Any, **__: Any) -> Any: ...
    def popitem(self, *_: Any, **__: Any) -> Any: ...
    def best(
        self,
        column: str,
        which: str | None = ...,
    ) -> Record: ...
    @property
    def rows(self) -> list[Record]: ...
    @property
    def n(self) -> int: ...
    def column(
        self,
        name: str,
    ) -> NDArray[np.float64]: ...

class Target(Value):
    def sample(
        self,
        n: int,
    ) -> Points: ...
    @property
    def dim(self) -> int: ...
    def mean(
        self,
    ) -> NDArray[np.float64]: ...
    def cov(
        self,
    ) -> NDArray[np.float64]: ...
    def log_density(
        self,
        points: Points | ArrayLike,
    ) -> NDArray[np.float64]: ...
    def modes(
        self,
    ) -> list[Target]: ...
    def split_by_mode(
        self,
        points: Points | ArrayLike,
    ) -> list[Points | None]: ...
    def score(
        self,
        points: Points | ArrayLike,
    ) -> Points: ...

class Score(Value):
    ...

class Flow(Value):
    def prior(
        self,
        n: int,
    ) -> Points: ...
    def log_density(
        self,
        points: Points | ArrayLike,
        *,
        steps: int | None = ...,
        tolerance: float | None = ...,
        probes: int | None = ...,
    ) -> NDArray[np.float64]: ...
    def velocity(
        self,
        points: Points | ArrayLike,
        *,
        progress: float | None = ...,
    ) -> Points: ...
    def run(
        self,
        start: Points | ArrayLike,
        reference: Target | Points | ArrayLike | None = ...,
        *,
        steps: int | None = ...,
        every: int | None = ...,
        metrics: Sequence[str | Mapping[str, Any]] | ArrayLike | None = ...,
        snapshots: int | None = ...,
        stop_when: Mapping[str, float] | None = ...,
        carry: Points | ArrayLike | None = ...,
        log_det: bool | None = ...,
        callback: Callable[[dict[str, float]], object] | None = ...,
    ) -> Result: ...

class Bridge(Value):
    def drift(
        self,
        t: float,
        points: Points | ArrayLike,
        *,
        direction: Literal["forward", "backward"] | None = ...,
    ) -> Points: ...
    def sample(
        self,
        points: Points | ArrayLike,
        *,
        steps: int | None = ...,
        direction: Literal["forward", "backward"] | None = ...,
        method: Literal["sde", "ode", "plan"] | None = ...,
        denoise: bool | None = ...,
    ) -> Points: ...
    def path(
        self,
        points: Points | ArrayLike,
        *,
        steps: int | None = ...,
        direction: Literal["forward", "backward"] | None = ...,
        method: Literal["sde", "ode", "plan"] | None = ...,
        denoise: bool | None = ...,
        snapshots: int | None = ...,
    ) -> list[Record]: ...
    def marginal(
        self,
        t: float,
    ) -> Target: ...
    @property
    def source(self) -> Target: ...
    @property
    def target(self) -> Target: ...
    @property
    def dim(self) -> int: ...
    @property
    def epsilon(self) -> float: ...

class Generator(Value):
    def sample(
        self,
        n: int,
    ) -> Points: ...
    def with_base(
        self,
        base: Target | Points | ArrayLike,
    ) -> Generator: ...
    def apply(
        self,
        points: Points | ArrayLike,
    ) -> Points: ...
    @property
    def dim(self) -> int: ...
    def mean(
        self,
    ) -> NDArray[np.float64]: ...
    def cov(
        self,
    ) -> NDArray[np.float64]: ...
    def fit(
        self,
        flow: Flow,
        base: Target | Points | ArrayLike | None = ...,
        *,
        steps: int | None = ...,
        batch: int | None = ...,
        rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        average: float | None = ...,
        ema: float | None = ...,
        every: int | None = ...,
    ) -> Result: ...
    def distill(
        self,
        teacher: Score | Target | Points | ArrayLike,
        base: Target | Points | ArrayLike,
        *,
        steps: int | None = ...,
        batch: int | None = ...,
        rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        average: float | None = ...,
        ema: float | None = ...,
        every: int | None = ...,
        score_updates: int | None = ...,
        score_rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        warm_up: int | None = ...,
        hidden: int | None = ...,
        layers: int | None = ...,
        activation: Literal["silu", "tanh", "softplus"] | None = ...,
        sigma_min: float | None = ...,
        sigma_max: float | None = ...,
        levels: int | None = ...,
        weight: Literal["dmd", "none"] | None = ...,
    ) -> Result: ...
    def regress(
        self,
        inputs: Points | ArrayLike,
        outputs: Points | ArrayLike,
        *,
        steps: int | None = ...,
        batch: int | None = ...,
        rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        average: float | None = ...,
        ema: float | None = ...,
    ) -> Result: ...

class Result(Value):
    @property
    def points(self) -> Points: ...
    @property
    def carried(self) -> Points: ...
    @property
    def log_det(self) -> NDArray[np.float64]: ...
    @property
    def history(self) -> Table: ...
    @property
    def stop(self) -> str: ...
    @property
    def stats(self) -> Record: ...
    @property
    def metrics(self) -> Record: ...
    @property
    def snapshots(self) -> list[Points]: ...

class Coupling(Value):
    def plan_rows(self, rows: Any = ...) -> NDArray[np.float64]: ...
    @property
    def cost(self) -> float: ...
    @property
    def transport_cost(self) -> float: ...
    @property
    def divergence(self) -> float: ...
    @property
    def converged(self) -> bool: ...
    @property
    def marginal_error(self) -> float: ...
    @property
    def iterations(self) -> int: ...
    @property
    def epsilon(self) -> float: ...
    def potentials(
        self,
    ) -> NDArray[np.float64]: ...
    def plan(
        self,
        i: int,
        j: int,
    ) -> float: ...
    def heaviest(
        self,
        i: int,
        k: int,
    ) -> list[Any]: ...
    def transport(
        self,
        points: Points | ArrayLike | None = ...,
    ) -> Points: ...

def load(
    file: PathLike[str] | str,
    *,
    key: str | None = ...,
    columns: Sequence[int | str] | ArrayLike | None = ...,
    header: bool | Literal["auto"] | None = ...,
    separator: Literal["auto", ",", ";", "\t", " "] | None = ...,
    decimal: Literal["auto", ".", ","] | None = ...,
    missing: Literal["refuse", "drop"] | None = ...,
    flatten: bool | None = ...,
) -> Points: ...

def normal(
    n: int,
    dim: int,
) -> Points: ...

def uniform(
    n: int,
    dim: int,
    lo: float,
    hi: float,
) -> Points: ...

def gaussian(
    *,
    dim: int | None = ...,
    mean: float | Sequence[float] | ArrayLike | None = ...,
    std: float | Sequence[float] | ArrayLike | None = ...,
    cov: Sequence[Sequence[float] | ArrayLike] | ArrayLike | None = ...,
) -> Target: ...

def ar1(
    rho: float,
    *,
    dim: int | None = ...,
    mean: float | Sequence[float] | ArrayLike | None = ...,
) -> Target: ...

def mixture(
    *,
    means: Sequence[Sequence[float] | ArrayLike] | ArrayLike | None = ...,
    weights: Sequence[float] | ArrayLike | None = ...,
    std: float | Sequence[float] | ArrayLike | None = ...,
    covs: Sequence[Sequence[Sequence[float] | ArrayLike] | ArrayLike] | ArrayLike | None = ...,
) -> Target: ...

def student_t(
    *,
    dim: int | None = ...,
    dof: float | None = ...,
    mean: float | Sequence[float] | ArrayLike | None = ...,
    scale: float | Sequence[float] | ArrayLike | None = ...,
) -> Target: ...

def funnel(
    *,
    dim: int | None = ...,
    std: float | None = ...,
) -> Target: ...

def banana(
    *,
    dim: int | None = ...,
    std: float | None = ...,
    bend: float | None = ...,
) -> Target: ...

def dataset(
    name: str,
    *,
    noise: float | None = ...,
    style: Literal["ffjord", "torchcfm"] | None = ...,
    scale: float | None = ...,
) -> Target: ...

def samples(
    points: Points | ArrayLike,
    *,
    weights: Sequence[float] | ArrayLike | None = ...,
    standardise: bool | None = ...,
) -> Target: ...

def mapped(
    file: PathLike[str] | str,
) -> Target: ...

def labelled(
    base: Target,
    labels: int,
) -> Target: ...

def fitted_mixture(
    points: Points | ArrayLike,
    *,
    k: int | None = ...,
    most: int | None = ...,
    covariance: Literal["full", "diagonal"] | None = ...,
    shrinkage: bool | None = ...,
    rounds: int | None = ...,
) -> Target: ...

def density(
    dim: int,
    log_density: str | Callable[..., Any],
    more: Mapping[str, Any] | Callable[..., Any] | None = ...,
) -> Target: ...

def constant(
    value: float,
) -> Record: ...

def linear(
    from_: float,
    to: float,
) -> Record: ...

def cosine(
    from_: float,
    to: float,
) -> Record: ...

def geometric(
    from_: float,
    to: float,
) -> Record: ...

def karras(
    from_: float,
    to: float,
    rho: float | None = ...,
) -> Record: ...

def polynomial(
    from_: float,
    to: float,
    power: float | None = ...,
) -> Record: ...

def sigmoid(
    from_: float,
    to: float,
    steepness: float | None = ...,
) -> Record: ...

def adaptive(
    from_: float,
    to: float,
) -> Record: ...

def gaussian_kernel(
    h: float,
) -> Record: ...

def laplace(
    h: float,
) -> Record: ...

def imq(
    h: float,
) -> Record: ...

def matern32(
    h: float,
) -> Record: ...

def matern52(
    h: float,
) -> Record: ...

def energy_kernel() -> Record: ...

def exact(
    target: Target,
) -> Score: ...

def smoothed(
    target: Target,
    *,
    samples: int | None = ...,
) -> Score: ...

def kde(
    points: Target | Points | ArrayLike | None = ...,
) -> Score: ...

def gaussian_fit(
    *,
    covariance: Literal["full", "diagonal"] | None = ...,
    ridge: float | None = ...,
) -> Score: ...

def mixture_fit(
    *,
    k: int | None = ...,
    pooled: bool | None = ...,
    covariance: Literal["full", "diagonal"] | None = ...,
    shrinkage: bool | None = ...,
    coordinates: int | None = ...,
    ridge: float | None = ...,
    rounds: int | None = ...,
    first_rounds: int | None = ...,
) -> Score: ...

def denoiser(
    target: Target | Points | ArrayLike | None = ...,
    *,
    hidden: int | None = ...,
    layers: int | None = ...,
    activation: Literal["silu", "tanh", "softplus"] | None = ...,
    steps: int | None = ...,
    follow: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    ema: float | None = ...,
    sigma_min: float | None = ...,
    sigma_max: float | None = ...,
) -> Score: ...

def ratio(
    target: Target | Points | ArrayLike,
    *,
    features: Literal["linear", "quadratic", "mlp"] | None = ...,
    ridge: float | None = ...,
    newton: int | None = ...,
    hidden: int | None = ...,
    layers: int | None = ...,
    activation: Literal["silu", "tanh", "softplus"] | None = ...,
    steps: int | None = ...,
    follow: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    decay: float | None = ...,
) -> Score: ...

class sd_flow(Flow):
    def __init__(
        self,
        target_score: Score | Target | Points | ArrayLike,
        source_score: Score | Target | Points | ArrayLike | None = ...,
        *,
        sigma: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        scaling: Literal["denoiser", "raw"] | None = ...,
        divergence: Literal["reverse_kl", "kl", "jeffreys", "js", "pearson"] | None = ...,
        noise: Literal["fresh", "half", "none", "fixed"] | None = ...,
        self_term: Literal["include", "exclude"] | None = ...,
        batch: int | None = ...,
        batch_target: int | None = ...,
        batch_source: int | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class mmd_flow(Flow):
    def __init__(
        self,
        points: Target | Points | ArrayLike,
        *,
        kernel: float | str | Mapping[str, Any] | float | Literal["median"] | Sequence[float | str | Mapping[str, Any] | float] | ArrayLike | None = ...,
        scaling: Literal["denoiser", "raw"] | None = ...,
        weighting: Literal["plain", "normalised"] | None = ...,
        noise: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class sinkhorn_flow(Flow):
    def __init__(
        self,
        points: Target | Points | ArrayLike,
        *,
        epsilon: float | None = ...,
        blur: float | None = ...,
        tolerance: float | None = ...,
        max_iterations: int | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class sliced_flow(Flow):
    def __init__(
        self,
        points: Target | Points | ArrayLike,
        *,
        bases: int | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class drift_flow(Flow):
    def __init__(
        self,
        points: Target | Points | ArrayLike,
        *,
        kernel: str | None = ...,
        temperature: float | Sequence[float] | ArrayLike | None = ...,
        scale: Literal["distance", "none"] | None = ...,
        normalisation: Literal["row", "joint"] | None = ...,
        self_term: Literal["include", "exclude"] | None = ...,
        batch_target: int | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class by_label(Flow):
    def __init__(
        self,
        flows: ArrayLike,
    ) -> None: ...

class gan_flow(Flow):
    def __init__(
        self,
        target: Target | Points | ArrayLike,
        *,
        loss: Literal["saturating", "non_saturating", "log_ratio", "least_squares", "kl", "reverse_kl", "js", "pearson", "squared_hellinger"] | None = ...,
        discriminator: Mapping[str, Any] | None = ...,
        sigma: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        scaling: Literal["denoiser", "raw"] | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class svgd(Flow):
    def __init__(
        self,
        target: Score | Target | Points | ArrayLike,
        *,
        kernel: float | str | Mapping[str, Any] | float | Literal["median"] | Sequence[float | str | Mapping[str, Any] | float] | ArrayLike | None = ...,
        sigma: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        integrator: Literal["euler", "heun", "rk4"] | None = ...,
        precision: Literal["f64", "f32", "bf16x3", "bf16x6", "auto"] | None = ...,
        tol: float | None = ...,
    ) -> None: ...

class langevin(Flow):
    def __init__(
        self,
        target: Score | Target | Points | ArrayLike,
        *,
        sampler: Literal["ula", "mala"] | None = ...,
        step: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
        warmup: int | None = ...,
        acceptance: float | None = ...,
        preconditioner: Literal["none", "diagonal", "dense"] | None = ...,
        sigma: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    ) -> None: ...

class pf_ode(Flow):
    def __init__(
        self,
        score: Score | Target | Points | ArrayLike,
        *,
        sampler: Literal["ddim", "euler", "edm", "heun", "rk4", "adaptive"] | None = ...,
        tolerance: float | None = ...,
        process: Literal["ve", "vp", "subvp"] | None = ...,
        sigma_max: float | None = ...,
        sigma_min: float | None = ...,
        rho: float | None = ...,
        beta_min: float | None = ...,
        beta_max: float | None = ...,
        denoise: bool | None = ...,
    ) -> None: ...

class reverse_sde(Flow):
    def __init__(
        self,
        score: Score | Target | Points | ArrayLike,
        *,
        sampler: Literal["euler_maruyama", "ancestral", "edm", "gaussian_mixture", "gms"] | None = ...,
        lambda_: float | None = ...,
        churn: float | None = ...,
        churn_min: float | None = ...,
        churn_max: float | None = ...,
        churn_noise: float | None = ...,
        process: Literal["ve", "vp", "subvp"] | None = ...,
        sigma_max: float | None = ...,
        sigma_min: float | None = ...,
        rho: float | None = ...,
        beta_min: float | None = ...,
        beta_max: float | None = ...,
        denoise: bool | None = ...,
    ) -> None: ...

class predictor_corrector(Flow):
    def __init__(
        self,
        score: Score | Target | Points | ArrayLike,
        *,
        predictor: Literal["euler_maruyama", "ancestral", "ddim"] | None = ...,
        corrections: int | None = ...,
        snr: float | None = ...,
        process: Literal["ve", "vp", "subvp"] | None = ...,
        sigma_max: float | None = ...,
        sigma_min: float | None = ...,
        rho: float | None = ...,
        beta_min: float | None = ...,
        beta_max: float | None = ...,
        denoise: bool | None = ...,
    ) -> None: ...

class smc(Flow):
    def __init__(
        self,
        target: Target,
        prior: Target | None = ...,
        *,
        ess: float | None = ...,
        leapfrog: int | None = ...,
        acceptance: float | None = ...,
        preconditioner: Literal["none", "diagonal", "dense"] | None = ...,
    ) -> None: ...

def gaussian_bridge(
    source: Target | Points | ArrayLike,
    target: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    pull: float | None = ...,
) -> Bridge: ...

def bridge_pair(
    source: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    means: Sequence[Sequence[float] | ArrayLike] | ArrayLike | None = ...,
    weights: Sequence[float] | ArrayLike | None = ...,
    std: float | Sequence[float] | ArrayLike | None = ...,
    covs: Sequence[Sequence[Sequence[float] | ArrayLike] | ArrayLike] | ArrayLike | None = ...,
    starts: int | None = ...,
) -> Bridge: ...

def light_sb(
    source: Target | Points | ArrayLike,
    target: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    components: int | None = ...,
    shape: Literal["diagonal", "full"] | None = ...,
    loss: Literal["plan", "matching"] | None = ...,
    steps: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    backward: bool | None = ...,
) -> Bridge: ...

def dsb(
    source: Target | Points | ArrayLike,
    target: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    pull: float | None = ...,
    iterations: int | None = ...,
    steps: int | None = ...,
    time_steps: int | None = ...,
    start: Literal["gaussian", "reference"] | None = ...,
    regression: Literal["mean", "increment"] | None = ...,
    baseline: Literal["gaussian", "none"] | None = ...,
    warm_start: bool | None = ...,
    hidden: int | None = ...,
    layers: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    ema: float | None = ...,
    memory: float | None = ...,
) -> Bridge: ...

def dsbm(
    source: Target | Points | ArrayLike,
    target: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    pull: float | None = ...,
    iterations: int | None = ...,
    steps: int | None = ...,
    time_steps: int | None = ...,
    start: Literal["independent", "gaussian", "reference"] | None = ...,
    baseline: Literal["gaussian", "none"] | None = ...,
    warm_start: bool | None = ...,
    hidden: int | None = ...,
    layers: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    ema: float | None = ...,
    memory: float | None = ...,
) -> Bridge: ...

def sinkhorn_bridge(
    source: Target | Points | ArrayLike,
    target: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    blur: float | None = ...,
    rho: float | None = ...,
    tolerance: float | None = ...,
    max_iterations: int | None = ...,
    scaling: float | None = ...,
    memory: int | None = ...,
    newton: bool | None = ...,
    debias: bool | None = ...,
    precision: Literal["auto", "f32", "f64"] | None = ...,
) -> Bridge: ...

def load_model(
    file: PathLike[str] | str,
    *,
    activation: Literal["silu", "tanh", "softplus"] | None = ...,
    residual: bool | None = ...,
) -> Generator | Score | Bridge: ...

def affine(
    *,
    dim: int | None = ...,
    dim_in: int | None = ...,
    scale: float | None = ...,
) -> Generator: ...

def mlp(
    *,
    dim: int | None = ...,
    dim_in: int | None = ...,
    hidden: int | None = ...,
    layers: int | None = ...,
    activation: Literal["silu", "tanh", "softplus"] | None = ...,
    residual: bool | None = ...,
) -> Generator: ...

def cbw_uvp(
    found: Bridge | Target,
    exact: Bridge,
    starts: Target | Points | ArrayLike,
    *,
    points: int | None = ...,
    samples: int | None = ...,
    steps: int | None = ...,
) -> Reading: ...

def path_energy(
    bridge: Bridge,
    points: Points | ArrayLike,
    *,
    steps: int | None = ...,
) -> Reading: ...

def norm(
    values: list[Any] | ArrayLike,
) -> float: ...

def relative_error(
    a: list[Any] | ArrayLike | Points,
    b: list[Any] | ArrayLike | Points,
) -> float | Reading: ...

def memorisation(
    points: Points | ArrayLike,
    train: Points | ArrayLike,
    held_out: Points | ArrayLike,
) -> Reading: ...

def chain_summary(
    draws: ArrayLike,
) -> Table: ...

def mmd(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    kernel: float | str | Mapping[str, Any] | float | Literal["median"] | Sequence[float | str | Mapping[str, Any] | float] | ArrayLike | None = ...,
    unbiased: bool | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def energy(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    unbiased: bool | None = ...,
    directions: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def sliced_w2(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    directions: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def w2(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    max_points: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def sinkhorn_divergence(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    blur: float | None = ...,
    tolerance: float | None = ...,
    max_iterations: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def w2_gauss(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def frechet(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def bw_uvp(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def kl_gauss(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    floor: bool | None = ...,
) -> Reading: ...

def kl_coordinates(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    floor: bool | None = ...,
) -> Reading: ...

def kl_knn(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    neighbours: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def fisher(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    floor: bool | None = ...,
) -> Reading: ...

def coverage(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    radius: float | None = ...,
    least: float | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def precision_recall(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    neighbours: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def c2st(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    classifier: Literal["knn", "logistic", "additive", "mlp", "best"] | None = ...,
    neighbours: int | None = ...,
    max_points: int | None = ...,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def mode_weights(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    floor: bool | None = ...,
) -> Reading: ...

def mean_error(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def covariance_error(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    units: Literal["raw", "reference"] | Sequence[float] | ArrayLike | None = ...,
    floor: bool | None = ...,
) -> Reading: ...

def log_density(
    points: Points | ArrayLike,
    reference: Target | Points | ArrayLike,
    *,
    floor: bool | None = ...,
) -> Reading: ...

def sinkhorn(
    x: Target | Points | ArrayLike,
    y: Target | Points | ArrayLike,
    *,
    epsilon: float | None = ...,
    blur: float | None = ...,
    rho: float | None = ...,
    tolerance: float | None = ...,
    max_iterations: int | None = ...,
    scaling: float | None = ...,
    memory: int | None = ...,
    newton: bool | None = ...,
    debias: bool | None = ...,
    precision: Literal["auto", "f32", "f64"] | None = ...,
) -> Coupling: ...

@overload
def run(
    what: Flow,
    start: Points | ArrayLike,
    reference: Target | Points | ArrayLike | None = ...,
    *,
    steps: int | None = ...,
    every: int | None = ...,
    metrics: Sequence[str | Mapping[str, Any]] | ArrayLike | None = ...,
    snapshots: int | None = ...,
    stop_when: Mapping[str, float] | None = ...,
    carry: Points | ArrayLike | None = ...,
    log_det: bool | None = ...,
    callback: Callable[[dict[str, float]], object] | None = ...,
) -> Result: ...
@overload
def run(
    what: str | Any,
    params: Mapping[str, Any] | None = ...,
    *,
    seed: int | None = ...,
    quick: bool = ...,
    out: str | Any | None = ...,
    force: bool = ...,
    allow_read: str | Any | None = ...,
    verbose: bool = ...,
) -> Run: ...

def fit(
    generator: Generator,
    flow: Flow,
    base: Target | Points | ArrayLike | None = ...,
    *,
    steps: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    average: float | None = ...,
    ema: float | None = ...,
    every: int | None = ...,
) -> Result: ...

def distill(
    generator: Generator,
    teacher: Score | Target | Points | ArrayLike,
    base: Target | Points | ArrayLike,
    *,
    steps: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    average: float | None = ...,
    ema: float | None = ...,
    every: int | None = ...,
    score_updates: int | None = ...,
    score_rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    warm_up: int | None = ...,
    hidden: int | None = ...,
    layers: int | None = ...,
    activation: Literal["silu", "tanh", "softplus"] | None = ...,
    sigma_min: float | None = ...,
    sigma_max: float | None = ...,
    levels: int | None = ...,
    weight: Literal["dmd", "none"] | None = ...,
) -> Result: ...

def regress(
    generator: Generator,
    inputs: Points | ArrayLike,
    outputs: Points | ArrayLike,
    *,
    steps: int | None = ...,
    batch: int | None = ...,
    rate: float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float] | None = ...,
    average: float | None = ...,
    ema: float | None = ...,
) -> Result: ...

def table(
    rows: ArrayLike,
) -> Table: ...

def save(
    what: Points | ArrayLike | Table | Generator | Score | Bridge,
    file: PathLike[str] | str,
    *,
    width: int | None = ...,
) -> None: ...

def plot(
    what: Points | ArrayLike | Target | Table | Result | Flow | Callable[..., Any] | list[Any] | Mapping[str, Any],
    file: PathLike[str] | str,
    *,
    title: str | None = ...,
    titles: Sequence[str] | ArrayLike | None = ...,
    labels: Sequence[str] | ArrayLike | None = ...,
    coordinates: Sequence[str] | ArrayLike | None = ...,
    x: str | None = ...,
    y: Sequence[str] | ArrayLike | None = ...,
    x_label: str | None = ...,
    y_label: str | None = ...,
    levels: Mapping[str, float] | None = ...,
    log_x: bool | None = ...,
    log_y: bool | None = ...,
    density: bool | None = ...,
    paths: bool | None = ...,
    progress: float | None = ...,
    pairs: bool | None = ...,
    image_width: int | None = ...,
    columns: int | None = ...,
    size: Sequence[float] | ArrayLike | None = ...,
    same_axes: bool | None = ...,
    equal: bool | None = ...,
) -> None: ...

def animate(
    what: Result | list[Any],
    file: PathLike[str] | str,
    *,
    title: str | None = ...,
    reference: Points | ArrayLike | None = ...,
    seconds: float | None = ...,
    image_width: int | None = ...,
    same_axes: bool | None = ...,
) -> None: ...
