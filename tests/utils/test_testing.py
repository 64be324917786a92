"""`minitorch.testing`: assert_close and make_tensor against PyTorch's, strategies, gradients."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings, strategies as st
from hypothesis.errors import NoSuchExample

import minitorch as mt
from minitorch.testing import assert_close, assert_gradients, make_tensor, strategies

QUICK = settings(derandomize=True, deadline=None, max_examples=200)
NAN, INF = float("nan"), float("inf")


# ---- assert_close -----------------------------------------------------------------------------


def words(error: Exception | None) -> tuple[str, str]:
    """An exception's type and text, with each framework's own names of its classes made alike."""
    if error is None:
        return "", ""
    text = str(error)
    for ours, theirs in {
        "minitorch._tensor.Tensor": "torch.Tensor",
        "minitorch.nn.parameter.Parameter": "torch.nn.parameter.Parameter",
    }.items():
        text = text.replace(ours, theirs)
    return type(error).__name__, text


def outcome(m: Any, build: Any, options: dict[str, Any]) -> tuple[str, str]:
    try:
        m.testing.assert_close(*build(m), **options)
    except Exception as error:
        return words(error)
    return words(None)


def same(torch: Any, build: Any, **options: Any) -> str:
    """Assert that both say the same, and return what."""
    ours = outcome(mt, build, options)
    assert ours == outcome(torch, build, options)
    return ours[1]


PAIRS: dict[str, Any] = {
    "equal": lambda m: (m.tensor([1.0, 2.0]), m.tensor([1.0, 2.0])),
    "within": lambda m: (m.tensor([1.0, 2.0]), m.tensor([1.0 + 1e-6, 2.0])),
    "one off": lambda m: (m.tensor([1.0, 2.0, 3.0]), m.tensor([1.0, 2.5, 3.0])),
    "two places": lambda m: (m.tensor([[100.0, 1e-3]]), m.tensor([[101.0, 2e-3]])),
    "float64": lambda m: (m.tensor([1.0]).double(), m.tensor([1 + 1e-6]).double()),
    "float16": lambda m: (m.tensor([1.0, 7.0]).half(), m.tensor([1.01, 7.0]).half()),
    "int64": lambda m: (m.tensor([1, 2, 7]), m.tensor([1, 3, 9])),
    "uint8": lambda m: (m.tensor([1, 2], dtype=m.uint8), m.tensor([1, 255], dtype=m.uint8)),
    "bool": lambda m: (m.tensor([True, False]), m.tensor([True, True])),
    "division by 0": lambda m: (m.tensor([1.0, 0.0]), m.tensor([0.0, 0.0])),
    "0-d": lambda m: (m.tensor(1.0), m.tensor(1.5)),
    "0-d by 0": lambda m: (m.tensor(1.0), m.tensor(0.0)),
    "0-d int": lambda m: (m.tensor(1), m.tensor(3)),
    "0-d bool": lambda m: (m.tensor(True), m.tensor(False)),
    "nan": lambda m: (m.tensor([NAN, 1.0]), m.tensor([NAN, 1.0])),
    "nan on one side": lambda m: (m.tensor([NAN, 1.0]), m.tensor([0.0, 1.0])),
    "inf": lambda m: (m.tensor([INF, -INF]), m.tensor([INF, -INF])),
    "inf of another sign": lambda m: (m.tensor([INF, 1.0]), m.tensor([-INF, 1.0])),
    "inf and a number": lambda m: (m.tensor([1.0, INF]), m.tensor([1.0, 3.0])),
    "number and inf": lambda m: (m.tensor([1.0, 3.0]), m.tensor([1.0, INF])),
    "empty": lambda m: (m.zeros(0, 3), m.zeros(0, 3)),
    "shape": lambda m: (m.zeros(2, 3), m.zeros(3, 2)),
    "dtype": lambda m: (m.zeros(2), m.zeros(2).double()),
    "dtype, promoted": lambda m: (m.tensor([1, 2]), m.tensor([1.0, 2.5])),
    "stride": lambda m: (m.zeros(3, 2).t(), m.zeros(2, 3)),
    "requires grad": lambda m: (m.ones(2, requires_grad=True), m.zeros(2)),
    "parameter": lambda m: (m.nn.Parameter(m.ones(2)), m.ones(2)),
    "array and array": lambda m: (np.ones(2), np.ones(2) + 1e-3),
    "array and tensor": lambda m: (np.ones(2), m.ones(2)),
    "array of strings": lambda m: (np.array(["a"]), np.array(["a"])),
    "scalars": lambda m: (1.0, 1.1),
    "scalars, close": lambda m: (1.0, 1.0 + 1e-9),
    "scalar by 0": lambda m: (1e-3, 0.0),
    "int and float": lambda m: (1, 1.0),
    "ints": lambda m: (3, 5),
    "complex": lambda m: (1 + 1j, 1 + 2j),
    "nan scalars": lambda m: (NAN, NAN),
    "inf scalars": lambda m: (INF, -INF),
    "NumPy scalars": lambda m: (np.float32(1), np.float32(1.1)),
    "bools": lambda m: (True, False),
    "NumPy bool": lambda m: (np.bool_(True), True),
    "None": lambda m: (None, None),
    "None and 0": lambda m: (None, 0),
    "strings": lambda m: ("a", "a"),
    "scalar and tensor": lambda m: (1.0, m.tensor(1.0)),
    "sequences": lambda m: ([m.ones(1), 2.0], (m.ones(1), 2.5)),
    "sequences of unequal length": lambda m: ([1.0], [1.0, 2.0]),
    "nested": lambda m: ({"a": [1.0, {"b": m.zeros(2)}]}, {"a": [1.0, {"b": m.ones(2)}]}),
    "nested, unequal length": lambda m: ({"a": [1.0, []]}, {"a": [1.0, [2.0]]}),
    "nested, not comparable": lambda m: ({"a": ["x"]}, {"a": ["x"]}),
    "mappings": lambda m: ({"b": 1, "a": 2}, {"a": 3, "b": 4}),
    "mappings of other keys": lambda m: ({"a": 1, "c": 2}, {"a": 1, "b": 2}),
    "structure before values": lambda m: ([1.0, [2.0]], [3.0, [2.0, 1.0]]),
    "mapping and sequence": lambda m: ({"a": 1}, [1]),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "exact": {"rtol": 0, "atol": 0},
    "loose": {"rtol": 0.3, "atol": 0.1},
    "equal_nan": {"equal_nan": True},
    "no check_dtype": {"check_dtype": False},
    "check_stride": {"check_stride": True},
    "no subclasses": {"allow_subclasses": False},
    "rtol alone": {"rtol": 1e-3},
    "atol alone": {"atol": 1e-3},
    "message": {"msg": "not what it should be"},
    "message of a message": {"msg": lambda text: f"before\n{text}\nafter"},
}


@pytest.mark.parametrize("pair", PAIRS)
def test_says_what_pytorch_says(torch: Any, pair: str) -> None:
    for options in OPTIONS.values():
        same(torch, PAIRS[pair], **options)


@QUICK
@given(data=st.data(), equal_nan=st.booleans(), check_dtype=st.booleans())
def test_says_what_pytorch_says_of_random_tensors(
    data: Any, equal_nan: bool, check_dtype: bool
) -> None:
    torch = pytest.importorskip("torch")
    one, other = data.draw(strategies.dtypes()), data.draw(strategies.dtypes())
    other = data.draw(st.sampled_from([one, other]))
    shape = data.draw(strategies.shapes(max_dims=3, max_side=3))
    layouts = ["contiguous", "transposed", "strided"]
    a = data.draw(strategies.tensors(one, shape, layouts=layouts))
    b = data.draw(strategies.tensors(other, shape, layouts=layouts))
    if data.draw(st.booleans()) and one is other:  # mostly alike
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=a.numel(), max_size=a.numel())))
        b._array[...] = np.where(mask.reshape(shape), b._array, a._array)
    arrays = [t._array for t in (a, b)]

    def build(m: Any) -> Any:
        return [m.from_numpy(x) for x in arrays]

    tolerances: dict[str, Any] = data.draw(
        st.sampled_from([{}, {"rtol": 0.0, "atol": 0.0}, {"rtol": 0.25, "atol": 0.5}])
    )
    same(torch, build, equal_nan=equal_nan, check_dtype=check_dtype, **tolerances)


def test_the_text_without_pytorch() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close({"w": [mt.zeros(2, 2)]}, {"w": [mt.eye(2)]})
    assert str(caught.value) == (
        "Tensor-likes are not close!\n\n"
        "Mismatched elements: 2 / 4 (50.0%)\n"
        "Greatest absolute difference: 1.0 at index (0, 0) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 1.0 at index (0, 0) (up to 1.3e-06 allowed)\n\n"
        "The failure occurred for item ['w'][0]"
    )


def test_a_bool_beside_a_number_is_another_type() -> None:
    """PyTorch's ends with an internal error."""
    with pytest.raises(AssertionError, match="The \\(d\\)types do not match"):
        assert_close(True, 1.0)
    assert_close(True, 1.0, check_dtype=False)


