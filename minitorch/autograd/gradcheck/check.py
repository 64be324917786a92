"""One check from beginning to end: what can be asked, in which order, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch._dtypes import from_numpy_dtype
from minitorch.autograd import engine
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck.contracts import BackwardError, Violation, breaches
from minitorch.autograd.gradcheck.jacobian import (
    BITS,
    Probe,
    Projection,
    Subject,
    analytical,
    check_deterministic,
    compare,
    largest_changes,
    tensors_in,
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
from minitorch.autograd.gradcheck.locate import check_call, recorded, stands_at_kink
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.report import Jacobian, Report
from minitorch.autograd.gradcheck.trace import calls_listed
from minitorch.autograd.gradcheck.verdict import Tolerance, Verdict
from minitorch.autograd.mode import enable_grad


@dataclass
class Options:
    """Options of a check; see `gradcheck`."""

    eps: float | None = None
    atol: float | None = None
    rtol: float | None = None
    nondet_tol: float = 0.0
    fast_mode: bool = False
    seed: int = 0
    contracts: bool = True
    locate: bool = True

    def tolerance(self, bits: int) -> Tolerance:
        """Allowance beyond the error bars, in a precision."""
        return Tolerance(bits, self.atol or 0.0, self.rtol or 0.0)


def name_of(func: Any) -> str:
    """Name a function: ``Square.apply`` for a Function's apply."""
    owner = getattr(func, "__self__", None)
    if isinstance(owner, type):
        return f"{owner.__name__}.{'apply' if issubclass(owner, Function) else func.__name__}"
    return str(getattr(func, "__qualname__", type(func).__name__))


def unwatched(items: Iterable[Any], total: int) -> Iterable[Any]:
    """No progress bar."""
    return items


def as_tuple(inputs: Any) -> tuple[Any, ...]:
    """One input or several, as a tuple."""
    return (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)


def wants_grad(value: Any) -> bool:
    """Whether `value` is a tensor that requires grad."""
    return isinstance(value, TensorBase) and value._requires_grad


def check(
    func: Callable[..., Any],
    inputs: Any,
    orders: Sequence[int] = (1,),
    options: Options | None = None,
    grad_outputs: Any = None,
    watch: Callable[[Iterable[Any], int], Iterable[Any]] = unwatched,
) -> Report:
    """Check `func` at `inputs` at each order; see `gradcheck_report`."""
    options = options or Options()
    given = as_tuple(inputs)
    started = time.perf_counter()
    name = name_of(func)
    report = Report(name, seed=options.seed)
    report.inputs, report.call = _recipe(name, given, orders, options.seed)
    with enable_grad():
        _can_be_checked(func, given)
        for order in orders:
            function, arguments = func, given
            if order == 2:
                function, arguments = _first_order(func, given, grad_outputs)
            _check_order(report, function, arguments, order, options, watch)
            if not report.ok:
                break  # a second derivative of a wrong first one says nothing
        if not report.ok and options.locate:
            calls = recorded(function, _in_float64(arguments) or arguments)
            report.nodes = [check_call(call, options.seed) for call in calls]
    report.seconds = time.perf_counter() - started
    return report


def _can_be_checked(func: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """Refuse what there is nothing to check of.

    Raises:
        ValueError: if no input requires grad, or `func` gives no tensor.
        RuntimeError: for an input whose elements share memory.
    """
    wanted = [(i, x) for i, x in enumerate(inputs) if wants_grad(x)]
    if not wanted:
        kinds = ", ".join(
            f"{x._array.dtype} {list(x._array.shape)}"
            if isinstance(x, TensorBase)
            else type(x).__name__
            for x in inputs
        )
        integers = all(isinstance(x, TensorBase) and x._array.dtype.kind in "iub" for x in inputs)
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            f"have requires_grad=True (got {kinds or 'no inputs'}). "
            + (
                "Integers have no gradient: convert with .double() first."
                if inputs and integers
                else "Set it with requires_grad_()."
            )
        )
    for index, x in wanted:
        array = x._array
        if array.size and any(
            s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)
        ):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
    made = func(*inputs)
    if not tensors_in(made):
        raise ValueError(
            f"gradcheck: expected func to return a tensor or a tuple of tensors, got "
            f"{type(made).__name__}"
        )


