"""One check from beginning to end: what can be asked, in which order, and what is said of it."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, starmap
from typing import Any

import numpy as np

from minitorch._dtypes import from_numpy_dtype
from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck.bridge import (
    FEW,
    WITHIN,
    Bridge,
    NoSecondOrder,
    library_of,
    tensor_over,
    written,
)
from minitorch.autograd.gradcheck.contracts import (
    Backward,
    BackwardError,
    Violation,
    breaches,
    coarse,
    largest,
)
from minitorch.autograd.gradcheck.forward import compare_forward
from minitorch.autograd.gradcheck.jacobian import (
    BITS,
    Again,
    Probe,
    Projection,
    Subject,
    Watch,
    check_deterministic,
    compare,
    cut_off,
    flowing,
    largest_changes,
    tensors_in,
    typical_size,
    unwatched,
)
from minitorch.autograd.gradcheck.kinks import (
    Settled,
    excuse,
    kinked_outputs,
    meet,
    pin_down,
    settle,
    split_outputs,
    switched,
)
from minitorch.autograd.gradcheck.locate import check_calls, recorded, stands_at_kink
from minitorch.autograd.gradcheck.numeric import Array, place_of
from minitorch.autograd.gradcheck.patterns import FACTOR
from minitorch.autograd.gradcheck.report import GradcheckError, Jacobian, Report
from minitorch.autograd.gradcheck.trace import list_calls
from minitorch.autograd.gradcheck.verdict import Tolerance, Verdict
from minitorch.autograd.mode import enable_grad

# Who wants to be told of every check that ends: listener(func, orders, report).
listeners: list[Callable[[Any, Sequence[int], Report], None]] = []


SATURATED = (
    "some derivatives are so small here that rounding takes them away, which was not held against "
    "backward: it is right where no input is larger than 2"
)


@dataclass
class Options:
    """Options of a check; see `gradcheck`."""

    eps: float | None = None
    atol: float | None = None
    rtol: float | None = None
    nondet_tol: float = 0.0
    fast_mode: bool = False
    seed: int = 0
    locate: bool = True
    vmapped: tuple[bool, bool] = (False, False)  # backward, and forward mode
    forward: bool = False
    backward: bool = True
    spread: bool = False


def name_of(func: Any) -> str:
    """Name a function: ``Square.apply`` for a Function's apply, the function's for a pair."""
    func = func[0] if isinstance(func, tuple) and func else func
    owner = getattr(func, "__self__", None)
    if isinstance(owner, type) and not inspect.isbuiltin(func):  # as PyTorch's operations are
        return f"{owner.__name__}.{'apply' if issubclass(owner, Function) else func.__name__}"
    named = getattr(func, "_qualname", type(func).__name__)  # of an operation in torch.library
    name = str(getattr(func, "__name__", named))
    whole = str(getattr(func, "__qualname__", name))
    # Of what a decorator has made, no more than the name may be the function's.
    return name if inspect.isbuiltin(func) or not whole.endswith(name) else whole


def as_tuple(inputs: Any) -> tuple[Any, ...]:
    """One input or several, as a tuple."""
    return tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)


def wants_grad(value: Any) -> bool:
    """Whether `value` is a tensor that requires grad."""
    return isinstance(value, TensorBase) and value._requires_grad


def check(
    func: Any,
    inputs: Any,
    orders: Sequence[int],
    options: Options,
    grad_outputs: Any = None,
    watch: Watch = unwatched,
) -> Report:
    """Check `func` at `inputs` at each order; see `gradcheck_report`."""
    if isinstance(func, type) and hasattr(func, "backward"):
        named = f"the class {func.__name__}: pass {func.__name__}.apply"
        raise TypeError(f"gradcheck: expected a function, got {named}")
    started, name, library = time.perf_counter(), name_of(func), library_of(func, inputs)
    if isinstance(orders, int) or not orders or not {*orders} <= {1, 2}:
        raise ValueError(f"gradcheck: expected orders (1,), (2,) or (1, 2), got {orders!r}")
    if options.eps is not None and not options.eps > 0:
        raise ValueError(f"gradcheck: expected a positive eps, got {options.eps!r}")
    asked = func
    if library is not None:
        func = library.bridge(func, inputs, name)
        inputs = func.inputs
    given = as_tuple(inputs)
    report = Report(name, seed=options.seed)
    report.imports += [] if library is None else [library.imports]
    report.inputs, report.call = _recipe(func, name, given, orders, options.seed)
    with enable_grad(), np.errstate(all="ignore"):  # of steps out of a function's domain
        made = _can_be_checked(func, given)
        for order in orders:
            function, arguments, outputs = func, given, made
            if order == 2:
                seeds = _seeds(func, flowing(made), grad_outputs, options.spread)
                function, arguments = Gradients(func, len(given)), given + seeds
                outputs = tensors_in(function(*arguments))
            _check_order(report, function, arguments, order, options, watch, outputs)
            if not report.ok:
                break  # a second derivative of a wrong first one says nothing
        in_backward = [j for j in report.jacobians if not j.forward]
        if options.locate and (report.breaches or not all(j.ok for j in in_backward)):
            doubles = _in_float64(arguments)
            at = doubles if _made_in_float64(function, doubles, outputs) else arguments
            report.nodes = check_calls(recorded(partial(function, *at)), options.seed)
            if order == 2 and library is not None and not report.culprit:  # the graph may be cut
                calls: list[Any] = recorded(partial(func, *at[: len(given)]))
                gradients = [call.differentiated() for call in calls]
                report.nodes = check_calls(gradients, options.seed, trusted=False)
            for j in report.jacobians if report.nodes and not report.culprit else ():
                if j.cause and j.cause.startswith(FACTOR):  # though no operation lacks one
                    j.cause = "part of the function is detached from the graph"
        if library is not None and not report.ok:
            if 1 not in orders:  # for what forward saves, which may be the reason
                arrays = [getattr(x, "_array", x) for x in given]
                next(library.breaches(func, func.natives(arrays), (False, False)), None)
                report.notes += func.notes
            if any("complex" in str(getattr(x, "dtype", "")) for x in func.likes):
                parts = "a last index of 0 stands for the real, 1 for the imaginary part"
                report.notes.append(f"complex numbers are pairs: {parts}")
    report.seconds = time.perf_counter() - started
    for listener in listeners:
        listener(asked, orders, report)
    return report


def _can_be_checked(func: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Any]:
    """The tensors that `func` gives; refuse none, and inputs that want or can have no gradient."""
    wanted = [(i, x) for i, x in enumerate(inputs) if wants_grad(x)]
    if not wanted:
        arrays = [x._array if isinstance(x, TensorBase) else None for x in inputs]
        kinds = [
            type(x).__name__ if array is None else f"{array.dtype} {list(array.shape)}"
            for x, array in zip(inputs, arrays, strict=True)
        ]
        integers = all(array is not None and array.dtype.kind in "iub" for array in arrays)
        advice = "Set it with requires_grad_()."
        if inputs and integers:
            advice = "Integers have no gradient: convert with .double() first."
        elif any(isinstance(x, (dict, list, tuple)) for x in inputs):
            advice = f"T{WITHIN[1:]}."
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            f"have requires_grad=True (got {', '.join(kinds) or 'no inputs'}). " + advice
        )
    for index, x in wanted:
        layout = zip(x._array.strides, x._array.shape, strict=True)
        if x._array.size and any(stride == 0 and n > 1 for stride, n in layout):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
    copies = [x._array.copy() for _, x in wanted]
    made = func(*inputs)
    if not tensors_in(made):
        expected = "expected func to return a tensor or a tuple of tensors"
        raise ValueError(f"gradcheck: {expected}, got {type(made).__name__}")
    for (index, x), copy in zip(wanted, copies, strict=True):
        changed = ~((x._array == copy) | (x._array != x._array) & (copy != copy))
        if changed.any():
            place = place_of(np.argmax(changed), changed.shape)
            was, now = copy[place].item(), x._array[place].item()
            x._array[...] = copy
            raise GradcheckError(
                f"gradcheck: the function changes its input in place: element {list(place)} of "
                f"input {index} was {was!r}, and is {now!r} afterwards. Check it on a copy, as in "
                "lambda x: f(x.clone()); an autograd.Function says so with ctx.mark_dirty(x)."
            )
    return tensors_in(made)


def _check_order(
    report: Report,
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    order: int,
    options: Options,
    watch: Watch,
    made: list[Any],
) -> None:
    """Add to the report what there is to say of `func` itself, which once `made` these outputs."""
    subject = exact = _subject(func, inputs, options, made)
    runs = [made, check_deterministic(subject, options.nondet_tol)]
    flows = bool(flowing(made))
    if cut := cut_off(subject):
        if order == 2 or not flows:
            report.breaches.append((order, Violation("is connected to the inputs", cut)))
        else:  # as PyTorch's mark_non_differentiable has it
            report.notes.append(f"{cut}, unless that is meant")
    if not flows:
        if order == 1 and not cut:
            report.notes.append("no output requires grad, and none depends on the inputs")
        return
    try:
        doubles = _in_float64(inputs)
        if subject.bits < 53 and (wide := _made_in_float64(func, doubles, made)):
            exact = _subject(func, doubles, options, wide)
        elif any(x._bits is not None for x in subject.tensors):
            raise ValueError(
                "gradcheck: bfloat16 has too few digits for finite differences, and the function "
                "does not run in float64; let it convert its own tensors, as in w.to(x.dtype)"
            )
        at = inputs if exact is subject else doubles
        if options.forward:
            report.jacobians += compare_forward(func, at, exact, order)
        if not options.backward:
            return
        if options.fast_mode:
            found = _at_random(report, exact, order)
        else:
            found = compare(exact, order, watch)

            def again(there: Subject, masks: list[Array]) -> list[Jacobian]:
                return compare(there, order, rows=_rows_of(found, masks))

            _settle(report, exact, found, again)
        if exact is not subject:
            _compare_precisions(subject, exact, found)
        report.jacobians += found
        if exact.raised is not None:
            told = f"{type(exact.raised).__name__}: {exact.raised}"
            report.notes.append(f"undefined close to the inputs, where the function raised {told}")
        if exact.saturated:
            report.notes.append(SATURATED)
        if exact.bits < 53:
            report.notes.append(not_in_float64(exact.bits))
        draws, seen = np.random.default_rng(options.seed), set[str]()
        kept = [Backward(flowing(outputs), subject.tensors) for outputs in runs]
        first = kept[0]
        known = () if options.fast_mode else subject.jacobians
        found_out = breaches(
            kept.pop, draws, options.nondet_tol, subject.bits, known, subject.calm_size
        )
        bridge, given = func, inputs
        if isinstance(func, Gradients) and options.vmapped[0]:
            bridge, given = func.bridge(inputs)
        if isinstance(bridge, Bridge):
            natives = _natives(bridge, given)
            own = bridge.library.breaches(bridge, natives, options.vmapped)
            found_out = chain(found_out, starmap(Violation, own))
        for violation in found_out:
            if violation.contract not in seen:
                seen.add(violation.contract)
                report.breaches.append((order, violation))
        for number in coarse(first, draws) if subject.bits == 53 else ():
            digits = f"the gradient of {subject.names[number]} has no more digits than float32 has"
            report.notes.append(f"{digits}, which the outputs have: is it rounded on its way?")
        report.notes += getattr(func, "notes", ())
    except BackwardError as error:
        if isinstance(error.__cause__, NoSecondOrder):
            unchecked = f"second order not checked: {error.__cause__}"
            if order not in {j.order + 1 for j in report.jacobians}:
                raise GradcheckError(f"gradcheck: {unchecked}") from error
            report.notes.append(unchecked)
            return
        report.breaches.append((order, error.violation))


def not_in_float64(bits: int) -> str:
    """Note that the check was in a precision of fewer bits."""
    precision = {24: "float32", 11: "float16", 8: "bfloat16"}[bits]
    return (
        "the function does not run in float64, or gives something else there, and was checked in "
        f"{precision} alone"
    )


def _subject(
    func: Callable[..., Any], inputs: tuple[Any, ...], options: Options, made: list[Any]
) -> Subject:
    bridge = func.func if isinstance(func, Gradients) else func
    label = bridge.label if isinstance(bridge, Bridge) else "input {}".format
    wanted = {label(i): x for i, x in enumerate(inputs) if wants_grad(x)}
    bits = min(BITS[str(t._array.dtype)] for t in [*flowing(made), *wanted.values()])
    bits = min(bits, getattr(bridge, "bits", 53))
    tolerance = Tolerance(bits, options.atol or 0.0, options.rtol or 0.0)
    plain: Callable[[], Any] | None = None
    if isinstance(func, Gradients):
        plain = partial(func, *inputs, create_graph=False)
    elif isinstance(func, Bridge):
        plain = partial(_values, func, inputs)
    tensors, names = list(wanted.values()), list(wanted)
    subject = Subject(partial(func, *inputs), tensors, names, options.eps, tolerance, bits, plain)
    subject.made = made
    return subject


def _natives(bridge: Bridge, inputs: tuple[Any, ...]) -> list[Any]:
    return bridge.natives([x._array if isinstance(x, TensorBase) else x for x in inputs])


def _values(bridge: Bridge, inputs: tuple[Any, ...]) -> list[Any]:
    made = bridge.library.value(bridge.func, _natives(bridge, inputs))
    return [tensor_over(bridge.library.unwrap(out)) for out in made]


def _rows_of(found: list[Jacobian], masks: list[Array]) -> list[Array]:
    """For each tensor, which of its elements some mask over a Jacobian has."""
    rows: dict[int, Array] = {}
    for j, mask in zip(found, masks, strict=True):
        some = rows.setdefault(j.input, np.zeros(len(mask), bool))
        some |= mask.any(1)
    return [rows[number] for number in sorted(rows)]


def _at_random(report: Report, subject: Subject, order: int) -> list[Jacobian]:
    """Each tensor along three random directions; one that fails is bisected to an element."""
    projection = Projection(subject, np.random.default_rng(report.seed))
    probes = {
        n: Probe(directions=[projection.random_direction(n) for _ in range(3)])
        for n, x in enumerate(subject.tensors)
        if x._array.size
    }
    found = [projection.look(n, probe, order) for n, probe in probes.items()]
    settled = _settle(report, subject, found, projection.again(probes, order))
    pin_down(subject, found, settled, [*probes.values()], projection.weights, report.seed)
    return found


def _settle(report: Report, subject: Subject, found: list[Jacobian], again: Again) -> list[Settled]:
    """Judge at points nearby what cannot be judged at a kink, or may hide behind one."""
    unsettled = [Settled.nothing(j) for j in found]
    doubted = {int(v) for j in found for v in np.unique(j.verdicts)} - {Verdict.PASS}
    if not doubted:
        return unsettled
    with list_calls() as recorder:
        subject.run()
    calls = recorder.calls
    alone = len(calls) < 2
    kinked = kinked_outputs(subject) if alone else np.zeros(0, bool)
    names = [call.name for call in calls if not alone and stands_at_kink(call)]
    names += [] if alone else switched(subject)
    if not names and not kinked.any() and Verdict.KINK not in doubted:
        return unsettled
    settled = settle(subject, found, again, report.seed, within=alone)
    if alone:
        excuse(found, settled, split_outputs(kinked, found))
    nodes = check_calls(recorded(subject.run), report.seed, contracts=False, trusted=False)
    if any(node.problem for node in nodes):
        report.nodes = nodes
    else:
        meet(report, found, settled, names)
    return settled


def in_float64(x: Any, requires_grad: bool | None = None) -> Any:
    """A copy of a floating tensor in float64; anything else as it is."""
    if not (isinstance(x, TensorBase) and x._array.dtype.kind == "f"):
        return x
    leaf: Any = x._wrap(x._array.astype(np.float64))
    leaf._requires_grad = x._requires_grad if requires_grad is None else requires_grad
    return leaf


def _in_float64(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(in_float64, inputs))


def _made_in_float64(
    func: Callable[..., Any], inputs: tuple[Any, ...], made: list[Any]
) -> list[Any]:
    """The outputs of `func` in float64; none if it does not run there, or gives something else.

    It does so if it draws numbers at random, from a seed, which depend on the dtype.
    """
    try:
        wide = tensors_in(func(*inputs))
    except Exception:  # whatever it was, it is no longer the function that was to be checked
        return []
    floats = [t for t in wide if t._array.dtype.kind == "f"]
    runs = all(t._array.dtype == np.float64 for t in floats) and any(map(wants_grad, floats))
    return wide if runs and len(wide) == len(made) and all(map(_is_close, made, wide)) else []


def _is_close(one: Any, two: Any) -> bool:
    """Whether two tensors are the same but for rounding, which may have been made larger."""
    a, b = one._array.astype(np.float64), two._array.astype(np.float64)
    if a.shape != b.shape:
        return False
    known = np.isfinite(a) & np.isfinite(b)
    return bool((np.abs(a - b)[known] <= np.abs(a[known]).max(initial=0) / 8).all())


def _compare_precisions(subject: Subject, exact: Subject, found: list[Jacobian]) -> None:
    """Hold the gradients in the inputs' own precision against those in float64.

    They may differ by rounding, and by what a rounding of the inputs would do.
    """
    own, true = subject.jacobians, exact.jacobians
    draws, size = np.random.default_rng(0), 2.0**-subject.bits
    moved, _ = largest_changes(
        exact, true, lambda x: draws.choice([-1, 1], x.shape) * size, times=2
    )
    starts = np.cumsum([0, *(out._array.size for out in flowing(exact.made))])
    for j in found:
        if j.rows is not None:
            continue
        natural = largest(exact.center) / max(1.0, typical_size(exact.tensors[j.input]._array))
        part = slice(starts[j.output], starts[j.output + 1])
        mine, base = own[j.input][:, part], true[j.input][:, part]
        with np.errstate(all="ignore"):
            room = 64 * size * max(largest(base), natural) + 8 * moved[j.input][:, part]
            off = ~((np.abs(mine - base) <= room) | (mine == base))
            if off.any():
                room += 256 * size * exact.calm_sizes[j.input][:, part]
            off = ~((np.abs(mine - base) <= room) | (mine == base))
        off &= j.verdicts == Verdict.PASS
        overflowed = off & ~np.isfinite(mine) & (np.abs(base) > 1e4)
        wrong = off & ~overflowed
        j.verdicts[overflowed], j.verdicts[wrong] = Verdict.UNSURE, Verdict.FAIL
        j.analytical = np.where(wrong, mine, j.analytical)
        j.bars = np.where(wrong, room, j.bars)
        if wrong.any():
            j.cause = "right in float64, and wrong in the inputs' own precision"


class Gradients:
    """The gradients of a function, as a function of its inputs and of the incoming gradients.

    Args:
        func: the function.
        count: how many inputs it has.
    """

    def __init__(self, func: Callable[..., Any], count: int) -> None:
        self.func, self.count = func, count
        self.__qualname__ = f"the gradient of {name_of(func)}"

    def bridge(self, args: Sequence[Any]) -> tuple[Bridge, tuple[Any, ...]]:
        """The same in one function of another library's, and its inputs."""
        xs, seeds = args[: self.count], iter(args[self.count :])
        made = self.func(*xs)
        node = next(out._grad_fn for out in made if out._requires_grad)
        cotangents = [next(seeds) if out._requires_grad else None for out in made]
        bridge: Bridge = self.func.gradient(xs, cotangents, node.out_likes)  # type: ignore
        return bridge, bridge.inputs

    def __call__(self, *args: Any, create_graph: bool = True) -> tuple[Any, ...]:
        xs, seeds = args[: self.count], args[self.count :]
        wanted = [x for x in xs if wants_grad(x)]
        outputs = flowing(self.func(*xs))
        if not outputs:
            return tuple(x.detach() * 0 for x in wanted)
        found = engine.grad(outputs, wanted, seeds, create_graph=create_graph, allow_unused=True)
        return tuple(g for g in found if g is not None)


