"""PyTorch's random streams: recorded vectors, exact arithmetic, and PyTorch itself if installed."""

from __future__ import annotations

import hashlib
import json
import platform
import random as python_random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch.kernels import random as kernels
from minitorch.kernels.random import Array, Stream, fill, is_c_contiguous

F16, F32, F64 = np.float16, np.float32, np.float64
I64 = np.int64
THIRD = 1 / 3

# Made by PyTorch 2.13.0 on x86-64, `torch.manual_seed(seed)` before each entry.
VECTORS = json.loads((Path(__file__).parents[1] / "data" / "torch_random_vectors.json").read_text())
SEEDS = sorted(VECTORS, key=int)


def filled(out: Array, values: Array) -> Array:
    fill(out, values)
    return out


def interleaved(s: Stream) -> Array:
    parts = []
    for n in (0, 1, 2, 5, 15, 16, 17, 31, 32, 100, 1000):
        parts += [s.uniform(n), s.normal(n), s.uniform(n, dtype=F64), s.permutation(n)]
        if n < 16:
            parts.append(s.uniform(1))
        else:
            s.normal(n, dtype=F64)
        parts += [s.randint(n, 0, 2**33), s.bernoulli(n, 0.5), s.normal(1)]
    return np.concatenate([part.astype(F64) for part in parts])


def transposed_normal(s: Stream, shape: tuple[int, int]) -> Array:
    out = np.empty(shape, F32).T
    return filled(out, s.normal(out.size, contiguous=is_c_contiguous(out))).reshape(-1)


def with_the_spare_kept(s: Stream) -> Array:
    return np.concatenate([s.normal(1), s.uniform(1), s.normal(20)[:2], s.normal(1)])


PROBS = np.array([[0.1, 0.2, 0.3, 0.4]], F32)

# The same draw here. These use no logarithm but the kernels' own, and so match anywhere.
DRAWS: dict[str, Callable[[Stream], Array]] = {
    "raw uint32[6]": lambda s: s.raw32(6),
    "rand(5)": lambda s: s.uniform(5),
    "rand(3,f64)": lambda s: s.uniform(3, dtype=F64),
    "uniform_(-1/3,1/3)[5]": lambda s: s.uniform(5, -THIRD, THIRD),
    "uniform_(-1/3,1/3)[3,f64]": lambda s: s.uniform(3, -THIRD, THIRD, F64),
    "randn(16)": lambda s: s.normal(16),
    "randn(17)": lambda s: s.normal(17),
    "normal_(.3,1.7)[16]": lambda s: s.normal(16, 0.3, 1.7),
    "randint(0,10,(10,))": lambda s: s.randint(10, 0, 10),
    "randint(0,2**28-1,(3,))": lambda s: s.randint(3, 0, 2**28 - 1),
    "randint(0,2**28,(3,))": lambda s: s.randint(3, 0, 2**28),
    "randint(-2**40,2**41,(3,))": lambda s: s.randint(3, -(2**40), 2**41),
    "int64.random_()[3]": lambda s: s.random(3, I64),
    "int32.random_()[3]": lambda s: s.random(3, np.int32),
    "uint8.random_()[6]": lambda s: s.random(6, np.uint8),
    "float32.random_()[3]": lambda s: s.random(3, F32),
    "randperm(10)": lambda s: s.permutation(10),
    "bernoulli_(.3)[20]": lambda s: s.bernoulli(20, 0.3),
    "bernoulli(full(20,.3))": lambda s: s.bernoulli_from(np.full(20, 0.3, F32)),
    "dropout(ones(20),.3)": lambda s: s.bernoulli(20, 1 - 0.3) / F32(1 - 0.3),
    "dropout2d(ones(2,5,1,1),.5)": lambda s: s.bernoulli(10, 0.5) / F32(0.5),
    "multinomial([.1,.2,.3,.4],10,True)": lambda s: s.multinomial(PROBS, 10, True)[0],
    "Embedding(4,4)": lambda s: s.normal(16),
    "random_split(range(10),[7,3]) concat": lambda s: s.permutation(10),
    "randn(16,float16)": lambda s: s.normal(16, dtype=F16),
    "rand(4,float16)": lambda s: s.uniform(4, dtype=F16),
}

# These are rounded from results of the C library, whose last bit another one may set otherwise.
LIBM_DRAWS: dict[str, Callable[[Stream], Array]] = {
    "randn(5)": lambda s: s.normal(5),
    "randn(3,f64)": lambda s: s.normal(3, dtype=F64),
    "normal_(.3,1.7)[3,f64]": lambda s: s.normal(3, 0.3, 1.7, F64),
    "randn(16,f64)": lambda s: s.normal(16, dtype=F64),
    "exponential_(1.3)[4]": lambda s: s.exponential(4, 1.3),
    "exponential_(1.3)[3,f64]": lambda s: s.exponential(3, 1.3, F64),
    "multinomial([.1,.2,.3,.4],2)": lambda s: s.multinomial(PROBS, 2)[0],
    "multinomial([.1,.2,.3,.4],1,True)": lambda s: s.multinomial(PROBS, 1, True)[0],
    "cauchy_(.3,1.2)[3,f64]": lambda s: s.cauchy(3, 0.3, 1.2, F64),
    "log_normal_(.3,1.2)[3,f64]": lambda s: s.log_normal(3, 0.3, 1.2, F64),
    "geometric_(.3)[10]": lambda s: s.geometric(10, 0.3),
    "poisson([.5,3,20,50])": lambda s: s.poisson(np.array([0.5, 3, 20, 50], F32)),
    "Embedding(4,3)": lambda s: s.normal(12),
    "randn(3,2).t() in-place normal_ (memory order)": lambda s: transposed_normal(s, (3, 2)),
    "E(4,5).t().normal_() (n=20, non-contiguous: scalar path), logical order": (
        lambda s: transposed_normal(s, (4, 5))
    ),
    "randn(1);rand(1);randn(20)[:2];randn(1)": with_the_spare_kept,
}

