"""Information that a worker process has of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
