"""Every row of the op table with something changed in place between forward and backward.

What may be changed is all that the row's own lines ever held: its operands, the indices, masks,
weights and running statistics that it made, its outputs. After the change the gradient, at both
orders, is that of the unchanged graph, or a RuntimeError says why not; nothing else. It needs no
PyTorch: what is right is what a second graph gives that nobody touched.
"""

from __future__ import annotations

import itertools
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import cases
import numpy as np
import pytest
from cases import CASES
from cases.case import Case
from oracle import outputs

import minitorch
from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import mode

ROWS = os.path.dirname(cases.__file__)
Change = Callable[[Any], Any]

# ---- ways to change a tensor -------------------------------------------------------------------


def other_values(t: Any) -> Any:
    """Other values that `t` could hold: permuted, so that an index or a label stays in range."""
    values = t.detach().clone()
    if t.dtype is minitorch.bool:
        return ~values
    for changed in (values.flatten().roll(1).reshape(t.shape), values * 0, values * 0 + 1):
        if not minitorch.equal(changed, values) and (values.is_floating_point() or t.numel() > 1):
            return changed
    return values * 0


def some_float(change: Change) -> Change:
    """`change` for a floating tensor; for another, the values that it can take."""
    return lambda t: change(t) if t.is_floating_point() else t.copy_(other_values(t))


def unrecorded(change: Change) -> Change:
    def run(t: Any) -> None:
        with minitorch.no_grad():
            change(t)

    return run


def assign_item(t: Any) -> None:
    place = (0,) * t.ndim if t.ndim else ...
    t[place] = other_values(t)[place]


def assign_slice(t: Any) -> None:
    t[...] = other_values(t)


def through_a_view(t: Any) -> None:
    t.view_as(t).copy_(other_values(t))


def through_a_view_of_a_view(t: Any) -> None:
    t.unsqueeze(0)[0].copy_(other_values(t))


def through_detach(t: Any) -> None:
    t.detach().copy_(other_values(t))


RECORDED: dict[str, Change] = {
    "add_": some_float(lambda t: t.add_(0.37)),
    "mul_": some_float(lambda t: t.mul_(-1.5)),
    "zero_": lambda t: t.zero_(),
    "copy_": lambda t: t.copy_(other_values(t)),
    "t[0] =": assign_item,
    "t[...] =": assign_slice,
    "view": through_a_view,
    "view of a view": through_a_view_of_a_view,
    "sub_ out of a view": some_float(lambda t: t.flatten().sub_(0.3)),
}
UNRECORDED: dict[str, Change] = {
    "detach()": through_detach,
    "no_grad: mul_": unrecorded(some_float(lambda t: t.mul_(-1.5))),
    "no_grad: copy_": unrecorded(lambda t: t.copy_(other_values(t))),
    "no_grad: t[0] =": unrecorded(assign_item),
    "no_grad: view": unrecorded(through_a_view),
    "no_grad: zero_": unrecorded(lambda t: t.zero_()),
}

# ---- one graph, and what it gives ---------------------------------------------------------------


def noting_tensors(function: Callable[..., Any], *args: Any) -> tuple[Any, list[Any]]:
    """The call's result, and each tensor that the op table's own lines got from anywhere."""
    held: list[Any] = []

    def note(frame: Any, event: str, value: Any) -> None:
        if event == "return" and isinstance(value, (TensorBase, tuple, list)):
            caller = frame.f_back
            if caller is not None and caller.f_code.co_filename.startswith(ROWS):
                held.extend(v for v in outputs(value) if isinstance(v, TensorBase))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        made = function(*args)
    finally:
        sys.setprofile(before)
    return made, held


