"""Softmax over many classes, the rare ones in clusters (Grave et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import minitorch
from minitorch._tensor import Tensor
from minitorch.nn import functional as F
from minitorch.nn.modules.container import ModuleList, Sequential
from minitorch.nn.modules.linear import Linear
from minitorch.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """Log probability of each sample's target, and the mean loss."""

    output: Tensor
    loss: Tensor


_ASMoutput.__name__ = _ASMoutput.__qualname__ = "ASMoutput"


class AdaptiveLogSoftmaxWithLoss(Module):
    """A classifier whose frequent classes are told at once, and whose rare ones by their cluster.

    Args:
        in_features: the size of a sample.
        n_classes: how many classes there are, the most frequent first.
        cutoffs: the first class of each cluster.
        div_value: how many times smaller each cluster's layer is than the one before.
        head_bias: whether the first layer has a bias.

    Shape: ``(N, in_features)`` and targets ``(N)``, or ``(in_features)`` and a target ``()``, to
    ``output`` of the targets' shape and a scalar ``loss``.

    Raises:
        ValueError: for cutoffs that do not rise from 1 to n_classes - 1.

    >>> import minitorch
    >>> layer = AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10])
    >>> output, loss = layer(minitorch.zeros(3, 16), minitorch.tensor([0, 7, 19]))
    >>> output.shape, layer.log_prob(minitorch.zeros(3, 16)).shape
    (torch.Size([3]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        ends = list(cutoffs)
        if not ends:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            ends != sorted(set(ends))
            or ends[0] <= 0
            or ends[-1] > n_classes - 1
            or any(int(end) != end for end in ends)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                "order, where each value is between 1 and n_classes-1"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*ends, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = ends[0], len(ends)
        self.head_size = self.shortlist_size + self.n_clusters
        like = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **like)
        self.tail = ModuleList()
        for i, (start, end) in enumerate(zip(ends, self.cutoffs[1:], strict=True)):
            hidden = int(in_features // div_value ** (i + 1))
            layers = (in_features, hidden), (hidden, end - start)
            self.tail.append(Sequential(*(Linear(a, b, bias=False, **like) for a, b in layers)))

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        if target_.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        batched = target_.dim() == 1
        if batched and input_.size(0) != target_.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input_.dim() != target_.dim() + 1:
            raise RuntimeError(
                f"{target_.dim()}D target tensor expects {target_.dim() + 1}D input tensors, but "
                f"found inputs with size {input_.size()}"
            )
        input, target = (input_, target_) if batched else (input_[None], target_[None])
        if not bool(((target >= 0) & (target < self.n_classes)).all()):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found. "
            )
        output, places = input.new_zeros(target.size(0)), target.clone()
        for i, (start, end) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            rows = ((target >= start) & (target < end)).nonzero().squeeze(1)
            if rows.numel():
                within = F.log_softmax(self.tail[i](input.index_select(0, rows)), dim=1)
                found = within.gather(1, (target[rows] - start).unsqueeze(1)).squeeze(1)
                output = output.index_copy(0, rows, found)
                places[rows] = self.shortlist_size + i
        head = F.log_softmax(self.head(input), dim=1)
        output = output + head.gather(1, places.unsqueeze(1)).squeeze(1)
        return _ASMoutput(output if batched else output.squeeze(0), (-output).mean())

    def _get_full_log_prob(self, input: Tensor, head_output: Tensor) -> Tensor:
        head, short = F.log_softmax(head_output, dim=1), self.shortlist_size
        parts = [head[:, :short]]
        for i, cluster in enumerate(self.tail):
            parts.append(F.log_softmax(cluster(input), dim=1) + head[:, short + i].unsqueeze(1))
        return minitorch.cat(parts, dim=1)

    def log_prob(self, input: Tensor) -> Tensor:
        """Return the log probability of every class, ``(N, n_classes)``."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: Tensor) -> Tensor:
        """Return the most probable class of each sample, ``(N)``.

        As in PyTorch, a sample whose first layer points to a frequent class is of that class.
        """
        head_output = self.head(input)
        output = head_output.argmax(dim=1)
        rare = output >= self.shortlist_size
        if bool(rare.any()):
            full = self._get_full_log_prob(input[rare], head_output[rare])
            output[rare] = full.argmax(dim=1)
        return output
