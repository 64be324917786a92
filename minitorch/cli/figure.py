"""The picture of one digits run: how it learned, what it learned, and where it is wrong.

Matplotlib's objects only, on the Agg canvas: no global state, no display. The colours are Okabe and
Ito's, which people of every colour vision can tell apart; what is wrong is written bold as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from minitorch.viz import pictures

Array = np.ndarray[Any, np.dtype[Any]]

BLUE, VERMILION = "#0072B2", "#D55E00"
INK, FAINT, WRONG = "#222222", "#666666", "#A33B00"
MISTAKES = 8  # shown at most, in two rows


def draw(
    path: Path,
    *,
    losses: list[float],
    accuracies: list[float],
    kernels: Array,
    images: Array,
    labels: Array,
    logits: Array,
) -> None:
    """Draw the run into `path`.

    Shape: one loss and one accuracy an epoch; kernels (8, 3, 3); of the validation set, images
    (N, 8, 8), labels (N,) and logits (N, classes).
    """
    figure = Figure(figsize=(13, 8.6), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    figure.suptitle(
        f"Handwritten digits after {len(losses)} epoch{'s' * (len(losses) != 1)}: "
        f"{accuracies[-1]:.1%} of {len(labels)} validation images are read correctly",
        fontsize=15,
        fontweight="bold",
        color=INK,
    )
    [[top], [bottom]] = figure.subfigures(2, 1, squeeze=False, height_ratios=(3.2, 5.4))
    [[curves, filters]] = top.subfigures(1, 2, squeeze=False, width_ratios=(1.6, 1.1))
    [[table, worst]] = bottom.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.28))

    loss_axes, accuracy_axes = curves.subplots(1, 2)
    curve(loss_axes, losses, title="Training loss", label="cross entropy", colour=VERMILION)
    curve(accuracy_axes, accuracies, title="Validation accuracy", label="accuracy", colour=BLUE)
    accuracy_axes.set_ylim(0, 1)
    accuracy_axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")

    kernel_grid(filters, kernels)
    confusion(table.subplots(), labels, logits)
    mistakes(worst, images, labels, logits)
    pictures.save(figure, path, dpi=150)


def curve(axes: Axes, values: list[float], *, title: str, label: str, colour: str) -> None:
    """Draw one value an epoch, the last one written out."""
    epochs = range(1, len(values) + 1)
    axes.plot(epochs, values, color=colour, linewidth=2, marker="o", markersize=5)
    style: Any = {"textcoords": "offset points", "ha": "center", "fontweight": "bold"}
    shift = (0, 9 if values[-1] < sum(values) / len(values) else -16)
    end = (len(values), values[-1])
    axes.annotate(f"{values[-1]:.4f}", end, xytext=shift, color=colour, **style)
    axes.set_title(title, color=INK)
    axes.set(xlabel="epoch", ylabel=label, xlim=(0.5, len(values) + 0.9), ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def kernel_grid(figure: SubFigure, kernels: Array) -> None:
    """Draw the convolution's kernels on one scale: blue subtracts a pixel, red adds it."""
    figure.suptitle("The eight learned 3×3 kernels", fontsize=12, color=INK)
    limit = float(abs(kernels).max()) or 1.0
    panels = figure.subplots(2, 4)
    for number, (axes, kernel) in enumerate(zip(panels.flat, kernels, strict=True)):
        shown = axes.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        bare(axes)
        axes.set_xlabel(f"channel {number}", fontsize=8, color=FAINT, labelpad=3)
    bar = figure.colorbar(shown, ax=panels, location="right", shrink=0.9, aspect=18)
    bar.set_label("weight")
    bar.outline.set_visible(False)


def confusion(axes: Axes, labels: Array, logits: Array) -> None:
    """Draw how many images of each digit (rows) were read as which digit (columns)."""
    classes = logits.shape[1]
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, logits.argmax(1)), 1)
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts):
        dark, wrong = count > counts.max() * 0.55, count and row != column
        style: Any = {"ha": "center", "va": "center", "fontsize": 10, "alpha": 1 if count else 0.35}
        style["color"] = "white" if dark else WRONG if wrong else INK
        weight = "bold" if wrong else "normal"
        axes.text(column, row, str(count) if count else "·", fontweight=weight, **style)
    axes.set_title("Confusion matrix: number of validation images", color=INK, pad=10)
    digits = range(classes)
    axes.set(xlabel="predicted digit", ylabel="true digit", xticks=digits, yticks=digits)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def mistakes(figure: SubFigure, images: Array, labels: Array, logits: Array) -> None:
    """Draw the wrongly read images, the one with the largest loss first."""
    shifted = logits - logits.max(1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    predicted = logits.argmax(1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-losses[wrong], kind="stable")][:MISTAKES]
    figure.suptitle(
        "The worst mistakes, by loss" if len(wrong) else "No mistakes", fontsize=12, color=INK
    )
    panels = figure.subplots(2, MISTAKES // 2)
    for axes in panels.flat[len(wrong) :]:
        axes.set_axis_off()
    for axes, index in zip(panels.flat, wrong, strict=False):
        axes.imshow(images[index], cmap="gray_r", vmin=0, vmax=1)
        bare(axes)
        axes.set_title(f"{labels[index]} read as {predicted[index]}", fontsize=12, color=WRONG)
        axes.set_xlabel(f"loss {losses[index]:.2f}", fontsize=10, labelpad=4)


def bare(axes: Axes) -> None:
    """Leave a picture a thin frame, and no ticks."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#bbbbbb")
