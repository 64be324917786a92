"""The loader with worker processes: the same batches, seeded as PyTorch's, and a clean end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch
from minitorch.utils.data import DataLoader, IterableDataset, TensorDataset, get_worker_info

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    # Python 3.12 warns of forking where NumPy's own threads run.
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    # A machine with one processor is told that two workers are many.
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]


def plain(batches: Any) -> Any:
    return [b.tolist() if hasattr(b, "tolist") else b for b in batches]


def table(rows: int = 23) -> TensorDataset:
    return TensorDataset(minitorch.arange(rows * 2).reshape(rows, 2), minitorch.arange(rows))


class Each:
    """A data set whose samples are what a function says."""

    def __init__(self, function: Any, length: int = 8) -> None:
        self.function = function
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return self.function(index)


class Shared(IterableDataset[int]):
    """The numbers up to a length, shared out among the workers."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __iter__(self) -> Any:
        info = get_worker_info()
        start, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(start, self.length, step))


def wait_until(condition: Any, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def is_running(pid: int) -> bool:
    """Whether a process runs: not one that has ended, nor one that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("options", [{}, {"prefetch_factor": 3}, {"persistent_workers": True}])
def test_the_same_batches_in_the_same_order(workers: int, options: dict[str, Any]) -> None:
    made = []
    for extra in ({"num_workers": workers, **options}, {}):
        minitorch.manual_seed(5)
        loader = DataLoader(table(), batch_size=4, shuffle=True, **extra)
        made.append(
            [[[x.tolist(), y.tolist()] for x, y in loader] for _ in range(1 if options else 2)]
        )
    assert made[0] == made[1]


def test_large_batches_pass_in_both_directions() -> None:
    """Neither side waits for the other with its pipe full."""
    rows = 60_000
    loader = DataLoader(range(rows), batch_size=rows // 4, num_workers=2)
    assert [len(batch) for batch in loader] == [rows // 4] * 4


def seeds(m: Any) -> Any:
    def drawn(index: int) -> Any:
        return [random.random(), float(np.random.rand()), m.rand(()).item()]

    m.manual_seed(11)
    random.seed(11)
    loader = m.utils.data.DataLoader(Each(drawn), batch_size=None, num_workers=2)
    first, second = list(loader), list(loader)
    return first, second, m.rand(2).tolist()


def test_workers_are_seeded_as_pytorchs() -> None:
    assert seeds(minitorch) == seeds(the_torch())


def persistent(m: Any) -> Any:
    m.manual_seed(11)
    loader = m.utils.data.DataLoader(
        Each(lambda index: m.rand(()).item()),
        shuffle=True,
        batch_size=None,
        num_workers=2,
        persistent_workers=True,
    )
    return list(loader), list(loader), m.rand(2).tolist()


def test_persistent_workers_draw_on_as_pytorchs() -> None:
    assert persistent(minitorch) == persistent(the_torch())


def test_a_worker_knows_itself() -> None:
    def about(index: int) -> Any:
        info = get_worker_info()
        assert info is not None and isinstance(info.dataset, Each)
        return (index, info.id, info.num_workers, info.seed, os.environ["WORKER"])

    def begin(worker_id: int) -> None:
        os.environ["WORKER"] = str(worker_id)

    assert get_worker_info() is None
    loader = DataLoader(Each(about, 4), batch_size=None, num_workers=2, worker_init_fn=begin)
    seen = list(loader)
    assert [(row[0], row[1], row[2], row[4]) for row in seen] == [
        (0, 0, 2, "0"),
        (1, 1, 2, "1"),
        (2, 0, 2, "0"),
        (3, 1, 2, "1"),
    ]
    assert seen[1][3] == seen[0][3] + 1
    assert "WORKER" not in os.environ


def test_iterable_datasets_are_shared_out() -> None:
    loader = DataLoader(Shared(7), batch_size=2, num_workers=2)
    assert plain(loader) == [[0, 2], [1, 3], [4, 6], [5]]
    whole = DataLoader(Shared(7), batch_size=2, num_workers=2, drop_last=True)
    assert plain(whole) == [[0, 2], [1, 3], [4, 6]]
    assert plain(DataLoader(Shared(3), batch_size=None, num_workers=2)) == [0, 1, 2]
    lasting = DataLoader(Shared(7), batch_size=2, num_workers=2, persistent_workers=True)
    assert plain(lasting) == plain(lasting) == [[0, 2], [1, 3], [4, 6], [5]]


def test_out_of_order_gives_what_is_ready() -> None:
    def slow(index: int) -> int:
        time.sleep(0.5 if index == 0 else 0)
        return index

    loader = DataLoader(Each(slow), batch_size=None, num_workers=2, in_order=False)
    seen = list(loader)
    assert sorted(seen) == list(range(8)) and seen[0] == 1
    assert sorted(plain(DataLoader(Shared(9), None, num_workers=2, in_order=False))) == [*range(9)]


def test_persistent_workers_are_kept_also_after_a_break() -> None:
    loader = DataLoader(
        Each(lambda index: (index, os.getpid())),
        batch_size=None,
        num_workers=2,
        persistent_workers=True,
    )
    first = list(loader)
    for _ in loader:
        break
    again = list(loader)
    assert first == again
    pids = {pid for _, pid in first}
    assert len(pids) == 2 and os.getpid() not in pids
    del loader
    assert wait_until(lambda: not any(is_running(pid) for pid in pids))
    passing = DataLoader(Each(lambda index: os.getpid()), batch_size=None, num_workers=1)
    assert set(passing).isdisjoint(passing)


def test_dropping_an_iterator_ends_its_workers() -> None:
    def endless(index: int) -> Any:
        return np.zeros(300_000)  # more than a pipe holds: the worker is busy sending

    loader = DataLoader(Each(endless, 1000), num_workers=2, prefetch_factor=4)
    batches = iter(loader)
    next(batches)
    processes = [worker.process for worker in batches._workers]
    assert all(process.is_alive() for process in processes)
    began = time.monotonic()
    del batches
    assert not any(process.is_alive() for process in processes)
    assert time.monotonic() - began < 4  # they went of themselves


class OwnError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)


def failing(index: int) -> int:
    if index == 1:
        raise ValueError("row 1 is broken")
    if index == 2:
        raise KeyError("row 2")
    if index == 3:
        raise OwnError(3, "row 3")
    return index


def test_exceptions_come_with_the_workers_traceback() -> None:
    batches = iter(DataLoader(Each(failing, 6), batch_size=None, num_workers=2))
    assert next(batches) == 0
    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 1") as e:
        next(batches)
    assert "Original Traceback" in str(e.value) and "in failing" in str(e.value)
    with pytest.raises(KeyError) as key:
        next(batches)
    assert "Original Traceback (most recent call last):\n" in str(key.value)
    with pytest.raises(RuntimeError, match="Caught OwnError in DataLoader worker process 1"):
        next(batches)
    assert list(batches) == [4, 5]


def test_a_batch_that_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(Exception, match=r"(?s)in DataLoader worker process 0.*pickle"):
        list(DataLoader(Each(lambda index: lambda: 0), batch_size=None, num_workers=1))


def test_a_worker_init_fn_that_fails() -> None:
    def fail(worker_id: int) -> None:
        raise ValueError("no such disk")

    with pytest.raises(ValueError, match=r"(?s)worker process 0.*no such disk"):
        list(DataLoader(table(), num_workers=1, worker_init_fn=fail))


def test_a_timeout() -> None:
    loader = DataLoader(Each(lambda i: time.sleep(0.6)), None, num_workers=1, timeout=0.1)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.1 seconds"):
        list(loader)
    quick = DataLoader(Each(lambda i: i), None, num_workers=1, timeout=20)
    assert list(quick) == list(range(8))


def test_a_worker_that_is_killed_is_reported() -> None:
    loader = DataLoader(Each(lambda i: os.kill(os.getpid(), signal.SIGKILL)), num_workers=2)
    began = time.monotonic()
    with pytest.raises(RuntimeError, match=r"worker \(pid \d+\) exited unexpectedly .* code -9"):
        list(loader)
    assert time.monotonic() - began < 4


def test_more_workers_than_processors_are_warned_of() -> None:
    with pytest.warns(UserWarning, match="will create 1000 worker processes in total"):
        DataLoader(range(3), num_workers=1000)


def test_spawned_workers() -> None:
    loader = DataLoader(table(5), batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert [y.tolist() for _, y in loader] == [[0, 1], [2, 3], [4]]


PROGRAM = """
import os, signal, time
from minitorch.utils.data import DataLoader

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in background

class Rows:
    def __len__(self):
        return 10_000
    def __getitem__(self, index):
        return os.getpid()

loader = DataLoader(Rows(), batch_size=None, num_workers=2, persistent_workers={persistent})
batches = iter(loader)
try:
    print(next(batches), next(batches), flush=True)
    for batch in batches:
        time.sleep(0.02)
finally:
    print("stopped", flush=True)
"""


def start(persistent: bool) -> tuple[Any, list[int]]:
    """A program that loads without end, and its workers' process numbers."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("{persistent}", str(persistent))],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return child, [int(pid) for pid in child.stdout.readline().split()]


@pytest.mark.parametrize("persistent", [False, True])
def test_ctrl_c_ends_the_program_and_its_workers_without_a_word_of_theirs(persistent: bool) -> None:
    child, workers = start(persistent)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to every process
    out, err = child.communicate(timeout=20)
    assert out == "stopped\n"
    assert err.count("Traceback") == 1 and err.rstrip().endswith("KeyboardInterrupt")
    assert child.returncode in (-signal.SIGINT, 130, 1)
    assert wait_until(lambda: not any(is_running(pid) for pid in workers))


def test_workers_end_with_their_parent() -> None:
    child, workers = start(persistent=True)
    assert len(workers) == 2 and all(is_running(pid) for pid in workers)
    child.kill()
    child.communicate(timeout=20)
    assert wait_until(lambda: not any(is_running(pid) for pid in workers))
