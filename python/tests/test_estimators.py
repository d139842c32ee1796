"""The estimators in the conventions of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import sdflow as sd
from sdflow.estimators import FlowMap, FlowSampler

#: The checks that do not hold, with the reason.
EXCEPTIONS = {
    "check_methods_subset_invariance": "a net computes in f32, and the blocks of its products depend on the number of rows",
}


def expected(estimator: Any) -> dict[str, str]:
    return EXCEPTIONS if isinstance(estimator, FlowMap) else {}


@pytest.mark.filterwarnings("ignore::sdflow.SdflowWarning")
@parametrize_with_checks([FlowSampler(steps=10), FlowMap(steps=10, training=20)], expected_failed_checks=expected)
def test_the_conventions_hold(estimator: Any, check: Any) -> None:
    check(estimator)


def moons(n: int, seed: int) -> np.ndarray:
    with sd.Session(seed=seed):
        return np.array(sd.dataset("moons").sample(n)) * [1.0, 100.0] + [0.0, 1e4]


@pytest.mark.parametrize("seed", [0, 1])
def test_samples_are_as_good_as_the_data(seed: int) -> None:
    sampler = FlowSampler(random_state=seed).fit(moons(800, seed))
    found = sd.energy(sampler.sample(800), moons(800, seed + 10))
    assert found < 1.5 * found.floor
    assert sampler.sample(5).tolist() == sampler.sample(5).tolist()


def test_the_density_is_normalised_and_likely() -> None:
    random = np.random.default_rng(0)
    x, held_out = random.normal(3, 0.1, (500, 1)), random.normal(3, 0.1, (500, 1))
    sampler = FlowSampler().fit(x)
    grid = np.linspace(2, 4, 4001)[:, None]
    assert np.exp(sampler.score_samples(grid)).sum() * 5e-4 == pytest.approx(1, abs=1e-3)
    best = GaussianMixture(1).fit(x).score(held_out)
    assert sampler.score(held_out) / 500 > best - 0.05
    assert cross_val_score(FlowSampler(), x, cv=3).shape == (3,)


def test_copies_of_points_do_not_make_the_density_infinite() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(150, 2))
    once, twice = FlowSampler().fit(x), FlowSampler().fit(np.repeat(x, 2, axis=0))
    assert twice.bandwidth_ == pytest.approx(once.bandwidth_, rel=0.1)
    whole = FlowSampler().fit(random.integers(0, 5, (300, 1)))
    assert whole.bandwidth_ > 0.05 and np.isfinite(whole.score_samples([[2.5]])).all()
    assert FlowSampler().fit(np.ones((5, 2))).bandwidth_ == 1.0


@pytest.mark.parametrize("seed", [0, 1])
def test_a_map_takes_new_points_to_the_target(seed: int) -> None:
    random = np.random.default_rng(seed)
    target, held_out = moons(600, seed), moons(600, seed + 20)
    source, new = random.normal(5, 2, (600, 2)), random.normal(5, 2, (600, 2))
    fitted = FlowMap(target=target, random_state=seed).fit(source)
    scale = target.std(0)
    reached = sd.energy(fitted.transform(new) / scale, held_out / scale)
    assert reached < 3 * reached.floor
    assert fitted.moved_.shape == (600, 2)
    pipeline = make_pipeline(StandardScaler(), FlowMap(target=target, steps=20, training=50, random_state=seed))
    assert pipeline.fit_transform(source).shape == (600, 2)
    pandas = pytest.importorskip("pandas")
    named = FlowMap(steps=5, training=5).set_output(transform="pandas")
    assert list(named.fit_transform(pandas.DataFrame({"a": source[:, 0], "b": source[:, 1]})).columns) == ["a", "b"]
    with pytest.raises(ValueError, match="`target` has 3 columns"):
        FlowMap(target=np.zeros((9, 3))).fit(source)


def test_a_flow_without_steps_is_refused_when_it_is_fitted() -> None:
    with pytest.raises(sd.SdflowError, match="`steps` is 0"):
        FlowSampler(steps=0).fit(np.eye(4))
