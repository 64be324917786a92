"""Names that libraries look for, used badly: PyTorch's type of exception."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import subprocess
import sys
import warnings
from typing import Any

_SPACES = """
    jit compiler fx library overrides utils.hooks utils._pytree utils.data amp cpu random testing
    nn.attention nn.utils.prune nn.utils.parametrizations nn.utils.parametrize nn.utils.rnn
    distributions.kl distributions.constraint_registry optim.swa_utils autograd.function
    autograd.graph
"""
SPACES = _SPACES.split()
ARGUMENTS: list[tuple[Any, ...]] = [(), (None,), (3,), ("x",), (object(),), (None, None), (3, "x")]
# A file, a download or a thread would come of it.
NOT_CALLED = ("jit.save", "jit.load", "jit.fork", "random.seed")
# Names that mean something else here, or of which PyTorch gives no error on purpose.
OTHERWISE = {
    "jit.ScriptFunction": "no function is one",
    "library.register_vmap": "a name's namespace is looked at when a program calls it",
    "jit.isinstance": "PyTorch compiles the annotation",
    "jit.script": "PyTorch makes a module of None",
    "jit.trace": "what a function does with its example is not looked at",
    "jit.freeze": "a module that is not scripted is frozen, too",
    "jit.trace_module": "what a function does with its example is not looked at",
    "library.impl": "it says what is no name, and not which function is missing",
    "library.register_torch_dispatch": "nothing is dispatched below the functions",
    "autograd.function.Function": "PyTorch's refuses when it is applied",
    "autograd.function.BackwardCFunction": "PyTorch's refuses when it is applied",
    "autograd.function.FunctionMeta": "a plain metaclass",
    "autograd.function.InplaceFunction": "PyTorch's refuses when it is applied",
    "autograd.function.NestedIOFunction": "PyTorch's refuses when it is applied",
    "utils._pytree.PyTreeSpec": "made by tree_flatten alone",
    "utils._pytree.TreeSpec": "made by tree_flatten alone",
    "nn.attention.SDPBackend": "Python's own enumeration",
    "nn.utils.rnn.PackedSequence": "a plain tuple",
    "nn.utils.rnn.pack_padded_sequence": "lengths are looked at first",
    "cpu.Event": "it ignores what it is given",
    "autograd.graph.Node": "PyTorch's is abstract",
    "autograd.graph.save_on_cpu": "it ignores what it is given",
    "utils.data.IterableDataset": "PyTorch's is abstract",
    "utils.data.DistributedSampler": "there is one process",
    "nn.utils.parametrize.ParametrizationList": "the list is looked at first",
}


def outcome(function: Any, args: tuple[Any, ...]) -> str:
    """The type of exception that a call raises, if it does."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*args)
    except Exception as error:
        return "not covered" if "is not covered" in str(error) else type(error).__name__
    return "nothing"


def compare(space: str) -> tuple[int, list[str]]:
    """How many calls were compared, and those that raise something else."""
    theirs, ours = (importlib.import_module(f"{lib}.{space}") for lib in ("torch", "minitorch"))
    names = getattr(theirs, "__all__", None) or [n for n in vars(theirs) if not n.startswith("_")]
    wrong, called = [], 0
    for name in names:
        function, own = getattr(theirs, name, None), getattr(ours, name, None)
        full = f"{space}.{name}"
        if not callable(function) or own is None or inspect.ismodule(function):
            continue
        if full in NOT_CALLED or full in OTHERWISE:
            continue
        if not str(getattr(function, "__module__", "")).startswith("torch"):
            continue
        for args in ARGUMENTS:
            expected, got = outcome(function, args), outcome(own, args)
            called += 1
            if got not in (expected, "not covered"):
                wrong.append(f"{full}{args}: PyTorch {expected}, minitorch {got}")
    return called, wrong


def test_bad_use_gets_the_exception_of_pytorch(torch: Any) -> None:
    # In a process of its own: what is called may change how functions are called from then on.
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(called for called, _ in found) > 900
    assert [line for _, wrong in found for line in wrong] == []


if __name__ == "__main__":
    print(json.dumps([compare(space) for space in SPACES]))