# The first 32 hex digits of the SHA-256 of the bytes.
HASHES: dict[str, Callable[[Stream], Array]] = {
    "rand 70000": lambda s: s.uniform(70000),
    "rand 70000 f64": lambda s: s.uniform(70000, dtype=F64),
    "uniform_(-1/3,1/3) 70000": lambda s: s.uniform(70000, -THIRD, THIRD),
    "uniform_(-1/3,1/3) 70000 f64": lambda s: s.uniform(70000, -THIRD, THIRD, F64),
    "randn 70000": lambda s: s.normal(70000),
    "randn 70001": lambda s: s.normal(70001),
    "normal_(.3,1.7) 70001": lambda s: s.normal(70001, 0.3, 1.7),
    "randperm 70000 int64": lambda s: s.permutation(70000),
    "randint(0,10,70000) int64": lambda s: s.randint(70000, 0, 10),
    "bernoulli_(.3) 70000 f32": lambda s: s.bernoulli(70000, 0.3),
    "state 5056 bytes after rand(1000)": lambda s: (s.uniform(1000), s.get_state())[1],
    "state fresh": lambda s: s.get_state(),
}
LIBM_HASHES: dict[str, Callable[[Stream], Array]] = {
    "randn 1000 f64 (libm-dependent)": lambda s: s.normal(1000, dtype=F64),
    "state after randn(5)": lambda s: (s.normal(5), s.get_state())[1],
    "interleaved (sec. 16) as float64": interleaved,
}

# What is built on the streams is tested where it is built: nn, nn.init, utils.data.
ELSEWHERE = {
    "alpha_dropout(ones(8),.3)",
    "Linear(3,2) weight+bias",
    "Conv2d(1,2,3) weight+bias",
    "LSTM(2,2) all params",
    "MultiheadAttention(2,1) in_proj",
    "xavier_uniform_(2,3)",
    "xavier_normal_(2,3)",
    "kaiming_normal_(2,3)",
    "kaiming_uniform_(2,3)",
    "trunc_normal_(5)",
    "trunc_normal_(20)",
    "trunc_normal_(5,mean=0,std=5,a=-.5,b=1)",
    "orthogonal_(2,2) (approx)",
    "DataLoader(range(10),batch_size=4,shuffle) epoch1",
}


def digest(values: Array) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()[:32]


def test_every_vector_is_accounted_for() -> None:
    for seed in SEEDS:
        assert VECTORS[seed].keys() == DRAWS.keys() | LIBM_DRAWS.keys() | ELSEWHERE | {
            "sha256[:32]"
        }
        assert VECTORS[seed]["sha256[:32]"].keys() == HASHES.keys() | LIBM_HASHES.keys()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DRAWS)
def test_vector(name: str, seed: str) -> None:
    drawn = DRAWS[name](Stream(int(seed)))
    expected = np.array(VECTORS[seed][name]).astype(drawn.dtype)
    np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", LIBM_DRAWS)
def test_vector_from_the_c_library(name: str, seed: str) -> None:
    drawn = LIBM_DRAWS[name](Stream(int(seed)))
    expected = np.array(VECTORS[seed][name]).astype(drawn.dtype)
    np.testing.assert_array_max_ulp(drawn.astype(F64), expected.astype(F64), 4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", HASHES)
def test_hash(name: str, seed: str) -> None:
    assert digest(HASHES[name](Stream(int(seed)))) == VECTORS[seed]["sha256[:32]"][name]


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or platform.machine() != "x86_64",
    reason="the hashes were made with glibc on x86-64",
)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", LIBM_HASHES)
def test_hash_from_the_c_library(name: str, seed: str) -> None:
    assert digest(LIBM_HASHES[name](Stream(int(seed)))) == VECTORS[seed]["sha256[:32]"][name]


# ---- seeds and state --------------------------------------------------------------------------


def test_seeds_agree_modulo_2_to_the_32() -> None:
    words = Stream(5).raw32(8).tolist()
    for seed in (5 + 2**32, 5 - 2**32, 5 - 2**63, 5 + 2**63, 5.7):
        assert Stream(seed).raw32(8).tolist() == words  # type: ignore[arg-type]
    assert Stream(6).raw32(8).tolist() != words


