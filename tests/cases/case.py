"""One row of the op table, and the makers of its inputs."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Maker = Callable[[np.random.Generator], Array]

EMPTY = "PyTorch refuses a dtype only where there is something to compute"


@dataclass(frozen=True)
class Case:
    """One row: a name, a function of (module, *inputs), and what makes the inputs.

    Attributes:
        name: PyTorch's name as `tests/data/surface.json` has it; after a comma, what is particular.
        function: the call, under whichever module it is given first.
        makers: one an input.
        in_torch: whether the same call works under torch.
        unlike: dtypes in which we knowingly differ from PyTorch, each with the reason.
        differentiable: whether an output carries a gradient (for floating inputs).
    """

    name: str
    function: Callable[..., Any]
    makers: tuple[Maker, ...]
    in_torch: bool = True
    unlike: Mapping[str, str] = field(default_factory=dict, hash=False)
    differentiable: bool = True

    @property
    def covers(self) -> str:
        """The name in the surface that the row stands for."""
        return self.name.partition(",")[0]

    def arrays(self, dtype: Any = np.float64) -> list[Array]:
        """The inputs; those of an integer dtype are spread wider, so that they differ."""
        draws = np.random.default_rng(zlib.crc32(self.name.encode()))
        made = [np.asarray(make(draws)) for make in self.makers]
        if np.dtype(dtype).kind in "iu":
            made = [np.round(array * 3) for array in made]
        if np.dtype(dtype).kind == "u":
            made = [np.abs(array) for array in made]
        return [np.asarray(array).astype(dtype) for array in made]

    def __str__(self) -> str:
        return self.name


def case(name: str, function: Callable[..., Any], *makers: Maker, **options: Any) -> Case:
    """A row; `options` are Case's other attributes."""
    return Case(name, function, makers, **options)


def normal(*shape: int) -> Maker:
    """Standard normal values."""
    return lambda draws: draws.standard_normal(shape)


def positive(*shape: int) -> Maker:
    """Values in 0.5 to 2."""
    return lambda draws: draws.uniform(0.5, 2.0, shape)


def unit(*shape: int) -> Maker:
    """Values in -0.9 to 0.9."""
    return lambda draws: draws.uniform(-0.9, 0.9, shape)


def distinct(*shape: int) -> Maker:
    """Values far from zero and from each other, in magnitude too: no difference meets a kink."""

    def make(draws: np.random.Generator) -> Array:
        count = int(np.prod(shape))
        return ((draws.permutation(count) - count // 2) * 0.1 + 0.03).reshape(shape)

    return make


def functional(m: Any) -> Any:
    """The module's `nn.functional`."""
    return m.nn.functional


def index(m: Any, values: Any) -> Any:
    """An index tensor of the module's own."""
    return m.tensor(np.asarray(values).tolist())
