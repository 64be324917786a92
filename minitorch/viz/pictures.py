"""Pictures by matplotlib: kernels, feature maps, saliency, loss curves. Each returns a Figure.

    figure = viz.pictures.kernels(model[0])
    figure.savefig("kernels.png")

Matplotlib's objects only, on the Agg canvas: no global state, no window.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._extras import require
from minitorch.autograd import grad
from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import enable_grad, no_grad
from minitorch.nn.modules.module import Module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXTRA = "viz"
INK, FAINT = "#222222", "#666666"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito
MOST = 64  # tiles in one picture, unless told otherwise


def save(figure: Figure, path: str | os.PathLike[str], *, dpi: int) -> None:
    """Write a figure into `path` in one go: until all is drawn, a file that is there stays."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format=Path(path).suffix[1:].lower(), dpi=dpi)
    Path(path).write_bytes(drawn.getvalue())


def kernels(layer: Any, *, columns: int | None = None, most: int = MOST) -> Figure:
    """The kernels of a convolution, one tile each; 0 is white, and all have one scale.

    Args:
        layer: a convolution over images, or its weight (O, I, H, W). With one input channel there
            is a tile for each output channel; with three, tiles in colour, each on its own scale;
            with more, a row for each output channel.
        columns: tiles in a row.
        most: how many tiles to show at most.
    """
    weight = _array(getattr(layer, "weight", layer))
    if weight.ndim != 4:
        raise ValueError(
            f"kernels: expected a 2-d convolution or its weight (O, I, H, W), got {weight.shape}"
        )
    outs, ins, high, wide = weight.shape
    bound = float(np.abs(weight).max(initial=0)) or 1.0
    if ins in (1, 3):
        tiles = [_shown(kernel) for kernel in weight] if ins == 3 else list(weight[:, 0])
        titles = [str(o) for o in range(outs)]
        columns = columns or _columns(outs)
    else:
        columns = columns or min(ins, 16)
        tiles = [weight[o, i] for o in range(outs) for i in range(min(ins, columns))]
        titles = [f"{i}→{o}" for o in range(outs) for i in range(min(ins, columns))]
    return _tiles(
        tiles,
        titles,
        columns,
        most,
        title=f"{outs} kernels of {ins} x {high} x {wide}",
        scale=None if ins == 3 else (-bound, bound),
        cmap="RdBu_r",
    )


def feature_maps(
    model: Module,
    image: Any,
    layer: str | Module | None = None,
    *,
    columns: int | None = None,
    most: int = MOST,
) -> Figure:
    """Draw a layer's output for an image, one tile a channel, all on one scale.

    Args:
        model: called in the mode that it is in, under ``no_grad``.
        image: (C, H, W), or (N, C, H, W), of which the first is shown.
        layer: a module of `model`, or its path (``features.0``); by default the first that makes
            maps (N, C, H, W).
    """
    batch = image if image.dim() == 4 else image.unsqueeze(0)
    paths = {id(module): name for name, module in model.named_modules()}
    wanted = model.get_submodule(layer) if isinstance(layer, str) else layer
    if wanted is not None and id(wanted) not in paths:
        raise ValueError(f"feature_maps: {type(layer).__name__} is no module of the model")
    found: list[tuple[str, Any]] = []

    def keep(module: Module, args: Any, output: Any) -> None:
        inner = any(True for _ in module.children())
        right = module is wanted if wanted is not None else not inner
        if right and isinstance(output, TensorBase) and output._any_layout.ndim == 4 and not found:
            name = paths[id(module)] or type(module).__name__
            found.append((name, np.array(output._any_layout[0])))

    handles = [module.register_forward_hook(keep) for module in model.modules()]
    try:
        with no_grad():
            model(batch)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        where = f"layer {layer!r}" if isinstance(layer, str) else "such a layer"
        raise ValueError(f"feature_maps: no output of shape (N, C, H, W) came from {where}")
    name, maps = found[0]
    low, high = float(maps.min()), float(maps.max())
    symmetric = low < 0
    return _tiles(
        list(maps),
        [str(c) for c in range(len(maps))],
        columns or _columns(len(maps)),
        most,
        title=f"{name}: {maps.shape[0]} maps of {maps.shape[1]} x {maps.shape[2]}",
        scale=(-max(-low, high), max(-low, high)) if symmetric else (0.0, high),
        cmap="RdBu_r" if symmetric else "viridis",
    )


def input_gradient(model: Module, image: Any, target: int | None = None) -> tuple[Any, int]:
    """The gradient of one class's score in the input, and the class.

    Args:
        model: from images (N, C, H, W) to scores (N, classes); its ``.grad`` are left alone.
        image: (C, H, W), or (N, C, H, W) with N of 1.
        target: the class; by default the one with the highest score.
    """
    batch = image if image.dim() == 4 else image.unsqueeze(0)
    if batch.shape[0] != 1:
        raise ValueError(f"saliency: expected one image, got {batch.shape[0]}")
    leaf = batch.detach().clone().requires_grad_()
    with enable_grad():
        scores = model(leaf.clone())
    if scores.dim() != 2:
        raise ValueError(f"saliency: expected scores (N, classes), got {list(scores.shape)}")
    chosen = int(scores[0].argmax()) if target is None else target
    (slope,) = grad(scores[0, chosen], leaf)
    return slope[0], chosen


