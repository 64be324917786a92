"""A function of another library's tensors, as one operation on minitorch's.

The checker asks a function for two things: its values at some numbers, and its backward. `Library`
says how another library gives them, and `Foreign` is a Function that passes the numbers over and
back, so that all that the checker does to one of minitorch's operations it does to a function
written for PyTorch, JAX or plain NumPy. Its arrays lie in the memory of the library's tensors
wherever the library allows that: so it shows, too, what a backward does to what it is lent.
"""

from __future__ import annotations

import importlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.trace import Call

FEW = 24  # elements of an input that a report writes out
WITHIN = "tensors within an input are not looked at: make each an input of its own"

Checked = Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]]
"""A function, or a pair (function, vjp)."""
Pullback = Callable[[Sequence[Any]], Sequence[Any]]
"""From a cotangent or None for each output to a gradient or None for each input."""


class NoSecondOrder(NotImplementedError):
    """A backward that says of itself that it cannot be differentiated."""


@contextmanager
def differentiating(func: Any) -> Iterator[None]:
    """Within it, what is raised where a gradient is differentiated says that it cannot be."""
    try:
        yield
    except Exception as error:
        if not getattr(func, "gives_gradients", False):
            raise
        said = str(error).partition("\n")[0]
        raise NoSecondOrder(
            f"backward cannot be differentiated ({type(error).__name__}: {said})"
        ) from error


class Library(ABC):
    """Evaluation and differentiation of a library's functions.

    Attributes:
        name: of the module that makes its tensors.
        imports: the source line that a program using it begins with.
        shares_memory: whether its tensors lie in an ndarray's memory.
    """

    name: str
    imports: str
    shares_memory = False

    def bridge(self, func: Any, inputs: Any, title: str) -> Bridge:
        """The function as the checker takes it; its inputs are one tensor, or a sequence."""
        given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        for number, value in enumerate(given):
            self.refuse(f"input {number}", value)
        if not any(map(self.is_floating, given)):
            kinds = ", ".join(map(_told, given)) or "no inputs"
            within = any(isinstance(value, (dict, list, tuple)) for value in given)
            advice = WITHIN if within else "integers have no gradient: convert them first"
            raise ValueError(
                f"gradcheck: expected at least one floating input, got {kinds}; {advice}"
            )
        return Bridge(self, func, given, title)

    # ---- numbers ----------------------------------------------------------------------------

    @abstractmethod
    def wrap(self, array: Array, like: Any, wanted: bool = False) -> Any:
        """A tensor of these numbers, of `like`'s kind: in the same memory where the library can.

        Args:
            wanted: whether derivatives by it are asked for.
        """

    @abstractmethod
    def unwrap(self, tensor: Any) -> Array:
        """A tensor's numbers: in the same memory where the library can."""

    def is_floating(self, value: Any) -> bool:
        """Whether `value` is a tensor that has derivatives."""
        return getattr(getattr(value, "dtype", None), "kind", "") == "f"

    def requires_grad(self, value: Any) -> bool:
        """Whether derivatives by `value` are asked for: in most libraries, by anything floating."""
        return self.is_floating(value)

    def bits(self, tensor: Any) -> int:
        """Bits of a tensor's precision, which may be less than its array's."""
        return 53

    def tensors_in(self, result: Any) -> list[Any]:
        """The tensors of a call's result, in order."""
        if isinstance(result, dict):
            result = list(result.values())
        if isinstance(result, (tuple, list)):
            return [tensor for item in result for tensor in self.tensors_in(item)]
        return [result] if hasattr(result, "dtype") else []

    def outputs_in(self, result: Any) -> list[Any]:
        """As `tensors_in`.

        Raises:
            ValueError: if there is none.
        """
        made = self.tensors_in(result)
        if not made:
            expected = "expected func to return a tensor or a tuple of tensors"
            raise ValueError(f"gradcheck: {expected}, got {type(result).__name__}")
        return made

    def refuse(self, place: str, value: Any) -> None:
        """Raise ValueError for what cannot be checked here, such as a tensor on another device."""
        return

    # ---- functions --------------------------------------------------------------------------

    def value(self, func: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
        """The outputs."""
        return self.outputs_in(func(*inputs))

    @abstractmethod
    def vjp(
        self, func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[int]
    ) -> tuple[list[Any], list[bool], Pullback]:
        """The outputs, through which of them gradients flow, and backward by the `wanted` inputs.

        The pullback is given cotangents for all outputs, and may be called any number of times.
        """

    def jvp(
        self, func: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]
    ) -> list[Any]:
        """The outputs' tangents, given one or None for each input: forward mode."""
        raise NotImplementedError(f"gradcheck: {self.name} has no forward-mode differentiation")

    def gradient(self, func: Callable[..., Any], wanted: Sequence[int], count: int) -> Any:
        """The function of `count` inputs, and then of cotangents, that gives the gradients."""

        def gradient(*args: Any) -> tuple[Any, ...]:
            _, _, pullback = self.vjp(func, args[:count], wanted)
            pairs = zip(pullback(args[count:]), wanted, strict=True)
            return tuple(args[i] * 0 if g is None else g for g, i in pairs)

        gradient.gives_gradients = True  # type: ignore[attr-defined]
        return gradient

    def module(self, model: Any, inputs: Any, loss: Any) -> tuple[Bridge, list[str]]:
        """A model as a function of its parameters and inputs, and what to call these."""
        raise NotImplementedError(f"gradcheck_module: models of {self.name} are not known")

    # ---- reports -----------------------------------------------------------------------------

    def calls(self, bridge: Bridge, inputs: Sequence[Any]) -> Sequence[ForeignCall]:
        """The operations that the function is made of, each with its inputs; none if unknown."""
        return []

    def breaches(
        self, bridge: Bridge, inputs: Sequence[Any], vmapped: tuple[bool, bool]
    ) -> Iterator[tuple[str, str]]:
        """List what else backward owes in this library, each with what was seen instead.

        Args:
            vmapped: whether backward, and forward mode, have to run under the library's vmap.

        Raises:
            NotImplementedError: if they have to, and nobody has written how that is checked.
        """
        if any(vmapped):
            raise NotImplementedError(f"gradcheck: under vmap {self.name} is not checked")
        return iter(())

    def source(self, value: Any) -> str:
        """A line of source that makes an input again."""
        return "..."


