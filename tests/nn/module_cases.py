"""The table of modules: each with the options that matter, and inputs for it.

A row is the constructor's call, as text, which is made of both frameworks: ``nn`` is their
``nn`` and ``m`` the framework itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import oracle

Array = np.ndarray[Any, np.dtype[Any]]
Maker = Callable[[np.random.Generator], Array]


class Row(NamedTuple):
    """One module.

    Attributes:
        text: the call of its constructor.
        makers: what draws each of its inputs, from a generator of random numbers.
        call: how it is called.
        draws: whether it draws in training, so that it is no function to take differences of.
        constants: how many of the last inputs take no gradient (in PyTorch, where they might).
        single: whether PyTorch's float64 is no better than its float32.
        smooth: whether its gradient is that of what it computes: a padding's is left out.
    """

    text: str
    makers: tuple[Maker, ...]
    call: Callable[..., Any]
    draws: bool
    constants: int
    single: bool
    smooth: bool

    @property
    def name(self) -> str:
        return self.text.partition("(")[0]

    def module(self, m: Any) -> Any:
        """The module, of the framework `m`."""
        return eval(f"nn.{self.text}", {"nn": m.nn, "m": m})

    def inputs(self, m: Any, dtype: str, gradients: bool = True) -> list[Any]:
        """Tensors for it, those with a floating-point dtype in `dtype`."""
        generator = np.random.default_rng(0)
        arrays = [np.asarray(make(generator)) for make in self.makers]
        arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        learn = len(arrays) - self.constants
        some = oracle.as_inputs(m, tuple(arrays[:learn]), gradients)
        return some + oracle.as_inputs(m, tuple(arrays[learn:]), False)


def normal(*shape: int) -> Maker:
    return lambda generator: generator.standard_normal(shape)


def unit(*shape: int) -> Maker:
    """Between 0 and 1, not near either."""
    return lambda generator: generator.uniform(0.1, 0.9, shape)


def logs(*shape: int) -> Maker:
    """Logarithms of probabilities, along dimension 1."""

    def make(generator: np.random.Generator) -> Array:
        x = generator.standard_normal(shape)
        return x - np.log(np.exp(x).sum(1, keepdims=True))

    return make


def distinct(*shape: int) -> Maker:
    """All different, by 0.25 at least: for what picks the largest."""
    size = int(np.prod(shape))
    return lambda generator: (generator.permutation(size) * 0.25 - size / 8).reshape(shape)


def integers(low: int, high: int, *shape: int) -> Maker:
    return lambda generator: generator.integers(low, high, shape)


def signs(*shape: int) -> Maker:
    return lambda generator: generator.integers(0, 2, shape) * 2.0 - 1.0


def given(values: Any) -> Maker:
    return lambda generator: np.array(values)


ROWS: list[Row] = []


def row(
    text: str,
    *makers: Maker,
    call: Callable[..., Any] = lambda module, *xs: module(*xs),
    draws: bool = False,
    constants: int = 0,
    single: bool = False,
    smooth: bool = True,
) -> None:
    ROWS.append(Row(text, makers, call, draws, constants, single, smooth))


L, H, V = normal(2, 4, 9), normal(2, 4, 6, 7), normal(1, 2, 4, 5, 6)  # lines, images, volumes

# ---- activations ------------------------------------------------------------------------------

PLAIN = """
    CELU() CELU(0.5) ELU() ELU(alpha=2.0) GELU() GELU('tanh') GLU() GLU(1) Hardshrink()
    Hardshrink(1.0) Hardswish() Hardtanh() Hardtanh(-0.5,2.0) LeakyReLU()
    LeakyReLU(0.2) LogSigmoid() LogSoftmax(dim=1) LogSoftmax(-1) Mish() PReLU() PReLU(4,init=0.1)
    ReLU() ReLU6() SELU() SiLU() Sigmoid() Softmax(dim=1) Softmax(2) Softmax2d() Softmin(0)
    Softplus() Softplus(2.0,1.0) Softshrink() Softshrink(0.1) Softsign() Tanh() Tanhshrink()
    Threshold(0.1,20.0)
