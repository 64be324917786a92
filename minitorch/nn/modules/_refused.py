"""The classes of PyTorch that are not covered: they exist, for ``isinstance``, and say no."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._not_covered import told
from minitorch.nn.modules.module import Module


class Refused(Module):
    """A layer that is not covered.

    Raises:
        NotImplementedError: always, with what to use instead.
    """

    _instead: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = f"torch.nn.{type(self).__name__}"
        raise NotImplementedError(f"{told(name)}: {self._instead}")
