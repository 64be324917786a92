"""Where results lie in memory: strides, and what shares memory with what, as in PyTorch."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import outputs, weighted

import minitorch as mt

Array = np.ndarray[Any, np.dtype[Any]]


def turned(a: Array) -> Array:
    """`a`, its memory in the opposite order of axes."""
    return np.asarray(a.T, order="C").T


def channels_last(a: Array) -> Array:
    """`a` (N, C, *S), its memory in the order (N, *S, C)."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) if a.ndim > 2 else a


# Each is given an input and its number.
LAYOUTS: dict[str, Callable[[Array, int], Array]] = {
    "contiguous": lambda a, i: a,
    "transposed": lambda a, i: turned(a),
    "first transposed": lambda a, i: a if i else turned(a),
    "second transposed": lambda a, i: turned(a) if i == 1 else a,
    "last two swapped": lambda a, i: turned(a.T).T.mT if a.ndim > 1 and a.ndim != 2 else turned(a),
    "channels last": lambda a, i: channels_last(a),
    "every other": lambda a, i: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "expanded": lambda a, i: np.broadcast_to(a[:1], a.shape) if a.ndim else a,
    "first expanded": lambda a, i: a if i or not a.ndim else np.broadcast_to(a[..., :1], a.shape),
}

# What is deliberately otherwise than in PyTorch, each with the reason.
KERNELS = "which of PyTorch's kernels runs decides; ours go by the operation alone"
UNLIKE = {
    r"F.conv1d, depthwise|F.conv3d, stride.*|F.conv_transpose\dd, .*": KERNELS,
    r"F.scaled_dot_product_attention.*": KERNELS,
    r"F.max_pool1d.*|F.lp_pool1d, infinite": KERNELS,
    r"F.lp_pool[23]d, infinite": "the indices alone",
    r"(select|slice|diagonal)_scatter": "PyTorch keeps gaps that nothing lies in",
    r"F.gaussian_nll_loss, number|gru_cell.*": "made of other steps",
    r"linalg.eig(vals)?": "PyTorch's numbers are complex",
    r"linalg.lstsq, .*": "PyTorch's solution lies in memory for as many rows as A has",
    r"norm, 0": "PyTorch gives no gradient, ours is 0",
}  # fmt: skip


