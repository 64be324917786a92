"""The checkers on trial, each behind ``check(case, backward)``, which raises what it has to object.

A case is wrapped as each framework's users would wrap it: as a ctx-form `autograd.Function` whose
arrays share memory with the framework's tensors, or as a HIPS primitive.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
    shown: Callable[[Backward], Backward] | None = None  # what of a backward its library shows

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


def as_primitive(case: Case, backward: Backward) -> Callable[..., Any]:
    """The case as a function of HIPS's boxes, which hold the very arrays."""
    extend = import_module("autograd.extend")
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
    return case.program(function)


def by_argument(backward: Backward) -> Backward:
    """A backward as HIPS shows it: it is asked for the gradient of each argument.

    The gradients of several outputs are sums that nobody else holds.
    """

    def shown(node: Node, grad: Any, *inputs: Array) -> Any:
        if isinstance(grad, tuple):
            grad = tuple(np.array(g, order="C") for g in grad)
        return list(backward(node, grad, *inputs))[: len(inputs)]

    return shown


def minitorch_on_hips(case: Case, backward: Backward) -> Any:
    """The same checker, of the function as a user of HIPS autograd would write it."""
    checked = import_module("minitorch").autograd.gradcheck
    return checked(as_primitive(case, backward), case.arrays())


def hips_check_grads(case: Case, backward: Backward) -> None:
    """In each input by itself, which is the sharpest way to use it."""
    function, test_util = as_primitive(case, backward), import_module("autograd.test_util")
    state = np.random.get_state()
    np.random.seed(0)
    try:
        for index in case.differentiable:
            test_util.check_grads(function, index, modes=["rev"], order=1)(*case.arrays())
    finally:
        np.random.set_state(state)


def through_copies(backward: Backward) -> Backward:
    """A backward as JAX shows it: it knows no earlier call, and nothing is shared with anybody.

    What it is shown is contiguous, too.
    """
    copy = partial(np.array, order="C")

    def shown(node: Node, grad: Any, *inputs: Array) -> Any:
        grad = tuple(map(copy, grad)) if isinstance(grad, tuple) else copy(grad)
        given = backward(Node(), grad, *map(copy, inputs))
        pairs = zip(given, inputs, strict=True)
        return [g if g is None else np.array(g).astype(x.dtype) for g, x in pairs]

    return shown


def as_custom_vjp(case: Case, backward: Backward) -> tuple[Callable[..., Any], list[Any]]:
    """The case as a function of JAX's arrays with a custom rule, both run by NumPy; its inputs."""
    jax = import_module("jax")
    callback = partial(jax.pure_callback, vmap_method="sequential")

    def specs(arrays: Any) -> Any:
        return tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in arrays)

    outputs = case.outputs(case.arrays())
    floating, shown = case.differentiable, through_copies(backward)

    def forward(*xs: Any) -> Any:
        return case.outputs([np.array(x) for x in xs])

    @jax.custom_vjp
    def function(*xs: Any) -> Any:
        made = callback(forward, specs(outputs), *xs)
        return tuple(made) if len(outputs) > 1 else made[0]

    def run(grad: Any, *xs: Any) -> Any:
        arrays = [np.array(x) for x in xs]
        grad = tuple(map(np.array, grad)) if isinstance(grad, tuple) else np.array(grad)
        made = shown(Node(), grad, *arrays)
        return tuple(np.zeros_like(arrays[i]) if made[i] is None else made[i] for i in floating)

    def rule(xs: Any, grad: Any) -> Any:  # `run` is outside: JAX compiles a new function anew
        made = iter(callback(run, specs([xs[i] for i in floating]), grad, *xs))
        return tuple(next(made) if i in floating else None for i in range(len(xs)))

    function.defvjp(lambda *xs: (function(*xs), xs), rule)
    return case.program(function), [jax.numpy.asarray(x) for x in case.arrays()]


def minitorch_on_jax(case: Case, backward: Backward) -> Any:
    """The same checker, of the function as a user of JAX would write it."""
    with import_module("jax").enable_x64(True):
        function, inputs = as_custom_vjp(case, backward)
        checked = import_module("minitorch").autograd.gradcheck
        return checked(function, inputs, raise_exception=False)  # nor look for the place


def jax_check_grads(case: Case, backward: Backward) -> None:
    """Of the inputs that have a gradient, at one time."""
    with import_module("jax").enable_x64(True):
        function, inputs = as_custom_vjp(case, backward)

        def of_floating(*xs: Any) -> Any:
            given = list(inputs)
            for i, x in zip(case.differentiable, xs, strict=True):
                given[i] = x
            return function(*given)

        floating = tuple(inputs[i] for i in case.differentiable)
        check_grads = import_module("jax.test_util").check_grads
        check_grads(of_floating, floating, order=1, modes=["rev"])


def _right(case: Case) -> Any:
    arrays = case.arrays()
    ones = tuple(np.ones_like(out) for out in case.outputs(arrays))
    return case.vjp(ones if len(ones) > 1 else ones[0], *arrays)


TORCH, HIPS, JAX = "pip install torch==2.13.0", "pip install autograd", "pip install jax"
CHECKERS = {
    "minitorch": Checker("minitorch", minitorch_gradcheck, "minitorch", "pip install -e ."),
    "minitorch-torch": Checker("minitorch on PyTorch", minitorch_on_torch, "torch", TORCH),
    "torch": Checker("PyTorch", torch_gradcheck(fast=False), "torch", TORCH),
    "torch-fast": Checker("PyTorch, fast mode", torch_gradcheck(fast=True), "torch", TORCH),
    "minitorch-jax": Checker("minitorch on JAX", minitorch_on_jax, "jax", JAX, through_copies),
    "jax": Checker("JAX", jax_check_grads, "jax.test_util", JAX, through_copies),
    "minitorch-hips": Checker(
        "minitorch on HIPS", minitorch_on_hips, "autograd.test_util", HIPS, by_argument
    ),
    "hips": Checker("HIPS autograd", hips_check_grads, "autograd.test_util", HIPS),
}
