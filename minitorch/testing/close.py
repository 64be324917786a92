"""`assert_close`: whether two results agree, as far as their dtypes let one expect."""

from __future__ import annotations

import cmath
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.factory import as_tensor

TOLERANCES = {  # relative and absolute; PyTorch's defaults. All others must be equal.
    _dtypes.float16: (1e-3, 1e-5),
    _dtypes.float32: (1.3e-6, 1e-5),
    _dtypes.float64: (1e-7, 1e-7),
}
SCALARS = (int, float, complex, np.number)
OF_SCALARS = {int: (0.0, 0.0), float: (1e-7, 1e-7), complex: (1e-7, 1e-7)}

Pair = Callable[[], str | None]
"""Two things side by side: what is wrong with them, or None."""
Item = tuple[Any, ...]
"""The keys that lead to something in nested containers."""


class _Refused(Exception):
    """Two things that cannot be compared, or that differ before their values are looked at."""

    def __init__(self, kind: type[Exception], text: str, item: Item = ()) -> None:
        super().__init__(text)
        self.kind, self.text, self.item = kind, text, item


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Assert that ``|actual - expected| <= atol + rtol * |expected|`` in every element.

    Args:
        actual, expected: tensors; or arrays, Python numbers, bools or None; or sequences and
            mappings of any of these, of the same structure.
        allow_subclasses: let a tensor be compared with one of a subclass, such as a Parameter.
        rtol, atol: both or neither. By default the looser of the two dtypes' own: 1.3e-6 and 1e-5
            for float32, 1e-7 and 1e-7 for float64, 1e-3 and 1e-5 for float16, 0 for others.
        equal_nan: let NaN equal NaN.
        check_dtype: require the same dtype, or type of Python number; otherwise promote.
        check_stride: require the same strides.
        check_device, check_layout: accepted; there is one device, and one layout.
        msg: what the error is to say instead, or a function that makes it of the text.

    Raises:
        AssertionError: naming the largest differences and where they are.
        TypeError: for things that cannot be compared with each other.
        ValueError: for one of `rtol` and `atol` without the other.

    >>> import minitorch
    >>> assert_close(minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 2.5]))
    Traceback (most recent call last):
    AssertionError: Tensor-likes are not close!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
    Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)
    """
    __tracebackhide__ = True
    rules = _Rules(rtol, atol, equal_nan, check_dtype, check_stride, allow_subclasses)
    try:
        pairs = [(item, rules.pair(a, b, item)) for item, a, b in _leaves(actual, expected)]
    except _Refused as refused:
        raise refused.kind(refused.text + _where(refused.item)) from None
    for item, pair in pairs:
        wrong = pair()
        if wrong is not None:
            text = wrong + _where(item)
            raise AssertionError(msg(text) if callable(msg) else text if msg is None else msg)


# ---- structure --------------------------------------------------------------------------------


def _where(item: Item) -> str:
    if not item:
        return ""
    return f"\n\nThe failure occurred for item {''.join(str([key]) for key in item)}"


def _leaves(actual: Any, expected: Any, item: Item = ()) -> Iterator[tuple[Item, Any, Any]]:
    """Pair up what two containers hold, with the keys that lead there."""
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise _Refused(AssertionError, text, item)
        for index in range(len(actual)):
            yield from _leaves(actual[index], expected[index], (*item, index))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        absent, extra = expected.keys() - actual.keys(), actual.keys() - expected.keys()
        if absent or extra:
            text = (
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {_sorted(absent)}\n"
                f"Additional keys in the actual mapping: {_sorted(extra)}"
            )
            raise _Refused(AssertionError, text, item)
        for key in _sorted(actual):
            yield from _leaves(actual[key], expected[key], (*item, key))
    else:
        yield item, actual, expected


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _sorted(keys: Any) -> list[Any]:
    try:
        return sorted(keys)
    except TypeError:  # of several types
        return list(keys)


# ---- two things -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rules:
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_dtype: bool
    check_stride: bool
    allow_subclasses: bool

    def pair(self, actual: Any, expected: Any, item: Item) -> Pair:
        """Find the comparison for the two, which are to be found at `item`."""
        if actual is None or expected is None:
            wrong = f"None mismatch: {actual} is not {expected}"
            return lambda: None if actual is expected else wrong
        if isinstance(actual, (bool, np.bool_)) and isinstance(expected, (bool, np.bool_)):
            a, b = bool(actual), bool(expected)
            return lambda: None if a is b else f"Booleans mismatch: {a} is not {b}"
        if isinstance(actual, SCALARS) and isinstance(expected, SCALARS):
            one, other = _number(actual), _number(expected)
            rules = self.settled(item, OF_SCALARS[type(one)], OF_SCALARS[type(other)])
            return partial(rules.numbers, one, other)
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if related and (self.allow_subclasses or type(actual) is type(expected)):
            left, right = _tensor(actual), _tensor(expected)
            if left is not None and right is not None:
                defaults = (TOLERANCES.get(t.dtype, (0.0, 0.0)) for t in (left, right))
                return partial(self.settled(item, *defaults).tensors, left, right)
        types = f"{type(actual)} and {type(expected)}"
        unable = f"No comparison pair was able to handle inputs of type {types}."
        raise _Refused(TypeError, unable, item)

    def settled(self, item: Item, *defaults: tuple[float, float]) -> _Rules:
        """The rules with their tolerances filled in."""
        if (self.rtol is None) != (self.atol is None):
            raise _Refused(
                ValueError,
                "Both 'rtol' and 'atol' must be either specified or omitted, "
                f"but got no {'rtol' if self.rtol is None else 'atol'}.",
                item,
            )
        if self.rtol is not None:
            return self
        return replace(self, rtol=max(r for r, _ in defaults), atol=max(a for _, a in defaults))

    def numbers(self, actual: Any, expected: Any) -> str | None:
        """Describe the difference of two Python numbers."""
        if self.check_dtype and type(actual) is not type(expected):
            return f"The (d)types do not match: {type(actual)} != {type(expected)}."
        both_nan = self.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)
        if actual == expected or both_nan:
            return None
        assert self.rtol is not None and self.atol is not None
        difference = abs(actual - expected)
        if cmath.isfinite(difference) and difference <= self.atol + self.rtol * abs(expected):
            return None
        return self.unlike_numbers(actual, expected)

    def tensors(self, actual: Tensor, expected: Tensor) -> str | None:
        """Describe the difference of two tensors."""
        unlike = "The values for attribute '{}' do not match: {} != {}."
        if actual.shape != expected.shape:
            return unlike.format("shape", actual.shape, expected.shape)
        if self.check_stride and actual.stride() != expected.stride():
            return unlike.format("stride()", actual.stride(), expected.stride())
        if self.check_dtype and actual.dtype is not expected.dtype:
            return unlike.format("dtype", actual.dtype, expected.dtype)
        common = _dtypes.promote_types(actual.dtype, expected.dtype).numpy
        a, b = (t._array.astype(common, copy=False) for t in (actual, expected))
        with np.errstate(all="ignore"):
            matches = self.close(a, b)
            if matches.all():
                return None
            if not a.shape:
                return self.unlike_numbers(a.item(), b.item())
            return self.unlike_arrays(a, b, matches)

    def close(self, actual: Array, expected: Array) -> Array:
        """Where the two are close; computed in their dtype, or the default one for integers."""
        close = actual == expected
        if not self.exact:
            if actual.dtype.kind != "f":
                actual, expected = actual.astype(_default()), expected.astype(_default())
            difference = np.abs(actual - expected)
            allowed = self.atol + np.abs(self.rtol * expected)
            close = close | (np.isfinite(difference) & (difference <= allowed))
        if self.equal_nan:
            close = close | (np.isnan(actual) & np.isnan(expected))
        return np.asarray(close)

    # ---- what the error says --------------------------------------------------------------------

    def unlike_numbers(self, actual: Any, expected: Any) -> str:
        """The text for two numbers that differ."""
        difference = abs(actual - expected)
        relative = float("inf") if expected == 0 else difference / abs(expected)
        lines = [*self.headline("Scalars"), f"Expected {expected} but got {actual}."]
        lines.append(f"Absolute difference: {difference}{self.up_to(self.atol)}")
        lines.append(f"Relative difference: {relative}{self.up_to(self.rtol)}")
        return "\n".join(lines)

    def unlike_arrays(self, actual: Array, expected: Array, matches: Array) -> str:
        """The text for two arrays, whose elements differ but where they match."""
        count = int(matches.size - matches.sum())
        if actual.dtype.kind != "f":  # so that no difference overflows
            actual, expected = actual.astype(np.int64), expected.astype(np.int64)
        absolute = np.abs(actual - expected)
        absolute[matches] = 0
        quotient = absolute.dtype if absolute.dtype.kind == "f" else _default()
        relative = absolute.astype(quotient) / np.abs(expected).astype(quotient)
        relative[matches] = 0
        share = f"{count} / {matches.size} ({count / matches.size:.1%})"
        lines = [*self.headline("Tensor-likes"), f"Mismatched elements: {share}"]
        kinds = ("absolute", absolute, self.atol), ("relative", relative, self.rtol)
        for kind, values, tolerance in kinds:
            place = tuple(int(i) for i in np.unravel_index(np.argmax(values), values.shape))
            at = f"{values[place].item()} at index {place}{self.up_to(tolerance)}"
            lines.append(f"Greatest {kind} difference: {at}")
        return "\n".join(lines)

    def headline(self, things: str) -> tuple[str, str]:
        """That they are not close, and an empty line."""
        return f"{things} are not {'equal' if self.exact else 'close'}!", ""

    def up_to(self, tolerance: float | None) -> str:
        """Write the allowance, unless that is nothing at all."""
        return "" if self.exact else f" (up to {tolerance} allowed)"

    @property
    def exact(self) -> bool:
        """Whether the two must be equal."""
        return self.rtol == 0 and self.atol == 0


def _default() -> np.dtype[Any]:
    return _dtypes.get_default_dtype().numpy


def _number(value: Any) -> Any:
    """A Python number; a bool beside a number counts as an int."""
    if isinstance(value, np.number):
        return value.item()
    return int(value) if isinstance(value, bool) else value


def _tensor(value: Any) -> Tensor | None:
    """`value` as a tensor; None if no tensor can be made of it."""
    try:
        return as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return None


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """`assert_close` as it was before PyTorch 1.12: looser, and of any dtypes."""
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a "
        "future release. Please use `torch.testing.assert_close()` instead.",
        FutureWarning,
        stacklevel=2,
    )
    if not isinstance(actual, Tensor):
        actual = as_tensor(actual)
    if not isinstance(expected, Tensor):
        expected = as_tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        bounds = {"float64": (1e-5, 1e-8), "float32": (1e-4, 1e-5), "float16": (1e-3, 1e-3)}
        pairs = [
            bounds.get(str(x.dtype).removeprefix("torch."), (0, 0)) for x in (actual, expected)
        ]
        rtol, atol = (max(column) for column in zip(*pairs, strict=True))
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=True,
        check_dtype=False,
        check_stride=False,
        msg=msg or None,
    )
