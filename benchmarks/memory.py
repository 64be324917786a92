"""What a step needs of memory while it runs: ``python -m benchmarks.memory``.

Each framework has a process of its own. What lives between two steps
(parameters, their gradients, the optimizer's state, the data) is not counted: what a step takes
beyond that, at the worst moment, is, and it is measured in two ways.

- Resident: after some steps everything that is free goes back to the system (`malloc_trim`) and the
  kernel's high-water mark is reset (``/proc/self/clear_refs``). One step later the mark shows what
  the process really held in RAM, whoever asked for it: tensors, Python objects, the scratch memory
  of BLAS and of oneDNN. In pages of 4 KiB, of which the kernel batches the counts, so small figures
  are coarse.
- Tensors: what the framework's own books say. minitorch's are `tracemalloc`, which sees NumPy's
  arrays and also every Python object; PyTorch's are its profiler's events of allocation, which are
  storages of tensors alone.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib
import json
import statistics
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # run as a file
    sys.path[0] = str(ROOT)

from benchmarks.pages import as_markdown, write  # noqa: E402
from benchmarks.run import FRAMEWORKS, environment  # noqa: E402
from benchmarks.workloads import WORKLOADS, Step, Torch  # noqa: E402

WARM_UP, REPEATS = 3, 5
GRAIN = 0.1  # MiB


def of_status(name: str) -> int:
    """A field of ``/proc/self/status``, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {name}: this needs Linux")


def resident(step: Step) -> int:
    """By how much the process grows, at its largest, while `step` runs."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = of_status("VmRSS")
    step()
    return max(of_status("VmHWM") - before, 0)


def counted_by_tracemalloc(step: Step) -> int:
    """The peak of all that Python and NumPy allocate."""
    tracemalloc.start()
    try:
        step()  # so that what is freed in the next step was seen being made
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def counted_by_profiler(step: Step, torch: Torch) -> int:
    """The peak of the storages that PyTorch allocates."""
    profiler = torch.profiler
    with profiler.profile(activities=[profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        step()  # so that what is freed in the next step was seen being made
        with profiler.record_function("the step"):
            step()
    events = sorted(seen.profiler.kineto_results.events(), key=lambda event: event.start_ns())
    before = held = peak = 0
    for event in events:
        if event.name() == "the step":
            before = peak = held
        elif event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak - before


def measure(framework: str, name: str) -> dict[str, int]:
    """Both figures of one workload, in this process."""
    torch = importlib.import_module(framework)
    step = WORKLOADS[name].build(torch)
    for _ in range(WARM_UP):
        step()
    grown = [resident(step) for _ in range(REPEATS)]
    ours = framework == "minitorch"
    counted = counted_by_tracemalloc(step) if ours else counted_by_profiler(step, torch)
    return {"resident": round(statistics.median(grown)), "tensors": counted}


def measured_apart(framework: str, names: list[str], threads: int) -> Iterator[dict[str, int]]:
    """The same for each of `names`, in a process of the framework's own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.memory", "--one", framework, *names],
        cwd=ROOT,
        env=environment(framework, threads),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # PyTorch's profiler talks
        text=True,
    )
    with process:
        assert process.stdout
        for _ in names:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"failed: python -m benchmarks.memory --one {framework}")
            yield json.loads(line)


def size(count: int) -> str:
    """A number of bytes in MiB; what is below the grain of the measure is not told apart."""
    mebibytes = count / 2**20
    if mebibytes < GRAIN:
        return f"< {GRAIN}"
    return f"{mebibytes:,.{0 if mebibytes >= 99.5 else 1}f}"


def table(rows: dict[str, dict[str, dict[str, int]]]) -> list[tuple[str, ...]]:
    """Rows of a table, the first its head."""
    ours, theirs = FRAMEWORKS.values()
    cells = [
        ("peak of a step, MiB", ours, theirs, "ratio", f"tensors, {ours}", f"tensors, {theirs}")
    ]
    for name, row in rows.items():
        grown = [row[framework]["resident"] for framework in FRAMEWORKS]
        known = all(value >= GRAIN * 2**20 for value in grown)
        ratio = f"{grown[0] / grown[1]:.2f}" if known else "–"
        tensors = [size(row[framework]["tensors"]) for framework in FRAMEWORKS]
        cells.append((WORKLOADS[name].title, size(grown[0]), size(grown[1]), ratio, *tensors))
    return cells


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.memory", description="Memory that a step needs, minitorch and PyTorch."
    )
    parser.add_argument("workload", nargs="*", help="by default all of them")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="of each; default 2")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write into a page")
    parser.add_argument(
        "--one", choices=FRAMEWORKS, metavar="FRAMEWORK", help="measure in this process, as JSON"
    )
    options = parser.parse_args(argv)
    names = options.workload or list(WORKLOADS)
    for name in names:
        if name not in WORKLOADS:
            parser.error(f"no workload {name!r}: choose from {', '.join(WORKLOADS)}")
    if options.one:
        for name in names:
            print(json.dumps(measure(options.one, name)), flush=True)
        return 0

    from tqdm import tqdm

    rows: dict[str, dict[str, Any]] = {name: {} for name in names}
    with tqdm(total=len(names) * len(FRAMEWORKS), disable=None, leave=False) as bar:
        for framework in FRAMEWORKS:
            bar.set_description(FRAMEWORKS[framework])
            found = measured_apart(framework, names, options.threads)
            for name, figures in zip(names, found, strict=True):
                rows[name][framework] = figures
                bar.update()
    cells = table(rows)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        first, *rest = (
            f"{cell:{'<' if not i else '>'}{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print(first, *rest, sep="  ")
    if options.markdown is not None:
        command = f"python -m benchmarks.memory --markdown {options.markdown}"
        write(options.markdown, as_markdown(cells), command)
        print(f"written into {options.markdown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