def written(array: Array) -> str:
    """An array's numbers as source, in no more digits than its precision has."""
    real = array.dtype.kind == "f"
    return repr((array.astype(str).astype(np.float64) if real else array).tolist())


class Source(str):
    """Source as it stands, also within a list."""

    __slots__ = ()
    __repr__ = str.__str__


class Bridge:
    """A library's function, as a function of minitorch's tensors.

    Args:
        library: whose function it is.
        func: the function.
        inputs: an example of its inputs, whose kinds its inputs have.
        title: what to call it.

    Attributes:
        inputs: the same, with minitorch's tensors for those that are floating.
        bits: of the precision of what the last run took and gave.
        primal: the function that this one is the gradient of.
        form: puts the inputs together into what the user's function is given.
        labels: of its inputs, where they are no more than leaves of the user's.
        names: of its inputs, as far as they are known.
        trusted: whether the library itself wrote its backward, which is then checked only where
            nobody else's is at fault.
        written: where its backward is, as ``file:line``, if that is known.
        draws: whether it draws random numbers, the same at each call.
        notes: what is no mistake, and better said; known once its contracts were looked at.
    """

    primal: Bridge | None = None
    form: Callable[[Sequence[Any]], Sequence[Any]] = tuple
    labels: Sequence[str] = ()
    names: Sequence[str] = ()
    trusted = False
    written = ""
    draws = False
    notes: Sequence[str] = ()

    def __init__(
        self, library: Library, func: Callable[..., Any], inputs: Sequence[Any], title: str
    ) -> None:
        self.library, self.func, self.likes = library, func, tuple(inputs)
        self.__qualname__ = title
        self.bits = 53
        self._natives: dict[int, tuple[Array, Any]] = {}
        self.inputs = tuple(self.leaf(like) for like in self.likes)
        self.wanted = [i for i, x in enumerate(self.inputs) if _wants_grad(x)]

    def label(self, number: int) -> str:
        """An input's number and what the function calls it, or where in the user's input it is."""
        if number < len(self.labels):
            return self.labels[number]
        named = f" ({self.names[number]})" if number < len(self.names) else ""
        return f"input {number}{named}"

    def sources(self) -> list[str]:
        """For each of the user's inputs the source that makes it again."""
        told: list[Any] = []
        for like in self.likes:
            if isinstance(like, (int, float, str)) and not hasattr(like, "dtype"):
                told.append(like)
            else:
                told.append(Source(self.library.source(like) if hasattr(like, "dtype") else "..."))
        return list(map(repr, self.form(told)))

    def only(self, wanted: Sequence[bool]) -> None:
        """Ask for derivatives by some of the inputs alone."""
        for x, flag in zip(self.inputs, wanted, strict=True):
            if isinstance(x, TensorBase):
                x._requires_grad = flag
        self.wanted = [i for i, x in enumerate(self.inputs) if _wants_grad(x)]

    def leaf(self, like: Any) -> Any:
        """A tensor of minitorch's for one of the library's; anything else as it is."""
        if not self.library.is_floating(like):
            return like
        leaf = tensor_over(laid_out_alike(self.library.unwrap(like)))
        leaf._requires_grad = self.library.requires_grad(like)
        return leaf

    def __call__(self, *inputs: Any) -> Any:
        """The outputs, as minitorch's tensors."""
        made: tuple[Any, ...] = Foreign.apply(*inputs, bridge=self)
        node = next((result._grad_fn for result in made if result._requires_grad), None)
        for number, result in enumerate(made):
            if node is not None and not node.flows[number]:
                result._leave_graph()
        return made

    def natives(self, arrays: Sequence[Any]) -> list[Any]:
        """The library's own inputs, over these arrays."""
        places = range(len(arrays))
        return [
            self._native(arrays[i], self.likes[i], i in self.wanted)
            if isinstance(self.inputs[i], TensorBase)
            else arrays[i]
            for i in places
        ]

    def _native(self, array: Array, like: Any, wanted: bool) -> Any:
        held = self._natives.get(id(array))
        if held is not None:
            return held[1]
        native = self.library.wrap(array, like, wanted)
        if self.library.shares_memory and np.may_share_memory(self.library.unwrap(native), array):
            if len(self._natives) > 64:
                self._natives.clear()
            self._natives[id(array)] = array, native  # and the array, whose id is its name
        return native

    def gradient(
        self, inputs: Sequence[Any], cotangents: Sequence[Any], out_likes: Sequence[Any]
    ) -> Bridge:
        """The function that gives the gradients, of the inputs and of the cotangents not None."""
        used = [i for i, c in enumerate(cotangents) if c is not None]
        count, outputs = len(inputs), len(cotangents)
        whole = self.library.gradient(self.func, self.wanted, count)

        def gradient(*args: Any) -> Any:
            given: list[Any] = [None] * outputs
            for place, cotangent in zip(used, args[count:], strict=True):
                given[place] = cotangent
            return whole(*args[:count], *given)

        vars(gradient).update(vars(whole))
        likes = [*self.likes, *(out_likes[place] for place in used)]
        made = Bridge(self.library, gradient, likes, f"the gradient of {self.__qualname__}")
        made.inputs = (*inputs, *(cotangents[place] for place in used))
        made.wanted = [*self.wanted, *range(count, len(likes))]
        made.primal, made.trusted, made.written = self, self.trusted, self.written
        made.names, made.labels = self.names, self.labels
        return made


