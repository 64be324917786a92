"""The part of a dataset that one of several processes works through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minitorch._missing import missing
from minitorch.random import Generator
from minitorch.sampling import randperm
from minitorch.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index from `rank` on, of all of them in one order for all processes.

    Args:
        dataset: what has a length.
        num_replicas: how many processes there are.
        rank: which of them this is.
        shuffle: whether the order is shuffled, by `seed` and the epoch that `set_epoch` says.
        seed: the same in all processes.
        drop_last: whether what is too few for all is left out; else some come twice.

    Raises:
        RuntimeError: without `num_replicas` or `rank`, which no group of processes gives here.
        ValueError: for a rank that is not below `num_replicas`.

    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        from minitorch import distributed

        if (num_replicas is None or rank is None) and not distributed.is_available():
            raise RuntimeError(
                "Requires distributed package to be available: give num_replicas and rank"
            )
        num_replicas = distributed.get_world_size() if num_replicas is None else num_replicas
        rank = distributed.get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.epoch, self.drop_last, self.shuffle, self.seed = 0, drop_last, shuffle, seed
        count = len(dataset)
        self.num_samples = count // num_replicas if drop_last else -(-count // num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        order = list(range(count))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            order = randperm(count, generator=generator).tolist()
        if count:
            order = (order * -(-self.total_size // count))[: self.total_size]
        return iter(order[self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Let the next order be that of the epoch; the same in all processes."""
        self.epoch = epoch


__getattr__ = missing(__name__)