def test_keys_need_no_order() -> None:
    assert_close({"a": 1, 2: 2}, {2: 2, "a": 1})


# ---- make_tensor ------------------------------------------------------------------------------

SHAPES: list[Any] = [(), (3,), (2, 3), (0, 2), (2, 1, 4), ([2, 3],), ((5,),)]
DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]
MAKING: dict[str, dict[str, Any]] = {
    "defaults": {},
    "low": {"low": -2},
    "both": {"low": 0.5, "high": 3.5},
    "beyond": {"low": -1e30, "high": 1e30},
    "noncontiguous": {"noncontiguous": True},
    "exclude_zero": {"exclude_zero": True, "low": -1, "high": 2},
    "grad": {"requires_grad": True},
    "nan": {"low": NAN},
    "reversed": {"low": 3, "high": 2},
    "outside": {"low": 1e39, "high": 1e40},
}


@pytest.mark.parametrize("options", MAKING)
@pytest.mark.parametrize("dtype", DTYPES)
def test_makes_what_pytorch_makes(torch: Any, dtype: str, options: str) -> None:
    for shape in SHAPES:
        made = []
        for m in (mt, torch):
            m.manual_seed(7)
            try:
                x = m.testing.make_tensor(
                    *shape, dtype=getattr(m, dtype), device="cpu", **MAKING[options]
                )
                made.append((x.tolist(), tuple(x.shape), x.stride(), x.requires_grad, x.is_leaf))
                assert x.dtype is getattr(m, dtype)
            except Exception as error:
                made.append((type(error), str(error)))
        assert made[0] == made[1], shape