class Foreign(Function):
    """A call of another library's function."""

    call_class: type[Call]

    materialize_grads = False
    flows: Sequence[bool] = ()
    out_likes: Sequence[Any] = ()

    def name(self) -> str:
        return f"the backward of {self.bridge.__qualname__}"

    def forward(self, *arrays: Any, bridge: Bridge) -> Any:
        """Run the function on tensors over these arrays."""
        library, self.bridge = bridge.library, bridge
        natives = bridge.natives(arrays)
        self.save(*[a for a in arrays if isinstance(a, np.ndarray)])
        self.given = arrays
        try:
            if self.edges:
                made, self.flows, self.pullback = library.vjp(bridge.func, natives, bridge.wanted)
            else:
                made = library.value(bridge.func, natives)
        except Exception as error:
            told = ", ".join(_told(value) for value in arrays)
            if not any("gradcheck" in note for note in getattr(error, "__notes__", ())):
                error.add_note(f"gradcheck: raised by {bridge.__qualname__} at ({told})")
            raise
        for number, out in enumerate(made):
            library.refuse(f"output {number}", out)
        self.out_likes = made
        bridge.bits = min(map(library.bits, [*made, *(natives[i] for i in bridge.wanted)]))
        return tuple(library.unwrap(out) for out in made)

    def backward_kernel(self, *grads: Any) -> Any:
        library = self.bridge.library
        pairs = zip(grads, self.out_likes, strict=True)
        found = self.pullback([None if g is None else library.wrap(g, like) for g, like in pairs])
        inputs = [self.given[place] for place in self.bridge.wanted]
        pairs = zip(found, inputs, strict=True)
        return self._placed(
            [np.zeros_like(x) if g is None else library.unwrap(g) for g, x in pairs]
        )

    def backward(self, *grads: Any) -> Any:
        given = iter(self.saved)
        inputs = [next(given) if isinstance(a, np.ndarray) else a for a in self.given]
        gradient = self.bridge.gradient(inputs, grads, self.out_likes)
        return self._placed(gradient(*gradient.inputs))

    def _placed(self, found: Sequence[Any]) -> tuple[Any, ...]:
        """A gradient or None for each input, from those of the wanted ones."""
        placed: list[Any] = [None] * len(self.given)
        for place, gradient in zip(self.bridge.wanted, found, strict=True):
            placed[place] = gradient
        return tuple(placed)


