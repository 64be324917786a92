"""Moving elements between channels and space: pixel and channel shuffles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.ops.shape.views import fresh
from minitorch.ops.support.operands import laid_as_images, require_tensor, set_grad_fn_name

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def _factor(who: str, name: str, value: Any) -> int:
    """A positive int, or a TypeError or RuntimeError that says what it is not."""
    if not isinstance(value, int):
        raise TypeError(f"{who}(): argument '{name}' must be int, not {type(value).__name__}")
    if value <= 0:
        raise RuntimeError(f"{who} expects a positive {name}, but got {value}")
    return value


def _image(who: str, input: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    x = require_tensor(who, "input", input)
    shape = x._array.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"{who} expects input to have at least 3 dimensions, but got input with {len(shape)} "
            f"dimension(s): {list(shape)}"
        )
    return x, shape


def _named(node_name: str, x: Tensor, y: Tensor) -> Tensor:
    """The shuffled images, in memory of their own even where nothing had to move."""
    return set_grad_fn_name(node_name, laid_as_images(y if y._view is None else fresh(y), x))


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Images larger by `upscale_factor` r, each r x r block made of r * r channels of one pixel.

    Shape: ``(*, C * r * r, H, W)`` to ``(*, C, H * r, W * r)``.

    Raises:
        RuntimeError: unless there are three dimensions and r * r divides the channels.

    >>> import minitorch
    >>> pixel_shuffle(minitorch.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    x, (*lead, channels, H, W) = _image("pixel_shuffle", input)
    r = _factor("pixel_shuffle", "upscale_factor", upscale_factor)
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    C, n = channels // (r * r), len(lead)
    blocks = x.reshape((*lead, C, r, r, H, W))
    rows = blocks.permute(*range(n + 1), n + 3, n + 1, n + 4, n + 2)  # (*, C, H, r, W, r)
    return _named("PixelShuffleBackward0", x, rows.reshape((*lead, C, H * r, W * r)))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Images smaller by `downscale_factor` r, each r x r block put into r * r channels.

    Shape: ``(*, C, H * r, W * r)`` to ``(*, C * r * r, H, W)``.

    Raises:
        RuntimeError: unless there are three dimensions and r divides height and width.
    """
    x, (*lead, C, height, width) = _image("pixel_unshuffle", input)
    r = _factor("pixel_unshuffle", "downscale_factor", downscale_factor)
    for name, size in (("height", height), ("width", width)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but {size} "
                f"is not divisible by {r}"
            )
    H, W, n = height // r, width // r, len(lead)
    blocks = x.reshape((*lead, C, H, r, W, r))
    channels = blocks.permute(*range(n + 1), n + 2, n + 4, n + 1, n + 3)  # (*, C, r, r, H, W)
    return _named("PixelUnshuffleBackward0", x, channels.reshape((*lead, C * r * r, H, W)))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels in another order: the first of each group, then the second of each, and so on.

    Shape: ``(N, C, *)``, unchanged.

    Raises:
        RuntimeError: unless there are three dimensions and `groups` divides the channels.
    """
    x, (N, C, *rest) = _image("channel_shuffle", input)
    count = _factor("channel_shuffle", "groups", groups)
    if C % count:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {C} channels and {count} groups."
        )
    grouped = x.reshape((N, count, C // count, *rest))
    return _named("ChannelShuffleBackward0", x, grouped.transpose(1, 2).reshape((N, C, *rest)))
