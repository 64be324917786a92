"""Random programs of everything that has state in autograd, under minitorch and under PyTorch.

    cd tests && python -m fuzz.stateful --count 10000 --seed 0

A program is a few statements of plain PyTorch (`stateful_lines`) over a few tensors: custom
Functions, hooks, views, changes in place, freezing, several walks, optimizers, modules. Both
frameworks run it statement by statement, and all that can be seen is compared after each: values,
gradients, what hooks saw, flags, versions, exceptions. A difference is one of

    silent               other numbers, and nobody complains: the promise is broken
    refused here only    minitorch raises, PyTorch does not
    refused there only   PyTorch raises, minitorch does not
    flag                 requires_grad, is_leaf, grad_fn, a version, the type of an exception ...

Where PyTorch alone refuses to go back, because something that it saved was changed, it is asked
again with copies of all that is saved: what minitorch gives must be that, or it is silent. A
program that shows a difference is made as short as it gets, and printed so that it runs under both.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import Any

import numpy as np
from oracle import the_torch

import minitorch
from fuzz.stateful_lines import PREAMBLE, TEMPLATES, WEIGHTS

SILENT, HERE, THERE, FLAG = "silent", "refused here only", "refused there only", "flag"
KINDS = (SILENT, HERE, THERE, FLAG)
UNKNOWN = "unknown"
WALKING = ("backward(", ".grad(", "both_orders(", ".step(")
START = (
    "x = m.tensor([[0.5, -1.2, 0.3], [1.1, 0.7, -0.4], [-0.9, 0.2, 1.6]], dtype=m.float64)",
    "z = m.tensor([0.8, -0.6, 1.4], dtype=m.float64)",
)

# Where we knowingly differ, and why: kind ("" for any), a pattern in "all statements | the story",
# the reason.
EXCUSES: tuple[tuple[str, str, str], ...] = (
    (
        HERE,
        r"Once\.apply.*trying to differentiate twice a function that was marked",
        "PyTorch's barrier leads nowhere, so that grad() goes round it and leaves a term out",
    ),
    (THERE, r"unsupported operand type\(s\) for \*: 'NoneType'", "hooks see no None here"),
    (THERE, r"has been detached in-place", "what was saved is still there"),
    (
        THERE,
        r"(Output \d of \w+|A view was created in \w+ mode) .*and its base or another view",
        "PyTorch loses sight of such a view when its base is changed, ours does not",
    ),
    (THERE, r"some elements of the input tensor and the written-to", "operands are read first"),
    (
        FLAG,
        r"exception is IndexError.*PyTorch's RuntimeError",
        "it says either, of one fault or two",
    ),
    (FLAG, r"exception is RuntimeError\('Inplace .*PyTorch's IndexError", "two faults at once"),
    (FLAG, r"PyTorch's IndexError\('Dimension (specified|out)", "it says no more of a 0-d tensor"),
    (FLAG, r"exception is ValueError\('not enough values", "PyTorch has lost sight of the view"),
    (HERE, r"as_strided: .*overlap or leave gaps", "said beforehand"),
    (HERE, r"as_strided: .* out of bounds", "PyTorch's memory is larger than what is in it"),
    (HERE, r"this view shows some elements of the tensor more than once", "said beforehand"),
    (HERE, r"(\.data = |squeeze_).*invalid gradient", "reshaped behind the graph's back"),
    (THERE, r"\.data = .*invalid gradient", "reshaped behind the graph's back"),
    (HERE, r"detach_: this tensor was changed in place, and views of it", "says why"),
    (
        HERE,
        r"inference_mode\(\): \w+\.detach_.*(detach views|does not require grad|not require)",
        "PyTorch does not detach in inference mode",
    ),
    (
        FLAG,
        r"inference_mode.*is_inference is False, PyTorch's True",
        "what a factory or a copy makes in inference mode is an ordinary tensor",
    ),
    (THERE, r"inference_mode.*nference tensor", "see the line above"),
    (
        THERE,
        r"grad\(.*(Can't detach views in|more than one element of the|If your|A view was)",
        "gradients have memory of their own here, PyTorch's may be expanded",
    ),
    (
        FLAG,
        r"requires_grad(_\(| = True).*tensors: ",
        "what was constant when it was saved stays so; PyTorch looks at the leaf again",
    ),
    (
        SILENT,
        r" (\w+)\.register_hook\(.*(_mode|no_grad)\(\): \1(\.\w+_\(| [-+*]=)",
        "PyTorch makes a view's grad_fn anew, without the hooks that it had",
    ),
    ("", r"removing\(", "whether a hook that another removes has run by then is the walk's order"),
    (
        "",
        r" (\w+)\.register_hook\(.*\b\1(\.detach\(\))?(\.\w+_\(| [-+*]= |\[)",
        "the value before has the hook, and has it also where that was a view",
    ),
    (SILENT, r"topk.*\| \w+_ is", "which of equal elements comes first"),
    (HERE, r"was set or resized since the view was made", "said beforehand"),
    (HERE, r"median.*(Can't detach views|an input that is a view)", "its result is a view here"),
    (HERE, r"lerp.*backward through the graph a second", "it keeps its weight here"),
    (HERE, r"saved by NllLossBackward0", "it keeps its input here, PyTorch's the log_softmax"),
    (SILENT, r", out=", "PyTorch gives it another size over the memory that it shared"),
    (
        SILENT,
        r"(\w+)\.retain_grad\(\).*(\w_\(|\] = ).*\1\.grad is",
        "of a view whose base was changed: PyTorch leaves out what comes by way of its own views",
    ),
    (SILENT, r"index_copy", "of what is copied to one place only the last has a gradient here"),
    (SILENT, r"grad_fn\.register_.*hooks saw", "some nodes have other operands here"),
    (
        FLAG,
        r"register_hook.*(inference_mode|no_grad|detach)\(\).*hooks: what they saw",
        "PyTorch makes a view's grad_fn anew, without the hooks that it had",
    ),
    (THERE, r"Nothing\.apply.*modified by an inplace", "nothing comes there, so nothing is read"),
    (THERE, r"inference_mode.*functions with out=", "see inference tensors above"),
    (FLAG, r"inference_mode\(\): \w+\.detach_", "PyTorch does not detach in inference mode"),
    (FLAG, r"grad_fn\.register_.*hooks: what they saw", "some nodes have other operands here"),
    (
        FLAG,
        r"Nothing\.apply.*: requires_grad is False",
        "the zeros of such a gradient are constant",
    ),
    (FLAG, r"create_graph=False.*: requires_grad is False", "a gradient not recorded is constant"),
    (
        FLAG,
        r"deepcopy.*: requires_grad is",
        "a copy of a view that nothing recorded has no gradient",
    ),
    (FLAG, r"\.data = .*is_inference", "other memory was not made in inference mode either"),
    (HERE, r"inference_mode.*detach\(\).*Inplace update to inference", "it is the same memory"),
    (
        HERE,
        r"view size is not compatible",
        "operands that disagree on a layout: see expressions.py",
    ),
    (THERE, r"inputs=\[.*backward through the graph a second", "PyTorch runs an input's own node"),
    (THERE, r"out=.*(resize|broadcast shape)", "PyTorch cannot give some memory another size"),
    (FLAG, r"Nothing\.apply.*hooks: what they saw", "a gradient of None goes no further here"),
    (
        FLAG,
        r"(\w+)(\.\w+_\(| [-+*]= ).*\b\1\.retain_grad\(\).*\1: grad is there is False",
        "at the second order PyTorch sends a saved output's gradient by way of the view",
    ),
    (
        SILENT,
        r"(layer_norm|net).*create_graph=True.*both_orders",
        "PyTorch's third derivative of layer_norm is wrong: finite differences agree with ours",
    ),
    (
        SILENT,
        r"(retain_grad\(\)|inputs=\[).*\.(t_|transpose_|squeeze_|unsqueeze_)\(.*\.grad is",
        "PyTorch leaves the gradient of the tensor before it was reshaped",
    ),
    (
        SILENT,
        r"(\w+)(\.\w+_\(| [-+*]= ).*\b\1\.retain_grad\(\).*\| \1\.grad is",
        "the same, added to the first order's",
    ),
    (SILENT, r"\.data(\.| = )", "the one way behind the graph's back that PyTorch has, and keeps"),
    (
        SILENT,
        r"(inference_mode|no_grad)\(\): \w+\.(t_|transpose_)\(",
        "PyTorch's gradient is that of the tensor before: finite differences agree with ours",
    ),
)


@dataclass(frozen=True)
class Difference:
    """What differs after the last of `statements`, and how."""

    kind: str
    story: str
    statements: tuple[str, ...]

    def source(self) -> str:
        """The program, for ``import torch as m`` or ``import minitorch as m``."""
        text = "\n".join(self.statements)
        used = [part for part in PREAMBLE.strip().split("\n\n\n") if _defines_some_of(part, text)]
        used += [p for p in PREAMBLE.split("\n\n\n") if p not in used and "log = " in p]
        needed = [p for p in PREAMBLE.strip().split("\n\n\n") if p in used or _is_helper(p, used)]
        return "\n\n".join(["import minitorch as m  # or torch", *needed, text])

    def __str__(self) -> str:
        return f"{self.kind}: {self.story}\n\n{self.source()}\n"


def _defines_some_of(part: str, text: str) -> bool:
    made = re.match(r"(?:class|def) (\w+)", part)
    return made is None or re.search(rf"\b{made[1]}\b", text) is not None


def _is_helper(part: str, used: list[str]) -> bool:
    made = re.match(r"(?:class|def) (\w+)", part)
    return made is not None and any(re.search(rf"\b{made[1]}\b", other) for other in used)


# ---- running --------------------------------------------------------------------------------


@cache
def compiled(statement: str) -> CodeType:
    return compile(statement, "<program>", "exec")


@cache
def preamble(m: Any) -> dict[str, Any]:
    scope: dict[str, Any] = {"m": m}
    exec(PREAMBLE, scope)
    return scope


class Run:
    """A program under way, under one framework."""

    def __init__(self, m: Any) -> None:
        self.m = m
        self.base = preamble(m)
        self.base["log"].clear()
        self.log = self.base["log"]
        self.scope: dict[str, Any] = {k: v for k, v in self.base.items() if k != "log"}
        self.walked: set[str] = set()  # names of results of a walk
        self.versions: dict[str, Any] = {}
        self.known: set[tuple[str, str]] = set()  # which tensors' flags differ, as was said before

    def execute(self, statement: str) -> Exception | None:
        """Run one statement; what it raised."""
        m, before = self.m, self.tensors().keys()
        try:
            exec(compiled(statement), self.scope)
        except (NameError, SyntaxError, AttributeError, TypeError, ValueError, RuntimeError) as e:
            return e
        except (IndexError, NotImplementedError, AssertionError, KeyError) as e:
            return e
        finally:
            m.set_grad_enabled(True)
            if any(part in statement for part in WALKING):
                self.walked |= self.tensors().keys() - before
        return None

    def names(self) -> dict[str, Any]:
        """What the program has made so far."""
        return {k: v for k, v in self.scope.items() if k not in self.base and k[0] != "_"}

    def tensors(self) -> dict[str, Any]:
        """All its tensors, with the parameters of modules."""
        found = {}
        for name, value in self.names().items():
            if isinstance(value, self.m.Tensor):
                found[name] = value
            elif isinstance(value, self.m.nn.Module):
                for part, parameter in value.named_parameters():
                    found[f"{name}.{part}"] = parameter
            elif isinstance(value, (list, tuple)):
                for place, part in enumerate(value):
                    if isinstance(part, self.m.Tensor):
                        found[f"{name}[{place}]"] = part
        return found

    def state(self) -> dict[str, tuple[Any, ...]]:
        """Of each tensor: what must be the same to rounding, and what exactly."""
        found = {name: seen(t) for name, t in self.tensors().items()}
        for name, (_, _, flags) in found.items():  # only whether it grows: constructors differ
            now = flags["_version"]
            before = self.versions.get(name, now)
            flags["_version"] = UNKNOWN if UNKNOWN in (now, before) else now > before
            self.versions[name] = now
        return found


def seen(t: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Values, gradient, flags."""
    flags: dict[str, Any] = {
        "shape": tuple(t.shape),
        "dtype": str(t.dtype),
        "is_inference": t.is_inference(),
    }
    for name in ("requires_grad", "is_leaf", "grad_fn", "retains_grad", "_version"):
        try:
            value = getattr(t, name)
        except RuntimeError:
            value = UNKNOWN  # a view that PyTorch has lost sight of; an inference tensor's version
        flags[name] = value is not None if name == "grad_fn" and value is not UNKNOWN else value
    grad = t.grad if flags["is_leaf"] is True or flags["retains_grad"] is True else None
    flags["grad is there"] = grad is not None
    if grad is not None:
        flags["grad requires grad"] = grad.requires_grad
        flags["grad's shape"] = tuple(grad.shape)
    return array(t), None if grad is None else array(grad), flags


