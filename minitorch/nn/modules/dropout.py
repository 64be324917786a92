"""Dropout layers: in training something is zeroed at random, in evaluation nothing is.

Srivastava et al., Journal of Machine Learning Research 15, 2014.

Args: p: how probable it is; inplace: whether to overwrite the input.

Raises: ValueError: for a probability outside 0..1.
"""

from __future__ import annotations

from minitorch.nn import functional as F
from minitorch.nn.modules._functional import UnaryModule

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(UnaryModule, options=("p", "training", "inplace")):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd, function=F.dropout):
    """Each element zeroed with probability `p`, the others scaled up by ``1 / (1 - p)``.

    >>> import minitorch
    >>> Dropout(0.5).eval()(minitorch.ones(3))
    tensor([1., 1., 1.])
    """


class Dropout1d(_DropoutNd, function=F.dropout1d):
    """Whole channels of ``(N, C, L)`` or ``(C, L)`` zeroed, the others scaled up."""


class Dropout2d(_DropoutNd, function=F.dropout2d):
    """Whole channels of ``(N, C, H, W)`` zeroed, the others scaled up."""


class Dropout3d(_DropoutNd, function=F.dropout3d):
    """Whole channels of ``(N, C, D, H, W)`` zeroed, the others scaled up."""


class AlphaDropout(_DropoutNd, function=F.alpha_dropout, options=("p", "training")):
    """Elements set to SELU's lower limit, and mean and variance kept (Klambauer et al., 2017).

    As in PyTorch, `inplace` is not heeded.
    """


class FeatureAlphaDropout(_DropoutNd, function=F.feature_alpha_dropout, options=("p", "training")):
    """`AlphaDropout` of whole channels. As in PyTorch, `inplace` is not heeded."""
