"""Python's `multiprocessing`, with `spawn`. Tensors are sent by value, and nothing is shared."""

from __future__ import annotations

import multiprocessing as _python
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import *  # noqa: F403
from multiprocessing import connection
from typing import Any

from minitorch._missing import missing

__all__ = ["ProcessContext", "ProcessException"]
__all__ += ["ProcessRaisedException", "SpawnContext", "get_all_sharing_strategies"]
__all__ += ["get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes"]


def get_all_sharing_strategies() -> set[str]:
    """The ways to share a tensor's memory that PyTorch programs ask for; none is used."""
    return {"file_descriptor", "file_system"}


def get_sharing_strategy() -> str:
    """Return PyTorch's own choice on Linux."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Accept a strategy's name: tensors are sent by value, so that it makes no difference."""
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(f"set_sharing_strategy: no strategy {new_strategy!r}")


class ProcessException(Exception):
    """A process that did not end well."""

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid


class ProcessRaisedException(ProcessException):
    """A process whose function raised."""


class ProcessExitedException(ProcessException):
    """A process that ended with another code than 0."""

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name


def _run(function: Callable[..., Any], index: int, args: tuple[Any, ...], errors: Any) -> None:
    """Run in a process of its own, and send what was raised, as text."""
    try:
        function(index, *args)
    except KeyboardInterrupt:
        pass  # its parent was told, too
    except Exception:
        errors.send(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """Processes that were started together."""

    def __init__(self, processes: list[Any], errors: list[Any]) -> None:
        self.processes, self._errors = processes, errors
        self.sentinels = {process.sentinel: i for i, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until one ends; if it did not end well, end all of them and raise.

        Returns:
            Whether all have ended.

        Raises:
            ProcessRaisedException: if its function raised, with the traceback.
            ProcessExitedException: if it ended by a signal, or with another code than 0.
        """
        for sentinel in connection.wait(list(self.sentinels), timeout):
            index = self.sentinels.pop(sentinel)
            process = self.processes[index]
            process.join()
            if process.exitcode != 0:
                self._fail(index, process)
        return not self.sentinels

    def _fail(self, index: int, process: Any) -> None:
        for other in self.processes:
            if other.is_alive():
                other.terminate()
            other.join()
        with suppress(EOFError):  # it has said nothing
            told = self._errors[index].recv()
            msg = f"\n\n-- Process {index} terminated with the following error:\n{told}"
            raise ProcessRaisedException(msg, index, process.pid)
        code, name = process.exitcode, None
        msg = f"process {index} terminated with exit code {code}"
        if code < 0:
            name = signal.Signals(-code).name
            msg = f"process {index} terminated with signal {name}"
        raise ProcessExitedException(msg, index, process.pid, code, name)


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run ``fn(i, *args)`` in `nprocs` processes, i from 0.

    Args:
        fn: a function at the top of its module, so that it can be sent.
        args: what it is called with, after its number.
        nprocs: how many.
        join: whether to wait until all have ended.
        daemon: whether they end with this process.
        start_method: "spawn", "fork" or "forkserver".

    Returns:
        The context to `join` them with, if `join` is False.
    """
    context: Any = _python.get_context(start_method)
    processes, errors = [], []
    for i in range(nprocs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, i, args, theirs), daemon=daemon)
        process.start()
        theirs.close()
        processes.append(process)
        errors.append(ours)
    made = ProcessContext(processes, errors)
    if not join:
        return made
    while not made.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run ``fn(i, *args)`` in `nprocs` new Pythons: see `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)


__getattr__ = missing(__name__)
