"""Layers that are a function of `minitorch.nn.functional`, with attributes for its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.nn.modules.module import Module


class FunctionalModule(Module):
    """A module that calls a function, which a subclass names in its first line.

    ``class GLU(UnaryModule, function=F.glu, options=("dim",))`` says all that there is to say of it
    but how it is constructed. `options` are attributes, passed to the function by keyword, and
    `dims` is how many dimensions after the channels a member of a family such as `Conv2d` is for.
    """

    _function: ClassVar[Callable[..., Any]]
    _dims: ClassVar[int]
    _options: ClassVar[tuple[str, ...]] = ()
    _shown: ClassVar[tuple[str, ...] | None] = None  # attributes in the repr; None: the options

    def __init_subclass__(
        cls,
        *,
        function: Callable[..., Any] | None = None,
        options: tuple[str, ...] | None = None,
        dims: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if function is not None:
            cls._function = staticmethod(function)
        if options is not None:
            cls._options = options
        if dims is not None:
            cls._dims = dims

    def _keywords(self) -> dict[str, Any]:
        keywords = {}
        for name in self._options:  # a loop, as a comprehension would be another call
            keywords[name] = getattr(self, name)
        return keywords

    def extra_repr(self) -> str:
        names = self._options if self._shown is None else self._shown
        shown = [(name, getattr(self, name)) for name in names]
        # `inplace` only where it is on
        return ", ".join(f"{name}={value!r}" for name, value in shown if name != "inplace" or value)


class UnaryModule(FunctionalModule):
    """A function of one input and of the options.

    >>> import minitorch
    >>> class Clamp(UnaryModule, function=minitorch.clamp, options=("min", "max")):
    ...     def __init__(self, min, max):
    ...         super().__init__()
    ...         self.min, self.max = min, max
    >>> Clamp(0, 1), Clamp(0, 1)(minitorch.tensor([-1.0, 3.0]))
    (Clamp(min=0, max=1), tensor([0., 1.]))
    """

    def forward(self, input: Tensor) -> Any:
        return self._function(input, **self._keywords())