class Graph:
    """One call of a row, recorded: leaves, all tensors in the row's hands, and outputs.

    What goes back is sent into ``out + 0``, which saves nothing, has memory of its own, and so
    stays what it is whatever becomes of ``out``.
    """

    def __init__(self, case: Case, leaves_are_operands: bool) -> None:
        self.leaves = [minitorch.tensor(a, requires_grad=True) for a in case.arrays()]
        operands = self.leaves
        if not leaves_are_operands:
            operands = [leaf.clone() for leaf in self.leaves]
        made, held = noting_tensors(case.function, minitorch, *operands)
        outs = [out for out in outputs(made) if isinstance(out, TensorBase)]
        unique = {id(t): t for t in [*operands, *held, *outs] if t.numel()}
        self.held = list(unique.values())
        draws = np.random.default_rng(0)
        self.ends = [out + 0.0 for out in outs if out.requires_grad]
        self.seeds = [
            minitorch.tensor(draws.standard_normal(end.shape), requires_grad=True)
            for end in self.ends
        ]

    def first(self, create_graph: bool) -> tuple[Any, ...]:
        """The gradients of the outputs."""
        return minitorch.autograd.grad(
            self.ends, self.leaves, self.seeds, create_graph=create_graph, materialize_grads=True
        )

    def second(self, first: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the gradients, in the leaves and in what was sent in."""
        ends = [g + 0.0 for g in first if g.requires_grad]
        draws = np.random.default_rng(1)
        seeds = [minitorch.tensor(draws.standard_normal(end.shape)) for end in ends]
        if not ends:
            return ()
        wanted = [*self.leaves, *self.seeds]
        return minitorch.autograd.grad(ends, wanted, seeds, materialize_grads=True)


WHEN = ("before a plain walk", "before both walks", "between the walks")


def values(tensors: Any) -> list[Any]:
    return [t.detach().numpy().copy() for t in tensors]


def right_gradients(case: Case) -> tuple[list[Any], list[Any]]:
    """Both orders, of a graph that nobody touched."""
    graph = Graph(case, leaves_are_operands=True)
    first = graph.first(create_graph=True)
    kept = values(first)
    return kept, values(graph.second(first))


def attack(
    case: Case, leaves: bool, place: int, change: Change, when: str, right: Any
) -> str | None:
    """Change the tensor at `place` and go back; what is wrong with what came of it, or None."""
    graph = Graph(case, leaves)
    first: tuple[Any, ...] = ()
    held = graph.held
    if when == "between the walks":  # what was sent in is then in use as well
        first = graph.first(create_graph=True)
        held = [*held, *(t for t in graph.seeds if t.numel())]
    changed = True
    try:
        change(held[place])
    except RuntimeError:
        changed = False
    except Exception as error:
        return f"the change raises {error!r}"
    try:
        if when == "between the walks":
            pairs = list(zip(values(graph.second(first)), right[1], strict=True))
        else:
            first = graph.first(create_graph=when == "before both walks")
            pairs = list(zip(values(first), right[0], strict=True))
            if when == "before both walks":
                pairs += zip(values(graph.second(first)), right[1], strict=True)
    except RuntimeError as error:
        return None if changed else f"what was refused had its effect: {error!r}"
    except Exception as error:
        return f"backward raises {error!r}"
    for got, expected in pairs:
        if not np.allclose(got, expected, rtol=1e-8, atol=1e-8, equal_nan=True):
            return f"got {got.tolist()}, not {expected.tolist()}"
    return None


Attack = tuple[bool, int, str, str]


def attacks(case: Case) -> Iterator[Attack]:
    """All ways to attack a row: leaves or results as operands, place, when, name of the change."""
    for leaves in (False, True):
        graph = Graph(case, leaves)
        sent_in = [t for t in graph.seeds if t.numel()]
        for place in range(len(graph.held) + len(sent_in)):
            of_the_row = place < len(graph.held)
            leaf = (leaves and place < len(graph.leaves)) or not of_the_row
            names = UNRECORDED if leaf else [*RECORDED, *UNRECORDED]
            times = WHEN if of_the_row else WHEN[-1:]
            yield from ((leaves, place, when, name) for name in names for when in times)


def wrong(case: Case, every: bool) -> Iterator[str]:
    """What attacks on a row find; one on each tensor, differing from row to row, or every one."""
    right = right_gradients(case)
    turn = zlib.crc32(str(case).encode())
    for _, group in itertools.groupby(attacks(case), key=lambda attack: attack[:2]):
        tries = list(group)
        turn += 7
        for leaves, place, when, name in tries if every else [tries[turn % len(tries)]]:
            more = attack(case, leaves, place, (RECORDED | UNRECORDED)[name], when, right)
            if more is not None:
                operands = "leaves" if leaves else "results"
                yield f"{case}: {operands}, tensor {place}, {name}, {when}: {more}"


def check(case: Case, every: bool) -> None:
    if not case.differentiable:
        pytest.skip("the row has no gradient that could be wrong")
    assert list(wrong(case, every)) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_is_refused_or_makes_no_difference(case: Case) -> None:
    check(case, every=False)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_change_is_refused_or_makes_no_difference(case: Case) -> None:
    check(case, every=True)


# ---- it finds what it is for -------------------------------------------------------------------


def never_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorBase, "_bump_version", lambda self: None)


def not_counted_without_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = TensorBase._bump_version
    monkeypatch.setattr(TensorBase, "_bump_version", lambda t: counted(t) if mode.grad else None)


def not_counted_of_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = TensorBase._bump_version
    monkeypatch.setattr(
        TensorBase, "_bump_version", lambda t: counted(t) if t.is_floating_point() else None
    )


def detached_tensors_count_for_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minitorch.Tensor, "detach", lambda t: t._wrap(t._array.view()))


@pytest.mark.parametrize(
    "bug",
    [
        never_counted,
        not_counted_without_recording,
        not_counted_of_integers,
        detached_tensors_count_for_themselves,
    ],
)
def test_a_planted_bug_is_found(bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    rows = (case for case in CASES[::5] if case.differentiable)
    found = itertools.islice((row for row in rows if any(wrong(row, every=False))), 3)
    assert len(list(found)) == 3


def test_a_row_is_the_same_each_time() -> None:
    for case in CASES[::10]:
        if case.differentiable:
            once, again = (right_gradients(case) for _ in range(2))
            for a, b in zip([*once[0], *once[1]], [*again[0], *again[1]], strict=True):
                np.testing.assert_array_equal(a, b, str(case))
