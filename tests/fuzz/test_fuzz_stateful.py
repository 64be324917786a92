"""Random stateful programs agree with PyTorch; see `stateful` for what they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch
from fuzz.stateful import (
    EXCUSES,
    FLAG,
    KINDS,
    SILENT,
    THERE,
    Difference,
    replay,
    run_many,
    run_program,
    shrink,
    signature,
)
from minitorch.autograd import interventions
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.walk import BackwardWalk
from minitorch.ops.support import inplace


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """PyTorch, or a skip; without its warnings."""
    the_torch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("seed", range(4))
def test_a_few_random_programs_agree_with_pytorch(seed: int) -> None:
    assert [str(shrink(d)) for d in run_many(100, 100 + seed)] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_gradient_of_ten_thousand_random_programs_is_silently_wrong(seed: int) -> None:
    found = list(run_many(500, seed))
    assert [str(shrink(d)) for d in found if d.kind == SILENT] == []
    assert len(found) <= 5, "\n".join(map(str, found))  # refused by one of the two; flags


# ---- it finds what it is for -------------------------------------------------------------------


def never_count_a_change(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TensorBase, "_bump_version", lambda t: None)


def leave_the_base_of_a_view_as_it_was(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inplace, "rebase_history", lambda t, view, result: t._set_history(result))


def fill_the_grad_of_frozen_leaves(patch: pytest.MonkeyPatch) -> None:
    right = interventions.finish_leaf

    def finish_leaf(walk: BackwardWalk, leaf: TensorBase, grad: Any, owned: bool) -> None:
        frozen, leaf._requires_grad = not leaf._requires_grad, True
        right(walk, leaf, grad, owned)
        leaf._requires_grad = not frozen

    patch.setattr(interventions, "finish_leaf", finish_leaf)


def share_the_memory_of_gradients(patch: pytest.MonkeyPatch) -> None:
    right = BackwardWalk.accumulate

    def accumulate(walk: BackwardWalk, leaf: TensorBase, grad: Any, owned: bool = False) -> None:
        if leaf._grad is None and isinstance(grad, np.ndarray):
            leaf._grad = leaf._wrap(grad)
        else:
            right(walk, leaf, grad, owned)

    patch.setattr(BackwardWalk, "accumulate", accumulate)


def replace_the_grad_that_was_there(patch: pytest.MonkeyPatch) -> None:
    right = BackwardWalk.accumulate

    def accumulate(walk: BackwardWalk, leaf: TensorBase, grad: Any, owned: bool = False) -> None:
        leaf._grad = None
        right(walk, leaf, grad, owned)

    patch.setattr(BackwardWalk, "accumulate", accumulate)


def keep_what_was_saved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Function, "release", lambda node: None)


def let_detached_tensors_count_for_themselves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(minitorch.Tensor, "detach", lambda t: t._wrap(t._array.view()))


def allow_views_of_several_outputs_to_be_changed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inplace, "check_view", lambda target: None)


def forget_hooks_of_results(patch: pytest.MonkeyPatch) -> None:
    right = interventions._run_output_hooks

    def run_output_hooks(walk: BackwardWalk, node: Function, grads: list[Any]) -> list[Any]:
        if node.tensor_hooks is not None:
            node.tensor_hooks = {}
        return right(walk, node, grads)

    patch.setattr(interventions, "_run_output_hooks", run_output_hooks)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "kind", "programs"),
    [
        (never_count_a_change, SILENT, 200),
        (leave_the_base_of_a_view_as_it_was, SILENT, 200),
        (fill_the_grad_of_frozen_leaves, FLAG, 1000),
        (share_the_memory_of_gradients, SILENT, 1000),
        (replace_the_grad_that_was_there, SILENT, 200),
        (keep_what_was_saved, THERE, 200),
        (let_detached_tensors_count_for_themselves, SILENT, 200),
        (allow_views_of_several_outputs_to_be_changed, THERE, 200),
        (forget_hooks_of_results, SILENT, 400),
    ],
)
def test_a_planted_bug_is_found(
    bug: Any, kind: str, programs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start in range(0, programs, 50):
        with monkeypatch.context() as patch:
            bug(patch)
            found = [d for d in run_many(50, 7, start) if d.kind == kind]
        by_the_bug = [d for d in found if replay(d.statements, signature(d)) is None]
        if by_the_bug:
            break
    assert by_the_bug, f"not found by {programs} programs"
    with monkeypatch.context() as patch:
        bug(patch)
        short = shrink(by_the_bug[0])
    assert len(short.statements) <= len(by_the_bug[0].statements)


def test_what_is_printed_runs_under_both() -> None:
    difference = Difference(FLAG, "", ("x = m.ones(3, requires_grad=True)", "y = Once.apply(x)"))
    source = difference.source()
    assert source.startswith("import minitorch as m  # or torch\n")
    assert "class Once" in source and "class Net" not in source
    for name in ("minitorch", "torch"):
        scope: dict[str, Any] = {}
        exec(source.replace("import minitorch as m", f"import {name} as m"), scope)
        assert scope["y"].tolist() == [1.0, 1.0, 1.0]


def test_a_program_is_the_same_each_time() -> None:
    def story(number: int) -> list[str]:
        return [str(d) for d in run_program(number)]

    assert [story(n) for n in range(20)] == [story(n) for n in range(20)]


def test_excuses_say_why() -> None:
    assert all(reason and kind in ("", *KINDS) for kind, _, reason in EXCUSES)