def _check_order(
    report: Report,
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    order: int,
    options: Options,
    watch: Callable[[Iterable[Any], int], Iterable[Any]],
) -> None:
    """Add to the report what there is to say of `func` itself."""
    subject = _subject(func, inputs, order, options)
    check_deterministic(subject, options.nondet_tol)
    if not subject.outputs():
        _nothing_flows(report, func, inputs, subject)
        return
    replayed = None
    if subject.bits < 53:
        replayed = _in_float64(inputs)
        if replayed is not None and not _runs_in_float64(func, replayed):
            replayed = None
    try:
        exact = subject if replayed is None else _subject(func, replayed, order, options)
        arguments = inputs if replayed is None else replayed
        if options.fast_mode:
            found = _at_random(report, exact, func, arguments, order, options)
        else:
            found = compare(exact, order, watch)

            def again(there: Subject, masks: list[Array]) -> list[Jacobian]:
                return compare(there, order, unwatched, _rows_of(found, masks))

            _settle(report, exact, func, arguments, found, again)
        if replayed is not None:
            _compare_precisions(subject, exact, found)
    except BackwardError as error:
        report.breaches.append((order, Violation("gives gradients that fit", str(error))))
        return
    report.jacobians += found
    if subject.bits < 53 and replayed is None:
        precision = {24: "float32", 11: "float16"}[subject.bits]
        report.notes.append(
            f"the function does not run in float64, and was checked in {precision} alone"
        )
    if options.contracts:
        draws = np.random.default_rng(options.seed)
        seen: set[str] = set()
        try:
            for violation in breaches(subject.backward, draws, options.nondet_tol):
                if violation.contract not in seen:
                    seen.add(violation.contract)
                    report.breaches.append((order, violation))
        except BackwardError as error:
            violation = Violation("gives gradients that fit", str(error))
            report.breaches.append((order, violation))


def _subject(
    func: Callable[..., Any], inputs: tuple[Any, ...], order: int, options: Options
) -> Subject:
    wanted = [(i, x) for i, x in enumerate(inputs) if wants_grad(x)]
    outputs = [out for out in tensors_in(func(*inputs)) if out._requires_grad]
    precisions = [BITS[str(t._array.dtype)] for t in [*outputs, *(x for _, x in wanted)]]
    bits = min(precisions)
    return Subject(
        lambda: func(*inputs),
        [x for _, x in wanted],
        [f"input {i}" for i, _ in wanted],
        options.eps,
        options.tolerance(bits),
        bits,
        (lambda: func.plain(*inputs)) if isinstance(func, Gradients) else None,
    )


def _nothing_flows(
    report: Report, func: Callable[..., Any], inputs: tuple[Any, ...], subject: Subject
) -> None:
    """No output requires grad: the numerical derivative had better be 0."""
    values = [t for t in tensors_in(func(*inputs)) if t._array.dtype.kind == "f"]
    for number, out in enumerate(values):
        for tensor, name in zip(subject.tensors, subject.names, strict=True):
            for place in np.ndindex(tensor._array.shape):
                kept = tensor._array[place].copy()
                tensor._array[place] = kept + 1e-3 * (abs(kept) or 1)
                moved = tensors_in(func(*inputs))
                tensor._array[place] = kept
                now = [t for t in moved if t._array.dtype.kind == "f"][number]._array
                if not np.array_equal(now, out._array, equal_nan=True):
                    report.breaches.append((
                        1,
                        Violation(
                            "is connected to the inputs",
                            f"output {number} changes with element {list(place)} of {name}, but "
                            "does not require grad: the graph is cut somewhere",
                        ),
                    ))  # fmt: skip
                    return
    report.notes.append("no output requires grad, and none depends on the inputs")


