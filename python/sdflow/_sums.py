"""Sums over all pairs of points, without a matrix of all pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from . import _engine
from ._errors import SdflowError
from ._session import _known, current, translated

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._values import Points


T = TypeVar("T")


class SoftmaxMean(NamedTuple):
    """The results of `softmax_mean`, each with one row per query."""

    mean: NDArray[np.float64]
    log_sum: NDArray[np.float64]
    ess: NDArray[np.float64]


def _how(weights: ArrayLike | None, leave_out_self: bool, precision: str | None, tol: float | None) -> tuple[Any, ...]:
    chosen = None if precision is None else _known("precision", precision)
    session = current()
    return weights, bool(leave_out_self), chosen, None if tol is None else _number("tol", tol), session.engine


def _number(name: str, value: object) -> float:
    """Return a number, or refuse what is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seen = repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
        raise SdflowError(f"`{name}` is {seen}, but one number is expected") from None


def _called(function: Callable[..., T], *args: Any) -> T:
    try:
        return function(*args)
    except _engine.EngineError as error:
        raise translated(error) from None


def score_difference(
    y: Points | ArrayLike,
    x: Points | ArrayLike,
    sigma: float,
    *,
    at: Points | ArrayLike | None = None,
    weights: ArrayLike | None = None,
    leave_out_self: bool = False,
    precision: str | None = None,
    tol: float | None = None,
) -> NDArray[np.float64]:
    r"""The score difference of two smoothed sets of points.

    .. math:: \sigma^2 (\nabla \log p_\sigma - \nabla \log q_\sigma)(z)

    Here p is the distribution of `x`, and q that of `y`. Each is smoothed by a Gaussian of standard
    deviation sigma. The cost is O(n (m + n) d) in time and O((n + m) d) in memory.

    Parameters
    ----------
    y : array_like, shape (n, dim)
        Particles, the sample of q.
    x : array_like, shape (m, dim)
        Targets, the sample of p.
    sigma : float
        Standard deviation of the smoothing, positive, in the units of the points.
    at : array_like, shape (k, dim), optional
        The places z; by default the particles.
    weights : array_like, shape (m,), optional
        Weights of the targets, not negative.
    leave_out_self : bool
        Whether a particle is left out of its own density.
    precision : {"f32", "f64", "bf16x3", "bf16x6", "auto"}, optional
        Arithmetic of the sum; by default that of the session.
    tol : float, optional
        Largest relative error of sums on a grid, which is used for many points in up to three
        dimensions, but not in f64: 1e-3 or more is faster, and below 1e-6 no grid is used. By default
        1e-6.

    Returns
    -------
    array, shape (k, dim)
        The difference at each place, a displacement: it is 0 where p and q agree.

    Examples
    --------
    >>> import numpy as np
    >>> import sdflow as sd
    >>> sd.score_difference([[0.0], [1.0]], [[0.0], [1.0]], 0.5).tolist()
    [[0.0], [0.0]]
    >>> sd.score_difference([[0.0]], [[3.0]], 1.0).round(6).tolist()
    [[3.0]]
    """
    return _called(_engine.score_difference, y, x, _number("sigma", sigma), at, _how(weights, leave_out_self, precision, tol))


def log_sum_exp(
    at: Points | ArrayLike,
    x: Points | ArrayLike,
    sigma: float,
    *,
    weights: ArrayLike | None = None,
    leave_out_self: bool = False,
    precision: str | None = None,
    tol: float | None = None,
) -> NDArray[np.float64]:
    r"""The logarithm of a sum of Gaussian kernels.

    .. math:: \log \sum_j w_j \exp(-|z - x_j|^2 / 2 \sigma^2)

    Parameters
    ----------
    at : array_like, shape (n, dim)
        The places z.
    x : array_like, shape (m, dim)
        The centres of the kernels.
    sigma : float
        Standard deviation of the kernels, positive, in the units of the points.
    weights : array_like, shape (m,), optional
        Weights of the kernels, not negative; by default 1.
    leave_out_self : bool
        Whether place i leaves out kernel i; `at` and `x` are then the same points.
    precision : {"f32", "f64", "bf16x3", "bf16x6", "auto"}, optional
        Arithmetic of the sum; by default that of the session.
    tol : float, optional
        Largest relative error of sums on a grid, which is used for many points in up to three
        dimensions, but not in f64: 1e-3 or more is faster, and below 1e-6 no grid is used. By default
        1e-6.

    Returns
    -------
    array, shape (n,)

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.log_sum_exp([[0.0], [2.0]], [[0.0]], 1.0).round(6).tolist()
    [0.0, -2.0]
    """
    return _called(_engine.log_sum_exp, at, x, _number("sigma", sigma), _how(weights, leave_out_self, precision, tol))


