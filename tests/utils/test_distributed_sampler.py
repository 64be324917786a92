"""`DistributedSampler`: each process gets PyTorch's part, epoch by epoch."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 20])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_parts_are_pytorchs(count: int, drop_last: bool, shuffle: bool, torch: Any) -> None:
    for rank in range(3):
        parts = []
        for m in (minitorch, torch):
            sampler = m.utils.data.DistributedSampler(
                range(count), 3, rank, shuffle=shuffle, seed=5, drop_last=drop_last
            )
            for epoch in (0, 2):
                sampler.set_epoch(epoch)
                try:
                    parts.append((len(sampler), [*sampler]))
                except ZeroDivisionError:  # PyTorch's, for a set of none
                    parts.append((0, []))
        assert parts[:2] == parts[2:]


def test_bad_ranks_are_refused(torch: Any) -> None:
    for m in (minitorch, torch):
        for rank in (3, -1):
            with pytest.raises(ValueError, match="Invalid rank"):
                m.utils.data.DistributedSampler([1], 3, rank)
    if not minitorch.distributed.is_available():
        with pytest.raises(RuntimeError, match="give num_replicas and rank"):
            minitorch.utils.data.DistributedSampler([1])


def test_layouts_have_names() -> None:
    assert repr(minitorch.sparse_coo) == "torch.sparse_coo"
    assert minitorch.ones(1).layout is not minitorch.sparse_csr
    with pytest.raises(NotImplementedError, match=r"every tensor is torch.strided here"):
        minitorch.zeros(1, layout=minitorch.sparse_coo)
