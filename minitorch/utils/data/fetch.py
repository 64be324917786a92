"""Fetching: from the numbers that a sampler gives to a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minitorch._tensor import Tensor
from minitorch.utils.data.collate import default_collate
from minitorch.utils.data.dataset import Subset, TensorDataset


class Plan(NamedTuple):
    """Plan by which a worker process makes batches."""

    dataset: Any
    in_batches: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    iterable: bool

    def fetcher(self) -> Callable[[Any], Any]:
        """Make the function that fetches a batch; an iterable data set is started anew.

        It raises StopIteration when an iterable data set has nothing more.
        """
        return self._from_iterator() if self.iterable else self._from_numbers

    def _from_numbers(self, numbers: Any) -> Any:
        dataset = self.dataset
        if not self.in_batches:
            return self.collate_fn(dataset[numbers])
        quick = self.collate_fn is default_collate
        if quick and (whole := _whole_batch(dataset, numbers)) is not None:
            return whole
        if getattr(dataset, "__getitems__", None):
            return self.collate_fn(dataset.__getitems__(numbers))
        return self.collate_fn([dataset[number] for number in numbers])

    def _from_iterator(self) -> Callable[[Any], Any]:
        samples = iter(self.dataset)
        ended = False

        def fetch(numbers: Any) -> Any:
            nonlocal ended
            if ended:
                raise StopIteration
            if not self.in_batches:
                return self.collate_fn(next(samples))
            batch = []
            for _ in numbers:
                try:
                    batch.append(next(samples))
                except StopIteration:
                    ended = True
                    break
            if not batch or (self.drop_last and len(batch) < len(numbers)):
                raise StopIteration
            return self.collate_fn(batch)

        return fetch


def _whole_batch(dataset: Any, numbers: list[int]) -> list[Any] | None:
    """A batch of tensors' rows, taken at once: what stacking the rows one by one would give.

    None for any other data set.
    """
    while type(dataset) is Subset:
        numbers = [dataset.indices[number] for number in numbers]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset or set(map(type, numbers)) != {int}:
        return None
    rows = Tensor._wrap(np.array(numbers, np.int64))
    return [tensor[rows] for tensor in dataset.tensors]