def array(t: Any) -> Any:
    return np.array(t.detach().numpy())


def array_of(t: Any) -> Any:
    return t.detach().numpy()


def overlapping(t: Any) -> list[tuple[int, int]]:
    """Of each dimension but the innermost, what those inside it span, and its stride."""
    inside, found = 1, []
    for stride, size in sorted(zip(t.stride(), t.shape, strict=True)):
        if size > 1:
            found.append((inside, stride))
            inside = stride * (size - 1) + inside
    return found


def close(a: Any, b: Any) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    with np.errstate(all="ignore"):
        size = np.abs(b[np.isfinite(b)]).max(initial=1e-3)
    return bool(np.allclose(a, b, rtol=1e-7, atol=1e-9 * size, equal_nan=True))


def by_tag(log: Any) -> Any:
    """What each hook saw in turn; not which was first, nor that PyTorch shows them a None."""
    return sorted((entry for entry in log if entry[1] != [None]), key=lambda entry: entry[0])


def skeleton(entry: Any) -> Any:
    """A log without its numbers."""
    if isinstance(entry, list):
        return [skeleton(part) for part in entry]
    return "number" if isinstance(entry, float) else entry


def alike(a: Any, b: Any) -> bool:
    """Whether two entries of a log agree."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, rtol=1e-7, atol=1e-9, equal_nan=True))
    return bool(a == b)


def compare(ours: Run, theirs: Run) -> tuple[str, str] | None:
    """Kind and story of the first difference in what can be seen."""
    mine, other = ours.state(), theirs.state()
    for name in mine.keys() ^ other.keys():
        # A gradient that is 0 everywhere may be None as well.
        value = mine.pop(name) if name in mine else other.pop(name)
        if name not in theirs.walked or np.any(value[0]):
            return FLAG, f"tensors: {name} is not there in one of them"
    for name in other:
        (a, g, flags), (b, h, wanted) = mine[name], other[name]
        if not close(a, b):
            return SILENT, f"{name} is\n{a}\nPyTorch's\n{b}"
        if g is not None and h is not None and not close(g, h):
            return SILENT, f"{name}.grad is\n{g}\nPyTorch's\n{h}"
    logs = by_tag(ours.log), by_tag(theirs.log)
    if skeleton(logs[0]) != skeleton(logs[1]):
        return FLAG, f"hooks: what they saw is\n{logs[0]}\nPyTorch's\n{logs[1]}"
    if not alike(*logs):
        return SILENT, f"hooks saw\n{logs[0]}\nPyTorch's\n{logs[1]}"
    for name in other:
        flags, wanted = mine[name][2], other[name][2]
        for flag, value in wanted.items():
            got = flags.get(flag, value)
            if got == value or (name, flag) in theirs.known:
                continue
            if UNKNOWN in (got, value):
                continue
            theirs.known.add((name, flag))
            return FLAG, f"{name}: {flag} is {got}, PyTorch's {value}"
    return None


@contextlib.contextmanager
def saving_copies() -> Iterator[None]:
    """PyTorch keeps a copy of whatever it saves: what is changed afterwards is no hindrance."""
    torch = the_torch()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        yield


def with_copies(statements: list[str]) -> tuple[Run, Exception | None]:
    """PyTorch's run of the program in which nothing that was saved is lost."""
    run = Run(the_torch())
    error = None
    with saving_copies():
        for statement in statements:
            error = run.execute(statement)
    return run, error


