"""What a tensor is and does besides the operations: each line evaluated under both frameworks."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch

torch = pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")

LINES = [
    line
    for line in (Path(__file__).parents[1] / "data" / "tensor_lines.txt").read_text().splitlines()
    if not line.startswith("#")
]
# Where we knowingly differ.
KNOWN = {
    # PyTorch (or NumPy on its behalf) refuses an ndarray on the left; the answer is plain enough.
    "x.numpy() + x",
    "x.numpy() * x",
    "x.numpy() - x",
    "np.ones(3) * v",
    "np.ones(3, np.float32) + v",
    "np.ones((2, 1)) * x",
    # No memory is shared between processes, and PyTorch's answer would say that it is.
    "x.share_memory_() is x",
    # PyTorch cannot hold the number; it is equal to no element all the same.
    "i == 2**70",
}


def scope_of(m: Any) -> dict[str, Any]:
    """The names that a line may use."""
    return {
        "m": m,
        "np": np,
        "x": m.tensor([[0.0, 1.5, -2.0], [3.25, 4.0, 5.5]]),
        "i": m.tensor([2, 3, 5]),
        "b": m.tensor([True, False, True]),
        "u": m.tensor([1, 200], dtype=m.uint8),
        "v": m.tensor([1.0, 2.0, 3.0]),
        "s": m.tensor(1.25),
        "e": m.zeros(0, 3),
        "p": m.tensor([1.0, -2.0], requires_grad=True),
    }


def plain(value: Any) -> Any:
    """A result as something that can be compared, whichever framework it came from."""
    module = type(value).__module__.partition(".")[0]
    if isinstance(value, (minitorch.Tensor, torch.Tensor)):
        return type(value).__name__, repr(value)
    if isinstance(value, np.ndarray):
        return "ndarray", value.dtype, value.shape, value.tolist()
    if module in ("minitorch", "torch"):
        return type(value).__name__, repr(value)
    if type(value) in (tuple, list):
        return type(value).__name__, [plain(item) for item in value]
    return type(value).__name__, repr(value).replace("minitorch", "torch")


def outcome(m: Any, line: str) -> Any:
    try:
        return plain(eval(line, scope_of(m)))
    except Exception as error:
        return error


def same(line: str) -> None:
    ours, theirs = outcome(minitorch, line), outcome(torch, line)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raises {theirs!r}, minitorch gives {ours}"
        if not isinstance(ours, type(theirs)):
            raise AssertionError(f"PyTorch raises {theirs!r}, minitorch {ours!r}") from ours
        return
    if isinstance(ours, Exception):
        raise AssertionError(f"minitorch raises where PyTorch gives {theirs}") from ours
    assert ours == theirs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", [line for line in LINES if line not in KNOWN])
def test_line(line: str) -> None:
    same(line)


# ---- subclasses ---------------------------------------------------------------------------------

SUBCLASSED = [
    "t * 2",
    "p * t",
    "t == p",
    "m.cat([p, t])",
    "m.where(p > 1, p, t)",
    "t[0]",
    "t.sum()",
    "t.view(1, 3).max(1)",
    "t.split(1)",
    "list(t)",
    "t.clone()",
    "t.detach()",
    "t.data",
    "t.double()",
    "t.view(1, 3).t()",
    "t.new_zeros(2)",
    "t.clone().add_(p)",
    "t.requires_grad_()",
    "t.shape",
    "t.tolist()",
    "T(p)",
    "T()",
    "T([1, 2])",
    "p.as_subclass(T)",
    "T._make_subclass(T, p, True)",
    "m.autograd.grad((r * r).sum(), r)",
    "w * 2",
    "w * t",
    "w.data",
    "w.detach()",
    "w.clone()",
    "w",
    "P(p)",
    "P(p) * 2",
    "copy.deepcopy(w)",
    "isinstance(P(p), m.nn.Parameter)",
]


@pytest.mark.parametrize("line", SUBCLASSED)
def test_subclasses_stay_and_parameters_do_not(line: str) -> None:
    results = []
    for m in (minitorch, torch):

        class T(m.Tensor):
            pass

        class P(m.nn.Parameter):
            pass

        p = m.tensor([1.0, 2.0, 3.0])
        scope = {"m": m, "copy": copy, "T": T, "P": P, "p": p, "t": p.as_subclass(T)}
        scope |= {"w": m.nn.Parameter(m.ones(3)), "r": T([1.0, 2.0]).requires_grad_()}
        results.append(plain(eval(line, scope)))
    ours, theirs = (str(r).replace("AliasBackward0", "MulBackward0") for r in results)
    assert ours == theirs


def test_a_subclass_may_not_ask_for_what_would_never_be_called() -> None:
    mine = type("Mine", (minitorch.Tensor,), {"__torch_dispatch__": None})
    with pytest.raises(NotImplementedError, match="Mine: __torch_dispatch__ is not covered"):
        minitorch.ones(2).as_subclass(mine)
    with pytest.raises(NotImplementedError, match="Mine: __torch_dispatch__ is not covered"):
        mine([1.0])


class Labelled(minitorch.Tensor):
    """At the top, so that pickle finds it."""


def test_copies_and_pickles_keep_what_belongs_to_a_tensor() -> None:
    x = minitorch.tensor([1.0, 2.0]).as_subclass(Labelled).requires_grad_()
    x.label = ["a"]
    (x * x).sum().backward()
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(other) is Labelled
        assert other.label == ["a"] and other.label is not x.label
        assert other.requires_grad and other.is_leaf and other.tolist() == x.tolist()
        assert other.data_ptr() != x.data_ptr()
    again = copy.deepcopy(x)
    assert again.grad is not None and again.grad.tolist() == [2.0, 4.0]
    assert again.grad is not x.grad
    w = minitorch.nn.Parameter(minitorch.ones(2), requires_grad=False)
    for other in (copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        assert type(other) is minitorch.nn.Parameter and not other.requires_grad
    pair = [x, x]
    first, second = copy.deepcopy(pair)
    assert first is second
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)
    kept = pickle.loads(pickle.dumps([minitorch.float32, minitorch.device("cpu"), x.shape]))
    assert kept[0] is minitorch.float32 and kept[1:] == [minitorch.device("cpu"), x.shape]


# ---- the shape changed in place -----------------------------------------------------------------


@pytest.mark.parametrize(
    "change", ["t_()", "unsqueeze_(1)", "squeeze_()", "transpose_(0, 1)", "swapaxes_(0, -1)"]
)
def test_the_shape_changes_in_place(change: str) -> None:
    seen = []
    for m in (minitorch, torch):
        p = m.tensor([[1.0], [2.0]], requires_grad=True)
        x = p * 3
        y = eval(f"x.{change}", {"x": x})
        assert y is x
        (x * m.tensor([2.0, 5.0]).reshape(x.shape)).sum().backward()
        assert p.grad is not None
        seen.append((tuple(x.shape), x.tolist(), p.grad.tolist()))
    assert seen[0] == seen[1]


# ---- what there is not --------------------------------------------------------------------------


def test_a_missing_name_is_said_to_be_missing_with_the_nearest_there_is() -> None:
    x = minitorch.ones(2)
    with pytest.raises(AttributeError, match=r"torch.Tensor.rehsape is not covered.*'reshape'"):
        x.rehsape  # noqa: B018
    with pytest.raises(AttributeError, match=r"torch.Tensor.stft is not covered"):
        x.stft(4)
    with pytest.raises(NotImplementedError, match=r"torch.fft.rfft is not covered.*numpy.fft"):
        minitorch.fft.rfft(x)
    with pytest.raises(AttributeError, match=r"torch.vmpa is not covered by minitorch$"):
        minitorch.vmpa  # noqa: B018
    assert not hasattr(x, "stft") and getattr(x, "stft", 3) == 3


@pytest.mark.parametrize(
    "line",
    [
        "x.sum(dims=0)",
        "x.to(dtpye=m.float64)",
        "m.zeros(2, dtpye=m.float64)",
        "x.clamp(minimum=0)",
        "x.view(shap=(2,))",
        "m.tensor([1], requires_gard=True)",
        "x.add(1, alhpa=2)",
        "x.backward(retain=True)",
        "x.softmax(axs=0)",
    ],
)
def test_a_misspelt_keyword_is_refused(line: str) -> None:
    for m in (minitorch, torch):
        with pytest.raises(TypeError):
            eval(line, {"x": m.ones(2), "m": m})


def test_there_is_no_other_device() -> None:
    x = minitorch.ones(2)
    for call in (lambda: x.cuda(), lambda: x.to("mps"), lambda: minitorch.ones(2, device="cuda")):
        with pytest.raises(RuntimeError, match="CPU only"):
            call()
    with minitorch.device("cpu"):
        assert minitorch.ones(1).device == minitorch.device("cpu")
    with pytest.raises(RuntimeError, match="CPU only"), minitorch.device("cuda"):
        pass


def test_mixed_precision_switched_off() -> None:
    with minitorch.autocast("cpu", enabled=False):
        assert (minitorch.ones(2) @ minitorch.ones(2)).dtype is minitorch.float32
    assert minitorch.backends.cudnn.deterministic is False


def test_variable_and_graph() -> None:
    x = minitorch.autograd.Variable(minitorch.ones(2), requires_grad=True)
    assert x.requires_grad and isinstance(x, minitorch.autograd.Variable)
    assert isinstance((x * 2).grad_fn, minitorch.autograd.graph.Node)
    with minitorch.autograd.graph.save_on_cpu():
        (x * x).sum().backward()
    with pytest.raises(NotImplementedError, match="saved_tensors_hooks"):
        minitorch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x)
