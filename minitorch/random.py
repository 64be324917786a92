"""Seeding and generators: the state behind `rand`, `randn`, `randperm`, dropout and the inits.

The streams are PyTorch's own (see `minitorch.kernels.random`): the same seed gives the same run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from minitorch._dtypes import CPU
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.kernels import random as kernels


class Generator:
    """A random stream of one's own.

    >>> import minitorch
    >>> g = Generator().manual_seed(0)
    >>> minitorch.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = type(CPU)(device)
        self._stream = kernels.Stream()

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed`; returns the generator."""
        self._stream.manual_seed(seed)
        return self

    def seed(self) -> int:
        """Start from a seed that nobody chose, and return it."""
        return self._stream.seed()

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._stream.initial_seed

    def clone_state(self) -> Generator:
        """Make a generator that goes on from the same state."""
        return Generator().set_state(self.get_state())

    def get_state(self) -> Tensor:
        """The whole state: 5056 bytes, laid out as PyTorch's."""
        return Tensor._wrap(self._stream.get_state())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from a state that `get_state` gave, here or in PyTorch.

        Raises:
            TypeError: for what is no tensor.
            RuntimeError: for a state of another size or with values that cannot be.
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(
                f"expected a tensor that get_state gave, got {type(new_state).__name__}"
            )
        self._stream.set_state(new_state._array)
        return self

    def __reduce__(self) -> Any:
        return _rebuild, (self.get_state(),)


def _rebuild(state: Tensor) -> Generator:
    return Generator().set_state(state)


default_generator = Generator()
default_generator._stream = kernels.default


def manual_seed(seed: int) -> Generator:
    """Start the default stream of `seed`, from which everything random here draws."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default stream from a seed that nobody chose, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default stream started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default stream's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Go on from a state that `get_rng_state` gave; TypeError for what is no tensor."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Within it, draws leave no trace: the default stream's state is put back afterwards."""
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)


__getattr__ = missing(__name__)
