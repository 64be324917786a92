"""What PyTorch refuses is refused: PyTorch's own table of wrong inputs, given to both."""

from __future__ import annotations

import sys
import types
import unittest
import warnings
from typing import Any

import pytest
from oracle import the_torch

import minitorch

# What stays taken, or is refused by another exception, each with the reason.
LEFT_OUT = {
    "cat": "a tensor over an array of NumPy may be resized, too",
    "complex": "complex numbers are out of scope",
    "gather": "an `out` that has to grow gets memory of its own, so overlaps nothing",
    "narrow_copy": "an IndexError, as of all others that are given a dimension that is none",
}
# Calls that no operator makes: a method of Tensor, of a number.
UNBOUND = ("__radd__", "__rdiv__", "__rmul__", "__rand__", "__ror__", "__rxor__")


def table() -> Any:
    """PyTorch's list of operations, which looks for a package that it does not need here."""
    the_torch()
    stub: Any = types.ModuleType("expecttest")
    stub.TestCase, stub.assert_expected_inline = unittest.TestCase, None
    sys.modules.setdefault("expecttest", stub)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return op_db


def found(name: str) -> Any:
    """Our function of the name, a method if there is none; None if it is not covered."""
    value: Any = minitorch
    for part in name.split("."):
        value = getattr(value, part, None)
    return value or getattr(minitorch.Tensor, name, None)