def test_initial_seed_is_the_seed_modulo_2_to_the_64() -> None:
    assert Stream().initial_seed == 67280421310721
    assert Stream(-1).initial_seed == 2**64 - 1
    assert Stream().manual_seed(-(2**63)).initial_seed == 2**63


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seed_out_of_range(seed: int) -> None:
    stream = Stream(3)
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        stream.manual_seed(seed)
    assert stream.initial_seed == 3


def test_unforeseeable_seeds() -> None:
    stream = Stream()
    first, second = stream.seed(), stream.seed()
    assert first != second == stream.initial_seed
    assert stream.raw32(4).tolist() == Stream(second).raw32(4).tolist()
    assert kernels.default.initial_seed != Stream().initial_seed


def test_words_come_high_half_first() -> None:
    words = Stream(1).raw32(6).tolist()
    pairs = [high * 2**32 + low for high, low in zip(words[::2], words[1::2], strict=True)]
    assert Stream(1).raw64(3).tolist() == pairs


def test_chunks_leave_no_seam() -> None:
    n = 2 * kernels.CHUNK + 5
    one, many = Stream(2), Stream(2)
    in_parts = np.concatenate([many.uniform(n // 2), many.uniform(n - n // 2)])
    np.testing.assert_array_equal(one.uniform(n), in_parts)


def test_drawing_nothing_changes_nothing() -> None:
    stream = Stream(4)
    stream.normal(1)
    for state in (Stream(4).get_state(), stream.get_state()):
        stream.set_state(state)
        for drawn in (
            stream.uniform(0),
            stream.uniform(0, -1, 1, F64),
            stream.normal(0),
            stream.normal(0, contiguous=False),
            stream.randint(0, 0, 5),
            stream.random(0),
            stream.bernoulli(0),
            stream.permutation(0),
            stream.exponential(0),
            stream.poisson(np.zeros(0, F32)),
            stream.multinomial(np.ones((0, 2)), 1),
        ):
            assert drawn.size == 0
        assert stream.permutation(1).tolist() == [0]
        np.testing.assert_array_equal(stream.get_state(), state)


def draw_a_little_of_everything(s: Stream) -> list[Any]:
    rates = np.array([0.0, 2.0, 40.0])
    parts = [s.normal(3), s.uniform(7), s.normal(17), s.permutation(9), s.poisson(rates)]
    return [part.tolist() for part in parts]


@pytest.mark.parametrize("words", [0, 1, 7, 623, 624, 625, 1248])
@pytest.mark.parametrize("spare", [False, True])
def test_a_state_continues_where_it_was_taken(words: int, spare: bool) -> None:
    stream, other = Stream(9), Stream(10)
    if spare:
        stream.normal(1)
    stream.raw32(words)
    state = stream.get_state()
    expected = draw_a_little_of_everything(stream)
    other.set_state(state)
    np.testing.assert_array_equal(other.get_state(), state)
    assert other.initial_seed == 9
    assert draw_a_little_of_everything(other) == expected


def test_seeding_forgets_the_spare_normal() -> None:
    stream = Stream(0)
    stream.normal(1)
    assert stream.manual_seed(0).normal(1) == Stream(0).normal(1)


def broken_state(offset: int, value: int) -> Array:
    state = Stream(0).get_state()
    state[offset] = value
    return state


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ([1], TypeError, "expected a torch.ByteTensor, but got list"),
        (np.zeros(5056), TypeError, "RNG state must be a torch.ByteTensor"),
        (np.zeros(10, np.uint8), RuntimeError, "of size 5056 but found .* size to be 10"),
        (np.zeros(5048, np.uint8), RuntimeError, "of size 5056 but found .* size to be 5048"),
        (np.zeros((5056, 2), np.uint8)[:, 0], RuntimeError, "RNG state must be contiguous"),
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
        (broken_state(8, 0), RuntimeError, "Invalid mt19937 state"),  # left = 0
        (broken_state(9, 3), RuntimeError, "Invalid mt19937 state"),  # left > 624
        (broken_state(12, 2), RuntimeError, "Invalid mt19937 state"),  # seeded = 2
        (broken_state(17, 9), RuntimeError, "Invalid mt19937 state"),  # next > 624
    ],
)
def test_a_state_is_checked(state: Any, error: type[Exception], message: str) -> None:
    stream = Stream(8)
    before = stream.get_state()
    with pytest.raises(error, match=message):
        stream.set_state(state)
    np.testing.assert_array_equal(stream.get_state(), before)


# ---- arguments --------------------------------------------------------------------------------

BAD_ARGUMENTS: list[tuple[Callable[[Stream], Any], type[Exception], str]] = [
    (lambda s: s.uniform(3, 2, 1), RuntimeError, r"found from=2 > to=1"),
    (lambda s: s.uniform(3, 0, 1e39), RuntimeError, "to is out of bounds for float32, got 1e"),
    (lambda s: s.uniform(3, float("nan"), 1), RuntimeError, "from is out of bounds"),
    (lambda s: s.uniform(3, -7e4, 0, F16), RuntimeError, "from is out of bounds for float16"),
    (lambda s: s.uniform(3, -3e38, 3e38), RuntimeError, "found to=3e.38 and from=-3e.38"),
    (lambda s: s.uniform(3, dtype=I64), NotImplementedError, "uniform_: .* got int64"),
    (lambda s: s.normal(3, 0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda s: s.normal(3, 0, float("nan")), RuntimeError, "found std nan"),
    (lambda s: s.normal(3, dtype=I64), NotImplementedError, "normal_: .* got int64"),
    (lambda s: s.log_normal(3, 0, 0), RuntimeError, "log_normal_ expects std > 0.0"),
    (lambda s: s.randint(3, 5, 5), RuntimeError, "from=5 >= to=5"),
    (lambda s: s.randint(3, 0, 2**63), ValueError, "Overflow when unpacking long long"),
    (lambda s: s.randint(3, -1, 5, np.uint8), RuntimeError, "from is out of bounds for uint8"),
    (lambda s: s.randint(3, 0, 129, np.int8), RuntimeError, "to - 1 is out of bounds for int8"),
    (lambda s: s.randint(3, 0, 7 * 10**4, F16), RuntimeError, "to - 1 is out of bounds"),
    (lambda s: s.randint(3, 2**25, None, F32), RuntimeError, "from=33554432 >= to=16777217"),
    (lambda s: s.randint(3, -(2**63), None, F16), RuntimeError, "got float16"),
    (lambda s: s.permutation(-1), RuntimeError, "negative dimension -1"),
    (lambda s: s.permutation(257, np.uint8), RuntimeError, "n = 257 is too large for uint8"),
    (lambda s: s.permutation(2050, F16), RuntimeError, "n = 2050 is too large for float16"),
    (lambda s: s.permutation(2**28), NotImplementedError, "n must be below 214748364"),
    (lambda s: s.bernoulli(3, 1.5), RuntimeError, r"to be in \[0, 1\], but got p=1.5"),
    (lambda s: s.bernoulli_from(np.array([0.5, 1.5])), RuntimeError, "Expected p_in >= 0"),
    (lambda s: s.bernoulli_from(np.array([1, 0])), NotImplementedError, "got int64"),
    (lambda s: s.exponential(3, 0), RuntimeError, "found lambda=0"),
    (lambda s: s.geometric(3, 1), RuntimeError, r"to be in \(0, 1\), but got p=1"),
    (lambda s: s.cauchy(3, 0, -1), RuntimeError, "found sigma=-1"),
    (lambda s: s.poisson(np.array([-1.0])), RuntimeError, "to be non-negative"),
    (lambda s: s.poisson(np.array([np.nan])), RuntimeError, "to be non-negative"),
    (lambda s: s.poisson(np.array([np.inf])), RuntimeError, "to be finite"),
    (lambda s: s.multinomial(np.ones((1, 2)), 3), RuntimeError, "without replacement"),
    (lambda s: s.multinomial(np.ones((1, 2)), 0), RuntimeError, "n_sample <= 0"),
    (lambda s: s.multinomial(np.array([[-1.0, 2]]), 1), RuntimeError, "element < 0"),
    (lambda s: s.multinomial(np.array([[np.nan, 2]]), 1), RuntimeError, "nan"),
    (lambda s: s.multinomial(np.array([[1.0], [0]]), 2, True), RuntimeError, "sum of probab"),
    (lambda s: s.multinomial(np.ones((1, 2), I64), 1), NotImplementedError, "got int64"),
]


@pytest.mark.parametrize("case", BAD_ARGUMENTS, ids=lambda case: case[2])
def test_arguments_are_checked(case: tuple[Callable[[Stream], Any], type[Exception], str]) -> None:
    draw, error, message = case
    with pytest.raises(error, match=message):
        draw(Stream(0))


def test_bounds_are_never_reached() -> None:
    assert Stream(0).uniform(10**5, dtype=F16).max() < 1  # 1 - 2**-24 rounds to 1 in float16
    narrow = Stream(0).uniform(1000, 1, 1 + 2.0**-23)
    assert (narrow == 1).all()
    assert (Stream(0).uniform(9, 3, 3, F64) == 3).all()


def test_integers_in_a_float_stay_in_range() -> None:
    drawn = Stream(0).randint(10**5, -5004, 5004, F16)  # float16 holds 5000 and 5004
    assert float(drawn.min()) >= -5004
    assert float(drawn.max()) == 5000


def test_overflow_is_infinite_and_silent() -> None:
    stream = Stream(0)
    assert np.isinf(stream.normal(16, 0, 1e39)).all()
    assert np.isinf(stream.normal(3, np.inf, 1)).all()
    assert np.isinf(stream.log_normal(3, 800, 1, F64)).all()
    assert np.isinf(stream.exponential(3, 1e-30, F16)).all()
    assert np.isfinite(stream.uniform(99, -8e307, 8e307, F64)).all()


def test_a_zero_uniform_is_no_error() -> None:
    """ln 0, and a division by 0 in Hoermann's algorithm, have a chance of 2**-53."""
    stream = Stream(0)
    state = words_state(np.zeros(623, np.uint32))
    stream.set_state(state)
    assert stream.geometric(1, 0.5, F64) == np.inf
    assert stream.exponential(1, dtype=F64) == 0
    assert stream.poisson(np.array([3.0])) == 0
    # u = -1/2, where the algorithm divides by 0, is refused with v = 1/2; u = 0 is accepted.
    words = np.zeros(623, np.uint32)
    words[[2, 4]] = 2**20
    stream.set_state(words_state(words))
    assert stream.poisson(np.array([50.0])) == 50
    # u = -0.45 with v = 0 comes to ln v.
    words[0], words[2] = 0.05 * 2**21, 0
    stream.set_state(words_state(words))
    assert stream.poisson(np.array([50.0])) > 0


# ---- layout -----------------------------------------------------------------------------------


def memory(n: int) -> Array:
    return np.zeros(n, I64)


def test_fill_in_logical_order_if_contiguous() -> None:
    np.testing.assert_array_equal(
        filled(memory(6).reshape(2, 3), np.arange(6)), np.arange(6).reshape(2, 3)
    )
    assert filled(np.zeros(()), np.ones(1)) == 1
    assert filled(np.zeros((2, 0)), np.ones(0)).size == 0


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a.reshape(4, 6).T,
        lambda a: a.reshape(2, 3, 4).transpose(2, 0, 1),
        lambda a: a.reshape(2, 3, 4).transpose(1, 2, 0),
        lambda a: a.reshape(2, 3, 4, 1).transpose(3, 1, 0, 2),
        lambda a: a[::-1],
        lambda a: a.reshape(4, 6)[::-1, ::-1].T,
        lambda a: a.reshape(2, 3, 4)[::-1].transpose(1, 0, 2)[:, :, ::-1],
    ],
)
def test_fill_in_memory_order(view: Callable[[Array], Array]) -> None:
    whole = memory(24)
    fill(view(whole), np.arange(24))
    np.testing.assert_array_equal(whole, np.arange(24))


