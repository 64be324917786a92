"""Instance normalisation (Ulyanov et al., 2016)."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch._tensor import Tensor
from minitorch.nn import functional as F
from minitorch.nn.modules.batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        dim = input.dim() - self._allowed_dims[0]
        size = input.size(dim)
        if size != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features "
                    f"({self.num_features}), but got: {size}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=3,
            )
        statistics = (self.running_mean, self.running_var)
        by_input = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        options = (*statistics, self.weight, self.bias, by_input, momentum, self.eps)
        if dim == 0:
            return F.instance_norm(input.unsqueeze(0), *options).squeeze(0)
        return F.instance_norm(input, *options)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        if local_metadata.get("version") is None and not self.track_running_stats:
            keys = [prefix + name for name in ("running_mean", "running_var")]
            found = [key for key in keys if key in state_dict]
            if found:
                kind, names = type(self).__name__, " and ".join(f'"{key}"' for key in found)
                rest[-1].append(  # the list of errors
                    f"Unexpected running stats buffer(s) {names} for {kind} with "
                    "track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0, "
                    f"this may be expected because {kind} does not track running stats by default "
                    "since 0.4.0. Please remove these keys from state_dict. If the running stats "
                    f"are actually needed, instead set track_running_stats=True in {kind} to "
                    f"enable them. See the documentation of {kind} for details."
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class InstanceNorm1d(_InstanceNorm, dims=(2, 3)):
    """Each channel of each sample of ``(N, C, L)`` or ``(C, L)`` standardised over the length.

    The arguments are those of `BatchNorm1d`; here scale, shift and statistics are off by default.

    Raises:
        ValueError: for any other number of dimensions, or (if affine) of channels.
    """


class InstanceNorm2d(_InstanceNorm, dims=(3, 4)):
    """Each channel of each image of ``(N, C, H, W)`` or ``(C, H, W)`` standardised.

    See `InstanceNorm1d`.

    >>> import minitorch
    >>> InstanceNorm2d(1)(minitorch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """


class InstanceNorm3d(_InstanceNorm, dims=(4, 5)):
    """Each channel of each volume of ``(N, C, D, H, W)`` or ``(C, D, H, W)`` standardised.

    See `InstanceNorm1d`.
    """


class LazyInstanceNorm1d(_LazyNormBase, _InstanceNorm, dims=(2, 3)):
    """An `InstanceNorm1d` that finds out its num_features when it is first called.

    Here scale, shift and statistics are on by default.
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, _InstanceNorm, dims=(3, 4)):
    """An `InstanceNorm2d` that finds out its num_features when it is first called.

    Here scale, shift and statistics are on by default.
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, _InstanceNorm, dims=(4, 5)):
    """An `InstanceNorm3d` that finds out its num_features when it is first called.

    Here scale, shift and statistics are on by default.
    """

    cls_to_become = InstanceNorm3d
