"""The two ways into a walk: `backward` adds to ``.grad``, `grad` returns the gradients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.autograd.base import Edge, TensorBase
from minitorch.autograd.function import AccumulateGrad
from minitorch.autograd.interventions import Targets
from minitorch.autograd.mode import mode
from minitorch.autograd.walk import BackwardWalk, RecordedWalk

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

Tensors = Any  # a tensor or a sequence of tensors, as in PyTorch's signatures


def backward(
    tensors: Tensors,
    grad_tensors: Tensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensors = None,
    inputs: Tensors = None,
) -> None:
    """Add the gradients of `tensors` to the ``.grad`` of the leaves they came from.

    Args:
        tensors: one or more results, each of one element or with its own gradient given.
        grad_tensors: the gradient of each (None for 1).
        retain_graph: keep the graph for another walk. Defaults to `create_graph`.
        create_graph: record the walk itself, for higher derivatives.
        grad_variables: PyTorch's old name of `grad_tensors`.
        inputs: accumulate into these tensors only.

    Raises:
        RuntimeError: for a tensor that requires no grad, a shape that does not fit, a graph
            already freed, or a saved tensor that was changed in place.
    """
    roots = _as_tuple(tensors)
    given = grad_tensors if grad_tensors is not None else grad_variables
    for observer in mode.observers:
        observer.before_walk(tensors, given, accumulates=True)
    seeds = _seeds(roots, (None,) * len(roots) if given is None else _as_tuple(given), "backward")
    retain = create_graph if retain_graph is None else retain_graph
    edges = [root._edge() for root in roots]
    walk_class = RecordedWalk if create_graph else BackwardWalk
    if inputs is None:
        walk_class(retain).run(edges, seeds)
        return
    wanted = _as_tuple(inputs)
    if not wanted:
        raise RuntimeError("'inputs' argument to backward() cannot be empty.")
    for tensor in wanted:
        tensor.retain_grad()  # a result's gradient is added as it passes, a leaf's in the end
    targets = Targets(edges, [tensor._edge() for tensor in wanted], accumulate=True)
    walk_class(retain, targets).run(edges, seeds)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, leaving every ``.grad`` alone.

    Args:
        outputs: one or more results, each of one element or with its own gradient given.
        inputs: the tensors to differentiate by; leaves or results.
        grad_outputs: the gradient of each output (None for 1).
        retain_graph: keep the graph for another walk. Defaults to `create_graph`.
        create_graph: record the walk itself, for higher derivatives.
        only_inputs: must be True (PyTorch's signature).
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: give `grad_outputs` with a leading batch dimension; one walk for each.
        materialize_grads: give zeros where `allow_unused` would give None.

    Returns:
        One gradient an input, of the input's shape and dtype.

    Raises:
        RuntimeError: as `backward`; also for an input that was not used.

    >>> import minitorch
    >>> x = minitorch.tensor(3.0, requires_grad=True)
    >>> (dy,) = minitorch.autograd.grad(x**3, x, create_graph=True)
    >>> minitorch.autograd.grad(dy, x)
    (tensor(18.),)
    """
    if not only_inputs:
        raise NotImplementedError("grad: only_inputs=False is not supported; use backward()")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, "
            "but got: allow_unused=False."
        )
    roots, wanted = _as_tuple(outputs), _as_tuple(inputs)
    given = (None,) * len(roots) if grad_outputs is None else _as_tuple(grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched_grad(roots, wanted, given, retain, create_graph, allow_unused)
    for observer in mode.observers:
        observer.before_walk(outputs, grad_outputs, accumulates=False)
    for index, tensor in enumerate(wanted):
        if not isinstance(tensor, TensorBase):
            raise TypeError(f"grad: expected a tensor as input {index}, got {tensor!r}")
        if tensor._is_stale():
            tensor._refresh()
    seeds = _seeds(roots, given, "grad")
    if not all(tensor._asks_for_grad() for tensor in wanted):
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    found = _gradients([r._edge() for r in roots], seeds, wanted, retain, create_graph)
    if materialize_grads:
        return tuple(
            t._wrap(np.zeros_like(t._array)) if g is None else g
            for t, g in zip(wanted, found, strict=True)
        )
    if not allow_unused and any(g is None for g in found):
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    return tuple(found)


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    """One tensor or several, as a tuple. (Anything else is refused where it is used.)"""
    single = isinstance(tensors, TensorBase) or not isinstance(tensors, Iterable)
    return (tensors,) if single else tuple(tensors)


def _seeds(outputs: tuple[Any, ...], grads: tuple[Any, ...], who: str) -> list[Tensor]:
    """The gradient to start from at each output: the given one, or 1 for a scalar."""
    if len(grads) != len(outputs):
        raise RuntimeError(
            f"{who}: got {len(outputs)} tensors and {len(grads)} gradients; give one for each"
        )
    seeds: list[Any] = []
    for index, (output, grad) in enumerate(zip(outputs, grads, strict=True)):
        if not isinstance(output, TensorBase):
            raise TypeError(f"{who}: expected a tensor as output {index}, got {output!r}")
        if output._is_stale():
            output._refresh()
        array = output._array
        if grad is not None and not isinstance(grad, TensorBase):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(grad).__name__}"
            )
        if not output._requires_grad:
            raise RuntimeError(
                f"element {index} of tensors does not require grad and does not have a grad_fn"
            )
        if grad is None:
            if array.size != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs; "
                    f"output {index} has shape {list(array.shape)}: reduce it, as with sum(), "
                    "or pass its gradient"
                )
            one = np.array(1, array.dtype)
            grad = output._wrap(one.reshape(array.shape) if array.ndim else one)
        elif grad._array.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{index}] has a shape of "
                f"torch.Size({list(grad._array.shape)}) and output[{index}] has a shape of "
                f"torch.Size({list(array.shape)})."
            )
        seeds.append(grad)
    return seeds


