"""Arrays of every kind as points, and points as arrays."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import sdflow as sd

X = np.arange(12, dtype=float).reshape(4, 3) / 7


@pytest.mark.parametrize(
    "array",
    [
        X,
        np.asfortranarray(X),
        X.T.copy().T,
        np.repeat(np.repeat(X, 2, 0), 3, 1)[::2, ::3],
        X[::-1][::-1],
        X.tolist(),
        [tuple(row) for row in X],
        list(X),
        X.astype(">f8"),
        X.astype(np.longdouble),
        np.ma.array(X),
        sd.Points(X),
    ],
)
def test_any_layout_gives_the_same_points(array: object) -> None:
    assert (sd.Points(array).numpy() == X).all()  # type: ignore[arg-type]
    assert (sd.normal(2, 3).join(array).numpy()[2:] == X).all()  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["f4", "i1", "u2", "i8", "?", "f2"])
def test_numbers_of_any_type_are_exact(kind: str) -> None:
    x = np.array([[0, 1], [1, 0]], dtype=kind)
    assert sd.Points(x).numpy().tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros(5), ValueError, "`rows` has the shape (5), but points have the shape (n, dim)"),
        (np.zeros((2, 2, 2)), ValueError, "reshape(len(rows), -1)"),
        (np.zeros((0, 2)), ValueError, "no values"),
        (np.zeros((2, 0)), ValueError, "no values"),
        ([[1.0, np.nan]], ValueError, "NaN"),
        ([[1.0, np.inf]], ValueError, "inf"),
        (np.zeros((2, 2), complex), TypeError, "real numbers"),
        (np.array([["a", "b"]]), TypeError, "real numbers"),
        (np.array([[None, 1]]), ValueError, "NaN"),
        (np.array([["a", 1]], dtype=object), TypeError, "real numbers"),
        (np.ma.masked_array(np.ones((2, 2)), [[0, 1], [0, 0]]), ValueError, "masked"),
        (np.float64(3), ValueError, "has the shape ()"),
        ([[1, 2], [3]], ValueError, ""),
    ],
)
def test_what_is_no_set_of_points_is_refused(array: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as raised:
        sd.Points(array)  # type: ignore[arg-type]
    assert words in str(raised.value)


def test_the_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"`reference` has the shape \(2, 2, 2\)"):
        sd.energy(X, np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="`start`"):
        sd.sd_flow(X).run([[np.nan] * 3])


class Tensor:
    """A tensor that speaks only the array exchange protocol."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **options: object) -> object:
        return self.array.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_tensors_are_taken_by_the_exchange_protocol() -> None:
    assert (sd.Points(Tensor(X.astype("f4"))).numpy() == X.astype("f4")).all()  # type: ignore[arg-type]
    assert sd.energy(Tensor(X), X) == sd.energy(X, X)  # type: ignore[arg-type]


def test_points_are_an_array() -> None:
    points = sd.Points(X)
    assert points.shape == (4, 3) and len(points) == 4 and points.ndim == 2
    assert (np.asarray(points) == X).all() and (points[1:3, 0] == X[1:3, 0]).all()
    assert (np.array(points, dtype="f4") == X.astype("f4")).all() and np.mean(points) == X.mean()
    assert [row.tolist() for row in points] == X.tolist()
    with pytest.raises(ValueError, match="read-only"):
        points.numpy()[0, 0] = 1
    changed = np.array(points)
    changed[0, 0] = 5
    assert points[0, 0] == X[0, 0]
    assert (pickle.loads(pickle.dumps(points)).numpy() == X).all()
    assert repr(points) == "<sdflow.Points: 4 points in 3 dimensions>"


def test_the_input_is_not_changed_or_kept() -> None:
    x = X.copy()
    points = sd.Points(x)
    x[:] = 0
    assert (points.numpy() == X).all()


def test_arrays_as_options() -> None:
    cov = np.array([[2.0, 0.5], [0.5, 1.0]])
    target = sd.gaussian(mean=np.array([1, 2]), cov=cov)
    assert target.mean().tolist() == [1, 2] and (target.cov() == cov).all()
    assert sd.gaussian(dim=np.int64(3), std=np.float32(0.5)).dim == 3
    parts = sd.Points(X).split_by_label(np.array([0, 1, 0, 1]))
    assert (parts[1].numpy() == X[1::2]).all()
    assert sd.relative_error(cov, np.eye(2)) == pytest.approx(np.sqrt(1.5) / np.sqrt(2))
    x = sd.Points(X)
    r = sd.sd_flow(x).run(sd.normal(5, 3), steps=2, carry=X)
    assert r.carried.shape == X.shape


def test_points_compute_like_an_array() -> None:
    points = sd.Points(X)
    assert (points + 1 == X + 1).all() and (2 * points - points == X).all() and (-points == -X).all()
    assert (points == X).all() and (points == sd.Points(X)).all() and not (points > 100).any()
    assert (points.T == X.T).all() and points.tolist() == X.tolist() and (points.std() == X.std(0)).all()
    assert (points.mean() == X.mean(0)).all() and (points.mean(axis=1) == X.mean(1)).all()
    assert np.mean(points) == X.mean() and (np.vstack([points, points])[4:] == X).all()
    assert X[0] in points
    changed = points.numpy(copy=True)
    changed[0] = 7
    assert points[0, 0] == X[0, 0]


def test_points_on_a_line_are_explained() -> None:
    with pytest.raises(sd.SdflowError, match=r"reference\.reshape\(-1, 1\)"):
        sd.energy(X, np.arange(4.0))


def test_columns_of_a_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [True, False]}).convert_dtypes()
    assert sd.Points(frame).tolist() == [[1, 0.5, 1], [2, 1.5, 0]]
    table = sd.table([{"a": 1, "b": 2}]).pandas()
    assert list(table.columns) == ["a", "b"]


def test_a_list_with_numbers_of_numpy() -> None:
    assert sd.energy([[np.float32(1), 2.0], [1.0, 0.0]], X[:, :2], floor=False) >= 0