def _seeds(func: Any, outputs: Sequence[Any], given: Any, spread: bool) -> tuple[Any, ...]:
    """The incoming gradients to differentiate by: those given, or random ones."""
    if given is None:
        return _random_like(outputs, spread)
    if isinstance(func, Bridge):
        return tuple(map(func.leaf, given if isinstance(given, (tuple, list)) else (given,)))
    return as_tuple(given)


def _random_like(outputs: Sequence[Any], spread: bool) -> tuple[Any, ...]:
    """Random gradients from a generator of their own, so that no other stream is touched."""
    draws = np.random.default_rng(0)
    made = []
    for out in outputs:
        shape, dtype = out._array.shape, out._array.dtype
        array = draws.standard_normal((*shape, 2) if spread else shape).astype(dtype)
        made.append(out._wrap(np.asarray(array[..., 0] if spread else array)))
        made[-1]._requires_grad = True
    return tuple(made)


def _recipe(
    func: Any, name: str, inputs: tuple[Any, ...], orders: Sequence[int], seed: int
) -> tuple[list[str], str]:
    """Source lines that make the inputs again, and the call that checks them."""
    sources = func.sources() if isinstance(func, Bridge) else []
    names = [f"x{index}" for index in range(len(sources))]
    lines = [f"{x} = {source}" for x, source in zip(names, sources, strict=True)]
    for index, x in enumerate(() if sources else inputs):
        if not isinstance(x, TensorBase):
            names.append(repr(x) if isinstance(x, (int, float, str, bool)) else "...")
            continue
        names.append(f"x{index}")
        array: Array = x._array
        dtype = f"dtype=minitorch.{from_numpy_dtype(array.dtype).name}"
        grad = ", requires_grad=True" if x._requires_grad else ""
        if array.size <= FEW:
            lines.append(f"x{index} = minitorch.tensor({written(array)}, {dtype}{grad})")
        else:
            lines.append(f"x{index} = ...  # {list(array.shape)}, {dtype}{grad}")
    asked = getattr(func, "func", func)
    pair = isinstance(asked, tuple)
    named = pair or hasattr(asked, "__name__")  # a model goes by its class's name
    named = named and all(part.isidentifier() for part in name.split("."))
    function = name if named else "fn"
    function = f"({function}, vjp)" if pair else function
    order_list = "" if tuple(orders) == (1,) else f", orders={tuple(orders)}"
    arguments = ", ".join(names) + ("," if len(names) == 1 else "")
    call = f"{function}, ({arguments}){order_list}, seed={seed}"
    return lines, f"print(minitorch.autograd.gradcheck_report({call}))"
