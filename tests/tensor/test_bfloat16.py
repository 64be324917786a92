"""bfloat16: two bytes in memory, PyTorch's numbers, and its errors where there is no such thing."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch as mt

OTHERS = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]
NAN, INF = float("nan"), float("inf")


def bits(m: Any, x: Any) -> Any:
    return x.detach().contiguous().view(m.int16).numpy()


def all_of_them() -> Any:
    """Every bfloat16 and the float32s just around, and around the middle of, each and the next."""
    high = np.arange(1 << 16, dtype=np.uint32) << 16
    lows = (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)
    return np.concatenate([high | np.uint32(low) for low in lows]).view(np.float32)


def told(call: Any) -> Any:
    """What a call gives, in words; or the type of its error."""
    try:
        return str(call())
    except Exception as error:
        return type(error).__name__


# ---- numbers ------------------------------------------------------------------------------------


def test_rounding_is_pytorchs() -> None:
    torch, x = the_torch(), all_of_them()
    ours, theirs = mt.from_numpy(x).bfloat16(), torch.from_numpy(x).bfloat16()
    nan = np.isnan(x)
    np.testing.assert_array_equal(bits(mt, ours)[~nan], bits(torch, theirs)[~nan])
    assert ours.float()[mt.from_numpy(nan)].isnan().all()


def test_ties_go_to_even_and_what_is_too_large_is_infinite() -> None:
    x = mt.tensor([1 + 2**-8, 1 + 3 * 2**-8, 3.3961775e38, -3.4e38, 2**-133, 2**-134 * 1.1, NAN])
    expected = [1.0, 1 + 2**-6, INF, -INF, 2**-133, 2**-133, NAN]
    np.testing.assert_array_equal(x.bfloat16().tolist(), expected)


@pytest.mark.parametrize("name", OTHERS)
def test_casts_are_pytorchs(name: str) -> None:
    torch = the_torch()
    draws = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        scaled = draws.standard_normal(2000) * 10.0 ** draws.integers(-40, 39, 2000)
        array = scaled.astype(name) if name[0] == "f" else draws.integers(0, 256, 2000).astype(name)
    ours, theirs = mt.from_numpy(array).bfloat16(), torch.from_numpy(array).bfloat16()
    np.testing.assert_array_equal(bits(mt, ours), bits(torch, theirs))
    ours, theirs = (m.from_numpy(all_of_them()[: 1 << 16]).bfloat16() for m in (mt, torch))
    a, b = ours.to(getattr(mt, name)), theirs.to(getattr(torch, name))
    np.testing.assert_array_equal(a.numpy(), b.numpy())


ARITHMETIC = [
    *(lambda m, x, y: x + 0.1, lambda m, x, y: 0.1 - x, lambda m, x, y: x * 0.1),
    *(lambda m, x, y: x / 0.3, lambda m, x, y: 0.3 / x, lambda m, x, y: x.abs() ** 1.3),
    *(lambda m, x, y: x + y, lambda m, x, y: x * y, lambda m, x, y: x / y, lambda m, x, y: x % y),
    *(lambda m, x, y: x // 0.3, lambda m, x, y: m.add(x, y, alpha=0.3), lambda m, x, y: x == 0.1),
    *(lambda m, x, y: m.addcdiv(x, x, y, value=0.3), lambda m, x, y: x.clamp(0.1, 1.3)),
    *(lambda m, x, y: x.sum(), lambda m, x, y: x.mean(), lambda m, x, y: x.std()),
    *(lambda m, x, y: x.view(32, 64).sum(0), lambda m, x, y: x.view(32, 64).log_softmax(1)),
    *(lambda m, x, y: x.view(32, 64) @ y.view(64, 32), lambda m, x, y: x[:90].cumsum(0)),
    lambda m, x, y: m.addmm(x[:32], x.view(32, 64), y.view(64, 32), beta=0.5, alpha=0.3),
    lambda m, x, y: x.clone().add_(0.1).mul_(y).sub_(0.3).div_(1.7),
    lambda m, x, y: x.clone().t()[::7].exp_(),
    lambda m, x, y: m.nn.functional.layer_norm(x.view(32, 64), (64,)),
]


@pytest.mark.parametrize("number", range(len(ARITHMETIC)))
def test_arithmetic_is_pytorchs(number: int) -> None:
    torch = the_torch()
    draws = np.random.default_rng(1).standard_normal((2, 2048)).astype(np.float32) * 3
    a, b = (ARITHMETIC[number](m, *m.from_numpy(draws).bfloat16()) for m in (mt, torch))
    assert str(a.dtype) == str(b.dtype)
    if a.dtype is mt.bfloat16:
        off = np.abs(bits(mt, a).astype(int) - bits(torch, b))
        assert off.max() <= 1 and (off > 0).mean() <= 1e-3  # in the sums' order alone
    else:
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_special_numbers() -> None:
    torch = the_torch()

    def story(m: Any) -> Any:
        x = m.tensor([NAN, INF, -INF, -0.0, 0.0, 1e-40, 3.4e38, 1.0], dtype=m.bfloat16)
        yield from (x, x.sort()[0], x.isfinite(), x.nan_to_num(), x.max(), x.argmax(), x == x)
        yield from (x / 0, x * 0, x.exp(), x.log(), x.signbit(), x.sign(), x.nansum(), x.unique())
        yield from (x.maximum(m.zeros(8, dtype=m.bfloat16)), x.softmax(0), x.clamp(-1, 1))
        one = m.tensor([1.0, 0.0, -0.0, INF, -1.0, 2.0], dtype=m.bfloat16)
        yield from (m.nextafter(one, one * 0 + 1e30), m.nextafter(one, one.flip(0)))
        empty = m.zeros(0, 3, dtype=m.bfloat16)
        yield from (empty.sum(0), empty + 1, m.cat([empty, m.ones(2, 3, dtype=m.bfloat16)]))
        zero_dim = m.tensor(1.2345, dtype=m.bfloat16)
        yield from (zero_dim, zero_dim * zero_dim, zero_dim.sum(), zero_dim.expand(3))

    for ours, theirs in zip(story(mt), story(torch), strict=True):
        assert repr(ours) == repr(theirs)


# ---- memory -------------------------------------------------------------------------------------


def test_an_element_has_two_bytes() -> None:
    x = mt.zeros(3, 4, dtype=mt.bfloat16)
    assert (x.element_size(), x.nbytes, x.untyped_storage().nbytes()) == (2, 24, 24)
    assert x[1].data_ptr() - x.data_ptr() == 8 and x[1].storage_offset() == 4
    assert mt.bfloat16.itemsize == 2 and mt.bfloat16.is_floating_point


def test_bits_are_seen_and_changed_through_a_view() -> None:
    x = mt.ones(2, 2, dtype=mt.bfloat16)
    x.view(mt.int16)[0] = 0x4000
    assert x.tolist() == [[2.0, 2.0], [1.0, 1.0]]
    assert mt.tensor([0x3F80], dtype=mt.int16).view(mt.bfloat16).tolist() == [1.0]
    assert x.view(mt.int32).shape == (2, 1)


def test_memory_that_is_read_is_not_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        mt.ones(2, dtype=mt.bfloat16)._array[0] = 1


def in_place(m: Any) -> Any:
    """Views and changes in place, recorded."""
    x = m.arange(12, dtype=m.bfloat16).reshape(3, 4).div_(7).requires_grad_()
    y = x * 1.5
    y[1].mul_(2)
    y[0, 1] = 3.25
    y[:, 2] += x[:, 0]
    y.t()[3].zero_()
    y[m.tensor([0, 2])] = 1.1
    y[y > 4] = 0.7
    y[..., 0:2].add_(0.3)
    y.float().pow(2).sum().backward()
    yield from (y, x.grad)
    z = x.detach().clone()
    z.t()[1:3] = 5
    z.unsqueeze_(0)
    yield z
    z.squeeze_().t_()
    yield from (z, z.flip(0), z[::2], z.as_strided((2, 2), (1, 2)), z[:, :2].as_strided((2,), (3,)))
    yield from (z.unfold(0, 2, 1), z.argsort(), z.topk(2)[1], z.tril(), z.clone(), z.contiguous())
    yield from (m.stack([z, z]), z.gather(0, m.zeros(1, 3, dtype=m.int64)), z.masked_select(z > 1))
    z.data.mul_(2)
    yield z
    out = m.empty(4, 3, dtype=m.bfloat16)
    yield m.add(z, 0.1, out=out)
    images = m.empty(2, 3, 4, 5, dtype=m.bfloat16, memory_format=m.channels_last).fill_(1.5)
    yield from (images, images * 2, images.contiguous())
    yield copy.deepcopy(z[1:])
    yield pickle.loads(pickle.dumps(z)) if m is mt else z


def test_views_and_changes_in_place_are_pytorchs() -> None:
    for a, b in zip(in_place(mt), in_place(the_torch()), strict=True):
        assert (tuple(a.shape), a.stride()) == (tuple(b.shape), b.stride())
        assert repr(a.detach()) == repr(b.detach())


def test_elements_that_share_memory_are_not_written_to() -> None:
    with pytest.raises(RuntimeError, match="single memory location"):
        mt.ones(1, dtype=mt.bfloat16).expand(3).add_(1)
    with pytest.raises(RuntimeError, match="out of bounds"):
        mt.zeros(4, 4, dtype=mt.bfloat16)[:, 0].as_strided((4,), (5,))


# ---- gradients ----------------------------------------------------------------------------------


def gradients(m: Any) -> Any:
    half = m.bfloat16
    x = m.ones(3, dtype=half, requires_grad=True)
    (x * 2).sum().backward()
    (x * 3.3).sum().backward()
    yield x.grad
    x.grad.zero_()
    yield x.grad
    seen: list[Any] = []
    y = x * x
    y.register_hook(lambda grad: seen.append(grad.clone()) or grad * 2)
    y.retain_grad()
    (y * 1.7).sum().backward()
    yield from (seen[0], y.grad, x.grad)
    (first,) = m.autograd.grad((x**3).sum(), x, create_graph=True)
    yield from (first, *m.autograd.grad(first.sum(), x))
    wide = m.full((3,), 1.3, requires_grad=True)
    (wide.bfloat16() * 2).sum().backward()
    yield wide.grad

    class Square(m.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            ctx.save_for_backward(a)
            return a * a

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (a,) = ctx.saved_tensors
            assert a.dtype == grad.dtype == half
            return 2 * a * grad

    Square.apply(x).sum().backward()
    yield x.grad


def test_gradients_are_pytorchs() -> None:
    for a, b in zip(gradients(mt), gradients(the_torch()), strict=True):
        assert repr(a) == repr(b)


def test_the_checker_takes_it_and_nodes_show_it() -> None:
    x = mt.tensor([1.0, 2.0, 0.3]).bfloat16().requires_grad_()
    assert mt.autograd.gradcheck(lambda a: (a * a).exp(), (x,))
    with pytest.raises(mt.autograd.GradcheckError, match="part of the function is detached"):
        mt.autograd.gradcheck(lambda a: a.detach() * a, (x,))
    node: Any = (x * x).grad_fn
    assert node._saved_self is x and node(mt.ones(3).bfloat16())[0].dtype is mt.bfloat16


def test_a_gradient_of_another_dtype_is_refused() -> None:
    x = mt.ones(2, dtype=mt.bfloat16)
    with pytest.raises(RuntimeError, match="different type"):
        x.grad = mt.ones(2)


# ---- making and saving --------------------------------------------------------------------------


def draws(m: Any) -> Any:
    m.manual_seed(3)
    for n in (3, 16, 40, 1000):
        x = m.empty(n, dtype=m.bfloat16)
        yield from (m.randn(n, dtype=m.bfloat16), m.rand(n, dtype=m.bfloat16))
        yield from (
            x.normal_(0.3, 2.5).clone(),
            x.uniform_(-3, 2).clone(),
            x.exponential_().clone(),
        )
        yield from (x.bernoulli_(0.3).clone(), x.random_().clone(), x.random_(-200, 250).clone())
        yield from (x.geometric_(0.3).clone(), x.cauchy_().clone(), x.log_normal_().clone())
        yield m.empty(n, 2, dtype=m.bfloat16).t().normal_()
        yield m.empty(n, 3, dtype=m.bfloat16)[:, :2].normal_()
        yield m.nn.functional.dropout(m.ones(n, dtype=m.bfloat16), 0.3)
    yield m.randperm(200, dtype=m.bfloat16)
    yield m.nn.init.xavier_normal_(m.empty(5, 6, dtype=m.bfloat16))
    yield m.nn.init.dirac_(m.empty(2, 2, 3, dtype=m.bfloat16))
    yield m.nn.init.eye_(m.empty(2, 3, dtype=m.bfloat16))


def test_random_numbers_are_pytorchs() -> None:
    torch = the_torch()
    for a, b in zip(draws(mt), draws(torch), strict=True):
        np.testing.assert_array_equal(bits(mt, a), bits(torch, b))


def makers(m: Any) -> list[Any]:
    """Calls that make one, look at one, or fail, each to be told alike by both."""
    x, half = m.ones(2, dtype=m.bfloat16), m.bfloat16
    swapped, pairs = np.ones(2, ">f4"), np.ones(2, [("bfloat16", np.uint16)])
    return [
        *(lambda: m.tensor([1.7, 2], dtype=half), lambda: m.tensor([x[0], 2])),
        *(lambda: m.full((2,), 1.3, dtype=half), lambda: m.full((2,), 1e39, dtype=half)),
        *(lambda: m.eye(2, dtype=half), lambda: m.ones_like(x), lambda: x.new_tensor([1.7])),
        *(lambda: m.BFloat16Tensor([1, 2.5]), lambda: isinstance(x, m.BFloat16Tensor)),
        *(lambda: x.type(), lambda: x.type(m.float16), lambda: x.tolist(), lambda: x[0].item()),
        *(lambda: f"{x[0]:.2f}", lambda: float(x[0]), lambda: 1.0 in x, lambda: len(x)),
        *(lambda: m.frombuffer(bytearray(b"\x80\x3f\x00\x40"), dtype=half), lambda: m.finfo(half)),
        *(lambda: m.can_cast(half, m.int32), lambda: m.result_type(x, 2.0), lambda: m.iinfo(half)),
        *(lambda: x.numpy(), lambda: np.asarray(x), lambda: np.add(x, 1)),
        *(lambda: m.from_numpy(swapped), lambda: m.tensor(swapped), lambda: m.from_numpy(pairs)),
        *(lambda: m.cat([x, m.ones(1)]), lambda: m.ones(2, 2, dtype=half) @ m.ones(2, 2)),
        *(lambda: m.nn.Linear(2, 3, dtype=half).weight.dtype, lambda: x.fill_(1e39), lambda: x & x),
        lambda: m.nn.Linear(2, 3).bfloat16().bias.dtype,
        lambda: m.ones(3).to(half).view(m.float32),
    ]  # fmt: skip


def test_makers_and_errors_are_pytorchs() -> None:
    for number, (ours, theirs) in enumerate(zip(makers(mt), makers(the_torch()), strict=True)):
        assert told(ours) == told(theirs), number


def test_what_numpy_lacks_is_said() -> None:
    x = mt.ones(2, dtype=mt.bfloat16)
    with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
        x.numpy()
    with pytest.raises(BufferError, match="no bfloat16"):
        np.from_dlpack(x)


def test_it_can_be_the_default() -> None:
    mt.set_default_dtype(mt.bfloat16)
    try:
        assert repr(mt.tensor([1.3]) * 2) == "tensor([2.5938])"
        assert mt.zeros(2).dtype is mt.bfloat16 and (mt.arange(3) / 2).dtype is mt.bfloat16
    finally:
        mt.set_default_dtype(mt.float32)


def test_files_cross_both_ways() -> None:
    torch = the_torch()
    whole = torch.randn(4, 4).bfloat16()
    theirs = {"a": whole, "view": whole[:, 1:3], "p": torch.nn.Parameter(whole[0].clone())}
    file = io.BytesIO()
    torch.save(theirs, file)
    file.seek(0)
    ours = mt.load(file)
    again = io.BytesIO()
    mt.save(ours, again)
    again.seek(0)
    back = torch.load(again)
    for name, tensor in theirs.items():
        assert ours[name].dtype is mt.bfloat16 and ours[name].stride() == tensor.stride()
        np.testing.assert_array_equal(bits(mt, ours[name]), bits(torch, tensor))
        assert torch.equal(back[name], tensor) and back[name].stride() == tensor.stride()


def test_safetensors_cross_both_ways() -> None:
    torch = the_torch()
    theirs = pytest.importorskip("safetensors.torch")
    from minitorch import safetensors as ours

    tensors = {"x": mt.randn(2, 3).bfloat16(), "y": mt.ones(3), "z": mt.ones((), dtype=mt.bfloat16)}
    read = theirs.load(ours.save(tensors, {"made": "here"}))
    again = ours.load(theirs.save(read))
    for name, tensor in tensors.items():
        assert str(read[name].dtype) == str(again[name].dtype) == str(tensor.dtype)
        assert read[name].tolist() == again[name].tolist() == tensor.tolist()
    assert torch.equal(read["x"].view(torch.int16), torch.from_numpy(bits(mt, tensors["x"])))


# ---- layers and optimizers ----------------------------------------------------------------------

STEPS = [("SGD", {"momentum": 0.9}), ("SGD", {"nesterov": True, "momentum": 0.9}), ("Adam", {})]
STEPS += [
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"fused": True}),
]
STEPS += [("Adagrad", {}), ("Adadelta", {}), ("Adamax", {}), ("NAdam", {}), ("RAdam", {})]
STEPS += [("Adam", {"maximize": True}), ("ASGD", {}), ("Adafactor", {})]


@pytest.mark.parametrize(("name", "options"), STEPS, ids=str)
def test_optimizers_step_as_pytorchs(name: str, options: dict[str, Any]) -> None:
    torch = the_torch()

    def stepped(m: Any) -> Any:
        m.manual_seed(0)
        shapes = [(300,), (7, 5), ()]
        leaves = [m.randn(shape, dtype=m.bfloat16).requires_grad_() for shape in shapes]
        optimizer = getattr(m.optim, name)(leaves, lr=0.01, **options)
        for _ in range(3):
            optimizer.zero_grad()
            sum((leaf.float() ** 2).sum() for leaf in leaves).backward()
            optimizer.step()
        kept = optimizer.state_dict()["state"][0].items()
        kinds = {key: str(v.dtype) for key, v in kept if hasattr(v, "dtype")}
        return kinds, leaves

    (kinds, ours), (their_kinds, theirs) = stepped(mt), stepped(torch)
    assert kinds == their_kinds
    for a, b in zip(ours, theirs, strict=True):
        close = 2.0**-6 if name == "Adafactor" else 2.0**-7
        np.testing.assert_allclose(a.tolist(), b.tolist(), close)


def test_a_module_trains_in_bfloat16() -> None:
    torch = the_torch()

    def losses(m: Any) -> list[float]:
        m.manual_seed(1)
        net = m.nn.Sequential(
            *(m.nn.Conv2d(1, 4, 3), m.nn.BatchNorm2d(4), m.nn.ReLU(), m.nn.Flatten()),
            m.nn.Linear(144, 5),
        ).bfloat16()  # fmt: skip
        x = m.randn(5, 1, 8, 8, dtype=m.bfloat16)
        optimizer = m.optim.SGD(net.parameters(), lr=0.05)
        found = []
        for _ in range(10):
            loss = m.nn.functional.cross_entropy(net(x), m.arange(5))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        assert {str(p.grad.dtype) for p in net.parameters()} == {"torch.bfloat16"}
        return found

    ours, theirs = losses(mt), losses(torch)
    np.testing.assert_allclose(ours, theirs, 0.05, 0.01)
    assert ours[-1] < ours[0] / 4
