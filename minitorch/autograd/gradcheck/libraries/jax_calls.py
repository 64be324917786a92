"""The calls that a JAX function makes: its jaxpr, evaluated step by step with the real inputs.

A function with `jax.custom_vjp` or `jax.custom_jvp` is one call, and so is a primitive of JAX's;
`jit`, checkpoints and branches are entered.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal, jaxprs_in_params
from jax.interpreters.partial_eval import dce_jaxpr

from minitorch.autograd.gradcheck.bridge import Bridge, ForeignCall
from minitorch.autograd.gradcheck.trace import PACKAGE, caller_location

JAX = os.path.dirname(os.path.abspath(jax.__file__)) + os.sep
CUSTOM = {"custom_vjp_call": "bwd", "custom_jvp_call": "jvp_jaxpr_fun"}  # and where its rule is
ENTERED = {"jit", "pjit", "closed_call", "core_call", "remat2", "checkpoint"}


def calls_behind(library: Any, bridge: Bridge, inputs: Sequence[Any]) -> list[ForeignCall]:
    """Run a function, and list the calls that its outputs came from, in order.

    The list is empty if the function cannot be traced, as where it branches on a value.
    """
    places = [i for i, x in enumerate(inputs) if hasattr(x, "dtype")]
    values = [(inputs[i], i in bridge.wanted) for i in places]
    walk = Walk(library)
    try:
        traced = jax.make_jaxpr(library.part(bridge.func, inputs, places))
        closed = traced(*(value for value, _ in values))
        jaxpr, _ = dce_jaxpr(closed.jaxpr, [True] * len(closed.out_avals), instantiate=True)
        walk.run(jaxpr, closed.consts, values)
    except Exception:
        return []
    return walk.calls


Value = tuple[Any, bool]  # and whether it depends on an input by which derivatives are asked for


class Walk:
    """An evaluation of jaxprs that keeps the calls through which derivatives flow."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.calls: list[ForeignCall] = []
        self.place = caller_location()

    def run(self, jaxpr: Any, consts: Sequence[Any], inputs: Sequence[Value]) -> list[Value]:
        """Give the outputs."""
        around = self.place
        known: dict[Any, Value] = {
            v: (c, False) for v, c in zip(jaxpr.constvars, consts, strict=True)
        }
        known |= zip(jaxpr.invars, inputs, strict=True)

        def read(atom: Any) -> Value:
            return (atom.val, False) if isinstance(atom, Literal) else known[atom]

        for eqn in jaxpr.eqns:
            given = [read(atom) for atom in eqn.invars]
            self.place = _place(eqn) or around  # as for what is not traced together with its caller
            if eqn.primitive.name in ENTERED:
                inner = eqn.params.get("jaxpr") or eqn.params["call_jaxpr"]
                made = self.run(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), given)
            elif eqn.primitive.name == "cond":
                inner = eqn.params["branches"][int(given[0][0])]
                made = self.run(inner.jaxpr, inner.consts, given[1:])
            else:
                atoms = dict.fromkeys(v for v in eqn.invars if not isinstance(v, Literal))
                alone = jaxpr.replace(
                    constvars=[], invars=list(atoms), outvars=eqn.outvars, eqns=[eqn]
                )
                made = self.step(eqn, alone, [known[v] for v in atoms])
            known |= zip(eqn.outvars, made, strict=True)
        self.place = around
        return [read(atom) for atom in jaxpr.outvars]

    def step(self, eqn: Any, alone: Any, given: Sequence[Value]) -> list[Value]:
        """Evaluate one equation, and keep it as a call."""
        floating, again = self.library.is_floating, partial(jax.core.eval_jaxpr, alone, ())
        made = again(*(value for value, _ in given))
        flows = [wanted and floating(value) for value, wanted in given]
        if eqn.primitive.name == "stop_gradient" or not any(flows) or not any(map(floating, made)):
            return [(out, False) for out in made]
        bridge = Bridge(self.library, again, [_plain(x) for x, _ in given], _name(eqn))
        bridge.only(flows)
        bridge.trusted = all(source.startswith(JAX) for source in _sources(eqn))
        rule = eqn.params.get(CUSTOM.get(eqn.primitive.name, ""))
        bridge.written = "" if bridge.trusted or rule is None else _source(rule)[1]
        self.calls.append(ForeignCall.of(bridge, self.place))
        return [(out, floating(out)) for out in made]


def _plain(value: Any) -> Any:
    """Masks and indices as ndarrays, which can be compared."""
    known = isinstance(value, jax.Array) and value.dtype.kind in "iub"
    return np.asarray(value) if known else value


def _source(function: Any) -> tuple[str, str]:
    """The name of a function that was traced, and where it is written."""
    name, _, place = function.debug_info.func_src_info.partition(" at ")
    return name, place


def _sources(eqn: Any) -> Iterator[str]:
    """Where the functions with rules of their own are written that an equation calls."""
    if eqn.primitive.name in CUSTOM:
        yield _source(eqn.params["call_jaxpr"].jaxpr)[1]
    for inner in jaxprs_in_params(eqn.params):
        for part in inner.eqns:
            yield from _sources(part)


def _name(eqn: Any) -> str:
    if eqn.primitive.name in CUSTOM:
        return _source(eqn.params["call_jaxpr"].jaxpr)[0]
    return eqn.primitive.name


def _place(eqn: Any) -> str:
    """The innermost line that is neither JAX's nor ours."""
    for frame in getattr(eqn.source_info.traceback, "frames", ()):
        if not frame.file_name.startswith((JAX, PACKAGE)):
            return f"{frame.file_name}:{frame.line_num}, in {frame.function_name}"
    return ""