def softmax_mean(
    at: Points | ArrayLike,
    x: Points | ArrayLike,
    sigma: float,
    *,
    values: Points | ArrayLike | None = None,
    weights: ArrayLike | None = None,
    leave_out_self: bool = False,
    precision: str | None = None,
    tol: float | None = None,
) -> SoftmaxMean:
    r"""The mean of values, weighted by Gaussian kernels.

    .. math:: \sum_j p_j(z) v_j, \quad p_j(z) \propto w_j \exp(-|z - x_j|^2 / 2 \sigma^2)

    With the points themselves as values this is the denoiser of the smoothed distribution.

    Parameters
    ----------
    at : array_like, shape (n, dim)
        The places z.
    x : array_like, shape (m, dim)
        The centres of the kernels.
    sigma : float
        Standard deviation of the kernels, positive, in the units of the points.
    values : array_like, shape (m, k), optional
        The values v; by default `x`.
    weights : array_like, shape (m,), optional
        Weights of the kernels, not negative; by default 1.
    leave_out_self : bool
        Whether place i leaves out kernel i; `at` and `x` are then the same points.
    precision : {"f32", "f64", "bf16x3", "bf16x6", "auto"}, optional
        Arithmetic of the sum; by default that of the session.
    tol : float, optional
        Largest relative error of sums on a grid, which is used for many points in up to three
        dimensions, but not in f64: 1e-3 or more is faster, and below 1e-6 no grid is used. By default
        1e-6.

    Returns
    -------
    mean : array, shape (n, k)
    log_sum : array, shape (n,)
        The result of `log_sum_exp`.
    ess : array, shape (n,)
        The effective sample size, from 1 to m.

    Examples
    --------
    >>> import sdflow as sd
    >>> mean, log_sum, ess = sd.softmax_mean([[0.5]], [[0.0], [1.0]], 1.0)
    >>> mean.tolist(), ess.tolist()
    ([[0.5]], [2.0])
    """
    how = _how(weights, leave_out_self, precision, tol)
    return SoftmaxMean(*_called(_engine.softmax_mean, at, x, values, _number("sigma", sigma), how))


def kernel_sum(
    at: Points | ArrayLike,
    x: Points | ArrayLike,
    kernel: dict[str, Any] | float,
    *,
    weights: ArrayLike | None = None,
    values: Points | ArrayLike | None = None,
    slope: bool = False,
    leave_out_self: bool = False,
    precision: str | None = None,
    tol: float | None = None,
) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Sums of kernels, with weights of either sign.

    .. math:: \sum_j w_j k(|z - x_j|^2) [1, v_j]

    Parameters
    ----------
    at : array_like, shape (n, dim)
        The places z.
    x : array_like, shape (m, dim)
        The centres of the kernels.
    kernel : dict or float
        A kernel such as `sdflow.laplace(1.0)`; a number is the standard deviation of a Gaussian.
    weights : array_like, shape (m,), optional
        Weights of either sign; by default 1.
    values : array_like, shape (m, k), optional
        The values v; without them only the sum of kernels is returned.
    slope : bool
        Whether to sum `2 dk/d(distance^2)` in place of the kernel. With `values=x`, the gradient with
        respect to z is then mass times z minus moment.
    leave_out_self : bool
        Whether place i leaves out kernel i; `at` and `x` are then the same points.
    precision : {"f32", "f64"}, optional
        Arithmetic of the sum; by default that of the session.
    tol : float, optional
        Largest relative error of sums on a grid, which is used for many points in up to three
        dimensions, but not in f64: 1e-3 or more is faster, and below 1e-6 no grid is used. By default
        1e-6.

    Returns
    -------
    mass : array, shape (n,)
    moment : array, shape (n, k)
        Only with values.

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.kernel_sum([[0.0]], [[0.0], [0.0]], sd.gaussian_kernel(1.0), weights=[1.0, 2.0]).tolist()
    [3.0]
    """
    if isinstance(kernel, dict):
        chosen = kernel
    elif isinstance(kernel, str):
        raise SdflowError(f"`kernel` is {kernel!r}, but a kernel is expected: for example sd.gaussian_kernel(1.0)")
    else:
        chosen = {"kernel": "gaussian", "h": float(kernel)}
    how = _how(weights, leave_out_self, precision, tol)
    mass, moment = _called(_engine.kernel_sum, at, x, json.dumps(chosen), values, slope, how)
    return mass if moment is None else (mass, moment)