def tensor(module: Any, array: Array, gradient: bool) -> Any:
    """A leaf over memory of its own with the strides of `array`."""
    reach = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True))
    room = np.zeros(reach // array.itemsize + 1 if array.size else 1, array.dtype)
    np.lib.stride_tricks.as_strided(room, array.shape, array.strides)[...] = array
    steps = [step // array.itemsize for step in array.strides]
    leaf = module.from_numpy(room).as_strided(array.shape, steps).detach()
    return leaf.requires_grad_() if gradient and leaf.is_floating_point() else leaf


def strides(x: Any) -> tuple[int, ...]:
    """Those that matter."""
    return tuple(s for s, n in zip(x.stride(), x.shape, strict=True) if n > 1 and x.numel())


def array_of(x: Any) -> Array:
    array: Array = x.detach().numpy()
    return array


def facts(module: Any, case: Case, arrays: list[Array], gradient: bool) -> Any:
    """What can be seen of the memory of outputs and gradients; None if the call is refused."""
    module.manual_seed(0)
    inputs = [tensor(module, array, gradient) for array in arrays]
    try:
        outs = outputs(case.function(module, *inputs))
        if gradient and (total := weighted(outs)) is not None:
            total.backward()
    except Exception:
        return None
    seen = []
    for out in outs:
        if isinstance(out, module.Tensor):
            shared = [np.may_share_memory(array_of(out), array_of(x)) for x in inputs]
            view = out._is_view() if any(shared) else None
            seen.append((strides(out), out.is_contiguous(), shared, view))
    return seen, [None if x.grad is None else strides(x.grad) for x in inputs]


def compare(torch: Any, case: Case, layout: str) -> int:
    """Compare without gradients and with them; how often there was something to compare."""
    compared = 0
    arrays = [LAYOUTS[layout](a, number) for number, a in enumerate(case.arrays(np.float32))]
    for gradient in (False, True):
        theirs = facts(torch, case, arrays, gradient)
        if theirs is not None:
            assert facts(mt, case, arrays, gradient) == theirs, f"{layout}, gradient: {gradient}"
            compared += 1
    return compared


ROWS = [
    case
    for case in CASES
    if case.in_torch and not any(re.fullmatch(name, case.name) for name in UNLIKE)
]


def quick(number: int) -> str:
    """The layout in which the row of that number is tried where there is little time."""
    return ("transposed", "channels last")[number // 8 % 2]


QUIET = pytest.mark.filterwarnings("ignore::UserWarning")


@QUIET
@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: str(ROWS[number]))
def test_memory_lies_as_in_pytorch(torch: Any, number: int) -> None:
    others = [layout for layout in LAYOUTS if layout != quick(number)]
    assert sum([compare(torch, ROWS[number], layout) for layout in others])


@QUIET
@pytest.mark.parametrize("part", range(8))
def test_memory_of_some_rows_lies_as_in_pytorch(torch: Any, part: int) -> None:
    for number in range(part, len(ROWS), 8):
        case = ROWS[number]
        try:
            compare(torch, case, quick(number))
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from None


# Of tensors x (2, 3) and y (2, 3, 4), which are transposed, and z (2, 3, 4), which is not.
CALLS = """
x.masked_fill(x > 0, 1) | x.repeat(1, 1) | y.repeat(1, 1, 2) | x.tile(1, 2) | x.tril() | y.triu()
x.repeat_interleave(2) | y.repeat_interleave(2, 1) | y[:, [0, 1]] | y[[0, 1]] | y[:, :, [0, 1]]
y[:, [0, 1], [1, 1]] | y[[0, 1], :, [1, 1]] | y[:, mask] | z[:, mask] | z[:, [0, 1]] | z[..., [0]]
y.permute(1, 0, 2)[[0, 2]] | y.permute(1, 2, 0)[:, [0, 2]] | y[y > 0] | y[0, [1, 2]]
y[None, [1]] | y.index_select(1, two) | y.flip(0) | y.roll(1, 0) | y.roll(1) | y.sort(1)[0]
y.sort(1)[1] | y.argsort(0) | y.topk(2, 1)[0] | y.cumsum(1) | y.cumprod(0) | y.cummax(1)[1]
y.logcumsumexp(1) | y.softmax(1) | y.log_softmax(-1) | F.softmin(y, 1) | F.layer_norm(y, (4,))
F.logsigmoid(y) | y.sum(1) | y.sum((0,), keepdim=True) | y.mean(0) | y.amax(1) | y.max(1)[0]
y.max(1)[1] | y.min(0)[1] | y.argmax(1) | y.prod(1) | y.var(1) | y.std(0) | y.norm(dim=1)
y.logsumexp(1) | y.all(1) | y.any(0) | y.median(1)[0] | y.mode(1)[0] | y.kthvalue(2, 1)[0]
y.nansum(1) | y.nanmean(1) | y.count_nonzero(1) | torch.cat([y, y]) | torch.cat([y, z])
torch.cat([z, y], 1) | torch.stack([y, y]) | torch.hstack([y, z]) | y @ y.transpose(1, 2)
x @ x.t() | torch.einsum("ij,kj->ik", x, x) | torch.einsum("ij,jk->ki", x, x.t())
torch.einsum("ijk->kji", z) | torch.einsum("bij,bjk->bik", z, z.mT)
torch.einsum("ijk,ljk->kil", y, z) | torch.einsum("ij,ij->ij", x, x)
torch.einsum("i,j->ij", x[0], x[1]) | torch.tensordot(y, z, ([0], [0])) | F.linear(y, z[0, :, :4])
x.addmm(x[:, :2], x) | torch.rot90(x, 0) | torch.rot90(x) | torch.diff(x, n=0) | torch.diff(x)
y.expand(2, 3, 4).clone() | x[:, :1].expand(2, 3).clone() | x.where(x > 0, 0.0)
torch.where((x > 0).contiguous(), x, 0.0) | torch.where(x > 0, x.contiguous(), 0.0)
x + x.contiguous() | x.contiguous() + x | x * x[:, :1] | z + y | y + z[0] | z[0] + y
y + y.permute(0, 1, 2) | y + 1 | 1 - y | y.half() | y.int() | y > 0 | ~(y > 0) | y.exp()
y.clamp(0) | y.pow(2) | y.lerp(z, 0.5) | z.lerp(y, 0.5) | y.addcmul(z, z) | z.addcmul(y, y)
y.index_fill(0, two[:1], 1.0) | y.index_add(0, two[:1], y[:1])
y.scatter(0, two.expand(2, 3, 2), y) | y.gather(2, two.expand(2, 3, 2)) | y.new_zeros(2, 3)
y.unfold(1, 2, 1) | F.normalize(y, dim=1) | F.cosine_similarity(y, y, dim=1)
F.one_hot(two.expand(3, 2).t(), 5) | F.gelu(y) | F.embedding(two.expand(3, 2).t(), z[0])
F.dropout(y, 0.5) | torch.zeros_like(y) | torch.rand_like(y) | torch.channel_shuffle(z, 1)
F.pixel_shuffle(z, 1) | F.pixel_unshuffle(z, 1) | y.ravel() | x[0].ravel() | y.flatten()
z.flatten(1) | y.reshape(2, 12) | y.permute(2, 1, 0).reshape(4, 6) | x[:, ::2].ravel()
y.view(2, 3, 4) | x.contiguous() | z.contiguous() | y.to(torch.float32) | y.float() | y.type_as(z)
y.clone() | x.cov() | x.corrcoef() | torch.cdist(x, x) | torch.outer(x[0], x[1])
x.renorm(2, 0, 1.0) | x.bernoulli(0.5)
""".replace("\n", " | ").strip(" |").split(" | ")  # fmt: skip


@QUIET
@pytest.mark.parametrize("call", CALLS)
def test_a_call_lies_in_memory_as_in_pytorch(torch: Any, call: str) -> None:
    def run(m: Any) -> Any:
        names: dict[str, Any] = {
            "torch": m, "F": m.nn.functional, "x": m.ones(3, 2).t(), "z": m.ones(2, 3, 4),
            "y": m.ones(4, 3, 2).permute(2, 1, 0), "two": m.tensor([0, 1]),
            "mask": m.tensor([True, False, True]),
        }  # fmt: skip
        given = {t.untyped_storage().data_ptr() for t in names.values() if isinstance(t, m.Tensor)}
        made = eval(call, names)
        return strides(made), made.is_contiguous(), made.untyped_storage().data_ptr() in given

    assert run(mt) == run(torch)


# ---- memory formats ---------------------------------------------------------------------------

BASES = """
zeros(2, 3, 4, 5) | zeros(2, 4, 5, 3).permute(0, 3, 1, 2) | zeros(2, 3, 4, 5).permute(3, 2, 1, 0)
zeros(2, 1, 4, 5) | zeros(2, 3, 1, 1) | zeros(1, 4, 1, 5) | zeros(2, 3, 1, 5).expand(2, 3, 4, 5)
zeros(2, 3, 4, 10)[..., ::2] | zeros(5, 3).t().expand(4, 3, 5) | zeros(5, 1).expand(5, 3)
zeros(4, 3).t() | zeros(2, 3, 4, 5, 6).movedim(1, -1) | zeros(2, 4, 5, 6, 3).movedim(-1, 1)
zeros(3)
""".replace("\n", " | ").strip(" |").split(" | ")  # fmt: skip
FORMATS = ("preserve_format", "contiguous_format", "channels_last", "channels_last_3d")
FORMATTED = """
x.clone({}) | x.contiguous({}) | x.to({}) | x.half({}) | x.float({}) | x.cpu({})
x.to(m.float64, {}) | x.to(x, {}) | m.empty_like(x, {}) | m.zeros_like(x, {}) | m.ones_like(x, {})
m.full_like(x, 2, {}) | m.rand_like(x, {}) | m.randn_like(x, {}) | m.empty(x.shape, {})
x.is_contiguous({})
""".replace("\n", " | ").strip(" |").split(" | ")  # fmt: skip


@pytest.mark.parametrize("base", BASES)
def test_memory_formats(torch: Any, base: str) -> None:
    def run(m: Any, call: str, memory_format: str) -> Any:
        x = eval(f"m.{base}", {"m": m})
        option = f"memory_format=m.{memory_format}"
        try:
            made = eval(call.format(option), {"m": m, "x": x})
        except (RuntimeError, TypeError) as error:
            return type(error), str(error)
        return made if isinstance(made, bool) else (made.stride(), made is x, made._is_view())

    for memory_format in FORMATS:
        for call in FORMATTED:
            ours, theirs = (run(m, call, memory_format) for m in (mt, torch))
            assert ours == theirs, (call, memory_format)


def test_a_model_that_lies_channels_last(torch: Any) -> None:
    def run(m: Any) -> Any:
        m.manual_seed(0)
        nn = m.nn
        model = nn.Sequential(
            nn.Conv2d(3, 20, 3, padding=1), nn.BatchNorm2d(20), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(20, 4, 3), nn.GELU(), nn.AvgPool2d(2), nn.Upsample(scale_factor=2),
        ).to(memory_format=m.channels_last)  # fmt: skip
        x = m.randn(2, 3, 12, 12).to(memory_format=m.channels_last).requires_grad_()
        seen = [x.stride()]
        for layer in model:
            x_before, x = x, layer(x)
            seen.append(x.stride())
            seen.append((x + 1).stride())
            seen.append((x_before * 2).clone().stride())
        x.sum().backward()
        return seen, [p.grad.stride() for p in model.parameters()], x.tolist()

    (seen, grads, values), (their_seen, their_grads, their_values) = run(mt), run(torch)
    assert seen == their_seen
    assert grads == their_grads
    np.testing.assert_allclose(values, their_values, rtol=1e-4, atol=1e-5)


# ---- without PyTorch --------------------------------------------------------------------------


def test_the_gradient_lies_as_its_leaf() -> None:
    for leaf, expected in (
        (mt.zeros(3, 2).t(), (1, 2)),
        (mt.zeros(2, 4, 5, 3).permute(0, 3, 1, 2), (60, 1, 15, 3)),
        (mt.zeros(2, 6)[:, ::2], (3, 1)),  # there are gaps
        (mt.zeros(1, 3).expand(2, 3), (3, 1)),
    ):
        for create_graph in (False, True):
            x = leaf.detach().requires_grad_()
            (x * x + x.sum()).sum().backward(create_graph=create_graph)
            assert x.grad is not None and x.grad.stride() == expected


def test_idioms_of_views() -> None:
    x, scores = mt.arange(6.0).view(2, 3), mt.zeros(2, 4, 5, 3)
    assert x.repeat(2, 2).view(-1).shape == (24,)
    assert x.t().repeat(1, 1).view(-1).tolist() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert scores.permute(0, 2, 1, 3).softmax(-1).view(-1, 3).shape == (40, 3)
    assert scores.transpose(1, 2).cumsum(1).view(10, -1).shape == (10, 12)
    assert x[:, [0, 1]].view(4).tolist() == [0.0, 1.0, 3.0, 4.0]
    assert x.t().masked_fill(x.t() > 2, 0.0).view(-1).shape == (6,)


def test_what_moves_nothing_still_copies() -> None:
    z = mt.zeros(1, 4, 2, 2)
    for copy in (
        mt.channel_shuffle(z, 1), mt.pixel_shuffle(z, 1), mt.pixel_unshuffle(z, 1),
        mt.diff(z, n=0), mt.rot90(z, 0), z.repeat(1, 1, 1, 1), z.flip(()), z.roll(0, 0),
    ):  # fmt: skip
        copy += 1
        assert not z.any()
