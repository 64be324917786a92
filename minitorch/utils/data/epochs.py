"""One pass through a loader, and the one whose batches are made in this process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minitorch.utils.data.fetch import Plan
from minitorch.utils.data.sampler import random_seed

if TYPE_CHECKING:
    from minitorch.utils.data.dataloader import DataLoader


class _DatasetKind:
    """Kinds of data sets: whether their samples have numbers."""

    Map, Iterable = 0, 1


class Epoch:
    """One pass through a loader; draws what PyTorch draws at its start.

    Of the loader it asks what PyTorch asks, under the same names: libraries have loaders of their
    own.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._plan = Plan(
            loader.dataset,
            loader._auto_collation,
            loader.collate_fn,
            loader.drop_last,
            loader._dataset_kind == _DatasetKind.Iterable,
        )
        self._index_sampler = loader._index_sampler
        self._num_workers = loader.num_workers
        self._begin(loader)
        self._base_seed = random_seed(loader.generator)

    def _begin(self, loader: DataLoader[Any]) -> None:
        self._numbers = iter(self._index_sampler)
        self._reported_length = loader._IterableDataset_len_called
        self._yielded = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = self._next_batch()
        self._yielded += 1
        expected = self._reported_length
        if self._plan.iterable and expected is not None and self._yielded > expected:
            message = (
                f"Length of IterableDataset {self._plan.dataset} was reported to be {expected}"
                f"(when accessing len(dataloader)), but {self._yielded} samples have been fetched. "
            )
            if self._num_workers:
                message += (
                    "For multiprocessing data-loading, this could be caused by not properly "
                    "configuring the IterableDataset replica at each worker. Please see "
                    "https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset "
                    "for examples."
                )
            warnings.warn(message, stacklevel=2)
        return batch

    def _next_batch(self) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class Single(Epoch):
    """Batches made here, when asked."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._fetch = self._plan.fetcher()

    def _next_batch(self) -> Any:
        return self._fetch(next(self._numbers))
