"""Looking at tensors and gradients changes nothing that is computed, bit for bit."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn import functional as F

Look = Callable[[Any], Any]

LOOKS: dict[str, Look] = {
    "array": lambda t: np.asarray(t.detach()),
    "clone": lambda t: t.clone(),
    "copy": lambda t: copy.deepcopy(t.detach()),
    "data": lambda t: t.data,
    "data_ptr": lambda t: t.data_ptr(),
    "detach": lambda t: t.detach(),
    "equal": lambda t: mt.equal(t, t),
    "format": lambda t: repr(t),
    "grad": lambda t: t.grad if t.is_leaf else None,
    "is_contiguous": lambda t: t.is_contiguous(),
    "item": lambda t: t.detach().sum().item(),
    "numpy": lambda t: t.numpy(force=True),
    "pickle": lambda t: pickle.dumps(t.detach()),
    "retain_grad": lambda t: t.retain_grad() if t.requires_grad else None,
    "shape": lambda t: (t.shape, t.dtype, t.ndim, len(t)),
    "storage": lambda t: (t.untyped_storage(), t.storage_offset()),
    "stride": lambda t: t.stride(),
    "tolist": lambda t: t.tolist(),
    "used": lambda t: (t.detach() * 2).exp().mean(),
    "view": lambda t: t[:1].reshape(-1),
}  # fmt: skip


SLOW = ("copy", "format", "pickle", "tolist")  # for a whole model's tensors


def everything(value: Any) -> None:
    """Look at a tensor, or at each of several, in about every way."""
    if isinstance(value, (tuple, list)):
        for one in value:
            everything(one)
    elif isinstance(value, mt.Tensor) and value.ndim:
        for name, look in LOOKS.items():
            if name not in SLOW:
                look(value)
        node = value.grad_fn
        for name in dir(node) if node is not None else ():
            if name.startswith("_saved_"):
                everything(getattr(node, name))


def same(a: Any, b: Any) -> bool:
    """Whether two results have the same bits."""
    a, b = (np.asarray(t.detach()) for t in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def close(a: Any, b: Any) -> bool:
    """Whether two results differ by rounding at most."""
    return np.allclose(a.detach(), b.detach(), rtol=1e-4, atol=1e-6)


# ---- one tensor -------------------------------------------------------------------------------


def norm(channels: int) -> Any:
    layer = nn.BatchNorm2d(channels)
    with mt.no_grad():
        layer.weight.uniform_(0.5, 2.0)
        layer.bias.uniform_(-1.0, 1.0)
    return layer


USES: dict[str, Callable[[Any], Any]] = {
    "batch_norm": lambda y: F.batch_norm(y, None, None, training=True),
    "batch_norm of running": lambda y: F.batch_norm(y, mt.zeros(y.shape[1]), mt.ones(y.shape[1])),
    "conv": lambda y: F.conv2d(y, mt.arange(36.0 * y.shape[1]).reshape(4, -1, 3, 3).sin()),
    "exp": lambda y: y.exp(),
    "gelu": lambda y: F.gelu(y),
    "group_norm": lambda y: F.group_norm(y, 2),
    "instance_norm": lambda y: F.instance_norm(y),
    "layer_norm": lambda y: F.layer_norm(y, y.shape[1:]),
    "max_pool": lambda y: F.max_pool2d(y, 2),
    "avg_pool": lambda y: F.avg_pool2d(y, 2),
    "adaptive pool": lambda y: F.adaptive_avg_pool2d(y, 1),
    "mean": lambda y: y.mean((0, 2, 3)),
    "softmax": lambda y: y.softmax(1),
    "sum": lambda y: y.sum((0, 2, 3)),
    "sum of all": lambda y: y.sum(),
    "sum of products": lambda y: (y * y.relu() + y).sum((0, 2, 3)),
    "std": lambda y: y.std((0, 2, 3)),
    "silu": lambda y: F.silu(y).sum((2, 3)),
}


def images(channels: int) -> Any:
    mt.manual_seed(channels)
    x = mt.randn(4, 3, 12, 12, requires_grad=True)
    w = mt.randn(channels, 3, 3, 3, requires_grad=True)
    return x, w, F.conv2d(x, w, padding=1)


@pytest.mark.parametrize("channels", [4, 24])
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("create_graph", [False, True])
def test_looking_at_a_result_changes_nothing(use: str, channels: int, create_graph: bool) -> None:
    def run(look: Look) -> list[Any]:
        x, w, y = images(channels)
        look(y)
        z = USES[use](y)
        grads = mt.autograd.grad((z * z).sum(), (x, w), create_graph=create_graph)
        results = [z, *grads]
        if create_graph:
            results += mt.autograd.grad(sum((g * g).sum() for g in grads), (x, w))
        return results

    expected = run(lambda y: None)
    for name, look in {**LOOKS, "everything": everything}.items():
        made = run(look)
        assert all(map(same, made, expected)), name


@pytest.mark.parametrize("channels", [4, 24])
@pytest.mark.parametrize("use", USES)
def test_an_alias_or_a_copy_is_computed_with_as_the_tensor_itself(use: str, channels: int) -> None:
    _, _, y = images(channels)
    expected = USES[use](y)
    for alias in (
        y.detach(), y.clone(), y.data, y.clone(memory_format=mt.contiguous_format),
        y.contiguous(), copy.deepcopy(y.detach()),
    ):  # fmt: skip
        assert alias.is_contiguous()
        assert same(USES[use](alias), expected)


def test_what_was_looked_at_may_be_written_to() -> None:
    for write in (
        lambda y: y.numpy().__setitem__(0, 7.0),
        lambda y: y.__setitem__(0, 7.0),
        lambda y: y.mul_(3.0),
        lambda y: y.detach().mul_(3.0),
        lambda y: y.view(-1).mul_(3.0),
        lambda y: setattr(y, "data", mt.ones(2, 3)),
        lambda y: y.transpose_(1, 2),
        lambda y: y.squeeze_(),
    ):
        y = F.conv2d(mt.randn(2, 3, 5, 5), mt.randn(4, 3, 3, 3))
        everything(y)
        write(y)
        again = mt.tensor(y.tolist())
        assert y.shape == again.shape
        for use in (lambda t: t + 1, lambda t: t.relu(), lambda t: t.clone(), lambda t: t.sum(0)):
            assert np.allclose(use(y).numpy(), use(again).numpy(), rtol=1e-5)


# ---- whole models -----------------------------------------------------------------------------


class Residual(nn.Module):
    def __init__(self, ins: int, outs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(ins, outs, 3, stride, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outs), nn.BatchNorm2d(outs)
        self.conv2 = nn.Conv2d(outs, outs, 3, 1, 1, bias=False)
        self.short = nn.Sequential(nn.Conv2d(ins, outs, 1, stride), nn.BatchNorm2d(outs))
        self.relu = nn.ReLU()

    def forward(self, x: Any) -> Any:
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.short(x))


def resnet() -> tuple[nn.Module, Any]:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        Residual(8, 16, 1), Residual(16, 24, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(24, 5),
    )  # fmt: skip
    return model, mt.randn(4, 3, 16, 16)


def vgg() -> tuple[nn.Module, Any]:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.GELU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 16, 5),
    )  # fmt: skip
    return model, mt.randn(4, 3, 16, 16)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU())
        self.down2 = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.InstanceNorm2d(16), nn.ELU())
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.last = nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x: Any) -> Any:
        one = self.down1(x)
        two = self.down2(self.pool(one))
        return self.last(mt.cat([self.up(two), one], 1)).flatten(1)


def unet() -> tuple[nn.Module, Any]:
    return UNet(), mt.randn(3, 3, 8, 8)


class GPT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, 0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 5)

    def forward(self, tokens: Any) -> Any:
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        return self.head(self.blocks(self.embed(tokens), mask=mask)).mean(1)


def gpt() -> tuple[nn.Module, Any]:
    return GPT(), mt.randint(0, 11, (4, 6))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Any) -> Any:
        return self.head(self.lstm(x)[0][:, -1])


def lstm() -> tuple[nn.Module, Any]:
    return Recurrent(), mt.randn(4, 7, 6)


def digits() -> tuple[nn.Module, Any]:
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 3),
        nn.Tanh(), nn.Flatten(), nn.Linear(64, 5),
    )  # fmt: skip
    return model, mt.randn(6, 1, 8, 8)


def volumes() -> tuple[nn.Module, Any]:
    model = nn.Sequential(
        nn.Conv3d(1, 4, 3), nn.BatchNorm3d(4), nn.Hardswish(), nn.MaxPool3d(2), nn.Flatten(2),
        nn.Conv1d(4, 20, 3, padding=1), nn.BatchNorm1d(20), nn.LeakyReLU(), nn.LPPool1d(2, 2),
        nn.Flatten(), nn.Linear(80, 5),
    )  # fmt: skip
    return model, mt.randn(3, 1, 6, 6, 6)


MODELS = [resnet, vgg, unet, gpt, lstm, digits, volumes]


def watch_with_hooks(model: nn.Module, backward: bool) -> None:
    """Look at whatever the model computes, forwards and (by `backward`) backwards."""

    def see(module: Any, args: Any, result: Any) -> None:
        everything((args, result))
        for tensor in result if isinstance(result, tuple) else (result,):
            if isinstance(tensor, mt.Tensor) and tensor.requires_grad:
                tensor.register_hook(everything)
                tensor.grad_fn.register_prehook(everything)
                tensor.grad_fn.register_hook(lambda made, came: everything((made, came)))

    for module in model.modules():
        module.register_forward_pre_hook(lambda module, args: everything(args))
        module.register_forward_hook(see)
        if backward and not list(module.children()):
            module.register_full_backward_hook(lambda m, made, came: everything((made, came)))
            module.register_full_backward_pre_hook(lambda m, came: everything(came))
    for parameter in model.parameters():
        parameter.register_hook(everything)
        parameter.register_post_accumulate_grad_hook(lambda p: everything(p.grad))


def train(
    make: Callable[[], Any], create_graph: bool, watch: Callable[[Any], Any]
) -> Iterator[Any]:
    """Each loss, gradient and weight of a few steps."""
    mt.manual_seed(0)
    model, x = make()
    watch(model)
    wanted = mt.arange(len(x)) % (model(x).shape[1])
    optimizer = mt.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), wanted)
        if create_graph:
            grads = mt.autograd.grad(loss, list(model.parameters()), create_graph=True)
            yield from grads
            loss = loss + 0.1 * sum((g * g).sum() for g in grads)
        loss.backward()
        yield loss
        yield from [p.grad.clone() for p in model.parameters()]
        optimizer.step()
        yield from [t.clone() for t in (*model.parameters(), *model.buffers())]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_hooks_that_look_at_all_of_a_model_change_nothing(
    make: Callable[[], Any], create_graph: bool, backward: bool
) -> None:
    expected = list(train(make, create_graph, lambda model: None))
    made = list(train(make, create_graph, lambda model: watch_with_hooks(model, backward)))
    for number, (a, b) in enumerate(zip(made, expected, strict=True)):
        # A full backward hook puts a node before its module, as in PyTorch, where what comes from
        # within is added up first; the second derivative of a tensor used twice is so in turn.
        alike = close if backward and create_graph else same
        assert alike(a, b), f"result {number} of shape {list(a.shape)}"


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_anomaly_mode_changes_nothing(make: Callable[[], Any]) -> None:
    expected = list(train(make, False, lambda model: None))
    with mt.autograd.detect_anomaly():
        made = list(train(make, False, lambda model: None))
    assert all(map(same, made, expected))
