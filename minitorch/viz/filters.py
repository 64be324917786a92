"""Ten small kernels on a photograph, through `nn.functional.conv2d`.

Each kernel takes a pixel's neighbourhood and gives one number: a difference (an edge), a mean (a
blur), or the pixel with its differences added back (sharper). These are the kernels that people
designed before nets learned their own.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._extras import require
from minitorch.factory import as_tensor
from minitorch.nn import functional as F
from minitorch.viz import pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minitorch import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
EXTRA = "viz"
DPI = 120
LARGEST = 1024  # pixels a side: a larger photograph is scaled down when it is read
BINOMIAL = np.array([1, 4, 6, 4, 1])

KERNELS: dict[str, Array] = {
    "Horizontal edges": np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
    "Vertical edges": np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    "Sobel, vertical edges": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "Sobel, horizontal edges": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]),
    "Laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "Sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "Gaussian blur, 3 × 3": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
    "Gaussian blur, 5 × 5": np.outer(BINOMIAL, BINOMIAL) / 256,
    "Edge enhancement": np.array([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]]),
    "Mean": np.ones((3, 3)) / 9,
}


def filtered(image: Any, kernel: Any) -> Tensor:
    """Return `image` under `kernel`, padded with zeros to keep its size, and clipped to 0..255.

    Shape: image (H, W), kernel (kH, kW) with odd sizes; the result is (H, W), in float32.

    Raises: ValueError for another number of dimensions, or a kernel of even size, which has no
    middle.

    >>> stripes = [[255.0, 1, 2]] * 3
    >>> filtered(stripes, [[-1, 0, 1]] * 3)
    tensor([[2., 0., 0.],
            [3., 0., 0.],
            [2., 0., 0.]])
    """
    x, w = as_tensor(image).float(), as_tensor(kernel).float()
    if x.ndim != 2 or w.ndim != 2:
        raise ValueError(
            f"filtered: expects an image (H, W) and a kernel (kH, kW), got {tuple(x.shape)} and "
            f"{tuple(w.shape)}"
        )
    kH, kW = w.shape
    if kH % 2 == 0 or kW % 2 == 0:
        raise ValueError(f"filtered: expects a kernel of odd sizes, got {kH} x {kW}")
    y = F.conv2d(x[None, None], w[None, None], padding=(kH // 2, kW // 2))
    return y[0, 0].clamp(0, 255)


def filters(path: str | os.PathLike[str], image: Any = None) -> Path:
    """Draw `image` under each of the ten kernels into `path` (.png, .svg or .pdf); return the path.

    `image` is a photograph's path, an array or a tensor; without one, a photograph that comes with
    scikit-learn. It is turned to grey values from 0 to 255 first, as `grey` says; a photograph
    that is read from a file, to at most 1024 pixels a side. The kernels are those of `KERNELS`,
    through `filtered`.

    Shape: an array (H, W) or (H, W, channels), a tensor (H, W) or (channels, H, W).

    Raises: MissingExtra without matplotlib (or scikit-learn, for its photograph); OSError for a
    file that is not there or is no picture; ValueError for an array that is none.
    """
    pictures.save(draw(image), path, dpi=DPI)
    return Path(path)


def draw(image: Any = None) -> Figure:
    """Return the figure that `filters` writes."""
    require("matplotlib", wanted_for="viz.filters", extra=EXTRA)
    if image is None:
        image = sample()
    elif isinstance(image, (str, os.PathLike)):
        image = read(image)
    elif hasattr(image, "detach"):
        image = image.detach().numpy()
        image = np.moveaxis(image, 0, -1) if image.ndim == 3 else image
    else:
        image = np.asarray(image)
    plain = grey(image)
    height, width = plain.shape
    tall = 3.3 * min(max(height / width, 0.4), 2.0)  # inches; a very long picture gets margins
    figure = pictures._figure(13.6, 3 * (tall + 1) + 1)
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    figure.suptitle("Ten kernels on one photograph", fontsize=16, fontweight="bold")
    panels = iter(figure.subplots(3, 4).flat)
    photograph = opaque(image).round().astype(np.uint8)
    show(next(panels), np.broadcast_to(photograph, (height, width, 3)), "The photograph")
    show(next(panels), plain, "In grey", "0 is black,\n255 is white")
    for name, kernel in KERNELS.items():
        show(next(panels), filtered(plain, kernel).numpy(), name, written(kernel))
    return figure


def show(axes: Axes, image: Array, title: str, text: str = "") -> None:
    """Draw one picture, with its title below it, and a text below that."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#999999")
    axes.set_xlabel(title, fontsize=12, fontweight="bold", labelpad=4)
    axes.annotate(
        text,
        (0.5, 0),
        (0, -4),
        xycoords=axes.xaxis.label,
        textcoords="offset points",
        ha="center",
        va="top",
        multialignment="left",
        fontsize=10,
        family="monospace",
        color="#333333",
    )


