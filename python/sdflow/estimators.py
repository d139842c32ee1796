"""Estimators in the conventions of scikit-learn, which must be installed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, DensityMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

import sdflow

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

#: The bandwidths that `FlowSampler` tries, per unit of the spread.
BANDWIDTHS = 40


def _session(estimator: Any, *, is_random: bool = False) -> sdflow.Session:
    """Return a new session for one call of an estimator."""
    jobs = estimator.n_jobs
    threads = None if jobs is None else effective_n_jobs(jobs)
    seed = int(check_random_state(estimator.random_state).randint(2**31)) if is_random else 0
    return sdflow.Session(seed=seed, threads=threads)


class FlowSampler(DensityMixin, BaseEstimator):
    """Samples from the distribution of data, by the score-difference flow.

    Noise with the mean and the covariance of the data flows to the data. The density is that of the
    data smoothed by a Gaussian whose width has the largest leave-one-out likelihood.

    Parameters
    ----------
    steps : int, default 200
        Number of steps of the flow.
    random_state : int, RandomState instance or None
        Seed of the noise.
    n_jobs : int or None
        Number of threads; None or -1 uses all cores.

    Attributes
    ----------
    points_ : Points
        The data, centred and in units of their standard deviations.
    bandwidth_ : float
        The width of the density, in units of the standard deviations of the data.
    mean_, scale_ : ndarray of shape (n_features,)
        The mean and the standard deviations of the data.

    Examples
    --------
    >>> import numpy as np
    >>> from sdflow.estimators import FlowSampler
    >>> x = np.random.default_rng(0).normal([1.0, 2.0], [1.0, 0.1], (400, 2))
    >>> sampler = FlowSampler(random_state=0).fit(x)
    >>> y = sampler.sample(100)
    >>> y.shape
    (100, 2)
    >>> bool(abs(y.mean(0) - [1.0, 2.0]).max() < 0.3)
    True
    """

    def __init__(self, steps: int = 200, random_state: Any = None, n_jobs: int | None = None) -> None:
        self.steps = steps
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: N803
        """Keep the data and choose the width of the density.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        if self.steps < 1:
            raise sdflow.SdflowError(f"`steps` is {self.steps}, but a flow takes at least 1 step")
        data: NDArray[Any] = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.mean_, self.scale_ = _units(data)
        self.points_ = sdflow.Points((data - self.mean_) / self.scale_)
        with _session(self):
            self.bandwidth_ = self._bandwidth()
        return self

    def _bandwidth(self) -> float:
        # The likelihood of a point must not come from its copies: equal points are left out together.
        rows, counts = np.unique(self.points_.numpy(), axis=0, return_counts=True)
        if len(rows) == 1:
            return 1.0
        found: list[tuple[float, float]] = []
        for sigma in np.geomspace(2.0, 1e-3, BANDWIDTHS):
            logs = sdflow.log_sum_exp(rows, rows, sigma, weights=counts, leave_out_self=True, precision="f64")
            logs -= np.log(counts.sum() - counts)
            likelihood = np.average(logs, weights=counts) - self.points_.dim * math.log(sigma)
            found.append((float(likelihood), float(sigma)))
        return max(found)[1]

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the log density at each point.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        n, dim = self.points_.shape
        at = (data - self.mean_) / self.scale_
        with _session(self):
            logs = sdflow.log_sum_exp(at, self.points_, self.bandwidth_, precision="f64")
        constant = math.log(n) + dim * math.log(self.bandwidth_ * math.sqrt(2 * math.pi))
        return logs - constant - np.log(self.scale_).sum()

    def score(self, X: ArrayLike, y: Any = None) -> float:  # noqa: N803
        """Return the sum of the log densities of the points.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        float
        """
        return float(self.score_samples(X).sum())

    def sample(self, n_samples: int = 1) -> NDArray[np.float64]:
        """Return new points of the distribution of the data.

        Parameters
        ----------
        n_samples : int
            Number of points. They move together, so a large set is distributed better than many
            small ones.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        dim = self.points_.dim
        with _session(self, is_random=True):
            covariance = np.cov(self.points_.numpy().T).reshape(dim, dim) + 1e-6 * np.eye(dim)
            start = sdflow.gaussian(mean=np.zeros(dim), cov=covariance).sample(n_samples)
            moved = sdflow.sd_flow(self.points_).run(start, steps=self.steps)
        return moved.points.numpy() * self.scale_ + self.mean_


class FlowMap(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A map from the distribution of data to another distribution.

    The data flow to the target, and a net learns where each point went. The net then maps new points.

    Parameters
    ----------
    target : array_like of shape (m_samples, n_features), optional
        A sample of the target; by default a standard normal sample of the size of the data.
    steps : int, default 200
        Number of steps of the flow.
    training : int, default 2000
        Number of training steps of the net.
    random_state : int, RandomState instance or None
        Seed of the net and of the normal sample.
    n_jobs : int or None
        Number of threads; None or -1 uses all cores.

    Attributes
    ----------
    generator_ : Generator
        The map, from standardised data to standardised points of the target.
    moved_ : ndarray of shape (n_samples, n_features)
        The points to which the flow moved the data of `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from sdflow.estimators import FlowMap
    >>> random = np.random.default_rng(0)
    >>> x, y = random.normal(0, 1, (300, 2)), random.normal(4, 1, (300, 2))
    >>> z = FlowMap(target=y, random_state=0).fit(x).transform(random.normal(0, 1, (200, 2)))
    >>> bool(abs(z.mean() - 4) < 0.5)
    True
    """

    def __init__(
        self,
        target: ArrayLike | None = None,
        steps: int = 200,
        training: int = 2000,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.target = target
        self.steps = steps
        self.training = training
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: N803
        """Learn the map from the distribution of `X` to the target.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            A sample of the source.
        y : ignored

        Returns
        -------
        self
        """
        source: NDArray[Any] = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        dim = source.shape[1]
        with _session(self, is_random=True):
            if self.target is None:
                target = sdflow.normal(*source.shape).numpy()
            else:
                target = check_array(self.target, dtype=np.float64, ensure_min_samples=2, input_name="target")
            if target.shape[1] != dim:
                raise ValueError(f"`target` has {target.shape[1]} columns, but X has {dim}")
            self.mean_, self.scale_ = _units(source)
            self.target_mean_, self.target_scale_ = _units(target)
            start = (source - self.mean_) / self.scale_
            flow = sdflow.sd_flow((target - self.target_mean_) / self.target_scale_, noise="none")
            moved = flow.run(start, steps=self.steps).points
            net = sdflow.mlp(dim=dim)
            net.regress(start, moved, steps=self.training)
        self.generator_ = net
        self.moved_ = moved.numpy() * self.target_scale_ + self.target_mean_
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Map points.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        with _session(self):
            mapped = self.generator_.apply((data - self.mean_) / self.scale_)
        return mapped.numpy() * self.target_scale_ + self.target_mean_


def _units(data: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the mean and the standard deviations of the columns; a constant column keeps its unit."""
    scale = data.std(0)
    return data.mean(0), np.where(scale > 0, scale, 1.0)
