"""Time both frameworks: ``python -m benchmarks``, or ``python benchmarks/run.py``.

minitorch on NumPy alone, minitorch with the kernels that Numba compiles, and PyTorch have a worker
process each, pinned to the same number of threads. They take turns, one short round each, A B C
A B C ..., so that a slow minute of the machine slows all; only one of them works at any time. The
best round of each is compared, since noise only ever adds; the median beside it shows by how much.
Before a time is reported it must agree with PyTorch, in every round, on the loss after its last
step: a fast wrong step wins nothing.
"""

import argparse
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # run as a file
    sys.path[0] = str(ROOT)

from benchmarks.curves import find  # noqa: E402
from benchmarks.pages import as_markdown, write  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402

COLUMNS = {"minitorch": "minitorch", "fast": "minitorch [fast]", "torch": "PyTorch"}
FRAMEWORKS = {key: COLUMNS[key] for key in ("minitorch", "torch")}  # on NumPy alone, and PyTorch
CHOICE, KERNELS = "MINITORCH_KERNELS", {"minitorch": "numpy", "fast": "compiled"}
TOLERANCE = 1e-4
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def environment(key: str, threads: int) -> dict[str, str]:
    """The environment of a process that has the column `key` to itself."""
    settings = dict.fromkeys(THREAD_VARIABLES, str(threads))
    if key in KERNELS:
        settings[CHOICE] = KERNELS[key]
    return os.environ | settings


class Worker:
    """The process of one framework; `error` says why there is none, or why it has ended.

    Args:
        key: of its column.
        threads: how many it may use.
        busy: measure the processor's time, which other work on the machine does not add to.
    """

    def __init__(self, key: str, threads: int, busy: bool = False) -> None:
        framework = "minitorch" if key in KERNELS else key
        clock = "busy" if busy else "quiet"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", framework, str(threads), clock],
            cwd=ROOT,
            env=environment(key, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        hello = self.answer()
        self.version: str | None = hello.get("version")
        self.error: str | None = hello.get("error")

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout and self.process.stderr
        line = self.process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        last = self.process.stderr.read().strip().splitlines()[-1:]
        self.error = last[0] if last else f"ended with exit code {self.process.wait()}"
        return {"error": self.error}

    def round(self, name: str) -> dict[str, Any]:
        """Run one round of the workload `name`: us and loss, or error."""
        if self.error:
            return {"error": self.error}
        assert self.process.stdin
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        self.process.communicate()


def measure(workers: dict[str, Worker], name: str, rounds: int) -> dict[str, Any]:
    """Run `rounds` rounds on each worker in turn: a row of the table."""
    times: dict[str, list[float]] = {key: [] for key in workers}
    errors: dict[str, str] = {}
    losses: dict[str, float] = {}
    for _ in range(rounds):
        for key, worker in workers.items():
            if key in errors:
                continue
            answer = worker.round(name)
            if "error" in answer:
                errors[key] = answer["error"]
            else:
                times[key].append(answer["us"])
                losses[key] = answer["loss"]
        if "torch" in errors:
            continue
        theirs = losses["torch"]
        for key in losses.keys() - errors.keys():
            ours = losses[key]
            if not math.isclose(ours, theirs, rel_tol=0, abs_tol=TOLERANCE):  # NaN is not close
                errors[key] = f"computes {ours:.6g} where PyTorch computes {theirs:.6g}"
    row: dict[str, Any] = {"workload": name, "title": find(name).title, "errors": errors}
    for key, values in times.items():
        row[key] = None
        if key not in errors:
            row[key] = {
                "best_us": min(values),
                "median_us": statistics.median(values),
                "rounds_us": values,
                "loss": losses[key],
            }
    row["ratios"] = {
        key: row[key]["best_us"] / row["torch"]["best_us"] if row[key] and row["torch"] else None
        for key in workers
        if key != "torch"
    }
    return row


def add_options(parser: argparse.ArgumentParser, rounds: int) -> None:
    """The options of every command that times both frameworks."""
    parser.add_argument(
        "--rounds", type=int, default=rounds, metavar="N", help=f"of each; default {rounds}"
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="of each; default 2")
    parser.add_argument(
        "--busy",
        action="store_true",
        help="on a machine that others use: the processor's time instead of the clock's, 1 thread",
    )


def start_workers(
    options: argparse.Namespace, keys: Iterable[str] = FRAMEWORKS
) -> dict[str, Worker]:
    """A worker for each column."""
    if options.busy:
        options.threads = 1  # a second one would only wait for the first, and be paid for it
    return {key: Worker(key, options.threads, options.busy) for key in keys}


VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "Neon"}  # Linux's names, the widest first


def told_of(options: argparse.Namespace) -> str:
    """How it was measured, and on what."""
    threads = f"{options.threads} thread{'s' * (options.threads != 1)}"
    clock = ", processor time" if options.busy else ""
    pinned = os.environ.get("OPENBLAS_CORETYPE")  # an older processor's products: half the speed
    blas = f", but OPENBLAS_CORETYPE={pinned} for NumPy's products" if pinned else ""
    return f"{processor()}{blas}; {threads}{clock}, {options.rounds} rounds of each"


