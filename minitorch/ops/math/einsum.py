"""Sums of products over named dimensions: einsum, and tensordot as its numbered form.

Both come down to `contract`, which goes through the operands from left to right and multiplies
them in pairs: by one batched matrix product where dimensions are summed, element by element
where none is.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.ops.math.linalg import matmul
from minitorch.ops.shape.strided import diagonal
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import require_tensor, wrap_dim
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["einsum", "tensordot"]

Label = Any  # whatever can be compared: a letter, or a number for a dimension behind "..."
LETTERS = string.ascii_uppercase + string.ascii_lowercase  # the sublist form's 0 to 51


def einsum(*arguments: Any) -> Tensor:
    """Multiply the operands over named dimensions, and sum those that the output does not name.

    Called ``einsum("ij,jk->ik", x, y)`` or ``einsum(x, [0, 1], y, [1, 2], [0, 2])``. A letter
    repeated within an operand takes its diagonal; ``...`` stands for dimensions that broadcast;
    without ``->`` the output names what occurs once, in alphabetical order after ``...``.

    Raises:
        RuntimeError: for an equation that is malformed or does not fit the operands' shapes.
        ValueError: for no operands, or a number in the sublist form that is not in 0 to 51.

    >>> import minitorch
    >>> x = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.einsum("ii->i", x)
    tensor([1., 4.])
    >>> minitorch.einsum("ij,kj->ik", x, x)
    tensor([[ 5., 11.],
            [11., 25.]])
    """
    if len(arguments) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    if args.is_tensor(arguments[0]):
        equation, operands = _from_sublists(arguments)
    else:
        equation, *operands = arguments
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): expected an equation string, got {type(equation).__name__}")
    xs = [require_tensor("einsum", f"operands[{i}]", x) for i, x in enumerate(operands)]
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        fewer = "fewer" if len(xs) < len(terms) else "more"
        raise RuntimeError(
            f"einsum(): {fewer} operands were provided than specified in the equation "
            f"({len(xs)} for {equation!r})"
        )
    labels: list[list[Label]] = []
    for number, (term, x) in enumerate(zip(terms, xs, strict=True)):
        named = _labels(term, f"operand {number}")
        free = x._array.ndim - sum(label != "..." for label in named)
        if free < 0 or (free and "..." not in named):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(named)}) does not match "
                f"the number of dimensions ({x._array.ndim}) for operand {number} and no ellipsis "
                "was given"
            )
        labels.append(_spelled(named, free))
    hidden = max((-label for term in labels for label in term if isinstance(label, int)), default=0)
    if arrow:
        output = _labels(right, "the output")
        for label in output:
            if label != "..." and output.count(label) > 1:
                raise RuntimeError(
                    f"einsum(): output subscript {label} appears more than once in the output"
                )
            if label != "..." and not any(label in term for term in labels):
                raise RuntimeError(
                    f"einsum(): output subscript {label} does not appear in the equation for any "
                    "input operand"
                )
    else:
        every = [label for term in labels for label in term if isinstance(label, str)]
        output = ["...", *sorted(label for label in every if every.count(label) == 1)]
    return contract(xs, labels, _spelled(output, hidden))


def _labels(term: str, where: str) -> list[str]:
    """The letters of one term, and "..." where there is an ellipsis."""
    found: list[str] = []
    for match in re.finditer(r"\.\.\.|[^ ]", term):
        label = match[0]
        if label == "..." and label in found:
            raise RuntimeError(
                f"einsum(): found '.' for {where} for which an ellipsis was already found"
            )
        if label == ".":
            raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis")
        if label != "..." and label not in LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {match.start()} of {term!r}, "
                "subscripts must be in [a-zA-Z]"
            )
        found.append(label)
    return found


def _spelled(named: list[str], hidden: int) -> list[Label]:
    """The labels with "..." replaced by -hidden to -1: its dimensions, counted from the back."""
    return [label for name in named for label in (range(-hidden, 0) if name == "..." else (name,))]


def _from_sublists(arguments: Sequence[Any]) -> tuple[str, list[Any]]:
    """The equation and the operands of the form ``einsum(x, [0, 1], y, [1, 2], [0, 2])``."""

    def spell(sublist: Sequence[Any]) -> str:
        for item in sublist:
            if item is not Ellipsis and not 0 <= item < len(LETTERS):
                raise ValueError(
                    f"einsum(): subscript {item} in subscript list is not within the valid range "
                    "[0, 52)"
                )
        return "".join("..." if item is Ellipsis else LETTERS[item] for item in sublist)

    operands, sublists = list(arguments[::2]), list(arguments[1::2])
    arrow = "->" + spell(operands.pop()) if len(arguments) % 2 else ""
    return ",".join(map(spell, sublists)) + arrow, operands


def contract(xs: list[Tensor], labels: list[list[Label]], output: list[Label]) -> Tensor:
    """The product of `xs`, whose dimensions are labelled, summed over what `output` leaves out.

    Dimensions of one label have one size, or 1, which broadcasts.
    """
    sizes: dict[Label, int] = {}
    for number, (x, named) in enumerate(zip(xs, labels, strict=True)):
        for label, size in zip(named, x._array.shape, strict=True):
            if sizes.setdefault(label, size) == 1:
                sizes[label] = size
            elif size not in (1, sizes[label]):
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {size} for operand {number} which does "
                    f"not broadcast with previously seen size {sizes[label]}"
                )
    result: Tensor | None = None
    held: list[Label] = []
    for number, (x, named) in enumerate(zip(xs, labels, strict=True)):
        x, named = _without_repeats(number, x, named)
        # What has size 1 here but not elsewhere only repeats itself.
        stretched = [d for d, label in enumerate(named) if x._array.shape[d] != sizes[label]]
        if stretched:
            x = x.squeeze(tuple(stretched))
            named = [label for d, label in enumerate(named) if d not in stretched]
        wanted = {*output, *(label for term in labels[number + 1 :] for label in term)}
        x, named = _summed(x, named, wanted | set(held))
        if result is None:
            result, held = x, named
            continue
        result, held = _summed(result, held, wanted | set(named))
        result, held = _pair(result, held, x, named, wanted, output)
    assert result is not None
    order = [held.index(label) for label in output]
    return result if order == sorted(order) else result.permute(order)


def _without_repeats(number: int, x: Tensor, named: list[Label]) -> tuple[Tensor, list[Label]]:
    """The diagonal of each pair of dimensions with one label."""
    for label in [label for d, label in enumerate(named) if label in named[:d]]:
        a, b = [d for d, other in enumerate(named) if other == label][:2]
        n, m = x._array.shape[a], x._array.shape[b]
        if n != m:
            raise RuntimeError(
                f"einsum(): subscript {label} is repeated for operand {number} but the sizes don't "
                f"match, {m} != {n}"
            )
        x = diagonal(x, 0, a, b)  # whose dimension comes last
        named = [other for d, other in enumerate(named) if d not in (a, b)] + [label]
    return x, named


def _summed(x: Tensor, named: list[Label], wanted: set[Label]) -> tuple[Tensor, list[Label]]:
    """`x` summed over the labels that nothing else wants."""
    gone = tuple(d for d, label in enumerate(named) if label not in wanted)
    return (x.sum(gone), [label for label in named if label in wanted]) if gone else (x, named)


def _pair(
    x: Tensor,
    left: list[Label],
    y: Tensor,
    right: list[Label],
    wanted: set[Label],
    output: list[Label],
) -> tuple[Tensor, list[Label]]:
    """The product of two, summed over the labels that both have and nothing else wants.

    What is kept comes in the order of `output` as far as one product can make it.
    """
    place = {label: position for position, label in enumerate(output)}
    left_in_order = sorted(left, key=lambda label: place.get(label, len(output)))
    right_in_order = sorted(right, key=lambda label: place.get(label, len(output)))
    both = [label for label in left_in_order if label in right]
    batch = [label for label in both if label in wanted]
    summed = [label for label in both if label not in wanted]
    rows = [label for label in left_in_order if label not in both]
    columns = [label for label in right_in_order if label not in both]
    if rows and columns and place.get(rows[-1], -1) > place.get(columns[-1], len(output)):
        x, left, y, right, rows, columns = y, right, x, left, columns, rows
    size = dict(zip(left + right, x._array.shape + y._array.shape, strict=True))
    B, N, K, M = ([size[label] for label in group] for group in (batch, rows, summed, columns))
    if not summed:
        x = x.permute([left.index(label) for label in batch + rows])  # (B, N)
        y = y.permute([right.index(label) for label in batch + columns])  # (B, M)
        return x.reshape(B + N + [1] * len(M)) * y.reshape(B + [1] * len(N) + M), (
            batch + rows + columns
        )
    x = x.permute([left.index(label) for label in batch + rows + summed])  # (B, N, K)
    y = y.permute([right.index(label) for label in batch + summed + columns])  # (B, K, M)
    front = [math.prod(B)] if B else []
    x = x.reshape([*front, math.prod(N), math.prod(K)])
    y = y.reshape([*front, math.prod(K), math.prod(M)])
    return matmul(x, y).reshape(B + N + M), batch + rows + columns


@takes_out("tensordot", SAME)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over dimensions of `a` paired with dimensions of `b`.

    Args:
        a: a tensor.
        b: another, of the same dtype.
        dims: a number (the last so many of `a` with the first of `b`), or two lists of dimensions.

    Shape: what is left of `a`, then what is left of `b`.

    Raises:
        RuntimeError: if the dims do not pair up, or the dtypes differ.
    """
    x, y = require_tensor("tensordot", "a", a), require_tensor("tensordot", "b", b)
    n, m = x._array.ndim, y._array.ndim
    if args.is_tensor(dims):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(n, m):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (range(n - dims, n), range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    if x._array.dtype != y._array.dtype:
        raise RuntimeError(f"both inputs should have same dtype, got {x.dtype} and {y.dtype}")
    of_a: list[Label] = [("a", d) for d in range(n)]
    of_b: list[Label] = [("b", d) for d in range(m)]
    for i, (d, e) in enumerate(zip(first, second, strict=True)):
        d, e = wrap_dim(d, n), wrap_dim(e, m)
        size, other = x._array.shape[d], y._array.shape[e]
        if other == 1 and size != 1:  # size 1 broadcasts
            x = x.sum(d, keepdim=True, dtype=x.dtype)
        elif size == 1 and other != 1:
            y = y.sum(e, keepdim=True, dtype=y.dtype)
        elif size != other:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {size} in dim {d} and "
                f"second has size {other} in dim {e}"
            )
        of_a[d] = of_b[e] = ("summed", i)
    output = [label for label in of_a + of_b if label[0] != "summed"]
    return contract([x, y], [of_a, of_b], output)
