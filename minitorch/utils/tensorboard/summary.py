"""TensorBoard's messages, one a kind of thing to show."""

from __future__ import annotations

import io
import json
import struct
import wave
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from minitorch._dtypes import Array
from minitorch._extras import require
from minitorch._missing import missing
from minitorch._tensor import Tensor

THRESHOLDS = 127
"""The most that TensorBoard reads of a precision-recall curve."""


def as_array(x: Any) -> Array:
    """`x`, a tensor, an array or a number, as an array.

    Raises:
        NotImplementedError: for anything else.
    """
    if isinstance(x, np.ndarray):
        return x
    if np.isscalar(x):
        return np.array([x])
    if isinstance(x, Tensor):
        x = x.detach()
        return (x.half() if x.dtype.name == "bfloat16" else x).numpy()
    raise NotImplementedError(f"Got {type(x)}, but numpy array or torch tensor are expected.")


def _one(tag: str, plugin: str = "", content: bytes = b"", **value: Any) -> Any:
    """A message of one value; `plugin` is the part of TensorBoard that shows it."""
    if plugin:
        data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
        value["metadata"] = SummaryMetadata(plugin_data=data)
    return Summary(value=[Summary.Value(tag=tag, **value)])


def _proto(dtype: str, shape: Sequence[int], **values: Any) -> Any:
    dims = [TensorShapeProto.Dim(size=size) for size in shape]
    return TensorProto(dtype=dtype, tensor_shape=TensorShapeProto(dim=dims), **values)


def scalar(tag: str, value: Any, new_style: bool = False, double_precision: bool = False) -> Any:
    """One number.

    Raises:
        AssertionError: for several.
    """
    array = as_array(value).squeeze()
    if array.ndim:
        raise AssertionError(
            "Tensor should contain one element (0 dimensions). Was given size: "
            f"{array.size} and {array.ndim} dimensions."
        )
    number = float(array)
    if not new_style:
        return _one(tag, simple_value=number)
    proto = TensorProto(float_val=[number], dtype="DT_FLOAT")
    if double_precision:
        proto = TensorProto(double_val=[number], dtype="DT_DOUBLE")
    return _one(tag, "scalars", tensor=proto)


def _bits(values: Any) -> list[int]:
    """The bits of float32 numbers, which is how PyTorch writes halves."""
    return [struct.unpack("i", struct.pack("f", value))[0] for value in values]


_FIELDS = {
    "float16": ("DT_HALF", "half_val"),
    "bfloat16": ("DT_BFLOAT16", "half_val"),
    "float32": ("DT_FLOAT", "float_val"),
    "float64": ("DT_DOUBLE", "double_val"),
    "int8": ("DT_INT8", "int_val"),
    "uint8": ("DT_UINT8", "uint32_val"),
    "int16": ("DT_INT16", "int_val"),
    "int32": ("DT_INT32", "int_val"),
    "int64": ("DT_INT64", "int64_val"),
    "bool": ("DT_BOOL", "bool_val"),
}


def tensor(tag: str, x: Tensor) -> Any:
    """A whole tensor.

    Raises:
        ValueError: for one of 2 GB and more.
    """
    if x.nbytes >= 1 << 31:
        raise ValueError("tensor is bigger than protocol buffer's hard limit of 2GB in size")
    kind, field = _FIELDS[x.dtype.name]
    values = x.flatten().tolist()
    held = _bits(values) if field == "half_val" else values
    return _one(tag, "tensor", tensor=_proto(kind, x.shape, **{field: held}))


def histogram_raw(
    tag: str,
    min: float,
    max: float,
    num: float,
    sum: float,
    sum_squares: float,
    bucket_limits: Any,
    bucket_counts: Any,
) -> Any:
    """A histogram that is counted already."""
    return _one(
        tag,
        histo=HistogramProto(
            min=min,
            max=max,
            num=num,
            sum=sum,
            sum_squares=sum_squares,
            bucket_limit=bucket_limits,
            bucket=bucket_counts,
        ),
    )


