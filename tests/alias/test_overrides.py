"""`__torch_function__`, modes and subclasses: the same programs on minitorch and on PyTorch."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOGGED = """
import operator
import torch
class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(func.__name__, end=" ")
        return super().__torch_function__(func, types, args, kwargs or {})
x, y = torch.tensor([1.0, 2.0]).as_subclass(Logged), torch.tensor([3.0, 4.0])
def shown(result):
    print(type(result).__name__)
"""

PROGRAMS = {
    "operators": LOGGED
    + """
for name in "add sub mul truediv mod pow floordiv eq ne lt le gt ge".split():
    for a, b in ((x, y), (y, x), (x, 2), (2, x)):
        print(name, end=" ")
        shown(getattr(operator, name)(a, b))
i, j = x.int(), y.int()
print()
for name in "and_ or_ xor lshift rshift".split():
    for a, b in ((i, j), (j, i), (i, 2), (2, i)):
        print(name, end=" ")
        shown(getattr(operator, name)(a, b))
for name in "neg pos abs".split():
    shown(getattr(operator, name)(x))
shown(~i), shown(torch.ones(2, 2) @ x), shown(x[0])
""",
    "methods and functions": LOGGED
    + """
shown(x.sum()), shown(torch.sum(x)), shown(torch.cat([x, y])), shown(torch.stack((y, x)))
shown(torch.nn.functional.relu(x)), shown(torch.nn.functional.linear(x, torch.ones(3, 2)))
shown(torch.nn.Linear(2, 2)(x)), shown(x.max(0)), shown(x.split(1)), shown(x.new_zeros(2))
shown(torch.zeros_like(x)), shown(x.to(torch.float64)), shown(x.tolist()), shown(x.numpy())
shown(bool(x[0])), shown(len(x)), shown(x.detach()), shown(torch.where(x > 0, x, y))
shown(x.reshape(1, 2).T), shown(x.data), shown(x.grad), shown(torch.is_tensor(x)), shown(x.size())
shown(torch.einsum("i,i->", x, x)), shown(torch.linalg.norm(x)), shown(x.clone().add_(1))
shown(torch.add(y, 1, alpha=2)), shown(torch.add(input=x, other=y)), shown(1.0 in x)
""",
    "a class that is no tensor": """
import torch
HANDLED = {}
class Diagonal:
    def __init__(self, value):
        self.value = value
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func not in HANDLED or not all(issubclass(t, (torch.Tensor, Diagonal)) for t in types):
            return NotImplemented
        return HANDLED[func](*args, **(kwargs or {}))
def handles(*functions):
    return lambda mine: HANDLED.update(dict.fromkeys(functions, mine))
handles(torch.mean)(lambda x: x.value)
handles(torch.add, torch.Tensor.add)(lambda a, b, *, alpha=1: ("added", alpha))
handles(torch.nn.functional.relu)(lambda x, inplace=False: ("relu", inplace))
handles(torch.cat)(lambda parts, dim=0: ("cat", len(parts), dim))
d = Diagonal(3.0)
torch.overrides.is_tensor_like  # is loaded, or was
print(torch.mean(d), torch.add(d, torch.ones(2), alpha=2), torch.ones(2) + d, torch.ones(2).add(d))
print(torch.nn.functional.relu(d, inplace=True), torch.cat([torch.ones(2), d], dim=1))
for call in (lambda: torch.mul(d, 3), lambda: torch.stack([d, d]), lambda: torch.ones(2) * d):
    try:
        call()
    except TypeError as error:
        print(str(error).partition("\\n\\n")[0])
o = torch.overrides
print(o.is_tensor_like(d), o.is_tensor_like(3), o.has_torch_function((d,)))
print(o.has_torch_function((torch.ones(1),)), o.resolve_name(torch.add))
print(o.resolve_name(torch.Tensor.add), o.is_tensor_method_or_property(torch.Tensor.add))
def mine(x, y=1):
    if o.has_torch_function((x,)):
        return o.handle_torch_function(mine, (x,), x, y=y)
    return "plain"