def test_bad_use_of_make_tensor() -> None:
    with pytest.raises(TypeError, match="'float' is not supported"):
        make_tensor(2, dtype="float")  # type: ignore[arg-type]
    with pytest.warns(FutureWarning, match="low==high"):
        make_tensor(2, dtype=mt.float32, low=1, high=1)


# ---- assert_gradients -------------------------------------------------------------------------


class Halved(mt.autograd.Function):
    """x², and half its gradient."""

    @staticmethod
    def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
        (x,) = ctx.saved_tensors
        return grad * x


class Constant(mt.autograd.Function):
    """x³, whose gradient is right but is not recorded."""

    @staticmethod
    def forward(ctx: Any, x: mt.Tensor) -> mt.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, grad: mt.Tensor) -> mt.Tensor:
        (x,) = ctx.saved_tensors
        return grad * 3 * x.detach() ** 2


def test_gradients_are_asserted_at_both_orders() -> None:
    x = mt.tensor([0.5, -2.0], dtype=mt.float64, requires_grad=True)
    assert_gradients(lambda x: (x.sin() * x).sum(), x)
    with pytest.raises(AssertionError, match="WRONG"):
        assert_gradients(Halved.apply, x)
    assert_gradients(Constant.apply, x, order=1)
    with pytest.raises(AssertionError, match="WRONG"):
        assert_gradients(Constant.apply, x)


def test_what_cannot_be_asserted() -> None:
    x = mt.ones(2, dtype=mt.float64, requires_grad=True)
    with pytest.raises(ValueError, match="order must be 1 or 2, got 3"):
        assert_gradients(mt.sin, x, order=3)
    with pytest.raises(ValueError, match="require"):
        assert_gradients(mt.sin, x.detach())
    with pytest.raises(AssertionError, match="deterministic"):
        draws = np.random.default_rng(0)
        assert_gradients(lambda x: x * draws.standard_normal(), x)


# ---- strategies -------------------------------------------------------------------------------


def exists(strategy: Any, condition: Any) -> None:
    """Assert that the strategy comes upon such an example."""
    options = settings(max_examples=2000, deadline=None, derandomize=True, database=None)
    try:
        find(strategy, condition, settings=options)
    except NoSuchExample:
        pytest.fail("no such example was drawn")