def processor() -> str:
    """The processor's name, and its widest vectors, where Linux or Python tells of them."""
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*: (.*)$", told, re.MULTILINE)
    vectors = [shown for flag, shown in VECTORS.items() if re.search(rf"\b{flag}\b", told)]
    return ", ".join([name[1] if name else platform.machine(), *vectors[:1]])


def columns(rows: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The columns that the rows have, and those of them that have a ratio."""
    keys = [key for key in COLUMNS if key in rows[0]]
    return keys, [key for key in keys if key != "torch"]


def mean_ratio(rows: list[dict[str, Any]], key: str) -> float | None:
    """The geometric mean of a column's ratios, by which twice and half as fast make even."""
    found = [row["ratios"][key] for row in rows if row["ratios"][key]]
    return statistics.geometric_mean(found) if found else None


MEAN = "geometric mean of the ratios"


def table(rows: list[dict[str, Any]]) -> str:
    """Lay the rows out for a terminal."""
    timed, ours = columns(rows)
    width = max(len(MEAN), *(len(row["title"]) for row in rows))

    def ratio(value: float | None) -> str:
        return f"{value:6.2f}" if value else f"{'-':>6}"

    heads = [f"{COLUMNS[key]:>20}" for key in timed] + [f"{'ratio':>6}"] * len(ours)
    under = [f"{'best':>10}{'median':>10}"] * len(timed)
    under += [f"{'[fast]' if key == 'fast' else '':>6}" for key in ours]
    lines = ["  ".join([f"{'us a step':{width}}", *heads]), "  ".join([" " * width, *under])]
    lines.append("-" * len(lines[0]))
    for row in rows:
        cells = [f"{row['title']:{width}}"]
        for key in timed:
            times = row[key]
            cells.append(
                f"{times['best_us']:10,.1f}{times['median_us']:10,.1f}"
                if times
                else f"{'-':>10}{'-':>10}"
            )
        lines.append("  ".join(cells + [ratio(row["ratios"][key]) for key in ours]))
        lines += [f"    {COLUMNS[key]}: {error}" for key, error in row["errors"].items()]
    means = [ratio(mean_ratio(rows, key)) for key in ours]
    lines.append("  ".join([f"{MEAN:{width}}", *[" " * 20] * len(timed), *means]))
    lines.append("ratio: minitorch / PyTorch in their best rounds, below 1 is faster")
    return "\n".join(lines)


def markdown(rows: list[dict[str, Any]], versions: dict[str, str | None], told: str) -> str:
    """Lay the rows out for a page."""
    timed, ours = columns(rows)

    def ratio(value: float | None) -> str:
        return f"{value:.2f}" if value else "–"

    heads = [COLUMNS[key] for key in timed] + [
        "ratio [fast]" if key == "fast" else "ratio" for key in ours
    ]
    cells = [("µs a step, best round / median", *heads)]
    for row in rows:
        times = [
            f"{row[key]['best_us']:,.0f} / {row[key]['median_us']:,.0f}" if row[key] else "–"
            for key in timed
        ]
        cells.append((row["title"], *times, *(ratio(row["ratios"][key]) for key in ours)))
    cells.append((MEAN, *[""] * len(timed), *(ratio(mean_ratio(rows, key)) for key in ours)))
    named = ", ".join(f"{COLUMNS[key]} {versions[key]}" for key in FRAMEWORKS)
    return (
        f"{as_markdown(cells, totals=(MEAN,))}\n\n{named}; {told}. "
        "A ratio, of best rounds, below 1 means that minitorch is faster."
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 if a loss is wrong or a workload fails on minitorch."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="minitorch against PyTorch.")
    parser.add_argument(
        "workload", nargs="*", help=f"of {', '.join(WORKLOADS)}; by default all of them"
    )
    add_options(parser, rounds=7)
    parser.add_argument("--json", action="store_true", help="print every round's time as JSON")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write into a page")
    options = parser.parse_args(argv)
    for name in options.workload:
        if name not in WORKLOADS:
            parser.error(f"no workload {name!r}: choose from {', '.join(WORKLOADS)}")
    if options.rounds < 1 or options.threads < 1:
        parser.error("--rounds and --threads must be at least 1")

    workers = start_workers(options, COLUMNS)
    if told := workers["fast"].error:
        workers.pop("fast").close()
        print(f"{COLUMNS['fast']} is left out: {told}", file=sys.stderr)
    try:
        names = options.workload or list(WORKLOADS)
        rows = [measure(workers, name, options.rounds) for name in names]
    finally:
        for worker in workers.values():
            worker.close()

    versions = {key: worker.version for key, worker in workers.items()}
    told = told_of(options)
    if options.markdown is not None:
        command = f"python -m benchmarks --rounds {options.rounds}{' --busy' * options.busy}"
        command += f" --markdown {options.markdown}"
        write(options.markdown, markdown(rows, versions, told), command)
    if options.json:
        document = {"threads": options.threads, "versions": versions, "rows": rows}
        print(json.dumps(document, indent=2))
    else:
        named = [f"{COLUMNS[key]} {versions[key] or '(none)'}" for key in FRAMEWORKS]
        print(f"{', '.join(named)}; {told}")
        print(table(rows))
    return int(any(row["errors"].keys() & KERNELS.keys() for row in rows))


if __name__ == "__main__":
    sys.exit(main())
