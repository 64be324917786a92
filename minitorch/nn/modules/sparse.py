"""Tables of vectors, looked up by number. (The gradients are dense, whatever the file's name.)"""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.factory import empty
from minitorch.nn import functional as F, init
from minitorch.nn.modules._functional import FunctionalModule
from minitorch.nn.modules.utils import unusual
from minitorch.nn.parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(FunctionalModule):
    """`num_embeddings` vectors of `embedding_dim` elements."""

    padding_idx: int | None

    def _hold(
        self,
        sizes: tuple[int, int],
        padding_idx: int | None,
        given: Tensor | None,
        learn: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        rows, _ = self.num_embeddings, self.embedding_dim = sizes
        if padding_idx is not None:
            if not -rows <= padding_idx < max(rows, 1):
                wanted = "Padding_idx" if isinstance(self, Embedding) else "padding_idx"
                raise AssertionError(f"{wanted} must be within num_embeddings")
            if padding_idx < 0:
                padding_idx += rows
        self.padding_idx = padding_idx
        if given is None:
            made = empty(sizes, device=device, dtype=dtype)
            self.weight = Parameter(made, requires_grad=learn)
            self.reset_parameters()
        elif tuple(given.shape) != sizes:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        else:
            self.weight = Parameter(given, requires_grad=learn)

    def reset_parameters(self) -> None:
        """Draw the vectors from N(0, 1), and zero the padding's."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)


class Embedding(_Table, function=F.embedding):
    """A learned vector for each number; see `minitorch.nn.functional.embedding`.

    Args:
        num_embeddings, embedding_dim: how many vectors, and how long.
        padding_idx: this one starts as zeros and does not learn.
        max_norm: vectors that are looked up and longer, by `norm_type`, are scaled down to it.
        scale_grad_by_freq: divide a vector's gradient by how often it was looked up.
        sparse: sparse gradients are not covered; refused when called.

    Shape: integers ``(*)``, to ``(*, embedding_dim)``.

    Raises:
        AssertionError: for a `padding_idx` out of range.

    >>> import minitorch
    >>> table = Embedding.from_pretrained(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> table(minitorch.tensor([1, 0]))
    tensor([[3., 4.],
            [1., 2.]])
    """

    _options = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        sizes = (num_embeddings, embedding_dim)
        self._hold(sizes, padding_idx, _weight, not _freeze, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return self._function(input, self.weight, **self._keywords())

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}" + unusual(self, padding_idx=None)
        text += unusual(self, max_norm=None, norm_type=2, scale_grad_by_freq=False)
        return text if self.sparse is False else f"{text}, sparse=True"

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A table over `embeddings` ``(V, D)``, which does not learn unless freeze=False."""
        rows, columns = _sizes(embeddings)
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        return cls(rows, columns, *options, _weight=embeddings, _freeze=freeze)


class EmbeddingBag(_Table, function=F.embedding_bag):
    """Sums, means or maxima of bags of vectors; see `minitorch.nn.functional.embedding_bag`.

    Args:
        mode: 'sum', 'mean' or 'max'.
        include_last_offset: whether `offsets` ends with where the last bag ends.
        padding_idx: this number counts for nothing.
        num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, sparse: as in
            `Embedding`.

    Shape: integers ``(B, N)``, or ``(N)`` with offsets ``(B)``; to ``(B, embedding_dim)``.

    Raises:
        AssertionError: for a `padding_idx` out of range.
    """

    _options = (*Embedding._options, "mode", "include_last_offset")

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.mode, self.sparse = scale_grad_by_freq, mode, sparse
        self.include_last_offset = include_last_offset
        sizes = (num_embeddings, embedding_dim)
        self._hold(sizes, padding_idx, _weight, True, device, dtype)

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        bags = {"offsets": offsets, "per_sample_weights": per_sample_weights}
        return self._function(input, self.weight, **bags, **self._keywords())

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        text += unusual(self, max_norm=None, norm_type=2, scale_grad_by_freq=False)
        return f"{text}, mode={self.mode!r}" + unusual(self, padding_idx=None)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """A table over `embeddings` ``(V, D)``, which does not learn unless freeze=False."""
        rows, columns = _sizes(embeddings)
        options = (max_norm, norm_type, scale_grad_by_freq, mode, sparse)
        table = cls(rows, columns, *options, embeddings, include_last_offset, padding_idx)
        table.weight.requires_grad = not freeze
        return table


def _sizes(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.dim() != 2:
        raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
    return embeddings.size(0), embeddings.size(1)
