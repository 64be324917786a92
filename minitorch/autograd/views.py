"""Views: how each was made, so that its gradient can be found again after an in-place change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch.autograd.mode import mode

if TYPE_CHECKING:
    from minitorch.autograd.base import TensorBase
    from minitorch.autograd.function import Function

new_tuple = tuple.__new__

# Where a view was made that cannot be differentiated through a change in place, and why not.
ORIGINS = {
    "no_grad": "Given that this use case is ambiguous and error-prone, it is forbidden. You can "
    "clarify your code by moving both the view and the inplace either both inside the no_grad "
    "block (if you don't want the inplace to be tracked) or both outside (if you want the inplace "
    "to be tracked).",
    "several": "This view is the output of a function that returns multiple views. Such functions "
    "do not allow the output views to be modified inplace. You should replace the inplace "
    "operation by an out-of-place one.",
    "function": "This view was created inside a custom Function (or because an input was returned "
    "as-is) and the autograd logic to handle view+inplace would override the custom backward "
    "associated with the custom Function, leading to incorrect gradients. This behavior is "
    "forbidden. You can fix this by cloning the output of the custom Function.",
}


class ViewStep(NamedTuple):
    """One view operation, to be done again: ``function.apply(tensor, **params)[slot]``."""

    function: type[Function]
    params: dict[str, Any]
    slot: int

    def replay(self, tensor: Any) -> Any:
        """The same view, of another tensor (or ndarray) of the parent's shape."""
        if isinstance(tensor, np.ndarray):
            result = self.function().forward(tensor, **self.params)
        else:
            result = self.function.apply(tensor, **self.params)
        return result[self.slot] if isinstance(result, tuple) else result


class View:
    """Record of how a view was made, to find its gradient again after an in-place change.

    Attributes:
        base: the tensor that owns the memory (never itself a view).
        parent: the tensor this is a view of; `base`, or another view of it.
        step: what makes this view of its parent.
        undone: `parent`'s `_undo` when the view was made; what came to it since is undone first.
        origin: a key of `ORIGINS`, or "" for a view that may be changed in place.
        seen: `base`'s grad_fn when the view's own was last worked out; another one means stale.
        version: the memory's version then, which is looked at if there is an origin: its grad_fn
            cannot be worked out anew.
        refusal: why else changing this view in place cannot be differentiated, or None.
    """

    __slots__ = ("base", "origin", "parent", "refusal", "seen", "step", "undone", "version")
    base: TensorBase
    origin: str
    refusal: str | None

    def __init__(self, parent: TensorBase, step: ViewStep, version: int, origin: str) -> None:
        above = parent._view
        if above is None:
            self.base, self.refusal = parent, None
        else:
            self.base, self.refusal = above.base, above.refusal
            origin = origin or above.origin
        self.parent = parent
        self.step = step
        self.undone = parent._undo
        self.seen = self.base._grad_fn
        self.version = version
        self.origin = origin

    def set_origin(self, origin: str) -> None:
        """Say, of a view that a node has been set for, where it was made: a key of `ORIGINS`."""
        self.origin = origin
        self.seen, self.version = self.base._grad_fn, self.base._shared_storage().version

    def check_change(self, tensor: TensorBase, *, indirect: bool = False) -> None:
        """Refuse to change `tensor`, whose view this is, in place while recording.

        Args:
            tensor: the view.
            indirect: whether its base or another view was changed already.

        Raises:
            RuntimeError: if its gradient could not be right afterwards.
        """
        if self.refusal is not None and not indirect:
            raise RuntimeError(self.refusal)
        if not self.origin:
            return
        node = tensor._grad_fn
        change = "its base or another view of its base has been" if indirect else "is being"
        maker = ""
        if node is not None:
            maker = f"Output {tensor._slot} of {node.name().split('Backward')[0]} is a view"
        if node is None or self.origin == "no_grad":
            within = f"{maker} of a view which was created in" if maker else "A view was created in"
            text = f"{within} no_grad mode and {change} modified inplace with grad mode enabled."
        else:
            text = f"{maker} and {change} modified inplace."
        raise RuntimeError(f"{text} {ORIGINS[self.origin]}")

    def steps(self) -> list[ViewStep]:
        """The way from the base to this view. (No tensors: a node may keep it.)"""
        path: list[ViewStep] = []
        view: View | None = self
        while view is not None:
            path += view.from_parent()[::-1]
            view = view.parent._view
        return path[::-1]

    def from_parent(self) -> list[ViewStep]:
        """The way from the parent: back to what it was when this was made of it, and the step.

        Raises:
            RuntimeError: if there is no way back, or its own or the parent's `data` was set.
        """
        before, now = self.undone, self.parent._undo
        path = [*reversed(now[len(before) :]), self.step]
        if now[: len(before)] != before or any(type(step) is not ViewStep for step in path):
            raise RuntimeError(
                "this view's data, or that of the tensor that it shows, was set or resized since "
                "the view was made, so that its gradient cannot be found again after an in-place "
                "change; make the view anew"
            )
        return path


def mark_view(
    node: Function,
    owner: TensorBase,
    result: TensorBase,
    params: dict[str, Any],
    slot: int,
    origin: str = "",
) -> None:
    """Record that `result`, output `slot` of `node`, shares `owner`'s memory, if it does."""
    if owner._native is None:
        array, source = result._array, owner._array
    else:
        array, source = result._stored, owner._stored
    base = array.base
    if base is not source:  # which is the quick answer
        # A kernel that could not make a view returned memory of its own. (An array's `base` proves
        # nothing by itself: a copy that was reshaped has one too.)
        same = base is source.base or not array.size
        if base is None or not (same or np.may_share_memory(array, source)):
            return
    storage = owner._storage
    result._storage = storage = owner._shared_storage() if storage is None else storage
    step = new_tuple(ViewStep, (type(node), params, slot))
    result._view = View(owner, step, storage.version, origin if mode.grad else "no_grad")
    result._inference = owner._inference  # its memory is what it is, whoever looks at it
    result._slow_path = True


def check_view(target: TensorBase) -> None:
    """Refuse to change a view in place, while recording, where no gradient would be right.

    Raises:
        RuntimeError: for a view that cannot be differentiated through such a change; for a view of
            a leaf that requires grad.
    """
    view = target._view
    if view is None or not (target._requires_grad or view.base._requires_grad):
        return
    view.check_change(target)
    above: View | None = view
    while above is not None:  # a leaf may be a view itself
        parent = above.parent
        if parent._grad_fn is None and (
            parent._requires_grad or (target._requires_grad and parent._detached is not None)
        ):
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation. Do it inside torch.no_grad(), or change a clone()."
            )
        above = parent._view