def written(kernel: Array) -> str:
    """Write a kernel in whole numbers, and what they are divided by.

    >>> print(written(KERNELS["Mean"]))
    1 1 1
    1 1 1  / 9
    1 1 1
    """
    by = 1 if (kernel == kernel.round()).all() else round(1 / kernel.min())
    numbers = [[f"{value:.0f}".replace("-", "−") for value in row] for row in kernel * by]
    widest = max(len(number) for row in numbers for number in row)
    lines = [" ".join(number.rjust(widest) for number in row) for row in numbers]
    if by != 1:
        lines[len(lines) // 2] += f"  / {by}"
    return "\n".join(lines)


def grey(image: Array) -> Array:
    """Return the grey values of a picture, from 0 to 255, as float32.

    Colours are weighed as the eye does (0.299 red, 0.587 green, 0.114 blue: ITU-R BT.601), what is
    transparent is laid on white. Values of more than 8 bits are scaled down: 16-bit whole numbers,
    and floating point, which is taken to be 0..1 unless something in it is above 1.

    Shape: (H, W), (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) or (H, W, 4) to (H, W).

    Raises: ValueError for another shape, an empty picture, or values that are not finite.

    >>> grey(np.array([[[255, 0, 0], [255, 255, 255]]], dtype=np.uint8))
    array([[ 76.245, 255.   ]], dtype=float32)
    """
    colours = opaque(image)
    weights = np.array([0.299, 0.587, 0.114]) if colours.shape[2] == 3 else np.ones(1)
    return (colours @ weights).astype(np.float32)


def opaque(image: Array) -> Array:
    """Return a picture's values from 0 to 255, laid on white.

    Shape: the result is (H, W, 1) if it is grey, (H, W, 3) if it has colours; float64.
    """
    values = scaled(image)
    if values.ndim == 2:
        return values[..., np.newaxis]
    if values.shape[2] in (2, 4):
        alpha = values[..., -1:] / 255
        return values[..., :-1] * alpha + 255 * (1 - alpha)
    return values


def scaled(image: Array) -> Array:
    """Return a picture's values from 0 to 255, in float64."""
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 2, 3, 4)):
        raise ValueError(
            "filters: expects a picture (H, W), or (H, W, channels) with 1 to 4 channels, got "
            f"{image.shape}"
        )
    if image.size == 0:
        raise ValueError(f"filters: expects a picture, got an empty array {image.shape}")
    values = image.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("filters: the picture has values that are not finite")
    kind, top = image.dtype, float(values.max())
    if kind == np.bool_ or (kind.kind == "f" and top <= 1):
        values *= 255
    elif kind != np.uint8 and kind.kind in "iu" and top > 255:
        values /= 257  # of 16 bits: 65535 / 255
    return values.clip(0, 255)


def read(path: str | os.PathLike[str]) -> Array:
    """Read a picture, upright as its EXIF data says, of at most 1024 pixels a side.

    Shape: (H, W) for grey, 8 or 16 bits; else (H, W, 3), or (H, W, 4) where it is transparent.

    Raises: OSError for a file that is not there or is no picture.
    """
    images: Any = require("PIL.Image", wanted_for="reading a picture", extra=EXTRA)
    turned: Callable[[Any], Any] = require(
        "PIL.ImageOps", wanted_for="reading a picture", extra=EXTRA
    ).exif_transpose
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", images.DecompressionBombWarning)
            with images.open(path) as file:
                image = turned(file)
    except images.DecompressionBombError as error:
        raise OSError(f"{os.fspath(path)!r} is too large: {error}") from error
    deep = image.mode.startswith("I") or image.mode == "F"  # more than 8 bits of grey
    if not deep:
        transparent = "transparency" in image.info or "A" in image.mode
        image = image.convert("RGBA" if transparent else "L" if image.mode in "1L" else "RGB")
    if max(image.size) > LARGEST:
        factor = LARGEST / max(image.size)
        size = tuple(max(1, round(side * factor)) for side in image.size)
        if deep:
            image = image.convert("F").resize(size, images.Resampling.BOX)
            return np.asarray(image).round().clip(0, 65535).astype(np.uint16)
        image = image.resize(size, images.Resampling.LANCZOS)
    return np.asarray(image)


def sample() -> Array:
    """Return the photograph of a temple that comes with scikit-learn, (427, 640, 3) in uint8."""
    datasets = require("sklearn.datasets", wanted_for="the photograph to start with", extra=EXTRA)
    photograph: Array = datasets.load_sample_image("china.jpg")
    return photograph
