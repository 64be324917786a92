"""A pass whose batches are made ahead by worker processes; this is the parent's side of it."""

from __future__ import annotations

import multiprocessing
import os
import time
import weakref
from collections import deque
from contextlib import suppress
from itertools import cycle
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from minitorch.utils.data.epochs import Epoch
from minitorch.utils.data.worker import End, Failure, Restart, parents_ends, work

if TYPE_CHECKING:
    from minitorch.utils.data.dataloader import DataLoader


class Worker:
    """The parent's side of a worker process."""

    def __init__(self, process: Any, pipe: Any) -> None:
        self.process, self.pipe, self.has_more = process, pipe, True
        self.tasks = 0  # sent and not yet answered


class Parallel(Epoch):
    """Batches made ahead by worker processes, which share out the tasks by turns."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if not loader.prefetch_factor:
            raise AssertionError(
                "prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter"
            )
        self._in_order, self._timeout = loader.in_order, loader.timeout
        self._persistent = loader.persistent_workers
        self._prefetch_factor: int = loader.prefetch_factor
        self._workers: list[Worker] = []
        # Also when this object is dropped, or the program ends.
        self._finish = weakref.finalize(self, _shut_down, self._workers, os.getpid())
        context = loader.multiprocessing_context or multiprocessing.get_context()
        for number in range(self._num_workers):
            ours, theirs = context.Pipe()
            parents_ends.add(ours)
            options = (self._base_seed, loader.worker_init_fn, number, self._num_workers)
            process = context.Process(target=work, args=(theirs, self._plan, *options), daemon=True)
            process.start()
            theirs.close()  # or the pipe would not end with the worker
            self._workers.append(Worker(process, ours))
        self._assign()

    def _assign(self) -> None:
        """Hand out the first tasks of a pass."""
        self._turns = cycle(self._workers)
        self._pending: deque[Worker] = deque()
        for _ in range(self._prefetch_factor * self._num_workers):
            self._send_task()

    def restart(self, loader: DataLoader[Any]) -> None:
        """Begin another pass with the same workers."""
        while self._pending:  # answers that nobody has asked for
            if (worker := self._next_worker()) is not None:
                self._receive(worker)
        self._begin(loader)
        for worker in self._workers:
            worker.pipe.send(Restart())
            worker.has_more, worker.tasks = True, 0
        self._assign()

    def _send_task(self) -> None:
        numbers = next(self._numbers, self)
        if numbers is self:
            return
        most = self._prefetch_factor * self._num_workers
        active = sum(worker.has_more for worker in self._workers)
        for _ in self._workers:
            worker = next(self._turns)
            if worker.has_more and (self._in_order or worker.tasks < most // active):
                with suppress(OSError):  # it has died, which is said when its answer is due
                    worker.pipe.send(numbers)
                worker.tasks += 1
                self._pending.append(worker)
                return

    def _next_worker(self) -> Worker | None:
        """Whose answer to take next; None if the turn is that of one who has nothing more."""
        if self._in_order:
            worker = self._pending.popleft()
            return worker if worker.has_more else None
        waiting = {id(w.pipe): w for w in self._pending if w.has_more}
        if not waiting:
            self._pending.clear()
            return None
        ready = wait([w.pipe for w in waiting.values()], self._timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
        worker = waiting[id(ready[0])]
        self._pending.remove(worker)
        return worker

    def _receive(self, worker: Worker) -> Any:
        """A worker's next answer; a RuntimeError if it is late, or the worker has died."""
        try:
            if self._timeout and not worker.pipe.poll(self._timeout):
                raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
            message = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(5)
            raise RuntimeError(
                f"DataLoader worker (pid {worker.process.pid}) exited unexpectedly with exit "
                f"code {worker.process.exitcode}"
            ) from None
        worker.tasks -= 1
        worker.has_more = not isinstance(message, End)
        return message

    def _next_batch(self) -> Any:
        while self._pending:
            worker = self._next_worker()
            if worker is None:
                continue
            message = self._receive(worker)
            self._send_task()
            if isinstance(message, Failure):
                message.reraise()
            if worker.has_more:
                return message
            if not self._persistent:
                worker.pipe.close()
        if not self._persistent:
            self._finish()
        raise StopIteration


def _shut_down(workers: list[Worker], owner: int) -> None:
    """Let the workers end: they see that their pipes are closed. One that does not is made to."""
    if os.getpid() != owner:  # in a forked worker, which is not the others' parent
        return
    for worker in workers:
        worker.pipe.close()
    deadline = time.monotonic() + 5
    for worker in workers:
        worker.process.join(max(deadline - time.monotonic(), 0))
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join()


_MultiProcessingDataLoaderIter = Parallel
