"""`torch.futures`: results that are not there yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future as _Future
from typing import Any

from minitorch._missing import missing

__all__ = ["Future", "collect_all", "wait_all"]


class Future(_Future[Any]):
    """A result that somebody will set.

    >>> future = Future()
    >>> later = future.then(lambda f: f.value() + 1)
    >>> future.set_result(1)
    >>> later.wait()
    2
    """

    def __init__(self, *, devices: Any = None) -> None:
        super().__init__()

    def wait(self) -> Any:
        """Wait for the result, and return it."""
        return self.result()

    def value(self) -> Any:
        """Return the result, which has to be there."""
        return self.result(timeout=0)

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """Return the future of what `callback` makes of this one."""
        made = Future()

        def run(done: Any) -> None:
            try:
                made.set_result(callback(self))
            except BaseException as error:
                made.set_exception(error)

        super().add_done_callback(run)
        return made


def collect_all(futures: Sequence[Future]) -> Future:
    """Return the future that has the list of `futures` when all of them are done."""
    made, left = Future(), list(futures)
    if not left:
        made.set_result([])
    for future in futures:

        def ended(done: Any) -> None:
            left.pop()
            if not left:
                made.set_result(list(futures))

        future.add_done_callback(ended)
    return made


def wait_all(futures: Sequence[Future]) -> list[Any]:
    """Wait for all, and return the results."""
    return [future.wait() for future in futures]


__getattr__ = missing(__name__)
