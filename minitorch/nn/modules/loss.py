"""Losses as layers; what they compute is in `minitorch.nn.functional`, under the like name.

Args: reduction: 'mean', 'sum' or 'none'; size_average, reduce: deprecated spellings of it, with a
warning; weight: a factor for each class, a buffer. Calling a loss refuses wrong values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from minitorch._tensor import Tensor
from minitorch.nn import functional as F
from minitorch.nn.modules._functional import FunctionalModule
from minitorch.nn.modules.distance import PairwiseDistance
from minitorch.ops.losses.classification import reduction_of

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NLLLoss2d",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class _Loss(FunctionalModule, options=("reduction",)):
    """A loss that is averaged, summed or left as it is."""

    _shown = ()

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = reduction
        if size_average is not None or reduce is not None:
            self.reduction = reduction_of(size_average, reduce, reduction)


class _TargetLoss(_Loss):
    """A loss of an input and a target."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._function(input, target, **self._keywords())


class _WeightedLoss(_TargetLoss, options=("weight", "reduction")):
    """A loss with a weight a class, which is a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


# ---- classes ----------------------------------------------------------------------------------


class CrossEntropyLoss(_WeightedLoss, function=F.cross_entropy):
    """Cross entropy of logits with class indices or probabilities.

    Args:
        ignore_index: a target index that counts for nothing.
        label_smoothing: in [0, 1]; how much of each target is spread over all classes.

    Shape: logits ``(C)`` or ``(N, C, *)``; indices ``()`` or ``(N, *)``, or probabilities as the
    logits.

    >>> import minitorch
    >>> CrossEntropyLoss()(minitorch.zeros(1, 4), minitorch.tensor([2]))  # log(4)
    tensor(1.3863)
    """

    _options = ("weight", "ignore_index", "reduction", "label_smoothing")

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class NLLLoss(_WeightedLoss, function=F.nll_loss, options=("weight", "ignore_index", "reduction")):
    """Minus the log-probability given to class indices; `ignore_index` counts for nothing.

    Shape: log-probabilities ``(C)`` or ``(N, C, *)``; indices ``()`` or ``(N, *)``.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index


class NLLLoss2d(NLLLoss):
    """The old name of `NLLLoss` for images; warns."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class BCELoss(_WeightedLoss, function=F.binary_cross_entropy):
    """Binary cross entropy of probabilities with targets in [0, 1].

    Shape: two of one shape; `weight` of one that broadcasts to it.
    """


class BCEWithLogitsLoss(_WeightedLoss, function=F.binary_cross_entropy_with_logits):
    """Binary cross entropy of logits with targets in [0, 1].

    Args:
        pos_weight: a factor for the positive part.

    Shape: two of one shape; `weight` and `pos_weight` of one that broadcasts to it.
    """

    _options = ("weight", "pos_weight", "reduction")

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)


class MultiMarginLoss(_WeightedLoss, function=F.multi_margin_loss):
    """By how much other classes' scores come within `margin` of the right one's, to the power `p`.

    Shape: scores ``(C)`` or ``(N, C)``; indices ``()`` or ``(N)``.

    Raises:
        ValueError: for p other than 1 or 2, or a weight that is no vector.
    """

    _options = ("p", "margin", "weight", "reduction")

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D "
                "instead"
            )
        self.p, self.margin = p, margin


class MultiLabelMarginLoss(_TargetLoss, function=F.multilabel_margin_loss):
    """By how much wrong classes' scores come within 1 of the right ones'.

    Shape: scores and indices ``(C)`` or ``(N, C)``; the right classes come first, then -1.
    """


class MultiLabelSoftMarginLoss(_WeightedLoss, function=F.multilabel_soft_margin_loss):
    """Binary cross entropy of logits with zeros and ones, averaged over the classes.

    Shape: two of ``(N, C)`` or ``(C)``.
    """


class SoftMarginLoss(_TargetLoss, function=F.soft_margin_loss):
    """``log(1 + exp(-target * input))``, for targets -1 and 1; two of one shape."""


class CTCLoss(_Loss, function=F.ctc_loss, options=("blank", "reduction", "zero_infinity")):
    """Connectionist temporal classification (Graves et al., 2006).

    Args:
        blank: the index of the label that stands for none.
        zero_infinity: whether to make losses of targets that cannot be aligned zero.

    Shape: log-probabilities ``(T, N, C)``, targets ``(N, S)`` or concatenated, lengths ``(N)``.
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        lengths = (input_lengths, target_lengths)
        return self._function(log_probs, targets, *lengths, **self._keywords())


