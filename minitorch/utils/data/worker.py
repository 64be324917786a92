"""Worker processes: each makes batches of its own and sends them back through a pipe.

The parent writes tasks to a worker's pipe and reads answers, one for each task and in their order.
A pipe has no other writer than its worker, so that a worker's death is seen as its end; and a
worker sees its parent's death, or that nobody wants its batches any more, in the same way.
"""

from __future__ import annotations

import pickle
import queue
import random
import signal
import threading
import traceback
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn

import numpy as np

from minitorch.random import manual_seed
from minitorch.utils.data import info
from minitorch.utils.data.fetch import Plan
from minitorch.utils.data.info import (
    WorkerInfo as WorkerInfo,
    _generate_state as _generate_state,
    get_worker_info as get_worker_info,
)

parents_ends: weakref.WeakSet[Connection] = weakref.WeakSet()
"""The parent's ends of all pipes. A forked worker has copies of them, and must not keep them open,
or neither it nor another would see its pipe end."""


class End:
    """The answer when an iterable data set has nothing more."""


class Restart:
    """The task to begin anew; it has no answer."""


class Failure:
    """The answer when an exception was raised: its type, and its traceback as text."""

    def __init__(self, error: Exception, where: str) -> None:
        self.kind: type[Exception] = type(error)
        self.message = "".join(traceback.format_exception(error))
        self.where = where
        try:
            pickle.dumps(self.kind)
        except Exception:  # a class that only the worker knows
            self.kind = RuntimeError

    def reraise(self) -> NoReturn:
        """Raise the exception here, with the worker's traceback in its message."""
        message = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.message}"
        if self.kind is KeyError:
            raise KeyError(_Verbatim(message))
        try:
            error = self.kind(message)
        except Exception:  # one that is not made of a message alone
            error = RuntimeError(message)
        raise error from None


class _Verbatim(str):
    """A message that KeyError shows as it is, line by line."""

    def __repr__(self) -> str:
        return str(self)


def work(
    pipe: Connection,
    plan: Plan,
    base_seed: int,
    init_fn: Callable[[int], None] | None,
    worker_id: int,
    num_workers: int,
) -> None:
    """Serve, as a worker process, until the pipe is closed."""
    for end in list(parents_ends):
        end.close()
    # Ctrl-C goes to every process of a terminal: the parent decides what comes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    seed = base_seed + worker_id
    random.seed(seed)
    manual_seed(seed)
    np.random.seed(_generate_state(base_seed, worker_id))
    info.current = info.WorkerInfo(worker_id, num_workers, seed, plan.dataset)
    where = f"in DataLoader worker process {worker_id}"

    # Batches are sent from a thread, so that the next is made while nobody has asked yet.
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_send, args=(pipe, answers), daemon=True).start()

    def answer(message: Any) -> None:
        try:
            data = ForkingPickler.dumps(message)
        except Exception as error:
            data = ForkingPickler.dumps(Failure(error, where))
        answers.put(data)

    failure, ended = None, False
    try:
        if init_fn is not None:
            init_fn(worker_id)
        fetch = plan.fetcher()
    except Exception as error:
        failure = Failure(error, where)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        if isinstance(task, Restart):
            ended = False
            fetch = plan.fetcher()
        elif failure is not None:
            answer(failure)
        elif not ended:
            try:
                answer(fetch(task))
            except StopIteration as error:
                ended = plan.iterable
                answer(End() if ended else Failure(error, where))
            except Exception as error:
                answer(Failure(error, where))


def _send(pipe: Connection, answers: queue.SimpleQueue[Any]) -> None:
    with suppress(OSError):  # nobody reads any more
        while True:
            pipe.send_bytes(answers.get())
