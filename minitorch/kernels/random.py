"""PyTorch's CPU random streams, bit for bit: same seed, same weights, shuffles and masks.

One `Stream` is one generator. It draws the words of the Mersenne Twister (NumPy has the same
engine) and turns them into numbers by PyTorch 2.13's recipes: which bits are kept, how many words
a value takes, in which order, and where a result is rounded. The match is with PyTorch on x86-64
with AVX2; elsewhere PyTorch itself differs in the last bit. ``float64`` logarithms and sines are
those of Python's `math`, which calls the C library that PyTorch calls.

A fill returns a flat array of `n` values in the order in which PyTorch writes them to memory;
`fill` lays them into an array of any strides.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.kernels.bfloat16 import BFLOAT16, largest, rounded
from minitorch.kernels.choice import or_compiled
from minitorch.kernels.layout import preserved

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 16  # values that PyTorch's vectorized normal makes at a time: 8 cosines, then 8 sines
MANY = 1024  # values, from which on it pays to load compiled kernels
CHUNK = 2048 * BLOCK  # values per pass: what a pass allocates stays in the second-level cache

_F16, _F32, _F64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
_HALVES = (_F16, BFLOAT16)
_INT64_MIN, _INT64_END = -(2**63), 2**63
_TWO_PI = 2.0 * math.pi


# ---- layout -----------------------------------------------------------------------------------


def is_c_contiguous(out: Array) -> bool:
    """Whether `out` is contiguous in PyTorch's sense: `normal` takes another path if it is not."""
    return out.flags.c_contiguous