def test_fill_between_what_is_not_ours() -> None:
    whole = memory(20).reshape(4, 5)
    fill(whole.T[1::2], np.arange(1, 9))
    np.testing.assert_array_equal(
        whole, [[0, 1, 0, 2, 0], [0, 3, 0, 4, 0], [0, 5, 0, 6, 0], [0, 7, 0, 8, 0]]
    )


def expanded(n: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    return np.lib.stride_tricks.as_strided(memory(n), shape, strides)


def test_fill_refuses_shared_memory() -> None:
    with pytest.raises(RuntimeError, match=r"more than one element .* single memory location"):
        fill(expanded(3, (2, 3), (0, 8)), np.arange(6))
    # A stride of 0 along a dimension of size 1 shares nothing.
    out = expanded(9, (1, 3), (0, 24))
    np.testing.assert_array_equal(filled(out, np.arange(3)), [[0, 1, 2]])


def test_contiguity() -> None:
    assert is_c_contiguous(np.zeros((3, 4)))
    assert is_c_contiguous(np.zeros((1, 4, 1)).transpose(2, 1, 0))
    assert not is_c_contiguous(np.zeros((3, 4)).T)
    assert not is_c_contiguous(np.zeros(8)[::2])


# ---- rounding once ----------------------------------------------------------------------------


def nearest32(exact: Fraction) -> np.float32:
    """The float32 nearest to `exact`; of two, the even one."""
    guess = F32(float(exact))
    near = [np.nextafter(guess, F32(-np.inf)), guess, np.nextafter(guess, F32(np.inf))]
    odd = {value: int(value.view(np.int32)) & 1 for value in near}
    return min(near, key=lambda value: (abs(Fraction(float(value)) - exact), odd[value]))


def test_fma32_where_rounding_twice_is_wrong() -> None:
    # 97*257 * 673 = 2**24 + 1 and 1549 * 10831 = 2**24 + 3 lie half-way between two float32.
    wrong = 0
    for x, scale in ((97 * 257, 673), (1549, 10831)):
        for sign in (1, -1):
            for shift in (2.0**-40, -(2.0**-40)):
                drawn = kernels._affine(np.full(3, sign * x, F32), scale, shift)
                exact = Fraction(sign * x) * scale + Fraction(shift)
                assert (drawn == nearest32(exact)).all()
                wrong += F32(float(exact)) != nearest32(exact)
    assert wrong == 4


@pytest.mark.parametrize("dtype", [F32, F64])
def test_affine_is_rounded_once(dtype: type) -> None:
    rng = np.random.default_rng(0)
    nearest = nearest32 if dtype is F32 else float
    unfused = 0
    for _ in range(300):
        x: Array = rng.standard_normal(8).astype(dtype)
        scale = dtype(rng.standard_normal() * 2.0 ** rng.integers(-30, 30))
        # Often close to -x*scale, so that the product's low bits are all that is left.
        shift = dtype(rng.choice([rng.standard_normal(), -x[0] * scale, 2.0**-60]))
        drawn = kernels._affine(x, float(scale), float(shift))
        for value, result in zip(x, drawn, strict=True):
            exact = Fraction(float(value)) * Fraction(float(scale)) + Fraction(float(shift))
            assert result == nearest(exact)
            unfused += result != value * scale + shift
    assert unfused > 100


def test_affine_of_huge_numbers() -> None:
    x = np.linspace(0.0, 1.0, 100)
    drawn = kernels._affine(x, 1.6e308, -8e307)
    exact = [float(Fraction(u) * Fraction(1.6e308) - Fraction(8e307)) for u in x.tolist()]
    assert drawn.tolist() == exact


def test_three_quarter_turns() -> None:
    """Angles so near to a multiple of pi/2 that reducing them needs the fused multiply-add."""
    y = np.array([12582909, 12582912, 12582913], F32) * F32(2.0**-24)
    _, cos = kernels._sincos32(F32(2 * np.pi) * y)
    expected = np.array([-9.4174942e-07, 1.1924875e-08, 4.8876205e-07], F32)
    np.testing.assert_array_equal(cos, expected)


def test_float32_functions_are_accurate() -> None:
    u = np.arange(0, 2**24, 1009).astype(F32) * F32(2.0**-24)
    exact = np.log1p(-u.astype(F64))
    assert np.abs(kernels._log32(F32(1) - u) - exact).max() < 2e-6
    angle = F32(2 * np.pi) * u
    sin, cos = kernels._sincos32(angle)
    assert np.abs(sin - np.sin(angle.astype(F64))).max() < 1e-7
    assert np.abs(cos - np.cos(angle.astype(F64))).max() < 1e-7


# ---- against PyTorch --------------------------------------------------------------------------


def untempered(words: Array) -> Array:
    """The engine words that MT19937 tempers into `words` (its inverse, step by step)."""
    y = words.astype(np.uint32)
    y ^= y >> np.uint32(18)
    y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
    x = y.copy()
    for _ in range(4):
        x = y ^ ((x << np.uint32(7)) & np.uint32(0x9D2C5680))
    y = x.copy()
    for _ in range(2):
        x = y ^ (x >> np.uint32(11))
    return x


def words_state(words: Array) -> Array:
    """The state of a generator that will next draw `words` (623 of them at most)."""
    state = np.zeros(1, kernels._STATE)
    state["seeded"], state["left"], state["next"] = 1, 624, 1
    state["key"][0, 1 : 1 + words.size] = untempered(words)
    return state.view(np.uint8)


def test_words_can_be_chosen() -> None:
    words = np.random.default_rng(0).integers(0, 2**32, 623, np.uint32)
    stream = Stream()
    stream.set_state(words_state(words))
    np.testing.assert_array_equal(stream.raw32(623), words)


class Pair:
    """A `Stream` and a ``torch.Generator`` that are asked for the same and must agree."""

    def __init__(self, torch: Any) -> None:
        self.torch, self.stream, self.generator = torch, Stream(), torch.Generator()

    def empty(self, n: int, dtype: type) -> Any:
        return self.torch.from_numpy(np.empty(n, dtype))

    def manual_seed(self, seed: int) -> None:
        self.stream.manual_seed(seed)
        self.generator.manual_seed(seed)

    def check(self, ours: Array, theirs: Any) -> None:
        expected = theirs.contiguous().numpy()
        assert ours.dtype == expected.dtype
        assert ours.size == expected.size
        if ours.tobytes() != expected.tobytes():
            np.testing.assert_array_equal(ours, expected.reshape(ours.shape))
            raise AssertionError("only the signs of zeros differ")
        np.testing.assert_array_equal(self.stream.get_state(), self.generator.get_state().numpy())


@pytest.fixture
def pair() -> Pair:
    reason = "the parity tests need: pip install torch==2.13.0"
    return Pair(pytest.importorskip("torch", reason=reason))


SIZES = [0, 1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 100, 311, 312, 623, 624, 625, 1000, 4097]
BIG = [kernels.CHUNK - 1, kernels.CHUNK, kernels.CHUNK + 1, 50000, 70000]
FLOATS: list[type] = [F16, F32, F64]
INTEGERS: list[type] = [np.int64, np.int32, np.int16, np.int8, np.uint8]
Choice = python_random.Random


def uniform(p: Pair, r: Choice, n: int, dtype: type) -> None:
    low = r.choice([0.0, -THIRD, 0.1, -5.0, r.uniform(-1, 1)])
    high = low + r.choice([1.0, 2 / 3, 1e-3, r.random(), 100.0, 0.0])
    theirs = p.empty(n, dtype).uniform_(low, high, generator=p.generator)
    p.check(p.stream.uniform(n, low, high, dtype), theirs)


def normal(p: Pair, r: Choice, n: int, dtype: type) -> None:
    mean, std = r.choice([(0, 1), (0.0, 0.02), (0.3, 1.7), (-2.0, r.random()), (1.0, 0)])
    theirs = p.empty(n, dtype).normal_(mean, std, generator=p.generator)
    p.check(p.stream.normal(n, mean, std, dtype), theirs)


def normal_one_by_one(p: Pair, r: Choice, n: int, dtype: type) -> None:
    mean, std = r.choice([(0, 1), (0.3, 1.7)])
    theirs = p.empty(2 * n, dtype)[::2].normal_(mean, std, generator=p.generator)
    p.check(p.stream.normal(n, mean, std, dtype, contiguous=n < 2), theirs)


def randint(p: Pair, r: Choice, n: int, dtype: type) -> None:
    dtype = r.choice(FLOATS + INTEGERS)
    last = kernels._largest_integer(np.dtype(dtype))
    low = r.choice([0, 1, 5] if dtype is np.uint8 else [0, -7, 3])
    ends = [low + 1, 10, 100, low + 2**28 - 1, low + 2**28, 2**33, last]
    high = r.choice([end for end in ends if low < end <= last])
    theirs = p.empty(n, dtype).random_(low, high, generator=p.generator)
    p.check(p.stream.randint(n, low, high, dtype), theirs)


def randint_unbounded(p: Pair, r: Choice, n: int, dtype: type) -> None:
    dtype = r.choice([*FLOATS, *INTEGERS, np.bool_])
    low = r.choice([0, 1])
    if low == 1 and dtype in (np.int64, F32, F64):
        low = -(2**63)
    theirs = p.empty(n, dtype).random_(low, None, generator=p.generator)
    p.check(p.stream.randint(n, low, None, dtype), theirs)


def random(p: Pair, r: Choice, n: int, dtype: type) -> None:
    dtype = r.choice([*FLOATS, *INTEGERS, np.bool_])
    p.check(p.stream.random(n, dtype), p.empty(n, dtype).random_(generator=p.generator))


def permutation(p: Pair, r: Choice, n: int, dtype: type) -> None:
    p.check(p.stream.permutation(n), p.torch.randperm(n, generator=p.generator))


def bernoulli(p: Pair, r: Choice, n: int, dtype: type) -> None:
    dtype = r.choice([*FLOATS, *INTEGERS, np.bool_])
    chance = r.choice([0, 1, 0.5, r.random()])
    theirs = p.empty(n, dtype).bernoulli_(chance, generator=p.generator)
    p.check(p.stream.bernoulli(n, chance, dtype), theirs)


def bernoulli_from(p: Pair, r: Choice, n: int, dtype: type) -> None:
    out = r.choice([*FLOATS, *INTEGERS, np.bool_])
    chances: Array = np.random.default_rng(n).random(n).astype(dtype)
    theirs = p.empty(n, out).bernoulli_(p.torch.from_numpy(chances), generator=p.generator)
    p.check(p.stream.bernoulli_from(chances, out), theirs)


def exponential(p: Pair, r: Choice, n: int, dtype: type) -> None:
    lambd = r.choice([1, 0.5, 1.3, 1e-40])
    theirs = p.empty(n, dtype).exponential_(lambd, generator=p.generator)
    p.check(p.stream.exponential(n, lambd, dtype), theirs)


def geometric(p: Pair, r: Choice, n: int, dtype: type) -> None:
    dtype = r.choice(FLOATS + INTEGERS)
    chance = r.choice([0.3, 0.5, 0.9, r.uniform(0.1, 1)])
    theirs = p.empty(n, dtype).geometric_(chance, generator=p.generator)
    p.check(p.stream.geometric(n, chance, dtype), theirs)


def log_normal(p: Pair, r: Choice, n: int, dtype: type) -> None:
    mean, std = r.choice([(1, 2), (0.3, 1.2), (80, 2), (800, 0.1)])
    theirs = p.empty(n, dtype).log_normal_(mean, std, generator=p.generator)
    p.check(p.stream.log_normal(n, mean, std, dtype), theirs)


def cauchy(p: Pair, r: Choice, n: int, dtype: type) -> None:
    median, sigma = r.choice([(0, 1), (0.3, 1.2)])
    theirs = p.empty(n, dtype).cauchy_(median, sigma, generator=p.generator)
    p.check(p.stream.cauchy(n, median, sigma, dtype), theirs)


def poisson(p: Pair, r: Choice, n: int, dtype: type) -> None:
    n = min(n, 1000)
    rates = np.random.default_rng(n).random(n) * r.choice([1, 10, 20, 1000])
    rates = rates.astype(dtype)
    theirs = p.torch.poisson(p.torch.from_numpy(rates), generator=p.generator)
    p.check(p.stream.poisson(rates), theirs)


def multinomial(p: Pair, r: Choice, n: int, dtype: type) -> None:
    # Two float16 ratios are often equal, and PyTorch leaves the order of equal ones open.
    replacement = dtype is F16 or r.random() < 0.5
    rows, categories = r.choice([(1, 2), (3, 50), (2, 400)])
    samples = r.randrange(2, 700) if replacement else r.randrange(1, categories + 1)
    probs: Array = np.random.default_rng(n).random((categories, rows)).astype(dtype).T
    theirs = p.torch.from_numpy(probs)
    if r.random() < 0.5:
        probs, theirs = np.ascontiguousarray(probs), theirs.contiguous()
    theirs = p.torch.multinomial(theirs, samples, replacement, generator=p.generator)
    p.check(p.stream.multinomial(probs, samples, replacement), theirs)


FILLS = [uniform, normal, normal_one_by_one, randint, randint_unbounded, random, permutation]
FILLS += [bernoulli, bernoulli_from, exponential, geometric, log_normal, cauchy, poisson]
FILLS += [multinomial]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("draw", FILLS)
def test_each_fill_is_pytorchs(draw: Any, dtype: type, pair: Pair) -> None:
    r = Choice(draw.__name__)
    for n in SIZES:
        pair.manual_seed(n)
        draw(pair, r, n, dtype)
        draw(pair, r, n + 1, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "draw", [uniform, normal, randint, random, permutation, bernoulli, bernoulli_from, exponential]
)
def test_each_large_fill_is_pytorchs(draw: Any, dtype: type, pair: Pair) -> None:
    r = Choice(draw.__name__)
    for n in BIG:
        draw(pair, r, n, dtype)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63 + 12345, -7])