def histogram(tag: str, values: Any, bins: Any, max_bins: int | None = None) -> Any:
    """A histogram of `values`, without the empty bins at its ends.

    Raises:
        ValueError: if there are none.
    """
    x = as_array(values).astype(float).reshape(-1)
    if x.size == 0:
        raise ValueError("The input has no element.")
    counts, limits = np.histogram(x, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins
        rest = len(counts) % step
        if rest:
            counts = np.pad(counts, (0, step - rest))
        counts = counts.reshape(-1, step).sum(axis=-1)
        limits = np.append(limits[:-1:step], limits[-1])
    held = np.flatnonzero(counts)
    if not held.size:
        raise ValueError("The histogram is empty: no value is within the bins.")
    start, end = int(held[0]), int(held[-1]) + 1
    # TensorBoard wants an empty bin on the left.
    counts = counts[start - 1 : end] if start else np.concatenate([[0], counts[:end]])
    return histogram_raw(
        tag, x.min(), x.max(), len(x), x.sum(), x.dot(x), limits[start : end + 1], counts
    )


# ---- pictures and sounds ------------------------------------------------------------------------


def grid(images: Array, columns: int = 8) -> Array:
    """Images as (N, C, H, W) side by side in rows, as (3, H', W').

    Raises:
        AssertionError: unless there are 1 or 3 channels.
    """
    if images.ndim == 4 and images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    if images.ndim != 4 or images.shape[1] != 3:
        raise AssertionError("Input should be a 4D numpy array with 3 channels")
    count, _, height, width = images.shape
    columns = min(count, columns)
    rows = -(-count // columns)
    canvas = np.zeros((3, height * rows, width * columns), images.dtype)
    for k, image in enumerate(images):
        y, x = (k // columns) * height, (k % columns) * width
        canvas[:, y : y + height, x : x + width] = image
    return canvas


def _as_hwc(x: Array, dataformats: str) -> Array:
    """An image, or several side by side, with its channels last."""
    if len(set(dataformats)) != len(dataformats):
        raise AssertionError(
            f"You can not use the same dimension shorthand twice. input_format: {dataformats}"
        )
    if x.ndim != len(dataformats):
        raise AssertionError(
            f"size of input tensor and input format are different. tensor shape: {x.shape}, "
            f"input_format: {dataformats}"
        )
    order = {4: "NCHW", 3: "HWC", 2: "HW"}[x.ndim]
    x = x.transpose([dataformats.upper().find(letter) for letter in order])
    if x.ndim == 4:
        return grid(x).transpose(1, 2, 0)
    if x.ndim == 2:
        return np.stack([x] * 3, axis=2)
    return np.repeat(x, 3, axis=2) if x.shape[2] == 1 else x


def _as_bytes(x: Array) -> Array:
    """Colours from 0 to 1 as bytes; bytes as they are."""
    scale = 1 if x.dtype == np.uint8 else 255
    return (x.astype(np.float32) * scale).clip(0, 255).astype(np.uint8)


def png(pixels: Array, rescale: float = 1, boxes: Any = None, labels: Any = None) -> bytes:
    """The image file of bytes as (H, W, C), with red boxes."""
    pillow = require("PIL.Image", wanted_for="an image", extra="tensorboard")
    height, width, _ = pixels.shape
    image = pillow.fromarray(pixels)
    for k, box in enumerate([] if boxes is None else boxes):
        _draw(image, box, None if labels is None else labels[k])
    size = int(width * rescale), int(height * rescale)
    made = io.BytesIO()
    image.resize(size, pillow.Resampling.LANCZOS).save(made, format="PNG")
    return made.getvalue()


def _draw(image: Any, box: Any, label: str | None) -> None:
    """A red box (left, top, right, bottom), and its label at the bottom."""
    from PIL import ImageDraw, ImageFont

    left, top, right, bottom = box
    draw, font = ImageDraw.Draw(image), ImageFont.load_default()
    corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    draw.line(corners, width=2, fill="Red")
    if label:
        x0, y0, x1, y1 = font.getbbox(label)
        width, height = x1 - x0, y1 - y0
        margin = np.ceil(0.05 * height)
        draw.rectangle([(left, bottom - height - 2 * margin), (left + width, bottom)], fill="Red")
        draw.text((left + margin, bottom - height - margin), label, fill="black", font=font)


def image(
    tag: str, x: Any, dataformats: str, rescale: float = 1, boxes: Any = None, labels: Any = None
) -> Any:
    """An image, or several side by side; `dataformats` names the dimensions, ``"CHW"``.

    Raises:
        AssertionError: if they are others.
    """
    pixels = _as_bytes(_as_hwc(as_array(x), dataformats))
    height, width, channels = pixels.shape
    encoded = png(pixels, rescale, None if boxes is None else as_array(boxes), labels)
    return _one(
        tag,
        image=Summary.Image(
            height=height, width=width, colorspace=channels, encoded_image_string=encoded
        ),
    )


def figure_pixels(figure: Any, close: bool) -> Array:
    """The pixels of a figure of Matplotlib's, as (3, H, W)."""
    backend = require("matplotlib.backends.backend_agg", wanted_for="add_figure", extra="viz")
    canvas = backend.FigureCanvasAgg(figure)
    canvas.draw()
    width, height = figure.canvas.get_width_height()
    pixels = np.frombuffer(canvas.buffer_rgba(), np.uint8).reshape(height, width, 4)
    if close:
        import matplotlib.pyplot as plt

        plt.close(figure)
    return np.moveaxis(pixels[:, :, :3], 2, 0)


def audio(tag: str, x: Any, sample_rate: int) -> Any:
    """A sound: a wave between -1 and 1.

    Raises:
        AssertionError: unless it has one dimension.
    """
    samples = as_array(x).squeeze()
    if abs(samples).max() > 1:
        print("warning: audio amplitude out of range, auto clipped.")
        samples = samples.clip(-1, 1)
    if samples.ndim != 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((samples * np.iinfo(np.int16).max).astype("<i2").tobytes())
    return _one(
        tag,
        audio=Summary.Audio(
            sample_rate=sample_rate,
            num_channels=1,
            length_frames=samples.shape[-1],
            encoded_audio_string=made.getvalue(),
            content_type="audio/wav",
        ),
    )


# ---- what plugins of TensorBoard's show ---------------------------------------------------------


def text(tag: str, text_string: str) -> Any:
    """A text, in Markdown."""
    from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

    content = TextPluginData(version=0).SerializeToString()
    made = _proto("DT_STRING", (1,), string_val=[text_string.encode()])
    return _one(f"{tag}/text_summary", "text", content, tensor=made)


def pr_curve_raw(tag: str, rows: Any, num_thresholds: int) -> Any:
    """A precision-recall curve: counts of four kinds, precision and recall by threshold."""
    from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

    data = np.stack(rows)
    thresholds = min(num_thresholds, THRESHOLDS)
    content = PrCurvePluginData(version=0, num_thresholds=thresholds).SerializeToString()
    made = _proto("DT_FLOAT", data.shape, float_val=data.reshape(-1).tolist())
    return _one(tag, "pr_curves", content, tensor=made)


def pr_curve(tag: str, labels: Any, predictions: Any, num_thresholds: int, weights: Any) -> Any:
    """The precision-recall curve of predictions, which are probabilities, for labels 0 and 1."""
    thresholds = min(num_thresholds, THRESHOLDS)
    truth, weights = as_array(labels).astype(np.float64), 1.0 if weights is None else weights
    places = np.int32(np.floor(as_array(predictions) * (thresholds - 1)))

    def above(weights: Any) -> Array:
        counts, _ = np.histogram(
            places, bins=thresholds, range=(0, thresholds - 1), weights=weights
        )
        return np.cumsum(counts[::-1])[::-1]

    tp, fp = above(truth * weights), above((1.0 - truth) * weights)
    tn, fn = fp[0] - fp, tp[0] - tp
    precision, recall = (tp / np.maximum(1e-7, tp + other) for other in (fp, fn))
    return pr_curve_raw(tag, (tp, fp, tn, fn, precision, recall), thresholds)


def custom_scalars(layout: Mapping[str, Mapping[str, Any]]) -> Any:
    """The layout of charts: by category and title, ``["Multiline" or "Margin", tags]``.

    Raises:
        AssertionError: for a margin of other than three tags.
    """
    from tensorboard.plugins.custom_scalar import layout_pb2

    categories = []
    for category, held in layout.items():
        charts = []
        for title, (kind, tags) in ((t, chart[:2]) for t, chart in held.items()):
            if kind == "Margin":
                if len(tags) != 3:
                    raise AssertionError(f"Expected 3 tags, got {len(tags)}.")
                series = layout_pb2.MarginChartContent.Series(
                    **dict(zip(("value", "lower", "upper"), tags, strict=True))
                )
                shown = {"margin": layout_pb2.MarginChartContent(series=[series])}
            else:
                shown = {"multiline": layout_pb2.MultilineChartContent(tag=tags)}
            charts.append(layout_pb2.Chart(title=title, **shown))
        categories.append(layout_pb2.Category(title=category, chart=charts))
    held_as = [layout_pb2.Layout(category=categories).SerializeToString()]
    made = _proto("DT_STRING", (), string_val=held_as)
    return _one("custom_scalars__config__", "custom_scalars", tensor=made)


def mesh(tag: str, vertices: Any, colors: Any, faces: Any, config_dict: Any) -> Any:
    """A surface: points (N, V, 3), their colours, and which of them make its triangles."""
    from tensorboard.plugins.mesh import metadata
    from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

    config = "{}" if config_dict is None else json.dumps(config_dict, sort_keys=True)
    kinds = (
        (vertices, MeshPluginData.VERTEX),
        (faces, MeshPluginData.FACE),
        (colors, MeshPluginData.COLOR),
    )
    given = [(as_array(x), kind) for x, kind in kinds if x is not None]
    components = metadata.get_components_bitmask([kind for _, kind in given])
    values = []
    for x, kind in given:
        told = metadata.create_summary_metadata(
            tag, None, kind, components, list(x.shape), None, json_config=config
        )
        proto = _proto("DT_FLOAT", x.shape, float_val=x.reshape(-1).tolist())
        name = metadata.get_instance_name(tag, kind)
        values.append(Summary.Value(tag=name, tensor=proto, metadata=told))
    return Summary(value=values)


def hparams(
    hparam_dict: Mapping[str, Any],
    metric_dict: Mapping[str, Any],
    hparam_domain_discrete: Mapping[str, list[Any]] | None,
) -> list[Any]:
    """The settings of a run, before, between and after: what there is, its values, the end.

    Raises:
        TypeError: for what is no dictionary, or values of another type than a setting's.
        ValueError: for a setting of any other type than int, float, str, bool, Tensor.
    """
    from google.protobuf import struct_pb2
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import (
        HParamsPluginData,
        SessionEndInfo,
        SessionStartInfo,
    )

    domains = hparam_domain_discrete or {}
    if not isinstance(domains, dict):
        raise TypeError("parameter: hparam_domain_discrete should be a dictionary, nothing logged.")
    for name, allowed in domains.items():
        if (
            name not in hparam_dict
            or not isinstance(allowed, list)
            or not all(isinstance(value, type(hparam_dict[name])) for value in allowed)
        ):
            raise TypeError(
                f"parameter: hparam_domain_discrete[{name}] should be a list of same type as "
                f"hparam_dict[{name}]."
            )
    infos, start = [], SessionStartInfo()
    for name, value in hparam_dict.items():
        if value is None:
            continue
        domain = None
        if isinstance(value, Tensor):
            field, value, kind = "number_value", as_array(value).reshape(-1)[0], "FLOAT64"
        elif isinstance(value, (int, float)):  # a bool, too, as in PyTorch
            field, kind = "number_value", "FLOAT64"
        elif isinstance(value, str):
            field, kind = "string_value", "STRING"
        else:
            raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")
        setattr(start.hparams[name], field, value)
        if name in domains:
            values = [struct_pb2.Value(**{field: allowed}) for allowed in domains[name]]
            domain = struct_pb2.ListValue(values=values)
        data_type = api_pb2.DataType.Value(f"DATA_TYPE_{kind}")
        infos.append(api_pb2.HParamInfo(name=name, type=data_type, domain_discrete=domain))
    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag)) for tag in metric_dict]
    end = SessionEndInfo(status=api_pb2.Status.Value("STATUS_SUCCESS"))
    parts = {
        metadata.EXPERIMENT_TAG: {
            "experiment": api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)
        },
        metadata.SESSION_START_INFO_TAG: {"session_start_info": start},
        metadata.SESSION_END_INFO_TAG: {"session_end_info": end},
    }
    return [
        _one(
            tag,
            metadata.PLUGIN_NAME,
            HParamsPluginData(version=metadata.PLUGIN_DATA_VERSION, **part).SerializeToString(),
        )
        for tag, part in parts.items()
    ]


__getattr__ = missing(__name__)
