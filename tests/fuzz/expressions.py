"""Random expressions under minitorch and PyTorch, which must agree in every value and gradient.

    cd tests && python -m fuzz.expressions --count 10000 --seed 0

An expression is a short program: tensors of random shape, dtype and layout, and a few lines that
each apply one operation of the surface to what is there. Both frameworks run it line by line. A
line must give the same results on both (values, shapes, dtypes), or be refused by both, with
PyTorch's type of exception; in the end the gradients in all floating inputs must agree too. What
differs is printed as a program that shows it.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from oracle import outcome, outputs, the_torch, weighted

import minitorch
from fuzz.expression_lines import TEMPLATES

Array = np.ndarray[Any, np.dtype[Any]]

DTYPES = ["float64"] * 8 + ["float32", "int64", "int64", "bool", "int32", "uint8"]
DTYPES += ["float32", "float16", "int8", "int16"]
SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 1), (1, 3), (3, 3), (2, 1, 3), (2, 3, 4), (0,), (2, 0)]
SHAPES += [(4,), (3, 3), (2, 4, 4), (2, 2, 4, 4), (1, 4, 3, 5), (2, 2, 2, 2)]
NUMBERS = ["True", "False", "2", "-3", "0", "300", "2**40", "2**64", "0.1", "-1.5", "1e6", "1e39"]
NUMBERS += ["float('nan')", "float('inf')", "-float('inf')"]
FITS: dict[str, Callable[[Any], bool]] = {
    "a": lambda t: True,
    "f": lambda t: t.is_floating_point(),
    "i": lambda t: not t.is_floating_point(),
    "k": lambda t: str(t.dtype) == "torch.bool",
    "v": lambda t: t.is_floating_point() and t.ndim == 1 and t.numel(),
    "q": lambda t: t.is_floating_point() and t.ndim == 2 and t.numel(),
    "p": lambda t: t.is_floating_point() and t.ndim == 3 and t.numel(),
    "r": lambda t: t.is_floating_point() and t.ndim == 4 and t.numel(),
}


@dataclass
class Line:
    """One line of a program.

    Attributes:
        source: in terms of m, F and names.
        number: its results are called ``y<number>``, or ``y<number>_0`` and on if there are more.
        places: how many results it gave; 0 if not known yet.
        template: what the source was made of.
    """

    source: str
    number: int
    places: int = 0
    template: str = ""

    def names(self) -> list[str]:
        """What the results are called."""
        if self.places < 2:
            return [f"y{self.number}"]
        return [f"y{self.number}_{place}" for place in range(self.places)]


@dataclass
class Program:
    """One expression: its inputs, and its lines.

    Attributes:
        number: its seed.
        inputs: name and array.
        lines: what is done.
        precision: the itemsize of the least exact floating dtype that was met.
        excused: how many differences were rounding, as `rounding_explains` found.
    """

    number: int
    precision: int = 8
    inputs: dict[str, Array] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    excused: int = 0

    def source(self) -> str:
        """The program as Python, for ``import torch as m`` or ``import minitorch as m``."""
        text = ["import numpy as np", "import minitorch as m  # or torch", "F = m.nn.functional"]
        for name, array in self.inputs.items():
            made = f"m.tensor({array.tolist()!r}, dtype=m.{array.dtype}).reshape({array.shape})"
            if array.ndim > 1 and not array.flags.c_contiguous:
                made += f"  # strides {array.strides}"
            grad = ".requires_grad_()" if array.dtype.kind == "f" else ""
            text.append(f"{name} = {made}" if "#" in made else f"{name} = {made}{grad}")
        lines = [f"{', '.join(line.names())} = {line.source}" for line in self.lines]
        return "\n".join([*text, *lines])


class Difference(AssertionError):
    """The two frameworks do not agree."""


class OtherValues(Difference):
    """They do not agree in numbers; in all else they do."""


def draw_array(draws: np.random.Generator) -> Array:
    """A random array of random shape, dtype and layout."""
    shape = SHAPES[draws.integers(len(SHAPES))]
    dtype = np.dtype(DTYPES[draws.integers(len(DTYPES))])
    values = draws.standard_normal(shape) * draws.choice([0.5, 1.0, 3.0])
    if dtype.kind == "u":
        values = np.abs(values)
    if dtype.kind != "f":
        values = np.round(values)
    array = np.asarray(values).astype(dtype)
    layout = draws.integers(4)
    if array.ndim > 1 and layout == 0:
        array = np.ascontiguousarray(array.T).T
    elif array.ndim and layout == 1:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    return array


def draw_line(draws: np.random.Generator, tensors: dict[str, Any]) -> tuple[str, str] | None:
    """A random line over the tensors at hand (PyTorch's) and its template; None if none fits."""
    template = TEMPLATES[draws.integers(len(TEMPLATES))]

    def pick(fits: Callable[[Any], bool]) -> str | None:
        fit = [name for name, tensor in tensors.items() if fits(tensor)]
        return fit[draws.integers(len(fit))] if fit else None

    values: dict[str, str | None] = {"m": "m", "F": "F", "b": pick(FITS["a"])}
    named = sorted(
        (key for key in FITS if f"{{{key}}}" in template),
        key=lambda key: template.index(f"{{{key}}}"),
    )
    values.update((key, pick(FITS[key])) for key in named)
    first = (values[named[0]] if named else None) or values["b"]
    if first is None:
        return None
    one = tensors[first]
    values["g"] = pick(lambda t: t.dtype == one.dtype)
    values["t"] = f"m.{DTYPES[draws.integers(len(DTYPES))]}"
    values["y"] = NUMBERS[draws.integers(len(NUMBERS))]
    rank = one.ndim
    dim = int(draws.integers(-rank, rank)) if rank else int(draws.integers(-1, 1))
    values["d"] = str(dim if draws.random() > 0.03 else rank + 1)
    values["x"] = str(draws.choice([-2, -1, 0, 1, 2, 3, 0.5, -1.5, 2.5]))
    values["u"] = str(draws.choice([0.0, 0.25, 0.5, 1.0]))
    grown = [2, *(int(n) if n != 1 else int(draws.integers(1, 4)) for n in one.shape)]
    values["s"] = repr(tuple(grown if draws.random() < 0.5 else grown[1:]))
    if any(f"{{{key}}}" in template and value is None for key, value in values.items()):
        return None
    return template.format(**values), template


def take_inputs(program: Program, m: Any) -> dict[str, Any]:
    """The program's inputs as tensors of `m`, leaves that require grad where they can."""
    tensors = {}
    for name, array in program.inputs.items():
        if not array.size:  # from_numpy would keep NumPy's strides of nothing, which are all 0
            tensors[name] = m.zeros(array.shape, dtype=getattr(m, str(array.dtype)))
        elif m is minitorch:
            tensors[name] = minitorch.Tensor._wrap(np.array(array, order="K"))
        else:
            tensors[name] = m.from_numpy(np.array(array, order="K"))
        if array.dtype.kind == "f":
            tensors[name].requires_grad_()
    return tensors


def keep(line: Line, results: tuple[Any, ...], tensors: dict[str, Any]) -> None:
    """Name a line's results, for the lines to come: tensors that are not too large."""
    line.places = len(results)
    for name, result in zip(line.names(), results, strict=False):
        if hasattr(result, "detach") and result.numel() <= 200:
            tensors[name] = result


def run_program(number: int, length: int = 5) -> Program:
    """Make up and run one program.

    Raises:
        Difference: with a program that shows it.
    """
    torch = the_torch()
    draws = np.random.default_rng((7, number))
    program = Program(number)
    for index in range(int(draws.integers(1, 4))):
        array = program.inputs[f"x{index}"] = draw_array(draws)
        if array.dtype.kind == "f":
            program.precision = min(program.precision, array.itemsize)
    ours, theirs = take_inputs(program, minitorch), take_inputs(program, torch)
    leaves = [name for name in theirs if theirs[name].requires_grad]
    for index in range(length):
        drawn = draw_line(draws, theirs)
        if drawn is None:
            continue
        source, template = drawn
        line = Line(source, index, template=template)
        mine, other = evaluate(minitorch, source, dict(ours)), evaluate(torch, source, dict(theirs))
        if not isinstance(other, Exception):
            line.places = len(other)
        program.lines.append(line)
        try:
            compare(program, mine, other)
        except OtherValues:
            if not rounding_explains(program, mine, lambda names, results: results):
                raise
            program.excused += 1
        if isinstance(other, Exception):
            program.lines.pop()
            continue
        for b in other:
            if isinstance(b, torch.Tensor) and b.is_floating_point():
                program.precision = min(program.precision, b.element_size())
        keep(line, mine, ours)
        keep(line, other, theirs)
    compare_gradients(program, ours, theirs, leaves)
    return program


def rounding_explains(
    program: Program, mine: Any, want: Callable[[dict[str, Any], Any], Any], trials: int = 12
) -> bool:
    """Whether `mine` is among what PyTorch gives if every number is off in its last digits.

    Some results are rounding errors, amplified: a difference of two equal numbers, a comparison of
    them, a sum that cancels. PyTorch itself then gives something else as soon as each input and
    intermediate result changes by a few units in the last place, and how much it varies is how much
    another implementation may. All else differs for a reason, and is reported.

    Args:
        program: the program so far.
        mine: minitorch's results.
        want: of all tensors by name, and the last line's results, those to compare.
        trials: how many runs to look at.
    """
    torch = the_torch()
    if isinstance(mine, Exception):
        return False
    draws = np.random.default_rng(program.number)

    class Shaken(dict[str, Any]):
        """Tensors that are off in their last digits, differently each time they are used."""

        def __getitem__(self, name: str) -> Any:
            value = super().__getitem__(name)
            if name not in named or not value.is_floating_point():
                return value
            units = 4 * torch.finfo(value.dtype).eps * draws.uniform(-1, 1, tuple(value.shape))
            return value * torch.tensor(1 + units, dtype=torch.float64).to(value.dtype)

    runs = []
    named: dict[str, Any] = {}
    for _ in range(trials):
        named = take_inputs(program, torch)
        results: Any = ()
        for line in program.lines:
            results = evaluate(torch, line.source, Shaken(named))
            if isinstance(results, Exception) or len(results) != line.places:
                return False
            keep(line, results, named)
        run = want(named, results)
        if isinstance(run, Exception):
            return False
        runs.append([as_array(result) for result in run])
    for a, *several in zip(map(as_array, mine), *runs, strict=True):
        if any(b.shape != a.shape or b.dtype.kind not in "biuf" for b in several):
            return False
        values = np.stack(several).astype(np.float64)
        with np.errstate(all="ignore"):
            low, high = values.min(0), values.max(0)
            slack = 10 * np.max(high - low, initial=0, where=np.isfinite(high - low))
            close = (low - slack <= a) & (a <= high + slack)
            wild = ~np.isfinite(values).all(0) & np.isfinite(values).any(0)
            equal = (a == low) & (a == high) | np.isnan(a) & np.isnan(values).all(0)
        if not np.all(close | wild | equal):
            return False
    return True


def as_array(value: Any) -> Array:
    """A tensor or a number as an array."""
    return np.asarray(value.detach().numpy(force=True) if hasattr(value, "detach") else value)


def evaluate(m: Any, line: str, names: dict[str, Any]) -> Any:
    """The line's results as a flat tuple, or what it raised."""
    made = outcome(m, lambda m: eval(line, {"m": m, "F": m.nn.functional}, names), [])
    if isinstance(made, (NameError, SyntaxError)):
        raise made  # a template is wrong
    return made


def compare(program: Program, mine: Any, other: Any) -> None:
    """Assert that a line gave the same on both."""

    def differs(how: str, kind: type[Difference] = Difference) -> Difference:
        return kind(f"program {program.number}: {how}\n\n{program.source()}\n")

    if isinstance(other, Exception) or isinstance(mine, Exception):
        if not isinstance(other, Exception):
            raise differs(f"minitorch raises {mine!r}, PyTorch gives {other}")
        if not isinstance(mine, Exception):
            if isinstance(other, NotImplementedError) and "'Half'" in str(other):
                return  # a hole in PyTorch's kernels for float16
            raise differs(f"PyTorch raises {other!r}, minitorch gives {mine}")
        # A number that is too large is an OverflowError before anything else is looked at.
        if not isinstance(mine, (type(other))) and not isinstance(
            other, (NotImplementedError, OverflowError)
        ):
            raise differs(f"PyTorch raises {other!r}, minitorch {mine!r}")
        return
    if len(mine) != len(other):
        raise differs(f"{len(mine)} results, PyTorch {len(other)}")
    for a, b in zip(mine, other, strict=True):
        if not hasattr(b, "detach"):
            same = a == b or (a != a and b != b) or str(a) == str(b)
            if not same and isinstance(b, float):
                same = bool(np.isclose(a, b, rtol=1e-5))
            if not same:
                raise differs(f"minitorch gives {a!r}, PyTorch {b!r}", OtherValues)
            continue
        if tuple(a.shape) != tuple(b.shape) or str(a.dtype) != str(b.dtype):
            raise differs(f"{a.dtype} {tuple(a.shape)}, PyTorch {b.dtype} {tuple(b.shape)}")
        if a.requires_grad != b.requires_grad:
            raise differs(f"requires_grad is {a.requires_grad}, PyTorch's {b.requires_grad}")
        if not alike(a.detach().numpy(), b.detach().numpy(force=True), program.precision):
            raise differs(f"minitorch gives\n{a}\nPyTorch\n{b}", OtherValues)


def alike(a: Array, b: Array, precision: int = 8, loose: float = 1.0) -> bool:
    """Whether two arrays agree to rounding, which a few operations may have amplified.

    Args:
        a, b: the arrays.
        precision: the itemsize of the least exact dtype that they were computed through.
        loose: a factor on what is allowed.
    """
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    eps = loose * {8: 1e-9, 4: 1e-4, 2: 1e-2}[min(precision, a.itemsize)]
    with np.errstate(all="ignore"):
        size = np.abs(b[np.isfinite(b)]).max(initial=0)
        return bool(np.allclose(a, b, rtol=eps, atol=eps * min(size, 1e3) + 1e-12, equal_nan=True))


def compare_gradients(
    program: Program, ours: dict[str, Any], theirs: dict[str, Any], leaves: list[str]
) -> None:
    """Assert that the gradients of all results agree in all inputs."""
    torch = the_torch()
    made = [name for name in theirs if name.startswith("y") and theirs[name].requires_grad]
    if not made or not leaves:
        return
    most = 1e6 if program.precision > 2 else 1e3
    wild = any(bool((theirs[n].detach().abs() > most).any()) for n in made if theirs[n].numel())
    if wild or any(not bool(torch.isfinite(theirs[n].detach()).all()) for n in made):
        return  # the gradients of what overflows are rounding, amplified
    total = weighted([ours[name] for name in made])
    their_total = weighted([theirs[name] for name in made])

    def gradients(m: Any, total: Any, tensors: dict[str, Any]) -> Any:
        xs = [tensors[name] for name in leaves]
        return m.autograd.grad(total, xs, allow_unused=True, materialize_grads=True)

    mine = outcome(minitorch, gradients, [total, ours])
    other = outcome(torch, gradients, [their_total, theirs])
    if isinstance(mine, Exception) or isinstance(other, Exception):
        if isinstance(other, Exception) and (
            isinstance(mine, Exception)
            or "not implemented" in str(other)  # PyTorch does not differentiate it
            or "modified by an inplace" in str(other)  # minitorch keeps what is overwritten
        ):
            return
        raise Difference(
            f"program {program.number}: going backward, minitorch: {mine!r}; PyTorch: {other!r}\n\n"
            f"{program.source()}\n"
        )
    for name, a, b in zip(leaves, mine, other, strict=True):
        if not alike(
            a.detach().numpy(), b.detach().numpy(force=True), program.precision, loose=10.0
        ):

            def again(tensors: dict[str, Any], _: Any) -> Any:
                total = weighted([tensors[name] for name in made])
                return outcome(torch, gradients, [total, tensors])

            if rounding_explains(program, mine, again):
                program.excused += 1
                return
            raise Difference(
                f"program {program.number}: the gradient in {name} is\n{a}\nPyTorch's\n{b}\n\n"
                f"{program.source()}\n"
            )


def run_many(count: int, seed: int, watch: Callable[..., Any] = iter) -> Iterator[Difference]:
    """Run `count` programs; yields what differed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in watch(range(seed * 1_000_000, seed * 1_000_000 + count)):
            try:
                run_program(number)
            except Difference as difference:
                yield difference


def main() -> int:
    """Run the command; 1 if anything differed."""
    parser = argparse.ArgumentParser(description="Random expressions, compared with PyTorch.")
    parser.add_argument("--count", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="differences in full")
    options = parser.parse_args()
    from tqdm import tqdm

    found = 0
    for difference in run_many(options.count, options.seed, lambda r: tqdm(r, leave=False)):
        found += 1
        if found <= options.show:
            print(difference, "-" * 80, sep="\n", flush=True)
    print(f"{options.count} expressions, {found} of which differ (seed {options.seed})")
    return int(found > 0)


__all__ = ["Difference", "Program", "outputs", "run_many", "run_program"]

if __name__ == "__main__":
    sys.exit(main())
