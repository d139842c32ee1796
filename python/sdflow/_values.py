"""The values that the functions take and return: points, flows, results and others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from . import _engine
from ._session import translated

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

T = TypeVar("T")


class Value:
    """A value of the engine. Its methods and properties are those of the script language."""

    __slots__ = ()
    _handle: _engine.Handle

    def __init__(self) -> None:
        raise TypeError(f"a {type(self).__name__} is made by a function of sdflow: dir(sdflow) lists them")

    def __reduce__(self) -> Any:
        raise TypeError(f"`{type(self).__name__}` cannot be pickled: keep its points or how it was made")

    def __copy__(self) -> Any:
        made: Any = type(self).__new__(type(self))
        made._handle = self._handle
        return made

    def __repr__(self) -> str:
        name, own = self._handle.name(), type(self).__name__
        return f"<sdflow.{own}>" if name in (None, own) else f"<sdflow.{own}: {name}>"


class Points(Value, np.lib.mixins.NDArrayOperatorsMixin):
    """`n` points with `dim` coordinates, a read-only array of float64.

    Points can be used where numpy takes an array. Points that are a sample of a target remember the
    target: metrics then draw their noise floors from it.

    Parameters
    ----------
    rows : array_like
        Points of the shape (n, dim): an array of numpy, a tensor, a list of rows.

    Examples
    --------
    >>> import sdflow as sd
    >>> x = sd.Points([[0, 1], [2, 3], [4, 6]])
    >>> x.n, x.dim, x.mean().tolist()
    (3, 2, [2.0, 3.3333333333333335])
    >>> x.numpy()[1]
    array([2., 3.])
    """

    __slots__ = ("_array", "_handle", "__weakref__")
    _array: NDArray[np.float64] | None

    def __init__(self, rows: ArrayLike) -> None:
        self._array = None
        if isinstance(rows, Points):
            self._handle = rows._handle
            return
        try:
            self._handle = _engine.Handle.of_array(rows, "rows")
        except _engine.EngineError as error:
            raise translated(error) from None

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Points:
        return Points(self)

    def numpy(self, copy: bool = False) -> NDArray[np.float64]:
        """Return the points as an array, n x dim. The array is read-only; a copy is not."""
        if copy:
            return self.numpy().copy()
        if self._array is None:
            self._array = _known(self._handle.array())
            self._array.flags.writeable = False
        return self._array

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        array = self.numpy()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError("points are float64; another type needs a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, function: Any, method: str, *args: Any, **options: Any) -> Any:
        return getattr(function, method)(*_arrays(args), **_arrays(options))

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        # A function of numpy sees an array, not the methods of this class.
        return function(*_arrays(args), **_arrays(options))

    @property
    def shape(self) -> tuple[int, int]:
        """The shape (n, dim)."""
        return _known(self._handle.shape())

    @property
    def T(self) -> NDArray[np.float64]:  # noqa: N802
        """The coordinates as rows, dim x n."""
        return self.numpy().T

    def tolist(self) -> list[list[float]]:
        """Return the points as lists."""
        rows: list[list[float]] = self.numpy().tolist()
        return rows

    def mean(self, axis: int | None = 0) -> Any:
        """Return the mean of every coordinate, or the mean over another axis."""
        return self.numpy().mean(axis=axis)

    def std(self, axis: int | None = 0) -> Any:
        """Return the standard deviation of every coordinate."""
        return self.numpy().std(axis=axis)

    @property
    def ndim(self) -> int:
        """The number of axes, 2."""
        return 2

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """The type of the coordinates, float64."""
        return np.dtype(np.float64)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        return self.numpy()[index]

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        return iter(self.numpy())

    def __contains__(self, item: object) -> bool:
        return item in self.numpy()

    def __reduce__(self) -> tuple[Any, ...]:
        return (Points, (self.numpy(),))

    def __repr__(self) -> str:
        return f"<sdflow.Points: {self.shape[0]} points in {self.shape[1]} dimensions>"


def _arrays(value: Any) -> Any:
    """Return arrays in place of points."""
    if isinstance(value, Points):
        return value.numpy()
    if isinstance(value, (list, tuple)):
        return type(value)([_arrays(item) for item in value])
    if isinstance(value, dict):
        return {key: _arrays(item) for key, item in value.items()}
    return value


def _known(found: T | None) -> T:
    """Return `found`, which is not None for a handle of this type."""
    assert found is not None
    return found


class Reading(float):
    """The value of a metric, with its standard error and its noise floor.

    A reading is a float. `se` is the standard error and `floor` the noise floor, the 95 % quantile of
    the value between two fresh samples of the reference; each is None if it is not known. `parts`
    holds further results by name.
    """

    se: float | None
    floor: float | None
    parts: Record

    def __new__(cls, value: float, se: float | None = None, floor: float | None = None, parts: Any = ()) -> Reading:
        made = super().__new__(cls, value)
        made.se, made.floor, made.parts = se, floor, Record(parts)
        return made

    @property
    def value(self) -> float:
        """The value alone."""
        return float(self)

    def __repr__(self) -> str:
        floor = "" if self.floor is None else f" (floor {self.floor:.3g})"
        return _engine.estimate(float(self), self.se) + floor

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return (Reading, (float(self), self.se, self.floor, dict(self.parts)))


class Record(dict[str, Any]):
    """A dictionary whose keys can be read as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no `{name}` here, but {', '.join(self) or 'nothing'}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class Table(Value, dict[str, Any]):
    """A table with named columns: a dictionary of its columns.

    `table["energy"]` or `table.energy` is a column, as an array of numbers if all of its cells are
    numbers (an empty cell is NaN), otherwise as a list. `pandas.DataFrame(table)` is a data frame of
    the rows, and so is `table.pandas()`.
    """

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self)

    def pandas(self) -> Any:
        """Return a data frame; it needs pandas."""
        import pandas  # type: ignore[import-untyped, unused-ignore]

        return pandas.DataFrame(dict(self))

    def __getitem__(self, name: str) -> Any:
        if name not in self.columns:
            raise KeyError(f"no column {name!r}, but {', '.join(self)}; rows are in .pandas()")
        return super().__getitem__(name)

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(f"no column `{name}`, but {', '.join(self)}")
        return super().__getitem__(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict) or list(self) != list(other):
            return False
        return all(np.array_equal(self[name], other[name], equal_nan=_is_array(self[name])) for name in self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a table cannot be changed: dict(table) is a copy that can")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = clear = setdefault = _refuse

    def __copy__(self) -> Table:
        return _table(self._handle)

    def __deepcopy__(self, memo: Any) -> Table:
        return _table(self._handle)

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled table keeps the columns, but not the value of the engine.
        return (dict, (dict(self),))

    def __repr__(self) -> str:
        rows = len(next(iter(self.values()), ()))
        return f"<sdflow.Table: {rows} rows of {', '.join(self)}>"

    __str__ = __repr__


def _table(handle: _engine.Handle) -> Table:
    """Return the table behind a handle, with its columns."""
    made = Table.__new__(Table)
    made._handle = handle
    for name, cells in _known(handle.columns()).items():
        dict.__setitem__(made, name, _column(cells))
    return made


def _is_array(column: Any) -> bool:
    return isinstance(column, np.ndarray)


def _column(cells: list[Any]) -> Any:
    if any(isinstance(cell, str) for cell in cells):
        return cells
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=float)