handles(mine)(lambda x, y=1: ("mine", y))
print(mine(torch.ones(1)), mine(d, y=4))
""",
    "who is asked first": """
import torch
def said(name):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(name, [t.__name__ for t in types])
        return NotImplemented
    return __torch_function__
class First(torch.Tensor):
    __torch_function__ = said("first")
class Second(First):
    __torch_function__ = said("second")
class Other:
    __torch_function__ = said("other")
a, b = torch.ones(1).as_subclass(First), torch.ones(1).as_subclass(Second)
for args in ((a, b), (b, a), (a, Other()), (Other(), b), (a, a)):
    try:
        torch.add(*args)
    except TypeError as error:
        print(str(error).splitlines()[0])
""",
    "a tensor that carries something": """
import torch
class Meta(torch.Tensor):
    @staticmethod
    def __new__(cls, values, label, *args, **kwargs):
        return super().__new__(cls, values)
    def __init__(self, values, label):
        self.label = label
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs)
        if isinstance(result, cls):
            result.label = next((a.label for a in args if isinstance(a, cls)), None)
        return result
m = Meta([1.0, 2.0], "mine")
z = (m * 2).exp()
print(type(z).__name__, z.label, z.int().tolist(), type(torch.cat([m, m])).__name__)
leaf = torch.ones(3, requires_grad=True)
q = leaf.as_subclass(Meta)
q.label = None
(q * q).sum().backward()
print(type(leaf.grad).__name__, leaf.grad)
class Plain(torch.Tensor):
    pass
class Disabled(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl
print(type(Plain([1.0]) + 1).__name__)
d = torch.ones(2).as_subclass(Disabled)
print(type(d + 1).__name__, type(torch.exp(d)).__name__, type(d.view(2)).__name__)
with torch._C.DisableTorchFunctionSubclass():
    print(type(m + 1).__name__)
""",
    "modes": """
import torch
from torch.overrides import TorchFunctionMode
class Names(TorchFunctionMode):
    def __init__(self, name):
        self.name = name
    def __torch_function__(self, func, types, args=(), kwargs=None):
        print(self.name, func.__name__, len(args), kwargs or {})
        return func(*args, **(kwargs or {}))
class Double(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result * 2 if func is torch.add else result
x = torch.tensor([1.0])
with Names("outer"), Names("inner"):
    torch.add(x, 1)
with Double():
    print(torch.add(x, 1), torch.mul(x, 3), x + 1)
    with torch._C.DisableTorchFunction():
        print(torch.add(x, 1))
with Names("made"):
    torch.ones(2, dtype=torch.float64)
print(torch.add(x, 1))
""",
}


def on_minitorch(program: str, folder: Path) -> str:
    """In a process of its own: the first class that takes over changes every function."""
    (folder / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", "run", "program.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_the_same(name: str, torch: Any, tmp_path: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(PROGRAMS[name], name, "exec"), {"__name__": "program"})
    ours = on_minitorch(PROGRAMS[name], tmp_path)
    assert [" ".join(line.split()) for line in ours.splitlines()] == [
        " ".join(line.split()) for line in printed.getvalue().splitlines()
    ]


def test_nothing_is_in_the_way_until_a_class_asks_for_it(tmp_path: Path) -> None:
    program = """
import minitorch
plain = minitorch.exp, minitorch.Tensor.exp
class Sub(minitorch.Tensor): pass
Sub([1.0]).exp()
assert (minitorch.exp, minitorch.Tensor.exp) == plain
class Own(minitorch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return "mine"
assert minitorch.exp is not plain[0] and minitorch.exp(Own([1.0])) == "mine"
print(minitorch.exp.__doc__ == plain[0].__doc__, minitorch.exp.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("True exp\n", "")