@QUICK
@given(st.data())
def test_tensors_are_as_asked_for(data: Any) -> None:
    dtype, shape = data.draw(strategies.dtypes()), data.draw(strategies.shapes())
    x = data.draw(strategies.tensors(dtype, shape, requires_grad=True))
    assert x.dtype is dtype
    assert x.shape == shape
    assert x.is_leaf
    assert x.requires_grad == dtype.is_floating_point
    assert not data.draw(strategies.tensors(dtype, shape)).requires_grad


@pytest.mark.parametrize(
    ("name", "strides"),
    {
        "contiguous": (3, 1),
        "transposed": (1, 2),
        "strided": (6, 2),
        "reversed": (-3, -1),
        "expanded": (0, 1),
    }.items(),
)
def test_layouts(name: str, strides: tuple[int, int]) -> None:
    @settings(QUICK, max_examples=5)
    @given(strategies.tensors(mt.float32, (2, 3), layouts=[name]))
    def check(x: mt.Tensor) -> None:
        assert x.stride() == strides

    check()

    array = np.arange(24.0).reshape(2, 3, 4)
    if name != "expanded":
        for like in (array, array[0], array[:0], array[0, 0, 0]):
            laid = strategies.LAYOUTS[name](np.asarray(like))
            assert isinstance(laid, np.ndarray)
            np.testing.assert_array_equal(laid, like)


def test_everything_that_hurts_is_drawn() -> None:
    floats = strategies.tensors(mt.float32, (3,))
    exists(floats, lambda x: x.isnan().any())
    exists(floats, lambda x: x.isinf().any())
    exists(floats, lambda x: any(v == 0 and math.copysign(1, v) < 0 for v in x.tolist()))
    exists(floats, lambda x: (x.abs() == mt.finfo(mt.float32).max).any())
    exists(floats, lambda x: ((x.abs() > 0) & (x.abs() < mt.finfo(mt.float32).tiny)).any())
    exists(floats, lambda x: len(set(x.tolist())) == 1)
    exists(strategies.tensors(mt.int64, (2,)), lambda x: (x == mt.iinfo(mt.int64).min).any())
    exists(strategies.tensors(), lambda x: x.dim() == 0)
    exists(strategies.tensors(), lambda x: x.numel() == 0)
    exists(strategies.tensors(requires_grad=None), lambda x: x.requires_grad)
    for dtype in (*strategies.FLOATING, *strategies.INTEGRAL, mt.bool):
        exists(strategies.dtypes(), lambda d: d is dtype)


@QUICK
@given(strategies.broadcastable_shapes(3))
def test_broadcastable_shapes(shapes: Any) -> None:
    assert len(shapes) == 3
    np.broadcast_shapes(*shapes)


@settings(QUICK, max_examples=60)
@given(strategies.op_cases())
def test_op_cases_have_gradients(case: strategies.OpCase) -> None:
    assert_gradients(case.function, case.inputs)


def test_op_cases_cover_all_operations() -> None:
    for name in (*strategies.UNARY, *strategies.BINARY, *strategies.REDUCING, "matmul"):
        exists(strategies.op_cases(), lambda case: case.name.partition("(")[0] == name)
    exists(strategies.op_cases(["exp"]), lambda case: repr(case) == "exp(-2.0)")


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="no layout 'diagonal'; choose from contiguous"):
        strategies.layouts("diagonal")


def test_hypothesis_is_needed_for_strategies_alone() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
import minitorch.testing
try:
    import minitorch.testing.strategies
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == (
        "minitorch.testing.strategies needs hypothesis, which is not installed: "
        'pip install "minitorch-numpy[pytest]"\n'
    ), done.stderr


def test_testing_is_found_under_pytorchs_name(tmp_path: Any) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import torch, torch.testing\n"
        "from torch.testing import assert_close, make_tensor\n"
        "assert torch.testing.assert_close is assert_close\n"
        "assert_close(make_tensor(2, dtype=torch.int64, low=3, high=4), torch.tensor([3, 3]))\n"
        "print(assert_close.__module__)\n"
    )
    command = [sys.executable, "-m", "minitorch", "run", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "minitorch.testing.close\n", done.stderr