def converted(value: Any) -> Any:
    """PyTorch's arguments as ours, memory that is shared still shared.

    Raises:
        LookupError: for what is out of scope.
    """
    torch, made = the_torch(), {}

    def convert(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if value.device.type != "cpu" or value.is_sparse or value.dtype.is_complex:
                raise LookupError
            owner = value._base if value._base is not None else value
            if id(owner) not in made:
                made[id(owner)] = minitorch.from_numpy(owner.detach().numpy())
            of = made[id(owner)]
            if of.shape == value.shape and of.stride() == value.stride():
                return of
            return of.as_strided(tuple(value.shape), value.stride(), value.storage_offset())
        if isinstance(value, torch.dtype):
            return getattr(minitorch, str(value)[6:])
        if isinstance(value, complex):
            raise LookupError
        if isinstance(value, (list, tuple)):
            return (list if isinstance(value, list) else tuple)(convert(v) for v in value)
        if isinstance(value, dict):
            return {key: convert(v) for key, v in value.items()}
        return str(value) if isinstance(value, torch.device) else value

    return convert(value)


def outcome(function: Any, args: Any, kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return error


def test_refuses_what_pytorch_refuses() -> None:
    tried, wrong = 0, []
    for op in table():
        ours = found(op.name)
        if op.error_inputs_func is None or ours is None or op.name in (*LEFT_OUT, *UNBOUND):
            continue
        if op.name.startswith("fft."):
            continue
        for given in op.error_inputs("cpu"):
            sample = given.sample_input
            args, kwargs = [sample.input, *sample.args], dict(sample.kwargs)
            try:
                mine = converted([args, kwargs])
            except (LookupError, TypeError, ValueError):  # no tensor of NumPy's
                continue
            theirs = outcome(op.op, args, kwargs)
            if isinstance(theirs, Exception):
                tried += 1
                result = outcome(ours, *mine)
                if not isinstance(result, type(theirs)):
                    wrong.append(f"{op.name}: {result!r}, PyTorch: {theirs!r}")
    assert not wrong, "\n".join(wrong)
    assert tried > 400


# Mistakes that are in no table of PyTorch's: x is (2, 3), v has three elements, i holds whole
# numbers.
CALLS = """
m.pow(2, 3) | m.float_power(2, 3) | m.fmod(2, x) | m.rsub(2, x) | m.square(2) | m.remainder(2, 3)
m.bitwise_and(2, 3) | m.bitwise_left_shift(2, 3) | m.xlogy(2, 3) | m.isclose(x, x, rtol=m.nan)
m.allclose(x, x, atol=-1) | m.isin([1], i) | m.bucketize([1.0], v) | m.searchsorted(v, [1.0])
m.narrow(x, 0, m.tensor([0]), 1) | m.narrow(x, 0, m.tensor(True), 1) | m.renorm(x, 2, 0, m.nan)
m.nn.functional.adaptive_avg_pool2d(x, (1, 1)) | m.nn.functional.cosine_similarity(x, x, eps=-1.0)
m.nn.functional.soft_margin_loss(v, x) | m.nn.functional.soft_margin_loss(v, 1)
m.nn.functional.huber_loss(x, x, delta=m.nan)
m.nn.functional.bilinear(x, x, m.zeros(4, 3, 3), m.zeros(4).double()) | m.zeros(-1)
m.zeros(2, "a") | m.ones(2, None) | m.full((2,), "a") | m.eye(-1) | m.arange(0, 1, 0)
m.linspace(0, 1, -1) | m.randperm(-1) | m.randint(3, 3, (2,)) | m.tensor("a")
m.tensor([[1], [1, 2]]) | x.sum(2) | x.sum((0, 0)) | x.mean((0, -2)) | i.mean() | x.sum("a")
x[:0].max() | x[:0].argmax(0) | x[:0].amin(0) | x[:0].min(0) | m.median(x[:0], 0) | x.var((0, 0))
x.norm(dim=3) | x.all(5) | x.reshape(4, 2) | x.reshape(-1, -1) | x.view(7) | x.expand(3, 3)
x.permute(0) | x.permute(0, 0) | x.transpose(0, 2) | x.squeeze(3) | x.unsqueeze(4) | x.flip(0, 0)
x.flip(2) | x.roll(1, 5) | x.t(1) | x.repeat(2) | x.unfold(0, 3, 1) | x.unfold(0, 1, 0)
x.narrow(0, 0, 3) | x.select(0, 2) | x[2] | x[0, 0, 0] | x[1.0] | x[v]
x[m.tensor([True])] | x[m.tensor([5])] | x.gather(0, v.long()) | x.gather(0, x)
x.index_select(0, m.tensor([2])) | x.index_select(0, v) | x.scatter(0, i.float(), x) | x.take(v)
x.masked_fill(x, 0) | x.masked_select(v) | m.where(x, x, x) | m.cat([]) | m.cat([x, v]) | m.cat(x)
m.stack([x, v]) | m.cat([x, x], 2) | m.stack([]) | m.split(x, -1) | m.chunk(x, 0) | m.cat([x, 1])
x + "a" | x + None | x + m.zeros(4) | x @ x | x @ "a" | m.mm(x, v) | m.mv(x, x) | m.dot(x, x)
m.bmm(x, x) | m.mm(x, x.T.double()) | m.dot(v, v.double()) | m.add(x, x, alpha="a")
i.add(i, alpha=0.5) | m.exp("a") | m.exp(None) | m.exp([1.0]) | m.clamp(x) | m.clamp(x, "a") | ~x
x & x | x << "a" | -(x > 0) | (x > 0) - (x > 0) | m.add_(x) | m.sort(x, 3) | m.topk(x, 4)
m.kthvalue(x, 0) | m.topk(x, -1) | m.cumsum(x, 2) | m.softmax(i, 0) | m.softmax(x, 2)
m.linalg.inv(x) | m.linalg.inv(i) | m.linalg.det(v) | m.linalg.qr(v) | m.linalg.cholesky(x)
m.linalg.svd(v) | m.linalg.solve(x, x) | m.linalg.eigh(x) | m.einsum("ij", v)
m.einsum("ij,jk", x, x) | m.tensordot(x, x, 1) | m.quantile(x, 2) | m.quantile(i, 0.5)
m.bincount(x) | m.histc(i) | m.multinomial(x, 9) | m.bernoulli(x + 3) | m.normal(0.0, -1.0, (2,))
m.tril(v) | m.diag(x[None]) | m.nn.functional.linear(x, x.T) | m.nn.functional.conv2d(x, x)
m.nn.functional.relu("a") | m.nn.functional.cross_entropy(x, v)
m.nn.functional.nll_loss(x, m.tensor([0, 5])) | x.to("nowhere") | m.nn.functional.embedding(v, x)
m.nn.functional.dropout(x, 2.0) | m.nn.functional.one_hot(v) | m.nn.functional.pad(x, (1,))
m.nn.functional.max_pool2d(x, 2) | m.nn.functional.interpolate(x)
m.nn.functional.layer_norm(x, (2,)) | x.backward() | x.item() | x.to(m.float32, "a")
x.view(m.zeros(2)) | float(x) | int(v) | bool(x) | len(m.tensor(1.0)) | x.tolist(1)
m.zeros(2, device="nowhere") | m.zeros(2, dtype="float32") | m.empty(2, dtype=3)
x.requires_grad_("a") | i.requires_grad_() | m.tensor([1], requires_grad=True) | x.detach("a")
x.numpy("a") | m.gather(v, 0, i[0], out=v) | m.take(v, i[0], out=v)
"""
EACH = [c.strip() for line in CALLS.splitlines() for c in line.split(" | ") if c.strip()]


@pytest.mark.parametrize("call", EACH)
def test_refuses_a_mistake_as_pytorch_does(call: str) -> None:
    def tried(m: Any) -> Any:
        x = m.arange(6.0).reshape(2, 3)
        names = {"m": m, "x": x, "v": m.arange(3.0), "i": m.arange(6).reshape(2, 3)}
        return outcome(lambda: eval(call, names), (), {})

    ours, theirs = tried(minitorch), tried(the_torch())
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), f"{ours!r}, PyTorch: {theirs!r}"
    else:
        assert not isinstance(ours, Exception), f"{ours!r}, PyTorch: {theirs!r}"
