"""Information that a worker process has of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """Information that a worker process has of itself; `dataset` is its own copy."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


current: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Within a worker process of a loader, what it knows of itself; else None."""
    return current


def _generate_state(base_seed: int, worker_id: int) -> list[int]:
    """Return four numbers, of 32 bits each, that seed NumPy's generator in a worker."""
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return cast(list[int], np.random.SeedSequence(entropy).generate_state(4).tolist())