# ---- numbers ----------------------------------------------------------------------------------


class MSELoss(_TargetLoss, function=F.mse_loss):
    """The squared difference of two of one shape.

    >>> import minitorch
    >>> MSELoss()(minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 4.0]))
    tensor(2.)
    """


class L1Loss(_TargetLoss, function=F.l1_loss):
    """The absolute difference of two of one shape."""


class SmoothL1Loss(_TargetLoss, function=F.smooth_l1_loss, options=("reduction", "beta")):
    """`L1Loss`, but quadratic where the difference is below `beta`; two of one shape."""

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(_TargetLoss, function=F.huber_loss, options=("reduction", "delta")):
    """Half `MSELoss`, but linear where the difference is above `delta`; two of one shape.

    Raises:
        TypeError: for a `delta` that is no number.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta


class PoissonNLLLoss(_Loss, function=F.poisson_nll_loss):
    """Minus the log-likelihood of counts under a Poisson distribution.

    Args:
        log_input: whether the input is the rate's logarithm.
        full: whether to add Stirling's approximation of ``log(target!)``.
        eps: added to the rate, unless it comes as a logarithm.

    Shape: two of one shape.
    """

    _options = ("log_input", "full", "eps", "reduction")

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return self._function(log_input, target, **self._keywords())


class GaussianNLLLoss(_Loss, function=F.gaussian_nll_loss, options=("full", "eps", "reduction")):
    """Minus the log-likelihood under a normal distribution of a given mean and variance.

    Args:
        full: whether to add the constant ``log(2 * pi) / 2``.
        eps: the least variance.

    Shape: input and target of one shape; the variance too, or with its last dimension 1 or left
    out; or a number.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return self._function(input, target, var, **self._keywords())


class KLDivLoss(_TargetLoss, function=F.kl_div, options=("reduction", "log_target")):
    """Kullback-Leibler divergence of log-probabilities from targets.

    Args:
        reduction: also 'batchmean', which is the definition, over the batch.
        log_target: whether the target comes as a logarithm too.

    Shape: two of one shape.
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


# ---- pairs and triples ------------------------------------------------------------------------


class _MarginLoss(_Loss, options=("margin", "reduction")):
    """A loss of pairs with a margin, 0 unless given."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return self._function(input1, input2, target, **self._keywords())


class MarginRankingLoss(_MarginLoss, function=F.margin_ranking_loss):
    """By how much the pair comes within `margin` of its order: first larger for 1, less for -1.

    Shape: three of one shape.
    """


class CosineEmbeddingLoss(_MarginLoss, function=F.cosine_embedding_loss):
    """One minus the cosine of pairs for target 1, the cosine above `margin` for -1.

    Shape: two of ``(N, D)`` or ``(D)``; target ``(N)`` or ``()``.
    """


class HingeEmbeddingLoss(_TargetLoss, function=F.hinge_embedding_loss):
    """The input for target 1, ``max(0, margin - input)`` for -1; two of one shape."""

    _options = ("margin", "reduction")

    def __init__(
        self,
        margin: float = 1.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class _TripletLoss(_Loss):
    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return self._function(anchor, positive, negative, **self._keywords())

    def _check_margin(self, margin: float) -> None:
        if margin <= 0:
            raise ValueError(
                f"{type(self).__name__}: expected margin to be greater than 0, got {margin} instead"
            )


class TripletMarginLoss(_TripletLoss, function=F.triplet_margin_loss):
    """By how much the positive is not nearer to the anchor than the negative, less `margin`.

    Args:
        p: of which norm the distance is.
        eps: added to the differences.
        swap: whether to take the positive's distance to the negative where that is less.

    Shape: three of ``(N, D)`` or ``(D)``.

    Raises:
        ValueError: unless the margin is positive.
    """

    _options = ("margin", "p", "eps", "swap", "reduction")

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._check_margin(margin)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap


class TripletMarginWithDistanceLoss(_TripletLoss, function=F.triplet_margin_with_distance_loss):
    """`TripletMarginLoss` with a distance of your own.

    Args:
        distance_function: takes two tensors; `PairwiseDistance` by default.
        swap: whether to take the positive's distance to the negative where that is less.

    Raises:
        ValueError: unless the margin is positive.
    """

    _options = ("distance_function", "margin", "swap", "reduction")

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self._check_margin(margin)
        self.distance_function = distance_function or PairwiseDistance()
        self.margin, self.swap = margin, swap