def step(ours: Run, theirs: Run, before: list[str], statement: str) -> tuple[str, str] | str | None:
    """Run a statement under both.

    Returns:
        kind and story of a difference; "raised" if both refused it, "lost" if what follows is not
        laid down; or None.
    """
    mine, other = ours.execute(statement), theirs.execute(statement)
    if mine is not None and other is not None:
        if isinstance(other, NameError) or isinstance(mine, NameError):
            return "raised"
        if not isinstance(mine, type(other)):
            return FLAG, f"exception is {mine!r}, PyTorch's {other!r}"
        if "_.apply(" in statement:
            return "lost"  # the Function of the program itself may have changed something by then
        if any(part in statement for part in WALKING) or compare(ours, theirs) is None:
            return "raised"
        fresh = Run(theirs.m)  # PyTorch may have written something before it refused; we may not
        for each in before:
            fresh.execute(each)
        found = compare(ours, fresh)
        return found if found is not None and found[0] == SILENT else "lost"
    if mine is not None:
        return HERE, f"{statement}\nraises {type(mine).__name__}: {mine}"
    if other is not None:
        story = f"{statement}\nPyTorch raises {type(other).__name__}: {other}"
        if any(part in statement for part in WALKING) and isinstance(other, RuntimeError):
            referee, error = with_copies([*before, statement])
            if error is None:
                again = compare(ours, referee)
                if again is not None and again[0] == SILENT:
                    return SILENT, f"{story}\nand with copies of all saved: {again[1]}"
                return "lost"  # what minitorch saved was not changed
        return THERE, story
    difference = compare(ours, theirs)
    if difference is not None and difference[0] == SILENT:
        if anybodys_guess(ours, theirs):
            return "lost"
        referee, _ = with_copies([*before, statement])
        again = compare(ours, referee)
        if again is None or again[0] != SILENT:
            return "lost"  # PyTorch read what was changed behind its back; we did not
    return difference


