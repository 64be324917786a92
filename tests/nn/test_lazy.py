"""Layers that find out their input's size at the first call, compared with PyTorch's."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch as mt

CASES: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "linear": (lambda nn: nn.LazyLinear(3), (2, 5)),
    "no bias": (lambda nn: nn.LazyLinear(3, bias=False), (4, 2, 5)),
    "conv1d": (lambda nn: nn.LazyConv1d(4, 3), (2, 2, 7)),
    "conv2d": (lambda nn: nn.LazyConv2d(4, 3, padding=1, groups=2), (2, 4, 5, 6)),
    "conv2d, unbatched": (lambda nn: nn.LazyConv2d(4, (1, 3), stride=2, bias=False), (3, 5, 6)),
    "conv3d": (lambda nn: nn.LazyConv3d(2, 2), (1, 3, 3, 4, 3)),
    "transpose1d": (lambda nn: nn.LazyConvTranspose1d(4, 3, groups=2), (2, 2, 7)),
    "transpose2d": (lambda nn: nn.LazyConvTranspose2d(4, 3, 2, 1, 1), (2, 3, 4, 5)),
    "transpose3d": (lambda nn: nn.LazyConvTranspose3d(2, 2, bias=False), (1, 3, 3, 4, 3)),
    "batch norm 1d": (lambda nn: nn.LazyBatchNorm1d(), (4, 3)),
    "batch norm 2d": (lambda nn: nn.LazyBatchNorm2d(bias=False), (4, 3, 2, 2)),
    "batch norm 3d": (lambda nn: nn.LazyBatchNorm3d(affine=False), (4, 3, 2, 2, 2)),
    "instance norm 1d": (lambda nn: nn.LazyInstanceNorm1d(), (4, 3, 5)),
    "instance norm 2d": (lambda nn: nn.LazyInstanceNorm2d(track_running_stats=False), (4, 3, 2, 2)),
    "instance norm 3d": (lambda nn: nn.LazyInstanceNorm3d(momentum=0.3), (4, 3, 2, 2, 2)),
}
cases = pytest.mark.parametrize("case", CASES)


def both(case: str, torch: Any) -> tuple[Any, Any]:
    make = CASES[case][0]
    return make(mt.nn), make(torch.nn)


def inputs(case: str, torch: Any) -> tuple[Any, Any]:
    values = np.random.default_rng(0).normal(size=CASES[case][1]).astype("float32")
    return mt.from_numpy(values.copy()), torch.from_numpy(values)


def same_state(ours: Any, theirs: Any, tolerance: float = 0.0) -> None:
    a, b = ours.state_dict(), theirs.state_dict()
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_allclose(
            a[name].numpy(), b[name].numpy(), tolerance, tolerance, err_msg=name
        )


@cases
def test_first_call_makes_an_ordinary_layer(case: str, torch: Any) -> None:
    ours, theirs = both(case, torch)
    assert repr(ours) == repr(theirs)
    assert repr(ours.state_dict()) == repr(theirs.state_dict())
    assert ours.has_uninitialized_params() == theirs.has_uninitialized_params()
    x, y = inputs(case, torch)
    mt.manual_seed(3)
    torch.manual_seed(3)
    out, wanted = ours(x), theirs(y)
    np.testing.assert_allclose(out.detach().numpy(), wanted.detach().numpy(), 1e-4, 1e-5)
    assert mt.rand(1).item() == torch.rand(1).item()
    assert repr(ours) == repr(theirs)
    assert type(ours).__name__ == type(theirs).__name__
    assert "Lazy" not in type(ours).__name__
    assert not ours._forward_pre_hooks and not ours._load_state_dict_pre_hooks
    assert [type(p) for p in ours.parameters()] == [mt.nn.Parameter] * len(list(ours.parameters()))
    same_state(ours, theirs, 1e-6)
    if list(ours.parameters()):
        out.sum().backward()
        wanted.sum().backward()
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), 1e-4, 1e-4)


@cases
def test_state_goes_from_and_to_layers_with_and_without_shapes(case: str, torch: Any) -> None:
    whole, their_whole = both(case, torch)
    x, y = inputs(case, torch)
    mt.manual_seed(1)
    torch.manual_seed(1)
    whole(x), their_whole(y)
    fresh, their_fresh = both(case, torch)
    fresh.load_state_dict(whole.state_dict())
    their_fresh.load_state_dict(their_whole.state_dict())
    assert repr(fresh) == repr(their_fresh)
    same_state(fresh, their_fresh, 1e-6)
    outcomes = []
    for layer, m, values in ((fresh, mt, x), (their_fresh, torch, y)):
        m.manual_seed(2)
        layer.eval()
        try:
            outcomes.append((layer(values).detach().numpy(), m.rand(1).item(), repr(layer)))
        except Exception as error:
            outcomes.append((0.0, type(error).__name__, ""))
    np.testing.assert_allclose(outcomes[0][0], outcomes[1][0], 1e-4, 1e-5)
    assert outcomes[0][1:] == outcomes[1][1:]
    again, _ = both(case, torch)
    again.load_state_dict(again.state_dict())
    if again.has_uninitialized_params():
        with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized"):
            whole.load_state_dict(again.state_dict())


@cases
def test_copies_and_other_dtypes(case: str, torch: Any) -> None:
    ours, theirs = both(case, torch)
    ours, theirs = copy.deepcopy(ours.double()), theirs.double()  # PyTorch copies no lazy buffers
    x, y = inputs(case, torch)
    assert ours(x.double()).dtype is mt.float64
    theirs(y.double())
    assert repr(ours) == repr(theirs)
    kinds = {name: str(value.dtype) for name, value in ours.state_dict().items()}
    assert kinds == {name: str(value.dtype) for name, value in theirs.state_dict().items()}
    assert not ours._forward_pre_hooks


USES = {
    "add": lambda m, w: w + 1,
    "relu": lambda m, w: m.relu(w),
    "sum": lambda m, w: w.sum(),
    "detach": lambda m, w: w.detach(),
    "numel": lambda m, w: w.numel(),
    "len": lambda m, w: len(w),
    "item": lambda m, w: w[0],
    "equal": lambda m, w: w == w,
    "clone": lambda m, w: w.clone(),
    "freeze": lambda m, w: w.requires_grad_(False),
    "init": lambda m, w: m.nn.init.zeros_(w),
    "xavier": lambda m, w: m.nn.init.xavier_uniform_(w),
    "vector": lambda m, w: m.nn.utils.parameters_to_vector([w]),
    "function": lambda m, w: m.nn.functional.linear(m.ones(2), w),
    "shape": lambda m, w: w.shape,
    "share": lambda m, w: w.share_memory_(),
    "stats": lambda m, w: m.nn.LazyBatchNorm1d().reset_running_stats(),
    "integer": lambda m, w: m.nn.UninitializedParameter(dtype=m.int32),
    "dimensions": lambda m, w: m.nn.LazyConv2d(3, 3)(m.ones(2)),
    "groups": lambda m, w: m.nn.LazyConv2d(4, 3, groups=2)(m.ones(1, 3, 4, 4)),
    "spectral": lambda m, w: m.nn.utils.spectral_norm(m.nn.LazyLinear(3)),
    "load": lambda m, w: m.nn.Linear(2, 3).load_state_dict(m.nn.LazyLinear(3).state_dict()),
    "abstract": lambda m, w: m.nn.modules.lazy.LazyModuleMixin.initialize_parameters(m.nn.ReLU()),
    "arguments": lambda m, w: m.nn.LazyLinear(3, 4, 5, 6, 7),
}


@pytest.mark.parametrize("use", USES)
def test_use_without_a_shape_is_refused(use: str, torch: Any) -> None:
    raised = []
    for m in (mt, torch):
        with pytest.raises(Exception) as caught:
            USES[use](m, m.nn.LazyLinear(3).weight)
        raised.append(caught.value)
    assert type(raised[0]).__name__ == type(raised[1]).__name__
    start = str(raised[1])[:25].lower()
    assert str(raised[0]).lower().startswith(start)
    if "Attempted" in start:
        assert str(raised[0]).partition("This")[2] == str(raised[1]).partition("This")[2]


def test_error_names_the_operation() -> None:
    weight = mt.nn.UninitializedParameter()
    with pytest.raises(ValueError, match=r"in relu\. This error"):
        mt.relu(weight)
    with pytest.raises(ValueError, match=r"in an operator\. This error"):
        weight + 1


def test_uninitialized_parameter_tells_what_it_knows() -> None:
    weight = mt.nn.UninitializedParameter(dtype=mt.float64)
    assert mt.nn.parameter.is_lazy(weight) and not mt.nn.parameter.is_lazy(mt.ones(1))
    assert (weight.dtype, weight.requires_grad, weight.grad) == (mt.float64, True, None)
    assert weight.size() == (0,) and weight.is_leaf and weight.is_floating_point()
    assert weight.data.numel() == 0 and weight.float().dtype is mt.float32
    weight.requires_grad = False
    weight.materialize((2, 3), dtype=mt.float32)
    assert type(weight) is mt.nn.Parameter and weight.shape == (2, 3)
    assert weight.dtype is mt.float32 and not weight.requires_grad
    buffer = pickle.loads(pickle.dumps(mt.nn.UninitializedBuffer(persistent=False)))
    assert repr(buffer) == "<UninitializedBuffer>" and isinstance(buffer, mt.nn.Buffer)
    buffer.half().materialize(2)
    assert buffer.dtype is mt.float32


def test_an_optimizer_may_be_made_before_the_first_call(torch: Any) -> None:
    ends = []
    for m in (mt, torch):
        m.manual_seed(0)
        model = m.nn.Sequential(m.nn.LazyLinear(4), m.nn.Tanh(), m.nn.LazyLinear(1))
        optimizer = m.optim.Adam(model.parameters(), lr=0.1)
        optimizer.zero_grad()
        optimizer.step()
        for _ in range(5):
            optimizer.zero_grad()
            model(m.linspace(-1, 1, 6).reshape(3, 2)).square().sum().backward()
            optimizer.step()
        ends.append(m.nn.utils.parameters_to_vector(model.parameters()).detach().numpy())
    np.testing.assert_allclose(*ends, 1e-4, 1e-6)


def test_convolutional_network_learns_as_in_pytorch(torch: Any) -> None:
    ends = []
    for m in (mt, torch):
        nn = m.nn
        m.manual_seed(0)
        net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2), nn.LazyBatchNorm2d(), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2), nn.LazyConv2d(16, kernel_size=5), nn.ReLU(),
            nn.Flatten(), nn.LazyLinear(120), nn.ReLU(), nn.LazyLinear(10),
        )  # fmt: skip
        x, y = m.rand(8, 1, 16, 16), m.arange(8)
        net(x)
        optimizer = m.optim.SGD(net.parameters(), lr=0.1)
        losses = []
        for _ in range(4):
            loss = nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        ends.append(losses)
    np.testing.assert_allclose(*ends, 1e-5)


def test_handle_of_a_copy_takes_the_hook_off_the_copy() -> None:
    layer = mt.nn.ReLU()
    layer.handle = layer.register_forward_hook(lambda *_: None)
    twin = copy.deepcopy(layer)
    twin.handle.remove()
    assert not twin._forward_hooks and len(layer._forward_hooks) == 1


def test_layer_that_stays_without_shape_is_refused() -> None:
    class Forgetful(mt.nn.modules.lazy.LazyModuleMixin, mt.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = mt.nn.UninitializedParameter()

        def initialize_parameters(self, *args: Any) -> None:
            pass

    with pytest.raises(RuntimeError, match="module Forgetful has not been fully initialized"):
        Forgetful()(mt.ones(1))


def test_layer_of_bfloat16() -> None:
    for layer in (mt.nn.LazyLinear(3, dtype=mt.bfloat16), mt.nn.LazyLinear(3).bfloat16()):
        assert layer(mt.ones(1, 2, dtype=mt.bfloat16)).dtype is mt.bfloat16
        assert layer.weight.dtype is mt.bfloat16 and layer.weight.abs().sum() > 0