class Target(Value):
    """A distribution to sample from or to move towards."""

    __slots__ = ("_handle", "__weakref__")


class Score(Value):
    """The gradient of a log density, exact or estimated."""

    __slots__ = ("_handle", "__weakref__")


class Flow(Value):
    """A velocity field or a sampler, which moves particles."""

    __slots__ = ("_handle", "__weakref__")


class Bridge(Value):
    """A stochastic process between two distributions."""

    __slots__ = ("_handle", "__weakref__")


class Generator(Value):
    """A map from noise to samples, affine or a small net.

    A generator can be pickled: its parameters are stored in f32, as `save` stores them, without the
    base on which it was trained. `sample` of the restored generator begins from standard normal
    points, and `apply` maps any points as before. A copy has its own parameters and the same base.
    """

    __slots__ = ("_handle", "__weakref__")

    def __copy__(self) -> Generator:
        made = Generator.__new__(Generator)
        made._handle = self._handle.copy()
        return made

    def __deepcopy__(self, memo: Any) -> Generator:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        from . import save

        made: Any = self
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.safetensors")
            save(made, path)
            return (_generator, (path.read_bytes(),))


class Result(Value):
    """The result of a run of a flow or of a training."""

    __slots__ = ("_handle", "__weakref__")

    def __repr__(self) -> str:
        steps = getattr(self, "stats", {}).get("steps")
        return f"<sdflow.Result: {getattr(self, 'stop', '?')} after {steps} steps>"


class Coupling(Value):
    """The result of Sinkhorn's algorithm: potentials and an implicit plan.

    Examples
    --------
    >>> import sdflow as sd
    >>> c = sd.sinkhorn([[0.0], [1.0]], [[0.0], [1.0]], epsilon=0.1)
    >>> c.plan_rows().round(3).tolist()
    [[0.497, 0.003], [0.003, 0.497]]
    """

    __slots__ = ("_handle", "__weakref__")

    def plan_rows(self, rows: Any = None) -> NDArray[np.float64]:
        """Return rows of the plan as an array.

        Parameters
        ----------
        rows : array_like of int, optional
            The numbers of the points of the first set, counted from 0; by default all. A row has an
            entry for each point of the second set, so all rows of large sets may not fit into memory.

        Returns
        -------
        ndarray of shape (len(rows), m)
        """
        n = _known(self._handle.plan_shape())[0]
        chosen = range(n) if rows is None else [int(i) for i in np.atleast_1d(rows)]
        try:
            return _known(self._handle.plan_rows(list(chosen)))
        except (_engine.EngineError, OverflowError):
            raise IndexError(f"`rows` holds a number that is none of the {n} points, which are counted from 0") from None


def _generator(stored: bytes) -> Any:
    """Return the generator that was pickled."""
    from . import load_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        path.write_bytes(stored)
        return load_model(path)


CLASSES: dict[str, type[Value]] = {
    "points": Points,
    "table": Table,
    "target": Target,
    "score": Score,
    "flow": Flow,
    "bridge": Bridge,
    "generator": Generator,
    "result": Result,
    "coupling": Coupling,
}


def wrapped(value: Any) -> Any:
    """Return what the engine returned as a value of this package."""
    if isinstance(value, _engine.Handle):
        reading = value.reading()
        if reading is not None:
            return Reading(*reading)
        if value.kind == "table":
            return _table(value)
        made: Any = CLASSES[value.kind].__new__(CLASSES[value.kind])
        made._handle = value
        if isinstance(made, Points):
            made._array = None
        return made
    if isinstance(value, dict):
        return Record({key: wrapped(item) for key, item in value.items()})
    if isinstance(value, list):
        items = [wrapped(item) for item in value]
        is_numbers = bool(items) and all(type(item) in (int, float) for item in items)
        return np.array(items) if is_numbers else items
    return value