def anybodys_guess(ours: Run, theirs: Run) -> bool:
    """Whether memory is shared that need not be, so that a change in place shows elsewhere.

    PyTorch may return one tensor's memory as several gradients, minitorch does not; and elements
    that lie in one place are written in any order.
    """
    mine, other = ours.tensors(), theirs.tensors()
    for t in other.values():
        if any(s < n for n, s in overlapping(t)):
            return True
    pointers = Counter((t.untyped_storage().data_ptr()) for t in other.values())
    for name in theirs.walked & other.keys():
        if pointers[other[name].untyped_storage().data_ptr()] > 1 and not any(
            np.shares_memory(array_of(mine[name]), array_of(t))
            for key, t in mine.items()
            if key != name
        ):
            return True
    return False


# ---- making up programs -----------------------------------------------------------------------


class Author:
    """Makes up statements that fit what is there, under PyTorch."""

    def __init__(self, draw: random.Random, run: Run) -> None:
        self.draw = draw
        self.run = run
        self.count = 0
        kinds = list(TEMPLATES)
        weights = [float(w) for w in WEIGHTS]
        for kind in draw.sample(kinds, 3):  # each program has its subjects
            weights[kinds.index(kind)] *= 3
        if draw.random() < 0.7:
            weights[kinds.index("modules")] = weights[kinds.index("steps")] = 0.0
        self.kinds, self.weights = kinds, weights

    def start(self) -> list[str]:
        """The first statements: a few tensors."""
        draw = self.draw
        lines = [
            START[0][:-1] + ", requires_grad=True)",
            START[1][:-1] + draw.choice([", requires_grad=True)", ", requires_grad=True)", ")"]),
            "i = m.tensor([0, 2, 1])",
            "k = m.tensor([True, False, True])",
        ]
        lines.append(draw.choice(["y = x * z", "y = x * 1", "y = x.clone()", "y = x.sin() + z"]))
        if self.weights[self.kinds.index("modules")]:
            lines += draw.choice([["net = new_net()"], ["opt = m.optim.SGD([x, z], lr=0.1)"]])
        return lines

    def statement(self) -> str | None:
        """A statement; None if what was drawn does not fit."""
        draw, torch = self.draw, self.run.m
        (kind,) = draw.choices(self.kinds, self.weights)
        template = draw.choice(TEMPLATES[kind])
        names = self.run.names()
        tensors = {n: t for n, t in names.items() if isinstance(t, torch.Tensor)}
        floats = {n: t for n, t in tensors.items() if t.is_floating_point()}
        groups: dict[str, Callable[[], list[str]]] = {
            "a": lambda: list(floats),
            "b": lambda: list(floats),
            "r": lambda: [n for n, t in floats.items() if t.requires_grad],
            "y": lambda: [n for n, t in floats.items() if not is_leaf(t)],
            "p": lambda: [n for n, t in floats.items() if is_leaf(t)],
            "q": lambda: [n for n, t in floats.items() if is_leaf(t)],
            "w": lambda: [n for n, t in floats.items() if is_leaf(t) and t.requires_grad],
            "i": lambda: [n for n, t in tensors.items() if t.dtype == torch.int64],
            "k": lambda: [n for n, t in tensors.items() if t.dtype == torch.bool],
            "h": lambda: [n for n, v in names.items() if hasattr(v, "remove")],
            "o": lambda: [n for n, v in names.items() if isinstance(v, torch.optim.Optimizer)],
            "net": lambda: [n for n, v in names.items() if isinstance(v, torch.nn.Module)],
        }
        values: dict[str, str] = {}
        for group, members in groups.items():
            if f"{{{group}}}" in template or f"{{{group}." in template:
                fit = members()
                if not fit:
                    return None
                # Mostly the newest, so that views of views and their bases meet.
                values[group] = draw.choice(fit[-4:] if draw.random() < 0.7 else fit)
        if "[{w}, {b}]" in template and values["w"] == values["b"]:
            return None  # PyTorch gives one tensor twice
        values["n"], values["N"] = f"t{self.count}", f"t{self.count}_"
        values["c"] = draw.choice(["0.5", "-1.5", "2.0"])
        values["flag"] = draw.choice(["True", "False"])
        line = template.format(**values)
        self.count += "{n}" in template
        if draw.random() < 0.06 and not line.startswith("with"):
            line = (
                draw.choice(
                    ["with m.no_grad(): ", "with m.enable_grad(): ", "with m.inference_mode(): "]
                )
                + line
            )
        return line

    def finish(self) -> list[str]:
        """The last statements: both orders of what is there."""
        torch = self.run.m
        tensors = {
            n: t
            for n, t in self.run.names().items()
            if isinstance(t, torch.Tensor) and t.is_floating_point() and t.requires_grad
        }
        leaves = [n for n, t in tensors.items() if is_leaf(t)][:3]
        made = [n for n, t in tensors.items() if not is_leaf(t)][-5:]
        if not leaves:
            return []
        return [f"d{j} = both_orders({n}, [{', '.join(leaves)}])" for j, n in enumerate(made)]


