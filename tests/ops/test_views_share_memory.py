"""What PyTorch makes a view is one here, what it copies is a copy, and writing reaches the base."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import same

import minitorch as mt

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "reshape": lambda m, x: x.reshape(6, 4),
    "reshape, copied": lambda m, x: x.transpose(0, 1).reshape(-1),
    "view": lambda m, x: x.view(-1),
    "view_as": lambda m, x: x.view_as(m.zeros(4, 6)),
    "flatten": lambda m, x: x.flatten(1),
    "unflatten": lambda m, x: x.unflatten(2, (2, 2)),
    "ravel": lambda m, x: x.ravel(),
    "squeeze": lambda m, x: x.squeeze(),
    "unsqueeze": lambda m, x: x.unsqueeze(1),
    "permute": lambda m, x: x.permute(2, 0, 1),
    "transpose": lambda m, x: x.transpose(0, 2),
    "t": lambda m, x: x[0].t(),
    "T": lambda m, x: x[0].T,
    "mT": lambda m, x: x.mT,
    "H": lambda m, x: x[0].H,
    "movedim": lambda m, x: x.movedim(0, 2),
    "expand": lambda m, x: x[:1].expand(3, 3, 4),
    "broadcast_to": lambda m, x: m.broadcast_to(x, (2, 2, 3, 4)),
    "diagonal": lambda m, x: x.diagonal(1, 1, 2),
    "unfold": lambda m, x: x.unfold(2, 2, 1),
    "as_strided": lambda m, x: x.as_strided((2, 2), (5, 1), 3),
    "narrow": lambda m, x: x.narrow(1, 1, 2),
    "select": lambda m, x: x.select(2, -1),
    "slice": lambda m, x: x[..., 1::2],
    "ellipsis": lambda m, x: x[...],
    "None": lambda m, x: x[:, None],
    "split": lambda m, x: x.split(2, 2)[1],
    "chunk": lambda m, x: x.chunk(2)[1],
    "unbind": lambda m, x: x.unbind(1)[2],
    "tensor_split": lambda m, x: x.tensor_split((1, 3), 2)[1],
    "hsplit": lambda m, x: x.hsplit(3)[0],
    "vsplit": lambda m, x: x.vsplit(2)[0],
    "dsplit": lambda m, x: x.dsplit([1])[1],
    "atleast_3d": lambda m, x: m.atleast_3d(x[0]),
    "meshgrid": lambda m, x: m.meshgrid(x[0, 0], x[0, 1], indexing="ij")[0],
    "index list": lambda m, x: x[[0, 1]],
    "mask": lambda m, x: x[x > 3],
    "clone": lambda m, x: x.clone(),
    "flip": lambda m, x: x.flip(0),
    "roll": lambda m, x: x.roll(1, 0),
    "rot90": lambda m, x: x.rot90(1, (1, 2)),
    "repeat": lambda m, x: x.repeat(2, 1, 1),
    "repeat once": lambda m, x: x.repeat(1, 1, 1),
    "tile": lambda m, x: x.tile(1),
    "cat": lambda m, x: m.cat([x]),
    "stack": lambda m, x: m.stack([x, x]),
    "diag": lambda m, x: m.diag(x[0]),
    "tril": lambda m, x: x.tril(),
    "gather": lambda m, x: x.gather(0, m.zeros(1, 1, 1, dtype=m.int64)),
    "index_select": lambda m, x: x.index_select(0, m.tensor([0])),
    "narrow_copy": lambda m, x: x.narrow_copy(0, 0, 1),
    "take": lambda m, x: x.take(m.tensor([0, 5])),
}
SHARES_ELEMENTS = ("expand", "broadcast_to", "meshgrid", "unfold")


@pytest.mark.parametrize("name", CALLS)
def test_views_are_views(name: str) -> None:
    found = []
    for m in (mt, torch):
        x = m.arange(24.0).reshape(2, 3, 4).clone()
        y = CALLS[name](m, x)
        offset = (y.data_ptr() - x.data_ptr()) // 4 if y._is_view() else None
        steps = [s for s, n in zip(y.stride(), y.shape, strict=True) if n > 1]
        found.append((y._is_view(), offset, steps if y._is_view() else None))
        before = x.sum().item()
        with m.no_grad():
            if name not in SHARES_ELEMENTS:
                y.fill_(100.0)
        found[-1] = (*found[-1], x.sum().item() == before, x.tolist(), x._version)
    assert found[0] == found[1]


@pytest.mark.parametrize("name", [n for n in CALLS if n not in SHARES_ELEMENTS])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_writing_into_it_is_differentiated(name: str) -> None:
    if name == "as_strided":
        pytest.skip("refused here")
    if name in ("split", "chunk", "unbind", "tensor_split", "hsplit", "vsplit", "dsplit"):
        pytest.skip("refused by PyTorch too: several views at once")

    def program(m: Any, x: Any) -> Any:
        base = x * 2
        CALLS[name](m, base).mul_(3)
        return base * base

    same(program, np.arange(24.0).reshape(2, 3, 4))


def test_overlapping_windows_cannot_be_written_where_it_is_recorded() -> None:
    x = mt.ones(5, requires_grad=True)
    with pytest.raises(RuntimeError, match="more than once"):
        (x * 1).unfold(0, 3, 1).mul_(2)
    with pytest.raises(RuntimeError, match="more than once"):
        (x * 1).as_strided((2, 2), (1, 1)).mul_(2)


IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "t_": lambda x: x[0].t_(),
    "transpose_": lambda x: x.transpose_(0, 2),
    "swapaxes_": lambda x: x.swapaxes_(0, 1),
    "unsqueeze_": lambda x: x.unsqueeze_(-1),
    "squeeze_": lambda x: x[:1].squeeze_(),
    "squeeze_, dim": lambda x: x[:1].squeeze_(0),
    "tril_": lambda x: x.tril_(-1),
    "triu_": lambda x: x.triu_(),
    "fill_diagonal_": lambda x: x[0].fill_diagonal_(5.0),
    "then mul_": lambda x: x[0].t_().mul_(2),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_forms(name: str) -> None:
    def program(m: Any, x: Any) -> Any:
        base = x * 2
        y = IN_PLACE[name](base)
        return base * base, y * 3

    same(program, np.arange(24.0).reshape(2, 3, 4) + 0.5)


def test_a_view_from_before_its_base_was_turned_finds_its_gradient() -> None:
    for m in (mt, torch):
        w = m.ones(3, requires_grad=True)
        x = m.zeros(3, 3)
        row = x[0]
        x.t_()
        row.add_(w)
        assert x.tolist() == [[1.0, 0.0, 0.0]] * 3
        (x * m.arange(9.0).view(3, 3)).sum().backward()
        assert w.grad.tolist() == [0.0, 3.0, 6.0]


def test_resizing() -> None:
    for m in (mt, torch):
        x = m.arange(6.0)
        assert x.resize_(2, 2) is x
        assert x.tolist() == [[0.0, 1.0], [2.0, 3.0]]
        assert x.resize_as_(m.zeros(3)).tolist() == [0.0, 1.0, 2.0]
        with pytest.raises(RuntimeError, match="cannot resize variables"):
            m.zeros(3, requires_grad=True).resize_(2)
    with pytest.raises(RuntimeError, match="cannot grow"):
        mt.zeros(3).resize_(4)