Again = Callable[[Subject, list[Array]], list[Jacobian]]


def _rows_of(found: list[Jacobian], masks: list[Array]) -> list[Array]:
    """For each tensor, which of its elements some mask over a Jacobian has."""
    rows: dict[int, Array] = {}
    for j, mask in zip(found, masks, strict=True):
        some = rows.setdefault(j.input, np.zeros(len(mask), bool))
        some |= mask.any(1)
    return [rows[number] for number in sorted(rows)]


def _at_random(
    report: Report,
    subject: Subject,
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    order: int,
    options: Options,
) -> list[Jacobian]:
    """Each tensor along three random directions; one that fails is bisected to an element."""
    draws = np.random.default_rng(options.seed)
    projection = Projection(subject, draws)
    numbers = [n for n, x in enumerate(subject.tensors) if x._array.size]
    probes = [Probe(directions=[projection.random_direction(n) for _ in range(3)]) for n in numbers]
    found = [projection.look(n, probe, order) for n, probe in zip(numbers, probes, strict=True)]

    def again(there: Subject, masks: list[Array]) -> list[Jacobian]:
        near = Projection(there, draws, projection.weights)
        those = zip(numbers, probes, masks, strict=True)
        return [near.look(n, probe, order, only=mask) for n, probe, mask in those]

    settled = _settle(report, subject, func, inputs, found, again)
    pin_down(subject, found, settled, probes, projection.weights, report.seed)
    return found


def _settle(
    report: Report,
    subject: Subject,
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    found: list[Jacobian],
    again: Again,
) -> list[Settled]:
    """Judge at points nearby what cannot be judged at a kink, or may hide behind one."""
    unsettled = [Settled.nothing(j) for j in found]
    doubted = {int(v) for j in found for v in np.unique(j.verdicts)} - {Verdict.PASS}
    if not doubted:
        return unsettled
    with calls_listed() as calls:
        func(*inputs)
    alone = len(calls) < 2
    names = [call.name for call in calls if not alone and stands_at_kink(call)]
    kinked = kinked_outputs(subject) if alone else np.zeros(0, bool)
    if not alone:
        names += switched(lambda: func(*inputs), subject)
    if not names and not kinked.any() and Verdict.KINK not in doubted:
        return unsettled
    settled = settle(subject, found, again, report.seed, within=alone)
    if alone:
        excuse(found, settled, split_outputs(kinked, found))
    nodes = [check_call(call, report.seed, contracts=False) for call in recorded(func, inputs)]
    if any(node.problem for node in nodes):
        report.nodes = nodes
    else:
        meet(report, found, settled, names)
    return settled


