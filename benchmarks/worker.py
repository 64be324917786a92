"""One framework in one long-lived process: it reads a workload's name, and answers with a round.

A line of JSON for each answer. A worker imports one framework and never the other, so that neither
disturbs its rival's thread pool or memory; between its rounds it sleeps on its standard input.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.curves import find
from benchmarks.workloads import size_of

Clock = Callable[[], float]

WARM_UP = 3
ROUND = 0.02  # seconds, of a workload that does not say how many steps make a round


def round_of(name: str, torch: Any, now: Clock) -> dict[str, float]:
    """Build the workload afresh and time its steps; `loss` is what the last one came to."""
    workload = find(name)
    step = workload.build(torch)
    for _ in range(WARM_UP):
        start = now()
        step()
    steps = workload.steps or max(1, round(ROUND / (now() - start)))
    start = now()
    for _ in range(steps):
        result = step()
    seconds = now() - start
    return {"us": seconds / steps * 1e6, "loss": size_of(result)}


def main(framework: str, threads: int, busy: bool) -> None:
    """Answer requests until standard input ends."""
    torch = importlib.import_module(framework)
    if framework == "torch":  # NumPy's BLAS was told by the environment
        torch.set_num_threads(threads)
    else:  # ends the worker where the environment asks for compiled kernels, and there are none
        importlib.import_module("minitorch.kernels.choice").unused()
    now = time.process_time if busy else time.perf_counter
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        try:
            answer: dict[str, Any] = round_of(line.strip(), torch, now)
        except (
            Exception
        ) as error:  # whatever one framework lacks, the table still has its other rows
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "busy")