def test_fills_in_any_order_are_pytorchs(seed: int, pair: Pair) -> None:
    r = Choice(seed)
    pair.manual_seed(seed)
    for _ in range(150):
        draw, dtype = r.choice(FILLS), r.choice(FLOATS)
        draw(pair, r, r.choice([*SIZES, r.randrange(3000)]), dtype)


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t,
        lambda t: t.view(6, 8).t(),
        lambda t: t.view(2, 6, 4).permute(2, 0, 1),
        lambda t: t.view(2, 6, 4).permute(1, 2, 0),
        lambda t: t.view(2, 2, 3, 4).permute(0, 3, 1, 2),  # channels_last
        lambda t: t.view(6, 8)[:, 1::3],
        lambda t: t.view(6, 8)[2:5].t(),
        lambda t: t.view(6, 1, 8).transpose(0, 1),
        lambda t: t.view(4, 12)[:, 3:6].t(),
    ],
)
def test_layouts_are_pytorchs(view: Any, pair: Pair) -> None:
    theirs, ours = view(pair.torch.zeros(48)), view(pair.torch.zeros(48)).numpy()
    n, dense, stream = ours.size, is_c_contiguous(ours), pair.stream
    assert dense == theirs.is_contiguous()
    theirs.normal_(generator=pair.generator)
    pair.check(filled(ours, stream.normal(n, contiguous=dense)), theirs)
    theirs.uniform_(generator=pair.generator)
    pair.check(filled(ours, stream.uniform(n)), theirs)
    theirs.bernoulli_(0.4, generator=pair.generator)
    pair.check(filled(ours, stream.bernoulli(n, 0.4)), theirs)


