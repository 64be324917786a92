"""Batch normalisation (Ioffe & Szegedy, 2015)."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._dtypes import int64
from minitorch._tensor import Tensor
from minitorch.factory import ones, tensor, zeros
from minitorch.nn import functional as F
from minitorch.nn.modules._refused import Refused
from minitorch.nn.modules.lazy import LazyModuleMixin
from minitorch.nn.modules.module import Module
from minitorch.nn.modules.utils import ScaleAndShift
from minitorch.nn.parameter import UninitializedBuffer, UninitializedParameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(ScaleAndShift):
    """Base of batch and instance normalisation: scale, shift and running statistics.

    Args:
        num_features: the number C of channels.
        eps: added to the variance.
        momentum: the share of a new batch in the running statistics; None for the plain average
            of all batches.
        affine: whether to have a learned `weight` and (with `bias`) `bias`.
        track_running_stats: whether to keep statistics, for evaluation.
    """

    _version = 2  # 2 is since `num_batches_tracked`

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        kept = track_running_stats
        like = {"device": device, "dtype": dtype}
        self.register_buffer("running_mean", zeros(num_features, **like) if kept else None)
        self.register_buffer("running_var", ones(num_features, **like) if kept else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64) if kept else None)
        self._learn(num_features, affine, bias, device, dtype)

    def reset_running_stats(self) -> None:
        """Forget all batches."""
        if self.track_running_stats:
            starts = {"running_mean": 0, "running_var": 1, "num_batches_tracked": 0}
            for name, start in starts.items():
                getattr(self, name).fill_(start)

    def reset_parameters(self) -> None:
        """Forget all batches, and set the scale to ones and the shift to zeros."""
        self.reset_running_stats()
        super().reset_parameters()

    _allowed_dims: ClassVar[tuple[int, ...]]

    def __init_subclass__(cls, *, dims: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._allowed_dims = dims or getattr(cls, "_allowed_dims", ())

    def _check_input_dim(self, input: Tensor) -> None:
        if not self._allowed_dims:
            raise NotImplementedError
        if input.dim() not in self._allowed_dims:
            expected = " or ".join(f"{n}D" for n in self._allowed_dims)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.track_running_stats:
            held = self.num_batches_tracked
            state_dict.setdefault(
                f"{prefix}num_batches_tracked", tensor(0, dtype=int64) if held is None else held
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        # Without statistics the batch's own serve, in evaluation too; they are not passed where
        # they are neither to be used nor to be updated.
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        kept = not self.training or self.track_running_stats
        statistics = (self.running_mean, self.running_var) if kept else (None, None)
        affine = (self.weight, self.bias)
        return F.batch_norm(input, *statistics, *affine, by_batch, momentum, self.eps)


class BatchNorm1d(_BatchNorm, dims=(2, 3)):
    """Each feature of ``(N, C)``, or channel of ``(N, C, L)``, standardised over the others.

    In training by the batch, in evaluation by the running statistics.

    Raises:
        ValueError: for any other number of dimensions, or in training for one value a channel.

    >>> import minitorch
    >>> norm = BatchNorm1d(1)
    >>> norm(minitorch.tensor([[1.0], [3.0]])).detach()
    tensor([[-1.0000],
            [ 1.0000]])
    >>> norm.running_mean
    tensor([0.2000])
    """


class BatchNorm2d(_BatchNorm, dims=(4,)):
    """Each channel of ``(N, C, H, W)`` standardised over the others; see `BatchNorm1d`."""


class BatchNorm3d(_BatchNorm, dims=(5,)):
    """Each channel of ``(N, C, D, H, W)`` standardised over the others; see `BatchNorm1d`."""


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A batch or instance normalisation that finds out its num_features at its first call."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        like = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**like)
            if bias:
                self.bias = UninitializedParameter(**like)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**like)
            self.running_var = UninitializedBuffer(**like)
            self.num_batches_tracked = tensor(0, dtype=int64)

    def reset_parameters(self) -> None:
        """Forget all batches, and reset scale and shift, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self: Any, input: Tensor) -> None:
        """Give parameters and statistics one element for each channel of the input."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for value in (self.weight, self.bias, self.running_mean, self.running_var):
                if value is not None:
                    value.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm, dims=(2, 3)):
    """A `BatchNorm1d` that finds out its num_features when it is first called.

    >>> import minitorch
    >>> norm = LazyBatchNorm1d()
    >>> _ = norm(minitorch.randn(4, 3))
    >>> norm.running_var.shape
    torch.Size([3])
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm, dims=(4,)):
    """A `BatchNorm2d` that finds out its num_features at its first call; see `LazyBatchNorm1d`."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm, dims=(5,)):
    """A `BatchNorm3d` that finds out its num_features at its first call; see `LazyBatchNorm1d`."""

    cls_to_become = BatchNorm3d


class SyncBatchNorm(Refused):
    """Not covered: batch normalisation over several processes."""

    _instead = "there is one process only; use BatchNorm1d, BatchNorm2d or BatchNorm3d"

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """Not covered.

        Raises:
            NotImplementedError: always.
        """
        cls()
        return module
