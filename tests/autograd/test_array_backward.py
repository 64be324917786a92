"""A Function's shortcut on arrays beside its textbook backward: which of them a walk calls."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import as_inputs, outputs, weighted

import minitorch as mt
from minitorch.autograd import Function

calls: list[tuple[str, type, type]] = []


def note(rule: str, grad: Any, saved: Any) -> Any:
    calls.append((rule, type(grad), type(saved)))
    return grad * 3 * saved * saved


class Cube(Function):
    """y = x**3, with a kernel."""

    returns_fresh_gradients = True

    def forward(self, x: Any) -> Any:
        self.save(x)
        return x**3

    def backward_kernel(self, grad: Any) -> Any:
        return note("kernel", grad, self.saved[0])

    def backward(self, grad: Any) -> Any:
        return note("textbook", grad, self.saved_at(0))


class NewBackward(Cube):
    def backward(self, grad: Any) -> Any:
        return note("new", grad, self.saved[0])


class NewKernel(Cube):
    def backward_kernel(self, grad: Any) -> Any:
        return note("new kernel", grad, self.saved_at(0))


class Both(Cube):
    backward_takes_arrays = True

    def backward(self, grad: Any) -> Any:
        return note("both", grad, self.saved[0])


class Switched(Cube):
    def forward(self, x: Any) -> Any:
        self.array_backward = None
        return super().forward(x)


class Named(Both):
    """Nothing of its own."""


ON_ARRAYS, ON_TENSORS = (np.ndarray, np.ndarray), (mt.Tensor, mt.Tensor)


@pytest.mark.parametrize(
    ("function", "unrecorded", "recorded", "fresh"),
    [
        (Cube, ("kernel", *ON_ARRAYS), "textbook", True),
        (NewBackward, ("new", *ON_TENSORS), "new", False),
        (NewKernel, ("new kernel", *ON_ARRAYS), "textbook", False),
        (Both, ("both", *ON_ARRAYS), "both", False),
        (Named, ("both", *ON_ARRAYS), "both", False),
        (Switched, ("textbook", *ON_TENSORS), "textbook", True),
    ],
)
@pytest.mark.parametrize("hooked", [False, True])
def test_the_walk_picks_the_rule(
    function: type[Function], unrecorded: Any, recorded: str, fresh: bool, hooked: bool
) -> None:
    assert function.returns_fresh_gradients is fresh
    for create_graph, expected in ((False, unrecorded), (True, (recorded, *ON_TENSORS))):
        x = mt.tensor([1.0, 2.0], requires_grad=True)
        y = function.apply(x)
        if hooked:
            y.register_hook(lambda grad: None)
        calls.clear()
        y.backward(mt.ones(2), create_graph=create_graph)
        assert calls == [expected]
        np.testing.assert_array_equal(x.grad.detach().numpy(), [3.0, 12.0])


def test_a_call_of_the_node_is_in_tensors() -> None:
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x)
    calls.clear()
    y.grad_fn(mt.ones(2))
    assert calls == [("textbook", *ON_TENSORS)]


# ---- the kernels that there are, against the textbook beside them -----------------------------


def functions() -> Iterator[type[Function]]:
    """Every Function of the operations."""
    for module in pkgutil.walk_packages(mt.ops.__path__, "minitorch.ops."):
        importlib.import_module(module.name)
    left = [Function]
    while left:
        cls = left.pop()
        left += cls.__subclasses__()
        if cls.__module__.startswith("minitorch.ops.") and cls._forward_cls is cls:
            yield cls


def reached(case: Case) -> set[type[Function]]:
    """The classes whose kernel a walk back from the row's outputs calls."""
    outs = outputs(case.function(mt, *as_inputs(mt, tuple(case.arrays()), gradients=True)))
    left = [out.grad_fn for out in outs if getattr(out, "requires_grad", False)]
    seen = set(left)
    while left:
        for node, _ in left.pop().next_functions:
            if isinstance(node, Function) and node not in seen:
                seen.add(node)
                left.append(node)
    return {node._forward_cls for node in seen if node.array_backward and node.backward_kernel}


@functools.cache
def rows() -> dict[Case, set[type[Function]]]:
    """The rows of the op table that reach a kernel, and which."""
    mt.manual_seed(0)
    found = {case: reached(case) for case in CASES if case.differentiable}
    return {case: classes for case, classes in found.items() if classes}


def owner(cls: type[Function]) -> type[Function]:
    """The class that a kernel was written in."""
    return next(c for c in cls.__mro__ if "backward_kernel" in c.__dict__)


def kernels() -> set[type[Function]]:
    """Every class that a kernel was written in."""
    return {owner(cls) for cls in functions() if cls.backward_kernel is not None}


def test_every_kernel_is_reached_by_a_row_of_the_op_table() -> None:
    assert len(kernels()) >= 12
    assert {owner(cls) for classes in rows().values() for cls in classes} == kernels()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_kernel_gives_what_the_textbook_gives(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded, unrecorded with the kernel switched off, and by the kernel."""
    tolerance = {"float64": 1e-11, "float32": 2e-5, "float16": 6e-3}[dtype]
    compared = set()
    for case, classes in rows().items():

        def gradients(create_graph: bool, case: Case = case) -> Any:
            mt.manual_seed(0)
            xs = as_inputs(mt, tuple(case.arrays(dtype)), gradients=True)
            outs = outputs(case.function(mt, *xs))
            return mt.autograd.grad(
                weighted(outs),
                [x for x in xs if x.requires_grad],
                create_graph=create_graph,
                materialize_grads=True,
            )

        try:
            by_kernel = gradients(False)
        except NotImplementedError:  # PyTorch has no half of it either
            assert dtype == "float16"
            continue
        recorded = gradients(True)
        with monkeypatch.context() as patch:
            for cls in {owner(cls) for cls in classes} | classes:
                patch.setattr(cls, "array_backward", None)
            by_textbook = gradients(False)
        compared |= classes
        for number, (a, b, c) in enumerate(zip(by_kernel, recorded, by_textbook, strict=True)):
            where = f"{case}, input {number}"
            assert a.dtype is b.dtype is c.dtype, where
            assert a.shape == b.shape == c.shape, where
            scale = max(float(b.detach().abs().max()) if b.numel() else 0.0, 1.0)
            for x, name in ((a, "kernel"), (c, "unrecorded")):
                np.testing.assert_allclose(
                    x.detach().numpy(),
                    b.detach().numpy(),
                    rtol=tolerance,
                    atol=tolerance * scale,
                    err_msg=f"{where}: {name}",
                )
    if dtype == "float64":
        assert {owner(cls) for cls in compared} == kernels()


def test_no_backward_asks_whether_it_is_recorded() -> None:
    """Only the walk knows: a rule that asks is two rules in one."""
    asked = {"is_grad_enabled", "create_graph"}
    for cls in functions():
        for name, method in vars(cls).items():
            if not inspect.isfunction(method) or name == "forward":
                continue
            tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
            for node in ast.walk(tree):
                reads = isinstance(node, ast.Attribute) and node.attr == "grad"
                of_mode = reads and isinstance(node.value, ast.Name) and node.value.id == "mode"
                named = isinstance(node, ast.Name) and node.id in asked
                assert not (of_mode or named), f"{cls.__name__}.{name}"
