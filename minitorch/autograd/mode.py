"""Whether operations are recorded: one flag per thread, and the context managers that set it."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from minitorch.autograd.observer import Observer

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    grad = True
    inference = False
    check_nan = True  # in anomaly mode
    # While a walk to some inputs runs a node: the node, and those of its edges that are wanted.
    # (Not on the node, which another thread may be walking through as well.)
    limited: tuple[Any, list[Any]] | None = None
    # What is to be called when the backward that is running is done; None while none is.
    callbacks: list[Callable[[], object]] | None = None
    observers: tuple[Observer, ...] = ()  # who is told of what is recorded and walked


mode = _Mode()


class _GradMode:
    """A context manager and decorator that runs its body with recording set to `_value`."""

    _value: bool

    def __new__(cls, function: Any = None, *args: Any) -> Self:
        instance = super().__new__(cls)
        if callable(function):  # used bare, as in `@no_grad`: what comes back is a function
            instance.__init__()  # type: ignore[misc]
            return instance(function)
        return instance

    def _enter(self) -> None:
        # PyTorch: inference_mode cannot be undone from inside.
        mode.grad = self._value and not mode.inference

    def __enter__(self) -> Any:
        # A stack, so that one instance may be entered again inside itself.
        self.__dict__.setdefault("_previous", []).append((mode.grad, mode.inference))
        self._enter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        mode.grad, mode.inference = self._previous.pop()  # type: ignore[attr-defined]

    def _clone(self) -> _GradMode:
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._clone():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    def _wrap_generator(self, function: F) -> F:
        """The mode holds while the generator's own code runs, not while its caller's does."""

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, generator)
            try:
                while True:
                    with self._clone():
                        item = resume()
                    try:
                        sent = yield item
                        resume = functools.partial(generator.send, sent)
                    except GeneratorExit:
                        generator.close()
                        raise
                    except BaseException as error:
                        resume = functools.partial(generator.throw, error)
            except StopIteration as stop:
                return stop.value

        return wrapped  # type: ignore[return-value]


class no_grad(_GradMode):
    """Within it, nothing is recorded and results do not require grad.

    >>> import minitorch
    >>> x = minitorch.ones(2, requires_grad=True)
    >>> with minitorch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    _value = False


class enable_grad(_GradMode):
    """Within it, operations are recorded again; the way back inside `no_grad`."""

    _value = True


class set_grad_enabled(_GradMode):
    """Turn recording on or off, at once; as a context manager, until it ends."""

    def __new__(cls, mode: bool) -> Self:
        return object.__new__(cls)

    def __init__(self, mode: bool) -> None:
        self._value = bool(mode)
        self.__dict__["_previous"] = [_current()]
        self._enter()

    def __enter__(self) -> Any:
        self._enter()
        return self

    def _clone(self) -> _GradMode:
        return no_grad() if not self._value else enable_grad()

    def __call__(self, function: F) -> F:
        mode.grad, mode.inference = self._previous.pop()  # type: ignore[attr-defined]
        return super().__call__(function)


def _current() -> tuple[bool, bool]:
    return mode.grad, mode.inference


class inference_mode(_GradMode):
    """Like `no_grad`, and its results can never be recorded afterwards.

    Args:
        mode: whether to turn inference mode on (default) or off.
    """

    def __new__(cls, mode: Any = True) -> Self:
        instance = object.__new__(cls)
        if callable(mode):
            instance.__init__(True)  # type: ignore[misc]
            return instance(mode)
        return instance

    def __init__(self, mode: Any = True) -> None:
        self._value = bool(mode)

    def _enter(self) -> None:
        mode.grad, mode.inference = not self._value, self._value

    def _clone(self) -> _GradMode:
        return type(self)(self._value)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread."""
    return mode.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return mode.inference
