"""The pairwise sums against sums over a matrix of all pairs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest

import sdflow as sd

SHAPES = [(1, 1, 1), (3, 5, 1), (17, 33, 2), (64, 65, 3), (130, 70, 5), (40, 300, 16), (33, 31, 67)]


def squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a[:, None] - b[None]) ** 2).sum(-1)


def reference(at: np.ndarray, x: np.ndarray, sigma: float, weights: np.ndarray, leave_out: bool = False) -> tuple:
    logs = np.log(weights) - squares(at, x) / (2 * sigma**2)
    if leave_out:
        np.fill_diagonal(logs, -np.inf)
    top = logs.max(1)
    shares = np.exp(logs - top[:, None])
    total = shares.sum(1)
    shares /= total[:, None]
    return shares @ x, top + np.log(total), 1 / (shares**2).sum(1), shares


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("sigma", [0.05, 1.0, 30.0])
def test_softmax_sums(shape: tuple[int, int, int], offset: float, sigma: float) -> None:
    n, m, dim = shape
    random = np.random.default_rng(n + m)
    at, x = random.normal(size=(n, dim)) + offset, random.normal(size=(m, dim)) + offset
    weights = random.uniform(0.1, 2, m)
    mean, log_sum, ess, shares = reference(at, x, sigma, weights)
    for precision, near in (("f64", 1e-7), ("f32", 2e-4)):
        found = sd.softmax_mean(at, x, sigma, weights=weights, precision=precision)
        scale = np.abs(x - offset).max()
        assert np.abs(found.mean - mean).max() <= near * scale
        assert np.abs(found.log_sum - log_sum).max() <= near * max(1, np.abs(log_sum).max())
        assert np.abs(found.ess / ess - 1).max() <= 20 * near
        assert (sd.log_sum_exp(at, x, sigma, weights=weights, precision=precision) == found.log_sum).all() or (
            np.abs(sd.log_sum_exp(at, x, sigma, weights=weights, precision=precision) - log_sum).max()
            <= near * max(1, np.abs(log_sum).max())
        )
        values = random.normal(size=(m, 2))
        other = sd.softmax_mean(at, x, sigma, values=values, weights=weights, precision=precision)
        assert np.abs(other.mean - shares @ values).max() <= near * 10


def test_score_difference() -> None:
    random = np.random.default_rng(3)
    y, x, at = random.normal(size=(50, 3)), random.normal(2, 1, (70, 3)), random.normal(size=(20, 3))
    weights = random.uniform(0.5, 1, 70)
    to_x = reference(at, x, 0.7, weights)[0]
    to_y = reference(at, y, 0.7, np.ones(50))[0]
    found = sd.score_difference(y, x, 0.7, at=at, weights=weights, precision="f64")
    assert np.abs(found - (to_x - to_y)).max() < 1e-9
    left_out = reference(y, x, 0.7, np.ones(70))[0] - reference(y, y, 0.7, np.ones(50), True)[0]
    assert np.abs(sd.score_difference(y, x, 0.7, leave_out_self=True, precision="f64") - left_out).max() < 1e-9
    assert not sd.score_difference(x, x, 0.7).any()


def test_kernel_sums() -> None:
    random = np.random.default_rng(4)
    at, x, values = random.normal(size=(9, 2)), random.normal(size=(31, 2)), random.normal(size=(31, 3))
    weights = random.normal(size=31)
    distances = np.sqrt(squares(at, x))
    for kernel, value in [
        (sd.gaussian_kernel(0.8), np.exp(-(distances**2) / (2 * 0.8**2))),
        (sd.laplace(0.8), np.exp(-distances / 0.8)),
        (0.8, np.exp(-(distances**2) / (2 * 0.8**2))),
    ]:
        mass, moment = sd.kernel_sum(at, x, kernel, weights=weights, values=values, precision="f64")
        assert np.abs(mass - value @ weights).max() < 1e-9
        assert np.abs(moment - (value * weights) @ values).max() < 1e-9
        assert (sd.kernel_sum(at, x, kernel, weights=weights, precision="f64") == mass).all()
    slope = sd.kernel_sum(at, x, 0.8, slope=True, precision="f64")
    gaussian = np.exp(-(distances**2) / (2 * 0.8**2))
    assert np.abs(slope - (-gaussian / 0.8**2).sum(1)).max() < 1e-9


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sd.log_sum_exp([[0.0]], [[0.0, 1.0]], 1.0), "1"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 0.0), "sigma"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], float("nan")), "sigma"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 1.0, weights=[1.0, 2.0]), "weights"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 1.0, weights=[-1.0]), "weight 0 is -1"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 1.0, weights=[0.0]), "all weights are 0"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 1.0, weights=[[1.0]]), "2 axes"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 1.0, precision="f16"), "f16"),
        (lambda: sd.score_difference([[0.0], [1.0]], [[0.0]], 1.0, at=[[0.0]], leave_out_self=True), "leave_out_self"),
        (lambda: sd.log_sum_exp([[0.0], [1.0]], [[0.0]], 1.0, leave_out_self=True), "2 and 1"),
        (lambda: sd.score_difference([[0.0]], [[0.0]], 1.0, leave_out_self=True), "single point"),
        (lambda: sd.kernel_sum([[0.0]], [[0.0]], "gaussian"), "sd.gaussian_kernel(1.0)"),
        (lambda: sd.kernel_sum([[0.0]], [[0.0]], {"kernel": "box"}), "box"),
        (lambda: sd.kernel_sum([[0.0]], [[0.0]], -1.0), "h"),
        (lambda: sd.log_sum_exp([[float("nan")]], [[0.0]], 1.0), "`at`"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], "wide"), "`sigma` is 'wide', but one number"),
        (lambda: sd.score_difference([[0.0]], [[0.0]], np.ones(2)), "`sigma` is a ndarray, but one number"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0]], 1.0, tol=[1]), "`tol` is a list"),
        (lambda: sd.log_sum_exp([[0.0]], [[0.0], [1.0, 2.0]], 1.0), "`x` cannot be read as points"),
        (lambda: sd.log_sum_exp([[0.0]], sd.gaussian(dim=1), 1.0), "`x` is a target, but points"),
    ],
)
def test_bad_arguments_are_refused(call: object, words: str) -> None:
    with pytest.raises(ValueError) as raised:
        call()  # type: ignore[operator]
    assert words in str(raised.value)


def test_the_bytes_do_not_depend_on_the_number_of_threads() -> None:
    random = np.random.default_rng(5)
    x, y = random.normal(size=(700, 3)), random.normal(size=(900, 3))
    runs = []
    for threads in (1, 2, 5):
        with sd.Session(seed=3, threads=threads):
            moved = sd.sd_flow(x).run(y, x[::-1], steps=4, metrics=["energy", "mmd"])
        runs.append((moved.points.numpy().tobytes(), repr(moved.metrics)))
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("threads", [1, 2])
def test_several_threads_of_python_share_the_threads_of_a_session(threads: int) -> None:
    x = np.random.default_rng(5).normal(size=(500, 3))
    alone = sd.log_sum_exp(x, x, 0.5)
    with sd.Session(threads=threads), ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(copy_context().run, sd.log_sum_exp, x, x, 0.5) for _ in range(64)]
        assert all((call.result(timeout=60) == alone).all() for call in calls)
