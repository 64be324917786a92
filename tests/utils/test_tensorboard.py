"""`SummaryWriter`: what is read back of its files is what is read of PyTorch's own."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch

pytest.importorskip("tensorboard", reason='needs: pip install "minitorch-numpy[tensorboard]"')
plt = pytest.importorskip("matplotlib.pyplot")


def writers(torch: Any) -> tuple[Any, Any]:
    import torch.utils.tensorboard as theirs

    import minitorch.utils.tensorboard as ours

    return ours.SummaryWriter, theirs.SummaryWriter


def events(folder: Path) -> list[tuple[str, bytes]]:
    """Every event of the files in a folder, but for its time, with the place of its file."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.rglob("*tfevents*")):
        for raw in RawEventFileLoader(str(path)).Load():
            event = Event.FromString(raw)
            event.wall_time = 0
            event.ClearField("source_metadata")
            told = event.SerializeToString(deterministic=True)
            found.append((str(path.parent.relative_to(folder)), told))
    return found


def others(folder: Path) -> dict[str, bytes]:
    """The other files, which are the projector's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "tfevents" not in path.name
    }


def figure() -> Any:
    made, axes = plt.subplots(figsize=(2, 1))
    axes.plot([1, 2, 0])
    return made


X = np.random.default_rng(0).normal(size=(3, 4, 5))
LABELS = np.array([0, 1, 1, 0, 1])
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "scalar": lambda m, w: [w.add_scalar("a/b", value, k) for k, value in enumerate([1, 0.5, 2])],
    "scalar of a tensor": lambda m, w: w.add_scalar("a", m.tensor([2.5], requires_grad=True), 3),
    "scalar of bfloat16": lambda m, w: w.add_scalar("a", m.tensor(0.1).bfloat16()),
    "scalar, new": lambda m, w: w.add_scalar("a", 0.1, 1, new_style=True),
    "scalar, double": lambda m, w: w.add_scalar("a", 0.1, 1, 0.0, True, True),
    "no scalar": lambda m, w: w.add_scalar("a", m.ones(2)),
    "no number": lambda m, w: w.add_scalar("a", None),
    "scalars": lambda m, w: w.add_scalars("a/b", {"c": 1, "d": m.tensor(2.0)}, 5),
    "tensor": lambda m, w: [
        w.add_tensor(name, m.tensor(X[:2] * 3).to(getattr(m, name)))
        for name in [
            "float64",
            "float32",
            "float16",
            "bfloat16",
            "int64",
            "int32",
            "int16",
            "int8",
            "bool",
        ]
    ],
    "tensor of bytes": lambda m, w: w.add_tensor("a", m.tensor([1, 200], dtype=m.uint8)),
    "histogram": lambda m, w: w.add_histogram("a", m.tensor(X), 2),
    "histogram of an array": lambda m, w: w.add_histogram("a", abs(X), bins="auto"),
    "histogram, few bins": lambda m, w: w.add_histogram("a", X, max_bins=7),
    "histogram, bins": lambda m, w: w.add_histogram("a", m.tensor([1, 2, 2]), bins=4, max_bins=3),
    "histogram of nothing": lambda m, w: w.add_histogram("a", m.ones(0)),
    "histogram_raw": lambda m, w: w.add_histogram_raw("a", 0, 3, 3, 4, 6, [1, 2, 3], [1, 1, 1], 2),
    "histogram_raw, uneven": lambda m, w: w.add_histogram_raw("a", 0, 3, 3, 4, 6, [1, 2], [1]),
    "image": lambda m, w: w.add_image("a", m.tensor(abs(X)), 1),
    "image, grey": lambda m, w: w.add_image("a", m.tensor(abs(X[0])), dataformats="HW"),
    "image, last": lambda m, w: w.add_image("a", abs(X.T), dataformats="HWC"),
    "image, one channel": lambda m, w: w.add_image("a", m.tensor(abs(X[:1]))),
    "image, bytes": lambda m, w: w.add_image("a", m.tensor(abs(X) * 99).to(m.uint8)),
    "image, wrong": lambda m, w: w.add_image("a", m.tensor(X[0])),
    "image, twice": lambda m, w: w.add_image("a", m.tensor(X), dataformats="CHH"),
    "images": lambda m, w: w.add_images("a", m.rand(11, 3, 4, 5).mul(0) + m.tensor(abs(X[0]))),
    "images, grey": lambda m, w: w.add_images("a", m.tensor(abs(X[None, :1])).float()),
    "images, two channels": lambda m, w: w.add_images("a", m.tensor(X[None, :2])),
    "boxes": lambda m, w: w.add_image_with_boxes(
        "a", m.zeros(3, 20, 30), m.tensor([[2, 3, 12, 15], [5, 5, 8, 9]]), 1, labels=["b", "c"]
    ),
    "boxes, rescaled": lambda m, w: w.add_image_with_boxes(
        "a", m.zeros(3, 20, 30), m.tensor([[2, 3, 12, 15]]), rescale=2, labels=["b", "c"]
    ),
    "figure": lambda m, w: w.add_figure("a", figure(), 3),
    "figures": lambda m, w: w.add_figure("a", [figure(), figure()], close=False),
    "audio": lambda m, w: w.add_audio("a", m.tensor(X[0, 0]).clamp(-0.9, 0.9), 1, 8000),
    "audio, too loud": lambda m, w: w.add_audio("a", m.tensor(X[0, 0] * 9)),
    "audio, two": lambda m, w: w.add_audio("a", m.zeros(2, 3)),
    "text": lambda m, w: w.add_text("a", "*ä* text", 4),
    "pr_curve": lambda m, w: w.add_pr_curve(
        "a", m.tensor(LABELS), m.tensor([0.1, 0.9, 0.4, 0.6, 1.0]), 2
    ),
    "pr_curve, weighted": lambda m, w: w.add_pr_curve(
        "a", LABELS, X[0, 0].clip(0, 1), num_thresholds=9, weights=LABELS + 1.5
    ),
    "pr_curve_raw": lambda m, w: w.add_pr_curve_raw(
        "a", [1, 2], [2, 1], [0, 1], [1, 1], [0.5, 1], [0.2, 0.1], 3, 200
    ),
    "custom_scalars": lambda m, w: w.add_custom_scalars(
        {"one": {"x": ["Multiline", ["a", "b"]], "y": ["Margin", ["a", "b", "c"]]}, "two": {}}
    ),
    "custom_scalars, chart": lambda m, w: w.add_custom_scalars_multilinechart(["a", "b"], "c"),
    "custom_scalars, margin": lambda m, w: w.add_custom_scalars_marginchart(["a", "b", "c"]),
    "custom_scalars, margin of two": lambda m, w: w.add_custom_scalars_marginchart(["a", "b"]),
    "mesh": lambda m, w: w.add_mesh(
        "a",
        m.tensor(X[:, :, :3]).float(),
        m.ones(3, 4, 3, dtype=m.int64),
        m.ones(3, 1, 3).int(),
        {"b": 1, "a": [2]},
        1,
    ),
    "mesh, points": lambda m, w: w.add_mesh("a", m.tensor(X[:, :, :3])),
    "embedding": lambda m, w: [
        w.add_embedding(m.tensor(X[0]), ["a", "b", "c", "d"], m.rand(4, 3, 2, 3) * 0 + 0.5, 2),
        w.add_embedding(
            m.tensor(X[0]).float(), [["a", 1]] * 4, tag="x/y%", metadata_header=["b", "c"]
        ),
    ],
    "embedding, labels": lambda m, w: w.add_embedding(m.tensor(X[0]), ["a"]),
    "embedding, images": lambda m, w: w.add_embedding(m.tensor(X[0]), None, m.rand(1, 3, 2, 2)),
    "embedding, three dimensions": lambda m, w: w.add_embedding(m.tensor(X)),
    "hparams": lambda m, w: w.add_hparams(
        {"lr": 0.1, "n": 3, "on": True, "name": "adam", "none": None, "t": m.tensor([2.0])},
        {"loss": 0.5, "hit": m.tensor(1.0)},
        {"n": [1, 2, 3], "name": ["adam", "sgd"]},
        run_name="run",
        global_step=7,
    ),
    "hparams, no dict": lambda m, w: w.add_hparams([1], {}),
    "hparams, other type": lambda m, w: w.add_hparams({"a": [1]}, {}),
    "hparams, domain": lambda m, w: w.add_hparams({"a": 1}, {}, {"a": ["b"]}),
}


@pytest.mark.parametrize("name", CALLS)
def test_files_are_read_back_as_pytorchs(name: str, tmp_path: Path, torch: Any) -> None:
    made: list[Any] = []
    for k, (m, writer) in enumerate(zip((minitorch, torch), writers(torch), strict=True)):
        folder = tmp_path / str(k)
        error: Any = None
        with writer(folder) as w:
            try:
                CALLS[name](m, w)
            except Exception as raised:
                error = type(raised)
        made.append((error, None if error else (events(folder), others(folder))))
    plt.close("all")
    assert made[0] == made[1]
    assert made[0][0] or len(made[0][1][0]) > 1 or made[0][1][1]


def test_scalars_are_what_tensorboard_shows(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from minitorch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path, purge_step=2) as writer:
        writer.add_scalar("loss", 0.5, 3)
        writer.flush()
        writer.close()
        writer.close()
        writer.add_scalar("loss", 0.25, 4)  # opens a new file
    shown = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in shown.Scalars("loss")] == [(3, 0.5), (4, 0.25)]
    assert writer.get_logdir() == tmp_path and writer.all_writers is None


def test_signatures_are_pytorchs(torch: Any) -> None:
    ours, theirs = writers(torch)
    for name, method in inspect.getmembers(theirs, inspect.isfunction):
        if not name.startswith("_") or name == "__init__":
            mine = inspect.signature(getattr(ours, name)).parameters.values()
            wanted = inspect.signature(method).parameters.values()
            assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in wanted]


def test_what_is_not_covered_says_what_to_do(tmp_path: Path) -> None:
    from minitorch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(NotImplementedError, match=r"add_graph is not covered.*viz.graph"):
            writer.add_graph(minitorch.nn.Linear(1, 1))
        with pytest.raises(NotImplementedError, match=r"add_video is not covered.*add_images"):
            writer.add_video("a", minitorch.zeros(1, 1, 3, 2, 2))
        with pytest.raises(NotImplementedError, match=r"add_onnx_graph is not covered"):
            writer.add_onnx_graph("x")


def test_it_is_loaded_when_used_and_names_its_extra() -> None:
    program = """
import sys
sys.modules["tensorboard"] = None
import minitorch
try:
    from minitorch.utils.tensorboard import SummaryWriter
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "minitorch-numpy[tensorboard]"' in done.stdout, done.stderr