def tensor_over(array: Array) -> Any:
    """A tensor of minitorch's over an array."""
    return importlib.import_module("minitorch").Tensor._wrap_any(array)


def laid_out_alike(array: Array) -> Array:
    """A copy whose memory is laid out as `array`'s, where each element has a place of its own."""
    steps = [abs(step) // array.itemsize for step in array.strides]
    apart = int(np.dot(steps, np.maximum(np.array(array.shape, int) - 1, 0))) + 1
    if any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)):
        return array  # as it is, for the checker to refuse
    if apart <= array.size or not array.size or min(array.strides) <= 0:  # < if some share one
        return np.array(array, order="K")
    copy = np.ndarray(array.shape, array.dtype, np.zeros(apart, array.dtype), 0, array.strides)
    copy[...] = array
    return copy


def _wants_grad(value: Any) -> bool:
    return isinstance(value, TensorBase) and value._requires_grad


def _told(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        return type(value).__name__
    return f"{value.dtype} {list(value.shape)}" if hasattr(value, "shape") else repr(value)


class ForeignCall(Call):
    """One call of another library's function, which may be made of several."""

    @property
    def bridge(self) -> Bridge:
        """The function."""
        return self.params["bridge"]

    @classmethod
    def of(cls, bridge: Bridge, place: str = "") -> ForeignCall:
        """The call of a function at its own inputs."""
        arrays = [np.array(x._array) if isinstance(x, TensorBase) else x for x in bridge.inputs]
        edges = [(x, 0) if _wants_grad(x) else None for x in bridge.inputs]
        return cls(Foreign, bridge.inputs, arrays, {"bridge": bridge}, edges, place)

    @property
    def name(self) -> str:
        """Name the function."""
        return self.bridge.__qualname__

    @property
    def trusted(self) -> bool:
        """Whether the library itself wrote its backward."""
        return self.bridge.trusted

    def input_name(self, number: int) -> str:
        """An input's number, and what the function calls it."""
        return self.bridge.label(number)

    def again(self, *checked: Any) -> Any:
        """Call the function anew, with `checked` for the inputs that want a gradient."""
        return self.bridge(*self.with_constants(checked))

    @property
    def is_gradient(self) -> bool:
        """Whether it gives the gradients of another function."""
        return self.bridge.primal is not None

    @property
    def bits_of_run(self) -> int:
        """Bits of the last run's precision, as the library has it."""
        return self.bridge.bits

    @property
    def written(self) -> str:
        """Where its backward is written; '' if that is in the library."""
        return self.bridge.written

    def breaches(self) -> Iterator[tuple[str, str]]:
        """List what its library has to object besides."""
        bridge = self.bridge
        if bridge.trusted or bridge.primal is not None:
            return iter(())
        return bridge.library.breaches(bridge, bridge.natives(self.arrays), (False, False))

    def parts(self) -> Sequence[Call]:
        """The calls that this one is made of; itself if there is nothing to tell."""
        bridge, natives = self.bridge, self.bridge.natives(self.arrays)
        if bridge.primal is None:
            return bridge.library.calls(bridge, natives) or [self]
        primal = bridge.primal
        found = primal.library.calls(primal, natives[: len(primal.likes)])
        return [part.differentiated() for part in found] or [self]

    def differentiated(self) -> ForeignCall:
        """The call of this one's gradient, by cotangents drawn at random."""
        draws, bridge = np.random.default_rng(0), self.bridge
        made = bridge(*bridge.inputs)
        node = next(out._grad_fn for out in made if out._requires_grad)
        seeds = [
            tensor_over(draws.standard_normal(out._array.shape).astype(out._array.dtype))
            if out._requires_grad
            else None
            for out in made
        ]
        return ForeignCall.of(bridge.gradient(bridge.inputs, seeds, node.out_likes), self.place)


Foreign.call_class = ForeignCall

# ---- which library ----------------------------------------------------------------------------

LIBRARIES = ("torch", "jax", "mygrad", "tinygrad")  # each the module of its adapter's name


def library_of(func: Any, inputs: Any) -> Library | None:
    """The library that these inputs are of, found by their types; None for minitorch's own."""
    values = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    own = any(isinstance(value, TensorBase) for value in values)
    if "jax" in sys.modules and not own:
        values = sys.modules["jax"].tree_util.tree_leaves(values)
    others = [value for value in values if not isinstance(value, TensorBase)]
    roots = {cls.__module__.partition(".")[0] for value in others for cls in type(value).__mro__}
    if own:
        if other := next((name for name in LIBRARIES if name in roots), None):
            raise TypeError(
                f"gradcheck: expected tensors of one library, got minitorch and {other}"
            )
        return None
    for name in LIBRARIES:
        if name in roots:
            return _adapter(name)
    if isinstance(func, tuple):
        return _adapter("pair")
    plain = "numpy" in roots or any(isinstance(value, float) for value in values)
    if plain and "autograd.tracer" in sys.modules:  # and no other package of that name
        return _adapter("hips")
    if plain:
        raise ValueError(
            "gradcheck: expected a pair (function, vjp) for ndarrays, where "
            "vjp(cotangent, *inputs) gives one gradient an input, got a function alone. For "
            "functions written with autograd.numpy, import autograd; else make tensors of them"
        )
    return None


def _adapter(name: str) -> Library:
    made: Library = importlib.import_module(f"{__package__}.libraries.{name}").LIBRARY
    return made
