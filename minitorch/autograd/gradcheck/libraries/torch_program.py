"""The custom Functions that a PyTorch program applies, each checked on the inputs it really got."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from minitorch.autograd.gradcheck.libraries.torch import LIBRARY
from minitorch.autograd.gradcheck.libraries.torch_calls import Applied, is_custom, name_of, watching
from minitorch.autograd.gradcheck.locate import check_call, shapes_of
from minitorch.autograd.gradcheck.report import NodeFinding

MOST = 16  # signatures of one Function that are kept


@dataclass
class Checked:
    """One signature of a Function.

    Attributes:
        applied: its first call.
        count: how many calls there were.
        first, second: what was found at each order; None where nothing was looked at.
    """

    applied: Applied
    count: int
    first: NodeFinding | None = None
    second: NodeFinding | None = None

    @property
    def findings(self) -> list[NodeFinding]:
        """List what there is of both."""
        return [finding for finding in (self.first, self.second) if finding is not None]


class Collected:
    """The custom Functions that a program applies: of each signature the first call.

    A signature is the Function, its tensors' shapes, dtypes and whether they require grad, and its
    other arguments. Calls that nothing is differentiated through do not count.

    Attributes:
        counts: how many calls there were, by signature.
        calls: the first of each, in order; of one Function at most `MOST`.
        left_out: by Function, how many calls had other signatures than these.
    """

    def __init__(self) -> None:
        self.counts: dict[Any, int] = {}
        self.calls: dict[Any, Applied] = {}
        self.left_out: dict[str, int] = {}

    def watching(self) -> AbstractContextManager[None]:
        """A context within which calls are collected."""
        return watching(self._told, wanted=self._wants)

    def _wants(self, func: Any, leaves: list[Any]) -> bool:
        tensors = [x for x in leaves if isinstance(x, torch.Tensor)]
        if not torch.is_grad_enabled() or not any(x.requires_grad for x in tensors):
            return False
        if not is_custom(func):
            return False
        key = (func, *map(_signature, leaves))
        if key not in self.calls and sum(other[0] is func for other in self.calls) >= MOST:
            name = name_of(func)
            self.left_out[name] = self.left_out.get(name, 0) + 1
            return False
        self.counts[key] = self.counts.get(key, 0) + 1
        return key not in self.calls

    def _told(self, applied: Applied) -> None:
        key = (applied.func, *map(_signature, applied.leaves))
        self.calls.setdefault(key, applied)

    def check(self, seed: int = 0, until: float = math.inf) -> Iterator[Checked]:
        """Check each of them, at both orders; from the time `until` on, leave them unchecked."""
        for key, applied in self.calls.items():
            checked = Checked(applied, self.counts[key])
            if time.monotonic() < until:
                _check(checked, seed)
            yield checked


def _check(checked: Checked, seed: int) -> None:
    """Check one signature at both orders, unless it cannot be run again."""
    applied = checked.applied
    checked.first = NodeFinding(applied.name, applied.place, ())
    try:
        for value in applied.leaves:
            LIBRARY.refuse("an argument", value)
        call = applied.call(LIBRARY)
        checked.first = check_call(call, seed)
        if not checked.first.problem and not checked.first.note:
            checked.second = NodeFinding(call.name, call.place, shapes_of(call))
            checked.second = check_call(call.differentiated(), seed)
    except Exception as error:  # on another device, or no longer what it was
        note = f"could not be run again ({type(error).__name__}: {error})"
        (checked.second or checked.first).note = note


def _signature(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), value.dtype, value.requires_grad
    return repr(value) if isinstance(value, (int, float, str, bool, type(None))) else type(value)
