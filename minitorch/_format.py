"""Printing of tensors: PyTorch's layout, digit for digit.

Widths and the choice between plain, integer-like and scientific notation follow the finite,
nonzero elements that are shown, as in https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, bool_, get_default_dtype, int64

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


@dataclass(frozen=True)
class PrintOptions:
    """Settings made by `set_printoptions`."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}
options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print.

    Args:
        precision: digits after the point (4).
        threshold: more elements than this are summarised (1000).
        edgeitems: how many are shown at each end of a summarised dimension (3).
        linewidth: characters a line (80).
        profile: 'default', 'short' or 'full', to start from.
        sci_mode: scientific notation always, never, or (None) as the values need.

    Raises:
        ValueError: for an unknown profile.
    """
    global options
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"profile: expected one of {sorted(_PROFILES)}, got {profile!r}")
        options = _PROFILES[profile]
    given: dict[str, Any] = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    kept = {name: value for name, value in given.items() if value is not None}
    options = replace(options, sci_mode=sci_mode, **kept)


class _Formatter:
    """Formats every shown element of one tensor to one width.

    Floats that are all whole print as ``1.``; where magnitudes differ by more than a thousand, or
    are very large or small, in scientific notation; else with the set precision.
    """

    def __init__(self, shown: Array) -> None:
        self.floating = shown.dtype.kind == "f"
        self.whole, self.scientific = True, False
        self.width = 1
        values = shown.reshape(-1)
        if not self.floating:
            self.width = max((len(str(value)) for value in values.tolist()), default=1)
            return
        finite = values[np.isfinite(values) & (values != 0)].astype(np.float64)
        if finite.size == 0:
            return
        magnitudes = np.abs(finite)
        low, high = float(magnitudes.min()), float(magnitudes.max())
        self.whole = bool((finite == np.ceil(finite)).all())
        self.scientific = high / low > 1000.0 or high > 1.0e8 or (not self.whole and low < 1.0e-4)
        if options.sci_mode is not None:
            self.scientific = options.sci_mode
        self.width = max(len(self.plain(value)) for value in finite.tolist())

    def plain(self, value: float) -> str:
        """A float, without padding."""
        if self.scientific:
            return f"{value:.{options.precision}e}"
        if self.whole:
            return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
        return f"{value:.{options.precision}f}"

    def __call__(self, value: Any) -> str:
        return (self.plain(value) if self.floating else str(value)).rjust(self.width)


def _shown(array: Array) -> Array:
    """The corners of a summarised tensor: what decides the width."""
    edge = options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            head, tail = np.split(array, [edge], axis)[0], np.split(array, [size - edge], axis)[1]
            array = np.concatenate([head, tail], axis)
    return array


def _body(array: Array, indent: int, summarize: bool, text: _Formatter) -> str:
    """The bracketed rows, wrapped and indented."""
    if array.ndim == 0:
        return text(array.item())
    edge, size = options.edgeitems, array.shape[0]
    if summarize and not edge:
        return "[...]"
    cut = summarize and size > 2 * edge
    if array.ndim == 1:
        per_line = max(1, (options.linewidth - indent) // (text.width + 2))
        head, tail = (array[:edge], array[-edge:]) if cut else (array, array[:0])
        items = [*map(text, head.tolist()), *[" ..."] * cut, *map(text, tail.tolist())]
        lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    rows = range(size) if not cut else [*range(edge), *range(size - edge, size)]
    parts = [_body(array[row], indent + 1, summarize, text) for row in rows]
    if cut:
        parts.insert(edge, "...")
    gap = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + gap.join(parts) + "]"


def tensor_repr(tensor: Tensor, name: str) -> str:
    """Write out ``repr(tensor)``; `name` is what stands before the parenthesis."""
    array = tensor._array
    prefix = name + "("
    indent = len(prefix)
    notes: list[str] = []
    default, summarize = get_default_dtype(), array.size > options.threshold
    if not options.edgeitems if array.size else array.ndim != 1:
        notes.append(f"size={tuple(array.shape)}")
    if tensor.dtype not in ((default, int64, bool_) if array.size else (default,)):
        notes.append(f"dtype={tensor.dtype}")
    body = "[]"
    if array.size:
        body = _body(array, indent, summarize, _Formatter(_shown(array) if summarize else array))
    node = tensor.grad_fn
    if node is not None:
        notes.append(f"grad_fn=<{node.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    text = prefix + body
    length = len(text) - text.rfind("\n") + 1
    for note in notes:  # each goes on a new line where this one would grow too long
        if length + len(note) + 2 > options.linewidth:
            text, length = text + ",\n" + " " * indent + note, indent + len(note)
        else:
            text, length = text + ", " + note, length + len(note) + 2
    return text + ")"