def is_leaf(t: Any) -> bool:
    try:
        return bool(t.is_leaf)
    except RuntimeError:  # PyTorch cannot say
        return False


def run_program(number: int) -> Iterator[Difference]:
    """Make up and run the program of this number, until the two differ in more than a flag."""
    draw = random.Random(number)
    ours, theirs = Run(minitorch), Run(the_torch())
    author = Author(draw, theirs)
    done: list[str] = []
    waiting = author.start()
    left = draw.randint(3, 11)
    while waiting or left > 0:
        if waiting:
            statement: str | None = waiting.pop(0)
        else:
            statement = author.statement()
            left -= 1
            if left == 0:
                waiting = author.finish()
        if statement is None:
            continue
        result = step(ours, theirs, done, statement)
        if isinstance(result, tuple):
            found = Difference(*result, (*done, statement))
            yield found
            if is_final(found):
                return
        if result == "lost":
            return
        walked = any(part in statement for part in WALKING)
        if result != "raised":
            done.append(statement)
        elif walked and not statement.startswith("d"):
            return  # how far it went before it raised is not laid down


def is_final(difference: Difference) -> bool:
    """Whether what comes after the difference would only repeat it."""
    last = ("requires_grad is", "exception is", "hooks:", "tensors:")
    return difference.kind != FLAG or any(part in difference.story for part in last)