def saliency(model: Module, image: Any, target: int | None = None) -> Figure:
    """Show the pixels that the score of a class depends on: the input's gradient, by its size.

    Three panels: the image; the largest slope over the channels, in absolute value; both together.
    (Simonyan, Vedaldi and Zisserman, 2013.) Arguments as for `input_gradient`.
    """
    figure = _figure(9, 3.3)
    slope, chosen = input_gradient(model, image, target)
    picture = _array(image)
    picture = _shown(picture[0] if picture.ndim == 4 else picture)
    size = np.abs(_array(slope)).max(0)
    axes = figure.subplots(1, 3)
    gray = {"cmap": "gray"} if picture.ndim == 2 else {}
    axes[0].imshow(picture, **gray)
    drawn = axes[1].imshow(size, cmap="magma", vmin=0)
    axes[2].imshow(picture if picture.ndim == 2 else picture.mean(2), cmap="gray")
    axes[2].imshow(size, cmap="magma", alpha=size / (float(size.max()) or 1.0), vmin=0)
    names = ("image", f"|d score {chosen} / d pixel|", "both")
    for each, name in zip(axes, names, strict=True):
        _bare(each)
        each.set_title(name, fontsize=11, color=INK)
    figure.colorbar(drawn, ax=axes[1], fraction=0.05)
    return figure


def losses(
    curves: Sequence[float] | Mapping[str, Sequence[float]],
    *,
    smooth: float = 0.0,
    log: bool = False,
    xlabel: str = "epoch",
    ylabel: str = "loss",
) -> Figure:
    """Loss curves: one list of numbers, or several by their names.

    Args:
        smooth: from 0 to below 1, how much of the past goes into a running mean, drawn over the
            pale curve of the numbers themselves.
        log: whether the losses' axis is logarithmic.
    """
    if not 0 <= smooth < 1:
        raise ValueError(f"losses: smooth must be at least 0 and below 1, got {smooth}")
    named = curves if isinstance(curves, Mapping) else {"": curves}
    figure = _figure(7, 4)
    from matplotlib import ticker

    axes = figure.subplots()
    for index, (name, values) in enumerate(named.items()):
        y = np.array([float(value) for value in values])
        x = np.arange(1, len(y) + 1)
        colour = COLOURS[index % len(COLOURS)]
        if smooth:
            axes.plot(x, y, color=colour, alpha=0.25, linewidth=1)
        marker = "o" if len(y) <= 30 else ""
        means = running_mean(y, smooth)
        axes.plot(x, means, color=colour, label=name, marker=marker, markersize=4)
        if len(y):
            last = f" {name + ' ' if name else ''}{means[-1]:.3g}"
            axes.annotate(last, (x[-1], means[-1]), color=colour, va="center", fontsize=10)
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    return figure


def running_mean(values: Array, smooth: float) -> Array:
    """The exponential running mean, without a bias to where it starts.

    >>> running_mean(np.array([1.0, 1.0, 4.0]), 0.5).round(4).tolist()
    [1.0, 1.0, 2.7143]
    """
    mean, weight, found = 0.0, 0.0, []
    for value in values:
        mean = smooth * mean + (1 - smooth) * value
        weight = smooth * weight + (1 - smooth)
        found.append(mean / weight)
    return np.array(found)


# ---- how it is drawn ------------------------------------------------------------------------


def _figure(width: float, height: float) -> Figure:
    require("matplotlib", wanted_for="viz.pictures", extra=EXTRA)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _tiles(
    tiles: list[Array],
    titles: list[str],
    columns: int,
    most: int,
    *,
    title: str,
    scale: tuple[float, float] | None,
    cmap: str,
) -> Figure:
    """A grid of small pictures; with a bar for what the colours mean where there is one scale."""
    more = f" (the first {most} tiles)" if len(tiles) > most else ""
    tiles = tiles[:most]
    rows = math.ceil(len(tiles) / columns)
    figure = _figure(1.1 * columns + 1.2, 1.25 * rows + 0.7)
    grid = figure.subplots(rows, columns, squeeze=False)
    limits = {} if scale is None else {"vmin": scale[0], "vmax": scale[1], "cmap": cmap}
    drawn = None
    for axes in grid.flat[len(tiles) :]:
        axes.axis("off")
    for tile, name, axes in zip(tiles, titles, grid.flat, strict=False):
        _bare(axes)
        drawn = axes.imshow(tile, interpolation="nearest", **limits)
        axes.set_title(name, fontsize=8, color=FAINT, pad=2)
    figure.suptitle(title + more, fontsize=12, color=INK)
    if scale is not None and drawn is not None:
        figure.colorbar(drawn, ax=grid, fraction=0.03, aspect=18)
    return figure


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#bbbbbb")


def _columns(count: int) -> int:
    return max(1, min(count, 8 if count <= 32 else 12))


def _array(tensor: Any) -> Array:
    return np.array(
        tensor._any_layout if isinstance(tensor, TensorBase) else tensor, dtype=np.float64
    )


def _shown(image: Array) -> Array:
    """(C, H, W) as matplotlib takes it: (H, W) or (H, W, 3), from 0 to 1."""
    values = image.transpose(1, 2, 0) if image.shape[0] == 3 else image.mean(0)
    low, high = float(values.min()), float(values.max())
    return (values - low) / ((high - low) or 1.0)


__all__ = ["feature_maps", "input_gradient", "kernels", "losses", "running_mean", "saliency"]