"""
INPLACE = """
    CELU(0.5,True) ELU(2.0,True) Hardswish(True) Hardtanh(inplace=True)
    LeakyReLU(0.2,True) Mish(True) ReLU(True) ReLU6(True) SELU(True) SiLU(True)
    Threshold(0.1,20.0,True)
"""
for text in PLAIN.split():
    row(text, normal(2, 4, 3, 2))
for text in INPLACE.split():
    row(text, normal(2, 3), call=lambda module, x: module(x * 1))
row("Hardsigmoid()", normal(2, 3), single=True)  # its 1 / 6 is a float32
row("Hardsigmoid(True)", normal(2, 3), call=lambda f, x: f(x * 1), single=True)
row("RReLU()", normal(3, 5), draws=True)
row("RReLU(0.2, 0.4, inplace=True)", normal(3, 5), call=lambda f, x: f(x * 1), draws=True)
row("PReLU(3, dtype=m.float64)", normal(2, 3, 2))
row("Softmax2d()", normal(4, 3, 2))

# ---- pooling ----------------------------------------------------------------------------------

for n, x in ((1, distinct(2, 4, 9)), (2, distinct(2, 2, 6, 7)), (3, distinct(1, 2, 4, 5, 6))):
    row(f"MaxPool{n}d(2)", x)
    row(f"MaxPool{n}d(3, stride=2, padding=1, dilation=1, ceil_mode=True)", x)
    row(f"MaxPool{n}d(2, 1, 0, 2, return_indices=True)", x)
    row(f"AdaptiveMaxPool{n}d(2)", x)
    row(f"AdaptiveMaxPool{n}d(3, return_indices=True)", x)
    row(f"AdaptiveAvgPool{n}d(3)", x)
for n, x in ((1, L), (2, H), (3, V)):
    row(f"AvgPool{n}d(2)", x)
    row(f"AvgPool{n}d(3, 2, 1, True, count_include_pad=False)", x)
    row(f"LPPool{n}d(2, 2)", x)
    row(f"LPPool{n}d(3.0, 3, stride=1, ceil_mode=True)", unit(1, 2, *(4,) * n))
row("MaxPool2d((2, 3), (1, 2))", distinct(2, 6, 7))
row("AvgPool2d((2, 3), divisor_override=5)", H)
row("AvgPool3d((2, 1, 2), stride=(1, 2, 1), divisor_override=3)", V)
row("AdaptiveAvgPool2d((None, 3))", H)
row("AdaptiveAvgPool3d((2, None, 1))", V)
row("AdaptiveMaxPool2d((2, None))", distinct(2, 6, 7))
row("MaxUnpool1d(2)", normal(1, 1, 3), given([[[1, 2, 5]]]))
row("MaxUnpool1d(2)", normal(1, 1, 3), given([[[1, 2, 6]]]), call=lambda f, x, i: f(x, i, (7,)))
row("MaxUnpool2d(2, stride=2, padding=0)", normal(1, 1, 1, 2), given([[[[5, 2]]]]))
row("MaxUnpool2d((2, 2))", normal(1, 1, 2), given([[[5, 2]]]), call=lambda f, x, i: f(x, i, (2, 5)))
row("MaxUnpool3d(2)", normal(1, 1, 1, 1, 2), given([[[[[5, 10]]]]]))

# ---- padding ----------------------------------------------------------------------------------

for n, x in ((1, L), (2, H), (3, V)):
    sides = tuple(range(1, 3)) * n
    for kind in ("Circular", "Reflection", "Replication", "Zero"):
        row(f"{kind}Pad{n}d(1)", x)
        row(f"{kind}Pad{n}d({sides})", x)
    row(f"ConstantPad{n}d(2, 3.5)", x)
    row(f"ConstantPad{n}d({sides}, value=-1)", x)
row("ZeroPad2d((-1, 2, 0, -2))", normal(2, 6, 7))

# ---- normalisation ----------------------------------------------------------------------------

for n, x in ((1, L), (2, H), (3, normal(3, 4, 2, 3, 2))):
    row(f"BatchNorm{n}d(4)", x)
    row(f"BatchNorm{n}d(4, eps=0.01, momentum=None)", x)
    row(f"BatchNorm{n}d(4, affine=False, momentum=0.3)", x)
    row(f"BatchNorm{n}d(4, track_running_stats=False)", x)
    row(f"InstanceNorm{n}d(4)", x)
    row(f"InstanceNorm{n}d(4, affine=True, track_running_stats=True)", x)
    row(f"InstanceNorm{n}d(4, 0.1, None, track_running_stats=True)", x)
row("BatchNorm1d(4)", normal(3, 4))
row("BatchNorm1d(4, bias=False, dtype=m.float64)", normal(3, 4))
row("InstanceNorm1d(4, affine=True, bias=False)", normal(4, 9))
row("InstanceNorm2d(4, track_running_stats=True)", normal(4, 3, 2))
row("GroupNorm(2, 4)", H)
row("GroupNorm(4, 4, eps=0.1, affine=False)", L)
row("GroupNorm(1, 4, bias=False)", normal(3, 4))
row("LayerNorm(7)", H)
row("LayerNorm((6, 7), eps=0.1)", H)
row("LayerNorm([7], bias=False)", H)
row("LayerNorm(7, elementwise_affine=False)", H)
row("RMSNorm(7)", H)
row("RMSNorm([6, 7], eps=0.1, elementwise_affine=False)", H)
row("LocalResponseNorm(2)", H)
row("LocalResponseNorm(3, alpha=0.1, beta=0.5, k=2.0)", L)

# ---- convolutions and affine layers -----------------------------------------------------------

for n, x in ((1, L), (2, H), (3, normal(1, 4, 4, 5, 3))):
    row(f"Conv{n}d(4, 6, 2)", x)
    row(f"Conv{n}d(4, 2, 3, stride=2, padding=1, groups=2, bias=False)", x)
    row(f"Conv{n}d(4, 2, 2, padding='same', dilation=1)", x)
    row(f"ConvTranspose{n}d(4, 2, 3)", x)
    row(f"ConvTranspose{n}d(4, 6, 3, 2, 1, 1, groups=2, bias=False)", x)
    row(f"ConvTranspose{n}d(4, 2, 2, dilation=2)", x)
    for mode in ("reflect", "replicate", "circular"):
        row(f"Conv{n}d(4, 2, 3, padding=1, padding_mode='{mode}')", x)
row("Conv2d(4, 2, (1, 3), padding=(0, 1), dilation=(1, 2))", normal(4, 6, 7))
row("Conv2d(4, 2, (2, 3), padding='same', padding_mode='circular')", H)
row("Conv2d(4, 2, 2, padding='valid', padding_mode='reflect')", H)
row("Conv1d(4, 2, 4, padding='same', dilation=2)", L)
row("ConvTranspose1d(4, 2, 3, stride=2)", L, call=lambda f, x: f(x, [20]))
row("ConvTranspose2d(4, 2, 3, stride=2)", H, call=lambda f, x: f(x, output_size=(2, 2, 14, 15)))
row("ConvTranspose2d(4, 2, 3, (1, 2))", normal(4, 3, 2), call=lambda f, x: f(x, (5, 6)))
row("ConvTranspose3d(4, 1, 2, stride=2)", normal(4, 1, 2, 1), call=lambda f, x: f(x, (3, 4, 2)))
row("Linear(4, 3)", normal(2, 5, 4))
row("Linear(4, 3, bias=False, dtype=m.float64)", normal(4))
row("Bilinear(2, 3, 4)", normal(5, 2), normal(5, 3))
row("Bilinear(2, 3, 1, bias=False)", normal(2, 5, 2), normal(2, 5, 3))
row("Identity(3, unused=4)", normal(3))
row("Embedding(5, 3)", integers(0, 5, 2, 4))
row("Embedding(5, 3, padding_idx=-1)", integers(0, 5, 7), smooth=False)
row("Embedding(5, 3, padding_idx=1, scale_grad_by_freq=True)", integers(0, 5, 7), smooth=False)
row("Embedding(5, 3, max_norm=1.0, norm_type=1)", integers(0, 5, 7), smooth=False)
row("Embedding(2, 3, _weight=m.ones(2, 3), _freeze=True)", integers(0, 2, 3))
row("Embedding.from_pretrained(m.ones(4, 2), freeze=False, padding_idx=0)", integers(0, 4, 3))
row("EmbeddingBag(5, 3)", integers(0, 5, 2, 4))
row("EmbeddingBag(5, 3, mode='sum', padding_idx=1)", integers(0, 5, 7), given([0, 2, 6]))
row("EmbeddingBag(5, 3, mode='max')", integers(0, 5, 7), given([0, 2, 6]))
row(
    "EmbeddingBag(5, 3, mode='sum', include_last_offset=True)",
    integers(0, 5, 7),
    given([0, 3, 7]),
    normal(7),
)
row("EmbeddingBag(5, 3, 1.0, 3.0)", integers(0, 5, 2, 4), smooth=False)
row("EmbeddingBag.from_pretrained(m.ones(4, 2), mode='mean')", integers(0, 4, 2, 3))

# ---- shapes -----------------------------------------------------------------------------------

row("Flatten()", H)
row("Flatten(0, 1)", H)
row("Unflatten(1, (2, 2))", H)
row("Unflatten(-1, [7, -1])", H)
row("PixelShuffle(2)", normal(2, 4, 3, 2))
row("PixelUnshuffle(2)", normal(2, 3, 4, 6))
row("ChannelShuffle(2)", H)
row("Unfold(2)", H)
row("Unfold((2, 3), dilation=(1, 2), padding=1, stride=2)", H)
row("Fold((4, 5), (2, 2))", normal(1, 8, 12))
row("Fold(4, 2, dilation=1, padding=1, stride=2)", normal(1, 4, 9))
row("Upsample(scale_factor=2)", normal(1, 2, 3))
row("Upsample((5, 4), mode='bilinear')", H)
row("Upsample(size=11, mode='linear', align_corners=True)", L)
row("Upsample(scale_factor=(2, 1.5), mode='bicubic')", H)
row("Upsample(scale_factor=1.5, mode='nearest', recompute_scale_factor=True)", H)
row("Upsample(scale_factor=2, mode='trilinear')", normal(1, 1, 2, 2, 3))
row("UpsamplingNearest2d(scale_factor=2)", H)
row("UpsamplingBilinear2d(size=(5, 4))", H)

# ---- dropout ----------------------------------------------------------------------------------

for kind, x in (
    ("Dropout", normal(4, 5)),
    ("Dropout1d", L),
    ("Dropout2d", H),
    ("Dropout3d", V),
    ("AlphaDropout", normal(4, 5)),
    ("FeatureAlphaDropout", H),
):
    row(f"{kind}()", x, draws=True)
    row(f"{kind}(0.2)", x, draws=True)
    row(f"{kind}(p=0.9, inplace=True)", x, call=lambda f, x: f(x * 1), draws=True)

# ---- losses -----------------------------------------------------------------------------------

for reduction in ("mean", "sum", "none"):
    how = f"reduction='{reduction}'"
    scores, labels = normal(4, 5), integers(0, 5, 4)
    row(f"CrossEntropyLoss({how})", scores, labels)
    row(f"CrossEntropyLoss(label_smoothing=0.1, {how})", normal(2, 5, 3), integers(0, 5, 2, 3))
    row(f"CrossEntropyLoss(m.arange(1., 6), ignore_index=2, {how})", scores, labels)
    row(f"NLLLoss({how})", logs(4, 5), labels)
    row(f"NLLLoss(m.arange(1., 6), ignore_index=1, {how})", logs(2, 5, 3), integers(0, 5, 2, 3))
    row(f"MSELoss({how})", normal(3, 4), normal(3, 4))
    row(f"L1Loss({how})", normal(3, 4), normal(3, 4))
    row(f"SmoothL1Loss({how}, beta=0.5)", normal(3, 4), normal(3, 4))
    row(f"HuberLoss({how}, delta=0.5)", normal(3, 4), normal(3, 4))
    row(f"PoissonNLLLoss({how})", normal(3, 4), normal(3, 4))
    counts = given([[0.0, 1, 2, 5]] * 3)
    row(f"PoissonNLLLoss(False, True, eps=0.1, {how})", unit(3, 4), counts, constants=1)
    row(f"GaussianNLLLoss({how})", normal(3, 4), normal(3, 4), unit(3, 4))
    row(f"GaussianNLLLoss(full=True, eps=0.01, {how})", normal(3, 4), normal(3, 4), unit(3, 1))
    row(f"KLDivLoss({how})", logs(3, 4), unit(3, 4))
    row(f"KLDivLoss({how}, log_target=True)", logs(3, 4), logs(3, 4))
    row(f"BCELoss({how})", unit(3, 4), unit(3, 4))
    row(f"BCELoss(m.arange(1., 5), {how})", unit(3, 4), unit(3, 4))
    row(f"BCEWithLogitsLoss({how})", normal(3, 4), unit(3, 4))
    row(
        f"BCEWithLogitsLoss(m.arange(1., 5), pos_weight=m.full((4,), 2.), {how})",
        normal(3, 4),
        unit(3, 4),
    )
    row(f"HingeEmbeddingLoss(0.5, {how})", normal(3, 4), signs(3, 4))
    row(f"SoftMarginLoss({how})", normal(3, 4), signs(3, 4), constants=1)
    row(f"MultiLabelMarginLoss({how})", normal(2, 4), given([[3, 0, -1, 1], [1, -1, 2, 0]]))
    row(f"MultiLabelSoftMarginLoss({how})", normal(3, 4), unit(3, 4))
    row(f"MultiLabelSoftMarginLoss(m.arange(1., 5), {how})", normal(3, 4), unit(3, 4))
    row(f"MultiMarginLoss({how})", normal(4, 5), labels)
    row(f"MultiMarginLoss(2, 0.5, m.arange(1., 6), {how})", normal(4, 5), labels)
    row(f"CosineEmbeddingLoss(0.1, {how})", normal(3, 4), normal(3, 4), signs(3))
    row(f"MarginRankingLoss(0.1, {how})", normal(3, 4), normal(3, 4), signs(3, 4))
    triple = normal(3, 4), normal(3, 4), normal(3, 4)
    row(f"TripletMarginLoss({how})", *triple)
    row(f"TripletMarginLoss(0.5, 1.0, 1e-3, True, {how})", *triple)
    row(f"TripletMarginWithDistanceLoss({how})", *triple)
    row(
        "TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).abs().sum(-1), "
        f"margin=2.0, swap=True, {how})",
        *triple,
    )
    # PyTorch's gradient takes it for granted that the probabilities come from a log_softmax.
    row(
        f"CTCLoss({how})",
        normal(6, 2, 4),
        given([[1, 1, 0], [3, 1, 2]]),
        given([6, 5]),
        given([2, 3]),
        call=lambda f, x, *rest: f(x.log_softmax(2), *rest),
    )
    row(
        f"CTCLoss(3, {how}, zero_infinity=True)",
        normal(4, 2, 4),
        given([[0, 1, 1, 0], [1, 0, 2, 0]]),
        given([4, 4]),
        given([4, 3]),
        call=lambda f, x, *rest: f(x.log_softmax(2), *rest),
    )
row("KLDivLoss(reduction='batchmean')", logs(3, 4), unit(3, 4))
row("CrossEntropyLoss()", normal(4, 5), unit(4, 5))
row("CosineSimilarity()", normal(3, 4), normal(3, 4))
row("CosineSimilarity(dim=-1, eps=0.1)", normal(2, 3, 4), normal(3, 4))
row("PairwiseDistance()", normal(3, 4), normal(3, 4))
row("PairwiseDistance(1.0, 1e-3, keepdim=True)", normal(3, 4), normal(4))