def replay(statements: tuple[str, ...], wanted: tuple[str, str]) -> Difference | None:
    """Run these statements until the two differ in this way; None also where both raise."""
    ours, theirs = Run(minitorch), Run(the_torch())
    done: list[str] = []
    for statement in statements:
        result = step(ours, theirs, done, statement)
        if isinstance(result, tuple):
            found = Difference(*result, (*done, statement))
            if signature(found) == wanted:
                return found
            if is_final(found):
                return None
        if result in ("raised", "lost"):
            return None
        done.append(statement)
    return None


def shrink(difference: Difference) -> Difference:
    """The same kind of difference by fewer statements."""
    smaller = True
    while smaller:
        smaller = False
        for place in reversed(range(len(difference.statements) - 1)):
            kept = difference.statements
            found = replay(kept[:place] + kept[place + 1 :], signature(difference))
            if found is not None:
                difference, smaller = found, True
    return difference


def signature(difference: Difference) -> tuple[str, str]:
    """What a shorter program must share."""
    about = ""
    if difference.kind == FLAG:
        found = re.search(r": ([\w ']+?) is ", difference.story)
        about = found[1] if found else difference.story.split("(")[0]
    elif difference.kind in (HERE, THERE):
        about = difference.story.partition("raises ")[2][:40]
    return difference.kind, about


