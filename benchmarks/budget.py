"""What a step costs, counted and not timed: ``python -m benchmarks.budget``.

A time needs a quiet machine; a count is the same anywhere, so CI can hold it against a budget
(``tests/data/budget.json``, which ``--write`` records anew). Of one step, after some to warm up:

- bytecodes: the instructions that Python's interpreter ran, NumPy's Python code included;
- calls: the Python functions that were called;
- numpy: the calls of NumPy's functions by name and of an array's methods. Operators between arrays
  are not among them: that no call marks; they count as a bytecode, and by what they allocate;
- arrays: how often memory grew by at least 1 KiB from one bytecode to the next, and so how many
  arrays of that size were made, whether kept or dropped at once;
- KiB: how much that was in all.

Python counts by `sys.settrace` and `sys.setprofile`; NumPy's functions are counted by giving
minitorch another NumPy as it is imported, so this is always a process of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.run import environment
from benchmarks.watching import minitorch_on
from benchmarks.workloads import WORKLOADS, Step, Torch

BUDGET = Path(__file__).resolve().parent.parent / "tests" / "data" / "budget.json"
WARM_UP = 2
LARGE = 1024  # bytes; smaller arrays come from NumPy's own store, and may cost nothing
SAME, OTHER = 0.01, 0.30  # margins with the versions of the budget, and with others
SLACK = 0.05  # a budget that is more than this too large should be written anew


@dataclass
class Counts:
    """What is counted of a step."""

    bytecodes: int = 0
    calls: int = 0
    numpy: int = 0
    arrays: int = 0
    KiB: float = 0

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*(a - b for a, b in self.pairs(other)))

    def __truediv__(self, count: int) -> Counts:
        return Counts(*(value / count for value in asdict(self).values()))

    def pairs(self, other: Counts) -> Any:
        return zip(asdict(self).values(), asdict(other).values(), strict=True)


class Counter:
    """Counts while `step` runs in `run`."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.memory = 0

    def run(self, step: Step) -> Counts:
        """The counts of one call of `step`, after some to warm up it, and the tracing of it."""
        for _ in range(WARM_UP):
            step()
        for _ in range(2):
            self.counts = Counts()
            self.watch(step)
        found, self.counts = self.counts, Counts()
        found.KiB = round(found.KiB)
        return found

    def watch(self, step: Step) -> None:
        """Call `step`, counting."""
        gc.collect()
        gc.disable()  # when it runs depends on what ran before
        tracemalloc.start()
        self.memory = tracemalloc.get_traced_memory()[0]
        previous = sys.getprofile(), sys.gettrace()
        sys.setprofile(self.on_call)
        sys.settrace(self.on_frame)
        try:
            step()
        finally:
            sys.settrace(previous[1])
            sys.setprofile(previous[0])
            tracemalloc.stop()
            gc.enable()

    def on_frame(self, frame: Any, event: str, argument: object) -> Any:
        if frame.f_code.co_filename == __file__:
            return None
        self.counts.calls += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.on_event

    def on_event(self, frame: Any, event: str, argument: object) -> Any:
        if event == "opcode":
            self.counts.bytecodes += 1
            memory = tracemalloc.get_traced_memory()[0]
            if memory - self.memory >= LARGE:
                self.counts.arrays += 1
                self.counts.KiB += (memory - self.memory) / 1024
            self.memory = memory
        return self.on_event

    def on_call(self, frame: Any, event: str, argument: Any) -> None:
        if event == "c_call" and isinstance(getattr(argument, "__self__", None), np.ndarray):
            self.counts.numpy += 1


class Named:
    """A function of NumPy that is counted as it is called; so are its methods, as `np.add.at`."""

    def __init__(self, function: Callable[..., Any], counter: Counter) -> None:
        self.function, self.counter = function, counter

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.counter.counts.numpy += 1
        return self.function(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.function, name)
        return Named(found, self.counter) if callable(found) else found


def counted_minitorch(counter: Counter) -> Torch:
    """minitorch, on a NumPy whose functions count themselves."""

    def replaced(name: str, value: Any) -> Any:
        countable = callable(value) and not isinstance(value, type) and name in np.__all__
        return Named(value, counter) if countable else value

    return minitorch_on(replaced)


def chain(torch: Torch, length: int) -> Step:
    """A step through `length` products of one element."""
    x, factor = torch.ones(1, requires_grad=True), torch.ones(1)

    def step() -> Any:
        y = x
        for _ in range(length):
            y = y * factor
        y.backward()
        return y

    return step


NAMES = ("digits", "mlp", "resnet", "gpt", "penalty", "scalar", "broadcast", "bigrams")
COUNTED = {name: WORKLOADS[name].title for name in NAMES}
COUNTED["op"] = "One recorded operation, a product of one element, forward and backward"


def count(show: bool) -> dict[str, Counts]:
    """Count every step; this process must not have imported minitorch yet."""
    from tqdm import tqdm

    counter = Counter()
    minitorch = counted_minitorch(counter)

    found = {}
    for name in tqdm(COUNTED, "counting", disable=not show, leave=False):
        if name == "op":
            short, long = (counter.run(chain(minitorch, n)) for n in (20, 30))
            found[name] = (long - short) / 10
        else:
            found[name] = counter.run(WORKLOADS[name].build(minitorch))
    return found


def versions() -> dict[str, str]:
    """What the counts depend on: a release of Python may compile to other bytecodes."""
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": ".".join(np.__version__.split(".")[:2]),
    }


def judge(document: dict[str, Any], budget: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What of `document` is above the budget, and what is well below it, a line for each."""
    same = all(document[key] == budget[key] for key in ("python", "numpy"))
    margin = SAME if same else OTHER
    above, below = [], []
    for name, counts in document["steps"].items():
        recorded = budget["steps"].get(name, {})
        for unit, value in counts.items():
            allowed = recorded.get(unit, 0)
            line = f"{name}: {value:,.6g} {unit}, the budget is {allowed:,.6g}"
            if value > allowed * (1 + margin):
                above.append(line)
            elif same and value < allowed * (1 - SLACK):
                below.append(line)
    return above, below


def main() -> int:
    """Run the command; 1 if something is above the budget."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.budget", description="Count what a training step costs."
    )
    parser.add_argument("--write", action="store_true", help=f"record the counts in {BUDGET.name}")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, judge none")
    options = parser.parse_args()
    # The order of a set may steer what runs; what runs on another thread is not counted.
    settings = environment("minitorch", threads=1) | {"PYTHONHASHSEED": "0"}
    if not settings.items() <= os.environ.items():
        command = [sys.executable, "-m", "benchmarks.budget", *sys.argv[1:]]
        os.execve(sys.executable, command, settings)
    found = count(sys.stderr.isatty())
    document = versions() | {"steps": {name: asdict(counts) for name, counts in found.items()}}
    if options.json:
        print(json.dumps(document))
        return 0
    print(f"{'a step of':9}" + "".join(f"{unit:>11}" for unit in asdict(Counts())))
    for name, counts in found.items():
        print(f"{name:9}" + "".join(f"{value:11,.6g}" for value in asdict(counts).values()))
    if options.write:
        BUDGET.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        print(f"written to {BUDGET}")
        return 0
    above, below = judge(document, json.loads(BUDGET.read_text(encoding="utf-8")))
    for line in above:
        print(f"above: {line}")
    for line in below:
        print(f"well below, write it anew: {line}")
    return int(bool(above))


if __name__ == "__main__":
    sys.exit(main())
