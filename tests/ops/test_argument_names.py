"""Arguments by keyword, in every spelling that PyTorch takes."""

from __future__ import annotations

from typing import Any

import pytest
from oracle import the_torch

import minitorch as mt

CALLS = """
x.split(split_size=2, dim=1) | x.split(split_size=[2, 4], dim=1) | x.split([2, 4], dim=1)
m.split(x, split_size_or_sections=[2, 4], dim=1) | m.split(tensor=x, split_size_or_sections=2)
x.split_with_sizes(split_sizes=[2, 4], dim=1) | x.chunk(chunks=2, dim=1)
x.tensor_split(sections=3, dim=1) | x.tensor_split(indices=[1, 2], dim=1)
x.tensor_split(tensor_indices_or_sections=m.tensor(3)) | x.hsplit(sections=2)
x.hsplit(indices=[1]) | x.vsplit(sections=2) | m.hsplit(x, indices=[1, 2])
x.narrow(dim=0, start=1, length=2) | x.unflatten(dim=1, sizes=(2, 3))
x[:, :1].expand(size=(4, 3)) | x.view(size=(6, 4)) | x.reshape(shape=(6, 4))
x.repeat(repeats=(2, 1)) | x.permute(dims=(1, 0)) | x.flip(dims=(0,)) | x.tile(dims=(2, 1))
x.sum(axis=0) | x.mean(axis=1, keepdims=True) | m.log_softmax(x[:1], axis=0)
x[:1].squeeze(axis=0) | x.unsqueeze(axis=0) | m.stack([x, x], axis=1) | m.cat([x, x], axis=1)
x.swapaxes(axis0=0, axis1=1) | m.swapaxes(x, axis0=0, axis1=1) | x.swapdims(dim0=0, dim1=1)
m.zeros(4, 6).copy_(other=x) | x.movedim(source=0, destination=1)
"""


EACH = [c.strip() for line in CALLS.splitlines() for c in line.split("|") if c]


@pytest.mark.parametrize("call", EACH)
def test_keywords_as_in_pytorch(call: str) -> None:
    def listed(m: Any) -> Any:
        found = eval(call, {"m": m, "x": m.arange(24.0).reshape(4, 6)})
        return [t.tolist() for t in (found if isinstance(found, tuple) else (found,))]

    assert listed(mt) == listed(the_torch())
