"""Contracts of a backward in PyTorch besides the right numbers, and what shows a breach.

PyTorch's engine casts a gradient of another dtype, shows nobody what a node does to the gradient
that came in, and lets no two nodes see the same tensor twice by accident. So each custom
Function's `backward` is listened to while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

import torch
from torch._vmap_internals import _vmap
from torch.autograd.function import BackwardCFunction

from minitorch.autograd.gradcheck.bridge import Bridge
from minitorch.autograd.gradcheck.libraries.torch_calls import Applied, nodes_behind, watching

Found = tuple[str, str]
ROOM = 64  # roundings of the largest gradient by which two ways of computing it may differ


def breaches(bridge: Bridge, inputs: Sequence[Any], vmapped: tuple[bool, bool]) -> Iterator[Found]:
    """List the contracts that are broken, each with what was seen.

    Args:
        bridge: the function; of a gradient only what it does under vmap is looked at.
        inputs: its inputs, of which those that are wanted require grad.
        vmapped: whether backward, and forward mode, have to run under vmap, too.
    """
    applied: list[Applied] = []
    with watching(applied.append):
        run = _Run(bridge, inputs)
    if bridge.primal is None:
        bridge.notes = [note for call in applied for note in call.notes]
        yield from _marked(applied)
        yield from _listened(run)
        yield from _undefined(run)
        yield from _memory(run)
        yield from _repeated(run)
        yield from _asked_for(run)
        yield from _sliced(run)
    if vmapped[0]:
        yield from _batched(run)
    if vmapped[1]:
        yield from _batched_forward(run)


class _Run:
    """A function at its inputs, with random cotangents."""

    def __init__(self, bridge: Bridge, inputs: Sequence[Any]) -> None:
        self.bridge, self.inputs = bridge, list(inputs)
        self.outputs = self.flowing(self.inputs)
        with torch.random.fork_rng(devices=[]):  # at a state in which no function leaves it
            state = torch.default_generator.manual_seed(0x6D696E69).get_state()
            self.flowing(self.inputs)
            self.draws = bridge.draws or not torch.equal(state, torch.get_rng_state())
        # From no seed that the inputs may be from, as 0: they would be the same numbers.
        draws = torch.Generator().manual_seed(0x6D696E69)
        self.seeds = [
            torch.randn(out.shape, generator=draws, dtype=torch.float64).to(out.dtype)
            for out in self.outputs
        ]

    @property
    def leaves(self) -> list[Any]:
        return [self.inputs[i] for i in self.bridge.wanted]

    @cached_property
    def room(self) -> float:
        """Bound the rounding where gradients cancel: of what is as large as outputs over inputs."""
        rooms = [_room(out.detach()) for out in self.outputs]
        return max(rooms) / (min(map(_size, self.leaves)) or 1.0)

    def flowing(self, inputs: Sequence[Any]) -> list[Any]:
        made = self.bridge.library.value(self.bridge.func, inputs)
        return [out for out in made if out.requires_grad]

    def gradients(
        self,
        outputs: Sequence[Any],
        leaves: Sequence[Any],
        seeds: Any = None,
        copy: Callable[[Any], Any] = torch.clone,
    ) -> Any:
        given = zip(outputs, self.seeds if seeds is None else seeds, strict=True)
        pairs = [(out, copy(seed)) for out, seed in given if out.requires_grad]
        if not pairs:
            return [torch.zeros_like(x) for x in leaves]
        roots, cotangents = zip(*pairs, strict=True)  # copies, which a backward might change
        found = torch.autograd.grad(roots, leaves, cotangents, True, allow_unused=True)
        return [torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True)]

    def among(self, leaves: Sequence[Any]) -> list[Any]:
        """All inputs, with `leaves` for the wanted ones."""
        inputs = list(self.inputs)
        for place, leaf in zip(self.bridge.wanted, leaves, strict=True):
            inputs[place] = leaf
        return inputs


def _size(tensor: Any) -> float:
    return float(tensor.detach().abs().nan_to_num(0, 0, 0).max()) if tensor.numel() else 0.0


def _room(*tensors: Any) -> float:
    """Bound the rounding of such gradients."""
    eps = max(torch.finfo(t.dtype).eps for t in tensors)
    return ROOM * eps * max([1e-300, *map(_size, tensors)])


def _unlike(a: Any, b: Any, room: float) -> list[int] | None:
    """Where two tensors differ most; None where they do not."""
    off = ~(((a - b).abs() <= room) | (a == b) | (a.isnan() & b.isnan()))
    return off.nonzero()[0].tolist() if bool(off.any()) else None


# ---- forward ----------------------------------------------------------------------------------


def _marked(applied: Sequence[Applied]) -> Iterator[Found]:
    """Whether each custom Function says what it changes in place."""
    for call in applied:
        for name in call.changed:
            yield (
                "is told what forward changes",
                f"{call.name}.forward changes {name} in place and does not say so: "
                "ctx.mark_dirty is missing, so that what saved it before gives a wrong gradient",
            )


# ---- backward, listened to --------------------------------------------------------------------


@contextmanager
def _listening(classes: set[Any], heard: Callable[..., None]) -> Iterator[None]:
    """Within it, `heard` is told of each backward: the node, what came in, copies, what it gave."""

    def listen(backward: Callable[..., Any]) -> Any:
        def listener(ctx: Any, *grads: Any) -> Any:
            copies = [g.clone() if isinstance(g, torch.Tensor) else g for g in grads]
            made = backward(ctx, *grads)
            heard(ctx, grads, copies, made if isinstance(made, tuple) else (made,))
            return made

        return staticmethod(listener)

    own = [(cls, cls.__dict__.get("backward")) for cls in classes]
    for cls, _ in own:
        cls.backward = listen(cls.backward)
    try:
        yield
    finally:
        for cls, before in own:
            if before is None:
                del cls.backward
            else:
                cls.backward = before


def _listened(run: _Run) -> Iterator[Found]:
    """Whether a Function leaves alone what it is lent, and gives gradients of the right dtype."""
    nodes = [n for n in nodes_behind(run.outputs) if isinstance(n, BackwardCFunction)]
    classes = {node._forward_cls for node in nodes}
    if not any(_writes_backward(cls) for cls in classes):
        return
    found: dict[Found, None] = {}
    handed: list[tuple[str, int, Any, Any]] = []

    def heard(ctx: Any, grads: Any, copies: Any, made: Any) -> None:
        name = ctx._forward_cls.__name__
        for number, (now, before) in enumerate(zip(grads, copies, strict=True)):
            if isinstance(now, torch.Tensor) and (place := _unlike(now, before, 0.0)) is not None:
                changed = f"{name}.backward changed grad_output {number} in place, first at {place}"
                others = f"{changed}; others may hold the same tensor"
                found["leaves the incoming gradient alone", others] = None
        for number, (gradient, edge) in enumerate(zip(made, ctx.next_functions, strict=False)):
            if not isinstance(gradient, torch.Tensor):
                continue
            handed.append((name, number, gradient, gradient.detach().clone()))
            due = edge[0]._input_metadata[edge[1]].dtype if edge[0] is not None else None
            if due is not None and gradient.dtype != due and _is_float(gradient):
                given = f"{name}.backward returned {gradient.dtype} for its input {number}"
                found["returns gradients of the inputs' dtypes", f"{given}, which is {due}"] = None

    with _listening({cls for cls in classes if _writes_backward(cls)}, heard):
        for _ in range(2):
            run.gradients(run.outputs, run.leaves)
    for name, number, gradient, copy in handed:
        if _unlike(gradient, copy, 0.0) is not None:
            lost = f"the gradient of its input {number}, which an earlier backward had handed out"
            found["hands out memory of its own", f"{name}.backward overwrote {lost}"] = None
    yield from found


def _writes_backward(cls: Any) -> bool:
    return cls.backward is not torch.autograd.Function.backward


def _is_float(tensor: Any) -> bool:
    return bool(tensor.is_floating_point() or tensor.is_complex())


def _undefined(run: _Run) -> Iterator[Found]:
    """Whether an incoming gradient that is undefined counts as zeros."""
    name = "takes an undefined incoming gradient for zeros"
    count = len(run.outputs)
    cases = [set(range(count)), *({n} for n in range(count))] if count > 1 else [{0}]
    for undefined in cases:
        outputs = [
            torch._C._functions.UndefinedGrad()(out) if n in undefined else out
            for n, out in enumerate(run.flowing(run.inputs))
        ]
        which = "all are" if len(undefined) == count else f"that of output {min(undefined)} is"
        seeds = [torch.zeros_like(seed) for seed in run.seeds]
        try:
            found = run.gradients(outputs, run.leaves, seeds)
        except Exception as error:
            yield name, f"where {which} undefined, backward raised {type(error).__name__}: {error}"
            return
        for number, gradient in enumerate(found):
            if bool((gradient != 0).any()):
                wrong = f"input {number} got a gradient that is not 0"
                yield name, f"where {which} undefined and the others are zeros, {wrong}"
                return


# ---- the inputs' memory -----------------------------------------------------------------------


def _memory(run: _Run) -> Iterator[Found]:
    """Whether inputs of the same numbers, otherwise laid out in memory, give the same."""
    if run.draws:
        return  # random numbers may come in the order of memory
    expected = run.gradients(run.outputs, run.leaves)
    for kind, lay in (("non-contiguous", _spread), ("transposed", _turned), ("expanded", _once)):
        leaves = [lay(leaf) for leaf in run.leaves]
        if all(new.stride() == old.stride() for new, old in zip(leaves, run.leaves, strict=True)):
            continue
        try:
            outputs = run.flowing(run.among(leaves))
            found = run.gradients(outputs, leaves)
        except Exception:  # which is loud, and the function's right
            continue
        pairs = [
            (f"output {n}", a, b) for n, (a, b) in enumerate(zip(run.outputs, outputs, strict=True))
        ]
        pairs += [
            (f"the gradient of input {i}", a, b)
            for i, a, b in zip(run.bridge.wanted, expected, found, strict=True)
        ]
        for what, a, b in pairs:
            room = max(_room(a, b), 0.0 if what.startswith("output") else run.room)
            place = _unlike(a.detach(), b.detach(), room)
            if place is not None:
                one, two = a.detach()[tuple(place)].item(), b.detach()[tuple(place)].item()
                gave = f"inputs of the same values gave {one:.9g} and {two:.9g} for"
                told = f"contiguous and {kind} {gave} element {place} of {what}"
                yield "takes inputs of any strides", told
                return


def _spread(leaf: Any) -> Any:
    """Two apart in memory, and not from its beginning."""
    apart = torch.stack([leaf.detach() + 1, leaf.detach()], -1)[..., 1]
    return apart.requires_grad_()


def _turned(leaf: Any) -> Any:
    """The first dimension closest in memory."""
    dims = list(range(leaf.ndim))[::-1]
    return leaf.detach().permute(dims).contiguous().permute(dims).requires_grad_()


def _once(leaf: Any) -> Any:
    """Each dimension along which nothing changes kept once."""
    kept = leaf.detach().clone()
    for dim in range(kept.ndim):
        first = kept.narrow(dim, 0, min(1, kept.shape[dim]))
        if kept.shape[dim] > 1 and bool((first == kept).all()):
            kept = first
    return kept.expand(leaf.shape).requires_grad_()


def _repeated(run: _Run) -> Iterator[Found]:
    """Whether one tensor as two inputs gets the sum of both gradients."""
    leaves, places = run.leaves, run.bridge.wanted
    for second in range(1, len(leaves)):
        for first in range(second):
            a, b = leaves[first], leaves[second]
            if (a.shape, a.dtype) != (b.shape, b.dtype) or not a.numel():
                continue
            apart, same = list(leaves), list(leaves)
            apart[second] = a.detach().clone().requires_grad_()
            same[second] = a
            try:
                one = run.gradients(run.flowing(run.among(apart)), apart)
                # At once, for where arrays of NumPy's are shared PyTorch adds in place.
                due = one[first] + one[second]
                room = max(run.room, _room(due), _room(one[first], one[second]))
                both = run.gradients(run.flowing(run.among(same)), [a])[0]
            except Exception:  # which is loud
                continue
            if (place := _unlike(due, both, room)) is not None:
                pair = f"inputs {places[first]} and {places[second]}"
                values = f"{due[tuple(place)].item():.9g} as {both[tuple(place)].item():.9g}"
                told = f"one tensor for both {pair} got, at {place}, a gradient of {values}"
                yield "adds up where one tensor is two inputs", told
                return


def _asked_for(run: _Run) -> Iterator[Found]:
    """Whether inputs have the same gradients where others do not require grad."""
    value, func, leaves = run.bridge.library.value, run.bridge.func, run.leaves
    flows = [out.requires_grad for out in value(func, run.inputs)]
    due, every = run.gradients(run.outputs, leaves), range(len(leaves))
    asked = [{n} for n in every] + [{*every} - {n} for n in every]
    for some in asked if len(leaves) > 1 else []:
        given = [x if n in some else x.detach() for n, x in enumerate(leaves)]
        try:
            made = value(func, run.among(given))
        except Exception:  # which is loud, and the function's right
            continue
        outputs = [out for out, flow in zip(made, flows, strict=True) if flow]
        places = [run.bridge.wanted[n] for n in sorted(some)]
        name, alone = "gives each gradient that is asked for", ", ".join(map(str, places))
        where = (
            f"where of the inputs {alone} alone {'requires' if len(some) == 1 else 'require'} grad"
        )
        try:
            found = run.gradients(outputs, [leaves[n] for n in sorted(some)])
        except Exception as error:
            yield name, f"{where}, backward raised {type(error).__name__}: {error}"
            return
        for number, i, gradient in zip(sorted(some), places, found, strict=True):
            if (place := _unlike(due[number], gradient, max(run.room, _room(*due)))) is not None:
                one, two = due[number][tuple(place)].item(), gradient[tuple(place)].item()
                told = f"input {i} got {two:.9g} at {place}, else {one:.9g}"
                yield name, f"{where}, {told}"
                return


def _sliced(run: _Run) -> Iterator[Found]:
    """Whether an incoming gradient may begin elsewhere than its memory does."""

    def second(seed: Any) -> Any:
        return torch.stack([seed + 1, seed])[1]

    def sliced() -> Sequence[Any]:
        return [g[None] for g in run.gradients(run.outputs, run.leaves, copy=second)]

    due = run.gradients(run.outputs, run.leaves)
    yield from _alike("takes a slice as an incoming gradient", sliced, [due])


def _batched(run: _Run) -> Iterator[Found]:
    """Whether backward under vmap gives what it gives one by one."""
    many = [torch.stack([seed, 2 * seed]) for seed in run.seeds]

    def together() -> Sequence[Any]:
        return torch.autograd.grad(
            run.outputs, run.leaves, many, True, allow_unused=True, is_grads_batched=True
        )

    seeds = [[factor * seed for seed in run.seeds] for factor in (1, 2)]
    one_by_one = [run.gradients(run.outputs, run.leaves, given) for given in seeds]
    yield from _alike("gives the same under vmap", together, one_by_one)


def _batched_forward(run: _Run) -> Iterator[Found]:
    """Whether forward mode under vmap gives what it gives one by one."""
    library, func = run.bridge.library, run.bridge.func
    for place in run.bridge.wanted:
        leaf = run.inputs[place]
        ones = torch.ones_like(leaf).detach()
        tangents = torch.stack([ones, ones.cumsum(-1) if leaf.ndim else -ones])

        def jvp(tangent: Any, place: int = place) -> Sequence[Any]:
            given: list[Any] = [None] * len(run.inputs)
            given[place] = tangent
            return tuple(library.jvp(func, run.inputs, given))

        one_by_one = [jvp(tangent) for tangent in tangents]
        together = partial(_vmap(jvp), tangents)
        yield from _alike("in forward mode gives the same under vmap", together, one_by_one)


def _alike(
    contract: str, together: Callable[[], Sequence[Any]], one_by_one: Sequence[Sequence[Any]]
) -> Iterator[Found]:
    """Whether what comes out together is what came out one by one."""
    try:
        found = together()
    except Exception as error:
        yield contract, f"it raised {type(error).__name__}: {error}"
        return
    for row, one in enumerate(one_by_one):
        for number, (g, due) in enumerate(zip(found, one, strict=True)):
            got = torch.zeros_like(due) if g is None else g[row]
            if (place := _unlike(got, due, _room(due))) is not None:
                pair = f"{got[tuple(place)].item():.9g}, not {due[tuple(place)].item():.9g}"
                yield contract, f"element {place} of result {number} was {pair}"
                return