def _gradients(
    roots: list[Edge],
    seeds: list[Tensor],
    wanted: Sequence[TensorBase],
    retain_graph: bool,
    create_graph: bool,
) -> list[Tensor | None]:
    ends = [tensor._edge() for tensor in wanted]
    targets = Targets(roots, ends)
    walk = (RecordedWalk if create_graph else BackwardWalk)(retain_graph, targets)
    walk.run(roots, seeds)
    # What is handed out is the caller's own memory: not a seed's, another gradient's or a view.
    taken = {id(walk.from_tensor(seed)) for seed in seeds}
    handed: list[Tensor | None] = []
    for tensor, (end, slot) in zip(wanted, ends, strict=True):
        found = targets.found.get((id(end), slot))
        if found is None:
            handed.append(None)
            continue
        shared = id(found) in taken
        taken.add(id(found))
        gradient = walk.to_tensor(found, tensor._wrap)
        if shared or gradient._any_layout.base is not None:
            gradient = gradient.clone()
        handed.append(gradient)
    return handed


def _batched_grad(
    roots: tuple[Any, ...],
    wanted: tuple[Any, ...],
    given: tuple[Any, ...],
    retain_graph: bool,
    create_graph: bool,
    allow_unused: bool | None,
) -> tuple[Any, ...]:
    """One walk for each entry of the leading dimension, stacked."""
    count = len(given[0])
    rows = [
        grad(
            roots,
            wanted,
            tuple(g[row] for g in given),
            retain_graph=retain_graph or row + 1 < count,
            create_graph=create_graph,
            allow_unused=allow_unused,
        )
        for row in range(count)
    ]
    return tuple(
        None if column[0] is None else stacked(column) for column in zip(*rows, strict=True)
    )


def stacked(rows: tuple[Any, ...]) -> Tensor:
    """Tensors of one shape along a new first dimension, in the graph."""
    whole: Tensor = rows[0].new_zeros((len(rows), *rows[0].shape))
    for index, row in enumerate(rows):
        whole[index] = row
    return whole


__all__ = ["AccumulateGrad", "backward", "grad"]
