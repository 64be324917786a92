"""Convolution and pooling as a page that can be touched: the window at work, and its gradients.

What the page shows is computed by its own script (``pages/windows.js``), as one would by hand;
the tests compare it with `nn.functional` and autograd at random settings.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minitorch.factory import as_tensor, ones
from minitorch.nn import functional as F
from minitorch.viz.filters import KERNELS
from minitorch.viz.page import compose, write

OPERATIONS = ("conv2d", "max_pool2d", "avg_pool2d")
# As LIMITS in the script.
LARGEST = 16  # rows or columns of the input and of the kernel
LIMITS = {"kernel_size": LARGEST, "stride": 16, "padding": 8, "dilation": 8}
Pair = int | Sequence[int]


def convolution(
    path: str | os.PathLike[str],
    input: Any = None,
    weight: Any = None,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    *,
    operation: str = "conv2d",
    kernel_size: Pair | None = None,
    count_include_pad: bool = True,
    grad_output: Any = None,
    backward: bool = False,
    names: bool = False,
) -> Path:
    """Write a page on which a window slides over `input`, and return its path.

    Everything on the page can be changed: values, sizes, stride, padding, dilation, the operation.
    What is given here is where it starts; without `input`, that is a 6x6 matrix, and without
    `weight`, a kernel for vertical edges of `kernel_size`, 3x3 unless it is given.

    `operation` is ``"conv2d"``, ``"max_pool2d"`` or ``"avg_pool2d"``; the pools take no `weight`,
    and their stride is the kernel's size unless it is given, as in PyTorch.
    `backward` starts with the gradients, that of the output being `grad_output` (default: ones).
    `names` shows the elements by name, a11, a12, ..., instead of by value.

    Shape: input (H, W) and weight (kH, kW), with any number of dimensions of size 1 before them;
    at most 16 rows and columns each. grad_output has the output's shape.

    Raises: ValueError for what the page cannot show, and whatever the operation raises itself.

    >>> import minitorch
    >>> image = minitorch.tensor([[255.0, 1, 2]] * 3)
    >>> page = convolution("edge.html", image, [[0, 1, 0]] * 3, padding=1)  # doctest: +SKIP
    """
    if operation not in OPERATIONS:
        known = ", ".join(map(repr, OPERATIONS))
        raise ValueError(f"convolution: operation is one of {known}, got {operation!r}")
    conv = operation == "conv2d"
    if weight is not None and not conv:
        raise ValueError(f"convolution: {operation} takes a kernel_size, not a weight")
    if weight is not None and kernel_size is not None:
        raise ValueError("convolution: give a weight or a kernel_size, not both")
    data: dict[str, Any] = {
        "op": operation,
        "mode": "backward" if backward or grad_output is not None else "forward",
        "show": "names" if names else "numbers",
        "padding": pair("padding", padding),
        "dilation": pair("dilation", dilation),
        "count": count_include_pad,
    }
    if weight is not None:
        data["w"] = matrix("weight", weight)
        data["kernel"] = [len(data["w"]), len(data["w"][0])]
    else:
        data["kernel"] = pair("kernel_size", 3 if kernel_size is None else kernel_size)
    data["stride"] = (
        ([1, 1] if conv else data["kernel"]) if stride is None else pair("stride", stride)
    )
    if input is not None:
        data["x"] = matrix("input", input)
    rows, columns = outputs(data, len(data.get("x", range(6))), len(data.get("x", [range(6)])[0]))
    if grad_output is not None:
        data["g"] = matrix("grad_output", grad_output, largest=None)
        if (len(data["g"]), len(data["g"][0])) != (rows, columns):
            raise ValueError(
                f"convolution: grad_output is {len(data['g'])} x {len(data['g'][0])}, and the "
                f"output is {rows} x {columns}"
            )
    title = {"conv2d": "Convolution", "max_pool2d": "Max pooling", "avg_pool2d": "Average pooling"}
    page = compose(
        "convolution",
        {"start": data, "kernels": {name: k.tolist() for name, k in KERNELS.items()}},
        title=f"{title[operation]}, one window at a time",
        parts=("windows", "grid"),
    )
    return write(path, page)


def outputs(data: dict[str, Any], height: int, width: int) -> tuple[int, int]:
    """Ask the operation itself for the size of its output; it refuses what makes no sense."""
    x = ones(1, 1, height, width)
    kernel, stride, padding, dilation = (
        tuple(data[name]) for name in ("kernel", "stride", "padding", "dilation")
    )
    if data["op"] == "conv2d":
        y = F.conv2d(x, ones(1, 1, *kernel), None, stride, padding, dilation)
    elif data["op"] == "max_pool2d":
        y = F.max_pool2d(x, kernel, stride, padding, dilation)
    elif dilation != (1, 1):
        raise ValueError(f"convolution: avg_pool2d has no dilation, got {dilation}")
    else:
        y = F.avg_pool2d(x, kernel, stride, padding)
    return y.shape[2], y.shape[3]


def matrix(name: str, values: Any, largest: int | None = LARGEST) -> list[list[float]]:
    """Return `values` as rows of numbers; refuse what is no single matrix of finite numbers."""
    tensor = as_tensor(values).detach()
    shape = tuple(tensor.shape)
    if tensor.ndim < 2 or math.prod(shape[:-2]) != 1 or 0 in shape:
        raise ValueError(
            f"convolution: the page shows one channel of one image: {name} expects a shape of "
            f"(H, W), or with dimensions of size 1 before it, got {shape}"
        )
    if largest is not None and max(shape[-2:]) > largest:
        raise ValueError(
            f"convolution: the page shows at most {largest} rows and columns, and {name} has "
            f"{shape[-2]} x {shape[-1]}: give a part of it, {name}[..., :{largest}, :{largest}]"
        )
    rows: list[list[float]] = tensor.reshape(shape[-2:]).double().tolist()
    if not all(math.isfinite(value) for row in rows for value in row):
        raise ValueError(f"convolution: {name} has values that are not finite")
    return rows


def pair(name: str, value: Pair) -> list[int]:
    """Return (rows, columns) from one number or two."""
    numbers = [value, value] if isinstance(value, int) else list(value)
    if len(numbers) == 1:
        numbers *= 2
    if len(numbers) != 2 or not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"convolution: {name} is one whole number or two, got {value!r}")
    if max(numbers) > LIMITS[name]:
        raise ValueError(f"convolution: the page takes a {name} to {LIMITS[name]}, got {value!r}")
    return numbers