def _in_float64(inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The inputs in float64; None if they are not all of them ordinary tensors."""
    made = []
    for x in inputs:
        if isinstance(x, TensorBase) and x._array.dtype.kind == "f":
            leaf: Any = x._wrap(x._array.astype(np.float64))
            leaf._requires_grad = x._requires_grad
            made.append(leaf)
        else:
            made.append(x)
    return tuple(made)


def _runs_in_float64(func: Callable[..., Any], inputs: tuple[Any, ...]) -> bool:
    """Whether `func` takes float64 and answers in it."""
    try:
        made = tensors_in(func(*inputs))
    except Exception:  # whatever it was, it is no longer the function that was to be checked
        return False
    floats = [t for t in made if t._array.dtype.kind == "f"]
    return all(t._array.dtype == np.float64 for t in floats) and any(map(wants_grad, floats))


def _compare_precisions(subject: Subject, exact: Subject, found: list[Jacobian]) -> None:
    """Hold the gradients in the inputs' own precision against those in float64.

    They may differ by rounding, and by what a rounding of the inputs would do.
    """
    own, _ = analytical(subject)
    true, sizes = analytical(exact)
    draws, size = np.random.default_rng(0), 2.0**-subject.bits
    moved = largest_changes(exact, true, lambda x: draws.choice([-1, 1], x.shape) * size, times=2)
    starts = np.cumsum([0, *sizes])
    for j in found:
        if j.rows is not None:
            continue
        part = slice(starts[j.output], starts[j.output + 1])
        mine, base = own[j.input][:, part], true[j.input][:, part]
        with np.errstate(all="ignore"):
            largest = np.abs(base[np.isfinite(base)]).max(initial=0)
            room = 64 * size * largest + 8 * moved[j.input][:, part]
            off = ~((np.abs(mine - base) <= room) | (mine == base))
        off &= j.verdicts == Verdict.PASS
        overflowed = off & ~np.isfinite(mine) & (np.abs(base) > 1e4)
        j.verdicts[overflowed] = Verdict.UNSURE
        wrong = off & ~overflowed
        j.verdicts[wrong] = Verdict.FAIL
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

    def __call__(self, *args: Any, create_graph: bool = True) -> tuple[Any, ...]:
        xs, seeds = args[: self.count], args[self.count :]
        wanted = [x for x in xs if wants_grad(x)]
        flowing = [out for out in tensors_in(self.func(*xs)) if out._requires_grad]
        if not flowing:
            return tuple(x.detach() * 0 for x in wanted)
        found = engine.grad(flowing, wanted, seeds, create_graph=create_graph, allow_unused=True)
        return tuple(g for g in found if g is not None)

    def plain(self, *args: Any) -> tuple[Any, ...]:
        """The same numbers, without a graph."""
        return self(*args, create_graph=False)


def _first_order(
    func: Callable[..., Any], inputs: tuple[Any, ...], grad_outputs: Any
) -> tuple[Gradients, tuple[Any, ...]]:
    """The function that gives `func`'s gradients, and what to call it with."""
    outputs = [out for out in tensors_in(func(*inputs)) if out._requires_grad]
    cotangents = _random_like(outputs) if grad_outputs is None else as_tuple(grad_outputs)
    return Gradients(func, len(inputs)), inputs + cotangents


def _random_like(outputs: Sequence[Any], spread: bool = False) -> tuple[Any, ...]:
    """Random gradients from a generator of their own, so that no other stream is touched."""
    draws = np.random.default_rng(0)
    made = []
    for out in outputs:
        shape, dtype = out._array.shape, out._array.dtype
        array = draws.standard_normal((*shape, 2) if spread else shape).astype(dtype)
        tensor = out._wrap(np.asarray(array[..., 0] if spread else array))
        tensor._requires_grad = True
        made.append(tensor)
    return tuple(made)


def _recipe(
    name: str, inputs: tuple[Any, ...], orders: Sequence[int], seed: int
) -> tuple[list[str], str]:
    """Source lines that make the inputs again, and the call that checks them."""
    lines, names = [], []
    for index, x in enumerate(inputs):
        if not isinstance(x, TensorBase):
            names.append(repr(x) if isinstance(x, (int, float, str, bool)) else "...")
            continue
        names.append(f"x{index}")
        array: Array = x._array
        dtype = f"dtype=minitorch.{from_numpy_dtype(array.dtype).name}"
        grad = ", requires_grad=True" if x._requires_grad else ""
        if array.size <= 24:
            lines.append(f"x{index} = minitorch.tensor({array.tolist()!r}, {dtype}{grad})")
        else:
            lines.append(f"x{index} = ...  # {list(array.shape)}, {dtype}{grad}")
    function = name if all(part.isidentifier() for part in name.split(".")) else "fn"
    order_list = "" if tuple(orders) == (1,) else f", orders={tuple(orders)}"
    arguments = ", ".join(names) + ("," if len(names) == 1 else "")
    call = f"{function}, ({arguments}){order_list}, seed={seed}"
    return lines, f"print(minitorch.autograd.gradcheck_report({call}))"
