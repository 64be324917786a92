"""Mixed precision on the CPU: which functions compute in which dtype, training, and scaling."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch as mt

PRODUCTS = {
    "matmul": lambda m, a: a @ a,
    "method": lambda m, a: a.matmul(a[0]),
    "rmatmul": lambda m, a: a.__rmatmul__(a),
    "mm": lambda m, a: m.mm(a, a),
    "bmm": lambda m, a: m.bmm(a[None], a[None]),
    "baddbmm": lambda m, a: m.baddbmm(a[None], a[None], a[None]),
    "addmm": lambda m, a: m.addmm(a, a, a),
    "linear": lambda m, a: m.nn.functional.linear(a, a, a[0]),
    "conv2d": lambda m, a: m.nn.functional.conv2d(a[None, None], a[None, None]),
    "conv_transpose1d": lambda m, a: m.conv_transpose1d(a[None], a[None]),
    "attention": lambda m, a: m.nn.functional.scaled_dot_product_attention(*[a[None]] * 3),
    "einsum": lambda m, a: m.einsum("ij,jk->ik", a, a),
    "tensordot": lambda m, a: m.tensordot(a, a, 1),
    "multi_dot": lambda m, a: m.linalg.multi_dot([a, a]),
    "prelu": lambda m, a: m.nn.functional.prelu(a, m.ones(1)),
    "multihead": lambda m, a: m.nn.MultiheadAttention(4, 2).to(a.dtype)(a, a, a)[0],
}  # fmt: skip
IN_FLOAT32 = {
    "mse_loss": lambda m, a: m.nn.functional.mse_loss(a, a * 2),
    "MSELoss": lambda m, a: m.nn.MSELoss()(a, a * 2),
    "cross_entropy": lambda m, a: m.nn.functional.cross_entropy(a, m.arange(4)),
    "CrossEntropyLoss": lambda m, a: m.nn.CrossEntropyLoss()(a, m.arange(4)),
    "logits": lambda m, a: m.nn.functional.binary_cross_entropy_with_logits(a, a),
    "prod": lambda m, a: a.prod(),
    "cdist": lambda m, a: m.cdist(a, a),
    "trace": lambda m, a: a.trace(),
    "cholesky": lambda m, a: m.linalg.cholesky(m.eye(4, dtype=a.dtype)),
    "avg_pool3d": lambda m, a: m.nn.functional.avg_pool3d(a[None, None, None], (1, 2, 2)),
    "reflect": lambda m, a: m.nn.functional.pad(a, (1, 1), mode="reflect"),
}
AS_THEY_ARE = {
    "add": lambda m, a: a + a,
    "exp": lambda m, a: a.exp(),
    "softmax": lambda m, a: a.softmax(0),
    "layer_norm": lambda m, a: m.nn.functional.layer_norm(a, (4,)),
    "sum": lambda m, a: a.sum(),
    "mv": lambda m, a: m.mv(a, a[0]),
    "dot": lambda m, a: m.dot(a[0], a[0]),
    "bilinear": lambda m, a: m.nn.functional.bilinear(a, a, m.ones(3, 4, 4, dtype=a.dtype)),
    "in place": lambda m, a: a.clone()[None].baddbmm_(a[None], a[None]),
    "pad": lambda m, a: m.nn.functional.pad(a, (1, 1)),
    "binary": lambda m, a: a + a.float(),
    "cat": lambda m, a: m.cat([a, a.float()]),
    "stack": lambda m, a: m.stack([a, a.float()]),
}
FUNCTIONS = {**PRODUCTS, **IN_FLOAT32, **AS_THEY_ARE}
KINDS = ("float32", "bfloat16", "float16", "float64")


def dtype_told(m: Any, call: Any, kind: str, low: str) -> str:
    a = m.eye(4, dtype=m.float32).add(0.1).to(getattr(m, kind))
    try:
        with m.autocast("cpu", dtype=getattr(m, low)):
            return str(call(m, a).dtype)
    except RuntimeError as error:
        return type(error).__name__


@pytest.mark.parametrize("low", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_dtypes_are_pytorchs(name: str, low: str) -> None:
    torch, call = the_torch(), FUNCTIONS[name]
    for kind in KINDS:
        assert dtype_told(mt, call, kind, low) == dtype_told(torch, call, kind, low), kind


def switches(m: Any) -> Any:
    """Everything that can be asked and set, nested and one after the other."""

    def told() -> Any:
        kind = str((m.ones(2, 2) @ m.ones(2, 2)).dtype)
        yield kind
        yield m.is_autocast_enabled("cpu"), str(m.get_autocast_dtype("cpu"))
        yield m.is_autocast_cache_enabled()

    yield list(told())
    with m.autocast("cpu", dtype=m.bfloat16):
        yield list(told())
        with m.autocast("cpu", enabled=False):
            yield list(told())
            with m.amp.autocast("cpu", dtype=m.float16, cache_enabled=False):
                yield list(told())
            yield list(told())
        yield list(told())
    yield list(told())
    m.set_autocast_enabled("cpu", True)
    m.set_autocast_dtype("cpu", m.float16)
    yield list(told())
    m.set_autocast_dtype("cpu", m.bfloat16)
    m.set_autocast_enabled("cpu", False)

    @m.autocast("cpu", dtype=m.bfloat16)
    def decorated() -> Any:
        return list(told())

    yield decorated()
    yield list(told())
    try:
        with m.autocast("cpu"):
            raise KeyError
    except KeyError:
        yield list(told())
    yield m.amp.is_autocast_available("cpu")


def test_switches_are_pytorchs() -> None:
    assert list(switches(mt)) == list(switches(the_torch()))


def test_what_cannot_be_switched_on() -> None:
    with pytest.warns(UserWarning, match="not available"):
        assert not mt.autocast("cuda")._enabled
    with pytest.warns(UserWarning, match="target dtype is not supported"):
        assert not mt.autocast("cpu", dtype=mt.float64)._enabled
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        mt.autocast(3)  # type: ignore[arg-type]


def test_older_names_warn_as_pytorchs() -> None:
    for m in (mt, the_torch()):
        for name in ("autocast", "GradScaler"):
            with pytest.warns(
                FutureWarning, match=rf"torch\.cpu\.amp\.{name}\(args\.\.\.\)` is dep"
            ):
                made = getattr(m.cpu.amp, name)(enabled=True)
        assert made.is_enabled()


def test_a_parameter_is_cast_once_and_forgotten_after() -> None:
    w = mt.ones(2, 2, requires_grad=True)
    with mt.autocast("cpu"):
        (w @ w).sum()
        assert len(mt.amp._state.cache) == 1
        ((w @ w) + (w @ w.detach())).float().sum().backward()
        mt.clear_autocast_cache()
    assert mt.amp._state.cache == {} and w.grad is not None and w.grad.dtype is mt.float32


def function_of_ones_own(m: Any) -> Any:
    seen = []

    class Squared(m.autograd.Function):
        @staticmethod
        @functools.partial(m.amp.custom_fwd, device_type="cpu", cast_inputs=m.float32)
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            seen.append((str(x.dtype), m.is_autocast_enabled("cpu")))
            return x * x

        @staticmethod
        @functools.partial(m.amp.custom_bwd, device_type="cpu")
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            seen.append((str((grad @ grad.t()).dtype), m.is_autocast_enabled("cpu")))
            return 2 * x * grad

    x = m.ones(2, 2, dtype=m.bfloat16, requires_grad=True)
    with m.autocast("cpu"):
        y = Squared.apply(x)
    y.sum().backward()
    return seen, str(y.dtype), str(x.grad.dtype)


def test_custom_functions_are_pytorchs() -> None:
    assert function_of_ones_own(mt) == function_of_ones_own(the_torch())


def block(m: Any) -> Any:
    """A small GPT: embeddings, a block of causal attention, and the weights tied."""

    class Tiny(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = m.nn.Embedding(17, 16), m.nn.Embedding(12, 16)
            self.norms = m.nn.ModuleList([m.nn.LayerNorm(16) for _ in range(3)])
            self.attend, self.project = m.nn.Linear(16, 48), m.nn.Linear(16, 16)
            self.widen, self.narrow = m.nn.Linear(16, 64), m.nn.Linear(64, 16)
            self.head = m.nn.Linear(16, 17, bias=False)
            self.head.weight = self.tokens.weight

        def forward(self, tokens: Any, targets: Any) -> Any:
            F, (B, T) = m.nn.functional, tokens.shape
            x = self.tokens(tokens) + self.places(m.arange(T))
            parts = self.attend(self.norms[0](x)).split(16, dim=2)
            q, k, v = (part.view(B, T, 2, 8).transpose(1, 2) for part in parts)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.project(y.transpose(1, 2).contiguous().view(B, T, 16))
            x = x + self.narrow(F.gelu(self.widen(self.norms[1](x))))
            logits = self.head(self.norms[2](x))
            return F.cross_entropy(logits.view(B * T, 17), targets.view(-1))

    return Tiny()


def trained(m: Any, low: str, scaled: bool = False) -> Any:
    m.manual_seed(0)
    model = block(m)
    tokens = m.randint(0, 17, (4, 13))
    optimizer = m.optim.AdamW(model.parameters(), lr=0.01)
    scaler, losses = m.amp.GradScaler("cpu", enabled=scaled), []
    for _ in range(20):
        with m.autocast("cpu", dtype=getattr(m, low)):
            loss = model(tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous())
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert {str(p.grad.dtype) for p in model.parameters()} == {"torch.float32"}
    return losses


@pytest.mark.parametrize(("low", "scaled"), [("bfloat16", False), ("float16", True)])
def test_a_small_gpt_trains_as_in_pytorch(low: str, scaled: bool) -> None:
    ours, theirs = trained(mt, low, scaled), trained(the_torch(), low, scaled)
    np.testing.assert_allclose(ours, theirs, 0.01)
    assert ours[-1] < ours[0] / 2


# ---- scaling ------------------------------------------------------------------------------------


def scaling(m: Any) -> Any:
    """Steps good and bad, and all that a scaler tells."""
    w = m.ones(2, requires_grad=True)
    v = m.ones(1, requires_grad=True)
    one, other = m.optim.SGD([w], lr=0.5), m.optim.SGD([v], lr=0.5)
    scaler = m.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2, backoff_factor=0.25)
    for factor in (1.0, float("inf"), 1.0, 1.0, float("nan"), 2.0):
        one.zero_grad()
        other.zero_grad()
        losses = scaler.scale([(w * w * factor).sum(), (v * 3).sum()])
        sum(losses).backward()
        scaler.unscale_(one)
        yield w.grad.tolist()
        scaler.step(one)
        scaler.step(other)
        scaler.update()
        yield w.tolist(), v.tolist(), scaler.get_scale(), scaler.state_dict()
    again = m.amp.GradScaler("cpu")
    again.load_state_dict(scaler.state_dict())
    yield again.state_dict(), again.get_growth_factor(), again.is_enabled()
    scaler.update(4.0)
    yield scaler.get_scale()
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.125)
    scaler.set_growth_interval(7)
    yield scaler.state_dict()
    off = m.amp.GradScaler("cpu", enabled=False)
    yield off.state_dict(), off.get_scale(), off.scale(3), off.is_enabled()


def test_scaling_is_pytorchs() -> None:
    for ours, theirs in zip(scaling(mt), scaling(the_torch()), strict=True):
        assert str(ours) == str(theirs)


def refused(m: Any) -> Any:
    """The errors, one after the other."""

    def error(call: Any) -> Any:
        try:
            return call()
        except Exception as found:
            return type(found).__name__, str(found).split(".")[0]

    w = m.ones(1, requires_grad=True)
    half = m.ones(1, dtype=m.float16, requires_grad=True)
    optimizer, halves = m.optim.SGD([w], lr=0.1), m.optim.SGD([half], lr=0.1)
    scaler = m.amp.GradScaler("cpu")
    yield error(lambda: scaler.step(optimizer))
    yield error(lambda: scaler.update())
    scaler.scale(w * 2).sum().backward()
    yield error(lambda: scaler.update())
    scaler.unscale_(optimizer)
    yield error(lambda: scaler.unscale_(optimizer))
    scaler.step(optimizer)
    yield error(lambda: scaler.step(optimizer))
    yield error(lambda: scaler.unscale_(optimizer))
    yield error(lambda: scaler.step(optimizer, closure=lambda: 1))
    half.grad = m.ones(1, dtype=m.float16)
    yield error(lambda: scaler.unscale_(halves))
    yield error(lambda: scaler.load_state_dict({}))
    yield error(lambda: m.amp.GradScaler("cpu", growth_factor=1.0))
    optimizer.zero_grad()
    scaler.update()
    yield error(lambda: scaler.step(optimizer))


def test_what_a_scaler_refuses_is_pytorchs() -> None:
    for ours, theirs in zip(refused(mt), refused(the_torch()), strict=True):
        assert ours == theirs


def test_a_scaler_for_another_device_switches_itself_off() -> None:
    with pytest.warns(UserWarning, match="not available"):
        scaler = mt.GradScaler()
    loss = mt.ones(1)
    assert scaler.scale(loss) is loss and not scaler.is_enabled()


def test_a_cast_without_a_graph_is_not_kept_for_one_with_it() -> None:
    first, second = mt.nn.Linear(2, 2), mt.nn.Linear(2, 2)
    with mt.autocast("cpu"):
        with mt.no_grad():
            first(mt.ones(1, 2))
        y = second(first(mt.ones(1, 2)))
    y.sum().backward()
    assert first.weight.grad is not None
