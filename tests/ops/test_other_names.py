"""Names of PyTorch's top level for what has another one: copies of views, losses by number..."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
from oracle import same

import minitorch


def draws(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape)


X, SQUARE, SERIES = draws(2, 3), draws(3, 3), draws(2, 3, 8)
LINES = [
    ("m.alias_copy(x)", X),
    ("m.as_strided_copy(x, (2, 2), (1, 2), 1)", X),
    ("m.as_strided_scatter(x, m.ones(2, dtype=x.dtype) * x[0, 0], (2,), (2,), 1).detach()", X),
    ("m.as_strided_scatter(x, m.ones(3), (2,), (2,), 1)", X),
    ("m.detach_copy(x).detach()", X),
    ("m.diagonal_copy(x, 1)", SQUARE),
    ("m.expand_copy(x, (2, 2, 3))", X),
    ("m.permute_copy(x, (1, 0))", X),
    ("m.select_copy(x, 1, 2)", X),
    ("m.slice_copy(x, 1, 0, 3, 2)", X),
    ("m.slice_copy(x, -1, 1)", X),
    ("m.slice_copy(x, 1, 0, 3, 0)", X),
    ("m.slice_copy(x, 4)", X),
    ("m.split_copy(x, 2, 1)", X),
    ("m.split_with_sizes_copy(x, [1, 2], 1)", X),
    ("m.squeeze_copy(x[:1], 0)", X),
    ("m.t_copy(x)", X),
    ("m.transpose_copy(x, 0, 1)", X),
    ("m.unbind_copy(x, 1)", X),
    ("m.unfold_copy(x, 1, 2, 1)", X),
    ("m.unsqueeze_copy(x, 1)", X),
    ("m.view_copy(x, (3, 2))", X),
    ("m.unsafe_split(x, 2, 1)", X),
    ("m.unsafe_chunk(x, 2, 1)", X),
    ("m.unsafe_split_with_sizes(x, [1, 2], 1)", X),
    ("m.kl_div(x, x.detach() * 2, 0)", abs(X)),
    ("m.kl_div(x, x.detach() * 2, 1, log_target=True)", X),
    ("m.binary_cross_entropy_with_logits(x, x.detach().sigmoid(), None, None, 2)", X),
    ("m.binary_cross_entropy_with_logits(x, x.detach().sigmoid())", X),
    ("m.cosine_embedding_loss(x, x.detach().flip(1), m.tensor([1.0, -1.0]).to(x), 0.1, 0)", X),
    ("m.margin_ranking_loss(x[0], x[1], m.ones(3).to(x), 0.5)", X),
    ("m.hinge_embedding_loss(x, x.detach().sign(), 0.7, 2)", X),
    ("m.triplet_margin_loss(x[0:1], x[1:2], x[0:1].detach().flip(1), 0.7, 1)", X),
    ("m.poisson_nll_loss(x, x.detach().exp(), True, True, 1e-8, 1)", X),
    ("m.poisson_nll_loss(x, x)", X),
    ("m.kl_div(x, x, 'mean')", X),
    (
        "m.ctc_loss(x.log_softmax(2).permute(2, 0, 1), m.tensor([[1, 2], [2, 1]]),"
        " m.tensor([8, 8]), m.tensor([2, 1]), 0, 2)",
        SERIES,
    ),
    ("m.adaptive_max_pool1d(x, 3)", SERIES),
    ("m.max_pool1d_with_indices(x, 3)", SERIES),
    ("m.max_pool1d_with_indices(x, 3, 2, 1)", SERIES),
    ("m.nn.functional.max_pool1d_with_indices(x, 2)", SERIES),
    ("m.nn.functional.max_pool2d_with_indices(x, 2)", SERIES),
    ("m.nn.functional.adaptive_max_pool2d_with_indices(x, 2)", SERIES),
    ("m.grid_sampler(x[None], m.zeros(1, 2, 2, 2).to(x) + 0.3, 1, 1, True)", SERIES),
    ("m.grid_sampler_2d(x[None], m.zeros(1, 2, 2, 2).to(x) + 0.3, 0, 2, False)", SERIES),
    ("m.affine_grid_generator(x[None], (1, 1, 4, 5), True)", X),
    ("m.constant_pad_nd(x, (1, 2), 3.0)", X),
    ("m.constant_pad_nd(x, (1, 2))", X),
    ("m.convolution(x, x[:, :, :2], None, [1], [1], [1], False, [0], 1)", SERIES),
    ("m.convolution(x.permute(1, 0, 2), x[:, :, :2], None, [2], [1], [1], True, [1], 1)", SERIES),
    (
        "m.conv_tbc(x.permute(2, 0, 1).detach().contiguous(), m.ones(4, 3, 2).to(x),"
        " x[0, 0, :2], 1).detach()",
        SERIES,
    ),
    ("m.conv_tbc(x[0], x, x[0, 0])", SERIES),
    ("m.native_channel_shuffle(x.detach().reshape(1, 4, 2, 6), 2)", SERIES),
    ("m.feature_dropout(x, 0.5, False)", X),
    ("(m.manual_seed(3), m.feature_dropout(x, 0.5, True))[1]", SERIES),
    ("m.feature_dropout(x[0], 0.5, True)", X),
    ("m.chain_matmul(x, x.t(), x)", X),
    ("m.chain_matmul()", X),
    ("m.frobenius_norm(x, 1)", X),
    ("m.frobenius_norm(x, (0, 1), True)", X),
    ("m.nuclear_norm(x)", X),
    ("m.norm_except_dim(x, 2, 0)", SERIES),
    ("m.norm_except_dim(x, 2, -1)", SERIES),
    ("m.vander(x.detach()[0])", X),
    ("m.vander(x.detach()[0], 2, True)", X),
    ("m.vander(x.detach()[0], 0)", X),
    ("m.vander(x, 2)", X),
    ("m.vander(x[0], -1)", X),
    ("m.angle(x)", X),
    ("m.ldexp(m.tensor([1.5, 1e-4], dtype=m.float16), m.tensor([14, 20]))", X),
    ("m.tensor([m.ldexp(m.ones(1).bfloat16(), m.tensor([3])).dtype is m.bfloat16])", X),
    ("m.angle(m.tensor([0.0, -0.0, float('nan'), -3]))", X),
    ("m.angle(m.tensor([1, -1]))", X),
    ("x.angle()", X),
    ("m.isreal(x), x.isreal()", X),
    ("m.real(x), m.conj(x), m.conj_physical(x), m.resolve_conj(x), m.resolve_neg(x)", X),
    ("m.imag(x)", X),
    ("m.nonzero_static(x > 0, size=3)", X),
    ("m.nonzero_static(x > 0, size=9, fill_value=5), (x > 0).nonzero_static(size=1)", X),
    ("m.nonzero_static(x, size=-1)", X),
    ("m.cond(m.tensor(False), lambda x: x * 3, lambda x: x * 2, (x,))", X),
    ("m.nn.grad.conv1d_input((2, 3, 8), x[:, :, :2], x[:, :2, :7])", SERIES),
    ("m.nn.grad.conv1d_weight(x, (2, 3, 2), x[:, :2, :7])", SERIES),
    ("m.nn.grad.conv2d_weight(x[None], (1, 2, 1, 3), x[None, :1, :, :6], dilation=1)", SERIES),
]


@pytest.mark.parametrize(("line", "array"), LINES, ids=[line for line, _ in LINES])
def test_a_name_is_pytorchs(line: str, array: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(lambda m, x: eval(line, {"m": m, "x": x}), array)


@pytest.mark.parametrize("name", ["feature_dropout_"])
def test_in_place_forms(name: str, torch: Any) -> None:
    made = []
    for m in (minitorch, torch):
        m.manual_seed(0)
        x = m.ones(2, 4, 3)
        assert getattr(m, name)(x, 0.5, True) is x
        made.append(x.tolist())
    assert made[0] == made[1]


def test_the_gradient_of_as_strided_scatter_is_right_where_pytorchs_is_not() -> None:
    def function(x: Any, src: Any) -> Any:
        return minitorch.as_strided_scatter(x, src, (2,), (2,), 1)

    x, src = (minitorch.tensor(a, requires_grad=True) for a in (X, X[0, :2]))
    assert minitorch.autograd.gradcheck(function, (x, src))
    assert minitorch.autograd.gradgradcheck(function, (x, src))


def test_a_copy_has_memory_of_its_own() -> None:
    x = minitorch.zeros(2, 3)
    for made in (minitorch.view_copy(x, (6,)), *minitorch.unbind_copy(x), minitorch.alias_copy(x)):
        made.add_(1)
    assert x.sum() == 0


_NAMES = "bartlett blackman cosine exponential gaussian hamming hann kaiser nuttall"
WINDOWS = _NAMES.split()
OPTIONS = {
    "exponential": [{"tau": 2.0}, {"center": 1.0, "sym": False}, {"center": 1.0}, {"tau": 0}],
    "gaussian": [{"std": 2.0}, {"std": 0}],
    "kaiser": [{"beta": 3.0}, {"beta": 0.0}, {"beta": -1}],
    "general_cosine": [{"a": [0.4, 0.5, 0.1]}, {"a": []}, {"a": 3}, {}],
    "general_hamming": [{"alpha": 0.6}],
}


@pytest.mark.parametrize("name", [*WINDOWS, "general_cosine", "general_hamming"])
def test_windows(name: str, torch: Any) -> None:
    ours, theirs = (getattr(m.signal.windows, name) for m in (minitorch, torch))
    wanted = {*inspect.signature(theirs).parameters}
    assert {*inspect.signature(ours).parameters} == wanted | {"pin_memory"}
    for M in (0, 1, 2, 7, 8, -1):
        for options in ({}, {"sym": False}, *OPTIONS.get(name, [])):
            for dtype in ("float64", "float32", "int64"):

                def call(m: Any, M: Any = M, o: Any = options, dtype: Any = dtype) -> Any:
                    return getattr(m.signal.windows, name)(M, **o, dtype=getattr(m, dtype))

                same(call, tolerance=1e-7 if dtype == "float64" else 2e-6)


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hann", "kaiser"])
def test_windows_under_old_names(name: str) -> None:
    for arguments in ((0,), (1,), (5,), (6, False), (-1,), (6, False, 0.4)):
        for dtype in ("float64", "float32", "float16", "int64"):

            def call(m: Any, a: Any = arguments, dtype: Any = dtype) -> Any:
                return getattr(m, f"{name}_window")(*a, dtype=getattr(m, dtype))

            same(call, tolerance={"float16": 2e-3, "float64": 1e-7}.get(dtype, 2e-6))


@pytest.mark.parametrize(
    "line",
    [
        "m.get_deterministic_debug_mode()",
        "[m.set_deterministic_debug_mode(1), m.get_deterministic_debug_mode(),"
        " m.is_deterministic_algorithms_warn_only_enabled(), m.set_deterministic_debug_mode(0)]",
        "[m.set_deterministic_debug_mode('error'), m.are_deterministic_algorithms_enabled(),"
        " m.set_deterministic_debug_mode('default')]",
        "m.set_deterministic_debug_mode('x')",
        "m.set_deterministic_debug_mode(3)",
        "m.set_deterministic_debug_mode(None)",
        "m.set_num_interop_threads(0)",
        "[m.is_warn_always_enabled(), m.set_warn_always(True), m.is_warn_always_enabled(),"
        " m.set_warn_always(False)]",
        "m.set_warn_always(1)",
        "[m.sym_int(2.7), m.sym_int(-2.7), m.sym_float(3), m.sym_max(2, 3.0), m.sym_max(2, 3),"
        " m.sym_min(2, 3.0), m.sym_not(True), m.sym_ite(False, 1, 2), m.sym_sqrt(4),"
        " m.sym_sum([1, 2])]",
        "[isinstance(3, m.SymInt), isinstance(3.0, m.SymFloat), isinstance(True, m.SymBool)]",
        "m.is_neg(m.ones(1)), m.is_distributed(m.ones(1)), m.is_vulkan_available()",
        "m.get_device(m.ones(1))",
        "m.empty_permuted((2, 3, 4), (2, 0, 1)).stride()",
        "m.empty_permuted((2, 3), (0, 0))",
        "m.nn.factory_kwargs({'device': 1, 'factory_kwargs': {'dtype': 2}})",
        "m.nn.factory_kwargs({'x': 1})",
        "m.nn.factory_kwargs({'dtype': 1, 'factory_kwargs': {'dtype': 2}})",
        "m.nn.factory_kwargs(None)",
        "m.Generator().manual_seed(3).clone_state().initial_seed() == 3",
        "m.utils.set_module(int, 3)",
        "m.nn.utils.convert_conv2d_weight_memory_format(m.nn.Conv2d(2, 3, 2),"
        " m.channels_last).weight.stride()",
        "[m.backends.cuda.flash_sdp_enabled(), m.backends.cuda.is_flash_attention_available(),"
        " m.backends.cuda.matmul.allow_tf32]",
        "[m.xpu.memory_allocated(), m.xpu.is_bf16_supported(), m.xpu.get_arch_list()]",
        "m.xpu.current_device()",
        "m.accelerator.memory_allocated()",
        "m.mps.current_allocated_memory()",
        "[m.cpu.is_initialized(), m.cpu.set_device('cpu'), m.cpu.current_stream() is None]",
        "m.fork(lambda x: x + 1, 2) is None",
        "[len(m.cuda.default_generators), m.cuda.get_gencode_flags(), m.cuda.host_memory_stats()]",
    ],
)
def test_a_setting_is_pytorchs(line: str, torch: Any) -> None:
    told: list[Any] = []
    for m in (minitorch, torch):
        try:
            told.append(eval(line, {"m": m}))
        except Exception as error:
            told.append(error)
    ours, theirs = told
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        assert isinstance(ours, type(theirs)), (ours, theirs)
    else:
        assert ours == theirs