@pytest.mark.filterwarnings("ignore:.*is out of bounds")  # PyTorch's, of ranges as wide as these
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (F16, -5004, 5004),
        (F16, -65504, 65505),
        (F16, -5003, 4099),
        (F32, -(2**26) - 5, 2**27 + 9),
        (F32, 2**24 + 1, 2**24 + 8),
        (F32, 0, 2**63 - 1),
        (F64, -(2**63) + 3, 2**60 + 1),
        (F64, -(2**62) - 1, 2**63 - 1),
    ],
)
def test_wide_ranges_are_pytorchs(dtype: type, low: int, high: int, pair: Pair) -> None:
    theirs = pair.empty(5000, dtype).random_(low, high, generator=pair.generator)
    pair.check(pair.stream.randint(5000, low, high, dtype), theirs)


def test_states_travel_both_ways(pair: Pair) -> None:
    pair.manual_seed(11)
    pair.stream.normal(5)
    pair.generator.set_state(pair.torch.from_numpy(pair.stream.get_state()))
    pair.check(pair.stream.normal(5), pair.torch.randn(5, generator=pair.generator))
    pair.torch.randn(8, generator=pair.generator)
    pair.stream.set_state(pair.generator.get_state().numpy())
    pair.check(pair.stream.normal(17), pair.torch.randn(17, generator=pair.generator))


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seeds_out_of_range_are_pytorchs(seed: int, pair: Pair) -> None:
    with pytest.raises(Exception) as theirs:
        pair.generator.manual_seed(seed)
    with pytest.raises(theirs.type) as ours:
        pair.stream.manual_seed(seed)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("place", [0, 1], ids=["radius", "angle"])
