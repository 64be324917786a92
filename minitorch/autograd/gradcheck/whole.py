"""Checking what is larger than one function: a whole model, or a graph that a program recorded."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np

from minitorch._extras import MissingExtra, require
from minitorch.autograd.gradcheck.bridge import ForeignCall, library_of
from minitorch.autograd.gradcheck.check import as_tuple, in_float64, not_in_float64, wants_grad
from minitorch.autograd.gradcheck.contracts import BackwardError
from minitorch.autograd.gradcheck.jacobian import (
    DOUBTED,
    Probe,
    Projection,
    Subject,
    Watch,
    check_deterministic,
    tensors_in,
    unwatched,
)
from minitorch.autograd.gradcheck.kinks import Settled, meet, pin_down, settle, switched
from minitorch.autograd.gradcheck.locate import check_calls, recorded, subject_of
from minitorch.autograd.gradcheck.report import Report
from minitorch.autograd.gradcheck.trace import Call, Tape
from minitorch.autograd.gradcheck.verdict import Verdict
from minitorch.autograd.mode import enable_grad

DIRECTIONS = 2  # along which a tensor is checked that is too large to check one by one
WORK = 50_000_000  # numbers that the runs for elements one by one may go through, all together
CALL = 10_000  # numbers that go by in the time of a call


def progress(show: bool | None, what: str) -> Watch:
    """A progress bar on stderr.

    Args:
        show: True for yes; None if stderr is a terminal and tqdm is there.
        what: the bar's label.

    Raises:
        ImportError: for True without tqdm.
    """
    if show is False or (show is None and not sys.stderr.isatty()):
        return unwatched
    try:
        tqdm = require("tqdm", wanted_for="the progress bar", extra="digits").tqdm
    except MissingExtra:
        if show is None:
            return unwatched
        raise
    return lambda items, total: tqdm(items, what, total, unit="step", leave=False, file=sys.stderr)


def gradcheck_module(
    model: Any,
    inputs: Any,
    loss: Callable[..., Any] | None = None,
    *,
    budget: int = 2000,
    seed: int = 0,
    nodes: bool | str = True,
    progress_bar: bool | None = None,
    raise_exception: bool = True,
) -> Report:
    """Check a model's gradients in every parameter and floating input, and every operation's.

    The model is copied and converted to float64 first. Each recorded operation is checked by
    itself. Then the outputs, or the loss, are weighted at random into one number; the derivative of
    that by each element is compared with backward's, at points nearby where kinks are in the way.

    Args:
        model: a Module. Put it into eval() if it has dropout: what is random cannot be checked.
        inputs: a tensor or a tuple of them; floating ones are checked too.
        loss: takes the model's output, gives what is differentiated; by default the output itself.
        budget: how many elements may be perturbed one by one, at most; fewer where each run of the
            model is long. A tensor that no longer fits in is checked along random directions
            instead, and bisected down to the element on failure.
        seed: of the random weights and directions.
        nodes: also check each recorded operation by itself: of another library's model those that
            the library has not written itself; "all" for these as well.
        progress_bar: show one; by default if stderr is a terminal and tqdm is installed.
        raise_exception: raise what was found instead of only returning it.

    Returns:
        The report; its `table` has a line for each parameter, and one for each operation.

    Raises:
        GradcheckError: for a wrong gradient, or a model that is not deterministic.
        ValueError: for a model without parameters or outputs that require grad.

    >>> import minitorch
    >>> from minitorch import nn
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    >>> report = gradcheck_module(model, minitorch.randn(5, 3))
    >>> print(report.summary())
    gradients of Sequential: right (36 pass)
    """
    library = library_of(
        model, (model, *(inputs if isinstance(inputs, (tuple, list)) else (inputs,)))
    )
    if not hasattr(model, "named_parameters") and getattr(library, "name", "torch") == "torch":
        told = f"expected a model, got {getattr(model, '__name__', type(model).__name__)}"
        raise TypeError(f"gradcheck_module: {told}; gradcheck takes functions")
    if library is not None:
        bridge, labels = library.module(model, inputs, loss)
        call = ForeignCall.of(bridge)
        try:
            subject = subject_of(call)
        except Exception:  # in float64, it may be
            subject = subject_of(replace(call, double=False))
        subject.names = [labels[i] for i in bridge.wanted]
        options = (type(model).__name__, budget, seed, progress_bar, raise_exception)
        return _check_leaves(subject, lambda: recorded(subject.run), *options, nodes)
    twin = copy.deepcopy(model).double()
    given = [in_float64(x, requires_grad=True) for x in as_tuple(inputs)]

    def run() -> Any:
        fresh = [x.clone() if wants_grad(x) else x for x in given]  # forward may change them
        for x in filter(wants_grad, fresh):
            x._grad_fn.call = None  # which is none of the model's operations
        out = twin(*fresh)
        return out if loss is None else loss(out)

    leaves = {f"parameter {name}": p for name, p in twin.named_parameters()}
    leaves |= {f"input {i}": x for i, x in enumerate(given)}
    leaves = {label: x for label, x in leaves.items() if wants_grad(x)}
    subject = Subject(run, list(leaves.values()), list(leaves))
    options = (type(model).__name__, budget, seed, progress_bar, raise_exception)
    return _check_leaves(subject, lambda: recorded(run), *options, nodes)


def gradcheck_graph(
    outputs: Any,
    names: dict[int, str] | None = None,
    *,
    name: str = "the graph",
    budget: int = 2000,
    seed: int = 0,
    progress_bar: bool | None = None,
    raise_exception: bool = True,
) -> Report:
    """Check a graph that was recorded within `record_calls`, by running it again in float64.

    Args:
        outputs: a tensor or several.
        names: what to call its leaves, by their id.
        name: what to call it.
        budget, seed, progress_bar, raise_exception: as for `gradcheck_module`.
    """
    tape = Tape(as_tuple(outputs))
    twins = [in_float64(leaf, requires_grad=True) for leaf in tape.leaves]
    called = [(names or {}).get(id(leaf), f"leaf {n}") for n, leaf in enumerate(tape.leaves)]
    plain = partial(tape.rerun, *twins)
    subject = Subject(partial(tape.run, *twins), twins, called, plain=plain)
    options = (name, budget, seed, progress_bar, raise_exception)
    return _check_leaves(subject, lambda: [node.call for node in tape.nodes], *options)


def _check_leaves(
    subject: Subject,
    calls: Callable[[], list[Call]],
    name: str,
    budget: int,
    seed: int,
    progress_bar: bool | None,
    raise_exception: bool,
    nodes: bool | str = True,
) -> Report:
    __tracebackhide__ = True
    started = time.perf_counter()
    if not subject.tensors:
        raise ValueError(f"gradcheck: {name} has no parameter and no input that requires grad")
    watch = progress(progress_bar, name)
    report = Report(name, seed=seed)
    with enable_grad(), _keeping(report):
        if not tensors_in(subject.run()):
            raise ValueError(f"gradcheck: {name} returned no tensor")
        if not subject.outputs():
            raise ValueError(f"gradcheck: no output of {name} requires grad")
        check_deterministic(subject, 0.0)
        if subject.bits < 53:
            report.notes.append(not_in_float64(subject.bits))
        listed = calls()
        findings = check_calls(listed, seed, watch=watch, trusted=nodes == "all") if nodes else []
        report.nodes = findings
        projection = Projection(subject, np.random.default_rng(seed))
        sizes = [x._array.size for x in subject.tensors]
        whole = _within(min(budget, _affordable(listed)), sizes)
        probes = {
            n: Probe(rows=range(size))
            if n in whole
            else Probe(directions=[projection.random_direction(n) for _ in range(DIRECTIONS)])
            for n, size in enumerate(sizes)
        }
        total = sum(map(len, probes.values()))
        ticks = iter(watch(range(total), total))
        doubted: tuple[Verdict, ...] = DOUBTED
        if any(finding.problem for finding in findings):
            doubted = ()  # it is wrong in any case
        elif any(finding.at_kink for finding in findings):
            doubted = (Verdict.FAIL, Verdict.UNSURE)  # kinks are looked at from points nearby
        found = [
            projection.look(n, probe, ticks=ticks, doubted=doubted) for n, probe in probes.items()
        ]
        next(ticks, None)  # so that the bar ends
        settled = [Settled.nothing(j) for j in found]
        if any((j.verdicts != Verdict.PASS).any() for j in found):
            if not any(finding.problem for finding in findings):
                findings = check_calls(listed, seed)
            if any(finding.problem for finding in findings):
                report.nodes = findings
            else:
                names = [finding.name for finding in findings if finding.at_kink]
                names += switched(subject)
                if names or any(j.count(Verdict.KINK) for j in found):
                    settled = settle(subject, found, projection.again(probes), seed)
                    meet(report, found, settled, names)
        pin_down(subject, found, settled, [*probes.values()], projection.weights, seed)
        report.jacobians = found
        report.notes += [
            f"{label} has {size} elements: checked along random directions"
            for n, (label, size) in enumerate(zip(subject.names, sizes, strict=True))
            if n not in whole
        ]
    report.seconds = time.perf_counter() - started
    if raise_exception:
        report.raise_if_wrong()
    return report


@contextmanager
def _keeping(report: Report) -> Iterator[None]:
    """Keep what backward raises, and with it what was found before."""
    try:
        yield
    except BackwardError as error:
        report.breaches.append((1, error.violation))


def _affordable(calls: Sequence[Call]) -> int:
    """Count the elements to change one by one: the fewer, the more numbers a run goes through."""
    arrays = [a for call in calls for a in call.arrays if isinstance(a, np.ndarray)]
    return WORK // max(CALL * len(calls) + sum(array.size for array in arrays), 1)


def _within(budget: int, sizes: Sequence[int]) -> set[int]:
    """The numbers of the tensors, the smallest first, that fit into the budget together."""
    smallest_first = sorted(range(len(sizes)), key=lambda n: sizes[n])
    totals = accumulate(sizes[n] for n in smallest_first)
    return {n for n, total in zip(smallest_first, totals, strict=True) if total <= budget}
