"""The checkers on trial, each behind ``check(case, backward)``, which raises what it has to object.

A case is wrapped as each framework's users would wrap it: as a ctx-form `autograd.Function` whose
arrays share memory with the framework's tensors, or as a HIPS primitive.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.gradcheckers.case import Array, Backward, Case, Node


@dataclass(frozen=True)
class Verdict:
    """What a checker said of a case: an objection, or an empty string; and how long it took."""

    objection: str
    seconds: float

    @property
    def accepted(self) -> bool:
        return not self.objection


@dataclass(frozen=True)
class Checker:
    """A checker, and how to get it."""

    name: str
    check: Callable[[Case, Backward], Any]
    module: str
    install: str

    def missing(self) -> str:
        """Why it cannot be run, or an empty string."""
        try:
            import_module(self.module)
        except ModuleNotFoundError as error:
            return f"{self.name} needs {error.name}, which is not installed: {self.install}"
        return ""

    def judge(self, case: Case, backward: Backward) -> Verdict:
        """Whatever exception comes out of the checker is an objection, and so is False."""
        start = time.perf_counter()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                passed = self.check(case, backward)
                objection = "" if passed is None or passed else "returned False"
            except Exception as error:
                objection = f"{type(error).__name__}: {error}".strip()
        return Verdict(objection, time.perf_counter() - start)


def as_function(m: Any, case: Case, backward: Backward) -> tuple[Callable[..., Any], list[Any]]:
    """The case as a function of `m`'s tensors, m being torch or minitorch; and its inputs."""
    once_differentiable = import_module(m.__name__ + ".autograd.function").once_differentiable

    def tensor(array: Any) -> Any:
        array = np.asarray(array)
        if any(step < 0 for step in array.strides) or not array.flags.writeable:
            array = array.copy()  # which PyTorch cannot share
        return m.from_numpy(array)

    class Pair(m.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            ctx.node = Node()
            made = case.forward(*(t.detach().numpy() for t in tensors))
            return tuple(map(tensor, made)) if isinstance(made, tuple) else tensor(made)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *grads: Any) -> Any:
            arrays = [t.detach().numpy() for t in ctx.saved_tensors]
            given = tuple(g.detach().numpy() for g in grads)
            made = backward(ctx.node, given if len(given) > 1 else given[0], *arrays)
            return tuple(None if g is None else tensor(g) for g in made)

    inputs = [  # an empty array of NumPy's has strides of 0, which PyTorch's gradcheck refuses
        m.from_numpy(x) if x.size else m.zeros(x.shape, dtype=getattr(m, str(x.dtype)))
        for x in case.arrays()
    ]
    for index in case.differentiable:
        inputs[index].requires_grad_()
    return case.program(Pair.apply), inputs


def minitorch_gradcheck(case: Case, backward: Backward) -> Any:
    m = import_module("minitorch")
    return m.autograd.gradcheck(*as_function(m, case, backward))


def minitorch_on_torch(case: Case, backward: Backward) -> Any:
    """The same checker, of the function as a user of PyTorch would write it."""
    return import_module("minitorch").autograd.gradcheck(
        *as_function(import_module("torch"), case, backward)
    )


def torch_gradcheck(fast: bool) -> Callable[[Case, Backward], Any]:
    def check(case: Case, backward: Backward) -> Any:
        torch = import_module("torch")
        torch.manual_seed(0)
        return torch.autograd.gradcheck(*as_function(torch, case, backward), fast_mode=fast)

    return check


def hips_check_grads(case: Case, backward: Backward) -> None:
    """In each input by itself, which is the sharpest way to use it."""
    extend, test_util = import_module("autograd.extend"), import_module("autograd.test_util")
    independent = [i for i, g in enumerate(_right(case)) if g is None]

    def vjp_of(wanted: tuple[int, ...], ans: Any, args: tuple[Array, ...], kwargs: Any) -> Any:
        node = Node()

        def vjp(grad: Any) -> tuple[Any, ...]:
            made = list(backward(node, grad, *args))
            for index in independent:  # whose gradient is written as zeros here
                if made[index] is None:
                    made[index] = np.zeros_like(args[index])
            return tuple(made[i] for i in wanted)

        return vjp

    function = extend.primitive(case.forward)
    extend.defvjp_argnums(function, vjp_of)
    state = np.random.get_state()
    np.random.seed(0)
    try:
        for index in case.differentiable:
            test_util.check_grads(case.program(function), index, modes=["rev"], order=1)(
                *case.arrays()
            )
    finally:
        np.random.set_state(state)


def _right(case: Case) -> Any:
    arrays = case.arrays()
    ones = tuple(np.ones_like(out) for out in case.outputs(arrays))
    return case.vjp(ones if len(ones) > 1 else ones[0], *arrays)


TORCH, HIPS = "pip install torch==2.13.0", "pip install autograd"
CHECKERS = {
    "minitorch": Checker("minitorch", minitorch_gradcheck, "minitorch", "pip install -e ."),
    "minitorch-torch": Checker("minitorch on PyTorch", minitorch_on_torch, "torch", TORCH),
    "torch": Checker("PyTorch", torch_gradcheck(fast=False), "torch", TORCH),
    "torch-fast": Checker("PyTorch, fast mode", torch_gradcheck(fast=True), "torch", TORCH),
    "hips": Checker("HIPS autograd", hips_check_grads, "autograd.test_util", HIPS),
}
