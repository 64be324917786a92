"""Time both frameworks: ``python -m benchmarks``, or ``python benchmarks/run.py``.

Each framework has a worker process, pinned to the same number of threads. They take turns, one
short round each, A B A B ..., so that a slow minute of the machine slows both; only one of them
works at any time. The best round of each is compared, since noise only ever adds. Before a time is
reported the two must agree, in every round, on the loss after its last step: a fast wrong step wins
nothing.
"""

import argparse
import json
import math
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # run as a file
    sys.path[0] = str(ROOT)

from benchmarks.curves import find  # noqa: E402
from benchmarks.pages import as_markdown, write  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402

FRAMEWORKS = {"minitorch": "minitorch", "torch": "PyTorch"}
TOLERANCE = 1e-4
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Worker:
    """The process of one framework; `error` says why there is none, or why it has ended.

    Args:
        framework: the module to import.
        threads: how many it may use.
        busy: measure the processor's time, which other work on the machine does not add to.
    """

    def __init__(self, framework: str, threads: int, busy: bool = False) -> None:
        clock = "busy" if busy else "quiet"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", framework, str(threads), clock],
            cwd=ROOT,
            env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)),
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
    times: dict[str, list[float]] = {framework: [] for framework in workers}
    errors: dict[str, str] = {}
    losses: dict[str, float] = {}
    for _ in range(rounds):
        for framework, worker in workers.items():
            if framework in errors:
                continue
            answer = worker.round(name)
            if "error" in answer:
                errors[framework] = answer["error"]
                times[framework] = []
            else:
                times[framework].append(answer["us"])
                losses[framework] = answer["loss"]
        if len(losses) == len(workers) and not errors:
            ours, theirs = losses["minitorch"], losses["torch"]
            if not math.isclose(ours, theirs, rel_tol=0, abs_tol=TOLERANCE):  # NaN is not close
                errors["minitorch"] = f"computes {ours:.6g} where PyTorch computes {theirs:.6g}"
                times["minitorch"] = []
                break
    row: dict[str, Any] = {"workload": name, "title": find(name).title, "errors": errors}
    for framework, values in times.items():
        row[framework] = values and {
            "best_us": min(values),
            "spread": max(values) / min(values) - 1,
            "rounds_us": values,
            "loss": losses[framework],
        }
    both = all(times.values())
    row["ratio"] = row["minitorch"]["best_us"] / row["torch"]["best_us"] if both else None
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


def start_workers(options: argparse.Namespace) -> dict[str, Worker]:
    """A worker for each framework."""
    if options.busy:
        options.threads = 1  # a second one would only wait for the first, and be paid for it
    return {key: Worker(key, options.threads, options.busy) for key in FRAMEWORKS}


VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "Neon"}  # Linux's names, the widest first


def told_of(options: argparse.Namespace) -> str:
    """How it was measured, and on what."""
    threads = f"{options.threads} thread{'s' * (options.threads != 1)}"
    clock = ", processor time" if options.busy else ""
    return f"{processor()}; {threads}{clock}, {options.rounds} rounds of each"


def processor() -> str:
    """The processor's name, and its widest vectors, where Linux or Python tells of them."""
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*: (.*)$", told, re.MULTILINE)
    vectors = [shown for flag, shown in VECTORS.items() if re.search(rf"\b{flag}\b", told)]
    return ", ".join([name[1] if name else platform.machine(), *vectors[:1]])


def table(rows: list[dict[str, Any]]) -> str:
    """Lay the rows out for a terminal."""
    width = max(len(row["title"]) for row in rows)
    head = f"{'best round, us a step':{width}}  {'minitorch':>10} {'spread':>7}"
    lines = [f"{head}  {'PyTorch':>10} {'spread':>7}  {'ratio':>6}"]
    lines.append("-" * len(lines[0]))
    for row in rows:
        cells = [f"{row['title']:{width}}"]
        for framework in FRAMEWORKS:
            if row[framework]:
                best, spread = row[framework]["best_us"], row[framework]["spread"]
                cells.append(f"{best:10,.1f} {f'+{spread:.0%}':>7}")
            else:
                cells.append(f"{'-':>10} {'-':>7}")
        cells.append(f"{row['ratio']:6.2f}" if row["ratio"] else f"{'-':>6}")
        lines.append("  ".join(cells))
        lines += [f"    {FRAMEWORKS[key]}: {error}" for key, error in row["errors"].items()]
    lines.append(
        "ratio: minitorch / PyTorch, below 1 is faster; spread: the worst round over the best"
    )
    return "\n".join(lines)


def markdown(rows: list[dict[str, Any]], versions: dict[str, str | None], told: str) -> str:
    """Lay the rows out for a page."""
    cells = [("best round, µs a step", "minitorch", "PyTorch", "ratio")]
    for row in rows:
        times = [f"{row[key]['best_us']:,.0f}" if row[key] else "–" for key in FRAMEWORKS]
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else "–"
        cells.append((row["title"], *times, ratio))
    named = ", ".join(f"{FRAMEWORKS[key]} {version}" for key, version in versions.items())
    return (
        f"{as_markdown(cells)}\n\n{named}; {told}. A ratio below 1 means that minitorch is faster."
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

    workers = start_workers(options)
    try:
        names = options.workload or list(WORKLOADS)
        rows = [measure(workers, name, options.rounds) for name in names]
    finally:
        for worker in workers.values():
            worker.close()

    versions = {framework: worker.version for framework, worker in workers.items()}
    told = told_of(options)
    if options.markdown is not None:
        command = f"python -m benchmarks --rounds {options.rounds}{' --busy' * options.busy}"
        command += f" --markdown {options.markdown}"
        write(options.markdown, markdown(rows, versions, told), command)
    if options.json:
        document = {"threads": options.threads, "versions": versions, "rows": rows}
        print(json.dumps(document, indent=2))
    else:
        named = [f"{FRAMEWORKS[key]} {version or '(none)'}" for key, version in versions.items()]
        print(f"{', '.join(named)}; {told}")
        print(table(rows))
    return int(any("minitorch" in row["errors"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