def fill(out: Array, values: Array) -> None:
    """Write a flat stream into `out` in the order of its memory, lowest address first.

    That is the order in which PyTorch fills. For a C-contiguous array it is the logical order;
    filling a transposed array fills what it is the transpose of.

    Shape:
        out: any, with any strides; values: (out.size,).

    Raises:
        RuntimeError: if elements of `out` share memory (a stride of 0), as PyTorch does.
    """
    if out.flags.c_contiguous:
        out.reshape(-1)[...] = values
        return
    if any(stride == 0 and size > 1 for stride, size in zip(out.strides, out.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    in_memory = _ascending(out)
    in_memory[...] = values.reshape(in_memory.shape)


def _ascending(array: Array) -> Array:
    """The same elements seen in C order: largest stride first, none of them negative."""
    array = array[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)]
    return array.transpose(np.argsort([-stride for stride in array.strides], kind="stable"))


# ---- multiply and add, rounded once -----------------------------------------------------------
#
# PyTorch's kernels are compiled to fused multiply-adds, which round x*y + z once. NumPy has none,
# so they are put together from exact parts. Scalars are pinned to the array's dtype throughout:
# NumPy 1.26 and 2 promote them differently.


def _split(x: Array) -> tuple[Array, Array]:
    """x = high + low, each with at most 26 significant bits (Veltkamp, 1968)."""
    shifted = x * (2.0**27 + 1.0)
    high = shifted - (shifted - x)
    return high, x - high


def _two_product(x: Array, y: Array) -> tuple[Array, Array]:
    """The rounded product and its error: x*y = product + error exactly (Dekker, 1971)."""
    product = x * y
    (x_high, x_low), (y_high, y_low) = _split(x), _split(y)
    error = x_high * y_high - product + x_high * y_low + x_low * y_high + x_low * y_low
    return product, error


def _two_sum(x: Array, y: Array) -> tuple[Array, Array]:
    """The rounded sum and its error: x + y = total + error exactly (Knuth, TAOCP 2, 4.2.2)."""
    total = x + y
    rest = total - x
    return total, (x - (total - rest)) + (y - rest)


def _odd_sum(x: Array, y: Array) -> Array:
    """x + y rounded to odd: if inexact, to the neighbour whose last bit is 1.

    The odd bit remembers that something was lost, so that rounding the result once more gives
    what rounding the exact sum would have given (Boldo & Melquiond, 2008).
    """
    total, error = _two_sum(x, y)
    amiss = (error != 0) & (total.view(np.int64) & np.int64(1) == 0)
    return np.where(amiss, np.nextafter(total, np.copysign(np.inf, error)), total)


def _fma64(x: Array, scale: Array, shift: Array) -> Array:
    """x*scale + shift for float64, rounded once (Boldo & Melquiond, 2008)."""
    product, product_error = _two_product(x, scale)
    addend, addend_error = _two_sum(shift, product_error)
    total, total_error = _two_sum(product, addend)
    return total + _odd_sum(addend_error, total_error)


def _fma32(x: Array, scale: Array, shift: Array) -> Array:
    """x*scale + shift for float32, rounded once: the product of two float32 fits a float64.

    Rounding the float64 sum again is wrong only if that sum was inexact and lies half-way between
    two float32; those sums, one in 2**29, are made again with an odd last bit.
    """
    product = x.astype(np.float64) * scale
    total = product + shift.astype(np.float64)
    halfway = (total.view(np.int64) & np.int64(2**29 - 1)) == np.int64(2**28)
    if halfway.any():
        total[halfway] = _odd_sum(product[halfway], shift.astype(np.float64))
    return total.astype(np.float32)


def _affine(x: Array, scale: float, shift: float) -> Array:
    """x*scale + shift in x's dtype, rounded once."""
    with np.errstate(over="ignore", invalid="ignore"):
        if scale == 1 and shift == 0:
            return x + x.dtype.type(0)  # for -0.0
        a, b = np.array([[scale], [shift]]).astype(x.dtype)
        if shift == 0 or not math.isfinite(scale) or not math.isfinite(shift):
            plain: Array = x * a + b  # one rounding, or none that matters
            return plain
        if x.dtype == _F32:
            return _fma32(x, a, b)
        if max(abs(scale), abs(shift)) < 2.0**900:
            return _fma64(x, a, b)
        return _fma64(x, a * 2.0**-200, b * 2.0**-200) * 2.0**200  # _split would overflow


def _cast(values: Array, dtype: np.dtype[Any]) -> Array:
    """`values` as `dtype`, by C's rules: through float32 to float16, through int64 to integers."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == BFLOAT16:
            return rounded(values)
        if dtype == _F16:
            values = values.astype(np.float32)
        elif dtype.kind in "iu":
            values = values.astype(np.int64)
        return values.astype(dtype)


# ---- log, sin and cos in float32 --------------------------------------------------------------
#
# Cephes logf, sinf and cosf (Moshier; netlib.org/cephes, single), as rewritten for SIMD:
# the same polynomials, without branches, Horner's steps fused. Every operation below is one that
# IEEE 754 rounds the same on all machines, so the results do not depend on NumPy or the libm.


def _float32(*numbers: float) -> tuple[float, ...]:
    return tuple(float(np.float32(number)) for number in numbers)


_LOG_COEFFICIENTS = _float32(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1)
_LOG_COEFFICIENTS += _float32(-1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1)
_LOG_COEFFICIENTS += _float32(2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
_SIN_COEFFICIENTS = _float32(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS_COEFFICIENTS = _float32(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SQRT_HALF = np.float32(0.707106781186547524)
# ln 2 and pi/4 as sums: all parts but the last have few bits, so small multiples are exact.
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_QUARTER_PI_HIGH, _QUARTER_PI_MIDDLE, _QUARTER_PI_LOW = (
    np.float32(part) for part in (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
)
_FOUR_OVER_PI = np.float32(1.27323954473516)


def _fused(x: Array, y: Array | np.float32, z: Array) -> Array:
    """x*y + z of float32 arrays through float64.

    Rounding twice could go wrong for one sum in 2**29; it does for none of the 2**24 numbers
    that `_log32` and `_sincos32` are ever given here (checked for each against a hardware FMA).
    """
    total = x.astype(np.float64)
    total *= y
    total += z
    return total.astype(np.float32)


def _horner(x: Array, coefficients: tuple[float, ...]) -> Array:
    """The polynomial with `coefficients`, highest power first, each step rounded once."""
    x = x.astype(np.float64)
    sum64 = x * coefficients[0]
    sum64 += coefficients[1]
    sum32 = sum64.astype(np.float32)
    for coefficient in coefficients[2:]:
        sum64[...] = sum32
        sum64 *= x
        sum64 += coefficient
        sum32[...] = sum64
    return sum32


def _log32(w: Array) -> Array:
    """ln w for float32 w in (0, 1]: w = 2**e (1 + t) with 1 + t in [sqrt(1/2), sqrt(2))."""
    mantissa, exponent = np.frexp(w)
    low = mantissa < _SQRT_HALF
    e = (exponent - low).astype(np.float32)
    t = mantissa - np.float32(1)
    t += mantissa * low
    z = t * t
    q = _horner(t, _LOG_COEFFICIENTS)
    q *= t
    q = _fused(q, z, e * _LN2_LOW)
    q -= np.float32(0.5) * z
    return (t + q) + e * _LN2_HIGH


def _sincos32(angle: Array) -> tuple[Array, Array]:
    """sin and cos for float32 angles >= 0, each measured from the nearest multiple of pi/2."""
    octant = (angle * _FOUR_OVER_PI).astype(np.int32)
    octant += np.int32(1)
    octant &= np.int32(~1)
    k = octant.astype(np.float32)
    angle = angle - k * _QUARTER_PI_HIGH
    angle -= k * _QUARTER_PI_MIDDLE
    angle = _fused(k, -_QUARTER_PI_LOW, angle)
    z = angle * angle

    cosine = _horner(z, _COS_COEFFICIENTS)
    cosine *= z
    cosine = _fused(cosine, z, np.float32(-0.5) * z)
    cosine += np.float32(1)

    sine = _horner(z, _SIN_COEFFICIENTS)
    sine *= z
    sine = _fused(sine, angle, angle)

    swapped = (octant & np.int32(2)).astype(bool)
    sin = np.where(swapped, cosine, sine)
    cos = np.where(swapped, sine, cosine)
    # Bit 2 of the octant is sin's sign, and cos is sin a quarter-turn on; 2**31 is the sign bit.
    sin.view(np.int32)[...] ^= (octant & np.int32(4)) << np.int32(29)
    cos.view(np.int32)[...] ^= ((octant + np.int32(2)) & np.int32(4)) << np.int32(29)
    return sin, cos


# ---- log, sin and cos in float64 --------------------------------------------------------------


def _libm(function: Callable[[float], float], x: Array) -> Array:
    """`function` of the C library at each element: NumPy's own may differ in the last bit."""
    return np.fromiter(map(function, x.reshape(-1).tolist()), np.float64, x.size).reshape(x.shape)


def _on_the_edge(x: Array) -> Array:
    """Where a float64 is so near the middle of two float32 that its last digits decide.

    NumPy's functions are right to a few units in the last place; here a thousand count as near.
    What a float32 would hold with fewer digits (below 2**-126) is always in doubt.
    """
    beyond = x.view(np.int64) & np.int64(2**29 - 1)
    beyond -= np.int64(2**28 - 1024)
    near: Array = beyond.view(np.uint64) < np.uint64(2048)
    return near | ((np.abs(x) < 2.0**-126) & (x != 0))


def _sincos64(angle: Array) -> tuple[Array, Array]:
    return _libm(math.sin, angle), _libm(math.cos, angle)


def _log(x: float) -> float:
    """ln x, with ln 0 as in C."""
    return math.log(x) if x else -math.inf


def _exp(x: float) -> float:
    """e**x, with overflow as in C."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


_SQUEEZE = float(np.float32(0.0331))
# What Stirling's formula leaves of log(k!), for k from 0 to 9.
_STIRLING_TAILS = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
    0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
    0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _stirling_tail(k: float) -> float:
    if k < len(_STIRLING_TAILS):
        return _STIRLING_TAILS[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)


# ---- Box-Muller -------------------------------------------------------------------------------


@or_compiled
def box_muller(uniforms: Array) -> Array:
    """Standard normals from uniforms, in blocks of 16: 8 for the radii, then 8 for the angles.

    For u, v uniform on [0, 1), sqrt(-2 ln(1-u)) cos(2 pi v) and the same with sin are two
    independent normals (Box & Muller, 1958); they take the places of u and v.
    """
    real = uniforms.dtype.type
    log = _log32 if uniforms.dtype == _F32 else partial(_libm, math.log)
    sincos = _sincos32 if uniforms.dtype == _F32 else _sincos64
    blocks = uniforms.reshape(-1, 2, BLOCK // 2)
    radius = np.sqrt(real(-2) * log(real(1) - blocks[:, 0]))
    sin, cos = sincos(real(_TWO_PI) * blocks[:, 1])
    normals = np.empty_like(blocks)
    np.multiply(radius, cos, out=normals[:, 0])
    np.multiply(radius, sin, out=normals[:, 1])
    return normals.reshape(-1)


def _box_muller_pair(u: float, v: float) -> tuple[float, float]:
    """Two standard normals of two uniforms, as PyTorch makes them one by one."""
    radius, angle = math.sqrt(-2.0 * math.log1p(-v)), _TWO_PI * u
    return radius * math.cos(angle), radius * math.sin(angle)


@or_compiled
def shuffle(words: Array) -> Array:
    """0 ... n-1 in a random order, from n-1 words of 32 bits, one for each swap.

    Fisher & Yates's shuffle from the front (Durstenfeld, 1964).
    """
    n = words.size + 1
    order = list(range(n))
    places = np.arange(n - 1, dtype=np.uint32)
    partners = places + words % (np.uint32(n) - places)
    for i, k in enumerate(partners.tolist()):
        order[i], order[k] = order[k], order[i]
    return np.array(order, np.int64)


# ---- arguments --------------------------------------------------------------------------------


def _floating(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    """`dtype` if it is floating-point; `name` is the fill's, for the message."""
    dtype = np.dtype(dtype)
    if dtype not in (*_HALVES, _F32, _F64):
        raise NotImplementedError(f"{name}: expected a floating-point dtype, got {dtype.name}")
    return dtype


def _largest_integer(dtype: np.dtype[Any]) -> int:
    """The largest n such that `dtype` holds every integer from 0 to n."""
    if dtype.kind == "b":
        return 1
    return 2 ** _digits(dtype) if dtype.kind == "f" else int(np.iinfo(dtype).max)


def _digits(dtype: np.dtype[Any]) -> int:
    """The number of bits that a float of `dtype` has for its digits."""
    return 8 if dtype == BFLOAT16 else int(np.finfo(dtype).nmant) + 1


def _check_uniform_bounds(low: float, high: float, dtype: np.dtype[Any]) -> None:
    most = largest(dtype)
    for name, bound in (("from", low), ("to", high)):
        if not -most <= bound <= most:
            raise RuntimeError(f"uniform_: {name} is out of bounds for {dtype.name}, got {bound:g}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > most:
        raise RuntimeError(
            f"uniform_ expects to-from <= the largest {dtype.name}, {most:g}, but found "
            f"to={high:g} and from={low:g}"
        )


def _check_integer_bounds(low: int, last: int, dtype: np.dtype[Any]) -> None:
    most = int(largest(dtype)) if dtype.kind == "f" else _largest_integer(dtype)
    smallest = {"f": -most, "i": -most - 1}.get(dtype.kind, 0)
    for name, bound in (("from", low), ("to - 1", last)):
        if not smallest <= bound <= most:
            raise RuntimeError(f"random_: {name} is out of bounds for {dtype.name}, got {bound}")


def _shrink(low: int, high: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """[low, high) without the integers that would leave it when rounded to a floating `dtype`."""
    digits = _digits(dtype)
    ends = np.array([low + 1, high - 1], np.float64)
    above_low, below_high = (int(end) for end in _cast(ends, dtype))
    if above_low < low:
        low = above_low + 2 ** (abs(low + 1).bit_length() - digits)
    if high <= below_high < _INT64_END:  # else C's cast wraps, and high stays
        high = below_high - 2 ** (abs(high - 1).bit_length() - digits)
    return low, high


# ---- the generator ----------------------------------------------------------------------------

_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", 624), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)
"""Record that `Stream.get_state` returns, as PyTorch lays it out; the gaps are zero."""


def _in_chunks(n: int, dtype: np.dtype[Any], draw: Callable[[int], Array]) -> Array:
    """`n` values from `draw(count)`, a chunk at a time, as `dtype`."""
    if n <= CHUNK:
        return _cast(draw(n), dtype)
    out = np.empty(n, dtype)
    for start in range(0, n, CHUNK):
        out[start : start + CHUNK] = _cast(draw(min(CHUNK, n - start)), dtype)
    return out


class Stream:
    """PyTorch's CPU generator: a Mersenne Twister (MT19937) and one remembered normal.

    The engine is Matsumoto & Nishimura's (ACM TOMACS 8, 1998). `initial_seed` is the seed last
    set, modulo 2**64; only its low 32 bits reach the engine. What draws `n` values returns (n,).

    >>> stream = Stream(0)
    >>> stream.raw32(2)
    array([2357136044, 2546248239], dtype=uint32)
    >>> stream.manual_seed(0).normal(3)  # torch.manual_seed(0); torch.randn(3)
    array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)
    >>> stream.permutation(5)
    array([2, 4, 1, 3, 0])
    """

    initial_seed: int

    def __init__(self, seed: int = 67280421310721) -> None:
        self.manual_seed(seed)

    @cached_property
    def _engine(self) -> Any:
        """The generator of bits; made when it is first asked, for NumPy loads it slowly."""
        engine = np.random.MT19937(0)
        seeder = np.random.RandomState(engine)  # has MT19937's original seeding
        seeder.seed(self.initial_seed % 2**32)
        return engine

    # -- seed and state

    def manual_seed(self, seed: int) -> Stream:
        """Start the stream of `seed`, an integer in [-2**63, 2**64).

        Raises:
            ValueError: if `seed` is not in that range.
        """
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self.initial_seed = seed % 2**64
        self.__dict__.pop("_engine", None)
        self._untouched = True
        self._spare_normal: float | None = None
        return self

    def seed(self) -> int:
        """Start the stream of a seed that nobody can foresee; returns it."""
        self.manual_seed(int.from_bytes(os.urandom(8)) % 2**53)
        return self.initial_seed

    def get_state(self) -> Array:
        """The stream's whole state: `set_state` of it continues from here.

        Shape:
            Returns (5056,), uint8, byte for byte ``torch.Generator.get_state``.
        """
        engine: Any = self._engine.state["state"]
        state = np.zeros(1, _STATE)
        state["seed"] = self.initial_seed
        state["seeded"] = 1
        # NumPy keeps the position of the next word, PyTorch also how many are left. After seeding
        # both must twist first: NumPy says 624, PyTorch says 0 and (counting the twist) 1 left.
        state["next"] = 0 if self._untouched else engine["pos"]
        state["left"] = 625 - engine["pos"]
        state["key"] = engine["key"]
        state["normal"] = self._spare_normal or 0.0
        state["has_normal"] = self._spare_normal is not None
        return state.view(np.uint8)

    def set_state(self, state: Array) -> None:
        """Continue from a state that `get_state`, of this class or of PyTorch's, returned.

        Shape:
            state: 5056 elements, uint8.

        Raises:
            TypeError: if `state` is not an array of uint8.
            RuntimeError: if it has another size, is not contiguous, or is no state.
        """
        if not isinstance(state, np.ndarray):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(state).__name__}")
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if not state.flags.c_contiguous:
            raise RuntimeError("RNG state must be contiguous")
        if state.size != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input "
                f"RNG state size to be {state.size}"
            )
        fields = state.reshape(-1).view(_STATE)[0]
        left, position = int(fields["left"]), int(fields["next"])
        untouched = (left, position) == (1, 0)
        # PyTorch also accepts a `next` at odds with `left`, but no generator ever writes one.
        consistent = untouched or left + position == 625
        if fields["seeded"] != 1 or not 0 < left <= 624 or not consistent:
            raise RuntimeError("Invalid mt19937 state")
        self._engine.state = {
            "bit_generator": "MT19937",
            "state": {"key": fields["key"].astype(np.uint32), "pos": 625 - left},
        }
        self.initial_seed = int(fields["seed"])
        self._untouched = untouched
        self._spare_normal = float(fields["normal"]) if fields["has_normal"] else None

    # -- words and uniforms

    def _words(self, n: int) -> Array:
        """The next `n` 32-bit words, as uint64. Everything drawn is drawn here."""
        self._untouched = self._untouched and n == 0
        return self._engine.random_raw(n)

    def raw32(self, n: int) -> Array:
        """The next `n` words, as uint32."""
        return _in_chunks(n, np.dtype(np.uint32), lambda m: self._words(m).astype(np.uint32))

    def raw64(self, n: int) -> Array:
        """The next `n` pairs of words, the first of a pair the high half, as uint64."""

        def draw(m: int) -> Array:
            words = self._words(2 * m)
            return (words[0::2] << np.uint64(32)) | words[1::2]

        return _in_chunks(n, np.dtype(np.uint64), draw)

    def _uniform24(self, n: int) -> Array:
        """float32 in [0, 1): the low 24 bits of a word each."""
        bits = self._words(n).astype(np.int32)
        bits &= np.int32(2**24 - 1)
        uniforms = bits.astype(np.float32)
        uniforms *= np.float32(2.0**-24)
        return uniforms

    def _bits53(self, n: int) -> Array:
        """The low 53 bits of two words each, as int64, with which NumPy is quicker."""
        bits = self.raw64(n)
        bits &= np.uint64(2**53 - 1)
        return bits.view(np.int64)

    def _uniform53(self, n: int) -> Array:
        """float64 in [0, 1): 53 bits."""
        uniforms = self._bits53(n).astype(np.float64)
        uniforms *= 2.0**-53
        return uniforms

    def _each(self, draw: Callable[..., float], arguments: Iterable[Any]) -> Array:
        """`draw(*arguments)` for each, with uniforms made ahead, to be taken by `_next_uniform53`.

        For algorithms that cannot say how many they will need: afterwards the stream goes back to
        the first that nobody took.
        """
        before, untouched, self._taken = self._engine.state, self._untouched, 0

        def ahead() -> Iterator[float]:
            size = 2 * BLOCK
            while True:
                uniforms = self._uniform53(size).tolist()
                for uniform in uniforms:
                    self._taken += 1
                    yield uniform
                size = min(2 * size, CHUNK)

        self._ahead = ahead()
        try:
            return np.array([draw(*argument) for argument in arguments], np.float64)
        finally:
            self._engine.state, self._untouched = before, untouched
            self._words(2 * self._taken)

    def _next_uniform53(self) -> float:
        """The next `_uniform53`, within `_each`."""
        return next(self._ahead)

    def uniform(
        self, n: int, low: float = 0.0, high: float = 1.0, dtype: DTypeLike = np.float32
    ) -> Array:
        """``uniform_(low, high)``: low + (high - low) u, with u of 24 bits (float64: 53).

        Raises:
            RuntimeError: if low > high, or one of them or high - low is not finite in `dtype`.
        """
        dtype = _floating("uniform_", dtype)
        low, high = float(low), float(high)
        uniforms = self._uniform53 if dtype == _F64 else self._uniform24
        if (low, high) == (0.0, 1.0) and dtype not in _HALVES:
            return _in_chunks(n, dtype, uniforms)
        _check_uniform_bounds(low, high, dtype)
        real = np.float64 if dtype == _F64 else np.float32
        span = float(real(high) - real(low))
        first, end = _cast(np.array([low, high]), dtype)

        def draw(m: int) -> Array:
            values = _cast(_affine(uniforms(m), span, float(real(low))), dtype)
            values[values == end] = first  # rounding can reach `high`, which is not in the range
            return values

        return _in_chunks(n, dtype, draw)

    # -- normals

    def normal(
        self,
        n: int,
        mean: float = 0.0,
        std: float = 1.0,
        dtype: DTypeLike = np.float32,
        contiguous: bool = True,
    ) -> Array:
        """``normal_(mean, std)``: in blocks of 16 if there are as many, one by one if not.

        The two ways give different values. An output that is not `contiguous` (`is_c_contiguous`)
        is filled one by one whatever its size.

        Raises:
            RuntimeError: if `std` is negative.
        """
        dtype = _floating("normal_", dtype)
        if not std >= 0.0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        if n >= BLOCK and contiguous:
            return self._normal_blocks(n, mean, std, dtype)
        return _cast(_affine(self._normal_pairs(n), std, mean), dtype)

    def _normal_blocks(self, n: int, mean: float, std: float, dtype: np.dtype[Any]) -> Array:
        """Whole blocks from the front; then, if some are left over, the last 16 made anew."""
        uniforms = self._uniform53 if dtype == _F64 else self._uniform24
        few = box_muller.in_numpy  # type: ignore[attr-defined]

        def finished(drawn: Array) -> Array:
            normals = (box_muller if drawn.size >= MANY else few)(drawn)
            return _cast(_affine(normals, std, mean), dtype)

        left_over = n % BLOCK
        if not left_over:
            return _in_chunks(n, dtype, lambda m: finished(uniforms(m)))
        whole = n - left_over
        far = whole - whole % CHUNK  # the rest is made at one go with the last 16
        skipped = 0 if dtype in _HALVES else left_over  # PyTorch draws these, and writes over them
        values = np.empty(n, dtype)
        values[:far] = _in_chunks(far, dtype, lambda m: finished(uniforms(m)))
        drawn = uniforms(whole - far + skipped + BLOCK)
        if skipped:
            drawn = np.concatenate([drawn[: whole - far], drawn[-BLOCK:]])
        normals = finished(drawn)
        values[far:whole] = normals[:-BLOCK]
        values[-BLOCK:] = normals[-BLOCK:]
        return values

    def _normal_pairs(self, n: int) -> Array:
        """float64 standard normals made in pairs; an odd one out waits for the next call."""
        normals = [] if self._spare_normal is None else [self._spare_normal]
        pairs = (n - len(normals) + 1) // 2
        uniforms = self._uniform53(2 * pairs).tolist()
        for u, v in zip(uniforms[0::2], uniforms[1::2], strict=True):
            normals.extend(_box_muller_pair(u, v))
        self._spare_normal = normals.pop() if len(normals) > n else None
        return np.array(normals, np.float64)

    def _next_normal(self) -> float:
        """The next of `_normal_pairs`, within `_each`."""
        if self._spare_normal is not None:
            normal, self._spare_normal = self._spare_normal, None
            return normal
        u, v = self._next_uniform53(), self._next_uniform53()
        normal, self._spare_normal = _box_muller_pair(u, v)
        return normal

    def log_normal(
        self, n: int, mean: float = 1.0, std: float = 2.0, dtype: DTypeLike = np.float32
    ) -> Array:
        """``log_normal_(mean, std)``: exp of normals, which are always made one by one.

        Raises:
            RuntimeError: if `std` is not positive.
        """
        dtype = _floating("log_normal_", dtype)
        if not std > 0.0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        return _cast(_libm(_exp, _affine(self._normal_pairs(n), std, mean)), dtype)

    # -- integers

    def randint(
        self, n: int, low: int, high: int | None = None, dtype: DTypeLike = np.int64
    ) -> Array:
        """``random_(low, high)``: integers in [low, high); with no `high`, up to the largest.

        A word modulo the range, or two words if the range reaches 2**28.

        Raises:
            RuntimeError: if the range is empty or leaves what `dtype` holds.
            ValueError: if a bound is no 64-bit integer.
        """
        dtype = np.dtype(dtype)
        if any(not _INT64_MIN <= bound < _INT64_END for bound in (low, high or 0)):
            raise ValueError("Overflow when unpacking long long")
        if high is None and low == _INT64_MIN:
            if dtype not in (np.dtype(np.int64), _F32, _F64):
                raise RuntimeError(
                    "random_ over all 64-bit integers: expected int64, float32 or float64, got "
                    f"{dtype}"
                )
            return _cast(self.raw64(n).view(np.int64), dtype)
        low, high = self._integer_range(low, high, dtype)
        span = high - low

        def draw(m: int) -> Array:
            values = self._below(m, span, pairs=span >= 2**28).astype(np.int64)
            if low:
                values += np.int64(low)  # modulo 2**64, where the range is that wide
            return values

        return _in_chunks(n, dtype, draw)

    def _below(self, n: int, end: int, pairs: bool) -> Array:
        """Words, or pairs of words, modulo `end`. (NumPy is quick at ``//``, and not at ``%``.)"""
        words = self.raw64(n) if pairs else self.raw32(n)
        multiples = words // words.dtype.type(end)
        multiples *= words.dtype.type(end)
        return np.subtract(words, multiples, out=multiples)

    @staticmethod
    def _integer_range(low: int, high: int | None, dtype: np.dtype[Any]) -> tuple[int, int]:
        """The bounds that `randint` draws between, checked."""
        end = _largest_integer(dtype) + 1 if high is None else high
        if low >= end and high is not None:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        _check_integer_bounds(low, end - 1, dtype)
        if dtype.kind != "f":
            return low, end
        low, shrunk = _shrink(low, end, dtype)
        end = end if high is None else shrunk
        if low >= end:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
                f"but got from={low} >= to={end}"
            )
        return low, end

    def random(self, n: int, dtype: DTypeLike = np.float32) -> Array:
        """``random_()``: integers from 0 to the largest up to which `dtype` holds them all."""
        dtype = np.dtype(dtype)
        end = _largest_integer(dtype) + 1
        return _in_chunks(n, dtype, lambda m: self._below(m, end, pairs=dtype.itemsize == 8))

    def permutation(self, n: int, dtype: DTypeLike = np.int64) -> Array:
        """``randperm(n)``: 0 ... n-1 in a random order.

        Raises:
            RuntimeError: if `n` is negative or `dtype` cannot hold n - 1.
        """
        dtype = np.dtype(dtype)
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
        if n - 1 > _largest_integer(dtype):
            raise RuntimeError(f"randperm: n = {n} is too large for {dtype.name}")
        if n >= 2**32 // 20:
            raise NotImplementedError(f"randperm: n must be below {2**32 // 20}, got {n}")
        words = self.raw32(max(n - 1, 0))
        few = shuffle.in_numpy  # type: ignore[attr-defined]
        return _cast((shuffle if n >= MANY else few)(words)[:n], dtype)

    # -- yes or no

    def bernoulli(self, n: int, p: float = 0.5, dtype: DTypeLike = np.float32) -> Array:
        """``bernoulli_(p)``: 1 with probability `p`, else 0. Two words each, whatever the dtype.

        Raises:
            RuntimeError: if `p` is not in [0, 1].
        """
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        dtype = np.dtype(dtype)
        below = np.int64(math.ceil(p * 2.0**53))  # u < p, for u of 53 bits
        return _in_chunks(n, dtype, lambda m: self._bits53(m) < below)

    def bernoulli_from(self, p: Array, dtype: DTypeLike | None = None) -> Array:
        """``bernoulli(p)`` and ``bernoulli_(p)`` for an array of probabilities, in C order.

        Shape:
            p: any. Returns (p.size,), of p's dtype if none is given.

        Raises:
            RuntimeError: if a probability is not in [0, 1].
        """
        out_dtype = p.dtype if dtype is None else np.dtype(dtype)
        real = _F64 if _floating("bernoulli", p.dtype) == _F64 else _F32
        p = _cast(p.reshape(-1), real)
        if not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
        uniforms = self._uniform53 if real == _F64 else self._uniform24
        return (_in_chunks(p.size, real, uniforms) < p).astype(out_dtype)

    # -- by inverting the distribution function

    def exponential(self, n: int, lambd: float = 1.0, dtype: DTypeLike = np.float32) -> Array:
        """``exponential_(lambd)``: -ln(1 - u) / lambd.

        Raises:
            RuntimeError: if `lambd` is not positive.
        """
        dtype = _floating("exponential_", dtype)
        if not lambd > 0.0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        scale = -1.0 / lambd

        def draw(m: int) -> Array:
            minus_u = -self._uniform53(m)
            with np.errstate(over="ignore", invalid="ignore"):
                if dtype == _F64:
                    return scale * _libm(math.log1p, minus_u)
                drawn = scale * np.log1p(minus_u)
                doubtful = _on_the_edge(drawn)
                if doubtful.any():
                    drawn[doubtful] = scale * _libm(math.log1p, minus_u[doubtful])
                return drawn

        return _in_chunks(n, dtype, draw)

    def geometric(self, n: int, p: float, dtype: DTypeLike = np.float32) -> Array:
        """``geometric_(p)``: trials up to the first success, the ceiling of ln u / ln(1 - p).

        Raises:
            RuntimeError: if `p` is not in (0, 1).
        """
        dtype = np.dtype(dtype)
        if not 0.0 < p < 1.0:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        end = math.log1p(-p)
        return _in_chunks(n, dtype, lambda m: np.ceil(_libm(_log, self._uniform53(m)) / end))

    def cauchy(
        self, n: int, median: float = 0.0, sigma: float = 1.0, dtype: DTypeLike = np.float32
    ) -> Array:
        """``cauchy_(median, sigma)``: median + sigma tan(pi (u - 1/2)).

        Raises:
            RuntimeError: if `sigma` is not positive.
        """
        dtype = _floating("cauchy_", dtype)
        if not sigma > 0.0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")

        def draw(m: int) -> Array:
            angles = math.pi * (self._uniform53(m) - 0.5)
            return _affine(_libm(math.tan, angles), sigma, median)

        return _in_chunks(n, dtype, draw)

    # -- Poisson, binomial and multinomial

    def poisson(self, rates: Array) -> Array:
        """``poisson(rates)``: for each rate, in C order, a count with that mean.

        Shape:
            rates: any. Returns (rates.size,), of the same dtype.

        Raises:
            RuntimeError: if a rate is negative, infinite or NaN.
        """
        dtype = _floating("poisson", rates.dtype)
        if not (rates >= 0).all():
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        if not np.isfinite(rates).all():
            raise RuntimeError("invalid Poisson rate, expected rate to be finite")
        flat = rates.reshape(-1).astype(np.float64).tolist()
        return _cast(self._each(self._count, ((rate,) for rate in flat)), dtype)

    def _count(self, rate: float) -> int:
        return self._few(rate) if rate < 10.0 else self._many(rate)

    def _few(self, rate: float) -> int:
        """A Poisson count, from the factors that bring a product of uniforms below exp(-rate)."""
        if rate == 0.0:
            return 0
        threshold, product, count = math.exp(-rate), self._next_uniform53(), 0
        while product > threshold:
            product *= self._next_uniform53()
            count += 1
        return count

    def _many(self, rate: float) -> int:
        """A Poisson count for a rate >= 10, by transformed rejection.

        Algorithm PTRS of Hoermann, Insurance: Mathematics and Economics 12 (1993), with his names.
        """
        b = 0.931 + 2.53 * math.sqrt(rate)
        a = -0.059 + 0.02483 * b
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        v_r = 0.9277 - 3.6224 / (b - 2.0)
        log_rate = math.log(rate)
        while True:
            u = self._next_uniform53() - 0.5
            v = self._next_uniform53()
            us = 0.5 - abs(u)
            if us < 0.013 and v > us:
                continue
            k = math.floor((2.0 * a / us + b) * u + rate + 0.43)
            if us >= 0.07 and v <= v_r:
                return k
            if k < 0:
                continue
            log_v = _log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
            if log_v <= -rate + k * log_rate - math.lgamma(k + 1.0):
                return k

    def binomial(self, counts: Array, probs: Array) -> Array:
        """``binomial(counts, probs)``: for each, in C order, how many of `counts` trials succeed.

        Shape:
            counts, probs: the same. Returns (counts.size,), of the same dtype.
        """
        dtype = _floating("binomial", counts.dtype)
        flat = zip(counts.reshape(-1), probs.reshape(-1), strict=True)
        return _cast(self._each(self._successes, flat), dtype)

    def _successes(self, count: Any, p: Any) -> float:
        """One binomial count; the less likely outcome is what is counted, and of few the gaps."""
        if not (count > 0 and p > 0):
            return float(count + p) if math.isnan(count + p) else 0.0
        if p >= 1:
            return float(count)
        rare = p if p <= 0.5 else type(p)(1.0 - float(p))
        drawn = (self._by_rejection if count * rare >= 10.0 else self._by_gaps)(count, rare)
        return drawn if p <= 0.5 else float(count) - drawn

    def _by_gaps(self, count: Any, p: Any) -> float:
        """Successes among `count` trials, from the geometric gaps between them."""
        log_failure, trials, successes = float(np.log1p(-p)), 0.0, 0.0
        while True:
            gap = _log(self._next_uniform53()) / log_failure
            trials += math.inf if math.isinf(gap) else math.ceil(gap)
            if trials > count:
                return successes
            successes += 1

    def _by_rejection(self, count: Any, p: Any) -> float:
        """Successes among many trials, by transformed rejection.

        Algorithm BTRS of Hoermann, J. Statistical Computation and Simulation 46 (1993), with his
        names (``spq`` is the standard deviation).
        """
        spq, mean = float(np.sqrt(count * p * (1 - p))), float(count * p)
        r, m = float(p / (1 - p)), math.floor((count + 1) * p)
        count, p = float(count), float(p)
        b = 1.15 + 2.53 * spq
        a = -0.0873 + 0.0248 * b + 0.01 * p
        c, v_r, alpha = mean + 0.5, 0.92 - 4.2 / b, (2.83 + 5.1 / b) * spq
        tail = _stirling_tail(m) + _stirling_tail(count - m)
        while True:
            u = self._next_uniform53() - 0.5
            v = self._next_uniform53()
            us = 0.5 - abs(u)
            k = math.floor((2.0 * a / us + b) * u + c) if us else -1
            if not 0 <= k <= count:
                continue
            if us >= 0.07 and v <= v_r:
                return float(k)
            bound = (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            bound += (count + 1) * math.log((count - m + 1) / (count - k + 1))
            bound += (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            bound += tail - _stirling_tail(k) - _stirling_tail(count - k)
            if _log(v * alpha / (a / (us * us) + b)) <= bound:
                return float(k)

    # -- gamma and Dirichlet

    def gamma(self, shapes: Array) -> Array:
        """``_standard_gamma(shapes)``: for each, in C order, a gamma variable of rate 1.

        G. Marsaglia and W. W. Tsang, ACM TOMS 26 (2000); a shape below 1 takes a variable of shape
        1 larger, times a power of a uniform. The single-precision constants are PyTorch's.

        Shape:
            shapes: any. Returns (shapes.size,), of the same dtype.
        """
        dtype = shapes.dtype
        alpha = shapes.reshape(-1)
        with np.errstate(all="ignore"):
            powers = np.where(alpha < 1, 1 / alpha, 0).astype(np.float64)
            d = (np.where(alpha < 1, alpha + 1, alpha) - np.float32(1 / 3)).astype(dtype)
            d = d.astype(np.float64)
            c = 1 / np.sqrt(9 * d)
        parts = zip(alpha.tolist(), powers.tolist(), d.tolist(), c.tolist(), strict=True)
        tiny = np.finfo(dtype).tiny
        values = _cast(self._each(self._gamma, parts), dtype)
        return np.where(values > tiny, values, tiny)  # and for NaN

    def _gamma(self, alpha: float, power: float, d: float, c: float) -> float:
        if alpha == 0:
            return 0.0
        scale = (1.0 - self._next_uniform53()) ** power if alpha < 1 else 1.0
        while True:
            y = 0.0
            while y <= 0.0:
                x = self._next_normal()
                y = 1.0 + c * x
            v = y * y * y
            u = 1.0 - self._next_uniform53()
            square = x * x
            quick = u < 1.0 - _SQUEEZE * square * square
            if quick or math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
                return scale * d * v

    def dirichlet(self, concentrations: Array) -> Array:
        """``_sample_dirichlet``: gamma variables, scaled to a sum of 1 along the last dimension.

        They are drawn in float64, so that small shapes do not all give 0.
        """
        dtype = concentrations.dtype
        drawn = self.gamma(concentrations.astype(np.float64)).reshape(concentrations.shape)
        shares = (drawn / drawn.sum(-1, keepdims=True)).astype(dtype)
        one = dtype.type(1)
        return np.clip(shares, np.finfo(dtype).tiny, np.nextafter(one, dtype.type(0)))

    def multinomial(self, probs: Array, num_samples: int, replacement: bool = False) -> Array:
        """``multinomial``: for each row of weights, `num_samples` column indices.

        Shape:
            probs: (rows, categories). Returns (rows, num_samples), int64.

        Raises:
            RuntimeError: if `num_samples` is out of range, or a weight negative, infinite or NaN,
                or all weights of a row are 0.
        """
        _floating("multinomial", probs.dtype)
        if num_samples <= 0:
            raise RuntimeError("cannot sample n_sample <= 0 samples")
        if not replacement and num_samples > probs.shape[1]:
            raise RuntimeError(
                "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
            )
        if not ((probs >= 0) & (probs < np.inf)).all():
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        if not (probs > 0).any(axis=1).all():
            raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
        if replacement and num_samples > 1:
            return self._by_inversion(probs, num_samples)
        return self._by_race(probs, num_samples)

    def _by_race(self, probs: Array, num_samples: int) -> Array:
        """Without replacement: the first to arrive, where category i takes Exp(1) / p_i.

        The reciprocals are compared, as PyTorch does; equal ones it leaves in any order.
        """
        arrivals = preserved(probs)  # room, in PyTorch's order of memory
        fill(arrivals, self.exponential(probs.size, dtype=probs.dtype))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            speeds = probs / arrivals
        return np.argsort(-speeds, axis=1, kind="stable")[:, :num_samples]

    def _by_inversion(self, probs: Array, num_samples: int) -> Array:
        """With replacement: the first category whose cumulative probability reaches u."""
        real = np.float64 if probs.dtype == _F64 else np.float32
        samples = np.empty((len(probs), num_samples), np.int64)
        for row, weights in enumerate(probs):
            cumulative = np.cumsum(weights, dtype=real)
            cumulative = cumulative / cumulative[-1]
            cumulative[-1] = 1
            uniforms = self._uniform53(num_samples)
            samples[row] = np.searchsorted(cumulative.astype(np.float64), uniforms)
        return samples


default = Stream()
"""The generator that `minitorch.manual_seed` seeds; until then nobody can foresee its numbers."""
default.seed()