def test_every_float32_normal_is_pytorchs(place: int, pair: Pair) -> None:
    """All 2**24 radii, with cos 0 = 1; then all 2**24 angles, with a radius of exactly 1."""
    unit_radius = np.full(1, 6601320 * 2.0**-24, F32)
    assert np.sqrt(F32(-2) * kernels._log32(F32(1) - unit_radius)) == 1
    other = 6601320 if place else 0
    theirs, states = pair.torch.empty(512), np.zeros(256, kernels._STATE)
    states["seeded"], states["left"], states["next"] = 1, 624, 1
    blobs = pair.torch.from_numpy(states.view(np.uint8).reshape(256, -1))
    for start in range(0, 2**24, 2**16):
        words = np.full((2**13, 2, 8), other, np.uint32)
        words[:, place] = np.arange(start, start + 2**16, dtype=np.uint32).reshape(-1, 8)
        states["key"][:, 1:513] = untempered(words.reshape(256, 512))
        normals = kernels.box_muller(words.reshape(-1).astype(F32) * F32(2.0**-24)) + F32(0)
        for blob, ours in zip(blobs, normals.reshape(256, 512), strict=True):
            pair.generator.set_state(blob.clone())  # PyTorch 2.13 misreads a view with an offset
            theirs.normal_(generator=pair.generator)
            assert theirs.numpy().tobytes() == ours.tobytes()
