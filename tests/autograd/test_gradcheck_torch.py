"""The checker on PyTorch's functions: right ones pass, and each mistake is named for what it is."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

import minitorch
from minitorch.autograd import (
    GradcheckError,
    gradcheck,
    gradcheck_module,
    gradcheck_report,
    gradgradcheck,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
once_differentiable = torch.autograd.function.once_differentiable


def function(forward, backward, name="Cube"):
    parts = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(name, (torch.autograd.Function,), parts)


def cube(ctx, x):
    ctx.save_for_backward(x)
    return x**3


def cube_backward(ctx, grad):
    (x,) = ctx.saved_tensors
    return 3 * x**2 * grad


Cube = function(cube, cube_backward)


def leaf(*values, dtype=None):
    return torch.tensor(values, dtype=dtype or torch.float64, requires_grad=True)


def said(func, *inputs, orders=(1,)):
    return str(gradcheck_report(func, inputs, orders=orders))


def saves(func):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return func(x)

    return forward


def shuffled(x):
    weights = torch.linspace(0, 7, 40, dtype=torch.float64).reshape(20, 2) ** 3

    def backward(ctx, grad):
        return grad[torch.randperm(20)].cumsum(0)[-1]

    return function(lambda ctx, x: x.expand(20, 2).clone(), backward).apply(x) * weights


# ---- what is right ----------------------------------------------------------------------------


DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex128]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_right_function_passes_in_every_dtype(dtype):
    x = leaf(1.0, -2.0, 0.5, dtype=dtype)
    report = gradcheck_report(lambda x: Cube.apply(x).sin(), x)
    assert report.ok, report
    assert not report.notes


def test_the_users_tensors_stay_as_they_are():
    x, w = leaf(1.0, 2.0), torch.ones(2)
    x.grad = torch.full((2,), 7.0, dtype=torch.float64)
    version, state = x._version, torch.get_rng_state()
    assert gradcheck(lambda x, w: Cube.apply(x) * w, (x, w))
    assert x.tolist() == [1.0, 2.0] and x._version == version and x.grad.tolist() == [7.0, 7.0]
    assert x.grad_fn is None and torch.equal(torch.get_rng_state(), state)


RIGHT = {
    "one that returns its input": lambda x: x,
    "one with an output that is cut off": lambda x: (x * 2, x.detach() * 3),
    "one with integers": lambda x: (x * 2, torch.arange(3)),
    "a constant": lambda x: x.detach() * 0 + 1,
    "a dict of outputs": lambda x: {"a": x.exp(), "b": [x.sin()]},
    "one that uses grad inside": lambda x: torch.autograd.grad((x**3).sum(), x, create_graph=True)[
        0
    ],
    "a mask": lambda x: x[x > 0] * 2,
    "a view that is changed in place": lambda x: x.clone().reshape(3, 1).mul_(2),
    "an item that is set": lambda x: torch.zeros(3, dtype=x.dtype).index_put(
        (torch.tensor([1]),), x[:1]
    ),
}


@pytest.mark.parametrize("func", RIGHT.values(), ids=RIGHT)
def test_functions_of_all_kinds_pass(func):
    assert gradcheck_report(func, leaf(1.0, 2.0, -3.0)).ok


def test_strides_of_the_inputs_are_kept():
    seen = []
    x = torch.randn(4, 6, dtype=torch.float64)[:, ::2].t().requires_grad_()
    assert gradcheck(lambda x: (seen.append(x.stride()), x * 2)[1], x)
    assert x.stride() in seen


def test_a_marked_change_in_place_is_right():
    def double(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    Double = function(double, lambda ctx, grad: 2 * grad, "Double")
    assert gradcheck_report(lambda x: Double.apply(x.clone()), leaf(1.0, 2.0)).ok


@pytest.mark.parametrize("mask", [-1e9, -3e38])
def test_a_zero_beside_a_mask(mask):
    assert gradcheck_report(lambda x: x.softmax(0), leaf(mask, 0.0, 1.0, 0.0)).ok
    wrong = of_backward(lambda c, g: cube_backward(c, g) * (c.saved_tensors[0] != 0.125))
    assert not gradcheck_report(lambda x: wrong((x - 0.125).tanh() + 0.125), leaf(mask, 0.125)).ok


def test_logits_that_leave_no_doubt():
    x = 100 * torch.tensor([[1.5, -0.3, -2.2, 0.6]], dtype=torch.float64)
    target = torch.tensor([1])
    for func in (
        lambda x: x.log_softmax(-1),
        lambda x: torch.nn.functional.cross_entropy(x, target),
    ):
        assert gradcheck_report(func, x.clone().requires_grad_()).ok


def test_rounding_of_a_gradient_that_would_be_0():
    window = torch.hann_window(4, dtype=torch.float64)
    x = torch.randn(8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert gradcheck_report(
        lambda x: torch.stft(x, 4, window=window, return_complex=True),
        x.requires_grad_(),
        orders=(1,),
    ).ok


def test_incoming_gradients_are_not_the_inputs_numbers():
    generator = torch.Generator().manual_seed(0)  # as who calls manual_seed(0) first has
    x = torch.randn(4, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    assert gradcheck(torch.nn.BatchNorm1d(2).double(), x)  # 0 but for rounding, along its input

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x / x.norm()

    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        unit = x / x.norm()
        made = (grad - unit * (unit * grad).sum()) / x.norm()
        return made if grad.storage_offset() == 0 else 2 * made

    assert "takes a slice" in said(function(forward, backward, "Unit").apply, x)


def test_numbers_that_overflow_in_the_check_are_nobodys_fault():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradcheck(torch.log, leaf(1e-300, 1.0))
        assert gradcheck(lambda x: x.logsumexp(0), leaf(float("-inf"), 0.0, 1.0))


def test_kinks_that_meet_are_not_refused():
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    text = said(lambda x: torch.relu(x) - torch.relu(-x) / 2, x)
    assert "right" in text and "kinks of relu meet" in text


# ---- what is wrong ----------------------------------------------------------------------------


def of_backward(backward):
    return function(cube, backward).apply


def changes_grad(ctx, grad):
    return grad.mul_(3 * ctx.saved_tensors[0] ** 2)


def single(ctx, grad):
    return cube_backward(ctx, grad).float()


def counts(ctx, grad):
    ctx.count = getattr(ctx, "count", 0) + 1
    return cube_backward(ctx, grad) * ctx.count


def spoils(ctx, grad):
    made = cube_backward(ctx, grad)
    if getattr(ctx, "held", None) is not None:
        ctx.held.zero_()
    ctx.held = made
    return made


MISTAKES = {
    "a factor": (of_backward(lambda c, g: 1.01 * cube_backward(c, g)), "constant factor of 1.01"),
    "a sign": (of_backward(lambda c, g: -cube_backward(c, g)), "the sign is wrong"),
    "None": (of_backward(lambda c, g: None), "zero, or None"),
    "ignores the gradient": (
        of_backward(lambda c, g: 3 * c.saved_tensors[0] ** 2),
        "is linear in the incoming gradient",
    ),
    "changes grad_output": (of_backward(changes_grad), "leaves the incoming gradient alone"),
    "another dtype": (of_backward(single), "returned torch.float32 for its input 0"),
    "another at each call": (of_backward(counts), "gives the same twice"),
    "overwrites a gradient": (of_backward(spoils), "hands out memory of its own"),
}


@pytest.mark.parametrize(("func", "text"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("inner", [False, True], ids=["alone", "within"])
def test_a_mistake_is_found_and_named(func, text, inner):
    x = leaf(1.0, 2.0, -3.0)
    report = said((lambda x: func(x.sin()) + x) if inner else func, x)
    assert "WRONG" in report
    assert text in report
    assert "First faulty operation: Cube\n" in report
    assert re.search(r"called at .*test_gradcheck_torch\.py:\d+", report)
    assert re.search(r"its backward at .*test_gradcheck_torch\.py:\d+", report)


def test_each_place_of_a_model_has_its_name():
    class Layer(torch.nn.Module):
        def forward(self, x):
            return of_backward(lambda c, g: 2 * cube_backward(c, g))(x)

    model = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Sequential(Layer()))
    assert "(module 1.0: Layer)" in said(model, leaf(1.0, 2.0))


def test_a_gradient_that_is_wrong_only_for_a_memory_layout():
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.as_strided(x, x.shape, (x.shape[1], 1)) * x

    Careless = function(forward, lambda ctx, g: 2 * ctx.saved_tensors[0] * g, "Careless")
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert "takes inputs of any strides" in said(Careless.apply, x)


@pytest.mark.parametrize(
    ("careless", "text"),
    [
        (lambda g: g * (0.5 if g.stride(0) and not g.stride(1) else 1), "partly expanded"),
        (lambda g: g * (0.5 if g.stride(1) and not g.stride(0) else 1), "partly expanded"),
        (lambda g: g.as_strided(g.shape, g.stride(), 0), "takes a slice as an incoming gradient"),
    ],
)
def test_incoming_gradients_of_partial_sums_and_of_slices(careless, text):
    report = said(of_backward(lambda c, g: cube_backward(c, careless(g))), leaf([1.0, 2.0], [3, 4]))
    assert text in report and "First faulty operation: Cube\n" in report


@pytest.mark.parametrize(
    "asked", [lambda a, b: (a, a), lambda a, b: (b, b), lambda a, b: [a * b] * 2]
)
def test_a_gradient_that_is_left_out_where_others_are(asked):
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    def backward(ctx, grad):
        (a, b), (first, second) = ctx.saved_tensors, asked(*ctx.needs_input_grad)
        return b * grad if first else None, a * grad if second else None

    report = said(function(forward, backward, "Mul").apply, leaf(1.0, 2.0), leaf(3.0, 4.0))
    assert re.search(
        r"where of the inputs . alone requires grad, input . got 0 at \[0\], else", report
    )


def test_a_backward_that_raises_where_an_input_needs_no_gradient():
    def backward(ctx, grad):
        made = [grad.clone() if needed else None for needed in ctx.needs_input_grad]
        return made[0], made[1].neg()

    Sub = function(lambda ctx, a, b: a - b, backward, "Sub")
    assert "input 0 alone requires" not in said(torch.sub, leaf(1.0, 2.0), leaf(3.0, 4.0))
    assert "'NoneType' object has no attribute 'neg'" in said(Sub.apply, leaf(1.0), leaf(3.0))


def test_repeated_slices_are_tried_as_an_expanded_tensor():
    def forward(ctx, x):
        return x.clone() if x.stride(0) else x * 2

    Odd = function(forward, lambda ctx, g: g.clone(), "Odd")
    x = torch.ones(3, 2, dtype=torch.float64, requires_grad=True)
    assert "expanded inputs of the same values" in said(Odd.apply, x)


def test_one_tensor_as_two_inputs():
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        ctx.same = a is b
        return a * b

    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return b * grad, None if ctx.same else a * grad

    report = said(function(forward, backward, "Mul").apply, leaf(1.0, 2.0), leaf(3.0, 4.0))
    assert "adds up where one tensor is two inputs" in report


def test_a_missing_mark_dirty():
    Double = function(lambda ctx, x: x.mul_(2), lambda ctx, grad: 2 * grad, "Double")
    assert "ctx.mark_dirty is missing" in said(lambda x: Double.apply(x.clone()), leaf(1.0, 2.0))
    x = leaf(1.0, 2.0)
    with pytest.raises(GradcheckError, match=r"element \[0\] of input 0 was 1.0, and is 2.0"):
        gradcheck(Double.apply, x)
    assert x.tolist() == [1.0, 2.0]


def test_an_undefined_incoming_gradient():
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    careless = function(forward, lambda ctx, g, h: 2 * g + 3 * h, "Two")
    assert "unsupported operand type(s)" in said(careless.apply, leaf(1.0, 2.0))

    def careful(ctx, g, h):
        parts = [factor * x for factor, x in ((2, g), (3, h)) if x is not None]
        return sum(parts) if parts else None

    assert gradcheck(function(forward, careful, "Two").apply, leaf(1.0, 2.0))


def test_a_mistake_beside_weights_that_are_float32_alone():
    wrong, linear = of_backward(lambda c, g: 2 * cube_backward(c, g)), torch.nn.Linear(2, 3)
    report = said(lambda x: linear(wrong(x)), leaf([1.0, 2.0], dtype=torch.float32))
    assert "First faulty operation: Cube\n" in report and report.count("in float32 alone") == 1


def test_a_mistake_before_a_sparse_tensor():
    wrong = of_backward(lambda c, g: 2 * cube_backward(c, g))
    w = torch.ones(2, 3, dtype=torch.float64)
    report = said(lambda x: torch.sparse.mm(wrong(x).to_sparse(), w), leaf([1.0, 2.0], [0.0, 3.0]))
    assert "First faulty operation: Cube\n" in report


def test_the_name_of_a_builtin_function():
    assert said(torch.relu, leaf(1.0)) == "gradients of relu: right (1 pass)"


@torch.library.custom_op("minitorch_tests::triple", mutates_args=())
def triple(x: torch.Tensor) -> torch.Tensor:
    return 3 * x


@torch.library.custom_op("minitorch_tests::total", mutates_args=())
def total(xs: list[torch.Tensor]) -> torch.Tensor:
    return xs[0] + xs[1]


triple.register_autograd(lambda ctx, grad: 2 * grad)
total.register_autograd(lambda ctx, grad: [grad, 2 * grad])


@pytest.mark.parametrize(
    ("func", "name"), [(triple, "triple"), (lambda x: total([x, x.sin()]), "total")]
)
def test_an_operation_in_torch_library_is_named_with_its_own_backward(func, name):
    report = said(func, leaf(1.0, 2.0))
    assert f"First faulty operation: minitorch_tests::{name}\n" in report
    assert re.search(r"its backward at .*test_gradcheck_torch\.py:\d+", report)
    if func is triple:
        assert report.startswith("gradients of minitorch_tests::triple: WRONG")


@pytest.mark.parametrize("factor", [1, 2])
def test_an_operation_in_torch_library_is_listed_once(factor):
    report = gradcheck_report(lambda x: 2 * factor * triple(x), leaf(1.0, 2.0), orders=(1,))
    assert [node.name for node in report.nodes] == ["minitorch_tests::triple", "mul"]
    both = gradcheck_report(lambda x: total([x, x.sin()]), leaf(1.0, 2.0), orders=(1,))
    assert [node.name for node in both.nodes] == ["sin", "minitorch_tests::total"]


NOT_LINEAR = {
    "an incoming gradient of zeros gave 1 ": lambda g: 2 * g + (g == 0).all(),
    "an incoming gradient times -2**-40 gave 0 ": lambda g: torch.where(
        g.abs() < 1e-9, 0 * g, 2 * g
    ),
    "an incoming gradient times 2**40 gave ": lambda g: 2 * g.clamp(-100, 100),
    "a random incoming gradient gave ": lambda g: (2.1 if (g != 0).sum() > 1 else 2) * g,
}


@pytest.mark.parametrize(("text", "backward"), NOT_LINEAR.items(), ids=NOT_LINEAR)
def test_what_is_not_linear_is_said_plainly(text, backward):
    func = function(lambda ctx, x: 2 * x, lambda ctx, g: backward(g)).apply
    assert re.search(
        re.escape(text) + r".*, where a linear backward gives ", said(func, leaf(1.0, 2.0))
    )


def square_backward(ctx, grad):
    return 2 * ctx.saved_tensors[0] * grad


COMPLEX = leaf(1 + 1j, 2 - 1j, dtype=torch.complex128)
CAUSES = {
    "conj": (function(saves(lambda x: x * x), square_backward).apply, COMPLEX, "a conj() of the"),
    "symmetric": (torch.linalg.eigvalsh, leaf([2.0, 0.5], [0.5, 1.0]), "symmetric matrices"),
    "straight-through": (
        function(saves(torch.round), lambda c, g: g).apply,
        leaf(0.3, 1.2),
        "A straight-through estimator is not the derivative",
    ),
    "rounding": (shuffled, leaf(1.0, 2.0), "which differ by"),
}


@pytest.mark.parametrize(("func", "x", "cause"), CAUSES.values(), ids=CAUSES)
def test_a_likely_cause_is_named(func, x, cause):
    assert cause in said(func, x)


def test_the_parts_of_complex_numbers_are_explained():
    func, x, _ = CAUSES["conj"]
    assert "0 stands for the real" in said(func, x) and "real" not in said(torch.sin, x)


def cross_entropy(x):
    return torch.nn.functional.binary_cross_entropy(x, torch.full_like(x, 0.3))


EDGES = {
    "a probability": (cross_entropy, leaf(0.5, 0.9999)),
    "the edge itself": (cross_entropy, leaf(0.5, 0.25, 1.0)),
    "a positive matrix": (
        lambda x: torch.linalg.cholesky(x + x.mT),
        leaf([1.0, 0.9999], [0.9999, 1.0]),
    ),
}


@pytest.mark.parametrize(("func", "x"), EDGES.values(), ids=EDGES)
def test_a_function_that_raises_outside_its_domain_is_checked_inside(func, x):
    report = gradcheck_report(func, x)
    assert report.ok, report
    assert "close to the inputs, where the function raised" in str(report)


def test_a_mistake_near_the_edge_of_the_domain():
    def forward(ctx, x):
        if (x >= 1).any():
            raise ValueError("a probability above 1")
        ctx.save_for_backward(x)
        return -(1 - x).log()

    Odd = function(forward, lambda c, g: 1.01 * g / (1 - c.saved_tensors[0]), "Odd")
    assert "a constant factor of 1.01" in said(Odd.apply, leaf(0.5, 0.99999))
    with pytest.raises(ValueError, match="a probability above 1"):
        gradcheck(Odd.apply, leaf(0.5, 1.0))


def test_a_function_that_raises_everywhere_else_is_not_judged():
    seen = []

    def fixed(x):
        seen.append(x.tolist())
        if seen[0] != seen[-1]:
            raise KeyError("not in the table")
        return x * 2

    report = gradcheck_report(fixed, leaf(1.0, 2.0))
    assert not report.ok and "INCONCLUSIVE" in str(report) and "not in the table" in str(report)


# ---- the second order -------------------------------------------------------------------------


def intermediate(ctx, x):
    square = x * x
    ctx.save_for_backward(square)
    return square * x


def by_numpy(ctx, grad):
    return torch.from_numpy(3 * ctx.saved_tensors[0].detach().numpy() ** 2) * grad


SECOND = {
    "an intermediate": function(intermediate, lambda c, g: 3 * c.saved_tensors[0] * g),
    "NumPy": function(cube, by_numpy),
    "data": function(cube, lambda c, g: (3 * c.saved_tensors[0].data ** 2 * g).data),
}


@pytest.mark.parametrize("wrong", SECOND.values(), ids=SECOND)
def test_a_silently_constant_gradient_is_found_at_the_second_order(wrong):
    x = leaf(1.0, 2.0, -3.0)
    assert gradcheck(wrong.apply, x)
    with pytest.raises(GradcheckError, match=r"constant to the second|graph is cut"):
        gradgradcheck(wrong.apply, x)
    report = said(lambda x: wrong.apply(x.sin()), x, orders=(1, 2))
    assert "First faulty operation: the gradient of Cube" in report


def test_an_intermediate_kept_on_ctx_is_noted_where_the_second_order_is_wrong():
    def keeps(ctx, x):
        ctx.square, ctx.count = x * x, 3
        return ctx.square * x

    Keeps = function(keeps, lambda ctx, grad: 3 * ctx.square * grad, "Keeps")
    assert "Keeps keeps ctx.square of shape [2]" in said(Keeps.apply, leaf(1.0, 2.0), orders=(2,))


def test_what_is_saved_in_a_way_that_may_go_wrong_is_noted():
    report = gradcheck_report(SECOND["an intermediate"].apply, leaf(1.0, 2.0))
    assert any("constant to the second derivative" in note for note in report.notes)

    def keeps(ctx, x):
        ctx.x = x
        return x**3

    Keeps = function(keeps, lambda ctx, grad: 3 * ctx.x**2 * grad, "Keeps")
    report = gradcheck_report(Keeps.apply, leaf(1.0, 2.0))
    assert report.ok and "keeps an input as ctx.x" in report.notes[0]


def test_a_wrong_gradient_of_the_gradient_is_located():
    def forward(ctx, x, g):
        ctx.save_for_backward(x, g)
        return 3 * x**2 * g

    def backward(ctx, grad):
        x, g = ctx.saved_tensors
        return 5 * x * g * grad, 3 * x**2 * grad

    Inner = function(forward, backward, "CubeBackward")
    Outer = function(cube, lambda ctx, grad: Inner.apply(ctx.saved_tensors[0], grad))
    report = said(lambda x: Outer.apply(x).sum(), leaf(1.0, 2.0), orders=(1, 2))
    assert "constant factor of 0.833333" in report
    assert "First faulty operation: the gradient of Cube" in report


def test_once_differentiable_is_no_mistake_and_has_no_second_order():
    Once = function(cube, once_differentiable(cube_backward))
    report = gradcheck_report(Once.apply, leaf(1.0, 2.0))
    assert report.ok and "once_differentiable" in report.notes[0]
    with pytest.raises(GradcheckError, match="once_differentiable"):
        gradgradcheck(Once.apply, leaf(1.0, 2.0))


def test_where_pytorch_has_no_second_derivative_the_first_is_judged():
    report = gradcheck_report(torch.nn.functional.hardsigmoid, leaf(1.0, 2.0))
    assert report.ok and "not implemented" in report.notes[0]
    with pytest.raises(GradcheckError, match="second order not checked: derivative for"):
        gradgradcheck(torch.nn.functional.hardsigmoid, leaf(1.0, 2.0))


def test_incoming_gradients_may_be_given():
    assert gradgradcheck(Cube.apply, leaf(1.0, 2.0), leaf(0.5, -1.0))


# ---- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("func", "inputs", "error", "text"),
    [
        (lambda x: 3, [leaf(1.0)], ValueError, "expected func to return a tensor .* got int"),
        (lambda x: x, [torch.ones(2)], ValueError, "at least one input tensor to require grad"),
        (
            lambda x: x,
            [torch.ones(2, device="meta", requires_grad=True)],
            ValueError,
            "input 0 is on meta, and the checker computes on the CPU",
        ),
        (lambda x: x.to("meta"), [leaf(1.0)], ValueError, "output 0 is on meta"),
        (lambda x: x.to(torch.float8_e4m3fn), [leaf(1.0)], ValueError, "output 0 is torch.float8"),
        (
            lambda x: x["a"],
            {"a": leaf(1.0)},
            ValueError,
            "got dict.* make each an input of its own",
        ),
        (lambda x: x[0], [[leaf(1.0)]], ValueError, "got list.* make each an input of its own"),
        (lambda x: x, None, ValueError, "got NoneType"),
        (lambda x: x.to_sparse(), [leaf(1.0)], ValueError, "only dense tensors"),
        (lambda x: x.view(2, 2), [leaf(1.0)], RuntimeError, "shape '.2, 2.' is invalid"),
        (lambda x: x * torch.rand(1), [leaf(1.0)], GradcheckError, "not deterministic"),
        (
            lambda x: x,
            [torch.ones(1, dtype=torch.float64).expand(3).requires_grad_()],
            RuntimeError,
            "The 0th input has a dimension with stride 0",
        ),
    ],
)
def test_bad_input_gives_one_clear_error(func, inputs, error, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of sparse tensors
        with pytest.raises(error, match=text):
            gradcheck(func, inputs)


@pytest.mark.parametrize("options", [{"orders": (3,)}, {"orders": ()}, {"eps": 0.0}, {"eps": -1.0}])
def test_options_that_would_check_nothing_are_refused(options):
    with pytest.raises(ValueError, match=r"expected orders|expected a positive eps"):
        gradcheck_report(torch.sin, leaf(1.0), **options)


def test_inference_mode_is_refused():
    with torch.inference_mode(), pytest.raises(ValueError, match=r"within torch\.inference_mode"):
        gradcheck(torch.sin, leaf(1.0))


def test_an_input_whose_elements_share_memory_is_copied():
    x = torch.linspace(0, 1, 4, dtype=torch.float64).as_strided((3, 2), (1, 1)).requires_grad_()
    assert gradcheck_report(torch.sin, x).ok


def test_what_the_function_itself_raises_says_where():
    with pytest.raises(RuntimeError) as raised:
        gradcheck(lambda x: x.view(2, 2), leaf(1.0))
    assert raised.value.__notes__ == [
        "gradcheck: raised by test_what_the_function_itself_raises_says_where.<locals>.<lambda> "
        "at (float64 [1])"
    ]


def test_the_reproducer_runs(capsys):
    Wrong = function(cube, lambda c, g: 2 * cube_backward(c, g))
    lines = said(Wrong.apply, leaf(1.0, 2.0)).partition("To see it again:")[2].split("\n")
    import minitorch

    names = {"torch": torch, "minitorch": minitorch, "Cube": Wrong}
    exec("\n".join(line.strip() for line in lines), names)
    assert "Cube.apply: WRONG" in capsys.readouterr().out


def test_the_reproducer_of_a_model_in_float32():
    class Wrong(torch.nn.Module):
        def forward(self, x):
            return x.detach() * x

    report = said(Wrong(), leaf(0.1, 2.0, dtype=torch.float32))
    assert "x0 = torch.tensor([0.1, 2.0], dtype=torch.float32" in report
    assert "gradcheck_report(fn, (x0,)" in report  # and not the class


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_pytest_shows_no_line_of_the_checkers_own(check):
    with pytest.raises(GradcheckError) as caught:
        check(lambda x: x.detach() * x**2, leaf(1.0))
    assert {entry.path.name for entry in caught.traceback.filter(caught)} == {Path(__file__).name}


# ---- forward mode, vmap, modules --------------------------------------------------------------


class Forward(torch.autograd.Function):
    """Cubes, with a jvp, off by a factor if one is wanted."""

    generate_vmap_rule = True
    factor = 1.0

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        return 3 * ctx.saved_tensors[0] ** 2 * grad

    @staticmethod
    def jvp(ctx, tangent):
        return Forward.factor * 3 * ctx.saved_tensors[0] ** 2 * tangent


EVERY = {"check_forward_ad": True, "check_batched_grad": True}


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
def test_forward_mode_and_vmap_are_checked(monkeypatch):
    x, y = leaf(1.0, 2.0, -3.0), leaf(0.5, 1.5, 2.5)

    def function(x, y):
        return x.sin() * y, x.detach(), (y**2).sum()

    assert gradcheck(function, (x, y), **EVERY, check_batched_forward_grad=True)
    assert gradcheck(function, (x, y), check_forward_ad=True, check_backward_ad=False)
    assert gradgradcheck(function, (x, y), check_fwd_over_rev=True, check_batched_grad=True)
    assert gradcheck(Forward.apply, x, **EVERY)
    monkeypatch.setattr(Forward, "factor", 1.5)
    assert gradcheck(Forward.apply, x)
    with pytest.raises(
        GradcheckError, match=r"(?s)in forward mode: 3 of 9.*constant factor of 1.5"
    ):
        gradcheck(Forward.apply, x, check_forward_ad=True)
    with pytest.raises(NotImplementedError, match="must implement the jvp"):
        gradcheck(Cube.apply, x, check_forward_ad=True)


def test_what_does_not_run_under_vmap_is_found():
    bad = of_backward(lambda c, g: cube_backward(c, g) * (1 if g.sum().item() > -1e9 else 2))
    with pytest.raises(GradcheckError, match="gives the same under vmap"):
        gradcheck(bad, leaf(1.0, 2.0), check_batched_grad=True)


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_a_module_is_checked_in_its_parameters_and_stays_as_it_is(factor):
    class Act(torch.nn.Module):
        def forward(self, x):
            return of_backward(lambda c, g: factor * cube_backward(c, g))(x)

    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), Act(), nn.Flatten(), nn.Linear(8, 3)
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x, y = torch.randn(2, 1, 4, 4), torch.tensor([0, 2])
    report = gradcheck_module(
        model, x, lambda out: nn.functional.cross_entropy(out, y), raise_exception=False
    )
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert {j.input_name for j in report.jacobians} >= {"parameter 0.weight", "input 0"}
    assert report.ok is (factor == 1.0), report
    if factor != 1.0:
        assert report.culprit.name == "Cube"
        assert "(module 2: Act)" in report.culprit.place


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_a_module_that_runs_in_float32_alone(factor):
    class Single(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))

        def forward(self, x):
            if x.dtype != torch.float32:
                raise TypeError("float32 alone")
            return of_backward(lambda c, g: factor * cube_backward(c, g))(x * self.weight)

    x = torch.tensor([[0.5, 1.5]])
    report = gradcheck_module(Single(), x, raise_exception=False)
    assert report.ok is (factor == 1.0), report
    assert any("checked in float32 alone" in note for note in report.notes)


def test_a_module_that_changes_its_input_in_place():
    model = torch.nn.Sequential(torch.nn.ReLU(inplace=True), torch.nn.Linear(3, 2))
    x = torch.randn(4, 3)
    before = x.clone()
    report = gradcheck_module(model, x)
    assert report.ok and torch.equal(x, before)
    assert [node.name for node in report.nodes] == ["relu", "linear"]


def test_a_module_whose_backward_raises_is_reported_with_its_operations():
    class Doubled(torch.nn.Module):
        def forward(self, x):
            return x.sigmoid().mul_(2)  # in the memory that sigmoid saved

    report = gradcheck_module(Doubled(), torch.ones(2), raise_exception=False)
    assert not report.ok
    assert "backward runs, and gives gradients that fit." in str(report)
    assert "modified by an inplace operation" in str(report)
    assert [line.split()[0] for line in report.table().splitlines()[2:]] == ["sigmoid", "mul_"]
    with pytest.raises(GradcheckError, match="inplace operation"):
        gradcheck_module(Doubled(), torch.ones(2))


def test_the_error_of_a_derivative_that_is_zero_is_not_relative():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    torch.manual_seed(0)
    report = gradcheck_module(model, torch.randn(5, 3))
    (bias,) = [j for j in report.jacobians if j.input_name == "parameter 0.bias"]
    assert bias.ok and bias.relative_error() < 1e-6


def test_a_modules_input_on_another_device_is_refused():
    with pytest.raises(ValueError, match="input 0 is on meta"):
        gradcheck_module(torch.nn.Linear(3, 2), torch.ones(2, 3, device="meta"))


def test_random_operations_are_run_again_with_the_same_numbers():
    def function(x):
        torch.manual_seed(0)
        return torch.nn.functional.dropout(x) * x.detach()

    report = gradcheck_report(function, torch.ones(4, 5, dtype=torch.float64, requires_grad=True))
    assert not report.ok and report.culprit is None, report


LARGE = (45.0, -9.0, -66.0, 18.0)


@pytest.mark.parametrize(
    "func, x",
    [
        (torch.nn.functional.logsigmoid, leaf(45.0, 2.0, 1.0)),
        (torch.nn.functional.logsigmoid, leaf(45.0)),
        (torch.nn.functional.gelu, leaf(-8.8)),
        (torch.nn.functional.gelu, leaf(-8.306511726778597, 3.0)),
        (lambda x: x.softmax(-1), leaf(*LARGE)),
        (torch.nn.functional.silu, leaf(46.2, -8.802867, 12.1, 17.0, dtype=torch.float32)),
        (lambda x: x.log_softmax(-1), leaf(*LARGE, dtype=torch.float32)),
        (torch.sigmoid, leaf(0.0156, dtype=torch.float32)),
    ],
)
def test_what_saturates_is_right_at_both_orders(func, x):
    report = gradcheck_report(func, x)
    assert report.ok, report


def test_a_backward_rounded_through_float32_has_a_note():
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return (2 * x * grad).float().double()

    x = leaf(0.3, 1.7)
    rounded = function(saves(lambda x: x * x), backward).apply
    assert "no more digits than float32 has" in said(rounded, x)
    for right in (torch.square, lambda x: x.float().square().double(), lambda x: x.sum()):
        assert "digits" not in said(right, x)


def test_an_output_that_varies_without_a_gradient_has_a_note():
    def forward(ctx, x):
        marked = x * 3
        ctx.mark_non_differentiable(marked)
        return x * 2, marked

    report = gradcheck_report(function(forward, lambda ctx, g, h: g * 2).apply, leaf(0.3, 1.7))
    assert report.ok
    assert any("unless that is meant" in note for note in report.notes)


def test_a_detached_part_is_named_rather_than_a_factor():
    text = said(lambda x: x.detach() * x, leaf(0.3, 1.7))
    assert "likely cause: part of the function is detached" in text


def test_where_backward_gives_no_number_an_inconclusive_report_says_so():
    text = said(lambda x: x.norm(), leaf(0.0, 0.0), orders=(1, 2))
    assert "no finite number for" in text


def test_kinks_are_listed_as_a_sentence_lists_them():
    text = said(torch.relu, leaf(0.0, 0.0), orders=(1, 2))
    assert "kinks of relu and the gradient of relu meet" in text


def test_what_cannot_be_checked_is_refused_in_words():
    x = leaf(0.3, 1.7)
    for text, call in {
        r"orders \(1,\), \(2,\)": lambda: gradcheck_report(torch.sin, x, orders=1),
        "expected a model, got sin": lambda: gradcheck_module(torch.sin, x),
        r"pass Cube\.apply": lambda: gradcheck(Cube, x),
        "minitorch and torch": lambda: gradcheck(
            torch.mul, (x, minitorch.ones(2, requires_grad=True))
        ),
    }.items():
        with pytest.raises((TypeError, ValueError), match=text):
            call()
