"""How fast a step could be at best: ``python -m benchmarks.floors``, and how near it is.

A step is run once while its operations and its matrix products are noted. Its floor is then the sum
of three things that NumPy cannot do without, each measured on this machine:

- products: each matrix product that the step made, at the best time that ``np.matmul`` takes alone
  for these very operands, on one thread or on all. A product that is made several times, as for
  each block of a convolution, may be made on all threads side by side. A product with a vector is
  how a kernel adds numbers up, and is no product here.
- memory: the bytes that have to be moved if every operation is a pass of its own. Forward reads
  each input and writes the output; backward reads the gradient of the output and what was saved,
  and writes a gradient for each input that wants one; the optimizer reads a parameter, its gradient
  and its state, and writes the parameter and the state. A view moves nothing. The rate is that of
  ``np.copyto`` on as many bytes, so it is a cache's where they fit into one, on one thread or
  shared out to all.
- calls: one call of NumPy for each operation, for each gradient made and for each parameter
  updated (but not for the products, whose time has theirs in it), at the price of the cheapest call
  there is.

What the floor leaves out is everything else: what an exponential costs beyond a copy, the copies
that make a convolution a product, the steps of a recurrence, and all of Python. It is a bound that
cannot be reached, to be compared with.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # run as a file
    sys.path[0] = str(ROOT)

from benchmarks.pages import as_markdown, write  # noqa: E402
from benchmarks.run import (  # noqa: E402
    FRAMEWORKS,
    THREAD_VARIABLES,
    add_options,
    environment,
    measure,
    start_workers,
    told_of,
)
from benchmarks.watching import minitorch_on  # noqa: E402
from benchmarks.workloads import WORKLOADS, Step, Torch  # noqa: E402

Array = np.ndarray[Any, np.dtype[Any]]

WARM_UP = 2
ENOUGH = 0.02  # seconds of measuring, for each thing that is measured
# On one thread the processor's time is as good as the clock's, and other work does not add to it.
ALONE = os.environ.get(THREAD_VARIABLES[0]) == "1"
now = time.process_time if ALONE else time.perf_counter


def quickest(function: Callable[[], object], *, repeats: int = 7) -> float:
    """Seconds that a call takes at best."""
    function()
    start = now()
    function()
    once = max(now() - start, 1e-7)
    number = max(1, round(ENOUGH / repeats / once))
    best = math.inf
    for _ in range(repeats):
        start = now()
        for _ in range(number):
            function()
        best = min(best, (now() - start) / number)
    return best


# ---- what the machine can do ------------------------------------------------------------------

GRID = [2**power for power in range(12, 28)]  # bytes moved: 4 KiB to 128 MiB


class Machine:
    """Rates of this machine, in this process."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.recording = math.nan  # microseconds an operation; set by whoever has minitorch
        a = np.zeros(1, np.float32)
        self.call = quickest(lambda: np.add(a, a), repeats=50)
        empty = quickest(lambda: np.copyto(a, a))
        with ThreadPoolExecutor(threads) as pool:
            self.seconds = [self.copy(size, pool) - empty for size in GRID]
        square = np.ones((1024, 1024), np.float32)
        self.peak = 2 * 1024**3 / quickest(lambda: np.matmul(square, square), repeats=15)
        with set_threads(1):
            self.peak_alone = 2 * 1024**3 / quickest(lambda: np.matmul(square, square))

    def copy(self, size: int, pool: ThreadPoolExecutor) -> float:
        """The time of a copy that reads and writes `size` bytes in all."""
        source, target = np.ones(size // 8, np.float32), np.ones(size // 8, np.float32)
        parts = np.array_split(target, self.threads), np.array_split(source, self.threads)
        return min(
            quickest(lambda: np.copyto(target, source)),
            quickest(lambda: list(pool.map(np.copyto, *parts))),
        )

    def moving(self, size: int) -> float:
        """The time in which `size` bytes are read or written."""
        if size <= GRID[0]:
            return self.seconds[0] * size / GRID[0]
        return float(np.exp(np.interp(math.log(size), np.log(GRID), np.log(self.seconds))))

    def rates(self) -> dict[str, float]:
        """What the page tells of it; GB/s for a pass that moves so many bytes."""
        rate = {
            size: size / seconds / 1e9 for size, seconds in zip(GRID, self.seconds, strict=True)
        }
        return {
            "gflops": self.peak / 1e9,
            "gflops_alone": self.peak_alone / 1e9,
            "cache": max(rate.values()),
            "memory": rate[GRID[-1]],
            "call_us": self.call * 1e6,
            "recording_us": self.recording,
        }


def set_threads(count: int) -> Any:
    """A context in which NumPy's BLAS runs on so many threads."""
    from threadpoolctl import threadpool_limits  # it comes with scikit-learn

    return threadpool_limits(count, user_api="blas")


# ---- what a step does -------------------------------------------------------------------------


@dataclass
class Work:
    """What a step needs; times in microseconds."""

    flop: float = 0  # of the products
    bytes: float = 0
    operations: int = 0  # recorded
    products: float = 0
    memory: float = 0
    calls: float = 0
    recording: float = 0

    @property
    def floor(self) -> float:
        """The least that the step could take."""
        return self.products + self.memory + self.calls


class Watcher:
    """Notes the products, the recorded operations and the optimizers of a step."""

    def __init__(self) -> None:
        self.clear()
        self.torch = minitorch_on(self.replaced)

    def start(self) -> None:
        """Note from here on; it makes everything slower."""
        from minitorch.autograd.observer import Observer
        from minitorch.ops.math import linalg
        from minitorch.optim.optimizer import register_optimizer_step_post_hook

        multiply = linalg.matmul_kernel

        def noted_product(x: Array, y: Array) -> Array:
            if x.ndim == y.ndim == 2:  # by a method of the array, which cannot be replaced
                self.on_product(x, y)
            return multiply(x, y)

        linalg.matmul_kernel = noted_product
        self.note_shifted()
        observer: Any = Observer()
        observer.before_forward, observer.before_backward = self.on_forward, self.on_backward
        observer.__enter__()
        register_optimizer_step_post_hook(self.on_optimizer)
        self.torch.no_grad = nullcontext  # or nothing would be recorded, and so noted

    def note_shifted(self) -> None:
        """Note the products that convolution asks BLAS for itself."""
        from minitorch.kernels import conv
        from minitorch.kernels.blas import shifted

        add, multiply = conv.add_shifted, conv.products_shifted

        def noted_sum(
            matrices: Array, memory: Array, apart: int, starts: list[int], out: Array
        ) -> None:
            for matrix, start in zip(matrices, starts, strict=True):
                shape = matrix.shape[1], out.shape[1]
                self.on_product(matrix, shifted(memory, apart, start, shape))
            add(matrices, memory, apart, starts, out)

        def noted_products(
            g: Array, memory: Array, apart: int, starts: list[int], out: Array
        ) -> None:
            for start in starts:
                self.on_product(g, shifted(memory, apart, start, (out.shape[2], g.shape[1])).T)
            multiply(g, memory, apart, starts, out)

        conv.add_shifted, conv.products_shifted = noted_sum, noted_products

    def clear(self) -> None:
        self.forwards: list[tuple[Any, int]] = []
        self.backs: list[tuple[Any, int]] = []
        self.updates: list[int] = []
        self.operands: dict[tuple[Any, ...], tuple[Array, Array]] = {}
        self.made: Counter[tuple[Any, ...]] = Counter()

    def replaced(self, name: str, value: Any) -> Any:
        if name not in ("matmul", "dot"):
            return value

        def product(a: Array, b: Array, *args: Any, **kwargs: Any) -> Any:
            self.on_product(np.asarray(a), np.asarray(b))
            return value(a, b, *args, **kwargs)

        return product

    def on_product(self, a: Array, b: Array) -> None:
        if min(a.ndim, b.ndim) >= 2 and min(*a.shape[-2:], b.shape[-1]) > 1:
            key = (a.shape, a.strides, b.shape, b.strides, a.dtype)
            self.operands[key] = a, b
            self.made[key] += 1

    def on_backward(self, node: Any, grads: Any) -> None:
        if getattr(node, "_saved", None):
            self.backs.append((node, sum(map(size_of, node._saved))))

    def on_forward(self, node: Any, inputs: Any, arrays: Iterable[Any], params: Any) -> None:
        distinct = {id(array): array.nbytes for array in arrays if isinstance(array, np.ndarray)}
        self.forwards.append((node, sum(distinct.values())))

    def on_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        for group in optimizer.param_groups:
            for p in group["params"]:
                state = sum(map(size_of, optimizer.state[p].values()))
                self.updates.append(3 * size_of(p) + 2 * state)

    def work(self, step: Step, machine: Machine) -> Work:
        """What one call of `step` does, and the time that it would take at best."""
        for _ in range(WARM_UP):
            step()
        self.clear()
        with set_threads(1):  # so that all of it is noted here
            step()
        moved = [read + written(node) for node, read in self.forwards if not node.views]
        moved += [
            read + written(node) + sum(gradients(node))
            for node, read in self.backs
            if not node.views
        ]
        moved += self.updates
        calls = len(self.forwards) + len(self.updates)
        calls += sum(len(gradients(node)) for node, _ in self.backs)
        calls = max(0, calls - self.made.total())
        work = Work(bytes=sum(moved), operations=len(self.forwards))
        work.recording = work.operations * machine.recording
        work.memory = 1e6 * sum(machine.moving(size) for size in moved)
        work.calls = 1e6 * calls * machine.call
        for key, (a, b) in self.operands.items():
            work.flop += self.made[key] * 2 * np.matmul(a, b).size * a.shape[-1]
            count = self.made[key]
            work.products += 1e6 * count * product_time(a, b, machine.threads if count > 1 else 1)
        return work


def size_of(item: Any) -> int:
    """Bytes of an array, a tensor or a saved array; 0 for anything else."""
    if hasattr(item, "_any_layout"):
        item = item._any_layout
    return getattr(getattr(item, "array", item), "nbytes", 0)


def written(node: Any) -> int:
    """Bytes of a node's outputs."""
    return sum(math.prod(shape) * dtype.itemsize for shape, dtype in node.outputs)


def gradients(node: Any) -> list[int]:
    """Bytes of each gradient that a node's backward makes."""
    found = []
    for edge in node.edges:
        if edge is not None:
            end, slot = edge
            if hasattr(end, "outputs"):
                shape, dtype = end.outputs[slot]
                found.append(math.prod(shape) * dtype.itemsize)
            else:
                found.append(size_of(end))
    return found


def product_time(a: Array, b: Array, beside: int) -> float:
    """The best time of a product, on all threads, or on one with `beside` of them side by side."""
    out = np.matmul(a, b)
    together = quickest(lambda: np.matmul(a, b, out=out))
    with set_threads(1):
        return min(together, quickest(lambda: np.matmul(a, b, out=out)) / beside)


def recording(torch: Torch, machine: Machine) -> float:
    """Microseconds that minitorch adds to NumPy for an operation, forward and backward."""
    x, factor = torch.ones(1, requires_grad=True), torch.ones(1)

    def chain(length: int) -> float:
        def step() -> None:
            y = x
            for _ in range(length):
                y = y * factor
            y.backward()

        return quickest(step, repeats=25)

    return 1e6 * ((chain(300) - chain(100)) / 200 - 2 * machine.call)


def examine(names: list[str]) -> None:
    """In a process of its own: print the machine and each step's work, a line of JSON each."""
    watcher = Watcher()
    machine = Machine(watcher.torch.get_num_threads())
    machine.recording = recording(watcher.torch, machine)
    print(json.dumps(machine.rates()), flush=True)
    watcher.start()
    for name in names:
        work = watcher.work(WORKLOADS[name].build(watcher.torch), machine)
        print(json.dumps(asdict(work)), flush=True)


# ---- the page ---------------------------------------------------------------------------------


def work_table(works: dict[str, Work]) -> list[tuple[str, ...]]:
    """What each step does; the first row is the head."""
    head = "work of a step|MFLOP in products|MB moved|FLOP a byte|operations|recording, µs"
    cells = [tuple(head.split("|"))]
    for name, work in works.items():
        cells.append(
            (
                f"{name}: {WORKLOADS[name].title}",
                f"{work.flop / 1e6:,.2f}",
                f"{work.bytes / 1e6:,.2f}",
                f"{work.flop / work.bytes:,.1f}",
                f"{work.operations:,}",
                f"{work.recording:,.0f}",
            )
        )
    return cells


def floor_table(works: dict[str, Work], rows: dict[str, Any]) -> list[tuple[str, ...]]:
    """Each step's floor, and how far both are from it; the first row is the head."""
    head = "µs a step|products|memory|calls|floor|minitorch|÷ floor|PyTorch|÷ floor|ratio"
    cells = [tuple(head.split("|"))]
    for name, work in works.items():
        row = rows[name]
        line = [name]
        line += [f"{t:,.0f}" for t in (work.products, work.memory, work.calls, work.floor)]
        for framework in FRAMEWORKS:
            best = row[framework] and row[framework]["best_us"]
            line += [f"{best:,.0f}", f"{best / work.floor:.1f}"] if best else ["–", "–"]
        ratio = row["ratios"]["minitorch"]
        line += [f"{ratio:.2f}" if ratio else "–"]
        cells.append(tuple(line))
    return cells


def verdict(works: dict[str, Work], rows: dict[str, Any]) -> list[str]:
    """Which goals the floor leaves open, in sentences."""
    within, beyond = [], []
    for name, work in works.items():
        if rows[name]["torch"]:
            share, goal = work.floor / rows[name]["torch"]["best_us"], GOALS.get(name, 1)
            told = f"{name} {share:.2f}" + (f" (the goal is {goal})" if goal != 1 else "")
            (within if share < goal else beyond).append(told)
    said = []
    if within:
        said.append(f"Floor ÷ PyTorch's time, where it leaves the goal open: {', '.join(within)}.")
    if beyond:
        said.append(
            "Where the floor itself is above the goal, and NumPy cannot reach it with a pass for "
            f"each operation: {', '.join(beyond)}."
        )
    return said


UNRECORDED = {"bigrams"}  # of what is not recorded, nothing is noted that a floor could be of
GOALS = {"digits": 0.5}  # of PyTorch's time; 1 for all the others


def page(machine: dict[str, float], works: dict[str, Work], rows: dict[str, Any], told: str) -> str:
    """The part of the page."""
    rates = (
        f"This machine: NumPy's products reach {machine['gflops']:,.0f} GFLOP/s at 1024³ "
        f"({machine['gflops_alone']:,.0f} on one thread); a copy moves "
        f"{machine['cache']:,.0f} GB/s where it stays in the cache, and {machine['memory']:,.0f} "
        f"where it does not; the cheapest call takes {machine['call_us']:.2f} µs. For an operation "
        f"that is recorded minitorch adds {machine['recording_us']:.2f} µs to NumPy's, forward and "
        "backward together; times the number of operations this is the last column above, which is "
        "no part of the floor."
    )
    tables = [as_markdown(work_table(works)), rates, as_markdown(floor_table(works, rows))]
    return "\n\n".join([*tables, told, *verdict(works, rows)])


def draw(
    path: Path, machine: dict[str, float], works: dict[str, Work], rows: dict[str, Any]
) -> None:
    """The roofline: what is reached, against the work that there is for each byte moved."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    blue, vermilion, ink, faint = "#0072B2", "#D55E00", "#222222", "#777777"
    figure = Figure(figsize=(9.5, 5.8), layout="constrained", facecolor="white")
    axes = figure.subplots()
    shown = {name: work for name, work in works.items() if work.flop}
    intensity = {name: work.flop / work.bytes for name, work in shown.items()}
    left, right = min(intensity.values()) / 2, max(intensity.values()) * 2
    xs = np.geomspace(left, right, 200)
    for rate, label, style in (
        ("cache", "cache", "-"),
        ("memory", "memory", "--"),
    ):
        roof = np.minimum(machine[rate] * xs, machine["gflops"])
        axes.plot(xs, roof, style, color=faint, linewidth=1.3)
        at = left * 1.1
        axes.text(
            at,
            machine[rate] * at * 1.15,
            f"{label} {machine[rate]:,.0f} GB/s",
            color=faint,
            rotation=33,
            rotation_mode="anchor",
            fontsize=9,
        )
    axes.text(
        right / 1.1,
        machine["gflops"] * 1.08,
        f"products {machine['gflops']:,.0f} GFLOP/s",
        color=faint,
        ha="right",
        fontsize=9,
    )
    for framework, colour, marker in (("minitorch", blue, "o"), ("torch", vermilion, "s")):
        points = [
            (intensity[name], work.flop / rows[name][framework]["best_us"] / 1e3)
            for name, work in shown.items()
            if rows[name][framework]
        ]
        axes.plot(
            *zip(*points, strict=True), marker, color=colour, label=FRAMEWORKS[framework], ms=6
        )
    for name, work in shown.items():
        times = [rows[name][key]["best_us"] for key in FRAMEWORKS if rows[name][key]]
        reached = [work.flop / best / 1e3 for best in times]
        axes.plot([intensity[name]] * len(reached), reached, color=faint, linewidth=0.8, zorder=0)
        axes.annotate(
            name,
            (intensity[name], min(reached)),
            xytext=(0, -13),
            textcoords="offset points",
            ha="center",
            color=ink,
            fontsize=9,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(left, right)
    axes.set_xlabel("FLOP in products for each byte that has to be moved")
    axes.set_ylabel("GFLOP/s reached in a step")
    axes.set_title("How near a step is to what the machine can do", color=ink, fontweight="bold")
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with rc_context({"svg.hashsalt": "minitorch", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 if a loss is wrong or a workload fails on minitorch."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.floors", description="The least time of each step, and the distance to it."
    )
    parser.add_argument("workload", nargs="*", help="by default all of them")
    add_options(parser, rounds=9)
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write into a page")
    parser.add_argument("--figure", type=Path, metavar="PATH", help="draw the roofline")
    parser.add_argument(
        "--examine", action="store_true", help="only print each step's work as JSON"
    )
    options = parser.parse_args(argv)
    names = options.workload or [name for name in WORKLOADS if name not in UNRECORDED]
    for name in names:
        if name not in WORKLOADS:
            parser.error(f"no workload {name!r}: choose from {', '.join(WORKLOADS)}")
    if options.examine:
        examine(names)
        return 0

    from tqdm import tqdm

    workers = start_workers(options)
    with tqdm(total=2 * len(names) + 1, disable=None, leave=False) as bar:
        bar.set_description("the machine")
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.floors", "--examine", *names],
            cwd=ROOT,
            env=environment("minitorch", options.threads),
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout
            answers = []
            for doing in [*names, "done"]:
                line = process.stdout.readline()
                if not line:
                    return process.wait() or 1
                answers.append(json.loads(line))
                bar.set_description(f"floor: {doing}")
                bar.update()
        machine = answers[0]
        works = {name: Work(**answer) for name, answer in zip(names, answers[1:], strict=True)}
        rows = {}
        try:
            for name in names:
                bar.set_description(f"time: {name}")
                rows[name] = measure(workers, name, options.rounds)
                bar.update()
        finally:
            for worker in workers.values():
                worker.close()

    named = [f"{FRAMEWORKS[key]} {workers[key].version}" for key in FRAMEWORKS]
    told = f"{', '.join(named)}; {told_of(options)}, the best counts."
    made = page(machine, works, rows, told)
    print(made)
    for row in rows.values():
        for framework, error in row["errors"].items():
            print(f"{row['title']}: {FRAMEWORKS[framework]}: {error}")
    command = f"python -m benchmarks.floors --rounds {options.rounds}{' --busy' * options.busy}"
    if options.figure is not None:
        draw(options.figure, machine, works, rows)
        command += f" --figure {options.figure}"
        print(f"drawn: {options.figure}")
    if options.markdown is not None:
        write(options.markdown, made, f"{command} --markdown {options.markdown}")
        print(f"written into {options.markdown}")
    return int(any("minitorch" in row["errors"] for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