def excuse(difference: Difference) -> str | None:
    """Why this is no fault, if it is in the list."""
    text = " ; ".join(difference.statements) + f" | {difference.story}"
    for kind, pattern, reason in EXCUSES:
        if kind in ("", difference.kind) and re.search(pattern, text, re.S):
            return reason
    return None


def run_many(count: int, seed: int, start: int = 0) -> Iterator[Difference]:
    """Run `count` programs of a seed; yields what differed and is not excused, as it was met."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = seed * 1_000_000 + start
        for number in range(first, first + count):
            yield from (found for found in run_program(number) if excuse(found) is None)


def main() -> int:
    """Run the command; 1 if anything differed."""
    parser = argparse.ArgumentParser(description="Random stateful programs, beside PyTorch.")
    parser.add_argument("--count", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="differences in full")
    parser.add_argument("--kind", default="", help="only these: " + ", ".join(KINDS))
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    shown: Counter[tuple[str, str]] = Counter()
    for difference in run_many(options.count, options.seed):
        counts[difference.kind] += 1
        if options.kind and difference.kind != options.kind:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            short = shrink(difference)
        key = signature(short)
        shown[key] += 1
        if shown[key] <= 2 and sum(shown.values()) <= options.show:
            print(short, "-" * 80, sep="\n", flush=True)
    print(f"{options.count} programs (seed {options.seed}): {dict(counts)}")
    for key, number in shown.most_common():
        print(number, key)
    return int(sum(counts.values()) > 0)


if __name__ == "__main__":
    sys.exit(main())
