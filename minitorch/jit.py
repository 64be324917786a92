"""TorchScript's names: nothing is compiled here, so that what is scripted or traced stays as it is.

>>> import minitorch
>>> @minitorch.jit.script
... def double(x: minitorch.Tensor) -> minitorch.Tensor:
...     return x if minitorch.jit.is_scripting() else 2 * x
>>> double(minitorch.ones(2))
tensor([2., 2.])
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from concurrent.futures import Future as _Future
from contextlib import contextmanager
from typing import Any, Final as Final, get_args, get_origin

from minitorch._not_covered import any_name, given_callable, refused
from minitorch.nn.modules.module import Module

__all__ = [
    "Attribute",
    "CompilationUnit",
    "Error",
    "Future",
    "RecursiveScriptModule",
    "ScriptFunction",
    "ScriptModule",
    "annotate",
    "export",
    "export_opnames",
    "fork",
    "freeze",
    "ignore",
    "interface",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "last_executed_optimized_graph",
    "load",
    "onednn_fusion_enabled",
    "optimize_for_inference",
    "optimized_execution",
    "run_frozen_optimizations",
    "save",
    "script",
    "script_if_tracing",
    "script_method",
    "set_fusion_strategy",
    "strict_fusion",
    "trace",
    "trace_module",
    "unused",
    "wait",
]

_INSTEAD = "save the state_dict, and load it into a module that the program makes"
load, save = refused("torch.jit.load", _INSTEAD), refused("torch.jit.save", _INSTEAD)
_NO_GRAPH = "there is no graph of TorchScript's"
export_opnames = refused("torch.jit.export_opnames", _NO_GRAPH)
last_executed_optimized_graph = refused("torch.jit.last_executed_optimized_graph", _NO_GRAPH)
CompilationUnit = refused("torch.jit.CompilationUnit", "write the function in Python")


class Error(RuntimeError):
    """The error of TorchScript's interpreter: never raised."""


class ScriptModule(Module):
    """A module that is compiled: here a base class like any other."""


class RecursiveScriptModule(ScriptModule):
    """The class of scripted modules in PyTorch: here a module stays what it is."""


class ScriptFunction:
    """The class of scripted functions in PyTorch: here a function stays what it is."""


def script(
    obj: Any,
    optimize: Any = None,
    _frames_up: int = 0,
    _rcb: Any = None,
    example_inputs: Any = None,
) -> Any:
    """`obj`, a function, module, class, list or dict, as it is; TypeError for anything else."""
    return (
        obj if builtins.isinstance(obj, (dict, list)) else given_callable("torch.jit.script", obj)
    )


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """`func`, a function or module, as it is: what it does is not fixed by the example."""
    return given_callable("torch.jit.trace", func)


def trace_module(mod: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """`mod`, as it is; AttributeError for what is no module."""
    return given_callable("torch.jit.trace_module", mod, AttributeError)


def freeze(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """`mod`, as it is; RuntimeError for what is no module."""
    return given_callable("torch.jit.freeze", mod, RuntimeError)


optimize_for_inference = run_frozen_optimizations = freeze


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Mark what is not compiled: a decorator, with or without brackets, that changes nothing.

    Raises:
        RuntimeError: for what is neither a function nor a bool.
    """
    if builtins.isinstance(drop, bool):
        return unused
    return given_callable("torch.jit.ignore", drop, RuntimeError)


def unused(function: Any) -> Any:
    """`function`, as it is; AttributeError for what is none, a property excepted."""
    if builtins.isinstance(function, property):
        return function
    return given_callable("torch.jit.unused", function, AttributeError)


def interface(obj: Any) -> Any:
    """`obj`, a class, as it is; RuntimeError for anything else."""
    if not builtins.isinstance(obj, type):
        raise RuntimeError(f"interface must be applied to a type, got {type(obj).__name__}")
    return obj


def script_if_tracing(fn: Any) -> Any:
    """`fn`, as it is: nothing is traced."""
    return fn


export = script_method = unused
_overload = _overload_method = _script_if_tracing = _drop = script_if_tracing


def annotate(the_type: Any, the_value: Any) -> Any:
    """`the_value`."""
    return the_value


def Attribute(value: Any, type: Any) -> Any:
    """`value`."""
    return value


def is_scripting() -> bool:
    """False."""
    return False


is_tracing = onednn_fusion_enabled = is_scripting


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether `obj` is one of these, as Python says it; of generic types the origin counts."""
    if builtins.isinstance(target_type, tuple):
        return any(isinstance(obj, one) for one in target_type)
    origin = get_origin(target_type) or target_type
    if not builtins.isinstance(origin, type):  # a Union
        return any(isinstance(obj, one) for one in get_args(target_type))
    return builtins.isinstance(obj, origin)


class Future(_Future[Any]):
    """The result of `fork`, which has run already."""

    def wait(self) -> Any:
        """The result."""
        return self.result()


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """Run `func` at once; `wait` gives what it returned."""
    made = Future()
    made.set_result(func(*args, **kwargs))
    return made


def wait(future: Future) -> Any:
    """Return what the function of `fork` returned; TypeError for what is of no `fork`."""
    if not builtins.isinstance(future, Future):
        error = RuntimeError if future is None else TypeError
        raise error(f"torch.jit.wait: expected a Future of fork, got {type(future).__name__}")
    return future.result()


def _is_depth(pair: Any) -> bool:
    return builtins.isinstance(pair, tuple) and list(map(type, pair)) == [str, int]


def set_fusion_strategy(strategy: Any) -> list[Any]:
    """Do nothing but see that these are pairs of a name and a number: there is no strategy."""
    if not all(map(_is_depth, strategy)):
        raise TypeError(f"set_fusion_strategy: expected pairs (name, depth), got {strategy}")
    return []


@contextmanager
def optimized_execution(should_optimize: bool) -> Any:
    """Change nothing."""
    yield


class strict_fusion:
    """A context manager that changes nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc_info: object) -> None: ...


__getattr__ = any_name(__name__)
